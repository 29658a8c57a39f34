//! Duplicates that the old release writes begin to fail.

use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Kind, ObjectName, Target};
use crate::rule::{
    Check, Findings, OperationContext, Rule, Uniqueness, on_one_line, one_line, sql_name,
    sql_object,
};
use smol_str::SmolStr;

pub const RULE: Rule = Rule {
    id: "add-unique",
    page: include_str!("../../rules/add-unique.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::CreateIndex],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some((table, columns)) = subject(cx) else {
        return;
    };
    let target = Target {
        name: table.clone(),
        if_exists: false,
        only: false,
    };
    // Nobody writes a materialized view.
    if cx.schema.view(table).is_some() {
        return;
    }
    if !cx.old_writes_meet(&target, &columns)
        || Uniqueness::of_operation(cx.schema, cx.operation).is_some_and(|new| cx.was_unique(&new))
    {
        return;
    }
    let list = elements(cx, &columns, |name| name.as_str().into());
    let sql = elements(cx, &columns, |name| sql_name(name));
    let (among, filter) = match predicate(cx) {
        Some(predicate) => (
            format!(" among the rows with `{}`", one_line(predicate)),
            format!(" WHERE {}", on_one_line(predicate)),
        ),
        None => Default::default(),
    };
    findings
        .report(
            cx.operation.place,
            format!("requires `{list}` of `{table}` to be unique{among}: writes of the old release that repeat a value fail"),
        )
        .confidence(cx.confidence(table))
        .help(format!(
            "Release code that writes no duplicates first, and look for those that are there:\n\
             SELECT {sql}, count(*) FROM {}{filter} GROUP BY {sql} HAVING count(*) > 1;",
            sql_object(table)
        ));
}

/// What is unique, expressions as they stand.
fn elements(
    cx: &OperationContext<'_>,
    columns: &[Name],
    spell: impl Fn(&Name) -> SmolStr,
) -> String {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return columns.iter().map(spell).collect::<Vec<_>>().join(", ");
    };
    let elements = index.elements.iter().map(|e| match (&e.column, &e.expr) {
        (Some(column), _) => spell(column).to_string(),
        (None, Some(expr)) => on_one_line(&expr.text),
        _ => "<expression>".to_owned(),
    });
    elements.collect::<Vec<_>>().join(", ")
}

/// The condition of a partial index.
fn predicate<'a>(cx: &OperationContext<'a>) -> Option<&'a str> {
    match &cx.operation.action {
        Action::CreateIndex(index) => index.predicate.as_ref().map(|p| &*p.text),
        _ => None,
    }
}

/// The table and columns of what is new and unique; an adopted index was in
/// force before.
fn subject<'a>(cx: &OperationContext<'a>) -> Option<(&'a ObjectName, Vec<Name>)> {
    match &cx.operation.action {
        Action::AddConstraint { table, constraint } => {
            let ConstraintKind::Unique(key) = &constraint.kind else {
                return None;
            };
            let name = constraint.name.as_ref().map(|name| &*name.name);
            let again = cx.was_there_unseen(&table.name, name);
            (key.using_index.is_none() && !again).then(|| (&table.name, key.columns.clone()))
        }
        Action::CreateIndex(index) if index.unique => {
            let exists = index.if_not_exists
                && index
                    .name
                    .as_ref()
                    .is_some_and(|n| cx.schema.index(n).is_some());
            let name = index.name.as_ref().map(|name| &*name.name);
            let again = cx.was_there_unseen(&index.table, name);
            let columns = index.elements.iter().filter_map(|e| e.column).collect();
            (!exists && !again).then_some((&index.table, columns))
        }
        _ => None,
    }
}
