//! dbmate: sections `-- migrate:up` and `-- migrate:down`, any number of them
//! (pkg/dbmate/migration.go).

use super::super::directive::{self, Line};
use super::super::folder::{Folder, Script, Tool};
use super::super::name::Way;
use super::super::{Down, Layout, Meant, Migration, OptOut, Part, Transaction};
use crate::source::{Source, Span};

pub const TOOL: Tool = Tool {
    layout: Layout::Dbmate,
    claims: |folder| folder.mostly(directive::DBMATE),
    read,
    engine: super::unknown,
    opt_out,
};

/// dbmate orders by the file's name, not by the number.
fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts = folder.numbered(|_| true);
    scripts.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    scripts
        .into_iter()
        .map(|(version, script)| migration(version, script))
        .collect()
}

/// The section that a line begins, and its transaction.
fn section(line: &Line) -> Option<(Way, Transaction)> {
    let rest = line.text.strip_prefix("--")?.trim_start();
    let mut words = rest.split_whitespace();
    let way = match words.next()? {
        "migrate:up" => Way::Up,
        "migrate:down" => Way::Down,
        _ => return None,
    };
    let off = words.any(|word| word.eq_ignore_ascii_case("transaction:false"));
    let transaction = if off {
        Transaction::Implicit
    } else {
        Transaction::File
    };
    Some((way, transaction))
}

fn opt_out(source: &Source, part: &Part) -> Option<OptOut> {
    let line = directive::line_above(source, part.span.start)?;
    let is_free = section(&line).is_some() && !line.text.contains("transaction:");
    let (at, option) = directive::on_line(&line, "transaction:false");
    is_free.then(|| OptOut::new(at, option, Transaction::Implicit))
}

const NEAR: &[directive::Near] = &[
    (
        "migrateup",
        "dbmate expects `-- migrate:up`, in lower case, from the start of the line",
        Meant::Mark("-- migrate:up"),
    ),
    (
        "migratedown",
        "dbmate expects `-- migrate:down`, in lower case, from the start of the line",
        Meant::Mark("-- migrate:down"),
    ),
    ("migrateuptransactionfalse", OPTION, Meant::OptOut(UP)),
    ("migratedowntransactionfalse", OPTION, Meant::OptOut(DOWN)),
    ("transactionfalse", OPTION, Meant::OptOutElsewhere),
    ("notransaction", OPTION, Meant::OptOutElsewhere),
    ("migrateupnotransaction", OPTION, Meant::OptOut(UP)),
    ("migratedownnotransaction", OPTION, Meant::OptOut(DOWN)),
];

const UP: &str = "-- migrate:up transaction:false";
const DOWN: &str = "-- migrate:down transaction:false";

const OPTION: &str = "dbmate expects `transaction:false`, without a space, on the line of `-- migrate:up` or `-- migrate:down`; as it stands the section runs in a transaction";

/// A section line whose words are all read.
fn is_exact(line: &Line) -> bool {
    section(line).is_some_and(|(_, transaction)| {
        transaction == Transaction::Implicit || line.text.split_whitespace().count() <= 2
    })
}

fn migration(version: &str, script: &Script) -> Migration {
    let mut migration = script.migration(version, version);
    let mut downs = Vec::new();
    let mut open: Option<(Way, Transaction, u32)> = None;
    let mut close = |open: Option<(Way, Transaction, u32)>, end: u32| match open {
        Some((Way::Up, transaction, start)) => {
            migration
                .up
                .push(script.part(Span::new(start, end), transaction));
        }
        Some((Way::Down, transaction, start)) => {
            downs.push(script.part(Span::new(start, end), transaction));
        }
        None => {}
    };
    for line in directive::comments(script.text()) {
        if let Some((way, transaction)) = section(&line) {
            close(open.take(), line.span.start);
            open = Some((way, transaction, line.next));
        }
    }
    close(open, script.span().end);
    migration.down = match downs.is_empty() {
        true => Down::Missing,
        false => Down::Parts(downs),
    };
    migration.suspicious = directive::near_misses(script, NEAR, is_exact);
    let silent = migration.up.is_empty() && migration.suspicious.is_empty();
    if silent && !script.text().trim().is_empty() {
        migration.suspicious.push(script.suspicious(
            Span::default(),
            "dbmate refuses a file without `-- migrate:up`",
        ));
    }
    migration
}
