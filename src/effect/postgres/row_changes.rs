//! INSERT, UPDATE, DELETE, MERGE, COPY, SELECT and CALL.

use rustc_hash::FxHashSet;

use crate::effect::{LockMode, Scene};
use crate::name::Name;
use crate::operation::{
    Action, Column, ConstraintKind, Delete, Expr, ForeignKey, Ident, Identity, Insert, Merge,
    ObjectKind, ObjectName, OnConflict, Operation, Query, Update,
};
use crate::schema::{Index, Key, Rule, Table, Trigger, same_set};
use crate::text::holds;

use super::Work;
use super::data::Children;
use super::expr::{Tokens, is_word, mentions};
use super::query::{Reading, VIEW_DEPTH, listed, relations, with_names};

/// So many triggers are followed from one to the next.
const DEEPEST: u8 = 4;

impl<'a> Work<'a> {
    pub(super) fn rows(&mut self) {
        match &self.scene.operation.action {
            Action::Insert(insert) => self.insert(insert),
            Action::Update(update) => self.update(update),
            Action::Delete(delete) => self.delete(delete),
            Action::Merge(merge) => self.merge(merge),
            Action::Copy {
                table: Some(table),
                from,
                ..
            } => self.copy(table, *from),
            Action::Copy {
                query: Some(query), ..
            } => self.select(query, false),
            Action::Select {
                query, unwanted, ..
            } => self.select(query, *unwanted),
            Action::Call { routine } => self.call(routine),
            _ => {}
        }
    }

