//! Something still uses what is dropped, renamed or retyped.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, ObjectName, Operation};
use crate::rule::{Check, Findings, OperationContext, Rule, listed};
use crate::schema::Origin;
use crate::source::Span;
use crate::statement::lexer::{TokenKind, tokens_into};

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
            Kind::AddColumn,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    refused(cx, findings);
    broken(cx, findings);
    outgrown(cx, findings);
}

/// A function in SQL that returns rows of a table and lists its columns one by
/// one lists too few once there is another (row_function_*).
fn outgrown(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AddColumn { table, .. } = &cx.operation.action else {
        return;
    };
    let Some(known) = cx.table(&table.name).filter(|t| t.columns_known) else {
        return;
    };
    if cx.is_new(&table.name) || findings.has_said(cx) {
        return;
    }
    let key = known.key;
    for routine in cx.schema.routines_taking(&key) {
        let is_row = |returns: &str| {
            let mut words = returns.split_whitespace();
            let last = words.next_back().and_then(ObjectName::of_text);
            let set = words.all(|word| word.eq_ignore_ascii_case("setof"));
            set && last.is_some_and(|name| cx.schema.resolve(&name) == key)
        };
        let lists = routine.language == "sql"
            && !routine.atomic
            && routine.returns.is_some_and(|returns| is_row(&returns))
            && listed_columns(&routine.body) == Some(known.columns.len());
        if !lists || cx.routine_is_redone(routine) || cx.is_from_here(routine.origin) {
            continue;
        }
        let name = &routine.key;
        let draft = findings
            .report(
                cx.operation.place,
                format!("function `{name}` returns rows of `{key}` and lists their columns without this one: it fails when it runs next"),
            )
            .confidence(Confidence::Medium)
            .help(format!(
                "Put `CREATE OR REPLACE` of function `{name}` with the new column, or with `*`, into this migration."
            ));
        if let Origin::Created { at, .. } = routine.origin {
            draft.related(at, "its text stands here");
        }
    }
}

/// How many expressions the last query of a body yields, where none of them is
/// `*` or a whole row.
fn listed_columns(body: &str) -> Option<usize> {
    let mut tokens = Vec::new();
    tokens_into(body, Span::new(0, body.len() as u32), &mut tokens);
    let mut depth = 0i32;
    let mut count = None;
    let mut inside = false;
    for token in &tokens {
        match token.kind {
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth -= 1,
            _ if depth > 0 => {}
            TokenKind::Semicolon => inside = false,
            TokenKind::Comma if inside => count = count.map(|n| n + 1),
            _ if token.is_word(body, "SELECT") => (count, inside) = (Some(1), true),
            _ if token.is_word(body, "FROM") => inside = false,
            _ if inside && token.span.of(body) == "*" => return None,
            // A set, or what a change returns.
            _ if ["UNION", "EXCEPT", "INTERSECT", "RETURNING", "VALUES"]
                .iter()
                .any(|word| token.is_word(body, word)) =>
            {
                return None;
            }
            _ => {}
        }
    }
    count.filter(|n| *n > 1)
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
