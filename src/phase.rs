//! Expand, migrate, contract: what a migration is for.

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

/// The phase that a folder or a part of a file's name declares:
/// `contract/0007_x.sql`, `0007_x.contract.sql`.
pub fn of_path(path: &str) -> Option<Phase> {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.split('.').skip(1);
    folders.rsplit('/').chain(stem).find_map(|word| {
        [Phase::Expand, Phase::Migrate, Phase::Contract]
            .into_iter()
            .find(|phase| word.eq_ignore_ascii_case(phase.name()))
    })
}
