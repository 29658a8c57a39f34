//! The files say that there is no way back, and nobody answers for it.

use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "irreversible-unapproved",
    page: include_str!("../../rules/irreversible-unapproved.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let changes = cx.steps.iter().any(|step| cx.is_a_change(step));
    if cx.scene.direction != Direction::Up || cx.scene.approved || !changes {
        return;
    }
    if !cx.declares_irreversible() {
        return;
    }
    let (source, span) = cx.head();
    let id = &cx.scene.migration.id;
    findings
        .report_in(
            source,
            span,
            format!("migration `{id}` is declared irreversible without an approval"),
        )
        .help(
            "Let the one who answers for it say so in the file:\n\
             -- bowline: approve irreversible reason=\"…\" by=\"…\"",
        );
}
