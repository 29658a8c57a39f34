//! Which migrations are not as a revision has them.
//!
//! The whole history stays as context; a migration is judged when it is new,
//! when one of its files holds another text, or when a new name gives it another
//! place in the order. A new name alone is no change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Down, Exclude, File, History, Layout, Migration, Options, Part, Problem, Project, SourceId,
    organise, place, sources_of, stream,
};
use crate::git::{Change, Changes};
use crate::source::Source;

/// What became of one file.
#[derive(Clone, Debug)]
enum Fate {
    Same,
    New,
    /// The text before, where it is known, and the name before.
    Edited(Option<Arc<Source>>, String),
    /// The same text under a new name.
    Renamed(String),
}

/// Takes the selection from all migrations that are as the revision has them,
/// and names those that it has in another form. `files` is what the project was
/// made of.
pub fn narrow(project: &mut Project, files: Vec<File>, options: &Options, changes: &Changes) {
    let files = Files::new(files, changes);
    let moved = files.moved(options);
    let fates: Vec<Fate> = project
        .sources
        .iter()
        .map(|source| files.fate(source.path(), &moved))
        .collect();
    let owners = owners(project);
    let judge = Judge {
        fates: &fates,
        owners: &owners,
        sources: &project.sources,
        options,
        revision: &changes.revision,
    };
    let mut notes = BTreeMap::new();
    let migrations = project.histories.iter_mut().flat_map(|h| &mut h.migrations);
    for migration in migrations.filter(|migration| migration.selected) {
        let changed = judge.changed(migration);
        migration.selected = !changed.is_empty();
        migration.unreleased = migration.selected && !migration.repeatable;
        for source in changed {
            if let Some(note) = judge.note(migration, source) {
                migration.unreleased = false;
                notes.entry(source).or_insert(note);
            }
        }
    }
    for history in &mut project.histories {
        last_what_is_new(history);
    }
    let problems = notes.into_iter().map(|(source, message)| Problem {
        path: project.sources[source].path().into(),
        message,
        fatal: false,
    });
    project.problems.extend(problems);
}

/// A new migration runs on databases that have the released ones, wherever its
/// name sorts. What is repeated at the end stays there.
fn last_what_is_new(history: &mut History) {
    let all = &mut history.migrations;
    let end = all.iter().rposition(|migration| !migration.repeatable);
    all[..end.map_or(0, |last| last + 1)].sort_by_key(|migration| migration.unreleased);
}

/// How many migrations each file holds.
fn owners(project: &Project) -> Vec<usize> {
    let mut owners = vec![0; project.sources.len()];
    for migration in project.histories.iter().flat_map(|h| &h.migrations) {
        for source in files_of(migration) {
            owners[source] += 1;
        }
    }
    owners
}

/// The files of a migration, each once.
fn files_of(migration: &Migration) -> BTreeSet<SourceId> {
    sources_of(migration).collect()
}

struct Judge<'a> {
    fates: &'a [Fate],
    owners: &'a [usize],
    sources: &'a [Arc<Source>],
    options: &'a Options,
    revision: &'a str,
}

impl Judge<'_> {
    /// The files by which a migration is not as it was.
    fn changed(&self, migration: &Migration) -> Vec<SourceId> {
        let is_changed = |source: &SourceId| match &self.fates[*source] {
            Fate::Same => false,
            Fate::Edited(Some(before), _) if self.is_shared(*source) => {
                !self.holds(before, migration, *source)
            }
            _ => true,
        };
        files_of(migration).into_iter().filter(is_changed).collect()
    }

    fn is_shared(&self, source: SourceId) -> bool {
        self.owners[source] > 1
    }

    /// Does the text before hold all that a migration has in a file today?
    fn holds(&self, before: &Source, migration: &Migration, source: SourceId) -> bool {
        let down: &[Part] = match &migration.down {
            Down::Parts(parts) => parts,
            _ => &[],
        };
        let text = self.sources[source].text();
        let mut parts = migration.up.iter().chain(down);
        parts.all(|part| part.source != source || before.text().contains(part.span.of(text).trim()))
    }

    /// What is to be said of a migration that the revision has too.
    fn note(&self, migration: &Migration, source: SourceId) -> Option<String> {
        let (revision, now) = (self.revision, self.sources[source].path());
        match &self.fates[source] {
            _ if migration.repeatable => None,
            Fate::Same | Fate::New => None,
            Fate::Edited(Some(before), _)
                if self.is_shared(source) && !self.knows(before, migration, now) =>
            {
                None
            }
            Fate::Edited(_, from) if now.ends_with(from) || from.ends_with(now) => Some(format!(
                "changed since `{revision}`, though it exists there"
            )),
            Fate::Edited(_, from) => Some(format!(
                "changed since `{revision}`, though it exists there as `{from}`"
            )),
            Fate::Renamed(from) => Some(format!(
                "runs at another place than at `{revision}`, where it is `{from}`"
            )),
        }
    }

    /// Was there a migration of this id in the text before?
    fn knows(&self, before: &Source, migration: &Migration, now: &str) -> bool {
        let project = stream(Arc::new(Source::new(now, before.text())), self.options);
        let mut migrations = project.histories.iter().flat_map(|h| &h.migrations);
        migrations.any(|known| known.id == migration.id)
    }
}

/// The files of a project with their paths in the repository.
struct Files<'a> {
    list: Vec<(File, Option<String>)>,
    changes: &'a Changes,
    /// Files that a setting in another file changed, as reports show them.
    set: FxHashSet<String>,
}

