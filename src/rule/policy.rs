//! What policies of row level security let through, by their words.

use super::same_condition;
use crate::operation::{Expr, PolicyClauses};
use crate::source::Span;
use crate::statement::lexer::{Token, TokenKind, strip, tokens_into};

/// Does it let every row through, whoever asks?
pub fn lets_all(clauses: &PolicyClauses) -> bool {
    let mut conditions = clauses.conditions().peekable();
    conditions.peek().is_some() && conditions.all(|c| is_true(&c.text)) && is_for_all(clauses)
}

/// Does one permissive policy let everything through that another does?
pub fn covers(one: &PolicyClauses, other: &PolicyClauses) -> bool {
    let command = one.command.is_empty() || one.command == other.command;
    !one.restrictive && command && !lets_less(other, &as_if(one, other))
}

/// The clauses of one with the command of another.
fn as_if(one: &PolicyClauses, of: &PolicyClauses) -> PolicyClauses {
    PolicyClauses {
        command: of.command,
        restrictive: of.restrictive,
        ..one.clone()
    }
}

/// May a policy let less through after a change? Not where its conditions are
/// seen to be wider, or the same.
pub fn lets_less(before: &PolicyClauses, after: &PolicyClauses) -> bool {
    let bound = match before.restrictive {
        true => !is_role_of(after, before),
        false => !is_role_of(before, after),
    };
    let ([using, check], [new_using, new_check]) = (asked(before), asked(after));
    bound || !is_wider(using, new_using) || !is_wider(check, new_check)
}

/// The conditions on the rows that are there, and on those that are written.
fn asked(clauses: &PolicyClauses) -> [Option<&Expr>; 2] {
    let (using, check) = (clauses.using.as_ref(), clauses.check.as_ref());
    match clauses.command.as_str() {
        "select" | "delete" => [using, None],
        "insert" => [None, check],
        _ => [using, check.or(using)],
    }
}

fn is_for_all(clauses: &PolicyClauses) -> bool {
    clauses.roles.is_empty() || clauses.roles.iter().any(|role| role == "public")
}

/// Is each role of one among those of the other?
fn is_role_of(one: &PolicyClauses, other: &PolicyClauses) -> bool {
    is_for_all(other) || !is_for_all(one) && one.roles.iter().all(|role| other.roles.contains(role))
}

/// Does every row that meets the one condition meet the other too, as far as
/// their terms show?
fn is_wider(before: Option<&Expr>, after: Option<&Expr>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return before.is_none() == after.is_none() || after.is_some_and(|a| is_true(&a.text));
    };
    let all_in = |some: Vec<&str>, of: Vec<&str>| {
        let is_in = |one: &&str| of.iter().any(|other| same_condition(one, other));
        some.iter().all(is_in)
    };
    let (before, after) = (before.text.as_ref(), after.text.as_ref());
    is_true(after)
        || before.trim().eq_ignore_ascii_case("false")
        || same_condition(before, after)
        || all_in(terms(before, "OR", ""), terms(after, "OR", ""))
        || all_in(terms(after, "AND", "OR"), terms(before, "AND", "OR"))
}

fn is_true(condition: &str) -> bool {
    let bare = condition.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    bare.eq_ignore_ascii_case("true")
}

/// The terms between a word that stands in no parentheses; one where another
/// word, which binds less, stands beside it, or a BETWEEN has an AND of its own.
fn terms<'t>(condition: &'t str, word: &str, looser: &str) -> Vec<&'t str> {
    let mut tokens = Vec::new();
    tokens_into(condition, Span::new(0, condition.len() as u32), &mut tokens);
    let list = strip(&tokens);
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    let text = |part: &[Token]| match part {
        [first, .., last] => Some(first.span.to(last.span).of(condition)),
        [one] => Some(one.span.of(condition)),
        [] => None,
    };
    for (n, token) in list.iter().enumerate() {
        match token.kind {
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth -= 1,
            _ if depth > 0 => {}
            _ if ["BETWEEN", "CASE", looser]
                .iter()
                .any(|w| token.is_word(condition, w)) =>
            {
                return text(list).into_iter().collect();
            }
            _ if token.is_word(condition, word) => {
                found.extend(text(&list[start..n]));
                start = n + 1;
            }
            _ => {}
        }
    }
    found.extend(text(&list[start..]));
    found
}
