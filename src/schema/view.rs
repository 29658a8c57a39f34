//! Views and what they read.

use std::sync::Arc;

use super::apply::{At, Conflict};
use super::table::add;
use super::{Instead, Key, Relation, Schema, Use, View};
use crate::few::Few;
use crate::name::Name;
use crate::operation::query::{QueryUse, Yields};
use crate::operation::{CreateView, DataType, ObjectKind, query};

impl View {
    /// What gets that which is written to the view.
    pub fn base(&self) -> Option<&Key> {
        Some(&self.uses.get(self.base?)?.relation)
    }

    /// What its query reads besides.
    pub fn others(&self) -> impl Iterator<Item = &Key> {
        let uses = self.uses.iter().enumerate();
        uses.filter(|(n, _)| Some(*n) != self.base)
            .map(|(_, used)| &used.relation)
    }

    /// The columns that it reads and that an earlier view of the name did not,
    /// as far as both are known.
    pub fn read_besides<'v>(
        &'v self,
        earlier: &'v View,
    ) -> impl Iterator<Item = (&'v Key, &'v Name)> {
        let known = self.uses.iter().filter(|used| !used.all);
        known
            .filter_map(|used| {
                let mut own = earlier.uses.iter();
                let before = own.find(|u| u.relation == used.relation && !u.all)?;
                Some((used, before))
            })
            .flat_map(|(used, before)| {
                let new = used.columns.iter().filter(|c| !before.columns.contains(c));
                new.map(|column| (&used.relation, column))
            })
    }

    /// Does its query read a column of a relation? Where the columns are not
    /// known, a star or the name must stand in its text.
    pub fn reads_column(&self, relation: &Key, column: &str) -> bool {
        let is_column = |c: &Name| c == column;
        let may = || self.query.contains('*') || self.query.contains(column);
        self.uses.iter().any(|used| {
            used.relation == *relation && (used.columns.iter().any(is_column) || used.all && may())
        })
    }
}

impl Schema {
    pub(super) fn create_view(&mut self, create: &CreateView, at: At) -> Option<Conflict> {
        let key = self.creation_key(&create.name, create.temporary);
        let existing = self.relations.get(&key).cloned();
        if let Some(existing) = &existing {
            if create.if_not_exists {
                return None;
            }
            let certain = existing.created_at().is_some() && !create.name.template;
            if !create.or_replace && certain {
                let why = format!("`{key}` already exists");
                return Conflict::at(why, existing.created_at());
            }
        }
        let conflict = self.type_taken(&key).filter(|_| !create.name.template);
        let uses = self.uses_of(create);
        let old = match existing {
            Some(Relation::View(old)) => Some(old),
            _ => None,
        };
        for used in old.iter().flat_map(|v| &v.uses) {
            self.unlink_view(&used.relation, &key);
        }
        for used in &uses {
            self.link_view(&used.relation, &key);
        }
        self.note_calls(&key, &create.query.text);
        let view = View {
            key,
            origin: self.origin(at),
            materialized: create.materialized,
            temporary: create.temporary,
            populated: create.materialized && create.with_data,
            columns: self.view_columns(create),
            columns_known: create.reading.as_ref().is_some_and(|r| r.output.is_some()),
            options: create.options,
            check_option: create.check_option,
            stale: false,
            types: self.view_types(create),
            barrier: create.reading.as_ref().and_then(|r| r.barrier),
            computed: self.computed_columns(create),
            instead: old.as_ref().map(|v| v.instead.clone()).unwrap_or_default(),
            query: create.query.text.clone(),
            base: match &create.reading {
                Some(reading) => reading.table,
                None => (uses.len() == 1).then_some(0),
            },
            uses,
            views: old.as_ref().map(|v| v.views.clone()).unwrap_or_default(),
            indexes: old.as_ref().map(|v| v.indexes.clone()).unwrap_or_default(),
        };
        if old.is_some() {
            self.put_relation(key, Some(Relation::View(Arc::new(view))));
        } else {
            self.enter(key, Relation::View(Arc::new(view)));
        }
        conflict
    }

    /// The names of a view's columns; empty where they could not be told.
    pub fn view_columns(&self, create: &CreateView) -> Vec<Name> {
        let Some(output) = create.reading.as_ref().and_then(|r| r.output.as_ref()) else {
            return create.columns.clone();
        };
        let own = create
            .columns
            .iter()
            .chain(output.iter().skip(create.columns.len()));
        own.cloned().collect()
    }

    /// The columns of a view that are certainly no columns of what it reads.
    fn computed_columns(&self, create: &CreateView) -> Vec<Name> {
        let yields = create.reading.iter().flat_map(|r| &r.yields);
        let columns = self.view_columns(create);
        (columns.into_iter().zip(yields))
            .filter(|(_, yields)| yields.is_computed())
            .map(|(column, _)| column)
            .collect()
    }

