//! A statement is not understood.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "unparsed-statement",
    page: include_str!("../../rules/unparsed-statement.md"),
    check: Check::Operation {
        on: &[Kind::Unparsed],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Unparsed { why } = &cx.operation.action else {
        return;
    };
    findings
        .report(
            cx.operation.place,
            format!("this statement is not understood and not judged: {why}"),
        )
        .help("look at it yourself; correct it if it is a slip");
}
