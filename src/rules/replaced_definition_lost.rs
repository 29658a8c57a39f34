//! A definition is replaced, and the down does not bring the earlier one back.

use crate::inverse::{routine, view};
use crate::operation::CreateRoutine;
use crate::operation::{Action, Kind};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, on_one_line, repeats_routine, repeats_view,
};
use crate::schema::{Key, Origin, Place, Routine};

pub const RULE: Rule = Rule {
    id: "replaced-definition-lost",
    page: include_str!("../../rules/replaced-definition-lost.md"),
    check: Check::Operation {
        on: &[Kind::CreateRoutine, Kind::CreateView],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    if cx.scene.way_back.is_empty() {
        return;
    }
    let (word, name, earlier, definition) = match &cx.operation.action {
        Action::CreateRoutine(create) if create.or_replace => {
            let key = cx.schema.resolve_routine(&create.name);
            let Some((earlier, old)) = replaced_routine(cx, &key, create) else {
                return;
            };
            let word = if create.procedure {
                "procedure"
            } else {
                "function"
            };
            (word, &create.name, earlier, routine::definition(old))
        }
        Action::CreateView(create) if create.or_replace && !cx.is_new(&create.name) => {
            let known = cx.schema.view(&create.name);
            let replaced = known.filter(|known| !repeats_view(cx.schema, known, create));
            let replaced = replaced.and_then(|old| Some((created_at(old.origin)?, old)));
            let Some((place, old)) = replaced else {
                return;
            };
            ("view", &create.name, place, view::definition(old, true))
        }
        _ => return,
    };
    let restores = |action: &Action| match action {
        Action::CreateRoutine(create) => create.name.name == name.name,
        Action::CreateView(create) => create.name.name == name.name,
        _ => false,
    };
    if cx
        .back_on(Facet::Object, &name.name)
        .any(|op| restores(&op.action))
    {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "replaces {word} `{name}`, and the down does not bring its earlier definition back"
            ),
        )
        .related(earlier, "the earlier definition")
        .help(format!(
            "Put the earlier definition of `{name}` into the down:\n{};",
            on_one_line(&definition)
        ));
}

fn replaced_routine<'c>(
    cx: &'c OperationContext<'_>,
    key: &Key,
    create: &CreateRoutine,
) -> Option<(Place, &'c Routine)> {
    let parts = |arguments: &str| {
        arguments.matches(',').count() + usize::from(!arguments.trim().is_empty())
    };
    let known = cx.schema.routines(key).iter();
    if known.clone().any(|known| repeats_routine(known, create)) {
        return None;
    }
    known
        .filter(|old| !cx.is_from_here(old.origin))
        .find(|old| parts(&old.arguments) == parts(&create.arguments))
        .and_then(|old| Some((created_at(old.origin)?, &**old)))
}

fn created_at(origin: Origin) -> Option<Place> {
    match origin {
        Origin::Created { at, .. } => Some(at),
        Origin::Assumed => None,
    }
}
