//! The list of rules, for people and for machines.

use std::io;

use serde::Serialize;
use strum::IntoEnumIterator;

use super::explain::{confidence, severity};
use super::paint::{Paint, Style};
use super::{Options, RuleInfo};
use crate::finding::{Confidence, Severity};
use crate::page::{Group, Head, Page};

/// Writes the rules under the question that each is evidence for.
///
/// # Errors
/// What `out` answers.
pub fn write_human(
    rules: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let rules = read(rules);
    let paint = Paint(options.color);
    let width = rules
        .iter()
        .map(|(head, _)| head.id.len())
        .max()
        .unwrap_or(0);
    let mut first = true;
    for group in Group::iter() {
        let members: Vec<_> = rules
            .iter()
            .filter(|(head, _)| head.group == group)
            .collect();
        if members.is_empty() {
            continue;
        }
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        writeln!(out, "{}", paint.text(Style::Bold, group.question()))?;
        for (head, title) in members {
            let (name, style) = severity(head.severity);
            let (name, style) = if head.on {
                (name, style)
            } else {
                ("off", Style::Dim)
            };
            let name = format!("{name:<7}");
            writeln!(
                out,
                "  {:<width$}  {}  {title}",
                head.id,
                paint.text(style, &name)
            )?;
        }
    }
    Ok(())
}

/// Writes the rules as JSON, sorted by id.
///
/// # Errors
/// What `out` answers.
pub fn write_json(
    rules: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let rules = read(rules);
    let list = ListView {
        version: 1,
        rules: rules
            .iter()
            .map(|(head, title)| RuleView::new(head, title, options))
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &list)?;
    out.write_all(b"\n")
}

/// Where the rules' pages are, seen from the folder of `docs/rules.md`.
const PAGES: &str = "../rules";

/// Writes the index of the rules that is committed as `docs/rules.md`.
///
/// # Errors
/// What `out` answers.
pub fn write_markdown(rules: &[RuleInfo], out: &mut dyn io::Write) -> io::Result<()> {
    let rules = read(rules);
    writeln!(out, "# Rules\n")?;
    writeln!(
        out,
        "{} rules, under the question that each is evidence for. `bowline rules --format markdown` writes this page.",
        rules.len()
    )?;
    for group in Group::iter() {
        let members: Vec<_> = rules
            .iter()
            .filter(|(head, _)| head.group == group)
            .collect();
        if members.is_empty() {
            continue;
        }
        writeln!(out, "\n## {}\n", group.question())?;
        writeln!(out, "| rule | what it says | severity | confidence |")?;
        writeln!(out, "|---|---|---|---|")?;
        for (head, title) in members {
            writeln!(
                out,
                "| [`{id}`]({PAGES}/{id}.md) | {title} | {severity}{off} | {confidence} |",
                id = head.id,
                title = title.replace('|', "\\|"),
                severity = severity(head.severity).0,
                off = if head.on { "" } else { ", off by default" },
                confidence = confidence(head.confidence),
            )?;
        }
    }
    Ok(())
}

/// Front matter and title of each rule, sorted by id.
fn read(rules: &[RuleInfo]) -> Vec<(Head, &'static str)> {
    let mut list: Vec<_> = rules
        .iter()
        .filter_map(|rule| Some((Page::head(rule.page).ok()?, Page::title(rule.page))))
        .collect();
    list.sort_unstable_by_key(|(head, _)| head.id);
    list
}

#[derive(Serialize)]
struct ListView<'a> {
    version: u8,
    rules: Vec<RuleView<'a>>,
}

#[derive(Serialize)]
struct RuleView<'a> {
    id: &'static str,
    title: &'static str,
    group: &'static str,
    severity: Severity,
    confidence: Confidence,
    default: &'static str,
    /// Empty means all.
    engines: Vec<&'static str>,
    /// Empty means all.
    phases: Vec<&'static str>,
    needs: Vec<&'static str>,
    sources: &'a [&'static str],
    url: Option<String>,
}

impl<'a> RuleView<'a> {
    fn new(head: &'a Head, title: &'static str, options: &Options) -> Self {
        Self {
            id: head.id,
            title,
            group: head.group.name(),
            severity: head.severity,
            confidence: head.confidence,
            default: if head.on { "on" } else { "off" },
            engines: head.engines.iter().map(|engine| engine.name()).collect(),
            phases: head.phases.iter().map(|phase| phase.name()).collect(),
            needs: head.needs.iter().map(|need| need.name()).collect(),
            sources: &head.sources,
            url: options.page_url(head.id),
        }
    }
}
