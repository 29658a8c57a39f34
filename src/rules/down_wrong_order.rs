//! A down drops what something else still needs.

use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "down-wrong-order",
    page: include_str!("../../rules/down-wrong-order.md"),
    check: Check::Down(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut refused = cx
        .steps
        .iter()
        .filter_map(|step| Some((step, step.refusal()?)));
    let refused = refused.next().filter(|_| !cx.schema.is_unsure());
    let Some((step, refusal)) = refused else {
        return;
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!("the down fails here: {}", refusal.why),
        )
        .help("`bowline undo` prints what undoes the up, in an order that the server takes: what was made last goes first.");
}
