//! No file ends the run, whatever it holds: it is read, or named in the report,
//! and the others are checked.

#[path = "../benches/history/hostile.rs"]
mod hostile;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bowline::analysis;
use bowline::config::Config;
use bowline::finding::Edit;
use bowline::output::{self, Format, RuleInfo};
use bowline::project::{File, Named, Options, Project, discover, organise};
use bowline::report::Report;
use bowline::rules;
use bowline::source::{Encoding, Source, Span};
use proptest::prelude::*;
use serde_json::Value;
use strum::IntoEnumIterator;

const BEFORE: (&str, &str) = (
    "0001_users.sql",
    "CREATE TABLE users (id bigint PRIMARY KEY, email text, a int);\n",
);
const AFTER: (&str, &str) = (
    "0003_index.sql",
    "CREATE INDEX users_email ON users (email);\n",
);

/// Longer than anything here takes, even in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fails where something takes forever.
fn in_time<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    let thread = std::thread::spawn(move || done.send(work()));
    match result.recv_timeout(PATIENCE) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name} takes longer than {PATIENCE:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => unreachable!("the thread sends before it ends"),
        },
    }
}

fn file(name: &str, source: Source) -> File {
    File {
        path: format!("migrations/{name}"),
        source: Arc::new(source),
        named: Named::Folder,
        selected: true,
    }
}

fn text_file((name, text): (&str, &str)) -> File {
    file(name, Source::new(format!("migrations/{name}"), text))
}

fn with_neighbours(text: &str) -> Vec<File> {
    vec![
        text_file(BEFORE),
        text_file(("0002_case.sql", text)),
        text_file(AFTER),
    ]
}

fn check(project: Project) -> Report {
    analysis::run(project, &Config::default(), None, &AtomicUsize::new(0))
}

fn render(report: &Report, format: Format) -> String {
    let infos: Vec<RuleInfo> = rules::ALL
        .iter()
        .map(|rule| RuleInfo::from(*rule))
        .collect();
    let mut out = Vec::new();
    format
        .write(report, &infos, &output::Options::default(), &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// The formats that have a schema, with it.
static SCHEMAS: LazyLock<Vec<(Format, jsonschema::Validator)>> = LazyLock::new(|| {
    let read = |format, path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let mut schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        // SARIF's pattern for languages has a bracket too many and is no pattern.
        for place in ["run", "toolComponent"] {
            let language = format!("/definitions/{place}/properties/language/pattern");
            if let Some(pattern) = schema.pointer_mut(&language) {
                *pattern = Value::from("");
            }
        }
        (format, jsonschema::validator_for(&schema).unwrap())
    };
    vec![
        read(Format::Json, "schema/bowline-report.schema.json"),
        read(Format::Sarif, "tests/schemas/sarif-2.1.0.json"),
        read(Format::Gitlab, "tests/schemas/gitlab-code-quality.json"),
    ]
});

/// Every format in one text; the ones for machines are what they claim to be.
fn all_formats(report: &Report) -> String {
    let mut all = String::new();
    for format in Format::iter() {
        let text = render(report, format);
        if let Some((_, schema)) = SCHEMAS.iter().find(|(other, _)| *other == format) {
            let value: Value = serde_json::from_str(&text).unwrap();
            let error = schema.iter_errors(&value).next();
            assert!(error.is_none(), "{format:?}: {}", error.unwrap());
        }
        all.push_str(&text);
    }
    all
}

fn places(report: &Report) -> impl Iterator<Item = (usize, Span)> + '_ {
    let suppressed = report.suppressed.iter().map(|s| &s.finding);
    report
        .findings
        .iter()
        .chain(suppressed)
        .flat_map(|finding| {
            let related = finding.related.iter().map(|r| (r.source, r.span));
            let edits = finding.fix.iter().flat_map(|f| &f.edits);
            std::iter::once((finding.source, finding.span))
                .chain(related)
                .chain(edits.map(|e| (e.source, e.span)))
        })
}

fn assert_places_are_in_the_text(report: &Report) {
    for (source, span) in places(report) {
        let text = report.sources[source].text();
        let part = text.get(span.start as usize..span.end as usize);
        assert!(
            part.is_some(),
            "{span:?} is no place in {}, which has {} bytes",
            report.sources[source].path(),
            text.len()
        );
    }
    for finding in &report.findings {
        let mut edits: Vec<_> = finding.fix.iter().flat_map(|fix| &fix.edits).collect();
        edits.sort_by_key(|edit| edit.span);
        let is_apart = |pair: &[&Edit]| pair[0].span.end <= pair[1].span.start;
        assert!(edits.windows(2).all(is_apart), "{finding:#?}");
        let is_here = |edit: &&Edit| edit.source == finding.source;
        assert!(edits.iter().all(is_here), "{finding:#?}");
    }
}

