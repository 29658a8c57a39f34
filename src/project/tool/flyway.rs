//! Flyway: `V1__name.sql`, `U1__name.sql` to undo, `R__name.sql` repeatable,
//! `B1__name.sql` in place of what came before (ResourceNameParser.java).

use rustc_hash::FxHashMap;

use super::super::folder::{Folder, Script, Tool};
use super::super::{Down, Layout, Migration, OptOut, Part, Transaction, name};
use crate::dialect::Engine;
use crate::source::{Source, Span};

pub const TOOL: Tool = Tool {
    layout: Layout::Flyway,
    claims: |folder| {
        let names = Names::of(folder);
        let mut kinds = folder.scripts.iter().filter_map(|s| names.parse(s.name()));
        kinds.any(|(kind, version, _)| kind == Kind::Repeatable || name::number(version).is_some())
    },
    read,
    engine,
    opt_out,
};

fn engine(folder: &Folder) -> Option<Engine> {
    super::of_url(
        folder
            .above("flyway.conf")
            .or_else(|| folder.above("flyway.toml"))?,
    )
}

/// Flyway sees for itself what cannot run in a transaction, and refuses to mix
/// it with what can.
fn opt_out(_: &Source, _: &Part) -> Option<OptOut> {
    Some(OptOut {
        directive: None,
        then: Transaction::Implicit,
        reaches_down: false,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Versioned,
    Undo,
    Repeatable,
    Baseline,
}

/// How the project names its files: every piece can be configured.
struct Names {
    prefixes: [(Kind, String); 4],
    separator: String,
}

impl Names {
    fn of(folder: &Folder) -> Self {
        let conf = folder.above("flyway.conf").unwrap_or("");
        let set = |key: &str, default: &str| {
            let value = conf.lines().find_map(|line| {
                let rest = line.trim().strip_prefix("flyway.")?.strip_prefix(key)?;
                Some(rest.trim_start().strip_prefix('=')?.trim())
            });
            value.unwrap_or(default).to_string()
        };
        Self {
            prefixes: [
                (Kind::Versioned, set("sqlMigrationPrefix", "V")),
                (Kind::Undo, set("undoSqlMigrationPrefix", "U")),
                (Kind::Repeatable, set("repeatableSqlMigrationPrefix", "R")),
                (Kind::Baseline, set("baselineMigrationPrefix", "B")),
            ],
            separator: set("sqlMigrationSeparator", "__"),
        }
    }

    /// Kind, version and description of a file's name.
    fn parse<'a>(&self, name: &'a str) -> Option<(Kind, &'a str, &'a str)> {
        let stem = name.strip_suffix(".sql")?;
        self.prefixes.iter().find_map(|(kind, prefix)| {
            let rest = stem.strip_prefix(prefix.as_str())?;
            let (version, description) = rest.split_once(self.separator.as_str())?;
            let fits = match kind {
                Kind::Repeatable => version.is_empty(),
                _ => is_version(version),
            };
            fits.then_some((*kind, version, description))
        })
    }
}

fn is_version(version: &str) -> bool {
    name::number(version).is_some()
        && version
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_'))
}

/// `afterMigrate` and `afterMigrateApplied`, alone or with a description, run
/// whenever the versions have run.
fn is_callback(name: &str) -> bool {
    let stem = name.strip_suffix(".sql").unwrap_or(name);
    let event = stem.split_once("__").map_or(stem, |(event, _)| event);
    matches!(event, "afterMigrate" | "afterMigrateApplied")
}

/// Versioned files by version, part by part, then the repeatable ones by
/// description and the callbacks. A baseline counts only where the versions that it replaces are
/// gone.
fn read(folder: &Folder) -> Vec<Migration> {
    let names = Names::of(folder);
    let mut versioned = Vec::new();
    let mut repeatable = Vec::new();
    let mut callbacks = Vec::new();
    let mut undos: FxHashMap<Vec<u128>, &Script> = FxHashMap::default();
    for script in &folder.scripts {
        match names.parse(script.name()) {
            Some((Kind::Undo, version, _)) => {
                undos.insert(name::dotted(version), script);
            }
            Some((Kind::Repeatable, _, description)) => repeatable.push((description, script)),
            Some((kind, version, _)) => {
                versioned.push((name::dotted(version), kind, version, script));
            }
            None if is_callback(script.name()) => callbacks.push(script),
            None => {}
        }
    }
    versioned.sort_by(|a, b| (&a.0, &a.3.path).cmp(&(&b.0, &b.3.path)));
    repeatable.sort_by_key(|(description, script)| (*description, &script.path));
    let first = versioned.iter().position(|v| v.1 == Kind::Versioned);
    let versioned = versioned
        .iter()
        .enumerate()
        .filter(|(at, v)| v.1 == Kind::Versioned || first.is_none_or(|first| *at < first))
        .map(|(_, (key, _, version, script))| {
            migration(
                folder,
                script,
                version,
                undos.get(key).copied(),
                !undos.is_empty(),
            )
        });
    callbacks.sort_by_key(|script| &script.path);
    repeatable.extend(callbacks.into_iter().map(|script| (script.stem(), script)));
    let repeatable = repeatable.iter().map(|(description, script)| {
        let mut migration = migration(folder, script, "", None, false);
        migration.id = (*description).to_string();
        migration.repeatable = true;
        migration
    });
    versioned.chain(repeatable).collect()
}

fn migration(
    folder: &Folder,
    script: &Script,
    version: &str,
    undo: Option<&Script>,
    undos: bool,
) -> Migration {
    let mut migration = script.migration(version, version);
    migration.up = vec![part(folder, script, &mut migration)];
    migration.down = match undo {
        Some(undo) => Down::Parts(vec![part(folder, undo, &mut migration)]),
        None if undos => Down::Missing,
        None => Down::Unsupported,
    };
    migration.selected |= undo.is_some_and(|undo| undo.selected);
    migration
}

/// Flyway looks for statements that refuse a transaction unless the file's
/// own configuration decides.
fn part(folder: &Folder, script: &Script, migration: &mut Migration) -> Part {
    let conf = format!("{}.conf", script.source.path());
    let text = folder
        .companions
        .get(&conf)
        .map_or("", |source| source.text());
    let mut transaction = Transaction::File;
    for line in text.lines() {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        match (key.trim(), value.trim()) {
            ("executeInTransaction", "false") => transaction = Transaction::Statement,
            ("executeInTransaction", "true") => {}
            (key, _) if key.eq_ignore_ascii_case("executeInTransaction") => {
                migration.suspicious.push(script.suspicious(
                    Span::default(),
                    "Flyway expects `executeInTransaction=false` in the file's `.conf`, spelt exactly so",
                ));
            }
            _ => {}
        }
    }
    Part {
        detects_nontransactional: true,
        ..script.whole(transaction)
    }
}
