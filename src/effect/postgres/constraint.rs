//! Adding, validating, changing and dropping constraints.

use std::sync::Arc;

use crate::effect::LockMode;
use crate::name::Name;
use crate::operation::{
    Action, Column, Constraint, ConstraintKind, ForeignKey, Ident, Key as KeyColumns, PartitionBy,
    Persistence,
};
use crate::schema::part::Shape;
use crate::schema::{Index, Key, Table, TableConstraint, names, same_set};
use crate::statement::lexer::same_tokens;

use super::Work;
use super::data::Children;
use super::expr::{Tokens, is_word, mentions};
use super::place::Place;
use super::table::Subject;

impl<'a> Work<'a> {
    pub(super) fn add_constraint(&mut self, subject: &Subject<'a>, constraint: &'a Constraint) {
        self.constraint_features(constraint);
        match &constraint.kind {
            ConstraintKind::Check(_) => self.add_check(subject, constraint),
            ConstraintKind::NotNull(column) => self.add_not_null(subject, constraint, column),
            ConstraintKind::ForeignKey(foreign) => {
                self.add_foreign_key(subject, constraint, foreign);
            }
            ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
                self.add_key(subject, constraint, key);
            }
            ConstraintKind::Exclude { .. } => {
                if let Some(table) = subject.table
                    && let Some(by) = &table.partition_by
                {
                    self.check_partitioned_exclusion(&table.key, by, &constraint.kind);
                }
                let columns = subject.table.map_or(&[][..], |table| &table.columns);
                self.check_key_classes(columns, &constraint.kind);
                self.build_constraint_indexes(subject, constraint);
            }
        }
    }

    /// Clauses that came with a later version.
    pub(super) fn constraint_features(&mut self, constraint: &Constraint) {
        if constraint.not_enforced {
            self.needs(18, "NOT ENFORCED");
        }
        match &constraint.kind {
            ConstraintKind::NotNull(_) => self.needs(18, "named NOT NULL constraints"),
            ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
                if key.nulls_not_distinct {
                    self.needs(15, "NULLS NOT DISTINCT");
                }
                if constraint.not_valid {
                    self.refuse("unique constraints cannot be NOT VALID");
                }
            }
            _ => {}
        }
    }

    fn add_check(&mut self, subject: &Subject<'a>, constraint: &Constraint) {
        if let ConstraintKind::Check(check) = &constraint.kind {
            self.check_place_of(&check.text, Place::Check);
            self.refuse_missing_columns(&subject.key, &check.text);
            self.refuse_uncomparable(&subject.key, &check.text);
            self.check_functions_exist(&check.text);
        }
        let has_children = subject.table.is_some_and(|t| !t.children.is_empty());
        if subject.only && has_children && !constraint.no_inherit {
            self.refuse("the constraint must be added to child tables too");
        }
        let merged = constraint.name.as_ref().is_some_and(|name| {
            let check = |table: &'a Table| self.schema.is_inherited_check(table, &name.name);
            subject.table.is_some_and(check)
        });
        if constraint.not_valid || constraint.not_enforced || merged {
            return;
        }
        self.each(
            &subject.key,
            Children::Yes,
            subject.only || constraint.no_inherit,
            |work, key, table| {
                let child = table.filter(|_| *key != subject.key);
                if !child.is_some_and(|table| work.merges_check(table, constraint)) {
                    work.scan_heap(key, table);
                }
            },
        );
    }

    /// Does a child have the check of its parent already
    /// (add_check_partitions_have_it)? What has its name and is no such check
    /// stops it.
    fn merges_check(&mut self, child: &Table, constraint: &Constraint) -> bool {
        let ConstraintKind::Check(wanted) = &constraint.kind else {
            return false;
        };
        let name = constraint.name.as_ref().map_or("", |name| &name.name);
        let Some(own) = child.constraint(name) else {
            return false;
        };
        let ConstraintKind::Check(check) = &own.definition.kind else {
            self.refuse(format!("`{}` has a constraint `{name}` already", child.key));
            return false;
        };
        if own.definition.no_inherit {
            let why = format!("`{name}` of `{}` is not one to be inherited", child.key);
            self.refuse(why);
        } else if !own.validated {
            let why = format!("`{name}` of `{}` is NOT VALID", child.key);
            self.refuse(why);
        }
        same_tokens(&check.text, &wanted.text)
    }

    fn add_not_null(&mut self, subject: &Subject<'a>, constraint: &Constraint, column: &Ident) {
        if constraint.not_valid {
            return;
        }
        self.each(
            &subject.key,
            Children::Yes,
            subject.only || constraint.no_inherit,
            |work, key, table| {
                let known = table.is_some_and(|t| {
                    work.is_not_null(t, &column.name) || work.proven_not_null(t, &column.name)
                });
                if !known {
                    work.scan_heap(key, table);
                }
            },
        );
    }

    fn add_foreign_key(
        &mut self,
        subject: &Subject<'a>,
        constraint: &Constraint,
        foreign: &ForeignKey,
    ) {
        if let Some(table) = subject.table {
            self.refuse_set_generated(&table.columns, foreign);
        }
        let referenced = self.resolve(&foreign.references);
        if referenced != subject.key {
            self.lock_referenced(&referenced, LockMode::ShareRowExclusive);
        }
        let partitioned = subject.table.is_some_and(Table::is_partitioned);
        if constraint.not_valid && partitioned && self.version < 18 {
            self.refuse(format!(
                "a foreign key of the partitioned table `{}` cannot be NOT VALID before PostgreSQL 18",
                subject.key
            ));
        }
        if partitioned && subject.only {
            self.refuse("ONLY is not possible for a foreign key of a partitioned table");
        }
        self.check_columns(&subject.key, &foreign.columns);
        self.check_referenced_key(&referenced, foreign);
        if let Some(table) = subject.table {
            self.check_referenced_types(&table.columns, &referenced, foreign);
        }
        if let Some(table) = subject.table.filter(|table| table.is_known()) {
            self.check_referenced_storage(table.persistence, &referenced);
        }
        if !constraint.not_valid && !constraint.not_enforced {
            let all_null = foreign.columns.iter().all(|c| self.is_new_and_null(c));
            let matches = !all_null && self.has_rows(&subject.key, subject.table);
            self.refuse_new_reference(subject, &foreign.columns, &referenced);
            self.validate_reference(subject, &referenced, matches);
        }
    }

    /// A referenced table and its partitions.
    pub(super) fn lock_referenced(&mut self, key: &Key, mode: LockMode) {
        self.each(key, Children::Partitions, false, |work, key, _| {
            work.lock(key, mode);
        });
    }

    /// The query that looks for rows without a parent; `matches` is false
    /// where there is nothing to look up.
    pub(super) fn validate_reference(
        &mut self,
        subject: &Subject<'a>,
        referenced: &Key,
        matches: bool,
    ) {
        self.each(
            &subject.key,
            Children::Partitions,
            false,
            |work, key, table| {
                work.scan_heap(key, table);
                work.lock_indexes_of_storage(table);
            },
        );
        // From 16 on the planner looks at the index of a partitioned parent
        // too (add_fk_to_partitioned).
        if self.version >= 16
            && let Some(table) = self.table(referenced).filter(|t| t.is_partitioned())
        {
            self.lock_indexes(Some(table), LockMode::AccessShare);
        }
        self.each(
            referenced,
            Children::Partitions,
            false,
            |work, key, table| {
                if matches {
                    work.scan_heap(key, table);
                }
                work.lock_indexes_of_storage(table);
            },
        );
    }

    fn lock_indexes_of_storage(&mut self, table: Option<&'a Table>) {
        if table.is_some_and(super::stores_rows) {
            self.lock_indexes(table, LockMode::AccessShare);
        }
    }

    /// Refuses a reference to columns that no unique key covers.
    pub(super) fn check_referenced_key(&mut self, referenced: &Key, foreign: &ForeignKey) {
        let own = foreign.columns.len();
        let other = foreign.referenced.len();
        if own > 0 && other > 0 && own != other {
            self.refuse(format!("{own} columns cannot refer to {other}"));
        }
        let Some(table) = self.table(referenced).filter(|t| t.is_known()) else {
            return;
        };
        if foreign.referenced.is_empty() {
            match table.primary_key() {
                None => self.refuse(format!("`{referenced}` has no primary key to refer to")),
                Some(key) if own > 0 && !key.columns.is_empty() && key.columns.len() != own => {
                    self.refuse(format!(
                        "{own} columns cannot refer to the primary key of `{referenced}`, which has {}",
                        key.columns.len()
                    ));
                }
                Some(key) if key.definition.deferrable => {
                    self.refuse(format!(
                        "the primary key of `{referenced}` is deferrable, and nothing can refer to it"
                    ));
                }
                Some(_) => {}
            }
            return;
        }
        let mut covering = self.indexes_of(Some(table)).filter(|index| {
            index.unique
                && index.predicate.is_none()
                && index.exprs.is_empty()
                && same_set(&index.columns, &foreign.referenced)
        });
        let first = covering.next();
        let covered = first.is_some();
        // One that holds at once will do (fk_to_deferrable).
        let is_late = |index: &'a Index| table.is_deferrable_key(index);
        if covered && first.into_iter().chain(covering).all(is_late) {
            self.refuse(format!(
                "the unique constraint of `{referenced}` over ({}) is deferrable, and nothing can refer to it",
                foreign.referenced.join(", ")
            ));
        }
        let constrained = table
            .constraints
            .iter()
            .any(|c| is_key(c) && same_set(&c.columns, &foreign.referenced));
        if !covered && !constrained {
            self.refuse(format!(
                "no unique constraint of `{referenced}` covers ({})",
                foreign.referenced.join(", ")
            ));
        }
    }

    /// What outlives a crash or a session cannot refer to what does not
    /// (fk_perm_to_unlogged, fk_temp_to_permanent).
    pub(super) fn check_referenced_storage(&mut self, own: Persistence, referenced: &Key) {
        let Some(other) = self.table(referenced).filter(|t| t.is_known()) else {
            return;
        };
        let refused = match own {
            Persistence::Temporary => !other.is_temporary(),
            Persistence::Unlogged => other.is_temporary(),
            Persistence::Permanent => other.persistence != Persistence::Permanent,
        };
        if refused {
            let word = |persistence| match persistence {
                Persistence::Temporary => "temporary",
                Persistence::Unlogged => "unlogged",
                Persistence::Permanent => "permanent",
            };
            self.refuse(format!(
                "a {} table cannot refer to `{referenced}`, which is {}",
                word(own),
                word(other.persistence)
            ));
        }
    }

    /// The columns on both sides must be comparable.
    pub(super) fn check_referenced_types(
        &mut self,
        own: &[Arc<Column>],
        referenced: &Key,
        foreign: &ForeignKey,
    ) {
        let Some(other) = self.table(referenced) else {
            return;
        };
        let to = match (foreign.referenced.is_empty(), other.primary_key()) {
            (true, Some(key)) => &key.columns,
            _ => &foreign.referenced,
        };
        for (from, to) in foreign.columns.iter().zip(to) {
            let from = own.iter().find(|column| column.name == *from);
            let (Some(from), Some(to)) = (from, other.column(to)) else {
                continue;
            };
            if !self.refers(&from.ty, &to.ty) {
                self.refuse(format!(
                    "`{}` is of type {} and cannot refer to `{}` of type {}",
                    from.name, from.ty, to.name, to.ty
                ));
            }
        }
    }

    fn add_key(&mut self, subject: &Subject<'a>, constraint: &'a Constraint, key: &'a KeyColumns) {
        let primary = matches!(constraint.kind, ConstraintKind::PrimaryKey(_));
        if primary && subject.table.is_some_and(|t| t.primary_key().is_some()) {
            self.refuse(format!("`{}` has a primary key already", subject.key));
        }
        if let Some(index) = &key.using_index {
            self.adopt_index(subject, constraint, index, primary);
            return;
        }
        self.check_columns(&subject.key, &key.columns);
        if let Some(table) = subject.table {
            self.check_partition_key(&table.key, table.partition_by.as_ref(), &key.columns);
            self.check_key_classes(&table.columns, &constraint.kind);
            if primary {
                self.check_not_valid_not_null(table, &key.columns);
            }
            if primary && !table.is_partitioned() && !self.are_not_null(subject, key) {
                // Children by inheritance get the NOT NULL, and not the key
                // (add_pk_inheritance_parent).
                self.scan_all(subject);
            }
        }
        self.build_constraint_indexes(subject, constraint);
    }

    /// A unique constraint of a partitioned table must hold the columns that
    /// it is partitioned by.
    pub(super) fn check_partition_key(
        &mut self,
        key: &Key,
        partition_by: Option<&PartitionBy>,
        columns: &[Name],
    ) {
        let mut parts = partition_by.iter().flat_map(|by| &by.columns);
        if let Some(missing) = parts.find(|c| !columns.contains(c)) {
            self.refuse(format!(
                "a unique constraint of the partitioned table `{key}` must include `{missing}`"
            ));
        }
    }

    /// From 17 on, where its equality keeps apart what partitions keep apart
    /// (create_partitioned_exclude_*).
    pub(super) fn check_partitioned_exclusion(
        &mut self,
        key: &Key,
        by: &PartitionBy,
        kind: &ConstraintKind,
    ) {
        let ConstraintKind::Exclude {
            columns,
            definition,
        } = kind
        else {
            return;
        };
        self.needs(17, "exclusion constraints of partitioned tables");
        let text = &definition.text;
        let is_equal = |column: &Name| {
            let tokens = Tokens::of(text);
            tokens.list.windows(3).any(|w| {
                is_word(w[0], text, column)
                    && is_word(w[1], text, "WITH")
                    && w[2].span.of(text) == "="
            })
        };
        for column in &by.columns {
            if !columns.contains(column) {
                self.refuse(format!(
                    "an exclusion constraint of the partitioned table `{key}` must include `{column}`"
                ));
            } else if mentions(text, "with") && !is_equal(column) {
                self.refuse(format!(
                    "an exclusion constraint of the partitioned table `{key}` must compare `{column}` by `=`"
                ));
            }
        }
    }

    /// What the server computes is not set by a foreign key
    /// (create_fk_generated_*).
    pub(super) fn refuse_set_generated(&mut self, own: &[Arc<Column>], foreign: &ForeignKey) {
        let is = |action: &Option<Name>, words: &[&str]| {
            let action = action.as_ref().map(|action| action.to_ascii_lowercase());
            action.is_some_and(|action| words.iter().any(|word| action.starts_with(word)))
        };
        let sets = is(&foreign.on_delete, &["set null", "set default"])
            || is(&foreign.on_update, &["set null", "set default", "cascade"]);
        let generated = own
            .iter()
            .find(|column| column.generated.is_some() && foreign.columns.contains(&column.name));
        if let Some(column) = generated.filter(|_| sets) {
            self.refuse(format!(
                "`{}` is a generated column, which no foreign key sets",
                column.name
            ));
        }
    }

    fn check_columns(&mut self, key: &Key, columns: &[Name]) {
        for column in columns {
            self.refuse_missing_column(key, column);
        }
    }

    /// add_pk_when_not_valid_nn_exists.
    fn check_not_valid_not_null(&mut self, table: &Table, columns: &[Name]) {
        let unchecked = table
            .constraints
            .iter()
            .find_map(|c| match &c.definition.kind {
                ConstraintKind::NotNull(column)
                    if !c.validated && columns.contains(&column.name) =>
                {
                    Some(&column.name)
                }
                _ => None,
            });
        if let Some(column) = unchecked {
            self.refuse(format!(
                "the NOT NULL constraint of `{column}` is not validated"
            ));
        }
    }

    fn adopt_index(
        &mut self,
        subject: &Subject<'a>,
        constraint: &Constraint,
        name: &Ident,
        primary: bool,
    ) {
        let key = self.beside(&subject.key, name.name);
        let renamed = constraint
            .name
            .as_ref()
            .is_some_and(|n| n.name != name.name);
        self.lock(
            &key,
            if renamed {
                LockMode::ShareUpdateExclusive
            } else {
                LockMode::AccessShare
            },
        );
        if subject.table.is_some_and(Table::is_partitioned) {
            self.refuse("a partitioned table cannot adopt an index as a constraint");
        }
        let Some(index) = self.index(&key) else {
            if subject.table.is_some_and(Table::is_known) && !name.template {
                self.refuse(format!("`{}` has no index `{}`", subject.key, name.name));
            }
            return;
        };
        self.check_adoptable(index, subject);
        if primary && let Some(table) = subject.table {
            let scan = index.columns.iter().any(|column| {
                !self.is_not_null(table, column) && !self.proven_not_null(table, column)
            });
            if scan {
                self.scan_heap(&subject.key, subject.table);
            }
        }
    }

    fn check_adoptable(&mut self, index: &Index, subject: &Subject<'_>) {
        let name = &index.key.name;
        if index.table != subject.key {
            self.refuse(format!("index `{name}` belongs to `{}`", index.table));
        }
        if !index.unique {
            self.refuse(format!("`{name}` is not a unique index"));
        }
        if index.predicate.is_some() {
            self.refuse(format!("`{name}` is a partial index"));
        }
        if !index.exprs.is_empty() {
            self.refuse(format!("index `{name}` contains expressions"));
        }
        let collated = |column: &Name| {
            let column = subject.table.and_then(|table| table.column(column));
            column.is_some_and(|column| column.collation.is_some())
        };
        let mut elements = index.options.iter().zip(&index.columns);
        if elements.any(|(options, column)| !sorts_by_default(options, collated(column))) {
            self.refuse(format!("index `{name}` does not have the default order"));
        }
        if index.constraint.is_some() {
            self.refuse(format!("index `{name}` belongs to a constraint already"));
        }
    }

    /// The index of a constraint, on each table that holds rows.
    pub(super) fn build_constraint_indexes(
        &mut self,
        subject: &Subject<'a>,
        constraint: &'a Constraint,
    ) {
        let shape = Shape::of_key(constraint);
        let own = Constraint {
            name: None,
            ..constraint.clone()
        };
        self.each(
            &subject.key,
            Children::Partitions,
            subject.only,
            |work, key, table| {
                let shape = shape.as_ref();
                if shape.is_some_and(|shape| work.adopts(shape, &subject.key, key, table)) {
                    return;
                }
                let top = *key == subject.key;
                let primary = matches!(constraint.kind, ConstraintKind::PrimaryKey(_));
                if primary && !top && table.is_some_and(|t| t.primary_key().is_some()) {
                    work.refuse(format!("`{key}` has a primary key already"));
                }
                let name = work.constraint_index_name(key, if top { constraint } else { &own });
                let index = work.beside(key, name);
                if table.is_none_or(super::stores_rows) {
                    work.scan_heap(key, table);
                    work.build_new(index);
                } else {
                    work.create(index);
                }
            },
        );
    }

    /// The name that the server gives to the index of a constraint.
    pub(super) fn constraint_index_name(&self, table: &Key, constraint: &Constraint) -> Name {
        if let Some(name) = &constraint.name {
            return name.name;
        }
        let joined = |columns: &[Name], include| {
            names::joined_index(columns.iter().map(Name::as_str), [], include)
        };
        let (second, label) = match &constraint.kind {
            ConstraintKind::PrimaryKey(_) => (String::new(), "pkey"),
            ConstraintKind::Exclude { columns, .. } => (joined(columns, &[]), "excl"),
            ConstraintKind::Unique(key) => (joined(&key.columns, &key.include), "key"),
            _ => (String::new(), "key"),
        };
        names::object_name(&table.name, &second, label)
    }

    pub(super) fn validate_constraint(&mut self, subject: &Subject<'a>, name: &Ident) {
        let added_here = self.siblings().find_map(|action| match action {
            Action::AddConstraint { constraint, .. }
                if constraint
                    .name
                    .as_ref()
                    .is_some_and(|n| n.name == name.name) =>
            {
                Some(constraint)
            }
            _ => None,
        });
        let known = subject.table.and_then(|table| table.constraint(&name.name));
        let (definition, valid) = match (known, added_here) {
            (Some(known), _) => (&known.definition, known.validated),
            (None, Some(added)) => (added, false),
            (None, None) => return self.validate_unknown(subject, name),
        };
        if definition.not_enforced {
            self.refuse(format!("constraint `{}` is not enforced", name.name));
        }
        if is_index_kind(&definition.kind) {
            self.refuse(format!("constraint `{}` is not one to validate", name.name));
        }
        if valid {
            return;
        }
        match &definition.kind {
            ConstraintKind::ForeignKey(foreign) => {
                let referenced = self.resolve(&foreign.references);
                if referenced != subject.key {
                    self.lock_referenced(&referenced, LockMode::AccessShare);
                    self.lock(&referenced, LockMode::RowShare);
                }
                self.validate_reference(subject, &referenced, true);
            }
            _ if definition.no_inherit => self.scan_heap(&subject.key, subject.table),
            _ => {
                if subject.only && subject.table.is_some_and(|t| !t.children.is_empty()) {
                    self.refuse("the constraint must be validated on child tables too");
                }
                self.scan_all(subject);
            }
        }
    }

    fn validate_unknown(&mut self, subject: &Subject<'a>, name: &Ident) {
        if subject.table.is_some_and(Table::is_known) {
            if !name.template {
                self.refuse(format!(
                    "`{}` has no constraint `{}`",
                    subject.key, name.name
                ));
            }
            return;
        }
        self.effect.uncertain = true;
        self.scan_all(subject);
    }

    pub(super) fn alter_constraint(
        &mut self,
        subject: &Subject<'a>,
        name: &Ident,
        enforced: Option<bool>,
        inherit: Option<bool>,
    ) {
        if enforced.is_some() {
            self.needs(18, "ALTER CONSTRAINT … ENFORCED");
        }
        if inherit.is_some() {
            self.needs(18, "ALTER CONSTRAINT … INHERIT");
        }
        let Some(known) = subject.table.and_then(|t| t.constraint(&name.name)) else {
            if subject.table.is_some_and(Table::is_known) {
                self.refuse(format!(
                    "`{}` has no constraint `{}`",
                    subject.key, name.name
                ));
            }
            return;
        };
        if known.references.is_none() && inherit.is_none() {
            self.refuse(format!("constraint `{}` is not a foreign key", name.name));
        }
        let (Some(enforced), Some(referenced)) = (enforced, &known.references) else {
            if enforced.is_some() {
                self.refuse(format!("constraint `{}` is not a foreign key", name.name));
            }
            return;
        };
        if enforced {
            self.lock_referenced(referenced, LockMode::ShareRowExclusive);
            self.validate_reference(subject, referenced, true);
        } else {
            self.lock_referenced(referenced, LockMode::AccessExclusive);
        }
    }

    pub(super) fn drop_constraint(&mut self, subject: &Subject<'a>, name: &Ident, cascade: bool) {
        let Some(table) = subject.table else { return };
        let Some(constraint) = table.constraint(&name.name) else {
            return;
        };
        if is_key(constraint) {
            self.release_key(&subject.key, table, constraint, cascade);
            self.release_grouped(table, constraint, cascade);
        }
        self.refuse_inherited_constraint(table, constraint);
        self.each(
            &subject.key,
            Children::Yes,
            subject.only,
            |work, _, table| {
                if let Some(known) = table.and_then(|t| t.constraint(&name.name)) {
                    work.lock_around_constraint(known);
                }
            },
        );
    }

    /// What comes from a parent goes with the parent only.
    pub(super) fn refuse_inherited_constraint(
        &mut self,
        table: &Table,
        constraint: &TableConstraint,
    ) {
        let partitioned = table.partition.as_ref().map(|partition| &partition.of);
        let check = matches!(constraint.definition.kind, ConstraintKind::Check(_));
        let part = constraint.index.as_ref().and_then(|key| self.index(key));
        if let Some(of) = part.and_then(|part| part.parent.as_ref()) {
            self.refuse(format!(
                "constraint `{}` is inherited from `{}`",
                constraint.name,
                self.index(of).map_or(of, |of| &of.table)
            ));
        }
        let parents = table.inherits.iter().filter(|_| check).chain(partitioned);
        for parent in parents {
            let known = self.table(parent).is_some_and(|parent| {
                parent.constraint(&constraint.name).is_some_and(|c| {
                    !c.definition.no_inherit
                        && std::mem::discriminant(&c.definition.kind)
                            == std::mem::discriminant(&constraint.definition.kind)
                })
            });
            if known {
                self.refuse(format!(
                    "constraint `{}` is inherited from `{parent}`",
                    constraint.name
                ));
            }
        }
    }

    /// What goes with a constraint: its index, and a lock on the other table
    /// of a foreign key (drop_fk_not_valid).
    pub(super) fn lock_around_constraint(&mut self, constraint: &TableConstraint) {
        if let Some(index) = &constraint.index {
            self.lock_index_tree(index);
        }
        if let Some(referenced) = &constraint.references {
            self.lock_referenced(referenced, LockMode::AccessExclusive);
        }
    }

    fn lock_index_tree(&mut self, index: &Key) {
        self.lock(index, LockMode::AccessExclusive);
        for child in self.index(index).iter().flat_map(|index| &index.children) {
            self.lock(child, LockMode::AccessExclusive);
        }
    }

    /// The foreign keys that rest on a primary key or unique constraint go
    /// with CASCADE, and stop the drop without (drop_pk_referenced_cascade).
    pub(super) fn release_key(
        &mut self,
        key: &Key,
        table: &Table,
        constraint: &TableConstraint,
        cascade: bool,
    ) {
        self.release_columns(key, table, &constraint.columns, &constraint.name, cascade);
    }

    /// The same for any unique index over these columns.
    pub(super) fn release_columns(
        &mut self,
        key: &Key,
        table: &Table,
        columns: &[Name],
        name: &str,
        cascade: bool,
    ) {
        for other in &table.referenced_by {
            let rests = self.table(other).is_some_and(|other| {
                other
                    .constraints
                    .iter()
                    .any(|c| c.references.as_ref() == Some(key) && same_set(&c.referenced, columns))
            });
            if !rests {
                continue;
            }
            if cascade {
                self.lock(other, LockMode::AccessExclusive);
            } else {
                self.refuse(format!("a foreign key of `{other}` depends on `{name}`"));
            }
        }
    }

    pub(super) fn rename_constraint(&mut self, subject: &Subject<'a>, name: &Ident) {
        let constraint = subject.table.and_then(|t| t.constraint(&name.name));
        if let Some(index) = constraint.and_then(|c| c.index.as_ref()) {
            self.lock(index, LockMode::ShareUpdateExclusive);
        }
    }
}

pub(super) fn is_key(constraint: &TableConstraint) -> bool {
    matches!(
        constraint.definition.kind,
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_)
    )
}

/// Does an index element sort as a constraint would have it sort
/// (ui_collation_other, ui_opclass_other)? `collated`: its column has a collation
/// of its own, which may be the one that is named.
fn sorts_by_default(options: &str, collated: bool) -> bool {
    let options = options.to_ascii_lowercase();
    let mut words = options.split_ascii_whitespace();
    let named = ["desc", "first"];
    words.all(|word| {
        let collation = word == "collate" && !collated && !options.contains("\"default\"");
        !collation && !named.contains(&word) && !word.ends_with("_pattern_ops")
    })
}

/// Is it kept by an index, so that it holds as soon as it is there?
fn is_index_kind(kind: &ConstraintKind) -> bool {
    matches!(
        kind,
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) | ConstraintKind::Exclude { .. }
    )
}
