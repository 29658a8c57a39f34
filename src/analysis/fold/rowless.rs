//! Tables that the migration itself shows to hold no rows.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::effect::{Effect, LockMode, postgres};
use crate::operation::{Action, Guard, Operation, TransactionControl};
use crate::project::SourceId;
use crate::rule::subject;
use crate::schema::{Key, Schema};
use crate::source::Span;

use super::Planned;
use crate::analysis::script::is_unread;

/// A column that is NOT NULL and has no value for old rows can be added only
/// where there are none: the server stops at the first row. So what else the
/// migration does to such a table has no rows to read, to write anew or to put
/// into an index, in the same ALTER TABLE or afterwards. That the server looks
/// for the first row stays with the column.
///
/// TRUNCATE leaves none either, and nobody else can add any until the transaction
/// ends.
#[derive(Default)]
pub(super) struct Rowless {
    tables: FxHashSet<Key>,
    /// Those for which a branch of an IF shows it: what stands in it runs only after
    /// that column was added. By the address of the guard, which is kept in place.
    in_branches: FxHashMap<(Key, usize), Arc<Guard>>,
    /// Those whose rows the migration deletes: what reads the table still meets
    /// what they leave behind.
    deleted: FxHashSet<Key>,
    /// Those that the transaction at hand has truncated and not written since.
    emptied: FxHashSet<Key>,
    transaction: Option<u32>,
    /// The last statement that was looked at as a whole.
    statement: Option<(SourceId, Span)>,
}

impl Rowless {
    /// Takes away the work that an operation would have with the rows, and
    /// remembers what it shows itself.
    pub(super) fn relieve(
        &mut self,
        planned: &Planned<'_>,
        transaction: Option<u32>,
        schema: &Schema,
        effect: &mut Effect,
    ) {
        let operation = planned.operation;
        self.follow_truncate(operation, transaction, effect);
        if !self.emptied.is_empty()
            && let Some(table) = subject(&operation.action)
            && !writes_rows(&operation.action)
            && self.is_emptied(&schema.resolve(table), schema)
        {
            spare(effect);
            effect.refusal.take_if(|refusal| refusal.on_rows);
            return;
        }
        if let Action::Delete(delete) = &operation.action {
            self.deleted.insert(schema.resolve(&delete.table));
        }
        // The statements of a block run one after the other.
        if operation.within.block {
            self.learn(operation, schema);
        } else if self.statement != Some((planned.source, planned.statement_span)) {
            self.statement = Some((planned.source, planned.statement_span));
            for sibling in planned.siblings {
                self.learn(sibling, schema);
            }
        }
        if !works_on_rows(operation, schema) {
            return;
        }
        let Some(table) = subject(&operation.action) else {
            return;
        };
        let key = schema.resolve(table);
        let known = schema.table_by_key(&key);
        let is_bare = self.tables.contains(&key) || self.is_bare_in_branch(&key, operation);
        if is_bare && !is_filled(schema, &key) {
            spare(effect);
        } else if known.is_some_and(|table| postgres::holds_one_row(table, operation)) {
            spare_time(effect);
        }
    }

    /// Which tables are without rows until the transaction ends.
    fn follow_truncate(
        &mut self,
        operation: &Operation,
        transaction: Option<u32>,
        effect: &Effect,
    ) {
        if self.transaction != transaction {
            self.transaction = transaction;
            self.emptied.clear();
        }
        let truncates = match &operation.action {
            Action::Transaction(TransactionControl::RollbackTo(_)) => return self.emptied.clear(),
            Action::Truncate { .. } => true,
            // What it writes, nobody knows.
            action if is_unread(action) || calls(action) => return self.emptied.clear(),
            _ => false,
        };
        // The tables below it, and those that refer to it under CASCADE, too.
        let is_sure = !operation.within.conditional && effect.refusal.is_none();
        for lock in &effect.locks {
            match lock.mode {
                LockMode::AccessExclusive if truncates && is_sure && transaction.is_some() => {
                    self.emptied.insert(lock.relation);
                }
                // Triggers and rules are followed as well.
                LockMode::RowExclusive => {
                    self.emptied.remove(&lock.relation);
                }
                _ => {}
            }
        }
    }

