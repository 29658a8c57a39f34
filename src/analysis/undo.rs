//! What undoes a script, statement by statement.

use super::decide::Decisions;
use super::script::Planned;
use crate::dialect::Dialect;
use crate::effect::{self, postgres};
use crate::inverse::{self, Between, Inverse, Step, WayBack};
use crate::operation::{self, Action, Operation};
use crate::rule::subject;
use crate::schema::Schema;
use crate::source::Span;
use crate::statement::{SplitOptions, split};

/// The way back from `plan`, which begins at the schema as it is; the schema
/// is left as it was.
pub(super) fn way_back(plan: &[Planned<'_>], schema: &mut Schema, dialect: Dialect) -> WayBack {
    let mut back = WayBack::default();
    let start = schema.mark();
    let mut decisions = Decisions::default();
    for planned in plan {
        let settled = decisions.settle(planned, schema);
        let operation = settled.as_ref().unwrap_or(planned.operation);
        if !goes_with_its_table(&operation.action, schema) {
            let effect = postgres::effect(&effect::Scene {
                operation,
                siblings: planned.siblings,
                schema,
                version: dialect.version,
            });
            let inverse = inverse::inverse(operation, planned.source, schema, &effect);
            back.kind = back.kind.max(inverse.kind);
            if inverse != Inverse::default() {
                back.steps.push(Step {
                    source: planned.source,
                    span: planned.statement_span,
                    inverse,
                });
            }
        }
        schema.apply(operation, planned.source);
    }
    schema.roll_back(start);
    back.steps.reverse();
    back
}

/// What is done to a table of the same script is undone with the table.
fn goes_with_its_table(action: &Action, schema: &Schema) -> bool {
    let name = match action {
        Action::Drop { .. } | Action::Rename { .. } | Action::SetSchema { .. } => return false,
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
    name.is_some_and(|name| {
        let key = schema.resolve(name);
        schema.is_created_now(&key) && schema.table_by_key(&key).is_some()
    })
}

/// The operations of a text, each with its statement.
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
    let back = way_back(&plan, &mut schema, dialect);
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
