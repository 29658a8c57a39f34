//! A foreign key gives NULL to columns that hold none.

use crate::finding::Confidence;
use crate::name::Name;
use crate::operation::{Action, Constraint, ConstraintKind, Kind, Target};
use crate::rule::{Check, Findings, OperationContext, Rule, listed, sql_list};
use crate::schema::{RefusedReset, Table};

pub const RULE: Rule = Rule {
    id: "set-null-of-not-null",
    page: include_str!("../../rules/set-null-of-not-null.md"),
    check: Check::Operation {
        on: &[
            Kind::CreateTable,
            Kind::AddColumn,
            Kind::AddConstraint,
            Kind::SetNotNull,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    // What is there already stays as it is.
    let is_there = match &cx.operation.action {
        Action::CreateTable(create) => {
            create.if_not_exists && cx.schema.relation(&create.name).is_some()
        }
        Action::AddColumn {
            table,
            column,
            if_not_exists: true,
            ..
        } => cx
            .table(&table.name)
            .is_some_and(|t| t.column(&column.name).is_some()),
        _ => false,
    };
    if is_there {
        return;
    }
    for mut refused in cx.schema.refused_resets(cx.operation) {
        let target = Target {
            name: refused.table.clone(),
            if_exists: false,
            only: false,
        };
        let goes = { refused.name }.is_some_and(|name| cx.constraint_goes(&target, &name));
        refused.columns.retain(|column| {
            !cx.allows_null_later(&target, column)
                && !cx.column_goes(&target, column)
                && !cx.is_filled(refused.table, column, "update")
        });
        if !goes && !refused.columns.is_empty() && !cx.is_dropped_later(refused.table) {
            report(cx, findings, &refused);
        }
    }
}

fn report(cx: &OperationContext<'_>, findings: &mut Findings, refused: &RefusedReset<'_>) {
    let (table, referenced) = (refused.table, &refused.key.references);
    let quoted: Vec<String> = { refused.columns.iter() }
        .map(|column| format!("`{column}`"))
        .collect();
    let (them, are) = match refused.columns.len() {
        1 => ("it", "is NOT NULL"),
        _ => ("they", "are NOT NULL"),
    };
    let (happens, fails) = match refused.reset.event {
        "DELETE" => ("is deleted", "the delete"),
        _ => ("gets another key", "the update"),
    };
    let given = match refused.reset.to_default {
        true => "no value, which has no default,",
        false => "NULL",
    };
    let confidence = match cx.operation.within.conditional {
        true => Confidence::Medium,
        false => Confidence::High,
    };
    findings
        .report(
            refused.span,
            format!(
                "gives {} of `{table}` {given} where a row of `{referenced}` {happens}, and {them} {are}: {fails} fails",
                listed(&quoted)
            ),
        )
        .confidence(confidence)
        .help(help(cx, refused));
}

fn help(cx: &OperationContext<'_>, refused: &RefusedReset<'_>) -> String {
    let (event, table) = (refused.reset.event, refused.table);
    let meant = match event {
        "DELETE" => format!(
            "`ON DELETE CASCADE` where rows of `{table}` go along, `ON DELETE RESTRICT` where the delete is to be refused"
        ),
        _ => "`ON UPDATE CASCADE` where they are to follow, `ON UPDATE RESTRICT` where the update is to be refused".to_owned(),
    };
    let first = match &cx.operation.action {
        Action::CreateTable(_) | Action::AddColumn { .. } => format!("say what is meant: {meant}"),
        Action::AddConstraint { constraint, .. }
            if matches!(constraint.kind, ConstraintKind::ForeignKey(_)) =>
        {
            format!("say what is meant: {meant}")
        }
        _ => match refused.name {
            Some(name) => format!("make `{name}` anew first, with {meant}"),
            None => format!("make the foreign key anew first, with {meant}"),
        },
    };
    let rest: Vec<&str> = { refused.key.columns.iter() }
        .filter(|column| !refused.columns.contains(column))
        .map(|column| column.as_str())
        .collect();
    let named = match event {
        "DELETE" if !rest.is_empty() && cx.scene.dialect.version >= 15 => {
            let action = match refused.reset.to_default {
                true => "SET DEFAULT",
                false => "SET NULL",
            };
            format!(
                ", or name the columns that may be NULL: `ON DELETE {action} ({})`",
                sql_list(rest)
            )
        }
        _ => String::new(),
    };
    let columns = sql_list(refused.columns.iter().map(|column| column.as_str()));
    let or = match refused.reset.to_default {
        true => format!("; or give {columns} a default that is there to refer to"),
        false if is_in_key(cx, refused) => String::new(),
        false => format!("; or let {columns} be NULL"),
    };
    format!("{first}{named}{or}")
}

/// What is part of a primary key cannot be NULL.
fn is_in_key(cx: &OperationContext<'_>, refused: &RefusedReset<'_>) -> bool {
    let has = |columns: &[Name]| refused.columns.iter().any(|name| columns.contains(name));
    let adds = |constraint: &Constraint| match &constraint.kind {
        ConstraintKind::PrimaryKey(key) => has(&key.columns),
        _ => false,
    };
    let made = match &cx.operation.action {
        Action::CreateTable(create) => &create.constraints[..],
        Action::AddColumn { constraints, .. } => constraints,
        Action::AddConstraint { constraint, .. } => std::slice::from_ref(constraint),
        _ => &[],
    };
    let known = cx.table(refused.table).and_then(Table::primary_key);
    made.iter().any(adds) || known.is_some_and(|key| has(&key.columns))
}
