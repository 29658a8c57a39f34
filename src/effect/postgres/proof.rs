//! Does what is known of the rows of a table prove a condition?
//!
//! As `predicate_implied_by` in the server's `predtest.c` does it, with what it
//! knows of comparisons with constants: a condition that says more than another
//! in a way that needs thinking proves nothing.

use crate::name::Name;
use crate::statement::lexer::{Token, TokenKind};

use super::expr::{Tokens, conjuncts, disjuncts, is_name, is_word, strip};
use super::term::{alternatives, at_least, between, comparison, constant, constants, differ, less};

/// A condition on columns.
#[derive(Debug)]
pub(super) enum Formula {
    All(Vec<Formula>),
    Any(Vec<Formula>),
    Is(Name, Test),
    Unknown,
}

#[derive(Debug)]
pub(super) enum Test {
    Null,
    NotNull,
    Compare(&'static str, String),
}

/// Longer lists are not taken apart (`MAX_SAOP_ARRAY_SIZE`).
const LONGEST_LIST: usize = 100;

/// Conditions in conditions are looked into this deep.
const DEEPEST: u8 = 12;

/// Comparisons of one condition with another, before it is given up.
const PATIENCE: u32 = 100_000;

impl Formula {
    /// Reads a condition, as far as it is one on these columns.
    pub(super) fn read(text: &str, columns: &[Name]) -> Self {
        part(&Tokens::of(text).list, text, columns, DEEPEST)
    }

    pub(super) fn not_null(column: Name) -> Self {
        Self::Is(column, Test::NotNull)
    }

    pub(super) fn is_null(column: Name) -> Self {
        Self::Is(column, Test::Null)
    }

    pub(super) fn compare(column: Name, operator: &'static str, value: String) -> Self {
        Self::Is(column, Test::Compare(operator, value))
    }

    pub(super) fn one_of(column: &Name, values: Vec<String>) -> Self {
        if values.len() > LONGEST_LIST {
            return Self::Unknown;
        }
        let equal = |value| Self::compare(*column, "=", value);
        Self::Any(values.into_iter().map(equal).collect())
    }

    pub(super) fn negated(self) -> Self {
        let each = |parts: Vec<Self>| parts.into_iter().map(Self::negated).collect();
        match self {
            Self::All(parts) => Self::Any(each(parts)),
            Self::Any(parts) => Self::All(each(parts)),
            Self::Is(column, test) => Self::Is(column, test.negated()),
            Self::Unknown => Self::Unknown,
        }
    }

    /// Does it prove the other one?
    pub(super) fn implies(&self, wanted: &Self) -> bool {
        self.proves(wanted, &mut PATIENCE.clone())
    }

    fn proves(&self, wanted: &Self, patience: &mut u32) -> bool {
        if *patience == 0 {
            return false;
        }
        *patience -= 1;
        match (self, wanted) {
            (_, Self::All(wanted)) => wanted.iter().all(|w| self.proves(w, patience)),
            (Self::All(known), Self::Any(any)) => {
                any.iter().any(|w| self.proves(w, patience))
                    || known.iter().any(|k| k.proves(wanted, patience))
            }
            (Self::All(known), _) => known.iter().any(|k| k.proves(wanted, patience)),
            (Self::Any(known), Self::Any(any)) => known
                .iter()
                .all(|k| any.iter().any(|w| k.proves(w, patience))),
            (Self::Any(known), _) => known.iter().all(|k| k.proves(wanted, patience)),
            (_, Self::Any(any)) => any.iter().any(|w| self.proves(w, patience)),
            (Self::Is(column, known), Self::Is(other, wanted)) => {
                column == other && known.proves(wanted)
            }
            _ => false,
        }
    }
}

impl Test {
    fn negated(self) -> Self {
        let operator = |operator| match operator {
            "=" => "<>",
            "<>" => "=",
            "<" => ">=",
            "<=" => ">",
            ">" => "<=",
            _ => "<",
        };
        match self {
            Self::Null => Self::NotNull,
            Self::NotNull => Self::Null,
            Self::Compare(own, value) => Self::Compare(operator(own), value),
        }
    }

