//! What stands around an operation: what the script did before it and does
//! after it, and what others can know of it.

use super::domain::base_of;
use super::{
    Facet, NEARBY, OpenedBy, OperationContext, keeps_null_out, mentions, sql_ident, sql_object,
    sql_type,
};
use crate::name::Name;
use crate::operation::{
    Action, Column, Constraint, ConstraintKind, CreateRoutine, Ident, ObjectKind, ObjectName,
    Operation, Target,
};
use crate::schema::signature::stands_in;
use crate::schema::{Key, Origin, Place, Routine, Table, TableConstraint};
use std::ops::Range;
use std::sync::Arc;

impl<'a> OperationContext<'a> {
    pub fn is_same(&self, a: &ObjectName, b: &ObjectName) -> bool {
        a.name == b.name && self.schema.resolve(a) == self.schema.resolve(b)
    }

    /// Nothing there that a DROP or ALTER could reach: `IF EXISTS` on a
    /// relation that the history never met, or one that it dropped.
    pub fn is_absent(&self, name: &ObjectName, if_exists: bool) -> bool {
        self.schema.relation(name).is_none()
            && (if_exists
                || self
                    .schema
                    .was_dropped(&self.schema.resolve(name))
                    .is_some())
    }

    /// Nobody outside of this migration knows a relation by this name: it is
    /// new, it is not there, or the migration gave it the name.
    pub fn is_unknown_to_others(&self, name: &ObjectName) -> bool {
        let key = self.schema.resolve(name);
        self.is_new_key(&key)
            || self
                .earlier_on(Facet::Object, &key.name)
                .any(|op| self.renames_to(op, &key))
    }

    /// The migration took the relation's name for another, and keeps it beside.
    pub fn is_set_aside(&self, key: &Key) -> bool {
        self.earlier_on(Facet::Object, &key.name).any(|op| {
            let Action::Rename { name, .. } = &op.action else {
                return false;
            };
            let taken = || self.later_on(Facet::Object, &name.name);
            self.renames_to(op, key)
                && (self.schema.relation(name).is_some()
                    || taken().any(|op| self.puts(op, &self.schema.resolve(name))))
        })
    }

    /// A table that others use, by the name that they use.
    pub fn is_used(&self, target: &Target) -> bool {
        !self.is_absent(&target.name, target.if_exists) && !self.is_unknown_to_others(&target.name)
    }

    /// A column that was there before this migration, as far as the history
    /// knows.
    pub fn is_old_column(&self, target: &Target, column: &str) -> bool {
        self.is_used(target)
            && !self.column_is_new(target, column)
            && self
                .table(&target.name)
                .is_none_or(|t| !t.columns_known || t.column(column).is_some())
    }

    /// Is NOT NULL, which no primary key asks for, what makes an INSERT fail
    /// that leaves a column of the table out?
    pub fn must_be_given(&self, target: &Target, column: &str) -> bool {
        self.table(&target.name).is_some_and(|table| {
            let key = table.primary_key();
            let in_key = key.is_some_and(|key| key.columns.iter().any(|c| c == column));
            let known = table.column(column).filter(|c| c.not_null && !in_key);
            known.is_some_and(|column| self.must_be_written(column, &[]))
        })
    }

    /// Does a primary key, or what another table refers to, stand on the column?
    pub fn stands_on_it(&self, target: &Target, column: &str) -> bool {
        let Some(table) = self.table(&target.name) else {
            return false;
        };
        let key = table.primary_key();
        let in_key = key.is_some_and(|key| key.columns.iter().any(|c| c == column));
        let refers = |key: &Key| {
            let other = self.schema.table_by_key(key);
            other.into_iter().flat_map(|t| &t.constraints).any(|c| {
                c.references == Some(table.key) && c.referenced.iter().any(|c| c == column)
            })
        };
        in_key || table.referenced_by.iter().any(refers)
    }

