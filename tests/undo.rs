//! What undoes an operation: held for every form against what is read back
//! from it, and against what a real server made of it.
//!
//! So are ups with their downs: whether bowline says that the down does not undo
//! its up is held against whether it did.
//!
//! `BOWLINE_BLESS=1` writes the expected statements anew. Measuring wants a
//! server: `tests/places/undo.sh` starts one and runs the ignored tests, which
//! write the measurements.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use bowline::analysis::undo;
use bowline::dialect::Dialect;
use bowline::inverse::WayBack;
use rayon::prelude::*;

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

/// The cases of a file: each one's head, and its setup and the rest by the
/// marks `--- word` that divide it.
fn cases(file: &str, marks: &[&str]) -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(fixture(file)).unwrap();
    let mut setups: BTreeMap<String, String> = BTreeMap::new();
    let mut cases = Vec::new();
    for block in text.split("\n=== ").skip(1) {
        let (head, body) = block.split_once('\n').unwrap();
        if let Some(name) = head.strip_prefix('@') {
            setups.insert(name.to_owned(), body.to_owned());
            continue;
        }
        let mut rest = body;
        let mut parts = Vec::new();
        for mark in marks {
            let (part, behind) = rest
                .split_once(&format!("--- {mark}\n"))
                .unwrap_or((rest, ""));
            parts.push(part.trim().to_owned());
            rest = behind;
        }
        parts.push(rest.trim().to_owned());
        let mut setup = String::new();
        for line in parts[0].lines() {
            match line.strip_prefix('@') {
                Some(name) => setup.push_str(&setups[name]),
                None => {
                    setup.push_str(line);
                    setup.push('\n');
                }
            }
        }
        parts[0] = setup;
        cases.push((head.to_owned(), parts));
    }
    cases
}

