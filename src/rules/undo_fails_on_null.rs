//! The down requires values again and fails once a row holds NULL.

use std::ops::ControlFlow;

use crate::name::Name;
use crate::operation::{Action, Ident, Kind, ObjectName, Target};
use crate::rule::{Check, Findings, OperationContext, Rule, Trail, Way, sql_ident, sql_object};

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
    if !required || !cx.is_old_column(table, &column.name) {
        return;
    }
    let Some(back) = set_again(cx, table, &column.name) else {
        return;
    };
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
            sql_object(back.0),
            sql_ident(back.1)
        ));
}

/// The table and column of which the down requires values again, as it names
/// them, where it does not see to the rows before.
fn set_again<'a>(
    cx: &OperationContext<'a>,
    table: &Target,
    column: &Name,
) -> Option<(&'a ObjectName, &'a Ident)> {
    let mut trails = [Trail::new(cx.schema.resolve(&table.name), &[*column])];
    cx.follow(&mut trails, |way, op, trails| {
        let trail = &trails[0];
        match &op.action {
            Action::SetNotNull { table, column }
                if trail.has(&column.name) && trail.is(cx.schema, &table.name) =>
            {
                ControlFlow::Break((way == Way::Back).then_some((&table.name, column)))
            }
            _ if way == Way::Back && cx.sees_to_rows(op, trail) => ControlFlow::Break(None),
            _ => ControlFlow::Continue(()),
        }
    })
}
