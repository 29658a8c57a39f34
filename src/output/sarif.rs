//! SARIF 2.1.0, as GitHub's code scanning and other viewers read it.
//!
//! Every rule is described in every run, sorted by id, so that rule data does
//! not change with the findings. Findings of one rule on one line are one
//! result, since viewers keep one alert per rule and line.

use std::cmp::Reverse;
use std::io;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::line_hash::each_line;
use super::repository::Uri;
use super::{NAME, Options, RuleInfo, VERSION, count, source};
use crate::finding::{Confidence, Finding, Fix, Related, Severity};
use crate::page::{Head, Page};
use crate::project::{Problem, SourceId};
use crate::report::{Report, Suppressed};
use crate::source::Span;

/// The most results that code scanning takes from one run.
const MAX_RESULTS: usize = 25_000;
const MAX_TEXT: usize = 1024;
const MAX_TAGS: usize = 20;
const ROOT: &str = "%SRCROOT%";

/// Writes the report as one SARIF log.
///
/// # Errors
/// What `out` answers.
pub fn write(
    report: &Report,
    rules: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &log(report, rules, options))?;
    out.write_all(b"\n")
}

fn log(report: &Report, rules: &[RuleInfo], options: &Options) -> Log {
    let mut rules: Vec<RuleInfo> = rules.to_vec();
    rules.sort_unstable_by_key(|rule| rule.id);
    let view = View {
        report,
        options,
        index: rules
            .iter()
            .zip(0..)
            .map(|(rule, at)| (rule.id, at))
            .collect(),
        hashes: line_hashes(report, options),
    };
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [view.run(&rules)],
    }
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    automation_details: AutomationDetails,
    column_kind: &'static str,
    original_uri_base_ids: BaseIds,
    invocations: [Invocation; 1],
    results: Vec<ResultObject>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    information_uri: &'static str,
    rules: Vec<RuleObject>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleObject {
    id: &'static str,
    name: &'static str,
    short_description: Text,
    full_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    help: Help,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: Vec<&'static str>,
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
struct BaseIds {
    #[serde(rename = "%SRCROOT%")]
    root: BaseId,
}

#[derive(Serialize)]
struct BaseId {
    description: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultObject {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<u32>,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<FixObject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    #[serde(skip)]
    severity: Severity,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(
        rename = "primaryLocationLineHash",
        skip_serializing_if = "Option::is_none"
    )]
    line: Option<String>,
    #[serde(rename = "bowline/v1", skip_serializing_if = "String::is_empty")]
    finding: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FixObject {
    description: Text,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Text,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

struct View<'a> {
    report: &'a Report,
    options: &'a Options,
    index: FxHashMap<&'static str, u32>,
    /// By file and the line's first byte.
    hashes: FxHashMap<(SourceId, u32), String>,
}

impl View<'_> {
    fn run(&self, rules: &[RuleInfo]) -> Run {
        let mut results = self.results();
        let all = results.len();
        results.sort_by_key(|result| Reverse(result.severity));
        results.truncate(MAX_RESULTS);
        Run {
            tool: Tool {
                driver: Driver {
                    name: NAME,
                    semantic_version: VERSION,
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: rules.iter().filter_map(|rule| self.rule(rule)).collect(),
                },
            },
            automation_details: AutomationDetails {
                id: format!("{NAME}/"),
            },
            column_kind: "utf16CodeUnits",
            original_uri_base_ids: BaseIds {
                root: BaseId {
                    description: Text::new("The root of the repository"),
                },
            },
            invocations: [self.invocation(all, results.len())],
            results,
        }
    }

    fn rule(&self, rule: &RuleInfo) -> Option<RuleObject> {
        let page = Page::parse(rule.page).ok()?;
        let head = &page.head;
        Some(RuleObject {
            id: rule.id,
            name: rule.id,
            short_description: Text::new(cut(page.title)),
            full_description: Text::new(cut(&page.summary)),
            help_uri: self.options.page_url(rule.id),
            help: Help {
                text: page.summary.clone(),
                markdown: with_absolute_links(page.body.trim(), &self.options.pages),
            },
            default_configuration: Configuration {
                level: level(head.severity),
            },
            properties: RuleProperties {
                tags: tags(head),
                precision: precision(head.confidence),
                severity: problem_severity(head.severity),
            },
        })
    }

    fn invocation(&self, all: usize, kept: usize) -> Invocation {
        let problems = &self.report.problems;
        let mut notifications: Vec<_> = problems.iter().map(|p| self.problem(p)).collect();
        if kept < all {
            notifications.push(Notification {
                level: "warning",
                message: Text::new(format!(
                    "{kept} of {all} results are listed, the most severe first; {} left out",
                    count(all - kept, "result")
                )),
                locations: Vec::new(),
            });
        }
        Invocation {
            execution_successful: !problems.iter().any(|problem| problem.fatal),
            tool_execution_notifications: notifications,
        }
    }

    fn problem(&self, problem: &Problem) -> Notification {
        Notification {
            level: if problem.fatal { "error" } else { "warning" },
            message: Text::new(format!("{}: {}", problem.path, problem.message)),
            locations: vec![Location {
                id: None,
                physical_location: PhysicalLocation {
                    artifact_location: self.artifact(&problem.path),
                    region: None,
                },
                message: None,
            }],
        }
    }

    fn results(&self) -> Vec<ResultObject> {
        let mut results: Vec<_> = self
            .merged(self.report.findings.iter())
            .iter()
            .map(|findings| self.result(findings))
            .collect();
        if self.options.suppressed {
            results.extend(self.report.suppressed.iter().map(|s| self.suppressed(s)));
        }
        results
    }

    /// Findings of one rule on one line, in the order of their first.
    fn merged<'f>(&self, findings: impl Iterator<Item = &'f Finding>) -> Vec<Vec<&'f Finding>> {
        let mut places: FxHashMap<(SourceId, usize, &str), usize> = FxHashMap::default();
        let mut merged: Vec<Vec<&Finding>> = Vec::new();
        for finding in findings {
            let line = source(self.report, finding.source).line_of(finding.span.start);
            let place = (finding.source, line, finding.rule);
            let at = *places.entry(place).or_insert_with(|| {
                merged.push(Vec::new());
                merged.len() - 1
            });
            merged[at].push(finding);
        }
        merged
    }

    fn suppressed(&self, suppressed: &Suppressed) -> ResultObject {
        let written = suppressed.reason.is_some() || suppressed.by.is_some();
        ResultObject {
            suppressions: vec![Suppression {
                kind: if written { "inSource" } else { "external" },
                justification: suppressed.reason.clone(),
            }],
            ..self.result(&[&suppressed.finding])
        }
    }

    fn result(&self, findings: &[&Finding]) -> ResultObject {
        let first = findings[0];
        let related = || findings.iter().flat_map(|finding| &finding.related);
        let severity = findings
            .iter()
            .map(|f| f.severity)
            .max()
            .unwrap_or(first.severity);
        ResultObject {
            rule_id: first.rule,
            rule_index: self.index.get(first.rule).copied(),
            level: level(severity),
            message: Text::new(self.message(findings)),
            locations: [self.location(None, first.source, self.on_one_line(first), None)],
            related_locations: related()
                .zip(1..)
                .map(|(r, id)| self.location(Some(id), r.source, r.span, Some(&r.message)))
                .collect(),
            partial_fingerprints: Fingerprints {
                line: self.hash(first),
                finding: first.fingerprint.clone(),
            },
            fixes: findings
                .iter()
                .filter_map(|finding| finding.fix.as_ref())
                .filter(|fix| !fix.edits.is_empty())
                .map(|fix| self.fix(fix))
                .collect(),
            suppressions: Vec::new(),
            severity,
        }
    }

    /// The facts, what to do, and links to the related places.
    fn message(&self, findings: &[&Finding]) -> String {
        let mut text = String::new();
        let mut id = 1;
        for finding in findings {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&plain(&finding.message));
            text.push('.');
            let help = finding.help.trim_end();
            if !help.is_empty() {
                text.push_str("\n\n");
                text.push_str(&plain(help));
            }
            for related in &finding.related {
                text.push_str(&self.link(related, id));
                id += 1;
            }
        }
        text
    }

    fn link(&self, related: &Related, id: usize) -> String {
        let path = source(self.report, related.source).path();
        let name = path.rsplit('/').next().unwrap_or(path);
        format!(
            "\n\n[{}]({id}): {}",
            bracketed(name),
            plain(&related.message)
        )
    }

    fn location(
        &self,
        id: Option<usize>,
        file: SourceId,
        span: Span,
        message: Option<&str>,
    ) -> Location {
        Location {
            id,
            physical_location: PhysicalLocation {
                artifact_location: self.artifact(source(self.report, file).path()),
                region: Some(self.region(file, span)),
            },
            message: message.map(Text::new),
        }
    }

    /// The part of a finding's span that is on its first line: an annotation
    /// shows only where every line of the region was changed.
    fn on_one_line(&self, finding: &Finding) -> Span {
        let file = source(self.report, finding.source);
        let line = file.line(file.line_of(finding.span.start));
        let end = line_start(self.report, finding) + line.len() as u32;
        let start = finding.span.start;
        Span::new(start, finding.span.end.min(end).max(start))
    }

    fn artifact(&self, path: &str) -> ArtifactLocation {
        match self.options.repository.uri(path) {
            Uri::Relative(uri) => ArtifactLocation {
                uri,
                uri_base_id: Some(ROOT),
            },
            Uri::Absolute(uri) => ArtifactLocation {
                uri,
                uri_base_id: None,
            },
        }
    }

    fn region(&self, file: SourceId, span: Span) -> Region {
        let file = source(self.report, file);
        let (start, end) = (file.position(span.start), file.position(span.end));
        Region {
            start_line: start.line,
            start_column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }

    fn hash(&self, finding: &Finding) -> Option<String> {
        let place = (finding.source, line_start(self.report, finding));
        self.hashes.get(&place).cloned()
    }

    fn fix(&self, fix: &Fix) -> FixObject {
        let mut changes: Vec<(SourceId, ArtifactChange)> = Vec::new();
        for edit in &fix.edits {
            let replacement = Replacement {
                deleted_region: self.region(edit.source, edit.span),
                inserted_content: Text::new(edit.text.as_str()),
            };
            match changes.iter_mut().find(|(file, _)| *file == edit.source) {
                Some((_, change)) => change.replacements.push(replacement),
                None => changes.push((
                    edit.source,
                    ArtifactChange {
                        artifact_location: self.artifact(source(self.report, edit.source).path()),
                        replacements: vec![replacement],
                    },
                )),
            }
        }
        FixObject {
            description: Text::new(fix.title.as_str()),
            artifact_changes: changes.into_iter().map(|(_, change)| change).collect(),
        }
    }
}

