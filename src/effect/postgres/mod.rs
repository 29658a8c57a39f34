//! PostgreSQL 13 to 18.
//!
//! [`effect`] hands an operation to the file of its family. What is a plain
//! mapping stands in `data/`; what the server decides by looking at the schema
//! (which indexes go along, what a CHECK proves, what CASCADE reaches) is code.
//! Every statement about the server is held against measurements by
//! `tests/truth.rs`; case names in comments are rows of
//! `fixtures/truth/postgres.tsv`.
//!
//! Not measured, but taken from the server's source or manual: the lock on
//! tables that refer to a partitioned parent when a partition is attached;
//! index locks of `INSERT … ON CONFLICT`, of `COPY TO` and of `CLUSTER ON`;
//! sequences that go along with `SET LOGGED`; reads of referring tables by
//! DELETE and UPDATE; `data/lossy.tsv`; and the rows of `data/parameters.tsv`
//! that name `reloptions.c`.

mod add_column;
mod alter_column;
mod comparison;
mod constant;
mod constraint;
mod create_table;
mod data;
mod drop;
mod expr;
mod grouped;
mod index;
mod maintenance;
mod member;
mod named;
mod not_null;
mod object;
mod opclass;
mod parameter;
mod partial;
mod partition;
mod place;
mod presence;
mod proof;
mod publication;
mod query;
mod replaced_view;
mod route;
mod row_changes;
mod setting;
mod stable;
mod table;
mod term;
mod type_change;
mod types;
mod updatable;
mod violated;
mod volatility;
mod written;

pub use constant::is_one_value;
pub use proof::{admits_no_more, holds_one_row, keeps_apart, rules_out, takes_no_more};
pub use type_change::{is_built_in, is_computed};

use super::{Effect, Ground, Lock, LockMode, Loss, Refusal, ScanKind, Scene};
use crate::name::Name;
use crate::operation::{Action, ObjectName, TransactionControl};
use crate::schema::{Index, Key, Relation, Schema, Table};
use crate::text::holds;
use data::Children;
use presence::Presence;
use smol_str::SmolStr;

/// What an operation does on a PostgreSQL server of the scene's version.
pub fn effect(scene: &Scene<'_>) -> Effect {
    effect_at(scene, 0)
}

/// The same for what runs along with another operation, so many levels down.
fn effect_at(scene: &Scene<'_>, depth: u8) -> Effect {
    let mut work = Work {
        scene,
        schema: scene.schema,
        version: scene.version,
        depth,
        effect: Effect::default(),
    };
    work.run();
    work.inside_a_block();
    work.effect
}

/// The most tables below one that are looked at.
const FAMILY_LIMIT: usize = 2_000;

/// An effect in the making.
struct Work<'a> {
    scene: &'a Scene<'a>,
    schema: &'a Schema,
    version: u8,
    /// How many triggers led here.
    depth: u8,
    effect: Effect,
}

impl<'a> Work<'a> {
    fn run(&mut self) {
        let presence = self.presence();
        self.members();
        self.act_on();
        if presence == Presence::Skipped {
            self.effect = Effect {
                forbidden_in_transaction: self.effect.forbidden_in_transaction,
                uncertain: true,
                ..Effect::default()
            };
        }
    }

    fn act_on(&mut self) {
        match &self.scene.operation.action {
            action if action.target().is_some() => self.table_action(),
            Action::CreateTable(create) => self.create_table(create),
            Action::CreateIndex(create) => self.create_index(create),
            Action::Drop { .. } => self.drop(),
            Action::Rename { .. }
            | Action::SetSchema { .. }
            | Action::SetOwner { .. }
            | Action::SetTablespace { .. }
            | Action::MoveTablespace { .. }
            | Action::SetParameters { .. }
            | Action::Comment { .. }
            | Action::Grant(_) => self.object(),
            Action::AttachIndexPartition { .. }
            | Action::OtherIndexChange { .. }
            | Action::Reindex { .. } => self.index_change(),
            Action::CreateView(_) | Action::RefreshView { .. } | Action::OtherViewChange { .. } => {
                self.view()
            }
            Action::CreateTrigger(_)
            | Action::CreatePolicy { .. }
            | Action::AlterPolicy { .. }
            | Action::CreateRule { .. }
            | Action::CreateStatistics { .. }
            | Action::CreateOther { .. }
            | Action::AlterPublication { .. } => self.attached_object(),
            Action::CreateType(_)
            | Action::AddEnumValue { .. }
            | Action::RenameEnumValue { .. }
            | Action::AlterComposite { .. }
            | Action::CreateDomain(_)
            | Action::AlterDomain { .. } => self.type_or_domain(),
            Action::CreateRoutine(create) => self.create_routine(create),
            Action::CreateSequence { .. } | Action::AlterSequence { .. } => self.sequence(),
            Action::Cluster { .. }
            | Action::Vacuum { .. }
            | Action::Analyze { .. }
            | Action::LockTable { .. }
            | Action::Truncate { .. } => self.maintenance(),
            Action::Insert(_)
            | Action::Update(_)
            | Action::Delete(_)
            | Action::Merge(_)
            | Action::Copy { .. }
            | Action::Select { .. }
            | Action::Call { .. } => self.rows(),
            Action::CreateExtension {
                name,
                if_not_exists: false,
                ..
            } if self.schema.has_extension(&name.name) => {
                self.refuse(format!("extension `{}` exists already", name.name));
            }
            Action::ServerCommand { command } => self.forbid(command),
            Action::Set(set) => self.check_setting(set),
            Action::SetConstraints { names, deferred } => self.set_constraints(names, *deferred),
            _ => {}
        }
    }

