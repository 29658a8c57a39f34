//! Functions and procedures.

use super::reader::Reader;

/// CREATE FUNCTION and CREATE PROCEDURE.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER FUNCTION, PROCEDURE, ROUTINE and AGGREGATE.
pub fn alter(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
