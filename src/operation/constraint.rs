//! Constraints, as CREATE TABLE and ALTER TABLE write them for a table or
//! behind a column.

use super::reader::Reader;
use super::reserved::at_any_reserved;
use super::{Constraint, ConstraintKind, Expr, ForeignKey, Ident, Key};
use crate::name::{Name, name};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;
use smol_str::SmolStr;
use thin_vec::ThinVec;

/// Does a table constraint come next, rather than a column?
pub fn at_table_constraint(cursor: &Cursor<'_>) -> bool {
    let excludes = cursor.at_word("EXCLUDE")
        && (cursor.is_word_at(1, "USING")
            || cursor
                .peek_at(1)
                .is_some_and(|token| token.kind == TokenKind::OpenParen));
    excludes || cursor.at_any(&["CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "NOT"])
}

/// Reads `[CONSTRAINT name] CHECK …`, `UNIQUE …`, `PRIMARY KEY …`,
/// `FOREIGN KEY …`, `EXCLUDE …` or `NOT NULL column` with its attributes.
///
/// # Errors
/// Says what should stand where the cursor then is.
pub fn table_constraint(r: &mut Reader<'_>) -> Result<Constraint, SmolStr> {
    let mark = r.cursor.mark();
    let name = constraint_name(r)?;
    let kind = table_kind(r)?;
    let mut constraint = Constraint::new(name, kind, Span::default());
    while attribute(&mut r.cursor, &mut constraint) {}
    constraint.span = r.cursor.span_from(mark);
    Ok(constraint)
}

/// Reads `CONSTRAINT name`, if it comes next.
pub fn constraint_name(r: &mut Reader<'_>) -> Result<Option<Ident>, SmolStr> {
    if !r.cursor.eat_word("CONSTRAINT") {
        return Ok(None);
    }
    let name = r.name();
    r.need(name, "the name of a constraint").map(Some)
}

fn table_kind(r: &mut Reader<'_>) -> Result<ConstraintKind, SmolStr> {
    if r.cursor.eat_word("CHECK") {
        let expr = r.expr_in_parens();
        return r
            .need(expr, "a condition in parentheses")
            .map(ConstraintKind::Check);
    }
    if r.cursor.eat_words(&["PRIMARY", "KEY"]) {
        return key(r).map(ConstraintKind::PrimaryKey);
    }
    if r.cursor.eat_word("UNIQUE") {
        return key(r).map(ConstraintKind::Unique);
    }
    if r.cursor.eat_words(&["FOREIGN", "KEY"]) {
        let columns = r.need_columns()?;
        let mut foreign = references(r)?;
        foreign.columns = columns;
        return Ok(ConstraintKind::ForeignKey(Box::new(foreign)));
    }
    if r.cursor.eat_word("EXCLUDE") {
        return exclude(r);
    }
    if r.cursor.eat_words(&["NOT", "NULL"]) {
        let column = r.name();
        return r.need(column, "a column").map(ConstraintKind::NotNull);
    }
    Err(r.why_expected("a constraint"))
}

/// The columns of a key, or the index it adopts, and the index's parameters.
fn key(r: &mut Reader<'_>) -> Result<Key, SmolStr> {
    let mut key = Key {
        nulls_not_distinct: nulls_not_distinct(&mut r.cursor),
        ..Key::default()
    };
    if r.cursor.eat_words(&["USING", "INDEX"]) {
        let index = r.name();
        key.using_index = Some(r.need(index, "the name of an index")?);
        return Ok(key);
    }
    key.columns = r.need_columns()?;
    key.parameters = index_parameters(r, &mut key.include);
    Ok(key)
}

/// Reads `NULLS [NOT] DISTINCT`.
pub fn nulls_not_distinct(cursor: &mut Cursor<'_>) -> bool {
    let yes = cursor.eat_words(&["NULLS", "NOT", "DISTINCT"]);
    if !yes {
        cursor.eat_words(&["NULLS", "DISTINCT"]);
    }
    yes
}

/// Reads `INCLUDE (…)`, `WITH (…)` and `USING INDEX TABLESPACE …`; yields the
/// latter two as written.
pub fn index_parameters(r: &mut Reader<'_>, include: &mut ThinVec<Name>) -> Name {
    if r.cursor.at_word("INCLUDE") && next_is_open(&r.cursor) {
        r.cursor.bump();
        include.extend(column_names(&mut r.cursor));
    }
    let mark = r.cursor.mark();
    if r.cursor.at_word("WITH") && next_is_open(&r.cursor) {
        r.cursor.bump();
        r.cursor.group();
    }
    if r.cursor.eat_words(&["USING", "INDEX", "TABLESPACE"]) {
        r.name();
    }
    Name::new(r.cursor.slice(r.cursor.span_from(mark)))
}

fn next_is_open(cursor: &Cursor<'_>) -> bool {
    cursor
        .peek_at(1)
        .is_some_and(|token| token.kind == TokenKind::OpenParen)
}

/// With the cursor at `(`: the first name of each item. Items that are
/// expressions leave no name.
pub fn column_names(cursor: &mut Cursor<'_>) -> Vec<Name> {
    let mut names = Vec::new();
    let mut inner = cursor.clone();
    if cursor.group().is_none() {
        return names;
    }
    inner.bump();
    while inner.mark() < cursor.mark() {
        let period = inner.at_word("PERIOD")
            && inner
                .peek_at(1)
                .is_some_and(|t| matches!(t.kind, TokenKind::Word | TokenKind::QuotedName));
        if period {
            inner.bump();
        }
        let name = inner.ident();
        let is_call = inner.at_kind(TokenKind::OpenParen) || inner.at_kind(TokenKind::Dot);
        names.extend(name.filter(|_| !is_call).map(|ident| ident.name));
        inner.skip_item();
        if !inner.eat(TokenKind::Comma) {
            break;
        }
    }
    names
}

/// Reads `REFERENCES table [(columns)] [MATCH …] [ON DELETE …] [ON UPDATE …]`;
/// the referencing columns are left to the caller.
pub fn references(r: &mut Reader<'_>) -> Result<ForeignKey, SmolStr> {
    if !r.cursor.eat_word("REFERENCES") {
        return Err(r.why_expected("`REFERENCES`"));
    }
    let table = r.object_name();
    let mut key = ForeignKey {
        columns: Vec::new(),
        references: r.need(table, "a table")?,
        referenced: Vec::new(),
        on_delete: None,
        on_update: None,
        match_full: false,
    };
    if r.cursor.at_kind(TokenKind::OpenParen) {
        key.referenced = column_names(&mut r.cursor);
    }
    loop {
        if r.cursor.eat_word("MATCH") {
            let how = r.cursor.eat_any(&["FULL", "PARTIAL", "SIMPLE"]);
            key.match_full = r.need(how, "`FULL` or `SIMPLE`")? == "FULL";
        } else if r.cursor.eat_words(&["ON", "DELETE"]) {
            key.on_delete = Some(referential_action(r)?);
        } else if r.cursor.eat_words(&["ON", "UPDATE"]) {
            key.on_update = Some(referential_action(r)?);
        } else {
            return Ok(key);
        }
    }
}

/// The action in lower case, with the columns that `SET NULL (…)` names.
fn referential_action(r: &mut Reader<'_>) -> Result<Name, SmolStr> {
    const ACTIONS: &[(&[&str], &str)] = &[
        (&["NO", "ACTION"], "no action"),
        (&["RESTRICT"], "restrict"),
        (&["CASCADE"], "cascade"),
        (&["SET", "NULL"], "set null"),
        (&["SET", "DEFAULT"], "set default"),
    ];
    let found = ACTIONS.iter().find(|(words, _)| r.cursor.eat_words(words));
    let (_, action) = r.need(found, "a referential action")?;
    if action.starts_with("set") && r.cursor.at_kind(TokenKind::OpenParen) {
        let columns = column_names(&mut r.cursor);
        return Ok(name!("{action} ({})", columns.join(", ")));
    }
    Ok(Name::new(action))
}

fn exclude(r: &mut Reader<'_>) -> Result<ConstraintKind, SmolStr> {
    let mark = r.cursor.mark();
    if r.cursor.eat_word("USING") {
        let method = r.name();
        r.need(method, "an index method")?;
    }
    let columns = r.need_columns()?;
    index_parameters(r, &mut ThinVec::new());
    if r.cursor.eat_word("WHERE") {
        let predicate = r.expr_in_parens();
        r.need(predicate, "a condition in parentheses")?;
    }
    let definition = r.expr(r.cursor.span_from(mark));
    Ok(ConstraintKind::Exclude {
        columns,
        definition,
    })
}

/// Takes one of the attributes that may follow a constraint.
pub fn attribute(cursor: &mut Cursor<'_>, constraint: &mut Constraint) -> bool {
    if cursor.eat_words(&["NOT", "VALID"]) {
        constraint.not_valid = true;
    } else if cursor.eat_words(&["NO", "INHERIT"]) {
        constraint.no_inherit = true;
    } else if cursor.eat_words(&["NOT", "ENFORCED"]) {
        constraint.not_enforced = true;
    } else if cursor.eat_word("DEFERRABLE") {
        constraint.deferrable = true;
    } else if cursor.eat_words(&["INITIALLY", "DEFERRED"]) {
        constraint.deferrable = true;
        constraint.deferred = true;
    } else {
        return cursor.eat_word("ENFORCED")
            || cursor.eat_words(&["NOT", "DEFERRABLE"])
            || cursor.eat_words(&["INITIALLY", "IMMEDIATE"]);
    }
    true
}

/// Reads an expression that stands without parentheses behind a column or a
/// domain: it ends where a constraint may begin.
pub fn bare_expr(r: &mut Reader<'_>) -> Option<Expr> {
    const ENDS: &[&str] = &[
        "CONSTRAINT",
        "CHECK",
        "UNIQUE",
        "PRIMARY",
        "REFERENCES",
        "GENERATED",
        "COLLATE",
        "DEFERRABLE",
        "INITIALLY",
        "ENFORCED",
        "OPTIONS",
        "STORAGE",
        "COMPRESSION",
        "ON",
        "COMMENT",
        "AUTO_INCREMENT",
        "AUTOINCREMENT",
        "FIRST",
        "AFTER",
    ];
    let mark = r.cursor.mark();
    let mut cases = 0usize;
    while let Some(token) = r.cursor.peek() {
        let ends = match token.kind {
            TokenKind::Comma | TokenKind::CloseParen | TokenKind::CloseBracket => true,
            TokenKind::Word if r.cursor.mark() > mark && cases == 0 => {
                r.cursor.at_any(ENDS) || at_nullability(&r.cursor) || at_stray(&r.cursor, mark)
            }
            _ => at_stray(&r.cursor, mark),
        };
        if ends {
            break;
        }
        if r.cursor.at_word("CASE") {
            cases += 1;
        } else if r.cursor.at_word("END") {
            cases = cases.saturating_sub(1);
        }
        if r.cursor.group().is_none() {
            r.cursor.bump();
        }
    }
    let span = r.cursor.span_from(mark);
    (!span.is_empty()).then(|| r.expr(span))
}

/// Does something stand behind a value, of an expression that began at a mark,
/// which neither goes on with it nor begins a clause: `'a' b`, `1 2`? What is in
/// parentheses is not looked at.
pub fn at_stray(cursor: &Cursor<'_>, mark: usize) -> bool {
    const GOES_ON: &[&str] = &[
        "AT", "BETWEEN", "DAY", "ESCAPE", "FILTER", "HOUR", "MINUTE", "MONTH", "OPERATOR", "OVER",
        "SECOND", "UESCAPE", "WITHIN", "YEAR",
    ];
    let Some(token) = cursor.peek().filter(|_| cursor.mark() > mark) else {
        return false;
    };
    let mut before = cursor.clone();
    before.back_to(cursor.mark() - 1);
    let Some(last) = before.peek() else {
        return false;
    };
    let gap = cursor.slice(Span::new(last.span.end, token.span.start));
    let literal = matches!(last.kind, TokenKind::Text | TokenKind::Number);
    match token.kind {
        TokenKind::Word => {
            let ended = literal || last.kind == TokenKind::CloseParen;
            ended && !cursor.at_any(GOES_ON) && !at_any_reserved(cursor)
        }
        TokenKind::QuotedName | TokenKind::Number => literal,
        TokenKind::Text if last.kind == TokenKind::Text => !gap.contains('\n'),
        TokenKind::Text => last.kind == TokenKind::Number,
        _ => false,
    }
}

/// `NULL` or `NOT …` as a constraint rather than as a part of an expression
/// (`x IS NOT NULL`, `1 = NULL`).
fn at_nullability(cursor: &Cursor<'_>) -> bool {
    if !cursor.at_any(&["NULL", "NOT"]) {
        return false;
    }
    let mut before = cursor.clone();
    before.back_to(cursor.mark().saturating_sub(1));
    let inside_expression = before.at_kind(TokenKind::Operator)
        || before.at_any(&["IS", "NOT", "AND", "OR", "DISTINCT", "FROM"]);
    !inside_expression
}

impl Reader<'_> {
    /// The names of the columns in the parentheses that must come next.
    ///
    /// # Errors
    /// Says that columns should stand here where no parenthesis does.
    pub fn need_columns(&mut self) -> Result<Vec<Name>, SmolStr> {
        if !self.cursor.at_kind(TokenKind::OpenParen) {
            return Err(self.why_expected("columns in parentheses"));
        }
        Ok(column_names(&mut self.cursor))
    }
}
