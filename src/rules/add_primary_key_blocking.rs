//! Adding a primary key works under `ACCESS EXCLUSIVE`.

use crate::name::Name;
use crate::operation::{Action, Constraint, ConstraintKind, Key, Kind, ObjectName};
use crate::rule::constraint::deferral;
use crate::rule::{
    Check, ColumnWork, Findings, OperationContext, Rule, including, object_name, sql_list,
    sql_name, sql_object, until_adopted,
};

pub const RULE: Rule = Rule {
    id: "add-primary-key-blocking",
    page: include_str!("../../rules/add-primary-key-blocking.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    match &cx.operation.action {
        Action::AddConstraint { table, constraint } if cx.blocks(&table.name) => {
            if let ConstraintKind::PrimaryKey(key) = &constraint.kind {
                let name = cx.constraint_name(&table.name, constraint);
                report(cx, findings, &table.name, key, constraint, &name);
            }
        }
        Action::AddColumn { table, column, .. } => {
            let Some((_, constraint)) = cx.constraint_in_the_way(ColumnWork::PrimaryKey) else {
                return;
            };
            let key = Key {
                columns: vec![column.name],
                ..Key::default()
            };
            let name = format!("{}_pkey", table.name.name);
            report(cx, findings, &table.name, &key, constraint, &name);
        }
        _ => {}
    }
}

fn report(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &ObjectName,
    key: &Key,
    constraint: &Constraint,
    name: &str,
) {
    let sql = sql_object(table);
    let index = cx.index_to_adopt(table, name);
    let adds = matches!(cx.operation.action, Action::AddColumn { .. });
    let is_new = |column: &Name| cx.is_new_column(table, column);
    let has_new_columns = adds || key.columns.iter().any(is_new);
    let present = sql_name(&object_name(name.trim_matches('"'), "", "present"));
    let (message, help) = if key.using_index.is_some() {
        (
            format!(
                "the primary key of `{table}` is nullable so far: every row is read while reads and writes wait"
            ),
            format!(
                "prove first that no value is NULL, in a migration each:\n  \
                 ALTER TABLE {sql} ADD CONSTRAINT {present} CHECK ({}) NOT VALID;\n  \
                 ALTER TABLE {sql} VALIDATE CONSTRAINT {present};\n\
                 the primary key then adopts the index without reading rows",
                has_values(cx, table, key)
            ),
        )
    } else {
        (
            format!(
                "adding a primary key to `{table}` builds its index while reads and writes wait"
            ),
            format!(
                "{}build the index first ({}):\n  \
                 CREATE UNIQUE INDEX CONCURRENTLY {index} ON {sql} ({}){};\n\
                 then let the key adopt it, once its columns are NOT NULL{}:\n  \
                 ALTER TABLE {sql} {}ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {index}{};",
                match (has_new_columns, cx.deletes_before(table)) {
                    (true, _) => "with the new columns in place, ",
                    (_, true) => "once the rows that are deleted here are gone, ",
                    _ => "",
                },
                cx.scene.without_transaction(),
                sql_list(key.columns.iter().map(|c| c.as_str())),
                including(key),
                until_adopted(constraint),
                cx.drop_of_old(table, name),
                deferral(constraint)
            ),
        )
    };
    findings
        .report(cx.operation.place, message)
        .help(help)
        .confidence(cx.confidence(table));
}

/// The condition that no column of the index is NULL.
fn has_values(cx: &OperationContext<'_>, table: &ObjectName, key: &Key) -> String {
    let index = key.using_index.as_ref().and_then(|name| {
        let key = crate::schema::Key::new(cx.schema.resolve(table).schema, name.name);
        cx.schema.index_by_key(&key)
    });
    let columns = index.into_iter().flat_map(|index| &index.columns);
    let parts: Vec<String> = columns
        .map(|column| format!("{} IS NOT NULL", sql_name(column)))
        .collect();
    match parts.is_empty() {
        true => "… IS NOT NULL".into(),
        false => parts.join(" AND "),
    }
}
