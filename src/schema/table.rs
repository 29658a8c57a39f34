//! Tables and their columns.

use std::sync::Arc;
use thin_vec::ThinVec;

use rustc_hash::FxHashSet;

use super::Sequence;
use super::apply::{At, Conflict};
use super::constraint::names_in;
use super::part::Shape;
use super::words::words;
use super::{
    Gone, GoneRule, Index, Instead, Key, MigrationIndex, Origin, Partition, Relation, Schema,
    Table, Trigger,
};
use crate::few::Few;
use crate::name::Name;
use crate::operation::column::OF_SERIAL;
use crate::operation::{
    Action, Bound, Column, Constraint, CreateTable, CreateTrigger, DataType, Expr, Identity, Like,
    ObjectKind, ObjectName, Persistence, Target, query,
};
use crate::text::holds;

impl Table {
    pub(super) fn new(key: Key, origin: Origin) -> Self {
        Self {
            key,
            origin,
            columns_known: origin != Origin::Assumed,
            persistence: Persistence::Permanent,
            foreign: false,
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: ThinVec::new(),
            triggers: ThinVec::new(),
            policies: ThinVec::new(),
            rules: ThinVec::new(),
            options: Name::default(),
            row_security: false,
            partition_by: None,
            partition: None,
            of_type: None,
            inherits: ThinVec::new(),
            children: ThinVec::new(),
            referenced_by: ThinVec::new(),
            views: ThinVec::new(),
            filled: false,
            from_query: false,
            made_by: None,
            seeds: ThinVec::new(),
            column_added: Default::default(),
            defaults: ThinVec::new(),
            gone: ThinVec::new(),
            taught: ThinVec::new(),
        }
    }

    /// One that was there before the history, of which nothing is known yet.
    pub fn assumed(key: Key) -> Self {
        Self::new(key, Origin::Assumed)
    }

    /// Remembers whether a column had a default before the migration changed it.
    fn note_default(&mut self, column: &Name, action: &Action, migration: MigrationIndex) {
        let Some(known) = self.column(column) else {
            return;
        };
        let had = known.default.is_some() || makes_values(known);
        let changes = matches!(
            action,
            Action::SetDefault { .. } | Action::DropDefault { .. }
        );
        let mut noted = self.defaults.iter();
        if changes && !noted.any(|(name, by, _)| name == column && *by == migration) {
            self.defaults.retain(|(_, by, _)| *by == migration);
            self.defaults.push((*column, migration, had));
        }
    }

    /// Keeps for this migration what the trigger named.
    pub(super) fn drop_trigger(&mut self, name: &str, migration: MigrationIndex) {
        let Some(at) = self.triggers.iter().position(|t| t.name == name) else {
            return;
        };
        let trigger = self.triggers.remove(at);
        let in_when = |c: &&Arc<Column>| {
            trigger
                .when
                .as_ref()
                .is_some_and(|w| words(&w.text).any(|word| word == c.name))
        };
        let mut columns = trigger.columns.clone();
        columns.extend(self.columns.iter().filter(in_when).map(|c| c.name));
        self.note_gone(Gone {
            migration,
            rule: GoneRule::Trigger,
            name: trigger.name,
            columns,
        });
    }

    /// Changes a column in place.
    pub(super) fn edit_column(&mut self, name: &str, f: impl FnOnce(&mut Column)) -> bool {
        match self.columns.iter_mut().find(|c| c.name == name) {
            Some(column) => {
                f(Arc::make_mut(column));
                true
            }
            None => false,
        }
    }
}

/// A column that a table has from above and declares itself: what it does not
/// say comes from there.
fn merged(above: &Column, own: &Column) -> Column {
    let mut merged = own.clone();
    if merged.ty.name.is_empty() {
        merged.ty = above.ty.clone();
    }
    merged.not_null |= above.not_null;
    merged.default = merged.default.or_else(|| above.default.clone());
    merged.generated = merged.generated.or_else(|| above.generated.clone());
    merged
}

/// The server allows 1,600; beyond this nothing is known of a table's columns,
/// nor of its constraints.
pub(super) const MOST_COLUMNS: usize = 2_000;

