//! Comments and security labels.

use super::reader::Reader;

/// COMMENT ON and SECURITY LABEL.
pub fn read(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
