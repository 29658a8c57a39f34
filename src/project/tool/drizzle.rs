//! Drizzle: `0000_name.sql` in the order of `meta/_journal.json`, in version 1
//! `<timestamp>_name/migration.sql` (drizzle-orm/src/migrator.ts).

use rustc_hash::FxHashMap;

use super::super::directive::BREAKPOINT;
use super::super::folder::{Folder, Script, Tool};
use super::super::{Layout, Meant, Migration, Suspicious, Transaction, name};
use crate::dialect::Engine;
use crate::source::Span;

pub const TOOL: Tool = Tool {
    layout: Layout::Drizzle,
    claims: |folder| {
        folder.has_companion(JOURNAL)
            || (folder.of_units("migration.sql")
                && !folder.has_companion("migration_lock.toml")
                && (super::prisma::has_snapshots(folder) || folder.mostly(BREAKPOINT)))
            || folder.mostly(BREAKPOINT)
    },
    read,
    engine,
    opt_out: super::no_opt_out,
};

const JOURNAL: &str = "meta/_journal.json";

fn journal(folder: &Folder) -> Option<serde_json::Value> {
    serde_json::from_str(folder.companion(JOURNAL)?).ok()
}

fn engine(folder: &Folder) -> Option<Engine> {
    let journal = journal(folder)?;
    match journal.get("dialect")?.as_str()? {
        "turso" | "singlestore" => Some(Engine::Other),
        word => Engine::from_word(word),
    }
}

fn read(folder: &Folder) -> Vec<Migration> {
    if folder.of_units("migration.sql") {
        return folder
            .scripts
            .iter()
            .filter(|script| script.name() == "migration.sql")
            .map(|script| migration(script, script.dir()))
            .collect();
    }
    let Some(journal) = journal(folder) else {
        return numbered(folder)
            .into_iter()
            .map(|s| migration(s, s.stem()))
            .collect();
    };
    let mut scripts: FxHashMap<&str, &Script> = folder
        .scripts
        .iter()
        .filter(|script| script.dir().is_empty())
        .map(|script| (script.stem(), script))
        .collect();
    let mut migrations: Vec<Migration> = tags(&journal)
        .filter_map(|tag| Some(migration(scripts.remove(tag)?, tag)))
        .collect();
    let mut rest = numbered(folder);
    if migrations.is_empty() && rest.len() > 1 {
        return unlisted(&rest);
    }
    rest.retain(|script| scripts.contains_key(script.stem()));
    for script in rest {
        let mut migration = migration(script, script.stem());
        migration.up.clear();
        migration.suspicious.push(Suspicious {
            meant: Some(Meant::NotRun),
            ..script.suspicious(
                Span::default(),
                "Drizzle does not run this file: `meta/_journal.json` does not list it",
            )
        });
        migrations.push(migration);
    }
    migrations
}

/// Files that run in some other way than by the journal, which lists none of them:
/// that is said once.
fn unlisted(scripts: &[&Script]) -> Vec<Migration> {
    let migrations = scripts
        .iter()
        .map(|script| migration(script, script.stem()));
    let mut migrations: Vec<Migration> = migrations.collect();
    if let (Some(first), [script, ..]) = (migrations.first_mut(), scripts) {
        first.suspicious.push(Suspicious {
            meant: Some(Meant::NotRun),
            ..script.suspicious(
                Span::default(),
                "Drizzle runs none of these files: `meta/_journal.json` lists not one of them",
            )
        });
    }
    migrations
}

fn tags(journal: &serde_json::Value) -> impl Iterator<Item = &str> {
    let entries = journal
        .get("entries")
        .and_then(|entries| entries.as_array());
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("tag")?.as_str())
}

fn numbered(folder: &Folder) -> Vec<&Script> {
    folder
        .numbered(|_| true)
        .into_iter()
        .map(|(_, script)| script)
        .collect()
}

fn migration(script: &Script, id: &str) -> Migration {
    let version = name::number(id).map_or("", |(digits, _)| digits);
    let mut migration = script.migration(id, version);
    migration.up = vec![script.whole(Transaction::AllPending)];
    migration
}
