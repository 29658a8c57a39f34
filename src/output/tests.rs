//! One report in every form, held against snapshots and schemas.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use strum::IntoEnumIterator;

use super::*;
use crate::dialect::Dialect;
use crate::finding::{Confidence, Edit, Finding, Fix, Related, Severity};
use crate::page::Page;
use crate::phase::Phase;
use crate::project::{Layout, Problem, Transaction};
use crate::report::{
    Deploy, Direction, MigrationReport, OldRelease, Summary, Suppressed, Undo, Verdict,
};
use crate::source::Span;

const DROP_COLUMN: &str = include_str!("../page/good.md");
const LOCK_TABLE: &str = include_str!("lock_table.md");

const RULES: [RuleInfo; 2] = [
    RuleInfo {
        id: "lock-table",
        page: LOCK_TABLE,
    },
    RuleInfo {
        id: "drop-column",
        page: DROP_COLUMN,
    },
];

fn options() -> Options {
    Options {
        pages: "https://example.org/rules".into(),
        repository: Repository::new(Path::new("/shop"), Path::new("/shop/api")),
        ..Options::default()
    }
}

fn render(format: Format, report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    format.write(report, &RULES, options, &mut out).unwrap();
    String::from_utf8(out).unwrap().replace(VERSION, "0.0.0")
}

/// The span of the first `what` in a file.
fn span(report: &Report, source: SourceId, what: &str) -> Span {
    let start = report.sources[source].text().find(what).unwrap() as u32;
    Span::new(start, start + what.len() as u32)
}

fn finding(rule: &'static str, severity: Severity, source: SourceId, span: Span) -> Finding {
    Finding {
        rule,
        severity,
        confidence: Confidence::High,
        message: "`orders.total` is dropped while the old release may use it".into(),
        help: "Stop using `total` first, then drop it in a later release:\n    ALTER TABLE orders DROP COLUMN total;".into(),
        source,
        span,
        related: Vec::new(),
        fix: None,
        fingerprint: "5f0c".into(),
    }
}

fn migration(source: SourceId, id: &str, verdict: Verdict) -> MigrationReport {
    MigrationReport {
        source,
        id: id.into(),
        direction: Direction::Up,
        layout: Layout::Goose,
        phase: None,
        phase_declared: false,
        release: None,
        transaction: Transaction::File,
        verdict,
    }
}

fn empty(sources: &[(&str, &str)]) -> Report {
    Report {
        scope: crate::project::Scope::All,
        dialect: Dialect::postgres(16),
        sources: sources
            .iter()
            .map(|(path, text)| Arc::new(Source::new(*path, *text)))
            .collect(),
        migrations: Vec::new(),
        findings: Vec::new(),
        statements: Vec::new(),
        returns: Vec::new(),
        suppressed: Vec::new(),
        stale: Vec::new(),
        problems: Vec::new(),
        summary: Summary::default(),
    }
}

