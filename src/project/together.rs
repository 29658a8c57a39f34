//! What a tool that splits files sends to the server as one string all the same.

use super::{Part, Transaction, directive};
use crate::source::{Source, Span};
use crate::statement::{SplitOptions, split};

/// The stretches of a part that hold several statements between the marks of
/// goose or sql-migrate for a single one: the server runs them as one
/// transaction. Where the tool opens one anyway they make no difference.
pub fn sent_together(source: &Source, part: &Part) -> Vec<Span> {
    let text = source.slice(part.span);
    let may_have = || memchr::memmem::find(text.as_bytes(), b"StatementBegin").is_some();
    if part.transaction != Transaction::Statement || !may_have() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut begin = None;
    for line in directive::comments(text) {
        match mark(line.text) {
            Some(Mark::Begin) => begin = Some(line.next),
            Some(Mark::End) => {
                let inside = begin.take().map(|begin| Span::new(begin, line.span.start));
                found.extend(inside.filter(|inside| holds_several(text, *inside)));
            }
            None => {}
        }
    }
    let start = part.span.start;
    let placed = |inside: Span| Span::new(start + inside.start, start + inside.end);
    found.into_iter().map(placed).collect()
}

/// Which of such stretches, as they follow one another, a place stands in.
pub fn string_at(strings: &[Span], at: u32) -> Option<usize> {
    let last = strings
        .partition_point(|string| string.start <= at)
        .checked_sub(1)?;
    strings[last].contains(at).then_some(last)
}

enum Mark {
    Begin,
    End,
}

fn mark(line: &str) -> Option<Mark> {
    let rest = line.strip_prefix("-- +")?;
    let mut words = rest.split_ascii_whitespace();
    let tool = words.next()?;
    let word = words.next()?;
    match tool {
        "goose" | "migrate" if word.eq_ignore_ascii_case("StatementBegin") => Some(Mark::Begin),
        "goose" | "migrate" if word.eq_ignore_ascii_case("StatementEnd") => Some(Mark::End),
        _ => None,
    }
}

fn holds_several(text: &str, inside: Span) -> bool {
    split(text, inside, SplitOptions::default())
        .statements
        .len()
        > 1
}
