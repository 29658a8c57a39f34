//! The model of PostgreSQL against what real servers did.
//!
//! Each row of `fixtures/truth/postgres.tsv` is replayed for each of its
//! versions: the setup as one migration, the statement as the next; then every
//! measured cell is compared with what the model says. Agreement may not fall
//! below `agreement.txt`, and every difference stands in
//! `known_differences.tsv` with its reason. `BOWLINE_BLESS=1` writes both
//! anew. See `fixtures/truth/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

mod measured;

use bowline::effect::{Effect, LockMode, ScanKind, Scene, postgres};
use bowline::operation::{self, Action, Operation};
use bowline::schema::{Key, Relation, Schema};
use bowline::source::Span;
use bowline::statement::split::{SplitOptions, split};
use measured::{Row, bless, expand, fixture_texts, fixtures, read, rows, version_list, versions};

const CELLS: [&str; 5] = [
    "in_transaction",
    "locks",
    "rewrites",
    "index_rebuilds",
    "scans",
];

/// What was seen, or what the model says: one text per cell.
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

fn statements(text: &str) -> Vec<operation::Statement> {
    let whole = Span::new(0, text.len() as u32);
    let mut tokens = Vec::new();
    split(text, whole, SplitOptions::default())
        .statements
        .iter()
        .map(|raw| operation::read(text, raw, &mut tokens))
        .collect()
}

fn is_unread(operation: &Operation) -> bool {
    matches!(
        operation.action,
        Action::Unparsed { .. } | Action::Opaque { .. }
    )
}

fn replay(schema: &mut Schema, text: &str) -> bool {
    let mut unread = false;
    for statement in statements(text) {
        for operation in &statement.operations {
            unread |= is_unread(operation);
            schema.apply(operation, 0);
        }
    }
    unread
}

struct Run {
    locks: BTreeMap<String, LockMode>,
    rewrites: BTreeSet<String>,
    index_rebuilds: BTreeSet<String>,
    scans: BTreeSet<String>,
    created: BTreeSet<String>,
    refused: bool,
    unread: bool,
    /// A transaction is open, or one string holds several statements.
    in_transaction: bool,
}

impl Run {
    fn new(in_transaction: bool) -> Self {
        Self {
            locks: BTreeMap::new(),
            rewrites: BTreeSet::new(),
            index_rebuilds: BTreeSet::new(),
            scans: BTreeSet::new(),
            created: BTreeSet::new(),
            refused: false,
            unread: false,
            in_transaction,
        }
    }

    fn statement(&mut self, schema: &mut Schema, statement: &operation::Statement, version: u8) {
        for operation in &statement.operations {
            self.unread |= is_unread(operation);
            let effect = postgres::effect(&Scene {
                operation,
                siblings: &statement.operations,
                schema,
                version,
            });
            let filled = touches_rows(schema, &effect);
            self.refused |= effect.forbidden_in_transaction.is_some() && self.in_transaction
                || effect
                    .refusal
                    .as_ref()
                    .is_some_and(|refusal| !refusal.on_rows || filled);
            self.union(&effect);
            self.refused |= schema
                .apply(operation, 0)
                .is_some_and(|conflict| !conflict.why.is_empty());
        }
    }

    fn union(&mut self, effect: &Effect) {
        for lock in &effect.locks {
            let name = lock.relation.to_string();
            if lock.created {
                self.created.insert(name);
            } else if !self.created.contains(&name) {
                let mode = self.locks.entry(name).or_insert(lock.mode);
                *mode = lock.mode.max(*mode);
            }
        }
        let names = |keys: &[Key]| keys.iter().map(Key::to_string).collect::<Vec<_>>();
        self.rewrites.extend(names(&effect.rewrites));
        self.index_rebuilds.extend(names(&effect.index_rebuilds));
        for scan in &effect.scans {
            match scan.kind {
                ScanKind::Partial => {}
                ScanKind::Blocks => {
                    self.scans.insert(format!("{}(blocks)", scan.relation));
                }
                ScanKind::Index => {
                    self.scans.insert(format!("{}(index)", scan.relation));
                }
                ScanKind::Full => {
                    self.scans.insert(scan.relation.to_string());
                }
            }
        }
    }

