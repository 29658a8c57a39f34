//! What happens to whole objects: renaming, moving, owners, comments, grants,
//! views, and what is attached to a table.

use std::sync::Arc;

use crate::effect::{LockMode, ScanKind};
use crate::name::Name;
use crate::operation::{
    Action, CreateTrigger, CreateView, Grant, Ident, ObjectKind, ObjectName, PolicyClauses,
};
use crate::schema::{Key, Relation, Routine, SettingName, Table, Trigger};
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

use super::Work;
use super::data::{Children, is_privilege};
use super::expr::{Tokens, is_word, mentions};
use super::partition::has_transition_tables;
use super::place::Place;
use super::query::columns_in;

impl<'a> Work<'a> {
    pub(super) fn object(&mut self) {
        match &self.scene.operation.action {
            Action::Rename {
                kind,
                name,
                on,
                if_exists,
                ..
            } => self.rename(*kind, name, on.as_ref(), *if_exists),
            Action::SetSchema { kind, name, .. } => self.set_schema(*kind, name),
            Action::SetOwner { kind, name, .. } => self.set_owner(*kind, name),
            Action::SetTablespace { kind, name, to } => self.set_tablespace(*kind, name, to),
            Action::MoveTablespace { kind, from, to } => self.move_tablespace(*kind, from, to),
            Action::SetParameters {
                name,
                parameters,
                values,
                ..
            } => self.set_parameters(name, parameters, values),
            Action::Comment { kind, name, on, .. } => self.comment(*kind, name, on.as_ref()),
            Action::Grant(grant) => self.grant(grant),
            _ => {}
        }
    }

    fn rename(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        on: Option<&ObjectName>,
        if_exists: bool,
    ) {
        if let Some(on) = on {
            let key = self.resolve(on);
            // From 15 on the triggers of partitions are renamed along
            // (rename_trigger_partitioned).
            let along = kind == ObjectKind::Trigger && self.version >= 15;
            let children = if along {
                Children::Partitions
            } else {
                Children::No
            };
            self.each(&key, children, false, |work, key, _| {
                work.lock(key, LockMode::AccessExclusive);
            });
            return;
        }
        if !is_lockable(kind) {
            return;
        }
        let key = self.resolve(name);
        if if_exists && self.is_gone(&key) {
            return;
        }
        // ALTER INDEX takes the weak lock only on what really is an index
        // (rename_index, rename_table_via_alter_index).
        let is_index = matches!(self.relation_kind(&key), None | Some(Relation::Index(_)));
        let mode = if kind == ObjectKind::Index && is_index {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::AccessExclusive
        };
        self.lock(&key, mode);
    }

    fn set_schema(&mut self, kind: ObjectKind, name: &ObjectName) {
        if !is_lockable(kind) {
            return;
        }
        let key = self.resolve(name);
        if kind == ObjectKind::Index {
            self.refuse("an index is where its table is");
        }
        self.refuse_owned(&key);
        self.lock(&key, LockMode::AccessExclusive);
        self.lock_owned_sequences(&key, LockMode::AccessExclusive);
    }

    /// A sequence goes with the table whose column it belongs to.
    fn refuse_owned(&mut self, key: &Key) {
        let sequence = self.schema.sequence_by_key(key);
        if let Some((table, _)) = sequence.and_then(|sequence| sequence.owned_by.as_ref()) {
            self.refuse(format!("`{key}` belongs to `{table}` and goes with it"));
        }
    }

    /// owner_to, owner_to_with_serial.
    fn set_owner(&mut self, kind: ObjectKind, name: &ObjectName) {
        if !is_lockable(kind) {
            return;
        }
        let key = self.resolve(name);
        self.refuse_owned(&key);
        self.lock(&key, LockMode::AccessExclusive);
        match self.relation_kind(&key) {
            Some(Relation::Table(table)) => {
                self.lock_indexes(Some(table), LockMode::AccessExclusive);
                self.lock_owned_sequences(&key, LockMode::AccessExclusive);
            }
            Some(Relation::View(view)) => {
                for index in &view.indexes {
                    self.lock(index, LockMode::AccessExclusive);
                }
            }
            _ => {}
        }
    }

