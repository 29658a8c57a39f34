//! Prepared statements: EXECUTE does what PREPARE was given.

use rustc_hash::FxHashMap;

use super::{Action, Operation, Statement, read};
use crate::name::Name;
use crate::source::Span;
use crate::statement::lexer::{TokenKind, tokens_into};
use crate::statement::{Cursor, SplitOptions, split};
use crate::text::holds;

/// How many operations are put in the place of EXECUTEs.
const MOST: usize = 1_000;

/// Puts what is prepared into the place where it is executed, among the
/// statements of one script.
pub fn follow(text: &str, statements: &mut [Statement]) {
    let is_opaque = |statement: &Statement| {
        matches!(
            statement.operations.as_slice(),
            [Operation {
                action: Action::Opaque { .. },
                ..
            }]
        )
    };
    if !statements.iter().any(is_opaque) {
        return;
    }
    let mut prepared: FxHashMap<Name, Vec<Operation>> = FxHashMap::default();
    let mut left = MOST;
    for statement in statements {
        let source = statement.span.of(text);
        if begins(source, "prepare") {
            if let Some((name, span)) = prepare(text, statement.span) {
                prepared.insert(name, operations(text, span));
            }
        } else if is_opaque(statement)
            && begins(source, "execute")
            && let Some(known) = executed(source).and_then(|name| prepared.get(&name))
            && !known.is_empty()
            && known.len() <= left
        {
            left -= known.len();
            let call = statement.operations[0].clone();
            let runs = |operation: &Operation| Operation {
                place: call.place,
                clause: call.clause,
                within: call.within.clone(),
                ..operation.clone()
            };
            statement.operations = known.iter().map(runs).collect();
        }
    }
}

fn begins(source: &str, word: &str) -> bool {
    source
        .get(..word.len())
        .is_some_and(|head| holds(head, word))
}

/// `PREPARE name [(types)] AS statement`
fn prepare(text: &str, whole: Span) -> Option<(Name, Span)> {
    let mut tokens = Vec::new();
    tokens_into(text, whole, &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    cursor.eat_word("PREPARE");
    let name = cursor.ident()?.name;
    cursor.group();
    cursor.eat_word("AS").then_some(())?;
    cursor.rest().map(|span| (name, span))
}

/// `EXECUTE name`
fn executed(source: &str) -> Option<Name> {
    let mut tokens = Vec::new();
    tokens_into(source, Span::new(0, source.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(source, &tokens);
    cursor.eat_word("EXECUTE");
    let name = cursor.ident()?.name;
    (cursor.done() || cursor.at_kind(TokenKind::OpenParen)).then_some(name)
}

fn operations(text: &str, span: Span) -> Vec<Operation> {
    let mut tokens = Vec::new();
    let statements = split(text, span, SplitOptions::default()).statements;
    let statements = statements.iter().map(|raw| read(text, raw, &mut tokens));
    statements
        .flat_map(|statement| statement.operations)
        .collect()
}
