//! A column goes while the old release may use it.

use crate::operation::{Action, Kind, Operation};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-column",
    page: include_str!("../../rules/drop-column.md"),
    check: Check::Operation {
        on: &[Kind::DropColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropColumn {
        table,
        column,
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let unknown = cx
        .table(&table.name)
        .is_none_or(|t| t.column(&column.name).is_none());
    if !cx.is_old_column(table, &column.name)
        || *if_exists && unknown
        || cx.is_dropped_later(&table.name)
    {
        return;
    }
    let again = cx.column_returns(table, &column.name);
    if again.is_some_and(keeps_values) {
        return;
    }
    let name = &table.name;
    let fact = if again.is_some() {
        format!(
            "drops column `{}` of `{name}` and adds it again without its values",
            column.name
        )
    } else {
        format!(
            "drops column `{}` of `{name}` with its values, which the old release may still use",
            column.name
        )
    };
    findings
        .report(cx.operation.place, fact)
        .confidence(cx.confidence(name))
        .help(format!(
            "Release code that neither reads nor writes `{0}` first (ORMs list all columns: tell it to ignore this one); \
             then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             ALTER TABLE {1} DROP COLUMN {0};",
            sql_ident(column),
            sql_object(name)
        ));
}

/// A column renamed into the place has its own values; a generated one
/// computes them.
fn keeps_values(again: &Operation) -> bool {
    match &again.action {
        Action::AddColumn { column, .. } => column.generated.is_some(),
        _ => true,
    }
}
