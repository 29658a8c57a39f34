//! The SQL is not what the declared phase allows.

use crate::phase::Phase;
use crate::rule::{Check, Findings, MigrationContext, Rule, Step};

pub const RULE: Rule = Rule {
    id: "phase-mismatch",
    page: include_str!("../../rules/phase-mismatch.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let Some(phase) = cx.scene.phase.filter(|_| cx.scene.phase_declared) else {
        return;
    };
    let wrong: Vec<(&Step, &'static str)> = cx
        .steps
        .iter()
        .filter_map(|step| Some((step, mismatch(cx, phase, step)?)))
        .collect();
    let Some(((step, what), rest)) = wrong.split_first() else {
        return;
    };
    let more = match rest.len() {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    let mut draft = findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "this migration is declared {} and {what}{more}",
                phase.name()
            ),
        )
        .help(advice(phase));
    for (other, what) in rest.iter().take(5) {
        let place = other.place();
        draft = draft.related(place, format!("it also {what}"));
    }
}

fn mismatch(cx: &MigrationContext<'_>, phase: Phase, step: &Step) -> Option<&'static str> {
    let change = cx.change(step)?;
    match phase {
        Phase::Expand | Phase::Migrate if change.takes_away => Some(change.verb),
        Phase::Contract if !change.takes_away => Some(change.verb),
        _ => None,
    }
}

fn advice(phase: Phase) -> &'static str {
    match phase {
        Phase::Expand => {
            "Move it to a later migration declared contract: an expand migration only adds what the old release does not notice.\n-- bowline: phase contract"
        }
        Phase::Migrate => {
            "Move it to a later migration declared contract: a migrate migration only moves data.\n-- bowline: phase contract"
        }
        Phase::Contract => {
            "Move it to an earlier migration declared expand: a contract migration only removes what no release uses.\n-- bowline: phase expand"
        }
    }
}
