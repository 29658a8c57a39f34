//! Triggers and rules.

use super::reader::Reader;

/// CREATE [CONSTRAINT] TRIGGER.
pub fn create(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER TRIGGER.
pub fn alter(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// CREATE RULE.
pub fn create_rule(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER RULE.
pub fn alter_rule(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
