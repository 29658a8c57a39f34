//! Only what changed: real repositories, the real git, the real program.

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::AtomicUsize;

use bowline::analysis;
use bowline::config::Config;
use bowline::project::{Options, Project, discover};
use scratch::{CREATE, DROP, INDEX, Run, Scratch, bowline, git_in};

const SINCE: [&str; 2] = ["--since", "main"];
const OTHER: &str = "CREATE INDEX users_id ON users (id);\n";

#[test]
fn what_is_new_is_judged_in_its_history() {
    let scratch = Scratch::with_history();
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    assert_eq!(scratch.judged(&SINCE), [""; 0]);
    let run = scratch.run(&["check", "--since", "main"]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "No migrations are new or changed since `main`\n")
    );
    scratch.write("db/0003_drop.sql", DROP);
    let found = ["db/0003_drop.sql:1 drop-column"];
    let states: [&[&str]; 3] = [
        &["status"],
        &["add", "--all"],
        &["commit", "--quiet", "--message=x"],
    ];
    for state in states {
        scratch.git(state);
        let all = scratch.found(&["--since", "main"]);
        let dropped: Vec<_> = all.iter().filter(|f| f.contains("drop-column")).collect();
        assert_eq!(dropped, found, "{state:?}");
        assert!(all.iter().all(|f| f.starts_with("db/0003")), "{all:?}");
    }
    let mut unknown = scratch.found(&SINCE);
    unknown.retain(|finding| finding.contains("unknown-object"));
    assert_eq!(unknown, [""; 0], "the table is known from the history");
}

#[test]
fn what_the_other_branch_did_meanwhile_is_not_ours() {
    let scratch = Scratch::with_history();
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.write("db/0003_ours.sql", OTHER);
    scratch.commit();
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.write("db/0002_index.sql", DROP);
    scratch.commit();
    scratch.git(&["switch", "--quiet", "topic"]);
    assert_eq!(scratch.judged(&SINCE), ["db/0003_ours.sql"]);
}

#[test]
fn what_is_new_runs_behind_what_is_released() {
    let scratch = Scratch::with_history();
    scratch.write("db/0005_released.sql", "CREATE TABLE carts (id bigint);\n");
    scratch.commit();
    scratch.write("db/0004_orders.sql", "CREATE TABLE orders (id bigint);\n");
    scratch.write("db/0006_index.sql", "CREATE INDEX ON orders (id);\n");
    let mut found = scratch.found(&SINCE);
    found.retain(|finding| finding.contains("create-index-blocking"));
    assert_eq!(found, [""; 0]);
}

#[test]
fn what_comes_with_one_release_is_new_together() {
    let scratch = Scratch::with_history();
    scratch.write("db/0003_orders.sql", "CREATE TABLE orders (id bigint);\n");
    scratch.write("db/0004_index.sql", "CREATE INDEX ON orders (id);\n");
    scratch.write("db/0005_index.sql", OTHER);
    let indexes = |found: Vec<String>| -> Vec<String> {
        let blocks = |f: &String| f.contains("create-index-blocking");
        found.into_iter().filter(blocks).collect()
    };
    let of_old = "db/0005_index.sql:1 create-index-blocking";
    assert_eq!(indexes(scratch.found(&SINCE)), [of_old]);
    // Once 0003 is released, rows may stand in its table.
    scratch.commit();
    let later = ["--since", "HEAD"];
    scratch.write(
        "db/0004_index.sql",
        "CREATE INDEX orders_id ON orders (id);\n",
    );
    scratch.write(
        "db/0006_index.sql",
        "CREATE INDEX orders_other ON orders (id);\n",
    );
    let of_released = [
        "db/0004_index.sql:1 create-index-blocking",
        "db/0006_index.sql:1 create-index-blocking",
    ];
    assert_eq!(indexes(scratch.found(&later)), of_released);
}

