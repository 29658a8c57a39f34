//! Something still uses what is dropped, renamed or retyped.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, Operation};
use crate::rule::{Check, Findings, OperationContext, Rule, listed};

pub const RULE: Rule = Rule {
    id: "dependent-object-breaks",
    page: include_str!("../../rules/dependent-object-breaks.md"),
    check: Check::Operation {
        on: &[
            Kind::Drop,
            Kind::DropColumn,
            Kind::Rename,
            Kind::RenameColumn,
            Kind::AlterColumnType,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    refused(cx, findings);
    broken(cx, findings);
}

/// The server itself refuses while a view, a foreign key or a routine whose body
/// is SQL depends.
fn refused(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (what, verb, dependents) = match &cx.operation.action {
        Action::Drop {
            kind,
            name,
            cascade: false,
            ..
        } if kind.is_relation() && !cx.is_new(name) => (
            format!("{} `{name}`", kind.word()),
            "drop",
            [
                cx.dependents_of_relation(&cx.schema.resolve(name)),
                cx.atomic_routines(name, None),
            ]
            .concat(),
        ),
        Action::DropColumn {
            table,
            column,
            cascade: false,
            ..
        } if !cx.is_new(&table.name) => (
            format!("column `{}.{}`", table.name, column.name),
            "drop",
            [
                cx.dependents_of_column(table, &column.name),
                cx.atomic_routines(&table.name, Some(&column.name)),
            ]
            .concat(),
        ),
        Action::AlterColumnType { table, column, .. } if !cx.is_new(&table.name) => {
            let mut dependents = cx.dependents_of_column(table, &column.name);
            dependents.retain(|d| !d.what.starts_with("foreign key"));
            dependents.extend(cx.atomic_routines(&table.name, Some(&column.name)));
            (
                format!("column `{}.{}`", table.name, column.name),
                "change the type of",
                dependents,
            )
        }
        _ => return,
    };
    let names: Vec<String> = dependents.iter().map(|d| d.what.clone()).collect();
    if names.is_empty() {
        return;
    }
    let mut draft = findings
        .report(
            cx.operation.place,
            format!("{what} is still used by {}, so the server refuses to {verb} it", listed(&names)),
        )
        .help(format!(
            "Drop or change {} before, in the same migration, and create it again afterwards where it is still needed.",
            listed(&names)
        ));
    for dependent in dependents
        .iter()
        .filter_map(|d| Some((d.at?, &d.what)))
        .take(5)
    {
        draft = draft.related(dependent.0, format!("{} is created here", dependent.1));
    }
}

/// The text of a routine is not followed: it fails when it is called.
fn broken(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (what, name, column) = match &cx.operation.action {
        Action::Drop { kind, name, .. } if kind.is_relation() && !cx.is_replaced(name) => {
            (format!("{} `{name}`", kind.word()), name, None)
        }
        Action::Rename { kind, name, .. } if kind.is_relation() && !cx.is_replaced(name) => {
            (format!("{} `{name}`", kind.word()), name, None)
        }
        Action::DropColumn { table, column, .. } | Action::RenameColumn { table, column, .. }
            if cx.column_returns(table, &column.name).is_none() =>
        {
            let what = format!("column `{}.{}`", table.name, column.name);
            (what, &table.name, Some(column.name.as_str()))
        }
        _ => return,
    };
    if cx.is_new(name) || cx.schema.relation(name).is_none() {
        return;
    }
    let goes_unseen =
        |op: &Operation| matches!(op.action, Action::Opaque { .. } | Action::Unparsed { .. });
    let routines = cx.routines_naming(name, column);
    if routines.is_empty() || cx.later().any(goes_unseen) {
        return;
    }
    for routine in routines {
        let draft = findings
            .report(
                cx.operation.place,
                format!("{} still names {what} and fails when it runs next", routine.what),
            )
            .confidence(Confidence::Medium)
            .help(format!(
                "Put `CREATE OR REPLACE` of {} with the new name, or without it, into this migration.",
                routine.what
            ));
        if let Some(at) = routine.at {
            draft.related(at, "its text stands here");
        }
    }
}