    /// The types of a view's columns, where its query takes them from a table or
    /// a cast.
    pub fn view_types(&self, create: &CreateView) -> Vec<Option<DataType>> {
        let Some(reading) = &create.reading else {
            return Vec::new();
        };
        let yields = reading.yields.iter();
        let types = yields.map(|yields| self.type_yielded(&reading.uses, yields));
        types.collect()
    }

    /// The type of a query's column that it takes from a table or a cast.
    pub(super) fn type_yielded(&self, uses: &[QueryUse], yields: &Yields) -> Option<DataType> {
        match yields {
            Yields::Column(name) => self.type_of_one(uses, name).cloned(),
            Yields::Cast(ty) => DataType::parse(ty),
            _ => None,
        }
    }

    /// The type of a column that just one of the relations has.
    pub fn type_of_one(&self, uses: &[QueryUse], column: &str) -> Option<&DataType> {
        let mut found = None;
        for used in uses {
            let table = self.table(&used.relation).filter(|t| t.columns_known)?;
            if let Some(column) = table.column(column) {
                match found {
                    None => found = Some(&column.ty),
                    Some(_) => return None,
                }
            }
        }
        found
    }

    /// The relations that a view's query reads, resolved here and now.
    fn uses_of(&self, create: &CreateView) -> Vec<Use> {
        let mentioned;
        let uses = match &create.reading {
            Some(reading) => &reading.uses,
            None => {
                mentioned = query::mentioned(&create.query.text);
                &mentioned
            }
        };
        uses.iter()
            .map(|used| {
                let relation = self.resolve(&used.relation);
                let mut columns = used.columns.clone();
                let mut all = used.all;
                if let Some(table) = self.table_by_key(&relation).filter(|t| t.columns_known) {
                    columns.retain(|c| table.column(c).is_some());
                    if all {
                        // `*` is what stood there then: later columns are not
                        // among it.
                        columns = table.columns.iter().map(|c| c.name).collect();
                        all = false;
                    }
                }
                columns.sort_unstable();
                Use {
                    relation,
                    columns,
                    all,
                }
            })
            .collect()
    }

    /// Has a materialized view a unique index over plain columns and all rows, so that
    /// it can be refreshed CONCURRENTLY?
    pub fn has_plain_key(&self, view: &View) -> bool {
        let mut indexes = { view.indexes.iter() }.filter_map(|key| self.index_by_key(key));
        indexes.any(|i| i.unique && i.predicate.is_none() && i.exprs.is_empty())
    }

    fn link_view(&mut self, used: &Key, view: &Key) {
        if self.edit_table(used, |t| add(&mut t.views, view)).is_none() {
            self.change_view(used, |v| add(&mut v.views, view));
        }
    }

    pub(super) fn unlink_view(&mut self, used: &Key, view: &Key) {
        let on_table = self.edit_table(used, |t| t.views.retain(|v| v != view));
        if on_table.is_none() {
            self.change_view(used, |v| v.views.retain(|k| k != view));
        }
    }

    /// Remembers a trigger or rule that runs in the place of writing to a view.
    pub(super) fn note_instead(&mut self, view: &Key, instead: Instead) {
        self.change_view(view, |v| {
            let is_other = |i: &Instead| i.kind != instead.kind || i.name != instead.name;
            v.instead.retain(is_other);
            v.instead.push_few(instead);
        });
    }

    pub(super) fn forget_instead(&mut self, view: &Key, kind: ObjectKind, name: &str) {
        self.change_view(view, |v| {
            v.instead.retain(|i| i.kind != kind || i.name != name);
        });
    }

    pub(super) fn change_view(&mut self, key: &Key, f: impl FnOnce(&mut View)) {
        self.note_relation(key);
        if let Some(Relation::View(view)) = self.relations.get_mut(key) {
            f(Arc::make_mut(view));
        }
    }

    /// The views that read a relation, directly or through other views, in the
    /// order in which they were met.
    pub fn views_on(&self, key: &Key) -> Vec<Key> {
        let mut found = self.views_directly_on(key).to_vec();
        let mut next = 0;
        while next < found.len() {
            for view in self.views_directly_on(&found[next]) {
                if !found.contains(view) {
                    found.push(*view);
                }
            }
            next += 1;
        }
        found
    }

    fn views_directly_on(&self, key: &Key) -> &[Key] {
        match self.relations.get(key) {
            Some(Relation::Table(table)) => &table.views,
            Some(Relation::View(view)) => &view.views,
            _ => &[],
        }
    }

    /// The views that read a column of a relation themselves.
    pub fn views_using_column(&self, key: &Key, column: &str) -> Vec<Key> {
        self.views_directly_on(key)
            .iter()
            .filter(|view| {
                self.view_by_key(view)
                    .is_some_and(|v| v.reads_column(key, column))
            })
            .cloned()
            .collect()
    }
}
