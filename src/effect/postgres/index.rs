//! CREATE INDEX, REINDEX and changes of indexes.

use crate::effect::LockMode;
use crate::operation::{Action, ConstraintKind, CreateIndex, ObjectName, ReindexTarget};
use crate::schema::part::Shape;
use crate::schema::{Index, Key, Relation, Table};

use super::Work;
use super::data::Children;
use super::place::Place;
use super::volatility::Volatility;

impl<'a> Work<'a> {
    pub(super) fn create_index(&mut self, create: &'a CreateIndex) {
        let key = self.resolve(&create.table);
        let partitioned = self.table(&key).is_some_and(Table::is_partitioned);
        let children = if create.only {
            Children::No
        } else {
            Children::Partitions
        };
        let mode = if create.concurrently {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::Share
        };
        if create.concurrently {
            self.forbid("CREATE INDEX CONCURRENTLY");
            if partitioned {
                self.refuse(format!(
                    "the partitioned table `{key}` cannot be indexed concurrently"
                ));
            }
        }
        if create.nulls_not_distinct {
            self.needs(15, "NULLS NOT DISTINCT");
        }
        self.check_index_name(create);
        if self.index_exists(create, &key) {
            self.each(&key, children, create.only, |work, key, _| {
                work.lock(key, mode)
            });
            return;
        }
        self.check_immutable(create, &key);
        self.check_indexable(create, &key);
        let refused = create.concurrently && partitioned;
        self.each(&key, children, create.only, |work, table_key, table| {
            work.lock(table_key, mode);
            if !refused {
                work.build_index_of(create, &key, table_key, table);
            }
        });
    }

    /// It takes no schema (create_index_qualified_name).
    fn check_index_name(&mut self, create: &CreateIndex) {
        // One of a CREATE SCHEMA has its schema from there (create_schema_elements).
        let qualified = |name: &&ObjectName| name.span != name.name_span && !name.template;
        if let Some(name) = create.name.as_ref().filter(qualified) {
            self.refuse(format!(
                "a new index is named without a schema, as it goes into that of its table: `{}`",
                name.name
            ));
        }
    }

    fn check_indexable(&mut self, create: &CreateIndex, key: &Key) {
        if let Some(Relation::View(view)) = self.relation_kind(key)
            && !view.materialized
        {
            self.refuse(format!("`{key}` is a view and cannot have an index"));
        }
        let columns: Vec<_> = create
            .elements
            .iter()
            .filter_map(|element| element.column)
            .collect();
        for column in columns.iter().chain(&create.include) {
            self.refuse_missing_column(key, column);
        }
        self.check_method(create, key);
        if create.unique
            && let Some(table) = self.table(key)
        {
            self.check_partition_key(key, table.partition_by.as_ref(), &columns);
        }
    }

    /// What an access method cannot do (create_index_unique_hash).
    fn check_method(&mut self, create: &CreateIndex, key: &Key) {
        let method = create.method.as_str();
        if create.unique && matches!(method, "hash" | "gin" | "gist" | "spgist" | "brin") {
            self.refuse(format!("a {method} index cannot be unique"));
        }
        if !create.include.is_empty() && matches!(method, "hash" | "gin" | "brin") {
            self.refuse(format!("a {method} index has no INCLUDE"));
        }
        if create.elements.len() > 1 && method == "hash" {
            self.refuse("a hash index has one column");
        }
        self.check_operator_classes(create, key);
        self.check_index_parameters(method, &create.parameters);
    }

    fn index_exists(&self, create: &CreateIndex, table: &Key) -> bool {
        create.if_not_exists
            && create.name.as_ref().is_some_and(|name| {
                let key = self.beside(table, name.name);
                self.schema.relation_by_key(&key).is_some()
            })
    }

    fn build_index_of(
        &mut self,
        create: &'a CreateIndex,
        top: &Key,
        key: &Key,
        table: Option<&'a Table>,
    ) {
        let shape = Shape::from(create);
        if self.adopts(&shape, top, key, table) {
            return;
        }
        let index = match create.name.as_ref().filter(|_| key == top) {
            Some(name) => self.beside(key, name.name),
            None => self.schema.index_name(key, &shape),
        };
        if table.is_none_or(super::stores_rows) {
            self.scan_heap(key, table);
            self.build_new(index);
        } else {
            self.create(index);
        }
    }

