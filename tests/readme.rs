//! What the README shows is what the program does.

use std::process::Command;
use std::sync::atomic::AtomicUsize;

use bowline::analysis;
use bowline::config::Config;
use bowline::page::Page;
use bowline::project::{File, Options, organise};
use bowline::rules;

const README: &str = include_str!("../README.md");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(block.join("\n"));
        } else if line.starts_with("```") {
            lines.by_ref().find(|line| *line == "```");
        }
    }
    assert!(!found.is_empty(), "the README has `{language}` blocks");
    found
}

/// The output of a command as the README writes it.
fn output(command: &str, code: &mut Option<i32>) -> String {
    if command == "echo $?" {
        return code.map(|code| code.to_string()).unwrap_or_default();
    }
    let arguments = command
        .strip_prefix("cargo run --release -- ")
        .or_else(|| command.strip_prefix("bowline "))
        .unwrap_or_else(|| panic!("`{command}` is not bowline"));
    let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(arguments.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs");
    *code = output.status.code();
    String::from_utf8(output.stdout).expect("the report is UTF-8")
}

/// Finds `shown` in `real`, where a line `…` stands for any lines.
fn hold(shown: &[&str], real: &str) {
    let real: Vec<&str> = real.trim_end().lines().collect();
    let mut at = 0;
    let mut may_skip = false;
    for part in shown.split(|line| *line == "…") {
        if !part.is_empty() {
            let furthest = if may_skip { real.len() } else { at };
            let found = (at..=furthest).find(|start| real[*start..].starts_with(part));
            let Some(start) = found else {
                panic!(
                    "the output does not show, from line {}:\n{}\n\nit is:\n{}",
                    at + 1,
                    part.join("\n"),
                    real.join("\n")
                );
            };
            at = start + part.len();
        }
        may_skip = true;
    }
    let ends = shown.last() == Some(&"…") || at == real.len();
    assert!(ends, "the output goes on:\n{}", real[at..].join("\n"));
}

#[test]
fn sessions_are_real() {
    let mut commands = 0;
    for block in blocks("console") {
        let mut code = None;
        for command in block.split("$ ").skip(1).filter(|text| !text.is_empty()) {
            let mut lines = command.trim_end().lines();
            let real = output(lines.next().unwrap_or(""), &mut code);
            hold(&lines.collect::<Vec<_>>(), &real);
            commands += 1;
        }
    }
    assert!(commands > 0, "the README runs bowline");
}

#[test]
fn configurations_are_understood() {
    let rules: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    for block in blocks("toml") {
        Config::parse(&block, "bowline.toml".as_ref(), &rules).expect("the example is right");
    }
}

#[test]
fn the_page_for_contributors_has_the_form_of_a_page() {
    let text = include_str!("../CONTRIBUTING.md");
    let (_, rest) = text.split_once("````markdown\n").expect("it shows a page");
    let (page, _) = rest.split_once("````").expect("the page ends");
    let page = Page::parse(page).expect("the page is in form");
    assert_eq!(page.examples.len(), 2);
}

#[test]
fn directives_are_understood() {
    const TABLES: &str = "CREATE TYPE order_state AS ENUM ('open', 'paid');
        CREATE TABLE orders (id bigint PRIMARY KEY, status text, state order_state);";
    for block in blocks("sql") {
        let files = vec![
            File::new("migrations/0001_init.sql", TABLES),
            File::new("migrations/0002_example.sql", block.as_str()),
        ];
        let project = organise(files, &Options::default());
        let report = analysis::run(project, &Config::default(), None, &AtomicUsize::new(0));
        let wrong: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.rule != "missing-down")
            .map(|finding| finding.message.as_str())
            .collect();
        assert!(wrong.is_empty(), "{block}\n{wrong:?}");
    }
}
