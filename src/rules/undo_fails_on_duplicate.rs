//! The down makes it unique again and fails on duplicates.

use crate::operation::{Action, ConstraintKind, Kind, ObjectKind};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_key};
use crate::schema::{Key, names_in};
use smol_str::SmolStr;

pub const RULE: Rule = Rule {
    id: "undo-fails-on-duplicate",
    page: include_str!("../../rules/undo-fails-on-duplicate.md"),
    check: Check::Operation {
        on: &[Kind::DropConstraint, Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, columns, name) = match &cx.operation.action {
        Action::DropConstraint { table, name, .. } => {
            let known = cx.table(&table.name);
            let Some(old) = known.and_then(|t| t.constraint(&name.name)) else {
                return;
            };
            match old.definition.kind {
                ConstraintKind::Unique(_) | ConstraintKind::PrimaryKey(_) => {}
                _ => return,
            }
            (
                cx.schema.resolve(&table.name),
                old.columns.clone(),
                &name.name,
            )
        }
        Action::Drop {
            kind: ObjectKind::Index,
            name,
            ..
        } => match cx.schema.index(name) {
            Some(index) if index.unique => (index.table.clone(), index.columns.clone(), &name.name),
            _ => return,
        },
        _ => return,
    };
    let stays = cx
        .later_on(Facet::Table, &table.name)
        .any(|op| keeps_out(cx, &op.action, &table, &columns))
        || has_another_key(cx, &table, &columns, name);
    let back = cx
        .back_on(Facet::Table, &table.name)
        .any(|op| is_unique_on(cx, &op.action, &table, &columns));
    if !back || stays || cx.is_new_key(&table) {
        return;
    }
    let key = shown(cx, &columns);
    findings
        .report(
            cx.operation.place,
            format!("the down makes `{key}` of `{table}` unique again and fails once there are duplicates"),
        )
        .help(format!(
            "Let the down remove duplicates first, or keep `{name}` until the code that needs duplicates is final:\n\
             SELECT {key}, count(*) FROM {} GROUP BY {key} HAVING count(*) > 1;",
            sql_key(&table)
        ));
}

/// Another key of the table lets no two rows have the same in these columns.
fn has_another_key(
    cx: &OperationContext<'_>,
    table: &Key,
    columns: &[SmolStr],
    dropped: &str,
) -> bool {
    let Some(table) = cx.schema.table_by_key(table) else {
        return false;
    };
    let mut indexes = table.indexes.iter();
    indexes.any(|key| {
        let index = cx.schema.index_by_key(key);
        index.is_some_and(|index| {
            let exprs = index.exprs.iter().map(|expr| &*expr.text);
            let other = key.name != dropped && index.unique && index.predicate.is_none();
            other && covers(&index.columns, exprs, columns)
        })
    })
}

/// Rows that are equal in `columns` are equal in a key of these.
fn covers<'e>(
    key: &[SmolStr],
    mut exprs: impl Iterator<Item = &'e str>,
    columns: &[SmolStr],
) -> bool {
    let mut plain = key.iter().filter(|column| !column.is_empty());
    !key.is_empty()
        && plain.all(|column| columns.contains(column))
        && exprs.all(|text| names_in(text).all(|name| columns.contains(&name)))
}

/// Does an action add a key that keeps duplicates in these columns out?
fn keeps_out(cx: &OperationContext<'_>, action: &Action, table: &Key, columns: &[SmolStr]) -> bool {
    match action {
        Action::AddConstraint {
            table: t,
            constraint,
        } => match &constraint.kind {
            ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key) => {
                cx.schema.resolve(&t.name) == *table
                    && covers(&key.columns, std::iter::empty(), columns)
            }
            _ => false,
        },
        Action::CreateIndex(index) => {
            let own = index.elements.iter();
            let own: Vec<SmolStr> = own.map(|e| e.column.clone().unwrap_or_default()).collect();
            let exprs = index.elements.iter().filter_map(|e| e.expr.as_ref());
            index.unique
                && index.predicate.is_none()
                && cx.schema.resolve(&index.table) == *table
                && covers(&own, exprs.map(|expr| &*expr.text), columns)
        }
        _ => false,
    }
}

/// The key's elements as they are written.
fn shown(cx: &OperationContext<'_>, columns: &[SmolStr]) -> String {
    let index = match &cx.operation.action {
        Action::Drop { name, .. } => cx.schema.index(name),
        _ => None,
    };
    let mut exprs = index.into_iter().flat_map(|index| &index.exprs);
    let shown = |column: &SmolStr| match column.as_str() {
        "" => exprs
            .next()
            .map_or_else(String::new, |e| e.text.to_string()),
        column => column.to_owned(),
    };
    columns.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn is_unique_on(
    cx: &OperationContext<'_>,
    action: &Action,
    table: &Key,
    columns: &[SmolStr],
) -> bool {
    match action {
        Action::AddConstraint {
            table: t,
            constraint,
        } => match &constraint.kind {
            ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key) => {
                cx.schema.resolve(&t.name) == *table && key.columns == columns
            }
            _ => false,
        },
        Action::CreateIndex(index) => {
            let own = index
                .elements
                .iter()
                .map(|e| e.column.clone().unwrap_or_default());
            index.unique
                && cx.schema.resolve(&index.table) == *table
                && own.eq(columns.iter().cloned())
        }
        _ => false,
    }
}
