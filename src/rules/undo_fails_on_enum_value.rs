//! The down builds the enum without the new value and fails once a row holds it.

use crate::operation::TypeDefinition;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, listed};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-enum-value",
    page: include_str!("../../rules/undo-fails-on-enum-value.md"),
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
    let rebuilt = cx.scene.way_back.iter().any(|op| match &op.action {
        Action::CreateType(create) => match &create.definition {
            TypeDefinition::Enum(values) => {
                create.name.name.starts_with(name.name.as_str()) && !values.contains(value)
            }
            _ => false,
        },
        _ => false,
    });
    let cleared = cx.scene.way_back.iter().any(|op| match &op.action {
        Action::Update(_) | Action::Delete(_) => true,
        // The cast itself turns the value into another.
        Action::AlterColumnType { using, .. } => {
            let using = using.as_ref();
            using.is_some_and(|using| using.text.contains(&format!("'{value}'")))
        }
        _ => false,
    });
    if !rebuilt || cleared || cx.is_new_type(&key) {
        return;
    }
    let columns = cx.columns_of_type(&key);
    let held = if columns.is_empty() {
        "a row".to_owned()
    } else {
        listed(&columns)
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "the down builds enum `{name}` without `{value}` and fails once {held} holds it"
            ),
        )
        .help(format!(
            "Let the down turn `{value}` into another value before it casts:\n\
             UPDATE <table> SET <column> = '<other value>' WHERE <column> = '{value}';"
        ));
}
