//! A type change that keeps the rows rebuilds indexes under `ACCESS EXCLUSIVE`.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_key};

pub const RULE: Rule = Rule {
    id: "index-rebuilt-by-type-change",
    page: include_str!("../../rules/index-rebuilt-by-type-change.md"),
    check: Check::Operation {
        on: &[Kind::AlterColumnType],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AlterColumnType {
        table, column, ty, ..
    } = &cx.operation.action
    else {
        return;
    };
    let rebuilt = &cx.effect.index_rebuilds;
    if !cx.effect.rewrites.is_empty() || rebuilt.is_empty() || !cx.visible_table(table) {
        return;
    }
    let names: Vec<String> = rebuilt.iter().map(|key| format!("`{key}`")).collect();
    let sql: Vec<String> = rebuilt.iter().map(sql_key).collect();
    findings
        .report(
            cx.operation.place,
            format!(
                "changing `{}.{}` to `{ty}` keeps the rows but rebuilds {} while reads and writes wait",
                table.name,
                column.name,
                names.join(", ")
            ),
        )
        .help(format!(
            "drop {} with `DROP INDEX CONCURRENTLY` before the change and build it anew with `CREATE INDEX CONCURRENTLY` after it, in migrations of their own",
            sql.join(", ")
        ))
        .confidence(cx.confidence(&table.name));
}
