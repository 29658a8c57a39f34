//! What the release that runs notices of an operation.
//!
//! The question is asked of code that was written against the schema before
//! the migration: does it still find what it names, may it still write what it
//! writes, and does it get what it expects?

use super::conversion::{Conversion, conversion};
use super::{Effect, Scene};
use crate::name::Name;
use crate::operation::{
    Action, Column, CompositeChange, Constraint, ConstraintKind, DataType, DomainChange, Identity,
    ObjectKind, ObjectName, RowSecurity, Target,
};
use crate::schema::{RefusedReset, Relation};
use crate::verdict::OldRelease::{self, Broken, Compatible, Degraded};

pub fn old_release(scene: &Scene<'_>, effect: &Effect) -> OldRelease {
    // A delete or update of it, which knows nothing of what refers to the row.
    let fails = |refused: RefusedReset<'_>| visible(scene, &refused.key.references);
    let mut refused = scene.schema.refused_resets(scene.operation).into_iter();
    let least = match refused.any(fails) {
        true => Degraded,
        false => Compatible,
    };
    by_itself(scene, effect).max(least)
}

fn by_itself(scene: &Scene<'_>, effect: &Effect) -> OldRelease {
    let sees = |name: &ObjectName| visible(scene, name);
    let on = |target: &Target| sees(&target.name);
    match &scene.operation.action {
        Action::Drop {
            kind,
            name,
            if_exists,
            arguments,
            ..
        } => match scene.schema.lacks_overload(name, arguments.as_deref()) {
            true if kind.is_routine() => Compatible,
            _ => dropped(scene, *kind, name, *if_exists),
        },
        Action::DropColumn { table, column, .. } if on(table) => {
            let known = scene.schema.table(&table.name).filter(|t| t.is_known());
            let is_missing = known.is_some_and(|t| t.column(&column.name).is_none());
            if is_missing || column_is_new(scene, table, &column.name) {
                Compatible
            } else {
                Broken
            }
        }
        Action::RenameColumn { table, column, .. } if on(table) => {
            if column_is_new(scene, table, &column.name) {
                Compatible
            } else {
                Broken
            }
        }
        Action::Rename { kind, name, .. } | Action::SetSchema { kind, name, .. } => match kind {
            ObjectKind::Index
            | ObjectKind::Trigger
            | ObjectKind::Policy
            | ObjectKind::Rule
            | ObjectKind::Constraint
            | ObjectKind::Statistics => Compatible,
            ObjectKind::Sequence => {
                if sees(name) {
                    Degraded
                } else {
                    Compatible
                }
            }
            k if k.is_relation() && !sees(name) => Compatible,
            // ALTER TABLE reaches sequences too.
            ObjectKind::Table
                if scene
                    .schema
                    .sequence_by_key(&scene.schema.resolve(name))
                    .is_some() =>
            {
                Degraded
            }
            _ => Broken,
        },
        Action::AlterColumnType {
            table, column, ty, ..
        } if on(table) => type_change(scene, table, &column.name, ty),
        Action::AddColumn {
            table,
            column,
            constraints,
            ..
        } if on(table) => {
            let key = constraints
                .iter()
                .any(|c| matches!(c.kind, ConstraintKind::PrimaryKey(_)));
            let unique = |c: &Constraint| matches!(c.kind, ConstraintKind::Unique(_));
            if (column.not_null || key) && scene.schema.is_left_null(column) {
                Broken
            } else if constraints.iter().any(unique) || column.ty.is_json() {
                // Whole rows can no longer be compared.
                Degraded
            } else {
                Compatible
            }
        }
        Action::SetNotNull { table, column } if on(table) => {
            set_not_null(scene, effect, table, &column.name)
        }
        Action::DropNotNull { table, column } if on(table) => {
            if column_is_new(scene, table, &column.name) {
                Compatible
            } else {
                Degraded
            }
        }
        Action::DropDefault { table, column } | Action::DropIdentity { table, column, .. }
            if on(table) =>
        {
            default_dropped(scene, table, &column.name)
        }
        Action::AddIdentity {
            table, identity, ..
        } if on(table) => match identity {
            Identity::Always => Degraded,
            Identity::ByDefault => Compatible,
        },
        Action::AddConstraint { table, constraint } if on(table) => {
            // All rows may hold the same in a new column.
            let is_unique = matches!(constraint.kind, ConstraintKind::Unique(_));
            let mut columns = constrained_columns(&constraint.kind).iter();
            let new = !is_unique && columns.any(|c| column_is_new(scene, table, c));
            let adopts = matches!(&constraint.kind,
                ConstraintKind::Unique(k) | ConstraintKind::PrimaryKey(k) if k.using_index.is_some());
            let left_out =
                |name: &Name| column_is_new(scene, table, name) && !is_given(scene, table, name);
            if let ConstraintKind::PrimaryKey(key) = &constraint.kind
                && key.columns.iter().any(left_out)
            {
                return Broken;
            }
            if new || adopts || constraint.not_enforced {
                Compatible
            } else {
                Degraded
            }
        }
        Action::AlterDomain {
            name,
            change: DomainChange::AddConstraint { .. } | DomainChange::SetNotNull,
        } if !scene.schema.is_created_now(&scene.schema.type_key_of(name)) => Degraded,
        Action::RenameEnumValue { name, .. }
            if !scene.schema.is_created_now(&scene.schema.type_key_of(name)) =>
        {
            Broken
        }
        Action::AlterComposite { name, change, .. }
            if !scene.schema.is_created_now(&scene.schema.type_key_of(name)) =>
        {
            match change {
                CompositeChange::Drop(_) => Broken,
                CompositeChange::Add(..) | CompositeChange::Alter(..) => Degraded,
                CompositeChange::Rename(..) => Compatible,
            }
        }
        // Whether it is filled in time, the script tells.
        Action::CreateView(create) if create.materialized && !create.with_data => {
            let key = scene.schema.resolve(&create.name);
            match scene.schema.was_dropped(&key) {
                Some(_) => Broken,
                None => Compatible,
            }
        }
        Action::CreateIndex(index) if index.unique && sees(&index.table) => Degraded,
        Action::DropConstraint { table, name, .. } if on(table) => {
            let known = scene.schema.table(&table.name);
            let old = known.and_then(|table| table.constraint(&name.name));
            match old.map(|old| &old.definition.kind) {
                Some(ConstraintKind::Unique(_) | ConstraintKind::PrimaryKey(_)) => Degraded,
                Some(ConstraintKind::ForeignKey(key)) if key.sees_to_deletes() => Degraded,
                _ => Compatible,
            }
        }
        Action::CreateTrigger(trigger)
            if sees(&trigger.table) && scene.schema.refuses_writes(trigger) =>
        {
            Degraded
        }
        Action::RowSecurity {
            table,
            mode: RowSecurity::Enable | RowSecurity::Force,
        } if on(table) => Degraded,
        Action::CreateRoutine(create)
            if (scene.schema)
                .not_unique_beside(&create.name, &create.arguments)
                .is_some() =>
        {
            Broken
        }
        Action::CreatePolicy { table, clauses, .. } if clauses.restrictive && sees(table) => {
            Degraded
        }
        Action::AlterPolicy { table, .. } if sees(table) => Degraded,
        Action::Grant(grant) if grant.revoke => Degraded,
        Action::Truncate { tables, .. } if tables.iter().any(sees) => Degraded,
        _ if effect.refusal.is_some() => Compatible,
        _ => Compatible,
    }
}

