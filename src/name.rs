//! Names, each kept once.

use std::borrow::{Borrow, Cow};
use std::cell::Cell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Serialize, Serializer};

/// A name, or a short word of a statement. Equal names are one place in
/// memory, so that they are copied and compared like numbers. What was once
/// named stays until the program ends: texts of any length are no names.
#[derive(Clone, Copy)]
pub struct Name(&'static Entry);

struct Entry {
    /// Of the text, the same in every run.
    hash: u64,
    text: &'static str,
}

/// A name that is put together, as with `format!`.
macro_rules! name {
    ($($arguments:tt)*) => {
        $crate::name::Name::from(format!($($arguments)*))
    };
}
pub(crate) use name;

static EMPTY: Entry = Entry { hash: 0, text: "" };

/// So many that threads seldom wait for each other.
const SHARDS: usize = 32;

static KNOWN: [Mutex<HashTable<&'static Entry>>; SHARDS] =
    [const { Mutex::new(HashTable::new()) }; SHARDS];

/// So many names a thread finds without asking the others.
const NEAR: usize = 1024;

thread_local! {
    /// The names that were asked for last, by their hashes.
    static RECENT: [Cell<Option<Name>>; NEAR] = const { [const { Cell::new(None) }; NEAR] };
}

impl Name {
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::of(text.as_ref())
    }

    fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self(&EMPTY);
        }
        let hash = FxBuildHasher.hash_one(text);
        RECENT.with(|recent| {
            let place = &recent[hash as usize % NEAR];
            let near = place.get().filter(|n| n.0.hash == hash && n.0.text == text);
            near.unwrap_or_else(|| {
                let name = Self::among_all(text, hash);
                place.set(Some(name));
                name
            })
        })
    }

    fn among_all(text: &str, hash: u64) -> Self {
        let shard = &KNOWN[(hash >> 32) as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = shard.find(hash, |entry| entry.text == text) {
            return Self(entry);
        }
        let text = Box::leak(Box::from(text));
        let entry = &*Box::leak(Box::new(Entry { hash, text }));
        shard.insert_unique(hash, entry, |entry| entry.hash);
        Self(entry)
    }

    /// Of the text, the same in every run.
    pub fn text_hash(self) -> u64 {
        self.0.hash
    }

    pub fn as_str(&self) -> &str {
        self.0.text
    }
}

impl Default for Name {
    fn default() -> Self {
        Self(&EMPTY)
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.text
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.0.text
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0.text == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.0.text == *other
    }
}

impl PartialEq<Name> for str {
    fn eq(&self, other: &Name) -> bool {
        self == other.0.text
    }
}

impl PartialEq<Name> for &str {
    fn eq(&self, other: &Name) -> bool {
        *self == other.0.text
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.text.cmp(other.0.text)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.0.text
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.text.fmt(f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.text)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.text)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::of(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::of(&text)
    }
}

impl From<Cow<'_, str>> for Name {
    fn from(text: Cow<'_, str>) -> Self {
        Self::of(&text)
    }
}

impl From<&String> for Name {
    fn from(text: &String) -> Self {
        Self::of(text)
    }
}

impl From<&Self> for Name {
    fn from(name: &Self) -> Self {
        *name
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.text.into()
    }
}

impl From<Name> for Arc<str> {
    fn from(name: Name) -> Self {
        name.0.text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one() {
        let one = Name::new("orders");
        assert!(std::ptr::eq(
            one.as_str(),
            Name::from("orders".to_string()).as_str()
        ));
        assert_ne!(one, Name::new("Orders"));
        assert_eq!(Name::new(""), Name::default());
    }
}
