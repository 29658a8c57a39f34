//! One migration both adds and takes away.

use rustc_hash::FxHashMap;

use crate::operation::{Action, ObjectKind};
use crate::report::Direction;
use crate::rule::{Change, Check, Findings, MigrationContext, Rule, Step};
use crate::schema::Key;
use crate::verdict::OldRelease;

pub const RULE: Rule = Rule {
    id: "mixed-phases",
    page: include_str!("../../rules/mixed-phases.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if cx.scene.phase_declared || cx.scene.direction != Direction::Up {
        return;
    }
    let mut added: FxHashMap<Part, (&Step<'_>, Change)> = FxHashMap::default();
    let mut away = Vec::new();
    for step in cx.steps {
        let change = cx.change(step).filter(|change| change.of_rows);
        let (Some(change), Some(part)) = (change, part(cx, step)) else {
            continue;
        };
        match change.takes_away {
            true if step.verdict.old_release == OldRelease::Compatible => {}
            true => away.push((step, change, part)),
            false => {
                added.entry(part).or_insert((step, change));
            }
        }
    }
    let mut exchanged = away
        .into_iter()
        .filter_map(|(step, change, part)| Some((step, change, added.get(&part)?)));
    let Some((step, away, (other, added))) = exchanged.next() else {
        return;
    };
    let place = other.place();
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!("{} in a migration that also {}: no release fits both sides of it", away.verb, added.verb),
        )
        .related(place, "added here")
        .help(
            "Split it: what is added first, in a migration that the old release survives; what goes in a later release, once nothing uses it:\n\
             -- bowline: phase contract",
        );
}

/// What comes and goes; of two alike one may take the place of the other. A
/// rename is both at once, and no better in a migration of its own.
#[derive(PartialEq, Eq, Hash)]
enum Part {
    Table,
    ColumnOf(Key),
}

fn part(cx: &MigrationContext<'_>, step: &Step<'_>) -> Option<Part> {
    match &step.operation.action {
        Action::AddColumn { table, .. } | Action::DropColumn { table, .. } => {
            Some(Part::ColumnOf(cx.schema.resolve(&table.name)))
        }
        Action::CreateTable(_) => Some(Part::Table),
        Action::Drop { kind, .. } => (*kind == ObjectKind::Table).then_some(Part::Table),
        _ => None,
    }
}
