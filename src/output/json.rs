//! The report as JSON, version 1: the interface for editors and scripts.
//!
//! `schema/bowline-report.schema.json` describes it.

use std::io;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::rows::Document;
use super::{NAME, Options, RuleInfo, VERSION, source};
use crate::finding::{Confidence, Edit, Finding, Fix, Related, Severity};
use crate::page::{Head, Page};
use crate::project::{Problem, SourceId};
use crate::report::{MigrationReport, Report, Suppressed};
use crate::source::{Source, Span};

/// Writes the report as one JSON document.
///
/// # Errors
/// What `out` answers.
pub fn write(
    report: &Report,
    rules: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let view = View {
        report,
        heads: heads(report, rules),
        digests: digests(report),
        options,
    };
    let mut document = Document::begin(out)?;
    document.member("version", &1)?;
    document.member(
        "tool",
        &ToolView {
            name: NAME,
            version: VERSION,
        },
    )?;
    document.member("engine", &report.dialect.engine.name())?;
    document.member("engine_version", &report.dialect.version.to_string())?;
    document.list("migrations", &report.migrations, |m| view.migration(m))?;
    document.list("findings", &report.findings, |f| view.finding(f))?;
    document.list("suppressed", &report.suppressed, |s| view.suppressed(s))?;
    if !report.stale.is_empty() {
        document.list("stale", &report.stale, |stale| stale)?;
    }
    document.list("problems", &report.problems, ProblemView::from)?;
    document.member("summary", &view.summary())?;
    document.end()
}

#[derive(Serialize)]
struct ToolView {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct MigrationView<'a> {
    path: &'a str,
    id: &'a str,
    direction: &'static str,
    layout: &'static str,
    phase: Option<&'static str>,
    phase_declared: bool,
    release: Option<&'a str>,
    transaction: &'static str,
    sha256: &'a str,
    verdict: VerdictView,
}

#[derive(Serialize)]
struct VerdictView {
    deploy: &'static str,
    old_release: &'static str,
    undo: &'static str,
}

#[derive(Serialize)]
struct FindingView<'a> {
    rule: &'static str,
    group: Option<&'static str>,
    severity: Severity,
    confidence: Confidence,
    message: &'a str,
    help: &'a str,
    path: &'a str,
    range: RangeView,
    related: Vec<RelatedView<'a>>,
    fix: Option<FixView<'a>>,
    fingerprint: &'a str,
    url: Option<String>,
}

#[derive(Serialize)]
struct RelatedView<'a> {
    path: &'a str,
    range: RangeView,
    message: &'a str,
}

#[derive(Serialize)]
struct FixView<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<EditView<'a>>,
}

#[derive(Serialize)]
struct EditView<'a> {
    path: &'a str,
    range: RangeView,
    text: &'a str,
}

#[derive(Serialize)]
struct SuppressedView<'a> {
    #[serde(flatten)]
    finding: FindingView<'a>,
    reason: Option<&'a str>,
    by: Option<&'a str>,
}

#[derive(Serialize)]
struct ProblemView<'a> {
    path: &'a str,
    message: &'a str,
    fatal: bool,
}

#[derive(Serialize)]
struct SummaryView {
    files: usize,
    statements: usize,
    unparsed: usize,
    opaque: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
}

/// A span as byte offsets, lines and columns.
#[derive(Serialize)]
pub(super) struct RangeView {
    start: PlaceView,
    end: PlaceView,
}

#[derive(Serialize)]
struct PlaceView {
    byte: u32,
    line: u32,
    column: u32,
}

impl RangeView {
    pub(super) fn new(source: &Source, span: Span) -> Self {
        Self {
            start: PlaceView::new(source, span.start),
            end: PlaceView::new(source, span.end),
        }
    }
}

impl PlaceView {
    fn new(source: &Source, byte: u32) -> Self {
        let position = source.position(byte);
        Self {
            byte,
            line: position.line,
            column: position.column,
        }
    }
}

impl<'a> From<&'a Problem> for ProblemView<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            path: &problem.path,
            message: &problem.message,
            fatal: problem.fatal,
        }
    }
}

