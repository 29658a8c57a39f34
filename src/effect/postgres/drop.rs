//! DROP of columns and of objects: what goes along, what stands in the way,
//! and what is lost.

use crate::effect::LockMode;
use crate::operation::{Action, Column, ObjectKind, ObjectName};
use crate::schema::{
    Caller, Index, Key, Relation, Routine, Table, Trigger, View, given, signature,
};

use super::Work;
use super::data::{BuiltIn, Children, function};
use super::expr::{Tokens, mentions};
use super::query::relations;
use super::table::Subject;

impl<'a> Work<'a> {
    pub(super) fn drop_column(&mut self, subject: &Subject<'a>, column: &str, cascade: bool) {
        self.lose(format!("column `{}.{column}`", subject.key));
        let Some(table) = subject.table else { return };
        if subject.only && table.is_partitioned() && !table.children.is_empty() {
            self.refuse(format!(
                "`{column}` must be dropped from the partitions too"
            ));
        }
        self.refuse_typed(table);
        self.refuse_inherited(table, column, "dropped");
        self.refuse_partition_key(table, column);
        for view in self.views_reading(&subject.key, table, Some(column)) {
            if cascade {
                self.lock_view_tree(view);
            } else {
                self.refuse(format!("view `{}` depends on column `{column}`", view.key));
            }
        }
        if !cascade {
            self.refuse_watched(table, column, "dropped");
            self.refuse_published(&subject.key, column, "dropped");
        }
        if self.version >= 15
            && !cascade
            && let Some(generated) = self.generated_from(table, column)
        {
            self.refuse(format!(
                "the generated column `{generated}` depends on column `{column}`"
            ));
        }
        for constraint in &table.constraints {
            if super::constraint::is_key(constraint)
                && constraint.columns.iter().any(|c| c == column)
            {
                self.release_key(&subject.key, table, constraint, cascade);
            }
        }
        self.each(&subject.key, Children::Always, false, |work, key, table| {
            if let Some(table) = table {
                work.drop_with_column(key, table, column, cascade);
            }
        });
    }

    /// Indexes and foreign keys that hold the column go with it
    /// (drop_column_in_multicolumn_index).
    fn drop_with_column(&mut self, key: &Key, table: &'a Table, column: &str, cascade: bool) {
        for index in self.indexes_of(Some(table)) {
            if uses_column(index, column) {
                self.lock(&index.key, LockMode::AccessExclusive);
            }
        }
        for constraint in &table.constraints {
            if let Some(referenced) = &constraint.references
                && constraint.columns.iter().any(|c| c == column)
            {
                self.lock_referenced(referenced, LockMode::AccessExclusive);
            }
        }
        for sequence in self.schema.sequences_of(key, Some(column)) {
            self.lock(&sequence, LockMode::AccessExclusive);
            self.release_sequence(&sequence, key, Some(column), cascade);
        }
    }

    /// Defaults elsewhere keep a sequence that would go with its column
    /// (drop_table_sequence_used_elsewhere).
    fn release_sequence(
        &mut self,
        sequence: &Key,
        owner: &Key,
        column: Option<&str>,
        cascade: bool,
    ) {
        let uses = |column: &Column| {
            column
                .default
                .as_ref()
                .is_some_and(|d| self.holds_sequence(&d.text, sequence))
        };
        let stays = |table: &&Table| match column {
            Some(gone) if table.key == *owner => {
                table.columns.iter().any(|c| c.name != gone && uses(c))
            }
            _ => table.key != *owner,
        };
        let others: Vec<&Table> = self.tables_with_default(sequence);
        for other in others.into_iter().filter(stays).collect::<Vec<_>>() {
            if cascade {
                self.lock(&other.key, LockMode::AccessExclusive);
            } else if !self.dropped_here(&other.key) {
                self.refuse(format!("a default of `{}` uses `{sequence}`", other.key));
            }
        }
    }

