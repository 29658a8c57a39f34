//! `json` keeps the text and parses it at every use.

use crate::rule::{Check, DECLARES, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "json-instead-of-jsonb",
    page: include_str!("../../rules/json-instead-of-jsonb.md"),
    check: Check::Operation {
        on: DECLARES,
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    cx.report_types(
        findings,
        |ty| ty.name == "json",
        ", which has no equality and no index",
        "declare it `jsonb`",
    );
}
