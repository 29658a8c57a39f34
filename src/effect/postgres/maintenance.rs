//! CLUSTER, VACUUM, ANALYZE, LOCK TABLE, TRUNCATE.

use crate::effect::{LockMode, ScanKind};
use crate::operation::{Action, Ident, ObjectName};
use crate::schema::{Key, Relation, Table};

use super::data::Children;
use super::{FAMILY_LIMIT, Work};

impl<'a> Work<'a> {
    pub(super) fn maintenance(&mut self) {
        match &self.scene.operation.action {
            Action::Cluster { table, index } => self.cluster(table.as_ref(), index.as_ref()),
            Action::Vacuum {
                full,
                tables,
                columns_alone,
            } => {
                if *columns_alone {
                    self.refuse("VACUUM takes columns only with ANALYZE");
                }
                self.vacuum(*full, tables);
            }
            Action::Analyze { tables } => {
                for key in self.named_or_all(tables) {
                    self.analyze(&key);
                }
            }
            Action::LockTable {
                tables, mode, only, ..
            } => {
                let mode = lock_mode(mode);
                for name in tables {
                    let key = self.resolve(name);
                    self.lock_relation(&key, mode, *only);
                }
            }
            Action::Truncate {
                tables,
                cascade,
                restart_identity,
                only,
            } => self.truncate(tables, *cascade, *restart_identity, *only),
            _ => {}
        }
    }

    fn cluster(&mut self, table: Option<&ObjectName>, index: Option<&Ident>) {
        let Some(name) = table else {
            self.forbid("CLUSTER");
            return self.cluster_marked();
        };
        let key = self.resolve(name);
        match index {
            Some(index) => self.check_sortable(&key, index),
            None => {
                let known = self.table(&key).is_some_and(Table::is_known);
                if known && self.cluster_mark(&key).is_none() {
                    self.refuse(format!("`{key}` was never clustered by an index"));
                }
            }
        }
        if self.table(&key).is_some_and(Table::is_partitioned) {
            if self.version < 15 {
                self.refuse(format!("the partitioned table `{key}` cannot be clustered"));
            }
            self.forbid("CLUSTER");
            if let Some(index) = index {
                let index = self.beside(&key, index.name);
                self.lock(&index, LockMode::AccessShare);
            }
        }
        self.each(&key, Children::Partitions, false, |work, key, table| {
            work.lock(key, LockMode::AccessExclusive);
            work.rewrite_heap(key, table);
        });
    }

    /// Every table that remembers an index to be sorted by (cluster_all).
    fn cluster_marked(&mut self) {
        let mut keys: Vec<&Key> = self.schema.tables().map(|table| &table.key).collect();
        keys.retain(|key| self.cluster_mark(key).is_some());
        for key in keys {
            self.lock(key, LockMode::AccessExclusive);
            self.rewrite_heap(key, self.table(key));
        }
    }

    /// Rows are sorted by an index of the table that holds them all
    /// (cluster_partial_index).
    pub(super) fn check_sortable(&mut self, key: &Key, index: &Ident) {
        let name = &index.name;
        let known = self.table(key).is_some_and(Table::is_known);
        let of = self.index(&self.beside(key, *name));
        match of {
            None if known && !index.template => {
                self.refuse(format!("`{key}` has no index `{name}`"));
            }
            Some(of) if of.predicate.is_some() => {
                self.refuse(format!("`{name}` is a partial index"));
            }
            Some(of) if !matches!(of.method.as_str(), "btree" | "gist") => {
                self.refuse(format!("rows cannot be sorted by a {} index", of.method));
            }
            _ => {}
        }
    }

    fn vacuum(&mut self, full: bool, tables: &[ObjectName]) {
        self.forbid("VACUUM");
        // From 18 on children by inheritance are vacuumed too
        // (vacuum_inheritance).
        let children = match self.version {
            ..18 => Children::Partitions,
            _ => Children::Always,
        };
        for key in self.named_or_all(tables) {
            self.each(&key, children, false, |work, key, table| {
                if full {
                    work.lock(key, LockMode::AccessExclusive);
                    work.rewrite_heap(key, table);
                } else {
                    work.vacuum_plain(key, table);
                }
            });
        }
    }

    fn vacuum_plain(&mut self, key: &Key, table: Option<&'a Table>) {
        self.lock(key, LockMode::ShareUpdateExclusive);
        if table.is_none_or(super::stores_rows) {
            for index in self.indexes_on(key) {
                self.lock(index, LockMode::RowExclusive);
            }
            self.scan(key, ScanKind::Blocks);
        }
    }

