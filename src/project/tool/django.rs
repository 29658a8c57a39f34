//! Django `sqlmigrate`: a text with the SQL of one migration (documentation).

use super::super::directive::DJANGO;
use super::super::folder::{Folder, Script, Tool};
use super::super::{Layout, Migration, Transaction, name};

pub const TOOL: Tool = Tool {
    layout: Layout::Django,
    claims: |folder| folder.mostly(DJANGO),
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

/// How descriptions of operations begin.
const OPERATIONS: &[&str] = &[
    "Create ",
    "Add ",
    "Alter ",
    "Remove ",
    "Delete ",
    "Rename ",
    "Raw SQL operation",
    "Raw Python operation",
    "Concurrently ",
    "Custom state",
];

/// Does a text look like the command's output: each operation under its
/// description between two lines of bare dashes?
pub fn is_output(text: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let body = start.strip_prefix("BEGIN;").unwrap_or(start).trim_start();
    let mut lines = body.lines();
    let operation = |line: &str| {
        let description = line.strip_prefix("-- ").unwrap_or("");
        OPERATIONS
            .iter()
            .any(|start| description.starts_with(start))
    };
    let described = lines.next() == Some("--")
        && lines.next().is_some_and(operation)
        && lines.next() == Some("--");
    described || text.contains("-- THIS OPERATION CANNOT BE WRITTEN AS SQL")
}

fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts: Vec<&Script> = folder.scripts.iter().collect();
    scripts.sort_by(|a, b| name::natural(&a.path, &b.path));
    scripts
        .into_iter()
        .map(|script| {
            let version = name::number(script.name()).map_or("", |(digits, _)| digits);
            let mut migration = script.migration(script.stem(), version);
            migration.up = vec![script.whole(Transaction::None)];
            migration
        })
        .collect()
}
