//! An enum value gets another name.

use crate::finding::Confidence;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "rename-enum-value",
    page: include_str!("../../rules/rename-enum-value.md"),
    check: Check::Operation {
        on: &[Kind::RenameEnumValue],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::RenameEnumValue { name, from, to } = &cx.operation.action else {
        return;
    };
    let key = cx.type_key(name);
    if cx.is_new_type(&key) {
        return;
    }
    let known = cx.schema.enum_or_type(&key).is_some();
    findings
        .report(
            cx.operation.place,
            format!(
                "renames value `{from}` of enum `{name}`: the old release still writes `{from}` and does not know `{to}`"
            ),
        )
        .confidence(if known { Confidence::High } else { Confidence::Medium })
        .help(format!(
            "Add the new value beside the old one, release code that accepts both and writes the new one, then move the rows:\n\
             ALTER TYPE {} ADD VALUE '{}';\n\
             An enum value cannot be dropped: the old one stays, unused.",
            sql_object(name),
            to.replace('\'', "''")
        ));
}
