//! What an ALTER TABLE does to a column that is there: its default, whether it
//! has to have a value, how it is stored and computed.

use crate::operation::{Action, Column, ConstraintKind, DataType, Expr, Generated, Ident};
use crate::schema::{Key, Table};
use crate::text::holds;

use super::Work;
use super::data::Children;
use super::expr::mentions;
use super::place::Place;
use super::table::Subject;
use super::volatility::Volatility;

impl<'a> Work<'a> {
    /// What has a fixed width is stored plain (set_storage_fixed_width).
    pub(super) fn check_storage(&mut self, subject: &Subject<'_>, column: &Ident, storage: &str) {
        let Some(known) = subject.table.and_then(|t| t.column(&column.name)) else {
            return;
        };
        let plain = ["plain", "default"];
        if is_fixed_width(&known.ty) && !plain.iter().any(|p| storage.eq_ignore_ascii_case(p)) {
            self.refuse(format!(
                "`{}` is of type {}, which is stored PLAIN",
                column.name, known.ty
            ));
        }
    }

    /// What has a fixed width is not compressed (set_compression_fixed_width).
    pub(super) fn check_compression(&mut self, column: &Column, method: &str) {
        let is = |name: &str| method.eq_ignore_ascii_case(name);
        if is("default") || method.contains(['{', '$', '"']) {
            return;
        }
        if is_fixed_width(&column.ty) {
            self.refuse(format!(
                "`{}` is of type {}, which is not compressed",
                column.name, column.ty
            ));
        } else if !["pglz", "lz4"].iter().any(|known| is(known)) {
            self.refuse(format!("there is no compression `{method}`"));
        }
    }

    pub(super) fn set_not_null(&mut self, subject: &Subject<'a>, column: &str) {
        let top = subject.table;
        let below = top.filter(|t| t.is_partitioned() && !t.children.is_empty());
        if subject.only && below.is_some_and(|t| !self.is_not_null(t, column)) {
            self.refuse("the column must be NOT NULL in the partitions first");
        }
        self.each(
            &subject.key,
            Children::Yes,
            subject.only,
            |work, key, table| {
                let known = table.is_some_and(|t| work.is_not_null(t, column));
                let proven = table.is_some_and(|t| work.proven_not_null(t, column))
                    || top.is_some_and(|t| work.proven_below(t, column));
                if !known && !proven {
                    work.scan_heap(key, table);
                }
            },
        );
    }

    /// Is the column NOT NULL, and checked to be so?
    pub(super) fn is_not_null(&self, table: &Table, column: &str) -> bool {
        let unchecked = table.constraints.iter().any(|c| {
            !c.validated
                && matches!(&c.definition.kind, ConstraintKind::NotNull(ident) if ident.name == column)
        });
        !unchecked && table.is_not_null(column)
    }

    pub(super) fn drop_not_null(&mut self, subject: &Subject<'_>, column: &Ident) {
        let Some(table) = subject.table else { return };
        if table
            .primary_key()
            .is_some_and(|key| key.columns.contains(&column.name))
        {
            self.refuse(format!("column `{}` is in a primary key", column.name));
        }
        if table
            .column(&column.name)
            .is_some_and(|c| c.identity.is_some())
        {
            self.refuse(format!("column `{}` is an identity column", column.name));
        }
        if self
            .replica_index(&subject.key)
            .and_then(|index| self.index(&index))
            .is_some_and(|index| index.columns.contains(&column.name))
        {
            self.refuse(format!("replicas tell rows by column `{}`", column.name));
        }
        // From 18 on children by inheritance keep it too (drop_not_null_child).
        let inherits = table.inherits.iter().filter(|_| self.version >= 18);
        let mut parents = table.partition.iter().map(|p| &p.of).chain(inherits);
        let not_null = |key: &Key| {
            self.table(key)
                .is_some_and(|parent| self.is_not_null(parent, &column.name))
        };
        if parents.any(not_null) {
            self.refuse(format!(
                "column `{}` is NOT NULL in the parent",
                column.name
            ));
        }
    }

