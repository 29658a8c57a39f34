//! A function or procedure goes while the old release may call it.

use crate::finding::Confidence;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-routine",
    page: include_str!("../../rules/drop-routine.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind,
        name,
        arguments,
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    if !kind.is_routine() {
        return;
    }
    let key = cx.schema.resolve_routine(name);
    let known = !cx.schema.routines(&key).is_empty();
    if *if_exists && !known
        || cx.schema.lacks_overload(name, arguments.as_deref())
        || cx.schema.is_created_now(&key)
        || cx.is_trigger_function(&key)
        || cx.routine_returns_for(&key, arguments.as_deref())
    {
        return;
    }
    let word = kind.word();
    let signature = arguments
        .as_ref()
        .map(|a| format!("({a})"))
        .unwrap_or_default();
    if cx.routine_returns(&key) {
        findings
            .report(
                cx.operation.place,
                format!(
                    "drops {word} `{name}` and creates it again with arguments that calls of the old release do not fit"
                ),
            )
            .help("Give each argument that is added a DEFAULT, or create the new one beside the old one and drop that in a later migration, once no release calls it");
        return;
    }
    const CALLS: &str = "which the old release may still call";
    let also = format!("so is {word} `{name}`");
    if known && findings.add_to_alike(CALLS, cx.place(cx.operation.place), &also) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("drops {word} `{name}`, {CALLS}"),
        )
        .confidence(if known {
            Confidence::High
        } else {
            Confidence::Medium
        })
        .help(format!(
            "Release code that no longer calls `{name}` first; then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             DROP {} {}{signature};",
            word.to_ascii_uppercase(),
            sql_object(name)
        ));
}
