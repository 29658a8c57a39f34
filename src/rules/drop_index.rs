//! An index goes that queries may rely on.

use std::sync::Arc;

use crate::finding::{Confidence, Severity};
use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Kind, ObjectKind, ObjectName, Operation};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, Uniqueness, asks_for_values, index_definition,
    on_one_line, one_line, same_condition, sql_object,
};
use crate::schema::{Index, Origin};

pub const RULE: Rule = Rule {
    id: "drop-index",
    page: include_str!("../../rules/drop-index.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: ObjectKind::Index,
        name,
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let key = cx.schema.resolve(name);
    let index = cx.schema.index_by_key(&key);
    if cx.is_absent(name, *if_exists) || cx.schema.is_created_now(&key) || cx.is_refused() {
        return;
    }
    let is_beside = |i: &Arc<Index>| cx.is_new_key(&i.table) || cx.is_set_aside(&i.table);
    if index.is_some_and(|i| is_beside(i) || cx.goes_later(&i.table)) {
        return;
    }
    let loses_key = index.is_some_and(|i| i.unique && !cx.stays_unique(&Uniqueness::of_index(i)));
    let mut later = later_on(cx, name, index);
    let stands_for_it = |op: &Operation| {
        goes_with(cx, op, index) || !loses_key && builds_again(cx, op, name, index)
    };
    if later.any(stands_for_it) {
        return;
    }
    let Some(index) = index else {
        report(findings, cx, name, "", Severity::Info, None);
        return;
    };
    if is_covered(cx, index) {
        return;
    }
    let on = format!(" on `{}`", index.table);
    let severity = match loses_key {
        true => Severity::Warning,
        false => Severity::Info,
    };
    report(findings, cx, name, &on, severity, Some(index));
}

fn report(
    findings: &mut Findings,
    cx: &OperationContext<'_>,
    name: &ObjectName,
    on: &str,
    severity: Severity,
    index: Option<&Arc<Index>>,
) {
    let is_key = severity == Severity::Warning;
    let other = index.filter(|_| !is_key);
    let then = match other.and_then(|index| next_best(cx, name, index)) {
        _ if is_key => {
            "an ON CONFLICT of the old release that rests on it fails; duplicates can come in, and then it cannot be built again".to_owned()
        }
        Some((other, columns)) => format!(
            "queries that used it fall back on {other}, which shares `{columns}` with it, and building it again takes as long as it did"
        ),
        None => "queries that used it read the whole table, and building it again takes as long as it did".to_owned(),
    };
    let again = index
        .filter(|index| index.origin != Origin::Assumed)
        .map_or_else(String::new, |index| {
            let concurrently = cx
                .schema
                .table_by_key(&index.table)
                .is_none_or(|table| !table.is_partitioned());
            let sql = on_one_line(&index_definition(index, concurrently));
            let is_taken = |op: &Operation| match &op.action {
                Action::CreateIndex(create) => create
                    .name
                    .as_ref()
                    .is_some_and(|new| new.name == name.name),
                _ => false,
            };
            let first = match later_on(cx, name, Some(index)).any(is_taken) {
                true => format!("DROP INDEX {};\n", sql_object(name)),
                false => String::new(),
            };
            format!(":\n{first}{sql};")
        });
    let first = match is_key {
        true => format!(
            "Release code that neither names it in ON CONFLICT nor rests on its uniqueness first (`idx_scan` of `{}` in pg_stat_user_indexes counts the queries besides)",
            name.name
        ),
        false => format!(
            "Look at `idx_scan` of `{}` in pg_stat_user_indexes on every server first",
            name.name
        ),
    };
    let draft = findings
        .report(
            cx.operation.place,
            format!("drops index `{name}`{on}: {then}"),
        )
        .severity(severity)
        .help(format!(
            "{first}, and keep the statement that builds it again{again}"
        ));
    if index.is_none() {
        draft.confidence(Confidence::Medium);
    }
}

/// What the script does to the index or its table afterwards.
fn later_on<'a>(
    cx: &OperationContext<'a>,
    name: &ObjectName,
    old: Option<&Arc<Index>>,
) -> impl Iterator<Item = &'a Operation> + use<'a> {
    let table = old.map_or("", |old| old.table.name.as_str());
    cx.later_on(Facet::Object, &name.name)
        .chain(cx.later_on(Facet::Table, table))
        .chain(cx.later_on(Facet::Object, table))
}

/// Its table or a column of it goes as well.
fn goes_with(cx: &OperationContext<'_>, op: &Operation, old: Option<&Arc<Index>>) -> bool {
    old.is_some_and(|old| match &op.action {
        Action::Drop {
            kind: ObjectKind::Table,
            name,
            ..
        } => cx.schema.resolve(name) == old.table,
        Action::DropColumn { table, column, .. } => {
            cx.schema.resolve(&table.name) == old.table && old.columns.contains(&column.name)
        }
        _ => false,
    })
}

