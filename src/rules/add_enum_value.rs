//! Readers of the old release may not know a new enum value.

use crate::finding::Confidence;
use crate::operation::TypeDefinition;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, listed};

pub const RULE: Rule = Rule {
    id: "add-enum-value",
    page: include_str!("../../rules/add-enum-value.md"),
    check: Check::Operation {
        on: &[Kind::AddEnumValue],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddEnumValue { name, value, .. } = &cx.operation.action else {
        return;
    };
    let key = cx.type_key(name);
    let known = cx.schema.enum_or_type(&key);
    let there = known.is_some_and(|t| match &t.definition {
        TypeDefinition::Enum(values) => values.contains(value),
        _ => false,
    });
    let columns = cx.columns_of_type(&key);
    let same =
        |action: &Action| matches!(action, Action::AddEnumValue { name: n, .. } if n == name);
    if cx.is_told_before(same) {
        return;
    }
    let added = match cx.later().filter(|op| same(&op.action)).count() {
        0 => format!("`{value}`"),
        n => format!("`{value}` and {n} more"),
    };
    if cx.is_new_type(&key) || there || known.is_some() && columns.is_empty() {
        return;
    }
    let read = if columns.is_empty() {
        String::new()
    } else {
        format!(" in {}", listed(&columns))
    };
    findings
        .report(
            cx.operation.place,
            format!("adds {added} to enum `{name}`: the old release may not know it when it reads it{read}"),
        )
        .confidence(if known.is_some() { Confidence::High } else { Confidence::Medium })
        .help(format!(
            "Release code that can read `{value}` first and writes it only in the release after. It cannot be taken back: PostgreSQL has no DROP VALUE."
        ));
}
