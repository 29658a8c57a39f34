//! What ALTERs teach of columns that no migration shows.

use std::sync::Arc;

use super::Table;
use crate::name::Name;
use crate::operation::{Action, Column, DataType};
use crate::source::Span;

/// A column of a table that the history did not create, as far as it was altered.
#[derive(Clone, Debug)]
pub(super) struct Taught {
    /// Its type counts where `typed`, its NOT NULL where `nulls_known`, nothing else.
    column: Column,
    typed: bool,
    nulls_known: bool,
}

impl Table {
    /// The type of a column and its collation: also of one of which no migration
    /// shows more than an ALTER of its type.
    pub fn type_of(&self, column: &str) -> Option<(&DataType, Option<Name>)> {
        let taught = || Some(&self.taught(column).filter(|t| t.typed)?.column);
        let known = self.column(column).map(|column| &**column);
        let column = known.or_else(taught)?;
        Some((&column.ty, column.collation))
    }

    pub fn is_not_null(&self, column: &str) -> bool {
        let of_key = |key: &[Name]| key.iter().any(|c| c == column);
        match self.column(column) {
            Some(c) if c.not_null || c.identity.is_some() || c.ty.is_serial() => return true,
            None if self.taught(column).is_some_and(Taught::is_not_null) => return true,
            _ => {}
        }
        self.primary_key().is_some_and(|key| of_key(&key.columns))
    }

    fn taught(&self, column: &str) -> Option<&Taught> {
        let mut all = self.taught.iter().map(|taught| &**taught);
        all.find(|taught| taught.column.name == column)
    }

    /// Keeps what an action says of a column that is not known.
    pub(super) fn learn(&mut self, column: &Name, action: &Action) {
        match action {
            Action::AlterColumnType { ty, collation, .. } => {
                let taught = self.taught_mut(column);
                taught.column.ty = ty.clone();
                taught.column.collation = *collation;
                taught.typed = true;
            }
            Action::SetNotNull { .. } | Action::DropNotNull { .. } | Action::AddIdentity { .. } => {
                let taught = self.taught_mut(column);
                taught.column.not_null = !matches!(action, Action::DropNotNull { .. });
                taught.nulls_known = true;
            }
            _ => {}
        }
    }

    fn taught_mut(&mut self, column: &Name) -> &mut Taught {
        let place = self.taught.iter().position(|t| t.column.name == *column);
        let place = place.unwrap_or_else(|| {
            self.taught.push(Arc::new(Taught::new(*column)));
            self.taught.len() - 1
        });
        Arc::make_mut(&mut self.taught[place])
    }

    /// A column goes, or is called something else.
    pub(super) fn pass_on(&mut self, column: &Name, to: Option<Name>) {
        match to {
            None => self.taught.retain(|taught| taught.column.name != *column),
            Some(to) => {
                let own = self.taught.iter_mut().find(|t| t.column.name == *column);
                if let Some(taught) = own {
                    Arc::make_mut(taught).column.name = to;
                }
            }
        }
    }

    /// The columns that are not known and were altered since, as they were and as
    /// they are. NOT NULL that was set or dropped made a difference; what else is not
    /// known of either is the same.
    pub fn taught_since<'a>(
        &'a self,
        before: &'a Table,
    ) -> impl Iterator<Item = (Column, &'a Column)> {
        let altered = self.taught.iter();
        let altered = altered.filter(|now| before.column(&now.column.name).is_none());
        altered.map(|now| {
            let mut old = now.column.clone();
            old.not_null ^= now.nulls_known;
            if let Some(then) = before.taught(&now.column.name) {
                if then.typed {
                    old.ty = then.column.ty.clone();
                    old.collation = then.column.collation;
                }
                if then.nulls_known {
                    old.not_null = then.column.not_null;
                }
            }
            (old, &now.column)
        })
    }
}

impl Taught {
    fn new(name: Name) -> Self {
        Self {
            column: Column::plain(name, Span::default(), DataType::unknown(Span::default())),
            typed: false,
            nulls_known: false,
        }
    }

    fn is_not_null(&self) -> bool {
        self.nulls_known && self.column.not_null
    }
}
