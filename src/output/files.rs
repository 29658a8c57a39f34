//! The report file by file, as those outputs tell it that people read.

use rustc_hash::FxHashMap;

use super::count;
use crate::finding::Finding;
use crate::project::SourceId;
use crate::report::{Direction, MigrationReport, Report, Verdict};

/// The best three answers.
pub const BEST: &str = "online · compatible · exact";

/// What is said about one file.
pub struct File<'a> {
    pub source: SourceId,
    pub migrations: Vec<&'a MigrationReport>,
    pub findings: Vec<&'a Finding>,
}

impl File<'_> {
    /// Nothing about it needs a reader. What a way back loses stands in the
    /// verdict on the way there.
    pub fn is_quiet(&self) -> bool {
        let is_good = |migration: &&MigrationReport| {
            migration.direction == Direction::Down || migration.verdict == Verdict::default()
        };
        self.findings.is_empty() && self.migrations.iter().all(is_good)
    }

    pub fn ups(&self) -> usize {
        let is_up = |migration: &&&MigrationReport| migration.direction == Direction::Up;
        self.migrations.iter().filter(is_up).count()
    }
}

/// The files in the order of their migrations, then the others.
pub fn files(report: &Report) -> Vec<File<'_>> {
    let mut places: FxHashMap<SourceId, usize> = FxHashMap::default();
    let mut files: Vec<File<'_>> = Vec::new();
    let mut place = |source: SourceId, files: &mut Vec<File<'_>>| {
        *places.entry(source).or_insert_with(|| {
            files.push(File {
                source,
                migrations: Vec::new(),
                findings: Vec::new(),
            });
            files.len() - 1
        })
    };
    for migration in &report.migrations {
        let at = place(migration.source, &mut files);
        files[at].migrations.push(migration);
    }
    for finding in &report.findings {
        let at = place(finding.source, &mut files);
        files[at].findings.push(finding);
    }
    files
}

/// What else is known of a migration: which of its file, phase, release.
pub fn notes(migration: &MigrationReport, several: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if several {
        let direction: &str = migration.direction.into();
        notes.push(format!("{} {direction}", migration.id));
    } else if migration.direction == Direction::Down {
        notes.push("down".to_owned());
    }
    if let Some(phase) = migration.phase {
        let inferred = if migration.phase_declared { "" } else { "?" };
        notes.push(format!("{}{inferred}", phase.name()));
    }
    notes.extend(
        migration
            .release
            .iter()
            .map(|release| format!("release {release}")),
    );
    notes
}

/// What was not read or not understood, counted.
pub fn not_understood(report: &Report) -> Option<String> {
    let summary = report.summary;
    let unread = report.problems.iter().filter(|problem| problem.fatal);
    let numbers = [
        (summary.unparsed, "statement", "not parsed"),
        (summary.opaque, "statement", "only in part"),
        (unread.count(), "file", "not checked"),
    ];
    let parts: Vec<String> = numbers
        .iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, noun, how)| format!("{} {how}", count(*number, noun)))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Is it a line of SQL in a help: indented, a comment, or a word in capitals
/// first?
pub fn is_sql(line: &str) -> bool {
    let word = line
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or("");
    line.starts_with(' ')
        || line.starts_with("--")
        || (word.len() > 1 && word.chars().all(char::is_uppercase))
}
