//! Expand, migrate, contract: what a migration is for.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// A step of a change that never breaks the release that runs.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Phase {
    /// Additions that the old release does not notice.
    Expand,
    /// Data moves.
    Migrate,
    /// Removals, once no release needs what goes.
    Contract,
}

impl Phase {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

const ALL: [Phase; 3] = [Phase::Expand, Phase::Migrate, Phase::Contract];

fn of_word(word: &str) -> Option<Phase> {
    ALL.into_iter()
        .find(|phase| word.eq_ignore_ascii_case(phase.name()))
}

/// The folders that lie beside one of another phase: `contract` beside `expand`.
/// Alone such a name says nothing: `db/migrate` holds all that Rails runs, and
/// contracts may be what a company sells.
#[derive(Default)]
pub struct Folders {
    parents: FxHashSet<String>,
}

impl Folders {
    pub fn of<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut first = FxHashMap::default();
        let mut parents = FxHashSet::default();
        let mut folder = "";
        for path in paths {
            // Files come folder by folder.
            let here = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if here == std::mem::replace(&mut folder, here) {
                continue;
            }
            for (parent, phase) in named(path) {
                if *first.entry(parent).or_insert(phase) != phase {
                    parents.insert(parent.to_string());
                }
            }
        }
        Self { parents }
    }

    /// The phase that a folder or a part of a file's name declares:
    /// `contract/0007_x.sql` where there is `expand/` too, `0007_x.contract.sql`.
    pub fn phase(&self, path: &str) -> Option<Phase> {
        let of_folder = match self.parents.is_empty() {
            true => None,
            false => named(path)
                .filter(|(parent, _)| self.parents.contains(*parent))
                .last(),
        };
        let of_file = || base(path).split('.').skip(1).find_map(of_word);
        of_folder.map(|(_, phase)| phase).or_else(of_file)
    }
}

/// The folders of a path that have a phase's name, each by what it lies in.
fn named(path: &str) -> impl Iterator<Item = (&str, Phase)> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|end| {
        let start = path[..end].rfind('/').map_or(0, |slash| slash + 1);
        Some((&path[..start], of_word(&path[start..end])?))
    })
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_names_a_phase_beside_one_of_another() {
        let paths = [
            "db/migrate/1_a.sql",
            "db/expand/1.sql",
            "contract/db/1.sql",
            "shop/migrate/2.contract.sql",
        ];
        let folders = Folders::of(paths.into_iter());
        let phase = |path| folders.phase(path);
        assert_eq!(phase("db/migrate/1_a.sql"), Some(Phase::Migrate));
        assert_eq!(phase("db/expand/1.sql"), Some(Phase::Expand));
        assert_eq!(phase("contract/db/1.sql"), None);
        assert_eq!(phase("shop/migrate/1.sql"), None);
        assert_eq!(phase("shop/migrate/2.contract.sql"), Some(Phase::Contract));
    }
}
