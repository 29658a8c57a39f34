//! A file without a transaction fails when it is run again.

use crate::rule::{
    Check, Findings, MigrationContext, Rule, Step, changes, clears_the_way, fails_when_repeated,
};

pub const RULE: Rule = Rule {
    id: "not-rerunnable",
    page: include_str!("../../rules/not-rerunnable.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let steps: Vec<&Step<'_>> = cx
        .steps
        .iter()
        .filter(|step| cx.is_without_transaction(step) && changes(&step.operation.action))
        .collect();
    let Some(last) = steps.last() else {
        return;
    };
    let refuses = |step: &&&Step<'_>| step.effect.forbidden_in_transaction.is_some();
    let refusing = steps.iter().filter(refuses).count();
    // `mixed-transactionality` asks for the same remedy.
    if refusing > 0 && refusing < steps.len() {
        return;
    }
    let unguarded = steps.iter().enumerate().find(|(at, step)| {
        step.statement != last.statement
            && !step.operation.within.conditional
            && fails_when_repeated(&step.operation.action)
            && !steps[..*at]
                .iter()
                .rev()
                .any(|e| clears_the_way(&e.operation.action, &step.operation.action))
    });
    if let Some((_, step)) = unguarded {
        findings
            .report_in(
                step.source,
                step.operation.place,
                "this stays if a later statement of the file fails, and fails itself when the file is run again",
            )
            .help("put each statement into a migration of its own, or write it so that it may run twice: IF [NOT] EXISTS; for a concurrent index a DROP INDEX CONCURRENTLY IF EXISTS in front of it");
    }
}
