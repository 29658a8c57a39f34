//! A view comes back with other columns.

use crate::finding::{Confidence, Severity};
use crate::name::Name;
use crate::operation::{Action, CreateView, Kind, ObjectKind, ObjectName, Operation};
use crate::report::Direction;
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, listed, object_name, sql_name, sql_object,
};

pub const RULE: Rule = Rule {
    id: "replace-view-shape",
    page: include_str!("../../rules/replace-view-shape.md"),
    check: Check::Operation {
        on: &[Kind::CreateView, Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    match &cx.operation.action {
        Action::CreateView(create) if create.or_replace => replaced(cx, findings, create),
        Action::CreateView(create) if create.materialized && !create.with_data => {
            emptied(cx, findings, create);
        }
        Action::Drop {
            kind: ObjectKind::View | ObjectKind::MaterializedView,
            name,
            ..
        } => made_again(cx, findings, name),
        _ => {}
    }
}

/// The server accepts only columns added at the end.
fn replaced(cx: &OperationContext<'_>, findings: &mut Findings, create: &CreateView) {
    let Some(old) = cx.schema.view(&create.name) else {
        return;
    };
    let new = cx.schema.view_columns(create);
    let changed = old.columns.iter().zip(&new).find(|(a, b)| a != b);
    let fact = match changed {
        _ if old.columns.is_empty() || new.is_empty() => return,
        Some((was, is)) => format!("puts `{is}` where view `{}` has `{was}`", create.name),
        None if new.len() < old.columns.len() => {
            format!(
                "leaves `{}` out of view `{}`",
                old.columns[new.len()],
                create.name
            )
        }
        None => return,
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "{fact}: the server refuses, CREATE OR REPLACE can only add columns at the end"
            ),
        )
        .severity(Severity::Error)
        .help(format!(
            "Keep the columns {} in this order and add new ones behind them.",
            old.columns.join(", ")
        ));
}

/// Dropped and created anew: the old release misses what is gone.
fn made_again(cx: &OperationContext<'_>, findings: &mut Findings, name: &ObjectName) {
    let gone: Vec<String> = cx
        .view_loses()
        .iter()
        .map(|column| format!("`{column}`"))
        .collect();
    if gone.is_empty() {
        return;
    }
    let (fact, place) = match cx.table_comes(name) {
        true => (
            format!("puts a table in the place of view `{name}`,"),
            "table",
        ),
        false => (format!("creates view `{name}` again"), "view"),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "{fact} without {}, which the old release may still read",
                listed(&gone)
            ),
        )
        .help(format!(
            "Keep {} in the {place} until no release reads it, and drop it in a later migration.",
            listed(&gone)
        ));
}

/// A materialized view of the old release is made anew, and nothing fills it.
fn emptied(cx: &OperationContext<'_>, findings: &mut Findings, create: &CreateView) {
    let name = &create.name;
    let drops = |op: &Operation| match &op.action {
        Action::Drop {
            kind: ObjectKind::View | ObjectKind::MaterializedView,
            name: dropped,
            if_exists: false,
            ..
        } => cx.is_same(dropped, name),
        _ => false,
    };
    let old = cx.schema.dropped_view(&cx.schema.resolve(name));
    let dropped = { cx.earlier_on(Facet::Object, &name.name) }.any(|op| match &op.action {
        Action::Drop { name: own, .. } => cx.is_same(own, name) && (old.is_some() || drops(op)),
        _ => false,
    });
    let is_own = old.is_some_and(|old| cx.is_from_here(old.origin));
    if !dropped || is_own || cx.scene.direction == Direction::Down || cx.is_filled_later(name) {
        return;
    }
    let sql = sql_object(name);
    findings
        .report(
            cx.operation.place,
            format!("creates view `{name}` again WITH NO DATA: every read of the old release fails until it is refreshed"),
        )
        .severity(Severity::Error)
        .confidence(match old {
            Some(_) => Confidence::High,
            None => Confidence::Medium,
        })
        .help(format!(
            "Create it WITH DATA. Where that takes long, build and fill it under another name, in a migration before, and exchange the two here:\n\
             DROP MATERIALIZED VIEW {sql};\n\
             ALTER MATERIALIZED VIEW {} RENAME TO {};",
            sql_object(&ObjectName {
                name: Name::new(object_name(&name.name, "", "new")),
                ..name.clone()
            }),
            sql_name(&name.name),
        ));
}
