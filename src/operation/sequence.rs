//! Sequences.

use super::reader::Reader;

/// CREATE SEQUENCE.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER SEQUENCE.
pub fn alter(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
