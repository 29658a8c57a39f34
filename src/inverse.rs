//! What would undo an operation, and whether two states of a schema are the
//! same to whoever uses them.

use std::sync::Arc;

use crate::effect::Effect;
use crate::operation::{Action, CreateView, Ident, ObjectKind, Operation, Update};
use crate::schema::{Relation, Schema, Table};
use crate::verdict::Undo;

pub mod difference;

pub use difference::{Differences, differences};

/// Can this operation be taken back by statements that the migration files
/// let one write, given the schema before it?
pub fn undo(operation: &Operation, schema: &Schema, effect: &Effect) -> Undo {
    let known = |yes: bool| if yes { Undo::Exact } else { Undo::Impossible };
    match &operation.action {
        Action::Drop {
            kind,
            name,
            if_exists,
            ..
        } => drop_undo(*kind, schema.relation(name), *if_exists),
        Action::DropColumn { table, column, .. } => match schema.table(&table.name) {
            Some(t) if t.column(&column.name).is_some() => Undo::Lossy,
            Some(t) if t.is_known() => Undo::Exact,
            _ => Undo::Impossible,
        },
        Action::Update(update) if fills_new_columns(update, schema) => Undo::Exact,
        Action::Truncate { .. } | Action::Delete(_) | Action::Update(_) | Action::Merge { .. } => {
            Undo::Lossy
        }
        Action::AlterColumnType { table, column, .. } => {
            let had = schema
                .table(&table.name)
                .is_some_and(|t| t.column(&column.name).is_some());
            if had { Undo::Lossy } else { Undo::Impossible }
        }
        Action::DropConstraint {
            table,
            name,
            if_exists,
            ..
        } => match schema.table(&table.name) {
            // It goes back only while no row has used the freedom.
            Some(t) if t.constraint(&name.name).is_some() => Undo::Lossy,
            Some(t) if t.is_known() && *if_exists => Undo::Exact,
            _ => Undo::Impossible,
        },
        Action::DropNotNull { .. } => Undo::Lossy,
        Action::AddEnumValue { .. } => Undo::Lossy,
        Action::DropDefault { table, column } | Action::SetDefault { table, column, .. } => known(
            schema
                .table(&table.name)
                .is_some_and(|t| t.column(&column.name).is_some()),
        ),
        Action::DropExpression { .. } | Action::SetExpression { .. } => Undo::Lossy,
        Action::CreateView(view) => known(replaced_is_known(view, schema)),
        Action::CreateRoutine(routine) => {
            let before = schema.routines(&schema.resolve_routine(&routine.name));
            known(!routine.or_replace || !before.is_empty() || schema.is_complete())
        }
        Action::Opaque { .. } | Action::Unparsed { .. } => Undo::Lossy,
        _ if !effect.losses.is_empty() => Undo::Lossy,
        _ => Undo::Exact,
    }
}

/// Nothing is overwritten where every column that is set was added by this
/// migration.
fn fills_new_columns(update: &Update, schema: &Schema) -> bool {
    let is_new = |table: &Arc<Table>| {
        let added = |c: &Ident| table.column_is_new_in(&c.name, schema.migration());
        update.columns.iter().all(added)
    };
    !update.columns.is_empty() && schema.table(&update.table).is_some_and(is_new)
}

fn drop_undo(kind: ObjectKind, relation: Option<&Relation>, if_exists: bool) -> Undo {
    match (kind, relation) {
        (ObjectKind::Table | ObjectKind::ForeignTable, Some(Relation::Table(table))) => {
            if table.is_known() {
                Undo::Lossy
            } else {
                Undo::Impossible
            }
        }
        (ObjectKind::MaterializedView | ObjectKind::View | ObjectKind::Index, Some(_)) => {
            Undo::Exact
        }
        (ObjectKind::Sequence, Some(_)) => Undo::Lossy,
        (
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Index
            | ObjectKind::Sequence,
            None,
        ) => {
            if if_exists {
                Undo::Lossy
            } else {
                Undo::Impossible
            }
        }
        (ObjectKind::Schema | ObjectKind::Database, _) => Undo::Lossy,
        _ => Undo::Exact,
    }
}

fn replaced_is_known(view: &CreateView, schema: &Schema) -> bool {
    !view.or_replace || schema.view(&view.name).is_some() || schema.is_complete()
}

/// Does a table hold rows that a DROP would lose, as far as the history tells?
pub fn may_hold_rows(table: &Table, schema: &Schema) -> bool {
    !table.is_new_in(schema.migration()) || table.filled
}
