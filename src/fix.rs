//! Fixes put into texts, until nothing is left to be fixed.
//!
//! Fixes that do not get in each other's way are applied together; what they
//! leave is judged anew, because a fix can be what makes the next one possible.
//! Nothing is written here.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::{Edit, Finding, Fix};
use crate::project::SourceId;
use crate::report::Report;
use crate::source::{Encoding, Source, Span};

/// Texts that stand in the place of files, by path.
pub type Texts = BTreeMap<String, String>;

/// A fix that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub path: String,
    pub rule: &'static str,
    pub title: String,
}

/// What is left when all that can be fixed is fixed.
#[derive(Debug)]
pub struct Outcome {
    /// What is said about the new texts.
    pub report: Report,
    /// The files that change, as they are to be.
    pub texts: Texts,
    /// The same files as they were.
    before: BTreeMap<String, Arc<Source>>,
    /// In the order in which they were applied.
    pub applied: Vec<Applied>,
    /// Files with fixes that are not UTF-8, and are left alone.
    pub not_utf8: BTreeSet<String>,
    /// There is more to fix than so many passes do.
    pub unfinished: bool,
}

impl Outcome {
    /// The files that change, as they were and as they are to be.
    pub fn files(&self) -> impl Iterator<Item = (&Source, &str)> {
        self.texts
            .iter()
            .filter_map(|(path, text)| Some((&**self.before.get(path)?, text.as_str())))
    }
}

/// How often files are judged anew: a file with so many fixes that exclude each
/// other is rare, and another run goes on.
const PASSES: usize = 10;

/// Applies the fixes that are wanted; `judge` reports on the project with
/// these texts in the place of its files.
///
/// # Errors
/// What `judge` answers.
pub fn apply<E>(
    mut judge: impl FnMut(&Texts) -> Result<Report, E>,
    is_wanted: impl Fn(&Fix) -> bool,
) -> Result<Outcome, E> {
    let mut outcome = Outcome {
        report: judge(&Texts::new())?,
        texts: Texts::new(),
        before: BTreeMap::new(),
        applied: Vec::new(),
        not_utf8: BTreeSet::new(),
        unfinished: false,
    };
    // What did not do what it should is not tried again.
    let mut failed: BTreeSet<(String, &'static str)> = BTreeSet::new();
    for pass in 0..=PASSES {
        let passed = one_pass(&outcome.report, |finding, fix, path| {
            is_wanted(fix) && !failed.contains(&(path.to_owned(), finding.rule))
        });
        outcome.not_utf8 = passed.not_utf8;
        if passed.files.is_empty() {
            break;
        }
        if pass == PASSES {
            outcome.unfinished = true;
            break;
        }
        let mut texts = outcome.texts.clone();
        for file in &passed.files {
            texts.insert(file.path.clone(), file.text.clone());
            let before = outcome.before.entry(file.path.clone());
            before.or_insert_with(|| Arc::clone(&outcome.report.sources[file.source]));
        }
        let mut report = judge(&texts)?;
        let found = places(&report);
        let mut is_taken_back = false;
        for file in passed.files {
            let left = file.still_reported(&found);
            if left.is_empty() {
                outcome
                    .applied
                    .extend(file.applied.into_iter().map(|(_, applied)| applied));
                continue;
            }
            failed.extend(left.into_iter().map(|rule| (file.path.clone(), rule)));
            is_taken_back = true;
            match outcome.texts.get(&file.path) {
                Some(before) => texts.insert(file.path, before.clone()),
                None => texts.remove(&file.path),
            };
        }
        if is_taken_back {
            report = judge(&texts)?;
        }
        outcome.report = report;
        outcome.texts = texts;
    }
    Ok(outcome)
}

struct Pass {
    files: Vec<Fixed>,
    not_utf8: BTreeSet<String>,
}

/// A file's text with fixes in it.
struct Fixed {
    source: SourceId,
    path: String,
    text: String,
    /// Where each finding would stand now if it still stood.
    applied: Vec<(u32, Applied)>,
}

/// File, place and rule of each finding.
type Places<'r> = FxHashSet<(&'r str, u32, &'static str)>;

fn places(report: &Report) -> Places<'_> {
    let place = |finding: &Finding| {
        let path = report.sources[finding.source].path();
        (path, finding.span.start, finding.rule)
    };
    report.findings.iter().map(place).collect()
}

