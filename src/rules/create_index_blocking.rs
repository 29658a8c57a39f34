//! `CREATE INDEX` blocks writes until the index is built.

use crate::finding::Confidence;
use crate::operation::{Action, CreateIndex, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_index};

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
    let as_it_is = confidence == Confidence::High && !is_repeatable;
    findings
        .report(
            cx.operation.place,
            format!(
                "building an index on `{}` blocks its writes until it is done",
                index.table
            ),
        )
        .help(format!(
            "run `{sql}` {}{}",
            cx.scene.without_transaction(),
            if_there(cx, index)
        ))
        .confidence(confidence)
        .fix(cx.concurrently("INDEX", "build the index concurrently", as_it_is));
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
