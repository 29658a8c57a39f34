//! Names for findings that survive moved lines and renamed files.

use std::fmt::Write;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::finding::Finding;
use crate::report::Suppressed;
use crate::source::Source;

/// How much text around a finding makes up its name.
const WINDOW: usize = 240;

/// Fills in all fingerprints: a hash of the rule and of the text of the line,
/// spaces folded, with a number for the n-th that is the same.
pub fn fill(
    findings: &mut [Finding],
    suppressed: &mut [Suppressed],
    sources: &[std::sync::Arc<Source>],
) {
    let mut seen: FxHashMap<[u8; 16], u32> = FxHashMap::default();
    let all = findings
        .iter_mut()
        .chain(suppressed.iter_mut().map(|s| &mut s.finding));
    for finding in all {
        let digest = digest(finding, &sources[finding.source]);
        let count = seen.entry(digest).or_insert(0);
        *count += 1;
        let mut name = String::with_capacity(36);
        for byte in digest {
            let _ = write!(name, "{byte:02x}");
        }
        if *count > 1 {
            let _ = write!(name, ":{count}");
        }
        finding.fingerprint = name;
    }
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
