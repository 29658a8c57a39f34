//! A down changes what the up left alone.

use std::cell::OnceCell;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::name::Name;
use crate::operation::{Action, ObjectKind};
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, Words};
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
    let parts = cx.scene.migration.up.iter();
    let up = Words::of(
        parts
            .map(|part| cx.scene.sources[part.source].slice(part.span))
            .collect(),
    );
    // A name that was cut is longer in the text.
    let cut = |text: &str, name: &str| {
        name.len() == NAME_BYTES && text.to_lowercase().contains(&name.to_lowercase())
    };
    let in_up = |name: &str| up.mention(name) || up.texts().iter().any(|text| cut(text, name));
    let makes: OnceCell<FxHashMap<String, usize>> = OnceCell::new();
    let made_here = |step: &Step<'_>, name: &str| {
        let at = makes.get_or_init(|| made(cx)).get(name);
        // What is dropped and made again stands in the way of something else.
        let drops = matches!(step.operation.action, Action::Drop { .. });
        at.is_some_and(|at| *at < step.index || drops)
    };
    let retypes: OnceCell<FxHashSet<Option<Name>>> = OnceCell::new();
    let prepares = |step: &Step<'_>| {
        let object = step.operation.action.subject().object;
        retypes.get_or_init(|| retyped(cx)).contains(&object)
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
                && !made_here(step, &name)
                && !prepares(step)
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

/// It fails, or it is a DROP that finds nothing.
fn changes_nothing(step: &Step<'_>) -> bool {
    let finds_nothing = match &step.operation.action {
        Action::Drop {
            kind, if_exists, ..
        } => {
            step.effect.refusal.as_ref().is_some_and(|r| !r.on_rows)
                || *if_exists && kind.is_relation() && step.effect.locks.is_empty()
        }
        _ => false,
    };
    finds_nothing || step.fails()
}

/// What the down itself makes, or gives its name, and at which step first.
fn made(cx: &MigrationContext<'_>) -> FxHashMap<String, usize> {
    let mut made = FxHashMap::default();
    for step in cx.steps {
        let action = &step.operation.action;
        let name = match action {
            Action::Rename { to, .. } => Some(to.name.to_string()),
            Action::CreateTable(_)
            | Action::CreateView(_)
            | Action::CreateType(_)
            | Action::CreateRoutine(_)
            | Action::CreateSequence { .. } => action.subject().object.map(|o| last(&o)),
            Action::CreateIndex(create) => create.name.as_ref().map(|n| n.name.to_string()),
            _ => None,
        };
        if let Some(name) = name {
            made.entry(name).or_insert(step.index);
        }
    }
    made
}

/// Tables of which a column gets another type: that goes back to fewer values,
/// and the columns of that type with it.
fn retyped(cx: &MigrationContext<'_>) -> FxHashSet<Option<Name>> {
    let actions = cx.steps.iter().map(|step| &step.operation.action);
    let retyped = actions.filter(|action| matches!(action, Action::AlterColumnType { .. }));
    retyped.map(|action| action.subject().object).collect()
}

fn last(name: &str) -> String {
    name.rsplit('.')
        .next()
        .unwrap_or(name)
        .trim_matches('"')
        .to_owned()
}
