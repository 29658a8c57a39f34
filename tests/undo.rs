//! What undoes an operation: held for every form against what is read back
//! from it, and against what a real server made of it.
//!
//! `BOWLINE_BLESS=1` writes the expected statements anew. Measuring wants a
//! server: `tests/places/undo.sh` starts one and runs the ignored test, which
//! writes the measurements.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use bowline::analysis::undo::{self, WayBack};
use bowline::dialect::Dialect;

/// An operation form and what stands before it.
struct Form {
    name: String,
    kind: String,
    setup: String,
    up: String,
    breaks: String,
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/undo")
        .join(name)
}

fn forms() -> Vec<Form> {
    let text = std::fs::read_to_string(fixture("forms.txt")).unwrap();
    let mut setups: BTreeMap<String, String> = BTreeMap::new();
    let mut forms = Vec::new();
    for block in text.split("\n=== ").skip(1) {
        let (head, body) = block.split_once('\n').unwrap();
        if let Some(name) = head.strip_prefix('@') {
            setups.insert(name.to_owned(), body.to_owned());
            continue;
        }
        let (name, kind) = head.split_once(": ").unwrap();
        let (before, rest) = body.split_once("--- up\n").unwrap();
        let (up, breaks) = rest.split_once("--- breaks\n").unwrap_or((rest, ""));
        let mut setup = String::new();
        for line in before.lines() {
            match line.strip_prefix('@') {
                Some(name) => setup.push_str(&setups[name]),
                None => {
                    setup.push_str(line);
                    setup.push('\n');
                }
            }
        }
        forms.push(Form {
            name: name.to_owned(),
            kind: kind.trim().to_owned(),
            setup,
            up: up.trim().to_owned(),
            breaks: breaks.trim().to_owned(),
        });
    }
    forms
}

fn back(form: &Form) -> (WayBack, Vec<String>) {
    undo::of_text(&form.setup, &form.up, Dialect::default())
}

/// What undoes a form, for people.
fn shown(form: &Form, back: &WayBack) -> String {
    let kind: &str = back.kind.into();
    let mut text = format!("=== {}: {kind}\n", form.name);
    for step in &back.steps {
        for statement in &step.inverse.statements {
            writeln!(text, "{statement};").unwrap();
        }
        for lost in &step.inverse.loses {
            writeln!(text, "loses {lost}").unwrap();
        }
        for condition in &step.inverse.conditions {
            writeln!(text, "needs {}: {}", condition.what, condition.query).unwrap();
        }
        for missing in &step.inverse.missing {
            writeln!(text, "misses {missing}").unwrap();
        }
    }
    text.push('\n');
    text
}

fn blessing() -> bool {
    std::env::var_os("BOWLINE_BLESS").is_some()
}

#[test]
fn every_form_has_the_inverse_that_is_written_down() {
    let found: String = forms()
        .iter()
        .map(|form| shown(form, &back(form).0))
        .collect();
    let path = fixture("undo.expected.txt");
    if blessing() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (expected, found) in expected.split("=== ").zip(found.split("=== ")) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected.len(), found.len());
}