/// An index of the same name, or one that starts with the same columns, is
/// built afterwards.
fn builds_again(
    cx: &OperationContext<'_>,
    op: &Operation,
    name: &ObjectName,
    old: Option<&Arc<Index>>,
) -> bool {
    let same_columns = |table: &ObjectName, columns: &[Name]| {
        old.is_some_and(|old| {
            let mut pairs = old.columns.iter().zip(columns);
            cx.schema.resolve(table) == old.table
                && !old.columns.is_empty()
                && columns.len() >= old.columns.len()
                && pairs.all(|(own, other)| own == other || is_renamed(cx, old, own, other))
        })
    };
    match &op.action {
        Action::CreateIndex(create) => {
            let columns: Vec<Name> = create
                .elements
                .iter()
                .map(|e| e.column.unwrap_or_default())
                .collect();
            create.name.as_ref().is_some_and(|n| n.name == name.name)
                || same_columns(&create.table, &columns)
        }
        Action::AddConstraint { table, constraint } => match &constraint.kind {
            ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
                same_columns(&table.name, &key.columns)
            }
            _ => false,
        },
        Action::Rename {
            kind: ObjectKind::Index,
            to,
            ..
        } => to.name == name.name,
        _ => false,
    }
}

/// The index, of now or of what is built later, that begins with the most of the
/// same columns, and these.
fn next_best(
    cx: &OperationContext<'_>,
    name: &ObjectName,
    old: &Arc<Index>,
) -> Option<(String, String)> {
    let shared = |columns: &[Name]| {
        let pairs = old.columns.iter().zip(columns);
        pairs
            .take_while(|(own, other)| own == other && !own.is_empty())
            .count()
    };
    let now = others_of(cx, old)
        .filter(|other| other.method == old.method && covers_rows(other, old))
        .map(|other| (shared(&other.columns), format!("`{}`", other.key.name)));
    let later = later_on(cx, name, Some(old)).filter_map(|op| {
        let Action::CreateIndex(create) = &op.action else {
            return None;
        };
        let fits = cx.schema.resolve(&create.table) == old.table
            && create.method == old.method
            && create.predicate.is_none();
        let columns = create.elements.iter();
        let columns: Vec<Name> = columns.map(|e| e.column.unwrap_or_default()).collect();
        let name = create.name.as_ref();
        let name = name.map_or("the one that is built later".to_owned(), |name| {
            format!("`{}`", name.name)
        });
        fits.then(|| (shared(&columns), name))
    });
    let all = now.chain(later).filter(|(shared, _)| *shared > 0);
    let (shared, name) = all.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some((name, one_line(&old.columns[..shared].join(", "))))
}

/// Does the script give a column of the index another name later?
fn is_renamed(cx: &OperationContext<'_>, old: &Index, own: &Name, other: &Name) -> bool {
    cx.later_on(Facet::Part, own).any(|op| match &op.action {
        Action::RenameColumn { table, column, to } => {
            column.name == *own && to.name == *other && cx.schema.resolve(&table.name) == old.table
        }
        _ => false,
    })
}

/// Does an index hold all rows that queries found by the other?
fn covers_rows(index: &Index, other: &Index) -> bool {
    let of_other = other.predicate.as_ref().map(|expr| &*expr.text);
    index.predicate.as_ref().is_none_or(|own| {
        of_other.is_some_and(|text| same_condition(text, &own.text))
            // Whoever compares a column leaves its NULLs out.
            || !other.unique && asks_for_values(&own.text, &other.columns[..1.min(other.columns.len())])
    })
}

fn same_exprs(one: &Index, other: &Index) -> bool {
    one.exprs.len() == other.exprs.len()
        && (one.exprs.iter().zip(&other.exprs))
            .all(|(one, other)| same_condition(&one.text, &other.text))
}

/// Another index of the table or materialized view begins with the same columns.
fn is_covered(cx: &OperationContext<'_>, index: &Index) -> bool {
    others_of(cx, index).any(|other| {
        let is_twin = other.columns == index.columns && same_exprs(other, index);
        covers_rows(other, index)
            && other.method == index.method
            && (is_twin || index.exprs.is_empty() && other.columns.starts_with(&index.columns))
            && (!index.unique || other.unique && is_twin)
    })
}

/// The other indexes of its table or materialized view.
fn others_of<'a>(
    cx: &OperationContext<'a>,
    index: &Index,
) -> impl Iterator<Item = &'a Arc<Index>> + use<'a> {
    let of_table = cx.schema.table_by_key(&index.table).map(|t| &t.indexes);
    let of_view = cx.schema.view_by_key(&index.table).map(|v| &v.indexes);
    let others = of_table.or(of_view).into_iter().flatten();
    let (schema, own) = (cx.schema, index.key);
    others
        .filter(move |other| **other != own)
        .filter_map(move |other| schema.index_by_key(other))
}
