//! Every fenced `sql` block of every rule page is a test of that rule.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::AtomicUsize;

use bowline::analysis;
use bowline::config::Config;
use bowline::effect::LockMode;
use bowline::finding::{Finding, Severity};
use bowline::fix::{self, Texts};
use bowline::page::{Example, ExampleFile, Page};
use bowline::project::{File, Layout, Options, organise};
use bowline::report::Report;
use bowline::rule::{Check, Rule};
use bowline::rules;
use libtest_mimic::{Arguments, Failed, Trial};
use measured::{Row, rows};
use strum::IntoEnumIterator;

mod measured;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for rule in rules::ALL {
        match Page::parse(rule.page) {
            Err(error) => trials.push(Trial::test(rule.id, move || {
                Err(format!("rules/{}.md:{}: {}", rule.id, error.line, error.message).into())
            })),
            Ok(page) => add_page(rule, &page, &mut trials),
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn add_page(rule: &'static Rule, page: &Page, trials: &mut Vec<Trial>) {
    let id = page.head.id;
    let marked = |e: &&Example| e.files.iter().any(|f| !f.marks.is_empty());
    let reporting = page.examples.iter().filter(marked).count();
    let silent = page.examples.len() - reporting;
    trials.push(Trial::test(format!("{}: page", rule.id), move || {
        if id != rule.id {
            return Err(format!("the page calls itself `{id}`").into());
        }
        let enough = reporting >= 3 && silent >= 3;
        if !enough && !matches!(rule.check, Check::Builtin) {
            return Err(format!("{reporting} reporting and {silent} silent examples").into());
        }
        Ok(())
    }));
    for (before, after) in page.examples.iter().zip(page.examples.iter().skip(1)) {
        if after.has("fixed") {
            let name = format!("{}: fixed, line {}", rule.id, after.line);
            let (before, after) = (before.clone(), after.clone());
            trials.push(Trial::test(name, move || fixes(rule, &before, &after)));
        }
    }
    let examples = page.examples.clone();
    let head = page.head.clone();
    let claims = claims(&prose(page));
    trials.push(Trial::test(
        format!("{}: claims are measured", rule.id),
        move || are_measured(&head.measured, &claims),
    ));
    trials.push(Trial::test(
        format!("{}: fixes are shown", rule.id),
        move || fixes_are_shown(rule, &examples),
    ));
    for example in &page.examples {
        let name = format!("{}: line {}", rule.id, example.line);
        let example = example.clone();
        trials.push(Trial::test(name, move || run(rule, &example)));
    }
}

/// What an example's file is called where it does not say, and what a tool
/// wants to stand above its SQL.
fn scene(layout: Option<Layout>, down: bool) -> (&'static str, &'static str) {
    match (layout, down) {
        (Some(Layout::Goose), _) => ("00001_example.sql", "-- +goose Up\n"),
        (Some(Layout::Dbmate), _) => ("20240101000000_example.sql", "-- migrate:up\n"),
        (Some(Layout::SqlMigrate), _) => ("001_example.sql", "-- +migrate Up\n"),
        (Some(Layout::Liquibase), _) => (
            "example.sql",
            "--liquibase formatted sql\n--changeset a:1\n",
        ),
        (Some(Layout::Diesel), _) => ("2024-01-01-000000_example/up.sql", ""),
        (Some(Layout::Hasura), _) => ("1704164645000_example/up.sql", ""),
        (Some(Layout::Prisma), _) => ("20240101000000_example/migration.sql", ""),
        (Some(Layout::Flyway | Layout::Refinery), _) => ("V1__example.sql", ""),
        (Some(Layout::Sqitch), _) => ("deploy/example.sql", ""),
        (Some(Layout::Tern), _) => ("001_example.sql", ""),
        (_, true) => ("0001_example.down.sql", ""),
        (Some(Layout::GolangMigrate | Layout::Pop), false) => ("0001_example.up.sql", ""),
        _ => ("0001_example.sql", ""),
    }
}

/// A rule that fixes something shows what comes of it, and no other does.
fn fixes_are_shown(rule: &'static Rule, examples: &[Example]) -> Result<(), Failed> {
    let is_shown = examples.iter().any(|example| example.has("fixed"));
    let mut fixes = false;
    for example in examples {
        let report = report(rule, example, unmarked(example))?;
        let mut findings = report.findings.iter();
        fixes |= findings.any(|finding| finding.rule == rule.id && finding.fix.is_some());
    }
    match (fixes, is_shown) {
        (true, false) => Err("it has a fix, and no block `fixed` shows what that gives".into()),
        (false, true) => Err("a block is `fixed`, and nothing is fixed".into()),
        _ => Ok(()),
    }
}

const SEVERITIES: [&str; 3] = ["error", "warning", "info"];

/// Where an example's files lie.
const FOLDER: &str = "migrations/";

/// A file of an example as its tool would read it.
struct Written {
    path: String,
    text: String,
    /// Lines on which the rule has to report.
    marks: Vec<(u32, Severity)>,
}

fn written(example: &Example) -> Vec<Written> {
    let (default_name, header) = scene(example.layout(), example.has("down"));
    let count = example.files.len();
    let file = |(n, file): (usize, &ExampleFile)| {
        let name = match file.name.as_str() {
            "" => default_name,
            name => name,
        };
        let marked = ["-- +goose", "-- +migrate", "migrate:up", "--changeset"]
            .iter()
            .any(|marker| file.text.contains(marker));
        let header = match marked || !name.ends_with(".sql") {
            true => "",
            false => header,
        };
        let mut text = format!("{header}{}", file.text);
        if let Some(phase) = example.phase().filter(|_| n + 1 == count) {
            text.push_str(&format!("\n-- bowline: phase {}\n", phase.name()));
        }
        let shift = header.matches('\n').count() as u32;
        let marks = file.marks.iter();
        Written {
            path: format!("{FOLDER}{name}"),
            text,
            marks: marks.map(|(line, s)| (line + shift, *s)).collect(),
        }
    };
    example.files.iter().enumerate().map(file).collect()
}

fn report(
    rule: &'static Rule,
    example: &Example,
    files: impl IntoIterator<Item = (String, String)>,
) -> Result<Report, Failed> {
    let files = files.into_iter().map(|(path, text)| File::new(path, text));
    let options = Options {
        layout: Some(example.layout().unwrap_or(Layout::Plain)),
        ..Options::default()
    };
    let project = organise(files.collect(), &options);
    let asked = if example.is_switched_on() {
        format!("[rules]\n{} = \"on\"\n", rule.id)
    } else {
        String::new()
    };
    let config = Config::parse(&asked, "bowline.toml".as_ref(), &[rule.id])
        .map_err(|error| error.to_string())?;
    Ok(analysis::run(
        project,
        &config,
        example.dialect(),
        &AtomicUsize::new(0),
    ))
}

fn run(rule: &'static Rule, example: &Example) -> Result<(), Failed> {
    let files = written(example);
    let mut expected: Vec<(String, u32, Severity)> = files
        .iter()
        .flat_map(|file| file.marks.iter().map(|(n, s)| (file.path.clone(), *n, *s)))
        .collect();
    let report = report(rule, example, files.into_iter().map(|f| (f.path, f.text)))?;
    let mut found: Vec<(String, u32, Severity)> = report
        .findings
        .iter()
        .filter(|f| f.rule == rule.id)
        .map(|f| {
            let source = &report.sources[f.source];
            let line = source.position(f.span.start).line;
            (source.path().to_owned(), line, f.severity)
        })
        .collect();
    expected.sort();
    found.sort();
    found.dedup();
    if expected == found {
        return Ok(());
    }
    Err(format!(
        "rules/{}.md:{}\nexpected {expected:?}\nfound    {found:?}\nall findings:\n  {}\nproblems: {:?}",
        rule.id,
        example.line,
        listed(&report).join("\n  "),
        report.problems
    )
    .into())
}

fn listed(report: &Report) -> Vec<String> {
    let path = |finding: &Finding| report.sources[finding.source].path();
    let line = |f: &Finding| format!("{} [{}] {}", path(f), f.rule, f.message);
    report.findings.iter().map(line).collect()
}

/// The fixes of a rule, all of them applied to an example, give what the block
/// behind it shows; and where they are safe nothing is found there that was not
/// found before.
fn fixes(rule: &'static Rule, before: &Example, after: &Example) -> Result<(), Failed> {
    let place = format!("rules/{}.md:{}", rule.id, after.line);
    let files: Texts = unmarked(before);
    let judge = |texts: &Texts| {
        let mut files = files.clone();
        files.extend(texts.clone());
        let mut report = report(rule, before, files)?;
        report.findings.retain(|finding| finding.rule == rule.id);
        Ok(report)
    };
    let outcome = fix::apply(judge, |_| true).map_err(|failed: Failed| failed)?;
    let mut fixed = files.clone();
    fixed.extend(outcome.texts);
    let wanted = unmarked(after);
    if fixed != wanted {
        return Err(format!("{place}\nthe fix gives {fixed:#?}\nthe page says {wanted:#?}").into());
    }
    let fixes = report(rule, before, files.clone())?.findings;
    let mut fixes = fixes.iter().filter(|f| f.rule == rule.id);
    if !fixes.all(|finding| finding.fix.as_ref().is_none_or(|fix| fix.safe)) {
        return Ok(());
    }
    let rules = |files: Texts| -> Result<BTreeSet<&str>, Failed> {
        let report = report(rule, before, files)?;
        Ok(report.findings.iter().map(|finding| finding.rule).collect())
    };
    let new = &rules(fixed)? - &rules(files)?;
    match new.is_empty() {
        true => Ok(()),
        false => Err(format!("{place}\nthe fix leads to {new:?}").into()),
    }
}

/// An example's files without the marks.
fn unmarked(example: &Example) -> Texts {
    let plain = |file: Written| {
        let mut lines: Vec<&str> = file.text.split('\n').collect();
        for (number, _) in &file.marks {
            let line = &mut lines[*number as usize - 1];
            let marked = line.rsplit_once("--");
            // A directive's mark is not in its text.
            let marked = marked.filter(|(_, mark)| SEVERITIES.contains(&mark.trim()));
            *line = marked.map_or(*line, |(sql, _)| sql.trim_end());
        }
        (file.path, lines.join("\n"))
    };
    written(example).into_iter().map(plain).collect()
}

/// Something that a page says of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Lock(LockMode),
    Rewrite,
    Scan,
    Refusal,
}

impl Claim {
    /// Does a measured row show it?
    fn is_shown_by(self, row: &Row) -> bool {
        let [success, locks, rewrites, _, scans] = &row.cells;
        let there = |cell: &str| !cell.is_empty() && cell != "-";
        match self {
            Claim::Lock(mode) => locks.split(';').any(|lock| {
                lock.split_once('=')
                    .is_some_and(|(name, held)| !name.starts_with('+') && held == mode.pg_name())
            }),
            Claim::Rewrite => there(rewrites),
            Claim::Scan => there(scans),
            Claim::Refusal => success.starts_with("error"),
        }
    }
}

/// The sentences of a page on one line, without examples and references.
fn prose(page: &Page) -> String {
    let mut text = page.title.to_owned();
    let mut fenced = false;
    for line in page.body.lines() {
        if line.starts_with("## References") {
            break;
        }
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            text.push(' ');
            text.push_str(line);
        }
    }
    text
}

