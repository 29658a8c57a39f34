//! A table loses its primary key.

use crate::finding::Severity;
use crate::operation::{Action, Kind, Target};
use crate::rule::{
    Check, Findings, OperationContext, Rule, object_name, sql_ident, sql_list, sql_name, sql_object,
};

pub const RULE: Rule = Rule {
    id: "drop-primary-key",
    page: include_str!("../../rules/drop-primary-key.md"),
    check: Check::Operation {
        on: &[Kind::DropConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropConstraint { table, name, .. } = &cx.operation.action else {
        return;
    };
    if !cx.is_used(table)
        || cx.is_dropped_later(&table.name)
        || !cx.is_primary_key(table, &name.name)
    {
        return;
    }
    if cx.gets_primary_key(table) {
        return exchanged(cx, findings, table);
    }
    let columns = cx
        .table(&table.name)
        .and_then(|t| t.constraint(&name.name))
        .map_or_else(
            || "<columns>".to_owned(),
            |c| sql_list(c.columns.iter().map(|name| name.as_str())),
        );
    findings
        .report(
            cx.operation.place,
            format!(
                "drops the primary key of `{}`: duplicates can come in, upserts on it fail, and logical replication refuses UPDATE and DELETE",
                table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Exchange it in one statement for another key, over columns without NULL, of which the unique index is built before:\n\
             ALTER TABLE {0} DROP CONSTRAINT {1}, ADD PRIMARY KEY USING INDEX <unique index>;\n\
             The way back, while no duplicate and no NULL has come in:\n\
             ALTER TABLE {0} ADD CONSTRAINT {1} PRIMARY KEY ({columns});",
            sql_object(&table.name),
            sql_ident(name)
        ));
}

/// Another key comes in its place, which may let in what this one kept out.
fn exchanged(cx: &OperationContext<'_>, findings: &mut Findings, table: &Target) {
    let Some(key) = cx.drops_key().filter(|key| !cx.stays_unique(key)) else {
        return;
    };
    let is_set_aside = cx.is_renamed_later(&key.table);
    if is_set_aside
        || key
            .columns
            .iter()
            .any(|column| cx.column_goes(table, column))
    {
        return;
    }
    let columns = key.columns.join(", ");
    findings
        .report(
            cx.operation.place,
            format!(
                "takes the primary key of `{}` off `{columns}`: an ON CONFLICT of the old release that rests on it fails, and duplicates can come in",
                table.name
            ),
        )
        .severity(Severity::Info)
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Keep `{columns}` unique until no release relies on it:\n\
             CREATE UNIQUE INDEX CONCURRENTLY {} ON {} ({});",
            sql_name(&object_name(&table.name.name, &columns.replace(", ", "_"), "idx")),
            sql_object(&table.name),
            sql_list(key.columns.iter().map(|name| name.as_str()))
        ));
}
