//! Prisma Migrate: `<timestamp>_<name>/migration.sql` and
//! `migration_lock.toml` (documentation).

use super::super::folder::{Folder, Tool, join};
use super::super::{Down, Layout, Migration, Transaction};
use crate::dialect::Engine;

pub const TOOL: Tool = Tool {
    layout: Layout::Prisma,
    claims: |folder| folder.of_units("migration.sql"),
    read,
    engine,
    opt_out: super::no_opt_out,
};

/// By the folders' names; `down.sql` is a convention that Prisma's
/// documentation describes.
fn read(folder: &Folder) -> Vec<Migration> {
    folder
        .units()
        .into_iter()
        .filter_map(|(dir, scripts)| {
            let find = |file: &str| scripts.iter().find(|s| s.name() == file);
            let up = find("migration.sql")?;
            let version = dir.split('_').next().unwrap_or(dir);
            let mut migration = up.migration(dir, version);
            migration.up = vec![up.whole(Transaction::Implicit)];
            if let Some(down) = find("down.sql") {
                migration.down = Down::Parts(vec![down.whole(Transaction::Implicit)]);
            }
            migration.selected = scripts.iter().any(|s| s.selected);
            Some(migration)
        })
        .collect()
}

fn engine(folder: &Folder) -> Option<Engine> {
    let lock: toml::Table = toml::from_str(folder.companion("migration_lock.toml")?).ok()?;
    Engine::from_word(lock.get("provider")?.as_str()?)
}

/// Does Drizzle's snapshot lie in the folder of a migration?
pub fn has_snapshots(folder: &Folder) -> bool {
    folder
        .units()
        .iter()
        .any(|(dir, _)| folder.has_companion(&join(dir, "snapshot.json")))
}
