//! Readers of the old release meet NULL.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-not-null",
    page: include_str!("../../rules/drop-not-null.md"),
    check: Check::Operation {
        on: &[Kind::DropNotNull],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropNotNull { table, column } = &cx.operation.action else {
        return;
    };
    let recorded = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let nullable = recorded.is_some()
        && !cx
            .table(&table.name)
            .is_some_and(|t| t.is_not_null(&column.name));
    let again = cx
        .later_on(Facet::Part, &column.name)
        .any(|op| match &op.action {
            Action::SetNotNull {
                table: t,
                column: c,
            } => c.name == column.name && cx.is_same(&t.name, &table.name),
            _ => false,
        });
    if nullable
        || again
        || !cx.is_old_column(table, &column.name)
        || cx.column_goes(table, &column.name)
    {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "lets `{}` of `{}` be NULL: the old release reads it as if it never were",
                column.name, table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Release code that can read NULL in `{0}` before any code writes it. The way back works only while no row holds NULL:\n\
             ALTER TABLE {1} ALTER COLUMN {2} SET NOT NULL;",
            column.name,
            sql_object(&table.name),
            sql_ident(column)
        ));
}
