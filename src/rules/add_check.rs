//! Values that the old release writes begin to fail a check.

use crate::finding::Confidence;
use crate::name::Name;
use crate::operation::{
    Action, Column, Constraint, ConstraintKind, DomainChange, Expr, Kind, ObjectName, Target,
};
use crate::rule::{
    Check, Findings, OperationContext, Rule, alternatives, asks_for_null, keeps_null_out, listed,
    mentions, same_expression, sql_object,
};
use crate::rule::{on_one_line, one_line};
use crate::rule::{same_condition, sql_name};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::tokens_into;

pub const RULE: Rule = Rule {
    id: "add-check",
    page: include_str!("../../rules/add-check.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::AddColumn, Kind::AlterDomain],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    match &cx.operation.action {
        Action::AddConstraint { table, constraint } => on_table(cx, findings, table, constraint),
        Action::AddColumn {
            table,
            column,
            constraints,
            ..
        } => on_new_column(cx, findings, table, column, constraints),
        Action::AlterDomain {
            name,
            change:
                DomainChange::AddConstraint {
                    check: Some(check), ..
                },
        } => on_domain(cx, findings, name, check),
        _ => {}
    }
}

fn on_table(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    constraint: &Constraint,
) {
    let ConstraintKind::Check(check) = &constraint.kind else {
        return;
    };
    let name = constraint.name.as_ref().map(|name| &*name.name);
    if constraint.not_enforced
        || cx.was_there_unseen(&table.name, name)
        || name.is_some_and(|name| cx.goes_in_time(table, name))
    {
        return;
    }
    let key = cx.schema.resolve(&table.name);
    // A column that the statement adds behind it is new as well.
    let mut behind = cx.siblings.iter().filter_map(|op| match &op.action {
        Action::AddColumn {
            table: t, column, ..
        } if cx.is_same(&t.name, &table.name) => {
            let known = cx.table(&table.name).and_then(|t| t.column(&column.name));
            known.is_none().then_some(column)
        }
        _ => None,
    });
    if behind.any(|c| mentions(&check.text, &c.name) && !keeps_null_out(&check.text, &c.name)) {
        return;
    }
    let columns = cx.schema.columns_in(&key, check);
    let required = columns.iter().any(|c| {
        cx.column_is_new(table, c)
            && keeps_null_out(&check.text, c)
            && !cx.fills_itself(&table.name, c)
            && !cx.is_filled(&table.name, c, "insert")
    });
    if cx.was_checked(&table.name, name, &check.text) {
        return;
    }
    if !cx.is_used(table)
        || !required
            && !cx.old_writes_meet(table, &columns)
            && !may_require(cx, table, check, &columns)
        || is_filled(cx, table, check, &columns)
        || holds_already(cx, table, check)
        || is_met_by_defaults(cx, table, check, &columns)
    {
        return;
    }
    let replaced = cx.replaced_check(&table.name, name, &columns);
    let new = columns.iter().filter(|c| cx.column_is_new(table, c));
    let new: Vec<Name> = new.copied().collect();
    report(cx, findings, table, check, replaced, &new);
}

/// Do values of old columns decide whether a new one, which the old release leaves
/// out, may be NULL? Where old ones are asked whether they are there, one of
/// several is to be.
fn may_require(cx: &OperationContext<'_>, table: &Target, check: &Expr, columns: &[Name]) -> bool {
    let (new, old): (Vec<&Name>, Vec<&Name>) = columns
        .iter()
        .partition(|column| cx.column_is_new(table, column));
    let left_out = |column: &Name| {
        !cx.fills_itself(&table.name, column) && !cx.is_filled(&table.name, column, "insert")
    };
    let is_asked = |column: &Name, not: bool| asks_for_null(&check.text, column, not);
    !old.is_empty()
        && !old.iter().any(|column| is_asked(column, false))
        && new
            .iter()
            .any(|column| left_out(column) && is_asked(column, true))
}

/// Does it only keep NULL out of a column that a trigger fills?
fn is_filled(cx: &OperationContext<'_>, table: &Target, check: &Expr, columns: &[Name]) -> bool {
    let [column] = columns else { return false };
    let events = ["insert", "update"].iter();
    same_condition(&check.text, &format!("{} IS NOT NULL", sql_name(column)))
        && events
            .clone()
            .all(|event| cx.is_filled(&table.name, column, event))
}

