//! The result of a run, complete and in order: what every output prints.

use std::sync::Arc;

use crate::dialect::Dialect;
use crate::finding::Finding;
use crate::phase::Phase;
use crate::project::{Layout, Problem, SourceId, Transaction};
use crate::source::Source;

/// What a migration blocks while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Deploy {
    #[default]
    Online,
    /// A strong lock, for metadata only.
    Brief,
    /// Reads or writes wait for a time that grows with the table.
    Blocking,
}

/// Whether the code that runs now can go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum OldRelease {
    #[default]
    Compatible,
    /// Some reads or writes may fail.
    Degraded,
    Broken,
}

/// Whether the schema can go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Undo {
    #[default]
    Exact,
    /// The schema, but not all data, or only if new rows allow it.
    Lossy,
    /// Not from the migration files.
    Impossible,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub deploy: Deploy,
    pub old_release: OldRelease,
    pub undo: Undo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Direction {
    Up,
    Down,
}

#[derive(Clone, Debug)]
pub struct MigrationReport {
    pub source: SourceId,
    pub id: String,
    pub direction: Direction,
    pub layout: Layout,
    pub phase: Option<Phase>,
    pub phase_declared: bool,
    pub release: Option<String>,
    pub transaction: Transaction,
    pub verdict: Verdict,
}

/// A finding that a directive or baseline keeps quiet.
#[derive(Clone, Debug)]
pub struct Suppressed {
    pub finding: Finding,
    pub reason: Option<String>,
    pub by: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub files: usize,
    pub statements: usize,
    pub unparsed: usize,
    /// Statements understood only in part (dynamic SQL, templates).
    pub opaque: usize,
    pub errors: usize,
    pub warnings: usize,
    pub infos: usize,
    pub suppressed: usize,
}

#[derive(Debug)]
pub struct Report {
    pub dialect: Dialect,
    pub sources: Vec<Arc<Source>>,
    /// In the order of the histories.
    pub migrations: Vec<MigrationReport>,
    /// By file, place, rule.
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    pub problems: Vec<Problem>,
    pub summary: Summary,
}