    fn insert(&mut self, insert: &'a Insert) {
        self.check_view_insert(insert);
        let key = self.written(&insert.table);
        self.lock(&key, LockMode::RowExclusive);
        self.lock_parents(&key);
        self.lock_generators(&key, insert);
        self.fire(&key, "insert");
        // The columns of a view are others than those of its table.
        let through_view = key != self.resolve(&insert.table);
        if !through_view {
            self.check_row_of(&key, insert);
        }
        if let Some(conflict) = &insert.conflict {
            self.refuse_rules(&key);
            let updates = |action: &Expr| mentions(&action.text, "set");
            let targeted = conflict.target || conflict.constraint.is_some();
            if !targeted && conflict.action.as_ref().is_some_and(updates) {
                self.refuse("ON CONFLICT DO UPDATE has to name what conflicts");
            }
            // The planner looks for the index that is meant; without a target
            // any will do (insert_on_conflict).
            if conflict.target {
                let table = self.table(&key);
                self.lock_indexes(table, LockMode::RowExclusive);
            }
            if !through_view {
                self.check_conflict_target(&key, conflict);
                if insert.query.is_none() {
                    self.check_arbiters(&key, conflict);
                }
                if let Some(action) = &conflict.action {
                    self.check_conflict_action(&key, insert, action);
                }
            }
            if !conflict.overwritten.is_empty() {
                let columns = conflict.overwritten.join(", ");
                self.lose(format!(
                    "the earlier values of {columns} in `{key}`, of rows that conflict"
                ));
            }
        }
        self.check_written(insert);
        let action = insert.conflict.as_ref().and_then(|c| c.action.as_ref());
        for part in insert.values.iter().chain(action) {
            self.read_others(&part.text, &key);
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

    fn check_row_of(&mut self, key: &Key, insert: &Insert) {
        let mut names = FxHashSet::default();
        for column in &insert.columns {
            self.refuse_missing_column(key, &column.name);
            if !names.insert(&column.name) && !insert.in_part {
                self.refuse(format!("column `{}` is named twice", column.name));
            }
        }
        if let Some(table) = self.table(key).filter(|t| t.is_known()) {
            self.check_given(table, insert);
            self.check_left_out(table, insert);
            if !insert.in_part {
                self.check_values(table, insert);
            }
        }
    }

    /// The table that a statement writes to; a view hands on what it gets
    /// (insert_into_view).
    fn written(&mut self, name: &ObjectName) -> Key {
        let key = self.resolve(name);
        let Some(view) = self.schema.view_by_key(&key) else {
            return key;
        };
        self.lock(&key, LockMode::RowExclusive);
        match view.base() {
            Some(base) if !view.materialized && !self.has_instead_trigger(view, "insert") => {
                for other in view.others() {
                    self.lock(other, LockMode::AccessShare);
                }
                *base
            }
            _ => key,
        }
    }

    /// A row that goes into a partition is held against the bounds of all
    /// tables above (insert_partition_direct).
    pub(super) fn lock_parents(&mut self, key: &Key) {
        let mut part = self.table(key);
        while let Some(partition) = part.and_then(|table| table.partition.as_ref()) {
            if self.effect.lock_on(&partition.of).is_some() {
                return;
            }
            self.lock(&partition.of, LockMode::AccessShare);
            part = self.table(&partition.of);
        }
    }

    /// The sequences that make the values of columns that are left out
    /// (insert_default_values_serial).
    fn lock_generators(&mut self, key: &Key, insert: &Insert) {
        let Some(table) = self.table(key) else { return };
        let all_given = insert.columns.is_empty() && !insert.defaults;
        let some_default = insert
            .values
            .as_ref()
            .is_some_and(|values| mentions(&values.text, "default"));
        if all_given && !some_default {
            return;
        }
        for column in &table.columns {
            let given = insert.columns.iter().any(|c| c.name == column.name);
            if !given || some_default {
                self.lock_generator(key, column);
            }
        }
    }

    fn lock_generator(&mut self, table: &Key, column: &Column) {
        if let Some(default) = &column.default {
            self.lock_sequences_used(&default.text);
        }
        let own = column.identity.is_some() || column.ty.is_serial();
        if own || column.is_of_serial() {
            for sequence in self.schema.sequences_of(table, Some(&column.name)) {
                self.lock(&sequence, LockMode::RowExclusive);
            }
        }
    }

    /// What the triggers of a table lock, where their functions are static
    /// (update_trigger_writes_elsewhere). How often they run is not known, and
    /// so nothing is said of what they read.
    fn fire(&mut self, key: &Key, event: &str) {
        let Some(table) = self.table(key).filter(|_| self.depth < DEEPEST) else {
            return;
        };
        let fires = |trigger: &&Trigger| mentions(&trigger.events.text, event);
        for trigger in table.triggers.iter().filter(fires) {
            let Some(function) = &trigger.function else {
                continue;
            };
            let function = self.schema.resolve_routine(function);
            for routine in self.schema.routines(&function) {
                self.lock_as(&routine.operations);
            }
        }
    }

    /// The locks of operations that run along, those aside that may not run.
    fn lock_as(&mut self, operations: &'a [Operation]) {
        for operation in operations.iter().filter(|o| !o.within.conditional) {
            let scene = Scene {
                operation,
                siblings: std::slice::from_ref(operation),
                schema: self.schema,
                version: self.version,
            };
            let effect = super::effect_at(&scene, self.depth + 1);
            for lock in effect.locks {
                self.effect.add_lock(lock);
            }
        }
    }

    /// The columns that are named, where no row says DEFAULT.
    fn check_given(&mut self, table: &Table, insert: &Insert) {
        let defaults = |values: &Expr| mentions(&values.text, "default");
        let known = insert.query.is_some() || insert.values.as_ref().is_some_and(|v| !defaults(v));
        if !known {
            return;
        }
        if let Some(query) = &insert.query {
            self.check_width(table, insert, &query.text);
        }
        for column in &insert.columns {
            if let Some(column) = table.column(&column.name) {
                self.check_writable(column, insert);
            }
        }
    }

    /// A query that yields more columns than there are to take them, or fewer than
    /// are named (insert_select_*).
    fn check_width(&mut self, table: &Table, insert: &Insert, query: &str) {
        let named = insert.columns.len();
        let filled_in = insert.columns.iter().any(|column| column.template);
        let Some(width) = self.yields(query).filter(|_| !filled_in) else {
            return;
        };
        let taken = match named {
            0 => table.columns.len(),
            named => named,
        };
        for column in table.columns.iter().take(width).filter(|_| named == 0) {
            self.check_writable(column, insert);
        }
        if width > taken || width < named {
            self.refuse(format!("{width} values cannot go into {taken} columns"));
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
                && self.schema.is_left_null(column)
        });
        if let Some(column) = missing {
            self.refuse(format!(
                "`{}` of `{}` must not be NULL and has no default",
                column.name, table.key
            ));
        }
    }

    /// Rules rewrite an INSERT or UPDATE, and know nothing of ON CONFLICT
    /// (insert_conflict_rule_*).
    fn refuse_rules(&mut self, key: &Key) {
        let rules = self.table(key).map_or(&[][..], |table| &table.rules);
        let fires = |rule: &&Rule| {
            matches!(rule.event, "INSERT" | "UPDATE")
                && self.schema.fires(key, ObjectKind::Rule, &rule.name)
        };
        if let Some(rule) = rules.iter().find(fires) {
            self.refuse(format!(
                "`{key}` has the rule `{}`, and takes no ON CONFLICT",
                rule.name
            ));
        }
    }

    /// ON CONFLICT needs a unique index over just these columns.
    fn check_conflict_target(&mut self, key: &Key, conflict: &OnConflict) {
        let wanted = &conflict.columns;
        let Some(table) = self.table(key).filter(|t| t.is_known()) else {
            return;
        };
        let fits = |index: &Index| {
            index.unique
                && (index.predicate.is_none() || conflict.filter)
                && index.exprs.is_empty()
                && index.columns.len() == wanted.len()
                && wanted.iter().all(|column| index.columns.contains(column))
        };
        let computes = |index: &Index| index.unique && !index.exprs.is_empty();
        if conflict.computed && !self.indexes_of(Some(table)).any(computes) {
            self.refuse(format!(
                "`{key}` has no unique index over expressions for ON CONFLICT"
            ));
        }
        let named = conflict.constraint.as_ref().filter(|name| !name.template);
        if let Some(name) = named
            && table
                .constraint(&name.name)
                .is_none_or(|c| c.index.is_none())
        {
            self.refuse(format!(
                "`{key}` has no unique or exclusion constraint `{}` for ON CONFLICT",
                name.name
            ));
        }
        if !wanted.is_empty() && !self.indexes_of(Some(table)).any(fits) {
            self.refuse(format!(
                "`{key}` has no unique index over ({}) for ON CONFLICT",
                wanted.join(", ")
            ));
        }
    }

    /// What conflicts must be known at once, for the first row; without a target
    /// every key is asked (insert_conflict_deferrable).
    fn check_arbiters(&mut self, key: &Key, conflict: &OnConflict) {
        let Some(table) = self.table(key).filter(|t| t.is_known()) else {
            return;
        };
        let named = conflict.constraint.as_ref();
        let wanted = &conflict.columns;
        let is_asked = |index: &Index| {
            !conflict.target
                || named.is_some_and(|name| index.constraint.as_ref() == Some(&name.name))
                || !wanted.is_empty() && index.exprs.is_empty() && same_set(&index.columns, wanted)
        };
        let late = self
            .indexes_of(Some(table))
            .find(|index| index.unique && is_asked(index) && table.is_deferrable_key(index));
        if let Some(index) = late {
            let name = &index.key.name;
            self.refuse(format!(
                "`{name}` of `{key}` is deferrable, and ON CONFLICT cannot wait for it"
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

    fn update(&mut self, update: &'a Update) {
        let key = self.resolve(&update.table);
        self.check_published_rows(&key, "update");
        self.check_updatable(&key, "update", update.columns.iter().map(|c| &c.name));
        self.check_set(&key, update);
        self.fire(&key, "update");
        let with = self.read_with(update.with.as_ref());
        let lost: Vec<&Ident> = update
            .columns
            .iter()
            .filter(|column| !update.fills_null(column))
            .collect();
        if !lost.is_empty() || update.columns.is_empty() {
            self.lose(format!("the earlier values of {} in `{key}`", list(&lost)));
        }
        let mut names = FxHashSet::default();
        let whole = !update.assignments.text.contains(['[', '.']);
        for column in &update.columns {
            self.refuse_missing_column(&key, &column.name);
            if !names.insert(&column.name) && whole && !column.template {
                self.refuse(format!("column `{}` is set twice", column.name));
            }
        }
        if let Some(table) = self.table(&key).filter(|t| t.is_known()) {
            self.check_assignments(table, update);
        }
        self.read_sources(update.from.as_ref(), &with);
        self.read_others(&update.assignments.text, &key);
        if let Some(filter) = &update.filter {
            self.read_others(&filter.text, &key);
            if update.from.is_none() {
                self.check_filter(&key, filter);
            }
        }
        self.check_change(&key, &update.into());
        let filter = update.filter.as_ref().map(|f| f.text.as_ref());
        if !self.changes_instead(&key, "update") {
            self.change_rows(&key, filter, update.from.is_some(), update.only);
        }
        let Some(table) = self.table(&key) else {
            return;
        };
        let touches = |columns: &[Name]| {
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

    /// Generated columns take DEFAULT alone, and so do identities that are
    /// ALWAYS so.
    fn check_set(&mut self, key: &Key, update: &Update) {
        let Some(table) = self.table(key) else { return };
        let default = mentions(&update.assignments.text, "default");
        for column in &update.columns {
            let Some(column) = table.column(&column.name) else {
                continue;
            };
            if default {
                self.lock_generator(key, column);
            } else if column.generated.is_some() {
                self.refuse(format!("`{}` is a generated column", column.name));
            } else if column.identity == Some(Identity::Always) {
                self.refuse(format!(
                    "`{}` is GENERATED ALWAYS AS IDENTITY and takes DEFAULT alone",
                    column.name
                ));
            }
        }
    }

    /// What the queries of a WITH read, and their names.
    fn read_with(&mut self, with: Option<&Expr>) -> FxHashSet<Name> {
        let Some(with) = with else {
            return FxHashSet::default();
        };
        self.run_query(&with.text, LockMode::AccessShare, None);
        with_names(&Tokens::of(&with.text))
    }

    /// The tables behind FROM or USING, each read whole.
    fn read_sources(&mut self, list: Option<&Expr>, with: &FxHashSet<Name>) {
        let names = list.map_or(Vec::new(), |list| listed(&list.text));
        for name in names {
            let key = self.resolve(&name);
            if self.table(&key).is_some() && !with.contains(&name.name) {
                self.read_table(&key, &Reading::whole(LockMode::AccessShare));
            }
        }
    }

    fn read_others(&mut self, text: &str, target: &Key) {
        if may_read(text) && !relations(text).is_empty() {
            self.run_query(text, LockMode::AccessShare, Some(target));
        }
    }

    fn delete(&mut self, delete: &'a Delete) {
        let key = self.resolve(&delete.table);
        self.check_published_rows(&key, "delete");
        self.check_updatable(&key, "delete", std::iter::empty());
        self.fire(&key, "delete");
        let with = self.read_with(delete.with.as_ref());
        if !self.schema.keeps_rows(&key) {
            self.lose(if delete.filter.is_some() {
                format!("the matching rows of `{key}`")
            } else {
                format!("the rows of `{key}`")
            });
        }
        self.read_sources(delete.using.as_ref(), &with);
        if let Some(filter) = &delete.filter {
            self.read_others(&filter.text, &key);
            if delete.using.is_none() {
                self.check_filter(&key, filter);
            }
        }
        self.check_change(&key, &delete.into());
        let filter = delete.filter.as_ref().map(|f| f.text.as_ref());
        if !self.changes_instead(&key, "delete") {
            self.change_rows(&key, filter, delete.using.is_some(), delete.only);
        }
        let Some(table) = self.table(&key) else {
            return;
        };
        for other in &table.referenced_by {
            self.lock_child(&key, other, |fk| fk.on_delete.as_deref());
        }
    }

    /// The columns behind WHERE, where one table alone is meant; in a block they
    /// may be variables.
    fn check_filter(&mut self, key: &Key, filter: &Expr) {
        if !self.scene.operation.within.block && self.table(key).is_some_and(Table::is_known) {
            self.refuse_uncomparable(key, &filter.text);
        }
    }

    /// The tables that refer to changed rows are looked through, or changed
    /// along.
    fn lock_child(&mut self, key: &Key, other: &Key, action: fn(&ForeignKey) -> Option<&str>) {
        let Some(table) = self.table(other) else {
            return;
        };
        let changes = table.constraints.iter().any(|c| {
            c.references.as_ref() == Some(key)
                && matches!(&c.definition.kind, ConstraintKind::ForeignKey(fk)
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
        let is_new = self.effect.lock_on(other) < Some(mode);
        self.lock(other, mode);
        self.lock_indexes(Some(table), mode);
        if !self.references_are_indexed(key, table) {
            self.scan_heap(other, Some(table));
        }
        if !(changes && is_new) {
            return;
        }
        // What goes along may take more along (delete_cascade_chain).
        for further in table
            .referenced_by
            .iter()
            .filter(|further| *further != other)
        {
            self.lock_child(other, further, action);
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
    fn change_rows(&mut self, key: &Key, filter: Option<&str>, joined: bool, only: bool) {
        let (mut key, mut only) = (key, only);
        // A view hands on (update_view); a file may make views of each other.
        for _ in 0..VIEW_DEPTH {
            let view = self.schema.view_by_key(key);
            let Some((view, base)) = view.and_then(|view| Some((view, view.base()?))) else {
                break;
            };
            self.lock(key, LockMode::RowExclusive);
            for other in view.others() {
                self.read_table(other, &Reading::whole(LockMode::AccessShare));
            }
            (key, only) = (base, false);
        }
        if self.version < 14 {
            // delete_partition
            self.lock_parents(key);
        }
        let partial = !joined
            && filter
                .zip(self.table(key))
                .is_some_and(|(filter, table)| self.filtered_by_index(table, filter));
        let reading = Reading {
            mode: LockMode::RowExclusive,
            partial,
            only,
            filter: filter.filter(|_| !joined),
        };
        self.read_table(key, &reading);
    }

    fn merge(&mut self, merge: &Merge) {
        self.needs(15, "MERGE");
        if merge.returning {
            self.needs(17, "MERGE … RETURNING");
        }
        if merge.by_source {
            self.needs(17, "MERGE … WHEN NOT MATCHED BY SOURCE");
        }
        let with = self.read_with(merge.with.as_ref());
        let source = merge.source.as_ref();
        self.read_sources(source, &with);
        let key = self.resolve(&merge.table);
        self.check_view_merge(&key, merge.changes());
        // A few rows are looked up one by one (merge_values).
        let few = source.is_some_and(|source| {
            let tokens = Tokens::of(&source.text);
            tokens
                .list
                .get(1)
                .is_some_and(|t| is_word(*t, &source.text, "VALUES"))
        });
        let reading = Reading {
            partial: few
                && self
                    .table(&key)
                    .is_some_and(|table| table.primary_key().is_some()),
            ..Reading::whole(LockMode::RowExclusive)
        };
        match self.schema.view_by_key(&key) {
            Some(_) => self.change_rows(&key, None, true, false),
            None => self.read_table(&key, &reading),
        }
    }

    fn copy(&mut self, table: &ObjectName, from: bool) {
        let key = self.resolve(table);
        if from {
            self.check_view_copy(&key);
            self.lock(&key, LockMode::RowExclusive);
            self.lock_parents(&key);
            self.fire(&key, "insert");
        } else {
            if self.table(&key).is_some_and(Table::is_partitioned) {
                self.refuse(format!("`{key}` is partitioned: COPY takes a query of it"));
            }
            self.each(&key, Children::Partitions, false, |work, key, table| {
                work.lock(key, LockMode::AccessShare);
                work.scan_heap(key, table);
            });
        }
    }

    fn select(&mut self, query: &Query, unwanted: bool) {
        let text = &query.text;
        if unwanted {
            self.refuse("its rows have nowhere to go: a block says PERFORM, or INTO");
        }
        self.lock_sequences_used(text);
        self.check_positions_set(text);
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

/// A cheap look before the tokens: without FROM or TABLE, nothing is read.
fn may_read(text: &str) -> bool {
    holds(text, "from") || holds(text, "table")
}

fn list(columns: &[&Ident]) -> String {
    let names: Vec<String> = columns
        .iter()
        .map(|column| format!("`{}`", column.name))
        .collect();
    names.join(", ")
}