/// What a text says of locks, rewrites, scans and refusals. What stands between
/// backticks is a name, unless it is that of a lock.
fn claims(prose: &str) -> Vec<Claim> {
    let mut found: Vec<Claim> = LockMode::iter()
        .filter(|mode| prose.contains(&format!("`{}`", mode.sql_name())))
        .map(Claim::Lock)
        .collect();
    let plain: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let lower = plain.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    if says(&[
        "rewrit",
        "written anew",
        "writes the table anew",
        "writes the whole table",
    ]) {
        found.push(Claim::Rewrite);
    }
    if says(&[
        " scan",
        "reads every row",
        "reads all rows",
        "reads the whole table",
    ]) {
        found.push(Claim::Scan);
    }
    if says(&[
        "postgresql refuses",
        "server refuses",
        "server always refuses",
    ]) {
        found.push(Claim::Refusal);
    }
    found
}

static MEASURED: LazyLock<Vec<Row>> = LazyLock::new(|| rows("postgres.tsv"));

/// Each claim of a page is shown by a case that the page names.
fn are_measured(cases: &[&str], claims: &[Claim]) -> Result<(), Failed> {
    let named = |case: &&str| MEASURED.iter().any(|row| row.case == **case);
    if let Some(case) = cases.iter().find(|case| !named(case)) {
        return Err(format!("fixtures/truth/postgres.tsv has no case `{case}`").into());
    }
    let rows = || {
        MEASURED
            .iter()
            .filter(|row| cases.contains(&row.case.as_str()))
    };
    let shown = |claim: &&Claim| rows().any(|row| claim.is_shown_by(row));
    if let Some(claim) = claims.iter().find(|claim| !shown(claim)) {
        return Err(format!("no case that `measured` names shows this: {claim:?}").into());
    }
    Ok(())
}