    /// The files are copied as they are: no scan, and indexes stay
    /// (set_tablespace).
    fn set_tablespace(&mut self, kind: ObjectKind, name: &ObjectName, to: &Ident) {
        if !is_lockable(kind) {
            return;
        }
        let key = self.resolve(name);
        self.lock(&key, LockMode::AccessExclusive);
        if self.is_in_tablespace(kind, &key, &to.name) {
            return;
        }
        match self.relation_kind(&key) {
            Some(Relation::Index(index)) => {
                if self.table(&index.table).is_none_or(super::stores_rows) {
                    self.effect.rebuild(key);
                }
            }
            Some(Relation::Table(table)) if !super::stores_rows(table) => {}
            None if kind == ObjectKind::Index => self.effect.rebuild(key),
            _ => self.effect.rewrite(key),
        }
    }

    /// What the history has put there (alter_table_all_in_tablespace).
    fn move_tablespace(&mut self, kind: ObjectKind, from: &Ident, to: &Ident) {
        if from.name == to.name {
            return;
        }
        let meant = |relation: &Relation| match (kind, relation) {
            (ObjectKind::Table, Relation::Table(table)) if super::stores_rows(table) => {
                Some(table.key)
            }
            (ObjectKind::Index, Relation::Index(index)) => Some(index.key),
            (ObjectKind::MaterializedView, Relation::View(view)) if view.materialized => {
                Some(view.key)
            }
            _ => None,
        };
        let keys = self.schema.relations().filter_map(meant);
        let mut keys: Vec<Key> = keys
            .filter(|key| self.is_in_tablespace(kind, key, &from.name))
            .collect();
        keys.sort_unstable();
        for key in keys {
            self.lock(&key, LockMode::AccessExclusive);
            match kind {
                ObjectKind::Index => self.effect.rebuild(key),
                _ => self.effect.rewrite(key),
            }
        }
    }

    /// Nothing is copied to where it is. What was put nowhere is in the
    /// tablespace of the database, `pg_default` unless the database was made in
    /// another (set_tablespace_same).
    fn is_in_tablespace(&self, kind: ObjectKind, key: &Key, wanted: &str) -> bool {
        let set = self.schema.setting(key, kind, "", &SettingName::Tablespace);
        let made_with = match self.relation_kind(key) {
            Some(Relation::Table(table)) => &table.options,
            Some(Relation::Index(index)) => &index.parameters,
            Some(Relation::View(view)) => &view.options,
            _ => return false,
        };
        match set {
            Some(set) => set == wanted,
            None if mentions(made_with, "tablespace") => mentions(made_with, wanted),
            None => wanted == "pg_default",
        }
    }

    /// comment_on_table, comment_on_constraint.
    fn comment(&mut self, kind: ObjectKind, name: &ObjectName, on: Option<&ObjectName>) {
        if let (true, Some(table)) = (kind != ObjectKind::Column, on) {
            let key = self.resolve(table);
            if self.schema.domain(&key).is_none() {
                self.lock(&key, LockMode::AccessShare);
            }
            return;
        }
        let key = match kind {
            ObjectKind::Column => self.table_of_column(name),
            kind => is_lockable(kind).then(|| self.resolve(name)),
        };
        if let Some(key) = key {
            self.lock(&key, LockMode::ShareUpdateExclusive);
        }
    }

    /// The table of `table.column`, which is read as a qualified name.
    pub(super) fn table_of_column(&self, column: &ObjectName) -> Option<Key> {
        let table = ObjectName {
            name: column.schema?,
            schema: None,
            ..column.clone()
        };
        Some(self.resolve(&table))
    }

    /// From 18 on GRANT locks the tables that it names (grant_select).
    fn grant(&mut self, grant: &Grant) {
        self.check_privileges(grant);
        if self.version < 18 || !(grant.on.is_relation() || grant.on == ObjectKind::Sequence) {
            return;
        }
        for name in &grant.objects {
            let key = self.resolve(name);
            self.lock(&key, LockMode::AccessShare);
        }
    }

    /// Each kind of objects has privileges of its own (grant_*). A table that is
    /// named without a kind may be a sequence.
    fn check_privileges(&mut self, grant: &Grant) {
        let Some(on) = privileged(grant) else { return };
        let may_be_sequence = grant.objects.iter().any(|name| {
            let relation = self.schema.relation(name);
            matches!(relation, None | Some(Relation::Sequence(_)))
        });
        for word in &grant.privileges {
            let is_on = |on: &str| is_privilege(word, on, self.version);
            let of_sequence = on == "table" && may_be_sequence && is_on("sequence");
            let is_word = word.bytes().all(|b| b.is_ascii_lowercase());
            if word != "all" && is_word && !is_on(on) && !of_sequence {
                self.refuse(format!(
                    "PostgreSQL {} has no privilege {} on a {on}",
                    self.version,
                    word.to_uppercase()
                ));
            }
        }
    }

