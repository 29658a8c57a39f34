//! The changelogs of Liquibase in XML, YAML and JSON, as far as they say which
//! files come one after the other (`include`, `includeAll`, `sqlFile`). Their
//! own changesets are not SQL, and are not read.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::folder::{CLIMB, Companions, join};

/// Could it be one, by its name?
pub fn is_changelog(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = Path::new(name).extension().and_then(|end| end.to_str());
    matches!(end, Some("xml" | "yaml" | "yml" | "json")) && has_word(name)
}

fn has_word(name: &str) -> bool {
    const WORD: &str = "changelog";
    let mut windows = name.as_bytes().windows(WORD.len());
    windows.any(|part| part.eq_ignore_ascii_case(WORD.as_bytes()))
}

/// Is it one, by what it says?
pub fn says_so(text: &str) -> bool {
    text.contains("databaseChangeLog")
}

/// The folders of scripts that a changelog in `root` runs, in its order: paths
/// below `root`, of files with their ending and of folders without.
pub fn order(companions: &Companions, root: &str) -> Vec<String> {
    let prefix = join(root, "");
    let first = companions
        .range(prefix.clone()..)
        .map_while(|(path, source)| Some((path.strip_prefix(prefix.as_str())?, source)))
        .filter(|(path, source)| {
            !path.contains('/') && is_changelog(path) && says_so(source.text())
        })
        .min_by_key(|(path, _)| !(path.contains("master") || path.contains("root")));
    let mut walk = Walk {
        companions,
        root,
        met: FxHashSet::default(),
        list: Vec::new(),
    };
    if let Some((path, source)) = first {
        walk.met.insert(path.to_owned());
        walk.read("", source.text(), 0);
    }
    walk.list
}

struct Walk<'a> {
    companions: &'a Companions,
    root: &'a str,
    met: FxHashSet<String>,
    list: Vec<String>,
}

impl Walk<'_> {
    /// `dir` is the changelog's own folder.
    fn read(&mut self, dir: &str, text: &str, depth: usize) {
        for named in named(text) {
            let (near, far) = (tidy(&join(dir, named)), tidy(named));
            let known = [near.clone(), self.without_classpath(&far)]
                .into_iter()
                .find_map(|path| {
                    let source = self.companions.get(&join(self.root, &path))?;
                    Some((path, source))
                });
            match known {
                Some((path, source)) => {
                    if depth < CLIMB && self.met.insert(path.clone()) {
                        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
                        self.read(dir, source.text(), depth + 1);
                    }
                }
                None => {
                    self.list.push(near);
                    self.list.push(self.without_classpath(&far));
                }
            }
        }
    }

    /// A path of the class path begins somewhere above the root.
    fn without_classpath(&self, path: &str) -> String {
        let mut rest = path;
        while let Some((first, behind)) = rest.split_once('/') {
            let above = self.root.rsplit('/').take(CLIMB);
            if !above.into_iter().any(|part| part == first) {
                break;
            }
            rest = behind;
        }
        rest.to_owned()
    }
}

/// What `file`, `path` and `dir` are set to, in whatever notation.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let keys = text.match_indices([':', '=']);
    keys.filter_map(|(at, _)| {
        let key = text[..at].trim_end().trim_end_matches('"');
        let key = key.rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
        if !matches!(key, "file" | "path" | "dir") {
            return None;
        }
        let line = text[at + 1..].lines().next()?.trim();
        let value = match line.strip_prefix(['"', '\'']) {
            Some(quoted) => quoted.split(['"', '\'']).next()?,
            None => line.split([' ', ',', '}']).next()?,
        };
        let value = value.strip_prefix("classpath:").unwrap_or(value);
        (!value.is_empty()).then_some(value)
    })
}

/// Without `.` and `..`.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Where scripts stand in a changelog's order.
pub struct Order<'a> {
    at: FxHashMap<&'a str, usize>,
}

impl<'a> Order<'a> {
    pub fn new(list: &'a [String]) -> Self {
        let mut at = FxHashMap::default();
        for (position, path) in list.iter().enumerate() {
            at.entry(path.as_str()).or_insert(position);
        }
        Self { at }
    }

    /// By its own name or that of the nearest folder; what is not named comes
    /// last.
    pub fn position(&self, path: &str) -> usize {
        let mut here = path;
        loop {
            if let Some(position) = self.at.get(here) {
                return *position;
            }
            match here.rsplit_once('/') {
                Some((above, _)) => here = above,
                None => return usize::MAX,
            }
        }
    }
}
