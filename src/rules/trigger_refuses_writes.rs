//! A new trigger fails for every write that it fires for.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "trigger-refuses-writes",
    page: include_str!("../../rules/trigger-refuses-writes.md"),
    check: Check::Operation {
        on: &[Kind::CreateTrigger],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateTrigger(trigger) = &cx.operation.action else {
        return;
    };
    let table = &trigger.table;
    if !cx.schema.refuses_writes(trigger)
        || cx.is_unknown_to_others(table)
        || cx.is_dropped_later(table)
        || stood_before(cx)
    {
        return;
    }
    let events = events(&trigger.events.text);
    let of = match trigger.columns.is_empty() {
        true => String::new(),
        false => format!(" of `{}`", trigger.columns.join(", ")),
    };
    let when = match trigger.when {
        Some(_) => " that its WHEN lets through",
        None => "",
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "lets every {events}{of} on `{table}`{when} fail: the trigger's function does nothing but raise an exception, and the old release may still do so"
            ),
        )
        .confidence(cx.confidence(table))
        .help(format!(
            "Create it once no release writes to {} in that way",
            sql_object(table)
        ));
}

/// Did the table have a trigger of this name?
fn stood_before(cx: &OperationContext<'_>) -> bool {
    let Action::CreateTrigger(trigger) = &cx.operation.action else {
        return false;
    };
    let name = &trigger.name.name;
    cx.table(&trigger.table).is_some_and(|table| {
        table.triggers.iter().any(|t| t.name == *name)
            || cx.gone_rules(table).any(|gone| gone.name == *name)
    })
}

/// `UPDATE or DELETE`.
fn events(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let words = words.map(str::to_ascii_uppercase);
    let is_event =
        |word: &String| matches!(word.as_str(), "INSERT" | "UPDATE" | "DELETE" | "TRUNCATE");
    words.filter(is_event).collect::<Vec<_>>().join(" or ")
}
