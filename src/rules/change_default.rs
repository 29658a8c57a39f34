//! A default becomes another one.

use crate::operation::column::OF_SERIAL;
use crate::operation::{Action, Kind};
use crate::project::Layout;
use crate::rule::{Check, Findings, OperationContext, Rule, is_constant, same_expression};

pub const RULE: Rule = Rule {
    id: "change-default",
    page: include_str!("../../rules/change-default.md"),
    check: Check::Operation {
        on: &[Kind::SetDefault],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::SetDefault {
        table,
        column,
        default,
    } = &cx.operation.action
    else {
        return;
    };
    let recorded = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let Some(old) = recorded.and_then(|c| c.default.as_ref()) else {
        return;
    };
    if !cx.is_old_column(table, &column.name)
        || same_expression(&old.text, &default.text)
        || are_random_uuids(&old.text, &default.text)
        || old.text.trim().eq_ignore_ascii_case("null")
        || cx.default_returns(table, &column.name)
    {
        return;
    }
    // Prisma Client sends what its own schema has as a literal, or as now().
    let sent = |text: &str| {
        let now = ["CURRENT_TIMESTAMP", "now()"];
        is_constant(text) || now.iter().any(|now| text.eq_ignore_ascii_case(now))
    };
    let is_prisma = cx.scene.layout == Layout::Prisma && sent(old.text.trim());
    let then = match is_prisma {
        true => {
            "Prisma Client of the old release goes on to write the old one, and what does not write through it stores the new one"
        }
        false => "INSERTs of the old release store the new one",
    };
    let advice = match is_prisma {
        true => format!(
            "Make sure that every release can read both values: rows with the old one are written until the old release is gone, and rows with `{}` by what inserts without Prisma Client.",
            default.text
        ),
        false => format!(
            "Make sure that the old release can read `{}` in rows that it inserts itself, or write the value in the new code and leave the default alone.",
            default.text
        ),
    };
    // A serial column's own, which no file spells out.
    let old = match &*old.text {
        OF_SERIAL => "the next value of its sequence".to_owned(),
        text => format!("`{text}`"),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "changes the default of `{}` in `{}` from {old} to `{}`: {then}",
                column.name, table.name, default.text
            ),
        )
        .help(advice);
}

/// Any of them gives a random UUID (manual, "UUID Functions" and "uuid-ossp").
fn are_random_uuids(old: &str, new: &str) -> bool {
    let is_random = |text: &str| {
        let name = text.rsplit('.').next().unwrap_or(text).trim();
        ["uuid_generate_v4()", "gen_random_uuid()", "uuidv4()"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    is_random(old) && is_random(new)
}
