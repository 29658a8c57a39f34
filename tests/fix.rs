//! `bowline check --fix`: the real program over a project of each layout.
//!
//! `fixtures/fixes` holds the projects; the `.diff` files beside them are what
//! `--fix` changes, and what `--fix --unsafe-fixes` does.
//! `tests/places/fixes.sh` runs them on a real server.

mod scratch;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use scratch::{CREATE, INDEX, Run, Scratch, bowline};

const SAFE: &[&str] = &["check", "--fix"];
const ALL: &[&str] = &["check", "--fix", "--unsafe-fixes"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fixes")
}

fn projects() -> Vec<PathBuf> {
    let entries = fs::read_dir(fixtures()).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() > 15);
    folders
}

fn output(folder: &Path, arguments: &[&str], more: &[&str]) -> Output {
    let mut command = bowline(folder);
    command.args(arguments).args(more).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(fs::copy(&from, &to).unwrap()),
        }
    }
}

/// The diffs are as they were looked at, and nothing is written for them.
#[test]
fn each_layout_is_fixed_in_its_way() {
    for project in projects() {
        for (arguments, end) in [(SAFE, "safe.diff"), (ALL, "unsafe.diff")] {
            let found = output(&project, arguments, &["--diff", "."]);
            let found = text(&found.stdout);
            let file = project.with_extension(end);
            if std::env::var_os("BOWLINE_BLESS").is_some() {
                fs::write(&file, &found).unwrap();
            }
            let expected = fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(found, expected, "{}", file.display());
        }
    }
}

/// What is written is what the diff said; and what was fixed is found no more.
#[test]
fn files_become_what_the_diff_says() {
    for project in projects() {
        for (arguments, end) in [(SAFE, "safe.diff"), (ALL, "unsafe.diff")] {
            let scratch = Scratch::new();
            let (fixed, patched) = (scratch.path("fixed"), scratch.path("patched"));
            copy(&project, &fixed);
            copy(&project, &patched);
            let diff = fs::read_to_string(project.with_extension(end)).unwrap();
            let run = output(&fixed, arguments, &["."]);
            let told = text(&run.stderr);
            if diff.is_empty() {
                assert!(told.starts_with("0 fixes applied in 0 files"), "{told}");
                continue;
            }
            scratch.write("the.diff", &diff);
            let place = ["apply", "--directory=patched", "the.diff"];
            scratch.git(&place);
            scratch.git(&["diff", "--no-index", "--exit-code", "fixed", "patched"]);
            let again = output(&fixed, arguments, &["."]);
            let told_again = text(&again.stderr);
            assert!(told_again.starts_with("0 fixes"), "{told_again}");
            assert_eq!(run.status.code(), again.status.code());
            let report = text(&output(&fixed, &["check"], &["."]).stdout);
            assert!(!report.contains("unparsed"), "{report}");
        }
    }
}

/// A goose project with one index that can be built concurrently and one that
/// shares its file.
fn goose() -> Scratch {
    Scratch::with(&[
        ("db/00001_init.sql", &format!("-- +goose Up\n{CREATE}")),
        ("db/00002_index.sql", &format!("-- +goose Up\n{INDEX}")),
        (
            "db/00003_two.sql",
            "-- +goose Up\nCREATE INDEX a ON users (email, id);\nCREATE INDEX b ON users (id, email);\n",
        ),
    ])
}

const FIXED: &str = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY users_email ON users (email);\n";

