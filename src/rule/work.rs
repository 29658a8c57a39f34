//! Questions about locks and work that many rules ask.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::{
    Facet, MigrationContext, OperationContext, Step, listed, mentions, sql_ident, sql_name,
};
use crate::effect::{Effect, LockMode};
use crate::name::Name;
use crate::operation::{
    self, Action, Constraint, ConstraintKind, CreateIndex, DataType, ObjectKind, ObjectName,
    Operation, Target, TransactionControl,
};
use crate::schema::names::{joined, object_name};
use crate::schema::{Domain, Key, Relation};

/// Why adding a column is work rather than a note in the catalog. One reason
/// each, the heaviest: so that one rule reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnWork {
    Serial,
    Generated,
    Domain,
    Default,
    PrimaryKey,
    Unique,
    ForeignKey,
    Check,
    Other,
}

/// The name of an index that is created: it lies in its table's schema.
pub fn sql_index(index: &CreateIndex, name: &ObjectName) -> String {
    sql_object(&ObjectName {
        schema: index.table.schema,
        ..name.clone()
    })
}

/// The server's own tables are small.
pub fn is_catalog(key: &Key) -> bool {
    matches!(key.schema.as_str(), "pg_catalog" | "information_schema")
        || key.name.starts_with("pg_")
}

/// A relation's name as SQL would have to write it.
pub fn sql_object(name: &ObjectName) -> String {
    if name.template {
        return name.to_string();
    }
    match &name.schema {
        Some(schema) => format!("{}.{}", sql_name(schema), sql_name(&name.name)),
        None => sql_name(&name.name).to_string(),
    }
}

/// `a, b` as SQL would have to write it.
pub fn sql_list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names
        .into_iter()
        .map(sql_name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Who waits for a lock.
pub fn who_waits(mode: LockMode) -> &'static str {
    if mode.blocks_reads() {
        "reads and writes"
    } else {
        "writes"
    }
}

/// The name that the server would make up if nothing of the kind were there.
fn made_up(table: &ObjectName, constraint: &Constraint, behind: Option<&str>) -> Name {
    let (columns, label): (&[Name], _) = match &constraint.kind {
        ConstraintKind::PrimaryKey(_) => (&[], "pkey"),
        ConstraintKind::Unique(key) => (&key.columns, "key"),
        ConstraintKind::ForeignKey(key) => (&key.columns, "fkey"),
        ConstraintKind::Exclude { columns, .. } => (columns, "excl"),
        ConstraintKind::NotNull(column) => (std::slice::from_ref(&column.name), "not_null"),
        ConstraintKind::Check(_) => (&[], "check"),
    };
    let own = columns.iter().map(Name::as_str);
    let is_primary = matches!(constraint.kind, ConstraintKind::PrimaryKey(_));
    let behind = behind.filter(|_| columns.is_empty() && !is_primary);
    object_name(&table.name, &joined(own.chain(behind)), label)
}

/// The table that an operation is about.
pub fn subject(action: &Action) -> Option<&ObjectName> {
    if let Some(target) = action.target() {
        return Some(&target.name);
    }
    Some(match action {
        Action::CreateIndex(index) => &index.table,
        Action::CreateTrigger(trigger) => &trigger.table,
        Action::CreatePolicy { table, .. }
        | Action::AlterPolicy { table, .. }
        | Action::CreateRule { table, .. } => table,
        Action::Merge(merge) => &merge.table,
        Action::Insert(insert) => &insert.table,
        Action::Update(update) => &update.table,
        Action::Delete(delete) => &delete.table,
        Action::Copy {
            table: Some(table), ..
        } => table,
        Action::Cluster { table, .. } => table.as_ref()?,
        Action::Vacuum { tables, .. }
        | Action::Analyze { tables }
        | Action::LockTable { tables, .. }
        | Action::Truncate { tables, .. } => tables.first()?,
        _ => return None,
    })
}

impl Effect {
    /// The relations that are worked on while a lock stops their writers.
    pub fn worked_under_lock(&self) -> impl Iterator<Item = (&Key, LockMode)> {
        self.locks
            .iter()
            .filter(|lock| {
                !lock.created && lock.mode.blocks_writes() && self.works_on(&lock.relation)
            })
            .map(|lock| (&lock.relation, lock.mode))
    }
}