impl<'a> Files<'a> {
    fn new(files: Vec<File>, changes: &'a Changes) -> Self {
        let mut places = changes.repository.places();
        let list: Vec<(File, Option<String>)> = files
            .into_iter()
            .map(|file| {
                let path = places.file(Path::new(&file.path));
                (file, path)
            })
            .collect();
        let mut files = Self {
            list,
            changes,
            set: FxHashSet::default(),
        };
        files.set = files.settings();
        files
    }

    /// The files whose own settings, in a file beside them, are new or changed.
    fn settings(&self) -> FxHashSet<String> {
        let mut set = FxHashSet::default();
        for (file, path) in &self.list {
            let is_same = match path
                .as_deref()
                .and_then(|path| self.changes.files.get(path))
            {
                None => true,
                Some(Change::Added) => false,
                Some(Change::Changed(before)) => before.same,
            };
            if is_same {
                continue;
            }
            if let Some(script) = file.path.strip_suffix(".conf") {
                set.insert(script.to_owned());
            } else if let Some(folder) = file.path.strip_suffix("metadata.toml") {
                set.extend(["up.sql", "down.sql"].map(|name| format!("{folder}{name}")));
            }
        }
        set
    }

    fn fate(&self, shown: &str, moved: &FxHashSet<String>) -> Fate {
        let at = self
            .list
            .binary_search_by(|(file, _)| file.path.as_str().cmp(shown));
        let Some((file, Some(path))) = at.ok().map(|at| &self.list[at]) else {
            return Fate::Same;
        };
        match self.own_fate(file, path) {
            Fate::Renamed(_) if !moved.contains(path) => self.set_fate(shown, path),
            Fate::Same => self.set_fate(shown, path),
            fate => fate,
        }
    }

    fn set_fate(&self, shown: &str, path: &str) -> Fate {
        match self.set.contains(shown) {
            true => Fate::Edited(None, path.into()),
            false => Fate::Same,
        }
    }

    fn own_fate(&self, file: &File, path: &str) -> Fate {
        let before = match self.changes.files.get(path) {
            None => return Fate::Same,
            Some(Change::Added) => return Fate::New,
            Some(Change::Changed(before)) => before,
        };
        let text = before
            .bytes
            .clone()
            .and_then(|bytes| Source::decode(before.path.as_str(), bytes).ok());
        let same = before.same
            || text
                .as_ref()
                .is_some_and(|text| text.text() == file.source.text());
        match same {
            true if before.path == path => Fate::Same,
            true => Fate::Renamed(before.path.clone()),
            false => Fate::Edited(text.map(Arc::new), before.path.clone()),
        }
    }

    /// The files that only have another name, and by it another place among
    /// those that the revision has.
    fn moved(&self, options: &Options) -> FxHashSet<String> {
        let mut now = Vec::new();
        let mut then = Vec::new();
        let mut names: FxHashMap<String, String> = FxHashMap::default();
        let mut renamed: FxHashSet<String> = FxHashSet::default();
        for (file, path) in &self.list {
            let Some(path) = path else { continue };
            let at = |path: &str, source: &Arc<Source>| File {
                path: path.into(),
                source: Arc::new(Source::new(path, source.text())),
                named: file.named,
                selected: true,
            };
            now.push(at(path, &file.source));
            match self.own_fate(file, path) {
                Fate::New => {}
                Fate::Same => then.push(at(path, &file.source)),
                Fate::Renamed(from) => {
                    then.push(at(&from, &file.source));
                    names.insert(from, path.clone());
                    renamed.insert(path.clone());
                }
                Fate::Edited(before, from) => {
                    then.push(at(&from, before.as_ref().unwrap_or(&file.source)));
                    names.insert(from, path.clone());
                }
            }
        }
        if renamed.is_empty() {
            return renamed;
        }
        let options = Options {
            exclude: Exclude::default(),
            index: None,
            changes: None,
            ..options.clone()
        };
        let now = Order::new(&organise(now, &options), &FxHashMap::default());
        let then = Order::new(&organise(then, &options), &names);
        renamed.retain(|path| !now.agrees(&then, path));
        renamed
    }
}

/// Where the files stand in their histories.
struct Order {
    places: FxHashMap<String, (usize, usize, Layout)>,
    histories: Vec<Vec<(String, usize)>>,
}

impl Order {
    /// `names` leads from the paths of the project to those of now.
    fn new(project: &Project, names: &FxHashMap<String, String>) -> Self {
        let mut order = Self {
            places: FxHashMap::default(),
            histories: Vec::new(),
        };
        for (at, history) in project.histories.iter().enumerate() {
            let mut list = Vec::new();
            for (index, migration) in history.migrations.iter().enumerate() {
                for source in sources_of(migration) {
                    let path = project.sources[source].path();
                    let path = names.get(path).map_or(path, String::as_str);
                    order
                        .places
                        .insert(path.into(), (at, index, history.layout));
                    list.push((path.to_owned(), index));
                }
            }
            order.histories.push(list);
        }
        order
    }

    /// Does a file stand before and behind the same others as in the order of
    /// then, in a history of the same tool?
    fn agrees(&self, then: &Order, path: &str) -> bool {
        let (Some(now), Some(before)) = (self.places.get(path), then.places.get(path)) else {
            // What is no migration now needs no judging.
            return !self.places.contains_key(path);
        };
        let is_same = |(other, index): &(String, usize)| match then.places.get(other) {
            Some(place) if place.0 == before.0 => now.1.cmp(index) == before.1.cmp(&place.1),
            _ => true,
        };
        now.2 == before.2 && self.histories[now.0].iter().all(is_same)
    }
}

/// Is it a file whose text before matters?
pub fn is_of_interest(path: &str) -> bool {
    place::is_script(path) || super::discover::is_companion(path)
}
