//! A file after a history that stands elsewhere.

use super::{Down, History, Migration, Project, SourceId};
use crate::dialect::Engine;

impl Project {
    /// This project, with what others hold as the history before it, in their
    /// order. Nothing of them is judged. A history that holds a file of this
    /// project ends before it.
    #[must_use]
    pub fn preceded_by(mut self, others: Vec<Project>) -> Self {
        let mut before = Vec::new();
        for other in others {
            let shift = self.sources.len();
            before.extend(
                other
                    .histories
                    .iter()
                    .filter(|history| history.engine == Engine::Postgres)
                    .flat_map(|history| self.until_own(&other, history))
                    .map(|migration| moved(migration, shift)),
            );
            self.sources.extend(other.sources);
            self.problems.extend(other.problems);
        }
        for history in &mut self.histories {
            let own = std::mem::replace(&mut history.migrations, before.clone());
            history.migrations.extend(own);
        }
        self
    }

    fn until_own<'h>(
        &self,
        other: &Project,
        history: &'h History,
    ) -> impl Iterator<Item = &'h Migration> {
        let is_own = |source: SourceId| {
            let path = other.sources[source].path();
            self.sources.iter().any(|own| own.path() == path)
        };
        history
            .migrations
            .iter()
            .take_while(move |migration| !migration.sources().any(is_own))
    }
}

/// As a part of the history, its files counted from `shift` on.
fn moved(migration: &Migration, shift: usize) -> Migration {
    let mut migration = migration.clone();
    migration.selected = false;
    migration.down = Down::Missing;
    migration.source += shift;
    for part in &mut migration.up {
        part.source += shift;
    }
    for suspicious in &mut migration.suspicious {
        suspicious.source += shift;
    }
    migration
}
