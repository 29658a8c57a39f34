//! A table or view gets another name, under which the old release does not look.

use crate::name::Name;
use crate::operation::{Action, Kind, ObjectName, Target};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, listed, sql_ident, sql_name, sql_object,
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
    let besides = besides(cx, name);
    let caveat = match besides.is_empty() {
        true => String::new(),
        false => format!(
            " (by itself not enough for the old release, as this migration also {}: leave that to a later one)",
            listed(&besides)
        ),
    };
    // A view reads with the rights of its owner, whom policies do not bind.
    let is_secured = cx.table(name).is_some_and(|table| table.row_security);
    let (invoker, grants) = match (is_secured, cx.scene.dialect.version) {
        (false, _) => ("", ""),
        (true, 15..) => (
            " WITH (security_invoker = true)",
            "\n-- and grant on it what is granted on the table",
        ),
        (true, _) => (
            "",
            "\n-- before PostgreSQL 15 it shows all rows, whatever the table's policies hide: grant it to nobody whom they bind",
        ),
    };
    findings
        .report(cx.operation.place, fact)
        .confidence(cx.confidence(name))
        .help(format!(
            "Keep the old name alive in the same transaction, and drop the view once no release uses it{caveat}:\n\
             {}\n\
             CREATE VIEW {old}{invoker} AS SELECT * FROM {new};{grants}",
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

/// What the script changes in the table that a view under its old name shows,
/// or meets, all the same.
fn besides(cx: &OperationContext<'_>, name: &ObjectName) -> Vec<String> {
    let new = match &cx.operation.action {
        Action::Rename { to, .. } => &to.name,
        _ => &name.name,
    };
    let before = cx.earlier_on(Facet::Table, &name.name);
    let mut found = Vec::new();
    let mut added: Vec<&Name> = Vec::new();
    for op in before.chain(cx.later_on(Facet::Table, new)) {
        let is_it = |table: &Target| table.name.name == name.name || table.name.name == *new;
        let change = match &op.action {
            Action::AddColumn { table, column, .. } if is_it(table) => {
                added.push(&column.name);
                let required = column.not_null || cx.schema.type_keeps_null_out(&column.ty);
                (required && cx.schema.is_left_null(column))
                    .then(|| format!("adds `{}` without a default", column.name))
            }
            Action::DropDefault { table, column, .. } if is_it(table) => {
                Some(format!("drops the default of `{}`", column.name))
            }
            Action::DropColumn { table, column, .. } if is_it(table) => {
                (!added.contains(&&column.name)).then(|| format!("drops `{}`", column.name))
            }
            Action::RenameColumn { table, column, .. } if is_it(table) => {
                (!added.contains(&&column.name)).then(|| format!("renames `{}`", column.name))
            }
            _ => None,
        };
        found.extend(change);
    }
    found
}

/// Is the new name one that the script has just cleared? Then two tables
/// change places.
fn takes_a_place(cx: &OperationContext<'_>, from: &ObjectName) -> bool {
    let Action::Rename { to, .. } = &cx.operation.action else {
        return false;
    };
    let schema = cx.schema.resolve(from).schema;
    let target = Key::new(schema, to.name);
    cx.earlier_on(Facet::Object, &target.name)
        .any(|op| match &op.action {
            Action::Rename { kind, name, .. } | Action::Drop { kind, name, .. } => {
                kind.is_relation() && name.name == target.name
            }
            _ => false,
        })
}
