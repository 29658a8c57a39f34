//! psql scripts: SQL that a query puts together for `\gexec`, and branches.
//!
//! `\gexec` runs what the query before it gives back. A query that reads no
//! table and puts together one text is known; so are variables that the script
//! sets itself. What stands between `\if` and `\endif` is judged as if it ran,
//! and what stands behind `\elif` or `\else` as what may run.

use rustc_hash::FxHashMap;

use super::reader::Reader;
use super::variables::Variables;
use super::{Action, Operation, Statement, Within, dynamic};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::tokens_into;

/// How many queries of a script are put together.
const MOST: usize = 1_000;

/// How many variables are kept.
const MOST_SET: usize = 64;

/// How long a query may be that is put together.
const LONGEST: u32 = 64 * 1024;

/// Follows the meta-commands of a script.
pub fn follow(text: &str, statements: &mut [Statement]) {
    let is_meta = |statement: &Statement| statement.span.of(text).starts_with('\\');
    if !statements.iter().any(is_meta) {
        return;
    }
    let mut set: FxHashMap<&str, String> = FxHashMap::default();
    // The branches that are open, and which of them are not the first.
    let mut branches: Vec<bool> = Vec::new();
    let mut left = MOST;
    for at in 0..statements.len() {
        let source = statements[at].span.of(text);
        let Some(command) = source.strip_prefix('\\') else {
            if branches.contains(&true) {
                let operations = &mut statements[at].operations;
                let within = operations.iter_mut().map(|operation| &mut operation.within);
                within.for_each(|within| {
                    within.edit(|inside| {
                        inside.conditional = true;
                        inside.doubtful = true;
                    });
                });
            }
            continue;
        };
        let (word, rest) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        match word {
            "if" => branches.push(false),
            "elif" | "else" => {
                if let Some(innermost) = branches.last_mut() {
                    *innermost = true;
                }
            }
            "endif" => {
                branches.pop();
            }
            "set" => {
                let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                match constant(value.trim()) {
                    Some(value) if set.len() < MOST_SET => set.insert(name, value),
                    _ => set.remove(name),
                };
            }
            // A query may give a variable another value.
            "gset" | "unset" | "prompt" => {
                let before = at.checked_sub(1).map(|at| statements[at].span.of(text));
                let told = format!("{} {rest}", before.unwrap_or_default());
                set.retain(|name, _| !told.replace(&format!(":'{name}'"), "").contains(*name));
            }
            "gexec" if left > 0 && at > 0 && !branches.contains(&true) => {
                left -= 1;
                let query = statements[at - 1].span;
                if let Some(operations) = run(text, query, statements[at].span, &set) {
                    statements[at].operations = operations;
                }
            }
            _ => {}
        }
    }
}

/// The value of `\set name value`, where it is one word without variables.
fn constant(value: &str) -> Option<String> {
    let inside = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''));
    let is_plain = |c: char| c.is_alphanumeric() || "._-+/@".contains(c);
    let fits = match inside {
        Some(text) => !text.contains(['\'', '\\']),
        None => !value.is_empty() && value.chars().all(is_plain),
    };
    fits.then(|| inside.unwrap_or(value).to_owned())
}

/// What the text does that a query puts together; nothing is said where it
/// reads a table, or cannot be told.
fn run(
    text: &str,
    query: Span,
    place: Span,
    set: &FxHashMap<&str, String>,
) -> Option<Vec<Operation>> {
    if query.len() > LONGEST {
        return None;
    }
    let mut sql = query.of(text).to_owned();
    for (name, value) in set {
        sql = sql.replace(&format!(":'{name}'"), &format!("'{value}'"));
    }
    let within = Within::default();
    let read = |text: &str, span: Span| {
        let mut tokens = Vec::new();
        tokens_into(text, span, &mut tokens);
        let mut cursor = Cursor::new(text, &tokens);
        cursor.eat_word("SELECT").then_some(())?;
        let reader = Reader::new(text, &tokens, span, within.clone());
        let variables = Variables::default();
        Some(dynamic::execute(
            &reader,
            cursor,
            &variables,
            place,
            within.clone(),
        ))
    };
    let mut operations = dynamic::at_offset(query.start, &sql, read)?;
    let is_unread =
        |op: &Operation| matches!(op.action, Action::Opaque { .. } | Action::Unparsed { .. });
    if operations.is_empty() || operations.iter().any(is_unread) {
        return None;
    }
    for operation in &mut operations {
        operation.place = place;
        operation.clause = place;
    }
    Some(operations)
}
