//! sql-migrate: sections `-- +migrate Up` and `-- +migrate Down`
//! (sqlparse/sqlparse.go).

use super::super::directive::{self, Line};
use super::super::folder::{Folder, Script, Tool};
use super::super::name::{self, Way};
use super::super::{Down, Layout, Meant, Migration, OptOut, Part, Transaction};
use crate::source::{Source, Span};

pub const TOOL: Tool = Tool {
    layout: Layout::SqlMigrate,
    claims: |folder| folder.mostly(directive::SQL_MIGRATE),
    read,
    engine: super::unknown,
    opt_out,
};

/// By the number that a name begins with, then by name; names without a number
/// come last.
fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts: Vec<&Script> = folder.scripts.iter().collect();
    scripts.sort_by_cached_key(|script| {
        let number = name::number(script.name()).map(|(digits, _)| name::value(digits));
        (number.is_none(), number, script.path.clone())
    });
    scripts.into_iter().map(migration).collect()
}

fn command<'a>(line: &Line<'a>) -> Option<Vec<&'a str>> {
    let rest = line.text.strip_prefix("-- +migrate ")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let known = matches!(
        words.first(),
        Some(&("Up" | "Down" | "StatementBegin" | "StatementEnd"))
    );
    known.then_some(words)
}

fn section(line: &Line) -> Option<(Way, Transaction)> {
    let words = command(line)?;
    let way = match words[0] {
        "Up" => Way::Up,
        "Down" => Way::Down,
        _ => return None,
    };
    let transaction = if words.contains(&"notransaction") {
        Transaction::Statement
    } else {
        Transaction::File
    };
    Some((way, transaction))
}

fn opt_out(source: &Source, part: &Part) -> Option<OptOut> {
    let line = directive::line_above(source, part.span.start)?;
    section(&line)?;
    let (at, option) = directive::on_line(&line, "notransaction");
    Some(OptOut::new(at, option, Transaction::Statement))
}

const NEAR: &[directive::Near] = &[
    (
        "migrateup",
        "sql-migrate expects `-- +migrate Up`, spelt exactly so",
        Meant::Mark("-- +migrate Up"),
    ),
    (
        "migratedown",
        "sql-migrate expects `-- +migrate Down`, spelt exactly so",
        Meant::Mark("-- +migrate Down"),
    ),
    (
        "migratestatementbegin",
        "sql-migrate expects `-- +migrate StatementBegin`, spelt exactly so",
        Meant::Mark("-- +migrate StatementBegin"),
    ),
    (
        "migratestatementend",
        "sql-migrate expects `-- +migrate StatementEnd`, spelt exactly so",
        Meant::Mark("-- +migrate StatementEnd"),
    ),
    (
        "migrateupnotransaction",
        OPTION,
        Meant::OptOut("-- +migrate Up notransaction"),
    ),
    (
        "migratedownnotransaction",
        OPTION,
        Meant::OptOut("-- +migrate Down notransaction"),
    ),
    ("migratenotransaction", OPTION, Meant::OptOutElsewhere),
    ("notransaction", OPTION, Meant::OptOutElsewhere),
];

const OPTION: &str = "sql-migrate expects the option as one word on the section's line: `-- +migrate Up notransaction`; as it stands the section runs in a transaction";

fn is_exact(line: &Line) -> bool {
    command(line).is_some_and(|words| words.len() == 1 || words.contains(&"notransaction"))
}

/// `notransaction` on one section's line holds for all of that direction
/// (`DisableTransactionUp` in sqlparse.go is set and never taken back).
fn unwrap_all(sections: &mut [(Way, Part)], way: Way) {
    let mut parts = sections.iter_mut().filter(|(own, _)| *own == way);
    if parts.any(|(_, part)| part.transaction == Transaction::Statement) {
        for (_, part) in sections.iter_mut().filter(|(own, _)| *own == way) {
            part.transaction = Transaction::Statement;
        }
    }
}

fn migration(script: &Script) -> Migration {
    let version = name::number(script.name()).map_or("", |(digits, _)| digits);
    let mut migration = script.migration(script.name(), version);
    let mut sections: Vec<(Way, Part)> = Vec::new();
    for line in directive::comments(script.text()) {
        if let Some((way, transaction)) = section(&line) {
            if let Some((_, part)) = sections.last_mut() {
                part.span.end = line.span.start;
            }
            let span = Span::new(line.next, script.span().end);
            sections.push((way, script.part(span, transaction)));
        }
    }
    for way in [Way::Up, Way::Down] {
        unwrap_all(&mut sections, way);
    }
    let (ups, downs): (Vec<_>, Vec<_>) = sections.into_iter().partition(|(way, _)| *way == Way::Up);
    migration.up = ups.into_iter().map(|(_, part)| part).collect();
    migration.down = match downs.is_empty() {
        true => Down::Missing,
        false => Down::Parts(downs.into_iter().map(|(_, part)| part).collect()),
    };
    migration.suspicious = directive::near_misses(script, NEAR, is_exact);
    let silent = migration.up.is_empty() && migration.suspicious.is_empty();
    if silent && !script.text().trim().is_empty() {
        migration.suspicious.push(script.suspicious(
            Span::default(),
            "sql-migrate runs nothing of a file without `-- +migrate Up`",
        ));
    }
    migration
}
