//! Maintenance of tables and indexes.

use super::reader::Reader;

/// VACUUM.
pub fn vacuum(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// ANALYZE.
pub fn analyze(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// CLUSTER.
pub fn cluster(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// REINDEX.
pub fn reindex(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// REFRESH MATERIALIZED VIEW.
pub fn refresh(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// LOCK TABLE.
pub fn lock(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// TRUNCATE.
pub fn truncate(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}