/// What a query leaves of a column.
fn bare_column(name: Name, ty: DataType) -> Arc<Column> {
    Arc::new(Column {
        name,
        span: ty.span,
        ty,
        collation: None,
        default: None,
        not_null: false,
        identity: None,
        sequence: ThinVec::new(),
        generated: None,
        options: ThinVec::new(),
    })
}

/// A column as the server enters it: `serial` becomes an integer with a
/// default, an identity column NOT NULL.
fn as_entered(column: &Arc<Column>) -> Arc<Column> {
    let serial = column.ty.is_serial();
    let void = column.default.as_ref().is_some_and(Expr::is_null);
    if !(serial || void || (column.identity.is_some() && !column.not_null)) {
        return Arc::clone(column);
    }
    let mut own = (**column).clone();
    own.not_null |= serial || column.identity.is_some();
    own.default = own.default.filter(|_| !void);
    if serial {
        own.ty.name = integer_of(&column.ty);
        own.default = Some(Expr {
            text: OF_SERIAL.into(),
            span: column.ty.span,
        });
    }
    Arc::new(own)
}

/// Does a sequence make the column's values?
fn makes_values(column: &Column) -> bool {
    column.ty.is_serial() || column.identity.is_some()
}

/// Adds columns; one of a name that is there takes its place.
fn put_columns(table: &mut Table, columns: Vec<Arc<Column>>) {
    if table.columns.is_empty() && columns.len() <= MOST_COLUMNS {
        let mut names = FxHashSet::with_capacity_and_hasher(columns.len(), Default::default());
        if columns.iter().all(|column| names.insert(&column.name)) {
            table.columns = columns;
            return;
        }
    }
    for column in columns {
        if let Some(known) = table.columns.iter_mut().find(|c| c.name == column.name) {
            *known = Arc::new(merged(known, &column));
        } else if table.columns.len() < MOST_COLUMNS {
            table.columns.push(column);
        } else {
            table.columns_known = false;
        }
    }
}

/// Pushes a key unless it is there.
pub(super) fn add(list: &mut ThinVec<Key>, key: &Key) {
    if !list.contains(key) {
        list.push_few(*key);
    }
}

/// So many tables are looked at above one.
const DEEPEST: usize = 256;

impl Schema {
    /// Part of a table's definition could not be read: what is known of it is
    /// not all there is.
    pub fn doubt(&mut self, name: &ObjectName) {
        let key = self.resolve(name);
        self.edit_table(&key, |t| t.columns_known = false);
    }

    pub(super) fn create_table(&mut self, create: &CreateTable, at: At) -> Option<Conflict> {
        let temporary = create.persistence == Persistence::Temporary;
        let key = self.creation_key(&create.name, temporary);
        let mut conflict = None;
        if let Some(existing) = self.relations.get(&key) {
            if create.if_not_exists {
                return None;
            }
            let place = existing.created_at();
            if place.is_some() && !create.name.template {
                conflict = Conflict::at(format!("`{key}` already exists"), place);
            }
        } else if !create.name.template {
            conflict = self.type_taken(&key);
        }
        let mut table = Table::new(key, self.origin(at));
        table.persistence = create.persistence;
        table.foreign = create.foreign;
        table.partition_by = create.partition_by.clone();
        table.options = create.options;
        table.filled = create.source.is_some();
        table.from_query = table.filled;
        table.made_by = query_that_makes(create);
        table.columns_known = create.source.is_none() && create.of_type.is_none();
        table.of_type = create.of_type.as_ref().map(|of| self.type_key_of(of));
        if let Some(of) = &table.of_type {
            self.note_table_name(&key, &of.name);
        }
        for parent in &create.inherits {
            self.assume_table(parent);
        }
        // Its own name is not yet one that others are found by.
        let parents: Vec<Key> = create.inherits.iter().map(|p| self.resolve(p)).collect();
        let sources: Vec<Key> = { create.like.iter() }
            .map(|l| self.resolve(&l.table))
            .collect();
        let queried = self.columns_by_query(create);
        self.enter(key, Relation::Table(Arc::new(table)));
        for parent in &parents {
            self.inherit(&key, parent);
        }
        self.enter_columns(&key, &queried, at);
        for (like, source) in create.like.iter().zip(&sources) {
            self.copy_like(&key, like, source, at);
        }
        let parent = create.partition_of.as_ref().map(|of| {
            self.assume_table(&of.parent);
            self.resolve(&of.parent)
        });
        if let Some(parent) = &parent {
            self.copy_columns(parent, &key);
        }
        self.enter_columns(&key, &create.columns, at);
        let mut name = create.name.clone();
        name.schema = Some(key.schema);
        if conflict.is_none() {
            let mut own = create.constraints.iter();
            conflict = own.find_map(|constraint| self.index_is_taken(&key, constraint));
        }
        for constraint in self.each_key_once(&key, create) {
            self.add_constraint(&name, &constraint, &create.columns, true, at);
        }
        if let (Some(parent), Some(of)) = (parent, &create.partition_of) {
            self.attach(&parent, &key, of.bound.clone());
        }
        conflict
    }

