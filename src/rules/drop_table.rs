//! A table goes while the old release may use it.

use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-table",
    page: include_str!("../../rules/drop-table.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: kind @ (ObjectKind::Table | ObjectKind::ForeignTable),
        name,
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    if cx.is_absent(name, *if_exists) || cx.is_new(name) || cx.is_replaced_with_rows(name) {
        return;
    }
    if cx.is_unknown_to_others(name) && cx.is_copied(name) {
        return;
    }
    let table = cx.table(name);
    let partition_of = table.and_then(|t| t.partition.as_ref()).map(|p| &p.of);
    let message = match partition_of {
        Some(parent) => {
            format!("drops `{name}`, a partition of `{parent}`: the old release loses its rows")
        }
        None if *kind == ObjectKind::ForeignTable => {
            format!("drops foreign table `{name}`, which the old release may still use")
        }
        None if cx.is_replaced(name) => {
            format!("drops table `{name}` and creates it again without its rows")
        }
        None => {
            format!("drops table `{name}` with its rows, which the old release may still use")
        }
    };
    let sql = sql_object(name);
    let draft = findings
        .report(cx.operation.place, message)
        .confidence(cx.confidence(name))
        .help(format!(
            "Release code that no longer uses `{name}` first; then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             DROP TABLE {sql};\n\
             {}",
            way_back(cx, name)
        ));
    let created = cx.schema.relation(name).and_then(|r| r.created_at());
    if let Some(place) = created {
        draft.related(place, "created here");
    }
}

/// Where the rows could come from again.
fn way_back(cx: &OperationContext<'_>, name: &ObjectName) -> &'static str {
    if cx.table(name).is_some_and(|table| table.from_query) {
        "A query filled it (CREATE TABLE … AS); what was written to it since, only a backup brings back."
    } else if cx.is_copied(name) {
        "What is not copied before, only a backup brings back."
    } else {
        "Nothing but a backup brings the rows back: copy what may be needed before."
    }
}
