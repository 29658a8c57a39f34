//! A data change runs while its transaction holds `ACCESS EXCLUSIVE`.

use rustc_hash::FxHashSet;

use crate::finding::Severity;
use crate::operation::ObjectName;
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, sql_object};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "backfill-with-ddl",
    page: include_str!("../../rules/backfill-with-ddl.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let closed = cx.locks_held();
    let from_writers = cx.write_locks_held();
    let changes: Vec<(usize, &ObjectName)> = (0..cx.steps.len())
        .filter_map(|at| Some((at, cx.mass_change(&cx.steps[at])?)))
        .collect();
    let mut reported = FxHashSet::default();
    // What keeps readers out as well is said first, and once.
    for (at, table) in &changes {
        let lock = closed[*at].map(|lock| &cx.steps[lock]);
        if let Some((lock, key)) = lock.and_then(|lock| Some((lock, cx.locked_table(lock)?)))
            && reported.insert(cx.steps[*at].run.transaction)
        {
            report(cx, findings, (*at, table), (lock, key), Severity::Error);
        }
    }
    for (at, table) in &changes {
        let lock = from_writers[*at].map(|lock| &cx.steps[lock]);
        if let Some((lock, key)) =
            lock.and_then(|lock| Some((lock, cx.locked_against_writers(lock)?)))
            && reported.insert(cx.steps[*at].run.transaction)
        {
            report(cx, findings, (*at, table), (lock, key), Severity::Warning);
        }
    }
}

fn report(
    cx: &MigrationContext<'_>,
    findings: &mut Findings,
    (at, table): (usize, &ObjectName),
    (lock, key): (&Step<'_>, &Key),
    severity: Severity,
) {
    let step = &cx.steps[at];
    let to = match severity {
        Severity::Error => "reads and writes",
        _ => "writes",
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "changing the rows of `{table}` keeps `{key}` closed to {to} until all are done"
            ),
        )
        .severity(severity)
        .help(instead(cx, at, table))
        .related(
            lock.place(),
            format!("`{key}` is locked here, until the transaction ends"),
        );
}

/// Where the rows are changed in batches that commit.
fn instead(cx: &MigrationContext<'_>, at: usize, table: &ObjectName) -> String {
    let (sql, taken) = (sql_object(table), cx.taken_along(at));
    let Some(tool) = cx.scene.one_for_all_pending() else {
        let along = taken.map_or_else(String::new, |taken| {
            format!(", together with what this one does to {taken} afterwards")
        });
        return format!(
            "move the change of {sql} into a later migration{along}, and do it in batches of a few thousand rows, each in its own transaction"
        );
    };
    let behind = taken.map_or_else(String::new, |taken| {
        format!("; leave what this does to {taken} afterwards to a migration that is deployed after that")
    });
    format!(
        "change the rows of {sql} outside {tool}, which runs all pending files in one transaction: once this is deployed, with psql, in batches of a few thousand rows, each in its own transaction{behind}"
    )
}
