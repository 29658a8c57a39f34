//! One statement changes a whole table's rows.

use crate::finding::Confidence;
use crate::operation::Action;
use crate::rule::{Check, Findings, MigrationContext, Rule, one_line, sql_object};

pub const RULE: Rule = Rule {
    id: "unbatched-backfill",
    page: include_str!("../../rules/unbatched-backfill.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let (held, from_writers) = (cx.locks_held(), cx.write_locks_held());
    for (at, step) in cx.steps.iter().enumerate() {
        let Some(table) = cx.mass_change(step) else {
            continue;
        };
        if held[at].is_some() || from_writers[at].is_some() {
            continue;
        }
        let sql = sql_object(table);
        let (fact, help) = match &step.operation.action {
            Action::Insert(_) => (
                format!("one statement copies a whole table's rows into `{table}`"),
                format!(
                    "copy a few thousand rows at a time into {sql}, by ranges of the key, each batch in its own transaction"
                ),
            ),
            Action::Delete(_) => (
                format!(
                    "one statement may delete many rows of `{table}`, all locked until it ends"
                ),
                format!(
                    "delete a few thousand rows at a time, each batch in its own transaction:\n  \
                     DELETE FROM {sql} {};",
                    batch(&sql, "USING", joined(&step.operation.action))
                ),
            ),
            _ => (
                format!(
                    "one statement may update every row of `{table}`, all locked until it ends"
                ),
                format!(
                    "update a few thousand rows at a time, each batch in its own transaction:\n  \
                     UPDATE {sql} SET … {};",
                    batch(&sql, "FROM", joined(&step.operation.action))
                ),
            ),
        };
        let known = cx.schema.table(table).is_some_and(|table| table.is_known());
        let copies = matches!(step.operation.action, Action::Insert(_));
        findings
            .report_in(step.source, step.operation.place, fact)
            .help(help)
            .confidence(if known && !copies {
                Confidence::Medium
            } else {
                Confidence::Low
            });
    }
}

/// What else an UPDATE or a DELETE reads.
fn joined(action: &Action) -> Option<&str> {
    let others = match action {
        Action::Update(update) => update.from.as_ref(),
        Action::Delete(delete) => delete.using.as_ref(),
        _ => None,
    };
    others.map(|others| &*others.text)
}

/// The clauses that take some thousand rows. What is joined picks the rows too:
/// those without a partner would be picked for ever.
fn batch(table: &str, word: &str, joined: Option<&str>) -> String {
    match joined.map(one_line) {
        None => {
            format!("WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE … LIMIT 5000))")
        }
        Some(others) => format!(
            "{word} {others} WHERE … AND {table}.ctid = ANY (ARRAY(SELECT {table}.ctid FROM {table}, {others} WHERE … LIMIT 5000))"
        ),
    }
}
