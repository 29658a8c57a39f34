//! A new foreign key also locks the table it refers to.

use crate::effect::LockMode;
use crate::operation::{Action, Constraint, ConstraintKind, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "foreign-key-locks-both",
    page: include_str!("../../rules/foreign-key-locks-both.md"),
    check: Check::Operation {
        on: &[Kind::CreateTable, Kind::AddColumn, Kind::AddConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, constraints) = match &cx.operation.action {
        Action::CreateTable(create) => (&create.name, create.constraints.as_slice()),
        Action::AddColumn {
            table, constraints, ..
        } => (&table.name, constraints.as_slice()),
        Action::AddConstraint { table, constraint } => {
            (&table.name, std::slice::from_ref(constraint))
        }
        _ => return,
    };
    for constraint in constraints {
        let Constraint {
            kind: ConstraintKind::ForeignKey(key),
            ..
        } = constraint
        else {
            continue;
        };
        let parent = cx.schema.resolve(&key.references);
        let locks = !cx.is_new_key(&parent)
            && parent != cx.schema.resolve(table)
            && cx.effect.lock_on(&parent) >= Some(LockMode::ShareRowExclusive);
        if locks {
            findings
                .report(
                    key.references.span,
                    format!(
                        "the foreign key of `{table}` locks `{}` against writes for a moment",
                        key.references
                    ),
                )
                .help(format!(
                    "put `SET lock_timeout = '2s';` in front of it, and keep the transaction that locks {} short",
                    sql_object(&key.references)
                ));
        }
    }
}