fn found_in<'r>(report: &'r Report, name: &str) -> Vec<&'r str> {
    report
        .findings
        .iter()
        .filter(|f| report.sources[f.source].path().ends_with(name))
        .map(|f| f.rule)
        .collect()
}

fn assert_the_neighbours_are_checked(report: &Report) {
    assert!(
        found_in(report, AFTER.0).contains(&"create-index-blocking"),
        "the file behind it is checked: {:?}",
        report.problems
    );
}

/// Checks a text between two files that are well.
fn survives(name: &str, text: String) -> Report {
    in_time(name, move || {
        let report = check(organise(with_neighbours(&text), &Options::default()));
        assert_places_are_in_the_text(&report);
        assert_the_neighbours_are_checked(&report);
        all_formats(&report);
        report
    })
}

/// Parentheses and chains are deep enough to break whatever recurses; what
/// grows by statements is tried with fewer, since the debug build is slow.
fn size(case: &hostile::Case) -> usize {
    let sample = (case.text)(64).len() / 64;
    let deep = ["deep", "chain", "semicolons", "commas", "closing"];
    if deep.iter().any(|word| case.name.starts_with(word)) {
        100_000
    } else {
        (20_000 / sample.max(1)).max(500)
    }
}

fn try_cases(part: usize, parts: usize) {
    for case in hostile::CASES.iter().skip(part).step_by(parts) {
        let text = (case.text)(size(case));
        let name = case.name;
        in_time(name, move || {
            let report = check(organise(with_neighbours(&text), &Options::default()));
            assert_places_are_in_the_text(&report);
            let json = render(&report, Format::Json);
            assert!(serde_json::from_str::<Value>(&json).is_ok(), "{name}");
        });
    }
}

#[test]
fn hostile_text_is_survived_first_part() {
    try_cases(0, 2);
}

#[test]
fn hostile_text_is_survived_second_part() {
    try_cases(1, 2);
}

/// Strings of SQL in strings of SQL, each level with quotes of its own.
fn nested_strings(levels: usize) -> String {
    let mut text = String::from("ALTER TABLE users DROP COLUMN email");
    for level in 0..levels {
        text = format!("DO $d{level}$ BEGIN EXECUTE $e{level}$ {text} $e{level}$; END $d{level}$");
    }
    text + ";"
}

/// The same with quotes that are doubled at each level.
fn doubled_quotes(levels: usize) -> String {
    let mut text = String::from("ALTER TABLE users DROP COLUMN email");
    for _ in 0..levels {
        text = format!("DO 'BEGIN EXECUTE ''{}''; END'", text.replace('\'', "''''"));
    }
    text + ";"
}

#[test]
fn strings_in_strings_are_survived() {
    for levels in [1, 5, 9, 200] {
        survives("nested strings", nested_strings(levels));
    }
    for levels in [1, 3, 6] {
        survives("doubled quotes", doubled_quotes(levels));
    }
}

#[test]
fn what_is_deep_is_understood_all_the_same() {
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let text = format!("ALTER TABLE users ADD COLUMN b int DEFAULT {deep};\nDROP TABLE users;");
    let report = survives("deep default", text);
    assert_eq!(report.summary.unparsed, 0);
    assert_eq!(report.summary.statements, 4);
}

#[test]
fn half_statements_are_named() {
    for text in [
        "CREATE TABLE",
        "ALTER TABLE users ADD COLUMN",
        "CREATE INDEX i ON users (",
        "SELECT 'open",
        "SELECT \"open",
        "DO $$ BEGIN",
        "DO $tag$ BEGIN $tag",
        "/* open",
    ] {
        let report = survives(text, text.to_string());
        let found = found_in(&report, "0002_case.sql");
        assert!(found.contains(&"unparsed-statement"), "{text}: {found:?}");
    }
    for text in [
        "ALTER TABLE users ADD COLUMN b int \\",
        "{{",
        "${",
        "SELECT 1 {{ x",
        "SELECT ${",
        "\\",
        "$",
        "'",
        "--",
        "/*",
        "-- bowline:",
        "-- bowline: ignore",
        "E'\\",
        "U&\"",
        "\u{feff}",
    ] {
        survives(text, text.to_string());
    }
}

