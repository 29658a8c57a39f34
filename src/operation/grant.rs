//! Privileges.

use super::reader::Reader;

/// GRANT, REVOKE and ALTER DEFAULT PRIVILEGES.
pub fn read(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
