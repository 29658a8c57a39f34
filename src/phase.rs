//! Expand, migrate, contract: what a migration is for.

use serde::{Deserialize, Serialize};

/// A step of a change that never breaks the release that runs.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Phase {
    /// Additions that the old release does not notice.
    Expand,
    /// Data moves.
    Migrate,
    /// Removals, once no release needs what goes.
    Contract,
}

impl Phase {
    pub fn name(self) -> &'static str {
        self.into()
    }
}
