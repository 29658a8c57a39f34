//! A down takes rows that were there before the up.

use crate::operation::{Action, ObjectName};
use crate::rule::{Check, Findings, MigrationContext, Rule, mentions};
use crate::source::Span;

pub const RULE: Rule = Rule {
    id: "down-loses-data",
    page: include_str!("../../rules/down-loses-data.md"),
    check: Check::Down(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    for step in cx.steps.iter().filter(|s| !s.operation.within.conditional) {
        let Some((place, what)) = lost(cx, &step.operation.action, step.operation.place) else {
            continue;
        };
        findings
            .report_in(step.source, place, format!("the down loses {what}"))
            .help("Take back only what the up did: name the rows, or keep them where they can be read back");
    }
}

fn lost(cx: &MigrationContext<'_>, action: &Action, place: Span) -> Option<(Span, String)> {
    match action {
        Action::Truncate { tables, .. } => {
            let table = tables.iter().find(|table| is_older(cx, table))?;
            Some((table.span, format!("all rows of `{table}`")))
        }
        Action::Delete(delete) if delete.filter.is_none() && delete.using.is_none() => {
            let older = is_older(cx, &delete.table);
            older.then(|| (place, format!("all rows of `{}`", delete.table)))
        }
        Action::DropColumn { table, column, .. } => {
            let filled = moved_to(cx, &table.name, &column.name)?;
            Some((
                place,
                format!(
                    "the values of `{}.{}`, which the up took from `{filled}` and dropped there",
                    table.name, column.name
                ),
            ))
        }
        _ => None,
    }
}

/// It was there before the up, which put no rows of its own into it.
fn is_older(cx: &MigrationContext<'_>, table: &ObjectName) -> bool {
    !cx.scene.forth.iter().any(|op| match &op.action {
        Action::CreateTable(create) => create.name.name == table.name,
        Action::Rename { to, .. } => to.name == table.name,
        _ => false,
    })
}

/// The column that the up filled this one from, and dropped; the down does not
/// fill it again.
fn moved_to(cx: &MigrationContext<'_>, table: &ObjectName, column: &str) -> Option<String> {
    let forth = cx.scene.forth;
    let fill = forth.iter().find_map(|op| match &op.action {
        Action::Update(update)
            if update.table.name == table.name
                && update.columns.iter().any(|c| c.name == column) =>
        {
            Some(&update.assignments.text)
        }
        _ => None,
    })?;
    let source = forth.iter().find_map(|op| match &op.action {
        Action::DropColumn {
            table: t,
            column: c,
            ..
        } if t.name.name == table.name && c.name != column && mentions(fill, &c.name) => {
            Some(c.name.to_string())
        }
        _ => None,
    })?;
    let copied_back = cx.steps.iter().any(|step| match &step.operation.action {
        Action::Update(update) => update.columns.iter().any(|c| c.name == source),
        Action::AlterColumnType { column, .. } => column.name == source,
        _ => false,
    });
    (!copied_back).then_some(source)
}
