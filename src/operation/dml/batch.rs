//! An UPDATE of the rows that a query picks by their key:
//! `WITH batch AS (SELECT id FROM t WHERE …) UPDATE t … FROM batch WHERE t.id = batch.id`.

use super::super::reader::inside;
use super::assign::IsOwn;
use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{Token, TokenKind, tokens_into};

/// Columns of which one value means one row, whatever the table.
const KEYS: &[&str] = &["id", "ctid", "uuid"];

/// The query that picks the rows, where the condition joins it by the key.
pub fn picked<'a>(
    condition: &Cursor<'_>,
    from: &'a str,
    with: Option<&'a str>,
    is_own: IsOwn<'_>,
) -> Option<&'a str> {
    let alias = joined(condition, is_own)?;
    let tokens = tokens(from);
    let mut cursor = Cursor::new(from, &tokens);
    if let Some(group) = cursor.group() {
        cursor.eat_word("AS");
        let name = cursor.ident()?.name;
        return (name == alias).then(|| inside(group, from).of(from));
    }
    let name = cursor.ident()?.name;
    cursor.eat_word("AS");
    let shown = cursor.ident().map_or_else(|| name, |i| i.name);
    (shown == alias && cursor.done())
        .then(|| common_table(with?, &name))
        .flatten()
}

/// The other side of `own.id = other.id`, beside ANDs alone.
fn joined(condition: &Cursor<'_>, is_own: IsOwn<'_>) -> Option<Name> {
    let mut c = condition.clone();
    let mut found = None;
    c.eat_word("WHERE");
    while !c.done() && !c.at_word("RETURNING") {
        if c.at_any(&["OR", "NOT"]) {
            return None;
        }
        let mark = c.mark();
        match equality(&mut c) {
            Some((left, right)) => {
                let other = match (is_own(&left), is_own(&right)) {
                    (true, false) => Some(right),
                    (false, true) => Some(left),
                    _ => None,
                };
                found = found.or(other);
            }
            None => {
                c.back_to(mark);
                c.bump();
            }
        }
    }
    found
}

/// `a.id = b.id`
fn equality(c: &mut Cursor<'_>) -> Option<(Name, Name)> {
    let (left, column) = member(c)?;
    c.eat_operator("=").then_some(())?;
    let (right, other) = member(c)?;
    (column == other && KEYS.contains(&column.as_str())).then_some((left, right))
}

/// `table.column`
fn member(c: &mut Cursor<'_>) -> Option<(Name, Name)> {
    let table = c.ident()?.name;
    c.eat(TokenKind::Dot).then_some(())?;
    Some((table, c.ident()?.name))
}

/// The query of a WITH by its name.
fn common_table<'a>(with: &'a str, name: &str) -> Option<&'a str> {
    let tokens = tokens(with);
    let mut cursor = Cursor::new(with, &tokens);
    cursor.eat_word("WITH");
    cursor.eat_word("RECURSIVE");
    loop {
        let own = cursor.ident()?.name;
        cursor.group();
        cursor.eat_word("AS").then_some(())?;
        cursor.eat_word("NOT");
        cursor.eat_word("MATERIALIZED");
        let group = cursor.group()?;
        if own == name {
            return Some(inside(group, with).of(with));
        }
        cursor.eat(TokenKind::Comma).then_some(())?;
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    tokens
}
