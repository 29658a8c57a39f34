//! Whatever no other reader creates or alters: roles, extensions, schemas, casts, publications, …

use super::reader::Reader;

/// CREATE of any other object, and IMPORT FOREIGN SCHEMA.
pub fn create_other(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ALTER of any other object, and REASSIGN OWNED.
pub fn alter_other(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
