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
    let (what, who) = match mode {
        RowSecurity::Enable if known.is_some_and(|t| t.row_security) => return,
        RowSecurity::Enable => (
            "enables row level security on",
            "roles other than its owner",
        ),
        RowSecurity::Force => ("forces row level security on", "its owner"),
        _ => return,
    };
    if cx
        .around_on(Facet::Table, &table.name.name)
        .any(|op| lets_all_pass(cx, op, &table.name))
    {
        return;
    }
    let has_policies = known.is_some_and(|t| !t.policies.is_empty());
    let then = if has_policies {
        "see only the rows that its policies let through"
    } else {
        "see no rows unless a policy lets them"
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
