//! Which files are migrations, in which order, and how they are run.
//!
//! A [`History`] is one database's migrations in the order in which a tool
//! applies them. Each tool's conventions stand in one file of this folder; the
//! facts were read from the tools' own sources (named there).

mod changed;
mod directive;
mod discover;
mod engine;
mod folder;
mod name;
mod neighbours;
mod place;
mod preceded;
mod stream;
mod together;
mod tool;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::dialect::{Dialect, Engine};
use crate::git::{Changes, Index};
use crate::source::{Source, Span};

pub use changed::is_of_interest;
pub use discover::{discover, shown};
pub use neighbours::{Neighbours, in_place};
pub use place::is_script;
pub use stream::stream;
pub use together::{sent_together, string_at};
pub use tool::opt_out;

pub mod way_back;

/// Index into [`Project::sources`].
pub type SourceId = usize;

/// A migration tool's file convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum Layout {
    GolangMigrate,
    Pop,
    Goose,
    Dbmate,
    SqlMigrate,
    Tern,
    Sqlx,
    Diesel,
    Hasura,
    Refinery,
    Flyway,
    Liquibase,
    Atlas,
    Sqitch,
    GraphileMigrate,
    NodePgMigrate,
    Prisma,
    Drizzle,
    Supabase,
    /// Text streams.
    Alembic,
    Django,
    EfCore,
    /// Numbered or dated files of no tool that is known.
    Plain,
}

impl Layout {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Who opens transactions around a migration's statements.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Transaction {
    /// The tool wraps the file, section or changeset in BEGIN and COMMIT.
    File,
    /// The tool splits the text and runs each statement by itself.
    Statement,
    /// One transaction around all files that are pending.
    AllPending,
    /// The text is sent as one string: PostgreSQL runs it as one transaction
    /// unless it is a single statement.
    Implicit,
    /// Nobody, or nobody knows: the script's own BEGIN and COMMIT count.
    None,
}

/// A stretch of a file that runs as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub source: SourceId,
    pub span: Span,
    pub transaction: Transaction,
    /// The tool finds statements that refuse to run in a transaction by itself
    /// and runs the file without one (Flyway).
    pub detects_nontransactional: bool,
    /// `GO` lines end statements.
    pub go_lines: bool,
}

/// What has a tool run a part outside a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// The directive and the place where it is written; `None` where the tool
    /// sees for itself what a statement needs.
    pub directive: Option<(Span, String)>,
    /// How the part runs then: [`Transaction::Statement`], or
    /// [`Transaction::Implicit`], which is outside only for a single statement.
    pub then: Transaction,
    /// The directive holds for the down too.
    pub reaches_down: bool,
}

impl OptOut {
    fn new(span: Span, text: String, then: Transaction) -> Self {
        Self {
            directive: Some((span, text)),
            then,
            reaches_down: false,
        }
    }
}

/// What a migration offers to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down {
    /// The tool has no downs.
    Unsupported,
    /// The tool has them; this migration has none.
    Missing,
    /// The files say that there is no way back (`--rollback empty`).
    DeclaredIrreversible,
    Parts(Vec<Part>),
}

/// A comment, or a companion file's setting, that the tool does not read as
/// its author meant: a directive that is nearly but not exactly right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicious {
    pub source: SourceId,
    /// Empty, at the start of the text, when the setting stands in a companion
    /// file.
    pub span: Span,
    /// A sentence that says what the tool expects.
    pub message: String,
    /// Where that is a comment's line.
    pub meant: Option<Meant>,
}

/// What a comment that is nearly a directive was meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// A mark between parts or statements: the line as the tool reads it.
    Mark(&'static str),
    /// An opt-out from the transaction: the line as the tool reads it.
    OptOut(&'static str),
    /// An opt-out from the transaction, which the tool reads in another place.
    OptOutElsewhere,
    /// No comment: a file that the tool does not run.
    NotRun,
}

/// One step of a history.
#[derive(Clone, Debug)]
pub struct Migration {
    /// What the tool would store: version, tag or `author:id`.
    pub id: String,
    /// The version as written; empty for repeatable files.
    pub version: String,
    /// The file that reports name first.
    pub source: SourceId,
    pub up: Vec<Part>,
    /// The up is written in another language.
    pub up_elsewhere: bool,
    pub down: Down,
    /// Runs again whenever it changes (Flyway `R__`, `runOnChange`).
    pub repeatable: bool,
    /// A file of it lies under a path that the user named; the others are only
    /// the history that gives it its context.
    pub selected: bool,
    /// The revision that is compared with does not have it: it has not been
    /// released.
    pub unreleased: bool,
    pub suspicious: Vec<Suspicious>,
}

impl Migration {
    /// The files of a migration, up before down; a file may come twice.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> {
        sources_of(self)
    }
}

/// The migrations of one database, in the order in which they are applied.
#[derive(Clone, Debug)]
pub struct History {
    pub layout: Layout,
    pub engine: Engine,
    /// Its files' own names say the engine: those of another stand beside them, or
    /// may.
    pub engine_is_named: bool,
    /// What the layout itself declares, if anything.
    pub dialect: Option<Dialect>,
    /// The folder, as reports show it.
    pub root: String,
    pub migrations: Vec<Migration>,
}

impl History {
    fn run_in(&mut self, transaction: Transaction) {
        for migration in &mut self.migrations {
            let down = match &mut migration.down {
                Down::Parts(parts) => parts.as_mut_slice(),
                _ => &mut [],
            };
            for part in migration.up.iter_mut().chain(down) {
                part.transaction = transaction;
            }
        }
    }
}

