//! Rows that go along with those of another table.

use rustc_hash::FxHashSet;

use super::{Facet, OperationContext, listed, sql_key, sql_name};
use crate::inverse::sql::sql_names;
use crate::operation::{Action, ConstraintKind, ForeignKey, ObjectName, Operation};
use crate::schema::{Key, Table, TableConstraint};

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
        let Some(first) = self.schema.table(name) else {
            return GoneAlong(Vec::new());
        };
        GoneAlong(self.all_referring(first, rows, |child, parent, rows| {
            let (_, foreign) = cascading(child, parent).next()?;
            let goes = !self.is_new_key(&child.key) && !self.is_spared(&child.key);
            goes.then(|| referring(child, foreign, parent, rows))
        }))
    }

    /// Does the operation drop a reference that saw to what refers to deleted rows,
    /// where nothing else does?
    pub fn leaves_orphans(&self) -> bool {
        let dropped = self.dropped_reference();
        dropped.is_some_and(|(child, old, key)| {
            key.sees_to_deletes() && !self.goes_along_otherwise(child, old)
        })
    }

    /// The foreign key that goes here, and its table.
    pub fn dropped_reference(&self) -> Option<(&'a Table, &'a TableConstraint, &'a ForeignKey)> {
        let Action::DropConstraint { table, name, .. } = &self.operation.action else {
            return None;
        };
        let child = self.schema.table(&table.name)?;
        let old = child.constraint(&name.name)?;
        match &old.definition.kind {
            ConstraintKind::ForeignKey(key) => Some((child, old, key)),
            _ => None,
        }
    }

    /// Does a table that loses this reference still lose its rows along with those of
    /// the other table, by a reference of its own or from table to table?
    fn goes_along_otherwise(&self, child: &Table, lost: &TableConstraint) -> bool {
        let Some(parent) = lost.references.and_then(|to| self.schema.table_by_key(&to)) else {
            return false;
        };
        let others = self.all_referring(parent, (), |table, parent, ()| {
            let mut keys = cascading(table, parent);
            keys.any(|(own, _)| table.key != child.key || own.name != lost.name)
                .then_some(())
        });
        let reached =
            |key: &Key| *key == parent.key || others.iter().any(|(table, ())| table.key == *key);
        let added = |op: &Operation| match &op.action {
            Action::AddConstraint { table, constraint } => match &constraint.kind {
                ConstraintKind::ForeignKey(key) => {
                    self.schema.resolve(&table.name) == child.key
                        && key.takes_along()
                        && reached(&self.schema.resolve(&key.references))
                }
                _ => false,
            },
            _ => false,
        };
        let key = &child.key;
        others.iter().any(|(table, ())| table.key == *key)
            || self.around_on(Facet::Table, &key.name).any(added)
    }

    /// The tables that are reached from one by references, each with what the step
    /// to it makes of what its parent had.
    fn all_referring<T: Clone>(
        &self,
        first: &'a Table,
        had: T,
        step: impl Fn(&'a Table, &Table, &T) -> Option<T>,
    ) -> Vec<(&'a Table, T)> {
        let mut found: Vec<(&'a Table, T)> = Vec::new();
        let mut met = FxHashSet::from_iter([first.key]);
        let mut next = Some((first, had));
        let mut followed = 0;
        while let Some((parent, had)) = next {
            for key in &parent.referenced_by {
                if found.len() < MOST
                    && !met.contains(key)
                    && let Some(child) = self.schema.table_by_key(key)
                    && child.partition.is_none()
                    && let Some(has) = step(child, parent, &had)
                {
                    met.insert(*key);
                    found.push((child, has));
                }
            }
            next = found.get(followed).cloned();
            followed += 1;
        }
        found
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

/// The foreign keys of a table that take its rows along with those of another.
fn cascading<'a>(
    child: &'a Table,
    parent: &Table,
) -> impl Iterator<Item = (&'a TableConstraint, &'a ForeignKey)> {
    let to = parent.key;
    let own = child.constraints.iter();
    own.filter(move |c| c.references == Some(to))
        .filter_map(|c| match &c.definition.kind {
            ConstraintKind::ForeignKey(key) if key.takes_along() => Some((&**c, &**key)),
            _ => None,
        })
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
