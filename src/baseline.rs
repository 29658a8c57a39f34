//! The findings that a project has accepted, in a file.
//!
//! An entry stands for as many findings of one rule, on one text, in one file as
//! it counts. Where several files hold the same text, each entry keeps to its
//! own file, so that a new one cannot pass for an old one; only when that file is
//! gone, an entry goes over to a file that the baseline does not know: it was
//! renamed. A finding that is more severe than the entry says is reported.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::finding::{Finding, Severity};
use crate::report::{Report, Stale, Suppressed};

/// The version of the file that is written and read.
const VERSION: u64 = 1;

/// Why a file is no baseline.
#[derive(Debug, Error)]
pub enum BaselineError {
    #[error("ends in the middle: {0}; write it anew with `bowline baseline`")]
    Cut(serde_json::Error),
    #[error("is not a baseline: {0}; write one with `bowline baseline`")]
    Malformed(serde_json::Error),
    #[error("is not a baseline: it has no `version`; write one with `bowline baseline`")]
    NoVersion,
    #[error(
        "is a baseline of version {0}, and this bowline reads version {VERSION}; write it anew with `bowline baseline`"
    )]
    OtherVersion(serde_json::Value),
}

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    version: u64,
    tool: Tool,
    findings: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tool {
    name: String,
    version: String,
}

/// Findings that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The fingerprint without a number.
    pub fingerprint: String,
    pub rule: String,
    /// Relative to the file's folder, `/`-separated.
    pub path: String,
    pub message: String,
    pub severity: Severity,
    pub count: usize,
}

/// Leads from the paths of a report to those of the baseline.
pub trait Paths {
    fn name(&self, path: &str) -> String;
    /// Is there still a file of that name?
    fn exists(&self, name: &str) -> bool;
}

impl Baseline {
    /// Accepts all findings of a report.
    pub fn of(report: &Report, paths: &dyn Paths) -> Self {
        let mut findings: Vec<Entry> = Vec::new();
        let mut places: FxHashMap<(&str, usize, Severity), usize> = FxHashMap::default();
        for finding in &report.findings {
            let fingerprint = text_of(&finding.fingerprint);
            let key = (fingerprint, finding.source, finding.severity);
            let at = *places.entry(key).or_insert(findings.len());
            match findings.get_mut(at) {
                Some(entry) => entry.count += 1,
                None => findings.push(Entry {
                    fingerprint: fingerprint.into(),
                    rule: finding.rule.into(),
                    path: paths.name(report.sources[finding.source].path()),
                    message: finding.message.clone(),
                    severity: finding.severity,
                    count: 1,
                }),
            }
        }
        Self::new(findings)
    }

