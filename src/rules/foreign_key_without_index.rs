//! A foreign key's columns have no index.

use crate::name::Name;
use crate::operation::{Action, Constraint, ConstraintKind, ObjectName};
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, sql_list, sql_object};
use crate::schema::Table;

pub const RULE: Rule = Rule {
    id: "foreign-key-without-index",
    page: include_str!("../../rules/foreign-key-without-index.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if cx.scene.direction == Direction::Down {
        return;
    }
    for step in cx.steps {
        let Some((name, constraints)) = added(step) else {
            continue;
        };
        let Some(table) = cx.schema.table(name) else {
            continue;
        };
        for constraint in constraints {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else {
                continue;
            };
            if !has_index(cx, table, &key.columns) {
                let columns = sql_list(key.columns.iter().map(|c| c.as_str()));
                findings
                    .report_in(
                        step.source,
                        constraint.span,
                        format!(
                            "no index of `{name}` begins with the foreign key's columns ({columns})"
                        ),
                    )
                    .help(format!(
                        "create one: `CREATE INDEX CONCURRENTLY ON {} ({columns});`",
                        sql_object(name)
                    ));
            }
        }
    }
}

fn added<'s>(step: &'s Step<'_>) -> Option<(&'s ObjectName, &'s [Constraint])> {
    match &step.operation.action {
        Action::CreateTable(create) => Some((&create.name, &create.constraints)),
        Action::AddColumn {
            table, constraints, ..
        } => Some((&table.name, constraints)),
        Action::AddConstraint { table, constraint } => {
            Some((&table.name, std::slice::from_ref(constraint)))
        }
        _ => None,
    }
}

/// The first columns of some index are these, in any order.
fn has_index(cx: &MigrationContext<'_>, table: &Table, columns: &[Name]) -> bool {
    table
        .indexes
        .iter()
        .filter_map(|key| cx.schema.index_by_key(key))
        .any(|index| {
            index.predicate.is_none()
                && index.columns.len() >= columns.len()
                && index.columns[..columns.len()]
                    .iter()
                    .all(|column| columns.contains(column))
        })
}
