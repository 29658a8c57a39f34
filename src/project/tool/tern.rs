//! tern: one file, the separator between its halves (migrate/migrate.go).

use super::super::directive;
use super::super::folder::{Folder, Script, Tool};
use super::super::{Down, Layout, Meant, Migration, OptOut, Part, Transaction};
use crate::source::{Source, Span};

pub const TOOL: Tool = Tool {
    layout: Layout::Tern,
    claims: |folder| folder.any(directive::TERN) || folder.has_companion("tern.conf"),
    read,
    engine: super::postgres,
    opt_out,
};

const SEPARATOR: &str = "---- create above / drop below ----";
const DISABLE: &str = "---- tern: disable-tx ----";

const NEAR: &[directive::Near] = &[
    (
        "createabovedropbelow",
        "tern expects `---- create above / drop below ----`, spelt exactly so; as it stands both halves run forward",
        Meant::Mark(SEPARATOR),
    ),
    ("terndisabletx", OPTION, Meant::OptOut(DISABLE)),
    ("disabletx", OPTION, Meant::OptOut(DISABLE)),
    ("ternnotransaction", OPTION, Meant::OptOut(DISABLE)),
];

const OPTION: &str = "tern expects `---- tern: disable-tx ----` on a line of its own; as it stands this half runs in a transaction";

/// On a line of its own at the head of the half that it is for.
fn opt_out(source: &Source, part: &Part) -> Option<OptOut> {
    let start = part.span.start;
    let (at, line) = match start {
        0 => directive::at_top(source, DISABLE)?,
        // What follows the separator is the end of its line.
        _ => (
            Span::new(start, start),
            format!("{}{DISABLE}", source.line_end()),
        ),
    };
    let is_line = start == 0 || source.slice(part.span).starts_with(source.line_end());
    is_line.then(|| OptOut::new(at, line, Transaction::Statement))
}

fn read(folder: &Folder) -> Vec<Migration> {
    folder
        .numbered(|rest| rest.len() > ".sql".len() + 1 && rest.starts_with('_'))
        .into_iter()
        .map(|(version, script)| migration(version, script))
        .collect()
}

/// A file without the separator declares itself irreversible: tern's template
/// says to delete the line for that.
fn migration(version: &str, script: &Script) -> Migration {
    let mut migration = script.migration(version, version);
    let (text, end) = (script.text(), script.span().end);
    match text.find(SEPARATOR) {
        Some(at) => {
            let below = (at + SEPARATOR.len()) as u32;
            migration.up = vec![half(script, Span::new(0, at as u32))];
            migration.down = Down::Parts(vec![half(script, Span::new(below, end))]);
        }
        None => {
            migration.up = vec![half(script, script.span())];
            migration.down = Down::DeclaredIrreversible;
        }
    }
    migration.suspicious = directive::near_misses(script, NEAR, |line| {
        line.text == DISABLE || line.text.contains(SEPARATOR)
    });
    migration
}

fn half(script: &Script, span: Span) -> Part {
    let disabled = span.of(script.text()).lines().any(|line| line == DISABLE);
    let transaction = match disabled {
        true => Transaction::Statement,
        false => Transaction::File,
    };
    script.part(span, transaction)
}
