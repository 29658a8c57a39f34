//! A type goes while the old release may name it.

use crate::finding::{Confidence, Severity};
use crate::operation::{Action, CompositeChange, Kind, ObjectKind, Operation};
use crate::rule::{Check, Findings, OperationContext, Rule, mentions, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-type",
    page: include_str!("../../rules/drop-type.md"),
    check: Check::Operation {
        on: &[Kind::Drop, Kind::AlterComposite],
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
        return altered(cx, findings);
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

/// The attributes of a composite type are what its values are made of
/// (alter_composite_* in `fixtures/truth`; a row of too few or too many columns is
/// not cast).
fn altered(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AlterComposite { name, change, .. } = &cx.operation.action else {
        return;
    };
    let key = cx.type_key(name);
    if cx.is_new_type(&key) || cx.effect.refusal.is_some() {
        return;
    }
    let (severity, fact) = match change {
        CompositeChange::Drop(attribute) => (
            Severity::Error,
            format!(
                "drops attribute `{attribute}` of type `{name}`: what builds or reads its values as before fails"
            ),
        ),
        // As with a column, what names its own does not notice; a routine that builds
        // whole rows does.
        CompositeChange::Add(attribute, _) => {
            let mut routines = cx.schema.routines_with(&key.name);
            let built = routines.find(|r| mentions(&r.body, &key.name) && mentions(&r.body, "row"));
            let Some(routine) = built else {
                return;
            };
            (
                Severity::Warning,
                format!(
                    "adds attribute `{attribute}` to type `{name}`: `{}` builds rows of it, which have too few values then",
                    routine.key
                ),
            )
        }
        CompositeChange::Alter(attribute, ty) => (
            Severity::Warning,
            format!(
                "makes attribute `{attribute}` of type `{name}` `{ty}`: the old release still writes and reads the old type"
            ),
        ),
        // `rename-object` says it.
        CompositeChange::Rename(..) => return,
    };
    findings
        .report(cx.operation.place, fact)
        .severity(severity)
        .confidence(if cx.type_exists(&key) { Confidence::High } else { Confidence::Medium })
        .help("Create a type of another name beside it, let the functions of the new release use that, and drop this one in a later migration");
}

/// Then the type follows its columns, and that is reported where they go.
fn takes_columns_away(op: &Operation) -> bool {
    match &op.action {
        Action::DropColumn { .. } | Action::AlterColumnType { .. } => true,
        Action::Drop { kind, .. } => *kind == ObjectKind::Table,
        _ => false,
    }
}
