//! A column becomes required while the old release may write NULL.

use crate::finding::{Confidence, Severity};
use crate::operation::{Action, ConstraintKind, DomainChange, Kind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, listed};

pub const RULE: Rule = Rule {
    id: "set-not-null",
    page: include_str!("../../rules/set-not-null.md"),
    check: Check::Operation {
        on: &[Kind::SetNotNull, Kind::AddConstraint, Kind::AlterDomain],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, column) = match &cx.operation.action {
        Action::SetNotNull { table, column } => (table, column),
        Action::AddConstraint { table, constraint } => match &constraint.kind {
            ConstraintKind::NotNull(column) => (table, column),
            _ => return,
        },
        Action::AlterDomain {
            name,
            change: DomainChange::SetNotNull | DomainChange::AddConstraint { check: None, .. },
        } => return on_domain(cx, findings, name),
        _ => return,
    };
    let goes =
        cx.column_goes(table, &column.name) || cx.column_goes_in_the_end(table, &column.name);
    if !cx.is_used(table) || goes {
        return;
    }
    let known = cx.table(&table.name);
    let inserted = cx.is_filled(&table.name, &column.name, "insert");
    let fills = inserted
        || cx.fills_itself(&table.name, &column.name)
        || cx.default_returns(table, &column.name);
    let new = cx.column_is_new(table, &column.name);
    if known.is_some_and(|t| t.is_not_null(&column.name))
        || new && fills
        || fills && cx.is_filled(&table.name, &column.name, "update")
        || cx.refuses_null_already(table, &column.name)
    {
        return;
    }
    let who = if new {
        "INSERTs of the old release do not name it and fail"
    } else if inserted {
        "the old release fails where an UPDATE of it writes NULL"
    } else if fills {
        "the old release fails where it writes NULL"
    } else {
        "the old release fails where it writes NULL or leaves it out"
    };
    let restated = cx.may_be_restated(table, &column.name);
    let unless = match restated {
        true => ", unless it is so already",
        false => "",
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "makes `{}` of `{}` NOT NULL{unless}: {who}",
                column.name, table.name
            ),
        )
        .severity(if fills || restated {
            Severity::Warning
        } else {
            Severity::Error
        })
        .confidence(match restated {
            true => Confidence::Low,
            false => cx.confidence(&table.name),
        })
        .help(format!(
            "Release code that {} `{}` first, and require it in a later migration",
            if fills {
                "writes no NULL to"
            } else {
                "always writes"
            },
            column.name
        ));
}

/// A domain asks for values: its columns that took NULL so far refuse it.
fn on_domain(cx: &OperationContext<'_>, findings: &mut Findings, name: &ObjectName) {
    let key = cx.type_key(name);
    if cx.is_new_type(&key) || cx.schema.domain(&key).is_some_and(|domain| domain.not_null) {
        return;
    }
    let columns = cx.schema.columns_of_type(&key).into_iter();
    let mut columns: Vec<String> = columns
        .filter(|(table, column)| !cx.is_new_key(&table.key) && !table.is_not_null(&column.name))
        .map(|(table, column)| format!("`{}.{}`", table.key, column.name))
        .collect();
    columns.sort_unstable();
    if columns.is_empty() {
        return;
    }
    let columns = listed(&columns);
    findings
        .report(
            cx.operation.place,
            format!(
                "makes domain `{name}` NOT NULL: the old release fails where it writes NULL to {columns} or leaves it out"
            ),
        )
        .help(format!(
            "Release code that always writes {columns} first, and require it in a later migration"
        ));
}
