//! The down requires values again and fails once a row holds NULL.

use std::ops::ControlFlow;

use smol_str::SmolStr;

use crate::name::Name;
use crate::operation::{Action, Constraint, ConstraintKind, Kind, ObjectName, Target};
use crate::rule::{
    Check, Findings, OperationContext, Rule, Trail, Way, sql_ident, sql_name, sql_object,
};

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
    let (name, sql) = (sql_object(back.table), &back.column);
    let (what, then) = match back.by_key {
        true => (
            format!(
                "makes `{}` of `{}` part of the primary key",
                column.name, table.name
            ),
            String::new(),
        ),
        false => (
            format!("sets `{}` of `{}` NOT NULL", column.name, table.name),
            format!("\nALTER TABLE {name} ALTER COLUMN {sql} SET NOT NULL;"),
        ),
    };
    findings
        .report(
            cx.operation.place,
            format!("the down {what} again and fails once a row holds NULL"),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let the down give those rows a value first:\n\
             UPDATE {name} SET {sql} = <value> WHERE {sql} IS NULL;{then}"
        ));
}

/// What the down requires values of again, as it names it.
struct Back<'a> {
    table: &'a ObjectName,
    column: SmolStr,
    by_key: bool,
}

/// Where the down requires values of the column again and does not see to the
/// rows before.
fn set_again<'a>(cx: &OperationContext<'a>, table: &Target, column: &Name) -> Option<Back<'a>> {
    let mut trails = [Trail::new(cx.schema.resolve(&table.name), &[*column])];
    cx.follow(&mut trails, |way, op, trails| {
        let trail = &trails[0];
        let back = match &op.action {
            Action::SetNotNull { table, column } if trail.has(&column.name) => Back {
                table: &table.name,
                column: sql_ident(column),
                by_key: false,
            },
            Action::AddConstraint { table, constraint }
                if key_column(constraint, trail).is_some() =>
            {
                Back {
                    table: &table.name,
                    column: key_column(constraint, trail)
                        .map_or_else(SmolStr::default, |c| sql_name(c)),
                    by_key: true,
                }
            }
            _ if way == Way::Back && cx.sees_to_rows(op, trail) => return ControlFlow::Break(None),
            _ => return ControlFlow::Continue(()),
        };
        match trail.is(cx.schema, back.table) {
            true => ControlFlow::Break((way == Way::Back).then_some(back)),
            false => ControlFlow::Continue(()),
        }
    })
}

/// The column of a trail that a primary key is made of.
fn key_column<'c>(constraint: &'c Constraint, trail: &Trail) -> Option<&'c Name> {
    match &constraint.kind {
        ConstraintKind::PrimaryKey(key) => key.columns.iter().find(|column| trail.has(column)),
        _ => None,
    }
}
