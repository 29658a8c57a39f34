//! refinery: `V1__name.sql`, and `U1__name.sql`, which is a forward migration
//! without a place in the order, not an undo (refinery_core/src/util.rs).

use super::super::folder::{Folder, Tool};
use super::super::{Layout, Migration, Transaction, name};

pub const TOOL: Tool = Tool {
    layout: Layout::Refinery,
    claims: |folder| {
        folder.above_says("Cargo.toml", "refinery")
            && folder
                .scripts
                .iter()
                .any(|script| version(script.name()).is_some())
    },
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

/// `([U|V])(\d+(?:\.\d+)?)__(\w+)`
fn version(name: &str) -> Option<&str> {
    let (version, _) =
        name::double_underscore(name, "V").or_else(|| name::double_underscore(name, "U"))?;
    let mut parts = version.split('.');
    let numbers = parts
        .clone()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    parts.nth(2);
    (numbers && version.matches('.').count() <= 1).then_some(version)
}

fn read(folder: &Folder) -> Vec<Migration> {
    let mut found: Vec<_> = folder
        .scripts
        .iter()
        .filter_map(|script| Some((version(script.name())?, script)))
        .collect();
    found.sort_by_cached_key(|(version, script)| (name::dotted(version), script.path.clone()));
    found
        .into_iter()
        .map(|(version, script)| {
            let mut migration = script.migration(version, version);
            migration.up = vec![script.whole(Transaction::File)];
            migration
        })
        .collect()
}
