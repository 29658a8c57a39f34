//! `bowline check --fix`: what becomes of the fixed texts.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use similar::TextDiff;

use super::Failure;
use super::destination::Destination;
use crate::fix::Outcome;
use crate::project::Layout;
use crate::report::Report;
use crate::source::{Encoding, Source};

/// Where fixed texts go.
#[derive(Clone, Copy, Debug)]
pub enum Way<'a> {
    Files {
        /// Migrations may be among them that have run somewhere.
        may_be_old: bool,
    },
    /// Of standard input, whether it changes or not.
    Stdout(&'a Source),
    /// As a unified diff to standard output.
    Diff,
}

/// Delivers the texts, and tells on standard error what was done.
pub fn deliver(outcome: &Outcome, way: Way<'_>) -> Result<(), Failure> {
    match way {
        Way::Files { .. } => replace(outcome)?,
        Way::Stdout(source) => print(outcome, source)?,
        Way::Diff => Destination::Stdout.write(|out| {
            let mut files = outcome.files();
            files.try_for_each(|(before, after)| out.write_all(diff(before, after).as_bytes()))
        })?,
    }
    let mut lines = told(outcome, way).join("\n");
    if !lines.is_empty() {
        lines.push('\n');
    }
    // The texts are where they belong, whether anybody reads this or not.
    let _ = io::stderr().lock().write_all(lines.as_bytes());
    Ok(())
}

/// All or, where one of them is no longer as it was read, none.
fn replace(outcome: &Outcome) -> Result<(), Failure> {
    for (before, _) in outcome.files() {
        let path = before.path();
        let now = fs::read(path).map_err(|error| Failure::Unreadable {
            path: path.into(),
            error: error.into(),
        })?;
        if now != before.text().as_bytes() {
            return Err(Failure::Usage(format!(
                "`{path}` was changed by someone else meanwhile; nothing was written"
            )));
        }
    }
    for (before, after) in outcome.files() {
        let file = Destination::File(Path::new(before.path()));
        file.write(|out| out.write_all(after.as_bytes()))?;
    }
    Ok(())
}

fn print(outcome: &Outcome, source: &Source) -> Result<(), Failure> {
    if source.encoding() != Encoding::Utf8 {
        return Err(Failure::Usage(format!(
            "`{}` is not UTF-8, and only such texts are changed",
            source.path()
        )));
    }
    let fixed = outcome.texts.get(source.path());
    let text = fixed.map_or(source.text(), String::as_str);
    Destination::Stdout.write(|out| out.write_all(text.as_bytes()))
}

fn diff(before: &Source, after: &str) -> String {
    let path = before.path();
    // As git and patch take them from the current folder.
    let (old, new) = match path.starts_with('/') {
        true => (path.to_owned(), path.to_owned()),
        false => (format!("a/{path}"), format!("b/{path}")),
    };
    TextDiff::from_lines(before.text(), after)
        .unified_diff()
        .header(&old, &new)
        .to_string()
}

fn told(outcome: &Outcome, way: Way<'_>) -> Vec<String> {
    let is_written = !matches!(way, Way::Diff);
    let mut lines = Vec::new();
    if is_written {
        let fixed = outcome.applied.iter();
        lines.extend(fixed.map(|a| format!("fixed {} in {}: {}", a.rule, a.path, a.title)));
    }
    lines.push(format!(
        "{} {} in {}",
        counted(outcome.applied.len(), "fix", "fixes"),
        if is_written { "applied" } else { "to apply" },
        counted(outcome.texts.len(), "file", "files")
    ));
    let left = left(&outcome.report, outcome);
    if left > 0 {
        lines.push(format!(
            "{} not safe without a look: `--fix --diff --unsafe-fixes` shows what would change",
            match left {
                1 => "1 fix more is".to_owned(),
                _ => format!("{left} fixes more are"),
            }
        ));
    }
    for path in &outcome.not_utf8 {
        lines.push(format!("`{path}` is not UTF-8, and is left as it is"));
    }
    if outcome.unfinished {
        lines.push("not all is done: run it again".into());
    }
    if let Way::Files { may_be_old } = way
        && !outcome.texts.is_empty()
    {
        lines.extend(notes(outcome, may_be_old));
    }
    lines
}

fn notes(outcome: &Outcome, may_be_old: bool) -> impl Iterator<Item = String> {
    let is_of_atlas = outcome.report.migrations.iter().any(|migration| {
        let path = outcome.report.sources[migration.source].path();
        migration.layout == Layout::Atlas && outcome.texts.contains_key(path)
    });
    let old = may_be_old.then_some(
        "note: a migration that has run must stay as it is; `--since REV` fixes new ones alone",
    );
    let hash = is_of_atlas
        .then_some("note: `atlas.sum` holds a digest of each file: run `atlas migrate hash`");
    old.into_iter().chain(hash).map(str::to_owned)
}

/// Fixes that nobody asked for yet.
fn left(report: &Report, outcome: &Outcome) -> usize {
    let findings = report.findings.iter();
    findings
        .filter(|finding| finding.fix.as_ref().is_some_and(|fix| !fix.safe))
        .filter(|finding| {
            !outcome
                .not_utf8
                .contains(report.sources[finding.source].path())
        })
        .count()
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