    /// The statement that lets INSERTs leave these columns out, where one of them
    /// has to be given: a domain that asks for a value makes way for its base.
    pub fn lets_be_left_out(&self, target: &Target, columns: &[&Ident]) -> Option<String> {
        let mut changes = Vec::new();
        for column in columns {
            let name = sql_ident(column);
            if self.must_be_given(target, &column.name) {
                changes.push(format!("ALTER COLUMN {name} DROP NOT NULL"));
            }
            let known = self
                .table(&target.name)
                .and_then(|t| t.column(&column.name));
            if let Some(known) = known.filter(|c| self.schema.type_keeps_null_out(&c.ty)) {
                let base = sql_type(&base_of(self.schema, &known.ty));
                changes.push(format!("ALTER COLUMN {name} TYPE {base}"));
            }
        }
        let table = sql_object(&target.name);
        (!changes.is_empty()).then(|| format!("ALTER TABLE {table} {};", changes.join(", ")))
    }

    /// Where the transaction has locked the table against readers before.
    pub fn closed_since(&self, table: &ObjectName) -> Option<Place> {
        self.closed.since(&self.schema.resolve(table))
    }

    /// Does the script later put a relation where this one was?
    pub fn is_replaced(&self, name: &ObjectName) -> bool {
        self.is_replaced_key(&self.schema.resolve(name))
    }

    /// The same for what is not named.
    pub fn is_replaced_key(&self, key: &Key) -> bool {
        self.later_on(Facet::Object, &key.name)
            .any(|op| self.puts(op, key))
    }

    /// The same for anything but CREATE TABLE, which starts without the rows.
    pub fn is_replaced_with_rows(&self, name: &ObjectName) -> bool {
        let key = self.schema.resolve(name);
        self.later_on(Facet::Object, &key.name).any(|op| {
            self.puts(op, &key)
                && match &op.action {
                    Action::CreateTable(create) => create.source.is_some(),
                    _ => true,
                }
        })
    }

    /// A relation is dropped or renamed, and the script puts one in its place
    /// that has the rows.
    pub fn comes_back(&self) -> bool {
        match &self.operation.action {
            Action::Drop { kind, name, .. } => {
                kind.is_relation() && self.is_replaced_with_rows(name)
            }
            // The rows are there under another name, to be copied.
            Action::Rename { kind, name, .. } => kind.is_relation() && self.is_replaced(name),
            _ => false,
        }
    }

    /// Does the script give the relation another name later?
    pub fn is_renamed_later(&self, key: &Key) -> bool {
        let mut later = self.later_on(Facet::Object, &key.name);
        later.any(|op| match &op.action {
            Action::Rename { kind, name, .. } | Action::SetSchema { kind, name, .. } => {
                kind.is_relation() && self.schema.resolve(name) == *key
            }
            _ => false,
        })
    }

    /// The names that a relation has from here to the end of the script, its own
    /// first.
    pub fn names_to_come(&self, name: &ObjectName) -> Vec<Key> {
        let mut names = vec![self.schema.resolve(name)];
        let mut key = names[0];
        loop {
            let next = |op: &Operation| match &op.action {
                Action::Rename { kind, name, to, .. }
                    if kind.is_relation() && self.schema.resolve(name) == key =>
                {
                    Some(Key::new(key.schema, to.name))
                }
                Action::SetSchema { kind, name, to, .. }
                    if kind.is_relation() && self.schema.resolve(name) == key =>
                {
                    Some(Key::new(to.name, key.name))
                }
                _ => None,
            };
            let renamed = self.later_on(Facet::Object, &key.name).find_map(next);
            match renamed.filter(|next| !names.contains(next)) {
                Some(next) => names.push(next),
                None => return names,
            }
            key = names[names.len() - 1];
        }
    }

    /// Has the script dropped the relation, or will it?
    pub fn goes_with_the_script(&self, name: &ObjectName) -> bool {
        let key = self.schema.resolve(name);
        self.around_on(Facet::Object, &key.name)
            .any(|op| match &op.action {
                Action::Drop { kind, name, .. } => {
                    kind.is_relation() && self.schema.resolve(name) == key
                }
                _ => false,
            })
    }

