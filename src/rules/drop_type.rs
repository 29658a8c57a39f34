//! A type goes while the old release may name it.

use crate::finding::{Confidence, Severity};
use crate::operation::{Action, Kind, ObjectKind, Operation};
use crate::rule::{Check, Findings, OperationContext, Rule, mentions, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-type",
    page: include_str!("../../rules/drop-type.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: kind @ (ObjectKind::Type | ObjectKind::Domain),
        name,
        if_exists,
        cascade,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let key = cx.type_key(name);
    let known = cx.type_exists(&key);
    if *if_exists && !known
        || cx.is_new_type(&key)
        || cx.type_returns(&key)
        || cx.earlier().any(takes_columns_away)
    {
        return;
    }
    // Without CASCADE the server has made sure that no column, domain, view or
    // signature uses it.
    let unused = known
        && !cascade
        && cx.effect.refusal.is_none()
        && !cx
            .schema
            .routines_with(&key.name)
            .any(|routine| mentions(&routine.body, &key.name));
    let (severity, which) = match unused {
        true => (
            Severity::Info,
            "which only a cast in the old release could still name",
        ),
        false => (Severity::Error, "which the old release may still name"),
    };
    findings
        .report(
            cx.operation.place,
            format!("drops {} `{name}`, {which}", kind.word()),
        )
        .severity(severity)
        .confidence(if known { Confidence::High } else { Confidence::Medium })
        .help(format!(
            "Release code whose statements no longer cast to `{name}` first; then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             DROP {} {};",
            kind.word().to_ascii_uppercase(),
            sql_object(name)
        ));
}

/// Then the type follows its columns, and that is reported where they go.
fn takes_columns_away(op: &Operation) -> bool {
    match &op.action {
        Action::DropColumn { .. } | Action::AlterColumnType { .. } => true,
        Action::Drop { kind, .. } => *kind == ObjectKind::Table,
        _ => false,
    }
}
