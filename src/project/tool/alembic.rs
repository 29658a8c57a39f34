//! Alembic `--sql`: a text with the SQL of several revisions
//! (runtime/migration.py).

use super::super::directive::{self, ALEMBIC, Line};
use super::super::folder::{Folder, Script, Tool};
use super::super::{Down, Layout, Migration, Transaction, name};
use crate::source::Span;

pub const TOOL: Tool = Tool {
    layout: Layout::Alembic,
    claims: |folder| folder.mostly(ALEMBIC),
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts: Vec<&Script> = folder.scripts.iter().collect();
    scripts.sort_by(|a, b| name::natural(&a.path, &b.path));
    scripts.into_iter().flat_map(revisions).collect()
}

/// A revision, or several that one transaction holds together.
struct Step<'a> {
    start: u32,
    revisions: Vec<&'a str>,
    down: bool,
}

fn revisions(script: &Script) -> Vec<Migration> {
    let mut steps: Vec<Step> = Vec::new();
    let mut open = false;
    // Where a BEGIN stands with nothing behind it yet.
    let mut fresh: Option<u32> = None;
    for line in directive::lines(script.text()) {
        if let Some((revision, down)) = running(&line) {
            let start = fresh.unwrap_or(line.span.start);
            match steps.last_mut() {
                Some(step) if open && fresh.is_none() && step.down == down => {
                    step.revisions.push(revision);
                }
                last => {
                    let start = if last.is_none() { 0 } else { start };
                    steps.push(Step {
                        start,
                        revisions: vec![revision],
                        down,
                    });
                }
            }
            fresh = None;
            continue;
        }
        match keyword(line.text) {
            Some(true) => (open, fresh) = (true, Some(line.span.start)),
            Some(false) => (open, fresh) = (false, None),
            None if line.text.trim().is_empty() => {}
            None => fresh = None,
        }
    }
    migrations(script, &steps)
}

/// `-- Running upgrade X -> Y`: the revision, and whether it is undone.
fn running<'a>(line: &Line<'a>) -> Option<(&'a str, bool)> {
    let rest = line.text.strip_prefix("-- Running ")?;
    let (rest, down) = match rest.strip_prefix("upgrade ") {
        Some(rest) => (rest, false),
        None => (rest.strip_prefix("downgrade ")?, true),
    };
    let (from, to) = rest.split_once("->")?;
    Some((if down { from } else { to }.trim(), down))
}

/// Does a line open (true) or close a transaction?
fn keyword(line: &str) -> Option<bool> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let is = |words: &[&str]| words.iter().any(|word| line.eq_ignore_ascii_case(word));
    if is(&["BEGIN", "BEGIN TRANSACTION", "START TRANSACTION"]) {
        return Some(true);
    }
    is(&["COMMIT", "COMMIT TRANSACTION"]).then_some(false)
}

fn migrations(script: &Script, steps: &[Step]) -> Vec<Migration> {
    let ends = steps.iter().skip(1).map(|step| step.start);
    steps
        .iter()
        .zip(ends.chain([script.span().end]))
        .map(|(step, end)| {
            let part = script.part(Span::new(step.start, end), Transaction::None);
            let last = step.revisions.last().copied().unwrap_or("");
            let mut migration = script.migration(step.revisions.join(", "), last);
            if step.down {
                migration.down = Down::Parts(vec![part]);
            } else {
                migration.up = vec![part];
            }
            migration
        })
        .collect()
}