#[test]
fn odd_spaces_and_line_ends_are_read() {
    let statement = "ALTER TABLE users DROP COLUMN a;";
    let plain = found_in(&survives("plain", statement.into()), "0002_case.sql").len();
    assert!(plain > 0);
    for text in [
        statement.replace(' ', "\u{a0}"),
        statement.replace(' ', " \u{200b}"),
        statement.replace(' ', "\r\n"),
        format!("\u{feff}{statement}"),
        format!("{statement}\r\n"),
        format!("-- comment\r\n{statement}"),
    ] {
        let report = survives("odd spaces", text.clone());
        assert_eq!(found_in(&report, "0002_case.sql").len(), plain, "{text:?}");
    }
}

/// A folder of its own, gone with the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(folder.path(".git")).unwrap();
        fs::create_dir_all(folder.path("migrations")).unwrap();
        folder.write(BEFORE.0, BEFORE.1.as_bytes());
        folder.write(AFTER.0, AFTER.1.as_bytes());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn migration(&self, name: &str) -> PathBuf {
        self.path("migrations").join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.migration(name), bytes).unwrap();
    }

    fn check(&self) -> Report {
        let report = check(discover(&[self.path("migrations")], &Options::default()));
        assert_places_are_in_the_text(&report);
        assert_the_neighbours_are_checked(&report);
        all_formats(&report);
        report
    }

    /// What the program says in each format, and how it ends.
    fn run(&self, format: &str) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
            .current_dir(self.0.path())
            .args(["check", "--format", format, "migrations"])
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(!err.contains("panicked"), "{err}");
        (
            output.status.code().expect("no signal ended it"),
            String::from_utf8(output.stdout).unwrap(),
        )
    }

    fn assert_it_is_named(&self, name: &str) {
        let report = self.check();
        let problem = report.problems.iter().find(|p| p.path.ends_with(name));
        assert!(
            problem.is_some_and(|p| p.fatal),
            "{name} is named: {:?}",
            report.problems
        );
        for format in ["human", "json", "sarif"] {
            let (code, out) = self.run(format);
            assert_eq!(code, 2, "{format}: {out}");
            assert!(out.contains("create-index-blocking"), "{format}: {out}");
            if format != "json" {
                assert!(out.contains(name), "{format}: {out}");
            }
        }
    }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn encodings_are_read() {
    const TEXT: &str = "-- größer\nALTER TABLE users DROP COLUMN a;\n";
    let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
    let latin = TEXT.chars().map(|c| c as u32 as u8).collect();
    let cases = [
        (TEXT.as_bytes().to_vec(), Encoding::Utf8),
        (marked(&[0xEF, 0xBB, 0xBF], TEXT.into()), Encoding::Utf8),
        (
            marked(&[0xFF, 0xFE], utf16(TEXT, u16::to_le_bytes)),
            Encoding::Utf16,
        ),
        (
            marked(&[0xFE, 0xFF], utf16(TEXT, u16::to_be_bytes)),
            Encoding::Utf16,
        ),
        (latin, Encoding::Latin1),
    ];
    for (bytes, encoding) in cases {
        let folder = Folder::new();
        folder.write("0002_case.sql", &bytes);
        let report = folder.check();
        let source = report
            .sources
            .iter()
            .find(|s| s.path().ends_with("0002_case.sql"))
            .unwrap();
        assert_eq!(source.encoding(), encoding);
        let found = found_in(&report, "0002_case.sql");
        assert!(!found.is_empty(), "{encoding:?}");
        assert!(
            !found.contains(&"unparsed-statement"),
            "{encoding:?}: {found:?}"
        );
        assert!(report.problems.iter().all(|p| !p.fatal));
        assert_eq!(encoding == Encoding::Utf8, report.problems.is_empty());
    }
}

#[test]
fn empty_files_are_no_problem() {
    for bytes in [
        &b""[..],
        b"-- nothing\n",
        b"\n\n",
        b"\xEF\xBB\xBF",
        b"/* */",
        b"\xFF\xFE",
    ] {
        let folder = Folder::new();
        folder.write("0002_case.sql", bytes);
        let report = folder.check();
        assert!(
            report.problems.iter().all(|p| !p.fatal),
            "{bytes:?}: {:?}",
            report.problems
        );
        assert_eq!(folder.run("json").0, 1, "{bytes:?}");
    }
}

