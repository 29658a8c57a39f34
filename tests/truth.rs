//! The model of PostgreSQL against what real servers did.
//!
//! Each row of `fixtures/truth/postgres.tsv` goes through `bowline inspect` for
//! each of its versions, with the setup as the history before it, and every
//! measured cell is compared with what the JSON document says. Agreement may not fall
//! below `agreement.txt`, and every difference stands in
//! `known_differences.tsv` with its reason. `BOWLINE_BLESS=1` writes both
//! anew. See `fixtures/truth/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

mod measured;

use bowline::analysis;
use bowline::config::Config;
use bowline::dialect::Dialect;
use bowline::effect::LockMode;
use bowline::output::{self, inspect::Format};
use bowline::project::{File, Layout, Options, organise};
use measured::{
    CELLS, Row, bless, expand, fixture_texts, fixtures, read, rows, version_list, versions,
};
use serde_json::Value;
use strum::IntoEnumIterator;

/// What the model says: one text per cell.
#[derive(Default)]
struct Outcome {
    cells: [String; 5],
    /// Something in the setup or the statement was not understood.
    unread: bool,
}

#[derive(Default)]
struct Tally {
    agreed: usize,
    total: usize,
}

/// The document of `bowline inspect` about a text, after a history.
fn inspect(setup: &str, text: &str, layout: Layout, version: u8) -> Value {
    let options = Options {
        layout: Some(layout),
        ..Options::default()
    };
    let before = organise(vec![File::new("setup.sql", setup)], &options);
    let project = organise(vec![File::new("0001_statement.up.sql", text)], &options);
    let project = project.preceded_by(vec![before]);
    let dialect = Some(Dialect::postgres(version));
    let report = analysis::run_by_statement(project, &CONFIG, dialect);
    let mut document = Vec::new();
    Format::Json
        .write(&report, &output::Options::default(), &mut document)
        .unwrap();
    let document = serde_json::from_slice(&document).unwrap();
    let errors: Vec<String> = SCHEMA
        .iter_errors(&document)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{text}: {errors:?}");
    document
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = include_str!("../schema/bowline-inspect.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
});

static CONFIG: LazyLock<Config> = LazyLock::new(Config::default);

/// What the document says of some of its statements.
#[derive(Default)]
struct Said {
    locks: BTreeMap<String, LockMode>,
    rewrites: BTreeSet<String>,
    index_rebuilds: BTreeSet<String>,
    scans: BTreeSet<String>,
    created: BTreeSet<String>,
    refused: bool,
    unread: bool,
}

