//! Names to keys, by the search path.

use super::{Key, Schema};
use crate::name::Name;
use crate::operation::ObjectName;

impl Schema {
    /// The key that a name means: the first schema of the search path that
    /// holds such a relation, otherwise the first of the path.
    pub fn resolve(&self, name: &ObjectName) -> Key {
        if let (None, false, [only]) = (
            &name.schema,
            self.temporary,
            self.session.search_path.as_slice(),
        ) {
            return Key::new(*only, name.name);
        }
        self.resolve_by(name.schema.as_ref(), &name.name, |schema, key| {
            schema.relations.contains_key(key)
        })
    }

    /// The same for a name that stands alone.
    pub(super) fn resolve_word(&self, name: &Name) -> Key {
        self.resolve_by(None, name, |schema, key| schema.relations.contains_key(key))
    }

    /// The same for types and domains.
    pub fn resolve_type(&self, name: &Name) -> Key {
        let may_be = self.type_names.contains(name);
        self.resolve_by(None, name, |schema, key| {
            may_be && (schema.types.contains_key(key) || schema.domains.contains_key(key))
        })
    }

    /// The same for routines.
    pub fn resolve_routine(&self, name: &ObjectName) -> Key {
        self.resolve_by(name.schema.as_ref(), &name.name, |schema, key| {
            schema.routines.contains_key(key)
        })
    }

    fn resolve_by(
        &self,
        qualifier: Option<&Name>,
        name: &Name,
        exists: impl Fn(&Schema, &Key) -> bool,
    ) -> Key {
        if let Some(schema) = qualifier {
            return Key::new(*schema, *name);
        }
        let path = &self.session.search_path;
        let mut first: Option<Key> = None;
        for schema in std::iter::once("pg_temp").chain(path.iter().map(Name::as_str)) {
            let key = Key::new(schema, *name);
            if exists(self, &key) {
                return key;
            }
            if first.is_none() && schema != "pg_temp" {
                first = Some(key);
            }
        }
        first.unwrap_or_else(|| Key::public(*name))
    }
}