    fn outcome(mut self) -> Outcome {
        let created = std::mem::take(&mut self.created);
        let join = |names: BTreeSet<String>| {
            let names: Vec<String> = names.into_iter().filter(|n| !created.contains(n)).collect();
            names.join(";")
        };
        let locks = self
            .locks
            .iter()
            .map(|(name, mode)| format!("{name}={}", mode.pg_name()))
            .collect();
        Outcome {
            unread: self.unread,
            cells: [
                if self.refused { "error" } else { "ok" }.into(),
                join_all(locks),
                join(self.rewrites),
                join(self.index_rebuilds),
                join(self.scans),
            ],
        }
    }
}

fn join_all(names: BTreeSet<String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(";")
}

/// Does the statement touch a table that the setup filled?
fn touches_rows(schema: &Schema, effect: &Effect) -> bool {
    effect.locks.iter().any(|lock| {
        matches!(schema.relation_by_key(&lock.relation), Some(Relation::Table(t)) if t.filled)
    })
}

fn predict(row: &Row, version: u8, fixtures: &BTreeMap<String, String>) -> Outcome {
    let mut schema = Schema::default();
    schema.begin_migration(0);
    let setup = expand(&row.setup, fixtures, &mut BTreeSet::new());
    let mut unread = replay(&mut schema, &setup);
    schema.begin_migration(1);
    let texts = statements(&row.statement);
    let mut before = Run::new(true);
    for statement in statements(&row.before) {
        before.statement(&mut schema, &statement, version);
    }
    unread |= before.unread;
    let mut run = Run::new(!row.one_string || texts.len() > 1);
    run.locks = before.locks;
    for name in before.created {
        run.locks.insert(name, LockMode::AccessExclusive);
    }
    for statement in texts {
        run.statement(&mut schema, &statement, version);
    }
    let mut outcome = run.outcome();
    outcome.unread |= unread;
    outcome
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
    check_floor(&tallies, unread.len());
    check_differences(&differences);
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

/// Does the server refuse, rewrite the table, rebuild the index?
fn alter_type(from: &str, to: &str, using: &str, version: u8) -> (bool, bool, bool) {
    let mut schema = Schema::default();
    schema.begin_migration(0);
    replay(&mut schema, TYPES);
    replay(
        &mut schema,
        &format!("CREATE TABLE t (x {from}); CREATE INDEX i ON t (x);"),
    );
    schema.begin_migration(1);
    let mut run = Run::new(true);
    for statement in statements(&format!("ALTER TABLE t ALTER COLUMN x TYPE {to}{using}")) {
        run.statement(&mut schema, &statement, version);
    }
    assert!(!run.unread, "{from} to {to} was not read");
    (
        run.refused,
        run.rewrites.contains("t"),
        run.index_rebuilds.contains("i"),
    )
}

#[test]
fn changes_of_type_are_as_measured() {
    let mut wrong = Vec::new();
    let mut pairs = 0;
    for line in read("postgres_types.tsv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [from, range, cast, rewrite, rebuild, targets] = cells[..] else {
            panic!("a row has six cells: {line}");
        };
        for to in targets.split("; ") {
            for version in versions(range) {
                if version != *versions(range).start() && version != *versions(range).end() {
                    continue;
                }
                pairs += 1;
                let using = format!(" USING x::{to}");
                let plain = alter_type(from, to, "", version);
                let cast_here = alter_type(from, to, &using, version);
                if plain.0 != (cast != "assign") || cast_here.0 != (cast == "none") {
                    wrong.push(format!("{from} to {to}, {version}: cast is {cast}"));
                }
                let done = if cast == "using" { cast_here } else { plain };
                if !rewrite.is_empty() && cast != "none" && done.1 != (rewrite == "yes") {
                    wrong.push(format!("{from} to {to}, {version}: rewrite is {rewrite}"));
                }
                if matches!(rebuild, "yes" | "no") && cast != "none" && done.2 != (rebuild == "yes")
                {
                    wrong.push(format!("{from} to {to}, {version}: rebuild is {rebuild}"));
                }
            }
        }
    }
    assert!(pairs > 7000, "{pairs} pairs");
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
        let cuts = text.char_indices().map(|(n, _)| n).step_by(7);
        for end in cuts.chain([text.len()]) {
            let mut schema = Schema::default();
            schema.begin_migration(0);
            let mut run = Run::new(true);
            for statement in statements(&text[..end]) {
                run.statement(&mut schema, &statement, 18);
            }
        }
    }
}
