//! A stored generated column is written into every row.

use crate::name::Name;
use crate::operation::{Action, Kind, ObjectName};
use crate::rule::{Check, ColumnWork, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "generated-column-rewrite",
    page: include_str!("../../rules/generated-column-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::AddColumn, Kind::SetExpression],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    match &cx.operation.action {
        Action::AddColumn { table, column, .. }
            if cx.column_work() == Some(ColumnWork::Generated) =>
        {
            let stored = stored_columns(cx, &table.name);
            if stored.first() == Some(&&column.name) {
                let what = match stored.len() {
                    1 => format!("`{}.{}` is", table.name, column.name),
                    n => format!("`{}.{}` and {} more are", table.name, column.name, n - 1),
                };
                report(cx, findings, &table.name, &what);
            }
        }
        Action::SetExpression { table, column, .. } if cx.blocks(&table.name) => {
            let what = format!("`{}.{}` is", table.name, column.name);
            report(cx, findings, &table.name, &what);
        }
        _ => {}
    }
}

/// What one ALTER TABLE adds is written in one rewrite. A block has several, of
/// other tables too.
fn stored_columns<'a>(cx: &OperationContext<'a>, of: &ObjectName) -> Vec<&'a Name> {
    let stored = cx.siblings.iter().filter_map(|op| match &op.action {
        Action::AddColumn { table, column, .. } if cx.is_same(&table.name, of) => {
            let generated = column.generated.as_ref();
            generated.filter(|g| g.stored).map(|_| &column.name)
        }
        _ => None,
    });
    stored.collect()
}

/// Does the column's type, or what its expression calls, come from the history? The
/// server takes neither in one that is VIRTUAL (virtual_of_own_*).
fn rests_on_own(cx: &OperationContext<'_>) -> bool {
    let (ty, expr) = match &cx.operation.action {
        Action::AddColumn { column, .. } => {
            let generated = column.generated.as_ref();
            (Some(&column.ty), generated.map(|g| &*g.expr.text))
        }
        Action::SetExpression { expr, .. } => (None, Some(&*expr.text)),
        _ => (None, None),
    };
    ty.is_some_and(|ty| cx.schema.is_own_type(ty))
        || expr.is_some_and(|expr| cx.schema.calls_own(expr))
}

fn report(cx: &OperationContext<'_>, findings: &mut Findings, table: &ObjectName, what: &str) {
    let sql = sql_object(table);
    let help = if cx.scene.dialect.version >= 18 && !rests_on_own(cx) {
        format!(
            "where no index or key needs it, make it VIRTUAL, which writes nothing to {sql} (PostgreSQL 18); or fill a plain column by a trigger and in batches"
        )
    } else {
        format!(
            "add a plain column to {sql}, fill it by a trigger and in batches; or compute it in a view"
        )
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "{what} stored in every row: the table is rewritten while reads and writes wait"
            ),
        )
        .help(help)
        .confidence(cx.confidence(table));
}
