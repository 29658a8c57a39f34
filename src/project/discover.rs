//! From paths to files: what is read, and what is said about what cannot be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use walkdir::{DirEntry, WalkDir};

use super::folder::{CLIMB, join, parent};
use super::tool::changelog::is_changelog;
use super::{File, Named, Options, Problem, Project, Scope, changed, name, organise, place};
use crate::git::Index;
use crate::source::Source;

/// Folders that hold other people's files or what a build leaves behind.
const SKIPPED: &[&str] = &["node_modules", "target", "vendor"];

/// The tools' own files that are read where they lie.
const COMPANIONS: &[&str] = &[
    "diesel.toml",
    "metadata.toml",
    "migration_lock.toml",
    "_journal.json",
    "atlas.hcl",
    "sqitch.plan",
    "sqitch.conf",
    "flyway.conf",
    "flyway.toml",
    "tern.conf",
    "Cargo.toml",
    "go.mod",
    "config.yaml",
];

/// The tools' own files that tell by being there.
const SIGNS: &[&str] = &["atlas.sum", "snapshot.json", "version.yaml"];

/// The tools' own files that lie above the folders that they speak of.
const ABOVE: &[&str] = &[
    "diesel.toml",
    "atlas.hcl",
    "sqitch.plan",
    "sqitch.conf",
    "flyway.conf",
    "flyway.toml",
    "Cargo.toml",
    "go.mod",
    "config.yaml",
    "metadata/version.yaml",
];

/// Finds the migrations at and below some paths: a project, a folder of
/// migrations, one migration's folder, or a file. The rest of a history is read
/// too and not selected.
pub fn discover(paths: &[PathBuf], options: &Options) -> Project {
    let mut finder = Finder {
        options,
        found: BTreeMap::new(),
        above: FxHashSet::default(),
        visited: FxHashSet::default(),
        walked: Vec::new(),
        problems: Vec::new(),
    };
    for path in paths {
        finder.path(path);
    }
    if let Some(index) = &options.index {
        finder.lay_over(index);
    }
    for (path, text) in options.texts.iter() {
        if let Some(entry) = finder.found.get_mut(path) {
            entry.text = Some(text.clone().into_bytes());
        }
    }
    let Finder {
        found, problems, ..
    } = finder;
    let read: Vec<Result<File, Problem>> = found.into_par_iter().map(read).collect();
    let mut files = Vec::with_capacity(read.len());
    let mut all_problems = problems;
    for result in read {
        match result {
            Ok(file) => files.push(file),
            Err(problem) => all_problems.push(problem),
        }
    }
    let all = options.changes.as_ref().map(|_| files.clone());
    let mut project = organise(files, options);
    drop_context(&mut project);
    name_empty_paths(paths, &project, &mut all_problems);
    if let (Some(files), Some(changes)) = (all, &options.changes) {
        project.scope = match options.index {
            Some(_) => Scope::Staged,
            None => Scope::Since(changes.revision.clone()),
        };
        changed::narrow(&mut project, files, options, changes);
        drop_context(&mut project);
    }
    all_problems.append(&mut project.problems);
    all_problems.sort_by(|a, b| a.path.cmp(&b.path));
    project.problems = all_problems;
    project
}

/// Histories of which nothing is selected are of no use.
fn drop_context(project: &mut Project) {
    project
        .histories
        .retain(|history| history.migrations.iter().any(|m| m.selected));
}

fn name_empty_paths(paths: &[PathBuf], project: &Project, problems: &mut Vec<Problem>) {
    for path in paths {
        let shown = shown(path);
        let below = |file: &str| shown.is_empty() || is_below(file, &shown);
        let any = project.histories.iter().any(|history| {
            history.migrations.iter().any(|migration| {
                super::sources_of(migration).any(|id| below(project.sources[id].path()))
            })
        });
        if !any
            && !problems
                .iter()
                .any(|problem| problem.fatal && below(&problem.path))
        {
            problems.push(Problem {
                path: if shown.is_empty() { ".".into() } else { shown },
                message: "holds no migrations; looked for .sql files whose names begin with a number, a date or `V` and a version, for folders with `up.sql` or `migration.sql`, and for the files and comments of the known tools".into(),
                fatal: true,
            });
        }
    }
}

/// What stands around a file, read and not selected: the files of the folder
/// that holds its history, and the tools' own. Nothing where its name makes it
/// no part of a history.
pub fn around(path: &str, options: &Options) -> Vec<File> {
    let Some((folder, depth)) = context_of_file(path) else {
        return Vec::new();
    };
    let on_disk = disk(&folder);
    if !on_disk.is_dir() {
        return Vec::new();
    }
    let mut finder = Finder {
        options,
        found: BTreeMap::new(),
        above: FxHashSet::default(),
        visited: FxHashSet::default(),
        walked: Vec::new(),
        problems: Vec::new(),
    };
    finder.walk(&on_disk, &folder, depth, false);
    finder.surroundings(&dir_of(path));
    finder
        .found
        .into_par_iter()
        .filter_map(|entry| read(entry).ok())
        .collect()
}

