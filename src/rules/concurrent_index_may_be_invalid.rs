//! `IF NOT EXISTS` passes over an index that an earlier attempt left invalid.

use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::project::Transaction;
use crate::rule::{Check, Findings, OperationContext, Rule, sql_index};

pub const RULE: Rule = Rule {
    id: "concurrent-index-may-be-invalid",
    page: include_str!("../../rules/concurrent-index-may-be-invalid.md"),
    check: Check::Operation {
        on: &[Kind::CreateIndex],
        check,
    },
};

const LEFT_INVALID: &str = "an earlier attempt failed and left it invalid";

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return;
    };
    let Some(name) = &index.name else {
        return;
    };
    let may_pass = index.concurrently && index.if_not_exists && !cx.is_new(&index.table);
    if may_pass && !is_dropped_before(cx, name) {
        let also = format!("`{name}` may be such an index too");
        if findings.add_to_alike(LEFT_INVALID, cx.place(cx.operation.place), &also) {
            return;
        }
        findings
            .report(
                cx.operation.place,
                format!("`IF NOT EXISTS` passes over `{name}` if {LEFT_INVALID}"),
            )
            .help(remedy(cx, &sql_index(index, name)));
    }
}

fn remedy(cx: &OperationContext<'_>, name: &str) -> String {
    let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {name};");
    if cx.run.runner == Transaction::Implicit {
        return format!(
            "leave IF NOT EXISTS out; where an attempt failed, drop what it left by hand, with psql, before the next one \
             (a second statement would make a transaction of this file):\n  {drop}"
        );
    }
    format!(
        "drop what a failed attempt may have left, then build it without IF NOT EXISTS:\n  {drop}"
    )
}

fn is_dropped_before(cx: &OperationContext<'_>, index: &ObjectName) -> bool {
    // Near by: a search through the whole script for every index would not
    // stay linear.
    cx.earlier().rev().take(32).any(|operation| {
        matches!(&operation.action, Action::Drop { kind: ObjectKind::Index, name, .. }
            if name.name == index.name)
    })
}
