//! Tables that the migration itself shows to hold no rows.

use rustc_hash::FxHashSet;

use crate::effect::Effect;
use crate::operation::{Action, Operation};
use crate::project::SourceId;
use crate::rule::subject;
use crate::schema::{Key, Schema};
use crate::source::Span;

use super::Planned;

/// A column that is NOT NULL and has no value for old rows can be added only
/// where there are none: the server stops at the first row. So what else the
/// migration does to such a table has no rows to read, to write anew or to put
/// into an index, in the same ALTER TABLE or afterwards. That the server looks
/// for the first row stays with the column.
#[derive(Default)]
pub(super) struct Rowless {
    tables: FxHashSet<Key>,
    /// Those whose rows the migration deletes: what reads the table still meets
    /// what they leave behind.
    deleted: FxHashSet<Key>,
    /// The last statement that was looked at as a whole.
    statement: Option<(SourceId, Span)>,
}

impl Rowless {
    /// Takes away the work that an operation would have with the rows, and
    /// remembers what it shows itself.
    pub(super) fn relieve(&mut self, planned: &Planned<'_>, schema: &Schema, effect: &mut Effect) {
        let operation = planned.operation;
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
        if self.tables.is_empty() || !works_on_rows(operation, schema) {
            return;
        }
        let Some(table) = subject(&operation.action) else {
            return;
        };
        let key = schema.resolve(table);
        if self.tables.contains(&key) && !is_filled(schema, &key) {
            effect.rewrites.clear();
            effect.scans.clear();
            effect.index_rebuilds.clear();
            effect.losses.clear();
            effect.rowless = true;
        }
    }

    fn learn(&mut self, operation: &Operation, schema: &Schema) {
        let Action::AddColumn { table, .. } = &operation.action else {
            return;
        };
        if operation.within.conditional || !needs_no_rows(operation, schema) {
            return;
        }
        let key = schema.resolve(&table.name);
        let is_bare = !schema.is_created_now(&key)
            && !is_filled(schema, &key)
            && !self.deleted.contains(&key);
        if is_bare {
            self.tables.insert(key);
        }
    }
}

/// Does it add a column in which old rows would hold NULL where none may stand?
fn needs_no_rows(operation: &Operation, schema: &Schema) -> bool {
    let Action::AddColumn {
        if_not_exists: false,
        column,
        ..
    } = &operation.action
    else {
        return false;
    };
    schema.needs_no_rows(column)
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
