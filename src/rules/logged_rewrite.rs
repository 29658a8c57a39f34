//! `SET LOGGED` and `SET UNLOGGED` rewrite the table.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "logged-rewrite",
    page: include_str!("../../rules/logged-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::SetPersistence],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::SetPersistence { table, logged } = &cx.operation.action else {
        return;
    };
    if cx.blocks(&table.name) {
        let kind = if *logged { "" } else { "UNLOGGED " };
        let sql = sql_object(&table.name);
        findings
            .report(
                cx.operation.place,
                format!(
                    "`SET {}` rewrites `{}` while reads and writes wait",
                    if *logged { "LOGGED" } else { "UNLOGGED" },
                    table.name
                ),
            )
            .help(format!(
                "move the rows in batches to a table of the other kind, then rename: `CREATE {kind}TABLE {sql}_new (LIKE {sql} INCLUDING ALL);`"
            ))
            .confidence(cx.confidence(&table.name));
    }
}
