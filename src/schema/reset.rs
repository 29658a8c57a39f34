//! Foreign keys that would give a column NULL where none may stand.

use super::{Schema, Table};
use crate::name::Name;
use crate::operation::{
    Action, Column, Constraint, ConstraintKind, CreateTable, ForeignKey, ObjectName, Operation,
    Reset,
};
use crate::source::Span;

/// An action of a foreign key that fails, and with it the delete or update of
/// the row referred to.
pub struct RefusedReset<'a> {
    pub table: &'a ObjectName,
    pub key: &'a ForeignKey,
    /// What is to blame: the key, or what makes the column NOT NULL.
    pub span: Span,
    pub reset: Reset,
    /// Those that would be NULL and must not be.
    pub columns: Vec<Name>,
    /// The name of the key, where it has one by now.
    pub name: Option<Name>,
}

/// Whose columns they are.
enum Of<'a> {
    Table(&'a Table),
    /// The table that is being made.
    New(&'a CreateTable),
    /// The column that is being added, beside those of the table.
    Added(&'a Column, Option<&'a Table>),
}

impl Schema {
    /// What an operation makes to fail so, by a key or by a column that is NOT NULL
    /// from now on.
    pub fn refused_resets<'a>(&'a self, operation: &'a Operation) -> Vec<RefusedReset<'a>> {
        let mut found = Vec::new();
        match &operation.action {
            Action::CreateTable(create) => {
                for constraint in &create.constraints {
                    self.refused(&create.name, constraint, &Of::New(create), &mut found);
                }
            }
            Action::AddColumn {
                table,
                column,
                constraints,
                ..
            } => {
                let known = self.table(&table.name).map(|known| &**known);
                for constraint in constraints {
                    let of = Of::Added(column, known);
                    self.refused(&table.name, constraint, &of, &mut found);
                }
            }
            Action::AddConstraint { table, constraint } => match &constraint.kind {
                ConstraintKind::ForeignKey(_) => {
                    if let Some(known) = self.table(&table.name) {
                        self.refused(&table.name, constraint, &Of::Table(known), &mut found);
                    }
                }
                ConstraintKind::PrimaryKey(key) => {
                    let span = constraint.span;
                    self.refused_from_now(&table.name, &key.columns, span, &mut found);
                }
                ConstraintKind::NotNull(column) => {
                    let columns = std::slice::from_ref(&column.name);
                    self.refused_from_now(&table.name, columns, constraint.span, &mut found);
                }
                _ => {}
            },
            Action::SetNotNull { table, column } => {
                let columns = std::slice::from_ref(&column.name);
                self.refused_from_now(&table.name, columns, column.span, &mut found);
            }
            _ => {}
        }
        found
    }

    /// By a foreign key that is new.
    fn refused<'a>(
        &self,
        table: &'a ObjectName,
        constraint: &'a Constraint,
        of: &Of<'_>,
        found: &mut Vec<RefusedReset<'a>>,
    ) {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else {
            return;
        };
        for reset in key.resets() {
            let is_refused = |name: &&Name| {
                let column = of.column(name);
                let of_type = column.is_some_and(|c| self.type_keeps_null_out(&c.ty));
                (of.keeps_null_out(name) || of_type) && self.is_reset_to_null(&reset, column)
            };
            let columns: Vec<Name> = reset.columns.iter().filter(is_refused).copied().collect();
            if !columns.is_empty() {
                found.push(RefusedReset {
                    table,
                    key,
                    span: constraint.span,
                    reset,
                    columns,
                    name: constraint.name.as_ref().map(|name| name.name),
                });
            }
        }
    }

    /// By columns that may hold no NULL from now on.
    fn refused_from_now<'a>(
        &'a self,
        table: &'a ObjectName,
        required: &[Name],
        span: Span,
        found: &mut Vec<RefusedReset<'a>>,
    ) {
        let Some(known) = self.table(table) else {
            return;
        };
        for constraint in &known.constraints {
            let ConstraintKind::ForeignKey(key) = &constraint.definition.kind else {
                continue;
            };
            for reset in key.resets() {
                let is_refused = |name: &&Name| {
                    required.contains(name)
                        && !known.is_not_null(name)
                        && self.is_reset_to_null(&reset, known.column(name).map(|c| &**c))
                };
                let columns: Vec<Name> = reset.columns.iter().filter(is_refused).copied().collect();
                if !columns.is_empty() {
                    found.push(RefusedReset {
                        table,
                        key,
                        span,
                        reset,
                        columns,
                        name: Some(constraint.name),
                    });
                }
            }
        }
    }

    fn is_reset_to_null(&self, reset: &Reset, column: Option<&Column>) -> bool {
        !reset.to_default || column.is_some_and(|column| self.is_left_null(column))
    }
}

impl Of<'_> {
    fn column(&self, name: &Name) -> Option<&Column> {
        match self {
            Self::Table(table) => table.column(name).map(|c| &**c),
            Self::New(create) => {
                let mut columns = create.columns.iter();
                columns.find(|column| column.name == *name).map(|c| &**c)
            }
            Self::Added(column, _) if column.name == *name => Some(column),
            Self::Added(_, table) => {
                let column = table.and_then(|table| table.column(name));
                column.map(|c| &**c)
            }
        }
    }

    fn keeps_null_out(&self, name: &Name) -> bool {
        match self {
            Self::Table(table) => table.is_not_null(name),
            Self::New(create) => {
                let requires = |constraint: &Constraint| match &constraint.kind {
                    ConstraintKind::PrimaryKey(key) => key.columns.contains(name),
                    ConstraintKind::NotNull(column) => !constraint.inline && column.name == *name,
                    _ => false,
                };
                self.column(name).is_some_and(|column| column.not_null)
                    || create.constraints.iter().any(requires)
            }
            Self::Added(column, _) if column.name == *name => column.not_null,
            Self::Added(_, table) => table.is_some_and(|table| table.is_not_null(name)),
        }
    }
}