#[test]
fn binary_files_are_named() {
    let folder = Folder::new();
    folder.write("0002_case.sql", b"\x7fELF\0\0\0\x01");
    folder.assert_it_is_named("0002_case.sql");
}

#[test]
fn a_nul_far_inside_is_named_with_its_place() {
    let mut text = "-- a comment\n".repeat(1_000);
    text.push_str("ALTER TABLE users \0 DROP COLUMN a;\n");
    let folder = Folder::new();
    folder.write("0002_case.sql", text.as_bytes());
    let report = folder.check();
    let found = found_in(&report, "0002_case.sql");
    assert!(found.contains(&"unparsed-statement"), "{found:?}");
}

#[test]
#[cfg(unix)]
fn unreadable_files_and_dangling_links_are_named() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    symlink("nowhere.sql", folder.migration("0002_case.sql")).unwrap();
    folder.assert_it_is_named("0002_case.sql");

    let folder = Folder::new();
    folder.write("0002_case.sql", b"SELECT 1;");
    let path = folder.migration("0002_case.sql");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_err() {
        folder.assert_it_is_named("0002_case.sql");
    }
}

#[test]
fn a_folder_may_be_called_like_a_file() {
    let folder = Folder::new();
    fs::create_dir(folder.migration("0002_case.sql")).unwrap();
    let report = folder.check();
    assert!(
        report.problems.iter().all(|p| !p.fatal),
        "{:?}",
        report.problems
    );
}

#[test]
fn a_path_that_is_not_there_does_not_end_the_run() {
    let folder = Folder::new();
    let missing = folder.path("no/such.sql");
    let report = check(discover(
        &[missing, folder.path("migrations")],
        &Options::default(),
    ));
    assert!(report.problems.iter().any(|p| p.fatal));
    assert_the_neighbours_are_checked(&report);
}

const BIG: usize = 10_000_000;

#[test]
fn big_files_are_read() {
    let rows = "INSERT INTO users VALUES (1, 'it''s; (one)', 2);\n";
    let folder = Folder::new();
    folder.write("0002_case.sql", rows.repeat(BIG / rows.len()).as_bytes());
    let report = in_time("10 MB", move || folder.check());
    assert!(report.summary.statements > BIG / rows.len());
}

#[test]
fn long_lines_are_read() {
    let mut text = String::from("INSERT INTO users VALUES ");
    text.push_str(&"(1, 'it''s; (one)', 2), ".repeat(BIG / 24));
    text.push_str("(1, 'x', 2); /* é */ ALTER TABLE users DROP COLUMN a;");
    let report = survives("a line of 10 MB", text);
    assert!(found_in(&report, "0002_case.sql").contains(&"drop-column"));
}

fn fixtures() -> Vec<String> {
    let mut texts = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut texts,
    );
    texts.sort();
    texts
}

fn collect(dir: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|end| end == "sql")
            && let Ok(text) = fs::read_to_string(&path)
            && text.len() < 20_000
        {
            texts.push(text);
        }
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Truncate(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, String),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<prop::sample::Index>;
    let piece = prop::sample::select(vec![
        "'",
        "\"",
        "$$",
        "$a$",
        "(",
        ")",
        ";",
        "--",
        "/*",
        "*/",
        "\\",
        "{{",
        "}}",
        "${",
        "\0",
        "\u{feff}",
        "\u{a0}",
        "é",
        "😀",
        "\r\n",
        "[",
        ".",
        ",",
        "::",
        "E'",
        " CASCADE",
        " BEGIN ",
        " END ",
        "-- +goose Down\n",
        "-- bowline: ignore drop-column\n",
        " IF EXISTS ",
        "0",
        ":=",
    ]);
    prop_oneof![
        place().prop_map(Mutation::Truncate),
        (place(), place()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        (place(), piece).prop_map(|(at, text)| Mutation::Insert(at, text.into())),
        (place(), 1usize..20).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (place(), 1usize..20).prop_map(|(at, count)| Mutation::Repeat(at, count)),
    ]
}

