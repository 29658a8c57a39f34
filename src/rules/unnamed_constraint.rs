//! A constraint without a name is taken back by the name that the server made
//! up.

use crate::operation::{Action, ConstraintKind, Kind, ObjectKind};
use crate::project::Down;
use crate::rule::{Check, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "unnamed-constraint",
    page: include_str!("../../rules/unnamed-constraint.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddConstraint { table, constraint } = &cx.operation.action else {
        return;
    };
    let key = match &constraint.kind {
        ConstraintKind::Unique(key) => Some(key),
        // Everybody knows the name of a primary key.
        ConstraintKind::PrimaryKey(_) | ConstraintKind::NotNull(_) => return,
        _ => None,
    };
    let takes_the_index = key.is_some_and(|key| key.using_index.is_some());
    // Where nobody writes downs, nobody looks for a name.
    let scene = cx.scene;
    let may_be_written = scene.writes_downs && !matches!(scene.migration.down, Down::Unsupported);
    let takes_back = may_be_written || !scene.way_back.is_empty();
    if constraint.name.is_some() || takes_the_index || cx.is_new(&table.name) || !takes_back {
        return;
    }
    let goes = cx.scene.way_back.iter().any(|op| match &op.action {
        Action::DropConstraint { table: t, .. } => t.name.name == table.name.name,
        Action::Drop {
            kind: ObjectKind::Table,
            name,
            ..
        } => name.name == table.name.name,
        _ => false,
    });
    if goes {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "the constraint on `{}` has no name: what takes it back has to guess the one that the server makes up",
                table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "give it the name that the down will use: ADD CONSTRAINT {} …",
            cx.constraint_name(&table.name, constraint)
        ));
}
