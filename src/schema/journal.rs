//! Remembering earlier states, at the cost of what changed since.
//!
//! Objects are shared by `Arc`, so an entry is a pointer to what stood there;
//! the object itself is copied when it is next changed. Nothing is written
//! down unless somebody asked for a [`Mark`].

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::{Domain, Key, Origin, Place, Relation, Routine, Schema, Session, TypeEntry};

/// A state to come back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

pub(super) enum Entry {
    Relation(Key, Option<Relation>),
    Dropped(Key, Option<Place>),
    Type(Key, Option<Arc<TypeEntry>>),
    Domain(Key, Option<Arc<Domain>>),
    Routine(Key, Option<Vec<Arc<Routine>>>),
    Namespace(SmolStr, Option<Origin>),
    Extension(SmolStr, Option<Origin>),
    CreatedNow(Key),
    Session(Session),
}

#[derive(Default)]
pub struct Journal {
    entries: Vec<Entry>,
    /// Relations already noted since the last mark.
    noted: FxHashSet<Key>,
    on: bool,
}

/// What a stretch of history did to an object: as it was, and as it is.
pub struct Difference<'a, T> {
    pub key: &'a Key,
    pub before: Option<&'a T>,
    pub after: Option<&'a T>,
}

impl Schema {
    /// Starts to remember, and names this state.
    pub fn mark(&mut self) -> Mark {
        self.journal.on = true;
        self.journal.noted.clear();
        Mark(self.journal.entries.len())
    }

    /// Forgets all earlier states.
    pub fn forget(&mut self) {
        self.journal = Journal::default();
    }

    /// Puts the schema back to what it was at a mark.
    pub fn roll_back(&mut self, mark: Mark) {
        while self.journal.entries.len() > mark.0 {
            let Some(entry) = self.journal.entries.pop() else {
                break;
            };
            self.restore(entry);
        }
        self.journal.noted.clear();
    }

    fn restore(&mut self, entry: Entry) {
        match entry {
            Entry::Relation(key, old) => put(&mut self.relations, key, old),
            Entry::Dropped(key, old) => put(&mut self.dropped, key, old),
            Entry::Type(key, old) => put(&mut self.types, key, old),
            Entry::Domain(key, old) => put(&mut self.domains, key, old),
            Entry::Routine(key, old) => put(&mut self.routines, key, old),
            Entry::Namespace(name, old) => put(&mut self.schemas, name, old),
            Entry::Extension(name, old) => put(&mut self.extensions, name, old),
            Entry::CreatedNow(key) => {
                self.created_now.remove(&key);
            }
            Entry::Session(old) => self.session = old,
        }
    }

    /// The relations that changed since a mark, each once, as they were then.
    pub fn relations_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Relation>> {
        let mut seen = FxHashSet::default();
        let mut list = Vec::new();
        for entry in &self.journal.entries[mark.0.min(self.journal.entries.len())..] {
            let Entry::Relation(key, before) = entry else {
                continue;
            };
            if seen.insert(key) {
                list.push(Difference {
                    key,
                    before: before.as_ref(),
                    after: self.relations.get(key),
                });
            }
        }
        list
    }

    /// The types that changed since a mark.
    pub fn types_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Arc<TypeEntry>>> {
        let mut seen = FxHashSet::default();
        let mut list = Vec::new();
        for entry in &self.journal.entries[mark.0.min(self.journal.entries.len())..] {
            let Entry::Type(key, before) = entry else {
                continue;
            };
            if seen.insert(key) {
                list.push(Difference {
                    key,
                    before: before.as_ref(),
                    after: self.types.get(key),
                });
            }
        }
        list
    }

    pub(super) fn note(&mut self, entry: impl FnOnce(&Schema) -> Entry) {
        if self.journal.on {
            let entry = entry(self);
            self.journal.entries.push(entry);
        }
    }

    /// Notes a relation before it changes, once per mark.
    pub(super) fn note_relation(&mut self, key: &Key) {
        if self.journal.on && self.journal.noted.insert(key.clone()) {
            let old = self.relations.get(key).cloned();
            self.journal.entries.push(Entry::Relation(key.clone(), old));
        }
    }

    pub(super) fn put_relation(&mut self, key: Key, relation: Option<Relation>) {
        self.note_relation(&key);
        self.temporary |= key.schema == "pg_temp";
        put(&mut self.relations, key, relation);
    }
}

fn put<K: std::hash::Hash + Eq, V>(map: &mut FxHashMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => {
            map.insert(key, value);
        }
        None => {
            map.remove(&key);
        }
    }
}