fn line_start(report: &Report, finding: &Finding) -> u32 {
    let file = source(report, finding.source);
    let line = file.line_of(finding.span.start);
    file.line_starts().get(line).copied().unwrap_or(0)
}

/// The fingerprints of all lines that have results.
fn line_hashes(report: &Report, options: &Options) -> FxHashMap<(SourceId, u32), String> {
    let suppressed = report.suppressed.iter().filter(|_| options.suppressed);
    let mut hashes: FxHashMap<(SourceId, u32), String> = report
        .findings
        .iter()
        .chain(suppressed.map(|suppressed| &suppressed.finding))
        .map(|finding| ((finding.source, line_start(report, finding)), String::new()))
        .collect();
    let mut files: Vec<SourceId> = hashes.keys().map(|(file, _)| *file).collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        each_line(source(report, file).text(), |start, hash, seen| {
            if let Some(found) = hashes.get_mut(&(file, start)) {
                *found = format!("{hash:x}:{seen}");
            }
        });
    }
    hashes
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

fn tags(head: &Head) -> Vec<&'static str> {
    let engines = head.engines.iter().map(|engine| engine.name());
    let phases = head.phases.iter().map(|phase| phase.name());
    let mut tags = vec!["sql", "migrations", head.group.name()];
    for tag in engines.chain(phases) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.truncate(MAX_TAGS);
    tags
}

