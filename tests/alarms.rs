//! Alarm where the server rewrites, scans under a strong lock, refuses or
//! loses data; silence where it is cheap and safe.
//!
//! Each measured row becomes a project of two migrations: the setup, then the
//! statement. What to expect follows from the measurement; what a measurement
//! cannot show (data that is gone, work hidden from the statistics) stands in
//! `alarms_judged.tsv`. Cases that come out wrong stand in `alarms_known.tsv`
//! with a reason. `BOWLINE_BLESS=1` writes that list anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::AtomicUsize;

use bowline::analysis;
use bowline::config::Config;
use bowline::dialect::Dialect;
use bowline::finding::{Finding, Severity};
use bowline::page::{Group, Page};
use bowline::project::{File, Layout, Options, organise};
use bowline::rules;

mod measured;

use measured::{Row, bless, expand, fixture_texts, fixtures, read, rows, version_list};

const CHANGE: &str = "migrations/0002_change.up.sql";

/// How the statement reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Statement by statement.
    Plain,
    /// Between BEGIN and COMMIT.
    Transaction,
    /// As one string.
    OneString,
}

impl Form {
    fn layout(self) -> Layout {
        match self {
            Form::OneString => Layout::GolangMigrate,
            Form::Plain | Form::Transaction => Layout::Plain,
        }
    }

    /// The forms that a row says something of, and whether the server refuses
    /// there.
    fn of(row: &Row) -> Vec<(Form, bool)> {
        let success = row.cells[0].as_str();
        let refused = success != "ok";
        if success == "not measured" {
            return Vec::new();
        }
        if row.one_string {
            return vec![(Form::OneString, refused)];
        }
        if success.starts_with("error 25001") {
            let mut forms = vec![(Form::Transaction, true)];
            if row.cells[1] != "-" {
                forms.push((Form::Plain, false));
            }
            return forms;
        }
        let several = row.statement.trim_end_matches(';').contains("; ");
        let ends = success.starts_with("error 2D000");
        if several || ends || !row.before.is_empty() {
            return vec![(Form::Transaction, refused)];
        }
        vec![(Form::Plain, refused)]
    }

    fn text(self, row: &Row) -> String {
        let body = match row.before.as_str() {
            "" => row.statement.clone(),
            before => format!("{before};\n{}", row.statement),
        };
        match self {
            Form::Transaction => format!("BEGIN;\n{body};\nCOMMIT;\n"),
            Form::Plain | Form::OneString => format!("{body};\n"),
        }
    }
}

fn existing(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';')
        .filter(|name| !name.is_empty() && *name != "-" && !name.starts_with('+'))
}

fn blocks_writes(mode: &str) -> bool {
    matches!(
        mode,
        "ShareLock" | "ShareRowExclusiveLock" | "ExclusiveLock" | "AccessExclusiveLock"
    )
}

/// Does somebody wait while the server works? Nobody writes to a materialized
/// view, so that there only readers count; and an index that is built beside
/// the old one is locked only at the end.
fn works_under_lock(row: &Row, setup: &str) -> bool {
    let [_, locks, rewrites, rebuilds, scans] = &row.cells;
    let made_before: BTreeSet<&str> = row
        .before
        .split("CREATE TABLE ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    let blocked = existing(locks)
        .filter_map(|lock| lock.split_once('='))
        .filter(|(name, _)| !made_before.contains(name) && !locks.contains(&format!("+{name}=")))
        .any(|(name, mode)| {
            let view = setup.contains(&format!("MATERIALIZED VIEW {name} "));
            blocks_writes(mode) && (!view || mode == "AccessExclusiveLock")
        });
    let new = |name: &&str| !made_before.contains(name.split('(').next().unwrap());
    let work = existing(rewrites).any(|n| new(&n))
        || existing(rebuilds).next().is_some()
        || existing(scans).any(|n| new(&n));
    blocked && work
}

fn judgements() -> BTreeMap<String, bool> {
    read("alarms_judged.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split('\t');
            let case = cells.next().unwrap().to_string();
            (case, cells.next() == Some("alarm"))
        })
        .collect()
}