    /// The columns of CREATE TABLE … AS whose types its query takes from a table or
    /// from a cast: a column holds its type back from being dropped.
    fn columns_by_query(&self, create: &CreateTable) -> Vec<Arc<Column>> {
        let own_names = !create.columns.is_empty();
        let text = create.source.as_ref().filter(|_| !own_names);
        let Some((text, reading)) =
            text.and_then(|query| Some((&*query.text, query::read(&query.text)?)))
        else {
            return Vec::new();
        };
        let alone = reading.table.and_then(|at| reading.uses.get(at));
        if query::takes_whole_rows(text)
            && let Some(table) = alone.and_then(|used| self.table(&used.relation))
        {
            let columns = table.columns.iter();
            return columns.map(|c| bare_column(c.name, c.ty.clone())).collect();
        }
        let yields = reading.output.iter().flatten().zip(&reading.yields);
        yields
            .filter_map(|(name, yields)| {
                let ty = self.type_yielded(&reading.uses, yields)?;
                Some(bare_column(*name, ty))
            })
            .collect()
    }

    /// Enters columns as the server would, with the sequences of those that
    /// make their values.
    fn enter_columns(&mut self, table: &Key, columns: &[Arc<Column>], at: At) {
        let entered: Vec<Arc<Column>> = columns.iter().map(as_entered).collect();
        for column in &entered {
            self.note_column_words(table, column);
        }
        self.edit_table(table, |t| put_columns(t, entered));
        for column in columns.iter().filter(|c| makes_values(c)) {
            let mut options = column.sequence.clone();
            if column.ty.is_serial() {
                // It keeps the type when that of the column changes; the
                // sequence of an identity follows its column.
                options.push(("as", integer_of(&column.ty)));
            }
            self.add_implicit_sequence(table, &column.name, options, at);
        }
    }

    fn copy_columns(&mut self, from: &Key, to: &Key) {
        let Some(source) = self.table_by_key(from).cloned() else {
            return;
        };
        self.edit_table(to, |t| {
            t.columns_known &= source.columns_known;
            for column in &source.columns {
                if t.column(&column.name).is_none() {
                    t.columns.push(column.clone());
                }
            }
        });
        for column in &source.columns {
            self.note_column_words(to, column);
        }
    }

    fn copy_like(&mut self, key: &Key, like: &Like, from: &Key, at: At) {
        let Some(source) = self.table_by_key(from).cloned() else {
            self.edit_table(key, |t| t.columns_known = false);
            return;
        };
        let includes = |what: &str| like.including.iter().any(|i| i == what || i == "all");
        for column in &source.columns {
            let mut own = (**column).clone();
            if !includes("defaults") {
                own.default = None;
            }
            if !includes("identity") {
                own.identity = None;
            }
            if !includes("generated") {
                own.generated = None;
            }
            self.enter_columns(key, &[Arc::new(own)], at);
        }
        if !source.columns_known {
            self.edit_table(key, |t| t.columns_known = false);
        }
        let name = name_of(key, at);
        for constraint in &source.constraints {
            if includes("constraints")
                && constraint.index.is_none()
                && constraint.references.is_none()
            {
                let mut own = constraint.definition.clone();
                own.inline = false;
                self.add_constraint(&name, &own, &[], true, at);
            }
        }
        if includes("indexes") {
            self.copy_indexes(&source, key, at, false);
        }
    }

