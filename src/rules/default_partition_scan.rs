//! A new partition makes the server read the default partition.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_key, sql_name};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "default-partition-scan",
    page: include_str!("../../rules/default-partition-scan.md"),
    check: Check::Operation {
        on: &[Kind::CreateTable, Kind::AttachPartition],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let added = match &cx.operation.action {
        Action::CreateTable(create) if create.partition_of.is_some() => &create.name,
        Action::AttachPartition { partition, .. } => partition,
        _ => return,
    };
    let Some(default) = scanned_default(cx) else {
        return;
    };
    let sql = sql_key(default);
    let name = sql_name(&format!("{}_not_in", added.name));
    findings
        .report(
            cx.operation.place,
            format!(
                "adding partition `{added}` reads all of default partition `{default}` while its reads and writes wait"
            ),
        )
        .help(format!(
            "prove first, in earlier migrations, that no row of {sql} belongs into the new one:\n  \
             ALTER TABLE {sql} ADD CONSTRAINT {name} CHECK (…) NOT VALID;\n  \
             ALTER TABLE {sql} VALIDATE CONSTRAINT {name};"
        ));
}

fn scanned_default<'a>(cx: &'a OperationContext<'_>) -> Option<&'a Key> {
    cx.effect
        .worked_under_lock()
        .map(|(key, _)| key)
        .find(|key| {
            !cx.is_new_key(key)
                && cx
                    .schema
                    .table_by_key(key)
                    .and_then(|table| table.partition.as_ref())
                    .is_some_and(|partition| partition.bound.default)
        })
}