    /// What cannot run in a transaction cannot run in a DO block or a function
    /// either (onestring_do_block_cic).
    fn inside_a_block(&mut self) {
        if !self.scene.operation.within.block {
            return;
        }
        if let Some(command) = self.effect.forbidden_in_transaction {
            self.refuse(format!("{command} cannot be executed from a function"));
        } else if matches!(
            self.scene.operation.action,
            Action::Transaction(TransactionControl::Commit | TransactionControl::Rollback)
        ) {
            self.forbid("COMMIT inside a block");
        }
    }

    /// The actions of the same statement, this one left out. A block is a
    /// statement of many; those of one ALTER TABLE in it share their target.
    fn siblings(&self) -> impl Iterator<Item = &'a Action> + use<'a> {
        let own = self.scene.operation;
        let target = own.action.target().filter(|_| own.within.block);
        let is_together = move |other: &Action| {
            target.is_none_or(|own| other.target().is_some_and(|other| std::ptr::eq(own, other)))
        };
        self.scene
            .siblings
            .iter()
            .filter(move |sibling| !std::ptr::eq(*sibling, own) && sibling.clause != own.clause)
            .map(|sibling| &sibling.action)
            .filter(move |action| is_together(action))
    }

    fn lock(&mut self, relation: &Key, mode: LockMode) {
        self.effect.lock(*relation, mode);
    }

    /// A relation that the statement creates.
    fn create(&mut self, relation: Key) {
        self.effect.add_lock(Lock {
            relation,
            mode: LockMode::AccessExclusive,
            created: true,
        });
    }

    fn forbid(&mut self, command: &'static str) {
        self.effect.forbidden_in_transaction = Some(command);
    }

    fn refuse(&mut self, why: impl Into<SmolStr>) {
        let why = why.into();
        self.refuse_as(Refusal {
            why,
            on_rows: false,
            certain: true,
            ground: Ground::Seen,
        });
    }

    /// The server refuses unless somebody else made what is missing.
    fn refuse_unmade(&mut self, ground: Ground, why: impl Into<SmolStr>) {
        let why = why.into();
        self.refuse_as(Refusal {
            why,
            on_rows: false,
            certain: true,
            ground,
        });
    }

    /// The server refuses if the table has rows, which a table from before
    /// this migration is taken to have.
    fn refuse_rows(&mut self, key: &Key, table: Option<&Table>, why: impl Into<SmolStr>) {
        if self.has_rows(key, table) {
            let why = why.into();
            self.refuse_as(Refusal {
                why,
                on_rows: true,
                certain: table.is_some_and(|table| table.filled),
                ground: Ground::Seen,
            });
        }
    }

    /// The first reason stands, unless the next depends on less.
    fn refuse_as(&mut self, refusal: Refusal) {
        let rests_on = |refusal: &Refusal| (refusal.ground, refusal.on_rows);
        let known = self.effect.refusal.as_ref();
        if known.is_none_or(|known| rests_on(known) > rests_on(&refusal)) {
            self.effect.refusal = Some(refusal);
        }
    }

    /// The server is too old for the syntax.
    fn needs(&mut self, version: u8, what: &str) {
        if self.version < version {
            self.refuse(format!(
                "PostgreSQL {} has no {what}; PostgreSQL {version} has",
                self.version
            ));
        }
    }

    fn lose(&mut self, what: impl Into<SmolStr>) {
        let what = what.into();
        if !self.effect.losses.iter().any(|loss| loss.what == what) {
            self.effect.losses.push(Loss { what });
        }
    }

    /// Refuses a column that a table certainly does not have; one that the same
    /// ALTER TABLE adds is there in time.
    fn refuse_missing_column(&mut self, key: &Key, column: &str) {
        let missing = match self.schema.relation_by_key(key) {
            Some(Relation::Table(table)) => table.is_known() && table.column(column).is_none(),
            Some(Relation::View(view)) => {
                view.columns_known && !view.columns.iter().any(|c| c == column)
            }
            _ => false,
        };
        let added = |action: &Action| matches!(action, Action::AddColumn { column: c, .. } if c.name == column);
        if missing && !column.contains(['{', '$']) && !self.siblings().any(added) {
            self.refuse(format!("`{key}` has no column `{column}`"));
        }
    }

    /// The same for the columns that a condition names, where it can be read.
    fn refuse_missing_columns(&mut self, key: &Key, condition: &str) {
        let columns = self.columns_of_key(key);
        if columns.is_some() || holds(condition, "select") {
            self.check_expression(condition, vec![(key.name, columns)]);
        }
    }

