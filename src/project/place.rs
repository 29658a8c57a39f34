//! Which files belong together: the folder that is one history's root.
//!
//! A migration may be a file in the root (`migrations/1_x.sql`), a folder
//! (`migrations/1_x/up.sql`), a file in a version's folder
//! (`delta/72/01_x.sql`), or scripts in `deploy/` and `revert/`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::folder::{Companions, Folder, Script, join, parent};
use super::tool::changelog::{is_changelog, says_so};
use super::tool::pop;
use super::{File, Named, Options, Problem, directive, engine, name};
use crate::dialect::Engine;
use crate::source::{Encoding, Source};

/// The sources of all scripts, the folders that they form, and what is to be
/// said about how they were read.
pub fn folders(
    files: Vec<File>,
    options: &Options,
) -> (Vec<Arc<Source>>, Vec<Folder>, Vec<Problem>) {
    let excluded = |file: &File| options.exclude.excludes(&file.path);
    let (mut scripts, companions): (Vec<File>, Vec<File>) = files
        .into_iter()
        .filter(|file| !excluded(file))
        .partition(|file| file.named == Named::File || is_script(&file.path));
    scripts.sort_by(|a, b| a.path.cmp(&b.path));
    scripts.dedup_by(|later, kept| {
        let same = later.path == kept.path;
        if same {
            kept.named = kept.named.max(later.named);
            kept.selected |= later.selected;
        }
        same
    });
    let companions: Arc<Companions> = Arc::new(
        companions
            .into_iter()
            .map(|file| (file.path, file.source))
            .collect(),
    );
    let sources = scripts.iter().map(|f| Arc::clone(&f.source)).collect();
    let encoding = scripts.iter().filter_map(encoding_problem);
    let problems = encoding.chain(unread_changesets(&companions)).collect();
    let mut groups = group(&scripts, &Places::new(&scripts, &companions));
    join_rollbacks(&mut groups);
    join_flyway(&mut groups);
    let given = options.engine.map(|dialect| dialect.engine);
    let folders = groups
        .into_iter()
        .flat_map(|(root, scripts)| by_engine(&root, scripts, &companions, given))
        .collect();
    (sources, folders, problems)
}

/// Changesets in XML, YAML and JSON are not SQL.
fn unread_changesets(companions: &Companions) -> Option<Problem> {
    let mut unread = companions.iter().filter(|(path, source)| {
        is_changelog(path) && says_so(source.text()) && source.text().contains("changeSet")
    });
    let (path, _) = unread.next()?;
    let more = match unread.count() {
        0 => String::new(),
        n => format!(", nor are those of {n} more changelogs"),
    };
    Some(Problem {
        path: path.clone(),
        message: format!("changesets that are not written in SQL are not read{more}"),
        fatal: false,
    })
}

/// The name in front of `.sql` when a path is a script's, and the engine's word
/// of `x.sql.postgres`.
fn script_stem(path: &str) -> Option<(&str, Option<&str>)> {
    let name = base(path);
    if let Some(stem) = name.strip_suffix(".sql").or(name.strip_suffix(".SQL")) {
        return Some((stem, None));
    }
    let (rest, last) = name.rsplit_once('.')?;
    let stem = rest.strip_suffix(".sql")?;
    Engine::from_word(last)?;
    Some((stem, Some(last)))
}

/// The name as `x.sql` when a path is a script's: also `x.sql.postgres`.
fn script_name(path: &str) -> Option<Cow<'_, str>> {
    match script_stem(path)? {
        (_, None) if path.ends_with(".sql") => Some(Cow::Borrowed(base(path))),
        (stem, None) => Some(format!("{stem}.sql").into()),
        (stem, Some(engine)) => Some(format!("{stem}.{engine}.sql").into()),
    }
}

/// Is this a file that `folders` takes for a script?
pub fn is_script(path: &str) -> bool {
    script_stem(path).is_some()
}

