//! `DETACH PARTITION` locks the whole partitioned table.

use crate::operation::{Action, DetachMode, Kind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "detach-partition-blocking",
    page: include_str!("../../rules/detach-partition-blocking.md"),
    check: Check::Operation {
        on: &[Kind::DetachPartition],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DetachPartition {
        table,
        partition,
        mode: DetachMode::Plain,
    } = &cx.operation.action
    else {
        return;
    };
    let concurrent = cx.scene.dialect.version >= 14 && !has_default(cx, &table.name);
    if concurrent && cx.visible_table(table) {
        findings
            .report(
                cx.operation.place,
                format!(
                    "detaching `{partition}` locks all of `{}` against reads and writes",
                    table.name
                ),
            )
            .help(format!(
                "run `ALTER TABLE {} DETACH PARTITION {} CONCURRENTLY;` {}",
                sql_object(&table.name),
                sql_object(partition),
                cx.scene.without_transaction()
            ))
            .confidence(cx.confidence(&table.name));
    }
}

fn has_default(cx: &OperationContext<'_>, parent: &ObjectName) -> bool {
    cx.table(parent).is_some_and(|table| {
        table.children.iter().any(|child| {
            cx.schema
                .table_by_key(child)
                .and_then(|table| table.partition.as_ref())
                .is_some_and(|partition| partition.bound.default)
        })
    })
}