    /// Has a partition below `top`, or one between the two, an index that
    /// becomes the part of the new one (create_index_parts_have_it,
    /// create_index_sub_partitioned_has_it)?
    pub(super) fn adopts(
        &mut self,
        shape: &Shape<'_>,
        top: &Key,
        key: &Key,
        table: Option<&'a Table>,
    ) -> bool {
        let above = |table: &&'a Table| {
            let of = &table.partition.as_ref()?.of;
            self.table(of).filter(|_| of != top)
        };
        let line = std::iter::successors(table.filter(|_| key != top), above);
        let parts = line.map(|table| self.schema.part_for(shape, table));
        // The highest one takes what is below it along.
        let Some(part) = parts.flatten().last() else {
            return false;
        };
        self.lock(&part.key, LockMode::Share);
        true
    }

    /// Expressions and predicates of indexes must be immutable.
    fn check_immutable(&mut self, create: &CreateIndex, key: &Key) {
        let table = self.table(key);
        let columns = |name: &str| Some(table?.column(name)?.ty.clone());
        let exprs = create
            .elements
            .iter()
            .filter_map(|element| element.expr.as_ref())
            .chain(&create.predicate);
        for expr in exprs {
            let place = match create.predicate.as_ref() == Some(expr) {
                true => Place::Predicate,
                false => Place::Index,
            };
            self.check_place_of(&expr.text, place);
            self.refuse_missing_columns(key, &expr.text);
            self.refuse_uncomparable(key, &expr.text);
            self.check_functions_exist(&expr.text);
            if matches!(
                self.volatility(&expr.text),
                Volatility::Stable | Volatility::Volatile
            ) || self.depends_on_session(&expr.text, &columns)
            {
                self.refuse("functions in an index must be IMMUTABLE");
            }
        }
    }

    pub(super) fn index_change(&mut self) {
        match &self.scene.operation.action {
            Action::AttachIndexPartition { index, child } => self.attach_index(index, child),
            Action::OtherIndexChange { index } => {
                let key = self.resolve(index);
                self.lock(&key, LockMode::ShareUpdateExclusive);
            }
            Action::Reindex {
                target,
                name,
                concurrently,
            } => self.reindex(*target, name.as_ref(), *concurrently),
            _ => {}
        }
    }

    /// index_attach_partition.
    fn attach_index(&mut self, index: &ObjectName, child: &ObjectName) {
        let (index, child) = (self.resolve(index), self.resolve(child));
        self.lock(&index, LockMode::ShareUpdateExclusive);
        self.lock(&child, LockMode::AccessExclusive);
        for key in [&index, &child] {
            if let Some(index) = self.index(key) {
                self.lock(&index.table, LockMode::AccessShare);
            }
        }
        let known = self.index(&index).zip(self.index(&child));
        if let Some((whole, part)) = known.filter(|(whole, part)| !is_part_of(part, whole)) {
            self.refuse(format!(
                "`{}` does not index what `{}` does, in the same way",
                part.key, whole.key
            ));
        }
    }

    fn reindex(&mut self, target: ReindexTarget, name: Option<&ObjectName>, concurrently: bool) {
        if concurrently {
            self.forbid("REINDEX CONCURRENTLY");
        }
        match (target, name) {
            (ReindexTarget::Table, Some(name)) => {
                let key = self.resolve(name);
                self.reindex_table(&key, concurrently);
            }
            (ReindexTarget::Index, Some(name)) => self.reindex_index(name, concurrently),
            (ReindexTarget::Schema, Some(name)) => {
                self.forbid("REINDEX SCHEMA");
                let tables: Vec<&'a Table> = self
                    .schema
                    .tables()
                    .map(|table| &**table)
                    .filter(|table| table.key.schema == name.name)
                    .collect();
                for table in tables {
                    self.reindex_heap(&table.key, Some(table), concurrently);
                }
            }
            (ReindexTarget::Schema, None) => self.forbid("REINDEX SCHEMA"),
            (ReindexTarget::Database, _) => self.forbid("REINDEX DATABASE"),
            (ReindexTarget::System, _) => self.forbid("REINDEX SYSTEM"),
            _ => {}
        }
    }

    fn reindex_mode(concurrently: bool) -> LockMode {
        if concurrently {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::Share
        }
    }

    fn reindex_table(&mut self, key: &Key, concurrently: bool) {
        let partitioned = self.table(key).is_some_and(Table::is_partitioned);
        if partitioned {
            // 13 warns and does nothing (reindex_partitioned_table).
            if self.version < 14 {
                self.lock(key, Self::reindex_mode(concurrently));
                return;
            }
            self.forbid("REINDEX TABLE");
        }
        self.each(key, Children::Partitions, false, |work, key, table| {
            work.reindex_heap(key, table, concurrently);
        });
        if partitioned && concurrently {
            // The list of partitions is made under the stronger lock
            // (reindex_partitioned_table_concurrently).
            self.each(key, Children::Partitions, false, |work, part, _| {
                if part != key {
                    work.lock(part, LockMode::Share);
                }
            });
        }
    }

    fn reindex_heap(&mut self, key: &Key, table: Option<&'a Table>, concurrently: bool) {
        self.lock(key, Self::reindex_mode(concurrently));
        if !table.is_none_or(super::stores_rows) {
            return;
        }
        let indexes = self.indexes_on(key).iter();
        let indexes: Vec<&Key> = indexes
            .filter(|index| !(concurrently && self.is_exclusion(index)))
            .collect();
        let any = table.is_none() || !indexes.is_empty();
        for index in indexes {
            self.rebuild(index);
        }
        if any {
            self.scan_heap(key, table);
        }
    }

    /// Those are passed over by CONCURRENTLY (reindex_exclusion_concurrently).
    fn is_exclusion(&self, index: &Key) -> bool {
        let index = self.index(index);
        index.is_some_and(|index| {
            let table = self.table(&index.table);
            let mut constraints = table.into_iter().flat_map(|table| &table.constraints);
            constraints.any(|c| {
                matches!(c.definition.kind, ConstraintKind::Exclude { .. })
                    && c.index.as_ref() == Some(&index.key)
            })
        })
    }

    fn reindex_index(&mut self, name: &ObjectName, concurrently: bool) {
        let key = self.resolve(name);
        let Some(index) = self.index(&key) else {
            self.rebuild(&key);
            return;
        };
        let partitioned = self.table(&index.table).is_some_and(Table::is_partitioned);
        if !partitioned {
            self.lock(&index.table, Self::reindex_mode(concurrently));
            if concurrently && self.is_exclusion(&key) {
                return;
            }
            self.rebuild(&key);
            let table = self.table(&index.table);
            self.scan_heap(&index.table, table);
            return;
        }
        if self.version < 14 {
            self.refuse("PostgreSQL 13 cannot reindex the index of a partitioned table");
            return;
        }
        self.forbid("REINDEX INDEX");
        self.lock(&key, LockMode::AccessExclusive);
        self.lock(&index.table, Self::reindex_mode(concurrently));
        for child in &index.children {
            if let Some(part) = self.index(child) {
                self.lock(&part.table, Self::reindex_mode(concurrently));
                let table = self.table(&part.table);
                self.scan_heap(&part.table, table);
                if table.is_none_or(super::stores_rows) {
                    self.rebuild(child);
                }
            }
        }
    }
}

/// Could an index of a partition be a part of one of its parent
/// (index_attach_partition, index_attach_*)?
fn is_part_of(part: &Index, whole: &Index) -> bool {
    part.columns == whole.columns
        && part.include == whole.include
        && part.method == whole.method
        && part.unique == whole.unique
        && part.exprs.len() == whole.exprs.len()
        && part.predicate.is_some() == whole.predicate.is_some()
}