impl Said {
    fn of<'v>(statements: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut said = Said::default();
        for statement in statements {
            said.statement(statement);
        }
        said
    }

    fn statement(&mut self, statement: &Value) {
        self.unread |= list(&statement["operations"]).any(|o| o["unread"].is_string());
        self.refused |= statement["fails"].is_string() || statement["transaction"] == "forbidden";
        let names = |cell: &str| list(&statement[cell]).map(|name| text(name).to_owned());
        self.rewrites.extend(names("rewrites"));
        self.index_rebuilds.extend(names("index_rebuilds"));
        self.scans.extend(names("scans"));
        for lock in list(&statement["locks"]) {
            let relation = text(&lock["relation"]).to_owned();
            let mode = LockMode::iter().find(|mode| lock["mode"] == mode.pg_name());
            let mode = mode.unwrap();
            if !self.created.contains(&relation) {
                let known = self.locks.entry(relation).or_insert(mode);
                *known = mode.max(*known);
            }
        }
        self.created.extend(names("creates"));
    }

    fn outcome(self) -> Outcome {
        let join = |names: &BTreeSet<String>| {
            let there = |name: &&String| !self.created.contains(*name);
            join_all(names.iter().filter(there).cloned().collect())
        };
        let locks = self.locks.iter();
        Outcome {
            unread: self.unread,
            cells: [
                if self.refused { "error" } else { "ok" }.into(),
                join_all(
                    locks
                        .map(|(name, mode)| format!("{name}={}", mode.pg_name()))
                        .collect(),
                ),
                join(&self.rewrites),
                join(&self.index_rebuilds),
                join(&self.scans),
            ],
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn join_all(names: BTreeSet<String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(";")
}

fn predict(row: &Row, version: u8, fixtures: &BTreeMap<String, String>) -> Outcome {
    let setup = expand(&row.setup, fixtures, &mut BTreeSet::new());
    // golang-migrate sends a file as one string.
    let layout = match row.one_string {
        true => Layout::GolangMigrate,
        false => Layout::Plain,
    };
    let document = inspect(
        &setup,
        &format!("{};\n{}", row.before, row.statement),
        layout,
        version,
    );
    let all: Vec<&Value> = list(&document["statements"]).collect();
    let first = |statement: &&Value| {
        statement["range"]["start"]["byte"].as_u64() <= Some(row.before.len() as u64)
    };
    let (before, own) = all.split_at(match row.before.is_empty() {
        true => 0,
        false => all.iter().take_while(|s| first(s)).count(),
    });
    let before = Said::of(before.iter().copied());
    let mut said = Said::of(own.iter().copied());
    if row.one_string && own.len() == 1 {
        // One statement is no transaction block.
        said.refused = own[0]["fails"].is_string();
    }
    // What the transaction holds already.
    for (name, mode) in before.locks {
        let known = said.locks.entry(name).or_insert(mode);
        *known = mode.max(*known);
    }
    for name in before.created {
        said.locks.insert(name, LockMode::AccessExclusive);
    }
    said.outcome()
}

/// The measured text without what the statement created, in order.
fn measured(text: &str) -> String {
    join_all(
        text.split(';')
            .filter(|name| !name.is_empty() && !name.starts_with('+'))
            .map(String::from)
            .collect(),
    )
}

/// The cells that can be compared: those that were measured, and after an
/// error that is not about transactions only whether there was one.
fn compared(row: &Row) -> impl Iterator<Item = usize> + '_ {
    let success = &row.cells[0];
    let locks_hold = success == "ok" || success.starts_with("error 25001");
    (0..CELLS.len()).filter(move |n| {
        success != "not measured" && (*n == 0 || (locks_hold && row.cells[*n] != "-"))
    })
}

fn truth_of(row: &Row, cell: usize) -> String {
    match cell {
        0 if row.cells[0] == "ok" => "ok".into(),
        0 => "error".into(),
        _ => measured(&row.cells[cell]),
    }
}

/// Differences by case and cell: the versions, what is true, what was said.
type Differences = BTreeMap<(String, &'static str), (BTreeSet<u8>, String, String)>;

#[test]
fn the_model_agrees_with_the_servers() {
    let fixtures = fixture_texts();
    let mut tallies: BTreeMap<(u8, usize), Tally> = BTreeMap::new();
    let mut differences: Differences = BTreeMap::new();
    let mut unread: BTreeSet<String> = BTreeSet::new();
    for row in rows("postgres.tsv") {
        for version in row.versions.clone() {
            let said = predict(&row, version, &fixtures);
            // A version that does not know a syntax refuses it; so may we.
            if said.unread && row.cells[0] == "ok" {
                unread.insert(row.case.clone());
                continue;
            }
            for cell in compared(&row) {
                let truth = truth_of(&row, cell);
                let prediction = match cell {
                    0 if said.unread => "error",
                    _ => &said.cells[cell],
                };
                let tally = tallies.entry((version, cell)).or_default();
                tally.total += 1;
                if truth == prediction {
                    tally.agreed += 1;
                } else {
                    let key = (row.case.clone(), CELLS[cell]);
                    let entry = differences
                        .entry(key)
                        .or_insert_with(|| (BTreeSet::new(), truth, prediction.to_string()));
                    entry.0.insert(version);
                }
            }
        }
    }
    println!("{}", table(&tallies));
    println!("not read: {} cases: {unread:?}", unread.len());
    check_differences(&differences);
    check_floor(&tallies, unread.len());
    check_page(&tallies);
}

fn percent(tally: &Tally) -> f64 {
    100.0 * tally.agreed as f64 / tally.total.max(1) as f64
}

fn table(tallies: &BTreeMap<(u8, usize), Tally>) -> String {
    let mut text = String::from("version");
    for cell in CELLS {
        let _ = write!(text, "  {cell:>14}");
    }
    for version in 13..=18 {
        let _ = write!(text, "\n{version:>7}");
        for cell in 0..CELLS.len() {
            let share = tallies.get(&(version, cell)).map_or(0.0, percent);
            let _ = write!(text, "  {share:>13.2}%");
        }
    }
    text
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/agreement.md");

/// The table that people read is the one that was just counted.
fn check_page(tallies: &BTreeMap<(u8, usize), Tally>) {
    let mut text = String::from(
        "# How far the model agrees with servers\n\n\
         Of the measured cells, how many `bowline inspect` says right: whether the statement runs in a transaction (or fails, and bowline says \
         so),\nthe locks of each relation, tables written anew, indexes built anew, and what is read as a whole. A cell counts where it was \
         measured.\n\n\
         | PostgreSQL | transaction | locks | rewrites | index rebuilds | scans | all |\n|---|---|---|---|---|---|---|\n",
    );
    for version in 13..=18 {
        let own = |cell: usize| {
            tallies
                .iter()
                .filter(move |(key, _)| key.0 == version && key.1 == cell)
        };
        let _ = write!(text, "| {version} |");
        for cell in 0..CELLS.len() {
            let tally = sum(own(cell).map(|(_, tally)| tally));
            let _ = write!(text, " {:.2} % of {} |", percent(&tally), tally.total);
        }
        let all = tallies.iter().filter(|(key, _)| key.0 == version);
        let all = sum(all.map(|(_, tally)| tally));
        let _ = writeln!(text, " {:.2} % of {} |", percent(&all), all.total);
    }
    text.push_str(
        "\nEach disagreement stands with its reason in [`known_differences.tsv`](../fixtures/truth/known_differences.tsv); how the cells were \
         measured, and how\nto measure them again, in [`fixtures/truth`](../fixtures/truth/README.md). \
         `BOWLINE_BLESS=1 cargo test --test truth` writes this page, and the test holds it.\n",
    );
    if bless() {
        std::fs::write(PAGE, &text).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert_eq!(
        page, text,
        "docs/agreement.md is out of date: BOWLINE_BLESS=1 writes it anew"
    );
}

fn sum<'t>(tallies: impl Iterator<Item = &'t Tally>) -> Tally {
    tallies.fold(Tally::default(), |sum, tally| Tally {
        agreed: sum.agreed + tally.agreed,
        total: sum.total + tally.total,
    })
}

fn check_floor(tallies: &BTreeMap<(u8, usize), Tally>, unread: usize) {
    let mut now: Vec<(String, Tally)> = (0..CELLS.len())
        .map(|cell| {
            let own = tallies.iter().filter(|(key, _)| key.1 == cell);
            (CELLS[cell].to_string(), sum(own.map(|(_, tally)| tally)))
        })
        .collect();
    now.push(("all".into(), sum(tallies.values())));
    let mut text = String::from("cell\tagreed\tcompared\tpercent\n");
    for (name, tally) in &now {
        let _ = writeln!(
            text,
            "{name}\t{}\t{}\t{:.2}",
            tally.agreed,
            tally.total,
            percent(tally)
        );
    }
    let _ = writeln!(text, "cases not read\t{unread}\t\t");
    println!("{text}");
    let floor = read("agreement.txt");
    let fallen: Vec<&str> = now
        .iter()
        .filter(|(name, tally)| {
            floor
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{name}\t")))
                .and_then(|rest| rest.rsplit('\t').next()?.parse::<f64>().ok())
                .is_some_and(|least| percent(tally) + 0.005 < least)
        })
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(fallen.is_empty(), "agreement fell in: {fallen:?}");
    let most = floor
        .lines()
        .find_map(|line| line.strip_prefix("cases not read\t"))
        .and_then(|rest| rest.split('\t').next()?.parse::<usize>().ok());
    assert!(
        most.is_none_or(|most| unread <= most),
        "{unread} cases were not read, so that nothing of them was compared"
    );
    if bless() {
        std::fs::write(fixtures().join("agreement.txt"), text).unwrap();
    }
}

fn check_differences(differences: &Differences) {
    let known = read("known_differences.tsv");
    let reasons: BTreeMap<(&str, &str), &str> = known
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let key = (cells.next()?, cells.next()?);
            Some((key, cells.next_back()?))
        })
        .collect();
    let mut text = String::from("case\tcell\tversions\ttruth\tmodel\treason\n");
    let mut unexplained = Vec::new();
    for ((case, cell), (versions, truth, model)) in differences {
        let reason = reasons.get(&(case.as_str(), *cell)).copied().unwrap_or("");
        let line = format!(
            "{case}\t{cell}\t{}\t{truth}\t{model}",
            version_list(versions)
        );
        if reason.is_empty() {
            unexplained.push(line.clone());
        }
        let _ = writeln!(text, "{line}\t{reason}");
    }
    if bless() {
        std::fs::write(fixtures().join("known_differences.tsv"), &text).unwrap();
    }
    assert!(
        unexplained.is_empty(),
        "differences without a reason:\n{}",
        unexplained.join("\n")
    );
    if text != known {
        println!("known_differences.tsv is out of date; BOWLINE_BLESS=1 writes it anew");
    }
}

/// What the setup of the measured pairs of types made.
const TYPES: &str = "CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE mood2 AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN d_int AS int;
CREATE DOMAIN d_int_chk AS int CHECK (VALUE > 0);
CREATE DOMAIN d_text AS text;
CREATE DOMAIN d_varchar50 AS varchar(50);";

/// A measured change of type, and what was seen.
struct Pair {
    from: String,
    to: String,
    cast: String,
    rewrite: String,
    rebuild: String,
}

impl Pair {
    fn wrong(&self, plain: &Said, cast: &Said) -> Vec<&'static str> {
        let (table, index) = ("t", "i");
        let mut wrong = Vec::new();
        if plain.refused != (self.cast != "assign") || cast.refused != (self.cast == "none") {
            wrong.push("cast");
        }
        if self.cast == "none" {
            return wrong;
        }
        let done = if self.cast == "using" { cast } else { plain };
        let has =
            |names: &BTreeSet<String>, start: &str| names.iter().any(|n| n.starts_with(start));
        if !self.rewrite.is_empty() && has(&done.rewrites, table) != (self.rewrite == "yes") {
            wrong.push("rewrite");
        }
        if matches!(self.rebuild.as_str(), "yes" | "no")
            && has(&done.index_rebuilds, index) != (self.rebuild == "yes")
        {
            wrong.push("rebuild");
        }
        wrong
    }
}

