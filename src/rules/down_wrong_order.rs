//! A down drops what something else still needs.

use crate::effect::Ground;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "down-wrong-order",
    page: include_str!("../../rules/down-wrong-order.md"),
    check: Check::Down(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let refused = cx.steps.iter().find_map(|step| {
        let refusal = step.effect.refusal.as_ref();
        let refusal = refusal.filter(|r| r.certain && !r.on_rows && r.ground == Ground::Seen);
        let sure = !step.operation.within.conditional && !cx.schema.is_unsure();
        refusal.filter(|_| sure).map(|refusal| (step, refusal))
    });
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