    fn new(findings: Vec<Entry>) -> Self {
        Self {
            version: VERSION,
            tool: Tool {
                name: "bowline".into(),
                version: env!("CARGO_PKG_VERSION").into(),
            },
            findings,
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`BaselineError`] for what is cut off, not JSON, or of another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let wrong = |error: serde_json::Error| {
            if error.is_eof() {
                BaselineError::Cut(error)
            } else {
                BaselineError::Malformed(error)
            }
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
        match value.get("version") {
            None => return Err(BaselineError::NoVersion),
            Some(version) if *version != VERSION => {
                return Err(BaselineError::OtherVersion(version.clone()));
            }
            Some(_) => {}
        }
        serde_json::from_value(value).map_err(BaselineError::Malformed)
    }

    /// The file's text.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn write(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// How many findings it stands for.
    pub fn len(&self) -> usize {
        self.findings.iter().map(|entry| entry.count).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Takes out of a report what the baseline knows, under the name `shown`,
    /// and lists the entries that stand for nothing any more. Returns those that
    /// still stand for something.
    pub fn apply(&self, report: &mut Report, shown: &str, paths: &dyn Paths) -> Self {
        let names: Vec<String> = report
            .sources
            .iter()
            .map(|source| paths.name(source.path()))
            .collect();
        let mut matching = Matching::new(&self.findings, &report.findings, &names);
        matching.in_place();
        matching.renamed(paths);
        let Matching {
            left, known, worse, ..
        } = matching;
        let judged: FxHashSet<&str> = report
            .migrations
            .iter()
            .map(|migration| names[migration.source].as_str())
            .collect();
        let is_whole = report.scope == crate::project::Scope::All;
        let mut kept = Vec::new();
        for (at, entry) in self.findings.iter().enumerate() {
            let is_seen =
                judged.contains(entry.path.as_str()) || (is_whole && !paths.exists(&entry.path));
            let gone = match is_seen && !worse.contains(&at) {
                true => left[at],
                false => 0,
            };
            if gone > 0 {
                report.stale.push(Stale {
                    fingerprint: entry.fingerprint.clone(),
                    rule: entry.rule.clone(),
                    path: entry.path.clone(),
                    message: entry.message.clone(),
                    severity: entry.severity,
                    count: gone,
                });
            }
            if entry.count > gone {
                kept.push(Entry {
                    count: entry.count - gone,
                    ..entry.clone()
                });
            }
        }
        suppress(report, &known, shown);
        Self::new(kept)
    }
}

fn suppress(report: &mut Report, known: &[bool], shown: &str) {
    let findings = std::mem::take(&mut report.findings);
    for (finding, known) in findings.into_iter().zip(known) {
        if *known {
            report.suppressed.push(Suppressed {
                finding,
                reason: Some(format!("accepted in `{shown}`")),
                by: Some("baseline".into()),
            });
        } else {
            report.findings.push(finding);
        }
    }
    report.count();
}

/// A fingerprint without the number of its likes.
fn text_of(fingerprint: &str) -> &str {
    fingerprint.split(':').next().unwrap_or(fingerprint)
}

/// Which entry stands for which finding.
struct Matching<'a> {
    entries: &'a [Entry],
    findings: &'a [Finding],
    /// The names of the findings' files.
    names: &'a [String],
    /// The entries of each text, the most severe first.
    by_text: FxHashMap<&'a str, Vec<usize>>,
    /// The findings, the most severe first.
    order: Vec<usize>,
    /// How many findings an entry can still stand for.
    left: Vec<usize>,
    known: Vec<bool>,
    /// Entries whose finding is more severe than it was.
    worse: FxHashSet<usize>,
}

impl<'a> Matching<'a> {
    fn new(entries: &'a [Entry], findings: &'a [Finding], names: &'a [String]) -> Self {
        let mut by_text: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        for (at, entry) in entries.iter().enumerate() {
            by_text.entry(&entry.fingerprint).or_default().push(at);
        }
        for list in by_text.values_mut() {
            list.sort_by_key(|at| std::cmp::Reverse(entries[*at].severity));
        }
        let mut order: Vec<usize> = (0..findings.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(findings[*at].severity));
        Self {
            entries,
            findings,
            names,
            by_text,
            order,
            left: entries.iter().map(|entry| entry.count).collect(),
            known: vec![false; findings.len()],
            worse: FxHashSet::default(),
        }
    }

    /// Findings in the files that the entries name.
    fn in_place(&mut self) {
        self.pass(|entry, name| entry.path == name);
    }

    /// Findings in files that are new to the baseline, for entries whose file is
    /// gone.
    fn renamed(&mut self, paths: &dyn Paths) {
        let entries = self.entries;
        let known: FxHashSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        let gone: FxHashSet<&str> = known
            .iter()
            .copied()
            .filter(|path| !paths.exists(path))
            .collect();
        self.pass(|entry, name| gone.contains(entry.path.as_str()) && !known.contains(name));
    }

    fn pass(&mut self, may_stand: impl Fn(&Entry, &str) -> bool) {
        for at in std::mem::take(&mut self.order) {
            let finding = &self.findings[at];
            let name = self.names[finding.source].as_str();
            let candidates = self.by_text.get(text_of(&finding.fingerprint));
            let mut fitting =
                candidates.into_iter().flatten().copied().filter(|entry| {
                    self.left[*entry] > 0 && may_stand(&self.entries[*entry], name)
                });
            match fitting.next() {
                Some(entry) if self.entries[entry].severity >= finding.severity => {
                    self.left[entry] -= 1;
                    self.known[at] = true;
                }
                Some(entry) => {
                    self.worse.insert(entry);
                    self.order.push(at);
                }
                None => self.order.push(at),
            }
        }
    }
}
