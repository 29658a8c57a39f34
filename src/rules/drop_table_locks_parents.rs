//! Dropping a table locks the tables that its foreign keys refer to.

use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "drop-table-locks-parents",
    page: include_str!("../../rules/drop-table-locks-parents.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: ObjectKind::Table,
        name,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let parents = locked_parents(cx, name);
    if !parents.is_empty() {
        let names: Vec<String> = parents.iter().map(|key| format!("`{key}`")).collect();
        findings
            .report(
                cx.operation.place,
                format!(
                    "dropping `{name}` also locks {}, which it refers to, against reads and writes",
                    names.join(", ")
                ),
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
