//! A column gets another type while the old release reads and writes the old one.

use crate::effect::conversion::{Conversion, conversion};
use crate::finding::{Confidence, Severity};
use crate::operation::{Action, DataType, Ident, Kind, Target};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "change-column-type",
    page: include_str!("../../rules/change-column-type.md"),
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
    if !cx.is_old_column(table, &column.name) || cx.column_goes(table, &column.name) {
        return;
    }
    let recorded = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let Some(old) = recorded.map(|c| &c.ty) else {
        return unknown(cx, findings, table, column, ty);
    };
    let (severity, then) = match conversion(old, ty) {
        Conversion::Same | Conversion::Wider => return,
        Conversion::WiderThanReaders => (
            Severity::Warning,
            "the old release may read values that its own type does not hold",
        ),
        Conversion::Narrower => (
            Severity::Error,
            "what the old release writes may no longer fit",
        ),
        Conversion::Other => (
            Severity::Error,
            "the old release still reads and writes the old type",
        ),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "changes `{}` of `{}` from `{old}` to `{ty}`: {then}",
                column.name, table.name
            ),
        )
        .severity(severity)
        .confidence(cx.confidence(&table.name))
        .help(remedy(table, column, ty));
}

/// The old type is not in the history.
fn unknown(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    column: &Ident,
    ty: &DataType,
) {
    findings
        .report(
            cx.operation.place,
            format!(
                "changes `{}` of `{}` to `{ty}`, and the history does not tell from what: the old release still reads and writes the old type",
                column.name, table.name
            ),
        )
        .severity(Severity::Warning)
        .confidence(Confidence::Low)
        .help(remedy(table, column, ty));
}

fn remedy(table: &Target, column: &Ident, ty: &DataType) -> String {
    let (name, old) = (sql_object(&table.name), sql_ident(column));
    let new = sql_name(&format!("{}_new", column.name));
    format!(
        "Put a column of the new type beside it:\n\
         ALTER TABLE {name} ADD COLUMN {new} {ty};\n\
         -- release code that writes both, fill the rows in batches, release code that reads {new}; then, in a migration declared contract:\n\
         ALTER TABLE {name} DROP COLUMN {old};"
    )
}
