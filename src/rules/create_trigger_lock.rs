//! `CREATE TRIGGER` locks the table against writes for a moment.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "create-trigger-lock",
    page: include_str!("../../rules/create-trigger-lock.md"),
    check: Check::Operation {
        on: &[Kind::CreateTrigger],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateTrigger(trigger) = &cx.operation.action else {
        return;
    };
    let on_view = cx.schema.view(&trigger.table).is_some();
    if !on_view && cx.blocking_lock().is_some() {
        findings
            .report(
                cx.operation.place,
                format!(
                    "creating trigger `{}` locks `{}` against writes for a moment",
                    trigger.name.name, trigger.table
                ),
            )
            .help("put `SET lock_timeout = '2s';` in front of it, and try again when it strikes")
            .confidence(cx.confidence(&trigger.table));
    }
}