fn visible(scene: &Scene<'_>, name: &ObjectName) -> bool {
    let key = scene.schema.resolve(name);
    !scene.schema.is_created_now(&key)
        && !scene
            .schema
            .table_by_key(&key)
            .is_some_and(|t| t.is_temporary())
}

fn column_is_new(scene: &Scene<'_>, table: &Target, column: &str) -> bool {
    scene.schema.is_column_of_now(&table.name, column)
}

/// A column that this migration adds is unknown to the old release, whose
/// INSERTs leave it out. One that a check has proven to hold no NULL is written
/// by the old release already.
fn set_not_null(scene: &Scene<'_>, effect: &Effect, table: &Target, column: &str) -> OldRelease {
    if column_is_new(scene, table, column) {
        return match is_given(scene, table, column) {
            true => Compatible,
            false => Broken,
        };
    }
    let known = scene.schema.table(&table.name);
    let is_proven = known.is_some_and(|t| !effect.works_on(&t.key));
    if is_proven { Compatible } else { Degraded }
}

/// A new column that has to be given, and that nothing fills from now on, is left
/// out by the INSERTs of the old release.
fn default_dropped(scene: &Scene<'_>, table: &Target, column: &str) -> OldRelease {
    if !column_is_new(scene, table, column) {
        let (known, migration) = (scene.schema.table(&table.name), scene.schema.migration());
        return match known.is_some_and(|table| table.is_defaulted_in(column, migration)) {
            true => Compatible,
            false => Degraded,
        };
    }
    let required = scene.schema.table(&table.name).is_some_and(|known| {
        known.is_not_null(column) && !scene.schema.fills(known, column, "insert")
    });
    if required { Broken } else { Compatible }
}