fn is_below(file: &str, dir: &str) -> bool {
    file.strip_prefix(dir)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || dir.ends_with('/'))
}

/// A path as reports show it: `/`-separated, without `./`.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    for segment in text.split('/') {
        let climbs = segment == ".." && kept.last().is_some_and(|last| *last != "..");
        match segment {
            "" | "." => {}
            ".." if climbs => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let path = kept.join("/");
    if text.starts_with('/') {
        format!("/{path}")
    } else {
        path
    }
}

fn read((path, entry): (String, Entry)) -> Result<File, Problem> {
    let source = match entry.text {
        _ if entry.sign => Ok(Source::new(path.clone(), "")),
        Some(bytes) => Source::decode(path.clone(), bytes),
        None => Source::read(&entry.on_disk, path.clone()),
    };
    match source {
        Ok(source) => Ok(File {
            path,
            source: Arc::new(source),
            named: entry.named,
            selected: entry.selected,
        }),
        Err(error) => Err(Problem {
            path,
            message: error.to_string(),
            fatal: entry.selected,
        }),
    }
}

struct Entry {
    on_disk: PathBuf,
    named: Named,
    selected: bool,
    /// Only its presence counts.
    sign: bool,
    /// What counts instead of what lies on disk.
    text: Option<Vec<u8>>,
}

/// A folder that was looked through.
struct Walked {
    path: PathBuf,
    shown: String,
    depth: usize,
    selected: bool,
}

struct Finder<'a> {
    options: &'a Options,
    found: BTreeMap<String, Entry>,
    /// Folders whose surroundings have been looked at.
    above: FxHashSet<String>,
    /// Targets of links that have been walked.
    visited: FxHashSet<PathBuf>,
    walked: Vec<Walked>,
    problems: Vec<Problem>,
}

