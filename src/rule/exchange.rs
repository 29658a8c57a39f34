//! A table, or a column, that takes the place and the name of another.

use rustc_hash::FxHashMap;

use super::{Facet, OperationContext, Uniqueness};
use crate::effect::conversion::Conversion;
use crate::inverse::unique::keys_of;
use crate::name::Name;
use crate::operation::{
    Action, Column, DataType, Ident, ObjectKind, ObjectName, Operation, Target,
};
use crate::report::Direction;
use crate::schema::Table;

/// What the old release finds otherwise in the table that takes the place of
/// another.
#[derive(Debug)]
pub struct Exchange<'a> {
    pub name: &'a ObjectName,
    /// Columns that it has no more.
    pub lost: Vec<Name>,
    /// Columns of another type, with the type before and then.
    pub retyped: Vec<(Name, DataType, DataType)>,
    /// Columns that it alone has, and that an INSERT has to name.
    pub required: Vec<Name>,
    /// Columns of keys that it has no more, where the columns themselves stay.
    pub keys: Vec<Vec<Name>>,
}

/// A column that another takes the place of.
pub struct Swap<'a> {
    pub table: &'a Target,
    pub column: &'a Ident,
    pub old: &'a DataType,
    pub new: &'a DataType,
}

impl<'a> OperationContext<'a> {
    /// The table that goes here, or loses its name, held against the one that
    /// the script puts in its place; `None` where none does, or one of them is
    /// not known in full.
    pub fn exchange(&self) -> Option<Exchange<'a>> {
        let (Action::Drop { kind, name, .. } | Action::Rename { kind, name, .. }) =
            &self.operation.action
        else {
            return None;
        };
        // One that is made again without its rows is reported as dropped.
        let drops = matches!(self.operation.action, Action::Drop { .. });
        if drops && !self.is_replaced_with_rows(name) {
            return None;
        }
        let known = self.table(name).filter(|_| *kind == ObjectKind::Table)?;
        if !known.is_known() || !known.columns_known || self.is_new(name) {
            return None;
        }
        let after = self.columns_after(name)?;
        let mut exchange = Exchange {
            name,
            lost: Vec::new(),
            retyped: Vec::new(),
            required: self.required_after(known, name, &after),
            keys: self.lost_keys(known, name),
        };
        for column in &known.columns {
            match after.get(&column.name) {
                Some(new) => {
                    let change = self.conversion(&column.ty, &new.ty);
                    if !matches!(change, Conversion::Same | Conversion::Wider) {
                        let types = (column.name, column.ty.clone(), new.ty.clone());
                        exchange.retyped.push(types);
                    }
                }
                None if self.gets_column(name, &column.name) => {}
                None => exchange.lost.push(column.name),
            }
        }
        let columns = |key: &Vec<Name>| key.iter().all(|column| after.contains_key(column));
        exchange.keys.retain(columns);
        Some(exchange)
    }

    /// The columns that rows have to be given in the table that takes the place,
    /// and that the one before does not have; in order.
    fn required_after(
        &self,
        known: &Table,
        name: &ObjectName,
        after: &FxHashMap<Name, &Column>,
    ) -> Vec<Name> {
        let is_required = |column: &&&Column| {
            self.schema.needs_no_rows(column)
                && known.column(&column.name).is_none()
                && !self.is_filled(name, &column.name, "insert")
        };
        let mut required: Vec<Name> = after.values().filter(is_required).map(|c| c.name).collect();
        required.sort_unstable();
        required
    }

    /// The keys of a table that the one in its place does not have.
    fn lost_keys(&self, known: &Table, name: &ObjectName) -> Vec<Vec<Name>> {
        let place = self.schema.resolve(name);
        let put = self.later_on(Facet::Object, &place.name);
        let Some(put) = { put }.find(|op| self.puts(op, &place)) else {
            return Vec::new();
        };
        let mut kept: Vec<Uniqueness<'_>> = Vec::new();
        let mut own = place;
        match &put.action {
            Action::CreateTable(create) => {
                let constraints = create.constraints.iter();
                kept.extend(constraints.filter_map(|c| Uniqueness::added(place, c)));
            }
            Action::Rename { name: from, .. } => {
                let Some(table) = self.schema.table(from) else {
                    return Vec::new();
                };
                own = table.key;
                kept.extend(keys_of(table, self.schema));
            }
            _ => return Vec::new(),
        }
        for table in [own, place] {
            let later = self.later_on(Facet::Table, &table.name);
            let added = later.filter_map(|op| Uniqueness::of_operation(self.schema, op));
            kept.extend(added.filter(|key| key.table == table));
        }
        let is_lost = |old: &Uniqueness<'_>| {
            let names: Vec<Name> = old.columns.to_vec();
            let plain = old.exprs.is_empty() && old.predicate.is_none();
            plain
                && !kept
                    .iter()
                    .any(|key| key.keeps_out(old, &names, self.schema))
        };
        let lost = keys_of(known, self.schema).filter(is_lost);
        let mut lost: Vec<Vec<Name>> = lost.map(|key| key.columns.to_vec()).collect();
        lost.dedup();
        lost
    }

    /// Does the old release not get on with what takes the place?
    pub fn exchange_breaks(&self) -> bool {
        let table_breaks = self.exchange().is_some_and(|exchange| {
            let breaks = |(_, old, new): &(Name, DataType, DataType)| {
                self.conversion(old, new) != Conversion::WiderThanReaders
            };
            !exchange.lost.is_empty()
                || !exchange.required.is_empty()
                || exchange.retyped.iter().any(breaks)
        });
        table_breaks || !self.view_loses().is_empty()
    }

    /// Does the script fill a materialized view later?
    pub fn is_filled_later(&self, view: &ObjectName) -> bool {
        self.later().any(|op| match &op.action {
            Action::RefreshView {
                name, with_data, ..
            } => *with_data && self.is_same(name, view),
            _ => false,
        })
    }

    /// The columns of the view that goes here which the view, or the table, that
    /// the script puts in its place does not have.
    pub fn view_loses(&self) -> Vec<Name> {
        let Action::Drop {
            kind: ObjectKind::View | ObjectKind::MaterializedView,
            name,
            ..
        } = &self.operation.action
        else {
            return Vec::new();
        };
        let again = |op: &Operation| match &op.action {
            Action::CreateView(create) if self.is_same(&create.name, name) => {
                Some(self.schema.view_columns(create))
            }
            _ => None,
        };
        // What a down takes away, the up has brought.
        let is_up = self.scene.direction == Direction::Up;
        let old = self.schema.view(name);
        let old = old.filter(|_| is_up && !self.is_unknown_to_others(name));
        let new = self.later_on(Facet::Object, &name.name).find_map(again);
        let table = || {
            self.columns_after(name)
                .map(|after| after.into_keys().collect())
        };
        let new = new.or_else(table);
        match (old, new.filter(|new| !new.is_empty())) {
            (Some(old), Some(new)) => {
                let is_lost =
                    |column: &&Name| !new.contains(column) && !self.gets_column(name, column);
                old.columns.iter().filter(is_lost).copied().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Is it a table that takes the place?
    pub fn table_comes(&self, name: &ObjectName) -> bool {
        self.columns_after(name).is_some()
    }

    /// Does the table that takes the place have the same columns?
    pub fn comes_back_alike(&self, name: &ObjectName) -> bool {
        let known = self.table(name).filter(|table| table.columns_known);
        let (Some(known), Some(after)) = (known, self.columns_after(name)) else {
            return false;
        };
        let is_same = |old: &Column, new: &Column| {
            self.conversion(&old.ty, &new.ty) == Conversion::Same && old.not_null == new.not_null
        };
        known.columns.len() == after.len() && { known.columns.iter() }
            .all(|old| after.get(&old.name).is_some_and(|new| is_same(old, new)))
    }

    /// The columns of the table that will have this name.
    fn columns_after(&self, name: &ObjectName) -> Option<FxHashMap<Name, &Column>> {
        let key = self.schema.resolve(name);
        let put = self
            .later_on(Facet::Object, &key.name)
            .find(|op| self.puts(op, &key))?;
        let columns = match &put.action {
            Action::CreateTable(create) => {
                let plain = create.source.is_none()
                    && create.of_type.is_none()
                    && create.partition_of.is_none()
                    && create.like.is_empty()
                    && create.inherits.is_empty();
                plain.then_some(&create.columns)?
            }
            Action::Rename { name: from, .. } => {
                let table = self.table(from)?;
                let known = table.is_known() && table.columns_known;
                known.then_some(&table.columns)?
            }
            _ => return None,
        };
        Some(columns.iter().map(|c| (c.name, &**c)).collect())
    }

    /// Does the script give some table such a column, the one that comes or the
    /// one that has come?
    fn gets_column(&self, name: &ObjectName, column: &str) -> bool {
        let mut later = self.later_on(Facet::Part, column);
        later.any(|op| match &op.action {
            Action::AddColumn { column: c, .. } => c.name == column,
            Action::RenameColumn { to, table, .. } => {
                to.name == column && !self.is_same(&table.name, name)
            }
            _ => false,
        })
    }

    /// The column that goes here, or loses its name, with the one that is given
    /// its name afterwards.
    pub fn swap(&self) -> Option<Swap<'a>> {
        let (Action::DropColumn { table, column, .. } | Action::RenameColumn { table, column, .. }) =
            &self.operation.action
        else {
            return None;
        };
        if !self.is_old_column(table, &column.name) {
            return None;
        }
        let put = self.column_returns(table, &column.name)?;
        let Action::RenameColumn { column: from, .. } = &put.action else {
            return None;
        };
        if !self.keeps_values(table, put) {
            return None;
        }
        let known = self.schema.table(&table.name)?;
        Some(Swap {
            table,
            column,
            old: &known.column(&column.name)?.ty,
            new: &known.column(&from.name)?.ty,
        })
    }

    /// Is what gets the name of a column afterwards generated, where others could
    /// write it before?
    pub fn becomes_generated(&self, target: &Target, column: &str, again: &Operation) -> bool {
        let known = self.table(&target.name);
        let recorded = |name: &str| known.and_then(|table| table.column(name));
        let is_computed = match &again.action {
            Action::AddColumn { column, .. } => column.generated.is_some(),
            Action::RenameColumn { column, .. } => {
                recorded(&column.name).is_some_and(|column| column.generated.is_some())
            }
            _ => false,
        };
        is_computed && recorded(column).is_some_and(|column| column.generated.is_none())
    }

    /// Does what gets the name of a column afterwards hold its values? A new
    /// column that is renamed into the place was filled, and a generated one
    /// computes them. An old one holds its own.
    pub fn keeps_values(&self, target: &Target, again: &Operation) -> bool {
        match &again.action {
            Action::AddColumn { column, .. } => column.generated.is_some(),
            Action::RenameColumn { column, .. } => !self.is_old_column(target, &column.name),
            _ => true,
        }
    }
}
