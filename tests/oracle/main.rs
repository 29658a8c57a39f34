//! The oracle: measures each recorded case again, on real servers.
//!
//! `cargo test --test oracle -- --ignored` starts a server of each version
//! that it finds (see [`server::Programs::find`]) and compares what it does
//! with `fixtures/truth/postgres.tsv`, cell for cell. `BOWLINE_BLESS=1` writes
//! what was measured into the records; a new case is a line with `?` for its
//! versions. See `fixtures/truth/README.md`.

#[path = "../measured/mod.rs"]
mod measured;

mod catalog;
mod measure;
mod records;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use measure::{Bench, Cells};
use measured::{CELLS, bless, expand, fixture_texts};
use records::{Case, Traced, agrees};
use server::{Programs, Server};

/// Which database a case is measured in.
#[derive(Clone, Copy, PartialEq)]
enum Database {
    /// One that was made for it.
    Own,
    /// One that others with its setup were rolled back in, if there is one.
    Shared,
}

/// Measures cases on servers of one version, several at a time; in their
/// order.
fn measure_all(programs: &Programs, cases: &[&Case], database: Database) -> Vec<Cells> {
    let texts = fixture_texts();
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|at| &cases[*at].row.setup);
    let next = AtomicUsize::new(0);
    let measured = Mutex::new(BTreeMap::new());
    // A server waits for its files, and whoever measures for it.
    let threads = 2 * thread::available_parallelism()
        .map_or(2, usize::from)
        .min(8);
    thread::scope(|scope| {
        for _ in 0..threads.min(cases.len()) {
            scope.spawn(|| {
                let mut bench = Bench::new(Server::start(programs));
                while let Some(at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = &cases[*at].row;
                    let setup = expand(&row.setup, &texts, &mut BTreeSet::new());
                    if database == Database::Own {
                        bench.forget();
                    }
                    let cells = bench.measure(row, &setup);
                    measured.lock().unwrap().insert(*at, cells);
                }
            });
        }
    });
    measured.into_inner().unwrap().into_values().collect()
}

/// What the record says otherwise. A watcher looks many times a second and may
/// miss a lock that is held for less, and a database that others were measured
/// in may differ: what differs is measured again in one of its own, and counts
/// if it differs each time. So is what is not recorded yet.
const ATTEMPTS: usize = 5;

fn measure_until_it_agrees(programs: &Programs, cases: &[&Case], traced: &Traced) -> Vec<Cells> {
    let is_known = cases
        .iter()
        .all(|case| case.recorded.contains_key(&programs.version));
    let first = if is_known {
        Database::Shared
    } else {
        Database::Own
    };
    let mut measured = measure_all(programs, cases, first);
    for _ in 1..ATTEMPTS {
        let differing: Vec<usize> = (0..cases.len())
            .filter(|at| !is_as_recorded(cases[*at], programs.version, &measured[*at], traced))
            .collect();
        if differing.is_empty() {
            break;
        }
        let again: Vec<&Case> = differing.iter().map(|at| cases[*at]).collect();
        for (at, cells) in differing
            .iter()
            .zip(measure_all(programs, &again, Database::Own))
        {
            if is_as_recorded(cases[*at], programs.version, &cells, traced) {
                measured[*at] = cells;
            }
        }
    }
    measured
}

/// Nothing was recorded yet, or what was seen is that.
fn is_as_recorded(case: &Case, version: u8, seen: &Cells, traced: &Traced) -> bool {
    case.recorded.get(&version).is_none_or(|known| {
        (0..known.len()).all(|n| agrees(n, &known[n], &seen[n]) || traced.holds(&case.row.case, n))
    })
}

/// Compares what was seen with the record, and puts it in its place.
fn compare(case: &mut Case, version: u8, seen: Cells, traced: &Traced) -> String {
    let mut differences = String::new();
    let name = &case.row.case;
    let known = case.recorded.get(&version);
    let cells = std::array::from_fn(|n| {
        let Some(record) = known.map(|cells| &cells[n]) else {
            return seen[n].clone();
        };
        if agrees(n, record, &seen[n]) || traced.holds(name, n) {
            return record.clone();
        }
        let cell = CELLS[n];
        let _ = writeln!(
            differences,
            "{name}\t{version}\t{cell}\n  record: {record}\n  server: {}",
            seen[n]
        );
        seen[n].clone()
    });
    if known.is_none() {
        let _ = writeln!(
            differences,
            "{name}\t{version}\tis new: {}",
            cells.join("\t")
        );
    }
    case.recorded.insert(version, cells);
    differences
}

#[test]
#[ignore = "starts PostgreSQL servers"]
fn servers_do_what_the_records_say() {
    let only = std::env::var("BOWLINE_CASE").unwrap_or_default();
    let found = Programs::find();
    assert!(
        !found.is_empty(),
        "no PostgreSQL was found: see fixtures/truth/README.md"
    );
    let traced = Traced::read();
    let mut cases = records::cases();
    let mut differences = String::new();
    for programs in &found {
        let version = programs.version;
        let asked = |case: &Case| {
            let is_new = case.row.versions.is_empty();
            let named = match only.as_str() {
                "?" => is_new,
                part => case.row.case.contains(part),
            };
            named && (is_new || case.recorded.contains_key(&version))
        };
        let list: Vec<&Case> = cases.iter().filter(|case| asked(case)).collect();
        assert!(
            !list.is_empty(),
            "nothing is recorded of PostgreSQL {version}"
        );
        let measured = measure_until_it_agrees(programs, &list, &traced);
        let seen = measured
            .iter()
            .flatten()
            .filter(|cell| *cell != "-")
            .count();
        println!(
            "PostgreSQL {version}: {} cases, {seen} cells measured",
            measured.len()
        );
        let mut measured = measured.into_iter();
        for case in cases.iter_mut().filter(|case| asked(case)) {
            let cells = measured.next().unwrap();
            differences.push_str(&compare(case, version, cells, &traced));
        }
    }
    if bless() {
        records::write(&cases);
    }
    assert!(
        differences.is_empty(),
        "the servers do otherwise:\n{differences}"
    );
}

/// The histories of the fixtures, or those at the paths that
/// `BOWLINE_HISTORIES` names.
fn histories() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os("BOWLINE_HISTORIES") {
        return std::env::split_paths(&named).collect();
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let layouts = std::fs::read_dir(fixtures.join("layouts")).unwrap();
    let mut paths: Vec<PathBuf> = layouts.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.push(fixtures.join("shop"));
    paths.push(fixtures.join("histories"));
    paths
}

#[test]
#[ignore = "starts PostgreSQL servers"]
fn the_replayed_schema_is_that_of_the_server() {
    let found = Programs::find();
    let newest = found
        .last()
        .expect("no PostgreSQL was found: see fixtures/truth/README.md");
    let server = Server::start(newest);
    let mut different = String::new();
    for path in histories() {
        for comparison in catalog::compare(&server, &path) {
            let catalog::Comparison {
                root,
                migrations,
                statements,
                refused,
                objects,
                unknown,
                differences,
            } = comparison;
            println!(
                "{root}: {migrations} migrations, {statements} statements ({} refused), {objects} objects, {unknown} tables not known, {} different",
                refused.len(),
                differences.len()
            );
            for line in refused.iter().take(5) {
                println!("  refused {line}");
            }
            for line in differences {
                let _ = writeln!(different, "{root}: {line}");
            }
        }
    }
    assert!(
        different.is_empty(),
        "server (+) and bowline (-) differ:\n{different}"
    );
}
