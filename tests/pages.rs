//! Every fenced `sql` block of every rule page is a test of that rule.

use std::sync::atomic::AtomicUsize;

use bowline::analysis;
use bowline::config::Config;
use bowline::finding::Severity;
use bowline::page::{Example, Page};
use bowline::project::{File, Layout, Options, organise};
use bowline::rule::{Check, Rule};
use bowline::rules;
use libtest_mimic::{Arguments, Failed, Trial};

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
        (Some(Layout::Prisma), _) => ("20240101000000_example/migration.sql", ""),
        (Some(Layout::Flyway | Layout::Refinery), _) => ("V1__example.sql", ""),
        (Some(Layout::Sqitch), _) => ("deploy/example.sql", ""),
        (Some(Layout::Tern), _) => ("001_example.sql", ""),
        (_, true) => ("0001_example.down.sql", ""),
        (Some(Layout::GolangMigrate), false) => ("0001_example.up.sql", ""),
        _ => ("0001_example.sql", ""),
    }
}

fn run(rule: &'static Rule, example: &Example) -> Result<(), Failed> {
    let layout = example.layout();
    let (default_name, header) = scene(layout, example.has("down"));
    let mut files = Vec::new();
    let mut expected: Vec<(String, u32, Severity)> = Vec::new();
    let count = example.files.len();
    for (n, file) in example.files.iter().enumerate() {
        let name = if file.name.is_empty() {
            default_name
        } else {
            &file.name
        };
        let marked = ["-- +goose", "-- +migrate", "migrate:up", "--changeset"]
            .iter()
            .any(|marker| file.text.contains(marker));
        let header = if marked || !name.ends_with(".sql") {
            ""
        } else {
            header
        };
        let mut text = format!("{header}{}", file.text);
        if let Some(phase) = example.phase().filter(|_| n + 1 == count) {
            text.push_str(&format!("\n-- bowline: phase {}\n", phase.name()));
        }
        let shift = header.matches('\n').count() as u32;
        for (line, severity) in &file.marks {
            expected.push((format!("migrations/{name}"), line + shift, *severity));
        }
        files.push(File::new(format!("migrations/{name}"), text));
    }
    let options = Options {
        layout: Some(layout.unwrap_or(Layout::Plain)),
        ..Options::default()
    };
    let project = organise(files, &options);
    let asked = if example.is_switched_on() {
        format!("[rules]\n{} = \"on\"\n", rule.id)
    } else {
        String::new()
    };
    let config = Config::parse(&asked, "bowline.toml".as_ref(), &[rule.id])
        .map_err(|error| error.to_string())?;
    let report = analysis::run(project, &config, example.dialect(), &AtomicUsize::new(0));
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
    let all: Vec<String> = report
        .findings
        .iter()
        .map(|f| {
            format!(
                "{} [{}] {}",
                report.sources[f.source].path(),
                f.rule,
                f.message
            )
        })
        .collect();
    Err(format!(
        "rules/{}.md:{}\nexpected {expected:?}\nfound    {found:?}\nall findings:\n  {}\nproblems: {:?}",
        rule.id,
        example.line,
        all.join("\n  "),
        report.problems
    )
    .into())
}