    /// Those that a statement names; all where it names none.
    fn named_or_all(&self, names: &[ObjectName]) -> Vec<Key> {
        if !names.is_empty() {
            // A view is passed over with a warning (vacuum_view).
            let keys = names.iter().map(|name| self.resolve(name));
            let is_view = |key: &Key| {
                self.schema
                    .view_by_key(key)
                    .is_some_and(|v| !v.materialized)
            };
            let is_there =
                |key: &Key| !self.schema.is_whole() || self.schema.relation_by_key(key).is_some();
            return keys.filter(|key| !is_view(key) && is_there(key)).collect();
        }
        let relations = self.schema.relations();
        let keys = relations.filter_map(|relation| match relation {
            Relation::Table(table) if !table.foreign => Some(table.key),
            Relation::View(view) if view.materialized => Some(view.key),
            _ => None,
        });
        keys.collect()
    }

    /// Children by inheritance are only read, until 18 analyses them too
    /// (analyze_inheritance).
    fn analyze(&mut self, top: &Key) {
        let version = self.version;
        self.each(top, Children::Always, false, |work, key, table| {
            let is_child = table.is_some_and(|t| t.partition.is_none()) && key != top;
            let mode = match is_child && version < 18 {
                true => LockMode::AccessShare,
                false => LockMode::ShareUpdateExclusive,
            };
            work.lock(key, mode);
            if table.is_none_or(super::stores_rows) {
                for index in work.indexes_on(key) {
                    work.lock(index, LockMode::AccessShare);
                }
                work.scan(key, ScanKind::Blocks);
            }
        });
    }

    fn lock_relation(&mut self, key: &Key, mode: LockMode, only: bool) {
        if let Some(Relation::View(view)) = self.relation_kind(key) {
            self.lock(key, mode);
            for used in &view.uses {
                let is_new = self.effect.lock_on(&used.relation).is_none();
                if is_new && self.schema.view_by_key(&used.relation).is_some() {
                    self.lock_relation(&used.relation, mode, false);
                    continue;
                }
                self.each(&used.relation, Children::Always, false, |work, key, _| {
                    work.lock(key, mode);
                });
            }
            return;
        }
        self.each(key, Children::Yes, only, |work, key, _| {
            work.lock(key, mode)
        });
    }

    fn truncate(&mut self, tables: &[ObjectName], cascade: bool, restart: bool, only: bool) {
        let mut todo: Vec<Key> = tables.iter().map(|name| self.resolve(name)).collect();
        let named = todo.clone();
        let mut done: Vec<Key> = Vec::new();
        while let Some(key) = todo.pop() {
            if done.contains(&key) {
                continue;
            }
            self.truncate_one(&key, restart, only && named.contains(&key));
            if let Some(table) = self.table(&key) {
                for other in &table.referenced_by {
                    if cascade {
                        todo.push(*other);
                    } else if *other != key
                        && !self.is_below_any(other, &named)
                        && !self.truncated_here(other)
                    {
                        self.refuse(format!("a foreign key of `{other}` refers to `{key}`"));
                    }
                }
            }
            done.push(key);
        }
    }

    /// Is it one of the tables, or a partition of one?
    fn is_below_any(&self, key: &Key, tables: &[Key]) -> bool {
        let above = |key: &Key| Some(self.table(key)?.partition.as_ref()?.of);
        // A file may attach tables to each other, which no server does.
        let mut line = std::iter::successors(Some(*key), above).take(FAMILY_LIMIT);
        line.any(|key| tables.contains(&key))
    }

    fn truncated_here(&self, key: &Key) -> bool {
        self.siblings().any(|action| {
            matches!(action, Action::Truncate { tables, .. }
                if tables.iter().any(|name| self.resolve(name) == *key))
        })
    }

    fn truncate_one(&mut self, key: &Key, restart: bool, only: bool) {
        self.lose(format!("the rows of `{key}`"));
        if self.version < 14 {
            // truncate_partition
            self.lock_parents(key);
        }
        if self.schema.view_by_key(key).is_some() {
            self.refuse(format!("`{key}` is not a table"));
        }
        if only && self.table(key).is_some_and(Table::is_partitioned) {
            self.refuse(format!(
                "`{key}` is partitioned, so that ONLY is not possible"
            ));
        }
        self.each(key, Children::Yes, only, |work, key, table| {
            work.lock(key, LockMode::AccessExclusive);
            let Some(table) = table else { return };
            if super::stores_rows(table) {
                work.lock_indexes(Some(table), LockMode::AccessExclusive);
            }
            if restart {
                work.lock_owned_sequences(key, LockMode::AccessExclusive);
            }
        });
    }
}

fn lock_mode(words: &str) -> LockMode {
    use LockMode::*;
    [
        AccessShare,
        RowShare,
        RowExclusive,
        ShareUpdateExclusive,
        Share,
        ShareRowExclusive,
        Exclusive,
    ]
    .into_iter()
    .find(|mode| mode.sql_name().eq_ignore_ascii_case(words))
    .unwrap_or(AccessExclusive)
}