    pub(super) fn drop(&mut self) {
        let Action::Drop {
            kind,
            name,
            on,
            if_exists,
            cascade,
            concurrently,
            arguments,
        } = &self.scene.operation.action
        else {
            return;
        };
        match kind {
            ObjectKind::Table | ObjectKind::ForeignTable => {
                self.drop_table(name, *if_exists, *cascade);
            }
            ObjectKind::View | ObjectKind::MaterializedView => {
                self.drop_view(name, *if_exists, *cascade);
            }
            ObjectKind::Index => self.drop_index(name, *if_exists, *cascade, *concurrently),
            ObjectKind::Sequence => self.drop_sequence(name, *if_exists, *cascade),
            ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => {
                self.drop_from_table(*kind, name, on.as_ref(), *if_exists);
            }
            ObjectKind::Type | ObjectKind::Domain => self.drop_type(name, *cascade),
            ObjectKind::Schema => self.drop_schema(name, *cascade),
            ObjectKind::Extension => self.drop_extension(name, *cascade),
            kind if kind.is_routine() => {
                self.refuse_other_overload(name, *if_exists, arguments.as_deref());
                self.drop_routine(*kind, name, arguments.as_deref(), *cascade);
            }
            ObjectKind::Statistics => {
                if let Some(definition) = self.schema.other_definition(*kind, name) {
                    for table in relations(definition) {
                        let key = self.resolve(&table);
                        self.lock(&key, LockMode::ShareUpdateExclusive);
                    }
                }
            }
            ObjectKind::Database => self.forbid("DROP DATABASE"),
            ObjectKind::Tablespace => self.forbid("DROP TABLESPACE"),
            ObjectKind::Subscription => self.forbid("DROP SUBSCRIPTION"),
            _ => {}
        }
    }

    /// With IF EXISTS, an object that the history never had is nothing to
    /// drop.
    fn is_missing(&self, key: &Key, if_exists: bool) -> bool {
        if_exists && self.schema.relation_by_key(key).is_none()
    }

    fn drop_table(&mut self, name: &ObjectName, if_exists: bool, cascade: bool) {
        let key = self.resolve(name);
        if self.is_missing(&key, if_exists) {
            self.effect.uncertain = self.schema.was_dropped(&key).is_none();
            return;
        }
        let other = self.relation_kind(&key);
        if other.is_some_and(|relation| !matches!(relation, Relation::Table(_))) {
            self.refuse(format!("`{key}` is not a table"));
        }
        self.drop_table_by_key(&key, cascade);
    }

    fn drop_table_by_key(&mut self, key: &Key, cascade: bool) {
        self.lose(format!("the rows of `{key}`"));
        if let Some(parent) = self
            .table(key)
            .and_then(|table| table.partition.as_ref())
            .map(|partition| &partition.of)
        {
            self.lock(parent, LockMode::AccessExclusive);
            self.lock_default_partition(parent, key);
            let referring = self
                .table(parent)
                .and_then(|parent| parent.referenced_by.first());
            if let Some(other) = referring.filter(|_| !cascade) {
                self.refuse(format!("a foreign key of `{other}` refers to `{parent}`"));
            }
        }
        self.check_table_dependents(key, cascade);
        self.refuse_read_by_policy(key, cascade);
        for sequence in self.schema.sequences_of(key, None) {
            self.release_sequence(&sequence, key, None, cascade);
        }
        self.refuse_taken(key, cascade);
        self.each_below(key, |work, key, table| work.drop_storage(key, table));
    }

    /// What keeps a table from being dropped, or goes with it.
    fn check_table_dependents(&mut self, key: &Key, cascade: bool) {
        let Some(table) = self.table(key) else { return };
        for view in self.views_reading(key, table, None) {
            if cascade {
                self.lock_view_tree(view);
            } else if !self.dropped_here(&view.key) {
                self.refuse(format!("view `{}` depends on `{key}`", view.key));
            }
        }
        for other in &table.referenced_by {
            if cascade {
                self.lock(other, LockMode::AccessExclusive);
            } else if other != key && !self.dropped_here(other) {
                self.refuse(format!("a foreign key of `{other}` refers to `{key}`"));
            }
        }
        let stays = |child: &Key| !self.dropped_here(child);
        if !cascade && !table.is_partitioned() && table.children.iter().any(stays) {
            self.refuse(format!("`{key}` has children by inheritance"));
        }
    }

    /// Is the object dropped by the same statement?
    fn dropped_here(&self, key: &Key) -> bool {
        self.scene.siblings.iter().any(|sibling| {
            matches!(&sibling.action, Action::Drop { name, .. } if self.resolve(name) == *key)
        })
    }

    fn drop_storage(&mut self, key: &Key, table: Option<&'a Table>) {
        self.lock(key, LockMode::AccessExclusive);
        let Some(table) = table else { return };
        self.lock_indexes(Some(table), LockMode::AccessExclusive);
        self.lock_owned_sequences(key, LockMode::AccessExclusive);
        for constraint in &table.constraints {
            if let Some(referenced) = &constraint.references {
                self.lock_referenced(referenced, LockMode::AccessExclusive);
            }
        }
    }

