//! What the open transaction has locked against readers by now.

use rustc_hash::FxHashMap;

use crate::effect::Effect;
use crate::name::Name;
use crate::schema::{Key, Place};

/// Relations that nobody but the transaction can read until it ends.
#[derive(Debug, Default)]
pub struct Closed {
    /// With the statement that did it, and how many were closed before.
    relations: FxHashMap<Key, (Place, usize)>,
    /// With how many were closed at the time.
    savepoints: Vec<(Name, usize)>,
}

impl Closed {
    /// A statement of the transaction takes its locks. `is_hidden` says of which
    /// relations nobody else knows.
    pub fn note(&mut self, effect: &Effect, at: Place, is_hidden: impl Fn(&Key) -> bool) {
        for lock in &effect.locks {
            if !lock.created && lock.mode.blocks_reads() && !is_hidden(&lock.relation) {
                let before = self.relations.len();
                self.relations.entry(lock.relation).or_insert((at, before));
            }
        }
    }

    /// The relation goes by another name.
    pub fn rename(&mut self, from: &Key, to: Key) {
        if let Some(closed) = self.relations.remove(from) {
            self.relations.insert(to, closed);
        }
    }

    /// Where the relation was closed.
    pub fn since(&self, key: &Key) -> Option<Place> {
        let (place, _) = self.relations.get(key)?;
        Some(*place)
    }

    pub fn end_transaction(&mut self) {
        self.relations.clear();
        self.savepoints.clear();
    }

    pub fn savepoint(&mut self, name: Name) {
        self.savepoints.push((name, self.relations.len()));
    }

    /// What was locked since is free again.
    pub fn roll_back_to(&mut self, name: Name) {
        let Some(at) = self.savepoints.iter().rposition(|(n, _)| *n == name) else {
            return;
        };
        self.savepoints.truncate(at + 1);
        let before = self.savepoints[at].1;
        if self.relations.len() > before {
            self.relations.retain(|_, (_, order)| *order < before);
        }
    }
}