fn encoding_problem(file: &File) -> Option<Problem> {
    let message = match file.source.encoding() {
        _ if !file.selected => return None,
        Encoding::Utf8 => return None,
        Encoding::Utf16 => "is UTF-16; places are counted in its text as UTF-8",
        Encoding::Latin1 => "is not UTF-8; stray bytes are read as Latin-1",
    };
    Some(Problem {
        path: file.path.clone(),
        message: message.into(),
        fatal: false,
    })
}

fn dir_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((dir, _)) => dir,
        None => "",
    }
}

fn base(dir: &str) -> &str {
    dir.rsplit('/').next().unwrap_or("")
}

/// What the paths of all files tell about folders.
struct Places<'a> {
    /// Folders with scripts in them.
    dirs: FxHashSet<&'a str>,
    /// Folders that are one migration.
    units: FxHashSet<&'a str>,
    /// Folders with a `sqitch.plan`.
    plans: FxHashSet<&'a str>,
    /// Folders with a changelog of Liquibase.
    changelogs: FxHashSet<&'a str>,
}

impl<'a> Places<'a> {
    fn new(scripts: &'a [File], companions: &'a Companions) -> Self {
        let mut places = Places {
            dirs: FxHashSet::default(),
            units: FxHashSet::default(),
            plans: FxHashSet::default(),
            changelogs: FxHashSet::default(),
        };
        for file in scripts {
            let dir = dir_of(&file.path);
            places.dirs.insert(dir);
            let unit = match base(&file.path) {
                "up.sql" => true,
                "migration.sql" => name::is_versioned(base(dir)),
                _ => false,
            };
            if unit && !dir.is_empty() {
                places.units.insert(dir);
            }
        }
        places.plans = companions
            .keys()
            .filter(|path| base(path) == "sqitch.plan")
            .map(|path| dir_of(path))
            .collect();
        places.changelogs = companions
            .iter()
            .filter(|(path, source)| is_changelog(path) && says_so(source.text()))
            .map(|(path, _)| dir_of(path))
            .collect();
        places
    }