/// Does a column get a value where an INSERT leaves it out? Of one that is not
/// known nothing else is said.
fn is_given(scene: &Scene<'_>, table: &Target, column: &str) -> bool {
    let Some(known) = scene.schema.table(&table.name) else {
        return true;
    };
    let by_itself = |c: &Column| !scene.schema.is_left_null(c);
    known.column(column).is_none_or(|c| by_itself(c)) || scene.schema.fills(known, column, "insert")
}

fn dropped(scene: &Scene<'_>, kind: ObjectKind, name: &ObjectName, if_exists: bool) -> OldRelease {
    match kind {
        ObjectKind::Table
        | ObjectKind::ForeignTable
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence => {
            let absent = scene.schema.relation(name).is_none();
            if !visible(scene, name) || (absent && if_exists) {
                Compatible
            } else if scene.schema.relation(name).is_some_and(
                |r| matches!(r, Relation::Sequence(s) if s.implicit && scene.schema.serial_column(s).is_none()),
            ) {
                Degraded
            } else {
                Broken
            }
        }
        ObjectKind::Schema if if_exists && !scene.schema.has_namespace(&name.name) => Compatible,
        ObjectKind::Schema | ObjectKind::Database => Broken,
        ObjectKind::Type | ObjectKind::Domain | ObjectKind::Trigger => Degraded,
        k if k.is_routine() => {
            let known = scene.schema.routines(&scene.schema.resolve_routine(name));
            let nobody_calls = !known.is_empty() && known.iter().all(|r| r.is_for_triggers());
            if nobody_calls { Compatible } else { Broken }
        }
        ObjectKind::Extension | ObjectKind::Policy => Degraded,
        // ON CONFLICT rests on a unique index.
        ObjectKind::Index => match scene.schema.index(name) {
            Some(index) if index.unique && !scene.schema.is_created_now(&index.table) => Degraded,
            _ => Compatible,
        },
        _ => Compatible,
    }
}

/// The columns that a constraint names itself.
fn constrained_columns(kind: &ConstraintKind) -> &[Name] {
    match kind {
        ConstraintKind::PrimaryKey(k) | ConstraintKind::Unique(k) => &k.columns,
        ConstraintKind::ForeignKey(fk) => &fk.columns,
        ConstraintKind::Exclude { columns, .. } => columns,
        _ => &[],
    }
}

fn type_change(scene: &Scene<'_>, table: &Target, column: &str, to: &DataType) -> OldRelease {
    if column_is_new(scene, table, column) {
        return Compatible;
    }
    let from = scene
        .schema
        .table(&table.name)
        .and_then(|t| t.type_of(column))
        .map(|(ty, _)| ty);
    match from {
        Some(from) => match conversion(from, to) {
            Conversion::Same | Conversion::Wider => Compatible,
            Conversion::WiderThanReaders => Degraded,
            Conversion::Narrower | Conversion::Other => Broken,
        },
        None => Broken,
    }
}
