//! Rows disappear from the old release.

use crate::operation::{Action, Kind, ObjectName, Operation, RowSecurity};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "enable-row-security",
    page: include_str!("../../rules/enable-row-security.md"),
    check: Check::Operation {
        on: &[Kind::RowSecurity],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::RowSecurity { table, mode } = &cx.operation.action else {
        return;
    };
    if !cx.is_used(table) {
        return;
    }
    let known = cx.table(&table.name);
    let is_set = |op: &Operation, to: RowSecurity| match &op.action {
        Action::RowSecurity { table: of, mode } => *mode == to && cx.is_same(&of.name, &table.name),
        _ => false,
    };
    let mut around = cx.around_on(Facet::Table, &table.name.name);
    let (what, who, sees) = match mode {
        RowSecurity::Enable if known.is_some_and(|t| t.row_security) => return,
        RowSecurity::Enable if around.any(|op| is_set(op, RowSecurity::Force)) => (
            "enables and forces row level security on",
            "roles without BYPASSRLS, its owner too,",
            "see",
        ),
        RowSecurity::Enable => (
            "enables row level security on",
            "roles other than its owner",
            "see",
        ),
        // Told where it is enabled.
        RowSecurity::Force if around.any(|op| is_set(op, RowSecurity::Enable)) => return,
        RowSecurity::Force => ("forces row level security on", "its owner", "sees"),
        _ => return,
    };
    if cx
        .around_on(Facet::Table, &table.name.name)
        .any(|op| lets_all_pass(cx, op, &table.name))
    {
        return;
    }
    let mut later = cx.later_on(Facet::Table, &table.name.name);
    let creates = |op: &Operation| match &op.action {
        Action::CreatePolicy { table: of, .. } => cx.is_same(of, &table.name),
        _ => false,
    };
    let has_policies = known.is_some_and(|t| !t.policies.is_empty()) || later.any(creates);
    let then = if has_policies {
        format!("{sees} only the rows that its policies let through")
    } else {
        format!("{sees} no rows unless a policy lets them")
    };
    findings
        .report(cx.operation.place, format!("{what} `{}`: {who} {then}", table.name))
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let everything through first, and narrow it once every release sets what the policies ask for:\n\
             CREATE POLICY transition ON {} USING (true) WITH CHECK (true);",
            sql_object(&table.name)
        ));
}

fn lets_all_pass(cx: &OperationContext<'_>, op: &Operation, name: &ObjectName) -> bool {
    let Action::CreatePolicy { table, .. } = &op.action else {
        return false;
    };
    let text: String = cx.text(op.clause).split_whitespace().collect();
    let text = text.to_ascii_lowercase();
    cx.is_same(table, name)
        && text.contains("using(true)")
        && !["forselect", "forinsert", "forupdate", "fordelete"]
            .iter()
            .any(|f| text.contains(f))
}
