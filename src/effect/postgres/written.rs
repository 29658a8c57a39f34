//! Rows that an INSERT writes out as constants, held against the keys and the
//! foreign keys of their table.

use rustc_hash::FxHashSet;

use crate::name::Name;
use crate::operation::{Action, Insert};
use crate::schema::{Index, Key, SettingName, Table, TableConstraint, same_set};

use super::Work;
use super::expr::{Tokens, is_word, mentions};
use super::violated::{Row, Value, violated};

impl<'a> Work<'a> {
    /// The columns whose constants could show that such a row is refused, or one
    /// of several.
    pub(super) fn asked_of_rows(&self, table: &Table, insert: &Insert, several: bool) -> Vec<Name> {
        if !table.triggers.is_empty() || !table.rules.is_empty() {
            return Vec::new();
        }
        if table.is_partitioned() || table.partition.is_some() {
            return table.columns.iter().map(|column| column.name).collect();
        }
        let is_given = |column: &Name| {
            insert.columns.is_empty() || insert.columns.iter().any(|c| c.name == *column)
        };
        let may_fail = |c: &&TableConstraint| {
            c.is_check()
                || c.references
                    .is_some_and(|key| self.schema.is_created_now(&key))
        };
        let constraints = table.constraints.iter().map(|c| &**c).filter(may_fail);
        let mut asked: Vec<Name> = constraints.flat_map(|c| c.columns.clone()).collect();
        if several {
            let indexes = self.indexes_of(Some(table));
            let keys = indexes.filter(|index| index.unique && index.columns.iter().all(is_given));
            asked.extend(keys.flat_map(|index| index.columns.iter().copied()));
        }
        asked
    }

    /// What is known of the rows says that the server takes not all of them.
    pub(super) fn check_rows(&mut self, table: &'a Table, insert: &Insert, rows: &[Row]) {
        self.check_once(table, insert, rows);
        self.check_parents(table, rows);
        for row in rows {
            if let Some(check) = violated(table, row) {
                self.refuse(format!("the row violates the check `{check}`"));
            }
        }
        let rows: Vec<&Row> = rows.iter().collect();
        self.check_own_bound(table, &rows);
        self.check_routes(table, &rows, 0);
    }

    /// No two rows have the same key (insert_key_twice*).
    fn check_once(&mut self, table: &'a Table, insert: &Insert, rows: &[Row]) {
        if rows.len() < 2 {
            return;
        }
        for index in self.indexes_of(Some(table)) {
            let Some(why) = if_twice(table, insert, index) else {
                continue;
            };
            let mut met = FxHashSet::with_capacity_and_hasher(rows.len(), Default::default());
            let keys = rows.iter().filter_map(|row| key_in(row, index));
            if let Some(twice) = keys.map(|key| met.replace(key)).find_map(|before| before) {
                let columns = index.columns.join(", ");
                let key = twice.join(", ");
                self.refuse(format!(
                    "two of the rows have ({columns}) = ({key}), and {why}"
                ));
            }
        }
    }

    /// A row that refers to a table without rows (insert_parent_empty*).
    fn check_parents(&mut self, table: &'a Table, rows: &[Row]) {
        let unchecked = |table: &Table| {
            let settings = self.schema.settings(&table.key).iter();
            self.schema.session().replica || settings.clone().any(|s| s.name == SettingName::Firing)
        };
        for constraint in &table.constraints {
            let Some(parent) = &constraint.references else {
                continue;
            };
            let waits = constraint.definition.deferrable || constraint.definition.not_enforced;
            let refers = |row: &Row| {
                let mut values = constraint.columns.iter().map(|c| row.get(*c));
                values.all(|value| value.is_some_and(|value| *value != Value::Null))
            };
            if !waits
                && *parent != table.key
                && rows.iter().any(refers)
                && self.is_empty(parent)
                && !unchecked(table)
            {
                let name = &constraint.name;
                self.refuse(format!(
                    "`{parent}` has no rows yet, and `{name}` refers to it"
                ));
            }
        }
    }

    /// Has nobody written a row into a table of the same migration? Not where a
    /// routine or a view could have, unseen.
    fn is_empty(&self, key: &Key) -> bool {
        let Some(table) = self.table(key) else {
            return false;
        };
        let writes = |action: &Action| matches!(action, Action::Insert(insert) if self.resolve(&insert.table) == *key);
        let is_new = self.schema.is_created_now(key) && table.is_new_in(self.schema.migration());
        is_new
            && table.is_known()
            && !table.filled
            && table.views.is_empty()
            && table.children.is_empty()
            && self.schema.has_read_all()
            && self.schema.routines_with(&key.name).next().is_none()
            && !self.siblings().any(writes)
    }
}

/// What is wrong with rows of the same key in an index; `None` where nothing
/// certainly is.
fn if_twice(table: &Table, insert: &Insert, index: &Index) -> Option<String> {
    let plain = index.unique
        && index.predicate.is_none()
        && index.exprs.is_empty()
        && !table.is_deferrable_key(index);
    let Some(conflict) = insert.conflict.as_ref().filter(|_| plain) else {
        let name = &index.key.name;
        return plain.then(|| format!("`{name}` lets none in twice"));
    };
    let action = &conflict.action.as_ref()?.text;
    let tokens = Tokens::of(action);
    let updates = tokens
        .list
        .get(1)
        .is_some_and(|t| is_word(*t, action, "UPDATE"));
    let named = conflict.constraint.as_ref();
    let meant = named.is_some_and(|name| index.constraint.as_ref() == Some(&name.name))
        || !conflict.computed && same_set(&index.columns, &conflict.columns);
    // What the first row leaves as it is, the second may change.
    let always = !mentions(action, "where");
    let moves = index
        .columns
        .iter()
        .any(|c| conflict.overwritten.contains(c));
    (updates && meant && always && !moves)
        .then(|| "ON CONFLICT DO UPDATE changes no row twice".to_owned())
}

/// The key of a row; `None` where a part of it is not known, or NULL.
fn key_in(row: &Row, index: &Index) -> Option<Vec<String>> {
    let part = |column: &Name| row.get(*column)?.text();
    index.columns.iter().map(part).collect()
}
