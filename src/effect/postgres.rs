//! PostgreSQL 13 to 18.

use super::{Effect, Scene};

pub fn effect(_scene: &Scene<'_>) -> Effect {
    Effect::default()
}
