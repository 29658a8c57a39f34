//! The down adds a check again and fails on rows that have come in since.

use std::ops::ControlFlow;

use crate::operation::{Action, ConstraintKind, Expr, Kind, Target};
use crate::rule::{
    Check, Findings, MOST_CHECKS, OperationContext, Rule, Trail, Way, admits_no_more, on_one_line,
    one_line, sql_object,
};
use crate::schema::TableConstraint;

pub const RULE: Rule = Rule {
    id: "undo-fails-on-check",
    page: include_str!("../../rules/undo-fails-on-check.md"),
    check: Check::Operation {
        on: &[Kind::DropConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropConstraint { table, name, .. } = &cx.operation.action else {
        return;
    };
    let known = cx.table(&table.name);
    let Some(old) = known.and_then(|t| t.constraint(&name.name)) else {
        return;
    };
    // What was never held against the old rows stands in nobody's way.
    if !matches!(old.definition.kind, ConstraintKind::Check(_))
        || !old.validated
        || !cx.is_used(table)
    {
        return;
    }
    let Some(back) = added_again(cx, table, old) else {
        return;
    };
    let condition = on_one_line(&back.text);
    findings
        .report(
            cx.operation.place,
            format!(
                "the down asks for `{}` of `{}` again and fails once a row does not meet it",
                one_line(&back.text),
                table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let the down see to such rows first, or add the check NOT VALID and leave them for later; to look for them:\n\
             SELECT count(*) FROM {} WHERE NOT ({condition});",
            sql_object(&table.name),
        ));
}

/// The check as the down adds it, where rows that do not meet it may have come in
/// between and are still there: no other check kept them out, and the down does
/// not see to them before.
fn added_again<'a>(
    cx: &OperationContext<'a>,
    table: &Target,
    old: &TableConstraint,
) -> Option<&'a Expr> {
    let mut trails = [Trail::new(cx.schema.resolve(&table.name), &old.columns)];
    let others = cx.table(&table.name)?.constraints.iter();
    let mut keepers: Vec<&str> = others
        .filter(|other| other.name != old.name && !other.definition.not_enforced)
        .filter(|other| other.columns.iter().any(|c| old.columns.contains(c)))
        .filter_map(|other| match &other.definition.kind {
            ConstraintKind::Check(check) => Some(&*check.text),
            _ => None,
        })
        .collect();
    cx.follow(&mut trails, |way, op, trails| {
        let [on] = trails else {
            return ControlFlow::Break(None);
        };
        // The texts are no longer about the same names.
        if on.columns != old.columns {
            return ControlFlow::Break(None);
        }
        let added = match &op.action {
            Action::AddConstraint { table, constraint } if on.is(cx.schema, &table.name) => {
                match &constraint.kind {
                    ConstraintKind::Check(check) => Some((constraint, check)),
                    _ => None,
                }
            }
            _ => None,
        };
        match (way, added) {
            (Way::There, Some((constraint, check)))
                if !constraint.not_enforced && keepers.len() < 2 * MOST_CHECKS =>
            {
                keepers.push(&check.text);
            }
            (Way::Back, Some((constraint, check))) => {
                let ConstraintKind::Check(before) = &old.definition.kind else {
                    return ControlFlow::Break(None);
                };
                // One that asks for more than the old one is another matter.
                let is_it = constraint.name.as_ref().is_some_and(|n| n.name == old.name)
                    || admits_no_more(&before.text, &check.text);
                let is_kept = || {
                    keepers
                        .iter()
                        .any(|keeper| admits_no_more(keeper, &check.text))
                };
                if is_it {
                    let fails = !constraint.not_valid && !constraint.not_enforced && !is_kept();
                    return ControlFlow::Break(fails.then_some(check));
                }
            }
            // By which columns a DELETE finds such rows is not told: the new ones too.
            (Way::Back, None)
                if cx.sees_to_rows(op, on)
                    || matches!(&op.action, Action::Delete(delete) if on.is(cx.schema, &delete.table)) =>
            {
                return ControlFlow::Break(None);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })
}