fn mutated(text: &str, mutations: &[Mutation]) -> String {
    let mut words: Vec<String> = text
        .split_inclusive(|c: char| !c.is_alphanumeric() && c != '_')
        .map(str::to_string)
        .collect();
    for mutation in mutations {
        let count = words.len();
        if count == 0 {
            break;
        }
        match mutation {
            Mutation::Truncate(at) => words.truncate(at.index(count) + 1),
            Mutation::Swap(a, b) => words.swap(a.index(count), b.index(count)),
            Mutation::Insert(at, text) => words.insert(at.index(count), text.clone()),
            Mutation::Remove(at, n) => {
                let at = at.index(count);
                words.drain(at..(at + n).min(count));
            }
            Mutation::Repeat(at, n) => {
                let at = at.index(count);
                let piece = words[at..(at + n).min(count)].to_vec();
                words.splice(at..at, piece);
            }
        }
    }
    words.concat()
}

fn on_threads(number: usize, work: impl FnOnce() -> String + Send) -> String {
    rayon::ThreadPoolBuilder::new()
        .num_threads(number)
        .build()
        .unwrap()
        .install(work)
}

/// A report in every format, whatever the number of threads and the order in
/// which the files were found.
fn report_of(texts: &[String]) -> String {
    let files = |reverse: bool| {
        let mut files: Vec<File> = texts
            .iter()
            .enumerate()
            .map(|(n, text)| text_file((&format!("{n:04}_case.sql"), text)))
            .collect();
        if reverse {
            files.reverse();
        }
        organise(files, &Options::default())
    };
    let run = |reverse| {
        let report = check(files(reverse));
        assert_places_are_in_the_text(&report);
        all_formats(&report)
    };
    let first = on_threads(1, || run(false));
    let second = on_threads(2, || run(true));
    assert_eq!(first, second, "threads or order show in the report");
    first
}

/// How many cases of each kind; `PROPTEST_CASES=100000` tries longer.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_bytes_are_read_or_named(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(source) = Source::decode("0001_x.sql", bytes) {
            report_of(&[source.text().to_string()]);
        }
    }

    #[test]
    fn random_pieces_are_read(mutations in prop::collection::vec(mutation(), 1..60)) {
        report_of(&[mutated("SELECT 1;", &mutations)]);
    }

    #[test]
    fn broken_fixtures_are_read(
        first in any::<prop::sample::Index>(),
        second in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 0..6),
    ) {
        static FIXTURES: LazyLock<Vec<String>> = LazyLock::new(fixtures);
        let original: &String = first.get(&FIXTURES);
        let text = mutated(original, &mutations);
        report_of(&[text, second.get(&FIXTURES).clone()]);
    }
}

/// However much stands between BEGIN and COMMIT, they belong together.
#[test]
fn a_commit_far_away_is_seen() {
    let between = "ALTER TABLE users ALTER COLUMN a SET STATISTICS 10;\n".repeat(2_000);
    let text = format!("BEGIN;\n{between}COMMIT;\n");
    let report = check(organise(with_neighbours(&text), &Options::default()));
    let rules: Vec<&str> = report.findings.iter().map(|f| f.rule).collect();
    assert!(!rules.contains(&"transaction-control"), "{rules:?}");
}

/// Names that are nowhere are looked for among all that are there; that must
/// not be done for each of thousands anew.
#[test]
fn thousands_of_missing_tables_are_no_work() {
    let name = |n: usize| -> String {
        let letters = [n % 26, n / 26 % 26, n / 676].map(|at| char::from(b'a' + at as u8));
        letters.iter().collect()
    };
    let mut text = String::new();
    for n in 0..6_000 {
        text += &format!("CREATE TABLE customer_orders_{} (id int);\n", name(n));
    }
    for n in 0..6_000 {
        text += &format!("INSERT INTO supplier_stocks_{} VALUES (1);\n", name(n));
    }
    let report = in_time("missing tables", move || {
        check(organise(
            vec![text_file(("0001_all.sql", &text))],
            &Options::default(),
        ))
    });
    assert_eq!(report.summary.statements, 12_000);
}

/// No server makes them, but a file may say so.
#[test]
fn domains_over_each_other_end() {
    let text = "CREATE DOMAIN a AS b; CREATE DOMAIN b AS a;\n\
                CREATE TABLE t (x a UNIQUE, y b PRIMARY KEY, z a DEFAULT 'x' CHECK (z > 1));\n\
                CREATE INDEX i ON t (x);\nALTER TABLE t ALTER COLUMN x TYPE b;\n\
                INSERT INTO t (x) VALUES (1);\nALTER DOMAIN a SET NOT NULL;\nDROP DOMAIN b CASCADE;\n";
    let report = in_time("domains", move || {
        check(organise(with_neighbours(text), &Options::default()))
    });
    assert!(report.summary.statements > 8);
}

