//! The three answers: migrations in, the verdict of the last one out.

use std::sync::atomic::AtomicUsize;

use bowline::analysis;
use bowline::config::Config;
use bowline::finding::Severity;
use bowline::project::{File, Layout, Options, organise};
use bowline::report::Report;

const ORDERS: &str = "CREATE TABLE orders (
    id bigint PRIMARY KEY,
    note text,
    place text CONSTRAINT placed CHECK (place IS NOT NULL)
);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamp BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (note = '');
CREATE UNIQUE INDEX once ON orders (note);
CREATE MATERIALIZED VIEW notes AS SELECT note FROM orders;
CREATE VIEW listing AS SELECT id, note, place FROM orders;
CREATE DOMAIN short AS text;
CREATE TABLE labels (label short);
CREATE TABLE lines (order_id bigint CONSTRAINT of_order REFERENCES orders);
CREATE TABLE parts (at int) PARTITION BY RANGE (at);";

/// What is said of a change behind a history.
fn judged(history: &str, change: &str) -> Report {
    let files = vec![
        File::new("migrations/0001_init.up.sql", history),
        File::new("migrations/0002_change.up.sql", change),
    ];
    let options = Options {
        layout: Some(Layout::GolangMigrate),
        ..Options::default()
    };
    let project = organise(files, &options);
    analysis::run(project, &Config::default(), None, &AtomicUsize::new(0))
}

/// The verdict of the change.
fn verdict(report: &Report) -> String {
    let last = report.migrations.last().expect("the change is a migration");
    let words: [&str; 3] = [
        last.verdict.deploy.into(),
        last.verdict.old_release.into(),
        last.verdict.undo.into(),
    ];
    words.join(" ")
}

/// Switching a rule off takes nothing from the verdict.
#[test]
fn answers_do_not_depend_on_which_rules_report() {
    let files = vec![
        File::new("migrations/0001_init.up.sql", ORDERS),
        File::new(
            "migrations/0002_change.up.sql",
            "DROP POLICY own ON orders;",
        ),
    ];
    let options = Options {
        layout: Some(Layout::GolangMigrate),
        ..Options::default()
    };
    let config = Config::parse(
        "[rules]\nnarrow-policy = \"off\"\n",
        "bowline.toml".as_ref(),
        &["narrow-policy"],
    )
    .expect("it is a config");
    let report = analysis::run(
        organise(files, &options),
        &config,
        None,
        &AtomicUsize::new(0),
    );
    assert_eq!(verdict(&report), "brief degraded exact");
}

