//! Directives: comments in SQL that speak to bowline.
//!
//! `-- bowline: ignore drop-column reason="…"` and its kin. A directive begins
//! its comment (in a block comment, its line). One that is misspelt is a
//! finding, because a directive that silently does nothing is worse than none;
//! prose that mentions bowline is left alone.

mod foreign;
mod reader;
mod words;

use rustc_hash::FxHashMap;

use crate::config::Foreign;
use crate::finding::{Confidence, Edit, Finding, Fix, Severity};
use crate::phase::Phase;
use crate::project::SourceId;
use crate::report::Suppressed;
use crate::source::Span;

use reader::Reader;

pub const UNKNOWN_DIRECTIVE: &str = "unknown-directive";
pub const UNEXPLAINED_SUPPRESSION: &str = "unexplained-suppression";
pub const UNUSED_SUPPRESSION: &str = "unused-suppression";

/// What directives may speak of.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// The ids of all rules.
    pub rules: &'a [&'a str],
    /// Other linters whose comments count.
    pub foreign: &'a [Foreign],
}

/// An `approve` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub what: String,
    pub reason: Option<String>,
    pub by: Option<String>,
    pub ticket: Option<String>,
    pub span: Span,
}

/// An `ignore` or `ignore-file` directive, or another linter's like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The rules and where each is named; empty means every rule, which only
    /// another linter's comment can say.
    pub rules: Vec<(String, Span)>,
    pub file: bool,
    /// The statement, or the whole file; empty where no statement follows.
    pub covers: Span,
    pub reason: Option<String>,
    pub by: Option<String>,
    /// The directive itself.
    pub span: Span,
    /// Whose comment it is, unless it is our own.
    pub foreign: Option<Foreign>,
}

/// A mistake in a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    pub rule: &'static str,
    pub span: Span,
    pub message: String,
    pub help: String,
    /// The word that was probably meant.
    pub meant: Option<String>,
}

impl Slip {
    pub fn finding(self, source: SourceId) -> Finding {
        let fix = self.meant.map(|word| Fix {
            title: format!("Write `{word}`"),
            // A guess, however near.
            safe: false,
            about: self.span,
            edits: vec![Edit {
                source,
                span: self.span,
                text: word,
            }],
        });
        Finding {
            rule: self.rule,
            severity: Severity::Warning,
            confidence: Confidence::High,
            message: self.message,
            help: self.help,
            source,
            span: self.span,
            related: Vec::new(),
            fix,
            fingerprint: String::new(),
        }
    }
}

/// What the comments of one file say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    pub phase: Option<(Phase, Span)>,
    pub approvals: Vec<Approval>,
    pub checkpoint: Option<(String, Span)>,
    pub release: Option<String>,
    pub ignores: Vec<Ignore>,
    pub slips: Vec<Slip>,
}

impl Directives {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Does a directive approve, with a reason, of what cannot be taken back?
    pub fn approves_irreversible(&self) -> bool {
        self.approvals.iter().any(|a| a.reason.is_some())
    }
}

/// Reads the directives of a file. Comments and statements are in the order of
/// the text; a statement's span leaves out its semicolon.
pub fn directives(
    text: &str,
    comments: &[Span],
    statements: &[Span],
    vocabulary: &Vocabulary<'_>,
) -> Directives {
    let mut reader = Reader::new(text, statements, vocabulary);
    for comment in comments {
        reader.comment(*comment);
    }
    reader.out
}

/// What is left of findings once directives had their say.
#[derive(Debug, Default)]
pub struct Applied {
    pub kept: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    /// `unused-suppression` findings.
    pub unused: Vec<Finding>,
}