#[test]
fn what_was_done_and_what_is_left_is_told() {
    let scratch = goose();
    let run = scratch.run(&["check", "--fix", "db"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(
        run.err,
        "fixed create-index-blocking in db/00002_index.sql: Build the index concurrently, with `-- +goose NO TRANSACTION`\n\
         1 fix applied in 1 file\n\
         2 fixes more are not safe without a look: `--fix --diff --unsafe-fixes` shows what would change\n\
         note: a migration that has run must stay as it is; `--since REV` fixes new ones alone\n"
    );
    assert_eq!(scratch.read("db/00002_index.sql"), FIXED);
    let run = scratch.run(&[
        "check",
        "--fix",
        "--unsafe-fixes",
        "--exit-zero",
        "db/00003_two.sql",
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.err.contains("note:"), "{}", run.err);
    assert_eq!(
        scratch.read("db/00003_two.sql"),
        "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY a ON users (email, id);\nCREATE INDEX CONCURRENTLY b ON users (id, email);\n"
    );
}

#[test]
fn the_report_names_the_command_that_fixes() {
    let scratch = goose();
    let run = scratch.run(&["check", "db"]);
    assert!(
        run.out
            .contains("\n`bowline check --fix` fixes 1 of them\n"),
        "{}",
        run.out
    );
    scratch.write(
        "db/00004_more.sql",
        "-- +goose Up\nDROP INDEX users_email;\n",
    );
    for arguments in [&["check", "--since", "HEAD"][..], &["check", "--staged"]] {
        scratch.git(&["add", "--all"]);
        let run = scratch.run(arguments);
        assert!(
            run.out
                .contains("`bowline check --fix --since HEAD` fixes 1 of them"),
            "{}",
            run.out
        );
    }
}

#[test]
fn a_machine_reads_what_is_left() {
    let scratch = goose();
    let run = scratch.run(&["check", "--fix", "--format", "json", "db"]);
    let found = run.findings("findings");
    let blocking = found.iter().filter(|f| f.contains("create-index-blocking"));
    assert_eq!(blocking.count(), 2, "{found:?}");
}

#[test]
fn only_what_is_judged_is_fixed() {
    let scratch = goose();
    let old = scratch.read("db/00002_index.sql");
    scratch.write(
        "db/00004_more.sql",
        &format!("-- +goose Up\n{INDEX}").replace("users_email", "more"),
    );
    let run = scratch.run(&["check", "--fix", "--since", "main"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        scratch
            .read("db/00004_more.sql")
            .contains("CONCURRENTLY more")
    );
    assert_eq!(scratch.read("db/00002_index.sql"), old);

    let run = scratch.run(&["check", "--fix", "--staged"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--fix --since HEAD"), "{}", run.err);
}

#[test]
fn what_is_accepted_or_ignored_stays() {
    let scratch = goose();
    scratch.run(&["baseline", "db"]);
    let before = scratch.read("db/00002_index.sql");
    let run = scratch.run(&[
        "check",
        "--fix",
        "--baseline",
        "bowline-baseline.json",
        "db",
    ]);
    assert_eq!(
        (run.code, scratch.read("db/00002_index.sql")),
        (0, before),
        "{run:?}"
    );

    let text = format!(
        "-- +goose Up\n-- bowline: ignore create-index-blocking reason=\"the table is small\"\n{INDEX}"
    );
    scratch.write("db/00002_index.sql", &text);
    scratch.run(&["check", "--fix", "db/00002_index.sql"]);
    assert_eq!(scratch.read("db/00002_index.sql"), text);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let scratch = goose();
    let with = |arguments: &[&str], text: &[u8]| {
        let mut command = bowline(&scratch.path(""));
        command.args(["check", "-", "--stdin-filename", "db/00002_index.sql"]);
        command.args(arguments);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        Run::from(child.wait_with_output().unwrap())
    };
    let before = scratch.read("db/00002_index.sql");
    let run = with(&["--fix"], before.as_bytes());
    assert_eq!((run.code, run.out.as_str()), (0, FIXED));
    assert!(run.err.contains("1 fix applied"), "{}", run.err);
    let run = with(&["--fix", "--diff"], before.as_bytes());
    assert!(
        run.out
            .starts_with("--- a/db/00002_index.sql\n+++ b/db/00002_index.sql\n@@ ")
    );
    let run = with(&["--fix"], FIXED.as_bytes());
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, FIXED),
        "what is well stays"
    );
    let run = with(&["--fix"], b"-- +goose Up\n-- caf\xe9\n");
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(
        run.err.contains("`db/00002_index.sql` is not UTF-8"),
        "{}",
        run.err
    );
    assert_eq!(scratch.read("db/00002_index.sql"), before);
}

#[test]
fn other_encodings_are_named_and_left() {
    let scratch = goose();
    let bytes = [b"-- +goose Up\n-- caf\xe9\n", INDEX.as_bytes()].concat();
    fs::write(scratch.path("db/00002_index.sql"), &bytes).unwrap();
    let run = scratch.run(&["check", "--fix", "db"]);
    assert!(
        run.err
            .contains("`db/00002_index.sql` is not UTF-8, and is left as it is"),
        "{}",
        run.err
    );
    assert_eq!(fs::read(scratch.path("db/00002_index.sql")).unwrap(), bytes);
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let scratch = goose();
    for arguments in [
        &["--diff"][..],
        &["--unsafe-fixes"],
        &["--fix", "--diff", "--output", "sarif=a.sarif"],
    ] {
        let run = scratch.run(&[&["check"], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = goose();
    let before = scratch.read("db/00002_index.sql");
    let folder = scratch.path("db");
    let closed = fs::Permissions::from_mode(0o555);
    fs::set_permissions(&folder, closed).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        // The superuser is not held back.
        return;
    }
    let run = scratch.run(&["check", "--fix", "db"]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("cannot write `db/00002_index.sql`"),
        "{}",
        run.err
    );
    assert_eq!(scratch.read("db/00002_index.sql"), before);
}
