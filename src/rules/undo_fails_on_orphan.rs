//! The down adds a foreign key again and fails on orphans.

use crate::operation::{Action, ConstraintKind, Kind};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, constraint, sql_object};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-orphan",
    page: include_str!("../../rules/undo-fails-on-orphan.md"),
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
    let ConstraintKind::ForeignKey(key) = &old.definition.kind else {
        return;
    };
    let same = |action: &Action| match action {
        Action::AddConstraint {
            table: t,
            constraint,
        } => {
            cx.is_same(&t.name, &table.name)
                && !constraint.not_valid
                && matches!(&constraint.kind, ConstraintKind::ForeignKey(k) if k.columns == old.columns)
        }
        _ => false,
    };
    if !cx
        .back_on(Facet::Table, &table.name.name)
        .any(|op| same(&op.action))
        || cx
            .later_on(Facet::Table, &table.name.name)
            .any(|op| same(&op.action))
        || !cx.is_used(table)
    {
        return;
    }
    let columns = old.columns.join(", ");
    let now = old.references.as_ref();
    let referenced = now.map_or_else(|| key.references.to_string(), ToString::to_string);
    findings
        .report(
            cx.operation.place,
            format!(
                "the down adds foreign key `{}` again and fails once `{columns}` of `{}` refers to rows that `{}` does not have",
                name.name, table.name, referenced
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let the down add it without a look at old rows, and clean up before it is validated:\n\
             ALTER TABLE {} ADD {};",
            sql_object(&table.name),
            constraint::unchecked(old)
        ));
}
