use super::*;
use crate::statement::{SplitOptions, split};

const RULES: [&str; 5] = [
    "drop-column",
    "drop-table",
    "truncate",
    "create-index-blocking",
    "set-not-null",
];

fn read(text: &str) -> Directives {
    let range = Span::new(0, text.len() as u32);
    let split = split(text, range, SplitOptions::default());
    let statements: Vec<_> = split.statements.iter().map(|s| s.span).collect();
    let vocabulary = Vocabulary {
        rules: &RULES,
        foreign: &[Foreign::Squawk, Foreign::Atlas],
    };
    directives(text, &split.comments, &statements, &vocabulary)
}

fn slips(text: &str) -> Vec<String> {
    read(text)
        .slips
        .iter()
        .map(|s| {
            format!(
                "{} at `{}`: {}; {}",
                s.rule,
                s.span.of(text),
                s.message,
                s.help
            )
        })
        .collect()
}

/// Findings at each occurrence of `@rule`, written in the SQL itself.
fn outcome(text: &str) -> (Vec<&str>, Vec<String>, Vec<String>) {
    let findings = text.match_indices('@').map(|(at, _)| {
        let name = text[at + 1..]
            .split(|c: char| !c.is_alphabetic() && c != '-')
            .next();
        let rule = RULES.iter().find(|rule| Some(**rule) == name);
        Finding {
            rule: rule.expect("a rule"),
            ..Slip {
                rule: "",
                span: Span::new(at as u32, at as u32 + 1),
                message: String::new(),
                help: String::new(),
                meant: None,
            }
            .finding(0)
        }
    });
    let applied = apply(findings.collect(), &[(0, read(text))], |_| true);
    (
        applied.kept.iter().map(|f| f.rule).collect(),
        applied
            .suppressed
            .iter()
            .map(|s| {
                format!(
                    "{} ({})",
                    s.finding.rule,
                    s.reason.as_deref().unwrap_or("-")
                )
            })
            .collect(),
        applied.unused.into_iter().map(|f| f.message).collect(),
    )
}

#[test]
fn directives_are_read() {
    let text = "-- Bowline: phase contract\n/* bowline: approve irreversible reason=\"unused since 1.3\" by=ann ticket='OPS-7'\n * bowline: checkpoint \"snapshot\"\n */\n-- bowline:release 1.4\nSELECT 1;";
    let read = read(text);
    assert_eq!(read.slips, []);
    assert_eq!(read.phase.map(|(phase, _)| phase), Some(Phase::Contract));
    assert_eq!(read.release.as_deref(), Some("1.4"));
    assert_eq!(read.checkpoint.map(|c| c.0).as_deref(), Some("snapshot"));
    let approval = &read.approvals[0];
    assert_eq!(approval.reason.as_deref(), Some("unused since 1.3"));
    assert_eq!(approval.by.as_deref(), Some("ann"));
    assert_eq!(approval.ticket.as_deref(), Some("OPS-7"));
    assert!(approval.span.of(text).ends_with("ticket='OPS-7'"));
}

#[test]
fn an_ignore_covers_one_statement_or_the_file() {
    type Case = (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
        usize,
    );
    let cases: [Case; 10] = [
        (
            "-- bowline: ignore drop-column reason=\"r\"\nA @drop-column;\nB @drop-column;",
            &["drop-column"],
            &["drop-column (r)"],
            0,
        ),
        (
            "-- bowline: ignore drop-column, drop-table reason=\"r\"\n\n-- why\n/* x */ A @drop-column @drop-table @truncate;",
            &["truncate"],
            &["drop-column (r)", "drop-table (r)"],
            0,
        ),
        (
            "A @drop-table; -- bowline: ignore drop-table reason=\"r\"\nB @drop-table;",
            &["drop-table"],
            &["drop-table (r)"],
            0,
        ),
        (
            "A @drop-table -- bowline: ignore drop-table reason=\"r\"\n;B;",
            &[],
            &["drop-table (r)"],
            0,
        ),
        (
            "A\n-- bowline: ignore drop-table reason=\"r\"\n, @drop-table;",
            &[],
            &["drop-table (r)"],
            0,
        ),
        (
            "A; /* bowline: ignore drop-table reason='r' */ B @drop-table;",
            &[],
            &["drop-table (r)"],
            0,
        ),
        (
            "A @truncate;\n-- bowline: ignore-file truncate reason=\"r\"\nB @truncate;",
            &[],
            &["truncate (r)", "truncate (r)"],
            0,
        ),
        (
            "-- bowline: ignore drop-table, truncate reason=\"r\"\nA @truncate;",
            &[],
            &["truncate (r)"],
            1,
        ),
        (
            "A @truncate;\n-- bowline: ignore truncate reason=\"r\"\n",
            &["truncate"],
            &[],
            1,
        ),
        (
            "-- bowline: ignore truncate reason=\"1\"\n-- bowline: ignore truncate reason=\"2\"\nA @truncate;",
            &[],
            &["truncate (1)"],
            1,
        ),
    ];
    for (text, kept, suppressed, unused) in cases {
        let outcome = outcome(text);
        assert_eq!(outcome.0, kept, "{text}");
        assert_eq!(outcome.1, suppressed, "{text}");
        assert_eq!(outcome.2.len(), unused, "{text}: {:?}", outcome.2);
        assert_eq!(slips(text), [""; 0], "{text}");
    }
}

