//! A table or view gets another name, under which the old release does not look.

use crate::operation::{Action, Kind, ObjectName};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, sql_ident, sql_name, sql_object,
};
use crate::schema::{Key, Relation};

pub const RULE: Rule = Rule {
    id: "rename-table",
    page: include_str!("../../rules/rename-table.md"),
    check: Check::Operation {
        on: &[Kind::Rename, Kind::SetSchema],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (kind, name, new) = match &cx.operation.action {
        Action::Rename {
            kind,
            name,
            if_exists,
            to,
            ..
        } if kind.is_relation() && !cx.is_absent(name, *if_exists) => {
            let schema = name.schema.as_ref().map(|s| format!("{}.", sql_name(s)));
            let new = format!("{}{}", schema.unwrap_or_default(), sql_ident(to));
            (*kind, name, new)
        }
        Action::SetSchema { kind, name, to, .. } if kind.is_relation() => (
            *kind,
            name,
            format!("{}.{}", sql_ident(to), sql_name(&name.name)),
        ),
        _ => return,
    };
    let other_relation = cx
        .schema
        .relation(name)
        .is_some_and(|r| matches!(r, Relation::Index(_) | Relation::Sequence(_)));
    if other_relation
        || cx.is_unknown_to_others(name)
        || cx.is_replaced(name)
        || takes_a_place(cx, name)
    {
        return;
    }
    let word = kind.word();
    let fact = match &cx.operation.action {
        Action::SetSchema { to, .. } => {
            format!(
                "moves {word} `{name}` to schema `{}`, where the old release does not look",
                to.name
            )
        }
        _ => format!("renames {word} `{name}`, which the old release still uses by that name"),
    };
    let old = sql_object(name);
    findings
        .report(cx.operation.place, fact)
        .confidence(cx.confidence(name))
        .help(format!(
            "Keep the old name alive in the same transaction, and drop the view once no release uses it:\n\
             {}\n\
             CREATE VIEW {old} AS SELECT * FROM {new};",
            rename_sql(cx, word, &old),
        ));
}

fn rename_sql(cx: &OperationContext<'_>, word: &str, old: &str) -> String {
    let word = word.to_ascii_uppercase();
    match &cx.operation.action {
        Action::Rename { to, .. } => format!("ALTER {word} {old} RENAME TO {};", sql_ident(to)),
        Action::SetSchema { to, .. } => format!("ALTER {word} {old} SET SCHEMA {};", sql_ident(to)),
        _ => String::new(),
    }
}

/// Is the new name one that the script has just cleared? Then two tables
/// change places.
fn takes_a_place(cx: &OperationContext<'_>, from: &ObjectName) -> bool {
    let Action::Rename { to, .. } = &cx.operation.action else {
        return false;
    };
    let schema = cx.schema.resolve(from).schema;
    let target = Key::new(schema, to.name.clone());
    cx.earlier_on(Facet::Object, &target.name)
        .any(|op| match &op.action {
            Action::Rename { kind, name, .. } | Action::Drop { kind, name, .. } => {
                kind.is_relation() && name.name == target.name
            }
            _ => false,
        })
}
