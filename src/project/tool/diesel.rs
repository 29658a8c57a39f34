//! Diesel: `<version>_<name>/up.sql`, `down.sql` and `metadata.toml`
//! (migrations_internals/src/lib.rs).

use super::super::folder::{Folder, Tool, join};
use super::super::{Down, Layout, Migration, Transaction, name};
use crate::source::Span;

pub const TOOL: Tool = Tool {
    layout: Layout::Diesel,
    claims: |folder| folder.of_units("up.sql") && is_diesel(folder),
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

/// Other tools have folders with `up.sql` too: diesel's have dates for
/// versions, or its own files.
fn is_diesel(folder: &Folder) -> bool {
    let dated = |dir: &str| {
        let digits = dir.bytes().take(17).filter(u8::is_ascii_digit).count();
        dir.starts_with("00000000000000_") || (digits == 14 && dir.as_bytes().get(4) == Some(&b'-'))
    };
    folder.above("diesel.toml").is_some()
        || folder.above_says("Cargo.toml", "diesel")
        || folder
            .units()
            .iter()
            .any(|(dir, _)| dated(dir) || folder.has_companion(&join(dir, "metadata.toml")))
}

/// Diesel compares versions as text, without their dashes.
fn read(folder: &Folder) -> Vec<Migration> {
    let mut migrations: Vec<Migration> = folder
        .units()
        .into_iter()
        .filter(|(dir, _)| name::number(dir).is_some())
        .filter_map(|(dir, scripts)| {
            let find = |file: &str| scripts.iter().find(|s| s.name() == file).copied();
            let up = find("up.sql")?;
            let down = find("down.sql");
            let version = dir.split('_').next().unwrap_or(dir).replace('-', "");
            let mut migration = up.migration(&version, dir);
            let (transaction, complaint) = metadata(folder, dir);
            migration.selected = scripts.iter().any(|s| s.selected);
            migration.up = vec![up.whole(transaction)];
            migration.down = down.map_or(Down::Missing, |down| {
                Down::Parts(vec![down.whole(transaction)])
            });
            migration.suspicious = complaint
                .into_iter()
                .map(|message| up.suspicious(Span::default(), message))
                .collect();
            Some(migration)
        })
        .collect();
    migrations.sort_by(|a, b| a.id.cmp(&b.id));
    migrations
}

/// Diesel's field has a default of `false`, not `true`: a file that does not
/// set it turns the transaction off.
fn metadata(folder: &Folder, dir: &str) -> (Transaction, Option<&'static str>) {
    let Some(text) = folder.companion(&join(dir, "metadata.toml")) else {
        return (Transaction::File, None);
    };
    let set = toml::from_str::<toml::Table>(text)
        .ok()
        .and_then(|table| table.get("run_in_transaction")?.as_bool());
    match set {
        Some(true) => (Transaction::File, None),
        Some(false) => (Transaction::Implicit, None),
        None => (
            Transaction::Implicit,
            Some(
                "Diesel takes a `metadata.toml` without `run_in_transaction` for `run_in_transaction = false`",
            ),
        ),
    }
}
