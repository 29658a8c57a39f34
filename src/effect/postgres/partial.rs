//! Which queries and conditions read some rows of a table only.

use crate::schema::Table;
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::expr::{Tokens, conjuncts, is_name, is_word};
use super::query::Source;
use super::term::alternatives;

impl Work<'_> {
    /// Does a query of one table, all of whose text this is, read some rows
    /// only?
    pub(super) fn reads_partly(&self, table: &Table, source: &Source, tokens: &Tokens<'_>) -> bool {
        let text = tokens.text;
        let has = |word: &str| tokens.list.iter().any(|t| is_word(*t, text, word));
        let first_rows = has("LIMIT")
            && ![
                "WHERE", "ORDER", "GROUP", "DISTINCT", "OVER", "UNION", "HAVING",
            ]
            .iter()
            .any(|word| has(word));
        first_rows
            || self.takes_end(table, tokens)
            || condition_on(source, tokens)
                .is_some_and(|condition| self.compares_indexed(table, condition, text))
    }

    /// `SELECT max(id) FROM t`, which an index answers.
    fn takes_end(&self, table: &Table, tokens: &Tokens<'_>) -> bool {
        let text = tokens.text;
        let leads = |column: Token| {
            let mut indexes = self.indexes_by_key(table);
            indexes.any(|index| {
                let first = index.columns.first();
                index.predicate.is_none()
                    && index.method == "btree"
                    && first.is_some_and(|first| is_name(column, text, first))
            })
        };
        let filtered = ["WHERE", "GROUP", "HAVING"]
            .iter()
            .any(|word| tokens.list.iter().any(|t| is_word(*t, text, word)));
        !filtered
            && tokens.list.windows(5).any(|w| {
                (is_word(w[0], text, "max") || is_word(w[0], text, "min"))
                    && w[1].kind == TokenKind::OpenParen
                    && w[3].kind == TokenKind::CloseParen
                    && is_word(w[4], text, "FROM")
                    && leads(w[2])
            })
    }

    /// Does a condition, which may stand behind WHERE, compare the first column of an
    /// index with a constant? Then only some rows are read.
    pub(super) fn filtered_by_index(&self, table: &Table, text: &str) -> bool {
        let tokens = Tokens::of(text);
        let start = tokens
            .list
            .iter()
            .position(|t| is_word(*t, text, "WHERE"))
            .map_or(0, |n| n + 1);
        self.compares_indexed(table, &tokens.list[start..], text)
    }

    fn compares_indexed(&self, table: &Table, condition: &[Token], text: &str) -> bool {
        let leads = |column: Token| {
            let mut indexes = self.indexes_by_key(table);
            indexes.any(|index| {
                let first = index.columns.first();
                index.predicate.is_none() && first.is_some_and(|first| is_name(column, text, first))
            })
        };
        let mut terms = conjuncts(condition, text).into_iter();
        terms.any(|term| compared_with_values(term, text).is_some_and(leads))
    }
}

/// What WHERE says behind a relation of its FROM.
fn condition_on<'t>(source: &Source, tokens: &'t Tokens<'_>) -> Option<&'t [Token]> {
    const BEHIND: &[&str] = &[
        "GROUP",
        "HAVING",
        "WINDOW",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "FOR",
        "RETURNING",
    ];
    let (list, text) = (&tokens.list, tokens.text);
    let mut at = source.at;
    let mut from = None;
    while let Some(token) = list.get(at) {
        match token.kind {
            TokenKind::OpenParen => at = tokens.end_of(at),
            TokenKind::CloseParen | TokenKind::Semicolon => break,
            TokenKind::Word if from.is_none() && is_word(*token, text, "WHERE") => {
                from = Some(at + 1);
            }
            TokenKind::Word if BEHIND.iter().any(|word| is_word(*token, text, word)) => break,
            _ => {}
        }
        at += 1;
    }
    list.get(from?..at.min(list.len()))
}

/// Is it asked whether there is a row with a value: `EXISTS (SELECT … FROM source
/// WHERE column = value)`?
pub(super) fn is_probed(source: &Source, tokens: &Tokens<'_>) -> bool {
    let (list, text) = (&tokens.list, tokens.text);
    let asks =
        |pair: &[Token]| is_word(pair[0], text, "EXISTS") && pair[1].kind == TokenKind::OpenParen;
    let mut starts = list.windows(2).enumerate().filter(|(_, pair)| asks(pair));
    let is_within = starts.any(|(n, _)| n < source.at && source.at < tokens.end_of(n + 1));
    is_within
        && condition_on(source, tokens).is_some_and(|condition| {
            let mut terms = conjuncts(condition, text).into_iter();
            terms.any(|term| compared_with_values(term, text).is_some())
        })
}

/// The column in `column = value`, `table.column IN (value, …)`,
/// `column = ANY ('{…}')`.
fn compared_with_values(term: &[Token], text: &str) -> Option<Token> {
    let is_column = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
    let (column, rest) = match term {
        [of, dot, column, rest @ ..] if is_column(of) && dot.kind == TokenKind::Dot => {
            (column, rest)
        }
        [column, rest @ ..] => (column, rest),
        [] => return None,
    };
    let is_given = match rest {
        [equal, value] if value.kind == TokenKind::Parameter => equal.span.of(text) == "=",
        rest => alternatives(rest, text).is_some(),
    };
    (is_given && is_column(column)).then_some(*column)
}
