//! What the history wrote into tables, as far as it is known.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::{Schema, Seed, Table};
use crate::operation::{Column, Expr, Insert, ObjectName, Update};
use crate::project::SourceId;

impl Schema {
    /// Does a column hold NULL where nothing is said?
    pub fn is_left_null(&self, column: &Column) -> bool {
        column.generated.is_none()
            && column.identity.is_none()
            && !column.ty.is_serial()
            && self.default_of(column).is_none_or(Expr::is_null)
    }

    /// Can a new column like this be added only where there are no rows? They
    /// would hold NULL where none may stand.
    pub fn needs_no_rows(&self, column: &Column) -> bool {
        column.not_null && self.is_left_null(column)
    }

    /// Never forgotten, whatever is taken back: the files stay.
    pub(super) fn note_update(&mut self, update: &Update) {
        if let Some(rows) = self.written_rows(update).filter(|_| update.constant) {
            self.written.entry(rows).or_insert(self.migration);
        }
    }

    fn written_rows(&self, update: &Update) -> Option<u64> {
        let filter = update.filter.as_ref()?;
        let columns = update.columns.iter().map(|column| &column.name);
        let mut hasher = FxHasher::default();
        self.resolve(&update.table).hash(&mut hasher);
        columns.for_each(|name| name.hash(&mut hasher));
        filter.text.hash(&mut hasher);
        Some(hasher.finish())
    }

    /// Did an earlier migration give constants to the same columns of the same
    /// rows? Then it holds what stood there.
    pub fn was_written_before(&self, update: &Update) -> bool {
        let rows = self.written_rows(update);
        let first = rows.and_then(|rows| self.written.get(&rows));
        first.is_some_and(|first| *first < self.migration)
    }

    pub(super) fn seed(&mut self, insert: &Insert, source: SourceId) {
        let key = self.resolve(&insert.table);
        let spelt_out = insert.query.is_none();
        let says_more = |table: &Arc<Table>| {
            let last = table.seeds.last().filter(|last| last.source == source);
            last.is_none_or(|last| spelt_out && !last.spelt_out)
        };
        if self.table_by_key(&key).is_some_and(says_more) {
            self.edit_table(&key, |t| {
                t.seeds.retain(|seed| seed.source != source);
                t.seeds.push(Seed { source, spelt_out });
            });
        }
    }

    pub(super) fn fill(&mut self, name: &ObjectName) {
        let key = self.resolve(name);
        if self.table_by_key(&key).is_some_and(|t| !t.filled) {
            self.edit_table(&key, |t| t.filled = true);
        }
    }
}
