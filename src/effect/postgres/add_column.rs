//! ADD COLUMN: metadata alone, a scan, or the whole table anew.

use smol_str::format_smolstr;

use crate::effect::{Ground, LockMode, Refusal};
use crate::name::Name;
use crate::operation::{Action, Column, Constraint, ConstraintKind};
use crate::schema::names_in;
use crate::schema::{Domain, Key, Table};
use crate::statement::lexer::on_one_line;

use super::Work;
use super::expr::is_null;
use super::table::Subject;

/// What the existing rows hold in the new column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Null,
    /// The same value in each, kept in the catalog.
    Constant,
    /// A value that is computed for each row, with the table written anew.
    Each,
}

impl<'a> Work<'a> {
    pub(super) fn add_column(
        &mut self,
        subject: &Subject<'a>,
        column: &'a Column,
        constraints: &'a [Constraint],
    ) {
        if let Some(table) = subject.table {
            self.refuse_typed(table);
        }
        self.refuse_system_column(&column.name);
        self.refuse_collation(&column.ty, column.collation.as_ref());
        self.refuse_other_in_children(subject, column);
        let fill = self.fill(column);
        let checked = self
            .schema
            .domains_of(&column.ty)
            .any(Domain::is_constrained);
        if fill != Fill::Null || checked {
            self.refuse_row_in_use(&subject.key);
        }
        if fill == Fill::Each || checked {
            self.rewrite_all(subject);
        }
        let has_children = subject
            .table
            .is_some_and(|table| !table.children.is_empty());
        // From 17 on partitions take the identity of their parent
        // (add_column_identity_partitioned).
        let passes_on = self.version >= 17 && subject.table.is_some_and(|t| t.is_partitioned());
        if column.identity.is_some() && has_children && !subject.only && !passes_on {
            self.refuse(format!(
                "an identity column cannot be added to `{}` and its children at once",
                subject.key
            ));
        }
        if column.ty.is_serial() || column.identity.is_some() {
            let sequence = self.sequence_name(&subject.key, &column.name);
            self.create(sequence);
        }
        self.check_column_options(column);
        if let Some(generated) = &column.generated {
            let columns = |name: &str| Some(subject.table?.column(name)?.ty.clone());
            self.check_generated((column, generated), &columns);
            let computed = subject.table.into_iter().flat_map(|table| &table.columns);
            let mut computed = computed.filter(|other| other.generated.is_some());
            if let Some(other) =
                computed.find(|o| names_in(&generated.expr.text).any(|name| name == o.name))
            {
                self.refuse(format!(
                    "`{}` is computed from `{}`, which is a generated column itself",
                    column.name, other.name
                ));
            }
            self.refuse_missing_columns(&subject.key, &generated.expr.text);
            if !generated.stored && column.not_null {
                // The values are computed to be looked at.
                self.scan_all(subject);
            }
        }
        if let Some(default) = &column.default {
            self.check_new_default(&default.text, &column.ty);
            if fill == Fill::Each {
                self.lock_sequences_used(&default.text);
            }
            self.check_functions_exist(&default.text);
        }
        self.fill_with_null(subject, column, fill);
        if subject.only && has_children {
            self.refuse("the column must be added to child tables too");
        }
        if subject.table.is_some_and(|table| table.partition.is_some()) {
            self.refuse(format!(
                "`{}` is a partition: the column must be added to its parent",
                subject.key
            ));
        }
        for constraint in constraints {
            self.column_constraint(subject, column, constraint, fill);
        }
    }

    fn fill(&mut self, column: &Column) -> Fill {
        if column.ty.is_serial() || column.identity.is_some() {
            return Fill::Each;
        }
        if let Some(generated) = &column.generated {
            return if generated.stored {
                Fill::Each
            } else {
                Fill::Constant
            };
        }
        match self.schema.default_of(column) {
            Some(default) if is_null(&default.text) => Fill::Null,
            Some(default) if self.differs_by_row(&default.text) => Fill::Each,
            Some(_) => Fill::Constant,
            None => Fill::Null,
        }
    }

    fn fill_with_null(&mut self, subject: &Subject<'a>, column: &Column, fill: Fill) {
        if fill != Fill::Null {
            return;
        }
        let table = format!("`{}`", subject.key);
        if column.not_null {
            self.scan_all(subject);
            self.effect.ends_at_first_row = true;
            self.refuse_column_rows(
                subject,
                format!(
                    "column `{}` of {table} would hold NULL in every existing row",
                    column.name
                ),
            );
        } else if self.schema.type_keeps_null_out(&column.ty) {
            self.refuse_column_rows(
                subject,
                format!("the type of column `{}` does not allow NULL, which every existing row of {table} would hold", column.name),
            );
        }
    }

