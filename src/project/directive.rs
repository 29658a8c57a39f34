//! Comments that are meant for a tool: which a file has, and which of them are
//! only nearly what the tool reads.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::folder::Script;
use super::tool::node_pg_migrate;
use super::{Meant, Suspicious};
use crate::source::{Source, Span};

pub const GOOSE: u32 = 1;
pub const DBMATE: u32 = 1 << 1;
pub const SQL_MIGRATE: u32 = 1 << 2;
pub const TERN: u32 = 1 << 3;
pub const LIQUIBASE: u32 = 1 << 4;
pub const GRAPHILE: u32 = 1 << 5;
pub const NODE_PG: u32 = 1 << 6;
pub const BREAKPOINT: u32 = 1 << 7;
pub const SQLX: u32 = 1 << 8;
pub const ALEMBIC: u32 = 1 << 9;
pub const EF_CORE: u32 = 1 << 10;
pub const ATLAS: u32 = 1 << 11;
pub const DJANGO: u32 = 1 << 12;
pub const POP: u32 = 1 << 13;

/// What tells a tool: text anywhere in a file, and what has to hold of the
/// whole besides. Where one text is a part of another, the longer is meant.
type Telltale = (&'static str, u32, fn(&str) -> bool);

const ANYWHERE: fn(&str) -> bool = |_| true;

const TELLTALES: &[Telltale] = &[
    ("-- +goose", GOOSE, ANYWHERE),
    ("--+goose", GOOSE, ANYWHERE),
    ("migrate:up", DBMATE, ANYWHERE),
    ("-- +migrate", SQL_MIGRATE, ANYWHERE),
    ("---- create above / drop below ----", TERN, ANYWHERE),
    ("---- tern: ", TERN, ANYWHERE),
    ("liquibase formatted sql", LIQUIBASE, ANYWHERE),
    ("--! Previous:", GRAPHILE, ANYWHERE),
    ("--! Hash:", GRAPHILE, ANYWHERE),
    ("--> statement-breakpoint", BREAKPOINT, ANYWHERE),
    ("migration script here", SQLX, ANYWHERE),
    ("-- no-transaction", SQLX, |text| {
        text.starts_with("-- no-transaction")
    }),
    ("-- Running upgrade ", ALEMBIC, ANYWHERE),
    ("-- Running downgrade ", ALEMBIC, ANYWHERE),
    ("__EFMigrationsHistory", EF_CORE, ANYWHERE),
    ("-- atlas:", ATLAS, ANYWHERE),
    ("{{ index .Options", POP, ANYWHERE),
    ("{{index .Options", POP, ANYWHERE),
    ("{{ .Options", POP, ANYWHERE),
    ("{{.Options", POP, ANYWHERE),
    ("igration", NODE_PG, node_pg_migrate::has_marker),
    ("IGRATION", NODE_PG, node_pg_migrate::has_marker),
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        // Made anew by each run, and mostly asked by way of its prefilter.
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .match_kind(MatchKind::LeftmostLongest)
        .build(TELLTALES.iter().map(|(word, ..)| word))
        .expect("few and short words fit")
});

/// Which tools' directives stand in a text.
pub fn marks(text: &str) -> u32 {
    let mut seen = [false; TELLTALES.len()];
    for hit in FINDER.find_iter(text) {
        seen[hit.pattern().as_usize()] = true;
    }
    let mut found = 0;
    for ((_, mark, holds), _) in TELLTALES.iter().zip(seen).filter(|(_, seen)| *seen) {
        if found & mark == 0 && holds(text) {
            found |= mark;
        }
    }
    if super::tool::django::is_output(text) {
        found |= DJANGO;
    }
    found
}

/// A line of a text, without its line end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub span: Span,
    /// Where the next line begins.
    pub next: u32,
    pub text: &'a str,
}

impl<'a> Line<'a> {
    /// What follows `--`, when the line is nothing but a comment.
    pub fn comment(&self) -> Option<&'a str> {
        match self.text.as_bytes().first()? {
            b'-' => self.text.strip_prefix("--"),
            byte if byte.is_ascii_alphanumeric() => None,
            _ => self.text.trim_start().strip_prefix("--"),
        }
    }
}

/// The lines of a text; a byte order mark is no part of the first.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest.as_bytes());
        let next = length.map_or(text.len(), |n| at + n + 1);
        let line = rest[..length.unwrap_or(rest.len())].trim_end_matches('\r');
        let span = Span::new(at as u32, (at + line.len()) as u32);
        at = next;
        Some(Line {
            span,
            next: next as u32,
            text: line,
        })
    })
}

/// The line above a place at the start of a line, without its line end.
pub fn line_above(source: &Source, at: u32) -> Option<Line<'_>> {
    let above = source.text().get(..at as usize)?.strip_suffix('\n')?;
    let above = above.strip_suffix('\r').unwrap_or(above);
    let start = memchr::memrchr(b'\n', above.as_bytes()).map_or(0, |n| n + 1);
    let mark = if above[start..].starts_with('\u{feff}') {
        3
    } else {
        0
    };
    Some(Line {
        span: Span::new((start + mark) as u32, above.len() as u32),
        next: at,
        text: &above[start + mark..],
    })
}

/// A directive on a line of its own at the very beginning of a file; a byte
/// order mark would stand in its way.
pub fn at_top(source: &Source, directive: &str) -> Option<(Span, String)> {
    (!source.text().starts_with('\u{feff}'))
        .then(|| (Span::default(), format!("{directive}{}", source.line_end())))
}

/// An option at the end of the line that a part begins behind.
pub fn on_line(line: &Line<'_>, option: &str) -> (Span, String) {
    let end = line.span.start + line.text.trim_end().len() as u32;
    (Span::new(end, end), format!(" {option}"))
}

/// Comment lines only.
pub fn comments(text: &str) -> impl Iterator<Item = Line<'_>> {
    lines(text).filter(|line| line.comment().is_some())
}

/// Longer comments are prose, whatever words they hold.
const LONGEST_DIRECTIVE: usize = 80;

/// The letters and digits of a comment line in lower case: what is left of a
/// directive when it is misspelt in the usual ways.
pub fn essence(line: &str) -> impl Iterator<Item = char> + Clone {
    let line = if line.len() > LONGEST_DIRECTIVE {
        ""
    } else {
        line
    };
    line.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
}

/// The letters of a directive, what is said of a line that has them and is none,
/// and what it was meant to be.
pub type Near = (&'static str, &'static str, Meant);

/// The comment lines whose letters are those of a directive, though `exact`
/// says that the tool does not read them as one.
pub fn near_misses(
    script: &Script,
    directives: &[Near],
    exact: impl Fn(&Line) -> bool,
) -> Vec<Suspicious> {
    comments(script.text())
        .filter(|line| !exact(line))
        .filter_map(|line| {
            let essence = essence(line.text);
            let near = directives
                .iter()
                .find(|(letters, ..)| essence.clone().eq(letters.chars()));
            let (_, message, meant) = near?;
            Some(Suspicious {
                meant: Some(*meant),
                ..script.suspicious(line.span, *message)
            })
        })
        .collect()
}
