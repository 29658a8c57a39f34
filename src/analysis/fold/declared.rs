//! What a migration is for: as directives, configuration and folders declare
//! it, or as its operations show.

use rustc_hash::FxHashSet;

use super::{Fold, Planned};
use crate::name::Name;
use crate::operation::Action;
use crate::phase::Phase;
use crate::project::{Migration, SourceId};

/// What a phase is known by.
pub(super) struct Declared {
    pub(super) phase: Option<Phase>,
    pub(super) approved: bool,
    pub(super) checkpoint: bool,
    pub(super) release: Option<String>,
}

impl Fold<'_> {
    pub(super) fn declared(&self, migration: &Migration) -> Declared {
        let mut declared = Declared {
            phase: None,
            approved: false,
            checkpoint: false,
            release: None,
        };
        let path = self.project.sources[migration.source].path();
        for source in sources_of(migration) {
            let Ok(at) = self.directives.binary_search_by_key(&source, |(id, _)| *id) else {
                continue;
            };
            let found = &self.directives[at].1;
            declared.phase = declared.phase.or(found.phase.map(|(phase, _)| phase));
            declared.approved |= found.approves_irreversible();
            declared.checkpoint |= found.checkpoint.is_some();
            declared.release = declared.release.or_else(|| found.release.clone());
        }
        declared.phase = declared
            .phase
            .or_else(|| self.config.phase_for(path))
            .or_else(|| self.folders.phase(path));
        declared
    }
}

/// The phase that the operations of a script show, as far as they were seen.
#[derive(Default)]
pub(super) struct Inferred {
    created: FxHashSet<Name>,
    phase: Option<Phase>,
    /// Removals beside something else: there is none.
    mixed: bool,
}

impl Inferred {
    pub(super) fn of(plan: &[Planned<'_>]) -> Self {
        let mut inferred = Self::default();
        inferred.add(plan);
        inferred
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        self.phase.filter(|_| !self.mixed)
    }

    /// Goes on with what runs next.
    pub(super) fn add(&mut self, plan: &[Planned<'_>]) {
        for planned in plan {
            let (name, phase) = match &planned.operation.action {
                Action::CreateTable(create) => {
                    self.created.insert(create.name.name);
                    (None, Some(Phase::Expand))
                }
                action => phase_of(action),
            };
            if name.is_some_and(|n| self.created.contains(n)) {
                continue;
            }
            match (self.phase, phase) {
                (_, None) => {}
                (None, Some(_)) => self.phase = phase,
                (Some(Phase::Contract), Some(Phase::Contract)) => {}
                (Some(Phase::Contract), Some(_)) | (Some(_), Some(Phase::Contract)) => {
                    self.mixed = true;
                }
                (Some(a), Some(b)) => self.phase = Some(a.max(b)),
            }
        }
    }
}

/// The phase that an operation belongs to, and the table that it is about.
fn phase_of(action: &Action) -> (Option<&Name>, Option<Phase>) {
    match action {
        Action::DropColumn { table, .. } | Action::RenameColumn { table, .. } => {
            (Some(&table.name.name), Some(Phase::Contract))
        }
        Action::Drop { name, kind, .. } if kind.is_relation() => {
            (Some(&name.name), Some(Phase::Contract))
        }
        Action::Rename { name, kind, .. } if kind.is_relation() => {
            (Some(&name.name), Some(Phase::Contract))
        }
        Action::Insert(insert) => (Some(&insert.table.name), Some(Phase::Migrate)),
        Action::Update(update) => (Some(&update.table.name), Some(Phase::Migrate)),
        Action::Delete(delete) => (Some(&delete.table.name), Some(Phase::Migrate)),
        Action::AddColumn { .. }
        | Action::CreateIndex(_)
        | Action::CreateView(_)
        | Action::CreateType(_)
        | Action::AddConstraint { .. } => (None, Some(Phase::Expand)),
        _ => (None, None),
    }
}

fn sources_of(migration: &Migration) -> impl Iterator<Item = SourceId> {
    std::iter::once(migration.source).chain(migration.up.iter().map(|p| p.source))
}