    fn drop_view(&mut self, name: &ObjectName, if_exists: bool, cascade: bool) {
        let key = self.resolve(name);
        if self.is_missing(&key, if_exists) {
            return;
        }
        self.lock(&key, LockMode::AccessExclusive);
        let Some(view) = self.schema.view_by_key(&key) else {
            return;
        };
        for index in &view.indexes {
            self.lock(index, LockMode::AccessExclusive);
        }
        for over in &view.views {
            if cascade {
                if let Some(over) = self.view_at(over) {
                    self.lock_view_tree(over);
                }
            } else if !self.dropped_here(over) {
                self.refuse(format!("view `{over}` depends on `{key}`"));
            }
        }
        self.refuse_read_by_policy(&key, cascade);
        self.refuse_taken(&key, cascade);
    }

    /// Routines that take or return a row of it, or the type.
    fn refuse_taken(&mut self, key: &Key, cascade: bool) {
        let taking = self.schema.routines_taking(key).map(|routine| routine.key);
        if let Some(routine) = taking.min().filter(|_| !cascade) {
            self.refuse(format!("routine `{routine}` takes or returns `{key}`"));
        }
    }

    fn view_at(&self, key: &Key) -> Option<&'a View> {
        self.schema.view_by_key(key).map(|view| &**view)
    }

    fn drop_sequence(&mut self, name: &ObjectName, if_exists: bool, cascade: bool) {
        let key = self.resolve(name);
        if self.is_missing(&key, if_exists) {
            return;
        }
        self.lock(&key, LockMode::AccessExclusive);
        self.lose(format!("the position of sequence `{key}`"));
        let owner = self
            .schema
            .sequence_by_key(&key)
            .filter(|sequence| sequence.implicit)
            .and_then(|sequence| sequence.owned_by.as_ref())
            .and_then(|(owner, column)| {
                let table = self.table(owner)?;
                let column = table.column(column)?;
                let needed = column.is_of_serial() || column.identity.is_some();
                needed.then_some(table)
            });
        for table in owner.into_iter().chain(self.tables_with_default(&key)) {
            if cascade {
                self.lock(&table.key, LockMode::AccessExclusive);
            } else {
                self.refuse(format!("a default of `{}` uses `{key}`", table.key));
            }
        }
    }

    /// Tables with a column whose default names the sequence.
    fn tables_with_default(&self, sequence: &Key) -> Vec<&'a Table> {
        let uses = |table: &&Table| {
            table.columns.iter().any(|column| {
                column
                    .default
                    .as_ref()
                    .is_some_and(|d| self.holds_sequence(&d.text, sequence))
            })
        };
        let with = self.schema.tables_with(&sequence.name).into_iter();
        with.filter(uses).collect()
    }

    fn drop_from_table(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        on: Option<&ObjectName>,
        if_exists: bool,
    ) {
        let Some(on) = on else { return };
        let key = self.resolve(on);
        let there = |table: &Table| match kind {
            ObjectKind::Trigger => table.triggers.iter().any(|t| t.name == name.name),
            ObjectKind::Policy => table.policies.iter().any(|p| p.name == name.name),
            _ => table.rules.iter().any(|rule| rule.name == name.name),
        };
        let missing = self
            .table(&key)
            .is_some_and(|table| table.is_known() && !there(table));
        if if_exists && (missing || self.is_gone(&key)) {
            return;
        }
        self.each(&key, Children::Partitions, false, |work, key, _| {
            work.lock(key, LockMode::AccessExclusive);
        });
    }

    fn drop_type(&mut self, name: &ObjectName, cascade: bool) {
        let key = self.type_of_name(name);
        if self.table(&key).is_some() && self.schema.enum_or_type(&key).is_none() {
            self.refuse(format!("type `{key}` goes with the table"));
        }
        for table in self.schema.tables_of_type(&key) {
            if cascade {
                self.lock(&table.key, LockMode::AccessExclusive);
                self.drop_storage(&table.key, Some(table));
            } else {
                self.refuse(format!("`{}` is a table of type `{key}`", table.key));
            }
        }
        let over = self.schema.domains().find(|domain| {
            domain.base.name == key.name && self.schema.type_key(&domain.base) == key
        });
        if let Some(domain) = over.filter(|d| !cascade && !self.type_dropped_here(&d.key)) {
            self.refuse(format!("domain `{}` is of type `{key}`", domain.key));
        }
        self.refuse_taken(&key, cascade);
        for (table, column) in self.columns_of_type(&key) {
            if cascade {
                self.lock(&table.key, LockMode::AccessExclusive);
                self.drop_with_column(&table.key, table, column, true);
                self.lose(format!("column `{}.{column}`", table.key));
            } else {
                self.refuse(format!(
                    "column `{column}` of `{}` is of type `{key}`",
                    table.key
                ));
            }
        }
        for (table, _) in self.schema.defaults_of_type(&key) {
            if cascade {
                self.lock(&table, LockMode::AccessExclusive);
            } else {
                self.refuse(format!("a default of `{table}` uses `{key}`"));
            }
        }
        if !cascade && !self.schema.had_name(&key.name) {
            self.refuse_cast_to(&key);
        }
    }

    fn type_dropped_here(&self, key: &Key) -> bool {
        self.scene.siblings.iter().any(|sibling| {
            matches!(&sibling.action, Action::Drop { name, .. } if self.type_of_name(name) == *key)
        })
    }

    /// What casts to a type, or has it for a part, keeps it (drop_type_used_in_*).
    fn refuse_cast_to(&mut self, key: &Key) {
        let composite = self.schema.composite_of(key);
        if let Some(composite) = composite.filter(|c| !self.type_dropped_here(c)) {
            self.refuse(format!("type `{composite}` has a field of type `{key}`"));
        }
        let mut views = self.schema.views_of_type(key).into_iter();
        if let Some(view) = views.find(|view| !view.stale) {
            self.refuse(format!("view `{}` casts to `{key}`", view.key));
        }
        for table in self.schema.tables_with(&key.name) {
            if let Some(user) = self.schema.casts_in(table, key).next() {
                self.refuse(format!("{} casts to `{key}`", user.of(&table.key)));
            }
        }
    }

    /// Without CASCADE an extension stays as long as a column, an index or a
    /// default needs what it brought.
    fn drop_extension(&mut self, name: &ObjectName, cascade: bool) {
        let extension = name.name.as_str();
        if !self.schema.has_extension(extension) {
            return;
        }
        let columns = self.schema.columns_of_extension(extension);
        for (table, column) in &columns {
            if cascade {
                self.lock(table, LockMode::AccessExclusive);
                self.lose(format!("column `{table}.{column}`"));
            } else {
                self.refuse(format!(
                    "column `{column}` of `{table}` uses extension `{extension}`"
                ));
            }
        }
        for index in self.schema.indexes_of_extension(extension) {
            if cascade {
                self.lock(&index, LockMode::AccessExclusive);
            } else {
                self.refuse(format!("index `{index}` uses extension `{extension}`"));
            }
        }
        for (table, _) in self.schema.defaults_of_extension(extension) {
            if cascade {
                self.lock(&table, LockMode::AccessExclusive);
            } else {
                self.refuse(format!(
                    "a default of `{table}` uses extension `{extension}`"
                ));
            }
        }
    }

    pub(super) fn type_of_name(&self, name: &ObjectName) -> Key {
        match &name.schema {
            Some(schema) => Key::new(*schema, name.name),
            None => self.schema.resolve_type(&name.name),
        }
    }

    /// The columns of a type or domain.
    pub(super) fn columns_of_type(&self, key: &Key) -> Vec<(&'a Table, &'a str)> {
        let columns = self.schema.columns_of_type(key).into_iter();
        columns
            .map(|(table, column)| (table, column.name.as_str()))
            .collect()
    }

    fn drop_schema(&mut self, name: &ObjectName, cascade: bool) {
        let mut tables: Vec<&'a Table> = self
            .schema
            .tables()
            .map(|table| &**table)
            .filter(|table| table.key.schema == name.name)
            .collect();
        tables.sort_by_key(|a| a.key);
        if !cascade {
            if let Some(held) = self.schema.first_within(&name.name) {
                self.refuse(format!("schema `{}` still holds `{held}`", name.name));
            }
            return;
        }
        for relation in self.schema.relations() {
            match relation {
                Relation::View(view) if view.key.schema == name.name => self.lock_view_tree(view),
                Relation::Sequence(sequence) if sequence.key.schema == name.name => {
                    self.lock(&sequence.key, LockMode::AccessExclusive);
                }
                _ => {}
            }
        }
        for table in tables {
            self.drop_table_by_key(&table.key, true);
        }
    }

    /// No routine of the name takes these arguments.
    fn refuse_other_overload(
        &mut self,
        name: &ObjectName,
        if_exists: bool,
        arguments: Option<&str>,
    ) {
        if let Some(arguments) = arguments.filter(|_| !if_exists)
            && self.schema.lacks_overload(name, Some(arguments))
        {
            let key = self.schema.resolve_routine(name);
            self.refuse(format!("there is no `{key}({arguments})`"));
        }
    }

    fn drop_routine(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        arguments: Option<&str>,
        cascade: bool,
    ) {
        if self.schema.lacks_overload(name, arguments) {
            return;
        }
        let key = self.schema.resolve_routine(name);
        let known = self.schema.routines(&key);
        if let ([one], ObjectKind::Function | ObjectKind::Procedure) = (known, kind)
            && one.procedure != (kind == ObjectKind::Procedure)
        {
            self.refuse(format!("`{key}` is not a {}", kind.word()));
        }
        if known.len() > 1 && arguments.is_none() {
            self.refuse(format!(
                "there is more than one `{key}`: arguments must tell which"
            ));
            return;
        }
        if known.is_empty() {
            // One that only shares its name with what tables call.
            return;
        }
        let meant = |routine: &Routine| {
            known.len() == 1 || arguments.is_some_and(|arguments| routine.takes(arguments))
        };
        let others: Vec<&Routine> = known
            .iter()
            .map(|routine| &**routine)
            .filter(|routine| !meant(routine))
            .collect();
        if others.len() + 1 != known.len() || cascade && !others.is_empty() {
            return;
        }
        for table in self.schema.tables_with(&key.name) {
            let mut callers: Vec<Caller> = self.schema.callers_in(table, &key).collect();
            callers.retain(|caller| cascade || self.surely_calls(table, caller, &key, &others));
            // Before 15 a generated column goes along without a word
            // (drop_function_used_in_generated).
            let is_silent = |caller| self.version < 15 && matches!(caller, &Caller::Generated(_));
            if cascade || callers.iter().all(is_silent) {
                self.drop_callers(table, &callers);
            } else {
                self.refuse(format!("`{}` uses `{}`", table.key, key.name));
            }
        }
        for view in self.schema.views_that_call(&key) {
            if cascade {
                self.lock_view_tree(view);
            } else if !view.stale && self.is_meant(&view.query, &key, &others) {
                self.refuse(format!("view `{}` uses `{}`", view.key, key.name));
            }
        }
        if cascade || !others.is_empty() || self.may_mean_another(&key) {
            return;
        }
        if let Some(domain) = self.schema.domains_that_call(&key).min() {
            self.refuse(format!("domain `{domain}` uses `{}`", key.name));
        }
        if let Some(routine) = self.schema.routines_that_call(&key).min() {
            self.refuse(format!("routine `{routine}` uses `{}`", key.name));
        }
    }

    /// Does it call the routine and none of its overloads? A trigger says which,
    /// others can be told from the number of arguments, of views at least.
    fn surely_calls(&self, table: &Table, caller: &Caller, key: &Key, others: &[&Routine]) -> bool {
        let runs = |trigger: &Trigger| {
            let function = trigger.function.as_ref();
            function.is_some_and(|function| self.schema.resolve_routine(function) == *key)
        };
        match caller {
            Caller::Trigger(name) if table.triggers.iter().any(|t| t.name == *name && runs(t)) => {
                !others.iter().any(|other| other.takes(""))
            }
            _ => others.is_empty() && !self.may_mean_another(key),
        }
    }

    fn is_meant(&self, text: &str, key: &Key, others: &[&Routine]) -> bool {
        let count = || {
            let tokens = Tokens::of(given(text, key)?);
            let commas = super::constant::items(&tokens.list).len();
            Some(if tokens.list.is_empty() { 0 } else { commas })
        };
        !self.may_mean_another(key)
            && (others.is_empty()
                || count()
                    .is_some_and(|n| !others.iter().any(|o| signature::takes(&o.arguments, n))))
    }

    /// May a call by this name be one of the server's own functions, or of what
    /// has had the name before?
    fn may_mean_another(&self, key: &Key) -> bool {
        function(&key.name, 0, self.version) != BuiltIn::Unknown || self.schema.had_name(&key.name)
    }

    /// A policy reads it in a subquery (drop_table_in_policy, drop_view_in_policy).
    fn refuse_read_by_policy(&mut self, key: &Key, cascade: bool) {
        if cascade || self.schema.had_name(&key.name) {
            return;
        }
        let reading = self.schema.policies_reading(key, None).into_iter();
        let mut reading = reading.filter(|(table, _)| !self.dropped_here(&table.key));
        if let Some((table, policy)) = reading.find(|(table, _)| table.key != *key) {
            let why = format!("policy `{}` on `{}` reads `{key}`", policy.name, table.key);
            self.refuse(why);
        }
    }

    /// What calls a routine goes with it (drop_function_used_in_*_cascade).
    fn drop_callers(&mut self, table: &'a Table, callers: &[Caller]) {
        if callers.is_empty() {
            return;
        }
        self.lock(&table.key, LockMode::AccessExclusive);
        for caller in callers {
            match caller {
                Caller::Index(index) => self.lock(index, LockMode::AccessExclusive),
                Caller::Generated(column) => {
                    self.drop_with_column(&table.key, table, column, true);
                    self.lose(format!("column `{}.{column}`", table.key));
                }
                _ => {}
            }
        }
    }

    pub(super) fn indexes_by_key<'t>(
        &self,
        table: &'t Table,
    ) -> impl Iterator<Item = &'a Index> + use<'a, 't> {
        let schema = self.schema;
        let keys = table.indexes.iter();
        keys.filter_map(move |key| schema.index_by_key(key))
            .map(|index| &**index)
    }

    fn drop_index(
        &mut self,
        name: &ObjectName,
        if_exists: bool,
        cascade: bool,
        concurrently: bool,
    ) {
        let key = self.resolve(name);
        if concurrently {
            self.forbid("DROP INDEX CONCURRENTLY");
            if self.scene.siblings.len() > 1 {
                self.refuse("DROP INDEX CONCURRENTLY drops one index at a time");
                return;
            }
            if cascade {
                self.refuse("DROP INDEX CONCURRENTLY does not support CASCADE");
                return;
            }
        }
        if self.is_missing(&key, if_exists) {
            return;
        }
        let mode = if concurrently {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::AccessExclusive
        };
        // DROP INDEX CONCURRENTLY ends with the strongest lock on the index
        // itself, when nobody uses it any more.
        let final_mode = LockMode::AccessExclusive;
        let Some(index) = self.index(&key) else {
            self.lock(&key, final_mode);
            return;
        };
        self.check_index_owner(index, concurrently, cascade);
        self.lock(&index.table, mode);
        let refused = self.effect.refusal.is_some();
        self.lock(&key, if refused { mode } else { final_mode });
        if !concurrently {
            self.each(&index.table, Children::Partitions, false, |work, key, _| {
                work.lock(key, mode);
            });
            for child in &index.children {
                self.lock(child, mode);
                if let Some(child) = self.index(child) {
                    self.lock(&child.table, mode);
                }
            }
        }
    }

    fn check_index_owner(&mut self, index: &Index, concurrently: bool, cascade: bool) {
        if let Some(constraint) = &index.constraint {
            self.refuse(format!("constraint `{constraint}` requires the index"));
        }
        if let Some(parent) = &index.parent {
            self.refuse(format!("index `{parent}` requires the index"));
        }
        let partitioned = self.table(&index.table).is_some_and(Table::is_partitioned);
        self.release_index(index, cascade);
        if concurrently && partitioned {
            self.refuse("the index of a partitioned table cannot be dropped concurrently");
        }
    }

    /// A foreign key may rest on a unique index that no constraint owns, unless
    /// a constraint over the same columns serves it.
    fn release_index(&mut self, index: &Index, cascade: bool) {
        let Some(table) = self.table(&index.table) else {
            return;
        };
        let served = table.constraints.iter().any(|constraint| {
            super::constraint::is_key(constraint)
                && constraint.columns.iter().all(|c| index.columns.contains(c))
        });
        if index.unique && index.constraint.is_none() && !served {
            let name = index.key.name;
            self.release_columns(&index.table, table, &index.columns, &name, cascade);
        }
    }

    /// Every relation kind that ALTER … RENAME and the like may name.
    pub(super) fn relation_kind(&self, key: &Key) -> Option<&'a Relation> {
        self.schema.relation_by_key(key)
    }
}

/// Is the name called in a text?
pub(super) fn uses_column(index: &Index, column: &str) -> bool {
    index.columns.iter().any(|c| c == column)
        || index.include.iter().any(|c| c == column)
        || index.exprs.iter().any(|e| mentions(&e.text, column))
        || index
            .predicate
            .as_ref()
            .is_some_and(|p| mentions(&p.text, column))
}
