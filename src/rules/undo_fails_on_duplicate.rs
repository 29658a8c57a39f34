//! The down makes it unique again and fails on duplicates.

use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Kind, ObjectKind};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, Uniqueness, sql_key};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "undo-fails-on-duplicate",
    page: include_str!("../../rules/undo-fails-on-duplicate.md"),
    check: Check::Operation {
        on: &[Kind::DropConstraint, Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(gone) = gone(cx) else {
        return;
    };
    let (table, columns) = (gone.table, gone.columns);
    // Where a column goes and comes back, it comes back empty.
    let goes = |column: &Name| {
        cx.later_on(Facet::Part, column).any(|op| match &op.action {
            Action::DropColumn {
                table: t,
                column: c,
                ..
            } => c.name == *column && cx.schema.resolve(&t.name) == *table,
            _ => false,
        })
    };
    let back = cx
        .back_on(Facet::Table, &table.name)
        .any(|op| is_unique_on(cx, &op.action, table, columns));
    if !back || cx.is_new_key(table) || columns.iter().any(goes) || cx.stays_unique(&gone) {
        return;
    }
    let key = shown(&gone);
    findings
        .report(
            cx.operation.place,
            format!("the down makes `{key}` of `{table}` unique again and fails once there are duplicates"),
        )
        .help(format!(
            "Let the down remove duplicates first, or keep `{}` until the code that needs duplicates is final:\n\
             SELECT {key}, count(*) FROM {} GROUP BY {key} HAVING count(*) > 1;",
            gone.name,
            sql_key(table)
        ));
}

/// The key that is dropped.
fn gone<'a>(cx: &OperationContext<'a>) -> Option<Uniqueness<'a>> {
    match &cx.operation.action {
        Action::DropConstraint { table, name, .. } => {
            let table = cx.schema.table(&table.name)?;
            let old = table.constraint(&name.name)?;
            let is_key = matches!(
                old.definition.kind,
                ConstraintKind::Unique(_) | ConstraintKind::PrimaryKey(_)
            );
            is_key.then(|| Uniqueness {
                table: &table.key,
                name: old.index.as_ref().map_or(&name.name, |key| &key.name),
                columns: &old.columns,
                exprs: Vec::new(),
                predicate: None,
            })
        }
        Action::Drop {
            kind: ObjectKind::Index,
            name,
            ..
        } => {
            let index = cx.schema.index(name)?;
            index.unique.then(|| Uniqueness::of_index(index))
        }
        _ => None,
    }
}

/// The key's elements as they are written.
fn shown(gone: &Uniqueness<'_>) -> String {
    let mut exprs = gone.exprs.iter();
    let shown = |column: &Name| match column.as_str() {
        "" => exprs.next().copied().unwrap_or_default().to_owned(),
        column => column.to_owned(),
    };
    gone.columns
        .iter()
        .map(shown)
        .collect::<Vec<_>>()
        .join(", ")
}

fn is_unique_on(cx: &OperationContext<'_>, action: &Action, table: &Key, columns: &[Name]) -> bool {
    match action {
        Action::AddConstraint {
            table: t,
            constraint,
        } => match &constraint.kind {
            ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key) => {
                cx.schema.resolve(&t.name) == *table && key.columns == columns
            }
            _ => false,
        },
        Action::CreateIndex(index) => {
            let own = index.elements.iter().map(|e| e.column.unwrap_or_default());
            index.unique
                && cx.schema.resolve(&index.table) == *table
                && own.eq(columns.iter().cloned())
        }
        _ => false,
    }
}