/// Several files with all that can stand in a report.
fn report() -> Report {
    let long = format!(
        "INSERT INTO orders (note) VALUES ('{}'); LOCK TABLE orders; {}",
        "é".repeat(400),
        "SELECT 1; ".repeat(100)
    );
    let mut report = empty(&[
        (
            "db/0001_init.sql",
            "CREATE TABLE orders (\n  id bigint,\n  total numeric\n);\n",
        ),
        (
            "db/0002 größe 😀.sql",
            "-- größe 😀\r\n\r\nALTER TABLE \"größe 😀\" DROP COLUMN total, DROP COLUMN net;\r\n",
        ),
        ("db/0003_long.sql", &long),
        (
            "db/0004_both.sql",
            "-- +goose Up\nSELECT '\u{1b}[2J';\nLOCK TABLE orders;\n-- +goose Down\n",
        ),
        ("db/0005_quiet.sql", "SELECT 1;\n"),
    ]);
    let worst = Verdict {
        deploy: Deploy::Blocking,
        old_release: OldRelease::Broken,
        undo: Undo::Impossible,
    };
    let middle = Verdict {
        deploy: Deploy::Brief,
        old_release: OldRelease::Degraded,
        undo: Undo::Lossy,
    };
    report.migrations = vec![
        migration(0, "0001", Verdict::default()),
        MigrationReport {
            phase: Some(Phase::Contract),
            phase_declared: true,
            release: Some("1.4".into()),
            ..migration(1, "0002", middle)
        },
        MigrationReport {
            phase: Some(Phase::Migrate),
            ..migration(2, "0003", worst)
        },
        migration(3, "0004", middle),
        MigrationReport {
            direction: Direction::Down,
            ..migration(3, "0004", Verdict::default())
        },
        migration(4, "0005", Verdict::default()),
    ];
    report.findings = findings(&report);
    report.suppressed = vec![Suppressed {
        finding: finding(
            "lock-table",
            Severity::Warning,
            0,
            span(&report, 0, "orders"),
        ),
        reason: Some("nobody uses it yet".into()),
        by: Some("ann".into()),
    }];
    report.problems = vec![
        Problem {
            path: "db/0006_blob.sql".into(),
            message: "is not text: it holds NUL bytes".into(),
            fatal: true,
        },
        Problem {
            path: "db/notes.txt".into(),
            message: "is not named as a migration".into(),
            fatal: false,
        },
    ];
    report.summary = Summary {
        files: 5,
        statements: 7,
        unparsed: 1,
        opaque: 2,
        errors: 1,
        warnings: 2,
        infos: 1,
        suppressed: 1,
    };
    report
}

fn findings(report: &Report) -> Vec<Finding> {
    let created = Related {
        source: 0,
        span: span(report, 0, "total"),
        message: "the column is created here".into(),
    };
    let edit = Edit {
        source: 1,
        span: span(report, 1, "DROP COLUMN total, "),
        text: String::new(),
    };
    vec![
        Finding {
            related: vec![created],
            fix: Some(Fix {
                title: "Keep the column".into(),
                safe: false,
                about: Span::default(),
                edits: vec![edit],
            }),
            ..finding("drop-column", Severity::Error, 1, span(report, 1, "total"))
        },
        Finding {
            message: "`orders.net` is dropped while the old release may use it".into(),
            help: String::new(),
            ..finding("drop-column", Severity::Warning, 1, span(report, 1, "net"))
        },
        Finding {
            message: "`LOCK TABLE` stops reads and writes of `orders` [1](2)".into(),
            help: "Leave the lock to the statements".into(),
            ..finding(
                "lock-table",
                Severity::Info,
                2,
                span(report, 2, "LOCK TABLE orders"),
            )
        },
        Finding {
            message: "`LOCK TABLE` stops reads and writes of `orders`".into(),
            help: String::new(),
            confidence: Confidence::Medium,
            ..finding(
                "lock-table",
                Severity::Warning,
                3,
                span(report, 3, "LOCK TABLE orders;\n-- +goose"),
            )
        },
    ]
}

fn schema(path: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // SARIF's pattern for languages has a bracket too many and is no pattern.
    for place in ["run", "toolComponent"] {
        let language = format!("/definitions/{place}/properties/language");
        if let Some(Value::Object(language)) = schema.pointer_mut(&language) {
            language.remove("pattern");
        }
    }
    jsonschema::validator_for(&schema).unwrap()
}