    pub(super) fn view(&mut self) {
        match &self.scene.operation.action {
            Action::CreateView(create) => self.create_view(create),
            Action::RefreshView {
                name,
                concurrently,
                with_data,
            } => self.refresh(name, *concurrently, *with_data),
            Action::OtherViewChange { name } => {
                let key = self.resolve(name);
                self.lock(&key, LockMode::AccessExclusive);
            }
            _ => {}
        }
    }

    fn create_view(&mut self, create: &CreateView) {
        let key = self.new_key(&create.name, create.temporary);
        let exists = self.schema.relation_by_key(&key).is_some();
        if create.if_not_exists && exists {
            self.name_in(&create.query.text);
            return;
        }
        if create.columns.is_empty() {
            self.refuse_column_twice(&create.query.text);
        }
        let named = create.columns.len();
        let width = (named > 0).then(|| self.yields(&create.query.text));
        if let Some(width) = width.flatten().filter(|width| *width < named) {
            self.refuse(format!(
                "{width} columns of the query are given {named} names"
            ));
        }
        let barrier = create.reading.as_ref().and_then(|reading| reading.barrier);
        if let Some(barrier) = barrier.filter(|_| create.has_check_option()) {
            self.refuse(format!(
                "a view with CHECK OPTION hands on what is written to it, and its query has {barrier}"
            ));
        }
        if create.materialized && create.with_data {
            self.read_from(&create.query.text);
        } else {
            self.name_in(&create.query.text);
        }
        if exists && create.or_replace {
            if self.schema.view_by_key(&key).is_none() {
                self.refuse(format!("`{key}` is not a view"));
            }
            self.lock(&key, LockMode::AccessExclusive);
            self.check_replacement(&key, create);
        } else {
            self.create(key);
        }
    }

    fn refresh(&mut self, name: &ObjectName, concurrently: bool, with_data: bool) {
        let key = self.resolve(name);
        let view = self.schema.view_by_key(&key);
        let mode = if concurrently {
            LockMode::Exclusive
        } else {
            LockMode::AccessExclusive
        };
        self.lock(&key, mode);
        if concurrently && !with_data {
            self.refuse("REFRESH takes CONCURRENTLY or WITH NO DATA, not both");
        }
        if view.is_some_and(|view| !view.materialized) {
            self.refuse(format!("`{key}` is not a materialized view"));
        }
        if let Some(view) = view.filter(|_| !with_data) {
            for index in &view.indexes {
                self.lock(index, LockMode::AccessExclusive);
            }
            return;
        }
        let Some(view) = view else {
            if !concurrently {
                self.effect.rewrite(key);
            }
            return;
        };
        if concurrently {
            if !view.populated {
                self.refuse(format!("`{key}` is not populated"));
            }
            let unique = view.indexes.iter().any(|index| {
                self.index(index).is_none_or(|index| {
                    let partial = index.predicate.as_ref().is_some_and(|predicate| {
                        // One without columns may come to true for all rows.
                        columns_in(&predicate.text).is_none_or(|columns| !columns.is_empty())
                    });
                    index.unique && !partial && index.exprs.is_empty()
                })
            });
            if !unique {
                self.refuse(format!("`{key}` has no unique index"));
            }
        }
        for index in &view.indexes {
            if concurrently {
                self.lock(index, LockMode::RowExclusive);
            } else {
                self.rebuild(index);
            }
        }
        if !concurrently {
            self.effect.rewrite(key);
        }
        if concurrently || !view.indexes.is_empty() {
            self.scan(&key, ScanKind::Full);
        }
        if with_data {
            self.read_from(&view.query);
        }
    }

