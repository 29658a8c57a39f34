//! What `bowline explain RULE --for FILE:LINE` writes: for each fixture, files
//! in which bowline finds no error, whatever tool runs them. That they do on a
//! server what they say is tried by `tests/places/recipes.sh`.

mod scratch;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bowline::page::Page;
use bowline::{recipe, rules};
use scratch::{Run, bowline};
use tempfile::TempDir;

/// A fixture: one migration that should have been several.
struct Fixture {
    name: String,
    rule: String,
    setup: String,
    change: String,
    /// Where in the change the rule reports, counted from 1.
    line: usize,
}

fn fixtures() -> Vec<Fixture> {
    let mut names: Vec<_> = fs::read_dir("fixtures/recipes")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names.iter().map(|path| fixture(path)).collect()
}

fn fixture(path: &Path) -> Fixture {
    let text = fs::read_to_string(path).unwrap();
    let section = |name: &str| {
        let lines = text
            .lines()
            .skip_while(|line| *line != format!("-- {name}"));
        let headings = [
            "-- setup",
            "-- rows",
            "-- old release",
            "-- change",
            "-- new release",
        ];
        let lines = lines.skip(1).take_while(|line| !headings.contains(line));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let change = section("change");
    Fixture {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        rule: text
            .lines()
            .next()
            .unwrap()
            .strip_prefix("-- rule: ")
            .unwrap()
            .to_owned(),
        setup: section("setup"),
        line: change
            .lines()
            .position(|line| line.ends_with("-- here"))
            .unwrap_or(0)
            + 1,
        change,
    }
}

/// How a tool's first two migrations are written.
struct Tool {
    layout: &'static str,
    /// Where they lie, with the text in front of theirs.
    files: [&'static str; 2],
    mark: &'static str,
}

const TOOLS: &[Tool] = &[
    tool("plain", ["db/0001_a.sql", "db/0002_b.sql"], ""),
    tool("golang-migrate", ["m/0001_a.up.sql", "m/0002_b.up.sql"], ""),
    tool("pop", ["m/0001_a.up.sql", "m/0002_b.up.sql"], ""),
    tool(
        "goose",
        ["m/00001_a.sql", "m/00002_b.sql"],
        "-- +goose Up\n",
    ),
    tool(
        "dbmate",
        ["m/20240102030405_a.sql", "m/20240102030406_b.sql"],
        "-- migrate:up\n",
    ),
    tool(
        "sql-migrate",
        ["m/1_a.sql", "m/2_b.sql"],
        "-- +migrate Up\n",
    ),
    tool("tern", ["m/001_a.sql", "m/002_b.sql"], ""),
    tool(
        "sqlx",
        ["m/20240102030405_a.sql", "m/20240102030406_b.sql"],
        "",
    ),
    tool(
        "diesel",
        [
            "m/2024-01-02-030405_a/up.sql",
            "m/2024-01-02-030406_b/up.sql",
        ],
        "",
    ),
    tool(
        "hasura",
        ["m/1704164645000_a/up.sql", "m/1704164645001_b/up.sql"],
        "",
    ),
    tool("refinery", ["m/V1__a.sql", "m/V2__b.sql"], ""),
    tool("flyway", ["m/V1__a.sql", "m/V2__b.sql"], ""),
    tool(
        "atlas",
        ["m/20240102030405_a.sql", "m/20240102030406_b.sql"],
        "",
    ),
    tool(
        "node-pg-migrate",
        ["m/1704164645000_a.sql", "m/1704164645001_b.sql"],
        "-- Up Migration\n",
    ),
    tool(
        "prisma",
        [
            "m/20240102030405_a/migration.sql",
            "m/20240102030406_b/migration.sql",
        ],
        "",
    ),
    tool("drizzle", ["m/0000_a.sql", "m/0001_b.sql"], ""),
    tool(
        "supabase",
        [
            "supabase/migrations/20240102030405_a.sql",
            "supabase/migrations/20240102030406_b.sql",
        ],
        "",
    ),
];

const fn tool(layout: &'static str, files: [&'static str; 2], mark: &'static str) -> Tool {
    Tool {
        layout,
        files,
        mark,
    }
}

/// A project of the tool with the fixture in it, and what the recipe writes put
/// in the place of the change.
/// None where the tool cannot do it, and bowline says so.
fn written(tool: &Tool, fixture: &Fixture) -> Option<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("bowline.toml", &format!("layout = \"{}\"\n", tool.layout));
    let [setup, change] = tool.files;
    write(setup, &format!("{}{}", tool.mark, fixture.setup));
    write(change, &format!("{}{}", tool.mark, fixture.change));
    let line = fixture.line + tool.mark.lines().count();
    let place = format!("{change}:{line}");
    let run = run(folder.path(), &["explain", &fixture.rule, "--for", &place]);
    let told = format!("{} {}: {}{}", tool.layout, fixture.name, run.out, run.err);
    let in_transaction =
        ["pop", "hasura", "refinery", "node-pg-migrate", "drizzle"].contains(&tool.layout);
    if in_transaction && run.err.contains("cannot build one concurrently") {
        return None;
    }
    assert_eq!(run.code, 0, "{told}");
    fs::remove_file(folder.path().join(change)).unwrap();
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in run.out.lines() {
        if let Some(path) = line.strip_prefix("-- file: ") {
            files.push((path, String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(&format!("{line}\n"));
        }
    }
    for (path, text) in files {
        write(path, &text);
    }
    Some(folder)
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    Run::from(bowline(folder).args(arguments).output().unwrap())
}

#[test]
fn nothing_is_wrong_with_what_is_written() {
    let fixtures = fixtures();
    for tool in TOOLS {
        for fixture in &fixtures {
            let Some(folder) = written(tool, fixture) else {
                continue;
            };
            let run = run(folder.path(), &["check", "--format", "json"]);
            let found: Vec<String> = run
                .texts("findings", "rule")
                .into_iter()
                .zip(run.texts("findings", "severity"))
                .zip(run.findings("findings"))
                .filter(|((rule, severity), _)| severity == "error" || rule == "unused-suppression")
                .map(|(_, place)| place)
                .collect();
            assert_eq!(found, [""; 0], "{} {}", tool.layout, fixture.name);
            assert!(run.code < 2, "{run:?}");
        }
    }
}

#[test]
fn every_recipe_has_a_fixture_and_every_name_of_one_a_recipe() {
    let named: BTreeSet<&str> = rules::ALL
        .iter()
        .filter_map(|rule| Page::head(rule.page).unwrap().recipe)
        .collect();
    assert_eq!(named, recipe::names().collect());
    let tried: BTreeSet<&str> = fixtures()
        .iter()
        .map(|fixture| {
            let rule = rules::ALL.iter().find(|rule| rule.id == fixture.rule);
            Page::head(rule.unwrap().page).unwrap().recipe.unwrap()
        })
        .collect();
    assert_eq!(tried, named);
}

#[test]
fn what_has_no_recipe_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("bowline.toml", "");
    write(
        "0001_a.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY, name text, n serial);\n",
    );
    write(
        "0002_größe b.sql",
        "ALTER TABLE users RENAME COLUMN id TO user_id;\n\
         ALTER TABLE users DROP COLUMN name;\n\
         ALTER TABLE users RENAME COLUMN n TO number;\n\
         SELECT 1;\n",
    );
    let cases = [
        (
            "rename-column",
            "0002_größe b.sql:1",
            "`id` is part of the primary key",
        ),
        (
            "rename-column",
            "0002_größe b.sql:3:9",
            "come from a sequence",
        ),
        (
            "rename-column",
            "0002_größe b.sql:2",
            "finds nothing at 0002_größe b.sql:2; it does on line 1, 3; there report: `drop-column`",
        ),
        (
            "rename-column",
            "0002_größe b.sql:4",
            "no rule does on that line",
        ),
        (
            "rename-column",
            "0002_größe b.sql:99",
            "no rule does on that line",
        ),
        (
            "rename-column",
            "0003_none.sql:1",
            "`0003_none.sql` cannot be read",
        ),
        (
            "rename-column",
            "0002_größe b.sql",
            "expected a file, `:`, and a line",
        ),
        (
            "missing-down",
            "0002_größe b.sql:1",
            "is not spread over releases",
        ),
        (
            "rename-colum",
            "0002_größe b.sql:1",
            "did you mean `rename-column`?",
        ),
    ];
    for (rule, place, said) in cases {
        let run = run(folder.path(), &["explain", rule, "--for", place]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{rule} {place}");
        assert!(run.err.contains(said), "{rule} {place}: {}", run.err);
    }
    let kept = run(
        folder.path(),
        &["explain", "drop-column", "--for", "0002_größe b.sql:2"],
    );
    assert_eq!(kept.code, 0, "{kept:?}");
    assert!(
        kept.out.contains("-- file: 0003_drop_users_name.sql"),
        "{}",
        kept.out
    );
}
