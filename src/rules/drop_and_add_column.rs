//! A rename written as drop and add loses the values.

use crate::operation::{Action, Column, Kind, Target};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, sql_ident, sql_name, sql_object,
};

pub const RULE: Rule = Rule {
    id: "drop-and-add-column",
    page: include_str!("../../rules/drop-and-add-column.md"),
    check: Check::Operation {
        on: &[Kind::DropColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropColumn { table, column, .. } = &cx.operation.action else {
        return;
    };
    let Some(old) = cx.table(&table.name).and_then(|t| t.column(&column.name)) else {
        return;
    };
    if !cx.is_old_column(table, &column.name) || drops(cx, table) > 1 {
        return;
    }
    let [new] = added(cx, table)[..] else {
        return;
    };
    let same = new.ty == old.ty && new.generated.is_none() && new.name != old.name;
    if !same || is_filled(cx, table, new) {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "drops `{0}` of `{1}` where `{2}` of the same type is added: if it is the same column under a new name, its values are lost",
                column.name, table.name, new.name
            ),
        )
        .related(cx.place(new.span), "added here")
        .help(format!(
            "Keep the values: drop `{2}` in a later migration, and copy them before:\n\
             UPDATE {0} SET {1} = {2} WHERE {1} IS NULL;",
            sql_object(&table.name),
            sql_name(&new.name),
            sql_ident(column)
        ));
}

/// How many columns of the table the script drops.
fn drops(cx: &OperationContext<'_>, target: &Target) -> usize {
    1 + cx
        .around_on(Facet::Table, &target.name.name)
        .filter(|op| match &op.action {
            Action::DropColumn { table, .. } => cx.is_same(&table.name, &target.name),
            _ => false,
        })
        .take(1)
        .count()
}

/// The columns that the script adds to the table.
fn added<'a>(cx: &OperationContext<'a>, target: &Target) -> Vec<&'a Column> {
    cx.around_on(Facet::Table, &target.name.name)
        .filter_map(|op| match &op.action {
            Action::AddColumn { table, column, .. } if cx.is_same(&table.name, &target.name) => {
                Some(&**column)
            }
            _ => None,
        })
        .collect()
}

/// An UPDATE before the drop writes the new column.
fn is_filled(cx: &OperationContext<'_>, target: &Target, new: &Column) -> bool {
    cx.earlier_on(Facet::Rows, &target.name.name)
        .any(|op| match &op.action {
            Action::Update(update) => {
                cx.is_same(&update.table, &target.name)
                    && update.columns.iter().any(|c| c.name == new.name)
            }
            _ => false,
        })
}
