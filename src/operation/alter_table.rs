//! ALTER TABLE.

use super::reader::Reader;

/// ALTER [FOREIGN] TABLE.
pub fn read(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
