//! pop (gobuffalo/pop and ory's fork of its migrator, popx):
//! `<digits>_name[.<dialect>].up.sql` and `.down.sql`, with popx also
//! `.autocommit` in front of the way (pop `migrator.go`, `match.go`; ory/x
//! `popx/match.go`, `popx/migrator.go`).
//!
//! Each file runs in a transaction; popx sends one that says `.autocommit` as
//! one string outside of any. Fizz files are not SQL.

use rustc_hash::FxHashSet;

use super::super::directive::POP;
use super::super::folder::{Folder, Script, Tool, pairs_of};
use super::super::name::{self, Way};
use super::super::{Layout, Migration, Named, Transaction};
use crate::dialect::Engine;

pub const TOOL: Tool = Tool {
    layout: Layout::Pop,
    claims: |folder| {
        let mut names = folder.scripts.iter().map(Script::name);
        names.any(|name| way(name).is_some())
            && (folder.any(POP)
                || folder.scripts.iter().any(|s| is_autocommit(s.name()))
                || says_pop(folder)
                || folder.by_dialect && !requires(folder, &["golang-migrate/migrate"]))
    },
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

/// What a file of SQL that lies in a folder of pop's says which way it goes, its
/// dialect left out: `^\d+_[^.]+(\.autocommit)?\.(up|down)\.sql$`.
fn way(name: &str) -> Option<Way> {
    let (stem, way) = match name.strip_suffix(".up.sql") {
        Some(stem) => (stem, Way::Up),
        None => (name.strip_suffix(".down.sql")?, Way::Down),
    };
    let stem = stem.strip_suffix(".autocommit").unwrap_or(stem);
    let (_, rest) = name::number(stem)?;
    let rest = rest.strip_prefix('_')?;
    (!rest.is_empty() && !rest.contains('.')).then_some(way)
}

fn is_autocommit(name: &str) -> bool {
    let stem = name.strip_suffix(".up.sql");
    let stem = stem.or_else(|| name.strip_suffix(".down.sql"));
    stem.is_some_and(|stem| stem.ends_with(".autocommit")) && way(name).is_some()
}

/// Does a file's name say a dialect where pop looks for it?
pub fn says_dialect(name: &str) -> bool {
    let words: Vec<&str> = name.split('.').collect();
    let [first, dialect, .., way, "sql"] = words.as_slice() else {
        return false;
    };
    matches!(*way, "up" | "down")
        && Engine::from_word(dialect).is_some_and(|engine| engine != Engine::Other)
        && name::number(first).is_some_and(|(_, rest)| rest.starts_with('_'))
}

fn says_pop(folder: &Folder) -> bool {
    requires(folder, &["gobuffalo/pop", "ory/pop", "ory/x"])
        && !requires(folder, &["golang-migrate/migrate"])
}

/// Does the module name one of these repositories among what it itself uses?
fn requires(folder: &Folder, repositories: &[&str]) -> bool {
    let Some(text) = folder.above("go.mod") else {
        return false;
    };
    text.lines().any(|line| {
        let (line, comment) = line.split_once("//").unwrap_or((line, ""));
        let mut words = line.split_ascii_whitespace();
        let module = words.find_map(|word| word.strip_prefix("github.com/"));
        let of = |repository: &&str| {
            let rest = module.and_then(|module| module.strip_prefix(*repository));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !line.trim_start().starts_with("module")
            && comment.trim() != "indirect"
            && repositories.iter().any(of)
    })
}

/// Versions are texts to pop. Of the files of one version that go the same way
/// that of the dialect runs, and the others do not.
fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts = folder.numbered(|rest| rest.starts_with('_'));
    scripts.retain(|(_, script)| way(script.name()).is_some() || script.named == Named::File);
    let of_dialect: FxHashSet<(&str, Option<Way>)> = scripts
        .iter()
        .filter(|(_, script)| script.engine.is_some())
        .map(|(version, script)| (*version, way(script.name())))
        .collect();
    scripts.retain(|(version, script)| {
        script.engine.is_some() || !of_dialect.contains(&(*version, way(script.name())))
    });
    let mut migrations: Vec<Migration> = pairs_of(scripts)
        .iter()
        .filter_map(|pair| pair.migration(transaction))
        .collect();
    migrations.sort_by(|a, b| a.version.cmp(&b.version));
    migrations
}

fn transaction(script: &Script) -> Transaction {
    match is_autocommit(script.name()) {
        true => Transaction::Implicit,
        false => Transaction::File,
    }
}
