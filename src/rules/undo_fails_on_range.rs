//! The way back narrows an integer and fails once a row holds more.

use crate::effect::conversion::largest;
use crate::finding::Severity;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-range",
    page: include_str!("../../rules/undo-fails-on-range.md"),
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
    let recorded = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let Some(old) = recorded.map(|c| &c.ty) else {
        return;
    };
    let (Some(least), Some(more)) = (largest(old), largest(ty)) else {
        return;
    };
    let silent = more <= least
        || !cx.is_old_column(table, &column.name)
        || cx.column_goes(table, &column.name);
    if silent {
        return;
    }
    let back = cx
        .back_on(Facet::Part, &column.name)
        .any(|op| match &op.action {
            Action::AlterColumnType {
                table: t,
                column: c,
                ..
            } => c.name == column.name && cx.is_same(&t.name, &table.name),
            _ => false,
        });
    let way = if back { "the down" } else { "the way back" };
    let (name, shown) = (sql_object(&table.name), sql_ident(column));
    findings
        .report(
            cx.operation.place,
            format!(
                "widens `{}` of `{}` from `{old}` to `{ty}`: {way} fails once a row holds more than {least}",
                column.name, table.name
            ),
        )
        .severity(if back { Severity::Warning } else { Severity::Info })
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Keep the numbers below the limit until this release is final, and count before going back:\n\
             SELECT count(*) FROM {name} WHERE {shown} > {least};"
        ));
}