fn forms() -> Vec<Form> {
    let form = |(head, parts): (String, Vec<String>)| {
        let (name, kind) = head.split_once(": ").unwrap();
        let [setup, up, breaks] = <[String; 3]>::try_from(parts).unwrap();
        Form {
            name: name.to_owned(),
            kind: kind.trim().to_owned(),
            setup,
            up,
            breaks,
        }
    };
    let cases = cases("forms.txt", &["up", "breaks"]);
    cases.into_iter().map(form).collect()
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
fn digest<'a>(statements: impl Iterator<Item = &'a str>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for statement in statements {
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
            Some(cells) if cells[1] != digest(back.statements().map(String::as_str)) => {
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

/// An up and its down, and the SQL that stands before them.
struct Pair {
    name: String,
    setup: String,
    up: String,
    down: String,
}

impl Pair {
    fn digest(&self) -> String {
        digest(
            [&self.setup, &self.up, &self.down]
                .map(String::as_str)
                .into_iter(),
        )
    }
}

fn pairs() -> Vec<Pair> {
    let pair = |(name, parts): (String, Vec<String>)| {
        let [setup, up, down] = <[String; 3]>::try_from(parts).unwrap();
        Pair {
            name,
            setup,
            up,
            down,
        }
    };
    let cases = cases("pairs.txt", &["up", "down"]);
    cases.into_iter().map(pair).collect()
}

/// What bowline reports of all pairs, each in a folder of its name.
fn report_on(pairs: &[Pair], purpose: &str) -> serde_json::Value {
    let process = std::process::id();
    let root = std::env::temp_dir().join(format!("bowline-{purpose}-{process}"));
    for pair in pairs {
        let folder = root.join(&pair.name).join("migrations");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("1_init.up.sql", pair.setup.as_str()),
            ("1_init.down.sql", ""),
            ("2_change.up.sql", &pair.up),
            ("2_change.down.sql", &pair.down),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let output = bowline(&root, &["check", ".", "--format", "json"]);
    std::fs::remove_dir_all(&root).unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The pair that a path belongs to.
fn pair_of(path: &str) -> &str {
    path.trim_start_matches("./").split('/').next().unwrap()
}

/// What bowline says of each down, by the pair's name.
fn said_of(pairs: &[Pair]) -> BTreeMap<String, Vec<(String, String)>> {
    let report = report_on(pairs, "pairs");
    let mut said: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let path = finding["path"].as_str().unwrap();
        if path.ends_with("2_change.down.sql") {
            let pair = pair_of(path);
            let text = |what: &str| finding[what].as_str().unwrap().to_owned();
            let list = said.entry(pair.to_owned()).or_default();
            list.push((text("rule"), text("message")));
        }
    }
    said
}

/// Does bowline say that the down does not give the schema back?
fn is_doubted(said: &[(String, String)]) -> bool {
    const DOUBTS: &[&str] = &[
        "down-not-inverse",
        "down-wrong-order",
        "empty-down",
        "identity-or-grant-lost",
        "nontransactional-in-transaction",
        "replaced-definition-lost",
        "schema-conflict",
        "transaction-control",
        "unparsed-statement",
    ];
    said.iter().any(|(rule, _)| DOUBTS.contains(&rule.as_str()))
}

/// Words for what bowline says otherwise than the server, or as the server
/// where a difference is listed; none where all is as it should be.
fn disagreement(name: &str, verdict: &str, said: &[(String, String)], is_known: bool) -> String {
    let agrees = is_doubted(said) == (verdict != "equal");
    match agrees == is_known {
        true => format!("{name}: the server says {verdict}, and bowline {said:?}\n"),
        false => String::new(),
    }
}

fn rows(file: &str) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(fixture(file)).unwrap_or_default();
    let cells = text.lines().skip(1).map(|line| line.split('\t'));
    cells
        .map(|cells| cells.map(str::to_owned).collect::<Vec<_>>())
        .map(|cells| (cells[0].clone(), cells))
        .collect()
}

#[test]
fn a_down_is_judged_as_a_server_found_it() {
    let pairs = pairs();
    let said = said_of(&pairs);
    let measured = rows("pairs.measured.tsv");
    let known = rows("known_differences.tsv");
    let (mut shown, mut wrong) = (String::new(), String::new());
    for pair in &pairs {
        let name = &pair.name;
        let none = Vec::new();
        let said = said.get(name).unwrap_or(&none);
        let verdict = match measured.get(name) {
            Some(cells) if cells[1] == pair.digest() => cells[2].as_str(),
            _ => {
                writeln!(wrong, "{name} was not measured").unwrap();
                continue;
            }
        };
        writeln!(shown, "=== {name}: {verdict}").unwrap();
        for (rule, message) in said {
            writeln!(shown, "{rule}: {message}").unwrap();
        }
        wrong += &disagreement(name, verdict, said, known.contains_key(name));
    }
    assert!(wrong.is_empty(), "{wrong}");
    let path = fixture("pairs.expected.txt");
    if blessing() {
        std::fs::write(&path, &shown).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (expected, shown) in expected.split("=== ").zip(shown.split("=== ")) {
        assert_eq!(expected, shown);
    }
    assert_eq!(expected.len(), shown.len());
}

/// The verdict on an up does not say that the schema goes back exactly where it
/// did not with the down at hand.
#[test]
fn no_verdict_is_better_than_what_a_server_found() {
    let pairs = pairs();
    let measured = rows("pairs.measured.tsv");
    let known = rows("known_differences.tsv");
    let report = report_on(&pairs, "verdicts");
    let mut wrong = String::new();
    for migration in report["migrations"].as_array().unwrap() {
        let path = migration["path"].as_str().unwrap();
        let (pair, undo) = (pair_of(path), &migration["verdict"]["undo"]);
        let is_equal = measured.get(pair).is_none_or(|cells| cells[2] == "equal");
        let is_up = path.ends_with("2_change.up.sql");
        if is_up && undo == "exact" && !is_equal && !known.contains_key(pair) {
            writeln!(wrong, "{pair}: the server says {}", measured[pair][2]).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
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
        // What a dump does not tell: what is filled, and what is valid.
        const STATE: &str = r"SELECT format('%s filled %s valid %s', c.oid::regclass, relispopulated, i.indisvalid)
            FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
            WHERE relkind IN ('m', 'i') AND c.oid >= 16384 AND c.relnamespace::regnamespace::text NOT LIKE 'pg_%';";
        let state = self.run(STATE).unwrap();
        statements.extend(state.lines().map(str::to_owned));
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
    let mut forms = forms();
    forms.retain(|form| form.kind != "impossible" && form.name.contains(&only));
    let rows: String = forms
        .par_iter()
        .map(|form| {
            let found = measure(form).replace(['\n', '\t'], " ");
            if found != form.kind {
                println!("{}: {found}", form.name);
            }
            let statements = digest(back(form).0.statements().map(String::as_str));
            format!("{}\t{statements}\t{found}\n", form.name)
        })
        .collect();
    if only.is_empty() {
        let text = format!("form\tstatements\tkind\n{rows}");
        std::fs::write(fixture("undo.measured.tsv"), text).unwrap();
    }
}

/// What a server makes of a pair.
fn measure_pair(pair: &Pair) -> String {
    let database = Database::new(&pair.name);
    if let Err(error) = database.run(&pair.setup) {
        return format!("setup: {error}");
    }
    let before = database.schema();
    if let Err(error) = database.run(&pair.up) {
        return format!("up: {error}");
    }
    match database.run(&pair.down) {
        Err(_) => "fails".to_owned(),
        Ok(_) if database.schema() == before => "equal".to_owned(),
        Ok(_) => "differs".to_owned(),
    }
}

#[test]
#[ignore = "wants a server: tests/places/undo.sh"]
fn measure_every_pair() {
    let rows: String = pairs()
        .par_iter()
        .map(|pair| {
            let found = measure_pair(pair).replace(['\n', '\t'], " ");
            format!("{}\t{}\t{found}\n", pair.name, pair.digest())
        })
        .collect();
    let text = format!("pair\tstatements\tverdict\n{rows}");
    std::fs::write(fixture("pairs.measured.tsv"), text).unwrap();
}

/// Projects of this repository whose migrations are pairs of files.
const PROJECTS: &[&str] = &[
    "undo/downs/migrations",
    "shop/migrations",
    "layouts/golang-migrate",
    "layouts/sqlx",
];

/// The pairs of a project in order, by the up's path below `fixtures`; an up
/// without a down has an empty one.
fn pairs_of(project: &str) -> Vec<Pair> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut ups: Vec<PathBuf> = walk(&fixtures.join(project));
    ups.retain(|path| path.to_str().unwrap().ends_with(".up.sql"));
    ups.sort_by_key(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let number: String = name.chars().take_while(char::is_ascii_digit).collect();
        number.parse::<u64>().unwrap()
    });
    let pair = |up: &PathBuf| {
        let name = up.strip_prefix(&fixtures).unwrap().to_str().unwrap();
        let down = up.to_str().unwrap().replace(".up.sql", ".down.sql");
        Pair {
            name: name.to_owned(),
            setup: String::new(),
            up: std::fs::read_to_string(up).unwrap(),
            down: std::fs::read_to_string(down).unwrap_or_default(),
        }
    };
    ups.iter().map(pair).collect()
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => walk(&path),
            false => vec![path],
        })
        .collect()
}

/// Each migration up and down on a copy of the database that the ups before it
/// have built.
fn measure_project(project: &str, text: &mut String) {
    let pairs = pairs_of(project);
    let database = Database::new("project");
    for pair in pairs.iter().filter(|pair| !pair.down.is_empty()) {
        let ups = pairs.iter().take_while(|other| other.name != pair.name);
        psql("postgres", "DROP DATABASE undo_project WITH (FORCE)").unwrap();
        psql("postgres", "CREATE DATABASE undo_project").unwrap();
        let run: Result<Vec<_>, _> = ups.map(|earlier| database.run(&earlier.up)).collect();
        let before = database.schema();
        let verdict = match (run, database.run(&pair.up)) {
            (Err(_), _) => "not reached",
            (_, Err(_)) => "up fails",
            _ => match database.run(&pair.down) {
                Err(_) => "fails",
                Ok(_) if database.schema() == before => "equal",
                Ok(_) => "differs",
            },
        };
        writeln!(text, "{}\t{}\t{verdict}", pair.name, pair.digest()).unwrap();
    }
}

#[test]
#[ignore = "wants a server: tests/places/undo.sh"]
fn measure_every_project() {
    let mut text = String::from("up\tstatements\tverdict\n");
    for project in PROJECTS {
        measure_project(project, &mut text);
    }
    std::fs::write(fixture("projects.measured.tsv"), text).unwrap();
}

#[test]
fn the_downs_of_projects_are_judged_as_a_server_found_them() {
    let measured = rows("projects.measured.tsv");
    let known = rows("known_differences.tsv");
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let (mut wrong, mut held) = (String::new(), 0);
    for project in PROJECTS {
        let output = bowline(&fixtures, &["check", project, "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        for pair in pairs_of(project).iter().filter(|p| !p.down.is_empty()) {
            let name = &pair.name;
            let verdict = match measured.get(name) {
                Some(cells) if cells[1] == pair.digest() => cells[2].as_str(),
                _ => {
                    writeln!(wrong, "{name} was not measured").unwrap();
                    continue;
                }
            };
            // What was not run was not found.
            if verdict == "not reached" || verdict == "up fails" {
                continue;
            }
            held += 1;
            let down = name.replace(".up.sql", ".down.sql");
            let of_down = findings
                .iter()
                .filter(|f| f["path"].as_str().unwrap().trim_start_matches("./") == down);
            let text = |f: &serde_json::Value, what| f[what].as_str().unwrap().to_owned();
            let said: Vec<_> = of_down
                .map(|f| (text(f, "rule"), text(f, "message")))
                .collect();
            wrong += &disagreement(name, verdict, &said, known.contains_key(name));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(held >= 40, "{held}");
}

fn bowline(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The findings about downs, a line each.
fn about_downs(folder: &std::path::Path, of: &str) -> String {
    let output = bowline(folder, &["check", of, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut text = String::new();
    for finding in report["findings"].as_array().unwrap() {
        let path = finding["path"].as_str().unwrap();
        if !path.contains(".down.") {
            continue;
        }
        let name = path.rsplit('/').next().unwrap();
        let (rule, message) = (&finding["rule"], &finding["message"]);
        writeln!(
            text,
            "{name}: {}: {}",
            rule.as_str().unwrap(),
            message.as_str().unwrap()
        )
        .unwrap();
    }
    text
}

#[test]
fn honest_downs_are_told_from_dishonest_ones() {
    let found = about_downs(&fixture("downs"), "migrations");
    let path = fixture("downs/expected.txt");
    if blessing() {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), found);
    let mut kinds = [0, 0];
    for entry in std::fs::read_dir(fixture("downs/migrations")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.contains(".down.") {
            continue;
        }
        let is_false = name.contains("_false_");
        kinds[usize::from(is_false)] += 1;
        // An honest down may still take its time.
        let mut lines = found.lines().filter(|line| line.starts_with(&name));
        let is_named = lines.any(|line| !line.contains(": down-blocks: "));
        assert_eq!(is_named, is_false, "{name}");
    }
    assert_eq!(kinds, [13, 12]);
}

/// A project of each layout, its last migration without a down.
/// The layout, its files, the migration, and where its down belongs.
type Written = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const LAYOUTS: &[Written] = &[
    (
        "golang-migrate",
        &[
            (
                "1_init.up.sql",
                "CREATE TABLE t (id int PRIMARY KEY, a text);\n",
            ),
            ("1_init.down.sql", "DROP TABLE t;\n"),
            ("2_drop.up.sql", "ALTER TABLE t DROP COLUMN a;\n"),
        ],
        "2_drop.up.sql",
        "2_drop.down.sql",
    ),
    (
        "goose",
        &[
            (
                "1_init.sql",
                "-- +goose Up\nCREATE TABLE t (id int PRIMARY KEY, a text);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;\n-- +goose Down\nDROP FUNCTION f();\nDROP TABLE t;\n",
            ),
            (
                "2_drop.sql",
                "-- +goose NO TRANSACTION\n-- +goose Up\nDROP FUNCTION f();\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n",
            ),
        ],
        "2_drop.sql",
        "2_drop.sql",
    ),
    (
        "dbmate",
        &[
            (
                "1_init.sql",
                "-- migrate:up\nCREATE TABLE t (id int PRIMARY KEY, a text);\n\n-- migrate:down\nDROP TABLE t;\n",
            ),
            (
                "2_index.sql",
                "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n",
            ),
        ],
        "2_index.sql",
        "2_index.sql",
    ),
    (
        "sql-migrate",
        &[
            (
                "1_init.sql",
                "-- +migrate Up\nCREATE TABLE t (id int PRIMARY KEY, a text);\n-- +migrate Down\nDROP TABLE t;\n",
            ),
            (
                "2_index.sql",
                "-- +migrate Up notransaction\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n",
            ),
        ],
        "2_index.sql",
        "2_index.sql",
    ),
    (
        "tern",
        &[
            (
                "001_init.sql",
                "CREATE TABLE t (id int PRIMARY KEY, a text);\n\n---- create above / drop below ----\n\nDROP TABLE t;\n",
            ),
            ("002_drop.sql", "ALTER TABLE t DROP COLUMN a;\n"),
        ],
        "002_drop.sql",
        "002_drop.sql",
    ),
    (
        "liquibase",
        &[(
            "changes.sql",
            "--liquibase formatted sql\n\n--changeset a:1\nCREATE TABLE t (id int PRIMARY KEY, a text);\n",
        )],
        "changes.sql",
        "changes.sql",
    ),
    (
        "flyway",
        &[
            (
                "V1__init.sql",
                "CREATE TABLE t (id int PRIMARY KEY, a text);\n",
            ),
            ("U1__init.sql", "DROP TABLE t;\n"),
            ("V2__drop.sql", "ALTER TABLE t DROP COLUMN a;\n"),
        ],
        "V2__drop.sql",
        "U2__drop.sql",
    ),
    (
        "sqitch",
        &[
            (
                "sqitch.plan",
                "%project=p\n\nt 2024-01-01T00:00:00Z a <a@x> # t\nc 2024-01-02T00:00:00Z a <a@x> # c\n",
            ),
            (
                "deploy/t.sql",
                "BEGIN;\nCREATE TABLE t (id int PRIMARY KEY, a text);\nCOMMIT;\n",
            ),
            ("revert/t.sql", "BEGIN;\nDROP TABLE t;\nCOMMIT;\n"),
            (
                "deploy/c.sql",
                "BEGIN;\nALTER TABLE t DROP COLUMN a;\nCOMMIT;\n",
            ),
        ],
        "deploy/c.sql",
        "revert/c.sql",
    ),
    (
        "node-pg-migrate",
        &[(
            "1_init.sql",
            "-- Up Migration\nCREATE TABLE t (id int PRIMARY KEY, a text);\n",
        )],
        "1_init.sql",
        "1_init.sql",
    ),
    (
        "sqlx",
        &[
            (
                "1_init.up.sql",
                "-- Add up migration script here\nCREATE TABLE t (id int PRIMARY KEY, a text);\n",
            ),
            (
                "1_init.down.sql",
                "-- Add down migration script here\nDROP TABLE t;\n",
            ),
            (
                "2_index.up.sql",
                "-- no-transaction\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n",
            ),
        ],
        "2_index.up.sql",
        "2_index.down.sql",
    ),
];

#[test]
fn a_down_is_written_where_its_tool_looks_for_it() {
    let root = std::env::temp_dir().join(format!("bowline-undo-{}", std::process::id()));
    let mut shown = String::new();
    for (layout, files, up, down) in LAYOUTS {
        let folder = root.join(layout);
        for (name, text) in *files {
            let path = folder.join("db").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let file = format!("db/{up}");
        let written = bowline(&folder, &["undo", &file, "--write"]);
        let said = String::from_utf8_lossy(&written.stderr).into_owned();
        assert!(written.status.success(), "{layout}: {said}");
        let text = std::fs::read_to_string(folder.join("db").join(down)).unwrap();
        writeln!(shown, "=== {layout}: {down}\n{text}").unwrap();
        let again = bowline(&folder, &["undo", &file, "--write"]);
        assert_eq!(again.status.code(), Some(2), "{layout} writes over a down");
        let output = bowline(&folder, &["check", "db", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for finding in report["findings"].as_array().unwrap() {
            let rule = finding["rule"].as_str().unwrap();
            let about_down = rule.starts_with("down-") || rule.ends_with("-down");
            assert!(
                !about_down && rule != "unparsed-statement",
                "{layout}: {finding}"
            );
        }
    }
    std::fs::remove_dir_all(&root).unwrap();
    let path = fixture("written.expected.txt");
    if blessing() {
        std::fs::write(&path, &shown).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), shown);
}

#[test]
fn what_has_no_place_is_printed_and_not_written() {
    let root = std::env::temp_dir().join(format!("bowline-undo-print-{}", std::process::id()));
    let folder = root.join("prisma/migrations/20240101000000_init");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        root.join("prisma/migrations/migration_lock.toml"),
        "provider = \"postgresql\"\n",
    )
    .unwrap();
    std::fs::write(
        folder.join("migration.sql"),
        "CREATE TABLE t (id int PRIMARY KEY);\n",
    )
    .unwrap();
    let file = "prisma/migrations/20240101000000_init/migration.sql";
    let printed = bowline(&root, &["undo", file]);
    assert_eq!(String::from_utf8_lossy(&printed.stdout), "DROP TABLE t;\n");
    let written = bowline(&root, &["undo", file, "--write"]);
    assert_eq!(written.status.code(), Some(2));
    let said = String::from_utf8_lossy(&written.stderr).into_owned();
    assert!(said.contains("Prisma runs no downs"), "{said}");
    std::fs::remove_dir_all(&root).unwrap();
}
