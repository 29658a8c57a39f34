//! Readers of the old release may not know a new enum value.

use crate::finding::Confidence;
use crate::name::Name;
use crate::operation::{Action, Kind};
use crate::operation::{ObjectName, TypeDefinition};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, listed};
use crate::schema::TypeEntry;

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
    if cx.is_new_type(&key) || is_told(cx, name, known) || known.is_some_and(|t| has(t, value)) {
        return;
    }
    let columns = cx.columns_of_type(&key);
    if known.is_some() && columns.is_empty() {
        return;
    }
    let more = cx
        .later_on(Facet::Object, &name.name)
        .filter(|op| matches!(&op.action, Action::AddEnumValue { name: n, .. } if n == name))
        .count();
    let added = match more {
        0 => format!("`{value}`"),
        n => format!("`{value}` and {n} more"),
    };
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
            "Release code that can read `{value}` first and writes it only in the release after. To take it back is to build the type anew: PostgreSQL has no DROP VALUE."
        ));
}

fn has(known: &TypeEntry, value: &Name) -> bool {
    matches!(&known.definition, TypeDefinition::Enum(values) if values.contains(value))
}

/// The script has added a value before, which was reported for all of them.
fn is_told(
    cx: &OperationContext<'_>,
    name: &ObjectName,
    known: Option<&std::sync::Arc<TypeEntry>>,
) -> bool {
    let migration = cx.schema.migration();
    let is_added = |value: &Name| {
        known.is_none_or(|t| {
            let mut added = t.added_values.iter();
            added.any(|(v, m)| *m == migration && v == value)
        })
    };
    cx.earlier_on(Facet::Object, &name.name)
        .any(|op| match &op.action {
            Action::AddEnumValue { name: n, value, .. } => n == name && is_added(value),
            _ => false,
        })
}
