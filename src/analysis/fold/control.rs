//! Transactions and savepoints: what is rolled back did not happen.

use super::{Active, Fold, ReadPart, ScriptRun};
use crate::finding::Finding;
use crate::name::Name;
use crate::operation::{Action, TransactionControl};
use crate::page::Group;
use crate::schema::Mark;
use crate::verdict::{OldRelease, Undo};

/// A savepoint's name, the schema then, and how many findings and steps there
/// were.
pub(super) type SavedState = (Option<Name>, Mark, usize, usize);

impl Fold<'_> {
    /// BEGIN, COMMIT, ROLLBACK and savepoints.
    pub(super) fn control(&mut self, run: &mut ScriptRun<'_, '_>, control: &TransactionControl) {
        if run.rolls_back {
            match control {
                TransactionControl::Begin => {
                    let mark = self.schema.mark();
                    run.marks.clear();
                    run.marks
                        .push((None, mark, self.outcome.findings.len(), run.steps.len()));
                }
                TransactionControl::Savepoint(name) => {
                    let mark = self.schema.mark();
                    let name = Some(*name);
                    run.marks
                        .push((name, mark, self.outcome.findings.len(), run.steps.len()));
                }
                TransactionControl::Rollback => {
                    self.take_back(run, 0);
                }
                TransactionControl::RollbackTo(name) => {
                    let at = run.marks.iter().rposition(|m| m.0.as_ref() == Some(name));
                    if let Some(at) = at {
                        self.take_back(run, at);
                    }
                }
                TransactionControl::Commit => {
                    let mark = self.schema.mark();
                    run.marks.clear();
                    run.marks
                        .push((None, mark, self.outcome.findings.len(), run.steps.len()));
                }
                _ => {}
            }
        }
        run.transactions.control(control);
        if control.ends_transaction() {
            self.schema.end_transaction();
        }
    }

    /// What was rolled back changed nothing; what it blocked, it blocked.
    fn take_back(&mut self, run: &mut ScriptRun<'_, '_>, to: usize) {
        run.marks.truncate(to + 1);
        let Some((_, schema, findings, steps)) = run.marks.last_mut() else {
            return;
        };
        self.schema.take_back(*schema);
        let registry = self.registry;
        let since = self.outcome.findings.split_off(*findings);
        let stays = |finding: &Finding| {
            let group = registry.get(finding.rule).map(Active::group);
            matches!(
                group,
                Some(Group::Deploy | Group::Transactions | Group::Trust)
            )
        };
        self.outcome
            .findings
            .extend(since.into_iter().filter(stays));
        for step in &mut run.steps[*steps..] {
            step.verdict.old_release = OldRelease::Compatible;
            step.verdict.undo = Undo::Exact;
        }
        *findings = self.outcome.findings.len();
        *steps = run.steps.len();
    }
}

pub(super) fn has_rollback(parts: &[ReadPart]) -> bool {
    parts
        .iter()
        .flat_map(|part| &part.statements)
        .flat_map(|statement| &statement.operations)
        .any(|operation| {
            matches!(
                operation.action,
                Action::Transaction(
                    TransactionControl::Rollback | TransactionControl::RollbackTo(_)
                )
            )
        })
}
