//! graphile-migrate: `committed/000001.sql`, then `current.sql`
//! (src/header.ts).

use super::super::directive::{self, GRAPHILE, Line};
use super::super::folder::{Folder, Script, Tool};
use super::super::{Layout, Meant, Migration, OptOut, Part, Transaction, name};
use crate::source::Source;

pub const TOOL: Tool = Tool {
    layout: Layout::GraphileMigrate,
    claims: |folder| {
        folder.mostly(GRAPHILE)
            || folder.scripts.iter().any(|s| {
                s.dir() == "committed" && name::number(s.name()).is_some_and(|(d, _)| d.len() == 6)
            })
    },
    read,
    engine: super::postgres,
    opt_out,
};

fn read(folder: &Folder) -> Vec<Migration> {
    let (mut committed, mut current): (Vec<&Script>, Vec<&Script>) = folder
        .scripts
        .iter()
        .partition(|script| script.dir() == "committed" || script.has(GRAPHILE));
    committed.sort_by(|a, b| name::natural(a.name(), b.name()));
    current.retain(|script| script.path == "current.sql" || script.dir() == "current");
    current.sort_by(|a, b| name::natural(a.name(), b.name()));
    committed
        .into_iter()
        .chain(current)
        .map(migration)
        .collect()
}

const OPT_OUT: &str = "--! no-transaction";

/// A committed migration has a header with its hash and is not edited.
fn opt_out(source: &Source, _: &Part) -> Option<OptOut> {
    let (at, line) = directive::at_top(source, OPT_OUT)?;
    (!source.text().starts_with("--!")).then(|| OptOut::new(at, line, Transaction::Implicit))
}

const NEAR: &[directive::Near] = &[(
    "notransaction",
    "graphile-migrate expects `--! no-transaction` as the first line of the migration; as it stands the migration runs in a transaction",
    Meant::OptOutElsewhere,
)];

fn migration(script: &Script) -> Migration {
    let version = name::number(script.name()).map_or(script.stem(), |(digits, _)| digits);
    let mut migration = script.migration(script.stem(), version);
    let opt_out = first_line(script).filter(|line| line.text.trim_end() == OPT_OUT);
    let transaction = match opt_out {
        Some(_) => Transaction::Implicit,
        None => Transaction::File,
    };
    migration.up = vec![script.whole(transaction)];
    migration.suspicious = directive::near_misses(script, NEAR, |line| {
        opt_out.is_some_and(|exact| exact.span == line.span)
    });
    migration
}

/// The first line behind the header that `commit` writes.
fn first_line(script: &Script) -> Option<Line<'_>> {
    let header = |line: &Line| {
        let rest = line.text.strip_prefix("--! ").unwrap_or("");
        line.text.trim().is_empty() || rest.contains(':')
    };
    directive::lines(script.text()).find(|line| !header(line))
}
