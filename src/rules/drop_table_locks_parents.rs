//! Dropping a foreign key locks the table it refers to.

use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "drop-table-locks-parents",
    page: include_str!("../../rules/drop-table-locks-parents.md"),
    check: Check::Operation {
        on: &[Kind::Drop, Kind::DropConstraint, Kind::DropColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, what) = match &cx.operation.action {
        Action::Drop {
            kind: ObjectKind::Table,
            name,
            ..
        } => (name, format!("dropping `{name}`")),
        Action::DropConstraint { table, name, .. } => (
            &table.name,
            format!("dropping `{}` of `{}`", name.name, table.name),
        ),
        Action::DropColumn { table, column, .. } => (
            &table.name,
            format!("dropping `{}.{}`", table.name, column.name),
        ),
        _ => return,
    };
    for parent in locked_parents(cx, table) {
        findings
            .report(
                cx.operation.place,
                format!("{what} also locks `{parent}`, which it refers to, against reads and writes"),
            )
            .help("put `SET lock_timeout = '2s';` in front of it, and keep it the only statement of its transaction");
    }
}

/// Tables that the dropped one refers to and that stay.
fn locked_parents<'a>(cx: &'a OperationContext<'_>, name: &ObjectName) -> Vec<&'a Key> {
    let Some(table) = cx.table(name) else {
        return Vec::new();
    };
    let goes = |key: &Key| {
        cx.siblings.iter().any(|other| {
            matches!(&other.action, Action::Drop { kind: ObjectKind::Table, name, .. }
                if cx.schema.resolve(name) == *key)
        })
    };
    let mut parents: Vec<&Key> = table
        .constraints
        .iter()
        .filter_map(|constraint| constraint.references.as_ref())
        .filter(|key| {
            **key != table.key
                && !goes(key)
                && !cx.is_new_key(key)
                && cx
                    .effect
                    .lock_on(key)
                    .is_some_and(|mode| mode.blocks_reads())
        })
        .collect();
    parents.sort_unstable();
    parents.dedup();
    parents
}