impl<'a> OperationContext<'a> {
    /// A relation that others can see, worked on while they wait.
    pub fn blocked(&self) -> Option<(&Key, LockMode)> {
        self.effect
            .worked_under_lock()
            .find(|(key, _)| !self.is_new_key(key))
    }

    /// Is this table, or a partition or child of it, worked on while others
    /// wait for it?
    pub fn blocks(&self, name: &ObjectName) -> bool {
        let key = self.schema.resolve(name);
        !self.is_new_key(&key)
            && (self.blocks_while_working(&key)
                || self.table(name).is_some_and(|table| {
                    let mut children = table.children.iter();
                    children.any(|child| self.blocks_below(child, 0))
                }))
    }

    fn blocks_below(&self, key: &Key, depth: u8) -> bool {
        self.blocks_while_working(key)
            || (depth < 8
                && self.schema.table_by_key(key).is_some_and(|table| {
                    let mut children = table.children.iter();
                    children.any(|child| self.blocks_below(child, depth + 1))
                }))
    }

    pub fn is_partitioned(&self, name: &ObjectName) -> bool {
        self.table(name).is_some_and(|t| t.is_partitioned())
    }

    /// The type of a column as the history left it.
    pub fn column_type(&self, table: &ObjectName, column: &str) -> Option<String> {
        Some(self.table(table)?.type_of(column)?.0.to_string())
    }

    fn is_constrained_domain(&self, ty: &DataType) -> bool {
        self.schema.domains_of(ty).any(Domain::is_constrained)
    }

    /// Why adding this column keeps others waiting; `None` where it does not.
    pub fn column_work(&self) -> Option<ColumnWork> {
        let Action::AddColumn {
            table,
            column,
            constraints,
            ..
        } = &self.operation.action
        else {
            return None;
        };
        if !self.blocks(&table.name) {
            return None;
        }
        let filled = self.table(&table.name).is_some_and(|t| t.filled);
        if !filled && self.schema.needs_no_rows(column) {
            return Some(ColumnWork::Other);
        }
        if !self.effect.rewrites.is_empty() {
            return Some(if column.ty.is_serial() || column.identity.is_some() {
                ColumnWork::Serial
            } else if column.generated.is_some() {
                ColumnWork::Generated
            } else if self.is_constrained_domain(&column.ty) {
                ColumnWork::Domain
            } else {
                ColumnWork::Default
            });
        }
        Some(inline_work(constraints))
    }

    /// The name of a constraint that is added, or the one that the server makes
    /// up for it.
    pub fn constraint_name(&self, table: &ObjectName, constraint: &Constraint) -> SmolStr {
        if let Some(name) = &constraint.name {
            return sql_ident(name);
        }
        let behind = match &self.operation.action {
            Action::AddColumn { column, .. } if constraint.inline => Some(column.name),
            _ => None,
        };
        let known = self.schema.name_for_constraint(table, constraint, behind);
        sql_name(&known.unwrap_or_else(|| made_up(table, constraint, behind.as_deref())))
    }

    /// A name for the index that is built before a key of this name adopts it,
    /// which it does under its own. Where the migration drops a key of that
    /// name, the name is not free before.
    pub fn index_to_adopt(&self, table: &ObjectName, key: &str) -> SmolStr {
        let name = key.trim_matches('"');
        if self.stood_as(table, name) {
            sql_name(&object_name(name, "", "new"))
        } else {
            SmolStr::new(key)
        }
    }

    /// The constraint that is added, by itself or behind a new column, where it
    /// is one that makes this work and others wait for it.
    pub fn constraint_in_the_way(&self, work: ColumnWork) -> Option<(&'a Target, &'a Constraint)> {
        let (table, constraints) = match &self.operation.action {
            Action::AddConstraint { table, constraint } if self.blocks(&table.name) => {
                (table, std::slice::from_ref(constraint))
            }
            Action::AddColumn {
                table, constraints, ..
            } if self.column_work() == Some(work) => (table, constraints.as_slice()),
            _ => return None,
        };
        let found = constraints.iter().find(|c| work_of(c).1 == work)?;
        Some((table, found))
    }
}

