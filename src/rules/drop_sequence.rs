//! A sequence goes while the old release may draw from it.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, ObjectKind, ObjectName, Operation};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

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
        || cx.later().any(|op| puts_sequence(cx, op, name))
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
             DROP SEQUENCE {};",
            sql_object(name)
        ));
}

/// A sequence of that name comes back: created, renamed, or the one that an
/// identity column is given.
fn puts_sequence(cx: &OperationContext<'_>, op: &Operation, name: &ObjectName) -> bool {
    match &op.action {
        Action::CreateSequence { name: n, .. } => cx.is_same(n, name),
        Action::Rename { to, .. } => to.name == name.name,
        Action::AddIdentity { table, column, .. } => {
            format!("{}_{}_seq", table.name.name, column.name) == name.name
        }
        _ => false,
    }
}
