//! golang-migrate: `<number>_name.up.sql` and `.down.sql` (source/parse.go).

use rustc_hash::FxHashSet;

use super::super::folder::{Folder, Tool, pairs};
use super::super::{Down, Layout, Migration, Named, Transaction, name};

pub const TOOL: Tool = Tool {
    layout: Layout::GolangMigrate,
    claims: |folder| {
        let words = |stem: &str| stem.contains(".tx.") || stem.contains(".autocommit.");
        let numbered = folder.numbered(|rest| rest.starts_with('_'));
        let up = |name: &str| name::way(name).0 == Some(name::Way::Up) && name.ends_with(".up.sql");
        numbered.iter().any(|(_, script)| up(script.name()))
            && folder.scripts.iter().all(|s| s.dir().is_empty())
            && !folder.scripts.iter().any(|s| words(s.name()))
    },
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

/// A version whose other direction is written in Go has no SQL for it.
fn read(folder: &Folder) -> Vec<Migration> {
    let in_go = |end: &str| -> FxHashSet<u128> {
        let names = folder.companion_names().filter(|name| name.ends_with(end));
        names
            .filter_map(|name| Some(name::value(name::number(name)?.0)))
            .collect()
    };
    let (ups, downs) = (in_go(".up.go"), in_go(".down.go"));
    pairs(folder)
        .iter()
        .filter(|pair| {
            let first = pair.up.or(pair.down);
            first.is_some_and(|s| name::way(s.name()).0.is_some() || s.named == Named::File)
        })
        .filter_map(|pair| {
            let mut migration = pair.migration(|_| Transaction::Implicit)?;
            migration.up_elsewhere = ups.contains(&name::value(pair.version));
            if pair.down.is_none() && downs.contains(&name::value(pair.version)) {
                migration.down = Down::Unsupported;
            }
            Some(migration)
        })
        .collect()
}
