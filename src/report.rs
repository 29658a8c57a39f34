//! The result of a run, complete and in order: what every output prints.

use smol_str::SmolStr;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::dialect::Dialect;
use crate::effect::{Effect, Refusal};
use crate::finding::{Finding, Severity};
use crate::inverse::{Inverse, WayBack};
use crate::operation::Subject;
use crate::phase::Phase;
use crate::project::way_back::Place;
use crate::project::{Layout, Problem, Scope, SourceId, Transaction};
use crate::source::{Source, Span};

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

/// The way back from a migration, and where its tool looks for it.
#[derive(Clone, Debug)]
pub struct Return {
    pub source: SourceId,
    /// Of the migration.
    pub id: String,
    pub way: WayBack,
    pub place: Place,
    /// The script opens its own transaction.
    pub opens_transaction: bool,
}

/// What the server does for one statement, and what that means.
#[derive(Clone, Debug)]
pub struct StatementReport {
    pub source: SourceId,
    /// Without the semicolon.
    pub span: Span,
    pub direction: Direction,
    /// What it does, in order; what a routine does that it calls, too.
    pub operations: Vec<OperationReport>,
    /// Of all that it does.
    pub effect: Effect,
    /// Why the server will refuse it in this place.
    pub fails: Option<Refusal>,
    pub verdict: Verdict,
    /// What undoes it, its last operation first.
    pub undo: Inverse,
}

/// One operation of a statement.
#[derive(Clone, Debug)]
pub struct OperationReport {
    /// `add_column`, as JSON names it.
    pub kind: &'static str,
    pub subject: Subject,
    /// Why it is not understood, or only in part.
    pub unread: Option<SmolStr>,
}

impl StatementReport {
    /// Was it not understood, or is something that matters to it not known?
    pub fn is_uncertain(&self) -> bool {
        self.effect.uncertain || self.operations.iter().any(|o| o.unread.is_some())
    }

    /// The kinds of its operations, each once.
    pub fn kinds(&self) -> Vec<&'static str> {
        let mut kinds = Vec::new();
        for operation in &self.operations {
            if !kinds.contains(&operation.kind) {
                kinds.push(operation.kind);
            }
        }
        kinds
    }
}

/// A finding that a directive or baseline keeps quiet.
#[derive(Clone, Debug)]
pub struct Suppressed {
    pub finding: Finding,
    pub reason: Option<String>,
    pub by: Option<String>,
}

/// Findings that a baseline accepts and that are not there any more.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Stale {
    pub fingerprint: String,
    pub rule: String,
    /// Relative to the baseline's folder.
    pub path: String,
    pub message: String,
    pub severity: Severity,
    pub count: usize,
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
    /// Empty unless it was asked for.
    pub statements: Vec<StatementReport>,
    /// Empty unless statements were asked for.
    pub returns: Vec<Return>,
    /// By file, place, rule.
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    /// In the order of the baseline.
    pub stale: Vec<Stale>,
    pub problems: Vec<Problem>,
    pub summary: Summary,
}

impl Report {
    /// Leaves what is said about one file.
    pub fn narrow_to(&mut self, path: &str) {
        let sources = &self.sources;
        let is_it = |source: SourceId| sources[source].path() == path;
        self.migrations.retain(|migration| is_it(migration.source));
        self.statements.retain(|statement| is_it(statement.source));
        self.findings.retain(|finding| is_it(finding.source));
        self.suppressed.retain(|s| is_it(s.finding.source));
        self.count();
    }

    /// Counts files and findings.
    pub fn count(&mut self) {
        let files: FxHashSet<SourceId> = self.migrations.iter().map(|m| m.source).collect();
        let of = |severity| {
            let same = self.findings.iter().filter(|f| f.severity == severity);
            same.count()
        };
        self.summary = Summary {
            files: files.len(),
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            infos: of(Severity::Info),
            suppressed: self.suppressed.len(),
            ..self.summary
        };
    }
}
