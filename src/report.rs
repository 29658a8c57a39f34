//! The result of a run, complete and in order: what every output prints.

use std::sync::Arc;

use crate::dialect::Dialect;
use crate::finding::Finding;
use crate::phase::Phase;
use crate::project::{Layout, Problem, Scope, SourceId, Transaction};
use crate::source::Source;

pub use crate::verdict::{Deploy, OldRelease, Undo, Verdict};

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
    pub scope: Scope,
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
