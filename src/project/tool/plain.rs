//! SQL files of no tool that is known: numbered, dated, or in folders that are.

use rustc_hash::FxHashMap;

use super::super::folder::{Folder, Script, Tool, join, parent};
use super::super::{Down, Layout, Migration, Named, Transaction, name};

pub const TOOL: Tool = Tool {
    layout: Layout::Plain,
    claims: |folder| !candidates(folder).is_empty() && !is_tern_shared(folder),
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

/// Folders whose scripts are not migrations, even numbered.
const OTHER: &[&str] = &[
    "test",
    "tests",
    "testdata",
    "seed",
    "seeds",
    "seeders",
    "fixture",
    "fixtures",
    "queries",
    "examples",
    "benchmark",
    "benchmarks",
];

/// Folders whose scripts are migrations, though a number stands inside their
/// names.
const OWN: &[&str] = &["migration", "migrate", "upgrade", "delta", "update"];

/// What a tool writes about the whole schema, or a script that does it all.
const DUMPS: &[&str] = &["schema.sql", "structure.sql", "init.sql", "dump.sql"];

pub fn is_dump(name: &str) -> bool {
    DUMPS.contains(&name)
}

/// Folders in tern's hold what its migrations include.
fn is_tern_shared(folder: &Folder) -> bool {
    let above = parent(&folder.root).map(|dir| join(&dir, "tern.conf"));
    above.is_some_and(|conf| folder.companions.contains_key(&conf))
}

/// The scripts that are migrations: those that the user named, those whose
/// names begin with a number, a date or a version, and in a folder that was
/// named and has none of these, all but dumps.
fn candidates(folder: &Folder) -> Vec<&Script> {
    let other = folder
        .root
        .rsplit('/')
        .take(2)
        .any(|segment| OTHER.contains(&segment.to_ascii_lowercase().as_str()));
    let versioned = |script: &&Script| {
        script.named == Named::File
            || (!other || script.named == Named::Folder) && is_versioned(folder, script)
    };
    let found: Vec<&Script> = folder.scripts.iter().filter(versioned).collect();
    if !found.is_empty() {
        return found;
    }
    let named: Vec<&Script> = folder
        .scripts
        .iter()
        .filter(|script| script.named == Named::Folder && script.dir().is_empty())
        .collect();
    let is_dump = |script: &&&Script| is_dump(script.name());
    match named.iter().filter(|script| !is_dump(script)).count() {
        0 => named,
        _ => named.into_iter().filter(|s| !is_dump(&s)).collect(),
    }
}

fn is_versioned(folder: &Folder, script: &Script) -> bool {
    let name = script.name();
    let dated_folder = !script.dir().is_empty() && name::is_versioned(&script.path);
    if matches!(name, "up.sql" | "down.sql" | "migration.sql") {
        return dated_folder;
    }
    if dated_folder {
        return !folder.of_units("up.sql");
    }
    name::is_versioned(name) || is_numbered_inside(folder, name)
}

/// `migration-1-0002.sql`, and in a folder of upgrades also
/// `engine_7.3_to_7.4.sql`.
fn is_numbered_inside(folder: &Folder, name: &str) -> bool {
    let own = |segment: &str| {
        let segment = segment.to_ascii_lowercase();
        OWN.iter().any(|word| segment.contains(word))
    };
    name.bytes().any(|b| b.is_ascii_digit())
        && (folder.root.split('/').any(own)
            || own(name.split(['-', '_', '.']).next().unwrap_or("")))
}

struct Step<'a> {
    key: String,
    up: Option<&'a Script>,
    down: Option<&'a Script>,
}

