//! A column goes while the old release may use it.

use crate::operation::{Action, ConstraintKind, Ident, Kind, ObjectKind, Operation, Target};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, listed, sql_ident, sql_object};
use crate::schema::GoneRule;

pub const RULE: Rule = Rule {
    id: "drop-column",
    page: include_str!("../../rules/drop-column.md"),
    check: Check::Operation {
        on: &[Kind::DropColumn, Kind::Drop, Kind::Rename],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropColumn {
        table,
        column,
        cascade,
        ..
    } = &cx.operation.action
    else {
        return exchanged(cx, findings);
    };
    if !cx.is_old_column(table, &column.name) || cx.is_dropped_later(&table.name) {
        return;
    }
    let again = cx.column_returns(table, &column.name);
    if again.is_some_and(|op| cx.keeps_values(table, op)) {
        return;
    }
    let name = &table.name;
    let before = name_before(cx, table, column);
    let fact = match before {
        _ if again.is_some() => format!(
            "drops column `{}` of `{name}` and {}",
            column.name,
            match again.map(|op| &op.action) {
                Some(Action::RenameColumn { column: other, .. }) => format!(
                    "gives its name to `{}`, which holds other values",
                    other.name
                ),
                _ => "adds it again without its values".to_owned(),
            }
        ),
        Some(before) => format!(
            "drops column `{}` of `{name}` with its values, which the old release may still use as `{}`",
            column.name, before.name
        ),
        None => format!(
            "drops column `{}` of `{name}` with its values, which the old release may still use",
            column.name
        ),
    };
    let fact = format!("{fact}{}", with_keys(cx, table, column));
    let (sql, old) = (sql_object(name), sql_ident(before.unwrap_or(column)));
    let left_out = match cx.must_be_given(table, &column.name) {
        false => String::new(),
        true => format!(
            "Let the column be left out:\nALTER TABLE {sql} ALTER COLUMN {old} DROP NOT NULL;\n"
        ),
    };
    findings
        .report(cx.operation.place, fact)
        .confidence(cx.confidence(name))
        .help(format!(
            "{left_out}Release code that neither reads nor writes `{old}` first (ORMs list all columns: tell it to ignore this one); \
             then drop it in a later migration{}:\n\
             -- bowline: phase contract\n\
             ALTER TABLE {sql} DROP COLUMN {old};",
            match cascade {
                true => with_dependents(cx, table, column),
                false => with_users(cx, table, column),
            }
        ));
}

/// A table takes the place of another, and has not all of its columns.
fn exchanged(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(exchange) = cx.exchange().filter(|exchange| !exchange.lost.is_empty()) else {
        return;
    };
    let name = exchange.name;
    let lost: Vec<String> = exchange
        .lost
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    findings
        .report(
            cx.operation.place,
            format!(
                "puts a table without {} in the place of `{name}`, which the old release may still use",
                listed(&lost)
            ),
        )
        .confidence(cx.confidence(name))
        .help(
            "Keep in the new table what the old release reads and writes; drop it in a later migration, \
             once no release uses it:\n\
             -- bowline: phase contract",
        );
}

/// The name that the old release knows, where the script gave it another.
fn name_before<'a>(
    cx: &OperationContext<'a>,
    target: &Target,
    column: &Ident,
) -> Option<&'a Ident> {
    cx.earlier_on(Facet::Part, &column.name)
        .find_map(|op| match &op.action {
            Action::RenameColumn {
                table,
                column: before,
                to,
            } if to.name == column.name && cx.is_same(&table.name, &target.name) => Some(before),
            _ => None,
        })
}

/// Keys over several columns that go with one of them, in silence.
fn with_keys(cx: &OperationContext<'_>, table: &Target, column: &Ident) -> String {
    let constraints = cx
        .table(&table.name)
        .into_iter()
        .flat_map(|t| &t.constraints);
    let keys: Vec<String> = constraints
        .filter(|c| c.columns.len() > 1 && c.columns.contains(&column.name))
        .filter_map(|c| match c.definition.kind {
            ConstraintKind::PrimaryKey(_) => Some(format!("the primary key `{}`", c.name)),
            ConstraintKind::Unique(_) => Some(format!("the unique key `{}`", c.name)),
            _ => None,
        })
        .collect();
    match keys.is_empty() {
        true => String::new(),
        false => format!("; {} goes with it", listed(&keys)),
    }
}

/// What CASCADE would take along.
fn with_dependents(cx: &OperationContext<'_>, table: &Target, column: &Ident) -> String {
    let dependents = cx.dependents_of_column(table, &column.name).into_iter();
    let names: Vec<String> = dependents.map(|dependent| dependent.what).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(", once {} can do without it", listed(&names)),
    }
}

/// What used the column until the script dropped it, and has to go before.
fn with_users(cx: &OperationContext<'_>, target: &Target, column: &Ident) -> String {
    let table = cx.schema.resolve(&target.name);
    let goes = |op: &Operation| match &op.action {
        Action::Drop {
            kind: kind @ (ObjectKind::View | ObjectKind::MaterializedView),
            name,
            ..
        } => {
            let view = cx.schema.dropped_view(&cx.schema.resolve(name))?;
            view.reads_column(&table, &column.name)
                .then(|| format!("{} `{name}`", kind.word()))
        }
        _ => None,
    };
    let gone = cx.table(&target.name).into_iter().flat_map(|t| &t.gone);
    let triggers = gone
        .filter(|gone| {
            gone.migration == cx.schema.migration() && matches!(gone.rule, GoneRule::Trigger)
        })
        .filter(|gone| gone.columns.contains(&column.name))
        .map(|gone| format!("trigger `{}`", gone.name));
    let users: Vec<String> = cx.earlier().filter_map(goes).chain(triggers).collect();
    match users.is_empty() {
        true => String::new(),
        false => format!(
            ", after {} as here (the server keeps a column that something uses)",
            listed(&users)
        ),
    }
}
