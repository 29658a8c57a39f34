//! Indexes.

use super::reader::Reader;

/// CREATE INDEX.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER INDEX.
pub fn alter(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