/// Takes out the findings that a directive covers: those of a rule that it
/// names, in the same file, that begin within what it covers. `can_report`
/// tells of each rule whether it was on at all; a directive for one that was
/// not is no mistake.
pub fn apply(
    findings: Vec<Finding>,
    directives: &[(SourceId, Directives)],
    can_report: impl Fn(&str) -> bool,
) -> Applied {
    let mut tables: FxHashMap<SourceId, Table<'_>> = directives
        .iter()
        .filter(|(_, directives)| !directives.ignores.is_empty())
        .map(|(source, directives)| (*source, Table::new(&directives.ignores)))
        .collect();
    let mut applied = Applied::default();
    for finding in findings {
        let table = tables.get_mut(&finding.source);
        match table.and_then(|table| table.claim(finding.rule, finding.span.start)) {
            None => applied.kept.push(finding),
            Some(ignore) => applied.suppressed.push(Suppressed {
                finding,
                reason: ignore.reason.clone(),
                by: ignore.by.clone(),
            }),
        }
    }
    for (source, _) in directives {
        if let Some(table) = tables.remove(source) {
            let unused = table.unused(&can_report);
            applied
                .unused
                .extend(unused.map(|slip| slip.finding(*source)));
        }
    }
    applied
}

/// The ignores of a file, one row for each rule that they name, sorted for
/// binary search.
struct Table<'a> {
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    /// Empty for every rule.
    rule: &'a str,
    /// Directives for the whole file sort as if they began at its start.
    file: bool,
    ignore: &'a Ignore,
    named: Span,
    used: bool,
}

impl Row<'_> {
    fn key(&self) -> (&str, bool, u32) {
        (self.rule, self.file, self.ignore.covers.start)
    }
}

impl<'a> Table<'a> {
    fn new(ignores: &'a [Ignore]) -> Self {
        let row = |ignore: &'a Ignore, rule: &'a str, named: Span| Row {
            rule,
            file: ignore.file,
            ignore,
            named,
            used: false,
        };
        let mut rows: Vec<_> = ignores
            .iter()
            .flat_map(|ignore| {
                let every = ignore
                    .rules
                    .is_empty()
                    .then(|| row(ignore, "", ignore.span));
                let named = ignore.rules.iter();
                every
                    .into_iter()
                    .chain(named.map(move |(rule, span)| row(ignore, rule, *span)))
            })
            .collect();
        rows.sort_by(|a, b| a.key().cmp(&b.key()));
        Self { rows }
    }

    /// The directive that covers a rule's finding at a place, from the nearest
    /// to the widest.
    fn claim(&mut self, rule: &str, at: u32) -> Option<&'a Ignore> {
        let found = [(rule, false), ("", false), (rule, true), ("", true)]
            .into_iter()
            .find_map(|(rule, file)| self.find(rule, file, at))?;
        let row = &mut self.rows[found];
        row.used = true;
        Some(row.ignore)
    }

    fn find(&self, rule: &str, file: bool, at: u32) -> Option<usize> {
        let behind = self
            .rows
            .partition_point(|row| row.key() <= (rule, file, at));
        let candidate = self.rows[..behind].last()?;
        if candidate.rule != rule
            || candidate.file != file
            || !(file || candidate.ignore.covers.contains(at))
        {
            return None;
        }
        // Of several for the same statement the first is the one in use.
        let key = candidate.key();
        Some(self.rows.partition_point(|row| row.key() < key))
    }

    fn unused(self, can_report: impl Fn(&str) -> bool) -> impl Iterator<Item = Slip> {
        let mut rows: Vec<_> = self
            .rows
            .into_iter()
            .filter(|row| !row.used && row.ignore.foreign.is_none() && can_report(row.rule))
            .collect();
        rows.sort_by_key(|row| row.named);
        rows.into_iter().map(|row| {
            let place = match (row.file, row.ignore.covers.is_empty()) {
                (true, _) => "in this file",
                (false, true) => "here: no statement follows",
                (false, false) => "in the statement it covers",
            };
            Slip {
                rule: UNUSED_SUPPRESSION,
                span: row.named,
                message: format!("`{}` reports nothing {place}", row.rule),
                help: format!("Remove `{}` from the directive", row.rule),
                meant: None,
            }
        })
    }
}

#[cfg(test)]
mod tests;
