//! Which tables may use a type, a function or a sequence, so that whoever drops
//! one need not look at every column of every table.

use rustc_hash::FxHashSet;

use super::{Key, Policy, Schema, Table, View};
use crate::few::Few;
use crate::name::Name;
use crate::operation::{Column, ConstraintKind, DataType, Expr, ObjectName, PolicyClauses, query};
use crate::text::holds;

impl Schema {
    /// The tables in whose column types, defaults or triggers a name stands, in
    /// the order of their names. Whether it means the object there is for the
    /// caller to see; in some it stood only once.
    pub fn tables_with(&self, name: &str) -> Vec<&Table> {
        let lower = name.to_lowercase();
        let mut tables: Vec<&Table> = match words(&lower).next() {
            Some(word) => {
                let keys = self.table_words.get(word).into_iter().flatten();
                let keys: FxHashSet<&Key> = keys.collect();
                keys.into_iter()
                    .filter_map(|key| self.table_by_key(key).map(|table| &**table))
                    .collect()
            }
            None => self.tables().map(|table| &**table).collect(),
        };
        tables.sort_unstable_by_key(|a| a.key);
        tables
    }

    /// The columns of a type or domain, in the order of their tables' names.
    pub fn columns_of_type(&self, key: &Key) -> Vec<(&Table, &Column)> {
        // `smallint` is the server's own, whatever table is called so.
        let of_type = |column: &Column| {
            column.ty.name == key.name
                && !is_everywhere(&column.ty)
                && self.type_key(&column.ty) == *key
        };
        let tables = self.tables_with(&key.name).into_iter();
        let found: Vec<(&Table, &Column)> = tables
            .flat_map(|table| table.columns.iter().map(move |column| (table, &**column)))
            .filter(|(_, column)| of_type(column))
            .collect();
        debug_assert_eq!(
            found.len(),
            self.tables()
                .flat_map(|table| &table.columns)
                .filter(|column| of_type(column))
                .count(),
            "every column is noted under the word of its type: {key}"
        );
        found
    }

    /// The tables that were made of a composite type, in the order of their names.
    pub fn tables_of_type(&self, key: &Key) -> Vec<&Table> {
        let mut tables = self.tables_with(&key.name);
        tables.retain(|table| table.of_type.as_ref() == Some(key));
        tables
    }

    pub(super) fn note_table_words(&mut self, table: &Table) {
        if let Some(of) = &table.of_type {
            self.note_table_name(&table.key, &of.name);
        }
        for column in &table.columns {
            self.note_column_words(&table.key, column);
        }
        for trigger in &table.triggers {
            self.note_trigger_words(&table.key, trigger.function.as_ref(), trigger.when.as_ref());
        }
        for constraint in &table.constraints {
            if let ConstraintKind::Check(check) = &constraint.definition.kind {
                self.note_calls(&table.key, &check.text);
            }
        }
        for policy in &table.policies {
            self.note_policy(&table.key, &policy.clauses);
        }
    }

    /// What a policy calls; of one with a subquery, all names.
    pub(super) fn note_policy(&mut self, table: &Key, clauses: &PolicyClauses) {
        for condition in clauses.conditions() {
            match has_subquery(&condition.text) {
                true => self.note_table_name(table, &condition.text),
                false => self.note_calls(table, &condition.text),
            }
        }
    }

    /// The policies that read a relation in a subquery, or a column of it if one is
    /// given: with their tables, in the order of their names.
    pub fn policies_reading(&self, relation: &Key, column: Option<&str>) -> Vec<(&Table, &Policy)> {
        // Both names stand in it; that of the column does in fewer.
        let tables = self
            .tables_with(column.unwrap_or(&relation.name))
            .into_iter();
        tables
            .flat_map(|table| table.policies.iter().map(move |policy| (table, policy)))
            .filter(|(table, policy)| self.policy_reads(table, policy, relation, column))
            .collect()
    }

    /// Does a policy read a relation, or a column of it, in a subquery?
    fn policy_reads(
        &self,
        table: &Table,
        policy: &Policy,
        relation: &Key,
        column: Option<&str>,
    ) -> bool {
        let mut conditions = policy.clauses.conditions();
        conditions.any(|condition| {
            let says = |name: &str| holds(&condition.text, &name.to_ascii_lowercase());
            has_subquery(&condition.text)
                && says(&relation.name)
                && column.is_none_or(says)
                && match column {
                    None => query::mentioned(&condition.text)
                        .iter()
                        .any(|used| self.resolve(&used.relation) == *relation),
                    Some(column) => {
                        self.condition_reads(table, &condition.text, relation, column) == Some(true)
                    }
                }
        })
    }