impl Finder<'_> {
    fn path(&mut self, path: &Path) {
        let shown = shown(path);
        match std::fs::metadata(path) {
            Err(error) => {
                let dangling = path.is_symlink();
                let message = if dangling {
                    "is a link to nothing".to_string()
                } else {
                    format!("cannot be read: {error}")
                };
                self.problem(shown, message, true);
            }
            Ok(metadata) if metadata.is_dir() => self.folder(path, &shown),
            Ok(_) => self.file(path, &shown),
        }
    }

    fn folder(&mut self, path: &Path, shown: &str) {
        self.walk(path, shown, usize::MAX, true);
        if let Some((up, depth)) = context_of_folder(path, shown) {
            self.walk(&disk(&up), &up, depth, false);
            self.surroundings(&up);
        }
        self.surroundings(shown);
    }

    fn file(&mut self, path: &Path, shown: &str) {
        self.add(path, shown, Named::File, true);
        let dir = dir_of(shown);
        if let Some((up, depth)) = context_of_file(shown) {
            self.walk(&disk(&up), &up, depth, false);
        }
        self.surroundings(&dir);
    }

    fn walk(&mut self, path: &Path, shown: &str, depth: usize, selected: bool) {
        if self.options.index.is_some() {
            self.walked.push(Walked {
                path: path.into(),
                shown: shown.into(),
                depth,
                selected,
            });
        }
        let walk = WalkDir::new(path)
            .max_depth(depth)
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_skipped(entry));
        for entry in walk {
            match entry {
                Ok(entry) => self.entry(path, shown, &entry, selected),
                Err(error) => {
                    let below = error
                        .path()
                        .map_or(shown.into(), |at| below(path, shown, at));
                    let reason = error.io_error().map(ToString::to_string);
                    let message = format!("cannot be read: {}", reason.unwrap_or_default());
                    self.problem(below, message, selected);
                }
            }
        }
    }

    fn entry(&mut self, root: &Path, shown: &str, entry: &DirEntry, selected: bool) {
        let name = below(root, shown, entry.path());
        let named = if selected && entry.depth() == 1 {
            Named::Folder
        } else {
            Named::No
        };
        if entry.path_is_symlink() && entry.depth() > 0 {
            self.link(root, entry.path(), &name, named, selected);
        } else if entry.file_type().is_file() {
            self.add(entry.path(), &name, named, selected);
        }
    }

    /// A link whose target is found without it adds nothing; a folder
    /// elsewhere is walked once.
    fn link(&mut self, root: &Path, path: &Path, name: &str, named: Named, selected: bool) {
        let Ok(target) = path.canonicalize() else {
            let matters = place::is_script(name) || !base(name).contains('.');
            if selected && matters {
                let fatal = place::is_script(name);
                self.problem(name.into(), "is a link to nothing".into(), fatal);
            }
            return;
        };
        let inside = root
            .canonicalize()
            .is_ok_and(|root| target.starts_with(root));
        if inside {
            return;
        }
        if target.is_file() {
            self.add(path, name, named, selected);
        } else if target.is_dir() && self.visited.insert(target) {
            self.walk(&path.join(""), name, usize::MAX, selected);
        }
    }

    fn add(&mut self, path: &Path, shown: &str, named: Named, selected: bool) {
        let base = base(shown);
        let script = place::is_script(shown) || named == Named::File;
        let sign = SIGNS.contains(&base) || base.ends_with(".down.go") || base.ends_with(".up.go");
        if !(script || sign || is_companion(shown)) {
            return;
        }
        if self.options.exclude.excludes(shown) {
            return;
        }
        let entry = self.found.entry(shown.to_string()).or_insert(Entry {
            on_disk: path.into(),
            named,
            selected,
            sign,
            text: None,
        });
        entry.named = entry.named.max(named);
        entry.selected |= selected;
    }

    /// Leaves what would be committed: files as they are staged, those that lie
    /// only in the index, and none that it does not know.
    fn lay_over(&mut self, index: &Index) {
        let mut places = index.repository.places();
        for walked in std::mem::take(&mut self.walked) {
            let Some(folder) = places.folder(&walked.path) else {
                continue;
            };
            for path in index.paths() {
                let below = match folder.as_str() {
                    "" => Some(path),
                    folder => path
                        .strip_prefix(folder)
                        .and_then(|rest| rest.strip_prefix('/')),
                };
                let Some(rest) = below else { continue };
                if is_walked(rest, walked.depth) {
                    let named = match rest.contains('/') {
                        false if walked.selected => Named::Folder,
                        _ => Named::No,
                    };
                    let shown = join(&walked.shown, rest);
                    self.add(&walked.path.join(rest), &shown, named, walked.selected);
                    if let Some(entry) = self.found.get_mut(&shown) {
                        entry.text = index.text(path).map(<[u8]>::to_vec);
                    }
                }
            }
        }
        self.found.retain(|_, entry| {
            let Some(path) = places.file(&entry.on_disk) else {
                return true;
            };
            if let Some(text) = index.text(&path) {
                entry.text = Some(text.to_vec());
            }
            index.holds(&path)
        });
    }

    /// The tools' files above a folder, up to where the repository ends.
    fn surroundings(&mut self, dir: &str) {
        let mut here = Some(dir.to_string());
        for _ in 0..CLIMB {
            let Some(dir) = here else { return };
            if !self.above.insert(dir.clone()) {
                return;
            }
            for file in ABOVE {
                let name = join(&dir, file);
                let path = disk(&name);
                if path.is_file() {
                    self.add(&path, &name, Named::No, false);
                }
            }
            if disk(&join(&dir, ".git")).exists() {
                return;
            }
            here = parent(&dir);
        }
    }

    fn problem(&mut self, path: String, message: String, fatal: bool) {
        self.problems.push(Problem {
            path,
            message,
            fatal,
        });
    }
}

fn is_skipped(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.file_type().is_dir() && (name.starts_with('.') || SKIPPED.contains(&name.as_ref()))
}

/// Would a walk of that depth have met the file?
fn is_walked(below: &str, depth: usize) -> bool {
    let mut segments: Vec<&str> = below.split('/').collect();
    segments.len() <= depth && {
        segments.pop();
        !segments
            .iter()
            .any(|name| name.starts_with('.') || SKIPPED.contains(name))
    }
}

/// Is it a tool's own file that is read where it lies?
pub fn is_companion(path: &str) -> bool {
    COMPANIONS.contains(&base(path)) || path.ends_with(".sql.conf") || is_changelog(path)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or("")
}

fn dir_of(path: &str) -> String {
    parent(path).unwrap_or_default()
}

/// The path on disk of a shown one.
fn disk(shown: &str) -> PathBuf {
    PathBuf::from(if shown.is_empty() { "." } else { shown })
}

fn below(root: &Path, shown: &str, path: &Path) -> String {
    let rest = path.strip_prefix(root).unwrap_or(path);
    let rest = rest.to_string_lossy().replace('\\', "/");
    match rest.is_empty() {
        true => shown.into(),
        false => join(shown, &rest),
    }
}

/// The folder that holds the history of a named folder that is a part of one:
/// one migration, `deploy/`, `committed/`, a version's folder.
fn context_of_folder(path: &Path, shown: &str) -> Option<(String, usize)> {
    let has = |file: &str| path.join(file).is_file();
    if has("up.sql") || has("migration.sql") {
        return Some((dir_of(shown), 3));
    }
    context_of_part(shown)
}

