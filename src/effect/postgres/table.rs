//! The actions of ALTER TABLE that have no file of their own.

use crate::effect::LockMode;
use crate::operation::{
    Action, ColumnOption, Constraint, ConstraintKind, DetachMode, Ident, Key as KeyColumns,
    Persistence, ReplicaIdentity, Target,
};
use crate::schema::{Key, Table, object_name};

use super::Work;
use super::data::{Children, table_action};
use super::volatility::Volatility;

/// The row of `alter_table.tsv` that an action stands in.
pub(super) fn label(action: &Action) -> &'static str {
    match action {
        Action::AddConstraint { constraint, .. } => constraint_label(constraint),
        Action::SetColumnOption { option, .. } => match option {
            ColumnOption::Statistics => "set_column_option/statistics",
            ColumnOption::Storage => "set_column_option/storage",
            ColumnOption::Compression => "set_column_option/compression",
            ColumnOption::Parameters => "set_column_option/parameters",
        },
        Action::ToggleTrigger { rule: true, .. } => "toggle_trigger/rule",
        Action::ToggleTrigger { .. } => "toggle_trigger/trigger",
        Action::DetachPartition { mode, .. } => match mode {
            DetachMode::Plain => "detach_partition/plain",
            DetachMode::Concurrently => "detach_partition/concurrently",
            DetachMode::Finalize => "detach_partition/finalize",
        },
        _ => action.name(),
    }
}

fn constraint_label(constraint: &Constraint) -> &'static str {
    match &constraint.kind {
        ConstraintKind::ForeignKey(_) => "add_constraint/foreign_key",
        ConstraintKind::Check(_) => "add_constraint/check",
        ConstraintKind::NotNull(_) => "add_constraint/not_null",
        ConstraintKind::Exclude { .. } => "add_constraint/exclude",
        ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
            if key.using_index.is_some() {
                "add_constraint/adopt"
            } else {
                "add_constraint/key"
            }
        }
    }
}

/// An ALTER TABLE that is being looked at.
pub(super) struct Subject<'a> {
    pub key: Key,
    /// `None` where the history does not know it.
    pub table: Option<&'a Table>,
    pub only: bool,
}

impl<'a> Work<'a> {
    pub(super) fn table_action(&mut self) {
        let action = &self.scene.operation.action;
        let Some(target) = action.target() else {
            return;
        };
        let Some(subject) = self.subject(target) else {
            return;
        };
        let row = table_action(label(action));
        if self.is_no_op(&subject, action) {
            self.lock(&subject.key, row.lock);
            return;
        }
        let children = self.reach(&subject, action).unwrap_or(row.children);
        let below = self.lock_below(&subject, action).unwrap_or(row.lock);
        self.each(&subject.key, children, subject.only, |work, key, _| {
            let mode = if *key == subject.key { row.lock } else { below };
            work.lock(key, mode);
        });
        self.act(&subject, action);
    }