#[test]
fn an_old_migration_that_changed_is_judged_and_named() {
    let scratch = Scratch::with_history();
    scratch.write("db/0002_index.sql", &format!("{INDEX}{OTHER}"));
    let run = scratch.run(&["check", "--format", "json", "--since", "HEAD"]);
    assert_eq!(run.judged(), ["db/0002_index.sql"]);
    assert_eq!(
        run.texts("problems", "message"),
        ["changed since `HEAD`, though it exists there"]
    );
    assert_eq!(run.json()["problems"][0]["fatal"], false);
}

#[test]
fn one_new_migration_waits_for_no_other() {
    let up = |text: &str| format!("-- Up Migration\n{text}");
    let scratch = Scratch::with(&[("db/1700000000000_init.sql", &up(CREATE))]);
    let told = || {
        let mut found = scratch.found(&SINCE);
        found.retain(|finding| finding.contains("all-pending-in-one-transaction"));
        found
    };
    scratch.write("db/1700000000001_index.sql", &up(INDEX));
    assert_eq!(told(), [""; 0]);
    scratch.write("db/1700000000002_other.sql", &up(OTHER));
    let both = [
        "db/1700000000001_index.sql:2 all-pending-in-one-transaction",
        "db/1700000000002_other.sql:2 all-pending-in-one-transaction",
    ];
    assert_eq!(told(), both);
}

#[test]
fn a_way_back_belongs_to_its_migration() {
    let scratch = Scratch::with(&[
        ("db/0001_init.up.sql", CREATE),
        ("db/0001_init.down.sql", "DROP TABLE users;\n"),
        ("db/0002_index.up.sql", INDEX),
    ]);
    scratch.write("db/0002_index.down.sql", "DROP INDEX users_email;\n");
    let judged = ["db/0002_index.up.sql", "db/0002_index.down.sql"];
    assert_eq!(scratch.judged(&SINCE), judged);
}

#[test]
fn a_new_name_alone_is_no_change() {
    let scratch = Scratch::with(&[
        ("db/0001_init.sql", CREATE),
        ("db/0002_index.sql", INDEX),
        ("db/0004_other.sql", OTHER),
    ]);
    scratch.git(&["mv", "db/0002_index.sql", "db/0003_email index ü.sql"]);
    assert_eq!(scratch.judged(&SINCE), [""; 0], "the order is the same");
    scratch.git(&["mv", "db", "migrations"]);
    assert_eq!(scratch.judged(&SINCE), [""; 0], "all of them moved");
    scratch.commit();
    scratch.git(&[
        "mv",
        "migrations/0003_email index ü.sql",
        "migrations/0005_x.sql",
    ]);
    let run = scratch.run(&["check", "--format", "json", "--since", "main"]);
    assert_eq!(run.judged(), ["migrations/0005_x.sql"], "it comes last now");
    assert_eq!(
        run.texts("problems", "message"),
        ["runs at another place than at `main`, where it is `migrations/0003_email index ü.sql`"]
    );
}

#[test]
fn renames_are_followed_before_git_is_told() {
    let scratch = Scratch::with_history();
    fs::rename(
        scratch.path("db/0002_index.sql"),
        scratch.path("db/0003_index.sql"),
    )
    .unwrap();
    assert_eq!(scratch.judged(&SINCE), [""; 0]);
}

#[test]
fn a_renamed_migration_with_another_text_is_named_by_both_names() {
    let long = format!("{}{INDEX}", "-- why this is so\n".repeat(9));
    let scratch = Scratch::with(&[("db/0001_init.sql", CREATE), ("db/0002_index.sql", &long)]);
    scratch.remove("db/0002_index.sql");
    scratch.write("db/0003_index.sql", &format!("{long}{OTHER}"));
    scratch.git(&["add", "--all"]);
    let run = scratch.run(&["check", "--format", "json", "--since", "main"]);
    assert_eq!(run.judged(), ["db/0003_index.sql"]);
    assert_eq!(
        run.texts("problems", "message"),
        ["changed since `main`, though it exists there as `db/0002_index.sql`"]
    );
}

