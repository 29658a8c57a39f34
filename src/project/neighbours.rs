//! A text in the place of a file: what an editor has not saved yet, within the
//! history that lies on disk.

use std::sync::Arc;

use super::discover::{around, context_of_file};
use super::{File, Named, Options, Project, organise, sources_of, stream};
use crate::source::Source;

/// The files among which others stand: those of their history and the tools'
/// own, read once.
#[derive(Debug)]
pub struct Neighbours {
    files: Vec<File>,
}

impl Neighbours {
    /// Which files share their neighbours with this one; `None` for a file that
    /// is judged alone.
    pub fn place(path: &str) -> Option<String> {
        context_of_file(path).map(|(folder, depth)| format!("{depth}:{folder}"))
    }

    /// Reads what stands around a file.
    pub fn of(path: &str, options: &Options) -> Self {
        Self {
            files: around(path, options),
        }
    }

    /// The histories in which these texts stand in the place of the files of
    /// their names. Only what they belong to is selected.
    pub fn project(&self, texts: &[Arc<Source>], options: &Options) -> Project {
        let is_named = |file: &&File| texts.iter().any(|text| text.path() == file.path);
        let others = self.files.iter().filter(|file| !is_named(file)).cloned();
        let named = texts.iter().map(|text| File {
            path: text.path().to_string(),
            source: Arc::clone(text),
            named: Named::File,
            selected: true,
        });
        let mut project = organise(others.chain(named).collect(), options);
        project
            .histories
            .retain(|history| history.migrations.iter().any(|m| m.selected));
        project
    }
}

impl Project {
    /// Is the file a part of a migration that is judged?
    pub fn judges(&self, path: &str) -> bool {
        self.histories
            .iter()
            .flat_map(|history| &history.migrations)
            .filter(|migration| migration.selected)
            .any(|m| sources_of(m).any(|source| self.sources[source].path() == path))
    }
}

/// One text in the place of its file; alone where that belongs to no history.
pub fn in_place(source: Arc<Source>, options: &Options) -> Project {
    let texts = [Arc::clone(&source)];
    let project = Neighbours::of(source.path(), options).project(&texts, options);
    match project.judges(source.path()) {
        true => project,
        false => stream(source, options),
    }
}
