//! sqitch: `sqitch.plan`, with `deploy/`, `revert/` and `verify/` beside it
//! (etc/templates; the plan's format in lib/App/Sqitch/Plan.pm).

use rustc_hash::FxHashMap;

use super::super::folder::{Folder, Script, Tool};
use super::super::{Down, Layout, Migration, Transaction};
use crate::dialect::Engine;

pub const TOOL: Tool = Tool {
    layout: Layout::Sqitch,
    claims: |folder| folder.has_companion("sqitch.plan"),
    read,
    engine,
    opt_out: super::no_opt_out,
};

fn engine(folder: &Folder) -> Option<Engine> {
    let conf = folder.above("sqitch.conf")?;
    let line = conf
        .lines()
        .find(|line| line.trim_start().starts_with("engine"))?;
    Engine::from_word(line.split_once('=')?.1.trim())
}

fn read(folder: &Folder) -> Vec<Migration> {
    let scripts: FxHashMap<&str, &Script> = folder
        .scripts
        .iter()
        .map(|script| (script.path.as_str(), script))
        .collect();
    changes(folder.companion("sqitch.plan").unwrap_or(""))
        .into_iter()
        .filter_map(|change| {
            let id = change.id(&scripts);
            let deploy = scripts.get(format!("deploy/{id}.sql").as_str())?;
            let revert = scripts.get(format!("revert/{id}.sql").as_str());
            let mut migration = deploy.migration(&id, &id);
            migration.up = vec![deploy.whole(Transaction::None)];
            migration.down = revert.map_or(Down::Missing, |revert| {
                Down::Parts(vec![revert.whole(Transaction::None)])
            });
            migration.selected |= revert.is_some_and(|revert| revert.selected);
            Some(migration)
        })
        .collect()
}

/// A line of the plan: a change, and the tags between it and its rework.
struct Change<'a> {
    name: &'a str,
    tags: Vec<&'a str>,
}

impl Change<'_> {
    /// Until a change is reworked its scripts bear its name; then they are
    /// moved to `name@tag`, by one of the tags between.
    fn id(&self, scripts: &FxHashMap<&str, &Script>) -> String {
        let reworked = self
            .tags
            .iter()
            .rev()
            .map(|tag| format!("{}{tag}", self.name));
        let exists = |id: &String| scripts.contains_key(format!("deploy/{id}.sql").as_str());
        reworked
            .into_iter()
            .find(exists)
            .unwrap_or_else(|| self.name.to_string())
    }
}

fn changes(plan: &str) -> Vec<Change<'_>> {
    let mut changes: Vec<Change> = Vec::new();
    let mut tags: Vec<&str> = Vec::new();
    // Of each change the last line, and how many tags stood before it.
    let mut newest: FxHashMap<&str, (usize, usize)> = FxHashMap::default();
    for line in plan.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['%', '#']) {
            continue;
        }
        let word = line
            .split(|c: char| c.is_whitespace() || c == '[')
            .next()
            .unwrap_or("");
        if word.starts_with('@') {
            tags.push(word);
            continue;
        }
        let name = word.trim_start_matches('+');
        if let Some((earlier, before)) = newest.insert(name, (changes.len(), tags.len())) {
            changes[earlier].tags = tags[before..].to_vec();
        }
        changes.push(Change {
            name,
            tags: Vec::new(),
        });
    }
    changes
}