/// A column that old INSERTs leave out is NULL, which only a check for NULL
/// refuses.
fn on_new_column(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    column: &Column,
    constraints: &[Constraint],
) {
    let filled =
        column.default.is_some() || column.identity.is_some() || column.generated.is_some();
    let refuses = constraints.iter().find_map(|c| match &c.kind {
        ConstraintKind::Check(check) if keeps_null_out(&check.text, &column.name) => Some(check),
        _ => None,
    });
    if let Some(check) = refuses.filter(|_| !filled && cx.is_used(table)) {
        report(cx, findings, table, check, None, &[column.name]);
    }
}

/// `replaced` is the check that goes for it, `new` the columns of it that no release
/// can have written before.
fn report(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    check: &Expr,
    replaced: Option<&str>,
    new: &[Name],
) {
    let instead = replaced.map_or_else(String::new, |old| {
        format!(" instead of `{}`", one_line(old))
    });
    let confidence = match replaced {
        // It may ask for less in a way that is not seen through.
        Some(_) => cx.confidence(&table.name).min(Confidence::Medium),
        None => cx.confidence(&table.name),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "requires `{}`{instead} in `{}`: writes of the old release that do not meet it fail, NOT VALID or not",
                one_line(&check.text),
                table.name
            ),
        )
        .confidence(confidence)
        .help(format!(
            "{}:\n\
             SELECT count(*) FROM {} WHERE NOT ({});",
            first(cx, new),
            sql_object(&table.name),
            on_one_line(&check.text)
        ));
}

/// What has to come before the check.
fn first(cx: &OperationContext<'_>, new: &[Name]) -> String {
    if new.is_empty() {
        return "Release code that writes only what the check accepts first, and look for rows that do not meet it".to_owned();
    }
    let names: Vec<String> = new.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "Add {} without the check, release code that writes only what it accepts, and see to the rows that are there; then add it, {}, once this finds none",
        listed(&names),
        cx.scene.afterwards()
    )
}

fn on_domain(cx: &OperationContext<'_>, findings: &mut Findings, name: &ObjectName, check: &Expr) {
    let key = cx.type_key(name);
    if cx.is_new_type(&key) {
        return;
    }
    let columns = cx.columns_of_type(&key);
    if cx.schema.domain(&key).is_some() && columns.is_empty() || cx.domain_was_checked(&key, check)
    {
        return;
    }
    let used = if columns.is_empty() {
        "its columns".to_owned()
    } else {
        listed(&columns)
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "requires `{}` of domain `{name}`: writes of the old release to {used} that do not meet it fail",
                one_line(&check.text)
            ),
        )
        .help(format!(
            "Release code that writes only what the check accepts to {used} first."
        ));
}

/// One side of an OR says that a new column has its default, which it has
/// wherever the old release leaves it out.
fn is_met_by_defaults(
    cx: &OperationContext<'_>,
    table: &Target,
    check: &Expr,
    columns: &[Name],
) -> bool {
    let known = cx.table(&table.name);
    let new = columns.iter().filter(|c| cx.column_is_new(table, c));
    let met: Vec<String> = new
        .filter_map(|c| {
            let default = known?.column(c)?.default.as_ref()?;
            Some(format!("{} = {}", sql_name(c), default.text))
        })
        .collect();
    let mut tokens = Vec::new();
    let text = &*check.text;
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    loop {
        let mark = cursor.mark();
        cursor.skip_until(|c| c.at_word("OR"));
        let side = cursor.slice(cursor.span_from(mark));
        if met.iter().any(|met| same_condition(met, side)) {
            return true;
        }
        if !cursor.eat_word("OR") {
            return false;
        }
    }
}

/// The column is NOT NULL, or the same check stands already.
fn holds_already(cx: &OperationContext<'_>, table: &Target, check: &Expr) -> bool {
    cx.table(&table.name).is_some_and(|t| {
        // No table that people keep has more checks than these.
        let same = t
            .constraints
            .iter()
            .rev()
            .take(100)
            .any(|c| match &c.definition.kind {
                ConstraintKind::Check(old) => same_expression(&old.text, &check.text),
                _ => false,
            });
        same || t.columns.iter().any(|c| {
            t.is_not_null(&c.name)
                && alternatives(&check.text)
                    .iter()
                    .any(|term| same_expression(term, &format!("{} IS NOT NULL", c.name)))
        })
    })
}
