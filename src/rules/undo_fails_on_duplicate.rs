//! The down makes it unique again and fails on duplicates.

use std::ops::ControlFlow;

use crate::finding::Confidence;
use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Kind};
use crate::rule::{
    Check, Findings, OperationContext, Rule, Trail, Uniqueness, Way, on_one_line, sql_key,
};
use crate::schema::names_in;

pub const RULE: Rule = Rule {
    id: "undo-fails-on-duplicate",
    page: include_str!("../../rules/undo-fails-on-duplicate.md"),
    check: Check::Operation {
        on: &[Kind::DropConstraint, Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(gone) = cx.drops_key() else {
        return;
    };
    if cx.is_new_key(&gone.table) || cx.stays_unique(&gone) {
        return;
    }
    let Some(back) = unique_again(cx, &gone) else {
        return;
    };
    let key = shown(&gone, &gone.columns);
    let table = &gone.table;
    let other = cx.new_key_on_the_same(&gone);
    let fails = match &other {
        Some(new) => format!("may fail: `{new}` may let duplicates of it in"),
        None => "fails once there are duplicates".to_owned(),
    };
    let (among, filter) = match gone.predicate.map(on_one_line) {
        Some(predicate) => (
            format!(" among the rows with `{predicate}`"),
            format!(" WHERE {predicate}"),
        ),
        None => Default::default(),
    };
    // Of an index another rule says it.
    let meanwhile = match cx.operation.action {
        Action::DropConstraint { .. } => {
            "; meanwhile, an ON CONFLICT of the old release that rests on it fails"
        }
        _ => "",
    };
    let finding = findings
        .report(
            cx.operation.place,
            format!("the down makes `{key}` of `{table}` unique again{among} and {fails}{meanwhile}"),
        )
        .help(format!(
            "Let the down remove duplicates first, or keep `{}` until the code that needs duplicates is final:\n\
             SELECT {now}, count(*) FROM {}{filter} GROUP BY {now} HAVING count(*) > 1;",
            gone.name,
            sql_key(&back.table),
            now = shown(&gone, &back.columns)
        ));
    if other.is_some() {
        finding.confidence(Confidence::Medium);
    }
}

/// The key's table and columns where the down makes it unique again, if it does
/// not see to the rows before. Where a column goes and comes back, it comes back
/// empty.
fn unique_again(cx: &OperationContext<'_>, gone: &Uniqueness<'_>) -> Option<Trail> {
    let named = gone.exprs.iter().flat_map(|expr| names_in(expr));
    let all: Vec<Name> = gone.columns.iter().copied().chain(named).collect();
    let mut trails = [
        Trail::new(gone.table, &all),
        Trail::new(gone.table, &gone.columns),
    ];
    cx.follow(&mut trails, |way, op, trails| {
        let [all, key] = trails else {
            return ControlFlow::Break(None);
        };
        if way == Way::There {
            return ControlFlow::Continue(());
        }
        if is_unique_on(cx, &op.action, key) {
            return ControlFlow::Break(Some(key.clone()));
        }
        match cx.sees_to_rows(op, all) {
            true => ControlFlow::Break(None),
            false => ControlFlow::Continue(()),
        }
    })
}

/// The key's elements as they are written.
fn shown(gone: &Uniqueness<'_>, columns: &[Name]) -> String {
    let mut exprs = gone.exprs.iter();
    let shown = |column: &Name| match column.as_str() {
        "" => exprs.next().copied().unwrap_or_default().to_owned(),
        column => column.to_owned(),
    };
    columns.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn is_unique_on(cx: &OperationContext<'_>, action: &Action, key: &Trail) -> bool {
    match action {
        Action::AddConstraint { table, constraint } => match &constraint.kind {
            ConstraintKind::Unique(own) | ConstraintKind::PrimaryKey(own) => {
                key.is(cx.schema, &table.name) && own.columns == key.columns
            }
            _ => false,
        },
        Action::CreateIndex(index) => {
            let own = index.elements.iter().map(|e| e.column.unwrap_or_default());
            index.unique && key.is(cx.schema, &index.table) && own.eq(key.columns.iter().copied())
        }
        _ => false,
    }
}
