//! A new column with a volatile default rewrites the table.

use crate::operation::{Action, Kind};
use crate::rule::{
    Check, ColumnWork, Findings, OperationContext, Rule, one_line, proven_not_null, sql_name,
    sql_object, sql_type,
};

pub const RULE: Rule = Rule {
    id: "volatile-default-rewrite",
    page: include_str!("../../rules/volatile-default-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddColumn { table, column, .. } = &cx.operation.action else {
        return;
    };
    if cx.column_work() != Some(ColumnWork::Default) {
        return;
    }
    let sql = sql_object(&table.name);
    let name = sql_name(&column.name);
    let required = match column.not_null {
        true => format!(
            "; make it NOT NULL once all have a value, {}:\n{}",
            cx.scene.each_apart(),
            proven_not_null(&table.name, &column.name)
        ),
        false => String::new(),
    };
    let (because, help) = match &column.default {
        Some(default) => {
            let value = one_line(&default.text);
            (
                format!("its default `{value}` may differ from row to row"),
                format!(
                    "add the column bare, then give new rows their default:\n  \
                     ALTER TABLE {sql} ADD COLUMN {name} {};\n  \
                     ALTER TABLE {sql} ALTER COLUMN {name} SET DEFAULT {value};\n\
                     and fill the old rows in batches, {}{required}",
                    sql_type(&column.ty),
                    cx.scene.afterwards()
                ),
            )
        }
        None => (
            format!("its type `{}` gives every row a value", column.ty),
            format!("add the column to {sql} with a plain type and fill the old rows in batches"),
        ),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "adding `{}.{}` rewrites the table while reads and writes wait: {because}",
                table.name, column.name
            ),
        )
        .help(help)
        .confidence(cx.confidence(&table.name));
}