/// Each name is looked up once, however many a statement lists.
#[test]
fn long_lists_of_names_are_no_work() {
    let names: Vec<String> = (0..30_000).map(|n| format!("c{n}")).collect();
    let names = names.join(", ");
    let text = format!(
        "CREATE VIEW v AS SELECT {names} FROM users;\nINSERT INTO users ({names}) VALUES (1);\n"
    );
    let report = in_time("names", move || {
        check(organise(with_neighbours(&text), &Options::default()))
    });
    assert_eq!(report.summary.unparsed, 0);
}

/// Each a partition of the other, and one refers to a table that is emptied.
#[test]
fn tables_below_each_other_end() {
    let text = "CREATE TABLE m (id int REFERENCES users (id)) PARTITION BY RANGE (id);\n\
                CREATE TABLE n (id int) PARTITION BY RANGE (id);\n\
                ALTER TABLE m ATTACH PARTITION n FOR VALUES FROM (1) TO (2);\n\
                ALTER TABLE n ATTACH PARTITION m FOR VALUES FROM (1) TO (2);\n\
                ALTER TABLE m ADD CONSTRAINT c CHECK (id > 1);\nTRUNCATE users;\nTRUNCATE m;\n\
                INSERT INTO n VALUES (1);\nDROP TABLE m CASCADE;\n";
    let report = in_time("partitions", move || {
        check(organise(with_neighbours(text), &Options::default()))
    });
    assert_eq!(report.summary.unparsed, 0);
}

/// A condition that names a constraint and no table looks at all tables.
#[test]
fn thousands_of_conditions_over_thousands_of_tables_are_no_work() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for n in 0..8_000 {
        writeln!(
            text,
            "CREATE TABLE t{n} (id int CONSTRAINT k{n} CHECK (id > 0));"
        )
        .unwrap();
    }
    for n in 0..8_000 {
        writeln!(
            text,
            "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'c{n}') THEN \
             ALTER TABLE t{n} ADD CONSTRAINT c{n} CHECK (id > 1); END IF; END $$;"
        )
        .unwrap();
    }
    let report = in_time("conditions", move || {
        check(organise(with_neighbours(&text), &Options::default()))
    });
    assert_eq!(report.summary.unparsed, 0);
}

/// OR REPLACE may make each of two views read the other, on no server though.
#[test]
fn views_of_each_other_end() {
    let text = "CREATE VIEW a AS SELECT 1 AS id; CREATE VIEW b AS SELECT id FROM a;\n\
                CREATE OR REPLACE VIEW a AS SELECT id FROM b;\n\
                INSERT INTO a VALUES (1); UPDATE b SET id = 2; DELETE FROM a WHERE id = 1;\n\
                MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE;\n\
                CREATE OR REPLACE VIEW a AS SELECT id::text AS id FROM b;\n\
                CREATE MATERIALIZED VIEW m AS SELECT * FROM a; REFRESH MATERIALIZED VIEW m;\n\
                GRANT SELECT ON a TO PUBLIC; LOCK TABLE a; DROP VIEW b CASCADE;\n";
    let report = in_time("views", move || {
        check(organise(with_neighbours(text), &Options::default()))
    });
    assert!(report.summary.statements > 10);
}

