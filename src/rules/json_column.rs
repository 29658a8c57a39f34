//! A json column breaks DISTINCT and GROUP BY over whole rows.

use crate::operation::{Action, Kind, Target};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "json-column",
    page: include_str!("../../rules/json-column.md"),
    check: Check::Operation {
        on: &[Kind::AddColumn, Kind::AlterColumnType],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, column, ty) = match &cx.operation.action {
        Action::AddColumn { table, column, .. } => (table, &column.name, &column.ty),
        Action::AlterColumnType {
            table, column, ty, ..
        } => (table, &column.name, ty),
        _ => return,
    };
    let was_json = cx
        .table(&table.name)
        .and_then(|t| t.column(column))
        .is_some_and(|c| c.ty.name == "json");
    if !ty.is_json() || was_json || !cx.is_used(table) {
        return;
    }
    let comes = format!("gives `{}` the `json` column", table.name);
    let also = format!("so does `{column}`");
    if findings.add_to_alike(&comes, cx.place(cx.operation.place), &also) {
        return;
    }
    // Whole rows were not equal to each other before either.
    if has_json_before(cx, table) {
        return;
    }
    let change = match &cx.operation.action {
        Action::AddColumn { column: new, .. } => {
            let not_null = if new.not_null { " NOT NULL" } else { "" };
            let default = new.default.as_ref().map_or_else(String::new, |default| {
                format!(" DEFAULT {}", default.text.replace("::json", "::jsonb"))
            });
            format!("ADD COLUMN {} jsonb{not_null}{default}", sql_name(column))
        }
        _ => format!(
            "ALTER COLUMN {0} TYPE jsonb USING {0}::jsonb",
            sql_name(column)
        ),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "{comes} `{column}`, which has no equality: SELECT DISTINCT, GROUP BY and UNION over its rows fail in the old release"
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!("Use jsonb, which can be compared:\nALTER TABLE {} {change};", sql_object(&table.name)));
}

/// A column that the old release knows, and that has no equality.
fn has_json_before(cx: &OperationContext<'_>, target: &Target) -> bool {
    let known = cx.table(&target.name);
    let mut columns = known.into_iter().flat_map(|table| &table.columns);
    columns
        .any(|c| c.ty.schema.is_none() && c.ty.name == "json" && !cx.column_is_new(target, &c.name))
}
