//! One statement changes a whole table's rows.

use crate::finding::Confidence;
use crate::operation::Action;
use crate::rule::{Check, Findings, MigrationContext, Rule, on_one_line, sql_name, sql_object};
use crate::text::holds;
use smol_str::SmolStr;

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
            Action::Insert(insert) => (
                match insert
                    .query
                    .as_ref()
                    .is_some_and(|query| holds(&query.text, "where"))
                {
                    true => format!("one statement may copy many rows into `{table}`"),
                    false => format!("one statement copies a whole table's rows into `{table}`"),
                },
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
                     {};",
                    Batch::of(&step.operation.action, &sql).statement("DELETE FROM", "", "USING")
                ),
            ),
            action => {
                let batch = Batch::of(action, &sql);
                let help = match batch.looks_across_rows() {
                    true => format!(
                        "compute what is new for each row once, into a table of its own (CREATE TABLE … AS SELECT …, with the key of {sql}), and update from that a few thousand rows at a time, each batch in its own transaction: the query itself would look at rows that the batch before has changed"
                    ),
                    false => format!(
                        "update a few thousand rows at a time, each batch in its own transaction:\n  \
                         {};",
                        batch.statement("UPDATE", "SET … ", "FROM")
                    ),
                };
                let which = match action {
                    Action::Update(update) if update.filter.is_none() && update.from.is_none() => {
                        "updates every row"
                    }
                    _ => "may update many rows",
                };
                (
                    format!("one statement {which} of `{table}`, all locked until it ends"),
                    help,
                )
            }
        };
        if findings.add_to_alike(&fact, step.place(), "so may this one") {
            continue;
        }
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

/// What the change of some thousand rows has to name, as the change of all does.
struct Batch<'a> {
    /// `WITH …` and a blank.
    with: String,
    /// The table as it is named in FROM, and elsewhere.
    table: String,
    own: SmolStr,
    /// What else is read.
    joined: Option<&'a str>,
}

impl<'a> Batch<'a> {
    fn of(action: &'a Action, table: &str) -> Self {
        let (alias, with, others) = match action {
            Action::Update(update) => (&update.alias, &update.with, &update.from),
            Action::Delete(delete) => (&delete.alias, &delete.with, &delete.using),
            _ => (&None, &None, &None),
        };
        let alias = alias.as_ref().map(|alias| sql_name(alias));
        Self {
            with: with
                .as_ref()
                .map_or_else(String::new, |with| on_one_line(&with.text) + " "),
            table: match &alias {
                Some(alias) => format!("{table} AS {alias}"),
                None => table.to_owned(),
            },
            own: alias.unwrap_or_else(|| table.into()),
            joined: others.as_ref().map(|others| &*others.text),
        }
    }

    /// Does the value of a row depend on its place among others?
    fn looks_across_rows(&self) -> bool {
        let numbers = |text: &str| ["over (", "over("].iter().any(|word| holds(text, word));
        numbers(&self.with) || self.joined.is_some_and(numbers)
    }

    /// The statement of some thousand rows. What is joined picks the rows too:
    /// those without a partner would be picked for ever.
    fn statement(&self, verb: &str, set: &str, word: &str) -> String {
        let Self {
            with, table, own, ..
        } = self;
        // What is deleted is not found again.
        let left = match verb {
            "UPDATE" => "<not done yet>",
            _ => "…",
        };
        match self.joined.map(on_one_line) {
            None => format!(
                "{with}{verb} {table} {set}WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {left} LIMIT 5000))"
            ),
            Some(others) => format!(
                "{with}{verb} {table} {set}{word} {others} WHERE … AND {own}.ctid = ANY (ARRAY(SELECT {own}.ctid FROM {table}, {others} WHERE {left} LIMIT 5000))"
            ),
        }
    }
}
