//! A table and its columns on the way there and back, by the names that they
//! have at each place, and what a down does to their rows before it asks
//! something of them.

use std::ops::ControlFlow;

use super::{Facet, NEARBY, OperationContext, mentions};
use crate::name::Name;
use crate::operation::{Action, ObjectName, Operation, Update};
use crate::schema::{Key, Schema};

/// A table and columns of it, by the names that they have where a script has
/// got to.
#[derive(Clone, Debug)]
pub struct Trail {
    pub table: Key,
    /// In the order in which they were given; an expression has an empty name.
    pub columns: Vec<Name>,
    /// The table or one of the columns was dropped, and their values with it.
    pub gone: bool,
}

/// Which script is being followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The up, behind the operation at hand.
    There,
    /// Its down.
    Back,
}

impl Trail {
    pub fn new(table: Key, columns: &[Name]) -> Self {
        Self {
            table,
            columns: columns.to_vec(),
            gone: false,
        }
    }

    /// Is this the table? A name that only the script gives it cannot be looked
    /// up.
    pub fn is(&self, schema: &Schema, name: &ObjectName) -> bool {
        name.name == self.table.name
            && match &name.schema {
                Some(schema) => *schema == self.table.schema,
                None => {
                    let key = schema.resolve(name);
                    key == self.table || schema.relation_by_key(&key).is_none()
                }
            }
    }

    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|own| own == column)
    }

    /// Goes past an operation.
    fn pass(&mut self, schema: &Schema, action: &Action) {
        match action {
            Action::RenameColumn { table, column, to } if self.is(schema, &table.name) => {
                let renamed = self.columns.iter_mut().filter(|own| **own == column.name);
                renamed.for_each(|own| *own = to.name);
            }
            Action::Rename { kind, name, to, .. }
                if kind.is_relation() && self.is(schema, name) =>
            {
                self.table.name = to.name;
            }
            Action::SetSchema { kind, name, to, .. }
                if kind.is_relation() && self.is(schema, name) =>
            {
                self.table.schema = to.name;
            }
            Action::DropColumn { table, column, .. } => {
                self.gone |= self.has(&column.name) && self.is(schema, &table.name);
            }
            Action::Drop { kind, name, .. } => {
                self.gone |= kind.is_relation() && self.is(schema, name);
            }
            _ => {}
        }
    }
}

impl<'a> OperationContext<'a> {
    /// Goes through what the script does to these tables after this operation and
    /// what its down does then, until `see` has found what it looks for, or the
    /// rows of the first trail are gone. `None` where there is no down.
    pub fn follow<T>(
        &self,
        trails: &mut [Trail],
        mut see: impl FnMut(Way, &'a Operation, &[Trail]) -> ControlFlow<Option<T>>,
    ) -> Option<T> {
        if self.scene.way_back.is_empty() {
            return None;
        }
        let after = u32::try_from(self.index + 1).unwrap_or(u32::MAX);
        for (way, from) in [(Way::There, after), (Way::Back, 0)] {
            let mut from = from;
            for _ in 0..NEARBY {
                let Some(at) = self.next_on(way, from, trails) else {
                    break;
                };
                let op = self.script_of(way)[at as usize];
                if let ControlFlow::Break(found) = see(way, op, trails) {
                    return found;
                }
                for trail in &mut *trails {
                    trail.pass(self.schema, &op.action);
                }
                if trails.first().is_none_or(|trail| trail.gone) {
                    return None;
                }
                from = at + 1;
            }
        }
        None
    }

    fn script_of(&self, way: Way) -> &'a [&'a Operation] {
        match way {
            Way::There => self.scene.script,
            Way::Back => self.scene.way_back,
        }
    }

    /// The next operation, from a place on, that names one of the tables.
    fn next_on(&self, way: Way, from: u32, trails: &[Trail]) -> Option<u32> {
        let names = match way {
            Way::There => &self.scene.names,
            Way::Back => &self.scene.names_back,
        };
        let next = |facet: Facet, table: &Name| {
            let list = names.positions(self.script_of(way), facet, table);
            list.get(list.partition_point(|at| *at < from)).copied()
        };
        let facets = [Facet::Table, Facet::Object, Facet::Rows];
        let tables = trails.iter().map(|trail| &trail.table.name);
        tables
            .flat_map(|table| facets.iter().filter_map(move |facet| next(*facet, table)))
            .min()
    }

    /// Does a statement of the down see to the rows that could stand against
    /// what comes next: does it delete such, or write the columns? What cannot be
    /// told from its text is believed of it.
    pub fn sees_to_rows(&self, op: &Operation, of: &Trail) -> bool {
        self.sees_to_rows_by(op, of, |_| true)
    }

    /// The same, where `helps` judges what an UPDATE assigns.
    pub fn sees_to_rows_by(
        &self,
        op: &Operation,
        of: &Trail,
        helps: impl Fn(&Update) -> bool,
    ) -> bool {
        let named = |text: &str| of.columns.iter().any(|column| mentions(text, column));
        match &op.action {
            Action::Update(update) => {
                of.is(self.schema, &update.table)
                    && update.columns.iter().any(|column| of.has(&column.name))
                    && helps(update)
            }
            Action::Delete(delete) => {
                let mut texts = [&delete.filter, &delete.using, &delete.with]
                    .into_iter()
                    .flatten();
                of.is(self.schema, &delete.table)
                    && (delete.filter.is_none() || texts.any(|text| named(&text.text)))
            }
            Action::Merge(merge) => {
                of.is(self.schema, &merge.table) && (merge.updates || merge.deletes)
            }
            Action::Truncate { tables, .. } => tables.iter().any(|table| of.is(self.schema, table)),
            _ => false,
        }
    }
}