fn context_of_part(dir: &str) -> Option<(String, usize)> {
    let last = base(dir);
    if let Some(plan) = plan_above(dir) {
        return Some((plan, usize::MAX));
    }
    let part = last == "committed" || last == "up" || name::is_down_folder(last);
    if part {
        return Some((dir_of(dir), 2));
    }
    name::is_version_folder(last).then(|| (dir_of(dir), 3))
}

/// The folder that holds the history of a named file, if its name says that it
/// is a part of one.
pub fn context_of_file(file: &str) -> Option<(String, usize)> {
    let (dir, name) = (dir_of(file), base(file));
    if matches!(name, "up.sql" | "down.sql" | "migration.sql") {
        return Some((dir_of(&dir), 3));
    }
    if let Some(context) = context_of_part(&dir) {
        return Some(context);
    }
    let part = name::is_versioned(name)
        || name::way(name).0.is_some()
        || name == "current.sql"
        || ["R__", "U", "B"]
            .iter()
            .any(|p| name::double_underscore(name, p).is_some());
    part.then_some((dir, 2))
}

fn plan_above(dir: &str) -> Option<String> {
    let mut here = dir.to_string();
    for _ in 0..CLIMB {
        if disk(&join(&here, "sqitch.plan")).is_file() {
            return Some(here);
        }
        here = parent(&here)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of files below the system's own, gone at the end of the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
            let root = std::env::temp_dir().join(format!("bowline-{name}-{}", std::process::id()));
            for (file, bytes) in files {
                let path = root.join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            Self(root)
        }

        fn discover(&self, path: &str) -> Project {
            discover(&[self.0.join(path)], &Options::default())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn selected(project: &Project) -> Vec<(&str, bool)> {
        let migrations = project.histories.iter().flat_map(|h| &h.migrations);
        migrations.map(|m| (m.id.as_str(), m.selected)).collect()
    }

    #[test]
    fn what_is_not_named_is_context() {
        let scratch = Scratch::new(
            "context",
            &[
                ("flat/1_a.sql", b"SELECT 1"),
                ("flat/2_b.sql", b"SELECT 2"),
                ("units/1_a/up.sql", b"SELECT 1"),
                ("units/2_b/up.sql", b"SELECT 2"),
                ("units/2_b/down.sql", b"SELECT 3"),
                ("units/diesel.toml", b""),
            ],
        );
        let second = vec![("1_a", false), ("2_b", true)];
        assert_eq!(selected(&scratch.discover("flat/2_b.sql")), second);
        let second = vec![("1", false), ("2", true)];
        for path in ["units/2_b", "units/2_b/up.sql", "units/2_b/down.sql"] {
            assert_eq!(selected(&scratch.discover(path)), second, "{path}");
        }
        assert!(selected(&scratch.discover("")).iter().all(|(_, s)| *s));
    }

    #[test]
    fn any_file_is_read_when_it_is_named() {
        let scratch = Scratch::new(
            "named",
            &[
                ("schema.sql", b"SELECT 1"),
                ("x/helpers.sql", b"SELECT 1"),
                ("x/1_a.sql", b"SELECT 1"),
                ("y/free.sql", b"SELECT 1"),
            ],
        );
        assert_eq!(selected(&scratch.discover("schema.sql")).len(), 1);
        assert_eq!(selected(&scratch.discover("x")), [("1_a", true)]);
        assert_eq!(
            selected(&scratch.discover("x/helpers.sql")),
            [("helpers", true)]
        );
        assert_eq!(selected(&scratch.discover("y")), [("free", true)]);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
        let scratch = Scratch::new(
            "problems",
            &[
                ("m/1_a.sql", b"SELECT 1"),
                ("m/2_binary.sql", b"a\0b"),
                ("m/3_latin.sql", b"SELECT 'caf\xe9'"),
                ("empty/readme.md", b""),
            ],
        );
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere", scratch.0.join("m/4_link.sql")).unwrap();
        let project = scratch.discover("m");
        assert_eq!(selected(&project), [("1_a", true), ("3_latin", true)]);
        let told: Vec<(bool, &str)> = project
            .problems
            .iter()
            .map(|problem| (problem.fatal, problem.path.rsplit('/').next().unwrap()))
            .collect();
        let mut expected = vec![(true, "2_binary.sql"), (false, "3_latin.sql")];
        if cfg!(unix) {
            expected.push((true, "4_link.sql"));
        }
        assert_eq!(told, expected);
        for path in ["empty", "missing"] {
            assert!(scratch.discover(path).problems[0].fatal, "{path}");
        }
    }

    #[test]
    fn paths_are_shown_short() {
        assert_eq!(shown(Path::new("./a//b/../c/")), "a/c");
        assert_eq!(shown(Path::new("../a")), "../a");
        assert_eq!(shown(Path::new(".")), "");
        assert_eq!(shown(Path::new("/a/b")), "/a/b");
    }
}