    /// Gives a table copies of another's indexes, as LIKE and partitions do.
    pub(super) fn copy_indexes(&mut self, source: &Table, to: &Key, at: At, attach: bool) {
        for index_key in &source.indexes {
            let Some(index) = self.index_by_key(index_key).cloned() else {
                continue;
            };
            if attach && self.adopt_index(&index, to).is_some() {
                continue;
            }
            let constraint = source
                .constraints
                .iter()
                .find(|c| c.index.as_ref() == Some(index_key));
            if let Some(constraint) = constraint {
                let mut own = constraint.definition.clone();
                own.name = None;
                own.inline = false;
                self.add_constraint(&name_of(to, at), &own, &[], true, at);
                if attach {
                    self.adopt_index(&index, to);
                }
                continue;
            }
            let key = self.index_name(to, &Shape::of_index(self, &index));
            let own = Index {
                key,
                origin: self.origin(at),
                table: *to,
                constraint: None,
                parent: attach.then_some(*index_key),
                children: ThinVec::new(),
                ..(*index).clone()
            };
            self.enter(key, Relation::Index(Arc::new(own)));
            self.edit_table(to, |t| add(&mut t.indexes, &key));
            if attach {
                self.edit_index(index_key, |i| add(&mut i.children, &key));
            }
        }
    }

    /// Attaches an index that the partition already has and that fits.
    pub(super) fn adopt_index(&mut self, parent: &Index, table: &Key) -> Option<Key> {
        let wanted = Shape::of_index(self, parent);
        let partition = self.table_by_key(table)?;
        let own = self.part_for(&wanted, partition)?.key;
        self.edit_index(&own, |i| i.parent = Some(parent.key));
        self.edit_index(&parent.key, |i| add(&mut i.children, &own));
        Some(own)
    }

    /// Is a table the other one, or one of those that it is below? A file may
    /// say so of two tables in turn, which no server takes: what is made of
    /// each other is not linked here, and so every walk ends.
    fn is_above(&self, table: &Key, other: &Key) -> bool {
        let mut line = vec![other];
        let mut met = 0;
        while let Some(key) = line.pop() {
            met += 1;
            if key == table || met > DEEPEST {
                return true;
            }
            if let Some(table) = self.table_by_key(key) {
                line.extend(&table.inherits);
                line.extend(table.partition.as_ref().map(|p| &p.of));
            }
        }
        false
    }

    pub(super) fn attach(&mut self, parent: &Key, child: &Key, bound: Bound) {
        if self.is_above(child, parent) {
            return;
        }
        let before = self.table_by_key(child).and_then(|t| t.partition.as_ref());
        if let Some(before) = before.map(|p| p.of) {
            self.detach(&before, child);
        }
        let default = bound.default;
        self.edit_table(parent, |t| {
            add(&mut t.children, child);
            if default && let Some(at) = t.children.iter().position(|c| c == child) {
                t.children[..=at].rotate_right(1);
            }
            if t.partition_by.is_none() {
                t.partition_by = Some(crate::operation::PartitionBy {
                    strategy: "range".into(),
                    columns: Vec::new(),
                    definition: Default::default(),
                });
            }
        });
        self.edit_table(child, |t| {
            t.partition = Some(Partition { of: *parent, bound });
        });
        let Some(source) = self.table_by_key(parent).cloned() else {
            return;
        };
        let at = At {
            source: 0,
            span: Default::default(),
        };
        self.copy_indexes(&source, child, at, true);
        for constraint in &source.constraints {
            let has = self
                .table_by_key(child)
                .is_some_and(|t| t.constraint(&constraint.name).is_some());
            if constraint.index.is_none() && !has {
                let mut own = constraint.definition.clone();
                own.inline = false;
                self.add_constraint(&name_of(child, at), &own, &[], true, at);
            }
        }
    }

    pub(super) fn detach(&mut self, parent: &Key, child: &Key) {
        self.edit_table(parent, |t| t.children.retain(|c| c != child));
        self.edit_table(child, |t| t.partition = None);
        let indexes = self.table_by_key(child).map(|t| t.indexes.clone());
        for key in indexes.into_iter().flatten() {
            if let Some(of) = self.index_by_key(&key).and_then(|i| i.parent) {
                self.edit_index(&key, |i| i.parent = None);
                self.edit_index(&of, |i| i.children.retain(|c| *c != key));
            }
        }
    }

