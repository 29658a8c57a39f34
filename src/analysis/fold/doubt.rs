//! Is it one history at all, and do its downs belong to its ups? Where the whole
//! says no, single findings say nothing.

use rustc_hash::FxHashSet;

use super::{Fold, Planned};
use crate::effect::{self, Ground, Refusal, postgres};
use crate::finding::Finding;
use crate::project::{Down, Layout, Problem, SourceId};
use crate::schema::Schema;
use crate::source::Span;
use crate::verdict::Undo;

/// From so many pairs on, a history is asked whether its downs belong to the
/// ups of the same name at all.
const ENOUGH_PAIRS: usize = 20;

/// From so many conflicts on, a folder is asked whether it is one history.
const MANY_CONFLICTS: usize = 5;

/// What makes a history doubtful.
#[derive(Default)]
pub(super) struct Doubts {
    /// Downs that were held against their ups, and those that differ.
    pub(super) pairs: usize,
    pub(super) unequal: usize,
    /// Conflicts in ups, and how many migrations have them.
    conflicts: usize,
    conflicted: usize,
    /// Ups that go back less well by their downs than by themselves, by their
    /// places among the reports, and how well without them.
    pub(super) lowered: Vec<(usize, Undo)>,
    /// Where the statement alone is refused, whatever came before it, or runs.
    beside_order: FxHashSet<(SourceId, Span)>,
}

impl Fold<'_> {
    /// Some projects cut one change into many files and number the downs the
    /// other way round. Where most downs do not undo the up of their name, the
    /// file is not the unit, and what was found says nothing about the project.
    pub(super) fn doubt_pairs(&mut self) {
        if self.doubts.pairs < ENOUGH_PAIRS || self.doubts.unequal * 5 < self.doubts.pairs * 2 {
            return;
        }
        let downs: FxHashSet<SourceId> = self
            .history
            .migrations
            .iter()
            .filter_map(|m| match &m.down {
                Down::Parts(parts) => Some(parts),
                _ => None,
            })
            .flatten()
            .map(|part| part.source)
            .collect();
        self.outcome.findings.retain(|finding| {
            !(finding.rule.starts_with("down-")
                || finding.rule == "earlier-down-broken"
                || finding.rule == "empty-down"
                || finding.rule == "schema-conflict" && downs.contains(&finding.source))
        });
        for (at, undo) in std::mem::take(&mut self.doubts.lowered).into_iter().rev() {
            self.outcome.migrations[at].verdict.undo = undo;
        }
        self.outcome.problems.push(Problem {
            path: self.history.root.clone(),
            message: format!(
                "{} of {} downs do not undo the up of the same name, so downs were not held \
                 against ups here",
                self.doubts.unequal, self.doubts.pairs
            ),
            fatal: false,
        });
    }

    /// A published history applied once. One that could not have is not one:
    /// several ways to the same state, or an installation beside its upgrades.
    /// Where a tool keeps the order, one bad migration says nothing of the kind.
    pub(super) fn doubt_order(&mut self) {
        let known_order = self.history.layout != Layout::Plain;
        let few = self.doubts.conflicted * 50 <= self.history.migrations.len();
        if self.doubts.conflicts < MANY_CONFLICTS
            || few
            || known_order && self.doubts.conflicted < 3
        {
            return;
        }
        let doubts = &self.doubts;
        let findings = &mut self.outcome.findings;
        findings.retain(|finding| !doubts.is_of_order(finding));
        self.outcome.problems.push(Problem {
            path: self.history.root.clone(),
            message: format!(
                "{} of {} migrations do not fit what those before them leave behind: this is not \
                 one history, so schema-conflict was left out here but where a statement is \
                 refused whatever came before",
                self.doubts.conflicted,
                self.history.migrations.len()
            ),
            fatal: false,
        });
    }

    pub(super) fn count_conflicts(&mut self, first: usize) {
        let new = &self.outcome.findings[first.min(self.outcome.findings.len())..];
        let of_order = |finding: &&Finding| self.doubts.is_of_order(finding);
        let conflicts = new.iter().filter(of_order).count();
        self.doubts.conflicts += conflicts;
        self.doubts.conflicted += usize::from(conflicts > 0);
    }

    /// Notes what is refused in a database without anything in it for the same
    /// reason: the history has no part in that.
    pub(super) fn note_refused_alone(&mut self, planned: &Planned<'_>, refusal: &Refusal) {
        if !refusal.certain || refusal.on_rows || refusal.ground != Ground::Seen {
            return;
        }
        let alone = postgres::effect(&effect::Scene {
            operation: planned.operation,
            siblings: planned.siblings,
            schema: &Schema::default(),
            version: self.dialect.version,
        });
        if alone.refusal.is_some_and(|alone| alone == *refusal) {
            let place = (planned.source, planned.operation.place);
            self.doubts.beside_order.insert(place);
        }
    }
}

impl Doubts {
    /// Of a statement that the server does not refuse, what is said does not keep the
    /// history from having been applied.
    pub(super) fn note_run(&mut self, said: &[Finding]) {
        let said = said.iter().filter(|f| f.rule == "schema-conflict");
        self.beside_order.extend(said.map(|f| (f.source, f.span)));
    }

    /// A conflict with what came before?
    fn is_of_order(&self, finding: &Finding) -> bool {
        let place = (finding.source, finding.span);
        finding.rule == "schema-conflict" && !self.beside_order.contains(&place)
    }
}
