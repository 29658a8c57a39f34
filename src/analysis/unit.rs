//! Files to statements, in parallel, a batch of migrations at a time.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use rayon::prelude::*;

use crate::config::Config;
use crate::few::Few;
use crate::operation::{self, Statement};
use crate::project::{Down, History, Part, Project, SourceId};
use crate::rules;
use crate::source::Span;
use crate::statement::{RawStatement, SplitOptions, each_statement, split};
use crate::suppress::{self, Directives, Vocabulary};

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
}

/// About how much text is read before the fold goes on.
const BATCH_BYTES: usize = 1 << 19;

/// Bytes from which on a part is read by several threads; a shorter one is read
/// while it is split.
const LONG: u32 = 1 << 18;

/// Statements of a long part that a thread reads at a time.
const CHUNK: usize = 512;

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

/// Reads a batch.
pub fn read(project: &Project, history: &History, batch: Range<usize>) -> Vec<ReadMigration> {
    batch
        .into_par_iter()
        .with_min_len(4)
        .map(|index| {
            let migration = &history.migrations[index];
            let parts = |list: &[Part]| list.iter().map(|p| read_part(project, p)).collect();
            ReadMigration {
                index,
                up: parts(&migration.up),
                down: match &migration.down {
                    Down::Parts(list) => parts(list),
                    _ => Vec::new(),
                },
            }
        })
        .collect()
}

fn read_part(project: &Project, part: &Part) -> ReadPart {
    let text = project.sources[part.source].text();
    let options = SplitOptions {
        go_lines: part.go_lines,
    };
    let mut statements = Vec::new();
    if part.span.len() > LONG {
        let raw = split(text, part.span, options).statements;
        statements.par_extend(
            raw.par_chunks(CHUNK)
                .flat_map_iter(|chunk| read_statements(text, chunk)),
        );
    } else {
        each_statement(text, part.span, options, |raw, tokens| {
            statements.push_few(operation::read_tokens(text, &raw, tokens));
        });
    }
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