    pub(super) fn inherit(&mut self, child: &Key, parent: &Key) {
        self.copy_columns(parent, child);
        if self.is_above(child, parent) {
            return;
        }
        self.edit_table(parent, |t| add(&mut t.children, child));
        self.edit_table(child, |t| add(&mut t.inherits, parent));
        let inherited: Vec<Constraint> = self
            .table_by_key(parent)
            .into_iter()
            .flat_map(|t| &t.constraints)
            .filter(|c| c.index.is_none() && c.references.is_none() && !c.definition.no_inherit)
            .map(|c| c.definition.clone())
            .collect();
        let at = At {
            source: 0,
            span: Default::default(),
        };
        for mut constraint in inherited {
            constraint.inline = false;
            self.add_constraint(&name_of(child, at), &constraint, &[], true, at);
        }
    }

    pub(super) fn disinherit(&mut self, child: &Key, parent: &Key) {
        self.edit_table(parent, |t| t.children.retain(|c| c != child));
        self.edit_table(child, |t| t.inherits.retain(|p| p != parent));
    }

    pub(super) fn add_column(
        &mut self,
        target: &Target,
        column: &Arc<Column>,
        constraints: &[Constraint],
        if_not_exists: bool,
        at: At,
    ) -> Option<Conflict> {
        let key = self.resolve(&target.name);
        if target.if_exists && !self.relations.contains_key(&key) {
            return None;
        }
        let missing = self.missing(&target.name, target.if_exists);
        self.with_table(target, at);
        let known = self
            .table_by_key(&key)
            .is_some_and(|t| t.column(&column.name).is_some());
        if known {
            if if_not_exists {
                return None;
            }
            let why = format!("column `{}` of `{key}` already exists", column.name);
            return missing.or_else(|| Conflict::new(why));
        }
        let migration = self.migration;
        for table in self.with_descendants(&key, target.only) {
            self.enter_columns(&table, std::slice::from_ref(column), at);
            self.edit_table(&table, |t| {
                t.made_by = None;
                t.column_added.insert(column.name, migration);
            });
            if let Some(added) = &mut self.added_back {
                added.insert((table, column.name));
            }
        }
        let own = [column.clone()];
        for constraint in constraints {
            self.add_constraint(&target.name, constraint, &own, target.only, at);
        }
        missing
    }

    /// The conflict of naming a table that the history dropped.
    pub(super) fn missing(&self, name: &ObjectName, if_exists: bool) -> Option<Conflict> {
        let key = self.resolve(name);
        if if_exists || self.relations.contains_key(&key) {
            return None;
        }
        let at = self.was_dropped(&key)?;
        Conflict::at(format!("`{key}` does not exist any more"), Some(at))
    }

    pub(super) fn drop_column(
        &mut self,
        target: &Target,
        column: &Name,
        if_exists: bool,
        cascade: bool,
        at: At,
    ) -> Option<Conflict> {
        let key = self.resolve(&target.name);
        let Some(table) = self.table_by_key(&key).cloned() else {
            return self.missing(&target.name, target.if_exists);
        };
        if table.column(column).is_none() && table.columns_known {
            let why = format!("`{key}` has no column `{column}`");
            return if if_exists { None } else { Conflict::new(why) };
        }
        for view in self.views_using_column(&key, column) {
            if cascade {
                self.remove_relation(&view, true);
            }
        }
        for table in self.with_descendants(&key, target.only) {
            if cascade {
                self.drop_generated_from(&table, column);
            }
            self.remove_column(&table, column);
            // A child by inheritance keeps what it declares itself.
            if table != key
                && self
                    .table_by_key(&table)
                    .is_some_and(|t| !t.inherits.is_empty())
            {
                self.edit_table(&table, |t| t.columns_known = false);
            }
        }
        self.note_gone_indexes(&table.indexes, at);
        None
    }

    fn drop_generated_from(&mut self, table: &Key, column: &Name) {
        let columns = self
            .table_by_key(table)
            .into_iter()
            .flat_map(|t| &t.columns);
        let generated = columns.filter(|c| {
            let expr = c.generated.as_ref();
            expr.is_some_and(|g| names_in(&g.expr.text).any(|name| name == *column))
        });
        let generated: Vec<Name> = generated.map(|c| c.name).collect();
        for column in generated {
            self.drop_column_and_views(table, &column);
        }
    }

