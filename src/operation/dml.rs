//! Statements that read and write rows.

use super::reader::Reader;

/// INSERT.
pub fn insert(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// UPDATE.
pub fn update(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// DELETE.
pub fn delete(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// MERGE.
pub fn merge(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// COPY.
pub fn copy(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// SELECT, VALUES and TABLE.
pub fn select(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// CALL.
pub fn call(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// A statement that begins with WITH.
pub fn with(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
