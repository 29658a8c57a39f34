//! A length limit is part of the column's type.

use crate::rule::{Check, DECLARES, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "varchar-limit",
    page: include_str!("../../rules/varchar-limit.md"),
    check: Check::Operation {
        on: DECLARES,
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    cx.report_types(
        findings,
        |ty| ty.name == "varchar" && ty.modifiers[0].is_some(),
        ": a shorter limit later rewrites the table",
        "declare it `text`, with a check constraint for the length if one is needed",
    );
}
