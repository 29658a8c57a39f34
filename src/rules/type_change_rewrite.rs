//! A type change that rewrites the table locks it until the last row is written.

use crate::finding::{Confidence, Severity};
use crate::operation::{Action, DataType, Ident, Kind, Target};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident};

pub const RULE: Rule = Rule {
    id: "type-change-rewrite",
    page: include_str!("../../rules/type-change-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::AlterColumnType],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AlterColumnType {
        table,
        column,
        ty,
        collation,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    if cx.effect.rewrites.is_empty() || !cx.blocks(&table.name) {
        return;
    }
    if cx.may_be_text_already() {
        return perhaps_longer(cx, findings, table, column, ty, collation.is_some());
    }
    if findings.add_to_statement(cx, format!("and `{}`, in the same rewrite", column.name)) {
        return;
    }
    let from = cx
        .column_type(&table.name, &column.name)
        .filter(|old| *old != ty.to_string())
        .map_or(String::new(), |old| format!(" from `{old}`"));
    let new = format!("{}_new", column.name);
    let (add, check) = cx.column_without_domain(table, &new, ty);
    let check = check.map_or_else(String::new, |check| {
        format!(
            "; once every row has a value there, have it checked for what the domain asks:\n  {check}"
        )
    });
    findings
        .report(
            cx.operation.place,
            format!(
                "changing `{}.{}`{from} to `{ty}` rewrites the table while reads and writes wait",
                table.name, column.name
            ),
        )
        .help(match cx.is_new_column(&table.name, &column.name) {
            true => format!(
                "give {} the type `{ty}` where this migration adds it",
                sql_ident(column)
            ),
            false => format!(
                "add a column beside it and move the values in batches:\n  \
                 {add}\n\
                 keep it in step with {} by a trigger, switch the application over, and drop the old column in a later release{check}",
                sql_ident(column)
            ),
        })
        .confidence(cx.confidence(&table.name));
}

/// Text that may only get longer, of a column that the history does not show: said
/// once in a file.
fn perhaps_longer(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    column: &Ident,
    ty: &DataType,
    collated: bool,
) {
    let what = format!("`{}.{}`", table.name, column.name);
    let place = cx.place(cx.operation.place);
    if findings.add_to_alike(NOT_SHOWN, place, &format!("nor what {what} was")) {
        return;
    }
    let cheap = match ty.modifiers[0] {
        Some(_) => format!("`{ty}` or a shorter one"),
        None => "`varchar` or `text`".to_owned(),
    };
    let (also, look) = match collated {
        true => (
            ", and builds its indexes anew if they had another collation",
            "type and the collation",
        ),
        false => ("", "type"),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "changing {what} to `{ty}` rewrites the table, unless it was {cheap} before{also}: {NOT_SHOWN}"
            ),
        )
        .severity(Severity::Info)
        .confidence(Confidence::Low)
        .help(format!("look up the {look} where this is going to run"));
}

const NOT_SHOWN: &str = "the history does not show what it was";
