//! Duplicates that the old release writes begin to fail.

use crate::name::Name;
use crate::operation::{self, Action, ConstraintKind, Kind, ObjectName, Target};
use crate::rule::{
    Check, Findings, Held, OperationContext, Rule, Uniqueness, on_one_line, one_line, sql_name,
    sql_object,
};
use crate::schema::names_in;
use crate::text::holds;
use smol_str::SmolStr;

pub const RULE: Rule = Rule {
    id: "add-unique",
    page: include_str!("../../rules/add-unique.md"),
    check: Check::Operation {
        on: &[Kind::AddConstraint, Kind::AddColumn, Kind::CreateIndex],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(Key {
        table,
        columns,
        nulls_not_distinct,
    }) = key(cx)
    else {
        return;
    };
    let target = Target {
        name: table.clone(),
        if_exists: false,
        only: false,
    };
    // Nobody writes a materialized view.
    if cx.schema.view(table).is_some() || !cx.is_used(&target) {
        return;
    }
    let predicate = predicate(cx);
    if predicate.is_some_and(|predicate| cx.leaves_out(&target, predicate)) {
        return;
    }
    let held: Vec<Held> = columns.iter().map(|name| cx.held(&target, name)).collect();
    let differs = |held: &Held| match held {
        Held::Apart => true,
        Held::Null => !nulls_not_distinct,
        Held::Written | Held::Same(_) => false,
    };
    if held.iter().any(differs)
        || Uniqueness::of_operation(cx.schema, cx.operation).is_some_and(|new| cx.was_unique(&new))
    {
        return;
    }
    let list = elements(cx, &columns, |name| name.as_str().into());
    let sql = elements(cx, &columns, |name| sql_name(name));
    let (among, filter) = match predicate {
        Some(predicate) => (
            format!(" among the rows with `{}`", one_line(predicate)),
            format!(" WHERE {}", on_one_line(predicate)),
        ),
        None => Default::default(),
    };
    let are_all_new = !held.is_empty() && !held.contains(&Held::Written);
    let (then, help) = match are_all_new {
        true => (
            "rows of the old release, which leaves it out, all hold the same, and the second fails",
            format!(
                "Leave {sql} NULL, without a default, until each row has a value of its own that the release in use writes; make it unique then"
            ),
        ),
        false => (
            "writes of the old release that repeat a value fail",
            format!(
                "Release code that writes no duplicates first{}",
                duplicates(cx, &target, &columns, &sql, &filter, nulls_not_distinct)
            ),
        ),
    };
    findings
        .report(
            cx.operation.place,
            format!("requires `{list}` of `{table}` to be unique{among}: {then}"),
        )
        .confidence(cx.confidence(table))
        .help(help);
}

/// How to look for duplicates that are there. A new column holds the same in all
/// rows, or what only the server computes.
fn duplicates(
    cx: &OperationContext<'_>,
    target: &Target,
    columns: &[Name],
    all: &str,
    filter: &str,
    nulls_not_distinct: bool,
) -> String {
    let is_new = |name: &&Name| !cx.is_old_column(target, name);
    let old: Vec<SmolStr> = { columns.iter() }
        .filter(|name| !is_new(name))
        .map(|name| sql_name(name))
        .collect();
    let mut new = columns.iter().filter(is_new);
    if let Some(filled) = new.find(|name| cx.has_given_values(&target.name, name)) {
        return format!(", and look for duplicates once `{filled}` has its values");
    }
    let is_plain = !columns.iter().any(|name| is_new(&name));
    let (sql, filter) = match is_plain {
        true => (all.to_owned(), filter),
        // What the condition says of new columns, no query can ask yet.
        false => (old.join(", "), ""),
    };
    // One value for all rows is no GROUP BY, and needs none.
    if names_in(&sql).next().is_none() {
        return String::new();
    }
    // NULLs are no duplicates of each other.
    let known = cx.table(&target.name);
    let may_be_null = |name: &&Name| known.is_none_or(|known| !known.is_not_null(name));
    let is_index = matches!(cx.operation.action, Action::CreateIndex(_));
    let nullable: Vec<SmolStr> = { columns.iter() }
        .filter(|name| !nulls_not_distinct && !is_new(name) && may_be_null(name))
        .map(|name| sql_name(name))
        .collect();
    let apart = match &nullable[..] {
        [] => String::new(),
        [one] if *one == sql => format!(" AND {one} IS NOT NULL"),
        _ if is_index && is_plain => format!(" AND num_nulls({sql}) = 0"),
        several => format!(" AND num_nulls({}) = 0", several.join(", ")),
    };
    format!(
        ", and look for those that are there:\n\
         SELECT {sql}, count(*) FROM {}{filter} GROUP BY {sql} HAVING count(*) > 1{apart};",
        sql_object(&target.name)
    )
}

/// What is unique, expressions as they stand.
fn elements(
    cx: &OperationContext<'_>,
    columns: &[Name],
    spell: impl Fn(&Name) -> SmolStr,
) -> String {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return columns.iter().map(spell).collect::<Vec<_>>().join(", ");
    };
    let elements = index.elements.iter().map(|e| match (&e.column, &e.expr) {
        (Some(column), _) => spell(column).to_string(),
        (None, Some(expr)) => on_one_line(&expr.text),
        _ => "<expression>".to_owned(),
    });
    elements.collect::<Vec<_>>().join(", ")
}