/// Something about a file that is not a finding about its SQL: it could not be
/// read, or its place in the history cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub path: String,
    pub message: String,
    /// The file was not checked; the run ends with exit code 2.
    pub fatal: bool,
}

/// Which of the migrations that were named are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    /// Those that are not as this revision has them.
    Since(String),
    /// Those that are staged.
    Staged,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Project {
    pub scope: Scope,
    pub sources: Vec<Arc<Source>>,
    pub histories: Vec<History>,
    pub problems: Vec<Problem>,
}

/// What the user decides instead of the detection.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub layout: Option<Layout>,
    /// How files of no known tool are run.
    pub transaction: Option<Transaction>,
    pub engine: Option<Dialect>,
    pub exclude: Exclude,
    /// Only what changed is selected.
    pub changes: Option<Arc<Changes>>,
    /// What is staged is read instead of what lies on disk.
    pub index: Option<Arc<Index>>,
    /// Texts that are read instead of the files of these paths.
    pub texts: Arc<BTreeMap<String, String>>,
}

type PathTest = dyn Fn(&str) -> bool + Send + Sync;

/// Tells of paths, as reports show them, which are not read.
#[derive(Clone, Default)]
pub struct Exclude(Option<Arc<PathTest>>);

impl Exclude {
    pub fn new(excludes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(excludes)))
    }

    pub fn excludes(&self, path: &str) -> bool {
        self.0.as_ref().is_some_and(|excludes| excludes(path))
    }
}

impl std::fmt::Debug for Exclude {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Exclude").field(&self.0.is_some()).finish()
    }
}

/// How a file came into the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Found below a named folder, or beside a named file.
    No,
    /// The folder that holds it was named.
    Folder,
    /// The file itself was named.
    File,
}

/// A file that may be a migration (`.sql`) or a tool's own file beside one.
#[derive(Clone, Debug)]
pub struct File {
    /// `/`-separated, as reports show it.
    pub path: String,
    pub source: Arc<Source>,
    pub named: Named,
    /// See [`Migration::selected`].
    pub selected: bool,
}

impl File {
    /// A file that was named, from text that is at hand.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            source: Arc::new(Source::new(path.clone(), text)),
            path,
            named: Named::Folder,
            selected: true,
        }
    }
}

/// Finds the histories in a list of files; reads nothing.
pub fn organise(files: Vec<File>, options: &Options) -> Project {
    let (sources, folders, mut problems) = place::folders(files, options);
    let mut histories: Vec<History> = folders
        .into_par_iter()
        .flat_map_iter(|folder| tool::histories(folder, options))
        .collect();
    if let Some(transaction) = options.transaction {
        let plain = histories.iter_mut().filter(|h| h.layout == Layout::Plain);
        plain.for_each(|history| history.run_in(transaction));
    }
    histories.sort_by(|a, b| (&a.root, a.engine.name()).cmp(&(&b.root, b.engine.name())));
    problems.extend(left_out(&sources, &histories));
    Project {
        scope: Scope::All,
        sources,
        histories,
        problems,
    }
}

/// Scripts that lie beside numbered ones and belong to none of them: nobody can
/// tell when they run, or whether. Beside the folders of versions lies what is
/// called as the script of a version is, in a folder without one.
fn left_out(sources: &[Arc<Source>], histories: &[History]) -> Vec<Problem> {
    let plain = histories.iter().filter(|h| h.layout == Layout::Plain);
    let mut by_root: BTreeMap<&str, Vec<&str>> = plain
        .map(|history| (history.root.as_str(), Vec::new()))
        .collect();
    if by_root.is_empty() {
        return Vec::new();
    }
    let migrations = histories.iter().flat_map(|history| &history.migrations);
    let used: FxHashSet<SourceId> = migrations.flat_map(sources_of).collect();
    let mut of_versions: FxHashMap<(&str, &str), &str> = FxHashMap::default();
    for history in histories.iter().filter(|h| h.layout == Layout::Plain) {
        let scripts = { history.migrations.iter() }.map(|m| sources[m.source].path());
        for (folder, name) in scripts.filter_map(|path| path.rsplit_once('/')) {
            if folder != history.root {
                of_versions.insert((above(&history.root), name), &history.root);
            }
        }
    }
    let others = sources
        .iter()
        .enumerate()
        .filter(|(at, _)| !used.contains(at));
    for (_, source) in others {
        let (dir, name) = source
            .path()
            .rsplit_once('/')
            .unwrap_or(("", source.path()));
        let beside = of_versions.get(&(above(dir), name));
        if let Some(names) = by_root.get_mut(dir).filter(|_| !tool::plain::is_dump(name)) {
            names.push(name);
        } else if let Some(names) = beside.and_then(|root| by_root.get_mut(root)) {
            names.push(source.path());
        }
    }
    let told = |(root, names): (&str, Vec<&str>)| {
        let first = names.first()?;
        let more = match names.len() {
            1 => "",
            _ => " and others",
        };
        Some(Problem {
            path: root.to_owned(),
            message: format!(
                "`{first}`{more} beside the migrations: of none of them, and left out; name a file to have it judged"
            ),
            fatal: false,
        })
    };
    by_root.into_iter().filter_map(told).collect()
}

/// The folder that holds a folder.
fn above(dir: &str) -> &str {
    dir.rsplit_once('/').map_or("", |(above, _)| above)
}

/// The files of a migration, up before down; a file may come twice.
pub fn sources_of(migration: &Migration) -> impl Iterator<Item = SourceId> {
    let down = match &migration.down {
        Down::Parts(parts) => parts.as_slice(),
        _ => &[],
    };
    std::iter::once(migration.source).chain(migration.up.iter().chain(down).map(|part| part.source))
}
