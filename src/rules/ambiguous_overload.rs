//! A second routine of one name leaves calls that could mean either.

use crate::operation::{Action, Kind, ObjectKind, Operation};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, routine_signature, sql_object};
use crate::schema::Routine;
use crate::schema::signature::stands_in;

pub const RULE: Rule = Rule {
    id: "ambiguous-overload",
    page: include_str!("../../rules/ambiguous-overload.md"),
    check: Check::Operation {
        on: &[Kind::CreateRoutine],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateRoutine(create) = &cx.operation.action else {
        return;
    };
    let key = cx.schema.resolve_routine(&create.name);
    let beside = cx
        .schema
        .not_unique_beside(&create.name, &create.arguments)
        .filter(|(old, _)| !cx.schema.is_created_now(&key) && !goes_later(cx, old));
    let Some((old, given)) = beside else {
        return;
    };
    let word = match create.procedure {
        true => "procedure",
        false => "function",
    };
    let with = match given {
        0 => "without arguments".to_owned(),
        1 => "with 1 argument".to_owned(),
        n => format!("with {n} arguments"),
    };
    let name = sql_object(&create.name);
    let signature = routine_signature(&old.arguments);
    let help = match stands_in(&create.arguments, &old.arguments) {
        true => format!(
            "Drop the old one before it in the same migration; the new one takes its calls:\n\
             DROP {} {name}({signature});",
            word.to_ascii_uppercase()
        ),
        false => "Give it another name, or no defaults".to_owned(),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "makes a second {word} `{}` beside the one of ({signature}): a call {with} is no longer unique, and fails",
                create.name
            ),
        )
        .help(help);
}

/// Does the script drop the old one later?
fn goes_later(cx: &OperationContext<'_>, old: &Routine) -> bool {
    let drops = |op: &Operation| match &op.action {
        Action::Drop {
            kind,
            name,
            arguments,
            ..
        } => {
            matches!(
                kind,
                ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine
            ) && cx.schema.resolve_routine(name) == old.key
                && arguments.as_deref().is_none_or(|a| old.takes(a))
        }
        _ => false,
    };
    cx.later_on(Facet::Object, &old.key.name).any(drops)
}
