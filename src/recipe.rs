//! Remedies that take several releases, written out with the reader's own
//! names: what to expand, what to migrate, what to contract, and which code has
//! to be released in between.
//!
//! A recipe is a template in `rules/recipes`; a rule's page names it. What a
//! template may ask stands in `facts`, how a tool wants its files in `form`.

mod facts;
mod form;
mod template;

use std::sync::Mutex;

use thiserror::Error;

use crate::analysis::{self, Seen};
use crate::config::Config;
use crate::phase::Phase;
use crate::project::{History, Layout, Migration, Project, Transaction};
use crate::rule::OperationContext;

use facts::Facts;
pub use form::MigrationFile;
pub use template::names;

/// What has to happen, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// What people have to do: `release: …`, or `by hand: …`.
    Words(String),
    Migration(Script),
}

/// A migration of a recipe, before it is put into a tool's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub phase: Phase,
    /// Words joined by `_`.
    pub name: String,
    /// One statement, which refuses to run in a transaction.
    pub alone: bool,
    pub up: String,
    /// Empty where nothing has to be undone.
    pub down: String,
}

/// A step as it is shown: files have their names and the marks of their tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Words(String),
    Files(Vec<MigrationFile>),
}

/// Where in a file somebody wants to know more.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub rule: &'a str,
    /// The recipe that the rule's page names.
    pub recipe: &'a str,
    pub path: &'a str,
    /// Counts from 1.
    pub line: u32,
}

/// Why there is no recipe for a place.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RecipeError {
    #[error("{0}")]
    NotFound(String),
    /// The recipe does not fit what stands there.
    #[error("{0}")]
    Refused(String),
}

/// Writes the recipe for what a rule finds at a place.
///
/// # Errors
/// [`RecipeError::NotFound`] where the rule finds nothing there,
/// [`RecipeError::Refused`] where the case is one that the recipe does not cover.
pub fn write(
    project: Project,
    config: &Config,
    wanted: &Wanted<'_>,
) -> Result<Vec<Shown>, RecipeError> {
    let found: Mutex<Option<Result<Vec<Shown>, RecipeError>>> = Mutex::new(None);
    let seen = |seen: &Seen<'_, '_>| {
        if seen.finding.rule != wanted.rule || !is_at(seen, wanted) {
            return;
        }
        if let Ok(mut found) = found.lock() {
            found.get_or_insert_with(|| shown(seen.context, seen.history, wanted.recipe));
        }
    };
    let report = analysis::watch(project, config, &seen);
    let found = found.into_inner().unwrap_or_default();
    found.unwrap_or_else(|| Err(RecipeError::NotFound(not_found(&report, wanted))))
}

/// Does the finding, or the statement that it is about, stand on the line?
fn is_at(seen: &Seen<'_, '_>, wanted: &Wanted<'_>) -> bool {
    let cx = seen.context;
    let source = &cx.scene.sources[cx.source];
    let first = source.line_of(cx.statement.start) as u32 + 1;
    let last = source.line_of(cx.statement.end) as u32 + 1;
    source.path() == wanted.path && (first..=last).contains(&wanted.line)
}

fn not_found(report: &crate::report::Report, wanted: &Wanted<'_>) -> String {
    let Wanted {
        rule, path, line, ..
    } = wanted;
    let mut here: Vec<String> = Vec::new();
    let mut elsewhere: Vec<String> = Vec::new();
    let suppressed = report.suppressed.iter().map(|s| &s.finding);
    for finding in report.findings.iter().chain(suppressed) {
        let source = &report.sources[finding.source];
        if source.path() != *path {
            continue;
        }
        let at = source.position(finding.span.start).line;
        if at == *line && !here.iter().any(|rule| rule[1..].starts_with(finding.rule)) {
            here.push(format!("`{}`", finding.rule));
        }
        if finding.rule == *rule {
            elsewhere.push(at.to_string());
        }
    }
    let mut text = format!("`{rule}` finds nothing at {path}:{line}");
    if !elsewhere.is_empty() {
        text.push_str(&format!("; it does on line {}", elsewhere.join(", ")));
    }
    match here.is_empty() {
        true => text.push_str("; no rule does on that line"),
        false => text.push_str(&format!("; there report: {}", here.join(", "))),
    }
    text
}

fn shown(
    cx: &OperationContext<'_>,
    history: &History,
    recipe: &str,
) -> Result<Vec<Shown>, RecipeError> {
    let facts = Facts::of(cx).map_err(RecipeError::Refused)?;
    let steps = template::render(recipe, &facts).map_err(RecipeError::Refused)?;
    let place = Place {
        layout: cx.scene.layout,
        history,
        after: cx.scene.migration,
        path: cx.scene.sources[cx.source].path(),
        transaction: cx.run.runner,
    };
    Ok(form::shown(steps, &place))
}

/// Where the files of a recipe will lie.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    layout: Layout,
    history: &'a History,
    /// The migration that the recipe takes the place of.
    after: &'a Migration,
    /// The file that the finding stands in.
    path: &'a str,
    transaction: Transaction,
}
