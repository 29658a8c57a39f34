//! What an operation does to a running database.
//!
//! An [`Effect`] is computed from one operation, the schema before it and the
//! engine's version, one file per engine. It is data about the server, without
//! judgement: rules and verdicts read it. Held against measurements by
//! `tests/truth.rs`.

pub mod old_release;
pub mod conversion;
pub mod postgres;

use smol_str::SmolStr;
use std::fmt;
use thin_vec::ThinVec;

use rustc_hash::FxHashMap;

use crate::few::Few;
use crate::operation::Operation;
use crate::schema::{Key, Schema};

/// PostgreSQL's table-level lock modes, weakest first (manual, "Explicit
/// Locking", table 13.2).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::EnumIter,
)]
pub enum LockMode {
    #[strum(serialize = "AccessShareLock")]
    AccessShare,
    #[strum(serialize = "RowShareLock")]
    RowShare,
    #[strum(serialize = "RowExclusiveLock")]
    RowExclusive,
    #[strum(serialize = "ShareUpdateExclusiveLock")]
    ShareUpdateExclusive,
    #[strum(serialize = "ShareLock")]
    Share,
    #[strum(serialize = "ShareRowExclusiveLock")]
    ShareRowExclusive,
    #[strum(serialize = "ExclusiveLock")]
    Exclusive,
    #[strum(serialize = "AccessExclusiveLock")]
    AccessExclusive,
}

impl LockMode {
    /// Do SELECTs wait?
    pub fn blocks_reads(self) -> bool {
        self == LockMode::AccessExclusive
    }

    /// Do INSERT, UPDATE and DELETE wait?
    pub fn blocks_writes(self) -> bool {
        self >= LockMode::Share
    }

    /// `AccessExclusiveLock`, as `pg_locks` names it.
    pub fn pg_name(self) -> &'static str {
        self.into()
    }

    /// `ACCESS EXCLUSIVE`, as LOCK TABLE and the manual name it.
    pub fn sql_name(self) -> &'static str {
        match self {
            LockMode::AccessShare => "ACCESS SHARE",
            LockMode::RowShare => "ROW SHARE",
            LockMode::RowExclusive => "ROW EXCLUSIVE",
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql_name())
    }
}

/// The strongest lock taken on a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub relation: Key,
    pub mode: LockMode,
    /// The statement itself creates the relation: nobody can wait for it.
    pub created: bool,
}

/// How much of a relation is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScanKind {
    /// Some rows only.
    Partial,
    /// Blocks only, as by a plain VACUUM.
    Blocks,
    /// All rows, by an index.
    Index,
    Full,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    pub relation: Key,
    pub kind: ScanKind,
}

/// Data that is gone afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What, in a reader's words: "the rows of `orders`", "column `orders.total`".
    pub what: SmolStr,
}

/// Why the server will refuse, as far as the schema shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A sentence without full stop: "column `x` of `t` would hold NULL in
    /// every existing row".
    pub why: SmolStr,
    /// It fails only if the table has rows.
    pub on_rows: bool,
    /// It fails in any case, or the history itself filled the table.
    pub certain: bool,
    pub ground: Ground,
}

/// What a refusal rests on, the surest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// What the history made, or took away.
    #[default]
    Seen,
    /// A type, a routine, an extension or a part of a known table that the
    /// history never made, or a name that is nearly that of a known table.
    Unmade,
    /// A relation that the history never made: it may belong to somebody else.
    Elsewhere,
}

/// What one operation does on one engine and version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// At most one per relation, in no particular order.
    pub locks: Vec<Lock>,
    /// Of many locks, which stands where.
    places: Option<Box<FxHashMap<Key, usize>>>,
    /// Relations whose heap is written anew.
    pub rewrites: ThinVec<Key>,
    /// Indexes that are built or built anew.
    pub index_rebuilds: ThinVec<Key>,
    pub scans: ThinVec<Scan>,
    /// The command that refuses to run inside a transaction block.
    pub forbidden_in_transaction: Option<&'static str>,
    pub losses: ThinVec<Loss>,
    pub refusal: Option<Refusal>,
    /// The first row that it meets refuses it: it takes no time, with rows or
    /// without.
    pub ends_at_first_row: bool,
    /// Something that matters here is not known (an unknown function in a
    /// default, a column whose type was never seen): the worse is assumed.
    pub uncertain: bool,
    /// The migration itself shows that the table has no rows.
    pub rowless: bool,
}