#[test]
fn answers() {
    let cases = [
        // A view of the same rows stands in its place.
        (
            "ALTER TABLE orders RENAME TO orders_old;
             CREATE VIEW orders AS SELECT id, note, place FROM orders_old;",
            "brief compatible exact",
        ),
        // What others write between the copy and the exchange is lost.
        (
            "CREATE TABLE lines_new (order_id bigint);
             INSERT INTO lines_new SELECT order_id FROM lines;
             DROP TABLE lines;
             ALTER TABLE lines_new RENAME TO lines;",
            "brief degraded lossy",
        ),
        // Deletes of the old release fail where a row of the new table refers to
        // theirs.
        (
            "CREATE TABLE items (order_id bigint NOT NULL REFERENCES orders ON DELETE SET NULL);",
            "brief degraded exact",
        ),
        (
            "CREATE TABLE items (order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE);",
            "brief compatible exact",
        ),
        // A materialized view that comes back without its rows cannot be read.
        (
            "DROP MATERIALIZED VIEW notes;
             CREATE MATERIALIZED VIEW notes AS SELECT note FROM orders WITH NO DATA;",
            "brief broken exact",
        ),
        (
            "DROP MATERIALIZED VIEW notes;
             CREATE MATERIALIZED VIEW notes AS SELECT note FROM orders WITH NO DATA;
             REFRESH MATERIALIZED VIEW notes;",
            "blocking compatible exact",
        ),
        // The old release never had the default that goes.
        (
            "ALTER TABLE orders ALTER COLUMN note SET DEFAULT '';
             ALTER TABLE orders ALTER COLUMN note DROP DEFAULT;",
            "brief compatible exact",
        ),
        // Nothing is looked up for a table without rows.
        (
            "CREATE TABLE items (id bigint PRIMARY KEY);
             ALTER TABLE items ADD CONSTRAINT of_order FOREIGN KEY (id) REFERENCES orders (id);",
            "brief compatible exact",
        ),
        // What is indexed is empty, and nobody else can see it.
        (
            "CREATE TABLE items (id bigint, order_id bigint REFERENCES orders (id));
             CREATE INDEX items_order_idx ON items (order_id);",
            "brief compatible exact",
        ),
        // INSERTs of the old release leave the new column out.
        (
            "ALTER TABLE orders ADD COLUMN total int;
             ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
            "blocking broken exact",
        ),
        (
            "ALTER TABLE orders ADD COLUMN total int DEFAULT 0;
             ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
            "blocking compatible exact",
        ),
        // Old rows had no value in the column to lose.
        (
            "ALTER TABLE orders ADD COLUMN total int;
             UPDATE orders SET total = 0;",
            "blocking compatible exact",
        ),
        ("UPDATE orders SET note = '';", "blocking compatible lossy"),
        // SELECT DISTINCT over whole rows of the old release fails.
        (
            "ALTER TABLE orders ADD COLUMN extra json;",
            "brief degraded exact",
        ),
        (
            "CREATE TYPE mood AS ENUM ('ok'); ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';",
            "online compatible exact",
        ),
        // A tool's own table holds a row, and no data.
        (
            "UPDATE schema_version SET stage_two = 3;",
            "online compatible exact",
        ),
        // INSERTs of the old release leave the new column out.
        (
            "ALTER TABLE orders ADD COLUMN total int NOT NULL DEFAULT 0;
             ALTER TABLE orders ALTER COLUMN total DROP DEFAULT;",
            "brief broken exact",
        ),
        (
            "ALTER TABLE orders ADD COLUMN total int DEFAULT 0;
             ALTER TABLE orders ALTER COLUMN total DROP DEFAULT;",
            "brief compatible exact",
        ),
        // The old release reads what the view no longer has.
        (
            "DROP VIEW listing;
             CREATE VIEW listing AS SELECT id, place FROM orders;",
            "brief broken exact",
        ),
        (
            "DROP VIEW listing;
             CREATE VIEW listing AS SELECT id, place, note FROM orders;",
            "brief compatible exact",
        ),
        // The server lets nobody write a generated column.
        (
            "ALTER TABLE orders ADD COLUMN hash bytea;
             ALTER TABLE orders DROP COLUMN note CASCADE;
             ALTER TABLE orders ADD COLUMN note text GENERATED ALWAYS AS (encode(hash, 'hex')) STORED;",
            "blocking broken lossy",
        ),
        // A DELETE of the old release takes rows along that it kept before.
        (
            "ALTER TABLE lines DROP CONSTRAINT of_order;
             ALTER TABLE lines ADD CONSTRAINT of_order FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE NOT VALID;",
            "brief degraded lossy",
        ),
        // What it writes may not be short enough.
        (
            "ALTER DOMAIN short ADD CONSTRAINT shorter CHECK (length(VALUE) < 10) NOT VALID;",
            "online degraded exact",
        ),
        (
            "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
            "blocking degraded exact",
        ),
        // The check has refused NULL all along.
        (
            "ALTER TABLE orders ALTER COLUMN place SET NOT NULL;",
            "brief compatible exact",
        ),
        (
            "ALTER TABLE orders RENAME COLUMN note TO remark;",
            "brief broken exact",
        ),
        (
            "CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);",
            "online compatible exact",
        ),
        // No rule for the old release has anything to say of these: what goes
        // comes back, and NULL passes the check.
        (
            "ALTER TABLE orders ADD COLUMN hash bytea;
             ALTER TABLE orders ADD CONSTRAINT hashed CHECK (octet_length(hash) = 32) NOT VALID;",
            "brief compatible exact",
        ),
        (
            "DROP TRIGGER stamp ON orders;
             CREATE TRIGGER stamp BEFORE UPDATE OF note ON orders FOR EACH ROW EXECUTE FUNCTION stamp();",
            "brief compatible exact",
        ),
        (
            "ALTER POLICY own ON orders USING (note = '' OR place = '');",
            "brief compatible exact",
        ),
        (
            "ALTER POLICY own ON orders USING (place = '');",
            "brief degraded exact",
        ),
        // ON CONFLICT (note) finds nothing to rest on.
        ("DROP INDEX CONCURRENTLY once;", "brief degraded lossy"),
        // Another key on the same columns takes its place.
        (
            "CREATE UNIQUE INDEX anew ON orders (note) WITH (fillfactor = 90);
             DROP INDEX once;",
            "blocking compatible exact",
        ),
        (
            "DROP INDEX once;
             CREATE UNIQUE INDEX anew ON orders (note) WITH (fillfactor = 90);",
            "blocking compatible exact",
        ),
        // All rows of the old release hold the same there, or repeat what it writes.
        (
            "ALTER TABLE orders ADD COLUMN rank int DEFAULT 0 UNIQUE;",
            "blocking degraded exact",
        ),
        (
            "ALTER TABLE orders ADD COLUMN rank int UNIQUE;",
            "blocking compatible exact",
        ),
        // It fails at the first row, or there is none.
        (
            "ALTER TABLE orders ADD COLUMN rank int NOT NULL;",
            "brief broken exact",
        ),
        // Its partitions are made elsewhere.
        (
            "CREATE INDEX parts_at_idx ON parts (at);",
            "blocking compatible exact",
        ),
        // Nobody writes a materialized view.
        (
            "CREATE INDEX notes_note_idx ON notes (note);",
            "online compatible exact",
        ),
        // Which key finds the rows, only a condition with an index knows.
        (
            "ALTER TABLE orders ADD COLUMN hash bytea;
             SELECT now() WHERE NOT EXISTS (SELECT 1 FROM orders WHERE id = 1);",
            "brief compatible exact",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(verdict(&judged(ORDERS, change)), expected, "{change}");
    }
}

/// `fixtures/conditions.sql`: a history, and cases `-- case: what`, each a
/// migration of its own behind the history. The line `-- => …` says the verdict
/// and the rules that report errors and warnings. `BOWLINE_UPDATE` writes those
/// lines anew.
#[test]
fn what_a_block_asks_first_decides_what_it_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/conditions.sql");
    let text = std::fs::read_to_string(path).expect("the fixture lies in the repository");
    let mut cases = text.split("-- case: ");
    let history = cases.next().unwrap_or_default();
    let mut found = history.to_owned();
    for case in cases {
        let (what, sql) = case.split_once('\n').expect("a case has SQL");
        let sql = sql.split("-- =>").next().unwrap_or_default();
        let answer = answer(history, sql);
        found.push_str(&format!("-- case: {what}\n{sql}-- => {answer}\n\n"));
    }
    let found = format!("{}\n", found.trim_end());
    if std::env::var_os("BOWLINE_UPDATE").is_some() {
        return std::fs::write(path, &found).expect("the fixture can be written");
    }
    for (expected, found) in text.split("-- case: ").zip(found.split("-- case: ")) {
        assert_eq!(expected.trim_end(), found.trim_end());
    }
}

