//! Every row of a table is overwritten.

use crate::finding::Severity;
use crate::operation::{Action, Ident, Kind, ObjectName};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, listed, mentions, sql_ident, sql_name,
    sql_object, sql_type, takes_every_row,
};
use crate::schema::is_bookkeeping;

pub const RULE: Rule = Rule {
    id: "update-without-where",
    page: include_str!("../../rules/update-without-where.md"),
    check: Check::Operation {
        on: &[Kind::Update],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Update(update) = &cx.operation.action else {
        return;
    };
    let name = &update.table;
    let all = update.from.is_none() && takes_every_row(update.filter.as_ref().map(|f| &*f.text));
    if !all || cx.is_new(name) || cx.is_copied(name) || is_bookkeeping(&name.name) {
        return;
    }
    let overwritten: Vec<&Ident> = update
        .columns
        .iter()
        .filter(|c| !cx.is_new_column(name, &c.name) && !update.fills_null(c))
        .collect();
    if overwritten.is_empty() && !update.columns.is_empty() {
        return;
    }
    let added_later = |c: &&Ident| {
        cx.table(name)
            .is_some_and(|t| t.column_added.contains_key(&c.name))
    };
    // NULL is no value to fill in.
    let value = update.assignments.text.split_once('=');
    let clears = update.columns.len() == 1
        && value.is_some_and(|(_, value)| value.trim().eq_ignore_ascii_case("null"));
    let backfill = !overwritten.is_empty() && !clears && overwritten.iter().all(added_later);
    let untouched = overwritten
        .first()
        .filter(|_| backfill)
        // What is made of the old value is meant for the rows that have one.
        .filter(|c| !value.is_some_and(|(_, value)| mentions(value, &c.name)))
        .and_then(|c| untouched(cx, name, c));
    let ty = overwritten
        .first()
        .and_then(|c| cx.table(name)?.column(&c.name))
        .map_or_else(|| "<type>".to_owned(), |column| sql_type(&column.ty));
    let list: Vec<String> = overwritten
        .iter()
        .map(|c| format!("`{}`", c.name))
        .collect();
    let first = overwritten
        .first()
        .map_or_else(|| "<column>".to_owned(), |c| sql_ident(c).to_string());
    findings
        .report(
            cx.operation.place,
            format!("overwrites {} in every row of `{name}`: what stood there is kept nowhere", listed(&list)),
        )
        .severity(if backfill { Severity::Warning } else { Severity::Error })
        .confidence(cx.confidence(name))
        .help(if let Some(condition) = untouched {
            format!("Write only what is empty, so that nothing is lost and it can run again:\nUPDATE {} SET {first} = … WHERE {condition};", sql_object(name))
        } else {
            format!(
                "Write into a new column and leave the old one until it is no longer needed, or keep the old values:\n\
                 ALTER TABLE {0} ADD COLUMN {1} {ty};\n\
                 UPDATE {0} SET {1} = {first};",
                sql_object(name),
                sql_name(&format!("{}_before", first.trim_matches('"')))
            )
        });
}

/// The condition for what nobody has written yet in a column that was added to its
/// table. Rows that hold a default may well have been given it: one that is
/// overwritten is lost like any other value.
fn untouched(cx: &OperationContext<'_>, table: &ObjectName, column: &Ident) -> Option<String> {
    let known = cx.table(table)?;
    let own = known.column(&column.name)?;
    let name = sql_ident(column);
    let is_required = known.is_not_null(&column.name);
    match cx.schema.default_of(own) {
        None if is_required || own.identity.is_some() => None,
        None => Some(format!("{name} IS NULL")),
        // Whoever wrote meant the default as often as another value. Where this
        // script has set it, no row got it by being left out.
        Some(_) if is_required || !is_default_of_here(cx, table, column) => None,
        Some(_) => Some(format!("{name} IS NULL")),
    }
}

/// Has the script itself given the column its default?
fn is_default_of_here(cx: &OperationContext<'_>, table: &ObjectName, column: &Ident) -> bool {
    let mut earlier = cx.earlier_on(Facet::Part, &column.name);
    earlier.any(|op| match &op.action {
        Action::SetDefault {
            table: of,
            column: own,
            ..
        } => own.name == column.name && cx.is_same(&of.name, table),
        _ => false,
    })
}
