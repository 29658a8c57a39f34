//! A data change runs while its transaction holds `ACCESS EXCLUSIVE`.

use rustc_hash::FxHashSet;

use crate::operation::{Action, ObjectKind};
use crate::rule::{Check, Findings, MigrationContext, Rule, listed, mentions, sql_object};

pub const RULE: Rule = Rule {
    id: "backfill-with-ddl",
    page: include_str!("../../rules/backfill-with-ddl.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut reported = FxHashSet::default();
    let held = cx.locks_held();
    for (at, step) in cx.steps.iter().enumerate() {
        let Some(table) = cx.mass_change(step) else {
            continue;
        };
        let Some(earlier) = held[at].map(|lock| &cx.steps[lock]) else {
            continue;
        };
        let Some(key) = cx.locked_table(earlier) else {
            continue;
        };
        if !reported.insert(step.run.transaction) {
            continue;
        }
        let place = earlier.place();
        findings
            .report_in(
                step.source,
                step.operation.place,
                format!(
                    "changing the rows of `{table}` keeps `{key}` closed to reads and writes until all are done"
                ),
            )
            .help(format!(
                "move the change of {} into a later migration{}, and do it in batches of a few thousand rows, each in its own transaction",
                sql_object(table),
                with_what_takes(cx, at)
            ))
            .related(place, format!("`{key}` is locked here, until the transaction ends"));
    }
}

/// What the script drops afterwards although the change reads it, and which has
/// to go along.
fn with_what_takes(cx: &MigrationContext<'_>, at: usize) -> String {
    let step = &cx.steps[at];
    let text = cx.text(step, step.statement_span);
    let taken = cx.steps[at + 1..].iter().filter_map(|later| {
        let (what, name) = match &later.operation.action {
            Action::DropColumn { column, .. } => ("column", &column.name),
            Action::Drop {
                kind: ObjectKind::Table,
                name,
                ..
            } => ("table", &name.name),
            Action::AlterColumnType { column, .. } => ("type of column", &column.name),
            _ => return None,
        };
        mentions(text, name).then(|| format!("{what} `{name}`"))
    });
    let taken: Vec<String> = taken.take(5).collect();
    match taken.is_empty() {
        true => String::new(),
        false => format!(
            ", together with what becomes of {}, which it reads",
            listed(&taken)
        ),
    }
}