/// What an effect is computed from.
pub struct Scene<'a> {
    pub operation: &'a Operation,
    /// The operations of the same statement; an ALTER TABLE's actions are
    /// weighed together by the server.
    pub siblings: &'a [Operation],
    /// Before the operation, after its earlier siblings.
    pub schema: &'a Schema,
    /// PostgreSQL's major version.
    pub version: u8,
}

impl Effect {
    pub fn lock_on(&self, relation: &Key) -> Option<LockMode> {
        self.locks
            .iter()
            .find(|lock| lock.relation == *relation)
            .map(|lock| lock.mode)
    }

    /// Adds a lock, keeping the strongest per relation.
    pub fn lock(&mut self, relation: Key, mode: LockMode) {
        self.add_lock(Lock {
            relation,
            mode,
            created: false,
        });
    }

    pub fn add_lock(&mut self, lock: Lock) {
        match self.place_of(&lock.relation) {
            Some(at) => {
                let known = &mut self.locks[at];
                known.mode = known.mode.max(lock.mode);
            }
            None => self.locks.push_few(lock),
        }
    }

    /// Forgets the other locks.
    pub fn retain_locks(&mut self, keep: impl FnMut(&Lock) -> bool) {
        self.locks.retain(keep);
        self.locks.shrink_to_fit();
        self.places = None;
    }

    /// Where a relation stands among the locks. A table may have thousands of
    /// partitions, each with its indexes.
    fn place_of(&mut self, relation: &Key) -> Option<usize> {
        const FEW: usize = 32;
        if self.locks.len() <= FEW {
            return self.locks.iter().position(|l| l.relation == *relation);
        }
        let places = self.places.get_or_insert_default();
        for (at, lock) in self.locks.iter().enumerate().skip(places.len()) {
            places.insert(lock.relation, at);
        }
        places.get(relation).copied()
    }

    pub fn scan(&mut self, relation: &Key, kind: ScanKind) {
        match self.scans.iter_mut().find(|s| s.relation == *relation) {
            Some(known) => known.kind = known.kind.max(kind),
            None => self.scans.push_few(Scan {
                relation: *relation,
                kind,
            }),
        }
    }

    pub fn rewrite(&mut self, relation: Key) {
        if !self.rewrites.contains(&relation) {
            self.rewrites.push_few(relation);
        }
    }

    pub fn rebuild(&mut self, index: Key) {
        if !self.index_rebuilds.contains(&index) {
            self.index_rebuilds.push_few(index);
        }
    }

    /// Adds what another operation of the same statement does.
    pub fn join(&mut self, other: &Effect) {
        for lock in &other.locks {
            self.add_lock(lock.clone());
        }
        for relation in &other.rewrites {
            self.rewrite(*relation);
        }
        for index in &other.index_rebuilds {
            self.rebuild(*index);
        }
        for scan in &other.scans {
            self.scan(&scan.relation, scan.kind);
        }
        self.losses.extend(other.losses.iter().cloned());
        self.forbidden_in_transaction = self
            .forbidden_in_transaction
            .or(other.forbidden_in_transaction);
        self.refusal = self.refusal.take().or_else(|| other.refusal.clone());
        self.uncertain |= other.uncertain;
    }

    /// Is there work whose time grows with the relation's size?
    pub fn works_on(&self, relation: &Key) -> bool {
        self.rewrites.contains(relation)
            || self
                .scans
                .iter()
                .any(|s| s.relation == *relation && s.kind > ScanKind::Partial)
    }
}
