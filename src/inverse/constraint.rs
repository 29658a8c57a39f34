//! Constraints.

use std::sync::Arc;

use super::draft::{Draft, Phase};
use super::index::stays_unique;
use super::sql::{sql_key, sql_name};
use super::table::columns_in_parens;
use crate::name::Name;
use crate::operation::{Constraint, ConstraintKind, ForeignKey};
use crate::schema::{Index, Key, Relation, Table, TableConstraint};
use crate::statement::lexer::on_one_line;

/// `CONSTRAINT name CHECK (…)` with its attributes.
pub fn definition(constraint: &TableConstraint) -> String {
    let own = &constraint.definition;
    let mut text = format!("CONSTRAINT {} ", sql_name(&constraint.name));
    match &own.kind {
        ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
            let word = match own.kind {
                ConstraintKind::PrimaryKey(_) => "PRIMARY KEY",
                _ => "UNIQUE",
            };
            text.push_str(word);
            if key.nulls_not_distinct {
                text.push_str(" NULLS NOT DISTINCT");
            }
            text.push_str(&format!(" {}", columns_in_parens(&constraint.columns)));
            if !key.include.is_empty() {
                text.push_str(&format!(" INCLUDE {}", columns_in_parens(&key.include)));
            }
            if !key.parameters.is_empty() {
                text.push_str(&format!(" {}", key.parameters));
            }
        }
        ConstraintKind::Check(expr) => text.push_str(&format!("CHECK ({})", expr.text)),
        ConstraintKind::ForeignKey(foreign) => {
            let target = constraint.references.as_ref().map(sql_key);
            text.push_str(&foreign_key(
                foreign,
                &constraint.columns,
                &target.unwrap_or_else(|| foreign.references.to_string()),
                &constraint.referenced,
            ));
        }
        ConstraintKind::Exclude { definition, .. } => {
            text.push_str(&format!("EXCLUDE {}", definition.text));
        }
        ConstraintKind::NotNull(column) => {
            text.push_str(&format!("NOT NULL {}", sql_name(&column.name)));
        }
    }
    text.push_str(deferral(own));
    if own.no_inherit {
        text.push_str(" NO INHERIT");
    }
    if own.not_enforced {
        text.push_str(" NOT ENFORCED");
    } else if !constraint.validated {
        text.push_str(" NOT VALID");
    }
    text
}

/// The definition on one line, `NOT VALID` where that spares the rows.
pub fn unchecked(constraint: &TableConstraint) -> String {
    let spares = matches!(
        constraint.definition.kind,
        ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_)
    );
    let text = on_one_line(&definition(constraint));
    if spares && constraint.validated && !constraint.definition.not_enforced {
        format!("{text} NOT VALID")
    } else {
        text
    }
}

/// `FOREIGN KEY (…) REFERENCES …` with what it does on DELETE and UPDATE.
pub fn foreign_key(
    foreign: &ForeignKey,
    columns: &[Name],
    target: &str,
    referenced: &[Name],
) -> String {
    let to = references(foreign, target, referenced);
    format!("FOREIGN KEY {} {to}", columns_in_parens(columns))
}

/// What stands behind the columns, or behind the one that it is written with.
pub fn references(foreign: &ForeignKey, target: &str, referenced: &[Name]) -> String {
    let mut text = format!("REFERENCES {target}");
    if !referenced.is_empty() {
        text.push_str(&format!(" {}", columns_in_parens(referenced)));
    }
    if foreign.match_full {
        text.push_str(" MATCH FULL");
    }
    let reactions = [
        ("DELETE", &foreign.on_delete),
        ("UPDATE", &foreign.on_update),
    ];
    for (event, action) in reactions {
        if let Some(action) = action.as_ref().filter(|a| *a != "no action") {
            text.push_str(&format!(" ON {event} {}", reaction(action)));
        }
    }
    text
}

/// ` DEFERRABLE INITIALLY DEFERRED`, as far as it is.
pub fn deferral(constraint: &Constraint) -> &'static str {
    match (constraint.deferrable, constraint.deferred) {
        (true, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, true) => " INITIALLY DEFERRED",
        (false, false) => "",
    }
}

