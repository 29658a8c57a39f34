//! INSERT, UPDATE, DELETE, MERGE, COPY, SELECT and CALL.

use smol_str::SmolStr;

use crate::effect::LockMode;
use crate::operation::{Action, Delete, Expr, Ident, Identity, Insert, ObjectName, Update};
use crate::schema::{Index, Key, Table};

use super::Work;
use super::data::Children;
use super::expr::{Tokens, is_word, mentions};
use super::query::{listed, relations};

impl<'a> Work<'a> {
    pub(super) fn rows(&mut self) {
        match &self.scene.operation.action {
            Action::Insert(insert) => self.insert(insert),
            Action::Update(update) => self.update(update),
            Action::Delete(delete) => self.delete(delete),
            Action::Merge { table, source } => self.merge(table, source.as_ref()),
            Action::Copy {
                table: Some(table),
                from,
            } => self.copy(table, *from),
            Action::Select { query, .. } => self.select(&query.text),
            Action::Call { routine } => self.call(routine),
            _ => {}
        }
    }

    fn insert(&mut self, insert: &Insert) {
        let key = self.resolve(&insert.table);
        self.lock(&key, LockMode::RowExclusive);
        for column in &insert.columns {
            self.refuse_missing_column(&key, &column.name);
        }
        if let Some(table) = self.table(&key).filter(|t| t.is_known()) {
            self.check_given(table, insert);
            self.check_left_out(table, insert);
            self.check_values(table, insert);
        }
        if insert.on_conflict {
            let table = self.table(&key);
            self.lock_indexes(table, LockMode::RowExclusive);
            self.check_conflict_target(&key, insert);
        }
        if let Some(query) = &insert.query {
            self.run_query(&query.text, LockMode::AccessShare, Some(&key));
        }
        if let Some(table) = self.table(&key) {
            for constraint in &table.constraints {
                let given = insert.columns.is_empty()
                    || constraint
                        .columns
                        .iter()
                        .any(|c| insert.columns.iter().any(|i| i.name == *c));
                if let Some(parent) = constraint.references.as_ref().filter(|_| given) {
                    self.lock_parent(parent);
                }
            }
        }
    }

    /// Nobody but the server writes generated columns, nor, without OVERRIDING,
    /// identities that are ALWAYS so.
    fn check_given(&mut self, table: &Table, insert: &Insert) {
        let defaults = |values: &Expr| mentions(&values.text, "default");
        let known = insert.query.is_some() || insert.values.as_ref().is_some_and(|v| !defaults(v));
        if !known {
            return;
        }
        for column in &insert.columns {
            let Some(column) = table.column(&column.name) else {
                continue;
            };
            if column.generated.is_some() {
                self.refuse(format!("`{}` is a generated column", column.name));
            } else if column.identity == Some(Identity::Always) && !insert.overriding {
                self.refuse(format!(
                    "`{}` is GENERATED ALWAYS AS IDENTITY, which takes a value only with OVERRIDING SYSTEM VALUE",
                    column.name
                ));
            }
        }
    }

    /// A column that is left out gets its default or NULL, unless a trigger
    /// puts something there.
    fn check_left_out(&mut self, table: &Table, insert: &Insert) {
        if insert.query.is_some() || insert.columns.is_empty() || !table.triggers.is_empty() {
            return;
        }
        let given = |name: &str| insert.columns.iter().any(|c| c.name == name);
        let missing = table.columns.iter().find(|column| {
            !given(&column.name)
                && self.is_not_null(table, &column.name)
                && self.schema.default_of(column).is_none()
                && column.identity.is_none()
                && column.generated.is_none()
                && !column.ty.is_serial()
        });
        if let Some(column) = missing {
            self.refuse(format!(
                "`{}` of `{}` must not be NULL and has no default",
                column.name, table.key
            ));
        }
    }