/// At most as many characters as a description may have.
fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_TEXT {
        return text.to_owned();
    }
    text.chars().take(MAX_TEXT - 1).chain(['…']).collect()
}

/// Text that must not be read as a link.
fn plain(text: &str) -> String {
    if text.contains("](") {
        bracketed(text)
    } else {
        text.to_owned()
    }
}

fn bracketed(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}

/// Markdown whose relative links lead to the folder of pages.
fn with_absolute_links(markdown: &str, pages: &str) -> String {
    if pages.is_empty() {
        return markdown.to_owned();
    }
    let mut text = String::with_capacity(markdown.len());
    let mut fenced = false;
    for line in markdown.split_inclusive('\n') {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            text.push_str(line);
        } else {
            absolute_links(line, pages.trim_end_matches('/'), &mut text);
        }
    }
    text
}

fn absolute_links(line: &str, pages: &str, text: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find("](") {
        let (before, target) = rest.split_at(at + 2);
        text.push_str(before);
        let absolute = ["#", "mailto:"]
            .iter()
            .any(|start| target.starts_with(start))
            || target
                .split(')')
                .next()
                .is_some_and(|target| target.contains("://"));
        if !absolute {
            text.push_str(pages);
            text.push('/');
        }
        rest = target;
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_made_absolute() {
        let text = "See [a](a.md), [b](https://b.org) and [c](#c).\n```\n[d](d.md)\n```\n[e](e.md)";
        assert_eq!(
            with_absolute_links(text, "https://x.org/rules/"),
            "See [a](https://x.org/rules/a.md), [b](https://b.org) and [c](#c).\n```\n[d](d.md)\n```\n[e](https://x.org/rules/e.md)"
        );
    }

    #[test]
    fn limits_are_kept() {
        assert_eq!(cut(&"é".repeat(2000)).chars().count(), MAX_TEXT);
        assert_eq!(plain("`a[1]` is dropped"), "`a[1]` is dropped");
        assert_eq!(plain("`a[1](2)`"), "`a\\[1\\](2)`");
    }
}
