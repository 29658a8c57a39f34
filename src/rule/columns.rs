//! Columns as a statement declares them.

use super::OperationContext;
use crate::operation::{Action, DataType, Kind, ObjectName, Persistence};

/// A column that is declared, or given another type.
pub struct Declared<'a> {
    pub table: &'a ObjectName,
    pub column: &'a str,
    pub ty: &'a DataType,
}

/// The operations that [`OperationContext::declared`] reads.
pub const DECLARES: &[Kind] = &[Kind::CreateTable, Kind::AddColumn, Kind::AlterColumnType];

impl<'a> OperationContext<'a> {
    /// The columns that this operation declares; those of temporary tables are
    /// nobody's concern.
    pub fn declared(&self) -> Vec<Declared<'a>> {
        match &self.operation.action {
            Action::CreateTable(create) if create.persistence != Persistence::Temporary => create
                .columns
                .iter()
                .map(|column| Declared {
                    table: &create.name,
                    column: &column.name,
                    ty: &column.ty,
                })
                .collect(),
            Action::AddColumn { table, column, .. } => vec![Declared {
                table: &table.name,
                column: &column.name,
                ty: &column.ty,
            }],
            Action::AlterColumnType {
                table, column, ty, ..
            } => vec![Declared {
                table: &table.name,
                column: &column.name,
                ty,
            }],
            _ => Vec::new(),
        }
    }
}