/// `set null (a)` in capitals, the columns as they are.
fn reaction(action: &str) -> String {
    match action.split_once(" (") {
        Some((words, columns)) => format!("{} ({columns}", words.to_uppercase()),
        None => action.to_uppercase(),
    }
}

/// May stand in CREATE TABLE: all but foreign keys, which may refer to what is
/// not there yet, and those that are not valid.
fn stands_inside(constraint: &TableConstraint) -> bool {
    constraint.validated && constraint.references.is_none()
}

/// A partition or heir has it from its parent.
fn is_inherited(parents: &[&Table], constraint: &TableConstraint) -> bool {
    parents.iter().any(|parent| {
        parent.constraints.iter().any(|c| {
            c.name == constraint.name && constraint.index.is_none()
                || constraint.index.is_some()
                    && parent.partition_by.is_some()
                    && c.columns == constraint.columns
                    && std::mem::discriminant(&c.definition.kind)
                        == std::mem::discriminant(&constraint.definition.kind)
                || constraint.references.is_some()
                    && parent.partition_by.is_some()
                    && c.references == constraint.references
                    && c.columns == constraint.columns
        })
    })
}

fn parents_then<'a>(draft: &Draft<'a>, table: &Table) -> Vec<&'a Table> {
    let of = table.partition.as_ref().map(|p| &p.of);
    let keys = table.inherits.iter().chain(of);
    keys.filter_map(|key| draft.table_then(key)).collect()
}

/// The constraints that CREATE TABLE declares.
pub fn of_table(draft: &Draft<'_>, table: &Table) -> Vec<String> {
    let parents = parents_then(draft, table);
    let own = table
        .constraints
        .iter()
        .filter(|c| stands_inside(c) && !is_inherited(&parents, c));
    own.map(|c| definition(c)).collect()
}

/// Those that have to follow it.
pub fn of_later<'t>(draft: &Draft<'_>, table: &'t Table) -> Vec<&'t TableConstraint> {
    let parents = parents_then(draft, table);
    let own = table
        .constraints
        .iter()
        .filter(|c| !stands_inside(c) && !is_inherited(&parents, c));
    own.map(|c| &**c).collect()
}

pub fn add(draft: &mut Draft<'_>, table: &Key, constraint: &TableConstraint) {
    let phase = match constraint.references {
        Some(_) => Phase::AddForeignKey,
        None => Phase::AddKey,
    };
    draft.push(
        phase,
        format!(
            "ALTER TABLE {} ADD {}",
            sql_key(table),
            definition(constraint)
        ),
    );
}

/// Brings back the constraints of a table that is still there.
pub fn restore(draft: &mut Draft<'_>, before: &Table, after: &Table) {
    let name = sql_key(&after.key);
    let now = draft.now;
    // What came with a parent stays when the parent leaves.
    let stays = before.partition == after.partition;
    let of = after.partition.as_ref().filter(|_| stays).map(|p| &p.of);
    let parents_now: Vec<&Table> = after
        .inherits
        .iter()
        .filter(|parent| before.inherits.contains(parent))
        .chain(of)
        .filter_map(|key| now.table_by_key(key).map(|t| &**t))
        .collect();
    let same = |a: &TableConstraint, b: &TableConstraint| {
        a.name == b.name && a.validated == b.validated && definition(a) == definition(b)
    };
    let lacks = |list: &[Arc<TableConstraint>], one: &Arc<TableConstraint>| {
        !list.iter().any(|c| Arc::ptr_eq(c, one) || same(c, one))
    };
    for new in after
        .constraints
        .iter()
        .filter(|c| lacks(&before.constraints, c))
    {
        if is_inherited(&parents_now, new) {
            continue;
        }
        let is_deferral = before
            .constraint(&new.name)
            .is_some_and(|old| new.references.is_some() && only_deferral_differs(old, new));
        if is_deferral {
            continue;
        }
        let phase = match new.references {
            Some(_) => Phase::DropForeignKey,
            None => Phase::DropConstraint,
        };
        draft.push(
            phase,
            format!("ALTER TABLE {name} DROP CONSTRAINT {}", sql_name(&new.name)),
        );
    }
    let parents = parents_then(draft, before);
    for old in before
        .constraints
        .iter()
        .filter(|c| lacks(&after.constraints, c))
    {
        if is_inherited(&parents, old) {
            continue;
        }
        if let Some(new) = after.constraint(&old.name)
            && old.references.is_some()
            && only_deferral_differs(old, new)
        {
            let words = match (old.definition.deferrable, old.definition.deferred) {
                (false, _) => "NOT DEFERRABLE",
                (true, false) => "DEFERRABLE INITIALLY IMMEDIATE",
                (true, true) => "DEFERRABLE INITIALLY DEFERRED",
            };
            draft.push(
                Phase::AddForeignKey,
                format!(
                    "ALTER TABLE {name} ALTER CONSTRAINT {} {words}",
                    sql_name(&old.name)
                ),
            );
            continue;
        }
        add(draft, &after.key, old);
        // Columns that come back are empty, or hold their default.
        let all_come_back = old.columns.iter().all(|c| after.column(c).is_none());
        if after.constraint(&old.name).is_none() && !all_come_back {
            need_rows_to_fit(draft, before, old);
        }
    }
}

