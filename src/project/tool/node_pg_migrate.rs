//! node-pg-migrate, SQL files: `-- Up Migration` and `-- Down Migration` in one
//! file, or a pair (src/sqlMigration.ts).

use super::super::directive::{self, NODE_PG};
use super::super::folder::{Folder, Pair, Tool, pairs};
use super::super::{Down, Layout, Meant, Migration, Transaction, name};
use crate::source::Span;

pub const TOOL: Tool = Tool {
    layout: Layout::NodePgMigrate,
    claims,
    read,
    engine: super::postgres,
    opt_out: super::no_opt_out,
};

/// The file that a new migration begins as has the markers. A file whose name
/// tells the way needs none: what looks like one there is prose, and so is the
/// one among many.
fn claims(folder: &Folder) -> bool {
    let (mut marked, mut all) = (0, 0);
    for script in &folder.scripts {
        if name::way(script.name()).0.is_none() {
            all += 1;
            marked += usize::from(script.has(NODE_PG));
        }
    }
    marked > 0 && 2 * marked >= all
}

/// `^\s*--[\s-]*<word>\s+migration`, in any case.
fn is_marker(comment: &str, word: &str) -> bool {
    let rest = comment.trim_start_matches(|c: char| c.is_whitespace() || c == '-');
    let mut words = rest.split_whitespace();
    let first = words.next().unwrap_or("");
    let second = words.next().and_then(|word| word.get(.."migration".len()));
    first.eq_ignore_ascii_case(word)
        && second.is_some_and(|second| second.eq_ignore_ascii_case("migration"))
}

/// Has a text one of the two markers?
pub fn has_marker(text: &str) -> bool {
    directive::comments(text).any(|line| {
        let comment = line.comment().unwrap_or("");
        is_marker(comment, "up") || is_marker(comment, "down")
    })
}

fn read(folder: &Folder) -> Vec<Migration> {
    pairs(folder).iter().filter_map(migration).collect()
}

const NEAR: &[directive::Near] = &[
    (
        "upmigration",
        "node-pg-migrate expects `-- Up Migration`",
        Meant::Mark("-- Up Migration"),
    ),
    (
        "downmigration",
        "node-pg-migrate expects `-- Down Migration`",
        Meant::Mark("-- Down Migration"),
    ),
    (
        "migrateup",
        "node-pg-migrate expects `-- Up Migration`",
        Meant::Mark("-- Up Migration"),
    ),
    (
        "migratedown",
        "node-pg-migrate expects `-- Down Migration`",
        Meant::Mark("-- Down Migration"),
    ),
];

fn migration(pair: &Pair) -> Option<Migration> {
    let mut migration = pair.migration(|_| Transaction::AllPending)?;
    let Some(script) = pair.up.filter(|_| pair.down.is_none()) else {
        return Some(migration);
    };
    let find = |word: &str| {
        directive::comments(script.text()).find(|l| is_marker(l.comment().unwrap_or(""), word))
    };
    let (up, down) = (find("up"), find("down"));
    let end = script.span().end;
    let (up_start, down_start) = (
        up.map_or(0, |line| line.next),
        down.map_or(end, |line| line.span.start),
    );
    let up_end = match down_start > up_start {
        true => down_start,
        false => end,
    };
    migration.up = vec![script.part(Span::new(up_start, up_end), Transaction::AllPending)];
    if let Some(down) = down {
        let down_end = up
            .map(|line| line.span.start)
            .filter(|start| *start > down.next)
            .unwrap_or(end);
        let span = Span::new(down.next, down_end);
        migration.down = Down::Parts(vec![script.part(span, Transaction::AllPending)]);
    }
    migration.suspicious = directive::near_misses(script, NEAR, |line| {
        let comment = line.comment().unwrap_or("");
        is_marker(comment, "up") || is_marker(comment, "down")
    });
    Some(migration)
}
