//! The three answers that are given about every migration.

/// What a migration blocks while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Deploy {
    #[default]
    Online,
    /// A strong lock, for metadata only.
    Brief,
    /// Reads or writes wait for a time that grows with the table.
    Blocking,
}

/// Whether the code that runs now can go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum OldRelease {
    #[default]
    Compatible,
    /// Some reads or writes may fail.
    Degraded,
    Broken,
}

/// Whether the schema can go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Undo {
    #[default]
    Exact,
    /// The schema, but not all data, names or rights, or only if new rows allow
    /// it.
    Lossy,
    /// Not from the migration files: they do not show what was there, or their
    /// down fails or leaves something else.
    Impossible,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub deploy: Deploy,
    pub old_release: OldRelease,
    pub undo: Undo,
}

impl Verdict {
    /// The worse of each answer.
    pub fn and(self, other: Verdict) -> Verdict {
        Verdict {
            deploy: self.deploy.max(other.deploy),
            old_release: self.old_release.max(other.old_release),
            undo: self.undo.max(other.undo),
        }
    }
}
