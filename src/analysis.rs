//! Runs everything in order and returns a report.
//!
//! Reading is parallel over files; replaying the schema is sequential within
//! one history, and goes on while the next batch of files is being read. What
//! comes out does not depend on how many threads took part.

mod decide;
mod fingerprint;
mod fold;
mod registry;
mod script;
pub mod undo;
mod unit;

use std::sync::atomic::AtomicUsize;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::config::Config;
use crate::dialect::{Dialect, Engine};
use crate::finding::Finding;
use crate::phase;
use crate::project::{History, Problem, Project, SourceId};
use crate::report::{MigrationReport, Report, Return, StatementReport, Summary};
use crate::rule::OperationContext;
use crate::source::Span;
use crate::suppress::{self, Directives};

use fingerprint::Lines;
use fold::{Fold, Told};
use registry::Registry;
pub use script::{called, is_unread, names_at_run_time};

/// What one history yields.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    /// What is found in migrations that nobody asked about. It is not reported,
    /// but directives speak of it, and fingerprints count it.
    context: Vec<Finding>,
    migrations: Vec<MigrationReport>,
    statements: Vec<StatementReport>,
    returns: Vec<Return>,
    problems: Vec<Problem>,
    summary: Summary,
}

/// Checks every history of a project that is PostgreSQL's. `dialect` overrides
/// what layouts and configuration declare; `progress` counts files that are
/// done.
pub fn run(
    project: Project,
    config: &Config,
    dialect: Option<Dialect>,
    progress: &AtomicUsize,
) -> Report {
    judge(project, config, dialect, progress, Manner::default())
}

/// Does what [`run`] does, and judges what is longer than so many bytes a
/// stretch at a time, where [`run`] does so with files of megabytes.
pub fn run_in_stretches(project: Project, config: &Config, bytes: u32) -> Report {
    let manner = Manner {
        very_long: bytes,
        ..Manner::default()
    };
    judge(project, config, None, &AtomicUsize::new(0), manner)
}

/// Does what [`run`] does, and reports on each statement besides. Fingerprints
/// count only what was asked about: nobody compares them.
pub fn run_by_statement(project: Project, config: &Config, dialect: Option<Dialect>) -> Report {
    let manner = Manner {
        by_statement: true,
        ..Manner::default()
    };
    judge(project, config, dialect, &AtomicUsize::new(0), manner)
}

/// A finding of a rule about operations, while what the rule saw is at hand.
pub struct Seen<'a, 'c> {
    pub finding: &'a Finding,
    pub context: &'a OperationContext<'c>,
    pub history: &'a History,
}

/// Is called with what is found in migrations that were asked about, before
/// directives and configuration have their say.
pub type Watcher<'a> = dyn Fn(&Seen<'_, '_>) + Sync + 'a;

/// Does what [`run`] does, and lets somebody watch.
pub fn watch(project: Project, config: &Config, watcher: &Watcher<'_>) -> Report {
    let manner = Manner {
        by_statement: true,
        watcher: Some(watcher),
        ..Manner::default()
    };
    judge(project, config, None, &AtomicUsize::new(0), manner)
}

/// How a project is gone through.
struct Manner<'w> {
    /// Each statement is reported on.
    by_statement: bool,
    watcher: Option<&'w Watcher<'w>>,
    /// Scripts of so many bytes are judged a stretch at a time.
    very_long: u32,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self {
            by_statement: false,
            watcher: None,
            very_long: unit::VERY_LONG,
        }
    }
}

fn judge(
    mut project: Project,
    config: &Config,
    dialect: Option<Dialect>,
    progress: &AtomicUsize,
    manner: Manner<'_>,
) -> Report {
    deselect(&mut project, config);
    let registry = Registry::new(config);
    let histories = std::mem::take(&mut project.histories);
    let (judged, others): (Vec<History>, Vec<History>) =
        histories.into_iter().partition(|h| match dialect {
            Some(given) if h.engine_is_named => h.engine == given.engine,
            Some(_) => true,
            None => h.engine == Engine::Postgres,
        });
    project.problems.extend(others.iter().map(not_judged));
    let directives = unit::directives(&project, config);
    let places = Places::new(&judged, project.sources.len());
    let lines = match manner.by_statement {
        true => Lines::default(),
        false => places.lines(&project),
    };
    let folders = phase::Folders::of(project.sources.iter().map(|source| source.path()));
    let told = Told {
        config,
        directives: &directives,
        folders: &folders,
    };
    let outcomes: Vec<Outcome> = judged
        .par_iter()
        .map(|history| {
            let dialect = dialect
                .or(config.dialect)
                .or(history.dialect)
                .unwrap_or_default();
            Fold::new(&project, history, &registry, dialect, &told, &lines)
                .in_manner(&manner)
                .run(progress)
        })
        .collect();
    let shown = dialect
        .or(config.dialect)
        .or_else(|| judged.iter().find_map(|h| h.dialect))
        .unwrap_or_default();
    assemble(
        project, outcomes, directives, places, &registry, config, shown,
    )
}

/// What the configuration ignores stays as history and is not reported on.
fn deselect(project: &mut Project, config: &Config) {
    for history in &mut project.histories {
        for migration in &mut history.migrations {
            let path = project.sources[migration.source].path();
            migration.selected &= !config.ignores(path);
        }
    }
}

fn not_judged(history: &History) -> Problem {
    Problem {
        path: history.root.clone(),
        message: format!(
            "holds {} migrations, which are not judged yet ({} left out)",
            history.engine,
            history.migrations.len()
        ),
        fatal: false,
    }
}