    /// Has the script taken every row of the table away before, and written none
    /// since?
    pub fn is_emptied(&self, table: &ObjectName) -> bool {
        let empties = |op: &Operation| match &op.action {
            Action::Truncate { tables, .. } => {
                Some(true).filter(|_| tables.iter().any(|name| self.is_same(name, table)))
            }
            Action::Delete(delete) => {
                Some(true).filter(|_| delete.filter.is_none() && self.is_same(&delete.table, table))
            }
            Action::Insert(insert) => Some(false).filter(|_| self.is_same(&insert.table, table)),
            Action::Copy {
                table: Some(name),
                from: true,
                ..
            } => Some(false).filter(|_| self.is_same(name, table)),
            _ => None,
        };
        let earlier = self.earlier_on(Facet::Rows, &table.name);
        earlier.rev().find_map(empties).unwrap_or_default()
    }

    /// Does the script drop the table later?
    pub fn is_dropped_later(&self, name: &ObjectName) -> bool {
        self.goes_later(&self.schema.resolve(name))
    }

    /// The same for a relation by its key.
    pub fn goes_later(&self, key: &Key) -> bool {
        self.later_on(Facet::Object, &key.name)
            .any(|op| match &op.action {
                Action::Drop { kind, name, .. } => {
                    kind.is_relation() && self.schema.resolve(name) == *key
                }
                _ => false,
            })
    }