#[test]
fn of_a_file_with_several_migrations_the_new_ones_are_judged() {
    let old =
        format!("--liquibase formatted sql\n--changeset a:1\n{CREATE}--changeset a:2\n{INDEX}");
    let scratch = Scratch::with(&[("db/changelog.sql", &old)]);
    scratch.write("db/changelog.sql", &format!("{old}--changeset a:3\n{DROP}"));
    let run = scratch.run(&["check", "--format", "json", "--since", "main"]);
    assert_eq!(run.texts("migrations", "id"), ["a:3"]);
    assert_eq!(run.texts("problems", "message"), [""; 0]);
    let edited = old.replace("email text", "email varchar(9)");
    scratch.write("db/changelog.sql", &edited);
    let run = scratch.run(&["check", "--format", "json", "--since", "main"]);
    assert_eq!(run.texts("migrations", "id"), ["a:1"]);
    assert_eq!(run.texts("problems", "message").len(), 1);
}

#[test]
fn a_setting_beside_a_migration_is_a_part_of_it() {
    let scratch = Scratch::with(&[
        ("m/2024-01-01-000000_a/up.sql", CREATE),
        ("m/2024-01-02-000000_b/up.sql", INDEX),
    ]);
    scratch.write(
        "m/2024-01-02-000000_b/metadata.toml",
        "run_in_transaction = false\n",
    );
    assert_eq!(scratch.judged(&SINCE), ["m/2024-01-02-000000_b/up.sql"]);
}

#[test]
fn names_are_only_names() {
    let scratch = Scratch::with_history();
    let name = "db ü/0003 \"a\"\t$(x).sql";
    scratch.write(name, CREATE);
    assert_eq!(scratch.judged(&SINCE), [name]);
    scratch.git(&["add", "--all"]);
    assert_eq!(scratch.judged(&SINCE), [name]);
    assert_eq!(scratch.judged(&["--staged"]), [name]);
}

#[test]
fn the_current_folder_does_not_matter() {
    let scratch = Scratch::with_history();
    scratch.write("db/0003_drop.sql", DROP);
    scratch.git(&["add", "--all"]);
    for changed in [["--since", "main"].as_slice(), &["--staged"]] {
        let below = scratch.run_in("db", &[&["check", "--format", "json"], changed].concat());
        assert_eq!(below.judged(), ["0003_drop.sql"]);
        let absolute = scratch.path("db");
        let named = ["check", "--format", "json", absolute.to_str().unwrap()];
        let named = scratch.run(&[&named, changed].concat());
        assert_eq!(named.judged(), ["db/0003_drop.sql"]);
        let elsewhere = tempfile::tempdir().unwrap();
        let named = ["check", "--format", "json", absolute.to_str().unwrap()];
        let run = bowline(elsewhere.path()).args(named).args(changed).output();
        assert_eq!(Run::from(run.unwrap()).judged().len(), 1);
    }
}

#[test]
fn what_is_staged_is_judged_as_it_is_staged() {
    let scratch = Scratch::with_history();
    assert_eq!(
        scratch.run(&["check", "--staged"]).out,
        "No migrations are staged\n"
    );
    scratch.write("db/0003_staged.sql", DROP);
    scratch.git(&["add", "--all"]);
    scratch.write("db/0003_staged.sql", &format!("{INDEX}{OTHER}"));
    scratch.write("db/0004_not.sql", OTHER);
    let run = scratch.run(&["check", "--format", "json", "--staged"]);
    assert_eq!(run.judged(), ["db/0003_staged.sql"]);
    assert!(run.out.contains("drop-column"), "{}", run.out);
    assert!(!run.out.contains("create-index-blocking"), "{}", run.out);
    fs::remove_dir_all(scratch.path("db")).unwrap();
    fs::create_dir(scratch.path("db")).unwrap();
    let gone = scratch.run(&["check", "--format", "json", "--staged"]);
    assert_eq!(gone.findings("findings"), run.findings("findings"));
}

