//! A file without a transaction holds statements that could have had one.

use crate::project::Layout;
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, changes};

pub const RULE: Rule = Rule {
    id: "mixed-transactionality",
    page: include_str!("../../rules/mixed-transactionality.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let apart = |step: &&Step<'_>| cx.is_without_transaction(step);
    let mut steps = cx.steps.iter().filter(apart);
    let Some(refusing) = steps.find(|s| s.effect.forbidden_in_transaction.is_some()) else {
        return;
    };
    let mut steps = cx.steps.iter().filter(apart);
    let Some(step) =
        steps.find(|s| s.effect.forbidden_in_transaction.is_none() && changes(&s.operation.action))
    else {
        return;
    };
    let command = refusing.effect.forbidden_in_transaction.unwrap_or_default();
    let message = if cx.scene.layout == Layout::Flyway {
        format!(
            "Flyway refuses to run this and `{command}` in one file, unless `mixed` is set; then it runs both without a transaction"
        )
    } else {
        format!(
            "this could run in a transaction and has none, for the sake of `{command}` in the same file: what runs before a failure stays"
        )
    };
    let place = refusing.place();
    findings
        .report_in(step.source, step.operation.place, message)
        .help(format!(
            "move `{command}` into a migration of its own, and let the tool open a transaction for this one"
        ))
        .related(place, format!("`{command}` cannot run in a transaction"));
}
