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
    for declared in cx.declared() {
        let ty = declared.ty;
        if ty.name == "char" && ty.modifiers[0].is_some() {
            findings
                .report(
                    ty.span,
                    format!(
                        "`{}.{}` is `{ty}`, which is padded with blanks",
                        declared.table, declared.column
                    ),
                )
                .help("declare it `text`, with a check constraint for the length if one is needed");
        }
    }
}
