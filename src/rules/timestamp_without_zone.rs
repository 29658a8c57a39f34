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
    for declared in cx.declared() {
        let ty = declared.ty;
        if ty.name == "timestamp" {
            findings
                .report(
                    ty.span,
                    format!(
                        "`{}.{}` is `{ty}`, which does not say which moment it is",
                        declared.table, declared.column
                    ),
                )
                .help("declare it `timestamptz`");
        }
    }
}
