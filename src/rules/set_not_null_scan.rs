//! `SET NOT NULL` reads every row under `ACCESS EXCLUSIVE`.

use crate::operation::{Action, ConstraintKind, Ident, Kind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "set-not-null-scan",
    page: include_str!("../../rules/set-not-null-scan.md"),
    check: Check::Operation {
        on: &[Kind::SetNotNull, Kind::AddConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, column) = match &cx.operation.action {
        Action::SetNotNull { table, column } => (&table.name, column),
        Action::AddConstraint { table, constraint } => match &constraint.kind {
            ConstraintKind::NotNull(column) => (&table.name, column),
            _ => return,
        },
        _ => return,
    };
    if cx.blocks(table) {
        findings
            .report(
                cx.operation.place,
                format!(
                    "making `{table}.{}` NOT NULL reads every row while reads and writes wait",
                    column.name
                ),
            )
            .help(remedy(cx, table, column))
            .confidence(cx.confidence(table));
    }
}

fn remedy(cx: &OperationContext<'_>, table: &ObjectName, column: &Ident) -> String {
    let sql = sql_object(table);
    let quoted = sql_ident(column);
    if cx.scene.dialect.version >= 18 {
        let name = sql_name(&format!("{}_{}_not_null", table.name, column.name));
        return format!(
            "add it without looking at the rows:\n  \
             ALTER TABLE {sql} ADD CONSTRAINT {name} NOT NULL {quoted} NOT VALID;\n\
             and check them in a later migration, while reads and writes go on:\n  \
             ALTER TABLE {sql} VALIDATE CONSTRAINT {name};\n\
             before PostgreSQL 18: a CHECK ({quoted} IS NOT NULL) that is added NOT VALID and validated proves it"
        );
    }
    let name = sql_name(&format!("{}_{}_present", table.name, column.name));
    format!(
        "prove it first, in a migration each:\n  \
         ALTER TABLE {sql} ADD CONSTRAINT {name} CHECK ({quoted} IS NOT NULL) NOT VALID;\n  \
         ALTER TABLE {sql} VALIDATE CONSTRAINT {name};\n\
         then SET NOT NULL reads nothing:\n  \
         ALTER TABLE {sql} ALTER COLUMN {quoted} SET NOT NULL;\n  \
         ALTER TABLE {sql} DROP CONSTRAINT {name};"
    )
}
