//! Switching a trigger or rule on or off makes others wait and changes what
//! their writes do.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object, who_waits};

pub const RULE: Rule = Rule {
    id: "toggle-trigger",
    page: include_str!("../../rules/toggle-trigger.md"),
    check: Check::Operation {
        on: &[Kind::ToggleTrigger],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::ToggleTrigger {
        table,
        enable,
        rule,
        name,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let Some(lock) = cx.blocking_lock() else {
        return;
    };
    let switch = if *enable { "enabling" } else { "disabling" };
    let kind = if *rule { "rule" } else { "trigger" };
    findings
        .report(
            cx.operation.place,
            format!(
                "{switch} {kind} `{}` of `{}` holds for every session, and {} wait for it",
                name.name,
                table.name,
                who_waits(lock.mode)
            ),
        )
        .help(format!(
            "let this session alone pass {} without it: `SET LOCAL session_replication_role = 'replica';`",
            sql_object(&table.name)
        ));
}
