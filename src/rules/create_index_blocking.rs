//! `CREATE INDEX` blocks writes until the index is built.

use crate::finding::Confidence;
use crate::name::Name;
use crate::operation::{Action, CreateIndex, Kind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, mentions, sql_index, sql_name};
use crate::schema::names::object_name;

pub const RULE: Rule = Rule {
    id: "create-index-blocking",
    page: include_str!("../../rules/create-index-blocking.md"),
    check: Check::Operation {
        on: &[Kind::CreateIndex],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return;
    };
    // Nobody writes to a materialized view.
    let is_view = cx.schema.view(&index.table).is_some();
    if index.concurrently || is_view || cx.is_partitioned(&index.table) || !cx.blocks(&index.table)
    {
        return;
    }
    let (sql, _) = cx.with_word("INDEX", "CONCURRENTLY");
    let confidence = cx.confidence(&index.table);
    // Without IF NOT EXISTS, which would pass over what a failed attempt leaves,
    // it fails where the index is there.
    let is_repeatable = index.if_not_exists && index.name.is_some();
    let replaced = index
        .name
        .as_ref()
        .filter(|name| cx.stood_as(&index.table, &name.name));
    let as_it_is = confidence == Confidence::High && !is_repeatable && replaced.is_none();
    let closed = cx.closed_since(&index.table);
    let report = findings
        .report(
            cx.operation.place,
            format!(
                "building an index on `{}` blocks its {} until it is done",
                index.table,
                match closed {
                    Some(_) => "reads and writes",
                    None => "writes",
                }
            ),
        )
        .help(match replaced {
            Some(name) => instead_of(cx, index, name, &sql),
            None => format!(
                "{}run `{sql}` {}{}",
                if has_new_columns(cx, index) {
                    "with the new columns in place, "
                } else {
                    ""
                },
                cx.scene.without_transaction(),
                if_there(cx, index)
            ),
        })
        .confidence(confidence)
        .fix(cx.concurrently("INDEX", "build the index concurrently", as_it_is));
    if let Some(place) = closed {
        report.related(
            place,
            format!(
                "`{}` is locked here, until the transaction ends",
                index.table
            ),
        );
    }
}

fn has_new_columns(cx: &OperationContext<'_>, index: &CreateIndex) -> bool {
    let text = cx.text(cx.operation.clause);
    let columns = cx.table(&index.table).into_iter().flat_map(|t| &t.columns);
    let mut new = columns.filter(|column| cx.is_new_column(&index.table, &column.name));
    new.any(|column| mentions(text, &column.name))
}

/// The script drops an index of that name before: until the new one stands, the
/// old one has to.
fn instead_of(
    cx: &OperationContext<'_>,
    index: &CreateIndex,
    name: &ObjectName,
    sql: &str,
) -> String {
    let written = cx.text(name.span);
    let new = object_name(&name.name, "", "new");
    let in_schema = |of: &str| {
        let name = ObjectName {
            name: Name::new(of),
            ..name.clone()
        };
        sql_index(index, &name)
    };
    format!(
        "build it under another name while the old one stands{}, {}:\n  \
         {};\n\
         then let it take the place:\n  \
         DROP INDEX CONCURRENTLY {};\n  \
         ALTER INDEX {} RENAME TO {};",
        if has_new_columns(cx, index) {
            " and the new columns are there"
        } else {
            ""
        },
        cx.scene.without_transaction(),
        sql.replacen(written, &sql_name(&new), 1),
        in_schema(&name.name),
        in_schema(&new),
        sql_name(&name.name),
    )
}

/// What to do where the index may be there already.
fn if_there(cx: &OperationContext<'_>, index: &CreateIndex) -> String {
    let within = &cx.operation.within;
    let may_be_there = index.if_not_exists || within.conditional || within.unless_there;
    let Some(name) = index.name.as_ref().filter(|_| may_be_there) else {
        return String::new();
    };
    format!(
        "\nIF NOT EXISTS is left out: it passes over the invalid index that a failed attempt leaves. Where the index may be there, ask first:\n  \
         SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{}');",
        sql_index(index, name).replace('\'', "''")
    )
}