impl Fixed {
    /// The rules whose findings are still there.
    fn still_reported(&self, found: &Places<'_>) -> Vec<&'static str> {
        let is_there =
            |(at, applied): &&(u32, Applied)| found.contains(&(&self.path, *at, applied.rule));
        let left = self.applied.iter().filter(is_there);
        left.map(|(_, applied)| applied.rule).collect()
    }
}

/// Fixes all that can be fixed at once.
fn one_pass(report: &Report, is_wanted: impl Fn(&Finding, &Fix, &str) -> bool) -> Pass {
    let mut by_file: FxHashMap<SourceId, Vec<(&Finding, &Fix)>> = FxHashMap::default();
    let mut not_utf8 = BTreeSet::new();
    for finding in &report.findings {
        let source = &report.sources[finding.source];
        let Some(fix) = finding
            .fix
            .as_ref()
            .filter(|fix| is_wanted(finding, fix, source.path()))
        else {
            continue;
        };
        if source.encoding() != Encoding::Utf8 {
            not_utf8.insert(source.path().to_owned());
        } else if fix.edits.iter().all(|edit| edit.source == finding.source) {
            by_file
                .entry(finding.source)
                .or_default()
                .push((finding, fix));
        }
    }
    let mut files: Vec<Fixed> = by_file
        .into_iter()
        .map(|(source, fixes)| fixed(report, source, fixes))
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Pass { files, not_utf8 }
}

fn fixed(report: &Report, source: SourceId, fixes: Vec<(&Finding, &Fix)>) -> Fixed {
    let (path, text) = (report.sources[source].path(), report.sources[source].text());
    let taken = compatible(fixes);
    let mut edits: Vec<&Edit> = taken.iter().flat_map(|(_, fix)| &fix.edits).collect();
    edits.sort_by_key(|edit| edit.span);
    let shifts = shifts(&edits);
    let place = |(finding, fix): &(&Finding, &Fix)| {
        let applied = Applied {
            path: path.to_owned(),
            rule: finding.rule,
            title: fix.title.clone(),
        };
        (shifted(finding.span.start, &shifts), applied)
    };
    Fixed {
        source,
        path: path.to_owned(),
        text: edited(text, &edits),
        applied: taken.iter().map(place).collect(),
    }
}

/// Those that can be applied together, in the order of the file. What is about
/// how a part of the file runs goes before what is about a statement in it, and
/// the more severe finding before the other.
fn compatible<'f>(mut fixes: Vec<(&'f Finding, &'f Fix)>) -> Vec<(&'f Finding, &'f Fix)> {
    fixes.sort_by_key(|(finding, fix)| (Reverse(reach(fix).len()), Reverse(finding.severity)));
    let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
    fixes.retain(|(_, fix)| {
        let reach = reach(fix);
        let before = taken.range(..=reach.end).next_back();
        let fits = before.is_none_or(|(_, end)| *end < reach.start);
        if fits {
            taken.insert(reach.start, reach.end);
        }
        fits
    });
    fixes.sort_by_key(|(finding, _)| finding.span);
    fixes
}

/// What a fix is about together with what it changes.
fn reach(fix: &Fix) -> Span {
    let edits = fix.edits.iter().map(|edit| edit.span);
    edits.fold(fix.about, Span::to)
}

/// A text with edits in their order made to it.
fn edited(text: &str, edits: &[&Edit]) -> String {
    let mut new = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        new.push_str(Span::new(at, edit.span.start).of(text));
        new.push_str(&edit.text);
        at = edit.span.end;
    }
    new.push_str(Span::new(at, text.len() as u32).of(text));
    new
}

/// Where each edit ends in the old text and in the new one.
fn shifts(edits: &[&Edit]) -> Vec<(u32, u32)> {
    let mut grown: u32 = 0;
    edits
        .iter()
        .map(|edit| {
            grown = grown
                .wrapping_add(edit.text.len() as u32)
                .wrapping_sub(edit.span.len());
            (edit.span.end, edit.span.end.wrapping_add(grown))
        })
        .collect()
}

