//! Which CHECK constraints prove to the server that a column holds no NULL, so
//! that SET NOT NULL and ADD PRIMARY KEY need not look at the rows.

use crate::operation::{Action, Constraint, ConstraintKind};
use crate::schema::{Table, TableConstraint};
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::expr::{Tokens, conjuncts, disjuncts, group_end, is_name, is_word, strip};

/// Does a CHECK of this text prove that the column holds no NULL?
///
/// `a IS NOT NULL`, also as a part of an AND, `NOT (a IS NULL)` and `a IS
/// DISTINCT FROM NULL` do; `a > 0`, OR and functions do not
/// (set_not_null_check_*).
pub(super) fn proves(text: &str, column: &str) -> bool {
    let tokens = Tokens::of(text);
    conjuncts(&tokens.list, text)
        .into_iter()
        .any(|part| term(part, text, column))
}

fn words(tokens: &[Token], text: &str, words: &[&str]) -> bool {
    tokens.len() == words.len()
        && tokens
            .iter()
            .zip(words)
            .all(|(token, word)| is_word(*token, text, word))
}

fn term(tokens: &[Token], text: &str, column: &str) -> bool {
    if let [not, rest @ ..] = tokens
        && is_word(*not, text, "NOT")
    {
        let inner = strip(rest);
        let is_null = |part: &[Token]| {
            column_then(strip(part), text, column).is_some_and(|rest| {
                words(rest, text, &["IS", "NULL"]) || words(rest, text, &["ISNULL"])
            })
        };
        // NOT (a OR b) is NOT a AND NOT b.
        let several = inner.len() < rest.len();
        return is_null(inner) || several && disjuncts(inner, text).into_iter().any(is_null);
    }
    if row_is_not_null(tokens, text, column) {
        return true;
    }
    column_then(tokens, text, column).is_some_and(|rest| {
        words(rest, text, &["IS", "NOT", "NULL"])
            || words(rest, text, &["NOTNULL"])
            || words(rest, text, &["IS", "DISTINCT", "FROM", "NULL"])
    })
}

/// `(a, b) IS NOT NULL` and `ROW (a, b) IS NOT NULL`: every field is not NULL.
fn row_is_not_null(tokens: &[Token], text: &str, column: &str) -> bool {
    let group = match tokens {
        [row, group @ ..] if is_word(*row, text, "ROW") => group,
        group => group,
    };
    if group.first().map(|token| token.kind) != Some(TokenKind::OpenParen) {
        return false;
    }
    let end = group_end(group, 0);
    words(&group[end + 1..], text, &["IS", "NOT", "NULL"])
        && group[1..end.max(1)]
            .split(|token| token.kind == TokenKind::Comma)
            .any(|field| matches!(field, [name] if is_name(*name, text, column)))
}

/// What follows the column, where the tokens begin with it.
fn column_then<'t>(tokens: &'t [Token], text: &str, column: &str) -> Option<&'t [Token]> {
    let first = tokens.first()?;
    if first.kind == TokenKind::OpenParen {
        let end = group_end(tokens, 0);
        let inner = strip(tokens.get(..=end)?);
        return (inner.len() == 1 && is_name(inner[0], text, column)).then(|| &tokens[end + 1..]);
    }
    is_name(*first, text, column).then(|| &tokens[1..])
}

impl Work<'_> {
    /// Do the valid constraints of the table, as they were before the
    /// statement, prove that the column holds no NULL?
    pub(super) fn proven_not_null(&self, table: &Table, column: &str) -> bool {
        table
            .constraints
            .iter()
            .any(|c| self.proves_not_null(c, column))
    }

    /// Do they prove it for those that inherit from the table as well
    /// (set_not_null_check_no_inherit)?
    pub(super) fn proven_below(&self, table: &Table, column: &str) -> bool {
        let mut inherited = table.constraints.iter();
        inherited.any(|c| !c.definition.no_inherit && self.proves_not_null(c, column))
    }

    fn proves_not_null(&self, constraint: &TableConstraint, column: &str) -> bool {
        constraint.validated
            && !constraint.definition.not_enforced
            && self.stands_before_and_after(&constraint.name)
            && matches!(&constraint.definition, Constraint { kind: ConstraintKind::Check(check), .. }
                if proves(&check.text, column))
    }

    /// A constraint that the same ALTER TABLE adds, validates or drops proves
    /// nothing (set_not_null_and_drop_check_same_alter).
    pub(super) fn stands_before_and_after(&self, name: &str) -> bool {
        !self.siblings().any(|action| match action {
            Action::DropConstraint { name: n, .. } | Action::ValidateConstraint { name: n, .. } => {
                n.name == name
            }
            Action::AddConstraint { constraint, .. } => {
                constraint.name.as_ref().is_some_and(|n| n.name == name)
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::proves;

    #[test]
    fn what_proves_and_what_does_not() {
        for text in [
            "a IS NOT NULL",
            "(a is not null)",
            "NOT (a IS NULL)",
            "NOT a IS NULL",
            "a IS DISTINCT FROM NULL",
            "b > 0 AND (a IS NOT NULL AND c > 0)",
            "((a) IS NOT NULL)",
            r#""a" IS NOT NULL"#,
            "NOT (a IS NULL OR b IS NULL)",
            "(b, a) IS NOT NULL",
            "ROW(a, b) IS NOT NULL AND c > 0",
        ] {
            assert!(proves(text, "a"), "{text}");
        }
        for text in [
            "a > 0",
            "a IS NOT NULL OR b IS NOT NULL",
            "num_nonnulls(a) = 1",
            "coalesce(a, '') <> ''",
            "b IS NOT NULL",
            "NOT (a IS NULL AND b IS NULL)",
            "NOT a IS NULL OR b IS NULL",
            "NOT (a, b) IS NULL",
            "(a + 1, b) IS NOT NULL",
            "a IS NOT NULL = false",
            "",
            "((((",
            "AND AND",
        ] {
            assert!(!proves(text, "a"), "{text}");
        }
    }
}
