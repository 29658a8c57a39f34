//! CREATE TABLE, and the actions of ALTER TABLE that have no file of their own.

use rustc_hash::FxHashMap;

use crate::effect::LockMode;
use crate::operation::{
    Action, Column, ColumnOption, Constraint, ConstraintKind, CreateTable, DataType, DetachMode,
    Expr, Generated, Ident, Key as KeyColumns, Persistence, ReplicaIdentity, Target,
    TypeDefinition,
};
use crate::schema::{Key, Table, names_in, object_name};
use crate::text::holds;

use super::Work;
use super::data::{Children, table_action};
use super::expr::mentions;
use super::place::Place;
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

    /// What has a fixed width is stored plain (set_storage_fixed_width).
    fn check_storage(&mut self, subject: &Subject<'_>, column: &Ident, storage: &str) {
        let Some(known) = subject.table.and_then(|t| t.column(&column.name)) else {
            return;
        };
        let plain = ["plain", "default"];
        if is_fixed_width(&known.ty) && !plain.iter().any(|p| storage.eq_ignore_ascii_case(p)) {
            self.refuse(format!(
                "`{}` is of type {}, which is stored PLAIN",
                column.name, known.ty
            ));
        }
    }

    /// What has a fixed width is not compressed (set_compression_fixed_width).
    fn check_compression(&mut self, column: &Column, method: &str) {
        let is = |name: &str| method.eq_ignore_ascii_case(name);
        if is("default") || method.contains(['{', '$', '"']) {
            return;
        }
        if is_fixed_width(&column.ty) {
            self.refuse(format!(
                "`{}` is of type {}, which is not compressed",
                column.name, column.ty
            ));
        } else if !["pglz", "lz4"].iter().any(|known| is(known)) {
            self.refuse(format!("there is no compression `{method}`"));
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

    fn set_not_null(&mut self, subject: &Subject<'a>, column: &str) {
        let top = subject.table;
        let below = top.filter(|t| t.is_partitioned() && !t.children.is_empty());
        if subject.only && below.is_some_and(|t| !self.is_not_null(t, column)) {
            self.refuse("the column must be NOT NULL in the partitions first");
        }
        self.each(
            &subject.key,
            Children::Yes,
            subject.only,
            |work, key, table| {
                let known = table.is_some_and(|t| work.is_not_null(t, column));
                let proven = table.is_some_and(|t| work.proven_not_null(t, column))
                    || top.is_some_and(|t| work.proven_below(t, column));
                if !known && !proven {
                    work.scan_heap(key, table);
                }
            },
        );
    }

    /// Is the column NOT NULL, and checked to be so?
    pub(super) fn is_not_null(&self, table: &Table, column: &str) -> bool {
        let unchecked = table.constraints.iter().any(|c| {
            !c.validated
                && matches!(&c.definition.kind, ConstraintKind::NotNull(ident) if ident.name == column)
        });
        !unchecked
            && (table
                .column(column)
                .is_some_and(|c| c.not_null || c.identity.is_some() || c.ty.is_serial())
                || table
                    .primary_key()
                    .is_some_and(|key| key.columns.iter().any(|c| c == column)))
    }

    fn drop_not_null(&mut self, subject: &Subject<'_>, column: &Ident) {
        let Some(table) = subject.table else { return };
        if table
            .primary_key()
            .is_some_and(|key| key.columns.contains(&column.name))
        {
            self.refuse(format!("column `{}` is in a primary key", column.name));
        }
        if table
            .column(&column.name)
            .is_some_and(|c| c.identity.is_some())
        {
            self.refuse(format!("column `{}` is an identity column", column.name));
        }
        if self
            .replica_index(&subject.key)
            .and_then(|index| self.index(&index))
            .is_some_and(|index| index.columns.contains(&column.name))
        {
            self.refuse(format!("replicas tell rows by column `{}`", column.name));
        }
        // From 18 on children by inheritance keep it too (drop_not_null_child).
        let inherits = table.inherits.iter().filter(|_| self.version >= 18);
        let mut parents = table.partition.iter().map(|p| &p.of).chain(inherits);
        let not_null = |key: &Key| {
            self.table(key)
                .is_some_and(|parent| self.is_not_null(parent, &column.name))
        };
        if parents.any(not_null) {
            self.refuse(format!(
                "column `{}` is NOT NULL in the parent",
                column.name
            ));
        }
    }

    fn set_default(&mut self, subject: &Subject<'_>, column: &Ident, default: &Expr) {
        let Some(known) = subject.table.and_then(|t| t.column(&column.name)) else {
            return;
        };
        self.refuse_computed(subject, column);
        // Types change first, wherever that is written.
        let changed = self.siblings().find_map(|action| match action {
            Action::AlterColumnType { column: c, ty, .. } if c.name == column.name => Some(ty),
            _ => None,
        });
        self.check_new_default(&default.text, changed.unwrap_or(&known.ty));
        self.check_functions_exist(&default.text);
    }

    /// What the server itself gives values to has no default
    /// (drop_default_identity, drop_default_generated).
    fn refuse_computed(&mut self, subject: &Subject<'_>, column: &Ident) {
        let Some(known) = subject.table.and_then(|t| t.column(&column.name)) else {
            return;
        };
        if known.identity.is_some() {
            self.refuse(format!("column `{}` is an identity column", column.name));
        } else if known.generated.is_some() {
            self.refuse(format!("column `{}` is a generated column", column.name));
        }
    }

    pub(super) fn lock_sequences_used(&mut self, expr: &str) {
        for sequence in self.sequences_used(expr) {
            self.lock(&sequence, LockMode::RowExclusive);
        }
    }

    fn add_identity(&mut self, subject: &Subject<'_>, column: &Ident) {
        let sequence = self.sequence_name(&subject.key, &column.name);
        self.create(sequence);
        let Some(table) = subject.table.filter(|table| table.is_known()) else {
            return;
        };
        let Some(known) = table.column(&column.name) else {
            return;
        };
        let set_here = self.siblings().any(|action| {
            matches!(action, Action::SetNotNull { column: c, .. } if c.name == column.name)
        });
        let default_dropped = self.siblings().any(|action| {
            matches!(action, Action::DropDefault { column: c, .. } if c.name == column.name)
        });
        if known.identity.is_some() {
            self.refuse(format!(
                "column `{}` is an identity column already",
                column.name
            ));
        } else if !self.is_not_null(table, &column.name) && !set_here {
            self.refuse(format!(
                "column `{}` must be NOT NULL before it becomes an identity column",
                column.name
            ));
        } else if (known.default.is_some() || known.ty.is_serial()) && !default_dropped {
            self.refuse(format!("column `{}` has a default already", column.name));
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

    fn set_expression(&mut self, subject: &Subject<'a>, column: &Ident) {
        self.needs(17, "SET EXPRESSION");
        let stored = subject
            .table
            .and_then(|table| table.column(&column.name))
            .and_then(|column| column.generated.as_ref())
            .is_none_or(|generated| generated.stored);
        if stored {
            self.rewrite_all(subject);
        }
        self.refuse_plain(subject, column);
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

    /// The column is not a generated one.
    fn refuse_plain(&mut self, subject: &Subject<'_>, column: &Ident) {
        let known = subject.table.and_then(|table| table.column(&column.name));
        if known.is_some_and(|known| known.generated.is_none()) {
            self.refuse(format!(
                "column `{}` is not a generated column",
                column.name
            ));
        }
    }

    fn drop_expression(&mut self, subject: &Subject<'_>, column: &Ident) {
        let generated = subject
            .table
            .and_then(|table| table.column(&column.name))
            .and_then(|column| column.generated.as_ref());
        if generated.is_some_and(|generated| !generated.stored) {
            self.refuse("the expression of a virtual generated column cannot be dropped");
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

    fn rename_column(&mut self, subject: &Subject<'_>, column: &Ident) {
        let Some(table) = subject.table else { return };
        self.refuse_typed(table);
        if subject.only && !table.children.is_empty() {
            self.refuse(format!(
                "inherited column `{}` must be renamed in child tables too",
                column.name
            ));
        }
        self.refuse_inherited(table, &column.name, "renamed");
    }

    /// A column that comes from a parent changes with the parent only.
    pub(super) fn refuse_inherited(&mut self, table: &Table, column: &str, what: &str) {
        let parents = table
            .inherits
            .iter()
            .chain(table.partition.as_ref().map(|partition| &partition.of));
        for parent in parents {
            if self
                .table(parent)
                .is_some_and(|parent| parent.column(column).is_some())
            {
                self.refuse(format!(
                    "column `{column}` is inherited from `{parent}` and cannot be {what} here"
                ));
            }
        }
    }

    /// The columns that a table is partitioned by neither change nor go.
    pub(super) fn refuse_partition_key(&mut self, table: &Table, column: &str) {
        let by_column = table
            .partition_by
            .as_ref()
            .is_some_and(|by| by.columns.iter().any(|c| c == column));
        if by_column {
            self.refuse(format!("`{}` is partitioned by `{column}`", table.key));
        }
    }

    pub(super) fn create_table(&mut self, create: &'a CreateTable) {
        let temporary = create.persistence == Persistence::Temporary;
        let key = self.new_key(&create.name, temporary);
        let exists = self.schema.relation_by_key(&key).is_some();
        if create.if_not_exists && exists {
            return;
        }
        for parent in &create.inherits {
            let parent = self.resolve(parent);
            self.lock(&parent, LockMode::ShareUpdateExclusive);
            if self.table(&parent).is_some_and(Table::is_partitioned) {
                self.refuse(format!("`{parent}` is partitioned"));
            }
        }
        for like in &create.like {
            let source = self.resolve(&like.table);
            self.lock(&source, LockMode::AccessShare);
        }
        if let Some(source) = &create.source {
            if create.columns.is_empty() {
                self.refuse_column_twice(&source.text);
            }
            if create.no_data {
                self.name_in(&source.text);
            } else {
                self.lock_sequences_used(&source.text);
                self.read_from(&source.text);
            }
        }
        if let Some(partition_of) = &create.partition_of {
            self.create_partition(&key, partition_of);
        }
        if let Some(by) = &create.partition_by {
            self.check_place_of(&by.definition.text, Place::PartitionKey);
        }
        for column in &create.columns {
            if column.ty.is_serial() || column.identity.is_some() {
                let sequence = self.sequence_name(&key, &column.name);
                self.create(sequence);
            }
            self.check_column_options(column);
            if let Some(default) = &column.default {
                self.check_new_default(&default.text, &column.ty);
                self.refuse_later_functions(&default.text);
            }
            if let Some(generated) = &column.generated {
                let columns = |name: &str| {
                    let found = create.columns.iter().find(|column| column.name == name);
                    found.map(|column| column.ty.clone())
                };
                self.check_generated(generated, &columns);
            }
        }
        for column in &create.columns {
            self.refuse_system_column(&column.name);
            self.refuse_collation(&column.ty, column.collation.as_ref());
        }
        self.check_new_columns(create);
        self.check_type_of_table(create);
        self.check_table_parameters(create);
        self.check_own_columns(create);
        for constraint in &create.constraints {
            self.constraint_of_new_table(&key, create, constraint);
        }
        self.create(key);
    }

    /// A table OF a type has the type's columns, and of a composite type alone
    /// (create_table_of_*).
    fn check_type_of_table(&mut self, create: &CreateTable) {
        let Some(of) = &create.of_type else { return };
        let key = self.type_of_name(of);
        let Some(entry) = self.schema.enum_or_type(&key) else {
            return;
        };
        let TypeDefinition::Composite(fields) = &entry.definition else {
            return self.refuse(format!("`{key}` is not a composite type"));
        };
        let mut columns = create.columns.iter();
        let is_field = |name: &str| fields.iter().any(|(field, _)| field == name);
        if let Some(column) = columns.find(|column| !is_field(&column.name)) {
            self.refuse(format!("type `{key}` has no column `{}`", column.name));
        }
    }

    /// What a table cannot be made of: two columns of one name, two primary keys,
    /// generated columns over generated columns.
    fn check_new_columns(&mut self, create: &CreateTable) {
        let mut seen: FxHashMap<&str, bool> = FxHashMap::default();
        for column in &create.columns {
            let generated = column.generated.is_some();
            if seen.insert(&column.name, generated).is_some() {
                self.refuse(format!("column `{}` is named twice", column.name));
            }
        }
        for column in &create.columns {
            let Some(generated) = &column.generated else {
                continue;
            };
            let mut words = names_in(&generated.expr.text);
            if let Some(other) = words.find(|word| seen.get(word.as_str()) == Some(&true)) {
                self.refuse(format!(
                    "`{}` is computed from `{other}`, which is a generated column itself",
                    column.name
                ));
            }
        }
        let primary = |c: &&Constraint| matches!(c.kind, ConstraintKind::PrimaryKey(_));
        if create.constraints.iter().filter(primary).count() > 1 {
            self.refuse("a table has one primary key at most");
        }
    }

    fn constraint_of_new_table(
        &mut self,
        key: &Key,
        create: &CreateTable,
        constraint: &Constraint,
    ) {
        match &constraint.kind {
            ConstraintKind::ForeignKey(foreign) => {
                self.refuse_set_generated(&create.columns, foreign);
                let own = self.resolve(&foreign.references);
                if own != *key {
                    self.lock_referenced(&own, LockMode::ShareRowExclusive);
                    self.check_referenced_key(&own, foreign);
                    self.check_referenced_storage(create.persistence, &own);
                    self.check_referenced_types(&create.columns, &own, foreign);
                }
            }
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique(_)
            | ConstraintKind::Exclude { .. } => {
                if let ConstraintKind::PrimaryKey(own) | ConstraintKind::Unique(own) =
                    &constraint.kind
                {
                    let by = create.partition_by.as_ref();
                    self.check_partition_key(key, by, &own.columns);
                }
                if let Some(by) = &create.partition_by {
                    self.check_partitioned_exclusion(key, by, &constraint.kind);
                }
                self.constraint_features(constraint);
                self.check_key_classes(&create.columns, &constraint.kind);
                let name = self.constraint_index_name(key, constraint);
                let index = self.beside(key, name);
                if create.partition_by.is_some() {
                    self.create(index);
                } else {
                    self.build_new(index);
                }
            }
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) => {
                self.constraint_features(constraint);
            }
        }
    }

    pub(super) fn check_column_options(&mut self, column: &Column) {
        if column.default.is_some() && column.generated.is_some() {
            self.refuse(format!(
                "`{}` has a default and is computed, too",
                column.name
            ));
        }
        let storage = |(option, _): &(ColumnOption, _)| *option == ColumnOption::Storage;
        if column.options.iter().any(storage) {
            self.needs(16, "STORAGE of a new column");
        }
        for (option, value) in &column.options {
            if *option == ColumnOption::Compression {
                self.needs(14, "COMPRESSION of a new column");
                self.check_compression(column, value);
            }
        }
    }

    /// What a generated column computes must be the same at any time.
    pub(super) fn check_generated(
        &mut self,
        generated: &Generated,
        columns: &dyn Fn(&str) -> Option<DataType>,
    ) {
        if !generated.stored {
            self.needs(18, "virtual generated columns");
        }
        self.check_place_of(&generated.expr.text, Place::Generated);
        if matches!(
            self.volatility(&generated.expr.text),
            Volatility::Stable | Volatility::Volatile
        ) || self.depends_on_session(&generated.expr.text, columns)
        {
            self.refuse("what a generated column is computed from must be IMMUTABLE");
        }
    }

    /// Generated columns and others whose expressions name this column.
    pub(super) fn generated_from<'t>(&self, table: &'t Table, column: &str) -> Option<&'t str> {
        table
            .columns
            .iter()
            .find(|other| {
                other.name != column
                    && other
                        .generated
                        .as_ref()
                        .is_some_and(|g| mentions(&g.expr.text, column))
            })
            .map(|other| other.name.as_str())
    }

    /// A policy or trigger that names the column keeps it as it is.
    pub(super) fn refuse_watched(&mut self, table: &Table, column: &str, done: &str) {
        let named = |expr: &Expr| mentions(&expr.text, column);
        // A subquery has columns of its own.
        let asked = |expr: &Expr| {
            let inner = holds(&expr.text, "select");
            let reads = || {
                self.schema
                    .condition_reads(table, &expr.text, &table.key, column)
            };
            named(expr) && inner.then(reads).flatten().unwrap_or(true)
        };
        let policy = table
            .policies
            .iter()
            .find(|p| p.clauses.conditions().any(asked))
            .map(|p| format!("policy `{}`", p.name));
        let elsewhere = || {
            let key = &table.key;
            let known = !self.schema.had_name(&key.name) && !self.schema.had_name(column);
            let reading = known.then(|| self.schema.policies_reading(key, Some(column)));
            let (table, policy) = reading?.into_iter().next()?;
            Some(format!("policy `{}` on `{}`", policy.name, table.key))
        };
        let policy = policy.or_else(elsewhere);
        let trigger = table
            .triggers
            .iter()
            .find(|t| t.columns.iter().any(|c| c == column) || t.when.as_ref().is_some_and(named))
            .map(|t| format!("trigger `{}`", t.name));
        let rule = table
            .rules
            .iter()
            .find(|rule| named(&rule.definition))
            .map(|rule| format!("rule `{}`", rule.name));
        if let Some(watcher) = policy.or(trigger).or(rule) {
            self.refuse(format!("`{column}` cannot be {done}: {watcher} uses it"));
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

/// Is it one of the server's types whose values are all as long as each other?
fn is_fixed_width(ty: &DataType) -> bool {
    const FIXED: &[&str] = &[
        "smallint",
        "int",
        "bigint",
        "smallserial",
        "serial",
        "bigserial",
        "real",
        "double precision",
        "boolean",
        "date",
        "timestamp",
        "timestamptz",
        "time",
        "timetz",
        "interval",
        "uuid",
        "money",
    ];
    ty.schema.is_none() && ty.array == 0 && FIXED.contains(&ty.name.as_str())
}