/// All that a function does is reported where it is called; beside that stands
/// where it is written.
#[test]
fn what_a_called_function_does_is_shown_in_its_body() {
    let change = "CREATE FUNCTION migrate() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            DROP TABLE lines;
            EXECUTE 'ALTER TABLE orders DROP COLUMN note';
        END $$;
        SELECT migrate();";
    let report = judged(ORDERS, change);
    let mut shown: Vec<(&str, &str)> = Vec::new();
    for finding in &report.findings {
        if !["drop-table", "drop-column"].contains(&finding.rule) {
            continue;
        }
        assert_eq!(finding.span.of(change), "migrate");
        let written = finding.related.last().expect("it has another place");
        shown.push((finding.rule, written.span.of(change)));
    }
    assert_eq!(shown, [("drop-column", "note"), ("drop-table", "lines")]);
}

/// The verdict of a change, and what is reported of it besides the lack of a
/// down.
fn answer(history: &str, change: &str) -> String {
    let report = judged(history, change);
    let last = report.migrations.last().expect("the change is a migration");
    let rules = report.findings.iter().filter(|finding| {
        finding.source == last.source
            && finding.severity > Severity::Info
            && finding.rule != "missing-down"
    });
    let rules: Vec<&str> = rules.map(|finding| finding.rule).collect();
    format!("{}: {}", verdict(&report), rules.join(", "))
        .trim_end()
        .to_owned()
}
