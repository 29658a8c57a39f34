//! Files to statements, in parallel, a batch of migrations at a time.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use rayon::prelude::*;

use crate::config::Config;
use crate::few::Few;
use crate::operation::{self, Statement};
use crate::project::{Down, History, Migration, Part, Project, SourceId};
use crate::rules;
use crate::source::Span;
use crate::statement::{RawStatement, SplitOptions, each_statement, split};
use crate::suppress::{self, Directives, Vocabulary};
use crate::text::holds;

/// A stretch of a file, read.
pub struct ReadPart {
    pub part: Part,
    pub statements: Vec<Statement>,
}

/// A migration, read.
pub struct ReadMigration {
    pub index: usize,
    pub up: Vec<ReadPart>,
    pub down: Vec<ReadPart>,
    /// The statements of an up that is too long to be read at one go; `up` is
    /// empty then.
    pub long: Option<Vec<RawStatement>>,
}

/// About how much text is read before the fold goes on.
const BATCH_BYTES: usize = 1 << 19;

/// Bytes from which on a part is read by several threads; a shorter one is read
/// while it is split.
const LONG: u32 = 1 << 18;

/// Statements of a long part that a thread reads at a time.
const CHUNK: usize = 512;

/// Bytes from which on an up without a down is judged a stretch at a time: its
/// operations and what they do take up ten times as much memory as the text.
pub const VERY_LONG: u32 = 1 << 22;

/// How many stretches the shortest very long up is cut into.
const STRETCHES: u32 = 8;

/// Cuts a history into batches of about the same amount of text.
pub fn batches(project: &Project, history: &History) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, migration) in history.migrations.iter().enumerate() {
        bytes += project.sources[migration.source].text().len() + 1;
        if bytes >= BATCH_BYTES {
            batches.push(start..index + 1);
            (start, bytes) = (index + 1, 0);
        }
    }
    if start < history.migrations.len() {
        batches.push(start..history.migrations.len());
    }
    batches
}

/// Reads a batch; ups of `very_long` bytes and more are only split.
pub fn read(
    project: &Project,
    history: &History,
    batch: Range<usize>,
    very_long: u32,
) -> Vec<ReadMigration> {
    batch
        .into_par_iter()
        .with_min_len(4)
        .map(|index| {
            let migration = &history.migrations[index];
            let parts = |list: &[Part]| list.iter().map(|p| read_part(project, p)).collect();
            if let Some(part) = the_only_part(project, migration, very_long) {
                return ReadMigration {
                    index,
                    up: Vec::new(),
                    down: Vec::new(),
                    long: Some(split(text_of(project, part), part.span, options(part)).statements),
                };
            }
            ReadMigration {
                index,
                long: None,
                up: parts(&migration.up),
                down: match &migration.down {
                    Down::Parts(list) => parts(list),
                    _ => Vec::new(),
                },
            }
        })
        .collect()
}

/// The up of a migration that can be judged a stretch at a time: nothing goes
/// back in it, and nothing asks for the whole of it at once.
fn the_only_part<'m>(
    project: &Project,
    migration: &'m Migration,
    very_long: u32,
) -> Option<&'m Part> {
    let [part] = migration.up.as_slice() else {
        return None;
    };
    let has_down = matches!(&migration.down, Down::Parts(parts) if !parts.is_empty());
    let stays = part.span.len() >= very_long && !has_down && !part.detects_nontransactional;
    (stays && !holds(text_of(project, part), "rollback")).then_some(part)
}

fn text_of<'p>(project: &'p Project, part: &Part) -> &'p str {
    project.sources[part.source].text()
}

fn options(part: &Part) -> SplitOptions {
    SplitOptions {
        go_lines: part.go_lines,
    }
}

fn read_part(project: &Project, part: &Part) -> ReadPart {
    let text = text_of(project, part);
    if part.span.len() > LONG {
        let raw = split(text, part.span, options(part)).statements;
        return read_stretch(project, part, &raw);
    }
    let mut statements = Vec::new();
    each_statement(text, part.span, options(part), |raw, tokens| {
        statements.push_few(operation::read_tokens(text, &raw, tokens));
    });
    operation::prepared::follow(text, &mut statements);
    operation::psql::follow(text, &mut statements);
    ReadPart {
        part: *part,
        statements,
    }
}

/// Cuts the statements of a very long part into stretches of about the same
/// amount of text.
pub fn stretches(raw: &[RawStatement], very_long: u32) -> Vec<&[RawStatement]> {
    let longest = very_long / STRETCHES;
    let mut left = longest;
    raw.chunk_by(|statement, _| {
        let goes_on = statement.span.len() < left;
        left = match goes_on {
            true => left - statement.span.len(),
            false => longest,
        };
        goes_on
    })
    .collect()
}

/// Reads statements of a part by several threads.
pub fn read_stretch(project: &Project, part: &Part, raw: &[RawStatement]) -> ReadPart {
    let text = text_of(project, part);
    let mut statements = Vec::new();
    statements.par_extend(
        raw.par_chunks(CHUNK)
            .flat_map_iter(|chunk| read_statements(text, chunk)),
    );
    ReadPart {
        part: *part,
        statements,
    }
}

fn read_statements(text: &str, raw: &[RawStatement]) -> Vec<Statement> {
    let mut tokens = Vec::new();
    raw.iter()
        .map(|statement| operation::read(text, statement, &mut tokens))
        .collect()
}

/// The directives of all files that hold any.
pub fn directives(project: &Project, config: &Config) -> Vec<(SourceId, Directives)> {
    let rules: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    let vocabulary = Vocabulary {
        rules: &rules,
        foreign: &config.suppressions_of,
    };
    project
        .sources
        .par_iter()
        .enumerate()
        .filter(|(_, source)| may_hold_directives(source.text()))
        .map(|(id, source)| {
            let text = source.text();
            let whole = Span::new(0, text.len() as u32);
            let split = split(text, whole, SplitOptions::default());
            let statements: Vec<Span> = split.statements.iter().map(|s| s.span).collect();
            let found = suppress::directives(text, &split.comments, &statements, &vocabulary);
            (id, found)
        })
        .filter(|(_, found)| !found.is_empty())
        .collect()
}

/// Is it worth looking at this file's comments?
fn may_hold_directives(text: &str) -> bool {
    static WORDS: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| {
        ["bowl", "Bowl", "BOWL", "squawk-ignore", "atlas:nolint"].map(Finder::new)
    });
    WORDS
        .iter()
        .any(|word| word.find(text.as_bytes()).is_some())
}
