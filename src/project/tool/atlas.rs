//! Atlas: `<timestamp>_name.sql` beside `atlas.sum` (sql/migrate/dir.go). It can
//! also write another tool's files (`format = golang-migrate`, …), which that
//! tool then runs.

use super::super::directive::{self, ATLAS, Line};
use super::super::folder::{Folder, Script, Tool};
use super::super::{Layout, Meant, Migration, OptOut, Part, Transaction};
use super::{flyway, golang_migrate};
use crate::dialect::Engine;
use crate::source::Source;

pub const TOOL: Tool = Tool {
    layout: Layout::Atlas,
    claims: |folder| {
        let other_format = [flyway::TOOL, golang_migrate::TOOL];
        (folder.has_companion("atlas.sum") || folder.mostly(ATLAS))
            && !other_format.iter().any(|tool| (tool.claims)(folder))
    },
    read,
    engine,
    opt_out,
};

fn engine(folder: &Folder) -> Option<Engine> {
    super::of_url(folder.above("atlas.hcl")?)
}

fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts = folder.numbered(|_| true);
    scripts.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    scripts
        .into_iter()
        .map(|(version, script)| migration(version, script))
        .collect()
}

fn txmode<'a>(line: &Line<'a>) -> Option<&'a str> {
    let (_, mode) = line.comment()?.split_once("atlas:txmode")?;
    Some(mode.trim())
}

/// In the header, which is made where there is none.
fn opt_out(source: &Source, _: &Part) -> Option<OptOut> {
    let text = source.text();
    if directive::comments(text).any(|line| txmode(&line).is_some()) {
        return None;
    }
    let (at, mut line) = directive::at_top(source, "-- atlas:txmode none")?;
    if header(text) == 0 {
        line.push_str(source.line_end());
    }
    Some(OptOut::new(at, line, Transaction::Statement))
}

const HEADER: &str = "Atlas reads `-- atlas:txmode` only in the comments at the top of the file, with an empty line behind them";

fn migration(version: &str, script: &Script) -> Migration {
    let mut migration = script.migration(version, version);
    let header = header(script.text());
    let mut transaction = Transaction::File;
    for line in directive::comments(script.text()) {
        match txmode(&line) {
            Some(_) if line.span.start >= header => {
                migration
                    .suspicious
                    .push(script.suspicious(line.span, HEADER));
            }
            Some("none") => transaction = Transaction::Statement,
            Some("file" | "all") | None => {}
            Some(_) => migration.suspicious.push(script.suspicious(
                line.span,
                "Atlas knows the transaction modes `none`, `file` and `all`",
            )),
        }
    }
    migration
        .suspicious
        .extend(directive::near_misses(script, NEAR, |line| {
            txmode(line).is_some()
        }));
    migration.up = vec![script.whole(transaction)];
    migration
}

const NEAR: &[directive::Near] = &[
    (
        "atlastxmodenone",
        "Atlas expects `-- atlas:txmode none`",
        Meant::OptOutElsewhere,
    ),
    (
        "txmodenone",
        "Atlas expects `-- atlas:txmode none`",
        Meant::OptOutElsewhere,
    ),
    (
        "atlasnotransaction",
        "Atlas expects `-- atlas:txmode none`",
        Meant::OptOutElsewhere,
    ),
];

/// The end of the header: comments, then an empty line; 0 without one.
fn header(text: &str) -> u32 {
    for line in directive::lines(text) {
        if line.text.trim().is_empty() {
            return line.span.start;
        }
        if line.comment().is_none() {
            return 0;
        }
    }
    0
}
