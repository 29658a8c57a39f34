//! New tables.

use rustc_hash::FxHashMap;

use crate::effect::LockMode;
use crate::operation::{
    Column, ColumnOption, Constraint, ConstraintKind, CreateTable, Persistence, TypeDefinition,
};
use crate::schema::{Key, Table, names_in};

use super::Work;
use super::place::Place;

impl<'a> Work<'a> {
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
                self.check_generated((column, generated), &columns);
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
    pub(super) fn check_type_of_table(&mut self, create: &CreateTable) {
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
    pub(super) fn check_new_columns(&mut self, create: &CreateTable) {
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

    pub(super) fn constraint_of_new_table(
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
}