    fn has_rows(&self, key: &Key, table: Option<&Table>) -> bool {
        table.is_none_or(|table| table.filled) || !self.schema.is_created_now(key)
    }

    /// Reads all rows of the relation, where it holds any itself.
    fn scan_heap(&mut self, key: &Key, table: Option<&Table>) {
        if table.is_none_or(stores_rows) {
            self.scan(key, ScanKind::Full);
        }
    }

    fn scan(&mut self, key: &Key, kind: ScanKind) {
        self.effect.scan(key, kind);
    }

    /// Writes the table anew and builds all its indexes.
    fn rewrite_heap(&mut self, key: &Key, table: Option<&'a Table>) {
        if !table.is_none_or(stores_rows) {
            return;
        }
        self.effect.rewrite(*key);
        self.scan(key, ScanKind::Full);
        for index in self.indexes_on(key) {
            self.rebuild(index);
        }
    }

    /// The indexes of a table or a materialized view.
    fn indexes_on(&self, key: &Key) -> &'a [Key] {
        match self.schema.relation_by_key(key) {
            Some(Relation::Table(table)) => &table.indexes,
            Some(Relation::View(view)) => &view.indexes,
            _ => &[],
        }
    }

    /// Builds an index that is there already.
    fn rebuild(&mut self, index: &Key) {
        self.lock(index, LockMode::AccessExclusive);
        self.effect.rebuild(*index);
    }

    /// Builds an index that was not there.
    fn build_new(&mut self, index: Key) {
        self.effect.rebuild(index);
        self.create(index);
    }

    fn lock_indexes(&mut self, table: Option<&'a Table>, mode: LockMode) {
        for index in table.iter().flat_map(|table| &table.indexes) {
            self.lock(index, mode);
        }
    }

    fn table(&self, key: &Key) -> Option<&'a Table> {
        self.schema.table_by_key(key).map(|table| &**table)
    }

    fn index(&self, key: &Key) -> Option<&'a Index> {
        self.schema.index_by_key(key).map(|index| &**index)
    }

    fn indexes_of(&self, table: Option<&'a Table>) -> impl Iterator<Item = &'a Index> + use<'a> {
        let schema = self.schema;
        table
            .into_iter()
            .flat_map(|table| &table.indexes)
            .filter_map(move |key| schema.index_by_key(key))
            .map(|index| &**index)
    }

    fn resolve(&self, name: &ObjectName) -> Key {
        self.schema.resolve(name)
    }

    /// The key that a new relation gets.
    fn new_key(&self, name: &ObjectName, temporary: bool) -> Key {
        match &name.schema {
            Some(schema) => Key::new(*schema, name.name),
            None if temporary => Key::new("pg_temp", name.name),
            None => {
                let path = &self.schema.session().search_path;
                let schema = path.first().map_or("public", Name::as_str);
                Key::new(schema, name.name)
            }
        }
    }

    /// A name beside another relation, as `p_pkey` beside `p`.
    fn beside(&self, key: &Key, name: impl Into<Name>) -> Key {
        Key::new(key.schema, name)
    }

    /// Is the relation certainly not there? Only a history that dropped it, or
    /// that moved it elsewhere, can tell.
    fn is_gone(&self, key: &Key) -> bool {
        self.schema.relation_by_key(key).is_none() && self.schema.was_dropped(key).is_some()
    }

    /// Calls `f` for a table and for what is below it.
    fn each(
        &mut self,
        top: &Key,
        children: Children,
        only: bool,
        mut f: impl FnMut(&mut Self, &Key, Option<&'a Table>),
    ) {
        let table = self.table(top);
        f(self, top, table);
        let Some(table) = table.filter(|table| goes_down(table, children, only)) else {
            return;
        };
        let mut todo: Vec<(&'a Key, u8)> = below(table, 0).collect();
        let mut visited = 0;
        while let Some((key, depth)) = todo.pop() {
            visited += 1;
            if visited > FAMILY_LIMIT {
                return;
            }
            let table = self.table(key);
            f(self, key, table);
            if let Some(table) = table.filter(|_| depth < 32) {
                todo.extend(below(table, depth + 1));
            }
        }
    }

    /// The same for the table and all that is below it.
    fn each_below(&mut self, top: &Key, f: impl FnMut(&mut Self, &Key, Option<&'a Table>)) {
        self.each(top, Children::Always, false, f);
    }
}

fn goes_down(table: &Table, children: Children, only: bool) -> bool {
    match children {
        Children::No => false,
        Children::Partitions => table.is_partitioned() && !only,
        Children::Yes => !only,
        Children::Always => true,
    }
}

fn below(table: &Table, depth: u8) -> impl Iterator<Item = (&Key, u8)> {
    table.children.iter().rev().map(move |key| (key, depth))
}

/// A partitioned table and a foreign one hold no rows themselves.
fn stores_rows(table: &Table) -> bool {
    !table.is_partitioned() && !table.foreign
}
