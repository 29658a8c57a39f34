//! A Code Quality report, as GitLab shows it in a merge request.
//!
//! GitLab compares fingerprints between branches and shows only one of several
//! that are the same, so they are made unique here.

use std::borrow::Cow;
use std::io;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{Options, RuleInfo, source};
use crate::finding::{Finding, Severity};
use crate::project::Problem;
use crate::report::Report;

/// Writes the report as one array of issues.
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
    let mut issues: Vec<Issue<'_>> = problems.chain(findings).collect();
    make_unique(&mut issues);
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Issue<'a> {
    description: Cow<'a, str>,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

fn of_finding<'a>(finding: &'a Finding, report: &Report, options: &Options) -> Issue<'a> {
    let file = source(report, finding.source);
    Issue {
        description: Cow::Borrowed(&finding.message),
        check_name: finding.rule,
        fingerprint: finding.fingerprint.clone(),
        severity: match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Info => "info",
        },
        location: Location {
            path: options.repository.path(file.path()),
            lines: Lines {
                begin: file.position(finding.span.start).line,
            },
        },
    }
}

/// What could not be checked must not look as if it were good.
fn of_problem(problem: &Problem, options: &Options) -> Issue<'static> {
    let path = options.repository.path(&problem.path);
    let (check_name, severity) = match problem.fatal {
        true => ("not-checked", "critical"),
        false => ("note", "info"),
    };
    Issue {
        description: Cow::Owned(format!("`{path}` {}", problem.message)),
        check_name,
        fingerprint: format!("{check_name}/{path}"),
        severity,
        location: Location {
            path,
            lines: Lines { begin: 1 },
        },
    }
}

/// The n-th of the same fingerprint gets a number, with a sign before it that
/// no fingerprint ends in.
fn make_unique(issues: &mut [Issue<'_>]) {
    let mut seen: FxHashMap<String, usize> = FxHashMap::default();
    for issue in issues {
        let number = seen.entry(issue.fingerprint.clone()).or_insert(0);
        *number += 1;
        if *number > 1 {
            issue.fingerprint.push_str(&format!("#{number}"));
        }
    }
}
