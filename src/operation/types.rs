//! Types.

use super::reader::Reader;

/// CREATE TYPE.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER TYPE.
pub fn alter(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
