//! A column goes while the old release may use it.

use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Ident, Kind, ObjectKind, Operation, Target};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Owned, Rule, listed, sql_ident, sql_name, sql_object,
};
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
    let is_computed = again.is_some_and(|op| cx.becomes_generated(table, &column.name, op));
    let keeps = |op: &Operation| cx.keeps_values(table, op) || fails_on_rows(cx, table, op);
    if !is_computed && again.is_some_and(keeps) {
        return;
    }
    let name = &table.name;
    let before = name_before(cx, table, column);
    let fact = match before {
        _ if again.is_some() => format!(
            "drops column `{}` of `{name}` and {}",
            column.name,
            match again.map(|op| &op.action) {
                _ if is_computed => format!("puts a generated one in its place: {NOT_WRITTEN}"),
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
    let references = references(cx, table, column);
    let beside = match again.map(|op| &op.action) {
        Some(Action::AddColumn { .. }) => "Give the new column another name.\n",
        Some(Action::RenameColumn { .. }) if is_computed => {
            "Keep the name that the new column has.\n"
        }
        _ => "",
    };
    let (left_out, references) = match (
        cx.must_be_given(table, &column.name),
        key_of(cx, table, column),
    ) {
        (false, _) => (String::new(), references),
        (true, None) => {
            let left_out = match plain_value(cx, table, column) {
                Some(value) => format!("SET DEFAULT {value}; -- or what else fits"),
                None => "DROP NOT NULL;".to_owned(),
            };
            (
                format!(
                    "Let the column be left out:\nALTER TABLE {sql} ALTER COLUMN {old} {left_out}\n"
                ),
                references,
            )
        }
        // A column of a primary key cannot be.
        (true, Some(key)) => (
            format!(
                "Take the primary key off{}, and let the column be left out:\n\
                 ALTER TABLE {sql} DROP CONSTRAINT {}, ALTER COLUMN {old} DROP NOT NULL;\n",
                after(&references),
                sql_name(&key)
            ),
            Vec::new(),
        ),
    };
    findings
        .report(cx.operation.place, fact)
        .confidence(cx.confidence(name))
        .help(format!(
            "{beside}{left_out}Release code that neither reads nor writes `{old}` first (ORMs list all columns: tell it to ignore this one); \
             then drop it in a later migration{}:\n\
             -- bowline: phase contract\n\
             ALTER TABLE {sql} DROP COLUMN {old};",
            match cascade {
                true => cx.once_unused(table, &column.name),
                false => with_users(cx, table, column, references),
            }
        ));
}

/// A value that the old release can read where the new one writes none: NULL it
/// has never seen there. None where a rule may refuse it.
fn plain_value(cx: &OperationContext<'_>, table: &Target, column: &Ident) -> Option<&'static str> {
    let known = cx.table(&table.name)?.column(&column.name)?;
    if !cx.goes_with(table, &column.name, |_| true).is_empty() {
        return None;
    }
    match (known.ty.array, known.ty.name.as_str()) {
        (1.., _) => Some("'{}'"),
        (_, "smallint" | "int" | "bigint" | "numeric" | "real" | "double precision") => Some("0"),
        (_, "text" | "varchar") => Some("''"),
        (_, "boolean") => Some("false"),
        (_, "json" | "jsonb") => Some("'{}'"),
        _ => None,
    }
}

/// What becomes of writes that name a generated column.
const NOT_WRITTEN: &str = "INSERTs and UPDATEs of the old release that write it fail";

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
            "Keep in the new table what the old release reads and writes, and drop that in a later migration, \
             declared contract, once no release uses it.",
        );
}

/// Is the new column one that a table with rows refuses? There are no values to
/// lose then, and `add-column-not-null` says the rest.
fn fails_on_rows(cx: &OperationContext<'_>, target: &Target, again: &Operation) -> bool {
    let is_filled = cx.table(&target.name).is_some_and(|table| table.filled);
    match &again.action {
        Action::AddColumn { column, .. } => {
            !is_filled && !cx.is_emptied(&target.name) && cx.schema.needs_no_rows(column)
        }
        _ => false,
    }
}

/// The primary key over the column that the script has taken off the table.
fn key_of(cx: &OperationContext<'_>, target: &Target, column: &Ident) -> Option<Name> {
    let gone = cx.gone_constraints(&target.name).into_iter();
    let mut keys = gone.filter(|c| matches!(c.definition.kind, ConstraintKind::PrimaryKey(_)));
    let key = keys.find(|key| key.columns.contains(&column.name))?;
    Some(key.name)
}

/// The foreign keys to the column that the script has dropped.
fn references(cx: &OperationContext<'_>, target: &Target, column: &Ident) -> Vec<String> {
    let table = cx.schema.resolve(&target.name);
    let reference = |op: &Operation| {
        let Action::DropConstraint {
            table: own, name, ..
        } = &op.action
        else {
            return None;
        };
        let gone = cx.gone_constraints(&own.name).into_iter();
        let mut keys = gone.filter(|c| c.references == Some(table) && c.name == name.name);
        let key = keys.find(|key| key.referenced.contains(&column.name))?;
        (!cx.is_same(&own.name, &target.name))
            .then(|| format!("foreign key `{}` of `{}`", key.name, own.name))
    };
    cx.earlier().filter_map(reference).collect()
}

/// What had to go before.
fn after(users: &[String]) -> String {
    match users.is_empty() {
        true => String::new(),
        false => format!(
            ", after {} as here (the server keeps what something uses)",
            listed(users)
        ),
    }
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

/// What goes with a column in silence: keys, and indexes over other columns too.
fn with_keys(cx: &OperationContext<'_>, table: &Target, column: &Ident) -> String {
    let goes = cx.goes_with(table, &column.name, |what| match what {
        Owned::Constraint(c) => {
            let kind = &c.definition.kind;
            c.columns.len() > 1
                && matches!(
                    kind,
                    ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_)
                )
        }
        Owned::Index(index) => index.unique || index.columns.len() > 1,
    });
    match goes.len() {
        0 => String::new(),
        1 => format!("; {} goes with it", listed(&goes)),
        _ => format!("; {} go with it", listed(&goes)),
    }
}

/// What used the column until the script dropped it, and has to go before.
fn with_users(
    cx: &OperationContext<'_>,
    target: &Target,
    column: &Ident,
    references: Vec<String>,
) -> String {
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
    let known = cx.table(&target.name).into_iter();
    let gone = known.flat_map(|table| cx.gone_rules(table));
    let triggers = gone
        .filter(|gone| matches!(gone.rule, GoneRule::Trigger))
        .filter(|gone| gone.columns.contains(&column.name))
        .map(|gone| format!("trigger `{}`", gone.name));
    let users = cx.earlier().filter_map(goes).chain(triggers);
    after(&users.chain(references).collect::<Vec<_>>())
}