/// The condition of a partial index.
fn predicate<'a>(cx: &OperationContext<'a>) -> Option<&'a str> {
    match &cx.operation.action {
        Action::CreateIndex(index) => index.predicate.as_ref().map(|p| &*p.text),
        _ => None,
    }
}

/// May an expression yield something where a column is NULL?
fn makes_up_values(expr: &str) -> bool {
    const MAKES_UP: &[&str] = &["coalesce", "case", "concat", "format", "null"];
    MAKES_UP.iter().any(|word| holds(expr, word))
}

/// What is new and unique.
struct Key<'a> {
    table: &'a ObjectName,
    /// Those that expressions name too, as far as the table is known.
    columns: Vec<Name>,
    nulls_not_distinct: bool,
}

/// An adopted index was in force before.
fn key<'a>(cx: &OperationContext<'a>) -> Option<Key<'a>> {
    let of = |table, columns: &[Name], key: &operation::Key| Key {
        table,
        columns: columns.to_vec(),
        nulls_not_distinct: key.nulls_not_distinct,
    };
    match &cx.operation.action {
        Action::AddConstraint { table, constraint } => {
            let ConstraintKind::Unique(key) = &constraint.kind else {
                return None;
            };
            let name = constraint.name.as_ref().map(|name| &*name.name);
            let again = cx.was_there_unseen(&table.name, name);
            let is_new = key.using_index.is_none() && !again;
            is_new.then(|| of(&table.name, &key.columns, key))
        }
        Action::AddColumn {
            table,
            column,
            constraints,
            ..
        } => constraints.iter().find_map(|constraint| {
            let ConstraintKind::Unique(key) = &constraint.kind else {
                return None;
            };
            Some(of(&table.name, &[column.name], key))
        }),
        Action::CreateIndex(index) if index.unique => {
            let exists = index.if_not_exists
                && index
                    .name
                    .as_ref()
                    .is_some_and(|n| cx.schema.index(n).is_some());
            let name = index.name.as_ref().map(|name| &*name.name);
            let again = cx.was_there_unseen(&index.table, name);
            let table = cx.table(&index.table);
            let has = |name: &Name| table.is_some_and(|table| table.column(name).is_some());
            let exprs = index.elements.iter().filter_map(|e| e.expr.as_ref());
            let exprs = exprs.filter(|expr| !makes_up_values(&expr.text));
            let within = exprs.flat_map(|expr| names_in(&expr.text)).filter(has);
            let columns = index.elements.iter().filter_map(|e| e.column);
            (!exists && !again).then(|| Key {
                table: &index.table,
                columns: columns.chain(within).collect(),
                nulls_not_distinct: index.nulls_not_distinct,
            })
        }
        _ => None,
    }
}
