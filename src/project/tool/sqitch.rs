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
        .filter_map(|(id, file)| {
            let deploy = scripts.get(format!("deploy/{file}.sql").as_str())?;
            let revert = scripts.get(format!("revert/{file}.sql").as_str());
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

/// The changes of a plan and their files: a change that is reworked later has
/// the scripts `name@tag`, by the first tag behind it.
fn changes(plan: &str) -> Vec<(String, String)> {
    let mut changes: Vec<(String, Option<&str>)> = Vec::new();
    let mut tagged = 0;
    for line in plan.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['%', '#']) {
            continue;
        }
        let word = line
            .split(|c: char| c.is_whitespace() || c == '[')
            .next()
            .unwrap_or("");
        if let Some(tag) = word.strip_prefix('@') {
            for (_, first_tag) in &mut changes[tagged..] {
                *first_tag = Some(tag);
            }
            tagged = changes.len();
        } else {
            changes.push((word.trim_start_matches('+').to_string(), None));
        }
    }
    let last: FxHashMap<String, usize> = changes
        .iter()
        .enumerate()
        .map(|(at, (name, _))| (name.clone(), at))
        .collect();
    changes
        .into_iter()
        .enumerate()
        .map(|(at, (name, tag))| match tag {
            Some(tag) if last[&name] != at => {
                let file = format!("{name}@{tag}");
                (file.clone(), file)
            }
            _ => (name.clone(), name),
        })
        .collect()
}
