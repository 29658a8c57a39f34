//! Names for findings that survive moved lines and renamed files.
//!
//! A name is a hash of the rule and of the text of the line. Neither the file's
//! name nor the migration's id goes into it, because a rename changes both. What
//! is the same in several places is numbered in the order in which migrations
//! are applied, whether they are reported on or not: a new migration comes last,
//! and takes no one's number. Where one comes in between all the same, the
//! baseline goes by the files besides.

use std::fmt::Write;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use sha2::{Digest, Sha256};

use crate::finding::Finding;
use crate::source::{Source, Span};

/// How much text around a finding makes up its name.
const WINDOW: usize = 240;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Fills in the fingerprints of what is reported. `context` is what is found
/// besides; `order` ranks the files.
pub fn fill(
    reported: Vec<&mut Finding>,
    mut context: Vec<Finding>,
    sources: &[std::sync::Arc<Source>],
    order: &[usize],
) {
    let rules: FxHashSet<&str> = reported.iter().map(|finding| finding.rule).collect();
    let same_rule = context.iter_mut().filter(|f| rules.contains(f.rule));
    let mut all: Vec<&mut Finding> = same_rule.collect();
    all.extend(reported);
    all.sort_by(|a, b| {
        let key = |f: &Finding| (order[f.source], f.source, f.span, f.rule);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    let mut seen: FxHashMap<[u8; 16], u32> = FxHashMap::default();
    for finding in all {
        let digest = digest(finding, &sources[finding.source]);
        let count = seen.entry(digest).or_insert(0);
        *count += 1;
        let mut name = String::with_capacity(36);
        for byte in digest {
            name.push(char::from(HEX[usize::from(byte >> 4)]));
            name.push(char::from(HEX[usize::from(byte & 15)]));
        }
        if *count > 1 {
            let _ = write!(name, ":{count}");
        }
        finding.fingerprint = name;
    }
}

/// The lines of the files that are reported on. A finding elsewhere counts for
/// a name only where its line is one of them.
#[derive(Debug, Default)]
pub struct Lines {
    known: FxHashSet<u64>,
    /// One is so long that a part of it makes up a name, which may be any text.
    long: bool,
}

impl Lines {
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut lines = Self::default();
        for line in texts.flat_map(str::lines) {
            lines.long |= line.len() > WINDOW;
            lines.known.insert(line_hash(line));
        }
        lines
    }

    /// Is a line that this place stands on one of them?
    pub fn hold_one_of(&self, text: &str, place: Span) -> bool {
        if self.known.is_empty() {
            return false;
        }
        let (start, end) = (place.start as usize, place.end as usize);
        let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        text[start..end]
            .lines()
            .any(|line| self.long || line.len() > WINDOW || self.known.contains(&line_hash(line)))
    }
}

fn line_hash(line: &str) -> u64 {
    let mut hasher = FxHasher::default();
    for word in line.split_whitespace() {
        word.hash(&mut hasher);
    }
    hasher.finish()
}

fn digest(finding: &Finding, source: &Source) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(finding.rule.as_bytes());
    hasher.update([0]);
    let line = source.line(source.line_of(finding.span.start));
    let start = source.line_starts()[source.line_of(finding.span.start)] as usize;
    let offset = (finding.span.start as usize).saturating_sub(start);
    let window = around(line, offset);
    for word in window.split_whitespace() {
        hasher.update(word.as_bytes());
        hasher.update([b' ']);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize()[..16]);
    short
}

/// The whole line, or what is near a place in a long one.
fn around(line: &str, offset: usize) -> &str {
    if line.len() <= WINDOW {
        return line;
    }
    let mut start = offset.saturating_sub(WINDOW / 2).min(line.len());
    let mut end = (offset + WINDOW / 2).min(line.len());
    while !line.is_char_boundary(start) {
        start -= 1;
    }
    while !line.is_char_boundary(end) {
        end += 1;
    }
    &line[start..end]
}
