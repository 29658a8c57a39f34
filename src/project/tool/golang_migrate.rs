//! golang-migrate: `<number>_name.up.sql` and `.down.sql` (source/parse.go).

use super::super::folder::{Folder, Tool, pairs};
use super::super::{Layout, Migration, Transaction, name};

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
};

fn read(folder: &Folder) -> Vec<Migration> {
    pairs(folder)
        .iter()
        .filter(|pair| {
            pair.up
                .or(pair.down)
                .is_some_and(|s| name::way(s.name()).0.is_some())
        })
        .filter_map(|pair| pair.migration(|_| Transaction::Implicit))
        .collect()
}