    /// Triggers, policies, rules, statistics and publications.
    pub(super) fn attached_object(&mut self) {
        match &self.scene.operation.action {
            Action::CreateTrigger(create) => {
                let key = self.resolve(&create.table);
                let named = |t: &Trigger| t.name == create.name.name;
                let known = self
                    .table(&key)
                    .is_some_and(|t| t.triggers.iter().any(named));
                if known && !create.or_replace {
                    self.refuse(format!(
                        "`{key}` has a trigger `{}` already",
                        create.name.name
                    ));
                }
                if create.or_replace {
                    self.needs(14, "CREATE OR REPLACE TRIGGER");
                }
                if let Some(function) = &create.function {
                    self.check_trigger_function(function);
                }
                self.check_trigger_form(&key, create);
                self.each(&key, Children::Partitions, false, |work, key, _| {
                    work.lock(key, LockMode::ShareRowExclusive);
                });
                if let Some(from) = &create.from {
                    let from = self.resolve(from);
                    self.lock(&from, LockMode::AccessShare);
                }
            }
            Action::CreatePolicy {
                name,
                table,
                clauses,
            }
            | Action::AlterPolicy {
                name,
                table,
                clauses,
            } => {
                let key = self.resolve(table);
                let created = matches!(self.scene.operation.action, Action::CreatePolicy { .. });
                let known = self.table(&key).filter(|_| created);
                if known.is_some_and(|t| t.policies.iter().any(|p| p.name == name.name)) {
                    self.refuse(format!("`{key}` has a policy `{}` already", name.name));
                }
                self.lock(&key, LockMode::AccessExclusive);
                self.check_policy_form(clauses);
                for condition in clauses.conditions() {
                    // policy_create_subquery_other_table
                    self.name_in(&condition.text);
                    self.check_place_of(&condition.text, Place::Policy);
                    self.refuse_missing_columns(&key, &condition.text);
                    self.refuse_uncomparable(&key, &condition.text);
                }
            }
            Action::CreateRule {
                table, definition, ..
            } => {
                let key = self.resolve(table);
                self.lock(&key, LockMode::AccessExclusive);
                self.name_in(&definition.text);
                self.name_written(&definition.text);
            }
            Action::CreateStatistics {
                table: Some(table), ..
            } => {
                let key = self.resolve(table);
                self.lock(&key, LockMode::ShareUpdateExclusive);
            }
            Action::CreateOther {
                kind: ObjectKind::Publication,
                definition,
                ..
            } => self.create_publication(definition),
            Action::AlterPublication {
                name,
                tables,
                change,
            } => {
                self.check_altered_publication(name, change);
                for table in tables {
                    let key = self.resolve(table);
                    self.lock(&key, LockMode::ShareUpdateExclusive);
                }
                self.check_members(name, tables, change);
            }
            _ => {}
        }
    }
}