    /// Indexes that went with what they were on.
    fn note_gone_indexes(&mut self, indexes: &[Key], at: At) {
        for index in indexes {
            if !self.relations.contains_key(index) {
                self.note_departure(index, at, None);
            }
        }
    }

    pub(super) fn drop_column_and_views(&mut self, key: &Key, column: &Name) {
        for view in self.views_using_column(key, column) {
            self.remove_relation(&view, true);
        }
        self.remove_column(key, column);
    }

    fn remove_column(&mut self, key: &Key, column: &Name) {
        let Some(table) = self.table_by_key(key).cloned() else {
            return;
        };
        for index in &table.indexes {
            if self.index_mentions(index, column) {
                self.remove_relation(index, true);
            }
        }
        for constraint in &table.constraints {
            if constraint.columns.contains(column) {
                self.remove_constraint(key, &constraint.name);
            }
        }
        for other in &table.referenced_by {
            self.drop_foreign_keys_to(other, key, Some(column));
        }
        for sequence in self.sequences_of(key, Some(column)) {
            self.put_relation(sequence, None);
        }
        self.edit_table(key, |t| {
            t.columns.retain(|c| c.name != *column);
            t.pass_on(column, None);
            t.made_by = None;
            t.column_added.remove(column);
        });
        self.rename_member(key, ObjectKind::Column, column, None);
    }

    pub(super) fn alter_column(&mut self, action: &Action, at: At) -> Option<Conflict> {
        let (target, name) = column_of(action)?;
        let missing = self.missing(&target.name, target.if_exists);
        self.with_table(target, at);
        let key = self.resolve(&target.name);
        let table = self.table_by_key(&key)?;
        let unknown = table.columns_known && table.column(name).is_none();
        if unknown {
            return missing.or_else(|| Conflict::new(format!("`{key}` has no column `{name}`")));
        }
        let kept = match action {
            Action::AlterColumnType { .. } => table.column(name).and_then(|c| self.typed(c)),
            _ => None,
        };
        let (adds_sequence, drops_sequence) = match action {
            Action::AddIdentity { sequence, .. } => (Some(sequence), false),
            Action::DropIdentity { .. } => (None, true),
            _ => (None, false),
        };
        let migration = self.migration;
        for table in self.with_descendants(&key, target.only) {
            let changed = self.edit_table(&table, |t| {
                t.note_default(name, action, migration);
                let is_known = t.edit_column(name, |column| {
                    change_column(column, action);
                    column.default = kept.clone().or(column.default.take());
                });
                if !is_known {
                    t.learn(name, action);
                }
                t.column(name).cloned()
            });
            if let Some(column) = changed.flatten() {
                self.note_column_words(&table, &column);
            }
            if let Action::AlterColumnType { .. } = action {
                let known = self.table_by_key(&table);
                for index in known.map(|t| t.indexes.clone()).unwrap_or_default() {
                    self.drop_own_casts(&table, &index);
                }
            }
        }
        if let Some(options) = adds_sequence {
            self.add_implicit_sequence(&key, name, options.clone(), at);
        }
        if let Action::SetIdentity { sequence, .. } = action {
            for own in self.sequences_of(&key, Some(name)) {
                self.change_sequence(&own, sequence);
            }
        }
        if drops_sequence {
            for sequence in self.sequences_of(&key, Some(name)) {
                self.put_relation(sequence, None);
            }
        }
        missing
    }

    /// The default of a column of a type of the history, with the type that its
    /// literal was read as: that stays when the column's type changes.
    fn typed(&self, column: &Column) -> Option<Expr> {
        let default = column.default.as_ref()?;
        let literal = default.text.strip_prefix('\'')?.strip_suffix('\'')?;
        let key = self.type_key(&column.ty);
        let own = self.types.contains_key(&key) || self.domains.contains_key(&key);
        (own && !literal.contains('\'')).then(|| Expr {
            text: format!("{}::{}", default.text, column.ty).into(),
            span: default.span,
        })
    }

