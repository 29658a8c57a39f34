//! What was found out about each statement, for those who ask.

use smol_str::SmolStr;

use crate::effect::{Effect, Ground, Refusal};
use crate::inverse::Inverse;
use crate::operation::Action;
use crate::report::{Direction, OperationReport, StatementReport};
use crate::rule::Step;
use crate::verdict::Verdict;

/// The steps of a script, put together by statement.
pub fn statements(steps: &[Step<'_>], direction: Direction) -> Vec<StatementReport> {
    let of_one = |a: &Step<'_>, b: &Step<'_>| a.statement == b.statement;
    steps
        .chunk_by(of_one)
        .filter_map(|steps| {
            let first = steps.first()?;
            let mut report = StatementReport {
                source: first.source,
                span: first.statement_span,
                direction,
                operations: Vec::with_capacity(steps.len()),
                effect: Effect::default(),
                fails: failure(steps),
                verdict: Verdict::default(),
                undo: Inverse::default(),
            };
            for step in steps {
                report.operations.push(operation(step));
                report.effect.join(&step.effect);
                report.verdict = report.verdict.and(step.verdict);
                if let Some(inverse) = &step.inverse {
                    report.undo = report.undo.after((**inverse).clone());
                }
            }
            Some(report)
        })
        .collect()
}

fn operation(step: &Step<'_>) -> OperationReport {
    let action = &step.operation.action;
    OperationReport {
        kind: action.name(),
        subject: action.subject(),
        unread: match action {
            Action::Opaque { why, .. } | Action::Unparsed { why } => Some(why.clone()),
            _ => None,
        },
    }
}

/// The first reason that holds for certain, or the first that rows decide.
/// What a block only does under a condition may not come to it.
fn failure(steps: &[Step<'_>]) -> Option<Refusal> {
    let runs = |step: &&Step<'_>| !step.operation.within.conditional;
    let mut failures = steps.iter().filter(runs).flat_map(failures_of);
    let first = failures.next()?;
    if first.certain {
        return Some(first);
    }
    Some(failures.find(|failure| failure.certain).unwrap_or(first))
}

fn failures_of(step: &Step<'_>) -> impl Iterator<Item = Refusal> {
    let certain = |why: SmolStr| Refusal {
        why,
        on_rows: false,
        certain: true,
        ground: Ground::Seen,
    };
    let in_transaction = step.run.transaction.is_some() && !step.operation.within.block;
    let forbidden = step.effect.forbidden_in_transaction;
    let forbidden = forbidden.filter(|_| in_transaction);
    let forbidden =
        forbidden.map(|command| format!("{command} cannot run inside a transaction block"));
    let conflict = step.conflict.clone().filter(|why| !why.is_empty());
    let refused = step.effect.refusal.clone();
    [
        refused,
        forbidden.map(|why| certain(why.into())),
        conflict.map(|why| certain((*why).into())),
    ]
    .into_iter()
    .flatten()
}
