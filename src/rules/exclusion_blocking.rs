//! Adding an exclusion constraint builds its index under `ACCESS EXCLUSIVE`.

use crate::operation::{Action, ConstraintKind, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "exclusion-blocking",
    page: include_str!("../../rules/exclusion-blocking.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddConstraint { table, constraint } = &cx.operation.action else {
        return;
    };
    let excludes = matches!(constraint.kind, ConstraintKind::Exclude { .. });
    if excludes && cx.blocks(&table.name) {
        let sql = sql_object(&table.name);
        findings
            .report(
                cx.operation.place,
                format!(
                    "adding an exclusion constraint to `{}` builds its index while reads and writes wait",
                    table.name
                ),
            )
            .help(format!(
                "give the constraint to a new table and move the rows of {sql} there in batches; or run it in a maintenance window behind `SET lock_timeout = '5s'; SET statement_timeout = '10min';`: there is no NOT VALID and no USING INDEX for it"
            ))
            .confidence(cx.confidence(&table.name));
    }
}