#[test]
fn every_form_is_as_undoable_as_it_says() {
    let mut wrong = String::new();
    for form in forms() {
        let (back, _) = back(&form);
        let kind: &str = back.kind.into();
        if kind != form.kind {
            writeln!(wrong, "{} is {kind}", form.name).unwrap();
        }
        for step in &back.steps {
            let inverse = &step.inverse;
            let kind: &str = inverse.kind.into();
            let fits = match kind {
                "exact" => inverse.loses.is_empty() && inverse.conditions.is_empty(),
                "conditional" => inverse.loses.is_empty() && !inverse.conditions.is_empty(),
                "lossy" => !inverse.loses.is_empty(),
                _ => inverse.statements.is_empty() && !inverse.missing.is_empty(),
            };
            if !fits {
                writeln!(wrong, "{}: {kind} does not fit {inverse:?}", form.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_undoes_a_form_reads_back_as_nothing_changed() {
    let mut wrong = String::new();
    for form in forms() {
        let (back, left) = back(&form);
        let kind: &str = back.kind.into();
        if kind != "impossible" && !left.is_empty() {
            writeln!(wrong, "{}: {left:?}\n{}", form.name, shown(&form, &back)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A fingerprint of the statements that were measured.
fn digest(back: &WayBack) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for statement in back.statements() {
        for byte in statement.bytes().chain([b';']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[test]
fn a_server_agrees_with_every_form() {
    let text = std::fs::read_to_string(fixture("undo.measured.tsv")).unwrap_or_default();
    let measured: BTreeMap<&str, Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|cells| (cells[0], cells))
        .collect();
    let mut wrong = String::new();
    for form in forms().iter().filter(|f| f.kind != "impossible") {
        let (back, _) = back(form);
        match measured.get(form.name.as_str()) {
            None => writeln!(wrong, "{} was not measured", form.name).unwrap(),
            Some(cells) if cells[1] != digest(&back) => {
                writeln!(wrong, "{}: other statements were measured", form.name).unwrap();
            }
            Some(cells) if cells[2] != form.kind => {
                writeln!(wrong, "{}: measured {}", form.name, cells[2..].join(" ")).unwrap();
            }
            _ => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}run tests/places/undo.sh to measure anew"
    );
}

/// A database of the server that the environment names.
struct Database {
    name: String,
}

impl Database {
    fn new(name: &str) -> Self {
        let name = format!("undo_{name}");
        psql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        Self { name }
    }

    fn run(&self, sql: &str) -> Result<String, String> {
        psql(&self.name, sql)
    }

    /// The schema as pg_dump writes it, in an order that does not depend on
    /// that of columns.
    fn schema(&self) -> Vec<String> {
        let output = Command::new("pg_dump")
            .args(["--schema-only", &self.name])
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with(['-', '\\']) && !line.is_empty())
            .collect();
        let mut statements: Vec<String> = code
            .join("\n")
            .split(";\n")
            .map(|statement| match statement.contains("CREATE TABLE") {
                false => statement.to_owned(),
                true => {
                    let mut lines: Vec<&str> =
                        statement.lines().map(|l| l.trim_end_matches(',')).collect();
                    lines.sort_unstable();
                    lines.join("\n")
                }
            })
            .collect();
        statements.sort_unstable();
        statements
    }

    /// All rows, and the positions of all sequences.
    fn data(&self) -> String {
        const ROWS: &str = r"SELECT format('SELECT %L, to_jsonb(t)::text FROM ONLY %s t ORDER BY 2', c.oid::regclass, c.oid::regclass)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%'
            ORDER BY c.oid::regclass::text \gexec
            SELECT format('SELECT %L, last_value, is_called FROM %s', c.oid::regclass, c.oid::regclass)
            FROM pg_class c WHERE c.relkind = 'S' ORDER BY c.oid::regclass::text \gexec
            SELECT 'SELECT 1' WHERE false \gexec";
        self.run(ROWS).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = psql(
            "postgres",
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

/// Runs statements one by one, each in a transaction of its own.
fn psql(database: &str, sql: &str) -> Result<String, String> {
    use std::io::Write as _;
    let mut child = Command::new("psql")
        .args([
            "-X",
            "-q",
            "-t",
            "-A",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(sql.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Up, back, and up again; yields the kind that the server shows, or what
/// went wrong.
fn measure(form: &Form) -> String {
    let (back, _) = back(form);
    let statements: String = back.statements().map(|s| format!("{s};\n")).collect();
    let database = Database::new(&form.name);
    if let Err(error) = database.run(&form.setup) {
        return format!("setup: {error}");
    }
    let (schema, data) = (database.schema(), database.data());
    if let Err(error) = database.run(&form.up) {
        return format!("up: {error}");
    }
    let (schema_up, _) = (database.schema(), database.data());
    let conditions: Vec<_> = back
        .steps
        .iter()
        .flat_map(|s| &s.inverse.conditions)
        .collect();
    let counts = |database: &Database| -> Vec<bool> {
        conditions
            .iter()
            .map(|c| match database.run(&format!("{};", c.query)) {
                Ok(count) => count.trim() != "0",
                Err(_) => true,
            })
            .collect()
    };
    if let Err(error) = database.run(&statements) {
        return format!("back: {error}");
    }
    let (schema_back, data_back) = (database.schema(), database.data());
    if schema_back != schema {
        let gone: Vec<_> = schema.iter().filter(|s| !schema_back.contains(s)).collect();
        let new: Vec<_> = schema_back.iter().filter(|s| !schema.contains(s)).collect();
        return format!("differs: lacks {gone:?}, has {new:?}");
    }
    if form.kind != "lossy" || database.run("SELECT 1").is_ok() {
        if let Err(error) = database.run(&form.up) {
            if form.kind != "lossy" {
                return format!("up again: {error}");
            }
        } else if database.schema() != schema_up {
            return "up again differs".to_owned();
        }
    }
    if data_back != data {
        return "lossy".to_owned();
    }
    if form.breaks.is_empty() {
        return "exact".to_owned();
    }
    let database = Database::new(&format!("{}_breaks", form.name));
    database.run(&form.setup).unwrap();
    database.run(&form.up).unwrap();
    if let Err(error) = database.run(&form.breaks) {
        return format!("breaks: {error}");
    }
    if !counts(&database).contains(&true) {
        return "no query finds the row".to_owned();
    }
    match database.run(&statements) {
        Ok(_) => "goes back all the same".to_owned(),
        Err(_) => "conditional".to_owned(),
    }
}

#[test]
#[ignore = "wants a server: tests/places/undo.sh"]
fn measure_every_form() {
    let only = std::env::var("FORM").unwrap_or_default();
    let mut text = String::from("form\tstatements\tkind\n");
    for form in forms().iter().filter(|f| f.kind != "impossible") {
        if !only.is_empty() && !form.name.contains(&only) {
            continue;
        }
        let found = measure(form).replace(['\n', '\t'], " ");
        if found != form.kind {
            println!("{}: {found}", form.name);
        }
        writeln!(text, "{}\t{}\t{found}", form.name, digest(&back(form).0)).unwrap();
    }
    if only.is_empty() {
        std::fs::write(fixture("undo.measured.tsv"), text).unwrap();
    }
}
