//! Columns that queries and the constraints of a new table name, held against
//! the columns that there are.

use rustc_hash::FxHashMap;

use crate::name::Name;
use crate::operation::query::{self, Reading, Yields};
use crate::operation::{Action, ConstraintKind, CreateTable};
use crate::schema::Table;

use super::Work;
use super::expr::{Tokens, is_word, mentions};
use super::query::{SYSTEM_COLUMNS, columns_in, is_part, names_only};

impl Work<'_> {
    /// Refuses a column that none of the tables has which a query may take it
    /// from (create_view_missing_column). Nothing is said of queries with queries
    /// or fields of values in them. The arguments of a routine are names too.
    pub(super) fn check_query_columns(
        &mut self,
        text: &str,
        known: Option<&Reading>,
        arguments: &str,
    ) {
        let tokens = Tokens::of(text);
        let selects = tokens.list.iter().filter(|t| is_word(**t, text, "SELECT"));
        if selects.count() != 1 || tokens.list.windows(2).any(|pair| is_part(pair, text)) {
            return;
        }
        match known {
            Some(reading) => self.check_reading(reading, arguments),
            None => {
                if let Some(reading) = query::read(text) {
                    self.check_reading(&reading, arguments);
                }
            }
        }
    }

    fn check_reading(&mut self, reading: &Reading, arguments: &str) {
        let Some(output) = reading
            .output
            .as_ref()
            .filter(|_| !reading.yields.is_empty())
        else {
            return;
        };
        // Columns that the query may take from several tables are missing where
        // all are without them.
        let mut missing: FxHashMap<&Name, bool> = FxHashMap::default();
        for used in &reading.uses {
            let table = self.table(&self.resolve(&used.relation));
            for column in &used.columns {
                let without = table.is_some_and(|table| is_without(table, column));
                *missing.entry(column).or_insert(true) &= without;
            }
        }
        let is_refused = |column: &Name| {
            let taken = |y: &Yields| matches!(y, Yields::Column(name) if name == column);
            // The name of an item of the query is no column.
            let is_alias = output.contains(column) && !reading.yields.iter().any(taken);
            !is_alias && !SYSTEM_COLUMNS.contains(&column.as_str()) && !mentions(arguments, column)
        };
        let columns = reading.uses.iter().flat_map(|used| &used.columns);
        let first = columns
            .filter(|column| missing[column])
            .find(|column| is_refused(column));
        if let Some(column) = first {
            self.refuse(format!("no table of the query has a column `{column}`"));
        }
    }

    /// A new table has the columns that its constraints name
    /// (create_table_check_missing_column, create_table_fk_missing_column).
    pub(super) fn check_own_columns(&mut self, create: &CreateTable) {
        let elsewhere = !create.like.is_empty()
            || !create.inherits.is_empty()
            || create.partition_of.is_some()
            || create.of_type.is_some()
            || create.source.is_some();
        let unread = |action: &Action| matches!(action, Action::Unparsed { .. });
        if elsewhere || self.siblings().any(unread) {
            return;
        }
        let has = |name: &str| create.columns.iter().any(|column| column.name == name);
        for constraint in &create.constraints {
            let checked;
            let columns = match &constraint.kind {
                ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => &key.columns,
                ConstraintKind::ForeignKey(foreign) => &foreign.columns,
                ConstraintKind::Check(check) if names_only(&check.text, has) => continue,
                ConstraintKind::Check(check) => match columns_in(&check.text) {
                    Some(columns) => {
                        checked = columns;
                        &checked
                    }
                    None => continue,
                },
                _ => continue,
            };
            self.refuse_missing_own(create, columns);
        }
        let generated = create.columns.iter().filter_map(|c| c.generated.as_ref());
        for columns in generated.filter_map(|generated| columns_in(&generated.expr.text)) {
            self.refuse_missing_own(create, &columns);
        }
    }

    /// The table's own name means the whole row.
    fn refuse_missing_own(&mut self, create: &CreateTable, columns: &[Name]) {
        let missing = columns.iter().find(|name| {
            let mut own = create.columns.iter();
            !name.contains(['{', '$'])
                && **name != create.name.name
                && !own.any(|column| column.name == **name)
        });
        if let Some(missing) = missing {
            self.refuse(format!("`{}` has no column `{missing}`", create.name));
        }
    }
}

fn is_without(table: &Table, column: &str) -> bool {
    table.is_known() && table.column(column).is_none() && !column.contains(['{', '$'])
}
