//! Accepted findings: written, known again, and never a cloak for new ones.

mod scratch;

use std::fs;

use scratch::{CREATE, DROP, INDEX, Run, Scratch};

const FILE: &str = "bowline-baseline.json";
const CHECK: [&str; 5] = ["check", "--format", "json", "--baseline", FILE];

/// A project whose findings are all accepted.
fn accepted(files: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::with(files);
    let run = scratch.run(&["baseline"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(
        run.out.ends_with("accepted in `bowline-baseline.json`\n"),
        "{}",
        run.out
    );
    assert_eq!(rest(&scratch), [""; 0]);
    scratch
}

fn history() -> Scratch {
    accepted(&[("db/0001_init.sql", CREATE), ("db/0002_index.sql", INDEX)])
}

fn check(scratch: &Scratch) -> Run {
    let run = scratch.run(&CHECK);
    assert!(run.code < 2, "{run:?}");
    run
}

/// What is reported in spite of the baseline.
fn rest(scratch: &Scratch) -> Vec<String> {
    check(scratch).findings("findings")
}

fn stale(scratch: &Scratch) -> Vec<String> {
    let run = check(scratch);
    match run.json().get("stale") {
        Some(_) => run.texts("stale", "path"),
        None => Vec::new(),
    }
}

#[test]
fn what_is_accepted_is_suppressed() {
    let scratch = history();
    let run = check(&scratch);
    assert_eq!(run.code, 0);
    assert!(
        run.findings("suppressed")
            .contains(&"db/0002_index.sql:1 create-index-blocking".into())
    );
    assert!(
        run.texts("suppressed", "by")
            .iter()
            .all(|by| by == "baseline")
    );
    let summary = &run.json()["summary"];
    assert_eq!(
        (&summary["errors"], &summary["warnings"]),
        (&0.into(), &0.into())
    );
    assert_eq!(scratch.run(&["check"]).code, 1, "without it all is said");
    scratch.write("bowline.toml", "baseline = \"bowline-baseline.json\"\n");
    assert_eq!(scratch.run(&["check"]).code, 0);
    assert_eq!(scratch.run_in("db", &["check"]).code, 0);
}

#[test]
fn moved_lines_and_renamed_files_stay_accepted() {
    let scratch = history();
    let moved = format!("-- ours\n\n  {}", INDEX.replace(' ', "  "));
    scratch.write("db/0002_index.sql", &moved);
    assert_eq!(rest(&scratch), [""; 0]);
    scratch.git(&["mv", "db", "migrations"]);
    scratch.git(&[
        "mv",
        "migrations/0002_index.sql",
        "migrations/0007_email.sql",
    ]);
    assert_eq!(rest(&scratch), [""; 0]);
    assert_eq!(stale(&scratch), [""; 0]);
}

#[test]
fn a_second_identical_statement_is_new() {
    let scratch = history();
    let again = format!("{INDEX}DROP INDEX users_email;\n{INDEX}");
    scratch.write("db/0002_index.sql", &again);
    let twice = rest(&scratch);
    assert!(
        twice.contains(&"db/0002_index.sql:3 create-index-blocking".into()),
        "{twice:?}"
    );
    assert!(
        !twice.contains(&"db/0002_index.sql:1 create-index-blocking".into()),
        "{twice:?}"
    );
}

#[test]
fn a_new_file_with_an_old_statement_is_the_new_one() {
    for name in ["db/0003_again.sql", "db/0001_5_before.sql"] {
        let scratch = history();
        scratch.write(name, INDEX);
        let blocking: Vec<_> = rest(&scratch)
            .into_iter()
            .filter(|finding| finding.contains("create-index-blocking"))
            .collect();
        assert_eq!(blocking, [format!("{name}:1 create-index-blocking")]);
        let since = [&CHECK[..], &["--since", "main"]].concat();
        let since = scratch.run(&since);
        assert!(
            since.findings("findings").contains(&blocking[0]),
            "{since:?}"
        );
        assert!(since.json().get("stale").is_none());
    }
}

#[test]
fn a_finding_that_got_worse_is_reported() {
    let scratch = Scratch::with(&[("db/0001_init.sql", CREATE), ("db/0002_index.sql", INDEX)]);
    scratch.write(
        "bowline.toml",
        "[rules]\ncreate-index-blocking = \"warning\"\n",
    );
    assert_eq!(scratch.run(&["baseline"]).code, 0);
    assert_eq!(rest(&scratch), [""; 0]);
    scratch.write("bowline.toml", "");
    assert_eq!(
        rest(&scratch),
        ["db/0002_index.sql:1 create-index-blocking"]
    );
    assert_eq!(check(&scratch).code, 1);
    assert_eq!(stale(&scratch), [""; 0]);
    scratch.write(
        "bowline.toml",
        "[rules]\ncreate-index-blocking = \"info\"\n",
    );
    assert_eq!(rest(&scratch), [""; 0]);
}

#[test]
fn what_is_gone_is_listed_and_taken_out() {
    let scratch = history();
    scratch.write("db/0003_drop.sql", DROP);
    scratch.run(&["baseline"]);
    scratch.write("db/0002_index.sql", "SELECT 1;\n");
    let gone = stale(&scratch);
    assert!(
        !gone.is_empty() && gone.iter().all(|path| path == "db/0002_index.sql"),
        "{gone:?}"
    );
    let shown = scratch.run(&["check", "--baseline", FILE]).out;
    assert!(
        shown.contains("`bowline baseline --prune` takes them out\n  db/0002_index.sql "),
        "{shown}"
    );
    let run = scratch.run(&["baseline", "--prune"]);
    assert_eq!(run.code, 0);
    assert!(
        run.out.contains("taken out of `bowline-baseline.json`"),
        "{}",
        run.out
    );
    assert_eq!(stale(&scratch), [""; 0]);
    assert!(
        !rest(&scratch)
            .iter()
            .any(|finding| finding.contains("0003"))
    );
    scratch.write("db/0004_more.sql", "DROP TABLE users;\n");
    scratch.run(&["baseline", "--prune"]);
    assert!(
        rest(&scratch)
            .iter()
            .any(|finding| finding.contains("0004")),
        "pruning accepts nothing"
    );
}

#[test]
fn the_file_is_as_its_schema_says() {
    let scratch = history();
    let text = fs::read_to_string(scratch.path(FILE)).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema = include_str!("../schema/bowline-baseline.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    jsonschema::validate(&schema, &file).unwrap();
    assert_eq!(file["findings"][0]["count"], 1);
    scratch.remove("db/0002_index.sql");
    let report = check(&scratch).json();
    assert!(report["stale"].is_array());
    let schema = include_str!("../schema/bowline-report.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
    scratch.run(&["baseline", "--output", "db/known.json"]);
    let paths = fs::read_to_string(scratch.path("db/known.json")).unwrap();
    assert!(
        !paths.contains("\"db/"),
        "paths lead from the file's folder: {paths}"
    );
}

#[test]
fn what_is_no_baseline_is_told() {
    let scratch = history();
    let whole = fs::read_to_string(scratch.path(FILE)).unwrap();
    let cases = [
        (whole[..whole.len() / 2].to_owned(), "ends in the middle"),
        (String::new(), "ends in the middle"),
        ("findings: none".into(), "is not a baseline: "),
        ("[]".into(), "it has no `version`"),
        (
            whole.replace("\"count\": 1", "\"count\": -1"),
            "is not a baseline: ",
        ),
        (
            whole.replacen("\"version\": 1", "\"version\": 2", 1),
            "is a baseline of version 2, and this bowline reads version 1",
        ),
    ];
    for (text, said) in cases {
        scratch.write(FILE, &text);
        for command in [&CHECK[..], &["baseline", "--prune"]] {
            let run = scratch.run(command);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{text}");
            assert!(
                run.err.starts_with("error: `bowline-baseline.json` "),
                "{}",
                run.err
            );
            assert!(run.err.contains(said), "{}", run.err);
        }
        assert_eq!(fs::read_to_string(scratch.path(FILE)).unwrap(), text);
    }
    scratch.remove(FILE);
    let run = scratch.run(&CHECK);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("`bowline-baseline.json` cannot be read"),
        "{}",
        run.err
    );
}

#[test]
fn what_was_not_checked_is_not_accepted() {
    let scratch = history();
    let whole = fs::read(scratch.path(FILE)).unwrap();
    fs::write(scratch.path("db/0003_binary.sql"), b"\0\x01").unwrap();
    let run = scratch.run(&["baseline"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("no baseline was written"), "{}", run.err);
    assert_eq!(fs::read(scratch.path(FILE)).unwrap(), whole);
}
