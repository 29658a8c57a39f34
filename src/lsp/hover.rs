//! What is known about the statement under the cursor.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use super::diagnostic::View;
use super::page;
use crate::effect::{Effect, Lock, LockMode, ScanKind};
use crate::finding::Finding;
use crate::project::SourceId;
use crate::report::{Direction, MigrationReport, StatementReport};
use crate::schema::Key;
use crate::verdict::Verdict;

/// What to show at a byte of a file; nothing between statements.
pub fn hover(view: &View<'_>, source: SourceId, at: u32) -> Option<Hover> {
    let statement = statement_at(view, source, at)?;
    let mut parts = vec![about(statement)];
    let migrations = view.report.migrations.iter();
    parts.extend(
        migrations
            .filter(|m| m.source == source && m.direction == statement.direction)
            .map(of_migration),
    );
    parts.extend(view.findings(source).filter_map(|f| of_finding(f, at)));
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: parts.join("\n\n"),
        }),
        range: Some(view.lines(source).range(statement.span)),
    })
}

/// The statement that holds a byte, or ends before it.
pub fn statement_at<'a>(view: &View<'a>, source: SourceId, at: u32) -> Option<&'a StatementReport> {
    let mut statements = view.report.statements.iter();
    statements.find(|s| s.source == source && s.span.start <= at && at <= s.span.end)
}

fn about(statement: &StatementReport) -> String {
    let operations = statement.kinds().join(", ").replace('_', " ");
    let mut lines = vec![format!("**{operations}**")];
    lines.extend(effects(&statement.effect));
    lines.push(verdict("This statement", statement.verdict));
    lines.join("  \n")
}

fn effects(effect: &Effect) -> impl Iterator<Item = String> {
    let locks = effect.locks.iter().filter(|lock| !lock.created);
    let locks = listed("Locks", locks.map(lock));
    let rewrites = listed("Rewrites", names(&effect.rewrites));
    let builds = listed("Builds", names(&effect.index_rebuilds));
    let full = |kind| matches!(kind, ScanKind::Full | ScanKind::Index);
    let scans = effect.scans.iter().filter(|scan| full(scan.kind));
    let scans = listed("Reads all of", scans.map(|s| format!("`{}`", s.relation)));
    let losses = listed(
        "Loses",
        effect.losses.iter().map(|loss| loss.what.to_string()),
    );
    let alone = effect.forbidden_in_transaction;
    let alone = alone.map(|command| format!("`{command}` refuses to run in a transaction"));
    let unsure = "Something it depends on is not known, so the worse is assumed";
    let unsure = effect.uncertain.then(|| unsure.to_string());
    [locks, rewrites, builds, scans, losses, alone, unsure]
        .into_iter()
        .flatten()
}

fn names(keys: &[Key]) -> impl Iterator<Item = String> {
    keys.iter().map(|key| format!("`{key}`"))
}

fn listed(what: &str, list: impl Iterator<Item = String>) -> Option<String> {
    let list: Vec<String> = list.collect();
    (!list.is_empty()).then(|| format!("{what} {}", list.join(", ")))
}

fn lock(lock: &Lock) -> String {
    let wait = match lock.mode {
        mode if mode.blocks_reads() => "reads and writes wait",
        mode if mode.blocks_writes() => "writes wait",
        LockMode::AccessShare | LockMode::RowShare | LockMode::RowExclusive => "nobody waits",
        _ => "other schema changes wait",
    };
    format!("`{}` {} ({wait})", lock.relation, lock.mode)
}

fn of_migration(migration: &MigrationReport) -> String {
    let way = match migration.direction {
        Direction::Up => "Migration",
        Direction::Down => "Way back of",
    };
    verdict(&format!("{way} `{}`", migration.id), migration.verdict)
}

fn verdict(what: &str, verdict: Verdict) -> String {
    let [deploy, old_release, undo]: [&'static str; 3] = [
        verdict.deploy.into(),
        verdict.old_release.into(),
        verdict.undo.into(),
    ];
    format!("{what}: deploy **{deploy}**, old release **{old_release}**, undo **{undo}**")
}

fn of_finding(finding: &Finding, at: u32) -> Option<String> {
    let covers = finding.span.start <= at && at <= finding.span.end;
    let rule = page::rule(finding.rule).filter(|_| covers)?;
    let summary = page::summary(rule);
    Some(match page::address(rule.id) {
        Some(address) => format!("---\n\n{summary} [More]({address})"),
        None => format!("---\n\n{summary}"),
    })
}
