//! `char(n)` pads with blanks.

use crate::rule::{Check, DECLARES, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "char-type",
    page: include_str!("../../rules/char-type.md"),
    check: Check::Operation {
        on: DECLARES,
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    cx.report_types(
        findings,
        |ty| ty.name == "char" && ty.modifiers[0].is_some(),
        ", which is padded with blanks",
        "declare it `text`, with a check constraint for the length if one is needed",
    );
}
