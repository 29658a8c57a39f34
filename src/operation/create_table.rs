//! CREATE TABLE.

use super::reader::Reader;

/// CREATE TABLE in all its forms.
pub fn read(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
