//! Whether a constant is in rows that the history itself wrote.

use super::OperationContext;
use crate::name::Name;
use crate::schema::{Schema, Seed, Table};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{Lexeme, Lexer, Token, TokenKind};

/// Numbers of fewer digits are found anywhere.
const SHORT: usize = 5;

/// Of so many files that write rows, all are looked at.
const FEW_FILES: usize = 50;

/// How far before a value its INSERT is looked for, in bytes.
const LONGEST_INSERT: usize = 1 << 16;

/// So many bytes are read for one constant; what comes behind is believed.
const MOST: usize = 1 << 18;

impl OperationContext<'_> {
    /// Does a constant stand in one of the files that write rows of the table,
    /// elsewhere than here, as a value of the column? A small number may be a key
    /// that the server gave; an empty text is nobody's name.
    pub(super) fn is_seed(&self, table: &Table, column: Option<Name>, constant: &str) -> bool {
        if constant.len() < SHORT && constant.starts_with(|c: char| c.is_ascii_digit()) {
            return table.seeds.iter().any(|seed| seed.spelt_out);
        }
        if constant == "''" {
            return false;
        }
        let near = table.seeds.iter().rev().take(FEW_FILES);
        table.seeds.len() > FEW_FILES
            || near.copied().any(|Seed { source, .. }| {
                let text = self.scene.sources[source].text();
                let found = memchr::memmem::find_iter(text.as_bytes(), constant);
                let mut elsewhere = found
                    .filter(|at| source != self.source || !self.statement.contains(*at as u32));
                let mut inserts = column.map(|column| Inserts {
                    text,
                    table,
                    schema: self.schema,
                    column,
                    seen: 0,
                    read: 0,
                    rows: Rows::Unknown,
                });
                elsewhere.any(|at| inserts.as_mut().is_none_or(|inserts| inserts.may_give(at)))
            })
    }
}

/// Goes through the INSERTs of a text, from one constant to the next.
struct Inserts<'a> {
    text: &'a str,
    table: &'a Table,
    schema: &'a Schema,
    column: Name,
    /// Where the last constant stood.
    seen: usize,
    /// So many bytes were looked at.
    read: usize,
    /// Those of the last INSERT that begins before it.
    rows: Rows<'a>,
}

enum Rows<'a> {
    /// What cannot be told is believed.
    Unknown,
    /// None is the table's, or none has a value for the column.
    Others,
    /// A query's: what it is from stands behind the offset. What it lists is then
    /// of rows that are not the history's own.
    Query { from: Option<usize> },
    /// Each value by its place.
    Values(Values<'a>),
}

/// How far the rows behind VALUES are read.
struct Values<'a> {
    lexer: Lexer<'a>,
    /// Read already, and not before the last constant.
    ahead: Option<Token>,
    /// For each place of a row: is it the column's?
    places: Vec<bool>,
    depth: usize,
    place: usize,
}

impl<'a> Inserts<'a> {
    /// Is the constant at `at` a value of the column, in the INSERT that it
    /// stands in? The constants come in their order.
    fn may_give(&mut self, at: usize) -> bool {
        let from = self.seen.max(at.saturating_sub(LONGEST_INSERT));
        self.seen = at;
        self.read += at - from;
        if self.read > MOST {
            return true;
        }
        let before = self.text.as_bytes()[from..at].to_ascii_lowercase();
        if let Some(begin) = memchr::memmem::rfind(&before, b"insert into") {
            self.rows = self.rows(from + begin, at).unwrap_or(Rows::Unknown);
        } else if from == 0 {
            // It stands before all of them.
            return false;
        }
        match &mut self.rows {
            Rows::Unknown => true,
            Rows::Others => false,
            Rows::Query { from } => from.is_none_or(|from| from < at),
            Rows::Values(values) => values.is_asked_at(at).unwrap_or_else(|| {
                self.rows = Rows::Unknown;
                true
            }),
        }
    }

    /// The rows of the INSERT that begins at `begin`, as far as it says what they
    /// are before `end`.
    fn rows(&self, begin: usize, end: usize) -> Option<Rows<'a>> {
        let range = Span::new(begin as u32, self.text.len().min(begin + MOST) as u32);
        let mut lexer = Lexer::new(self.text, range);
        let mut head = Vec::new();
        let mut has_values = false;
        while !has_values && (lexer.offset() as usize) < end {
            let token = next_token(&mut lexer)?;
            has_values = token.is_word(self.text, "VALUES");
            head.push(token);
        }
        let mut cursor = Cursor::new(self.text, &head);
        if !cursor.eat_words(&["INSERT", "INTO"]) {
            return None;
        }
        let mut name = cursor.ident()?;
        while cursor.eat(TokenKind::Dot) {
            name = cursor.ident()?;
        }
        if name.name != self.table.key.name && !self.schema.had_name(&name.name) {
            return Some(Rows::Others);
        }
        let is_asked = |own: &Name| *own == self.column || self.schema.had_name(own);
        let mut places = Vec::new();
        if cursor.eat(TokenKind::OpenParen) {
            while let Some(own) = cursor.ident() {
                places.push(is_asked(&own.name));
                cursor.eat(TokenKind::Comma);
            }
            cursor.eat(TokenKind::CloseParen);
        } else if self.table.columns_known {
            places.extend(
                self.table
                    .columns
                    .iter()
                    .map(|column| is_asked(&column.name)),
            );
        }
        if cursor.eat_word("VALUES") && !places.is_empty() {
            return Some(Rows::Values(Values {
                lexer,
                ahead: None,
                places,
                depth: 0,
                place: 0,
            }));
        }
        if !places.is_empty() && !places.contains(&true) {
            return Some(Rows::Others);
        }
        let mut lexer = Lexer::new(self.text, range);
        let mut depth = 0usize;
        let from = std::iter::from_fn(|| next_token(&mut lexer))
            .take_while(|token| token.kind != TokenKind::Semicolon)
            .find(|token| {
                match token.kind {
                    TokenKind::OpenParen => depth += 1,
                    TokenKind::CloseParen => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && token.is_word(self.text, "FROM")
            });
        Some(Rows::Query {
            from: from.map(|token| token.span.start as usize),
        })
    }
}

impl Values<'_> {
    /// Is what stands at `at` in a place that is asked for? `None` if it cannot
    /// be told, there and behind.
    fn is_asked_at(&mut self, at: usize) -> Option<bool> {
        loop {
            let token = match self.ahead.take() {
                Some(token) => token,
                None => next_token(&mut self.lexer)?,
            };
            if token.span.end as usize > at {
                self.ahead = Some(token);
                break;
            }
            match token.kind {
                TokenKind::OpenParen => {
                    self.depth += 1;
                    self.place = if self.depth == 1 { 0 } else { self.place };
                }
                TokenKind::CloseParen => self.depth = self.depth.saturating_sub(1),
                TokenKind::Comma if self.depth == 1 => self.place += 1,
                TokenKind::Semicolon => return None,
                _ => {}
            }
        }
        Some(self.depth == 0 || self.places.get(self.place).is_none_or(|asked| *asked))
    }
}

fn next_token(lexer: &mut Lexer<'_>) -> Option<Token> {
    loop {
        if let Lexeme::Token(token) = lexer.next()? {
            return Some(token);
        }
    }
}
