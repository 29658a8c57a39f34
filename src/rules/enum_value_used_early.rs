//! A new enum value is used in the transaction that adds it.

use crate::effect::Lock;
use crate::finding::Confidence;
use crate::operation::{Action, ObjectName};
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, sql_object, subject};
use crate::schema::{Key, Place, Table};

pub const RULE: Rule = Rule {
    id: "enum-value-used-early",
    page: include_str!("../../rules/enum-value-used-early.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    for (at, step) in cx.steps.iter().enumerate() {
        let Action::AddEnumValue { name, value, .. } = &step.operation.action else {
            continue;
        };
        if step.run.transaction.is_none() || is_free(cx, at, name) {
            continue;
        }
        let literal = format!("'{}'", value.replace('\'', "''"));
        let mut later = cx.steps[at + 1..].iter();
        let used = later.find_map(|s| {
            let same = s.run.transaction == step.run.transaction && s.statement != step.statement;
            let confidence = same.then(|| uses(cx, s, &literal, name)).flatten()?;
            Some((s, confidence))
        });
        if let Some((user, confidence)) = used {
            let place = Place {
                source: step.source,
                span: step.operation.place,
            };
            findings
                .report_in(
                    user.source,
                    user.operation.place,
                    format!("{literal} is used in the transaction that adds it to `{name}`, which PostgreSQL refuses"),
                )
                .help(format!(
                    "add the value in a migration of its own, so that it is committed before it is used:\n  \
                     ALTER TYPE {} ADD VALUE {literal};",
                    sql_object(name)
                ))
                .confidence(confidence)
                .related(place, "the value is added here");
        }
    }
}

/// From PostgreSQL 17 on the values of a type that the same transaction
/// created may be used at once.
fn is_free(cx: &MigrationContext<'_>, at: usize, name: &ObjectName) -> bool {
    cx.scene.dialect.version >= 17
        && cx.steps[..at].iter().any(|step| {
            matches!(&step.operation.action, Action::CreateType(create) if create.name == *name)
                && step.run.transaction == cx.steps[at].run.transaction
        })
}

/// How sure it is that the literal means the enum's value there.
fn uses(
    cx: &MigrationContext<'_>,
    step: &Step<'_>,
    literal: &str,
    name: &ObjectName,
) -> Option<Confidence> {
    let action = &step.operation.action;
    let evaluates = !matches!(
        action,
        Action::AddEnumValue { .. }
            | Action::RenameEnumValue { .. }
            | Action::CreateRoutine(_)
            | Action::Comment { .. }
            | Action::CreateType(_)
    );
    let text = cx.text(step, step.operation.clause);
    if !evaluates || !text.contains(literal) {
        return None;
    }
    if text.contains(&format!("{literal}::")) || text.contains(name.name.as_str()) {
        return Some(Confidence::High);
    }
    let ty = enum_key(cx, name);
    let has = |table: &Table| {
        let mut columns = table.columns.iter();
        columns.any(|column| cx.schema.type_key(&column.ty) == ty)
    };
    let table = match action {
        Action::CreateTable(create) => &create.name,
        Action::Select { .. } => {
            let mut read = step.effect.locks.iter();
            let table = |l: &Lock| cx.schema.table_by_key(&l.relation).is_some_and(|t| has(t));
            return read.any(table).then_some(Confidence::High);
        }
        action => subject(action)?,
    };
    match cx.schema.table(table) {
        Some(table) if table.is_known() => has(table).then_some(Confidence::High),
        _ => Some(Confidence::Low),
    }
}

fn enum_key(cx: &MigrationContext<'_>, name: &ObjectName) -> Key {
    match &name.schema {
        Some(schema) => Key::new(schema.clone(), name.name.clone()),
        None => cx.schema.resolve_type(&name.name),
    }
}
