//! `CREATE INDEX` blocks writes until the index is built.

use crate::finding::Edit;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule};

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
    let (sql, place) = cx.with_word("INDEX", "CONCURRENTLY");
    let draft = findings
        .report(
            cx.operation.place,
            format!(
                "building an index on `{}` blocks its writes until it is done",
                index.table
            ),
        )
        .help(format!("run `{sql}` {}", cx.scene.without_transaction()))
        .confidence(cx.confidence(&index.table));
    let alone = cx.run.transaction.is_none() && !cx.operation.within.block;
    if let Some(span) = place.filter(|_| alone) {
        let edit = Edit {
            source: cx.source,
            span,
            text: " CONCURRENTLY".into(),
        };
        draft.fix("build the index concurrently", false, vec![edit]);
    }
}
