//! The down requires values again and fails once a row holds NULL.

use crate::operation::{Action, Kind};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, mentions, sql_ident, sql_object,
};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-null",
    page: include_str!("../../rules/undo-fails-on-null.md"),
    check: Check::Operation {
        on: &[Kind::DropNotNull],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropNotNull { table, column } = &cx.operation.action else {
        return;
    };
    let required = cx
        .table(&table.name)
        .is_none_or(|t| t.column(&column.name).is_none() || t.is_not_null(&column.name));
    let again = cx
        .back_on(Facet::Part, &column.name)
        .any(|op| match &op.action {
            Action::SetNotNull {
                table: t,
                column: c,
            } => c.name == column.name && cx.is_same(&t.name, &table.name),
            _ => false,
        });
    let filled = cx
        .back_on(Facet::Rows, &table.name.name)
        .any(|op| match &op.action {
            Action::Update(update) => {
                cx.is_same(&update.table, &table.name)
                    && update.columns.iter().any(|c| c.name == column.name)
            }
            // Rows that hold NULL go first.
            Action::Delete(delete) => {
                let filter = delete.filter.as_ref();
                cx.is_same(&delete.table, &table.name)
                    && filter.is_none_or(|f| mentions(&f.text, &column.name))
            }
            _ => false,
        });
    if !required || !again || filled || !cx.is_old_column(table, &column.name) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "the down sets `{}` of `{}` NOT NULL again and fails once a row holds NULL",
                column.name, table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let the down give those rows a value first:\n\
             UPDATE {0} SET {1} = <value> WHERE {1} IS NULL;\n\
             ALTER TABLE {0} ALTER COLUMN {1} SET NOT NULL;",
            sql_object(&table.name),
            sql_ident(column)
        ));
}