    fn root(&self, path: &'a str) -> &'a str {
        let dir = dir_of(path);
        let above = dir_of(dir);
        if let Some(plan) = self.plan(dir) {
            return plan;
        }
        if let Some(changelog) = self.topmost_changelog(dir) {
            return changelog;
        }
        let last = base(dir);
        let beside = |name: &str| self.dirs.contains(join(above, name).as_str());
        let goes_up = matches!(last, "up" | "deploy" | "apply")
            && ["down", "revert", "rollback", "undo"]
                .iter()
                .any(|n| beside(n));
        let nested = self.units.contains(dir)
            || last == "committed"
            || (last == "current" && beside("committed"))
            || goes_up
            || name::is_down_folder(last);
        if nested && !dir.is_empty() {
            return above;
        }
        above_versions(dir)
    }

    fn topmost_changelog(&self, dir: &'a str) -> Option<&'a str> {
        if self.changelogs.is_empty() {
            return None;
        }
        let (mut here, mut found) = (dir, None);
        loop {
            found = self.changelogs.get(here).copied().or(found);
            if here.is_empty() || here == "/" {
                return found;
            }
            here = dir_of(here);
        }
    }

    fn plan(&self, dir: &'a str) -> Option<&'a str> {
        if self.plans.is_empty() {
            return None;
        }
        let mut here = dir;
        loop {
            if self.plans.contains(here) {
                return Some(here);
            }
            if here.is_empty() || here == "/" {
                return None;
            }
            here = dir_of(here);
        }
    }
}

/// The folder above the version folders (and the engines among them) that a
/// path ends in.
fn above_versions(dir: &str) -> &str {
    let mut root = dir;
    let mut here = dir;
    loop {
        let last = base(here);
        let version = name::is_version_folder(last);
        if !version && Engine::from_word(last).is_none() {
            return root;
        }
        let above = dir_of(here);
        if version {
            root = above;
        }
        if above.is_empty() || above == "/" {
            return root;
        }
        here = above;
    }
}

type Groups = BTreeMap<String, Vec<Script>>;

fn group(files: &[File], places: &Places) -> Groups {
    let scripts: Vec<(String, Script)> = files
        .par_iter()
        .enumerate()
        .map(|(id, file)| place(id, file, places))
        .collect();
    let mut groups = Groups::new();
    for (root, script) in scripts {
        groups.entry(root).or_default().push(script);
    }
    groups
}

fn place(id: usize, file: &File, places: &Places) -> (String, Script) {
    let root = places.root(&file.path);
    let below = file.path[root.len()..].trim_start_matches('/');
    let dir = dir_of(below);
    let mut name = script_name(&file.path).unwrap_or_else(|| base(&file.path).into());
    let mut engine = dir.rsplit('/').find_map(Engine::from_word);
    if let Some((named, rest)) = engine::of_name(&name) {
        engine = Some(named);
        // `x.sql.postgres` runs behind `x.sql`, `x.postgres.sql` in its place.
        if file.path.to_ascii_lowercase().ends_with(".sql") {
            name = rest.into();
        }
    }
    let script = Script {
        id,
        source: Arc::clone(&file.source),
        path: join(dir, &name),
        engine,
        named: file.named,
        selected: file.selected,
        marks: directive::marks(file.source.text()),
        back: false,
    };
    (root.to_string(), script)
}

/// `rollback_dbs/postgres` goes back in what `init_dbs/postgres` does: roots
/// that differ in one folder, which is for scripts that go back, and that hold
/// a file of the same name.
fn join_rollbacks(groups: &mut Groups) {
    let downs: Vec<(String, usize)> = groups
        .keys()
        .filter_map(|root| Some((root.clone(), down_at(root)?)))
        .collect();
    if downs.is_empty() {
        return;
    }
    let mut ups: FxHashMap<String, Vec<String>> = FxHashMap::default();
    for root in groups.keys().filter(|root| down_at(root).is_none()) {
        for at in 0..root.split('/').count() {
            ups.entry(without(root, at)).or_default().push(root.clone());
        }
    }
    for (root, at) in downs {
        let scripts = groups.get_mut(&root).map_or(&mut [][..], Vec::as_mut_slice);
        for script in &mut *scripts {
            script.back = true;
        }
        let names: FxHashSet<String> = scripts.iter().map(|s| s.path.clone()).collect();
        let same = |up: &&String| {
            let scripts = groups.get(*up).map_or(&[][..], Vec::as_slice);
            scripts.iter().any(|script| names.contains(&script.path))
        };
        let candidates = ups.get(&without(&root, at)).map_or(&[][..], Vec::as_slice);
        if let Some(up) = candidates.iter().find(same) {
            let segment = root.split('/').nth(at).unwrap_or("").to_string();
            move_group(groups, &root, up, &segment);
        }
    }
}

/// The segment of a root that is for scripts that go back: the last, but for
/// engines.
fn down_at(root: &str) -> Option<usize> {
    let segments: Vec<&str> = root.split('/').collect();
    let last = segments
        .iter()
        .rposition(|segment| Engine::from_word(segment).is_none())?;
    name::is_down_folder(segments[last]).then_some(last)
}

fn without(root: &str, at: usize) -> String {
    let mut segments: Vec<&str> = root.split('/').collect();
    segments[at] = "*";
    segments.join("/")
}

fn move_group(groups: &mut Groups, from: &str, to: &str, below: &str) {
    let Some(mut scripts) = groups.remove(from) else {
        return;
    };
    for script in &mut scripts {
        script.path = join(below, &script.path);
    }
    groups
        .entry(to.to_string())
        .or_default()
        .append(&mut scripts);
}

fn is_flyway(script: &Script) -> bool {
    script.name().starts_with(['V', 'U', 'R', 'B']) && script.name().contains("__")
}

/// Flyway reads a location with all folders below it: a folder joins the
/// nearest above it that holds such files too, a folder of repeatable scripts
/// the one beside it, unless a folder between names an engine, and `common` the
/// one of the only engine.
fn join_flyway(groups: &mut Groups) {
    let roots: Vec<String> = groups
        .iter()
        .filter(|(_, scripts)| scripts.iter().any(is_flyway))
        .map(|(root, _)| root.clone())
        .collect();
    let known: FxHashSet<&str> = roots.iter().map(String::as_str).collect();
    let mut beside: FxHashMap<String, Vec<&str>> = FxHashMap::default();
    for root in &roots {
        if let Some(above) = parent(root) {
            beside.entry(above).or_default().push(root);
        }
    }
    for root in roots.iter().rev() {
        let Some(scripts) = groups.get(root) else {
            continue;
        };
        let repeatable = scripts.iter().all(|s| s.name().starts_with("R__"));
        let target = flyway_above(root, &known).map(str::to_string).or_else(|| {
            let siblings = beside.get(&parent(root)?)?;
            let mut others = siblings.iter().filter(|other| *other != root);
            let other = others.next()?;
            let joins = repeatable || is_common_to(groups, root, other);
            (joins && others.next().is_none()).then(|| (*other).to_string())
        });
        if let Some(target) = target {
            let below = root
                .strip_prefix(target.as_str())
                .unwrap_or(base(root))
                .trim_start_matches('/')
                .to_string();
            move_group(groups, root, &target, &below);
        }
    }
}

/// Two locations of one history: `common` beside the folder of an engine, with
/// no version in both.
fn is_common_to(groups: &Groups, root: &str, other: &str) -> bool {
    let named = base(root) == "common" && engine::of_path(base(other)).is_some();
    let versions = |root: &str| -> FxHashSet<Vec<u128>> {
        let scripts = groups.get(root).into_iter().flatten();
        let version = |script: &Script| {
            let (version, _) = script.name().strip_prefix('V')?.split_once("__")?;
            Some(name::dotted(version))
        };
        scripts.filter_map(version).collect()
    };
    named && versions(root).is_disjoint(&versions(other))
}

fn flyway_above<'a>(root: &'a str, known: &FxHashSet<&str>) -> Option<&'a str> {
    let mut here = root;
    while engine::of_path(base(here)).is_none() && !here.is_empty() && here != "/" {
        here = dir_of(here);
        if known.contains(here) {
            return Some(here);
        }
    }
    None
}

/// A folder that serves several engines by suffix is one history for each: a
/// file without a suffix serves those that have none of their own, or the engine
/// that is given if none is of it.
fn by_engine(
    root: &str,
    mut scripts: Vec<Script>,
    companions: &Arc<Companions>,
    given: Option<Engine>,
) -> Vec<Folder> {
    engine::tell_by_last_words(&mut scripts);
    let says_dialect = |script: &Script| pop::says_dialect(base(script.source.path()));
    let some_say_it = scripts.iter().any(says_dialect);
    let first = scripts.first().and_then(|script| script.engine);
    let all_same = scripts.iter().all(|script| script.engine == first);
    let folder = |engine, scripts, engine_is_named| Folder {
        root: root.to_string(),
        engine,
        engine_is_named,
        scripts,
        by_dialect: some_say_it && !all_same,
        companions: Arc::clone(companions),
    };
    let of_root = engine::of_path(root);
    let mut engines: Vec<Engine> = Vec::new();
    for script in &scripts {
        if let Some(engine) = script.engine
            && !engines.contains(&engine)
        {
            engines.push(engine);
        }
    }
    if engines.is_empty() {
        return vec![folder(of_root, scripts, false)];
    }
    let (own, shared): (Vec<Script>, Vec<Script>) =
        scripts.into_iter().partition(|s| s.engine.is_some());
    let of_shared = given
        .filter(|engine| engines.contains(engine))
        .or(of_root)
        .or(given)
        .unwrap_or_else(|| engine::of_content(&shared));
    let mut folders = Vec::new();
    for engine in &engines {
        let mut mine: Vec<Script> = own
            .iter()
            .filter(|s| s.engine == Some(*engine))
            .cloned()
            .collect();
        let paths: FxHashSet<String> = mine.iter().map(|s| s.path.clone()).collect();
        mine.extend(shared.iter().filter(|s| !paths.contains(&s.path)).cloned());
        mine.sort_by(|a, b| a.path.cmp(&b.path));
        folders.push(folder(Some(*engine), mine, true));
    }
    if !shared.is_empty() && !engines.contains(&of_shared) {
        folders.push(folder(Some(of_shared), shared, false));
    }
    folders
}
