//! A sequence goes while the old release may draw from it.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, ObjectKind, ObjectName, Operation};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, sql_key, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-sequence",
    page: include_str!("../../rules/drop-sequence.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: ObjectKind::Sequence,
        name,
        if_exists,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let key = cx.schema.resolve(name);
    if cx.is_absent(name, *if_exists)
        || cx.is_new(name)
        || is_back(cx, name)
        || went_with_default(cx, name)
    {
        return;
    }
    let known = cx.schema.sequence_by_key(&key).is_some();
    findings
        .report(
            cx.operation.place,
            format!("drops sequence `{name}`, which the old release may still draw numbers from"),
        )
        .confidence(if known { Confidence::High } else { Confidence::Medium })
        .help(format!(
            "Release code that no longer calls `nextval('{name}')` first; then drop it in a later migration:\n\
             -- bowline: phase contract\n\
             {}DROP SEQUENCE {};",
            without_defaults(cx, name),
            sql_object(name)
        ));
}

/// The server keeps a sequence that a default draws from.
fn without_defaults(cx: &OperationContext<'_>, name: &ObjectName) -> String {
    let columns = cx.columns_fed_by(name).into_iter();
    columns
        .map(|(table, column)| {
            let (table, column) = (sql_key(&table), sql_name(&column));
            format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;\n")
        })
        .collect()
}

/// The sequence of a serial column whose default the script has dropped: what that
/// means is said there, and nobody else draws from it.
fn went_with_default(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    let known = cx.schema.sequence_by_key(&cx.schema.resolve(name));
    let owner = known
        .filter(|s| s.implicit)
        .and_then(|s| s.owned_by.as_ref());
    let Some((table, column)) = owner else {
        return false;
    };
    cx.earlier_on(Facet::Part, column)
        .any(|op| match &op.action {
            Action::DropDefault {
                table: on,
                column: c,
            } => c.name == *column && cx.schema.resolve(&on.name) == *table,
            _ => false,
        })
}

fn is_back(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    let mut objects = cx.later_on(Facet::Object, &name.name);
    let owner = cx.schema.sequence_by_key(&cx.schema.resolve(name));
    let column = owner
        .and_then(|s| s.owned_by.as_ref())
        .map(|(_, column)| column);
    objects.any(|op| puts_sequence(cx, op, name))
        || column.is_some_and(|column| {
            cx.later_on(Facet::Part, column)
                .any(|op| puts_sequence(cx, op, name))
        })
}

/// A sequence of that name comes back: created, renamed, or the one that an
/// identity column is given.
fn puts_sequence(cx: &OperationContext<'_>, op: &Operation, name: &ObjectName) -> bool {
    match &op.action {
        Action::CreateSequence { name: n, .. } => cx.is_same(n, name),
        Action::Rename { to, .. } => to.name == name.name,
        Action::AddIdentity { table, column, .. } => {
            format!("{}_{}_seq", table.name.name, column.name) == *name.name
        }
        _ => false,
    }
}