    pub(super) fn create_trigger(&mut self, create: &CreateTrigger, at: At) {
        let trigger = Trigger {
            name: create.name.name,
            function: create.function.clone(),
            columns: create.columns.clone(),
            when: create.when.clone(),
            constraint: create.constraint,
            events: create.events.clone(),
            clauses: create.clauses.clone(),
            arguments: create.arguments,
        };
        self.assume_table(&create.table);
        let key = self.resolve(&create.table);
        self.note_trigger_words(&key, create.function.as_ref(), create.when.as_ref());
        if self.view_by_key(&key).is_some() {
            if !holds(&create.events.text, "instead") {
                return;
            }
            let (kind, name) = (ObjectKind::Trigger, create.name.name);
            let events = create.events.text.clone();
            return self.note_instead(&key, Instead { kind, name, events });
        }
        self.change_table(&create.table, at, |t| {
            t.triggers.retain(|known| known.name != trigger.name);
            t.triggers.push_few(trigger);
        });
    }

    pub(super) fn drop_relation(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        if_exists: bool,
        cascade: bool,
        at: At,
    ) -> Option<Conflict> {
        let key = self.resolve(name);
        if !self.relations.contains_key(&key) {
            let why = format!("{} `{key}` does not exist any more", kind.word());
            return match self.was_dropped(&key) {
                Some(place) if !if_exists => Conflict::at(why, Some(place)),
                _ => None,
            };
        }
        let indexes = match self.relations.get(&key) {
            Some(Relation::Table(table)) => table.indexes.clone(),
            _ => ThinVec::new(),
        };
        let view = self.view_by_key(&key).cloned();
        self.remove_relation(&key, cascade);
        if cascade {
            self.drop_policies_reading(&key);
            self.drop_bodies_reading(&key);
        }
        self.note_departure(&key, at, None);
        if let Some(departure) = self.dropped.get_mut(&key) {
            departure.view = view;
        }
        self.note_gone_indexes(&indexes, at);
        None
    }

    /// Takes a relation away with all that lives and dies with it; for CASCADE
    /// with the views on it too.
    pub(super) fn remove_relation(&mut self, key: &Key, cascade: bool) {
        let mut queue = vec![*key];
        while let Some(key) = queue.pop() {
            let Some(relation) = self.relations.get(&key).cloned() else {
                continue;
            };
            self.put_relation(key, None);
            self.forget_settings(&key, ObjectKind::Table);
            match relation {
                Relation::Table(table) => self.unlink_table(&table, cascade, &mut queue),
                Relation::Index(index) => self.unlink_index(&index, &mut queue),
                Relation::View(view) => {
                    queue.extend(view.indexes.iter().cloned());
                    if cascade {
                        queue.extend(view.views.iter().cloned());
                    }
                    for used in &view.uses {
                        self.unlink_view(&used.relation, &key);
                    }
                }
                Relation::Sequence(sequence) if cascade => self.stop_feeding(&sequence),
                Relation::Sequence(_) => {}
            }
        }
    }

    /// The default of the column that a sequence was made for goes with it.
    fn stop_feeding(&mut self, sequence: &Sequence) {
        let Some((table, column)) = &sequence.owned_by else {
            return;
        };
        self.edit_table(table, |t| {
            t.edit_column(column, |own| {
                if own.is_of_serial() {
                    own.default = None;
                }
            });
        });
    }

    fn unlink_table(&mut self, table: &Table, cascade: bool, queue: &mut Vec<Key>) {
        let key = &table.key;
        queue.extend(table.indexes.iter().cloned());
        queue.extend(self.sequences_of(key, None));
        queue.extend(
            table
                .children
                .iter()
                .filter(|child| {
                    self.table_by_key(child)
                        .is_some_and(|c| c.partition.is_some() || cascade)
                })
                .cloned(),
        );
        if cascade {
            queue.extend(table.views.iter().cloned());
        }
        for other in &table.referenced_by {
            self.drop_foreign_keys_to(other, key, None);
        }
        for constraint in &table.constraints {
            if let Some(references) = &constraint.references {
                self.edit_table(references, |t| t.referenced_by.retain(|k| k != key));
            }
        }
        let parents = table
            .inherits
            .iter()
            .chain(table.partition.as_ref().map(|p| &p.of));
        for parent in parents {
            self.edit_table(parent, |t| t.children.retain(|c| c != key));
        }
    }

