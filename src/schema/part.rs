//! Which index of a partition becomes the part of an index of its parent.
//!
//! The server compares both as `CompareIndexInfo` in its `index.c` does: method,
//! columns and expressions in their order, collations, operator classes,
//! predicate, uniqueness. The order of a column and storage parameters do not
//! count.

use smol_str::{SmolStr, StrExt};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::apply::At;
use super::{Index, Key, Schema, Table, names};
use crate::name::Name;
use crate::operation::{Constraint, ConstraintKind, CreateIndex, Expr};
use crate::statement::lexer::same_tokens;

/// What has to be the same.
pub struct Shape<'a> {
    method: &'a str,
    unique: bool,
    nulls_not_distinct: bool,
    /// As in [`Index`].
    columns: Vec<&'a str>,
    options: Vec<&'a str>,
    include: &'a [Name],
    exprs: Vec<&'a Expr>,
    predicate: Option<&'a Expr>,
    /// It belongs to a constraint: a primary key?
    key: Option<bool>,
    /// A primary key takes no unique constraint for its part, nor the other
    /// way round.
    pub same_kind: bool,
}

impl<'a> From<&'a CreateIndex> for Shape<'a> {
    fn from(create: &'a CreateIndex) -> Self {
        let elements = create.elements.iter();
        Self {
            method: &create.method,
            unique: create.unique,
            nulls_not_distinct: create.nulls_not_distinct,
            columns: elements
                .clone()
                .map(|e| e.column.as_deref().unwrap_or_default())
                .collect(),
            options: elements.clone().map(|e| e.options.as_str()).collect(),
            include: &create.include,
            exprs: elements.filter_map(|e| e.expr.as_ref()).collect(),
            predicate: create.predicate.as_ref(),
            key: None,
            same_kind: false,
        }
    }
}

impl<'a> Shape<'a> {
    /// Of the index behind a primary key or unique constraint.
    pub fn of_key(constraint: &'a Constraint) -> Option<Self> {
        let (ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key)) = &constraint.kind
        else {
            return None;
        };
        Some(Self {
            method: "btree",
            unique: true,
            nulls_not_distinct: key.nulls_not_distinct,
            columns: key.columns.iter().map(Name::as_str).collect(),
            options: Vec::new(),
            include: &key.include,
            exprs: Vec::new(),
            predicate: None,
            key: Some(matches!(constraint.kind, ConstraintKind::PrimaryKey(_))),
            same_kind: false,
        })
    }

    /// Of an index that is there.
    pub fn of_index(schema: &Schema, index: &'a Index) -> Self {
        Self {
            method: &index.method,
            unique: index.unique,
            nulls_not_distinct: index.nulls_not_distinct,
            columns: index.columns.iter().map(Name::as_str).collect(),
            options: index.options.iter().map(Name::as_str).collect(),
            include: &index.include,
            exprs: index.exprs.iter().collect(),
            predicate: index.predicate.as_ref(),
            key: schema.key_behind(index),
            same_kind: false,
        }
    }

    /// The middle of the name that the server would make up for it.
    pub(super) fn joined_columns(&self) -> String {
        let exprs = self.exprs.iter().copied();
        names::joined_index(self.columns.iter().copied(), exprs, self.include)
    }

    fn fits(&self, other: &Self) -> bool {
        let options = |shape: &Self, n: usize| shape.options.get(n).map_or_else(Vec::new, sorts);
        self.method == other.method
            && self.unique == other.unique
            && self.nulls_not_distinct == other.nulls_not_distinct
            && self.columns == other.columns
            && self.include == other.include
            && (0..self.columns.len()).all(|n| options(self, n) == options(other, n))
            && self.exprs.len() == other.exprs.len()
            && self
                .exprs
                .iter()
                .zip(&other.exprs)
                .all(|(a, b)| same_tokens(&a.text, &b.text))
            && match (self.predicate, other.predicate) {
                (Some(a), Some(b)) => same_tokens(&a.text, &b.text),
                (a, b) => a.is_none() && b.is_none(),
            }
            && match (self.key, other.key) {
                (Some(own), Some(key)) => own == key || !self.same_kind,
                (own, _) => own.is_none(),
            }
    }
}

/// The collation and the operator class of an element.
fn sorts(options: &&str) -> Vec<SmolStr> {
    let mut words: Vec<SmolStr> = options
        .split_ascii_whitespace()
        .map(StrExt::to_lowercase_smolstr)
        .filter(|word| !matches!(word.as_str(), "asc" | "desc" | "nulls" | "first" | "last"))
        .collect();
    if let [collate, default, ..] = words.as_slice()
        && collate == "collate"
        && default == "\"default\""
    {
        words.drain(..2);
    }
    words
}

fn is_key(constraint: &Constraint) -> bool {
    matches!(
        constraint.kind,
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_)
    )
}

impl Schema {
    /// The index of a partition that becomes the part of an index of its parent.
    pub fn part_for(&self, wanted: &Shape<'_>, partition: &Table) -> Option<&Arc<Index>> {
        let own = partition.indexes.iter();
        own.filter_map(|key| self.index_by_key(key))
            .find(|own| own.parent.is_none() && wanted.fits(&Shape::of_index(self, own)))
    }

    /// Gives partitions a part of the index behind a key that their parent got
    /// last: one that they have, or one of a new key with a name of its own.
    pub(super) fn spread_key(
        &mut self,
        table: &Key,
        constraint: &Constraint,
        columns: &[Name],
        at: At,
    ) {
        let last = self.table_by_key(table).and_then(|t| t.constraints.last());
        let Some(index) = last.filter(|c| is_key(&c.definition)).and_then(|c| c.index) else {
            return;
        };
        let own = Constraint {
            name: None,
            ..constraint.clone()
        };
        let mut met = FxHashSet::default();
        let mut todo = vec![(*table, index)];
        while let Some((table, index)) = todo.pop() {
            let partitions = match self.table_by_key(&table) {
                Some(t) if t.is_partitioned() && met.insert(table) => t.children.clone(),
                _ => continue,
            };
            for partition in partitions {
                let Some(above) = self.index_by_key(&index).cloned() else {
                    continue;
                };
                if self.adopt_index(&above, &partition).is_some() {
                    continue;
                }
                self.enter_constraint(&partition, &own, columns.to_vec(), at);
                let part = self.adopt_index(&above, &partition);
                todo.extend(part.map(|part| (partition, part)));
            }
        }
    }

    /// Is the constraint that an index belongs to a primary key?
    fn key_behind(&self, index: &Index) -> Option<bool> {
        index.constraint.as_ref()?;
        let constraints = &self.table_by_key(&index.table)?.constraints;
        let own = constraints
            .iter()
            .find(|c| c.index.as_ref() == Some(&index.key))?;
        Some(matches!(own.definition.kind, ConstraintKind::PrimaryKey(_)))
    }
}
