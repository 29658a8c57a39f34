//! A schema gets another name.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, ObjectKind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_name};

pub const RULE: Rule = Rule {
    id: "rename-schema",
    page: include_str!("../../rules/rename-schema.md"),
    check: Check::Operation {
        on: &[Kind::Rename],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Rename {
        kind: ObjectKind::Schema,
        name,
        to,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let origin = cx.schema.namespace(&name.name);
    if origin.is_some_and(|o| cx.is_from_here(o)) {
        return;
    }
    let known = origin.is_some() || cx.schema.tables().any(|t| t.key.schema == name.name);
    findings
        .report(
            cx.operation.place,
            format!("renames schema `{name}`: every name in it that the old release uses is gone"),
        )
        .confidence(if known { Confidence::High } else { Confidence::Medium })
        .help(format!(
            "Create `{new}` beside it, move one object at a time and leave a view under the old name, \
             and drop `{name}` once no release uses it:\n\
             CREATE SCHEMA {new};\n\
             ALTER TABLE {old}.<table> SET SCHEMA {new};\n\
             CREATE VIEW {old}.<table> AS SELECT * FROM {new}.<table>;",
            new = sql_ident(to),
            old = sql_name(&name.name),
        ));
}
