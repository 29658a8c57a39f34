//! Nobody has approved of what cannot be taken back.

use crate::phase::Phase;
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "contract-unapproved",
    page: include_str!("../../rules/contract-unapproved.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let contract = cx.scene.phase_declared && cx.scene.phase == Some(Phase::Contract);
    if !contract || cx.scene.approved || cx.scene.direction != Direction::Up {
        return;
    }
    let Some((step, change)) = cx
        .steps
        .iter()
        .find_map(|s| Some((s, cx.change(s).filter(|c| c.takes_away)?)))
    else {
        return;
    };
    let subject = step.operation.action.subject();
    let named: Vec<_> = subject.object.into_iter().chain(subject.part).collect();
    let named = match named.as_slice() {
        [] => String::new(),
        names => format!(" (`{}`)", names.join(".")),
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "{}{named} without an approval: the old release cannot come back",
                change.verb
            ),
        )
        .help(
            "Let the one who answers for it say so in the file:\n\
             -- bowline: approve irreversible reason=\"no release since 1.4 uses it\" by=\"<name>\" ticket=\"<ticket>\"",
        );
}
