//! What SET assigns, of an UPDATE and behind ON CONFLICT.

use rustc_hash::FxHashSet;

use super::super::Ident;
use super::super::reserved::{at_clause, at_reserved};
use crate::name::Name;
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

/// The columns on the left, and those of them that keep every value that is not
/// NULL, whatever rows are met.
pub struct Assigned {
    pub columns: Vec<Ident>,
    pub kept: Vec<Name>,
    /// Everything on the right is a constant.
    pub constant: bool,
    /// What should stand where reading had to stop.
    pub wanted: Option<&'static str>,
}

/// Is a name in front of a dot that of the table that is written?
pub type IsOwn<'n> = &'n dyn Fn(&str) -> bool;

/// Reads assignments up to the clause behind them.
pub fn assigned(cursor: &mut Cursor<'_>, is_own: IsOwn<'_>) -> Assigned {
    let mut assigned = Assigned {
        columns: Vec::new(),
        kept: Vec::new(),
        constant: true,
        wanted: None,
    };
    loop {
        assigned.wanted = assignment(cursor, is_own, &mut assigned).err();
        if assigned.wanted.is_some() || !cursor.eat(TokenKind::Comma) {
            return assigned;
        }
    }
}

/// `column = value`, `(a, b) = (…)`, with what should stand where it ends too early.
fn assignment(
    cursor: &mut Cursor<'_>,
    is_own: IsOwn<'_>,
    assigned: &mut Assigned,
) -> Result<(), &'static str> {
    let mut filled_in = false;
    if cursor.at_kind(TokenKind::OpenParen) {
        match cursor.ident_list() {
            Some(list) => assigned.columns.extend(list),
            None => _ = cursor.group(),
        }
        assigned.constant = false;
    } else {
        let column = match at_reserved(cursor) {
            true => None,
            false => cursor.ident(),
        };
        let column = column.ok_or("a column")?;
        if keeps(&mut cursor.clone(), &column.name, is_own) {
            assigned.kept.push(column.name);
        }
        filled_in = column.template;
        assigned.columns.push(column);
        assigned.constant &= is_constant(&mut cursor.clone());
        parts(cursor);
    }
    // A tool may fill in all of it.
    filled_in |= cursor.at_kind(TokenKind::Template);
    if !cursor.eat_operator("=") && !filled_in {
        return Err("`=`");
    }
    let value = cursor.skip_until(at_end);
    (value.is_some() || filled_in)
        .then_some(())
        .ok_or("a value")
}

/// `.b`, `[1]`: the part of a column that is written.
pub fn parts(cursor: &mut Cursor<'_>) {
    loop {
        let dot = cursor.eat(TokenKind::Dot) && cursor.ident().is_some();
        let element = cursor.at_kind(TokenKind::OpenBracket) && cursor.group().is_some();
        if !dot && !element {
            return;
        }
    }
}

/// Does an expression end here that stands in no parentheses?
pub fn at_end(c: &Cursor<'_>) -> bool {
    c.at_kind(TokenKind::Comma) || at_clause(c)
}

/// `IS DISTINCT FROM` is no FROM clause.
pub fn is_distinct_from(c: &Cursor<'_>) -> bool {
    let mut before = c.clone();
    before.back_to(c.mark().saturating_sub(1));
    c.at_word("FROM") && before.at_word("DISTINCT")
}

/// `= 'text'`, `= 1`, `= true`.
fn is_constant(c: &mut Cursor<'_>) -> bool {
    c.eat_operator("=") && eat_constant(c) && (c.done() || at_end(c))
}

fn eat_constant(c: &mut Cursor<'_>) -> bool {
    c.eat_any(&["TRUE", "FALSE", "NULL"]).is_some()
        || c.eat(TokenKind::Text)
        || c.eat(TokenKind::Number)
}

/// `WHERE column = constant AND …` and nothing else: the rows have a name.
pub fn names_rows(condition: &Cursor<'_>, is_own: IsOwn<'_>) -> bool {
    let mut c = condition.clone();
    let mut word = "WHERE";
    while c.eat_word(word) {
        if own_column(&mut c, is_own).is_none() || !c.eat_operator("=") || !eat_constant(&mut c) {
            return false;
        }
        word = "AND";
    }
    word == "AND" && c.done()
}

/// `= column`, `= COALESCE(column, …)` and
/// `= CASE WHEN column IS NULL THEN … ELSE column END`.
fn keeps(c: &mut Cursor<'_>, column: &str, is_own: IsOwn<'_>) -> bool {
    let kept = c.eat_operator("=")
        && match c.eat_any(&["COALESCE", "CASE"]) {
            Some("COALESCE") => {
                c.eat(TokenKind::OpenParen)
                    && eat_column(c, column, is_own)
                    && c.at_kind(TokenKind::Comma)
                    && c.skip_until(|_| false).is_some()
                    && c.eat(TokenKind::CloseParen)
            }
            Some(_) => {
                c.eat_word("WHEN")
                    && eat_column(c, column, is_own)
                    && c.eat_words(&["IS", "NULL", "THEN"])
                    && c.skip_until(|c| c.at_any(&["CASE", "WHEN", "ELSE", "END"]))
                        .is_some()
                    && c.eat_word("ELSE")
                    && eat_column(c, column, is_own)
                    && c.eat_word("END")
            }
            None => eat_column(c, column, is_own),
        };
    kept && (c.done() || at_end(c))
}

fn eat_column(c: &mut Cursor<'_>, column: &str, is_own: IsOwn<'_>) -> bool {
    own_column(c, is_own).is_some_and(|name| name == column)
}

/// `column` or `table.column`.
fn own_column(c: &mut Cursor<'_>, is_own: IsOwn<'_>) -> Option<Name> {
    let first = c.ident()?;
    match c.eat(TokenKind::Dot) {
        true => c.ident().filter(|_| is_own(&first.name)).map(|i| i.name),
        false => Some(first.name),
    }
}

/// The columns that a condition wants to be NULL: `column IS NULL` beside ANDs
/// alone.
pub fn wanted_null(condition: &Cursor<'_>, columns: &[Ident], is_own: IsOwn<'_>) -> Vec<Name> {
    let columns: FxHashSet<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let mut found = Vec::new();
    let mut c = condition.clone();
    while !c.done() {
        let mark = c.mark();
        if let Some(column) = null_test(&mut c, is_own) {
            found.extend(Some(column).filter(|name| columns.contains(name.as_str())));
            continue;
        }
        c.back_to(mark);
        if !c.eat_words(&["IS", "NOT"]) {
            if c.at_any(&["OR", "NOT"]) {
                return Vec::new();
            }
            c.bump();
        }
        // What stands behind a dot is no name of its own.
        while c.eat(TokenKind::Dot) {
            c.bump();
        }
    }
    found
}

/// `column IS NULL` in one of its forms.
fn null_test(c: &mut Cursor<'_>, is_own: IsOwn<'_>) -> Option<Name> {
    if c.eat_word("NOT") {
        let open = c.eat(TokenKind::OpenParen);
        let column = own_column(c, is_own)?;
        let is_not = c.eat_words(&["IS", "NOT", "NULL"]) || c.eat_word("NOTNULL");
        return (is_not && (!open || c.eat(TokenKind::CloseParen))).then_some(column);
    }
    let column = own_column(c, is_own)?;
    let is_null = c.eat_words(&["IS", "NULL"])
        || c.eat_word("ISNULL")
        || c.eat_words(&["IS", "NOT", "DISTINCT", "FROM", "NULL"]);
    is_null.then_some(column)
}
