//! A required column appears that the old release does not write.

use crate::operation::{Action, ConstraintKind, Kind, Target};
use crate::rule::{
    Check, Findings, OperationContext, Rule, listed, proven_not_null, sql_name, sql_object,
    sql_type,
};

pub const RULE: Rule = Rule {
    id: "add-column-not-null",
    page: include_str!("../../rules/add-column-not-null.md"),
    check: Check::Operation {
        on: &[Kind::AddColumn, Kind::Rename, Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddColumn {
        table,
        if_not_exists,
        column,
        constraints,
    } = &cx.operation.action
    else {
        return exchanged(cx, findings);
    };
    let there = cx
        .table(&table.name)
        .is_some_and(|t| t.column(&column.name).is_some());
    let is_there = !cx.is_absent(&table.name, table.if_exists) && !cx.is_new(&table.name);
    if !is_there || *if_not_exists && there {
        return;
    }
    let key = constraints
        .iter()
        .any(|c| matches!(c.kind, ConstraintKind::PrimaryKey(_)));
    if !cx.must_be_written(column, constraints) {
        return;
    }
    // Its name is taken until the old one goes, which is later.
    let replaces = cx.replaces_dropped(table, &column.name);
    let own = match replaces {
        true => format!("{}_new", column.name),
        false => column.name.to_string(),
    };
    let (name, col) = (sql_object(&table.name), sql_name(&own));
    let (advice, after) = match replaces {
        true => (
            format!(
                "Leave `{}` as it is, add the new column under another name",
                column.name
            ),
            format!(
                "{left_out}\n-- release code that uses only {col}; then, in a migration declared contract:\n\
                 ALTER TABLE {name} DROP COLUMN {old};",
                old = sql_name(&column.name),
                left_out = left_out(cx, table, &column.name),
            ),
        ),
        false => (
            "Give it a default, or add it nullable".to_owned(),
            String::new(),
        ),
    };
    let what = if key { "PRIMARY KEY" } else { "NOT NULL" };
    let is_filled = cx.is_filled(&table.name, &column.name, "insert");
    let fails = match (cx.is_emptied(&table.name), is_filled) {
        (true, true) => return,
        (true, false) => "INSERTs of the old release fail afterwards",
        (false, true) => "it fails if the table has rows",
        (false, false) => {
            "it fails if the table has rows, and INSERTs of the old release fail afterwards"
        }
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "adds column `{}` to `{}` as {what} without a default: {fails}",
                column.name, table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "{advice} and require it once every release writes it:\n\
             ALTER TABLE {name} ADD COLUMN {col} {};\n\
             -- release code that writes {col}, fill the rows in batches; then, {}:\n\
             {}{after}",
            sql_type(&column.ty),
            cx.scene.each_apart(),
            proven_not_null(&table.name, &own),
        ));
}

/// How the old column comes to be left out. One of a primary key cannot be.
fn left_out(cx: &OperationContext<'_>, table: &Target, column: &str) -> String {
    let gone = cx.gone_constraints(&table.name).into_iter();
    let now = cx.table(&table.name).into_iter();
    let now = now.flat_map(|table| &table.constraints).map(|c| &**c);
    let mut keys = now
        .chain(gone)
        .filter(|c| matches!(c.definition.kind, ConstraintKind::PrimaryKey(_)));
    let old = sql_name(column);
    match keys.any(|key| key.columns.iter().any(|own| own == column)) {
        true => format!("\n-- give the primary key other columns than {old}"),
        false => format!(
            "\n-- let {old} be left out, if it has to be given:\n\
             ALTER TABLE {} ALTER COLUMN {old} DROP NOT NULL;",
            sql_object(&table.name)
        ),
    }
}

/// A table takes the place of another, and has columns that rows have to be given.
fn exchanged(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(exchange) = { cx.exchange() }.filter(|exchange| !exchange.required.is_empty()) else {
        return;
    };
    let name = exchange.name;
    let required: Vec<String> = { exchange.required.iter() }
        .map(|column| format!("`{column}`"))
        .collect();
    findings
        .report(
            cx.operation.place,
            format!(
                "puts a table in the place of `{name}` that requires {}: INSERTs of the old release, which leave that out, fail",
                listed(&required)
            ),
        )
        .confidence(cx.confidence(name))
        .help("Give it a default in the new table, or let it be NULL until every release writes it");
}
