//! What the open transaction has locked by now.

use rustc_hash::FxHashMap;

use crate::effect::Effect;
use crate::name::Name;
use crate::schema::{Key, Place};

/// Relations that others can see and that they have to wait for until the
/// transaction ends.
#[derive(Debug, Default)]
pub struct Closed {
    to_readers: Held,
    to_writers: Held,
}

/// Where something was locked.
#[derive(Clone, Copy, Debug)]
struct Since {
    place: Place,
    /// In the script at hand.
    index: usize,
    /// How many relations were locked before.
    order: usize,
}

/// The relations that are locked in some mode or a stronger one.
#[derive(Debug, Default)]
struct Held {
    relations: FxHashMap<Key, Since>,
    /// With how many were locked at the time.
    savepoints: Vec<(Name, usize)>,
}

impl Closed {
    /// An operation of the transaction takes its locks. `is_hidden` says of which
    /// relations nobody else knows.
    pub fn note(
        &mut self,
        effect: &Effect,
        (place, index): (Place, usize),
        is_hidden: impl Fn(&Key) -> bool,
    ) {
        for lock in &effect.locks {
            if lock.created || !lock.mode.blocks_writes() || is_hidden(&lock.relation) {
                continue;
            }
            self.to_writers.add(lock.relation, place, index);
            if lock.mode.blocks_reads() {
                self.to_readers.add(lock.relation, place, index);
            }
        }
    }

    /// The relation goes by another name.
    pub fn rename(&mut self, from: &Key, to: Key) {
        for held in self.both() {
            if let Some(since) = held.relations.remove(from) {
                held.relations.insert(to, since);
            }
        }
    }

    /// Where the relation was closed to readers.
    pub fn since(&self, key: &Key) -> Option<Place> {
        Some(self.to_readers.relations.get(key)?.place)
    }

    /// From which operation of the script on nobody else writes the relation.
    pub fn unwritten_since(&self, key: &Key) -> Option<usize> {
        Some(self.to_writers.relations.get(key)?.index)
    }

    pub fn end_transaction(&mut self) {
        for held in self.both() {
            held.relations.clear();
            held.savepoints.clear();
        }
    }

    /// Another stretch of the script begins: all of this was locked before.
    pub fn begin_stretch(&mut self) {
        for held in self.both() {
            held.relations.values_mut().for_each(|s| s.index = 0);
        }
    }

    pub fn savepoint(&mut self, name: Name) {
        for held in self.both() {
            held.savepoints.push((name, held.relations.len()));
        }
    }

    /// What was locked since is free again.
    pub fn roll_back_to(&mut self, name: Name) {
        for held in self.both() {
            held.roll_back_to(name);
        }
    }

    fn both(&mut self) -> [&mut Held; 2] {
        [&mut self.to_readers, &mut self.to_writers]
    }
}

impl Held {
    fn add(&mut self, relation: Key, place: Place, index: usize) {
        let order = self.relations.len();
        let since = Since {
            place,
            index,
            order,
        };
        self.relations.entry(relation).or_insert(since);
    }

    fn roll_back_to(&mut self, name: Name) {
        let Some(at) = self.savepoints.iter().rposition(|(n, _)| *n == name) else {
            return;
        };
        self.savepoints.truncate(at + 1);
        let before = self.savepoints[at].1;
        if self.relations.len() > before {
            self.relations.retain(|_, since| since.order < before);
        }
    }
}
