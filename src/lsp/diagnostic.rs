//! Findings as diagnostics.

use std::str::FromStr;

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    NumberOrString, Position, Range, Uri,
};

use super::documents::Documents;
use super::page;
use super::place::{self, Encoding, Lines};
use crate::config::ConfigError;
use crate::finding::{Finding, Severity};
use crate::project::SourceId;
use crate::report::Report;
use crate::source::Span;

/// The name under which editors show what was found.
const NAME: &str = "bowline";

/// A report on its way to the editor.
pub struct View<'a> {
    pub report: &'a Report,
    pub documents: &'a Documents,
    pub encoding: Encoding,
}

impl View<'_> {
    /// The number of an open file's text in the report.
    pub fn source(&self, name: &str) -> Option<SourceId> {
        let is_it = |source: &std::sync::Arc<crate::source::Source>| source.path() == name;
        self.report.sources.iter().position(is_it)
    }

    /// What was found in one file.
    pub fn findings(&self, source: SourceId) -> impl Iterator<Item = &Finding> {
        let findings = self.report.findings.iter();
        findings.filter(move |finding| finding.source == source)
    }

    pub fn lines(&self, source: SourceId) -> Lines<'_> {
        let text = self.report.sources.get(source).map_or("", |s| s.text());
        Lines::new(text, self.encoding)
    }

    /// The address of a file: the editor's own where it is open.
    pub fn uri(&self, source: SourceId) -> Option<Uri> {
        let name = self.report.sources.get(source)?.path();
        match self.documents.get(name) {
            Some(document) => Some(document.uri.clone()),
            None => place::uri(&std::path::absolute(name).ok()?.to_string_lossy()),
        }
    }

    /// All diagnostics of an open file.
    pub fn diagnostics(&self, name: &str) -> Vec<Diagnostic> {
        let Some(source) = self.source(name) else {
            return self.problems(name).collect();
        };
        let lines = self.lines(source);
        let findings = self.findings(source).map(|f| self.diagnostic(f, &lines));
        self.problems(name).chain(findings).collect()
    }

    /// `lines` are those of the finding's file.
    pub fn diagnostic(&self, finding: &Finding, lines: &Lines<'_>) -> Diagnostic {
        let related = finding.related.iter();
        let related = related.filter_map(|r| self.related(r.source, r.span, &r.message));
        let related: Vec<_> = related.collect();
        Diagnostic {
            range: lines.range(finding.span),
            severity: Some(severity(finding.severity)),
            code: Some(NumberOrString::String(finding.rule.into())),
            code_description: page::address(finding.rule)
                .and_then(|address| Uri::from_str(&address).ok())
                .map(|href| CodeDescription { href }),
            source: Some(NAME.into()),
            message: match finding.help.as_str() {
                "" => finding.message.clone(),
                help => format!("{}\n\n{help}", finding.message),
            },
            related_information: (!related.is_empty()).then_some(related),
            ..Diagnostic::default()
        }
    }

    fn related(
        &self,
        source: SourceId,
        span: Span,
        message: &str,
    ) -> Option<DiagnosticRelatedInformation> {
        let location = Location::new(self.uri(source)?, self.lines(source).range(span));
        Some(DiagnosticRelatedInformation {
            location,
            message: message.into(),
        })
    }

    /// What is to be said of the file itself, at its beginning.
    fn problems(&self, name: &str) -> impl Iterator<Item = Diagnostic> {
        let problems = self.report.problems.iter();
        let own = problems.filter(move |problem| problem.path == name);
        own.map(|problem| {
            let severity = match problem.fatal {
                true => DiagnosticSeverity::ERROR,
                false => DiagnosticSeverity::INFORMATION,
            };
            of_file(0, severity, format!("this file {}", problem.message))
        })
    }
}

/// A mistake in the configuration, on its line.
pub fn of_config(error: &ConfigError) -> Diagnostic {
    let line = u32::try_from(error.line.saturating_sub(1)).unwrap_or(0);
    of_file(line, DiagnosticSeverity::ERROR, error.message.clone())
}

fn of_file(line: u32, severity: DiagnosticSeverity, message: String) -> Diagnostic {
    Diagnostic {
        range: Range::new(Position::new(line, 0), Position::new(line + 1, 0)),
        severity: Some(severity),
        source: Some(NAME.into()),
        message,
        ..Diagnostic::default()
    }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Info => DiagnosticSeverity::INFORMATION,
    }
}
