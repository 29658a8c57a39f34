//! One statement changes a whole table's rows.

use crate::finding::Confidence;
use crate::operation::Action;
use crate::rule::{Check, Findings, MigrationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "unbatched-backfill",
    page: include_str!("../../rules/unbatched-backfill.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let held = cx.locks_held();
    for (at, step) in cx.steps.iter().enumerate() {
        let Some(table) = cx.mass_change(step) else {
            continue;
        };
        if held[at].is_some() {
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
                     DELETE FROM {sql} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {sql} WHERE … LIMIT 5000));"
                ),
            ),
            _ => (
                format!(
                    "one statement may update every row of `{table}`, all locked until it ends"
                ),
                format!(
                    "update a few thousand rows at a time, each batch in its own transaction:\n  \
                     UPDATE {sql} SET … WHERE ctid = ANY (ARRAY(SELECT ctid FROM {sql} WHERE … LIMIT 5000));"
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
