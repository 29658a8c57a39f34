//! Remembering earlier states, at the cost of what changed since.
//!
//! Objects are shared by `Arc`, so an entry is a pointer to what stood there;
//! the object itself is copied when it is next changed. Nothing is written
//! down unless somebody asked for a [`Mark`].

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Departure, Domain, Extension, Key, Origin, Other, Place, Relation, Routine, Schema, Session,
    Setting, TypeEntry, name_hash,
};
use crate::name::Name;
use crate::operation::{ObjectKind, Operation};
use crate::project::SourceId;

/// A state to come back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

pub(super) enum Entry {
    Relation(Key, Option<Relation>),
    Dropped(Key, Option<Departure>),
    Type(Key, Option<Arc<TypeEntry>>),
    Domain(Key, Option<Arc<Domain>>),
    Routine(Key, Option<Vec<Arc<Routine>>>),
    Namespace(Name, Option<Origin>),
    Extension(Name, Option<Arc<Extension>>),
    Other((ObjectKind, Key), Option<Arc<Other>>),
    Settings(Key, Option<Arc<Vec<Setting>>>),
    CreatedNow(Key),
    /// The routines whose signature has a word.
    Signature(Name, Option<Vec<Key>>),
    Session(Session),
    Initial(Session),
    /// What is not known: `assumed` and `blind` of the schema.
    Doubts(bool, bool),
}

#[derive(Default)]
pub struct Journal {
    entries: Vec<Entry>,
    /// Relations already noted since the last mark.
    noted: FxHashSet<Key>,
    on: bool,
}

/// What a stretch of history did to an object: as it was, and as it is.
pub struct Difference<'a, T, K = Key> {
    pub key: &'a K,
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

    /// The same where a script says ROLLBACK: what it created since is not there
    /// any more.
    pub fn take_back(&mut self, mark: Mark) {
        let from = mark.0.min(self.journal.entries.len());
        let created = |entry: &Entry| match entry {
            Entry::Relation(key, None) => {
                let at = self.relations.get(key)?.created_at()?;
                Some((*key, at))
            }
            _ => None,
        };
        let gone: Vec<(Key, Place)> = self.journal.entries[from..]
            .iter()
            .filter_map(created)
            .collect();
        self.roll_back(mark);
        for (key, at) in gone {
            self.note_absent(&key, at);
        }
    }

    fn restore(&mut self, entry: Entry) {
        match entry {
            Entry::Doubts(assumed, blind) => (self.assumed, self.blind) = (assumed, blind),
            Entry::Relation(key, old) => put(&mut self.relations, key, old),
            Entry::Dropped(key, old) => put(&mut self.dropped, key, old),
            Entry::Type(key, old) => put(&mut self.types, key, old),
            Entry::Domain(key, old) => put(&mut self.domains, key, old),
            Entry::Routine(key, old) => put(&mut self.routines, key, old),
            Entry::Namespace(name, old) => put(&mut self.schemas, name, old),
            Entry::Extension(name, old) => put(&mut self.extensions, name, old),
            Entry::Other(key, old) => put(&mut self.others, key, old),
            Entry::Settings(key, old) => put(&mut self.settings, key, old),
            Entry::CreatedNow(key) => {
                self.created_now.remove(&key);
            }
            Entry::Signature(word, old) => put(&mut self.signature_words, word, old),
            Entry::Session(old) => self.session = old,
            Entry::Initial(old) => self.initial = old,
        }
    }

    /// Applies an operation, shows what it did, and takes it back.
    pub fn try_out<R>(
        &mut self,
        operation: &Operation,
        source: SourceId,
        look: impl FnOnce(&Schema, Mark) -> R,
    ) -> R {
        let was_on = self.journal.on;
        let mark = self.mark();
        self.apply(operation, source);
        let seen = look(self, mark);
        self.roll_back(mark);
        self.journal.on = was_on;
        seen
    }

    /// Each object once that changed since a mark: `pick` says which entries
    /// are about such objects, `now` what they are by now.
    fn changed<'a, K: std::hash::Hash + Eq, T>(
        &'a self,
        mark: Mark,
        pick: impl Fn(&'a Entry) -> Option<(&'a K, Option<&'a T>)>,
        now: impl Fn(&'a K) -> Option<&'a T>,
    ) -> Vec<Difference<'a, T, K>> {
        let mut seen = FxHashSet::default();
        let from = mark.0.min(self.journal.entries.len());
        self.journal.entries[from..]
            .iter()
            .filter_map(pick)
            .filter(|(key, _)| seen.insert(*key))
            .map(|(key, before)| Difference {
                key,
                before,
                after: now(key),
            })
            .collect()
    }

    /// The relations that changed since a mark, each once, as they were then.
    pub fn relations_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Relation>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Relation(key, before) => Some((key, before.as_ref())),
                _ => None,
            },
            |key| self.relations.get(key),
        )
    }

    /// The types that changed since a mark.
    pub fn types_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Arc<TypeEntry>>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Type(key, before) => Some((key, before.as_ref())),
                _ => None,
            },
            |key| self.types.get(key),
        )
    }

    /// The domains that changed since a mark.
    pub fn domains_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Arc<Domain>>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Domain(key, before) => Some((key, before.as_ref())),
                _ => None,
            },
            |key| self.domains.get(key),
        )
    }

    /// The routines of which an overload changed since a mark.
    pub fn routines_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Vec<Arc<Routine>>>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Routine(key, before) => Some((key, before.as_ref())),
                _ => None,
            },
            |key| self.routines.get(key),
        )
    }

    /// The schemas that came or went since a mark.
    pub fn namespaces_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Origin, Name>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Namespace(name, before) => Some((name, before.as_ref())),
                _ => None,
            },
            |name| self.schemas.get(name),
        )
    }

    /// The extensions that came or went since a mark.
    pub fn extensions_changed_since(
        &self,
        mark: Mark,
    ) -> Vec<Difference<'_, Arc<Extension>, Name>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Extension(name, before) => Some((name, before.as_ref())),
                _ => None,
            },
            |name| self.extensions.get(name),
        )
    }

    /// All other objects that changed since a mark.
    pub fn others_changed_since(
        &self,
        mark: Mark,
    ) -> Vec<Difference<'_, Arc<Other>, (ObjectKind, Key)>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Other(key, before) => Some((key, before.as_ref())),
                _ => None,
            },
            |key| self.others.get(key),
        )
    }

    /// The objects on which something was set or reset since a mark.
    pub fn settings_changed_since(&self, mark: Mark) -> Vec<Difference<'_, Arc<Vec<Setting>>>> {
        self.changed(
            mark,
            |entry| match entry {
                Entry::Settings(key, before) => Some((key, before.as_ref())),
                _ => None,
            },
            |key| self.settings.get(key),
        )
    }

    pub(super) fn note(&mut self, entry: impl FnOnce(&Schema) -> Entry) {
        if self.journal.on {
            let entry = entry(self);
            self.journal.entries.push(entry);
        }
    }

    /// Notes a relation before it changes, once per mark.
    pub(super) fn note_relation(&mut self, key: &Key) {
        if self.journal.on && self.journal.noted.insert(*key) {
            let old = self.relations.get(key).cloned();
            self.journal.entries.push(Entry::Relation(*key, old));
        }
    }

    pub(super) fn put_relation(&mut self, key: Key, relation: Option<Relation>) {
        self.note_relation(&key);
        self.temporary |= key.schema == "pg_temp";
        if relation.is_some() {
            self.relation_names.insert(name_hash(&key.name));
        }
        if let Some(Relation::Table(table)) = &relation {
            self.note_table_words(table);
        }
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