#[test]
fn other_linters_comments_count_where_asked_for() {
    let cases: [(&str, &[&str]); 7] = [
        (
            "-- squawk-ignore ban-drop-column, ban-drop-table\nA @drop-column @drop-table;B @drop-column;",
            &["drop-column"],
        ),
        (
            "-- squawk-ignore prefer-robust-stmts\nA @drop-column;",
            &["drop-column"],
        ),
        ("-- squawk-ignore-file\nA; B @drop-column;", &[]),
        (
            "-- squawk-ignore-file ban-drop-table\nA; B @drop-column @drop-table;",
            &["drop-column"],
        ),
        (
            "-- atlas:nolint DS103\nA @drop-column @drop-table;",
            &["drop-table"],
        ),
        (
            "-- atlas:nolint\nA @drop-column;\nB @drop-column;",
            &["drop-column"],
        ),
        (
            "-- atlas:nolint destructive\n\nA @drop-column;\nB @drop-column @truncate;",
            &["truncate"],
        ),
    ];
    for (text, kept) in cases {
        let outcome = outcome(text);
        assert_eq!(outcome.0, kept, "{text}");
        assert_eq!(outcome.2, [""; 0], "{text}");
    }
}

#[test]
fn slips_are_found() {
    let cases = [
        "-- bowlin: ignore drop-column reason=\"r\"",
        "-- bowline ignore drop-column reason=\"r\"",
        "-- bowline-ignore drop-column",
        "-- bowline phase contract",
        "-- bowline: ingore drop-column",
        "-- bowline: this goes away soon",
        "-- bowline:",
        "-- bowline: ignore drop-colum reason=\"r\"",
        "-- bowline: ignore drop-column because nobody reads it",
        "-- bowline: ignore drop-column reason=nobody reads it by=ann",
        "-- bowline: ignore drop-column reason=\"nobody",
        "-- bowline: ignore drop-column raeson=\"r\"",
        "-- bowline: ignore reason=\"r\"",
        "-- bowline: ignore drop-column",
        "-- bowline: ignore drop-column reason=\"\"",
        "-- bowline: phase contrct",
        "-- bowline: phase",
        "-- bowline: phase expand\n-- bowline: phase contract",
        "-- bowline: phase expand first",
        "-- bowline: approve",
        "-- bowline: approve ireversible reason=\"r\"",
        "-- bowline: approve irreversible",
        "-- bowline: checkpoint",
        "-- bowline: checkpoint nightly dump",
        "-- bowline: release",
        "-- dead since 1.3, bowline: ignore drop-column reason=\"r\"",
    ];
    let shown: Vec<_> = cases
        .iter()
        .map(|case| {
            let text = format!("{case}\nSELECT 1;");
            format!("{case}\n    {}", slips(&text).join("\n    "))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn prose_is_left_alone() {
    let cases = [
        "-- bowline reports this, see #12",
        "-- Bowline ignores this column",
        "-- bowline ignore list is kept elsewhere",
        "-- bowline release notes say 1.4",
        "-- bowline phase detection is too eager here",
        "-- the bowline: ignore directive does not work here",
        "-- as in `bowline: ignore drop-column`",
        "-- boolean: phase of the order",
        "-- baseline: release 3",
        "-- bowling: alleys",
        "/* a knot\n   called bowline */",
        "-- squawk-ignorance\n-- atlas:txmode none",
    ];
    for case in cases {
        let read = read(&format!("{case}\nSELECT 1;"));
        assert!(read.is_empty(), "{case}: {read:?}");
    }
}