#[test]
fn the_context_of_what_is_staged_is_the_index_too() {
    let scratch = Scratch::with(&[("db/0001_init.sql", CREATE)]);
    scratch.write("db/0001_init.sql", "SELECT 1;\n");
    scratch.write("db/0002_extra.sql", "CREATE TABLE extra (id bigint);\n");
    scratch.write(
        "db/0003_index.sql",
        &format!("{INDEX}CREATE INDEX e ON extra (id);\n"),
    );
    scratch.git(&["add", "db/0003_index.sql"]);
    let found = scratch.found(&["--staged"]);
    let unknown: Vec<_> = found
        .iter()
        .filter(|f| f.contains("unknown-object"))
        .collect();
    assert_eq!(unknown, ["db/0003_index.sql:2 unknown-object"]);
    scratch.git(&["add", "--intent-to-add", "db/0002_extra.sql"]);
    assert_eq!(scratch.found(&["--staged"]), found);
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let scratch = Scratch::new();
    scratch.write("db/0001_init.sql", CREATE);
    let new = ["db/0001_init.sql"];
    assert_eq!(scratch.judged(&["--since", "HEAD"]), new);
    let run = scratch.run(&["check", "--since", "v1.0"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("no revision `v1.0`"), "{}", run.err);
    scratch.git(&["add", "--all"]);
    assert_eq!(scratch.judged(&["--since", "main"]), new);
    assert_eq!(scratch.judged(&["--staged"]), new);
}

#[test]
fn directives_of_the_context_are_left_alone() {
    let quiet = format!("-- bowline: ignore create-index-blocking reason=\"small\"\n{INDEX}");
    let wrong = format!("-- bowline: ingore create-index-blocking\n{INDEX}");
    let scratch = Scratch::with(&[
        ("db/0001_init.sql", CREATE),
        ("db/0002_index.sql", &quiet),
        ("db/0003_index.sql", &wrong),
    ]);
    scratch.write(
        "db/0004_none.sql",
        "CREATE TABLE pets (id bigint PRIMARY KEY);\n",
    );
    let found = scratch.found(&SINCE);
    assert!(found.iter().all(|f| f.starts_with("db/0004")), "{found:?}");
}

#[test]
fn fingerprints_are_those_of_the_whole() {
    let scratch = Scratch::with_history();
    scratch.write(
        "db/0003_again.sql",
        &format!("DROP INDEX users_email;\n{INDEX}"),
    );
    let named = |arguments: &[&str]| {
        let run = scratch.run(&[&["check", "--format", "json"], arguments].concat());
        let prints = run.texts("findings", "fingerprint").into_iter();
        let all: Vec<_> = run.findings("findings").into_iter().zip(prints).collect();
        let again = all
            .into_iter()
            .filter(|(place, _)| place.starts_with("db/0003"));
        again.collect::<Vec<_>>()
    };
    let whole = named(&[]);
    assert!(
        whole.iter().any(|(_, print)| print.ends_with(":2")),
        "{whole:?}"
    );
    assert_eq!(named(&SINCE), whole);
}

/// What is found in each file: rule, place, fingerprint.
fn prints(project: Project) -> BTreeMap<String, Vec<String>> {
    let report = analysis::run(project, &Config::default(), None, &AtomicUsize::new(0));
    let mut prints: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for found in &report.findings {
        let path = report.sources[found.source].path().to_owned();
        let print = format!("{} {:?} {}", found.rule, found.span, found.fingerprint);
        prints.entry(path).or_default().push(print);
    }
    prints
}

/// Two rounds of the same statements, on one line and on several, with a down
/// that says nothing and a comment that is nearly meant for the tool.
fn rounds() -> Scratch {
    let dropped = "DROP TABLE IF EXISTS pets;\n";
    let again = "CREATE TABLE pets (\n    id bigint PRIMARY KEY,\n    owner_id bigint\n);\n";
    let index = "CREATE INDEX pets_owner\n    ON pets (owner_id);\n-- +gose Down\n";
    let drop_column = "ALTER TABLE\n    pets\n  DROP COLUMN   owner_id;\n-- +goose Down\n";
    let scratch = Scratch::with(&[]);
    for (at, up) in [again, index, drop_column, dropped]
        .repeat(3)
        .iter()
        .enumerate()
    {
        let text = format!("-- +goose Up\n{up}");
        scratch.write(&format!("db/0000{:02}_x.sql", at + 10), &text);
    }
    scratch
}

/// Most of the context is not looked at, so that an editor need not wait.
#[test]
fn fingerprints_of_one_migration_are_those_of_the_whole() {
    let (mut found, mut expected, mut numbered) = (0, 0, 0);
    let layouts = fs::read_dir("fixtures/layouts").unwrap();
    let layouts = layouts.map(|entry| entry.unwrap().path());
    let rounds = rounds();
    for folder in layouts.chain(["fixtures/shop".into(), rounds.path("db")]) {
        let project = || discover(std::slice::from_ref(&folder), &Options::default());
        let whole = prints(project());
        let select = |project: &mut Project, only: usize| {
            let all = project.histories.iter_mut().flat_map(|h| &mut h.migrations);
            for (at, migration) in all.enumerate() {
                migration.selected = at == only;
            }
        };
        let count = project().histories.iter().map(|h| h.migrations.len()).sum();
        for at in 0..count {
            let mut project = project();
            select(&mut project, at);
            for (path, alone) in prints(project) {
                let of_the_whole = whole.get(&path).map_or(&[][..], Vec::as_slice);
                for print in &alone {
                    assert!(of_the_whole.contains(print), "{path}: {print}");
                }
                found += alone.len();
                numbered += alone.iter().filter(|p| p.ends_with(":2")).count();
            }
        }
        expected += whole.values().map(Vec::len).sum::<usize>();
    }
    assert!(found >= expected, "{found} of {expected}");
    assert!(numbered > 3, "{numbered} are the second of their kind");
}

#[test]
fn what_git_cannot_tell_is_said() {
    let scratch = Scratch::with_history();
    scratch.git(&["switch", "--quiet", "--orphan", "alone"]);
    scratch.write("db/0001_init.sql", CREATE);
    scratch.commit();
    let cases: [(&[&str], &str); 6] = [
        (&["--since", "mian"], "git knows no revision `mian`\n"),
        (&["--since", ""], "git knows no revision ``\n"),
        (&["--since=--all"], "git knows no revision `--all`\n"),
        (
            &["--since", "main"],
            "`main` and HEAD have no commit in common\n",
        ),
        (&["--since", "main", "--staged"], "cannot be used with"),
        (&["--staged", "-"], "standard input is none"),
    ];
    for (arguments, said) in cases {
        let run = scratch.run(&[&["check"], arguments].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains(said), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn where_git_is_missing_it_is_said() {
    let scratch = Scratch::with_history();
    let empty = tempfile::tempdir().unwrap();
    for changed in [["--since", "main"].as_slice(), &["--staged"]] {
        let mut command = bowline(&scratch.path(""));
        command.arg("check").args(changed).env("PATH", empty.path());
        let run = Run::from(command.output().unwrap());
        assert_eq!(run.code, 2);
        assert!(run.err.contains("`git` was not found"), "{}", run.err);
    }
}

#[test]
fn a_repository_is_needed_and_files_in_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("0001_init.sql"), CREATE).unwrap();
    let since = |folder: &std::path::Path, path: &str| {
        let run = bowline(folder)
            .args(["check", path, "--since", "main"])
            .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap())
            .output();
        Run::from(run.unwrap())
    };
    let run = since(folder.path(), ".");
    assert_eq!(run.code, 2);
    assert_eq!(run.err, "error: `.` lies in no git repository\n");
    let bare = tempfile::tempdir().unwrap();
    git_in(bare.path(), &["init", "--quiet", "--bare"]);
    let staged = bowline(bare.path()).args(["check", "--staged"]).output();
    for run in [since(bare.path(), "."), Run::from(staged.unwrap())] {
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains("bare git repository"), "{}", run.err);
    }
    let scratch = Scratch::with_history();
    let arguments = [
        "check",
        "db",
        folder.path().to_str().unwrap(),
        "--no-config",
    ];
    let run = scratch.run(&[&arguments[..], &SINCE].concat());
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("lies outside the git repository"),
        "{}",
        run.err
    );
}

