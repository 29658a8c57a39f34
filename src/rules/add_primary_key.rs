//! Writes of the old release without a key, or with a repeated one, begin to fail.

use crate::finding::Severity;
use crate::name::Name;
use crate::operation::Key;
use crate::operation::{Action, ConstraintKind, Kind, Target};
use crate::rule::{
    Check, Findings, Held, OperationContext, Rule, Uniqueness, sql_list, sql_name, sql_object,
};

pub const RULE: Rule = Rule {
    id: "add-primary-key",
    page: include_str!("../../rules/add-primary-key.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddConstraint { table, constraint } = &cx.operation.action else {
        return;
    };
    let ConstraintKind::PrimaryKey(key) = &constraint.kind else {
        return;
    };
    if !cx.is_used(table) {
        return;
    }
    let known = cx.table(&table.name);
    let columns = columns(cx, table, key);
    let fills = |c: &Name| cx.fills_itself(&table.name, c);
    let new = !columns.is_empty()
        && columns
            .iter()
            .all(|c| cx.column_is_new(table, c) && fills(c));
    // What the server makes up for each row repeats nothing.
    let apart = |c: &Name| cx.held(table, c) == Held::Apart;
    let is_given = |c: &Name| known.is_some_and(|t| t.is_not_null(c)) || apart(c);
    let required = !columns.is_empty() && columns.iter().all(is_given);
    let new_key = Uniqueness::of_operation(cx.schema, cx.operation);
    let unique = key.using_index.is_some()
        || columns.iter().any(apart)
        || new_key.is_some_and(|new| cx.was_unique(&new));
    let name = constraint.name.as_ref().map(|name| &*name.name);
    let again = cx.was_there_unseen(&table.name, name);
    let left_out = |c: &&Name| {
        let is_not_null = known.is_some_and(|t| t.is_not_null(c));
        cx.column_is_new(table, c)
            && !is_not_null
            && !fills(c)
            && !cx.is_filled(&table.name, c, "insert")
            && !cx.default_returns(table, c)
    };
    if let Some(column) = columns.iter().find(left_out) {
        return new_in_key(cx, findings, table, column);
    }
    // The old release can add no rows, and there are none.
    let has_none = cx.effect.rowless && cx.old_inserts_fail(table);
    if new || again || has_none || required && unique {
        return;
    }
    let table_sql = sql_object(&table.name);
    // Of new columns no query can ask before the migration.
    let old = { columns.iter() }.filter(|c| !cx.column_is_new(table, c));
    let (list, sql) = match columns.as_slice() {
        [] => ("<columns>".to_owned(), "<columns>".to_owned()),
        names => (names.join(", "), sql_list(old.clone().map(Name::as_str))),
    };
    let repeated = match sql.is_empty() {
        true => String::new(),
        false => {
            format!("\nSELECT {sql}, count(*) FROM {table_sql} GROUP BY {sql} HAVING count(*) > 1;")
        }
    };
    let absent: Vec<String> = old
        .filter(|c| !is_given(c))
        .map(|c| format!("{} IS NULL", sql_name(c)))
        .collect();
    let empty = match absent.is_empty() {
        true => String::new(),
        false => format!(
            "\nSELECT count(*) FROM {table_sql} WHERE {};",
            absent.join(" OR ")
        ),
    };
    let look = match unique {
        true => empty,
        false => repeated + &empty,
    };
    let refused = match (required, unique) {
        (true, _) => "repeat a value",
        (_, true) => "leave it NULL",
        _ => "repeat a value or leave it NULL",
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "makes `{list}` the primary key of `{}`: writes of the old release that {refused} fail",
                table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Release code that writes `{list}` once and never NULL first{}{look}",
            match look.is_empty() {
                true => "",
                false => ", and look for rows in the way:",
            }
        ));
}

/// A key makes its columns NOT NULL, and the old release does not know this one.
fn new_in_key(cx: &OperationContext<'_>, findings: &mut Findings, table: &Target, column: &Name) {
    let sql = sql_object(&table.name);
    let name = sql_name(column);
    findings
        .report(
            cx.operation.place,
            format!(
                "makes the new `{column}` part of the primary key of `{}`: INSERTs of the old release, which leave it out, fail",
                table.name
            ),
        )
        .severity(Severity::Error)
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Release code that writes `{column}` first, or give it what old INSERTs would have written:\n\
             ALTER TABLE {sql} ALTER COLUMN {name} SET DEFAULT <value>;"
        ));
}

/// The key's columns, or those of the index that it adopts.
fn columns(cx: &OperationContext<'_>, table: &Target, key: &Key) -> Vec<Name> {
    let Some(index) = &key.using_index else {
        return key.columns.clone();
    };
    let schema = cx.schema.resolve(&table.name).schema;
    cx.schema
        .index_by_key(&crate::schema::Key::new(schema, index.name))
        .map(|i| i.columns.clone())
        .unwrap_or_default()
}