struct Groups(BTreeMap<&'static str, Group>);

impl Groups {
    fn all() -> Self {
        Self(
            rules::ALL
                .iter()
                .map(|rule| (rule.id, Page::parse(rule.page).unwrap().head.group))
                .collect(),
        )
    }

    /// What may not be said of something cheap and safe. That a change breaks
    /// the old release is true of cheap ones too.
    fn disturbs(&self, finding: &Finding) -> bool {
        finding.severity >= Severity::Warning
            && matches!(
                self.0[finding.rule],
                Group::Deploy | Group::Undo | Group::Transactions | Group::Trust
            )
    }

    fn alarms(&self, finding: &Finding) -> bool {
        self.disturbs(finding)
            || finding.severity >= Severity::Warning && self.0[finding.rule] == Group::OldRelease
    }
}

fn findings(setup: &str, text: String, form: Form, version: u8) -> Vec<Finding> {
    let files = vec![
        File::new("migrations/0001_setup.up.sql", setup),
        File::new(CHANGE, text),
    ];
    let options = Options {
        layout: Some(form.layout()),
        ..Options::default()
    };
    let ids: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    let config = Config::parse(
        "[rules]\nmissing-down = \"off\"\n",
        "bowline.toml".as_ref(),
        &ids,
    )
    .unwrap();
    let dialect = Dialect::postgres(version);
    let project = organise(files, &options);
    let report = analysis::run(project, &config, Some(dialect), &AtomicUsize::new(0));
    let sources = &report.sources;
    report
        .findings
        .into_iter()
        .filter(|finding| sources[finding.source].path() == CHANGE)
        .collect()
}

/// By case, form and kind of mistake: the versions, and what was said.
type Wrong = BTreeMap<(&'static str, String, Form), (BTreeSet<u8>, String)>;

#[derive(Default)]
struct Score {
    cases: BTreeSet<String>,
    wrong: Wrong,
}

impl Score {
    fn wrong_cases(&self) -> BTreeSet<&str> {
        self.wrong
            .keys()
            .map(|(_, case, _)| case.as_str())
            .collect()
    }

    fn judge(&mut self, row: &Row, expected: bool, said: &Said) {
        self.cases.insert(row.case.clone());
        let mistake = match (expected, said.alarm, said.disturbed) {
            (true, false, _) => "missed",
            (false, _, true) => "false",
            _ => return,
        };
        let key = (mistake, row.case.clone(), said.form);
        let entry = self
            .wrong
            .entry(key)
            .or_insert_with(|| (BTreeSet::new(), said.rules.clone()));
        entry.0.insert(said.version);
    }
}

struct Said {
    form: Form,
    version: u8,
    alarm: bool,
    disturbed: bool,
    rules: String,
}

fn ask(setup: &str, row: &Row, form: Form, version: u8, groups: &Groups) -> Said {
    let found = findings(setup, form.text(row), form, version);
    let rules: BTreeSet<String> = found
        .iter()
        .map(|f| format!("{}:{:?}", f.rule, f.severity).to_lowercase())
        .collect();
    Said {
        form,
        version,
        alarm: found.iter().any(|f| groups.alarms(f)),
        disturbed: found.iter().any(|f| groups.disturbs(f)),
        rules: rules.into_iter().collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn alarms_and_silence_are_as_measured() {
    let texts = fixture_texts();
    let judged = judgements();
    let groups = Groups::all();
    let mut score = Score::default();
    let scripts = rows("adversarial.tsv");
    for row in rows("postgres.tsv").into_iter().chain(scripts) {
        let setup = expand(&row.setup, &texts, &mut BTreeSet::new());
        let measured = works_under_lock(&row, &setup);
        for (form, refused) in Form::of(&row) {
            let expected = refused || judged.get(&row.case).copied().unwrap_or(measured);
            for version in row.versions.clone() {
                score.judge(&row, expected, &ask(&setup, &row, form, version, &groups));
            }
        }
    }
    check(&score);
}

fn check(score: &Score) {
    let known = read("alarms_known.tsv");
    let reasons: BTreeMap<(&str, &str, &str), &str> = known
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let key = (cells.next()?, cells.next()?, cells.next()?);
            Some((key, cells.next_back()?))
        })
        .collect();
    let mut text = String::from("mistake\tcase\tform\tversions\tsaid\treason\n");
    let mut unexplained = Vec::new();
    for ((mistake, case, form), (versions, said)) in &score.wrong {
        let form = format!("{form:?}");
        let reason = reasons.get(&(*mistake, case, &form)).copied().unwrap_or("");
        let line = format!(
            "{mistake}\t{case}\t{form}\t{}\t{said}",
            version_list(versions)
        );
        if reason.is_empty() {
            unexplained.push(line.clone());
        }
        let _ = writeln!(text, "{line}\t{reason}");
    }
    let right = score.cases.len() - score.wrong_cases().len();
    println!(
        "{right} of {} cases right: {:.1} %",
        score.cases.len(),
        100.0 * right as f64 / score.cases.len() as f64
    );
    if bless() {
        std::fs::write(fixtures().join("alarms_known.tsv"), &text).unwrap();
    }
    assert!(
        unexplained.is_empty(),
        "{} wrong without a reason:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
}
