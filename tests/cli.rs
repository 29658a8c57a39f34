//! The program as a shell or a CI job meets it: exit codes, streams, files.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const CREATE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n";
const INDEX: &str = "CREATE INDEX users_email ON users (email);\n";
const QUIET: &str = "CREATE TABLE pets (id bigint PRIMARY KEY, name text);\n";

/// A project of its own, gone with the test.
struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        // Keeps the search for a configuration and a repository inside.
        project.write("bowline.toml", "");
        fs::create_dir(project.path(".git")).unwrap();
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    /// One migration that is an error, after one that is not.
    fn with_error() -> Self {
        Self::new(&[("db/0001_init.sql", CREATE), ("db/0002_index.sql", INDEX)])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bowline();
        command.current_dir(self.0.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::from(self.command(arguments).output().unwrap())
    }

    fn feed(&self, arguments: &[&str], text: &[u8]) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        Run::from(child.wait_with_output().unwrap())
    }
}

fn bowline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    command
        .env_remove("NO_COLOR")
        .env_remove("GITHUB_WORKSPACE")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("CI_PROJECT_DIR");
    command
}

#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("an exit code, not a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("JSON on standard output")
    }

    /// `path:line rule` of each finding.
    fn findings(&self) -> Vec<String> {
        let json = self.json();
        let list = json["findings"].as_array().unwrap().iter();
        list.map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            let line = &finding["range"]["start"]["line"];
            format!("{}:{line} {}", text("path"), text("rule"))
        })
        .collect()
    }
}

const FOUND: &str = "db/0002_index.sql:1 create-index-blocking";

#[test]
fn exit_codes_follow_the_threshold() {
    let project = Project::with_error();
    let cases: [(&[&str], i32); 6] = [
        (&[], 1),
        (&["--fail-on", "never"], 0),
        (&["--fail-on", "info"], 1),
        (&["--exit-zero"], 0),
        (&["db/0001_init.sql", "--fail-on", "error"], 0),
        (&["--format", "sarif"], 1),
    ];
    for (arguments, code) in cases {
        let run = project.run(&[&["check"], arguments].concat());
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
        assert_eq!(run.err, "", "{arguments:?}");
    }
    project.write("bowline.toml", "fail-on = \"never\"");
    assert_eq!(project.run(&["check"]).code, 0);
    assert_eq!(project.run(&["check", "--fail-on", "error"]).code, 1);
}

#[test]
fn wrong_usage_is_told_on_standard_error() {
    let project = Project::with_error();
    let cases: [(&[&str], &str); 16] = [
        (&[], "Usage: bowline"),
        (&["chekc"], "'check'"),
        (&["check", "--fromat", "json"], "'--format'"),
        (&["check", "--format", "jsn"], "json"),
        (&["check", "--engine", "postgres@9"], "13 to 18"),
        (&["check", "--engine", "oracle"], "unknown engine `oracle`"),
        (&["check", "--layout", "gooose"], "'goose'"),
        (&["check", "--threads", "0"], "zero"),
        (&["check", "-", "db"], "`-` is the only path"),
        (
            &["check", "db", "--stdin-filename", "a.sql"],
            "--stdin-filename",
        ),
        (
            &["check", "--config", "no.toml"],
            "`no.toml` cannot be read",
        ),
        (
            &["check", "--config", "a", "--no-config"],
            "cannot be used with",
        ),
        (
            &["check", "--output", "srif=report"],
            "did you mean `sarif`?",
        ),
        (
            &["check", "--output", "a", "--output", "json=a"],
            "names `a` twice",
        ),
        (
            &["check", "--output", "no/report"],
            "cannot write `no/report`",
        ),
        (
            &["explain", "create-index-bloking"],
            "did you mean `create-index-blocking`?",
        ),
    ];
    for (arguments, said) in cases {
        let run = project.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.err.contains(said), "{arguments:?}: {}", run.err);
        assert_eq!(run.out, "", "{arguments:?}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    for argument in ["--help", "--version"] {
        let run = Run::from(bowline().arg(argument).output().unwrap());
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert!(run.out.contains("bowline"));
    }
}