fn only_deferral_differs(a: &TableConstraint, b: &TableConstraint) -> bool {
    let mut other = b.clone();
    other.definition.deferrable = a.definition.deferrable;
    other.definition.deferred = a.definition.deferred;
    a.validated == b.validated && definition(a) == definition(&other)
}

/// The index that went with a constraint.
fn gone_index<'d>(draft: &Draft<'d>, constraint: &TableConstraint) -> Option<&'d Index> {
    match draft.relation_then(constraint.index.as_ref()?) {
        Some(Relation::Index(index)) => Some(index),
        _ => None,
    }
}

/// What rows may stand against a constraint that comes back.
fn need_rows_to_fit(draft: &mut Draft<'_>, table: &Table, constraint: &TableConstraint) {
    if !constraint.validated {
        return;
    }
    let key = &table.key;
    let name = sql_key(key);
    let shown = constraint.columns.join(", ");
    let columns: Vec<_> = constraint.columns.iter().map(|c| sql_name(c)).collect();
    match &constraint.definition.kind {
        ConstraintKind::Unique(_)
            if gone_index(draft, constraint).is_some_and(|i| stays_unique(i, draft.now)) => {}
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) => {
            draft.needs(
                format!("no two rows of `{key}` have the same `{shown}`"),
                duplicates(&name, &columns.join(", ")),
            );
        }
        ConstraintKind::Check(expr) => {
            draft.needs(
                format!("every row of `{key}` satisfies `{}`", constraint.name),
                format!("SELECT count(*) FROM {name} WHERE NOT ({})", expr.text),
            );
        }
        ConstraintKind::ForeignKey(_) => {
            let Some(target) = &constraint.references else {
                return;
            };
            let pairs: Vec<String> = columns
                .iter()
                .zip(&constraint.referenced)
                .map(|(own, other)| format!("p.{} = c.{own}", sql_name(other)))
                .collect();
            let given: Vec<String> = columns
                .iter()
                .map(|own| format!("c.{own} IS NOT NULL"))
                .collect();
            draft.needs(
                format!("every `{shown}` of `{key}` is in `{target}`"),
                format!(
                    "SELECT count(*) FROM {name} c WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {})",
                    given.join(" AND "),
                    sql_key(target),
                    pairs.join(" AND ")
                ),
            );
        }
        ConstraintKind::Exclude { .. } => {
            draft.needs(
                format!(
                    "no two rows of `{key}` exclude each other by `{}`",
                    constraint.name
                ),
                format!("SELECT count(*) FROM {name}"),
            );
        }
        ConstraintKind::NotNull(column) => {
            draft.needs(
                format!("no row of `{key}` has NULL in `{}`", column.name),
                format!(
                    "SELECT count(*) FROM {name} WHERE {} IS NULL",
                    sql_name(&column.name)
                ),
            );
        }
    }
}

/// Counts the keys that more than one row has.
pub fn duplicates(table: &str, columns: &str) -> String {
    format!(
        "SELECT count(*) FROM (SELECT {columns} FROM {table} GROUP BY {columns} HAVING count(*) > 1) d"
    )
}
