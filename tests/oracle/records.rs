//! The records and what was measured anew, put together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::measure::Cells;
use crate::measured::{CELLS, Row, fixtures, read, rows, version_list};

pub const FILE: &str = "postgres.tsv";

/// A case, and what is recorded of it by version.
pub struct Case {
    pub row: Row,
    pub recorded: BTreeMap<u8, Cells>,
}

/// The cases in the order of the file.
pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for row in rows(FILE) {
        if cases.last().is_none_or(|last| last.row.case != row.case) {
            let recorded = BTreeMap::new();
            cases.push(Case {
                row: row.clone(),
                recorded,
            });
        }
        let last = cases.last_mut().unwrap();
        for version in row.versions.clone() {
            last.recorded.insert(version, row.cells.clone());
        }
    }
    cases
}

/// Cells that only a trace of the lock manager shows, by case and name.
pub struct Traced(BTreeSet<(String, String)>);

impl Traced {
    pub fn read() -> Self {
        let text = read("traced.tsv");
        let rows = text.lines().skip(1).map(|line| {
            let mut cells = line.split('\t').map(str::to_owned);
            (cells.next().unwrap(), cells.next().unwrap())
        });
        Self(rows.collect())
    }

    pub fn holds(&self, case: &str, cell: usize) -> bool {
        self.0.contains(&(case.to_owned(), CELLS[cell].to_owned()))
    }
}

/// Does the server do what the record says, as far as it could be seen?
pub fn agrees(cell: usize, record: &str, seen: &str) -> bool {
    let sorted = |text: &str| -> BTreeSet<String> { text.split(';').map(String::from).collect() };
    match cell {
        _ if record == "-" || seen == "-" => true,
        0 => record == seen,
        _ => sorted(record) == sorted(seen),
    }
}

/// Writes the file anew.
pub fn write(cases: &[Case]) {
    let mut text = String::from("case\tversions\tsetup\tbefore\tstatement\tone_string");
    for cell in CELLS {
        let _ = write!(text, "\t{cell}");
    }
    text.push('\n');
    for case in cases {
        let mut versions: Vec<(BTreeSet<u8>, &Cells)> = Vec::new();
        for (version, cells) in &case.recorded {
            match versions.last_mut() {
                Some((same, known)) if *known == cells && same.last() == Some(&(version - 1)) => {
                    same.insert(*version);
                }
                _ => versions.push((BTreeSet::from([*version]), cells)),
            }
        }
        for (versions, cells) in versions {
            let Row {
                case,
                setup,
                before,
                statement,
                one_string,
                ..
            } = &case.row;
            let one_string = if *one_string { "yes" } else { "" };
            let versions = version_list(&versions);
            let cells = cells.join("\t");
            let _ = writeln!(
                text,
                "{case}\t{versions}\t{setup}\t{before}\t{statement}\t{one_string}\t{cells}"
            );
        }
    }
    std::fs::write(fixtures().join(FILE), text).unwrap();
}
