//! All rows of a table go.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, listed, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "truncate",
    page: include_str!("../../rules/truncate.md"),
    check: Check::Operation {
        on: &[Kind::Truncate],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Truncate {
        tables, cascade, ..
    } = &cx.operation.action
    else {
        return;
    };
    for name in tables {
        if cx.is_new(name) || cx.is_copied_whole(name) {
            continue;
        }
        let key = cx.schema.resolve(name);
        let others = match cx.table(name) {
            Some(table) if *cascade => table
                .referenced_by
                .iter()
                .filter(|other| **other != key && !cx.is_new_key(other))
                .map(|other| format!("`{other}`"))
                .collect(),
            _ => Vec::new(),
        };
        let also = if others.is_empty() {
            String::new()
        } else {
            format!(" and, by CASCADE, of {}", listed(&others))
        };
        findings
            .report(
                name.name_span,
                format!("truncates all rows of `{name}`{also}: no down can bring them back"),
            )
            .confidence(cx.confidence(name))
            .help(format!(
                "Keep a copy that the down can read, or delete only what must go:\n\
                 CREATE TABLE {} AS TABLE {};",
                sql_name(&format!("{}_before", name.name)),
                sql_object(name)
            ));
    }
}