    /// ON CONFLICT needs a unique index over just these columns.
    fn check_conflict_target(&mut self, key: &Key, insert: &Insert) {
        let wanted = &insert.conflict_columns;
        let Some(table) = self.table(key).filter(|t| t.is_known()) else {
            return;
        };
        let fits = |index: &Index| {
            index.unique
                && (index.predicate.is_none() || insert.conflict_filter)
                && index.exprs.is_empty()
                && index.columns.len() == wanted.len()
                && wanted.iter().all(|column| index.columns.contains(column))
        };
        if !wanted.is_empty() && !self.indexes_of(Some(table)).any(fits) {
            self.refuse(format!(
                "`{key}` has no unique index over ({}) for ON CONFLICT",
                wanted.join(", ")
            ));
        }
    }

    /// The row of the parent is locked against deletion: RowShare on it and on
    /// its indexes (insert_fk_child).
    fn lock_parent(&mut self, parent: &Key) {
        self.each(parent, Children::Partitions, false, |work, key, table| {
            work.lock(key, LockMode::RowShare);
            work.lock_indexes(table, LockMode::RowShare);
        });
    }

    fn update(&mut self, update: &Update) {
        let key = self.resolve(&update.table);
        let lost: Vec<&Ident> = update
            .columns
            .iter()
            .filter(|column| !update.fills_null(column))
            .collect();
        if !lost.is_empty() || update.columns.is_empty() {
            self.lose(format!("the earlier values of {} in `{key}`", list(&lost)));
        }
        for column in &update.columns {
            self.refuse_missing_column(&key, &column.name);
        }
        if let Some(table) = self.table(&key).filter(|t| t.is_known()) {
            self.check_assignments(table, update);
        }
        self.read_sources(update.from.as_ref());
        self.read_others(&update.assignments.text, &key);
        if let Some(filter) = &update.filter {
            self.read_others(&filter.text, &key);
        }
        let filter = update.filter.as_ref().map(|f| f.text.as_ref());
        self.change_rows(&key, filter, update.from.is_some());
        let Some(table) = self.table(&key) else {
            return;
        };
        let touches = |columns: &[SmolStr]| {
            columns
                .iter()
                .any(|c| update.columns.iter().any(|u| u.name == *c))
        };
        for constraint in &table.constraints {
            if let Some(parent) = constraint
                .references
                .as_ref()
                .filter(|_| touches(&constraint.columns))
            {
                self.lock_parent(parent);
            }
        }
        for other in &table.referenced_by {
            let by_key = self.table(other).is_some_and(|other| {
                other
                    .constraints
                    .iter()
                    .any(|c| c.references.as_ref() == Some(&key) && touches(&c.referenced))
            });
            if by_key {
                self.lock_child(&key, other, |fk| fk.on_update.as_deref());
            }
        }
    }

    /// The tables behind FROM or USING, each read whole; a name that the history
    /// does not know may be one of WITH.
    fn read_sources(&mut self, list: Option<&Expr>) {
        if let Some(list) = list {
            for name in listed(&list.text) {
                let key = self.resolve(&name);
                if self.table(&key).is_some() {
                    self.read_table(&key, LockMode::AccessShare, false);
                }
            }
        }
    }

    fn read_others(&mut self, text: &str, target: &Key) {
        if !relations(text).is_empty() {
            self.run_query(text, LockMode::AccessShare, Some(target));
        }
    }

    fn delete(&mut self, delete: &Delete) {
        let key = self.resolve(&delete.table);
        self.lose(if delete.filter.is_some() {
            format!("the matching rows of `{key}`")
        } else {
            format!("the rows of `{key}`")
        });
        self.read_sources(delete.using.as_ref());
        if let Some(filter) = &delete.filter {
            self.read_others(&filter.text, &key);
        }
        let filter = delete.filter.as_ref().map(|f| f.text.as_ref());
        self.change_rows(&key, filter, delete.using.is_some());
        let Some(table) = self.table(&key) else {
            return;
        };
        for other in &table.referenced_by {
            self.lock_child(&key, other, |fk| fk.on_delete.as_deref());
        }
    }

