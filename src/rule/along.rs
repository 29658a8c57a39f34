//! Rows that go along with those of another table.

use rustc_hash::FxHashSet;

use super::{Facet, OperationContext, listed, sql_key, sql_name};
use crate::inverse::sql::sql_names;
use crate::operation::{Action, ConstraintKind, ForeignKey, ObjectName};
use crate::schema::{Key, Table};

/// Rows of a table.
#[derive(Clone)]
pub struct Rows {
    /// A WITH, with the space behind it, or nothing.
    pub with: String,
    /// From FROM on.
    pub from: String,
}

impl Rows {
    /// The query of some of their columns.
    pub fn select(&self, columns: &str) -> String {
        format!("{}SELECT {columns} {}", self.with, self.from)
    }
}

/// The tables whose rows a DELETE takes along by ON DELETE CASCADE, and these rows.
pub struct GoneAlong<'a>(pub Vec<(&'a Table, Rows)>);

impl GoneAlong<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that a help writes statements for.
    pub fn shown(&self) -> impl Iterator<Item = &(&Table, Rows)> {
        const SHOWN: usize = 3;
        self.0.iter().take(SHOWN)
    }

    /// Names of the tables, quoted.
    pub fn tables(&self) -> String {
        let names = self.0.iter().map(|(table, _)| format!("`{}`", table.key));
        listed(&names.collect::<Vec<_>>())
    }

    /// ``, and by ON DELETE CASCADE of `files`,``; nothing where no rows go along.
    pub fn and_of(&self) -> String {
        match self.is_empty() {
            true => String::new(),
            false => format!(", and by ON DELETE CASCADE of {},", self.tables()),
        }
    }
}

/// So many tables are followed.
const MOST: usize = 256;

impl<'a> OperationContext<'a> {
    /// Whose rows go with some rows of a table. Not those of tables that the script
    /// has copied, or deleted from itself, or that nobody else can see.
    pub fn gone_along(&self, name: &ObjectName, rows: Rows) -> GoneAlong<'a> {
        let mut found: Vec<(&'a Table, Rows)> = Vec::new();
        let mut next = self.table(name).map(|table| (table, rows));
        let mut met: FxHashSet<Key> = next.iter().map(|(table, _)| table.key).collect();
        let mut followed = 0;
        while let Some((parent, rows)) = next {
            for key in &parent.referenced_by {
                if found.len() < MOST
                    && !met.contains(key)
                    && let Some(child) = self.schema.table_by_key(key)
                    && let Some(foreign) = cascading(child, parent)
                    && child.partition.is_none()
                    && !self.is_new_key(key)
                    && !self.is_spared(key)
                {
                    met.insert(*key);
                    found.push((child, referring(child, foreign, parent, &rows)));
                }
            }
            next = found.get(followed).cloned();
            followed += 1;
        }
        GoneAlong(found)
    }

    /// Are rows of the table copied, or deleted by a statement of their own?
    fn is_spared(&self, key: &Key) -> bool {
        let mut earlier = self.earlier_on(Facet::Rows, &key.name);
        let deleted = earlier.any(|op| match &op.action {
            Action::Delete(delete) => self.schema.resolve(&delete.table) == *key,
            _ => false,
        });
        deleted || self.is_copied_key(key)
    }
}

/// The foreign key of a table that takes its rows along with those of another.
fn cascading<'a>(child: &'a Table, parent: &Table) -> Option<&'a ForeignKey> {
    let refers = child
        .constraints
        .iter()
        .filter(|c| c.references.as_ref() == Some(&parent.key));
    let mut keys = refers.filter_map(|c| match &c.definition.kind {
        ConstraintKind::ForeignKey(key) => Some(&**key),
        _ => None,
    });
    keys.find(|key| key.on_delete.as_deref() == Some("cascade"))
}

/// The rows of a table that refer to some of another.
fn referring(child: &Table, foreign: &ForeignKey, parent: &Table, rows: &Rows) -> Rows {
    let primary = parent.primary_key().map_or(&[][..], |key| &key.columns);
    let referenced = match foreign.referenced.as_slice() {
        [] => primary,
        columns => columns,
    };
    let columns = match foreign.columns.as_slice() {
        [one] => sql_name(one).to_string(),
        several => format!("({})", sql_names(several)),
    };
    Rows {
        with: String::new(),
        from: format!(
            "FROM {} WHERE {columns} IN ({})",
            sql_key(&child.key),
            rows.select(&sql_names(referenced))
        ),
    }
}
