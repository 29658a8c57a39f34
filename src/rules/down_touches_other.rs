//! A down changes what the up left alone.

use crate::operation::{Action, ObjectKind};
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, mentions};
use crate::statement::cursor::NAME_BYTES;

pub const RULE: Rule = Rule {
    id: "down-touches-other",
    page: include_str!("../../rules/down-touches-other.md"),
    check: Check::Down(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let opaque = |action: &Action| {
        matches!(
            action,
            Action::Opaque { .. }
                | Action::Unparsed { .. }
                | Action::Call { .. }
                | Action::Select { .. }
        )
    };
    let unsure = cx.scene.forth.is_empty()
        || cx
            .scene
            .forth
            .iter()
            .any(|op| op.within.block || opaque(&op.action));
    if unsure {
        return;
    }
    let up: Vec<&str> = cx
        .scene
        .migration
        .up
        .iter()
        .map(|part| cx.scene.sources[part.source].slice(part.span))
        .collect();
    // A name that was cut is longer in the text.
    let cut = |text: &str, name: &str| {
        name.len() == NAME_BYTES && text.to_lowercase().contains(&name.to_lowercase())
    };
    let in_up = |name: &str| {
        let mut up = up.iter();
        up.any(|text| mentions(text, name) || cut(text, name))
    };
    // The server made up the names of some of its indexes.
    let leaves_names = cx.scene.forth.iter().any(|op| match &op.action {
        Action::CreateIndex(create) => create.name.is_none(),
        Action::CreateTable(_) | Action::AddConstraint { .. } | Action::AddColumn { .. } => true,
        _ => false,
    });
    let other = cx
        .steps
        .iter()
        .filter(|step| changes(step) && !(leaves_names && drops_index(step)))
        .find_map(|step| {
            let name = last(step.operation.action.subject().object?.as_str());
            let foreign = !in_up(&name)
                && !made_before(cx, step, &name)
                && !prepares(cx, step)
                && !changes_nothing(step);
            foreign.then_some((step, name))
        });
    let Some((step, name)) = other else {
        return;
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!("the down changes `{name}`, which the up does not touch"),
        )
        .help("Leave it to the down of the migration that made it, or say in the up what this one needs");
}

fn drops_index(step: &Step<'_>) -> bool {
    matches!(
        step.operation.action,
        Action::Drop {
            kind: ObjectKind::Index | ObjectKind::Sequence,
            ..
        }
    )
}

fn changes(step: &Step<'_>) -> bool {
    if step.operation.within.block {
        return false;
    }
    match &step.operation.action {
        Action::Drop { kind, name, .. } => {
            let plain = matches!(
                kind,
                ObjectKind::Table
                    | ObjectKind::View
                    | ObjectKind::MaterializedView
                    | ObjectKind::Index
                    | ObjectKind::Sequence
                    | ObjectKind::Type
                    | ObjectKind::Function
                    | ObjectKind::Routine
            );
            plain && !name.template
        }
        Action::DropColumn { .. }
        | Action::AddColumn { .. }
        | Action::RenameColumn { .. }
        | Action::DropConstraint { .. }
        | Action::AddConstraint { .. }
        | Action::SetNotNull { .. }
        | Action::DropNotNull { .. }
        | Action::Truncate { .. }
        | Action::Delete(_) => true,
        _ => false,
    }
}

/// A DROP that fails, or that finds nothing.
fn changes_nothing(step: &Step<'_>) -> bool {
    let Action::Drop {
        kind, if_exists, ..
    } = &step.operation.action
    else {
        return false;
    };
    step.conflict.is_some()
        || step.effect.refusal.as_ref().is_some_and(|r| !r.on_rows)
        || *if_exists && kind.is_relation() && step.effect.locks.is_empty()
}

/// The down itself made it, or gave it the name.
fn made_before(cx: &MigrationContext<'_>, step: &Step<'_>, name: &str) -> bool {
    let earlier = cx.steps.iter().take_while(|s| s.index < step.index);
    earlier
        .map(|s| &s.operation.action)
        .any(|action| match action {
            Action::Rename { to, .. } => to.name == name,
            Action::CreateTable(_)
            | Action::CreateView(_)
            | Action::CreateType(_)
            | Action::CreateRoutine(_)
            | Action::CreateSequence { .. } => {
                action.subject().object.is_some_and(|o| last(&o) == name)
            }
            Action::CreateIndex(create) => create.name.as_ref().is_some_and(|n| n.name == name),
            _ => false,
        })
}

/// A type goes back to fewer values, and the columns of that type with it.
fn prepares(cx: &MigrationContext<'_>, step: &Step<'_>) -> bool {
    let retypes = |s: &Step<'_>| {
        matches!(&s.operation.action, Action::AlterColumnType { .. })
            && s.operation.action.subject().object == step.operation.action.subject().object
    };
    cx.steps.iter().any(retypes)
}

fn last(name: &str) -> String {
    name.rsplit('.')
        .next()
        .unwrap_or(name)
        .trim_matches('"')
        .to_owned()
}
