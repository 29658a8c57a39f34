//! What a statement does cannot be seen from its text.

use crate::operation::{Action, Kind, Operation};
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
    let is_unread = |op: &&Operation| matches!(op.action, Action::Opaque { .. });
    let first = cx.siblings.iter().find(is_unread);
    if first.is_some_and(|first| !std::ptr::eq(first, cx.operation)) || findings.has_said(cx) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("what this does cannot be judged: {why}"),
        )
        .help("look at it yourself; write the statement out where that is possible");
}