    pub(super) fn set_default(&mut self, subject: &Subject<'_>, column: &Ident, default: &Expr) {
        let Some(known) = subject.table.and_then(|t| t.column(&column.name)) else {
            return;
        };
        self.refuse_computed(subject, column);
        // Types change first, wherever that is written.
        let changed = self.siblings().find_map(|action| match action {
            Action::AlterColumnType { column: c, ty, .. } if c.name == column.name => Some(ty),
            _ => None,
        });
        self.check_new_default(&default.text, changed.unwrap_or(&known.ty));
        self.check_functions_exist(&default.text);
    }

    /// What the server itself gives values to has no default
    /// (drop_default_identity, drop_default_generated).
    pub(super) fn refuse_computed(&mut self, subject: &Subject<'_>, column: &Ident) {
        let Some(known) = subject.table.and_then(|t| t.column(&column.name)) else {
            return;
        };
        if known.identity.is_some() {
            self.refuse(format!("column `{}` is an identity column", column.name));
        } else if known.generated.is_some() {
            self.refuse(format!("column `{}` is a generated column", column.name));
        }
    }

    pub(super) fn add_identity(&mut self, subject: &Subject<'_>, column: &Ident) {
        let sequence = self.sequence_name(&subject.key, &column.name);
        self.create(sequence);
        let Some(table) = subject.table.filter(|table| table.is_known()) else {
            return;
        };
        let Some(known) = table.column(&column.name) else {
            return;
        };
        let set_here = self.siblings().any(|action| {
            matches!(action, Action::SetNotNull { column: c, .. } if c.name == column.name)
        });
        let default_dropped = self.siblings().any(|action| {
            matches!(action, Action::DropDefault { column: c, .. } if c.name == column.name)
        });
        if known.identity.is_some() {
            self.refuse(format!(
                "column `{}` is an identity column already",
                column.name
            ));
        } else if !self.is_not_null(table, &column.name) && !set_here {
            self.refuse(format!(
                "column `{}` must be NOT NULL before it becomes an identity column",
                column.name
            ));
        } else if (known.default.is_some() || known.ty.is_serial()) && !default_dropped {
            self.refuse(format!("column `{}` has a default already", column.name));
        }
    }

    pub(super) fn set_expression(&mut self, subject: &Subject<'a>, column: &Ident) {
        self.needs(17, "SET EXPRESSION");
        let stored = subject
            .table
            .and_then(|table| table.column(&column.name))
            .and_then(|column| column.generated.as_ref())
            .is_none_or(|generated| generated.stored);
        if stored {
            self.rewrite_all(subject);
        }
        self.refuse_plain(subject, column);
    }

    /// The column is not a generated one.
    pub(super) fn refuse_plain(&mut self, subject: &Subject<'_>, column: &Ident) {
        let known = subject.table.and_then(|table| table.column(&column.name));
        if known.is_some_and(|known| known.generated.is_none()) {
            self.refuse(format!(
                "column `{}` is not a generated column",
                column.name
            ));
        }
    }

    pub(super) fn drop_expression(&mut self, subject: &Subject<'_>, column: &Ident) {
        let generated = subject
            .table
            .and_then(|table| table.column(&column.name))
            .and_then(|column| column.generated.as_ref());
        if generated.is_some_and(|generated| !generated.stored) {
            self.refuse("the expression of a virtual generated column cannot be dropped");
        }
    }

    pub(super) fn rename_column(&mut self, subject: &Subject<'_>, column: &Ident) {
        let Some(table) = subject.table else { return };
        self.refuse_typed(table);
        if subject.only && !table.children.is_empty() {
            self.refuse(format!(
                "inherited column `{}` must be renamed in child tables too",
                column.name
            ));
        }
        self.refuse_inherited(table, &column.name, "renamed");
    }

    /// A column that comes from a parent changes with the parent only.
    pub(super) fn refuse_inherited(&mut self, table: &Table, column: &str, what: &str) {
        let parents = table
            .inherits
            .iter()
            .chain(table.partition.as_ref().map(|partition| &partition.of));
        for parent in parents {
            if self
                .table(parent)
                .is_some_and(|parent| parent.column(column).is_some())
            {
                self.refuse(format!(
                    "column `{column}` is inherited from `{parent}` and cannot be {what} here"
                ));
            }
        }
    }

