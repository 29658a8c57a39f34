//! One migration both adds and takes away.

use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "mixed-phases",
    page: include_str!("../../rules/mixed-phases.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if cx.scene.phase_declared || cx.scene.direction != Direction::Up {
        return;
    }
    let find = |takes_away: bool| {
        cx.steps.iter().find_map(|step| {
            let change = cx
                .change(step)
                .filter(|c| c.of_rows && c.takes_away == takes_away)?;
            Some((step, change))
        })
    };
    let (Some((step, away)), Some((other, added))) = (find(true), find(false)) else {
        return;
    };
    let place = other.place();
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!("{} in a migration that also {}: no release fits both sides of it", away.verb, added.verb),
        )
        .related(place, "added here")
        .help(
            "Split it: what is added first, in a migration that the old release survives; what goes in a later release, once nothing uses it:\n\
             -- bowline: phase contract",
        );
}
