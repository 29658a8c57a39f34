//! `REINDEX` blocks writes until the index is rebuilt.

use crate::operation::{Action, ConstraintKind, Kind, ObjectName, ReindexTarget};
use crate::rule::{Check, Findings, OperationContext, Rule};
use crate::schema::TableConstraint;

pub const RULE: Rule = Rule {
    id: "reindex-blocking",
    page: include_str!("../../rules/reindex-blocking.md"),
    check: Check::Operation {
        on: &[Kind::Reindex],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Reindex {
        target,
        name,
        concurrently: false,
    } = &cx.operation.action
    else {
        return;
    };
    if *target == ReindexTarget::System || is_new(cx, name.as_ref()) {
        return;
    }
    // A table without indexes; 13 passes over partitioned ones.
    let known = name.as_ref().is_some_and(|name| cx.table(name).is_some());
    if *target == ReindexTarget::Table && known && cx.effect.index_rebuilds.is_empty() {
        return;
    }
    let (sql, _) = cx.with_word(word(*target), "CONCURRENTLY");
    let what = name
        .as_ref()
        .map_or(String::new(), |name| format!(" `{name}`"));
    let is_whole = name.as_ref().is_some_and(|name| is_rebuilt_whole(cx, name));
    findings
        .report(
            cx.operation.place,
            format!("`REINDEX`{what} blocks writes, and reads that are planned meanwhile, until it is done"),
        )
        .help(format!("run `{sql}` {}", cx.scene.without_transaction()))
        .fix(cx.concurrently(word(*target), "rebuild it concurrently", is_whole));
}

fn is_new(cx: &OperationContext<'_>, name: Option<&ObjectName>) -> bool {
    let Some(name) = name else {
        return false;
    };
    match cx.schema.index(name) {
        Some(index) => cx.is_new_key(&index.table),
        None => cx.is_new(name),
    }
}

/// An index that is rebuilt concurrently as well: those of exclusion constraints
/// are not, and of a table those that are invalid are passed over.
fn is_rebuilt_whole(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    let Some(index) = cx.schema.index(name) else {
        return false;
    };
    let excludes = |constraint: &TableConstraint| {
        constraint.index.as_ref() == Some(&index.key)
            && matches!(constraint.definition.kind, ConstraintKind::Exclude { .. })
    };
    cx.schema.table_by_key(&index.table).is_some_and(|table| {
        !table.is_partitioned() && !table.constraints.iter().any(|c| excludes(c))
    })
}

fn word(target: ReindexTarget) -> &'static str {
    match target {
        ReindexTarget::Index => "INDEX",
        ReindexTarget::Table => "TABLE",
        ReindexTarget::Schema => "SCHEMA",
        ReindexTarget::Database => "DATABASE",
        ReindexTarget::System => "SYSTEM",
    }
}
