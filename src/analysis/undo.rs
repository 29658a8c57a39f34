//! What undoes a script, statement by statement.

use super::decide::Decisions;
use super::script::Planned;
use crate::dialect::Dialect;
use crate::effect::{self, postgres};
use crate::inverse::{self, Between, Inverse, Step, WayBack};
use crate::operation::{self, Action, ObjectKind, ObjectName, Operation};
use crate::rule::{mentions, subject};
use crate::schema::{Key, Schema};
use crate::source::Span;
use crate::statement::{SplitOptions, split};

/// The way back from `plan`, which begins at the schema as it is; the schema
/// is left as it was.
pub(super) fn way_back<'t>(
    plan: &[Planned<'_>],
    schema: &mut Schema,
    dialect: Dialect,
    text: impl Fn(&Planned<'_>) -> &'t str,
) -> WayBack {
    let mut back = WayBack::default();
    let mut made: Vec<&ObjectName> = Vec::new();
    // Tables of the script itself, and how many steps stood before them.
    let mut own: Vec<(Key, usize)> = Vec::new();
    let start = schema.mark();
    let mut decisions = Decisions::default();
    for planned in plan {
        let settled = decisions.settle(planned, schema);
        let operation = settled.as_ref().unwrap_or(planned.operation);
        if let Some(at) = drops_own(operation, &own, schema) {
            back.steps.drain(at..at + 1);
            own.retain(|(_, step)| *step != at);
            own.iter_mut()
                .filter(|(_, step)| *step > at)
                .for_each(|(_, step)| *step -= 1);
            schema.apply(operation, planned.source);
            continue;
        }
        let table = goes_with(&operation.action, schema);
        // What was made after the table goes before it, and must be let go of.
        let holds = |table: Key| {
            let is_table = |name: &&&ObjectName| schema.resolve(name) != table;
            let after = made.iter().rev().take_while(is_table);
            let text = text(planned);
            after.into_iter().any(|name| mentions(text, &name.name))
        };
        if table.is_none_or(holds) {
            let effect = postgres::effect(&effect::Scene {
                operation,
                siblings: planned.siblings,
                schema,
                version: dialect.version,
            });
            let inverse = inverse::inverse(operation, planned.source, schema, &effect);
            back.kind = back.kind.max(inverse.kind);
            if let (Action::CreateTable(create), false) =
                (&operation.action, inverse == Inverse::default())
            {
                own.push((schema.resolve(&create.name), back.steps.len()));
            }
            if inverse != Inverse::default() {
                back.steps.push(Step {
                    source: planned.source,
                    span: planned.statement_span,
                    inverse,
                });
            }
        }
        made.extend(made_by(&planned.operation.action));
        schema.apply(operation, planned.source);
    }
    schema.roll_back(start);
    back.steps.reverse();
    back
}

/// A table that the script makes and drops leaves nothing to undo: which step
/// would drop it?
fn drops_own(operation: &Operation, own: &[(Key, usize)], schema: &Schema) -> Option<usize> {
    let Action::Drop {
        kind: ObjectKind::Table,
        name,
        cascade: false,
        ..
    } = &operation.action
    else {
        return None;
    };
    let key = schema.resolve(name);
    let made = own.iter().find(|(own, _)| *own == key);
    made.filter(|_| schema.is_own(&key)).map(|(_, step)| *step)
}

/// What is done to a table of the same script is undone with the table: which
/// is it?
fn goes_with(action: &Action, schema: &Schema) -> Option<Key> {
    let name = match action {
        Action::Drop { .. } | Action::Rename { .. } | Action::SetSchema { .. } => return None,
        // An older table must not go with the new one that it is attached to.
        Action::AttachPartition { partition, .. } => Some(partition),
        Action::Comment { kind, name, on, .. } if !kind.is_routine() => {
            Some(on.as_ref().unwrap_or(name))
        }
        Action::SetOwner { name, .. } | Action::SetParameters { name, .. } => Some(name),
        Action::Grant(grant) => match grant.objects.as_slice() {
            [one] => Some(one),
            _ => None,
        },
        action => subject(action),
    };
    let key = schema.resolve(name?);
    (schema.is_created_now(&key) && schema.table_by_key(&key).is_some()).then_some(key)
}

/// What an operation makes that a table may hold on to.
fn made_by(action: &Action) -> Option<&ObjectName> {
    match action {
        Action::CreateTable(create) => Some(&create.name),
        Action::CreateType(create) => Some(&create.name),
        Action::CreateDomain(create) => Some(&create.name),
        Action::CreateSequence { name, .. } => Some(name),
        Action::CreateRoutine(create) => Some(&create.name),
        _ => None,
    }
}

/// The statements of a text, each with what it does.
pub(super) fn operations(text: &str) -> Vec<(Span, Vec<Operation>)> {
    let whole = Span::new(0, text.len() as u32);
    let mut tokens = Vec::new();
    split(text, whole, SplitOptions::default())
        .statements
        .iter()
        .map(|raw| {
            let statement = operation::read(text, raw, &mut tokens);
            (statement.span, statement.operations)
        })
        .collect()
}

/// The way back from `up`, which runs on what `setup` leaves behind, and what
/// would still differ after it.
pub fn of_text(setup: &str, up: &str, dialect: Dialect) -> (WayBack, Vec<String>) {
    let mut schema = Schema::on(dialect.named.then_some(dialect.version));
    for (_, list) in operations(setup) {
        list.iter().for_each(|operation| {
            schema.apply(operation, 0);
        });
    }
    schema.begin_migration(1, false);
    let statements = operations(up);
    let plan: Vec<Planned<'_>> = statements
        .iter()
        .enumerate()
        .flat_map(|(number, (span, list))| {
            list.iter().map(move |operation| Planned {
                operation,
                siblings: list,
                source: 0,
                statement: number as u32,
                statement_span: *span,
                part: 0,
                called: false,
            })
        })
        .collect();
    let back = way_back(&plan, &mut schema, dialect, |planned| {
        planned.statement_span.of(up)
    });
    let start = schema.mark();
    let mut decisions = Decisions::default();
    for planned in &plan {
        let settled = decisions.settle(planned, &schema);
        schema.apply(settled.as_ref().unwrap_or(planned.operation), 0);
    }
    let created = schema.begin_down();
    for statement in back.statements() {
        for (_, list) in operations(statement) {
            for operation in &list {
                schema.apply(operation, 0);
            }
        }
    }
    let between = Between {
        created: created.own,
        ..Between::default()
    };
    let left = inverse::differences(&schema, start, &between).list;
    (back, left)
}
