//! Runs everything in order and returns a report.
//!
//! Reading is parallel over files; replaying the schema is sequential within
//! one history, and goes on while the next batch of files is being read. What
//! comes out does not depend on how many threads took part.

mod fingerprint;
mod fold;
mod registry;
mod script;
mod unit;

use std::sync::atomic::AtomicUsize;

use rayon::prelude::*;

use crate::config::Config;
use crate::dialect::{Dialect, Engine};
use crate::finding::{Finding, Severity};
use crate::project::{History, Problem, Project, SourceId};
use crate::report::{MigrationReport, Report, Summary};
use crate::suppress::{self, Directives};

use fold::Fold;
use registry::Registry;

/// What one history yields.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    migrations: Vec<MigrationReport>,
    problems: Vec<Problem>,
    summary: Summary,
}

/// Checks every history of a project that is PostgreSQL's. `dialect` overrides
/// what layouts and configuration declare; `progress` counts files that are
/// done.
pub fn run(
    mut project: Project,
    config: &Config,
    dialect: Option<Dialect>,
    progress: &AtomicUsize,
) -> Report {
    let registry = Registry::new(config);
    let histories = std::mem::take(&mut project.histories);
    let (judged, others): (Vec<History>, Vec<History>) = histories
        .into_iter()
        .partition(|h| dialect.is_some() || h.engine == Engine::Postgres);
    project.problems.extend(others.iter().map(not_judged));
    let directives = unit::directives(&project, config);
    let outcomes: Vec<Outcome> = judged
        .par_iter()
        .map(|history| {
            let dialect = dialect
                .or(config.dialect)
                .or(history.dialect)
                .unwrap_or_default();
            Fold::new(&project, history, &registry, config, dialect, &directives).run(progress)
        })
        .collect();
    let shown = dialect
        .or(config.dialect)
        .or_else(|| judged.iter().find_map(|h| h.dialect))
        .unwrap_or_default();
    assemble(project, outcomes, directives, &registry, config, shown)
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
    registry: &Registry<'_>,
    config: &Config,
    dialect: Dialect,
) -> Report {
    let mut findings = Vec::new();
    let mut migrations = Vec::new();
    let mut summary = Summary::default();
    for outcome in outcomes {
        findings.extend(outcome.findings);
        migrations.extend(outcome.migrations);
        project.problems.extend(outcome.problems);
        summary.statements += outcome.summary.statements;
        summary.unparsed += outcome.summary.unparsed;
        summary.opaque += outcome.summary.opaque;
    }
    for (source, found) in &directives {
        let slips = found.slips.iter().cloned();
        findings.extend(slips.map(|slip| slip.finding(*source)));
    }
    let may_report = |rule: &str| config.may_report(rule, registry.is_on_by_default(rule));
    let applied = suppress::apply(findings, &directives, may_report);
    let (mut kept, mut suppressed) = (applied.kept, applied.suppressed);
    kept.extend(applied.unused);
    kept.retain_mut(|finding| configured(finding, &project, config, registry));
    order(&mut kept, &project);
    suppressed.sort_by(|a, b| key(&a.finding, &project).cmp(&key(&b.finding, &project)));
    fingerprint::fill(&mut kept, &mut suppressed, &project.sources);
    summary.files = migrations
        .iter()
        .map(|m| m.source)
        .collect::<rustc_hash::FxHashSet<_>>()
        .len();
    summary.suppressed = suppressed.len();
    for finding in &kept {
        match finding.severity {
            Severity::Error => summary.errors += 1,
            Severity::Warning => summary.warnings += 1,
            Severity::Info => summary.infos += 1,
        }
    }
    Report {
        dialect,
        sources: project.sources,
        migrations,
        findings: kept,
        suppressed,
        problems: project.problems,
        summary,
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
