//! DO blocks.

use super::reader::Reader;

/// DO.
pub fn read(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