struct View<'a> {
    report: &'a Report,
    heads: FxHashMap<&'static str, Head>,
    digests: FxHashMap<SourceId, String>,
    options: &'a Options,
}

impl<'a> View<'a> {
    fn migration(&'a self, migration: &'a MigrationReport) -> MigrationView<'a> {
        let file = source(self.report, migration.source);
        let verdict = migration.verdict;
        MigrationView {
            path: file.path(),
            id: &migration.id,
            direction: migration.direction.into(),
            layout: migration.layout.name(),
            phase: migration.phase.map(|phase| phase.name()),
            phase_declared: migration.phase_declared,
            release: migration.release.as_deref(),
            transaction: migration.transaction.into(),
            sha256: &self.digests[&migration.source],
            verdict: VerdictView {
                deploy: verdict.deploy.into(),
                old_release: verdict.old_release.into(),
                undo: verdict.undo.into(),
            },
        }
    }

    fn finding(&self, finding: &'a Finding) -> FindingView<'a> {
        let file = source(self.report, finding.source);
        FindingView {
            rule: finding.rule,
            group: self.heads.get(finding.rule).map(|head| head.group.name()),
            severity: finding.severity,
            confidence: finding.confidence,
            message: &finding.message,
            help: &finding.help,
            path: file.path(),
            range: RangeView::new(file, finding.span),
            related: finding.related.iter().map(|r| self.related(r)).collect(),
            fix: finding.fix.as_ref().map(|fix| self.fix(fix)),
            fingerprint: &finding.fingerprint,
            url: self.options.page_url(finding.rule),
        }
    }

    fn suppressed(&self, suppressed: &'a Suppressed) -> SuppressedView<'a> {
        SuppressedView {
            finding: self.finding(&suppressed.finding),
            reason: suppressed.reason.as_deref(),
            by: suppressed.by.as_deref(),
        }
    }

    fn related(&self, related: &'a Related) -> RelatedView<'a> {
        let file = source(self.report, related.source);
        RelatedView {
            path: file.path(),
            range: RangeView::new(file, related.span),
            message: &related.message,
        }
    }

    fn fix(&self, fix: &'a Fix) -> FixView<'a> {
        FixView {
            title: &fix.title,
            safe: fix.safe,
            edits: fix.edits.iter().map(|edit| self.edit(edit)).collect(),
        }
    }

    fn edit(&self, edit: &'a Edit) -> EditView<'a> {
        let file = source(self.report, edit.source);
        EditView {
            path: file.path(),
            range: RangeView::new(file, edit.span),
            text: &edit.text,
        }
    }

    fn summary(&self) -> SummaryView {
        let summary = self.report.summary;
        SummaryView {
            files: summary.files,
            statements: summary.statements,
            unparsed: summary.unparsed,
            opaque: summary.opaque,
            errors: summary.errors,
            warnings: summary.warnings,
            infos: summary.infos,
            suppressed: summary.suppressed,
        }
    }
}

/// What the pages of the rules say that found something.
fn heads(report: &Report, rules: &[RuleInfo]) -> FxHashMap<&'static str, Head> {
    let suppressed = report.suppressed.iter().map(|s| &s.finding);
    let findings = report.findings.iter().chain(suppressed);
    let named: FxHashSet<&str> = findings.map(|finding| finding.rule).collect();
    rules
        .iter()
        .filter(|rule| named.contains(rule.id))
        .filter_map(|rule| Some((rule.id, Page::head(rule.page).ok()?)))
        .collect()
}

/// The digests of the files that the report's migrations stand in.
fn digests(report: &Report) -> FxHashMap<SourceId, String> {
    let sources: FxHashSet<SourceId> = report.migrations.iter().map(|m| m.source).collect();
    let digest = |id| (id, digest(source(report, id).text()));
    sources.into_par_iter().map(digest).collect()
}

/// SHA-256 of a file's text in lower-case hex.
fn digest(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: u8| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .flat_map(|byte| digits(*byte))
        .map(char::from)
        .collect()
}
