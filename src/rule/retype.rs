//! A column that others use gets another type.

use super::{Facet, OperationContext};
use crate::finding::Severity;
use crate::operation::{Action, DataType, Ident, Target};
use crate::project::Down;

pub struct Retype<'a> {
    pub table: &'a Target,
    pub column: &'a Ident,
    /// As the history has it; `None` where it does not show the column.
    pub old: Option<&'a DataType>,
    pub ty: &'a DataType,
}

impl<'a> OperationContext<'a> {
    /// The change of type at hand, where the column was there before this
    /// migration and stays.
    pub fn retype(&self) -> Option<Retype<'a>> {
        let Action::AlterColumnType {
            table, column, ty, ..
        } = &self.operation.action
        else {
            return None;
        };
        let stays =
            self.is_old_column(table, &column.name) && !self.column_goes(table, &column.name);
        let recorded = self.schema.table(&table.name);
        let recorded = recorded.and_then(|t| t.column(&column.name));
        stays.then_some(Retype {
            table,
            column,
            old: recorded.map(|c| &c.ty),
            ty,
        })
    }

    /// Who takes the type back, in words, and how much that weighs: a down that
    /// is there will be run. `None` in a project that writes no downs.
    pub fn way_back_of(&self, retype: &Retype<'_>) -> Option<(&'static str, Severity)> {
        let name = &retype.column.name;
        let back = self.back_on(Facet::Part, name).any(|op| match &op.action {
            Action::AlterColumnType { table, column, .. } => {
                column.name == *name && self.is_same(&table.name, &retype.table.name)
            }
            _ => false,
        });
        let goes_forward =
            !self.scene.writes_downs || matches!(self.scene.migration.down, Down::Unsupported);
        match back {
            true => Some(("the down", Severity::Warning)),
            false if goes_forward => None,
            false => Some(("the way back", Severity::Info)),
        }
    }
}
