//! A policy of row level security lets less through than before.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, ObjectKind, ObjectName, Operation, PolicyClauses};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, covers, lets_all, lets_less, sql_name,
    sql_object,
};
use crate::schema::Policy;

pub const RULE: Rule = Rule {
    id: "narrow-policy",
    page: include_str!("../../rules/narrow-policy.md"),
    check: Check::Operation {
        on: &[Kind::CreatePolicy, Kind::AlterPolicy, Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, name, said) = match &cx.operation.action {
        Action::CreatePolicy {
            name,
            table,
            clauses,
        } => (table, &name.name, restricts(cx, table, &name.name, clauses)),
        Action::AlterPolicy {
            name,
            table,
            clauses,
        } => (table, &name.name, narrows(cx, table, &name.name, clauses)),
        Action::Drop {
            kind: ObjectKind::Policy,
            name,
            on: Some(table),
            if_exists,
            ..
        } => (
            table,
            &name.name,
            takes_away(cx, table, &name.name, *if_exists),
        ),
        _ => return,
    };
    let Some((message, help)) = said.filter(|_| is_bound(cx, table)) else {
        return;
    };
    // The first that is dropped speaks for the others of its table.
    if let Some(clause) = message.strip_prefix(&format!("drops the policy `{name}`"))
        && findings.add_to_alike(clause, cx.place(cx.operation.place), "dropped too")
    {
        return;
    }
    let confidence = match cx.table(table).is_some_and(|t| t.is_known()) {
        true => Confidence::Medium,
        false => Confidence::Low,
    };
    let on = |text: String| {
        text.replace("{policy}", &sql_name(name))
            .replace("{table}", &sql_object(table))
    };
    findings
        .report(cx.operation.place, message)
        .confidence(confidence)
        .help(on(help));
}

/// Is the old release bound by the policies of this table? Not where row level
/// security is off; and where this script switches it, that says more.
fn is_bound(cx: &OperationContext<'_>, table: &ObjectName) -> bool {
    let known = cx.table(table).filter(|t| t.is_known());
    let switches = |op: &Operation| match &op.action {
        Action::RowSecurity { table: t, .. } => cx.is_same(&t.name, table),
        _ => false,
    };
    known.is_none_or(|t| t.row_security)
        && !cx.is_unknown_to_others(table)
        && !cx.is_dropped_later(table)
        && !cx.around_on(Facet::Table, &table.name).any(switches)
}

/// CREATE POLICY … AS RESTRICTIVE takes from what others let through.
fn restricts(
    cx: &OperationContext<'_>,
    table: &ObjectName,
    name: &str,
    clauses: &PolicyClauses,
) -> Option<(String, String)> {
    let known = cx.table(table).filter(|t| t.is_known());
    let nothing_passes = known.is_some_and(|t| t.policies.iter().all(|p| p.clauses.restrictive));
    let replaces = cx.earlier_on(Facet::Table, &table.name).any(|op| {
        matches!(&op.action, Action::Drop { kind: ObjectKind::Policy, name: n, on: Some(t), .. }
            if n.name == name && cx.is_same(t, table))
    });
    // One that a function dropped, or that is still there, asked for no less.
    let stood = |old: &Policy| {
        let old = &old.clauses;
        old.restrictive && old.command == clauses.command && !lets_less(old, clauses)
    };
    let stood = cx
        .table(table)
        .is_some_and(|t| t.policies.iter().any(stood));
    if !clauses.restrictive || lets_all(clauses) || nothing_passes || replaces || stood {
        return None;
    }
    let message = format!(
        "adds the restrictive policy `{name}` to `{table}`: {}",
        lost(&clauses.command, "it does not let through")
    );
    let help = "Add it once every release keeps to what it asks for. To take it back:\n\
                DROP POLICY {policy} ON {table};";
    Some((message, help.to_owned()))
}

/// ALTER POLICY changes roles and conditions.
fn narrows(
    cx: &OperationContext<'_>,
    table: &ObjectName,
    name: &str,
    clauses: &PolicyClauses,
) -> Option<(String, String)> {
    let Some(policy) = policy(cx, table, name) else {
        let unknown = cx.table(table).is_none_or(|t| !t.is_known()) && !lets_all(clauses);
        let message = format!(
            "changes what the policy `{name}` of `{table}` lets through: {}",
            lost("", "it no longer lets through")
        );
        let help = "Change it once every release keeps to the new condition".to_owned();
        return unknown.then_some((message, help));
    };
    let before = &policy.clauses;
    let after = before.altered(clauses);
    let passes_anyway = !before.restrictive && is_let_through(cx, table, policy);
    if passes_anyway || !lets_less(before, &after) {
        return None;
    }
    let message = format!(
        "lets less through by the policy `{name}` of `{table}`, as far as its condition shows: {}",
        lost(&before.command, "it no longer lets through")
    );
    let mut back = "Change it once every release keeps to the new condition. To put it back:\n\
                    ALTER POLICY {policy} ON {table}"
        .to_owned();
    if !clauses.roles.is_empty() {
        let roles = match before.roles.is_empty() {
            true => "public".to_owned(),
            false => before
                .roles
                .iter()
                .map(|r| r.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        };
        back.push_str(&format!(" TO {roles}"));
    }
    if let Some(using) = before.using.as_ref().filter(|_| clauses.using.is_some()) {
        back.push_str(&format!(" USING ({})", using.text));
    }
    if let Some(check) = before.check.as_ref().filter(|_| clauses.check.is_some()) {
        back.push_str(&format!(" WITH CHECK ({})", check.text));
    }
    back.push(';');
    Some((message, back))
}

/// DROP POLICY of one that lets rows through.
fn takes_away(
    cx: &OperationContext<'_>,
    table: &ObjectName,
    name: &str,
    if_exists: bool,
) -> Option<(String, String)> {
    let policy = policy(cx, table, name);
    let absent = if_exists || cx.table(table).is_some_and(|t| t.is_known());
    let restrictive = policy.is_some_and(|p| p.clauses.restrictive);
    let command = policy.map_or("", |p| p.clauses.command.as_str());
    let replaced = cx
        .around_on(Facet::Table, &table.name)
        .any(|op| match &op.action {
            Action::CreatePolicy {
                name: n,
                table: t,
                clauses,
            } => {
                let alike =
                    command.is_empty() || clauses.command.is_empty() || clauses.command == command;
                cx.is_same(t, table) && !clauses.restrictive && (alike || n.name == name)
            }
            _ => false,
        });
    if policy.is_none() && absent
        || restrictive
        || replaced
        || policy.is_some_and(|policy| is_let_through(cx, table, policy))
    {
        return None;
    }
    let message = format!(
        "drops the policy `{name}` of `{table}`: {}",
        lost(command, "only it let through")
    );
    let help = "Drop it once no release needs what it lets through:\n\
                -- bowline: phase contract\n\
                DROP POLICY {policy} ON {table};";
    Some((message, help.to_owned()))
}

fn policy<'c>(cx: &'c OperationContext<'_>, table: &ObjectName, name: &str) -> Option<&'c Policy> {
    let known = cx.table(table)?;
    known.policies.iter().find(|policy| policy.name == name)
}

/// Does another policy let everything through that this one does?
fn is_let_through(cx: &OperationContext<'_>, table: &ObjectName, policy: &Policy) -> bool {
    let others = cx.table(table).into_iter().flat_map(|t| &t.policies);
    let mut others = others.filter(|other| other.name != policy.name);
    others.any(|other| covers(&other.clauses, &policy.clauses))
}

/// What the old release notices of rows that no longer pass.
fn lost(command: &str, which: &str) -> String {
    match command {
        "insert" => format!("INSERTs of the old release that {which} fail"),
        "select" => format!("rows that {which} are gone for the old release"),
        "update" => format!("UPDATEs of the old release that {which} change nothing, or fail"),
        "delete" => format!("DELETEs of the old release that {which} delete nothing"),
        _ => format!("rows that {which} are gone for the old release, and its writes of them fail"),
    }
}
