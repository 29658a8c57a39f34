//! `SET NOT NULL` reads every row under `ACCESS EXCLUSIVE`.

use crate::finding::{Confidence, Severity};
use crate::operation::{Action, ConstraintKind, Ident, Kind, ObjectName};
use crate::rule::{
    Check, Findings, OperationContext, Rule, object_name, proven_not_null, sql_ident, sql_name,
};

pub const RULE: Rule = Rule {
    id: "set-not-null-scan",
    page: include_str!("../../rules/set-not-null-scan.md"),
    check: Check::Operation {
        on: &[Kind::SetNotNull, Kind::AddConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (target, column) = match &cx.operation.action {
        Action::SetNotNull { table, column } => (table, column),
        Action::AddConstraint { table, constraint } => match &constraint.kind {
            ConstraintKind::NotNull(column) => (table, column),
            _ => return,
        },
        _ => return,
    };
    let table = &target.name;
    let also = || format!("and `{}`, in the same reading", column.name);
    if cx.blocks(table) && !findings.add_to_statement(cx, also()) {
        let help = match cx.column_goes_in_the_end(target, &column.name) {
            true => format!(
                "leave it out: {} goes later in this migration",
                sql_ident(column)
            ),
            false => remedy(cx, table, column),
        };
        let fails = match cx.has_given_values(table, &column.name) {
            true => "",
            false => ", and fails where one holds NULL",
        };
        let restated = cx.may_be_restated(target, &column.name);
        let unless = match restated {
            true => ", unless it is so already",
            false => "",
        };
        let draft = findings
            .report(
                cx.operation.place,
                format!(
                    "making `{table}.{}` NOT NULL reads every row while reads and writes wait{fails}{unless}",
                    column.name
                ),
            )
            .help(help)
            .confidence(cx.confidence(table));
        if restated {
            draft
                .severity(Severity::Warning)
                .confidence(Confidence::Low);
        }
    }
}

fn remedy(cx: &OperationContext<'_>, table: &ObjectName, column: &Ident) -> String {
    let quoted = sql_ident(column);
    let shorter = if cx.scene.dialect.version >= 18 {
        let own = sql_name(&object_name(&table.name, &column.name, "not_null"));
        format!(
            "\nsince PostgreSQL 18 a constraint of its own kind does: ADD CONSTRAINT {own} NOT NULL {quoted} NOT VALID, then VALIDATE CONSTRAINT {own}"
        )
    } else {
        String::new()
    };
    let first = match cx.has_given_values(table, &column.name) {
        true => "prove it first",
        false => "give the rows that hold NULL a value in batches, then prove it",
    };
    format!(
        "{first}, {}:\n{}{shorter}",
        cx.scene.each_apart(),
        proven_not_null(table, &column.name)
    )
}
