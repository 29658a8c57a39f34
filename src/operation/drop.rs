//! DROP.

use super::reader::Reader;

/// DROP of every kind of object.
pub fn read(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
