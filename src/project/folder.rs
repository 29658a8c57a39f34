//! A history's files, before a tool has read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Down, name};
use super::{Layout, Migration, Named, OptOut, Part, SourceId, Suspicious, Transaction};
use crate::dialect::Engine;
use crate::source::{Source, Span};

/// One `.sql` file of a [`Folder`].
#[derive(Clone)]
pub struct Script {
    pub id: SourceId,
    pub source: Arc<Source>,
    /// Below the folder's root, with the word taken out that names an engine.
    pub path: String,
    /// The engine that the file's own name tells.
    pub engine: Option<Engine>,
    pub named: Named,
    pub selected: bool,
    pub marks: u32,
    /// It lies in a folder for scripts that go back, above the root.
    pub back: bool,
}

impl Script {
    pub fn text(&self) -> &str {
        self.source.text()
    }

    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or("")
    }

    /// The folder below the root; empty for files that lie in the root.
    pub fn dir(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }

    pub fn stem(&self) -> &str {
        let name = self.name();
        name.strip_suffix(".sql").unwrap_or(name)
    }

    pub fn has(&self, mark: u32) -> bool {
        self.marks & mark != 0
    }

    /// The file does not begin a history but goes back in one.
    pub fn goes_back(&self) -> bool {
        self.is_marked_down() || self.dir().split('/').any(name::is_down_folder)
    }

    /// That is said by more than the name of its folder.
    pub fn is_marked_down(&self) -> bool {
        self.back || name::way(self.name()).0 == Some(name::Way::Down)
    }

    pub fn span(&self) -> Span {
        Span::new(0, self.text().len() as u32)
    }

    pub fn part(&self, span: Span, transaction: Transaction) -> Part {
        Part {
            source: self.id,
            span,
            transaction,
            detects_nontransactional: false,
            go_lines: false,
        }
    }

    /// The whole file as one part.
    pub fn whole(&self, transaction: Transaction) -> Part {
        self.part(self.span(), transaction)
    }

    pub fn suspicious(&self, span: Span, message: impl Into<String>) -> Suspicious {
        Suspicious {
            source: self.id,
            span,
            message: message.into(),
            meant: None,
        }
    }

    /// A migration of this file, with nothing in it yet.
    pub fn migration(&self, id: impl Into<String>, version: impl Into<String>) -> Migration {
        Migration {
            id: id.into(),
            version: version.into(),
            source: self.id,
            up: Vec::new(),
            up_elsewhere: false,
            down: Down::Unsupported,
            repeatable: false,
            selected: self.selected,
            unreleased: false,
            suspicious: Vec::new(),
        }
    }
}

/// The tools' own files, by path.
pub type Companions = BTreeMap<String, Arc<Source>>;

/// The files of one history, with what stands beside and above them.
pub struct Folder {
    pub root: String,
    /// The engine that the folder or the files' names tell.
    pub engine: Option<Engine>,
    /// The names of files below the root tell it, as they tell others' from its
    /// own.
    pub engine_is_named: bool,
    pub scripts: Vec<Script>,
    /// Dialects in the names of files (`1_a.postgres.up.sql`) tell some from
    /// others.
    pub by_dialect: bool,
    pub companions: Arc<Companions>,
}

/// How far above a folder its tool's settings are looked for.
pub const CLIMB: usize = 8;

impl Folder {
    pub fn companion(&self, relative: &str) -> Option<&str> {
        let source = self.companions.get(&join(&self.root, relative))?;
        Some(source.text())
    }

    pub fn has_companion(&self, relative: &str) -> bool {
        self.companion(relative).is_some()
    }

    /// The names of the companions in the root and below it.
    pub fn companion_names(&self) -> impl Iterator<Item = &str> {
        let prefix = join(&self.root, "");
        self.companions
            .range(prefix.clone()..)
            .map_while(move |(path, _)| path.strip_prefix(prefix.as_str()))
    }

    /// The nearest file of this name in the root or above it.
    pub fn above(&self, file: &str) -> Option<&str> {
        let mut dir = Some(self.root.clone());
        for _ in 0..CLIMB {
            let here = dir?;
            if let Some(source) = self.companions.get(&join(&here, file)) {
                return Some(source.text());
            }
            dir = parent(&here);
        }
        None
    }

    pub fn above_says(&self, file: &str, word: &str) -> bool {
        self.above(file).is_some_and(|text| text.contains(word))
    }

    /// Does at least half of the files carry a mark?
    pub fn mostly(&self, mark: u32) -> bool {
        let marked = self.scripts.iter().filter(|s| s.has(mark)).count();
        marked > 0 && marked * 2 >= self.scripts.len()
    }

    pub fn any(&self, mark: u32) -> bool {
        self.scripts.iter().any(|s| s.has(mark))
    }