impl Work<'_> {
    /// Each command has one of the two conditions, UPDATE both (policy_*).
    fn check_policy_form(&mut self, clauses: &PolicyClauses) {
        match clauses.command.as_str() {
            "insert" if clauses.using.is_some() => {
                self.refuse("a policy for INSERT has WITH CHECK alone");
            }
            "select" | "delete" if clauses.check.is_some() => {
                self.refuse("WITH CHECK is not for SELECT and DELETE");
            }
            _ => {}
        }
    }

    /// When a trigger may fire, and what its condition may name
    /// (create_trigger_*).
    fn check_trigger_form(&mut self, key: &Key, create: &CreateTrigger) {
        let says = |word: &str| mentions(&create.events.text, word);
        let each_row = mentions(&create.clauses.text, "row");
        match self.relation_kind(key) {
            Some(Relation::Table(_)) if says("instead") => {
                self.refuse(format!("`{key}` is a table: INSTEAD OF is for views"));
            }
            Some(Relation::View(view)) if !view.materialized && each_row && !says("instead") => {
                self.refuse(format!(
                    "`{key}` is a view: a trigger for each row fires INSTEAD OF"
                ));
            }
            _ => {}
        }
        let part = self.table(key).filter(|table| {
            table.is_partitioned() || table.partition.is_some() || !table.inherits.is_empty()
        });
        if part.is_some() && has_transition_tables(&create.clauses.text) {
            self.refuse(format!(
                "`{key}` is a part of a tree of tables: no trigger for each row has transition tables"
            ));
        }
        if each_row && says("truncate") {
            self.refuse("TRUNCATE fires no trigger for each row");
        }
        for column in &create.columns {
            self.refuse_missing_column(key, column);
        }
        let Some(when) = &create.when else { return };
        self.check_place_of(&when.text, Place::When);
        let rows = ["old", "new"];
        if !each_row && rows.iter().any(|row| names_row(&when.text, row)) {
            self.refuse("the condition of a trigger for each statement cannot name columns");
        }
        for (row, absent) in [("old", "insert"), ("new", "delete")] {
            if says(absent) && names_row(&when.text, row) {
                self.refuse(format!(
                    "the condition of a trigger on {} cannot name {}",
                    absent.to_uppercase(),
                    row.to_uppercase()
                ));
            }
        }
        let columns = self.columns_of_key(key);
        let rows = ["old", "new"].map(|row| (Name::new(row), columns.clone()));
        self.check_expression(&when.text, rows.into());
    }

    fn check_trigger_function(&mut self, function: &ObjectName) {
        let key = self.schema.resolve_routine(function);
        let known = self.schema.routines(&key);
        let wrong =
            |routine: &Arc<Routine>| routine.returns.is_some() && !routine.is_for_triggers();
        if !known.is_empty() && known.iter().all(wrong) {
            self.refuse(format!("function `{key}` does not return trigger"));
        }
    }

    /// The tables that the actions of a rule write to
    /// (create_rule_also_other_table).
    fn name_written(&mut self, text: &str) {
        let tokens = Tokens::of(text);
        let mut cursor = Cursor::new(text, &tokens.list);
        while !cursor.done() {
            let writes = cursor.eat_words(&["INSERT", "INTO"])
                || cursor.eat_words(&["DELETE", "FROM"])
                || cursor.eat_word("UPDATE");
            if !writes {
                cursor.bump();
                continue;
            }
            cursor.eat_word("ONLY");
            if let Some(name) = ObjectName::read(&mut cursor) {
                let key = self.resolve(&name);
                self.lock(&key, LockMode::RowExclusive);
            }
        }
    }

    /// FOR TABLE locks what it names, partitions not (create_publication_*).
    fn create_publication(&mut self, definition: &str) {
        let tokens = Tokens::of(definition);
        let mut cursor = Cursor::new(definition, &tokens.list);
        while !cursor.done() {
            if cursor.eat_words(&["TABLES", "IN"]) {
                self.needs(15, "publications of schemas");
            } else if cursor.eat_word("TABLE") {
                self.published(&mut cursor);
            } else {
                cursor.bump();
            }
        }
    }

    fn published(&mut self, cursor: &mut Cursor<'_>) {
        loop {
            let only = cursor.eat_word("ONLY");
            let Some(name) = ObjectName::read(cursor) else {
                return;
            };
            let key = self.resolve(&name);
            self.check_published(&name);
            let children = match self.table(&key).is_some_and(Table::is_partitioned) {
                true => Children::No,
                false => Children::Yes,
            };
            self.each(&key, children, only, |work, key, _| {
                work.lock(key, LockMode::ShareUpdateExclusive);
            });
            let columns = cursor.group().is_some();
            let rows = cursor.eat_word("WHERE") && cursor.group().is_some();
            if columns || rows {
                self.needs(15, "publications of some columns or rows");
            }
            if !cursor.eat(TokenKind::Comma) {
                return;
            }
        }
    }
}

/// What the privileges are on, as `data/privileges.tsv` names it; `None` for
/// roles and what is not listed there.
fn privileged(grant: &Grant) -> Option<&'static str> {
    let last = grant.what.rsplit(char::is_whitespace).next();
    let last = last.unwrap_or_default().to_ascii_lowercase();
    Some(match grant.on {
        ObjectKind::Table => "table",
        ObjectKind::Sequence => "sequence",
        ObjectKind::Database => "database",
        ObjectKind::Schema => "schema",
        ObjectKind::Type | ObjectKind::Domain => "type",
        ObjectKind::Language => "language",
        kind if kind.is_routine() => "function",
        ObjectKind::Privileges => match last.as_str() {
            "tables" => "table",
            "sequences" => "sequence",
            "functions" | "routines" => "function",
            "types" => "type",
            "schemas" => "schema",
            _ => return None,
        },
        _ => return None,
    })
}

/// Does a condition name the old or the new row: `OLD.a`, `OLD IS …`?
fn names_row(condition: &str, row: &str) -> bool {
    let tokens = Tokens::of(condition);
    let behind_dot = |n: usize| {
        let before = n.checked_sub(1).and_then(|n| tokens.list.get(n));
        before.is_some_and(|before| before.kind == TokenKind::Dot)
    };
    let mut list = tokens.list.iter().enumerate();
    list.any(|(n, token)| is_word(*token, condition, row) && !behind_dot(n))
}

/// Kinds that are relations, and so have locks of their own.
fn is_lockable(kind: ObjectKind) -> bool {
    kind.is_relation() || matches!(kind, ObjectKind::Index | ObjectKind::Sequence)
}
