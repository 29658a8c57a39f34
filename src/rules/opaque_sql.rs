//! What a statement does cannot be seen from its text.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "opaque-sql",
    page: include_str!("../../rules/opaque-sql.md"),
    check: Check::Operation {
        on: &[Kind::Opaque],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Opaque { why } = &cx.operation.action else {
        return;
    };
    findings
        .report(
            cx.operation.place,
            format!("what this does cannot be judged: {why}"),
        )
        .help("look at it yourself; write the statement out where that is possible");
}
