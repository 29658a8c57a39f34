//! A rename written as drop and add loses the values.

use crate::operation::{Action, Column, Constraint, ConstraintKind, Ident, Kind, Target};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, sql_ident, sql_name, sql_object,
};

use crate::text::holds;

pub const RULE: Rule = Rule {
    id: "drop-and-add-column",
    page: include_str!("../../rules/drop-and-add-column.md"),
    check: Check::Operation {
        on: &[Kind::DropColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropColumn { table, column, .. } = &cx.operation.action else {
        return;
    };
    let Some(old) = cx.table(&table.name).and_then(|t| t.column(&column.name)) else {
        return;
    };
    if !cx.is_old_column(table, &column.name) || drops(cx, table) > 1 {
        return;
    }
    let [new] = added(cx, table)[..] else {
        return;
    };
    let same = new.ty == old.ty && new.generated.is_none() && new.name != old.name;
    // That both are flags says nothing.
    let is_like_it = || {
        share_a_word(&old.name, &new.name)
            || are_opposites(&old.name, &new.name)
            || holds(&cx.scene.migration.id, "rename")
    };
    let same = same && (new.ty.name != "boolean" || is_like_it());
    if !same || is_filled(cx, table, new) || refers_elsewhere(cx, table, column, new) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "drops `{0}` of `{1}` where `{2}` of the same type is added: if it is the same column under a new name, its values are lost",
                column.name, table.name, new.name
            ),
        )
        .related(cx.place(new.span), "added here")
        .help(format!(
            "Where `{}` is to mean what `{}` meant, keep the values: drop `{1}` in a later migration, and copy them before{}",
            new.name,
            column.name,
            copy(cx, table, column, new)
        ));
}

/// The UPDATE that copies the values.
fn copy(cx: &OperationContext<'_>, table: &Target, column: &Ident, new: &Column) -> String {
    let (from, to) = (sql_ident(column), sql_name(&new.name));
    let (turned, value) = match new.ty.name == "boolean" && are_opposites(&column.name, &new.name) {
        true => (
            " (by their names, one says the opposite of the other)",
            format!("NOT {from}"),
        ),
        false => ("", from.to_string()),
    };
    // Where a default has filled the rows, none is NULL.
    let filter = match cx.schema.default_of(new) {
        Some(_) => String::new(),
        None => format!(" WHERE {to} IS NULL"),
    };
    format!(
        "{turned}:\nUPDATE {} SET {to} = {value}{filter};",
        sql_object(&table.name)
    )
}

/// Words of flags, with what says the opposite.
const GRANTS: &[&str] = &[
    "allow", "allowed", "enable", "enabled", "show", "shown", "visible", "active", "accept",
    "accepted", "include", "included", "public",
];
const REFUSES: &[&str] = &[
    "disable",
    "disabled",
    "disallow",
    "disallowed",
    "deny",
    "denied",
    "hide",
    "hidden",
    "invisible",
    "inactive",
    "block",
    "blocked",
    "forbid",
    "forbidden",
    "reject",
    "rejected",
    "exclude",
    "excluded",
    "private",
];

/// Have two names a word in common, those that all flags have left out?
fn share_a_word(a: &str, b: &str) -> bool {
    const OF_ALL: &[&str] = &["", "is", "has", "can", "use", "was", "at", "on"];
    let is_own = |word: &String| !OF_ALL.contains(&word.as_str());
    let own: Vec<String> = parts(a).filter(is_own).collect();
    parts(b).any(|word| own.contains(&word))
}

/// Does one name say yes where the other says no?
fn are_opposites(a: &str, b: &str) -> bool {
    let refuses = |name: &str| {
        let has = |words: &[&str]| parts(name).any(|part| words.contains(&part.as_str()));
        has(REFUSES)
            .then_some(true)
            .or(has(GRANTS).then_some(false))
    };
    matches!((refuses(a), refuses(b)), (Some(a), Some(b)) if a != b)
}

/// The words of a name, in lower case: `is_hidden`, `isHidden`.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c != '_') {
            part.extend(c.to_lowercase());
        }
    }
    parts.into_iter()
}

/// How many columns of the table the script drops.
fn drops(cx: &OperationContext<'_>, target: &Target) -> usize {
    1 + cx
        .around_on(Facet::Table, &target.name.name)
        .filter(|op| match &op.action {
            Action::DropColumn { table, .. } => cx.is_same(&table.name, &target.name),
            _ => false,
        })
        .take(1)
        .count()
}

/// The columns that the script adds to the table.
fn added<'a>(cx: &OperationContext<'a>, target: &Target) -> Vec<&'a Column> {
    cx.around_on(Facet::Table, &target.name.name)
        .filter_map(|op| match &op.action {
            Action::AddColumn { table, column, .. } if cx.is_same(&table.name, &target.name) => {
                Some(&**column)
            }
            _ => None,
        })
        .collect()
}

/// Does the new column refer to another table than the old one, if to any?
fn refers_elsewhere(cx: &OperationContext<'_>, target: &Target, old: &Ident, new: &Column) -> bool {
    let of_constraint = |constraint: &Constraint, inline: bool| match &constraint.kind {
        ConstraintKind::ForeignKey(key) if inline || key.columns == [new.name] => {
            Some(cx.schema.resolve(&key.references))
        }
        _ => None,
    };
    let added = cx.around_on(Facet::Table, &target.name.name);
    let refers = added.chain(cx.siblings).find_map(|op| match &op.action {
        Action::AddColumn {
            column,
            constraints,
            ..
        } if column.name == new.name => constraints.iter().find_map(|c| of_constraint(c, true)),
        Action::AddConstraint { constraint, .. } => of_constraint(constraint, false),
        _ => None,
    });
    let known = cx
        .table(&target.name)
        .into_iter()
        .flat_map(|t| &t.constraints);
    let mut before = known.filter(|c| c.columns == [old.name]);
    refers.is_some_and(|key| !before.any(|c| c.references == Some(key)))
}

/// An UPDATE before the drop writes the new column.
fn is_filled(cx: &OperationContext<'_>, target: &Target, new: &Column) -> bool {
    cx.earlier_on(Facet::Rows, &target.name.name)
        .any(|op| match &op.action {
            Action::Update(update) => {
                cx.is_same(&update.table, &target.name)
                    && update.columns.iter().any(|c| c.name == new.name)
            }
            _ => false,
        })
}
