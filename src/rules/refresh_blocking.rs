//! `REFRESH MATERIALIZED VIEW` blocks reads of the view until it is computed.

use crate::operation::{Action, Kind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};
use crate::schema::View;

pub const RULE: Rule = Rule {
    id: "refresh-blocking",
    page: include_str!("../../rules/refresh-blocking.md"),
    check: Check::Operation {
        on: &[Kind::RefreshView],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::RefreshView {
        name,
        concurrently: false,
        with_data,
    } = &cx.operation.action
    else {
        return;
    };
    let view = cx.schema.view(name);
    if cx.is_new(name) || view.is_some_and(|view| !view.populated) {
        return;
    }
    if *with_data {
        let fix = view
            .filter(|view| cx.schema.has_plain_key(view))
            .map(|_| cx.with_keyword("VIEW", "CONCURRENTLY", "refresh it beside its readers"));
        findings
            .report(
                cx.operation.place,
                format!("refreshing `{name}` blocks its reads until the query is done"),
            )
            .help(remedy(cx, name, view.map(|view| &**view)))
            .fix(fix.flatten());
    } else {
        findings
            .report(
                cx.operation.place,
                format!("emptying `{name}` makes every read of it fail until it is refreshed"),
            )
            .help(format!(
                "leave it as it is until it can be refreshed, or drop it once nobody reads it:\n  DROP MATERIALIZED VIEW {};",
                sql_object(name)
            ));
    }
}

fn remedy(cx: &OperationContext<'_>, name: &ObjectName, view: Option<&View>) -> String {
    let sql = sql_object(name);
    let refresh = format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {sql};");
    match view {
        Some(view) if !cx.schema.has_plain_key(view) => format!(
            "give it a unique index over plain columns, then refresh beside its readers:\n  \
             CREATE UNIQUE INDEX ON {sql} (…);\n  {refresh}"
        ),
        _ => format!("run `{refresh}`, which needs a unique index over plain columns of the view"),
    }
}
