//! The way back narrows the type and fails once a row holds more.

use crate::effect::conversion::{Conversion, conversion, largest};
use crate::finding::Severity;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-longer-value",
    page: include_str!("../../rules/undo-fails-on-longer-value.md"),
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
    let limited = matches!(conversion(ty, old), Conversion::Narrower)
        && matches!(
            conversion(old, ty),
            Conversion::Wider | Conversion::WiderThanReaders
        );
    let integers = largest(old).is_some() && largest(ty).is_some();
    // `char(36)` and `varchar(36)` hold values of one length.
    let as_long = old.modifiers[0].is_some() && old.modifiers == ty.modifiers;
    if !limited
        || as_long
        || integers
        || !cx.is_old_column(table, &column.name)
        || cx.column_goes(table, &column.name)
    {
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
    findings
        .report(
            cx.operation.place,
            format!(
                "widens `{}` of `{}` from `{old}` to `{ty}`: {way} fails once a row holds a value that `{old}` does not",
                column.name, table.name
            ),
        )
        .severity(if back { Severity::Warning } else { Severity::Info })
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let the code write only what `{old}` holds until this release is final, or decide in the down what becomes of the others:\n\
             ALTER TABLE {} ALTER COLUMN {} TYPE {old} USING <expression>;",
            sql_object(&table.name),
            sql_ident(column)
        ));
}
