//! `SET ACCESS METHOD` rewrites the table.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "access-method-rewrite",
    page: include_str!("../../rules/access-method-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::SetAccessMethod],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::SetAccessMethod { table, to } = &cx.operation.action else {
        return;
    };
    if cx.blocks(&table.name) {
        let sql = sql_object(&table.name);
        findings
            .report(
                cx.operation.place,
                format!(
                    "storing `{}` by access method `{}` rewrites it while reads and writes wait",
                    table.name, to.name
                ),
            )
            .help(format!(
                "move the rows in batches to a new table, then rename: `CREATE TABLE {sql}_new (LIKE {sql} INCLUDING ALL) USING {};`",
                sql_ident(to)
            ))
            .confidence(cx.confidence(&table.name));
    }
}