    fn unlink_index(&mut self, index: &Arc<Index>, queue: &mut Vec<Key>) {
        queue.extend(index.children.iter().cloned());
        if let Some(parent) = &index.parent {
            self.edit_index(parent, |i| i.children.retain(|c| *c != index.key));
        }
        let migration = self.migration;
        let gone = index.clone();
        let on_table = self.edit_table(&index.table, |t| {
            t.indexes.retain(|k| *k != index.key);
            if index.unique {
                t.note_gone(Gone {
                    migration,
                    rule: GoneRule::Index(gone),
                    name: index.key.name,
                    columns: index.columns.clone(),
                });
            }
            if let Some(name) = &index.constraint {
                t.constraints.retain(|c| c.name != *name);
            }
        });
        if on_table.is_none() {
            self.change_view(&index.table, |v| v.indexes.retain(|k| *k != index.key));
        }
    }

    /// Sequences that a table or column owns.
    ///
    /// Looks at the names that the server would have given and at those that
    /// `OWNED BY` tied to the table; a table owns few sequences, and each is
    /// asked for by name rather than by walking over all.
    pub fn sequences_of(&self, table: &Key, column: Option<&str>) -> Vec<Key> {
        self.owned
            .get(table)
            .into_iter()
            .flatten()
            .filter(|key| {
                self.sequence_by_key(key).is_some_and(|s| {
                    s.owned_by
                        .as_ref()
                        .is_some_and(|(owner, of)| owner == table && column.is_none_or(|c| of == c))
                })
            })
            .cloned()
            .collect()
    }
}

/// A name that resolves to this key again.
pub(super) fn name_of(key: &Key, at: At) -> ObjectName {
    ObjectName {
        schema: Some(key.schema),
        name: key.name,
        span: at.span,
        name_span: at.span,
        template: false,
    }
}

fn integer_of(ty: &DataType) -> Name {
    match ty.name.as_str() {
        "bigserial" => "bigint",
        "smallserial" => "smallint",
        _ => "int",
    }
    .into()
}

/// The table and column that a column action names.
pub fn column_of(action: &Action) -> Option<(&Arc<Target>, &Name)> {
    match action {
        Action::DropColumn { table, column, .. }
        | Action::RenameColumn { table, column, .. }
        | Action::AlterColumnType { table, column, .. }
        | Action::SetDefault { table, column, .. }
        | Action::DropDefault { table, column }
        | Action::SetNotNull { table, column }
        | Action::DropNotNull { table, column }
        | Action::AddIdentity { table, column, .. }
        | Action::SetIdentity { table, column, .. }
        | Action::DropIdentity { table, column, .. }
        | Action::SetExpression { table, column, .. }
        | Action::DropExpression { table, column, .. }
        | Action::SetColumnOption { table, column, .. } => Some((table, &column.name)),
        Action::AddColumn { table, column, .. } => Some((table, &column.name)),
        _ => None,
    }
}

fn change_column(column: &mut Column, action: &Action) {
    match action {
        Action::AlterColumnType { ty, collation, .. } => {
            column.ty = ty.clone();
            column.collation = *collation;
        }
        Action::SetDefault { default, .. } => {
            column.default = Some(default.clone()).filter(|default| !default.is_null());
        }
        Action::DropDefault { .. } => column.default = None,
        Action::SetNotNull { .. } => column.not_null = true,
        Action::DropNotNull { .. } => column.not_null = false,
        Action::AddIdentity {
            identity, sequence, ..
        } => {
            column.identity = Some(*identity);
            column.sequence = sequence.clone();
            column.not_null = true;
        }
        Action::SetIdentity {
            identity: Some(identity),
            ..
        } => column.identity = Some(*identity),
        Action::DropIdentity { .. } => column.identity = None::<Identity>,
        Action::SetExpression { expr, .. } => {
            if let Some(generated) = &mut column.generated {
                generated.expr = expr.clone();
            }
        }
        Action::DropExpression { .. } => column.generated = None,
        _ => {}
    }
}

/// The query of CREATE TABLE … AS, where it says all of the table.
fn query_that_makes(create: &CreateTable) -> Option<Arc<str>> {
    let query = &create.source.as_ref()?.text;
    let is_prepared = words(query)
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("execute"));
    (create.columns.is_empty() && !is_prepared).then(|| query.clone())
}
