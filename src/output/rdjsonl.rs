//! Diagnostics for reviewdog, one JSON object a line.
//!
//! Columns count bytes, and messages are Markdown because reviewdog posts them
//! as comments.

use std::io;

use serde::Serialize;

use super::markdown::{advice, code, prose};
use super::{NAME, Options, RuleInfo, source};
use crate::finding::{Finding, Fix, Severity};
use crate::project::{Problem, SourceId};
use crate::report::Report;
use crate::source::{Source, Span};

/// The most text that a suggestion may replace.
const MAX_REPLACED: u32 = 16 * 1024;

/// Writes a line for each problem and each finding.
///
/// # Errors
/// What `out` answers.
pub fn write(
    report: &Report,
    _: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let problems = report.problems.iter().map(|p| of_problem(p, options));
    let findings = report
        .findings
        .iter()
        .map(|finding| of_finding(finding, report, options));
    for diagnostic in problems.chain(findings) {
        serde_json::to_writer(&mut *out, &diagnostic)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Diagnostic {
    message: String,
    location: Location,
    severity: &'static str,
    source: Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
}

#[derive(Serialize)]
struct Location {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

#[derive(Serialize)]
struct Range {
    start: Place,
    end: Place,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
}

#[derive(Serialize)]
struct Code {
    value: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

fn of_finding(finding: &Finding, report: &Report, options: &Options) -> Diagnostic {
    let file = source(report, finding.source);
    let suggestion = finding
        .fix
        .as_ref()
        .and_then(|fix| suggestion(fix, finding.source, file));
    Diagnostic {
        message: message(finding, report, options),
        location: Location {
            path: options.repository.path(file.path()),
            range: Some(range(file, finding.span)),
        },
        severity: match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        },
        source: Tool { name: NAME },
        code: Some(Code {
            value: finding.rule,
            url: options.page_url(finding.rule),
        }),
        suggestions: suggestion.into_iter().collect(),
    }
}

fn of_problem(problem: &Problem, options: &Options) -> Diagnostic {
    let (label, severity) = match problem.fatal {
        true => ("Not checked: ", "ERROR"),
        false => ("", "INFO"),
    };
    let path = options.repository.path(&problem.path);
    Diagnostic {
        message: format!("{label}{} {}", code(&path), prose(&problem.message)),
        location: Location { path, range: None },
        severity,
        source: Tool { name: NAME },
        code: None,
        suggestions: Vec::new(),
    }
}

/// The fact, what to do, and the related places.
fn message(finding: &Finding, report: &Report, options: &Options) -> String {
    let mut text = prose(&finding.message);
    let advice = advice(finding, report, options);
    if !advice.is_empty() {
        text.push_str("\n\n");
        text.push_str(&advice);
    }
    text
}

/// A fix as one replacement, since each suggestion is applied alone; none where
/// the fix is about several files or far-off places.
fn suggestion(fix: &Fix, id: SourceId, file: &Source) -> Option<Suggestion> {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span.start);
    let whole = edits
        .iter()
        .map(|edit| edit.span)
        .reduce(|whole, span| whole.to(span))?;
    let is_near = whole.len() <= MAX_REPLACED && edits.iter().all(|edit| edit.source == id);
    let is_apart = edits
        .windows(2)
        .all(|pair| pair[0].span.end <= pair[1].span.start);
    if !is_near || !is_apart {
        return None;
    }
    let mut text = String::new();
    let mut at = whole.start;
    for edit in edits {
        text.push_str(file.slice(Span::new(at, edit.span.start)));
        text.push_str(&edit.text);
        at = edit.span.end;
    }
    Some(Suggestion {
        range: range(file, whole),
        text,
    })
}

fn range(file: &Source, span: Span) -> Range {
    Range {
        start: place(file, span.start),
        end: place(file, span.end.max(span.start)),
    }
}

fn place(file: &Source, offset: u32) -> Place {
    let line = file.line_of(offset);
    let start = file.line_starts().get(line).copied().unwrap_or(0) as usize;
    let mut offset = (offset as usize).min(file.text().len());
    while !file.text().is_char_boundary(offset) {
        offset -= 1;
    }
    Place {
        line: line + 1,
        column: offset.saturating_sub(start) + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Edit;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit {
            source: 0,
            span: Span::new(start, end),
            text: text.into(),
        }
    }

    fn fix(edits: Vec<Edit>) -> Fix {
        Fix {
            title: String::new(),
            safe: true,
            about: Span::default(),
            edits,
        }
    }

    #[test]
    fn several_edits_are_one_suggestion() {
        let file = Source::new("a.sql", "é CREATE INDEX i;\nDROP b;");
        let fixed = fix(vec![edit(19, 23, "KEEP"), edit(16, 16, "CONCURRENTLY ")]);
        let suggestion = suggestion(&fixed, 0, &file).unwrap();
        assert_eq!(suggestion.text, "CONCURRENTLY i;\nKEEP");
        let (start, end) = (suggestion.range.start, suggestion.range.end);
        assert_eq!((start.line, start.column), (1, 17));
        assert_eq!((end.line, end.column), (2, 5));
    }

    #[test]
    fn a_fix_that_is_not_one_replacement_is_no_suggestion() {
        let file = Source::new("a.sql", "DROP TABLE a;");
        let elsewhere = Edit {
            source: 1,
            ..edit(0, 1, "")
        };
        for edits in [
            vec![elsewhere],
            vec![edit(0, 4, ""), edit(2, 6, "")],
            vec![],
        ] {
            assert!(suggestion(&fix(edits), 0, &file).is_none());
        }
        let far = fix(vec![
            edit(0, 0, "a"),
            edit(MAX_REPLACED + 1, MAX_REPLACED + 1, "b"),
        ]);
        assert!(suggestion(&far, 0, &file).is_none());
    }
}
