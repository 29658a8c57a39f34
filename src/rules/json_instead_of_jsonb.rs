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
    for declared in cx.declared() {
        let ty = declared.ty;
        if ty.name == "json" {
            findings
                .report(
                    ty.span,
                    format!(
                        "`{}.{}` is `{ty}`, which has no equality and no index",
                        declared.table, declared.column
                    ),
                )
                .help("declare it `jsonb`");
        }
    }
}