/// Where a place of the old text is in the new one.
fn shifted(at: u32, shifts: &[(u32, u32)]) -> u32 {
    let before = shifts.partition_point(|(end, _)| *end <= at);
    match before.checked_sub(1).and_then(|last| shifts.get(last)) {
        Some((old, new)) => new + (at - old),
        None => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Severity};
    use std::convert::Infallible;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit {
            source: 0,
            span: Span::new(start, end),
            text: text.into(),
        }
    }

    fn finding(rule: &'static str, at: u32, about: Span, edits: Vec<Edit>) -> Finding {
        Finding {
            rule,
            severity: Severity::Error,
            confidence: Confidence::High,
            message: String::new(),
            help: String::new(),
            source: 0,
            span: Span::new(at, at + 1),
            related: Vec::new(),
            fix: Some(Fix {
                title: rule.into(),
                safe: true,
                about,
                edits,
            }),
            fingerprint: String::new(),
        }
    }

    fn report(text: Source, findings: Vec<Finding>) -> Report {
        Report {
            scope: Default::default(),
            dialect: Default::default(),
            sources: vec![Arc::new(text)],
            migrations: Vec::new(),
            statements: Vec::new(),
            returns: Vec::new(),
            findings,
            suppressed: Vec::new(),
            stale: Vec::new(),
            problems: Vec::new(),
            summary: Default::default(),
        }
    }

    /// Runs with a judge that finds what `find` says of the text at hand.
    fn outcome(find: impl Fn(&str) -> Vec<Finding>) -> Outcome {
        let judge = |texts: &Texts| -> Result<Report, Infallible> {
            let text = texts.get("a.sql").map_or("a b c", String::as_str);
            Ok(report(Source::new("a.sql", text), find(text)))
        };
        let Ok(outcome) = apply(judge, |_| true);
        outcome
    }

    fn upper(text: &str, rule: &'static str, word: &str, about: fn(u32) -> Span) -> Vec<Finding> {
        let found = text.find(word).map(|at| at as u32);
        found
            .map(|at| {
                let edits = vec![edit(at, at + 1, &word.to_uppercase().repeat(2))];
                finding(rule, at, about(at), edits)
            })
            .into_iter()
            .collect()
    }

    const ITSELF: fn(u32) -> Span = |at| Span::new(at, at);
    const ALL: fn(u32) -> Span = |_| Span::new(0, u32::MAX);

    #[test]
    fn what_fits_is_applied_together() {
        let done =
            outcome(|text| [upper(text, "x", "a", ITSELF), upper(text, "y", "c", ITSELF)].concat());
        assert_eq!(done.texts["a.sql"], "AA b CC");
        let rules: Vec<&str> = done.applied.iter().map(|a| a.rule).collect();
        assert_eq!(rules, ["x", "y"]);
        assert!(done.report.findings.is_empty() && !done.unfinished);
    }

    #[test]
    fn one_about_the_whole_file_goes_first_and_alone() {
        let done =
            outcome(|text| [upper(text, "x", "a", ITSELF), upper(text, "y", "c", ALL)].concat());
        let rules: Vec<&str> = done.applied.iter().map(|a| a.rule).collect();
        assert_eq!(rules, ["y", "x"]);
    }

    #[test]
    fn what_touches_waits() {
        let both = [
            finding("x", 0, Span::default(), vec![edit(0, 1, "A")]),
            finding("y", 2, Span::new(2, 2), vec![edit(1, 3, "B")]),
        ];
        let fixes = both.iter().map(|f| (f, f.fix.as_ref().unwrap())).collect();
        assert_eq!(compatible(fixes).len(), 1);
    }

    #[test]
    fn a_fix_that_does_nothing_is_taken_back() {
        let done = outcome(|text| {
            let at = text.find('c').unwrap() as u32;
            vec![finding(
                "x",
                at,
                Span::new(at, at),
                vec![edit(0, 0, "in vain ")],
            )]
        });
        assert!(done.texts.is_empty() && done.applied.is_empty());
        assert_eq!(done.report.findings.len(), 1);
    }

    #[test]
    fn a_fix_that_always_calls_for_another_comes_to_an_end() {
        let done = outcome(|text| {
            let end = text.len() as u32;
            let mut finding = finding("x", 0, Span::default(), vec![edit(0, 0, "a ")]);
            // It moves away from where it would be if it had stayed.
            finding.span = Span::new(end * 2, end * 2);
            vec![finding]
        });
        assert!(done.unfinished);
        assert_eq!(done.applied.len(), PASSES);
    }

    #[test]
    fn other_encodings_are_left_alone() {
        let judge = |texts: &Texts| -> Result<Report, Infallible> {
            assert!(texts.is_empty());
            let source = Source::decode("a.sql", b"caf\xe9 a".to_vec()).unwrap();
            Ok(report(source, upper("caf a", "x", "a", ITSELF)))
        };
        let Ok(done) = apply(judge, |_| true);
        assert!(done.texts.is_empty());
        assert_eq!(done.not_utf8.into_iter().collect::<Vec<_>>(), ["a.sql"]);
    }
}
