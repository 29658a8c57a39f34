//! A column that others use gets another type.

use std::ops::ControlFlow;

use super::shorten::{is_longer, leaves_longer};
use super::{Facet, OperationContext, Trail, Way};
use crate::effect::postgres;
use crate::finding::Severity;
use crate::operation::{Action, DataType, Expr, Ident, ObjectName, Operation, Target, Update};
use crate::project::Down;

pub struct Retype<'a> {
    pub table: &'a Target,
    pub column: &'a Ident,
    /// As the history has it; `None` where it does not show the column.
    pub old: Option<&'a DataType>,
    pub ty: &'a DataType,
}

/// How a type is taken back.
pub struct Narrowing<'a> {
    /// Who does it, in words.
    pub way: &'static str,
    pub severity: Severity,
    /// As they are named there.
    pub table: &'a ObjectName,
    pub column: &'a Ident,
}

impl<'a> OperationContext<'a> {
    /// The change of type at hand, where the column was there before this
    /// migration and stays.
    pub fn retype(&self) -> Option<Retype<'a>> {
        self.retype_by(self.operation)
    }

    /// The changes of type of the whole statement, likewise.
    pub fn retypes(&self) -> impl Iterator<Item = Retype<'a>> {
        let siblings = self.siblings.iter();
        siblings.filter_map(|op| self.retype_by(op))
    }

    fn retype_by(&self, operation: &'a Operation) -> Option<Retype<'a>> {
        let Action::AlterColumnType {
            table, column, ty, ..
        } = &operation.action
        else {
            return None;
        };
        let stays =
            self.is_old_column(table, &column.name) && !self.column_goes(table, &column.name);
        let recorded = self.schema.table(&table.name);
        let recorded = recorded.and_then(|t| t.type_of(&column.name));
        stays.then_some(Retype {
            table,
            column,
            old: recorded.map(|(ty, _)| ty),
            ty,
        })
    }

    /// May nothing change but how long a text may be? So it is believed of a column
    /// that the history does not know, unless USING makes other values of it.
    pub fn may_be_text_already(&self) -> bool {
        let Action::AlterColumnType {
            table,
            column,
            ty,
            using,
            ..
        } = &self.operation.action
        else {
            return false;
        };
        let computed = |using: &Expr| postgres::is_computed(&using.text, &column.name);
        self.column_type(&table.name, &column.name).is_none()
            && matches!(ty.name.as_str(), "varchar" | "text")
            && ty.array == 0
            && !using.as_ref().is_some_and(computed)
    }

    /// Does the script say the whole of a column anew that the history does not show:
    /// its type as well? Then it may have been NOT NULL all along.
    pub fn may_be_restated(&self, target: &Target, column: &str) -> bool {
        let known = self.table(&target.name);
        let is_known = known.is_some_and(|table| table.column(column).is_some());
        let mut around = self.around_on(Facet::Part, column);
        !is_known
            && around.any(|op| match &op.action {
                Action::AlterColumnType {
                    table, column: own, ..
                } => own.name == column && self.is_same(&table.name, &target.name),
                _ => false,
            })
    }

    /// Who takes the type back, and how much that weighs: a down that is there
    /// will be run. `None` in a project that writes no downs, and where the down
    /// sees to the values before: in an UPDATE, or by the USING of the change.
    /// Text is to have at most so many characters, if it is text.
    pub fn way_back_of(&self, retype: &Retype<'a>, most: Option<i32>) -> Option<Narrowing<'a>> {
        let mut trails = [Trail::new(
            self.schema.resolve(&retype.table.name),
            &[retype.column.name],
        )];
        let mut helped = false;
        let back = self.follow(&mut trails, |way, op, trails| {
            let trail = &trails[0];
            let column = trail.columns[0].as_str();
            match &op.action {
                Action::AlterColumnType {
                    table,
                    column,
                    using,
                    ..
                } if way == Way::Back
                    && trail.has(&column.name)
                    && trail.is(self.schema, &table.name) =>
                {
                    helped |= using
                        .as_ref()
                        .is_some_and(|using| !is_longer(&using.text, &column.name, most));
                    ControlFlow::Break(Some((&table.name, column)))
                }
                _ if way == Way::Back => {
                    let shortens = |update: &Update| !leaves_longer(update, column, most);
                    helped |= self.sees_to_rows_by(op, trail, shortens);
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Continue(()),
            }
        });
        let goes_forward =
            !self.scene.writes_downs || matches!(self.scene.migration.down, Down::Unsupported);
        match back {
            Some(_) if helped => None,
            Some((table, column)) => Some(Narrowing {
                way: "the down",
                severity: Severity::Warning,
                table,
                column,
            }),
            None if goes_forward => None,
            None => Some(Narrowing {
                way: "the way back",
                severity: Severity::Info,
                table: &retype.table.name,
                column: retype.column,
            }),
        }
    }
}
