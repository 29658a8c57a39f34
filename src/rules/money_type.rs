//! `money` means what the server's locale says.

use crate::rule::{Check, DECLARES, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "money-type",
    page: include_str!("../../rules/money-type.md"),
    check: Check::Operation {
        on: DECLARES,
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    cx.report_types(
        findings,
        |ty| ty.name == "money",
        ", which means what the locale of the server says",
        "declare it `numeric(12, 2)`, with the currency in a column of its own",
    );
}
