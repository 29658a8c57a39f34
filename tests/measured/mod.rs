//! The measurements, as the tests read them.

// Each test uses a part of it.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What was measured of each row.
pub const CELLS: [&str; 5] = [
    "in_transaction",
    "locks",
    "rewrites",
    "index_rebuilds",
    "scans",
];

/// A row of the file of measurements.
#[derive(Clone)]
pub struct Row {
    pub case: String,
    pub versions: std::ops::RangeInclusive<u8>,
    pub setup: String,
    pub before: String,
    pub statement: String,
    pub one_string: bool,
    /// Success or error, locks, rewrites, index rebuilds, scans.
    pub cells: [String; 5],
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/truth")
}

pub fn read(name: &str) -> String {
    std::fs::read_to_string(fixtures().join(name)).unwrap_or_default()
}

/// `13-18`, `18`, or `?` where nothing was measured yet.
pub fn versions(text: &str) -> std::ops::RangeInclusive<u8> {
    if text == "?" {
        return std::ops::RangeInclusive::new(1, 0);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    first.parse().unwrap()..=last.parse().unwrap()
}

/// The rows of one file of measurements.
pub fn rows(file: &str) -> Vec<Row> {
    read(file)
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells: Vec<String> = line.split('\t').map(String::from).collect();
            cells.resize(11, String::new());
            Row {
                case: cells[0].clone(),
                versions: versions(&cells[1]),
                setup: cells[2].clone(),
                before: cells[3].clone(),
                statement: cells[4].replace("\\n", "\n"),
                one_string: cells[5] == "yes",
                cells: std::array::from_fn(|n| cells[6 + n].clone()),
            }
        })
        .collect()
}

/// The fixtures by name, not yet expanded.
pub fn fixture_texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut name = String::new();
    for line in read("postgres_fixtures.sql").lines() {
        if let Some(next) = line.strip_prefix("-- @") {
            name = next.to_string();
        } else if !name.is_empty() {
            let text: &mut String = texts.entry(name.clone()).or_default();
            text.push_str(line);
            text.push('\n');
        }
    }
    texts
}

/// Replaces `@name` by the fixture of that name, once each.
pub fn expand(
    setup: &str,
    fixtures: &BTreeMap<String, String>,
    seen: &mut BTreeSet<String>,
) -> String {
    let mut out = String::new();
    for word in setup.split_inclusive(char::is_whitespace) {
        match word
            .trim()
            .strip_prefix('@')
            .and_then(|n| fixtures.get_key_value(n))
        {
            Some((name, text)) => {
                if seen.insert(name.clone()) {
                    out.push_str(&expand(text, fixtures, seen));
                    out.push('\n');
                }
            }
            None => out.push_str(word),
        }
    }
    out
}

/// `13-18`, or the single versions where some are missing.
pub fn version_list(versions: &BTreeSet<u8>) -> String {
    let (first, last) = (versions.first().unwrap(), versions.last().unwrap());
    if versions.len() == usize::from(last - first) + 1 && versions.len() > 1 {
        return format!("{first}-{last}");
    }
    let names: Vec<String> = versions.iter().map(u8::to_string).collect();
    names.join(",")
}

pub fn bless() -> bool {
    std::env::var_os("BOWLINE_BLESS").is_some()
}