    /// The columns that a table is partitioned by neither change nor go.
    pub(super) fn refuse_partition_key(&mut self, table: &Table, column: &str) {
        let by_column = table
            .partition_by
            .as_ref()
            .is_some_and(|by| by.columns.iter().any(|c| c == column));
        if by_column {
            self.refuse(format!("`{}` is partitioned by `{column}`", table.key));
        }
    }

    /// What a generated column computes must be the same at any time.
    pub(super) fn check_generated(
        &mut self,
        (column, generated): (&Column, &Generated),
        columns: &dyn Fn(&str) -> Option<DataType>,
    ) {
        if !generated.stored {
            self.needs(18, "virtual generated columns");
            if self.schema.is_own_type(&column.ty) || self.schema.calls_own(&generated.expr.text) {
                self.refuse("what is VIRTUAL has a type of the server's own and calls only its own functions");
            }
        }
        self.check_place_of(&generated.expr.text, Place::Generated);
        if matches!(
            self.volatility(&generated.expr.text),
            Volatility::Stable | Volatility::Volatile
        ) || self.depends_on_session(&generated.expr.text, columns)
        {
            self.refuse("what a generated column is computed from must be IMMUTABLE");
        }
    }

    /// Generated columns and others whose expressions name this column.
    pub(super) fn generated_from<'t>(&self, table: &'t Table, column: &str) -> Option<&'t str> {
        table
            .columns
            .iter()
            .find(|other| {
                other.name != column
                    && other
                        .generated
                        .as_ref()
                        .is_some_and(|g| mentions(&g.expr.text, column))
            })
            .map(|other| other.name.as_str())
    }

    /// A policy or trigger that names the column keeps it as it is.
    pub(super) fn refuse_watched(&mut self, table: &Table, column: &str, done: &str) {
        let named = |expr: &Expr| mentions(&expr.text, column);
        // A subquery has columns of its own.
        let asked = |expr: &Expr| {
            let inner = holds(&expr.text, "select");
            let reads = || {
                self.schema
                    .condition_reads(table, &expr.text, &table.key, column)
            };
            named(expr) && inner.then(reads).flatten().unwrap_or(true)
        };
        let policy = table
            .policies
            .iter()
            .find(|p| p.clauses.conditions().any(asked))
            .map(|p| format!("policy `{}`", p.name));
        let elsewhere = || {
            let key = &table.key;
            let known = !self.schema.had_name(&key.name) && !self.schema.had_name(column);
            let reading = known.then(|| self.schema.policies_reading(key, Some(column)));
            let (table, policy) = reading?.into_iter().next()?;
            Some(format!("policy `{}` on `{}`", policy.name, table.key))
        };
        let policy = policy.or_else(elsewhere);
        let trigger = table
            .triggers
            .iter()
            .find(|t| t.columns.iter().any(|c| c == column) || t.when.as_ref().is_some_and(named))
            .map(|t| format!("trigger `{}`", t.name));
        let rule = table
            .rules
            .iter()
            .find(|rule| named(&rule.definition))
            .map(|rule| format!("rule `{}`", rule.name));
        if let Some(watcher) = policy.or(trigger).or(rule) {
            self.refuse(format!("`{column}` cannot be {done}: {watcher} uses it"));
        }
    }
}

/// Is it one of the server's types whose values are all as long as each other?
fn is_fixed_width(ty: &DataType) -> bool {
    const FIXED: &[&str] = &[
        "smallint",
        "int",
        "bigint",
        "smallserial",
        "serial",
        "bigserial",
        "real",
        "double precision",
        "boolean",
        "date",
        "timestamp",
        "timestamptz",
        "time",
        "timetz",
        "interval",
        "uuid",
        "money",
    ];
    ty.schema.is_none() && ty.array == 0 && FIXED.contains(&ty.name.as_str())
}
