//! A schema goes with all that is in it.

use crate::finding::{Confidence, Severity};
use crate::operation::{Action, Kind, ObjectKind};
use crate::rule::{Check, Findings, OperationContext, Rule, listed, sql_name};

pub const RULE: Rule = Rule {
    id: "drop-schema",
    page: include_str!("../../rules/drop-schema.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: ObjectKind::Schema,
        name,
        if_exists,
        cascade,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let mut tables: Vec<String> = cx
        .schema
        .tables()
        .filter(|table| table.key.schema == name.name && !cx.is_new_key(&table.key))
        .map(|table| format!("`{}`", table.key))
        .collect();
    tables.sort_unstable();
    let origin = cx.schema.namespace(&name.name);
    if origin.is_some_and(|o| cx.is_from_here(o))
        || *if_exists && origin.is_none() && tables.is_empty()
    {
        return;
    }
    let draft = if *cascade {
        let what = if tables.is_empty() {
            "everything in it".to_owned()
        } else {
            listed(&tables)
        };
        findings.report(
            cx.operation.place,
            format!("drops schema `{name}` with {what}, which the old release may still use"),
        )
    } else {
        findings
            .report(
                cx.operation.place,
                format!("drops schema `{name}`, which the old release may still name"),
            )
            .severity(Severity::Warning)
    };
    let known = origin.is_some() || !tables.is_empty();
    draft
        .confidence(if known { Confidence::High } else { Confidence::Medium })
        .help(format!(
            "Release code that uses nothing in `{name}` first, drop its tables one by one, and the empty schema last:\n\
             -- bowline: phase contract\n\
             DROP SCHEMA {};",
            sql_name(&name.name)
        ));
}