fn holds(schema_path: &str, document: &str) {
    let document: Value = serde_json::from_str(document).unwrap();
    let errors: Vec<String> = schema(schema_path)
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

const REPORT_SCHEMA: &str = "schema/bowline-report.schema.json";
const SARIF_SCHEMA: &str = "tests/schemas/sarif-2.1.0.json";
const GITLAB_SCHEMA: &str = "tests/schemas/gitlab-code-quality.json";
const REVIEWDOG_SCHEMA: &str = "tests/schemas/reviewdog-diagnostic.json";

#[test]
fn pages_of_the_fixture_are_good() {
    for rule in RULES {
        assert_eq!(Page::parse(rule.page).unwrap().head.id, rule.id);
    }
}

#[test]
fn human() {
    insta::assert_snapshot!(render(Format::Human, &report(), &options()));
}

#[test]
fn human_in_ascii_is_ascii_but_for_the_files() {
    let ascii = Options {
        unicode: false,
        ..options()
    };
    let mut report = report();
    report.findings.truncate(0);
    let text = render(Format::Human, &report, &ascii);
    let own = text.replace("größe 😀", "");
    assert!(own.is_ascii(), "{own}");
}

#[test]
fn colour_and_links_only_when_asked() {
    let plain = render(Format::Human, &report(), &options());
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let rich = Options {
        color: true,
        links: true,
        ..options()
    };
    let rich = render(Format::Human, &report(), &rich);
    assert!(rich.contains("\u{1b}[31m"));
    assert!(rich.contains("\u{1b}]8;;https://example.org/rules/drop-column.md"));
}

#[test]
fn a_clean_project_gets_one_line() {
    let mut report = empty(&[("a.sql", ""), ("b.sql", "")]);
    report.migrations = vec![
        migration(0, "1", Verdict::default()),
        migration(1, "2", Verdict::default()),
    ];
    insta::assert_snapshot!(
        render(Format::Human, &report, &options()),
        @"No findings in 2 migrations: online · compatible · exact"
    );
    insta::assert_snapshot!(
        render(Format::Human, &empty(&[]), &options()),
        @"No migrations were found"
    );
}

#[test]
fn json() {
    let text = render(Format::Json, &report(), &options());
    holds(REPORT_SCHEMA, &text);
    holds(
        REPORT_SCHEMA,
        &render(Format::Json, &empty(&[]), &Options::default()),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn the_schema_notices_what_is_wrong() {
    let validator = schema(REPORT_SCHEMA);
    let good: Value = serde_json::from_str(&render(Format::Json, &report(), &options())).unwrap();
    for (pointer, value) in [
        ("/version", Value::from(2)),
        ("/findings/0/severity", Value::from("fatal")),
        ("/findings/0/range/start/line", Value::from(0)),
        ("/migrations/0/verdict/undo", Value::Null),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn sarif() {
    let text = render(Format::Sarif, &report(), &options());
    holds(SARIF_SCHEMA, &text);
    holds(
        SARIF_SCHEMA,
        &render(Format::Sarif, &empty(&[]), &Options::default()),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn suppressed_findings_are_listed_when_asked() {
    let asked = Options {
        suppressed: true,
        ..options()
    };
    let text = render(Format::Human, &report(), &asked);
    let line = "lock-table: nobody uses it yet (ann)";
    assert!(text.contains(line), "{text}");
    assert!(!render(Format::Human, &report(), &options()).contains(line));
}

#[test]
fn sarif_lists_suppressed_results_when_asked() {
    let asked = Options {
        suppressed: true,
        ..options()
    };
    let text = render(Format::Sarif, &report(), &asked);
    holds(SARIF_SCHEMA, &text);
    let log: Value = serde_json::from_str(&text).unwrap();
    let results = log.pointer("/runs/0/results").unwrap().as_array().unwrap();
    let suppressed: Vec<_> = results
        .iter()
        .filter_map(|result| result.pointer("/suppressions/0/justification"))
        .collect();
    assert_eq!(suppressed, ["nobody uses it yet"]);
}

#[test]
fn sarif_keeps_the_most_severe_and_says_what_it_cut() {
    let mut report = many(&"DROP TABLE a;\n".repeat(25_002), 25_002);
    report.findings[25_001].severity = Severity::Error;
    let log: Value = serde_json::from_str(&render(Format::Sarif, &report, &options())).unwrap();
    let run = log.pointer("/runs/0").unwrap();
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    assert_eq!(run["results"][0]["level"], "error");
    assert_eq!(
        run.pointer("/invocations/0/toolExecutionNotifications/0/message/text")
            .unwrap(),
        "25000 of 25002 results are listed, the most severe first; 2 results left out"
    );
}

#[test]
fn github() {
    insta::assert_snapshot!(render(Format::Github, &report(), &options()));
    assert_eq!(render(Format::Github, &empty(&[]), &options()), "");
}

/// Lines of workflow commands by their first word.
fn kinds(text: &str) -> [usize; 3] {
    ["::error ", "::warning ", "::notice "]
        .map(|kind| text.lines().filter(|line| line.starts_with(kind)).count())
}

#[test]
fn github_gets_as_many_of_each_kind_as_it_shows() {
    let mut report = many(&"DROP TABLE a;\n".repeat(36), 36);
    for (finding, at) in report.findings.iter_mut().zip(0..) {
        finding.severity = match at {
            0..13 => Severity::Info,
            13..25 => Severity::Warning,
            _ => Severity::Error,
        };
    }
    let text = render(Format::Github, &report, &options());
    assert_eq!(kinds(&text), [10, 10, 10]);
    assert!(text.starts_with("::error "), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.contains("7 annotations left out"), "{last}");
    report.findings.truncate(10);
    let text = render(Format::Github, &report, &options());
    assert_eq!(kinds(&text), [0, 0, 10]);
    assert!(!text.contains("left out"));
}

#[test]
fn github_commands_are_one_line_whatever_a_name_holds() {
    let mut report = empty(&[("a,b:c%\n::error::x.sql", "DROP TABLE a;")]);
    report.findings = vec![Finding {
        message: "drops `50%\r\n::set-output name=a::b`".into(),
        ..finding("lock-table", Severity::Error, 0, Span::new(0, 4))
    }];
    let text = render(Format::Github, &report, &options());
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("file=api/a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax.sql,line=1,"));
    assert!(text.contains("drops `50%25\u{fffd}%0A::set-output"));
}

#[test]
fn gitlab() {
    let text = render(Format::Gitlab, &report(), &options());
    holds(GITLAB_SCHEMA, &text);
    assert_eq!(render(Format::Gitlab, &empty(&[]), &options()), "[]\n");
    insta::assert_snapshot!(text);
}

#[test]
fn gitlab_fingerprints_are_unique_and_survive_moved_lines() {
    let prints = |text: &str| {
        let report = many(text, 5);
        let issues: Value =
            serde_json::from_str(&render(Format::Gitlab, &report, &options())).unwrap();
        let issues = issues.as_array().unwrap();
        let print = |issue: &Value| issue["fingerprint"].as_str().unwrap().to_owned();
        issues.iter().map(print).collect::<Vec<_>>()
    };
    let before = prints(&"DROP TABLE a;\n".repeat(5));
    assert_eq!(before, ["5f0c", "5f0c#2", "5f0c#3", "5f0c#4", "5f0c#5"]);
    assert_eq!(before, prints(&"\n\nDROP TABLE a;\n".repeat(5)));
}

#[test]
fn rdjsonl() {
    let text = render(Format::Rdjsonl, &report(), &options());
    for line in text.lines() {
        holds(REVIEWDOG_SCHEMA, line);
    }
    assert_eq!(render(Format::Rdjsonl, &empty(&[]), &options()), "");
    insta::assert_snapshot!(text);
}

#[test]
fn markdown() {
    insta::assert_snapshot!(render(Format::Markdown, &report(), &options()));
    let asked = Options {
        suppressed: true,
        ..options()
    };
    let text = render(Format::Markdown, &report(), &asked);
    assert!(text.contains(": nobody uses it yet (ann)\n"), "{text}");
}

#[test]
fn a_comment_for_a_clean_project_is_short() {
    let mut report = empty(&[("a.sql", ""), ("b.sql", "")]);
    report.migrations = vec![
        migration(0, "1", Verdict::default()),
        migration(1, "2", Verdict::default()),
    ];
    insta::assert_snapshot!(render(Format::Markdown, &report, &options()), @r"
    <!-- bowline -->
    ### bowline: no findings in 2 migrations

    | migration | deploy | old release | undo |
    |---|---|---|---|
    | `api/a.sql` | 🟢 online | 🟢 compatible | 🟢 exact |
    | `api/b.sql` | 🟢 online | 🟢 compatible | 🟢 exact |
    ");
    assert!(render(Format::Markdown, &empty(&[]), &options()).contains("no migrations were found"));
}

#[test]
fn a_comment_is_never_too_long() {
    let mut report = many(&"DROP TABLE 😀; ".repeat(3_000), 3_000);
    report.findings[2_999].severity = Severity::Error;
    report.findings[2_999].message = "`last` is dropped".into();
    report.findings[2_998].help = "x ".repeat(40_000);
    report.migrations = (0..3_000)
        .map(|_| MigrationReport {
            direction: Direction::Up,
            ..migration(0, &"9".repeat(80), Verdict::default())
        })
        .collect();
    report.problems = (0..900)
        .map(|number| Problem {
            path: format!("db/{number}.bin"),
            message: "is not text: it holds NUL bytes".into(),
            fatal: true,
        })
        .collect();
    let text = render(Format::Markdown, &report, &options());
    let units = text.encode_utf16().count();
    assert!((60_000..=65_536).contains(&units), "{units}");
    assert!(text.contains("**error** [`lock-table`](https://example.org/rules/lock-table.md), line 1: `last` is dropped"));
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("**Left out: "), "{last}");
    let shown = text.matches("\n**info** ").count();
    assert!(last.contains(&format!("{} infos", 2_999 - shown)), "{last}");
}

#[test]
fn rules_are_listed() {
    let mut human = Vec::new();
    rule_list::write_human(&RULES, &options(), &mut human).unwrap();
    let mut json = Vec::new();
    rule_list::write_json(&RULES, &options(), &mut json).unwrap();
    let text = [human, json].concat();
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

#[test]
fn a_page_is_explained() {
    let mut out = Vec::new();
    let page = Page::parse(DROP_COLUMN).unwrap();
    explain::write(&page, &options(), &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

/// A report with this many findings evenly spread over one file.
fn many(text: &str, number: usize) -> Report {
    let mut report = empty(&[("many.sql", text)]);
    report.migrations = vec![migration(0, "1", Verdict::default())];
    let step = (text.len() / number) as u32;
    report.findings = (0..number as u32)
        .map(|at| {
            finding(
                "lock-table",
                Severity::Info,
                0,
                Span::new(at * step, at * step + 4),
            )
        })
        .collect();
    report
}

#[test]
fn five_thousand_findings_take_no_time() {
    let lines = "DROP TABLE a;\n".repeat(5_000);
    let line = "DROP TABLE é; ".repeat(700_000);
    for text in [lines, line] {
        let report = many(&text, 5_000);
        for format in Format::iter() {
            let start = Instant::now();
            let text = render(format, &report, &options());
            let taken = start.elapsed();
            assert!(taken < Duration::from_secs(10), "{format:?} took {taken:?}");
            assert!(
                text.len() < 32 << 20,
                "{format:?} wrote {} bytes",
                text.len()
            );
        }
    }
}

#[test]
fn places_beyond_the_text_are_shown_without_harm() {
    let text = "é\r\nDROP TABLE é;";
    let ends = [0, 1, 2, 3, 5, 16, 17, 18, 900, u32::MAX];
    let mut report = empty(&[("a.sql", text), ("empty.sql", "")]);
    for (start, end) in ends.iter().flat_map(|s| ends.iter().map(move |e| (*s, *e))) {
        for file in [0, 1, 2] {
            let span = Span::new(start, end);
            report
                .findings
                .push(finding("lock-table", Severity::Info, file, span));
        }
    }
    for format in Format::iter() {
        assert!(!render(format, &report, &options()).is_empty());
    }
}

#[test]
fn every_page_can_be_shown() {
    let rules: Vec<RuleInfo> = crate::rules::ALL
        .iter()
        .map(|rule| RuleInfo::from(*rule))
        .collect();
    for rule in &rules {
        let page =
            Page::parse(rule.page).unwrap_or_else(|error| panic!("rules/{}.md, {error}", rule.id));
        let mut out = Vec::new();
        explain::write(&page, &options(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with(page.title) && text.contains("\nWhen it is safe\n"),
            "{text}"
        );
    }
    let mut log = Vec::new();
    sarif::write(&empty(&[]), &rules, &options(), &mut log).unwrap();
    holds(SARIF_SCHEMA, &String::from_utf8(log).unwrap());
}
