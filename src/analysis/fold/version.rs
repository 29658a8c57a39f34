//! Two migrations of one version: a tool that keeps track by version runs one
//! of them, or none at all.

use rustc_hash::FxHashMap;

use super::Fold;
use crate::project::{Layout, Migration, SourceId};
use crate::source::Span;

/// The versions so far, without leading zeros, and where they stand.
#[derive(Default)]
pub(super) struct Versions {
    seen: FxHashMap<String, SourceId>,
}

impl Fold<'_> {
    pub(super) fn check_version(&mut self, migration: &Migration) {
        let by_version = matches!(
            self.history.layout,
            Layout::GolangMigrate
                | Layout::Pop
                | Layout::Goose
                | Layout::Dbmate
                | Layout::Sqlx
                | Layout::Tern
                | Layout::Refinery
                | Layout::Hasura
        );
        if !by_version || migration.repeatable || migration.version.is_empty() {
            return;
        }
        let version = migration.version.trim_start_matches('0').to_owned();
        let Some(first) = self.versions.seen.insert(version, migration.source) else {
            return;
        };
        let same_file = first == migration.source;
        let (source, start) = (migration.source, Span::new(0, 0));
        let finding = self.registry.builtin("duplicate-version", source, start);
        let Some(mut finding) = finding.filter(|_| migration.selected && !same_file) else {
            return;
        };
        let other = self.project.sources[first].path();
        let other = other.rsplit('/').next().unwrap_or(other);
        finding.message = format!("`{other}` has version `{}` too", migration.version);
        finding.help = "Give one of them a version of its own: a tool that keeps track by version refuses both, or takes one for applied because of the other".into();
        self.outcome.findings.push(finding);
    }
}
