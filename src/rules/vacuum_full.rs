//! `VACUUM FULL` rewrites the table while reads and writes wait.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "vacuum-full",
    page: include_str!("../../rules/vacuum-full.md"),
    check: Check::Operation {
        on: &[Kind::Vacuum],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Vacuum {
        full: true, tables, ..
    } = &cx.operation.action
    else {
        return;
    };
    let visible: Vec<_> = tables.iter().filter(|table| !cx.is_new(table)).collect();
    if visible.is_empty() && !tables.is_empty() {
        return;
    }
    let list = |each: &dyn Fn(&&crate::operation::ObjectName) -> String| {
        visible.iter().map(each).collect::<Vec<_>>().join(", ")
    };
    let (what, plain) = if tables.is_empty() {
        ("every table of the database".into(), "VACUUM".into())
    } else {
        (
            list(&|table| format!("`{table}`")),
            format!("VACUUM {}", list(&|table| sql_object(table))),
        )
    };
    findings
        .report(
            cx.operation.place,
            format!("`VACUUM FULL` rewrites {what} while reads and writes wait"),
        )
        .help(format!(
            "run `{plain};`, which makes the space usable again without blocking; to give it back to the file system use a tool that works online, such as pg_repack"
        ));
}