    /// The tables that refer to changed rows are looked through, or changed
    /// along.
    fn lock_child(
        &mut self,
        key: &Key,
        other: &Key,
        action: impl Fn(&crate::operation::ForeignKey) -> Option<&str>,
    ) {
        let Some(table) = self.table(other) else {
            return;
        };
        let changes = table.constraints.iter().any(|c| {
            c.references.as_ref() == Some(key)
                && matches!(&c.definition.kind, crate::operation::ConstraintKind::ForeignKey(fk)
                if action(fk).is_some_and(|a| {
                    let a = a.to_ascii_lowercase();
                    a.contains("cascade") || a.contains("set")
                }))
        });
        let mode = if changes {
            LockMode::RowExclusive
        } else {
            LockMode::RowShare
        };
        self.lock(other, mode);
        self.lock_indexes(Some(table), mode);
        if !self.references_are_indexed(key, table) {
            self.scan_heap(other, Some(table));
        }
    }

    /// Does an index lead with the columns by which a table refers to another?
    fn references_are_indexed(&self, key: &Key, table: &'a Table) -> bool {
        table
            .constraints
            .iter()
            .filter(|c| c.references.as_ref() == Some(key))
            .all(|c| {
                self.indexes_of(Some(table)).any(|index| {
                    index.predicate.is_none()
                        && index
                            .columns
                            .first()
                            .is_some_and(|first| c.columns.contains(first))
                })
            })
    }

    /// An UPDATE or DELETE of the rows that the filter leaves.
    fn change_rows(&mut self, key: &Key, filter: Option<&str>, joined: bool) {
        if let Some(view) = self.schema.view_by_key(key)
            && let [used] = view.uses.as_slice()
        {
            // update_view
            self.lock(key, LockMode::RowExclusive);
            self.change_rows(&used.relation, filter, joined);
            return;
        }
        let partial = !joined
            && filter
                .zip(self.table(key))
                .is_some_and(|(filter, table)| self.filtered_by_index(table, filter));
        self.read_table(key, LockMode::RowExclusive, partial);
    }

    fn merge(&mut self, table: &ObjectName, source: Option<&Expr>) {
        self.needs(15, "MERGE");
        self.read_sources(source);
        let key = self.resolve(table);
        self.change_rows(&key, None, true);
    }

    fn copy(&mut self, table: &ObjectName, from: bool) {
        let key = self.resolve(table);
        if from {
            self.lock(&key, LockMode::RowExclusive);
        } else {
            self.each(&key, Children::Partitions, false, |work, key, table| {
                work.lock(key, LockMode::AccessShare);
                work.scan_heap(key, table);
            });
        }
    }

    fn select(&mut self, text: &str) {
        self.lock_sequences_used(text);
        if !may_read(text) {
            return;
        }
        let tokens = Tokens::of(text);
        let for_rows = tokens.list.windows(2).any(|w| {
            is_word(w[0], text, "FOR")
                && ["UPDATE", "SHARE", "NO", "KEY"]
                    .iter()
                    .any(|word| is_word(w[1], text, word))
        });
        let mode = if for_rows {
            LockMode::RowShare
        } else {
            LockMode::AccessShare
        };
        self.run_query(text, mode, None);
    }

    /// A procedure that ends transactions cannot be called inside one
    /// (call_procedure_with_commit).
    fn call(&mut self, routine: &ObjectName) {
        let key = self.schema.resolve_routine(routine);
        let ends = self.schema.routines(&key).iter().any(|routine| {
            routine
                .operations
                .iter()
                .any(|o| matches!(o.action, Action::Transaction(_)))
        });
        if ends {
            self.forbid("CALL of a procedure that commits");
        }
    }
}

/// A cheap look before the tokens: without FROM, nothing is read.
fn may_read(text: &str) -> bool {
    text.as_bytes()
        .windows(4)
        .any(|w| w.eq_ignore_ascii_case(b"from"))
}

fn list(columns: &[&Ident]) -> String {
    let names: Vec<String> = columns
        .iter()
        .map(|column| format!("`{}`", column.name))
        .collect();
    names.join(", ")
}
