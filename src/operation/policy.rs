//! Row security policies.

use super::reader::Reader;

/// CREATE POLICY.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER POLICY.
pub fn alter(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