    fn refuse_column_rows(&mut self, subject: &Subject<'_>, why: String) {
        self.refuse_rows(&subject.key, subject.table, why);
    }

    fn column_constraint(
        &mut self,
        subject: &Subject<'a>,
        column: &Column,
        constraint: &'a Constraint,
        fill: Fill,
    ) {
        self.constraint_features(constraint);
        match &constraint.kind {
            ConstraintKind::Check(_) if !constraint.not_enforced => self.scan_all(subject),
            ConstraintKind::ForeignKey(foreign) => {
                let referenced = self.resolve(&foreign.references);
                if referenced != subject.key {
                    self.lock_referenced(&referenced, LockMode::ShareRowExclusive);
                }
                self.check_referenced_key(&referenced, foreign);
                if let Some(table) = subject.table.filter(|table| table.is_known()) {
                    self.check_referenced_storage(table.persistence, &referenced);
                }
                // An explicit DEFAULT NULL is enough for the check to run
                // (add_column_references_default_null).
                let explicit = column.default.is_some() || fill != Fill::Null;
                if fill == Fill::Constant && !constraint.not_enforced {
                    self.refuse_reference_of_all(subject, column, &referenced);
                }
                if explicit && !constraint.not_enforced {
                    self.validate_reference(subject, &referenced, fill != Fill::Null);
                }
            }
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) => {
                self.unique_column(subject, column, constraint, fill);
            }
            _ => {}
        }
    }

    fn unique_column(
        &mut self,
        subject: &Subject<'a>,
        column: &Column,
        constraint: &'a Constraint,
        fill: Fill,
    ) {
        let primary = matches!(constraint.kind, ConstraintKind::PrimaryKey(_));
        self.build_constraint_indexes(subject, constraint);
        if fill == Fill::Null && primary {
            self.refuse_column_rows(
                subject,
                format!(
                    "column `{}` of `{}` would hold NULL in every existing row",
                    column.name, subject.key
                ),
            );
        } else if fill == Fill::Constant {
            self.refuse_column_rows(
                subject,
                format!(
                    "column `{}` of `{}` would hold the same value in every existing row",
                    column.name, subject.key
                ),
            );
        }
    }

    /// The same for a foreign key that the same ALTER TABLE adds.
    pub(super) fn refuse_new_reference(
        &mut self,
        subject: &Subject<'_>,
        columns: &[Name],
        referenced: &Key,
    ) {
        let [name] = columns else { return };
        let added = self.siblings().find_map(|action| match action {
            Action::AddColumn { column, .. } if column.name == *name => Some(column),
            _ => None,
        });
        if let Some(column) = added
            && self.fill(column) == Fill::Constant
        {
            self.refuse_reference_of_all(subject, column, referenced);
        }
    }

    /// Every row comes to refer to the row of the default, which is nowhere in
    /// the files; somebody else may have written it, a routine too
    /// (add_column_fk_default*).
    fn refuse_reference_of_all(&mut self, subject: &Subject<'_>, column: &Column, to: &Key) {
        let unwritten = |table: &Table| {
            let written = self.schema.routines_with(&to.name).next().is_some();
            table.is_known() && !table.filled && !written
        };
        if *to == subject.key
            || !self.table(to).is_some_and(unwritten)
            || !self.has_rows(&subject.key, subject.table)
        {
            return;
        }
        let Some(default) = self.schema.default_of(column) else {
            return;
        };
        self.refuse_as(Refusal {
            why: format_smolstr!(
                "each would refer to {} in `{to}`, a row that no migration writes (where the application has, it passes)",
                on_one_line(&default.text)
            ),
            on_rows: true,
            certain: false,
            ground: Ground::Unmade,
        });
    }

    /// Was the column added by an earlier action of the same ALTER TABLE, and
    /// does it hold NULL everywhere?
    pub(super) fn is_new_and_null(&self, column: &str) -> bool {
        self.siblings().any(|action| match action {
            Action::AddColumn { column: c, .. } => c.name == column && self.schema.is_left_null(c),
            _ => false,
        })
    }
}
