//! What rows of the old release hold in columns that it does not know.

use super::{Facet, OperationContext, Target};
use crate::effect::postgres;
use crate::name::Name;
use crate::operation::{Action, Column, Operation};
use crate::schema::{Schema, names_in};

/// What a row that the old release adds holds in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// What that release writes, or what is computed from it.
    Written,
    Null,
    /// This one value in every row.
    Same(String),
    /// Something of its own: a sequence's number, what a trigger or a function
    /// yields.
    Apart,
}

impl Held {
    /// What a column holds in a row where nothing is said of it.
    pub fn where_unsaid(column: &Column, schema: &Schema) -> Self {
        match schema.default_of(column) {
            _ if schema.is_left_null(column) => Self::Null,
            Some(default) if postgres::is_one_value(&default.text) => {
                Self::Same(default.text.to_string())
            }
            _ => Self::Apart,
        }
    }
}

impl OperationContext<'_> {
    /// What a row of the old release holds in a column: one of the table, or the
    /// one that the operation adds.
    pub fn held(&self, target: &Target, name: &Name) -> Held {
        let added = match &self.operation.action {
            Action::AddColumn { column, .. } if column.name == *name => Some(column),
            _ => None,
        };
        let known = self.table(&target.name);
        let known = known.and_then(|table| table.column(name));
        let Some(column) = added.or(known) else {
            return Held::Written;
        };
        if added.is_none() && !self.column_is_new(target, name) {
            return Held::Written;
        }
        if let Some(generated) = &column.generated {
            return self.held_by_generated(target, column, &generated.expr.text);
        }
        match self.is_filled(&target.name, name, "insert") || self.default_later(target, name) {
            true => Held::Apart,
            false => Held::where_unsaid(column, self.schema),
        }
    }

    fn held_by_generated(&self, target: &Target, column: &Column, expr: &str) -> Held {
        let table = self.table(&target.name);
        let mut names = names_in(expr)
            .filter(|name| *name != column.name)
            .filter(|name| table.is_none_or(|table| table.column(name).is_some()));
        match names.any(|name| self.held(target, &name) == Held::Written) {
            true => Held::Written,
            false => Held::Apart,
        }
    }

    /// Does the script say later what the column holds by default?
    fn default_later(&self, target: &Target, name: &Name) -> bool {
        let says = |op: &Operation| match &op.action {
            Action::SetDefault { table, column, .. } | Action::DropDefault { table, column } => {
                column.name == *name && self.is_same(&table.name, &target.name)
            }
            _ => false,
        };
        self.later_on(Facet::Table, &target.name.name).any(says)
    }

    /// Does every row of the old release stay outside of the condition, for what
    /// its new columns hold?
    pub fn leaves_out(&self, target: &Target, condition: &str) -> bool {
        let values: Vec<(Name, Option<String>)> = names_in(condition)
            .filter_map(|name| match self.held(target, &name) {
                Held::Null => Some((name, None)),
                Held::Same(value) => Some((name, Some(value))),
                Held::Written | Held::Apart => None,
            })
            .collect();
        !values.is_empty() && postgres::rules_out(&values, condition)
    }
}
