//! A column gets another name, which the old release does not know.

use crate::effect::conversion::Conversion;
use crate::operation::{Action, Ident, Kind, Operation, Target};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, listed, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "rename-column",
    page: include_str!("../../rules/rename-column.md"),
    check: Check::Operation {
        on: &[Kind::RenameColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::RenameColumn { table, column, to } = &cx.operation.action else {
        return;
    };
    let again = cx.column_returns(table, &column.name);
    let is_computed = again.is_some_and(|op| cx.becomes_generated(table, &column.name, op));
    let keeps = |op: &Operation| cx.keeps_values(table, op) || is_refilled(cx, op);
    if !cx.is_old_column(table, &column.name)
        || !is_computed && again.is_some_and(keeps)
        || cx.is_replaced(&table.name)
        || cx.is_dropped_later(&table.name)
        || cx.column_is_renamed(table, &column.name)
        // What goes in the end is told where it goes.
        || again.is_none() && cx.column_goes_in_the_end(table, &to.name)
    {
        return;
    }
    let help = remedy(cx, table, column, to);
    findings
        .report(
            cx.operation.place,
            format!(
                "renames column `{}` of `{}`, which the old release still uses by that name{}",
                column.name,
                table.name,
                match again.map(|op| &op.action) {
                    _ if is_computed => {
                        ", and gives the name to a generated one, which no release can write"
                            .to_owned()
                    }
                    Some(Action::RenameColumn { column: other, .. }) => {
                        format!(", and gives the name to `{}`", other.name)
                    }
                    Some(_) => ", and gives the name to a new one".to_owned(),
                    None => String::new(),
                }
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(help);
}

fn remedy(cx: &OperationContext<'_>, table: &Target, column: &Ident, to: &Ident) -> String {
    if cx.stands_on_it(table, &column.name) {
        return format!(
            "Keep the name in the database and give the column another one in the code: a key stands on `{}`, and goes with it when a copy takes its place",
            column.name
        );
    }
    let (name, old, new) = (sql_object(&table.name), sql_ident(column), sql_ident(to));
    let known = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let (add, check) = match known {
        Some(known) => cx.column_without_domain(table, &to.name, &known.ty),
        None => (format!("ALTER TABLE {name} ADD COLUMN {new} <type>;"), None),
    };
    let check = check.map_or_else(String::new, |check| {
        format!("-- and have it checked for what the domain asks:\n{check}\n")
    });
    let beside = match &cx.lacks_beside(table, &column.name)[..] {
        [] => String::new(),
        rules => format!("-- give {new} what {old} has: {}\n", listed(rules)),
    };
    let left_out = { cx.lets_be_left_out(table, &[column]) }.map_or_else(String::new, |sql| {
        format!("-- let {old} be left out:\n{sql}\n")
    });
    let left_out = match known {
        None => format!(
            "-- if {old} is NOT NULL:\nALTER TABLE {name} ALTER COLUMN {old} DROP NOT NULL;\n"
        ),
        Some(_) => left_out,
    };
    let is_converted = cx
        .later_on(Facet::Rows, &table.name.name)
        .any(|op| match &op.action {
            Action::Update(update) => update.columns.iter().any(|c| c.name == to.name),
            _ => false,
        });
    let filled = match is_converted {
        true => format!(
            "-- release code that writes both, {new} converted as it is here; then fill {new} in the same way where it is NULL, in batches\n"
        ),
        false => format!(
            "-- release code that writes both; then, in batches:\n\
             UPDATE {name} SET {new} = {old} WHERE {new} IS DISTINCT FROM {old};\n"
        ),
    };
    format!(
        "Spread it over releases instead:\n\
         {add}\n\
         {filled}\
         {check}{beside}{left_out}\
         -- release code that uses only {new}; then, in a migration declared contract{}:\n\
         ALTER TABLE {name} DROP COLUMN {old};",
        cx.once_unused(table, &column.name)
    )
}

/// Is a column of the same type added under the name, and filled?
fn is_refilled(cx: &OperationContext<'_>, again: &Operation) -> bool {
    let Action::AddColumn { table, column, .. } = &again.action else {
        return false;
    };
    let old = cx.table(&table.name).and_then(|t| t.column(&column.name));
    let same = old.is_some_and(|old| {
        let change = cx.conversion(&old.ty, &column.ty);
        matches!(change, Conversion::Same | Conversion::Wider)
    });
    let fills = |op: &Operation| match &op.action {
        Action::Update(update) => {
            let mut columns = update.columns.iter();
            columns.any(|c| c.name == column.name) && cx.is_same(&update.table, &table.name)
        }
        _ => false,
    };
    same && cx.later_on(Facet::Rows, &table.name.name).any(fills)
}
