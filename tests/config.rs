//! `bowline.toml` as an editor and `bowline init` know it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bowline::config::{Config, KEYS, SECTION_KEYS, json_schema};
use bowline::page::Page;
use bowline::rules;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rule_ids() -> Vec<&'static str> {
    rules::ALL.iter().map(|rule| rule.id).collect()
}

fn parses(text: &str) -> bool {
    Config::parse(text, "bowline.toml".as_ref(), &rule_ids()).is_ok()
}

fn schema() -> Value {
    let rules: Vec<_> = rules::ALL
        .iter()
        .map(|rule| (rule.id, Page::title(rule.page)))
        .collect();
    json_schema(&rules)
}

/// `schema/bowline-config.schema.json` follows from the code; this test writes
/// it.
#[test]
fn the_schema_is_fresh() {
    let file = root().join("schema/bowline-config.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if fs::read_to_string(&file).unwrap_or_default() != text {
        fs::write(&file, text).unwrap();
        panic!("the schema was out of date and is written anew: look at it and commit it");
    }
}

#[test]
fn the_schema_knows_every_key() {
    let schema = schema();
    let keys =
        |at: &Value| -> BTreeSet<String> { at.as_object().unwrap().keys().cloned().collect() };
    let known = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(keys(&schema["properties"]), known(&KEYS));
    let section = &schema["$defs"]["section"]["properties"];
    assert_eq!(keys(section), known(&SECTION_KEYS));
}

#[test]
fn the_schema_and_the_program_agree() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let cases = [
        ("", true),
        ("engine = \"postgres@16\"", true),
        ("engine = \"postgresql@15.3\"", true),
        ("engine = \"postgres@9\"", false),
        ("engine = 16", false),
        ("layout = \"goose\"\npaths = \"db\"", true),
        ("layout = \"gose\"", false),
        ("transaction = \"all-pending\"", true),
        ("transaction = \"once\"", false),
        ("paths = [\"db\", \"more\"]\nexclude = \"x\"", true),
        ("paths = [1]", false),
        ("fail-on = \"never\"\npedantic = true", true),
        ("fail_on = \"never\"", false),
        ("fail-on = \"fatal\"", false),
        ("baseline = \"known.json\"", true),
        ("baseline = [\"known.json\"]", false),
        ("pedantic = \"yes\"", false),
        ("suppressions-of = [\"squawk\", \"atlas\"]", true),
        ("suppressions-of = \"squak\"", false),
        ("[phases]\nexpand = \"a\"\ncontract = [\"b\"]", true),
        ("[phases]\nexpnd = \"a\"", false),
        ("[rules]\ndrop-column = \"off\"", true),
        ("[rules]\ndrop-column = \"eror\"", false),
        ("[rules]\ndrop-colum = \"off\"", false),
        (
            "[[path]]\nglobs = \"a\"\nphase = \"migrate\"\nignore = true",
            true,
        ),
        (
            "[path]\nglobs = [\"a\"]\nrules = { drop-table = \"info\" }",
            true,
        ),
        ("[[path]]\nphase = \"migrate\"", false),
        ("[[path]]\nglobs = \"a\"\nglob = \"b\"", false),
    ];
    for (text, right) in cases {
        let value: Value = toml::from_str(text).unwrap();
        assert_eq!(parses(text), right, "the program: {text}");
        assert_eq!(schema.is_valid(&value), right, "the schema: {text}");
    }
}

fn bowline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("GITHUB_WORKSPACE")
        .output()
        .unwrap()
}

/// An empty repository in a temporary folder.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Migrations and findings of a check of the folder.
fn judged(folder: &Path, arguments: &[&str]) -> Value {
    let output = bowline(
        folder,
        &[&["check", "--format", "json"], arguments].concat(),
    );
    let mut report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    serde_json::json!([report["migrations"].take(), report["findings"].take()])
}