#[test]
fn a_wrong_configuration_ends_the_run() {
    let project = Project::with_error();
    project.write("bowline.toml", "# ours\nenigne = \"postgres\"\n");
    let run = project.run(&["check", "db"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert_eq!(
        run.err,
        "error: bowline.toml:2: unknown key `enigne`; did you mean `engine`?\n"
    );
    let below = bowline()
        .arg("check")
        .current_dir(project.path("db"))
        .output()
        .unwrap();
    assert!(Run::from(below).err.contains("../bowline.toml:2:"));
    assert_eq!(project.run(&["check", "--no-config"]).code, 1);
}

#[test]
fn the_configuration_decides_what_is_read_and_reported() {
    let project = Project::with_error();
    project.write("elsewhere/0001_init.sql", QUIET);
    let json = ["check", "--format", "json"];
    let cases = [
        ("paths = [\"db\"]", vec![FOUND]),
        ("paths = \"elsewhere\"", vec![]),
        ("exclude = \"db\"", vec![]),
        ("[rules]\ncreate-index-blocking = \"off\"", vec![]),
        ("[[path]]\nglobs = \"db/0002*\"\nignore = true", vec![]),
        (
            "[[path]]\nglobs = \"elsewhere\"\nrules = { create-index-blocking = \"off\" }",
            vec![FOUND],
        ),
    ];
    for (config, found) in cases {
        project.write("bowline.toml", config);
        let run = project.run(&json);
        assert_eq!(run.findings(), found, "{config}: {}", run.err);
    }
}

#[test]
fn paths_under_different_configurations_are_not_one_run() {
    let project = Project::new(&[
        ("a/bowline.toml", "fail-on = \"never\""),
        ("a/0001_init.sql", CREATE),
        ("b/0001_init.sql", CREATE),
    ]);
    let run = project.run(&["check", "a", "b"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("(`a/bowline.toml` and `bowline.toml`)"),
        "{}",
        run.err
    );
    assert_eq!(
        project
            .run(&["check", "a", "b", "--config", "bowline.toml"])
            .code,
        0
    );
}

#[test]
fn paths_are_shown_from_the_current_folder() {
    let project = Project::with_error();
    let absolute = project.path("db/0002_index.sql");
    let run = project.run(&["check", "--format", "json", absolute.to_str().unwrap()]);
    assert_eq!(run.findings(), [FOUND]);
    let below = bowline()
        .args(["check", "--format", "json"])
        .current_dir(project.path("db"))
        .output()
        .unwrap();
    assert_eq!(
        Run::from(below).findings(),
        ["0002_index.sql:1 create-index-blocking"]
    );
}

#[test]
fn code_scanning_gets_paths_from_the_repository_root() {
    let project = Project::with_error();
    let run = bowline()
        .args(["check", "--format", "sarif"])
        .current_dir(project.path("db"))
        .output()
        .unwrap();
    let sarif = Run::from(run).json();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "db/0002_index.sql");
}

#[test]
fn a_folder_without_migrations_is_told() {
    let project = Project::new(&[("README.md", "none here")]);
    let run = project.run(&["check"]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("holds no migrations"), "{}", run.out);
    assert_eq!(project.run(&["check", "missing"]).code, 2);
}

#[test]
fn what_cannot_be_read_does_not_hide_the_rest() {
    let project = Project::with_error();
    fs::write(project.path("db/0003_binary.sql"), b"\0\x01\x02").unwrap();
    let run = project.run(&["check", "--format", "json"]);
    assert_eq!(run.code, 2);
    assert_eq!(run.findings(), [FOUND]);
}

#[test]
fn standard_input_is_a_file_of_its_name() {
    let project = Project::new(&[]);
    let text = format!("{CREATE}{INDEX}");
    let arguments = [
        "check",
        "-",
        "--format",
        "json",
        "--stdin-filename",
        "db/0007_x.sql",
    ];
    let run = project.feed(&arguments, text.as_bytes());
    assert_eq!(run.err, "");
    assert_eq!(run.json()["migrations"][0]["path"], "db/0007_x.sql");
    let alone = project.feed(&["check", "-"], INDEX.as_bytes());
    assert_eq!(alone.code, 1);
    assert!(alone.out.contains("stdin.sql:1:"), "{}", alone.out);
    let binary = project.feed(&["check", "-"], b"\0\0");
    assert_eq!(binary.code, 2);
    assert!(binary.err.contains("is not text"), "{}", binary.err);
}

#[test]
fn standard_input_stands_in_its_history() {
    let project = Project::with_error();
    project.write(
        "db/0003_pets.sql",
        "CREATE INDEX pets_name ON users (email);\n",
    );
    let check = |name: &str, text: &str| {
        let arguments = ["check", "-", "--format", "json", "--stdin-filename", name];
        let run = project.feed(&arguments, text.as_bytes());
        assert_eq!(run.err, "");
        run.findings()
    };
    let unique = "-- bowline: ignore drop-table reason=\"x\"\nCREATE INDEX e ON users (email);\n";
    assert_eq!(
        check("db/0002_index.sql", unique),
        [
            "db/0002_index.sql:1 unused-suppression",
            "db/0002_index.sql:2 create-index-blocking"
        ],
        "the text counts, not the file, and nothing is said of the others"
    );
    assert_eq!(
        check(
            "./db/../db/0004_new.sql",
            "ALTER TABLE users DROP COLUMN emial;\n"
        ),
        ["db/0004_new.sql:1 schema-conflict"],
        "the files before it are its history"
    );
    let absolute = project.path("db/0002_index.sql");
    assert_eq!(check(absolute.to_str().unwrap(), INDEX), [FOUND]);
    for alone in ["db/notes.sql", "nowhere/0004_new.sql"] {
        let found = check(alone, "ALTER TABLE users DROP COLUMN emial;\n");
        assert!(
            !found.iter().any(|f| f.contains("schema-conflict")),
            "{found:?}"
        );
    }
}

#[test]
fn standard_input_of_a_pair_is_one_file() {
    let project = Project::new(&[
        ("db/1_users.up.sql", CREATE),
        ("db/1_users.down.sql", "DROP TABLE users;\n"),
        ("db/2_pets.up.sql", QUIET),
        ("db/2_pets.down.sql", "SELECT 1;\n"),
    ]);
    let arguments = ["check", "-", "--format", "json", "--stdin-filename"];
    let up = project.feed(
        &[&arguments[..], &["db/2_pets.up.sql"]].concat(),
        QUIET.as_bytes(),
    );
    assert_eq!(up.findings(), [""; 0]);
    let down = project.feed(
        &[&arguments[..], &["db/2_pets.down.sql"]].concat(),
        b"SELECT 2;\n",
    );
    assert_eq!(down.findings(), ["db/2_pets.down.sql:1 empty-down"]);
}

#[test]
fn a_reason_of_dots_is_none() {
    let project = Project::with_error();
    let text = format!("-- bowline: ignore create-index-blocking reason=\"…\"\n{INDEX}");
    project.write("db/0002_index.sql", &text);
    let run = project.run(&["check", "--format", "json"]);
    assert_eq!(
        run.findings(),
        ["db/0002_index.sql:1 unexplained-suppression"]
    );
}

#[test]
fn a_report_file_is_replaced_as_a_whole() {
    let project = Project::with_error();
    let arguments = ["check", "--format", "json", "--output", "report.json"];
    project.write("report.json", "old");
    let run = project.run(&arguments);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    let text = fs::read_to_string(project.path("report.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let names: Vec<_> = fs::read_dir(project.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("report"))
        .collect();
    assert_eq!(names, ["report.json"]);
}

#[test]
fn one_run_writes_several_forms() {
    let project = Project::with_error();
    let arguments = "check --format json --output sarif=a.sarif -o markdown=comment.md";
    let run = project.run(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    assert_eq!(run.findings(), [FOUND]);
    let read = |name| fs::read_to_string(project.path(name)).unwrap();
    assert!(read("a.sarif").contains("\"2.1.0\""));
    assert!(read("comment.md").contains("### bowline: 1 error"));
    let arguments = "check --format json --output report.json --output gitlab=quality.json";
    let run = project.run(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(read("report.json").contains("\"findings\""));
    assert!(read("quality.json").starts_with('['));
}

#[test]
fn annotations_come_with_the_summary_of_the_step() {
    let project = Project::with_error();
    let summary = project.path("summary.md");
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        Run::from(
            command
                .env("GITHUB_STEP_SUMMARY", &summary)
                .output()
                .unwrap(),
        )
    };
    fs::write(&summary, "of another step\n").unwrap();
    run(&["check", "--format", "json"]);
    assert_eq!(fs::read_to_string(&summary).unwrap(), "of another step\n");
    let github = run(&["check", "--format", "github"]);
    assert_eq!((github.code, github.err.as_str()), (1, ""));
    let place = "::error file=db/0002_index.sql,line=1,endLine=1,col=14,endColumn=25";
    assert!(github.out.starts_with(place), "{}", github.out);
    let text = fs::read_to_string(&summary).unwrap();
    let added = text.strip_prefix("of another step\n").unwrap();
    assert!(added.contains("### bowline: 1 error"), "{text}");
    fs::remove_file(&summary).unwrap();
    fs::create_dir(&summary).unwrap();
    let run = run(&["check", "--format", "github"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("summary.md"), "{}", run.err);
}

#[test]
fn a_report_may_go_to_what_is_no_file() {
    if Path::new("/dev/null").exists() {
        let run = Project::with_error().run(&["check", "--output", "/dev/null"]);
        assert_eq!((run.code, run.err.as_str()), (1, ""));
    }
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    let project = Project::new(&[("db/0001_init.sql", CREATE)]);
    project.write("db/0002_many.sql", &INDEX.repeat(3000));
    let mut child = project
        .command(&["check", "--format", "json", "--fail-on", "never"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let project = Project::with_error();
    assert!(!project.run(&["check"]).out.contains('\x1b'));
    assert!(
        project
            .run(&["check", "--color", "always"])
            .out
            .contains('\x1b')
    );
    let run = project
        .command(&["--color", "always", "check"])
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert!(
        Run::from(run).out.contains('\x1b'),
        "a flag outweighs NO_COLOR"
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let project = Project::with_error();
    let run = |number| {
        project
            .run(&["check", "--format", "json", "--threads", number])
            .out
    };
    assert_eq!(run("1"), run("4"));
}

#[test]
fn rules_are_listed_and_explained() {
    let list = Run::from(
        bowline()
            .args(["rules", "--format", "json"])
            .output()
            .unwrap(),
    );
    assert_eq!(list.code, 0);
    assert!(list.out.contains("\"create-index-blocking\""));
    let page = bowline()
        .args(["explain", "create-index-blocking"])
        .output();
    let page = Run::from(page.unwrap());
    assert_eq!(page.code, 0);
    assert!(page.out.contains("What to do instead"));
}

#[test]
fn completions_and_manual_pages_know_every_flag() {
    let run = |arguments: &[&str]| Run::from(bowline().args(arguments).output().unwrap());
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, 0, "{shell}");
        assert!(script.out.contains("fail-on"), "{shell}");
    }
    let pages = [("check", "\\-\\-fail\\-on"), ("init", "\\-\\-force")];
    for (command, flag) in pages {
        let page = run(&["man", command]);
        assert!(page.out.contains(&format!(".TH bowline-{command} 1")));
        assert!(page.out.contains(flag), "{}", page.out);
    }
    assert!(run(&["man"]).out.contains("bowline\\-check(1)"));
    let unknown = run(&["man", "chekc"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean `check`?"));
}

#[test]
fn directives_speak_to_the_check() {
    let project = Project::with_error();
    let why = "-- bowline: ignore create-index-blocking reason=\"two rows\"\n";
    let cases = [
        (format!("{why}{INDEX}"), vec![], 1),
        (
            format!("{why}{QUIET}{INDEX}"),
            vec!["1 unused-suppression", "3 create-index-blocking"],
            0,
        ),
        (
            format!("-- bowline: ignore create-index-blocking\n{INDEX}"),
            vec!["1 unexplained-suppression"],
            1,
        ),
        (
            format!("-- bowline: ingore create-index-blocking\n{QUIET}"),
            vec!["1 unknown-directive"],
            0,
        ),
    ];
    for (text, found, suppressed) in cases {
        project.write("db/0002_index.sql", &text);
        let run = project.run(&["check", "--format", "json"]);
        let found: Vec<_> = found
            .iter()
            .map(|f| format!("db/0002_index.sql:{f}"))
            .collect();
        assert_eq!(run.findings(), found, "{text}");
        assert_eq!(run.json()["summary"]["suppressed"], suppressed, "{text}");
    }
}

#[test]
fn other_linters_comments_count_where_the_configuration_says_so() {
    let project = Project::with_error();
    let text = format!("-- squawk-ignore require-concurrent-index-creation\n{INDEX}");
    project.write("db/0002_index.sql", &text);
    assert_eq!(project.run(&["check"]).code, 1);
    project.write("bowline.toml", "suppressions-of = [\"squawk\"]");
    assert_eq!(project.run(&["check"]).code, 0);
}

/// The statements of an inspection.
fn inspected(run: &Run) -> Vec<serde_json::Value> {
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    run.json()["statements"].as_array().unwrap().clone()
}

const JSON: [&str; 3] = ["inspect", "--format", "json"];

#[test]
fn a_statement_is_inspected_after_its_history() {
    let key = "ALTER TABLE users ADD UNIQUE (email);\n";
    let drop = "ALTER TABLE users DROP COLUMN email;\nALTER TABLE users DROP COLUMN email;\n";
    let project = Project::new(&[
        ("db/0001_init.sql", CREATE),
        ("db/0002_key.sql", key),
        ("db/0003_drop.sql", drop),
        ("db/0004_later.sql", "DROP TABLE users;\n"),
        ("key.sql", key),
        ("drop.sql", drop),
    ]);
    let indexes = |statement: &serde_json::Value| {
        let locks = statement["locks"].as_array().unwrap().iter();
        let names = locks.map(|lock| lock["relation"].as_str().unwrap().to_owned());
        names.filter(|name| name != "users").collect::<Vec<_>>()
    };
    let ways: [&[&str]; 4] = [
        &["db/0003_drop.sql"],
        &[
            "drop.sql",
            "--schema",
            "db/0001_init.sql",
            "--schema",
            "key.sql",
        ],
        &[
            "drop.sql",
            "--schema",
            "db/0001_init.sql",
            "--schema",
            "db/0002_key.sql",
        ],
        // The history in the folder ends where the file stands.
        &["db/0003_drop.sql", "--schema", "db"],
    ];
    for way in ways {
        let statements = inspected(&project.run(&[&JSON, way].concat()));
        let [first, second] = statements.as_slice() else {
            panic!("{way:?}: {statements:#?}");
        };
        assert_eq!(indexes(first), ["users_email_key"], "{way:?}");
        assert_eq!(
            first["undo"]["loses"][0], "the data of `users.email`",
            "{way:?}"
        );
        assert_eq!(first["fails"], serde_json::Value::Null, "{way:?}");
        assert_eq!(second["range"]["start"]["line"], 2, "{way:?}");
        let why = second["fails"].as_str().unwrap();
        assert!(why.contains("`email`"), "{way:?}: {why}");
    }
    let run = project.feed(
        &[&JSON[..], &["-", "--schema", "db/0001_init.sql"]].concat(),
        key.as_bytes(),
    );
    assert_eq!(inspected(&run)[0]["creates"][0], "users_email_key");
}

#[test]
fn a_statement_is_shown_as_a_table() {
    let project = Project::new(&[("schema.sql", CREATE)]);
    let text = "ALTER TABLE users\n  ADD COLUMN age int NOT NULL DEFAULT 0,\n  ALTER COLUMN id TYPE int;\n\
                CREATE INDEX CONCURRENTLY users_email ON users (email);\n\
                ALTER TABLE users ADD COLUMN born date NOT NULL;\n\
                DROP TABLE users; SELEKT 1;\n";
    let run = project.feed(
        &[
            "inspect",
            "-",
            "--schema",
            "schema.sql",
            "--engine",
            "postgres@16",
        ],
        text.as_bytes(),
    );
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!("inspect", run.out);
}

#[test]
fn what_cannot_be_inspected_is_told() {
    let project = Project::new(&[("a.sql", CREATE), ("latin.sql", "")]);
    let cases: [(&[&str], &str); 5] = [
        (&["b.sql"], "b.sql"),
        (&["a.sql", "--schema", "b.sql"], "`b.sql`"),
        (&["a.sql", "--engine", "mysql@8"], "not judged yet"),
        (&[], "<FILE>"),
        (&["a.sql", "--format", "sarif"], "human"),
    ];
    for (arguments, told) in cases {
        let run = project.run(&[&["inspect"], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert_eq!(run.out, "", "{arguments:?}");
        assert!(run.err.contains(told), "{arguments:?}: {}", run.err);
    }
}

/// A lock that the down has taken before is held when it reads the table.
#[test]
fn a_down_that_works_behind_its_own_lock_keeps_readers_out() {
    let project = Project::new(&[
        (
            "db/1_a.sql",
            "-- +goose Up\nCREATE TABLE users (id int PRIMARY KEY, email text, w int NOT NULL);\n\
             CREATE INDEX email_u ON users (email);\n-- +goose Down\nDROP TABLE users;\n",
        ),
        (
            "db/2_b.sql",
            "-- +goose Up\nDROP INDEX email_u;\nALTER TABLE users DROP COLUMN w;\n-- +goose Down\n\
             ALTER TABLE users ADD COLUMN w int;\nCREATE INDEX email_u ON users (email);\n",
        ),
    ]);
    let run = project.run(&["check", "db", "--engine", "postgres", "--format", "json"]);
    let told = "the down reads all of `users` while reads and writes wait for it";
    assert!(run.out.contains(told), "{}", run.out);
}

/// A primary key that adopts an index reads every row where a column may be NULL.
#[test]
fn a_down_proves_the_values_of_a_key_first() {
    let project = Project::new(&[
        (
            "db/1_a.sql",
            "-- +goose Up\nCREATE TABLE fav (w int NOT NULL, u int NOT NULL, PRIMARY KEY (w, u));\n\
             -- +goose Down\nDROP TABLE fav;\n",
        ),
        (
            "db/2_b.sql",
            "-- +goose Up\nALTER TABLE fav DROP CONSTRAINT fav_pkey;\n\
             ALTER TABLE fav ALTER COLUMN u DROP NOT NULL;\n-- +goose Down\n\
             ALTER TABLE fav ADD PRIMARY KEY (w, u);\n",
        ),
    ]);
    let run = project.run(&["check", "db", "--engine", "postgres", "--format", "json"]);
    assert!(run.out.contains("prove `u IS NOT NULL`"), "{}", run.out);
}

/// The engine that is given is not that of a file whose name says another, and
/// what files of several engines share is judged once.
#[test]
fn a_given_engine_leaves_out_files_of_others() {
    let project = Project::new(&[
        (
            "db/1_a.sql",
            "CREATE TABLE devices (id bigint PRIMARY KEY, hidden boolean);",
        ),
        ("db/2_fix.sql.postgres", "SELECT 1;"),
        (
            "db/2_fix.sql.sqlite",
            "ALTER TABLE devices ADD COLUMN shown boolean DEFAULT 0;",
        ),
        ("db/3_c.sql", "ALTER TABLE devices ADD COLUMN name text;"),
        ("mysql/1_a.sql", "CREATE TABLE m (id bigint PRIMARY KEY);"),
        ("one/1_a.sqlite.sql", "PRAGMA foreign_keys = ON;"),
    ]);
    let judged = |arguments: &[&str]| -> Vec<String> {
        let run = project.run(&[arguments, &["--format", "json"]].concat());
        let json = run.json();
        let list = json["migrations"].as_array().unwrap().iter();
        list.map(|migration| migration["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut expected = vec!["db/1_a.sql", "db/2_fix.sql.postgres", "db/3_c.sql"];
    assert_eq!(judged(&["check", "."]), expected);
    // A folder's name is only a guess.
    expected.push("mysql/1_a.sql");
    assert_eq!(judged(&["check", ".", "--engine", "postgres"]), expected);
}