#[test]
fn a_shallow_clone_names_the_remedy() {
    let scratch = Scratch::with_history();
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.write("db/0003_drop.sql", DROP);
    scratch.commit();
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.write("README.md", "more");
    scratch.commit();
    let origin = format!("file://{}", scratch.path("").display());
    let clone = tempfile::tempdir().unwrap();
    let to = clone.path().join("clone");
    let options = ["clone", "--quiet", "--depth=1", "--no-single-branch"];
    let branch = ["--branch=topic", &origin, to.to_str().unwrap()];
    git_in(clone.path(), &[&options[..], &branch].concat());
    for revision in ["origin/main", "v1.0"] {
        let run = bowline(&to).args(["check", "--since", revision]).output();
        let run = Run::from(run.unwrap());
        assert_eq!(run.code, 2);
        for word in ["shallow", "git fetch --unshallow", "fetch-depth: 0"] {
            assert!(run.err.contains(word), "{revision}: {}", run.err);
        }
    }
    git_in(&to, &["fetch", "--quiet", "--unshallow"]);
    let run = bowline(&to)
        .args(["check", "--format=json", "--since", "origin/main"])
        .output();
    assert_eq!(Run::from(run.unwrap()).judged(), ["db/0003_drop.sql"]);
}

#[test]
fn nothing_is_written() {
    let scratch = Scratch::with_history();
    scratch.write("db/0002_index.sql", OTHER);
    scratch.git(&["add", "--all"]);
    scratch.write("db/0002_index.sql", INDEX);
    let index = fs::read(scratch.path(".git/index")).unwrap();
    let status = scratch.git(&["status", "--porcelain"]);
    let index_of_git = fs::read(scratch.path(".git/index")).unwrap();
    fs::write(scratch.path(".git/index"), &index).unwrap();
    scratch.run(&["check", "--staged"]);
    scratch.run(&["check", "--since", "main"]);
    scratch.run(&["check", "--since", "nowhere"]);
    assert_eq!(fs::read(scratch.path(".git/index")).unwrap(), index);
    fs::write(scratch.path(".git/index"), index_of_git).unwrap();
    assert_eq!(scratch.git(&["status", "--porcelain"]), status);
}

#[test]
fn the_readme_shows_true_sessions() {
    let orders = "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric);\n";
    let customers = "CREATE INDEX orders_customer_idx ON orders (customer_id);\n";
    let totals = "SET lock_timeout = '2s';\nCREATE INDEX orders_total_idx ON orders (total);\n";
    let scratch = Scratch::with(&[
        ("db/0001_create_orders.sql", orders),
        ("db/0002_index_customers.sql", customers),
    ]);
    scratch.write("db/0003_index_totals.sql", totals);
    let readme = include_str!("../README.md");
    for command in [
        "check --since main",
        "baseline",
        "check --baseline bowline-baseline.json",
    ] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let out = scratch.run(&arguments).out;
        let session = format!("$ bowline {command}\n{out}");
        assert!(
            readme.contains(&session),
            "the README does not show:\n{session}"
        );
    }
}
