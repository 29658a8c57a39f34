//! The three answers about an operation, and about a script.

use super::Fold;
use crate::analysis::script::Planned;
use crate::effect::old_release::old_release;
use crate::effect::{self, Effect, Scan, ScanKind, postgres};
use crate::inverse;
use crate::operation::{Action, ObjectName, Operation};
use crate::rule::{OperationContext, Step};
use crate::schema::{Key, is_bookkeeping};
use crate::verdict::{Deploy, OldRelease, Undo, Verdict};

impl Fold<'_> {
    /// What the model says of an operation by itself.
    pub(super) fn judge(&self, planned: &Planned<'_>, effect: &Effect) -> Verdict {
        let scene = effect::Scene {
            operation: planned.operation,
            siblings: planned.siblings,
            schema: &self.schema,
            version: self.dialect.version,
        };
        Verdict {
            deploy: self.deploy(planned.operation, effect),
            old_release: old_release(&scene, effect),
            undo: inverse::undo(planned.operation, &self.schema, effect),
        }
    }

    fn deploy(&self, operation: &Operation, effect: &Effect) -> Deploy {
        let mut deploy = Deploy::Online;
        // A key of a table without rows has nothing to look up.
        let adds_to_empty = match &operation.action {
            Action::AddConstraint { table, .. } => {
                let key = self.schema.resolve(&table.name);
                let table = self.schema.table_by_key(&key);
                self.schema.is_created_now(&key) && table.is_some_and(|table| !table.filled)
            }
            _ => false,
        };
        for lock in &effect.locks {
            if lock.created || !lock.mode.blocks_writes() || self.is_hidden(&lock.relation) {
                continue;
            }
            // Nobody writes a materialized view.
            let view = self.schema.view_by_key(&lock.relation);
            if view.is_some_and(|view| view.materialized) && !lock.mode.blocks_reads() {
                continue;
            }
            let works =
                !adds_to_empty && !effect.ends_at_first_row && effect.works_on(&lock.relation);
            deploy = deploy.max(if works {
                Deploy::Blocking
            } else {
                Deploy::Brief
            });
        }
        // Partitions that no migration shows are indexed as well.
        let on_unseen = match &operation.action {
            Action::CreateIndex(create) if !create.only && !create.concurrently => {
                let key = self.schema.resolve(&create.table);
                let table = self.schema.table_by_key(&key);
                !self.is_hidden(&key)
                    && table.is_some_and(|t| t.is_partitioned() && t.children.is_empty())
            }
            _ => false,
        };
        if on_unseen {
            return Deploy::Blocking;
        }
        // Rows that are written stay locked until the end of the transaction.
        let written = match &operation.action {
            Action::Update(update) if update.filter.is_none() => Some(&update.table),
            Action::Delete(delete) if delete.filter.is_none() => Some(&delete.table),
            _ => None,
        };
        match written {
            Some(table) if self.has_many_rows(table, operation) => Deploy::Blocking,
            _ => deploy,
        }
    }

    /// May it hold more rows than a few, and others wait for them?
    fn has_many_rows(&self, name: &ObjectName, operation: &Operation) -> bool {
        let known = self.schema.table(name);
        !self.schema.is_hidden_name(name)
            && !is_bookkeeping(&name.name)
            && !known.is_some_and(|table| postgres::holds_one_row(table, operation))
    }
}

/// What the rest of the script makes good: a key or a reference that others stand in
/// for, a relation that comes back. Does the old release then lose writes unawares?
pub(super) fn soften(verdict: &mut Verdict, cx: &OperationContext<'_>) -> bool {
    if cx.drops_key().is_some_and(|key| cx.stays_unique(&key)) {
        verdict.old_release = OldRelease::Compatible;
        verdict.undo = Undo::Exact;
    } else if cx.dropped_reference().is_some() && !cx.leaves_orphans() {
        verdict.old_release = OldRelease::Compatible;
    } else if let Action::CreateView(create) = &cx.operation.action
        && cx.is_filled_later(&create.name)
    {
        verdict.old_release = OldRelease::Compatible;
    } else if verdict.old_release == OldRelease::Broken && cx.comes_back() && !cx.exchange_breaks()
    {
        verdict.old_release = OldRelease::Compatible;
        return cx.outdated_copy().is_some();
    }
    false
}

/// The worst of all steps; work that is done while an earlier statement of the
/// transaction holds a strong lock blocks for as long. A table that nobody else
/// can see is as good as empty. `held` is the transaction that holds such a lock.
pub(super) fn verdict_of(
    steps: &[Step<'_>],
    held: &mut Option<u32>,
    is_hidden: impl Fn(&Key) -> bool,
) -> Verdict {
    let mut verdict = Verdict::default();
    for step in steps {
        verdict = verdict.and(step.verdict);
        let whole = |scan: &&Scan| scan.kind > ScanKind::Blocks;
        let scanned = step.effect.scans.iter().filter(whole);
        let scanned = scanned.map(|scan| &scan.relation);
        let works = scanned
            .chain(&step.effect.rewrites)
            .any(|key| !is_hidden(key));
        let works = works && !step.effect.ends_at_first_row;
        if works && held.is_some() && *held == step.run.transaction {
            verdict.deploy = Deploy::Blocking;
        }
        if step.visible && step.run.transaction.is_some() {
            *held = step.run.transaction;
        }
    }
    verdict
}
