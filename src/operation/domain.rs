//! Domains.

use super::reader::Reader;

/// CREATE DOMAIN.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER DOMAIN.
pub fn alter(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
