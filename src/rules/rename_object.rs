//! A sequence, type or routine gets another name or schema.

use crate::finding::Severity;
use crate::operation::{Action, CompositeChange, Kind, ObjectKind, ObjectName, Operation};
use crate::project::Layout;
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, listed, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "rename-object",
    page: include_str!("../../rules/rename-object.md"),
    check: Check::Operation {
        on: &[Kind::Rename, Kind::SetSchema, Kind::AlterComposite],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (kind, name, to) = match &cx.operation.action {
        Action::Rename { kind, name, to, .. } => (*kind, name, to.name.as_str()),
        Action::SetSchema { kind, name, to, .. } => (*kind, name, to.name.as_str()),
        Action::AlterComposite {
            name,
            change: CompositeChange::Rename(from, to),
            ..
        } => return attribute(cx, findings, name, from, to),
        _ => return,
    };
    let Some((word, severity)) = used(cx, kind, name) else {
        return;
    };
    let fact = match &cx.operation.action {
        Action::SetSchema { .. } => format!("moves {word} `{name}` to schema `{to}`"),
        _ => format!("renames {word} `{name}` to `{to}`"),
    };
    findings
        .report(
            cx.operation.place,
            format!("{fact}: the old release still uses the old name"),
        )
        .severity(severity)
        .help(advice(cx, kind, name, word));
}

/// What others may name, and how bad it is that it moves.
fn used(
    cx: &OperationContext<'_>,
    kind: ObjectKind,
    name: &ObjectName,
) -> Option<(&'static str, Severity)> {
    match kind {
        ObjectKind::Type | ObjectKind::Domain => {
            let key = cx.type_key(name);
            let seen = !cx.is_new_type(&key) && !cx.type_returns(&key);
            seen.then_some((kind.word(), Severity::Error))
        }
        _ if kind.is_routine() => {
            let key = cx.schema.resolve_routine(name);
            let seen = !cx.schema.is_created_now(&key)
                && !cx.is_trigger_function(&key)
                && !cx.routine_returns(&key);
            seen.then_some((kind.word(), Severity::Error))
        }
        // ALTER TABLE … RENAME reaches sequences too.
        ObjectKind::Sequence | ObjectKind::Table => {
            let sequence = cx.schema.sequence_by_key(&cx.schema.resolve(name));
            let is_other = kind == ObjectKind::Table && sequence.is_none();
            if is_other || cx.is_new(name) || has_name_from_here(cx, name) || comes_back(cx, name) {
                return None;
            }
            let owned = sequence.is_some_and(|s| s.owned_by.is_some());
            let severity = if owned {
                Severity::Warning
            } else {
                Severity::Error
            };
            Some(("sequence", severity))
        }
        _ => None,
    }
}

/// Has the script given it this name?
fn has_name_from_here(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    cx.earlier_on(Facet::Object, &name.name)
        .any(|op| matches!(&op.action, Action::Rename { to, .. } if to.name == name.name))
}

/// Does the script give it its name again, or the name to another sequence?
fn comes_back(cx: &OperationContext<'_>, from: &ObjectName) -> bool {
    let Action::Rename { to: away, .. } = &cx.operation.action else {
        return false;
    };
    let takes = |op: &Operation| match &op.action {
        Action::Rename { name, to, .. } => {
            to.name == from.name
                && cx
                    .schema
                    .sequence_by_key(&cx.schema.resolve(name))
                    .is_some()
        }
        Action::CreateSequence { name, .. } => name.name == from.name,
        _ => false,
    };
    if cx.later_on(Facet::Object, &from.name).any(takes) {
        return true;
    }
    cx.later_on(Facet::Object, &away.name)
        .any(|op| match &op.action {
            Action::Rename { name, to, .. } => name.name == away.name && to.name == from.name,
            _ => false,
        })
}

fn attribute(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    name: &ObjectName,
    from: &str,
    to: &str,
) {
    if cx.is_new_type(&cx.type_key(name)) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("renames attribute `{from}` of type `{name}` to `{to}`: the old release still uses the old name"),
        )
        .help(format!(
            "Add the new attribute beside the old one and release code that uses it before the old one goes:\n\
             ALTER TYPE {} ADD ATTRIBUTE {} <type>;",
            sql_object(name),
            sql_name(to)
        ));
}

fn advice(cx: &OperationContext<'_>, kind: ObjectKind, name: &ObjectName, word: &str) -> String {
    let old = sql_object(name);
    if kind.is_routine() {
        return format!(
            "Create the {word} under the new name as well, release code that calls it, and drop `{old}` in a later migration."
        );
    }
    if word == "sequence" {
        return format!(
            "Keep `{old}` until no release names it, and rename it in a later migration: a second one beside it would count anew. Columns whose default it is keep it under any name."
        );
    }
    let is_type = matches!(kind, ObjectKind::Type | ObjectKind::Domain);
    let users = match is_type {
        true => cx.columns_of_type(&cx.type_key(name)),
        false => Vec::new(),
    };
    if users.is_empty() {
        return format!(
            "Keep `{old}` until no release names it: create the new {word} beside it, release code that uses the new name, and drop the old one in a later migration."
        );
    }
    // The server keeps a type that a column has. Values of one enum are not compared
    // with those of another, those of domains are.
    let users = listed(&users);
    let because = match kind == ObjectKind::Domain || cx.schema.domain(&cx.type_key(name)).is_some()
    {
        true => format!("{users} would keep it beside another {word}"),
        false => format!("{users} cannot take values of another {word} beside it"),
    };
    let map = match cx.scene.layout {
        Layout::Prisma => format!(" (`@@map(\"{}\")`)", name.name),
        _ => String::new(),
    };
    format!(
        "Keep `{old}` in the database, and give the {word} its new name in the code alone{map}: {because}. \
         Where the database must have the new name, add columns of the new {word} and go over to them in several releases."
    )
}
