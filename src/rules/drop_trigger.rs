//! A trigger goes that the writes of the old release rely on.

use crate::operation::{Action, Kind, ObjectKind, ObjectName, Operation};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_name, sql_object};
use crate::schema::Trigger;
use crate::text::holds;

pub const RULE: Rule = Rule {
    id: "drop-trigger",
    page: include_str!("../../rules/drop-trigger.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: ObjectKind::Trigger,
        name,
        on: Some(table),
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let known = cx.table(table);
    let trigger = known.and_then(|t| t.triggers.iter().find(|t| t.name == name.name));
    let same = |op: &Operation| match &op.action {
        Action::CreateTrigger(create) => {
            create.name.name == name.name && cx.is_same(&create.table, table)
        }
        _ => false,
    };
    if trigger.is_none() && (*if_exists || known.is_some_and(|t| t.is_known()))
        || cx.is_unknown_to_others(table)
        || cx.is_dropped_later(table)
        || trigger.is_some_and(|t| is_replaced(cx, t, table))
        || cx.earlier_on(Facet::Part, &name.name).any(same)
        || cx.later_on(Facet::Part, &name.name).any(same)
    {
        return;
    }
    let calls = match trigger.and_then(|t| t.function.as_ref()) {
        Some(function) => format!(", so `{function}` no longer runs for writes of the old release"),
        None => ": what it did for writes of the old release is no longer done".to_owned(),
    };
    findings
        .report(
            cx.operation.place,
            format!("drops trigger `{name}` on `{table}`{calls}"),
        )
        .confidence(cx.confidence(table))
        .help(format!(
            "Release code that does the trigger's work itself first, or that no longer needs it; then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             DROP TRIGGER {} ON {};",
            sql_name(&name.name),
            sql_object(table)
        ));
}

/// Another trigger of the script fires at one of the same events.
fn is_replaced(cx: &OperationContext<'_>, trigger: &Trigger, table: &ObjectName) -> bool {
    const EVENTS: [&str; 4] = ["insert", "update", "delete", "truncate"];
    let fires_too = |other: &str| {
        let fires = |event: &&str| holds(&trigger.events.text, event) && holds(other, event);
        EVENTS.iter().any(fires)
    };
    let replaces = |op: &Operation| match &op.action {
        Action::CreateTrigger(create) => {
            cx.is_same(&create.table, table) && fires_too(&create.events.text)
        }
        _ => false,
    };
    cx.earlier_on(Facet::Table, &table.name).any(replaces)
        || cx.later_on(Facet::Table, &table.name).any(replaces)
}
