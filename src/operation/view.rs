//! CREATE VIEW.

use super::reader::Reader;

/// CREATE [MATERIALIZED] VIEW.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