    /// It, and what belongs to it.
    fn is_emptied(&self, key: &Key, schema: &Schema) -> bool {
        self.emptied.contains(key)
            && schema.table_by_key(key).is_some_and(|table| {
                let mut children = table.children.iter();
                children.all(|child| child != key && self.is_emptied(child, schema))
            })
    }

    /// Does the branch that an operation stands in show it, or one around that? Of
    /// those before an ELSE it stands in none.
    fn is_bare_in_branch(&self, key: &Key, operation: &Operation) -> bool {
        if self.in_branches.is_empty() {
            return false;
        }
        let mut next = operation.within.guard.as_ref().map(|own| (own, true));
        while let Some((guard, is_inside)) = next {
            if is_inside && self.in_branches.contains_key(&(*key, address(guard))) {
                return true;
            }
            next = guard.after.as_ref().map(|(before, holds)| (before, *holds));
        }
        false
    }

    fn learn(&mut self, operation: &Operation, schema: &Schema) {
        let Action::AddColumn { table, .. } = &operation.action else {
            return;
        };
        let within = &operation.within;
        let is_sure = !within.conditional || within.guard.is_some() && !within.doubtful;
        if !is_sure || !needs_no_rows(operation, schema) {
            return;
        }
        let key = schema.resolve(&table.name);
        let is_bare = !schema.is_created_now(&key)
            && !is_filled(schema, &key)
            && !self.deleted.contains(&key);
        match &operation.within.guard {
            _ if !is_bare => {}
            Some(branch) if operation.within.conditional => {
                let place = (key, address(branch));
                self.in_branches.insert(place, branch.clone());
            }
            _ => _ = self.tables.insert(key),
        }
    }
}

fn address(guard: &Arc<Guard>) -> usize {
    Arc::as_ptr(guard) as usize
}

/// There are no rows to work on.
fn spare(effect: &mut Effect) {
    spare_time(effect);
    effect.losses.clear();
    effect.rowless = true;
}

/// There are too few to take any time.
fn spare_time(effect: &mut Effect) {
    effect.rewrites.clear();
    effect.scans.clear();
    effect.index_rebuilds.clear();
}

fn writes_rows(action: &Action) -> bool {
    matches!(
        action,
        Action::Insert(_)
            | Action::Update(_)
            | Action::Delete(_)
            | Action::Merge(_)
            | Action::Copy { .. }
            | Action::Truncate { .. }
    )
}

/// Does it call functions that may write anything?
fn calls(action: &Action) -> bool {
    matches!(action, Action::Select { .. } | Action::Call { .. })
}

/// Does it add a column in which old rows would hold NULL where none may stand? By
/// IF NOT EXISTS it does where the history shows that the column is not there.
fn needs_no_rows(operation: &Operation, schema: &Schema) -> bool {
    let Action::AddColumn {
        table,
        if_not_exists,
        column,
        ..
    } = &operation.action
    else {
        return false;
    };
    let is_missing = || {
        let known = schema
            .table(&table.name)
            .filter(|known| known.columns_known);
        known.is_some_and(|known| known.column(&column.name).is_none())
    };
    schema.needs_no_rows(column) && (!if_not_exists || is_missing())
}

/// The history itself has put rows into it.
fn is_filled(schema: &Schema, key: &Key) -> bool {
    schema.table_by_key(key).is_some_and(|table| table.filled)
}

/// What reads or writes the rows of the table that it is about, and no other's.
fn works_on_rows(operation: &Operation, schema: &Schema) -> bool {
    match &operation.action {
        Action::AddColumn { .. } => !needs_no_rows(operation, schema),
        Action::AlterColumnType { .. }
        | Action::SetNotNull { .. }
        | Action::AddIdentity { .. }
        | Action::AddConstraint { .. }
        | Action::ValidateConstraint { .. }
        | Action::CreateIndex(_) => true,
        _ => false,
    }
}