/// The work that a constraint makes, and its rank: the heaviest first.
fn work_of(constraint: &Constraint) -> (u8, ColumnWork) {
    match constraint.kind {
        ConstraintKind::PrimaryKey(_) => (0, ColumnWork::PrimaryKey),
        ConstraintKind::Unique(_) => (1, ColumnWork::Unique),
        ConstraintKind::Check(_) => (2, ColumnWork::Check),
        ConstraintKind::ForeignKey(_) => (3, ColumnWork::ForeignKey),
        _ => (4, ColumnWork::Other),
    }
}

fn inline_work(constraints: &[Constraint]) -> ColumnWork {
    constraints
        .iter()
        .map(work_of)
        .min_by_key(|(rank, _)| *rank)
        .map_or(ColumnWork::Other, |(_, work)| work)
}

impl MigrationContext<'_> {
    /// The strongest lock that a step takes on a table or view that others
    /// can see.
    pub fn strongest_visible_lock<'s>(&self, step: &'s Step) -> Option<(&'s Key, LockMode)> {
        step.effect
            .locks
            .iter()
            .filter(|lock| !lock.created && self.is_visible_relation(step, &lock.relation))
            .map(|lock| (&lock.relation, lock.mode))
            .max_by_key(|(_, mode)| *mode)
    }

    /// The tables that others can see and that a step locks in such modes.
    fn locked<'s>(
        &'s self,
        step: &'s Step,
        mode: fn(LockMode) -> bool,
    ) -> impl Iterator<Item = &'s Key> {
        step.effect
            .locks
            .iter()
            .filter(move |lock| {
                !lock.created
                    && mode(lock.mode)
                    && (self.is_visible_relation(step, &lock.relation)
                        || self.gives_way(step, &lock.relation))
            })
            .map(|lock| &lock.relation)
    }

    /// Those that it locks against readers.
    pub fn locked_against_readers<'s>(&'s self, step: &'s Step) -> impl Iterator<Item = &'s Key> {
        self.locked(step, LockMode::blocks_reads)
    }

    /// A relation that others can see, worked on while they wait.
    pub fn blocked<'s>(&self, step: &'s Step) -> Option<(&'s Key, LockMode)> {
        step.effect
            .worked_under_lock()
            .find(|(key, _)| !self.is_new_key(key))
    }

    /// For each step the first one that, in the same transaction and in an
    /// earlier statement, locked a visible table against readers.
    pub fn locks_held(&self) -> Vec<Option<usize>> {
        self.first_locks(|step| self.locked_against_readers(step).next().is_some())
    }

    /// The same for locks against writers, of statements that do not work under
    /// them themselves.
    pub fn write_locks_held(&self) -> Vec<Option<usize>> {
        self.first_locks(|step| {
            self.locked_against_writers(step).is_some() && self.blocked(step).is_none()
        })
    }

    /// A table that others can see and that a step locks against writers.
    pub fn locked_against_writers<'s>(&'s self, step: &'s Step) -> Option<&'s Key> {
        self.locked(step, LockMode::blocks_writes).next()
    }

    fn first_locks(&self, is_lock: impl Fn(&Step) -> bool) -> Vec<Option<usize>> {
        let mut first: FxHashMap<u32, usize> = FxHashMap::default();
        let mut savepoints: Vec<(Name, usize)> = Vec::new();
        let mut held = Vec::with_capacity(self.steps.len());
        for (at, step) in self.steps.iter().enumerate() {
            match &step.operation.action {
                Action::Transaction(TransactionControl::Savepoint(name)) => {
                    savepoints.push((*name, at));
                }
                // What was locked since is free again.
                Action::Transaction(TransactionControl::RollbackTo(name)) => {
                    let to = savepoints.iter().rfind(|(n, _)| n == name);
                    first.retain(|_, lock| to.is_none_or(|(_, since)| *lock < *since));
                }
                _ => {}
            }
            let Some(transaction) = step.run.transaction else {
                held.push(None);
                continue;
            };
            let known = first.get(&transaction).copied();
            held.push(known.filter(|lock| self.steps[*lock].statement != step.statement));
            if known.is_none() && step.visible && is_lock(step) {
                first.insert(transaction, at);
            }
        }
        held
    }

    /// The table that a step locks against readers, if others can see it.
    pub fn locked_table<'s>(&'s self, step: &'s Step<'_>) -> Option<&'s Key> {
        self.locked_against_readers(step).next()
    }

    /// A step of the same statement that locks a visible table against
    /// readers: a statement takes the strongest lock of all its actions first.
    pub fn lock_of_statement(&self, at: usize) -> Option<usize> {
        let step = &self.steps[at];
        // A block takes its locks one after the other.
        if step.operation.within.block {
            return None;
        }
        let same = |other: &usize| self.steps[*other].statement == step.statement;
        let before = (0..at).rev().take_while(same);
        let behind = (at + 1..self.steps.len()).take_while(same);
        let mut others = before.chain(behind);
        if others
            .clone()
            .any(|other| self.blocked(&self.steps[other]).is_some())
        {
            return None;
        }
        others.find(|other| {
            let other = &self.steps[*other];
            other.visible && self.locked_table(other).is_some()
        })
    }

    /// The step that added, unvalidated and in the same transaction, the
    /// constraint that this step validates.
    pub fn added_before_validation(&self, at: usize) -> Option<&Step<'_>> {
        let step = &self.steps[at];
        let Action::ValidateConstraint { table, name } = &step.operation.action else {
            return None;
        };
        let same = |earlier: &&Step<'_>| self.unit(earlier) == self.unit(step);
        let earlier = self.earlier_on(at, Facet::Table, &table.name.name);
        let mut earlier = earlier.rev().filter(same);
        earlier.find(|earlier| adds_unvalidated(&earlier.operation.action, &table.name, &name.name))
    }

    /// A table or view that others can see and that stays. Indexes are locked
    /// with their table: it is enough to speak of that.
    fn is_visible_relation(&self, step: &Step<'_>, key: &Key) -> bool {
        let known = match self.schema.relation_by_key(key) {
            Some(Relation::Table(_) | Relation::View(_)) => true,
            Some(_) => false,
            // Renamed since, unless it was dropped.
            None => {
                let names = named(step.operation);
                let stays = match self.schema.renamed_to(key) {
                    Some(now) => self.schema.relation_by_key(now).is_some(),
                    None => self.schema.was_dropped(key).is_none(),
                };
                stays && names.is_some_and(|name| self.schema.resolve(name) == *key)
            }
        };
        let was_there = |at: usize| step.index <= at;
        known && (!self.is_new_key(key) || self.departs_at(key).is_some_and(was_there))
    }

    /// Where the script takes the name from a table that was there; at its end
    /// another may have it.
    pub fn departs_at(&self, key: &Key) -> Option<usize> {
        let script = self.scene.script;
        let positions = self.scene.names.positions(script, Facet::Object, &key.name);
        for at in positions.iter().map(|at| *at as usize) {
            match &script[at].action {
                Action::Drop { kind, name, .. } | Action::Rename { kind, name, .. }
                    if self.schema.resolve(name) == *key =>
                {
                    return (*kind == ObjectKind::Table).then_some(at);
                }
                Action::CreateTable(_) | Action::CreateView(_) | Action::Rename { .. } => {
                    return None;
                }
                _ => {}
            }
        }
        None
    }

    /// What a table that a step locks is called once another has taken its name.
    pub fn called_in_the_end(&self, step: &Step<'_>, key: &Key) -> Key {
        let departs = self.departs_at(key).filter(|at| step.index <= *at);
        match departs.map(|at| &self.scene.script[at].action) {
            Some(Action::Rename { to, .. }) if self.is_new_key(key) => Key {
                name: to.name,
                ..*key
            },
            _ => *key,
        }
    }

    /// Does the script give this name to a table that was there?
    pub fn is_old_under(&self, key: &Key) -> bool {
        let script = self.scene.script;
        let positions = self.scene.names.positions(script, Facet::Object, &key.name);
        positions
            .iter()
            .any(|at| match &script[*at as usize].action {
                Action::Rename { name, to, .. } if to.name == key.name => {
                    self.departs_at(&self.schema.resolve(name)) == Some(*at as usize)
                }
                _ => false,
            })
    }

    /// Are rows dropped by this step, for others to take their place? Who wants
    /// the ones waits for the others.
    fn gives_way(&self, step: &Step<'_>, key: &Key) -> bool {
        match &step.operation.action {
            Action::Drop {
                kind: ObjectKind::Table | ObjectKind::MaterializedView,
                name,
                ..
            } => step.visible && self.schema.resolve(name) == *key && self.is_new_key(key),
            _ => false,
        }
    }

    /// A number that statements of one transaction share and others do not.
    pub fn unit(&self, step: &Step) -> (bool, u32) {
        match step.run.transaction {
            Some(transaction) => (true, transaction),
            None => (false, step.statement),
        }
    }
}

