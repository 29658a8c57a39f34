//! The session: settings, transactions, and statements of no concern.

use super::reader::Reader;

/// SET.
pub fn set(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// RESET.
pub fn reset(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin.
pub fn transaction(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// Statements that change nothing in the schema.
pub fn other(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// A psql meta-command.
pub fn meta(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
