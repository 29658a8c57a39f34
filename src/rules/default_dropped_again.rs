//! A default that is given and taken away leaves a required column.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "default-dropped-again",
    page: include_str!("../../rules/default-dropped-again.md"),
    check: Check::Operation {
        on: &[Kind::DropDefault],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropDefault { table, column } = &cx.operation.action else {
        return;
    };
    let required = cx.table(&table.name).is_some_and(|t| {
        let recorded = t.column(&column.name);
        t.is_not_null(&column.name) && recorded.is_some_and(|c| c.default.is_some())
    });
    if !required
        || !cx.is_used(table)
        || !cx.column_is_new(table, &column.name)
        || cx.column_goes(table, &column.name)
        || cx.default_returns(table, &column.name)
        || cx.is_filled(&table.name, &column.name, "insert")
    {
        return;
    }
    if findings.add_to_statement(cx, format!("and that of `{}`", column.name)) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "takes the default of the new column `{}` of `{}` away again: existing rows have a value, but INSERTs of the old release fail",
                column.name, table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Leave the default in place for this release, and drop it once every release writes `{0}`:\n\
             ALTER TABLE {1} ALTER COLUMN {2} DROP DEFAULT;",
            column.name,
            sql_object(&table.name),
            sql_ident(column)
        ));
}
