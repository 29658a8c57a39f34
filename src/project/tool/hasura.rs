//! Hasura: `<digits>_<name>/up.sql` and `down.sql`, below a folder for each
//! database, in a project with a `config.yaml` and a folder `metadata`
//! (hasura.io/docs, "Manage Migrations").
//!
//! Each file is run in a transaction, and nothing in a file takes it out
//! (hasura/graphql-engine#2939; `hasura migrate apply --no-transaction` is for
//! all that it applies).

use super::super::folder::{Folder, Tool};
use super::super::{Down, Layout, Migration, Transaction, name};

pub const TOOL: Tool = Tool {
    layout: Layout::Hasura,
    claims: |folder| {
        let mut units = folder.units().into_iter();
        units.any(|(dir, scripts)| {
            version(dir).is_some() && scripts.iter().any(|script| script.name() == "up.sql")
        }) && is_hasura(folder)
    },
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

fn is_hasura(folder: &Folder) -> bool {
    folder.above_says("config.yaml", "metadata_directory:")
        || folder.above_says("config.yaml", "migrations_directory:")
        || folder.above("metadata/version.yaml").is_some()
}

fn version(dir: &str) -> Option<&str> {
    let (version, rest) = name::number(dir)?;
    (rest.starts_with('_') && !rest.contains('/')).then_some(version)
}

fn read(folder: &Folder) -> Vec<Migration> {
    let mut migrations: Vec<Migration> = folder
        .units()
        .into_iter()
        .filter_map(|(dir, scripts)| {
            let version = version(dir)?;
            let find = |file: &str| scripts.iter().find(|s| s.name() == file).copied();
            let (up, down) = (find("up.sql"), find("down.sql"));
            let mut migration = up.or(down)?.migration(version, version);
            migration.selected = scripts.iter().any(|s| s.selected);
            migration.up = up.iter().map(|up| up.whole(Transaction::File)).collect();
            migration.down = down.map_or(Down::Missing, |down| {
                Down::Parts(vec![down.whole(Transaction::File)])
            });
            Some(migration)
        })
        .collect();
    migrations.sort_by_key(|migration| name::value(&migration.version));
    migrations
}