    /// Does a condition on rows of a table read this column of that relation?
    /// `None` where it cannot be read.
    pub fn condition_reads(
        &self,
        table: &Table,
        condition: &str,
        relation: &Key,
        column: &str,
    ) -> Option<bool> {
        let (schema, name) = (table.key.schema, table.key.name);
        let reading = query::read(&format!(
            "SELECT 1 FROM \"{schema}\".\"{name}\" WHERE {condition}"
        ))?;
        let lacks = |key: &Key| {
            let known = self.table_by_key(key).filter(|t| t.columns_known);
            known.is_some_and(|t| t.column(column).is_none())
        };
        let reads = |used: &query::QueryUse| {
            let key = self.resolve(&used.relation);
            // What the relation of a subquery has not is the table's own.
            key == *relation || *relation == table.key && lacks(&key)
        };
        let mut uses = reading.uses.iter();
        Some(uses.any(|used| used.columns.iter().any(|c| c == column) && reads(used)))
    }

    /// The policies of other tables that read a relation go with it where CASCADE
    /// is said.
    pub(super) fn drop_policies_reading(&mut self, relation: &Key) {
        let reading = self.policies_reading(relation, None).into_iter();
        let found: Vec<(Key, Name)> = reading
            .map(|(table, policy)| (table.key, policy.name))
            .collect();
        for (table, name) in found {
            self.edit_table(&table, |t| t.policies.retain(|p| p.name != name));
        }
    }

    /// The views and materialized views in whose query a name is called, in the
    /// order of their names; in some it was called only once.
    pub fn views_calling(&self, name: &str) -> Vec<&View> {
        let lower = name.to_lowercase();
        let keys = self.table_words.get(lower.as_str()).into_iter().flatten();
        let keys: FxHashSet<&Key> = keys.collect();
        let mut views: Vec<&View> = keys
            .into_iter()
            .filter_map(|key| self.view_by_key(key).map(|view| &**view))
            .collect();
        views.sort_unstable_by_key(|a| a.key);
        views
    }

    /// Notes the names before parentheses, and those of types behind `::`.
    pub(super) fn note_calls(&mut self, of: &Key, text: &str) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        for (cast, colons) in text.match_indices("::") {
            let behind = text[cast + colons.len()..].trim_start();
            let end = behind.find(|c| !is_part(c) && !matches!(c, '.' | '"'));
            self.note_table_name(of, &behind[..end.unwrap_or(behind.len())]);
        }
        for (open, _) in text.match_indices('(') {
            let before = text[..open].trim_end().trim_end_matches('"');
            let start = before.rfind(|c| !is_part(c)).map_or(0, |at| {
                at + before[at..].chars().next().map_or(1, char::len_utf8)
            });
            let name = before[start..].to_lowercase();
            if !name.is_empty() {
                self.note_table_name(of, &name);
            }
        }
    }

    pub(super) fn note_column_words(&mut self, table: &Key, column: &Column) {
        if !is_everywhere(&column.ty) {
            self.note_table_name(table, &column.ty.name);
        }
        if let Some(default) = &column.default {
            self.note_table_name(table, &default.text);
        }
        if let Some(generated) = &column.generated {
            self.note_calls(table, &generated.expr.text);
        }
    }

    pub(super) fn note_trigger_words(
        &mut self,
        table: &Key,
        function: Option<&ObjectName>,
        when: Option<&Expr>,
    ) {
        if let Some(function) = function {
            self.note_table_name(table, &function.name);
        }
        if let Some(when) = when {
            self.note_calls(table, &when.text);
        }
    }

    pub(super) fn note_table_name(&mut self, table: &Key, text: &str) {
        let lower = text.to_lowercase();
        for word in words(&lower) {
            let keys = match self.table_words.get_mut(word) {
                Some(keys) => keys,
                None => self.table_words.entry(Name::new(word)).or_default(),
            };
            if keys.last() != Some(table) {
                keys.push_few(*table);
            }
        }
    }
}

fn has_subquery(condition: &str) -> bool {
    words(condition).any(|word| word.eq_ignore_ascii_case("select"))
}

/// Names and keywords; numbers are none.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.starts_with(|c: char| c.is_ascii_digit()) && !word.is_empty())
}

/// Built-in types that every history is full of, and that nobody drops.
fn is_everywhere(ty: &DataType) -> bool {
    ty.schema.is_none()
        && matches!(
            ty.name.as_str(),
            "bigint"
                | "boolean"
                | "date"
                | "int"
                | "jsonb"
                | "numeric"
                | "smallint"
                | "text"
                | "timestamp"
                | "timestamptz"
                | "uuid"
                | "varchar"
        )
}