fn assemble(
    mut project: Project,
    outcomes: Vec<Outcome>,
    directives: Vec<(SourceId, Directives)>,
    places: Places,
    registry: &Registry<'_>,
    config: &Config,
    dialect: Dialect,
) -> Report {
    let mut findings = Vec::new();
    let mut context = Vec::new();
    let mut migrations = Vec::new();
    let mut statements = Vec::new();
    let mut returns = Vec::new();
    let mut summary = Summary::default();
    for outcome in outcomes {
        findings.extend(outcome.findings);
        context.extend(outcome.context);
        migrations.extend(outcome.migrations);
        statements.extend(outcome.statements);
        returns.extend(outcome.returns);
        project.problems.extend(outcome.problems);
        summary.statements += outcome.summary.statements;
        summary.unparsed += outcome.summary.unparsed;
        summary.opaque += outcome.summary.opaque;
    }
    let context = Context::of(context, &mut findings);
    for (source, found) in &directives {
        if !places.judged[*source] {
            continue;
        }
        let slips = found.slips.iter().cloned();
        findings.extend(slips.map(|slip| slip.finding(*source)));
    }
    let may_report = |rule: &str| config.may_report(rule, registry.is_on_by_default(rule));
    let applied = suppress::apply(findings, &directives, may_report);
    let (mut kept, mut suppressed) = (applied.kept, applied.suppressed);
    kept.extend(
        applied
            .unused
            .into_iter()
            .filter(|f| places.judged[f.source]),
    );
    kept.retain_mut(|finding| configured(finding, &project, config, registry));
    let mut others: Vec<Finding> = kept.extract_if(.., |f| context.holds(f)).collect();
    others.extend(
        suppressed
            .extract_if(.., |s| context.holds(&s.finding))
            .map(|s| s.finding),
    );
    order(&mut kept, &project);
    suppressed.sort_by(|a, b| key(&a.finding, &project).cmp(&key(&b.finding, &project)));
    order(&mut others, &project);
    let reported = kept
        .iter_mut()
        .chain(suppressed.iter_mut().map(|s| &mut s.finding));
    fingerprint::fill(reported.collect(), others, &project.sources, &places.order);
    let mut report = Report {
        scope: project.scope,
        dialect,
        sources: project.sources,
        migrations,
        statements,
        returns,
        findings: kept,
        suppressed,
        stale: Vec::new(),
        problems: project.problems,
        summary,
    };
    report.count();
    report
}

/// Where files stand in the histories.
struct Places {
    /// Is a migration of the file one that was asked about?
    judged: Vec<bool>,
    /// Ranks of the files, in the order in which they are applied.
    order: Vec<usize>,
}

impl Places {
    fn new(histories: &[History], files: usize) -> Self {
        let mut places = Self {
            judged: vec![false; files],
            order: vec![usize::MAX; files],
        };
        let migrations = histories.iter().flat_map(|h| &h.migrations);
        for (rank, migration) in migrations.enumerate() {
            for source in migration.sources() {
                places.judged[source] |= migration.selected;
                places.order[source] = places.order[source].min(rank);
            }
        }
        places
    }

    /// The lines of what was asked about; none where nothing else is there.
    fn lines(&self, project: &Project) -> Lines {
        let judged = || self.judged.iter().zip(&project.sources);
        if judged().all(|(judged, _)| *judged) {
            return Lines::default();
        }
        let texts = judged().filter(|(judged, _)| **judged);
        Lines::of(texts.map(|(_, source)| source.text()))
    }
}

/// Knows the findings that are not reported.
struct Context(FxHashSet<(SourceId, Span, &'static str, String)>);

impl Context {
    /// Puts them among the others, so that directives meet them.
    fn of(context: Vec<Finding>, findings: &mut Vec<Finding>) -> Self {
        let name = |f: &Finding| (f.source, f.span, f.rule, f.message.clone());
        let mut names: FxHashSet<_> = context.iter().map(name).collect();
        if !names.is_empty() {
            for finding in findings.iter() {
                names.remove(&name(finding));
            }
        }
        findings.extend(context);
        Self(names)
    }

    fn holds(&self, finding: &Finding) -> bool {
        !self.0.is_empty()
            && self.0.contains(&(
                finding.source,
                finding.span,
                finding.rule,
                finding.message.clone(),
            ))
    }
}

/// Gives a finding the severity that the configuration wants; `false` takes it
/// out.
fn configured(
    finding: &mut Finding,
    project: &Project,
    config: &Config,
    registry: &Registry<'_>,
) -> bool {
    let path = project.sources[finding.source].path();
    let on = registry.is_on_by_default(finding.rule);
    match config.severity(finding.rule, path, finding.severity, on) {
        Some(severity) => {
            finding.severity = severity;
            true
        }
        None => false,
    }
}

type Key<'a> = (&'a str, u32, u32, &'a str, &'a str);

fn key<'a>(finding: &'a Finding, project: &'a Project) -> Key<'a> {
    (
        project.sources[finding.source].path(),
        finding.span.start,
        finding.span.end,
        finding.rule,
        &finding.message,
    )
}

/// By file, place, rule; what is said twice is said once.
fn order(findings: &mut Vec<Finding>, project: &Project) {
    findings.sort_by(|a, b| key(a, project).cmp(&key(b, project)));
    findings.dedup_by(|a, b| {
        a.rule == b.rule && a.source == b.source && a.span == b.span && a.message == b.message
    });
}
