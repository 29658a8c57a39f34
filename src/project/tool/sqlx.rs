//! sqlx: `<number>_name.sql`, or `.up.sql` with `.down.sql`
//! (sqlx-core/src/migrate/source.rs).

use super::super::directive::{self, SQLX};
use super::super::folder::{Folder, Script, Tool, pairs};
use super::super::{Down, Layout, Meant, Migration, OptOut, Part, Transaction, name};
use crate::source::Source;

pub const TOOL: Tool = Tool {
    layout: Layout::Sqlx,
    claims: |folder| {
        !folder.numbered(|rest| rest.starts_with('_')).is_empty()
            && (folder.any(SQLX) || folder.above_says("Cargo.toml", "sqlx"))
    },
    read,
    engine: super::unknown,
    opt_out,
};

const OPT_OUT: &str = "-- no-transaction";

fn opt_out(source: &Source, _: &Part) -> Option<OptOut> {
    let (at, line) = directive::at_top(source, OPT_OUT)?;
    Some(OptOut::new(at, line, Transaction::Implicit))
}

const NEAR: &[directive::Near] = &[(
    "notransaction",
    "sqlx expects `-- no-transaction` as the very first bytes of the file; as it stands the file runs in a transaction",
    Meant::OptOutElsewhere,
)];

fn read(folder: &Folder) -> Vec<Migration> {
    pairs(folder)
        .iter()
        .filter_map(|pair| {
            let mut migration = pair.migration(transaction)?;
            let simple = pair.up.filter(|up| name::way(up.name()).0.is_none());
            if simple.is_some() {
                migration.down = Down::Unsupported;
            }
            for script in [pair.up, pair.down].into_iter().flatten() {
                migration.suspicious.extend(near_misses(script));
            }
            Some(migration)
        })
        .collect()
}

fn transaction(script: &Script) -> Transaction {
    match script.text().starts_with(OPT_OUT) {
        true => Transaction::Implicit,
        false => Transaction::File,
    }
}

fn near_misses(script: &Script) -> Vec<super::super::Suspicious> {
    directive::near_misses(script, NEAR, |line| {
        line.span.start == 0 && line.text.starts_with(OPT_OUT)
    })
}
