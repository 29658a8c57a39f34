//! What an expression cannot hold where it stands: subqueries, aggregates,
//! window functions and functions that return several rows
//! (`EXPR_KIND_*` in the server's `parse_agg.c`, `parse_func.c` and
//! `parse_expr.c`; place_*).

use crate::operation::query::by_call;
use crate::statement::lexer::{Token, TokenKind};
use crate::text::holds;

use super::Work;
use super::expr::{Tokens, is_word};

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Check,
    Default,
    Generated,
    Index,
    /// The condition of an index.
    Predicate,
    Policy,
    /// The condition of a trigger.
    When,
    /// USING of a new type.
    Transform,
    PartitionKey,
    Where,
    /// What an UPDATE sets.
    Set,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Place::Check => "a CHECK",
            Place::Default => "a default",
            Place::Generated => "a generated column",
            Place::Index => "an index",
            Place::Predicate => "the condition of an index",
            Place::Policy => "a policy",
            Place::When => "the condition of a trigger",
            Place::Transform => "USING",
            Place::PartitionKey => "a partition key",
            Place::Where => "WHERE",
            Place::Set => "SET",
        }
    }

    fn takes_subqueries(self) -> bool {
        matches!(self, Place::Policy | Place::Where | Place::Set)
    }
}

impl Work<'_> {
    pub(super) fn check_place_of(&mut self, text: &str, place: Place) {
        // All that is looked for is behind a parenthesis, or before one.
        if !text.contains('(') && !holds(text, "select") {
            return;
        }
        let tokens = Tokens::of(text);
        let list = &tokens.list;
        let queries = |pair: &[Token]| match pair[1].kind {
            TokenKind::OpenParen => is_word(pair[0], text, "VALUES"),
            _ => {
                let mut begins = ["SELECT", "WITH"].iter();
                pair[0].kind == TokenKind::OpenParen && begins.any(|w| is_word(pair[1], text, w))
            }
        };
        let whole = list.first().is_some_and(|t| is_word(*t, text, "SELECT"));
        if whole || list.windows(2).any(queries) {
            if !place.takes_subqueries() {
                self.refuse(format!("{} cannot hold a subquery", place.name()));
            }
            // An aggregate in there may be its own.
            return;
        }
        for (n, pair) in list.windows(2).enumerate() {
            let [call, open] = pair else { continue };
            let qualified =
                n > 0 && matches!(list[n - 1].kind, TokenKind::Dot | TokenKind::DoubleColon);
            if call.kind != TokenKind::Word || open.kind != TokenKind::OpenParen || qualified {
                continue;
            }
            let word = call.span.of(text).to_ascii_lowercase();
            let end = tokens.end_of(n + 1);
            let windowed = list.get(end + 1).is_some_and(|t| is_word(*t, text, "OVER"));
            let Some(what) = by_call(&word, windowed) else {
                continue;
            };
            if !self.schema.has_routine(&word) {
                let place = place.name();
                self.refuse(format!("{place} cannot hold {what}, which `{word}` is"));
            }
        }
    }
}
