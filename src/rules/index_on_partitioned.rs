//! An index on a partitioned table is built on every partition under one lock.

use crate::operation::{Action, CreateIndex, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, on_one_line, sql_key, sql_object};

pub const RULE: Rule = Rule {
    id: "index-on-partitioned",
    page: include_str!("../../rules/index-on-partitioned.md"),
    check: Check::Operation {
        on: &[Kind::CreateIndex],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return;
    };
    let waits = cx.is_partitioned(&index.table) && !index.only && !index.concurrently;
    if waits && !cx.is_new(&index.table) && has_visible_partitions(cx, index) {
        findings
            .report(
                cx.operation.place,
                format!(
                    "building an index on partitioned table `{}` blocks the writes of every partition until all are done",
                    index.table
                ),
            )
            .help(remedy(cx, index));
    }
}

/// Partitions that the history does not show may have been made elsewhere.
fn has_visible_partitions(cx: &OperationContext<'_>, index: &CreateIndex) -> bool {
    cx.table(&index.table).is_some_and(|table| {
        table.children.is_empty() || table.children.iter().any(|child| !cx.is_new_key(child))
    })
}

fn remedy(cx: &OperationContext<'_>, index: &CreateIndex) -> String {
    let table = sql_object(&index.table);
    let partition = cx
        .table(&index.table)
        .and_then(|table| table.children.first())
        .map_or("<partition>".into(), sql_key);
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index
        .name
        .as_ref()
        .map_or_else(|| format!("{}_idx", index.table.name), sql_object);
    let (_, rest) = split_at_table(cx);
    format!(
        "create it on the parent alone, which is quick:\n  \
         CREATE {unique}INDEX {name} ON ONLY {table} {rest};\n\
         then build it on each partition ({}), and attach it:\n  \
         CREATE {unique}INDEX CONCURRENTLY {partition}_idx ON {partition} {rest};\n  \
         ALTER INDEX {name} ATTACH PARTITION {partition}_idx;",
        cx.scene.without_transaction()
    )
}

/// The statement up to its table, and what follows.
fn split_at_table(cx: &OperationContext<'_>) -> (String, String) {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return Default::default();
    };
    let (clause, table) = (cx.operation.clause, index.table.span);
    let before = crate::source::Span::new(clause.start, table.start);
    let after = crate::source::Span::new(table.end, clause.end);
    (on_one_line(cx.text(before)), on_one_line(cx.text(after)))
}
