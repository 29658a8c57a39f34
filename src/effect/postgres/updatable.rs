//! Which views take rows.
//!
//! A view whose query is simple enough hands on what is written to it; for any
//! other, something must run instead (manual, CREATE VIEW, "Updatable Views";
//! insert_into_view_*, update_view_*, delete_view_*).

use crate::effect::LockMode;
use crate::name::Name;
use crate::operation::{Insert, ObjectKind, query};
use crate::schema::{Key, View};

use super::Work;
use super::constant::width;
use super::expr::mentions;
use super::query::VIEW_DEPTH;

impl<'a> Work<'a> {
    /// An INSERT names its columns, or means the first of the view.
    pub(super) fn check_view_insert(&mut self, insert: &Insert) {
        let key = self.resolve(&insert.table);
        let Some(view) = self.schema.view_by_key(&key) else {
            return;
        };
        self.check_updatable(&key, "insert", insert.columns.iter().map(|c| &c.name));
        self.check_shown(view, insert);
        if insert.columns.is_empty() {
            let rows = insert.values.as_ref().map(|v| width(&v.text));
            let given = match &insert.query {
                Some(query) if !view.computed.is_empty() => columns_of(&query.text),
                _ => rows.unwrap_or_default(),
            };
            self.check_not_computed(view, "insert", view.columns.iter().take(given));
        }
    }

    /// Refuses a view that nothing can be written to, and columns of it that
    /// are computed.
    pub(super) fn check_updatable<'n>(
        &mut self,
        key: &Key,
        event: &str,
        columns: impl Iterator<Item = &'n Name>,
    ) {
        let Some(view) = self.schema.view_by_key(key) else {
            return;
        };
        if let Some((of, barrier)) = self.barrier(view, event) {
            self.refuse(format!("nothing can be written to view `{of}`: {barrier}"));
        }
        self.check_not_computed(view, event, columns);
    }

    fn check_not_computed<'n>(
        &mut self,
        view: &View,
        event: &str,
        mut columns: impl Iterator<Item = &'n Name>,
    ) {
        let computed = columns.find(|column| view.computed.contains(column));
        if let Some(column) = computed.filter(|_| !self.is_done_instead(view, event)) {
            self.refuse(format!(
                "column `{column}` of view `{}` is computed, and nothing can be written to it",
                view.key
            ));
        }
    }

    /// The first of a view and those that it reads to which nothing can be
    /// written, and why.
    fn barrier(&self, mut view: &'a View, event: &str) -> Option<(&'a Key, String)> {
        for _ in 0..VIEW_DEPTH {
            if self.is_done_instead(view, event) {
                return None;
            }
            if view.materialized {
                return Some((&view.key, "it is a materialized one".to_owned()));
            }
            if let Some(barrier) = view.barrier {
                return Some((&view.key, format!("its query has {barrier}")));
            }
            view = self.schema.view_by_key(view.base()?)?;
        }
        None
    }

    /// Of a view with a trigger for it, the tables are read alone
    /// (update_view_instead); false for any other.
    pub(super) fn changes_instead(&mut self, key: &Key, event: &str) -> bool {
        let view = self.schema.view_by_key(key);
        let Some(view) = view.filter(|view| self.has_instead_trigger(view, event)) else {
            return false;
        };
        self.lock(key, LockMode::RowExclusive);
        self.read_view(view, LockMode::AccessShare, VIEW_DEPTH);
        true
    }

    /// Does a trigger take the place of it, so that the table is left alone?
    pub(super) fn has_instead_trigger(&self, view: &View, event: &str) -> bool {
        view.instead
            .iter()
            .any(|instead| instead.kind == ObjectKind::Trigger && mentions(&instead.events, event))
    }

    /// Does a trigger or a rule take the place of it, or may one that was not
    /// read?
    fn is_done_instead(&self, view: &View, event: &str) -> bool {
        let mut instead = view.instead.iter();
        !self.schema.has_read_all() || instead.any(|i| mentions(&i.events, event))
    }

    /// COPY writes to no view by itself (copy_to_view).
    pub(super) fn check_view_copy(&mut self, key: &Key) {
        let view = self.schema.view_by_key(key);
        if view.is_some_and(|view| !self.is_done_instead(view, "insert")) {
            self.refuse(format!("`{key}` is a view, and COPY writes to tables"));
        }
    }

    /// From 17 on MERGE writes to views (merge_view_updatable).
    pub(super) fn check_view_merge(&mut self, key: &Key, changes: bool) {
        let Some(view) = self.schema.view_by_key(key) else {
            return;
        };
        if self.version < 17 {
            self.refuse(format!(
                "`{key}` is a view, to which MERGE writes from PostgreSQL 17 on"
            ));
        } else if changes && self.barrier(view, "delete").is_some() {
            self.check_updatable(key, "update", std::iter::empty());
        }
    }
}

/// How many columns a query gives; 0 where it cannot be told.
fn columns_of(query: &str) -> usize {
    let output = query::read(query).and_then(|reading| reading.output);
    output.map_or(0, |names| names.len())
}
