//! Data goes that no down can bring back.

use crate::operation::{Action, CompositeChange, Kind, ObjectKind, ObjectName, Operation, Target};
use crate::rule::{Check, Facet, Findings, LeftOut, OperationContext, Rule, listed, mentions};
use crate::schema::extension::has_no_types;

pub const RULE: Rule = Rule {
    id: "irreversible",
    page: include_str!("../../rules/irreversible.md"),
    check: Check::Operation {
        on: &[Kind::Drop, Kind::DropColumn, Kind::AlterComposite],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(what) = lost(cx) else {
        return;
    };
    findings
        .report(
            cx.operation.place,
            format!("{what}: no down can bring them back"),
        )
        .help(
            "Copy the data to where it can be read back before this migration, or take it as the point of no return: declare it contract, with an approval and a checkpoint:\n\
             -- bowline: phase contract\n\
             -- bowline: approve irreversible reason=\"…\"\n\
             -- bowline: checkpoint \"…\"",
        );
}

/// Losses that no rule of their own reports.
fn lost(cx: &OperationContext<'_>) -> Option<String> {
    match &cx.operation.action {
        // The name lives on, so the old release does; the rows do not.
        Action::Drop {
            kind: ObjectKind::Table,
            name,
            if_exists,
            ..
        } => {
            let replaced = takes_new_rows(cx, name);
            if cx.is_absent(name, *if_exists)
                || cx.is_new(name)
                || !replaced && !cx.is_unknown_to_others(name)
            {
                return None;
            }
            if cx.is_copied(name) {
                return Some(match cx.left_out(name)? {
                    LeftOut::Rows(clause) => {
                        format!(
                            "drops rows of `{name}` that its copy leaves out (it takes `{clause}`)"
                        )
                    }
                    LeftOut::Columns(names) => format!(
                        "drops the values of {}, which the copy of the other columns leaves out",
                        listed(
                            &names
                                .iter()
                                .map(|column| format!("`{name}.{column}`"))
                                .collect::<Vec<_>>()
                        )
                    ),
                });
            }
            let later = || cx.later_on(Facet::Copy, "").any(|op| copies(op, name));
            (replaced && !later()).then(|| {
                format!("drops the rows of `{name}` and puts another relation in its place")
            })
        }
        Action::DropColumn { table, column, .. } => {
            let again = cx.column_returns(table, &column.name)?;
            let renamed = match &again.action {
                Action::RenameColumn { column, .. } => &column.name,
                _ => return None,
            };
            (cx.is_old_column(table, &column.name) && !is_filled(cx, table, renamed)).then(|| {
                format!(
                    "drops the values of `{}.{}` and puts `{renamed}` in its place, which nothing filled from them",
                    table.name, column.name
                )
            })
        }
        Action::Drop {
            kind: ObjectKind::Extension,
            name,
            cascade: true,
            ..
        } => (!has_no_types(&name.name)).then(|| {
            format!(
                "drops extension `{name}` and, by CASCADE, the columns of its types with their values"
            )
        }),
        Action::Drop {
            kind: ObjectKind::Type | ObjectKind::Domain,
            name,
            cascade: true,
            ..
        } => {
            let columns = cx.columns_of_type(&cx.type_key(name));
            (!columns.is_empty())
                .then(|| format!("drops, by CASCADE, {} with their values", listed(&columns)))
        }
        Action::AlterComposite {
            name,
            change: CompositeChange::Drop(attribute),
            ..
        } => {
            let key = cx.type_key(name);
            let columns = cx.columns_of_type(&key);
            let silent = cx.is_new_type(&key) || cx.type_exists(&key) && columns.is_empty();
            (!silent)
                .then(|| format!("drops attribute `{attribute}` of type `{name}` with its values"))
        }
        _ => None,
    }
}

/// What takes the place is a table that this migration made: nobody can have
/// filled it with the rows before. A query computes its rows anew.
fn takes_new_rows(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    let key = cx.schema.resolve(name);
    cx.later_on(Facet::Object, &key.name)
        .any(|op| match &op.action {
            Action::Rename {
                kind, name: n, to, ..
            } => kind.is_relation() && to.name == key.name && cx.is_new(n) && cx.table(n).is_some(),
            Action::CreateView(create) => cx.schema.resolve(&create.name) == key,
            _ => false,
        })
}

fn copies(op: &Operation, name: &ObjectName) -> bool {
    match &op.action {
        Action::CreateTable(create) => create
            .source
            .as_ref()
            .is_some_and(|q| mentions(&q.text, &name.name)),
        _ => false,
    }
}

/// Something earlier wrote the column that takes the place.
fn is_filled(cx: &OperationContext<'_>, target: &Target, column: &str) -> bool {
    !cx.column_is_new(target, column)
        || cx
            .earlier_on(Facet::Rows, &target.name.name)
            .any(|op| match &op.action {
                Action::Update(update) => update.columns.iter().any(|c| c.name == column),
                _ => false,
            })
        || cx
            .earlier_on(Facet::Part, column)
            .any(|op| match &op.action {
                Action::AddColumn { column, .. } => column.generated.is_some(),
                _ => false,
            })
}
