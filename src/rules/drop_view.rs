//! A view goes while the old release may read it.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, ObjectKind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-view",
    page: include_str!("../../rules/drop-view.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: kind @ (ObjectKind::View | ObjectKind::MaterializedView),
        name,
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    if cx.is_absent(name, *if_exists) || cx.is_unknown_to_others(name) || cx.is_replaced(name) {
        return;
    }
    if cx.schema.view(name).is_some_and(|view| view.temporary) {
        return;
    }
    let word = kind.word();
    let draft = findings
        .report(
            cx.operation.place,
            format!("drops {word} `{name}`, which the old release may still read"),
        )
        .help(format!(
            "Release code that no longer reads `{name}` first; then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             DROP {} {};",
            word.to_ascii_uppercase(),
            sql_object(name)
        ));
    match cx.schema.relation(name).and_then(|r| r.created_at()) {
        Some(place) => draft.related(place, "created here"),
        None => draft.confidence(Confidence::Medium),
    };
}
