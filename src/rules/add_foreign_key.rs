//! Orphans that the old release writes begin to fail.

use crate::finding::Severity;
use crate::name::Name;
use crate::operation::ForeignKey;
use crate::operation::{Action, ConstraintKind, Kind, Target};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_name, sql_object};
use crate::schema::{Table, TableConstraint};

pub const RULE: Rule = Rule {
    id: "add-foreign-key",
    page: include_str!("../../rules/add-foreign-key.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, constraint, key) = match &cx.operation.action {
        Action::AddConstraint { table, constraint } => match &constraint.kind {
            ConstraintKind::ForeignKey(key) => (table, constraint, key),
            _ => return,
        },
        _ => return,
    };
    let name = constraint.name.as_ref().map(|name| &*name.name);
    if constraint.not_enforced || name.is_some_and(|name| cx.goes_in_time(table, name)) {
        return;
    }
    let stands = standing(cx, table, key);
    let replaced = stands.filter(|old| cx.constraint_goes(table, &old.name));
    let replaced = replaced.and_then(|old| match &old.definition.kind {
        ConstraintKind::ForeignKey(old) => Some(&**old),
        _ => None,
    });
    if let Some(old) = cx.was_reference(&table.name, key).or(replaced) {
        if old.sees_to_deletes() && !key.sees_to_deletes() {
            report_deletes(cx, findings, table, key);
        } else if key.takes_along() && !old.takes_along() {
            report_taken_along(cx, findings, table, key, old);
        }
        return;
    }
    if stands.is_some()
        || cx.was_there_unseen(&table.name, name)
        || !cx.old_writes_meet(table, &key.columns)
    {
        return;
    }
    let columns = key.columns.join(", ");
    let referenced = &key.references;
    let deletes = if cx.is_new(referenced) {
        String::new()
    } else if key.takes_along() {
        format!(
            ", and its deletes from `{referenced}` take rows of `{}` along",
            table.name
        )
    } else if key.sees_to_deletes() {
        String::new()
    } else {
        format!(", and it can no longer delete rows of `{referenced}` that are referred to")
    };
    let (given, met) = orphan_terms(cx, key);
    findings
        .report(
            cx.operation.place,
            format!(
                "requires `{columns}` of `{}` to exist in `{referenced}`: writes of the old release that refer to nothing fail{deletes}",
                table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Release code that writes and deletes in the right order first, and look for orphans:\n\
             SELECT count(*) FROM {child} c WHERE {given}\n  \
             AND NOT EXISTS (SELECT FROM {parent} p WHERE {met});",
            child = sql_object(&table.name),
            parent = sql_object(referenced),
        ));
}

/// That a row refers to something, and that this is there.
fn orphan_terms(cx: &OperationContext<'_>, key: &ForeignKey) -> (String, String) {
    let parent = cx.table(&key.references);
    let primary = parent.and_then(Table::primary_key);
    let known = primary.filter(|primary| primary.columns.len() == key.columns.len());
    let to: &[Name] = match key.referenced.is_empty() {
        true => known.map_or(&[], |primary| &primary.columns),
        false => &key.referenced,
    };
    let given = key
        .columns
        .iter()
        .map(|c| format!("c.{} IS NOT NULL", sql_name(c)));
    let met = key.columns.iter().enumerate().map(|(at, own)| {
        let to = to.get(at).map_or_else(|| "id".into(), |to| sql_name(to));
        format!("p.{to} = c.{}", sql_name(own))
    });
    (
        given.collect::<Vec<_>>().join(" AND "),
        met.collect::<Vec<_>>().join(" AND "),
    )
}

fn report_deletes(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    key: &ForeignKey,
) {
    let referenced = &key.references;
    findings
        .report(
            cx.operation.place,
            format!(
                "no longer sees to rows of `{}` when those of `{referenced}` that they refer to are deleted: deletes of the old release that relied on it fail",
                table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Release code that deletes from `{}` before it deletes from `{referenced}` first.",
            table.name
        ));
}

fn report_taken_along(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    key: &ForeignKey,
    old: &ForeignKey,
) {
    let (table_name, referenced) = (&table.name, &key.references);
    let fact = format!(
        "deletes rows of `{table_name}` along with those of `{referenced}` that they refer to"
    );
    // A DELETE that was refused is one that nobody has built on.
    let (severity, then) = match old.sees_to_deletes() {
        true => (Severity::Warning, "takes with it what it kept before"),
        false => (Severity::Info, "goes through where it was refused before"),
    };
    let place = cx.place(cx.operation.place);
    if severity == Severity::Info && findings.add_to_alike(then, place, &format!("{fact} too")) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("{fact}: a DELETE of the old release {then}"),
        )
        .severity(severity)
        .confidence(cx.confidence(table_name))
        .help(format!(
            "Release code that counts on it first: look where `{referenced}` is deleted from, and what is to become of the rows of `{table_name}` there."
        ));
}

/// A foreign key of these columns to this table that is there.
fn standing<'a>(
    cx: &OperationContext<'a>,
    table: &Target,
    key: &ForeignKey,
) -> Option<&'a TableConstraint> {
    let to = cx.schema.resolve(&key.references);
    let known = cx.schema.table(&table.name)?;
    let mut own = known.constraints.iter();
    let found = own.find(|c| c.references.as_ref() == Some(&to) && c.columns == key.columns);
    found.map(|found| &**found)
}
