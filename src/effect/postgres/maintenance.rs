//! CLUSTER, VACUUM, ANALYZE, LOCK TABLE, TRUNCATE.

use crate::effect::{LockMode, ScanKind};
use crate::operation::{Action, Ident, ObjectName};
use crate::schema::{Key, Relation, Table};

use super::Work;
use super::data::Children;

impl<'a> Work<'a> {
    pub(super) fn maintenance(&mut self) {
        match &self.scene.operation.action {
            Action::Cluster { table, index } => self.cluster(table.as_ref(), index.as_ref()),
            Action::Vacuum { full, tables } => self.vacuum(*full, tables),
            Action::Analyze { tables } => {
                for name in tables {
                    self.analyze(name);
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
            } => self.truncate(tables, *cascade, *restart_identity),
            _ => {}
        }
    }

    fn cluster(&mut self, table: Option<&ObjectName>, index: Option<&Ident>) {
        let Some(name) = table else {
            self.forbid("CLUSTER");
            return;
        };
        let key = self.resolve(name);
        if self.table(&key).is_some_and(Table::is_partitioned) {
            if self.version < 15 {
                self.refuse(format!("the partitioned table `{key}` cannot be clustered"));
            }
            self.forbid("CLUSTER");
            if let Some(index) = index {
                let index = self.beside(&key, index.name.clone());
                self.lock(&index, LockMode::AccessShare);
            }
        }
        self.each(&key, Children::Partitions, false, |work, key, table| {
            work.lock(key, LockMode::AccessExclusive);
            work.rewrite_heap(key, table);
        });
    }

    fn vacuum(&mut self, full: bool, tables: &[ObjectName]) {
        self.forbid("VACUUM");
        for name in tables {
            let key = self.resolve(name);
            self.each(&key, Children::Partitions, false, |work, key, table| {
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
            self.lock_indexes(table, LockMode::RowExclusive);
            self.scan(key, ScanKind::Blocks);
        }
    }

    fn analyze(&mut self, name: &ObjectName) {
        let key = self.resolve(name);
        self.each(&key, Children::Always, false, |work, key, table| {
            work.lock(key, LockMode::ShareUpdateExclusive);
            if table.is_none_or(super::stores_rows) {
                work.lock_indexes(table, LockMode::AccessShare);
                work.scan(key, ScanKind::Blocks);
            }
        });
    }

    fn lock_relation(&mut self, key: &Key, mode: LockMode, only: bool) {
        if let Some(Relation::View(view)) = self.relation_kind(key) {
            self.lock(key, mode);
            for used in &view.uses {
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

    fn truncate(&mut self, tables: &[ObjectName], cascade: bool, restart: bool) {
        let mut todo: Vec<Key> = tables.iter().map(|name| self.resolve(name)).collect();
        let named = todo.clone();
        let mut done: Vec<Key> = Vec::new();
        while let Some(key) = todo.pop() {
            if done.contains(&key) {
                continue;
            }
            self.truncate_one(&key, restart);
            if let Some(table) = self.table(&key) {
                for other in &table.referenced_by {
                    if cascade {
                        todo.push(other.clone());
                    } else if *other != key && !named.contains(other) && !self.truncated_here(other)
                    {
                        self.refuse(format!("a foreign key of `{other}` refers to `{key}`"));
                    }
                }
            }
            done.push(key);
        }
    }

    fn truncated_here(&self, key: &Key) -> bool {
        self.siblings().any(|action| {
            matches!(action, Action::Truncate { tables, .. }
                if tables.iter().any(|name| self.resolve(name) == *key))
        })
    }

    fn truncate_one(&mut self, key: &Key, restart: bool) {
        self.lose(format!("the rows of `{key}`"));
        self.each_below(key, |work, key, table| {
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