    /// Files `<digits>_name.sql`, or with whatever `rest` allows behind the
    /// digits, by their number. A file that was named needs none: it may be a
    /// text from elsewhere.
    pub fn numbered(&self, rest: fn(&str) -> bool) -> Vec<(&str, &Script)> {
        let mut found: Vec<(&str, &Script)> = self
            .scripts
            .iter()
            .filter_map(|script| {
                let (digits, after) = name::number(script.name()).unwrap_or_default();
                if !digits.is_empty() && rest(after) {
                    return Some((digits, script));
                }
                (script.named == Named::File).then_some((script.stem(), script))
            })
            .collect();
        found.sort_by_cached_key(|(digits, script)| (name::value(digits), script.path.clone()));
        found
    }

    /// The files by the folder that holds them, by its name.
    pub fn units(&self) -> Vec<(&str, Vec<&Script>)> {
        let mut units: BTreeMap<&str, Vec<&Script>> = BTreeMap::new();
        for script in &self.scripts {
            units.entry(script.dir()).or_default().push(script);
        }
        units.into_iter().collect()
    }

    /// Is each migration a folder with a file of this name?
    pub fn of_units(&self, file: &str) -> bool {
        self.scripts
            .iter()
            .any(|s| s.name() == file && !s.goes_back())
    }
}

/// Up and down files of one version, or of several that share it.
pub struct Pair<'a> {
    pub version: &'a str,
    pub up: Option<&'a Script>,
    pub down: Option<&'a Script>,
}

impl Pair<'_> {
    /// The migration of the pair with whole files as parts.
    pub fn migration(&self, transaction: impl Fn(&Script) -> Transaction) -> Option<Migration> {
        let first = self.up.or(self.down)?;
        let mut migration = first.migration(self.version, self.version);
        migration.selected = [self.up, self.down].iter().flatten().any(|s| s.selected);
        migration.up = self.up.iter().map(|s| s.whole(transaction(s))).collect();
        migration.down = self.down.map_or(Down::Missing, |s| {
            Down::Parts(vec![s.whole(transaction(s))])
        });
        Some(migration)
    }
}

/// Pairs `<digits>_name.up.sql` with `<digits>_name.down.sql`: the number
/// decides, the names may differ. Several files of one number and direction
/// are several migrations.
pub fn pairs(folder: &Folder) -> Vec<Pair<'_>> {
    pairs_of(folder.numbered(|rest| rest.starts_with('_')))
}

/// Pairs files by the number in front of each.
pub fn pairs_of<'a>(numbered: Vec<(&'a str, &'a Script)>) -> Vec<Pair<'a>> {
    let mut pairs: Vec<Pair> = Vec::new();
    let (downs, ups): (Vec<_>, Vec<_>) = numbered
        .into_iter()
        .partition(|(_, script)| name::way(script.name()).0 == Some(name::Way::Down));
    let mut by_number: FxHashMap<u128, Vec<usize>> = FxHashMap::default();
    for (version, script) in ups {
        let same = by_number.entry(name::value(version)).or_default();
        same.push(pairs.len());
        pairs.push(Pair {
            version,
            up: Some(script),
            down: None,
        });
    }
    for (version, script) in downs {
        let same = by_number.get(&name::value(version)).map(Vec::as_slice);
        let of_name = |at: &&usize| {
            let up = pairs[**at].up.map(|up| name::way(up.name()).1);
            up == Some(name::way(script.name()).1)
        };
        let mut free = same
            .unwrap_or(&[])
            .iter()
            .filter(|at| pairs[**at].down.is_none());
        let at = free.clone().find(of_name).or_else(|| free.next()).copied();
        match at {
            Some(at) => pairs[at].down = Some(script),
            None => pairs.push(Pair {
                version,
                up: None,
                down: Some(script),
            }),
        }
    }
    pairs.sort_by_key(|pair| name::value(pair.version));
    pairs
}

pub fn join(dir: &str, file: &str) -> String {
    match dir {
        "" => file.to_string(),
        _ if dir.ends_with('/') => format!("{dir}{file}"),
        _ => format!("{dir}/{file}"),
    }
}

/// The folder above, also of a relative path that has no more names: `..`.
pub fn parent(dir: &str) -> Option<String> {
    if dir == "/" {
        return None;
    }
    if dir.is_empty() {
        return Some("..".into());
    }
    if dir == ".." || dir.ends_with("/..") {
        return Some(format!("{dir}/.."));
    }
    Some(match dir.rsplit_once('/') {
        Some(("", _)) => "/".into(),
        Some((above, _)) => above.into(),
        None => String::new(),
    })
}

/// What a tool makes of a folder.
pub struct Tool {
    pub layout: Layout,
    /// Is the folder this tool's? Asked in the order of the table.
    pub claims: fn(&Folder) -> bool,
    /// The migrations in the order in which the tool applies them.
    pub read: fn(&Folder) -> Vec<Migration>,
    /// The engine, where the tool's own files say it.
    pub engine: fn(&Folder) -> Option<Engine>,
    /// What takes the part of a way forward out of the tool's transaction,
    /// within the same file.
    pub opt_out: fn(&Source, &Part) -> Option<OptOut>,
}
