//! A `timestamp` does not say which moment it is.

use crate::rule::{Check, DECLARES, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "timestamp-without-zone",
    page: include_str!("../../rules/timestamp-without-zone.md"),
    check: Check::Operation {
        on: DECLARES,
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    cx.report_types(
        findings,
        |ty| ty.name == "timestamp",
        ", which does not say which moment it is",
        "declare it `timestamptz`",
    );
}