    fn proves(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Null, Self::Null) | (Self::NotNull, Self::NotNull) => true,
            (Self::Compare(operator, value), Self::Compare(wanted, end)) => {
                match (*operator, *wanted) {
                    ("=", "=") => at_least(value, end) && at_least(end, value),
                    (">" | ">=" | "=", ">=") | (">", ">") => at_least(value, end),
                    (">=" | "=", ">") => less(end, value),
                    ("<" | "<=" | "=", "<=") | ("<", "<") => at_least(end, value),
                    ("<=" | "=", "<") => less(value, end),
                    ("<>", "<>") => at_least(value, end) && at_least(end, value),
                    ("<", "<>") => at_least(end, value),
                    ("<=", "<>") => less(value, end),
                    (">", "<>") => at_least(value, end),
                    (">=", "<>") => less(end, value),
                    ("=", "<>") => differ(value, end),
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

fn part(list: &[Token], text: &str, columns: &[Name], depth: u8) -> Formula {
    if depth == 0 {
        return Formula::Unknown;
    }
    let below = |part: &[Token]| self::part(part, text, columns, depth - 1);
    if let [not, inner @ ..] = strip(list)
        && is_word(*not, text, "NOT")
        && strip(inner).len() < inner.len()
    {
        return below(inner).negated();
    }
    let terms = conjuncts(list, text);
    if let [term] = terms.as_slice() {
        let sides = disjuncts(term, text);
        return match sides.as_slice() {
            [_] => columns
                .iter()
                .find_map(|column| test(term, text, column))
                .unwrap_or(Formula::Unknown),
            sides => Formula::Any(sides.iter().map(|side| below(side)).collect()),
        };
    }
    Formula::All(terms.into_iter().map(below).collect())
}

fn test(term: &[Token], text: &str, column: &Name) -> Option<Formula> {
    if let [name, is, rest @ ..] = term
        && is_name(*name, text, column)
        && is_word(*is, text, "IS")
    {
        return match rest {
            [null] if is_word(*null, text, "NULL") => Some(Formula::is_null(*column)),
            [not, null] if is_word(*not, text, "NOT") && is_word(*null, text, "NULL") => {
                Some(Formula::not_null(*column))
            }
            _ => None,
        };
    }
    if let Some(values) = alternatives(term, text, column) {
        return Some(Formula::one_of(column, values));
    }
    if let [name, not, rest @ ..] = term
        && is_name(*name, text, column)
        && is_word(*not, text, "NOT")
        && let [word, list @ ..] = rest
        && is_word(*word, text, "IN")
    {
        let values = constants(strip(list), text)?;
        return Some(Formula::one_of(column, values).negated());
    }
    let compared = |c: super::term::Comparison| Formula::compare(*column, c.operator, c.value);
    if let Some(ends) = between(term, text, column) {
        return Some(Formula::All(ends.map(compared).into()));
    }
    comparison(term, text, column)
        .map(compared)
        .or_else(|| turned(term, text, column))
}

/// `constant operator column`.
fn turned(term: &[Token], text: &str, column: &Name) -> Option<Formula> {
    let [value @ .., operator, name] = term else {
        return None;
    };
    let operator = match operator.span.of(text) {
        "=" => "=",
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        "<>" | "!=" => "<>",
        _ => return None,
    };
    if !is_name(*name, text, column) || operator_in(value) {
        return None;
    }
    constant(value, text).map(|value| Formula::compare(*column, operator, value))
}

fn operator_in(tokens: &[Token]) -> bool {
    tokens
        .iter()
        .skip(1)
        .any(|token| token.kind == TokenKind::Operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proves(known: &str, wanted: &str) -> bool {
        let columns = ["k".into(), "m".into()];
        Formula::read(known, &columns).implies(&Formula::read(wanted, &columns))
    }

    #[test]
    fn conditions_prove_what_the_server_takes_for_proven() {
        for (known, wanted) in [
            ("k = 'a' OR k = 'b'", "k IN ('a', 'b', 'c')"),
            ("'a' = k OR (k = 'b')", "k IN ('a', 'b', 'c')"),
            ("k = ANY ('{a,b}'::text[])", "k IN ('a', 'b')"),
            ("k = ANY ('{1, 2}'::int[])", "k IN (1, 2)"),
            ("NOT (k <> 'a' OR e > 1)", "k = 'a'"),
            ("(k = 'a' AND e > 1) OR k = 'b'", "k IN ('a', 'b')"),
            ("k = ANY (ARRAY['b'::text])", "k IN ('a', 'b')"),
            (
                "k >= 2000 AND (k < 4000) AND k IS NOT NULL",
                "k >= 2000 AND k < 4000",
            ),
            ("((k BETWEEN 1 AND 3)) AND (e = 1)", "k >= 1 AND k < 4"),
            ("k IN (1, 2, 3)", "k >= 1 AND k < 4"),
            ("k = 1 AND m >= 7", "k > 1 OR (k = 1 AND m >= 7)"),
        ] {
            assert!(proves(known, wanted), "{known} does not prove {wanted}");
        }
        for (known, wanted) in [
            ("k = 'a' OR k = 'z'", "k IN ('a', 'b')"),
            ("k = 'a' OR e > 1", "k IN ('a', 'b')"),
            ("NOT k >= 1", "k >= 1"),
            // The server does not see through a list in an OR.
            ("k = 'a' OR k IN ('b', 'c')", "k IN ('a', 'b', 'c')"),
            ("k = ANY ('{a,\"b,c\"}'::text[])", "k IN ('a', 'b')"),
            ("k >= 1 OR k < 4", "k >= 1"),
            ("k > 'a'", "k IN ('a', 'b')"),
            ("k <= 4", "k < 4"),
            ("k = 1", "k > 1 OR (k = 1 AND m >= 7)"),
            ("k = 1", "k IS NOT NULL"),
            ("", "k = 1"),
        ] {
            assert!(!proves(known, wanted), "{known} proves {wanted}");
        }
    }
}
