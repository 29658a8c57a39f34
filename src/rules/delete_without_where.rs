//! All rows of a table are deleted.

use crate::operation::{Action, Kind};
use crate::rule::{
    Check, Findings, OperationContext, Rows, Rule, sql_name, sql_object, takes_every_row,
};

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
    let rows = Rows {
        with: String::new(),
        from: format!("FROM {} WHERE <condition>", sql_object(name)),
    };
    let along = cx.gone_along(name, rows.clone());
    let others = along.shown();
    let others = others.map(|(table, rows)| copy(&table.key.name, rows));
    let mut copies = vec![copy(&name.name, &rows)];
    copies.extend(others);
    let copies = copies.join("\n");
    findings
        .report(
            cx.operation.place,
            format!(
                "deletes every row of `{name}`{}: no down can bring them back",
                along.and_of().trim_end_matches(',')
            ),
        )
        .confidence(cx.confidence(name))
        .help(format!(
            "Say which rows must go, and keep a copy that the down can read:\n\
             {copies}\n\
             DELETE FROM {} WHERE <condition>;",
            sql_object(name)
        ));
}

fn copy(table: &str, rows: &Rows) -> String {
    let copy = sql_name(&format!("{table}_deleted")).to_string();
    format!("CREATE TABLE {copy} AS {};", rows.select("*"))
}
