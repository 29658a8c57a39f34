//! Rows that the old release writes begin to exclude each other.

use crate::operation::{Action, ConstraintKind, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "add-exclusion",
    page: include_str!("../../rules/add-exclusion.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddConstraint { table, constraint } = &cx.operation.action else {
        return;
    };
    let ConstraintKind::Exclude { columns, .. } = &constraint.kind else {
        return;
    };
    let named = constraint.name.as_ref();
    // Of two that differ it is not told which asks for less.
    if named.is_some_and(|n| cx.was_there_as(&table.name, &n.name))
        || !cx.old_writes_meet(table, columns)
    {
        return;
    }
    let what = if columns.is_empty() {
        String::new()
    } else {
        format!(" on `{}`", columns.join(", "))
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "adds an exclusion constraint{what} to `{}`: writes of the old release that conflict with a row fail",
                table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Release code that handles error 23P01 (exclusion_violation) on `{}` first, then add the constraint.",
            table.name
        ));
}
