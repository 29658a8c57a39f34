//! What a statement drops or changes is shown by no migration.

use crate::inverse::unknown_before;
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};
use crate::verdict::Undo;

pub const RULE: Rule = Rule {
    id: "earlier-state-unknown",
    page: include_str!("../../rules/earlier-state-unknown.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    // A down shows what was there, and is held against the up.
    let is_answered = !cx.scene.way_back.is_empty() || cx.declares_irreversible();
    if cx.scene.direction != Direction::Up || cx.scene.approved || is_answered {
        return;
    }
    let is_lost = |undo: Undo| undo == Undo::Impossible;
    let Some(step) = cx.steps.iter().find(|step| is_lost(step.verdict.undo)) else {
        return;
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "{}: the files do not tell what would bring it back",
                unknown_before(step.operation)
            ),
        )
        .help("Write down what it was before it goes (`pg_dump --schema-only`), best as the first file of the history");
}