/// Statements that make things of each other, in any order and over few names:
/// what no server lets stand has to end all the same.
#[test]
fn whatever_few_names_are_made_of_each_other_ends() {
    const FORMS: &[&str] = &[
        "CREATE TABLE {x} (id int PRIMARY KEY, k int)",
        "CREATE TABLE {x} (id int, k int REFERENCES {y} (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE {x} () INHERITS ({y})",
        "CREATE TABLE {x} PARTITION OF {y} FOR VALUES FROM (1) TO (10)",
        "CREATE TABLE {x} PARTITION OF {y} DEFAULT",
        "CREATE TABLE {x} (LIKE {y} INCLUDING ALL)",
        "CREATE TABLE {x} AS SELECT * FROM {y}",
        "ALTER TABLE {x} INHERIT {y}",
        "ALTER TABLE {x} ATTACH PARTITION {y} FOR VALUES FROM (10) TO (20)",
        "ALTER TABLE {x} DETACH PARTITION {y}",
        "ALTER TABLE {x} ADD COLUMN l {y} DEFAULT {y}()",
        "ALTER TABLE {x} DROP COLUMN k CASCADE",
        "ALTER TABLE {x} ALTER COLUMN k TYPE {y}",
        "ALTER TABLE {x} ADD FOREIGN KEY (k) REFERENCES {y} (id) ON DELETE CASCADE",
        "ALTER TABLE {x} RENAME TO {y}",
        "ALTER TABLE {x} RENAME COLUMN k TO l",
        "CREATE OR REPLACE VIEW {x} AS SELECT id, k FROM {y}",
        "CREATE MATERIALIZED VIEW {x} AS SELECT id FROM {y}",
        "CREATE DOMAIN {x} AS {y} CHECK (VALUE > 0)",
        "CREATE TYPE {x} AS (a {y}, b int)",
        "ALTER TYPE {x} ADD ATTRIBUTE q {y} CASCADE",
        "CREATE OR REPLACE FUNCTION {x}() RETURNS int LANGUAGE sql AS $$ SELECT {y}() $$",
        "CREATE OR REPLACE FUNCTION {x}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         UPDATE {y} SET k = 1; PERFORM {y}(); RETURN NEW; END $$",
        "DO $$ BEGIN IF to_regclass('{x}') IS NULL THEN CREATE TABLE {x} (id int); \
         ELSE DROP TABLE {y}; END IF; PERFORM {x}(); END $$",
        "SELECT {x}()",
        "CREATE TRIGGER k AFTER INSERT OR UPDATE ON {x} FOR EACH ROW EXECUTE FUNCTION {y}()",
        "CREATE RULE k AS ON INSERT TO {x} DO INSTEAD INSERT INTO {y} VALUES (1)",
        "INSERT INTO {x} VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET k = excluded.k",
        "UPDATE {x} SET k = {y}.k FROM {y}",
        "DELETE FROM {x} WHERE k IN (SELECT k FROM {y})",
        "TRUNCATE {x} CASCADE",
        "DROP TABLE {x} CASCADE",
        "DROP VIEW {x} CASCADE",
        "DROP TYPE {x} CASCADE",
        "CREATE INDEX ON {x} (k)",
        "ALTER INDEX {x} ATTACH PARTITION {y}",
        "CREATE SEQUENCE {x} OWNED BY {y}.k",
        "DROP FUNCTION {x}() CASCADE",
        "ALTER TABLE {x} SET SCHEMA {y}",
        "ROLLBACK TO s",
        "SAVEPOINT s",
    ];
    let mut state = 20_261_121_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..1_500 {
        let statements: Vec<String> = (0..24)
            .map(|_| {
                let (x, y) = (["a", "b", "c"][next(3)], ["a", "b", "c"][next(3)]);
                FORMS[next(FORMS.len())].replace("{x}", x).replace("{y}", y)
            })
            .collect();
        let text = format!("{};\n", statements.join(";\n"));
        let report = check(organise(with_neighbours(&text), &Options::default()));
        assert!(report.summary.statements >= 24, "{text}");
    }
}

/// An AND or OR inside of one side of a comparison joins nothing outside of it.
#[test]
fn conditions_that_do_not_get_smaller_end() {
    let deep = format!(
        "{}id = 1{}",
        "(a = 1 OR (b = 2 AND ".repeat(5_000),
        "))".repeat(5_000)
    );
    let parentheses = format!("{}id = 1{}", "(".repeat(50_000), ")".repeat(50_000));
    let conditions = [
        "(id = 1 OR id = 2) = (id = 3 AND id = 4)",
        "(id = 1) OR (id = 2)",
        "((id = 1) OR (id = 2)) AND ((id))",
        "'x' = ANY (SELECT name FROM users WHERE id = 1 AND id = 2)",
        "(SELECT count(*) FROM users u WHERE u.id = 1 OR u.id = 2) > 0",
        "NOT (id = 1 AND (id = 2 OR",
        ") OR (",
        deep.as_str(),
        parentheses.as_str(),
    ];
    for condition in conditions {
        let text = format!(
            "UPDATE users SET id = 1 WHERE {condition};\nDELETE FROM users WHERE {condition};\n\
             INSERT INTO users SELECT * FROM users WHERE {condition};\n"
        );
        let report = in_time("conditions", move || {
            check(organise(with_neighbours(&text), &Options::default()))
        });
        assert!(report.summary.statements > 3);
    }
}
