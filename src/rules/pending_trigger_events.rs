//! A table is altered while checks that a transaction put off are pending on it.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Confidence;
use crate::name::Name;
use crate::operation::{Action, ConstraintKind, ObjectKind, ObjectName};
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, subject};
use crate::schema::{Key, Place, Table, TableConstraint};

pub const RULE: Rule = Rule {
    id: "pending-trigger-events",
    page: include_str!("../../rules/pending-trigger-events.md"),
    check: Check::Migration(check),
};

/// A change of rows, and the constraint that looks at them when the transaction
/// ends.
struct Pending<'a> {
    step: &'a Step<'a>,
    constraint: &'a TableConstraint,
    confidence: Confidence,
}

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut pending: FxHashMap<(u32, Key), Pending<'_>> = FxHashMap::default();
    // Transactions that put nothing off any more.
    let mut prompt: FxHashSet<u32> = FxHashSet::default();
    for step in cx.steps {
        let Some(transaction) = step.run.transaction else {
            continue;
        };
        if step.operation.within.conditional {
            continue;
        }
        match checks(step) {
            Some(true) => {
                pending.retain(|(other, _), _| *other != transaction);
                prompt.insert(transaction);
            }
            Some(false) => {
                prompt.remove(&transaction);
            }
            None => {}
        }
        if prompt.contains(&transaction) {
            continue;
        }
        if let Some((key, change)) = put_off(cx, step) {
            pending.entry((transaction, key)).or_insert(change);
        } else if !pending.is_empty() {
            for name in altered(&step.operation.action) {
                let key = (transaction, cx.schema.resolve(name));
                if let Some(change) = pending.remove(&key) {
                    report(findings, &change, step, name);
                }
            }
        }
    }
}

fn report(findings: &mut Findings, change: &Pending<'_>, step: &Step<'_>, name: &ObjectName) {
    let constraint = &change.constraint.name;
    let place = Place {
        source: change.step.source,
        span: change.step.operation.place,
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "PostgreSQL refuses this while `{constraint}` still has to check rows that the transaction changed: `{name}` has pending trigger events"
            ),
        )
        .help(
            "Let the check run before, or change the rows in a migration of their own:\n\
             SET CONSTRAINTS ALL IMMEDIATE;",
        )
        .confidence(change.confidence)
        .related(place, format!("`{constraint}` is put off to the end of the transaction here"));
}

/// The table whose rows a step changes, where a foreign key of an earlier
/// migration looks at them at the end of the transaction.
fn put_off<'a>(cx: &'a MigrationContext<'_>, step: &'a Step<'_>) -> Option<(Key, Pending<'a>)> {
    let action = &step.operation.action;
    let name = match action {
        Action::Insert(_)
        | Action::Update(_)
        | Action::Delete(_)
        | Action::Copy { from: true, .. } => subject(action)?,
        _ => return None,
    };
    let key = cx.schema.resolve(name);
    let table = cx
        .schema
        .table_by_key(&key)
        .filter(|t| !t.is_partitioned())?;
    let (constraint, confidence) = match action {
        // NULLs are looked at too.
        Action::Insert(insert) => {
            let certain = insert.query.is_none() && insert.conflict.is_none();
            let all = own(cx, table, |_| true)?;
            (
                all,
                if certain {
                    Confidence::High
                } else {
                    Confidence::Medium
                },
            )
        }
        Action::Copy { .. } => (own(cx, table, |_| true)?, Confidence::Medium),
        Action::Update(update) => {
            let sets = |columns: &[Name]| {
                columns
                    .iter()
                    .any(|c| update.columns.iter().any(|u| u.name == *c))
            };
            let found = own(cx, table, |c| sets(&c.columns))
                .or_else(|| others(cx, table, |c| sets(&c.referenced)));
            (found?, Confidence::Medium)
        }
        _ => (others(cx, table, |_| true)?, Confidence::Medium),
    };
    Some((
        key,
        Pending {
            step,
            constraint,
            confidence,
        },
    ))
}

/// A foreign key of the table that is put off.
fn own<'a>(
    cx: &'a MigrationContext<'_>,
    table: &'a Table,
    looks: impl Fn(&TableConstraint) -> bool,
) -> Option<&'a TableConstraint> {
    let deferred = |c: &&TableConstraint| is_put_off(cx, c) && looks(c);
    table.constraints.iter().map(|c| &**c).find(deferred)
}

/// A foreign key of another table that refers to this one and is put off.
fn others<'a>(
    cx: &'a MigrationContext<'_>,
    table: &'a Table,
    looks: impl Fn(&TableConstraint) -> bool,
) -> Option<&'a TableConstraint> {
    let tables = table
        .referenced_by
        .iter()
        .filter_map(|key| cx.schema.table_by_key(key));
    let constraints = tables.flat_map(|other| other.constraints.iter().map(|c| &**c));
    constraints
        .filter(|c| c.references.as_ref() == Some(&table.key))
        .find(|c| is_put_off(cx, c) && looks(c))
}

/// What this migration adds may come after the rows.
fn is_put_off(cx: &MigrationContext<'_>, constraint: &TableConstraint) -> bool {
    let own = &constraint.definition;
    matches!(own.kind, ConstraintKind::ForeignKey(_))
        && own.deferrable
        && own.deferred
        && constraint.added_in < cx.schema.migration()
}

/// `SET CONSTRAINTS … IMMEDIATE`, whichever it names, or `… DEFERRED`.
fn checks(step: &Step<'_>) -> Option<bool> {
    match step.operation.action {
        Action::SetConstraints { deferred, .. } => Some(!deferred),
        _ => None,
    }
}

/// The tables that a step wants for itself, as far as nothing may be pending on
/// them; renaming, comments and triggers do not care (measured on PostgreSQL 15).
fn altered(action: &Action) -> &[ObjectName] {
    match action {
        Action::RenameColumn { .. } | Action::RenameConstraint { .. } => &[],
        Action::CreateIndex(index) => std::slice::from_ref(&index.table),
        Action::Truncate { tables, .. } => tables,
        Action::Cluster {
            table: Some(table), ..
        }
        | Action::Drop {
            kind: ObjectKind::Table,
            name: table,
            ..
        }
        | Action::SetOwner {
            kind: ObjectKind::Table,
            name: table,
            ..
        }
        | Action::SetParameters {
            kind: ObjectKind::Table,
            name: table,
            ..
        } => std::slice::from_ref(table),
        action => action
            .target()
            .map_or(&[], |target| std::slice::from_ref(&target.name)),
    }
}
