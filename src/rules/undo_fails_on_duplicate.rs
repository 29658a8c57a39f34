//! The down makes it unique again and fails on duplicates.

use crate::operation::{Action, ConstraintKind, Kind, ObjectKind};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_key};
use crate::schema::Key;
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
        .any(|op| is_unique_on(cx, &op.action, &table, &columns));
    let back = cx
        .back_on(Facet::Table, &table.name)
        .any(|op| is_unique_on(cx, &op.action, &table, &columns));
    if !back || stays || cx.is_new_key(&table) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("the down makes `{}` of `{table}` unique again and fails once there are duplicates", columns.join(", ")),
        )
        .help(format!(
            "Let the down remove duplicates first, or keep `{name}` until the code that needs duplicates is final:\n\
             SELECT {0}, count(*) FROM {1} GROUP BY {0} HAVING count(*) > 1;",
            columns.join(", "),
            sql_key(&table)
        ));
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
