//! Columns as a statement declares them.

use super::{Findings, OperationContext};
use crate::operation::{Action, DataType, Kind, ObjectName, Persistence};

/// A column that is declared, or given another type.
struct Declared<'a> {
    table: &'a ObjectName,
    column: &'a str,
    ty: &'a DataType,
}

/// The operations that declare columns.
pub const DECLARES: &[Kind] = &[Kind::CreateTable, Kind::AddColumn, Kind::AlterColumnType];

impl<'a> OperationContext<'a> {
    /// The columns that this operation declares; those of temporary tables are
    /// nobody's concern.
    fn declared(&self) -> Vec<Declared<'a>> {
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

    /// Reports each declared column that has such a type. `what` ends the
    /// sentence "`orders.total` is `money`", `instead` says what to do.
    pub fn report_types(
        &self,
        findings: &mut Findings,
        such: impl Fn(&DataType) -> bool,
        what: &str,
        instead: &str,
    ) {
        for declared in self.declared() {
            let ty = declared.ty;
            if such(ty) {
                let (table, column) = (declared.table, declared.column);
                findings
                    .report(ty.span, format!("`{table}.{column}` is `{ty}`{what}"))
                    .help(instead);
            }
        }
    }
}