    /// How far an action on a constraint goes, where that depends on the
    /// constraint: only CHECK and NOT NULL are inherited, the others belong to
    /// partitions at most. From 18 on the server locks all that inherit before
    /// it looks (add_unique_inheritance_parent).
    fn reach(&self, subject: &Subject<'_>, action: &Action) -> Option<Children> {
        // From 17 on partitions have the identity of their parent
        // (add_identity_partitioned).
        let of_identity = matches!(
            action,
            Action::AddIdentity { .. } | Action::SetIdentity { .. } | Action::DropIdentity { .. }
        );
        if of_identity && self.version >= 17 {
            return Some(Children::Partitions);
        }
        let added = matches!(action, Action::AddConstraint { .. });
        let definition = match action {
            Action::AddConstraint { constraint, .. } => constraint,
            Action::DropConstraint { name, .. }
            | Action::ValidateConstraint { name, .. }
            | Action::RenameConstraint { name, .. } => {
                &subject.table?.constraint(&name.name)?.definition
            }
            _ => return None,
        };
        if added && self.version >= 18 {
            return Some(Children::Yes);
        }
        match &definition.kind {
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) => match action {
                _ if definition.no_inherit => Some(Children::No),
                Action::DropConstraint { .. } => Some(Children::Always),
                _ => None,
            },
            ConstraintKind::PrimaryKey(key) if added && !self.are_not_null(subject, key) => {
                Some(Children::Yes)
            }
            _ if matches!(action, Action::RenameConstraint { .. }) => Some(Children::No),
            _ if added => None,
            _ => Some(Children::Partitions),
        }
    }

    /// Before 18 a key is built on partitions as an index is, unless their
    /// columns become NOT NULL with it (add_unique_partitioned).
    fn lock_below(&self, subject: &Subject<'_>, action: &Action) -> Option<LockMode> {
        let Action::AddConstraint { constraint, .. } = action else {
            return None;
        };
        let as_index = match &constraint.kind {
            ConstraintKind::Unique(_) | ConstraintKind::Exclude { .. } => true,
            ConstraintKind::PrimaryKey(key) => self.are_not_null(subject, key),
            _ => false,
        };
        (as_index && self.version < 18).then_some(LockMode::Share)
    }

    pub(super) fn are_not_null(&self, subject: &Subject<'_>, key: &KeyColumns) -> bool {
        subject.table.is_some_and(|table| {
            let mut columns = key.columns.iter();
            columns.all(|column| self.is_not_null(table, column))
        })
    }

    fn subject(&self, target: &Target) -> Option<Subject<'a>> {
        let key = self.resolve(&target.name);
        if target.if_exists && self.is_gone(&key) {
            return None;
        }
        let table = self.table(&key);
        let only = target.only;
        Some(Subject { key, table, only })
    }

    /// IF [NOT] EXISTS found that there is nothing to do; the lock is taken
    /// all the same (add_column_if_not_exists_existing).
    fn is_no_op(&self, subject: &Subject<'_>, action: &Action) -> bool {
        let Some(table) = subject.table else {
            return false;
        };
        match action {
            Action::AddColumn {
                if_not_exists: true,
                column,
                ..
            } => table.column(&column.name).is_some(),
            Action::DropColumn {
                if_exists: true,
                column,
                ..
            } => table.is_known() && table.column(&column.name).is_none(),
            Action::DropConstraint {
                if_exists: true,
                name,
                ..
            } => table.is_known() && table.constraint(&name.name).is_none(),
            _ => false,
        }
    }

    fn act(&mut self, subject: &Subject<'a>, action: &'a Action) {
        match action {
            Action::AddColumn {
                column,
                constraints,
                ..
            } => self.add_column(subject, column, constraints),
            Action::DropColumn {
                column, cascade, ..
            } => self.drop_column(subject, &column.name, *cascade),
            Action::AlterColumnType {
                column,
                ty,
                collation,
                using,
                ..
            } => {
                self.refuse_collation(ty, collation.as_ref());
                self.alter_type(
                    subject,
                    &column.name,
                    ty,
                    collation.as_ref(),
                    using.as_ref(),
                );
            }
            Action::SetNotNull { column, .. } => self.set_not_null(subject, &column.name),
            Action::DropNotNull { column, .. } => self.drop_not_null(subject, column),
            Action::SetDefault {
                column, default, ..
            } => self.set_default(subject, column, default),
            Action::DropDefault { column, .. } => self.refuse_computed(subject, column),
            Action::AddIdentity { column, .. } => self.add_identity(subject, column),
            Action::SetIdentity { column, .. } => {
                let known = subject.table.and_then(|t| t.column(&column.name));
                if known.is_some_and(|c| c.identity.is_none()) {
                    self.refuse(format!(
                        "column `{}` is not an identity column",
                        column.name
                    ));
                }
                self.lock_owned_sequence(subject, &column.name, LockMode::ShareRowExclusive);
            }
            Action::DropIdentity {
                column, if_exists, ..
            } => {
                let known = subject.table.and_then(|t| t.column(&column.name));
                if !if_exists && known.is_some_and(|c| c.identity.is_none()) {
                    self.refuse(format!(
                        "column `{}` is not an identity column",
                        column.name
                    ));
                }
                self.lock_owned_sequence(subject, &column.name, LockMode::AccessExclusive);
            }
            Action::SetExpression { column, .. } => self.set_expression(subject, column),
            Action::DropExpression {
                column, if_exists, ..
            } => {
                self.drop_expression(subject, column);
                if !if_exists {
                    self.refuse_plain(subject, column);
                }
            }
            Action::AddConstraint { constraint, .. } => self.add_constraint(subject, constraint),
            Action::DropConstraint { name, cascade, .. } => {
                self.drop_constraint(subject, name, *cascade);
            }
            Action::ValidateConstraint { name, .. } => self.validate_constraint(subject, name),
            Action::AlterConstraint {
                name,
                enforced,
                inherit,
                ..
            } => {
                self.alter_constraint(subject, name, *enforced, *inherit);
            }
            Action::RenameConstraint { name, .. } => self.rename_constraint(subject, name),
            Action::RenameColumn { column, to, .. } => {
                self.refuse_system_column(&to.name);
                self.rename_column(subject, column);
            }
            Action::AttachPartition {
                partition, bound, ..
            } => self.attach(subject, partition, bound),
            Action::DetachPartition {
                partition, mode, ..
            } => self.detach(subject, partition, *mode),
            Action::Inherit { parent, .. } => {
                let parent = self.resolve(parent);
                self.lock(&parent, LockMode::ShareUpdateExclusive);
                self.refuse_to_inherit(subject, &parent);
                if let (Some(parent), Some(table)) = (self.table(&parent), subject.table) {
                    self.refuse_misfit(parent, table);
                    self.refuse_kin(parent, table);
                    self.refuse_transition_tables(table);
                }
            }
            Action::NoInherit { parent, .. } => {
                let parent = self.resolve(parent);
                self.lock(&parent, LockMode::AccessShare);
                let known = subject.table.filter(|table| table.is_known());
                if known.is_some_and(|table| !table.inherits.contains(&parent)) {
                    self.refuse(format!(
                        "`{}` does not inherit from `{parent}`",
                        subject.key
                    ));
                }
            }
            Action::SetPersistence { logged, .. } => self.set_persistence(subject, *logged),
            Action::SetAccessMethod { to, .. } => self.set_access_method(subject, to),
            Action::ClusterOn { index, .. } => self.cluster_on(subject, index.as_ref()),
            Action::SetColumnOption {
                column,
                option: ColumnOption::Compression,
                value,
                ..
            } => {
                self.needs(14, "SET COMPRESSION");
                if let Some(known) = subject.table.and_then(|t| t.column(&column.name)) {
                    self.check_compression(known, value);
                }
            }
            Action::SetColumnOption {
                column,
                option: ColumnOption::Storage,
                value,
                ..
            } => self.check_storage(subject, column, value),
            Action::ReplicaIdentity { identity, .. } => self.replica_identity(subject, identity),
            _ => {}
        }
    }

    fn cluster_on(&mut self, subject: &Subject<'_>, index: Option<&Ident>) {
        // cluster_on_partitioned, set_without_cluster_partitioned
        if subject.table.is_some_and(Table::is_partitioned) {
            self.refuse(format!(
                "`{}` is partitioned and holds no rows to cluster",
                subject.key
            ));
        }
        if let Some(index) = index {
            self.check_sortable(&subject.key, index);
            let index = self.beside(&subject.key, index.name);
            self.lock(&index, LockMode::ShareUpdateExclusive);
        }
    }

    pub(super) fn lock_sequences_used(&mut self, expr: &str) {
        for sequence in self.sequences_used(expr) {
            self.lock(&sequence, LockMode::RowExclusive);
        }
    }

    /// The name that the server gives to the sequence of a new column.
    pub(super) fn sequence_name(&self, table: &Key, column: &str) -> Key {
        self.beside(table, object_name(&table.name, column, "seq"))
    }

    pub(super) fn lock_owned_sequence(
        &mut self,
        subject: &Subject<'_>,
        column: &str,
        mode: LockMode,
    ) {
        for sequence in self.schema.sequences_of(&subject.key, Some(column)) {
            self.lock(&sequence, mode);
        }
    }

    pub(super) fn lock_owned_sequences(&mut self, key: &Key, mode: LockMode) {
        for sequence in self.schema.sequences_of(key, None) {
            self.lock(&sequence, mode);
        }
    }

    /// A child has the columns of its parent (inherit_missing_column).
    fn refuse_to_inherit(&mut self, subject: &Subject<'_>, parent: &Key) {
        let known = |table: &&Table| table.is_known();
        let (Some(table), Some(parent)) = (subject.table, self.table(parent)) else {
            return;
        };
        let columns = Some(parent).filter(known).zip(Some(table).filter(known));
        let missing = columns.and_then(|(parent, table)| {
            let mut columns = parent.columns.iter();
            columns.find(|c| table.column(&c.name).is_none())
        });
        if let Some(missing) = missing {
            self.refuse(format!(
                "`{}` has no column `{}`",
                subject.key, missing.name
            ));
        }
    }

    /// Partitions, partitioned tables and children of the same parent do not
    /// inherit (inherit_partition, inherit_twice).
    fn refuse_kin(&mut self, parent: &Table, table: &Table) {
        if table.inherits.contains(&parent.key) {
            self.refuse(format!(
                "`{}` inherits from `{}` already",
                table.key, parent.key
            ));
        }
        for part in [parent, table] {
            if part.is_partitioned() || part.partition.is_some() {
                self.refuse(format!("`{}` is partitioned, or a partition", part.key));
            }
        }
    }

    pub(super) fn rewrite_all(&mut self, subject: &Subject<'a>) {
        self.each(
            &subject.key,
            Children::Yes,
            subject.only,
            |work, key, table| work.rewrite_heap(key, table),
        );
    }

    fn set_persistence(&mut self, subject: &Subject<'a>, logged: bool) {
        let wanted = if logged {
            Persistence::Permanent
        } else {
            Persistence::Unlogged
        };
        let already = subject
            .table
            .is_some_and(|table| table.is_known() && table.persistence == wanted);
        if already {
            return;
        }
        self.rewrite_heap(&subject.key, subject.table);
        let Some(table) = subject.table else { return };
        if table.is_partitioned() && self.version >= 18 {
            self.refuse(format!(
                "`{}` is partitioned and holds no rows",
                subject.key
            ));
        }
        if table.is_temporary() {
            self.refuse(format!("`{}` is a temporary table", subject.key));
        }
        let is = |key: &Key, persistence| {
            *key != subject.key
                && self
                    .table(key)
                    .is_some_and(|t| t.persistence == persistence)
        };
        let mut by = table.referenced_by.iter();
        let mut to = table
            .constraints
            .iter()
            .filter_map(|c| c.references.as_ref());
        if !logged && by.any(|key| is(key, Persistence::Permanent)) {
            self.refuse("a table that permanent tables refer to cannot become unlogged");
        } else if logged && to.any(|key| is(key, Persistence::Unlogged)) {
            self.refuse("a table that refers to an unlogged one cannot become permanent");
        }
        if self.version >= 15 {
            self.lock_owned_sequences(&subject.key, LockMode::AccessExclusive);
        }
    }

    fn set_access_method(&mut self, subject: &Subject<'a>, to: &Ident) {
        self.needs(15, "SET ACCESS METHOD");
        if subject.table.is_some_and(Table::is_partitioned) && self.version < 17 {
            self.refuse("the access method of a partitioned table cannot be changed");
        }
        if to.name != "heap" {
            self.rewrite_heap(&subject.key, subject.table);
        }
    }

    fn replica_identity(&mut self, subject: &Subject<'a>, identity: &ReplicaIdentity) {
        let ReplicaIdentity::Index(name) = identity else {
            return;
        };
        let key = self.beside(&subject.key, name.name);
        self.lock(&key, LockMode::Share);
        let Some(table) = subject.table else { return };
        let Some(index) = self.index(&key) else {
            if table.is_known() && !name.template {
                self.refuse(format!("`{}` has no index `{}`", subject.key, name.name));
            }
            return;
        };
        if !index.unique || index.predicate.is_some() || !index.exprs.is_empty() {
            self.refuse(format!(
                "index `{}` cannot be a replica identity",
                name.name
            ));
        }
        if let Some(column) = index
            .columns
            .iter()
            .find(|column| table.is_known() && !self.is_not_null(table, column))
        {
            self.refuse(format!(
                "index `{}` cannot be a replica identity: column `{column}` may be NULL",
                name.name
            ));
        }
    }

    /// Does a default give each row a value of its own? What is not known may.
    pub(super) fn differs_by_row(&mut self, expr: &str) -> bool {
        match self.volatility(expr) {
            Volatility::Volatile => true,
            Volatility::Unknown => {
                self.effect.uncertain = true;
                true
            }
            _ => false,
        }
    }

    pub(super) fn scan_all(&mut self, subject: &Subject<'a>) {
        self.each(
            &subject.key,
            Children::Yes,
            subject.only,
            |work, key, table| work.scan_heap(key, table),
        );
    }
}
