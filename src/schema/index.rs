//! Indexes.

use std::sync::Arc;
use thin_vec::ThinVec;

use rustc_hash::FxHashSet;

use super::apply::{At, Conflict};
use super::constraint::names_in;
use super::part::Shape;
use super::table::add;
use super::{Index, Key, Relation, Schema, names};
use crate::name::Name;
use crate::operation::{CreateIndex, ObjectKind, ObjectName};

impl Schema {
    pub(super) fn create_index(&mut self, create: &CreateIndex, at: At) -> Option<Conflict> {
        let missing = self.missing(&create.table, false);
        let table = self.resolve(&create.table);
        if self.view_by_key(&table).is_none() {
            self.assume_table(&create.table);
        }
        let columns: Vec<Name> = create
            .elements
            .iter()
            .map(|e| e.column.unwrap_or_default())
            .collect();
        let key = match &create.name {
            Some(name) => Key::new(table.schema, name.name),
            None => self.index_name(&table, &Shape::from(create)),
        };
        if let Some(existing) = self.relations.get(&key) {
            if create.if_not_exists || create.name.is_none() {
                return None;
            }
            return Conflict::at(format!("`{key}` already exists"), existing.created_at());
        }
        let index = Index {
            key,
            origin: self.origin(at),
            table,
            unique: create.unique,
            method: create.method,
            columns,
            options: create.elements.iter().map(|e| e.options).collect(),
            include: create.include.clone(),
            exprs: create
                .elements
                .iter()
                .filter_map(|e| e.expr.clone())
                .collect(),
            predicate: create.predicate.clone(),
            nulls_not_distinct: create.nulls_not_distinct,
            parameters: create.parameters,
            constraint: None,
            parent: None,
            children: ThinVec::new(),
        };
        for expr in index.exprs.iter().chain(&index.predicate) {
            self.note_calls(&table, &expr.text);
        }
        self.enter(key, Relation::Index(Arc::new(index)));
        self.own_index(&table, &key);
        self.drop_own_casts(&table, &key);
        if !create.only {
            self.spread_index(&table, &key, at);
        }
        missing
    }

    /// Gives a table or view an index that was not there before.
    fn own_index(&mut self, table: &Key, index: &Key) {
        let on_table = self.edit_table(table, |t| t.indexes.push(*index));
        if on_table.is_none() {
            self.change_view(table, |v| v.indexes.push(*index));
        }
    }

    /// The name that the server gives to a new index.
    pub fn index_name(&self, table: &Key, shape: &Shape<'_>) -> Key {
        let joined = shape.joined_columns();
        let name = names::free_name(&table.name, &joined, "idx", |name| {
            self.relations.contains_key(&Key::new(table.schema, name))
        });
        Key::new(table.schema, name)
    }

    /// An index of a partitioned table has a part on every partition.
    fn spread_index(&mut self, table: &Key, parent: &Key, at: At) {
        let Some(index) = self.index_by_key(parent).cloned() else {
            return;
        };
        let mut met = FxHashSet::default();
        let mut todo = vec![(*table, *parent)];
        while let Some((table, parent)) = todo.pop() {
            let partitions = match self.table_by_key(&table) {
                Some(t) if t.is_partitioned() && met.insert(table) => t.children.clone(),
                _ => continue,
            };
            for partition in partitions {
                let above = self.index_by_key(&parent).cloned();
                let adopted = above.and_then(|above| self.adopt_index(&above, &partition));
                if adopted.is_some() {
                    continue;
                }
                let key = self.index_name(&partition, &Shape::of_index(self, &index));
                let own = Index {
                    key,
                    origin: self.origin(at),
                    table: partition,
                    parent: Some(parent),
                    children: ThinVec::new(),
                    ..(*index).clone()
                };
                self.enter(key, Relation::Index(Arc::new(own)));
                self.own_index(&partition, &key);
                self.edit_index(&parent, |i| add(&mut i.children, &key));
                todo.push((partition, key));
            }
        }
    }

    pub(super) fn attach_index(&mut self, parent: &ObjectName, child: &ObjectName) {
        let (parent, child) = (self.resolve(parent), self.resolve(child));
        // As with tables: nothing is above itself.
        let above = |key: &Key| self.index_by_key(key)?.parent;
        let mut line = std::iter::successors(Some(parent), above);
        if line.any(|key| key == child) {
            return;
        }
        self.edit_index(&parent, |i| add(&mut i.children, &child));
        self.edit_index(&child, |i| i.parent = Some(parent));
    }

    pub(super) fn edit_index(&mut self, key: &Key, f: impl FnOnce(&mut Index)) {
        self.note_relation(key);
        if let Some(Relation::Index(index)) = self.relations.get_mut(key) {
            f(Arc::make_mut(index));
        }
    }

    /// Does an index use a column, in an expression or predicate too?
    pub fn index_mentions(&self, key: &Key, column: &Name) -> bool {
        self.index_by_key(key).is_some_and(|index| {
            index.columns.contains(column)
                || index.include.contains(column)
                || index
                    .exprs
                    .iter()
                    .chain(&index.predicate)
                    .any(|expr| names_in(&expr.text).any(|name| name == *column))
        })
    }

    /// Gives an index another name, also where it is referred to.
    pub(super) fn rekey_index(&mut self, old: &Key, new: &Key) {
        let Some(Relation::Index(index)) = self.relations.get(old).cloned() else {
            return;
        };
        let mut own = (*index).clone();
        own.key = *new;
        if own.constraint.is_some() {
            own.constraint = Some(new.name);
        }
        self.put_relation(*old, None);
        self.put_relation(*new, Some(Relation::Index(Arc::new(own))));
        self.move_settings(old, new, ObjectKind::Index);
        if self.is_created_now(old) {
            self.mark_created(new);
        }
        let swap = |list: &mut ThinVec<Key>| {
            for key in list.iter_mut().filter(|k| *k == old) {
                *key = *new;
            }
        };
        let on_table = self.edit_table(&index.table, |t| {
            swap(&mut t.indexes);
            for constraint in &mut t.constraints {
                if constraint.index.as_ref() == Some(old) {
                    let own = Arc::make_mut(constraint);
                    own.index = Some(*new);
                    own.name = new.name;
                }
            }
        });
        if on_table.is_none() {
            self.change_view(&index.table, |v| swap(&mut v.indexes));
        }
        if let Some(parent) = &index.parent {
            self.edit_index(parent, |i| swap(&mut i.children));
        }
        for child in &index.children {
            self.edit_index(child, |i| i.parent = Some(*new));
        }
    }
}
