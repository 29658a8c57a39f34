//! All rows of a table are deleted.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_name, sql_object, takes_every_row};

pub const RULE: Rule = Rule {
    id: "delete-without-where",
    page: include_str!("../../rules/delete-without-where.md"),
    check: Check::Operation {
        on: &[Kind::Delete],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Delete(delete) = &cx.operation.action else {
        return;
    };
    let name = &delete.table;
    let all = takes_every_row(delete.filter.as_ref().map(|f| &*f.text));
    let kept = cx.schema.keeps_rows(&cx.schema.resolve(name));
    if !all || kept || cx.is_new(name) || cx.is_copied_whole(name) || cx.is_dropped_later(name) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!("deletes every row of `{name}`: no down can bring them back"),
        )
        .confidence(cx.confidence(name))
        .help(format!(
            "Say which rows must go, and keep a copy that the down can read:\n\
             CREATE TABLE {copy} AS SELECT * FROM {table} WHERE <condition>;\n\
             DELETE FROM {table} WHERE <condition>;",
            copy = sql_name(&format!("{}_deleted", name.name)),
            table = sql_object(name)
        ));
}
