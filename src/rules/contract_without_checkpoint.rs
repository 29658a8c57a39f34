//! No backup is named before the point of no return.

use crate::phase::Phase;
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "contract-without-checkpoint",
    page: include_str!("../../rules/contract-without-checkpoint.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let contract = cx.scene.phase_declared && cx.scene.phase == Some(Phase::Contract);
    if !contract || cx.scene.checkpoint || cx.scene.direction != Direction::Up {
        return;
    }
    let Some((step, change)) = cx
        .steps
        .iter()
        .find_map(|s| Some((s, cx.change(s).filter(|c| c.loses_data)?)))
    else {
        return;
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "{} and names no backup or restore point from before",
                change.verb
            ),
        )
        .help(
            "Take a backup or create a restore point right before, and name it in the file:\n\
             -- bowline: checkpoint \"<backup or restore point>\"",
        );
}