fn read(folder: &Folder) -> Vec<Migration> {
    let mut steps: Vec<Step> = Vec::new();
    let mut by_key: FxHashMap<String, usize> = FxHashMap::default();
    let (mut downs, mut ups): (Vec<&Script>, Vec<&Script>) =
        candidates(folder).into_iter().partition(|s| s.goes_back());
    // A folder that is only called so: `undo-service`.
    if ups.is_empty() && !downs.iter().any(|s| s.is_marked_down()) {
        ups = std::mem::take(&mut downs);
    }
    for script in ups {
        let key = key(script);
        by_key.insert(key.clone(), steps.len());
        steps.push(Step {
            key,
            up: Some(script),
            down: None,
        });
    }
    let by_number = numbers(&steps);
    for script in downs {
        let key = key(script);
        let numbered = || by_number.get(number(&key)?).copied().flatten();
        match by_key.get(&key).copied().or_else(numbered) {
            Some(at) => steps[at].down = Some(script),
            None => steps.push(Step {
                key,
                up: None,
                down: Some(script),
            }),
        }
    }
    steps.sort_by(|a, b| name::natural(&a.key, &b.key));
    let way_back = steps.iter().any(|step| step.down.is_some());
    let modes = Modes::of(folder);
    steps
        .iter()
        .filter_map(|step| migration(step, way_back, &modes))
        .collect()
}

/// The path without what tells the direction.
fn key(script: &Script) -> String {
    let mut key = String::new();
    for segment in script.dir().split('/') {
        let direction =
            name::is_down_folder(segment) || matches!(segment, "up" | "deploy" | "apply");
        if !segment.is_empty() && !direction {
            key.push_str(segment);
            key.push('/');
        }
    }
    let (_, stem) = name::way(script.name());
    let stem = stem.trim_end_matches(".tx").trim_end_matches(".autocommit");
    let key = (key + stem).trim_end_matches('/').to_string();
    match key.is_empty() {
        true => script.stem().to_string(),
        false => key,
    }
}

/// The dotted number that the last name of a key begins with.
fn number(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next()?;
    let name = name.strip_prefix(['V', 'v', 'U']).unwrap_or(name);
    let end = name
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(name.len());
    let number = name[..end].trim_end_matches('.');
    (!number.is_empty()).then_some(number)
}

/// The step of each number that only one step has.
fn numbers(steps: &[Step]) -> FxHashMap<String, Option<usize>> {
    let mut numbers: FxHashMap<String, Option<usize>> = FxHashMap::default();
    for (at, step) in steps.iter().enumerate() {
        if let Some(number) = number(&step.key) {
            numbers
                .entry(number.to_string())
                .and_modify(|at| *at = None)
                .or_insert(Some(at));
        }
    }
    numbers
}

/// Transaction modes that a runner reads from the files' names: `.tx.` asks
/// for a transaction, `.autocommit.` for none.
struct Modes {
    tx: bool,
    autocommit: bool,
}

impl Modes {
    fn of(folder: &Folder) -> Self {
        let any = |word: &str| folder.scripts.iter().any(|s| s.name().contains(word));
        Self {
            tx: any(".tx."),
            autocommit: any(".autocommit."),
        }
    }

    fn transaction(&self, script: &Script) -> Transaction {
        let has = |word: &str| script.name().contains(word);
        match (self.tx, self.autocommit) {
            (true, _) if has(".tx.") => Transaction::File,
            (_, true) if !has(".autocommit.") => Transaction::File,
            (true, _) | (_, true) => Transaction::Implicit,
            _ => Transaction::None,
        }
    }
}

fn migration(step: &Step, way_back: bool, modes: &Modes) -> Option<Migration> {
    let first = step.up.or(step.down)?;
    let id = step.key.as_str();
    let mut migration = first.migration(id, number(id).unwrap_or(id));
    migration.selected = [step.up, step.down].iter().flatten().any(|s| s.selected);
    let whole = |script: &Script| script.whole(modes.transaction(script));
    migration.up = step.up.map(whole).into_iter().collect();
    migration.down = match step.down {
        Some(down) => Down::Parts(vec![whole(down)]),
        None if way_back => Down::Missing,
        None => Down::Unsupported,
    };
    Some(migration)
}
