//! A stored generated column is written into every row.

use crate::operation::{Action, Kind, ObjectName};
use crate::rule::{Check, ColumnWork, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "generated-column-rewrite",
    page: include_str!("../../rules/generated-column-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::AddColumn, Kind::SetExpression],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    match &cx.operation.action {
        Action::AddColumn { table, column, .. }
            if cx.column_work() == Some(ColumnWork::Generated) =>
        {
            report(cx, findings, &table.name, &column.name);
        }
        Action::SetExpression { table, column, .. } if cx.blocks(&table.name) => {
            report(cx, findings, &table.name, &column.name);
        }
        _ => {}
    }
}

fn report(cx: &OperationContext<'_>, findings: &mut Findings, table: &ObjectName, column: &str) {
    let sql = sql_object(table);
    let help = if cx.scene.dialect.version >= 18 {
        format!(
            "where no index or key needs it, make it VIRTUAL, which writes nothing to {sql} (PostgreSQL 18); or fill a plain column by a trigger and in batches"
        )
    } else {
        format!(
            "add a plain column to {sql}, fill it by a trigger and in batches; or compute it in a view"
        )
    };
    findings
        .report(
            cx.operation.place,
            format!("`{table}.{column}` is stored in every row: the table is rewritten while reads and writes wait"),
        )
        .help(help)
        .confidence(cx.confidence(table));
}