    /// Does the script later give the table a column of this name?
    pub fn column_returns(&self, target: &Target, column: &str) -> Option<&'a Operation> {
        self.later_on(Facet::Part, column)
            .find(|op| match &op.action {
                Action::AddColumn {
                    table, column: c, ..
                } => c.name == column && self.is_same(&table.name, &target.name),
                Action::RenameColumn { table, to, .. } => {
                    to.name == column && self.is_same(&table.name, &target.name)
                }
                _ => false,
            })
    }

    /// Does a new column take the name of one that the script drops? One statement
    /// drops before it adds.
    pub fn replaces_dropped(&self, target: &Target, column: &str) -> bool {
        let drops = |op: &Operation| match &op.action {
            Action::DropColumn {
                table, column: c, ..
            } => c.name == column && self.is_same(&table.name, &target.name),
            _ => false,
        };
        self.earlier_on(Facet::Part, column)
            .chain(self.siblings)
            .any(drops)
    }

    /// Has the script given the column this name?
    pub fn column_is_renamed(&self, target: &Target, column: &str) -> bool {
        self.earlier_on(Facet::Part, column)
            .any(|op| match &op.action {
                Action::RenameColumn { table, to, .. } => {
                    to.name == column && self.is_same(&table.name, &target.name)
                }
                _ => false,
            })
    }

    /// Does the script drop the column later, or its table?
    pub fn column_goes(&self, target: &Target, column: &str) -> bool {
        self.is_dropped_later(&target.name)
            || self
                .later_on(Facet::Part, column)
                .any(|op| match &op.action {
                    Action::DropColumn {
                        table, column: c, ..
                    } => c.name == column && self.is_same(&table.name, &target.name),
                    _ => false,
                })
    }

    /// Does the script drop a column later, by whatever name it has then?
    pub fn column_goes_in_the_end(&self, target: &Target, column: &Name) -> bool {
        let mut name = *column;
        let mut later = self.later_on(Facet::Table, &target.name.name);
        later.any(|op| match &op.action {
            Action::RenameColumn { table, column, to } => {
                if column.name == name && self.is_same(&table.name, &target.name) {
                    name = to.name;
                }
                false
            }
            Action::DropColumn { table, column, .. } => {
                column.name == name && self.is_same(&table.name, &target.name)
            }
            _ => false,
        })
    }

    /// Does another statement of the same transaction close the table to reads
    /// and writes?
    pub fn is_closed_anyway(&self, table: &Key) -> bool {
        let closes = |op: &Operation| {
            altered_table(&op.action).is_some_and(|t| self.schema.resolve(t) == *table)
        };
        let (script, names) = (self.scene.script, &self.scene.names);
        let alongside = |part: Range<usize>| {
            let named = names.positions(script, Facet::Table, &table.name).iter();
            let mut named = named.map(|at| *at as usize).filter(|at| *at != self.index);
            named.any(|at| part.contains(&at) && closes(script[at]))
        };
        // A block is a transaction, or within one.
        self.operation.within.block && self.siblings.iter().any(closes)
            || self.transaction_part().is_some_and(alongside)
    }

    /// Does the transaction do more once this statement is done? Then its locks are
    /// kept as long.
    pub fn goes_on(&self) -> bool {
        const ENDS: &[&str] = &["COMMIT", "END", "ROLLBACK", "ABORT"];
        let word = self.frame.word_behind(self.statement);
        let ends = |word: &str| ENDS.iter().any(|end| word.eq_ignore_ascii_case(end));
        self.run.transaction.is_some() && word.is_some_and(|word| !ends(word))
    }

    /// The operations of the script that stand between the statements which begin or
    /// end a transaction, if one is open here.
    fn transaction_part(&self) -> Option<Range<usize>> {
        let script = self.scene.script;
        let controls = self.scene.names.positions(script, Facet::Control, "");
        let is_open = match self.run.opened_by {
            OpenedBy::Nobody => false,
            OpenedBy::Runner => controls.is_empty(),
            OpenedBy::ImplicitString | OpenedBy::Script => true,
        };
        let behind = controls.partition_point(|at| (*at as usize) < self.index);
        let start = behind
            .checked_sub(1)
            .map_or(0, |n| controls[n] as usize + 1);
        let end = controls.get(behind).map_or(script.len(), |at| *at as usize);
        (is_open && self.scene.frames.len() == 1).then_some(start..end)
    }

    /// Is the script one transaction from end to end?
    fn is_one_transaction(&self) -> bool {
        let controls = self.around_on(Facet::Control, "").count();
        let is_whole = match self.run.opened_by {
            OpenedBy::Nobody => false,
            OpenedBy::Runner | OpenedBy::ImplicitString => controls == 0,
            OpenedBy::Script => controls == 2,
        };
        is_whole && self.scene.frames.len() == 1
    }

    /// Does an INSERT of the old release into the table fail for certain, for a
    /// column that it must name and that goes, or one that it cannot know and
    /// that must have a value?
    pub fn old_inserts_fail(&self, target: &Target) -> bool {
        let known = self.table(&target.name);
        self.around_on(Facet::Table, &target.name.name)
            .any(|op| match &op.action {
                Action::DropColumn { table, column, .. }
                | Action::RenameColumn { table, column, .. } => {
                    self.is_same(&table.name, &target.name)
                        && known.is_some_and(|t| t.is_not_null(&column.name))
                        && !self.fills_itself(&target.name, &column.name)
                        && !self.column_is_new(target, &column.name)
                }
                Action::AddColumn {
                    table,
                    column,
                    constraints,
                    ..
                } => {
                    self.is_same(&table.name, &target.name)
                        && self.must_be_written(column, constraints)
                }
                _ => false,
            })
    }

    /// Does an INSERT fail that leaves this new column out?
    pub fn must_be_written(&self, column: &Column, constraints: &[Constraint]) -> bool {
        let is_key = |c: &Constraint| matches!(c.kind, ConstraintKind::PrimaryKey(_));
        self.schema.is_left_null(column)
            && (column.not_null
                || constraints.iter().any(is_key)
                || self.schema.type_keeps_null_out(&column.ty))
    }

    /// Does the script take NOT NULL from the column later?
    pub fn allows_null_later(&self, target: &Target, column: &str) -> bool {
        self.later_on(Facet::Part, column)
            .any(|op| match &op.action {
                Action::DropNotNull {
                    table, column: c, ..
                } => c.name == column && self.is_same(&table.name, &target.name),
                _ => false,
            })
    }

    /// Does the script give the column a default, or an identity, later?
    pub fn default_returns(&self, target: &Target, column: &str) -> bool {
        self.default_returns_to(&self.schema.resolve(&target.name), column)
    }

    pub fn default_returns_to(&self, key: &Key, column: &str) -> bool {
        self.later_on(Facet::Part, column)
            .any(|op| match &op.action {
                Action::SetDefault {
                    table, column: c, ..
                }
                | Action::AddIdentity {
                    table, column: c, ..
                } => c.name == column && self.schema.resolve(&table.name) == *key,
                _ => false,
            })
    }

    /// Does a column hold a value where an INSERT names none?
    pub fn fills_itself(&self, table: &ObjectName, column: &str) -> bool {
        let column = self.table(table).and_then(|t| t.column(column));
        column.is_some_and(|c| !self.schema.is_left_null(c))
    }

    /// Has the script deleted rows of the table?
    pub fn deletes_before(&self, table: &ObjectName) -> bool {
        let mut earlier = self.earlier_on(Facet::Rows, &table.name).rev().take(NEARBY);
        earlier.any(|op| match &op.action {
            Action::Delete(delete) => self.is_same(&delete.table, table),
            _ => false,
        })
    }

    /// Has the script seen to the rows that hold NULL in a column: given them values,
    /// or deleted them?
    pub fn has_given_values(&self, table: &ObjectName, column: &str) -> bool {
        let mut earlier = self.earlier_on(Facet::Rows, &table.name).rev().take(NEARBY);
        earlier.any(|op| match &op.action {
            Action::Update(update) => {
                self.is_same(&update.table, table)
                    && update.columns.iter().any(|c| c.name == column)
            }
            Action::Delete(delete) => {
                let filter = delete.filter.as_ref();
                self.is_same(&delete.table, table)
                    && filter.is_none_or(|filter| mentions(&filter.text, column))
            }
            _ => false,
        })
    }

    /// Does a trigger give a column a value in what an INSERT (`insert`) or an
    /// UPDATE (`update`) writes? One that the same transaction makes later is
    /// there when the table can be written again.
    pub fn is_filled(&self, table: &ObjectName, column: &str, event: &str) -> bool {
        let known = self.table(table);
        let later = |op: &Operation| match &op.action {
            Action::CreateTrigger(trigger) if self.is_same(&trigger.table, table) => {
                let made = trigger.function.as_ref().and_then(|name| self.made(name));
                self.schema.will_fill(trigger, made, column, event)
            }
            _ => false,
        };
        known.is_some_and(|table| self.schema.fills(table, column, event))
            || self.later_on(Facet::Table, &table.name).any(later) && self.is_one_transaction()
    }

    /// What the script makes of a function after this operation.
    fn made(&self, name: &ObjectName) -> Option<&'a CreateRoutine> {
        let mut later = self.later_on(Facet::Object, &name.name).rev();
        later.find_map(|op| match &op.action {
            Action::CreateRoutine(create)
                if create.name.name == name.name
                    && self.schema.resolve_routine(&create.name)
                        == self.schema.resolve_routine(name) =>
            {
                Some(&**create)
            }
            _ => None,
        })
    }

    /// Does a check of an earlier migration keep NULL out? The old release has
    /// lived with it since. So does its type, where that is a domain.
    pub fn refuses_null_already(&self, target: &Target, column: &str) -> bool {
        let table = self.table(&target.name);
        table.is_some_and(|table| self.has_kept_null_out(table, column))
    }

    /// Of a partitioned table, all partitions may do so: it holds no other rows.
    fn has_kept_null_out(&self, table: &Table, column: &str) -> bool {
        let by_type = table.column(column).is_some_and(|c| {
            self.schema.type_keeps_null_out(&c.ty)
                && !table.column_is_new_in(column, self.schema.migration())
        });
        let keeps = |child: &Key| {
            let child = self.schema.table_by_key(child);
            child.is_some_and(|c| c.is_not_null(column) || self.has_kept_null_out(c, column))
        };
        let by_parts = table.is_partitioned()
            && !table.children.is_empty()
            && table.children.iter().all(keeps);
        by_type
            || by_parts
            || table.constraints.iter().any(|constraint| {
                let enforced = constraint.added_in < self.schema.migration()
                    && !constraint.definition.not_enforced;
                enforced
                    && match &constraint.definition.kind {
                        ConstraintKind::Check(expr) => keeps_null_out(&expr.text, column),
                        ConstraintKind::NotNull(c) => c.name == column,
                        _ => false,
                    }
            })
    }

    /// Are these columns written by the old release, so that a new rule about
    /// them meets its writes? A new column that it leaves out is NULL, which
    /// keys and references let pass.
    pub fn old_writes_meet(&self, target: &Target, columns: &[Name]) -> bool {
        let new = |c: &&Name| self.column_is_new(target, c);
        let fills = |c: &Name| self.fills_itself(&target.name, c);
        self.is_used(target)
            && !columns.iter().filter(new).any(|c| !fills(c))
            && (columns.is_empty() || columns.iter().any(|c| !new(&c)))
    }

    pub fn is_new_column(&self, table: &ObjectName, column: &str) -> bool {
        self.is_new(table)
            || self
                .table(table)
                .is_some_and(|t| t.column_is_new_in(column, self.schema.migration()))
    }

    /// Known as the primary key, or named like one where nothing is known.
    pub fn is_primary_key(&self, target: &Target, constraint: &str) -> bool {
        let known = self.table(&target.name);
        match known.and_then(|t| t.constraint(constraint)) {
            Some(c) => matches!(c.definition.kind, ConstraintKind::PrimaryKey(_)),
            None => {
                !known.is_some_and(Table::is_known)
                    && constraint == format!("{}_pkey", target.name.name)
            }
        }
    }

    /// Does the script give the table a primary key later, or put a table that
    /// has one in its place?
    pub fn gets_primary_key(&self, target: &Target) -> bool {
        let primary = |c: &Constraint| matches!(c.kind, ConstraintKind::PrimaryKey(_));
        let replaced = |op: &Operation| {
            matches!(&op.action, Action::CreateTable(create)
                if create.name.name == target.name.name && create.constraints.iter().any(primary))
        };
        if self
            .later_on(Facet::Object, &target.name.name)
            .any(replaced)
        {
            return true;
        }
        self.later_on(Facet::Table, &target.name.name)
            .any(|op| match &op.action {
                Action::AddConstraint { table, constraint } => {
                    primary(constraint) && self.is_same(&table.name, &target.name)
                }
                Action::AddColumn {
                    table, constraints, ..
                } => self.is_same(&table.name, &target.name) && constraints.iter().any(primary),
                _ => false,
            })
    }

    /// Does the script drop a constraint of this name later?
    pub fn constraint_goes(&self, target: &Target, name: &str) -> bool {
        self.later_on(Facet::Part, name).any(|op| match &op.action {
            Action::DropConstraint { table, name: n, .. } => {
                n.name == name && self.is_same(&table.name, &target.name)
            }
            _ => false,
        })
    }

    /// Does it before anybody else can meet it?
    pub fn goes_in_time(&self, target: &Target, name: &str) -> bool {
        self.is_one_transaction() && self.constraint_goes(target, name)
    }

    /// Does the script add a constraint of this name, or of the same kind over
    /// the same columns, later?
    pub fn is_constraint_put_back(&self, target: &Target, name: &str) -> bool {
        let names = self.names_to_come(&target.name);
        let old = self.table(&target.name).and_then(|t| t.constraint(name));
        let columns = old.map(|old| self.columns_to_come(&names, &old.columns));
        let mut later = names
            .iter()
            .flat_map(|key| self.later_on(Facet::Table, &key.name));
        later.any(|op| self.is_like_constraint(&op.action, &names, name, columns.as_deref()))
    }

    /// What columns of a table, which has these names one after the other, are called
    /// in the end.
    fn columns_to_come(&self, names: &[Key], columns: &[Name]) -> Vec<Name> {
        let mut columns = columns.to_vec();
        for key in names {
            for op in self.later_on(Facet::Table, &key.name) {
                if let Action::RenameColumn { table, column, to } = &op.action
                    && self.schema.resolve(&table.name) == *key
                {
                    let renamed = columns.iter_mut().find(|own| **own == column.name);
                    renamed.into_iter().for_each(|own| *own = to.name);
                }
            }
        }
        columns
    }

    /// Does the down?
    pub fn constraint_goes_back(&self, target: &Target, name: &str) -> bool {
        let names = [self.schema.resolve(&target.name)];
        self.back_on(Facet::Table, &target.name.name)
            .any(|op| self.is_like_constraint(&op.action, &names, name, None))
    }

    /// Is a constraint added to the first of the tables, or to what that becomes, that
    /// has the name of one there or is over the same columns? `columns` are what those
    /// become.
    fn is_like_constraint(
        &self,
        action: &Action,
        tables: &[Key],
        name: &str,
        columns: Option<&[Name]>,
    ) -> bool {
        let Action::AddConstraint { table, constraint } = action else {
            return false;
        };
        let known = tables.first().and_then(|key| self.schema.table_by_key(key));
        let old = known.and_then(|t| t.constraint(name));
        let named = constraint.name.as_ref().is_some_and(|n| n.name == name);
        let is_over = |own: &[Name], old: &TableConstraint| {
            own == old.columns || columns.is_some_and(|columns| own == columns)
        };
        let alike = old.is_some_and(|old| match (&old.definition.kind, &constraint.kind) {
            (ConstraintKind::Unique(_), ConstraintKind::Unique(key)) => is_over(&key.columns, old),
            (ConstraintKind::ForeignKey(_), ConstraintKind::ForeignKey(key)) => {
                is_over(&key.columns, old)
            }
            (ConstraintKind::Check(_), ConstraintKind::Check(check)) => old
                .columns
                .iter()
                .all(|column| mentions(&check.text, column)),
            _ => false,
        });
        tables.contains(&self.schema.resolve(&table.name)) && (named || alike)
    }

    /// Is a constraint or index of this name, on whatever table, dropped
    /// earlier in the script? Then what is added under it was there before in
    /// some form.
    pub fn was_there_as(&self, target: &ObjectName, name: &str) -> bool {
        let constraint = |op: &Operation| match &op.action {
            Action::DropConstraint { table, .. } => self.is_same(&table.name, target),
            _ => false,
        };
        let index = |op: &Operation| {
            matches!(
                &op.action,
                Action::Drop {
                    kind: ObjectKind::Index,
                    ..
                }
            )
        };
        self.earlier_on(Facet::Part, name).any(constraint)
            || self.earlier_on(Facet::Object, name).any(index)
    }

    pub fn is_from_here(&self, origin: Origin) -> bool {
        matches!(origin, Origin::Created { migration, .. } if migration == self.schema.migration())
    }

    /// The key of a type or domain.
    pub fn type_key(&self, name: &ObjectName) -> Key {
        match &name.schema {
            Some(schema) => Key::new(*schema, name.name),
            None => self.schema.resolve_type(&name.name),
        }
    }

    pub fn type_exists(&self, key: &Key) -> bool {
        self.schema.enum_or_type(key).is_some() || self.schema.domain(key).is_some()
    }

    /// A type that others cannot know: new here, or given this name here.
    pub fn is_new_type(&self, key: &Key) -> bool {
        self.schema.is_created_now(key)
            || self
                .earlier_on(Facet::Object, &key.name)
                .any(|op| match &op.action {
                    Action::Rename {
                        kind: ObjectKind::Type | ObjectKind::Domain,
                        name,
                        to,
                        ..
                    } => to.name == key.name && name.name != key.name,
                    _ => false,
                })
    }

    /// Is a type of this name created by the script after this operation?
    pub fn type_returns(&self, key: &Key) -> bool {
        self.later_on(Facet::Object, &key.name)
            .any(|op| match &op.action {
                Action::CreateType(create) => create.name.name == key.name,
                Action::CreateDomain(create) => create.name.name == key.name,
                Action::Rename {
                    kind: ObjectKind::Type | ObjectKind::Domain,
                    to,
                    ..
                } => to.name == key.name,
                _ => false,
            })
    }

    /// The columns that have this type, as ``column `table.column` ``.
    pub fn columns_of_type(&self, key: &Key) -> Vec<String> {
        let columns = self.schema.columns_of_type(key).into_iter();
        let mut found: Vec<String> = columns
            .filter(|(table, _)| !self.is_new_key(&table.key))
            .map(|(table, column)| format!("column `{}.{}`", table.key, column.name))
            .collect();
        found.sort_unstable();
        found
    }

    /// Every routine of this name returns a trigger: nobody calls it by name.
    pub fn is_trigger_function(&self, key: &Key) -> bool {
        let overloads = self.schema.routines(key);
        !overloads.is_empty() && overloads.iter().all(|routine| routine.is_for_triggers())
    }

    /// Does the script create a routine of this name after this operation?
    pub fn routine_returns(&self, key: &Key) -> bool {
        self.later_on(Facet::Object, &key.name)
            .any(|op| match &op.action {
                Action::CreateRoutine(create) => self.schema.resolve_routine(&create.name) == *key,
                _ => false,
            })
    }

    /// The same, and the calls that a routine of these arguments takes still find
    /// one: `given` is what a DROP names, where it names anything.
    pub fn routine_returns_for(
        &self,
        key: &Key,
        given: Option<&str>,
    ) -> Option<(Option<&'a Routine>, &'a CreateRoutine)> {
        let known = self.schema.routines(key);
        let meant = |routine: &&Arc<Routine>| given.is_none_or(|given| routine.takes(given));
        let old = known.iter().find(meant).map(|routine| &**routine);
        let arguments = old.map(|routine| &*routine.arguments).or(given);
        let mut later = self.later_on(Facet::Object, &key.name);
        let again = later.find_map(|op| match &op.action {
            Action::CreateRoutine(create) => {
                let is_it = self.schema.resolve_routine(&create.name) == *key
                    && arguments.is_none_or(|old| stands_in(&create.arguments, old));
                is_it.then_some(&**create)
            }
            _ => None,
        });
        again.map(|create| (old, create))
    }

    /// Does an operation leave a relation under this key?
    pub(super) fn puts(&self, op: &Operation, key: &Key) -> bool {
        match &op.action {
            Action::CreateTable(create) => self.schema.resolve(&create.name) == *key,
            Action::CreateView(create) => self.schema.resolve(&create.name) == *key,
            _ => self.renames_to(op, key),
        }
    }

    fn renames_to(&self, op: &Operation, key: &Key) -> bool {
        match &op.action {
            Action::Rename { kind, name, to, .. } => {
                kind.is_relation()
                    && to.name == key.name
                    && self.schema.resolve(name).schema == key.schema
            }
            Action::SetSchema { kind, name, to, .. } => {
                kind.is_relation() && to.name == key.schema && name.name == key.name
            }
            _ => false,
        }
    }
}

/// The table that an operation closes to reads and writes while it changes a
/// column or constraint of it; what takes weaker locks is left out.
fn altered_table(action: &Action) -> Option<&ObjectName> {
    match action {
        Action::AddColumn { table, .. }
        | Action::DropColumn { table, .. }
        | Action::AlterColumnType { table, .. }
        | Action::SetDefault { table, .. }
        | Action::DropDefault { table, .. }
        | Action::SetNotNull { table, .. }
        | Action::DropNotNull { table, .. }
        | Action::RenameColumn { table, .. }
        | Action::DropConstraint { table, .. } => Some(&table.name),
        _ => None,
    }
}