/// The pairs of types by version, each as two changes of a table of its own:
/// with USING and without.
fn pairs() -> BTreeMap<u8, Vec<Pair>> {
    let mut pairs: BTreeMap<u8, Vec<Pair>> = BTreeMap::new();
    for line in read("postgres_types.tsv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [from, range, cast, rewrite, rebuild, targets] = cells[..] else {
            panic!("a row has six cells: {line}");
        };
        for to in targets.split("; ") {
            let versions = versions(range);
            for version in BTreeSet::from([*versions.start(), *versions.end()]) {
                pairs.entry(version).or_default().push(Pair {
                    from: from.into(),
                    to: to.into(),
                    cast: cast.into(),
                    rewrite: rewrite.into(),
                    rebuild: rebuild.into(),
                });
            }
        }
    }
    pairs
}

#[test]
fn changes_of_type_are_as_measured() {
    let mut wrong = Vec::new();
    let mut number = 0;
    for (version, pairs) in pairs() {
        let (mut setup, mut changes) = (TYPES.to_owned(), String::new());
        for (n, Pair { from, to, .. }) in pairs.iter().enumerate() {
            for (n, using) in [
                (2 * n, String::new()),
                (2 * n + 1, format!(" USING x::{to}")),
            ] {
                let _ = write!(
                    setup,
                    "CREATE TABLE t{n} (x {from}); CREATE INDEX i{n} ON t{n} (x);"
                );
                let _ = write!(changes, "ALTER TABLE t{n} ALTER COLUMN x TYPE {to}{using};");
            }
        }
        let document = inspect(&setup, &changes, Layout::Plain, version);
        let said: Vec<Said> = list(&document["statements"])
            .map(|s| Said::of([s]))
            .collect();
        assert_eq!(said.len(), 2 * pairs.len());
        for (pair, said) in pairs.iter().zip(said.chunks_exact(2)) {
            number += 1;
            let Pair { from, to, .. } = pair;
            assert!(
                !said[0].unread && !said[1].unread,
                "{from} to {to} was not read"
            );
            for what in pair.wrong(&said[0], &said[1]) {
                wrong.push(format!("{from} to {to}, {version}: {what}"));
            }
        }
    }
    assert!(number > 7000, "{number} pairs");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Statements about tables that the history never saw, in any order, and cut
/// off anywhere: whatever comes out, it comes out.
#[test]
fn nothing_is_known_and_nothing_breaks() {
    for row in rows("postgres.tsv") {
        let text = &row.statement;
        let cuts = text.char_indices().map(|(n, _)| n).step_by(19);
        for end in cuts.chain([text.len()]) {
            inspect("", &text[..end], Layout::Plain, 18);
        }
    }
}
