//! A trigger goes that the writes of the old release rely on.

use crate::operation::{Action, Kind, ObjectKind, ObjectName, Operation, naming};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_name, sql_object};
use crate::schema::{Key, Trigger};
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
    // The table may have another name by the time that its trigger is made again.
    let names = cx.names_to_come(table);
    let is_on_it = |on: &ObjectName| names.contains(&cx.schema.resolve(on));
    let same = |op: &Operation| match &op.action {
        Action::CreateTrigger(create) => create.name.name == name.name && is_on_it(&create.table),
        _ => false,
    };
    if trigger.is_none() && (*if_exists || known.is_some_and(|t| t.is_known()))
        || cx.is_unknown_to_others(table)
        || cx.is_dropped_later(table)
        || trigger.is_some_and(|t| is_replaced(cx, t, &names) || serves_what_goes(cx, t))
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

/// Another trigger of the script fires at one of the same events of the table, and
/// does not only forbid them.
fn is_replaced(cx: &OperationContext<'_>, trigger: &Trigger, table: &[Key]) -> bool {
    const EVENTS: [&str; 4] = ["insert", "update", "delete", "truncate"];
    let fires_too = |other: &str| {
        let fires = |event: &&str| holds(&trigger.events.text, event) && holds(other, event);
        EVENTS.iter().any(fires)
    };
    let replaces = |op: &Operation| match &op.action {
        Action::CreateTrigger(create) => {
            table.contains(&cx.schema.resolve(&create.table))
                && fires_too(&create.events.text)
                && !cx.schema.refuses_writes(create)
        }
        _ => false,
    };
    let mut around = { table.iter() }.flat_map(|key| cx.around_on(Facet::Table, &key.name));
    around.any(replaces)
}

/// All that its function reads and writes are tables that the script drops: it
/// has to go with them, or every write that it fires for fails.
fn serves_what_goes(cx: &OperationContext<'_>, trigger: &Trigger) -> bool {
    let function = trigger.function.as_ref();
    let Some([routine]) = function.map(|f| cx.schema.routines(&cx.schema.resolve_routine(f)))
    else {
        return false;
    };
    let naming = naming::read(&routine.body);
    let named = naming.pieces.iter().flat_map(|piece| &piece.relations);
    let mut named = { named.map(|(name, _)| name) }
        .filter(|name| !naming.is_own(name))
        .peekable();
    named.peek().is_some() && named.all(|name| cx.goes_with_the_script(name))
}