/// What `init` writes is what is found anyway, in every layout.
#[test]
fn init_says_what_the_check_finds() {
    for entry in fs::read_dir(root().join("fixtures/layouts")).unwrap() {
        let folder = scratch();
        let layout = entry.unwrap().path();
        copy(&layout, folder.path());
        let without = judged(folder.path(), &[]);
        let output = bowline(folder.path(), &["init"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = fs::read_to_string(folder.path().join("bowline.toml")).unwrap();
        assert!(parses(&text), "{text}");
        let with = judged(folder.path(), &[]);
        assert!(with == without, "{}:\n{text}", layout.display());
    }
}

#[test]
fn init_names_layout_engine_and_folder() {
    let folder = scratch();
    let migrations = folder.path().join("größe \"1\"/prisma/migrations");
    copy(
        &root().join("fixtures/layouts/prisma/prisma/migrations"),
        &migrations,
    );
    let output = bowline(folder.path(), &["init"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("wrote bowline.toml: ") && said.contains("(prisma)"),
        "{said}"
    );
    let text = fs::read_to_string(folder.path().join("bowline.toml")).unwrap();
    let value: Value = toml::from_str(&text).unwrap();
    assert_eq!(value["layout"], "prisma");
    assert_eq!(value["paths"][0], "größe \"1\"/prisma/migrations");
}

/// Every key stands in the file, and its example is right.
#[test]
fn what_init_shows_is_understood() {
    let folder = scratch();
    assert_eq!(
        bowline(folder.path(), &["init", "."]).status.code(),
        Some(0)
    );
    let text = fs::read_to_string(folder.path().join("bowline.toml")).unwrap();
    let shown: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .filter(|line| line.starts_with('[') || line.contains(" = "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(parses(&shown), "{shown}");
    let keys: toml::Table = shown.parse().unwrap();
    for key in KEYS {
        assert!(keys.contains_key(key), "`{key}` is not shown");
    }
}

#[test]
fn init_replaces_nothing_unasked() {
    let folder = scratch();
    let file = folder.path().join("bowline.toml");
    fs::write(&file, "pedantic = true\n").unwrap();
    let refused = bowline(folder.path(), &["init"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr),
        "error: `bowline.toml` is there already; --force replaces it\n"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "pedantic = true\n");
    assert_eq!(
        bowline(folder.path(), &["init", "--force"]).status.code(),
        Some(0)
    );
    assert_ne!(fs::read_to_string(&file).unwrap(), "pedantic = true\n");
    let missing = bowline(folder.path(), &["init", "no such folder"]);
    assert_eq!(missing.status.code(), Some(2));
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 2, "nothing else is left behind");
}

/// Files of no known tool run as the configuration says; those of a known one as
/// that does.
#[test]
fn a_transaction_is_for_files_of_no_tool() {
    let folder = scratch();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    for dir in ["plain", "goose"] {
        fs::create_dir(folder.path().join(dir)).unwrap();
    }
    write("plain/001_init.sql", "CREATE TABLE t (id int, a int);");
    write(
        "plain/002_next.sql",
        "ALTER TABLE t RENAME TO u; CREATE INDEX t_a ON u (a);",
    );
    write(
        "goose/001_init.sql",
        "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE t (id int, a int);",
    );
    let waiting = |transaction: &str| -> (String, String) {
        write("bowline.toml", transaction);
        let judged = judged(folder.path(), &["."]);
        let how = |layout: &str| {
            let migrations = judged[0].as_array().unwrap();
            let of = |m: &&Value| m["layout"] == layout;
            migrations.iter().find(of).unwrap()["transaction"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(how("goose"), "statement");
        let index = judged[1].as_array().unwrap().iter();
        let mut index = index.filter(|f| f["rule"] == "create-index-blocking");
        let message = index.next().unwrap()["message"].as_str().unwrap();
        (how("plain"), message.to_owned())
    };
    assert_eq!(
        waiting(""),
        (
            "none".into(),
            "building an index on `u` blocks its writes until it is done".into()
        )
    );
    assert_eq!(
        waiting("transaction = \"file\""),
        (
            "file".into(),
            "building an index on `u` blocks its reads and writes until it is done".into()
        )
    );
}
