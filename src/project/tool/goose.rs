//! goose: `-- +goose Up` and `-- +goose Down` in one file
//! (sqlparser/parser.go).

use super::super::directive::{self, Line};
use super::super::folder::{Folder, Script, Tool};
use super::super::{Down, Layout, Meant, Migration, OptOut, Part, Transaction, name};
use crate::source::{Source, Span};

pub const TOOL: Tool = Tool {
    layout: Layout::Goose,
    claims: |folder| folder.mostly(directive::GOOSE),
    read,
    engine: super::unknown,
    opt_out,
};

fn read(folder: &Folder) -> Vec<Migration> {
    folder
        .numbered(|rest| rest.starts_with('_'))
        .into_iter()
        .filter(|(version, _)| name::value(version) >= 1)
        .map(|(version, script)| migration(version, script))
        .collect()
}

/// The command of a line that goose takes for its own: `--` at the start of
/// the line, then `+goose`, then the command in any case.
fn command(line: &Line) -> Option<String> {
    let rest = line.text.strip_prefix("--")?.trim_start();
    let command = rest.strip_prefix("+goose")?.trim().to_ascii_lowercase();
    COMMANDS.contains(&command.as_str()).then_some(command)
}

const COMMANDS: &[&str] = &[
    "up",
    "down",
    "no transaction",
    "statementbegin",
    "statementend",
    "envsub on",
    "envsub off",
];

/// The directive holds for the whole file and stands above its sections.
fn opt_out(source: &Source, part: &Part) -> Option<OptOut> {
    let up = directive::line_above(source, part.span.start)?;
    let at = Span::new(up.span.start, up.span.start);
    let directive = format!("{NO_TRANSACTION}{}", source.line_end());
    Some(OptOut {
        reaches_down: true,
        ..OptOut::new(at, directive, Transaction::Statement)
    })
}

const NO_TRANSACTION: &str = "-- +goose NO TRANSACTION";

const NEAR: &[directive::Near] = &[
    (
        "gooseup",
        "goose expects `-- +goose Up`, from the start of the line",
        Meant::Mark("-- +goose Up"),
    ),
    (
        "goosedown",
        "goose expects `-- +goose Down`, from the start of the line",
        Meant::Mark("-- +goose Down"),
    ),
    (
        "goosenotransaction",
        "goose expects `-- +goose NO TRANSACTION`, from the start of the line; as it stands the file runs in a transaction",
        Meant::OptOut(NO_TRANSACTION),
    ),
    (
        "goosestatementbegin",
        "goose expects `-- +goose StatementBegin`, from the start of the line",
        Meant::Mark("-- +goose StatementBegin"),
    ),
    (
        "goosestatementend",
        "goose expects `-- +goose StatementEnd`, from the start of the line",
        Meant::Mark("-- +goose StatementEnd"),
    ),
];

fn migration(version: &str, script: &Script) -> Migration {
    let mut migration = script.migration(version, version);
    let mut transaction = Transaction::File;
    let (mut up, mut down) = (None, None);
    for line in directive::comments(script.text()) {
        match command(&line).as_deref() {
            Some("up") => up = Some(line),
            Some("down") => down = Some(line),
            Some("no transaction") => transaction = Transaction::Statement,
            _ => {}
        }
    }
    let end = script.span().end;
    let up_end = down.map_or(end, |line| line.span.start);
    let up_start = up.map_or(0, |line| line.next);
    migration.up = vec![script.part(Span::new(up_start, up_end.max(up_start)), transaction)];
    migration.down = down.map_or(Down::Missing, |line| {
        Down::Parts(vec![script.part(Span::new(line.next, end), transaction)])
    });
    migration.suspicious = directive::near_misses(script, NEAR, |line| command(line).is_some());
    if up.is_none() && migration.suspicious.is_empty() && !script.text().trim().is_empty() {
        migration.suspicious.push(script.suspicious(
            Span::default(),
            "goose refuses a file without `-- +goose Up`",
        ));
    }
    migration
}