/// `INCLUDE (…)` of a key's index.
pub fn including(key: &operation::Key) -> String {
    match key.include.is_empty() {
        true => String::new(),
        false => format!(
            " INCLUDE ({})",
            sql_list(key.include.iter().map(|column| column.as_str()))
        ),
    }
}

/// What an index that stands for a deferrable key does before that adopts it.
pub fn until_adopted(constraint: &Constraint) -> &'static str {
    match constraint.deferrable {
        true => " (until then it checks every row at once)",
        false => "",
    }
}

/// The relation that a statement names first.
fn named(operation: &Operation) -> Option<&ObjectName> {
    match &operation.action {
        Action::Rename { kind, name, .. } | Action::SetSchema { kind, name, .. }
            if kind.is_relation() =>
        {
            Some(name)
        }
        action => subject(action),
    }
}

fn adds_unvalidated(action: &Action, on: &ObjectName, named: &str) -> bool {
    let Action::AddConstraint { table, constraint } = action else {
        return false;
    };
    let has_name = || match &constraint.name {
        Some(name) => name.name == named,
        None => made_up(on, constraint, None) == named,
    };
    constraint.not_valid && table.name == *on && has_name()
}

impl MigrationContext<'_> {
    /// What the script drops afterwards although the change reads it, or asks of what
    /// the change writes: it has to go along.
    pub fn taken_along(&self, changes: impl IntoIterator<Item = usize>) -> Option<String> {
        let mut seen = FxHashSet::default();
        let taken = changes.into_iter().flat_map(|at| self.taken_by_change(at));
        let taken: Vec<String> = taken.filter(|what| seen.insert(what.clone())).collect();
        (!taken.is_empty()).then(|| listed(&taken))
    }

    fn taken_by_change(&self, at: usize) -> Vec<String> {
        let step = &self.steps[at];
        let text = match step.operation.within.block {
            true => self.text(step, step.operation.clause),
            false => self.text(step, step.statement_span),
        };
        let written = match &step.operation.action {
            Action::Update(update) => update.columns.as_slice(),
            _ => &[],
        };
        let taken = self.steps[at + 1..].iter().filter_map(|later| {
            let names = |table: &Target| mentions(text, &table.name.name);
            let (what, name) = match &later.operation.action {
                // Rows without a value are in its way.
                Action::SetNotNull { column, table }
                    if names(table) && written.iter().any(|c| c.name == column.name) =>
                {
                    ("column", &column.name)
                }
                // So are equal ones in that of a key.
                Action::AddConstraint { table, constraint } if names(table) => {
                    let (ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key)) =
                        &constraint.kind
                    else {
                        return None;
                    };
                    let column = key
                        .columns
                        .iter()
                        .find(|c| written.iter().any(|w| w.name == **c))?;
                    ("key over", column)
                }
                Action::CreateIndex(create)
                    if create.unique && mentions(text, &create.table.name) =>
                {
                    let columns = create.elements.iter().filter_map(|e| e.column.as_ref());
                    let mut columns = columns.filter(|c| written.iter().any(|w| w.name == **c));
                    ("unique index over", columns.next()?)
                }
                Action::DropColumn { column, table, .. } if names(table) => {
                    ("column", &column.name)
                }
                Action::Drop {
                    kind: ObjectKind::Table,
                    name,
                    ..
                } => ("table", &name.name),
                Action::AlterColumnType { column, table, .. } if names(table) => {
                    ("type of column", &column.name)
                }
                _ => return None,
            };
            mentions(text, name).then(|| format!("{what} `{name}`"))
        });
        taken.take(5).collect()
    }
}
