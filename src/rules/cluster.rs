//! `CLUSTER` rewrites the table while reads and writes wait.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "cluster",
    page: include_str!("../../rules/cluster.md"),
    check: Check::Operation {
        on: &[Kind::Cluster],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Cluster { table, .. } = &cx.operation.action else {
        return;
    };
    let (what, sql) = match table {
        Some(table) if cx.is_new(table) => return,
        Some(table) => (format!("`{table}`"), sql_object(table)),
        None => (
            "every table that was clustered before".into(),
            "the tables".into(),
        ),
    };
    findings
        .report(
            cx.operation.place,
            format!("`CLUSTER` rewrites {what} while reads and writes wait"),
        )
        .help(format!(
            "order {sql} with a tool that works online, such as pg_repack, or in a maintenance window"
        ));
}
