//! A data change runs while its transaction holds `ACCESS EXCLUSIVE`.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Severity;
use crate::operation::{Action, ObjectName};
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, listed, sql_object};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "backfill-with-ddl",
    page: include_str!("../../rules/backfill-with-ddl.md"),
    check: Check::Migration(check),
};

/// So many changes under one lock are shown.
const MOST: usize = 8;

/// The changes of one transaction that run while it holds a lock.
struct Under<'a> {
    lock: (&'a Step<'a>, &'a Key),
    /// Where each stands among the steps, and its table.
    changes: Vec<(usize, &'a ObjectName)>,
}

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let changes: Vec<(usize, &ObjectName)> = (0..cx.steps.len())
        .filter_map(|at| Some((at, cx.mass_change(&cx.steps[at])?)))
        .collect();
    // What keeps readers out as well is said first, and once.
    let readers = |lock| cx.locked_table(lock);
    let writers = |lock| cx.locked_against_writers(lock);
    let kinds: [(_, &Locked<'_>, _); 2] = [
        (cx.locks_held(), &readers, Severity::Error),
        (cx.write_locks_held(), &writers, Severity::Warning),
    ];
    let mut told = FxHashSet::default();
    for (held, locked, severity) in kinds {
        for under in under(cx, &changes, &held, locked, &mut told) {
            report(cx, findings, &under, severity);
        }
    }
}

/// The table that a step keeps closed.
type Locked<'a> = dyn Fn(&'a Step<'a>) -> Option<&'a Key> + 'a;

/// The changes under such locks, by transactions that have not been told yet.
fn under<'a>(
    cx: &'a MigrationContext<'_>,
    changes: &[(usize, &'a ObjectName)],
    held: &[Option<usize>],
    locked: &Locked<'a>,
    told: &mut FxHashSet<Option<u32>>,
) -> Vec<Under<'a>> {
    let mut found: Vec<Under<'a>> = Vec::new();
    let mut places: FxHashMap<Option<u32>, usize> = FxHashMap::default();
    for &(at, table) in changes {
        let transaction = cx.steps[at].run.transaction;
        let lock = held[at].map(|lock| &cx.steps[lock]);
        let Some(lock) = lock.and_then(|lock| Some((lock, locked(lock)?))) else {
            continue;
        };
        if let Some(place) = places.get(&transaction) {
            found[*place].changes.push((at, table));
        } else if told.insert(transaction) {
            places.insert(transaction, found.len());
            let changes = vec![(at, table)];
            found.push(Under { lock, changes });
        }
    }
    found
}

fn report(
    cx: &MigrationContext<'_>,
    findings: &mut Findings,
    under: &Under<'_>,
    severity: Severity,
) {
    let [(at, table), others @ ..] = &*under.changes else {
        return;
    };
    let (lock, key) = under.lock;
    let step = &cx.steps[*at];
    let to = match severity {
        Severity::Error => "reads and writes",
        _ => "writes",
    };
    let mut draft = findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "changing the rows of `{table}` keeps `{key}` closed to {to} until all are done"
            ),
        )
        .severity(severity)
        .help(instead(cx, &under.changes))
        .related(
            lock.place(),
            format!("`{key}` is locked here, until the transaction ends"),
        );
    for (at, table) in others.iter().take(MOST) {
        let also = format!("so does changing the rows of `{table}` here");
        draft = draft.related(cx.steps[*at].place(), also);
    }
}

/// Where the rows are changed in batches that commit.
fn instead(cx: &MigrationContext<'_>, changes: &[(usize, &ObjectName)]) -> String {
    let shown = &changes[..changes.len().min(MOST)];
    let mut seen = FxHashSet::default();
    let tables = shown.iter().map(|(_, table)| sql_object(table).to_string());
    let tables: Vec<String> = tables.filter(|table| seen.insert(table.clone())).collect();
    let sql = match shown.len() {
        1 => format!("change of {}", listed(&tables)),
        _ => format!("changes of {}", listed(&tables)),
    };
    let taken = cx.taken_along(shown.iter().map(|(at, _)| *at));
    // What is switched off for all batches stays off between them.
    let is_off = cx.steps.iter().any(|step| match &step.operation.action {
        Action::ToggleTrigger { table, enable, .. } => {
            !enable && shown.iter().any(|(_, changed)| **changed == table.name)
        }
        _ => false,
    });
    let each = match is_off {
        true => "each in its own transaction, which switches the trigger off and on again",
        false => "each in its own transaction",
    };
    let Some(tool) = cx.scene.one_for_all_pending() else {
        let along = taken.map_or_else(String::new, |taken| {
            format!(", together with what this one does to {taken} afterwards")
        });
        return format!(
            "move the {sql} into a later migration{along}, in batches of a few thousand rows, {each}"
        );
    };
    let behind = taken.map_or_else(String::new, |taken| {
        format!("; leave what this does to {taken} afterwards to a migration that is deployed after that")
    });
    format!(
        "make the {sql} outside {tool}, which runs all pending files in one transaction: once this is deployed, with psql, in batches of a few thousand rows, {each}{behind}"
    )
}
