//! Variables of PL/pgSQL that keep the value that they are declared with.

use rustc_hash::FxHashMap;

use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::{Token, TokenKind, tokens_into};

/// A constant.
#[derive(Clone)]
pub enum Value {
    Text(Name),
    List(Vec<Name>),
}

/// What is known of the variables of a block.
#[derive(Default)]
pub struct Variables {
    values: FxHashMap<Name, Value>,
}

/// A variable where a condition names it.
struct Named {
    name: Name,
    span: Span,
    /// It stands left of a comparison.
    compared: bool,
}

/// Types whose values are written as they are put into a text.
const PLAIN: &[&str] = &[
    "TEXT",
    "VARCHAR",
    "CHARACTER",
    "NAME",
    "CITEXT",
    "INT",
    "INTEGER",
    "BIGINT",
    "SMALLINT",
];

/// Words behind which a statement begins.
const BORDERS: &[&str] = &["BEGIN", "THEN", "ELSE", "LOOP"];

impl Variables {
    /// Those that a block declares with a constant besides, and to which nothing
    /// in it gives another value.
    pub fn of_block(self, text: &str, tokens: &[Token]) -> Self {
        let mut variables = self;
        let declares = tokens.iter().any(|token| token.is_word(text, "DECLARE"));
        if !declares && variables.values.is_empty() {
            return variables;
        }
        let mut cursor = Cursor::new(text, tokens);
        let mut statement = Statement::default();
        while !cursor.done() {
            if cursor.eat_word("DECLARE") {
                while !cursor.done() && !cursor.at_word("BEGIN") {
                    variables.declare(&mut cursor);
                }
            } else {
                statement.step(&mut cursor, &mut variables);
            }
        }
        variables
    }

    pub fn text(&self, name: &str) -> Option<&Name> {
        match self.values.get(name)? {
            Value::Text(text) => Some(text),
            Value::List(_) => None,
        }
    }

    /// A condition with the variables' values in their place; `None` where it
    /// compares a column with none of them.
    pub fn fill_in(&self, condition: &str) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let found = self.named_in(condition);
        // What is compared with something is a column, or may be.
        let is_column = |name| found.iter().any(|n| n.name == name && n.compared);
        let mut filled = String::new();
        let mut from = 0;
        for named in found.iter().filter(|named| !is_column(named.name)) {
            let value = self.text(&named.name)?.replace('\'', "''");
            filled.push_str(&condition[from..named.span.start as usize]);
            filled.push_str(&format!("'{value}'"));
            from = named.span.end as usize;
        }
        filled.push_str(&condition[from..]);
        (from > 0).then_some(filled)
    }

    /// The texts among the variables that a condition names.
    fn named_in(&self, condition: &str) -> Vec<Named> {
        const COMPARING: &[&str] = &["IS", "IN", "NOT", "BETWEEN", "LIKE", "ILIKE"];
        let mut tokens = Vec::new();
        let whole = Span::new(0, condition.len() as u32);
        tokens_into(condition, whole, &mut tokens);
        let mut cursor = Cursor::new(condition, &tokens);
        let mut found = Vec::new();
        while !cursor.done() {
            let mark = cursor.mark();
            let name = cursor.ident();
            let span = cursor.span_from(mark);
            if name.is_none() {
                cursor.bump();
            }
            // What stands behind a dot is a column.
            let mut alone = !cursor.at_kind(TokenKind::OpenParen);
            while cursor.eat(TokenKind::Dot) {
                cursor.bump();
                alone = false;
            }
            let name = name.filter(|name| alone && self.text(&name.name).is_some());
            found.extend(name.map(|name| Named {
                name: name.name,
                span,
                compared: cursor.at_kind(TokenKind::Operator) || cursor.at_any(COMPARING),
            }));
        }
        found
    }

    pub fn set(&mut self, name: Name, value: Name) {
        self.values.insert(name, Value::Text(value));
    }

    pub fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// `ARRAY['a', 'b']`, or a variable that holds the like.
    pub fn list(&self, cursor: &mut Cursor<'_>) -> Option<Vec<Name>> {
        if cursor.at_word("ARRAY") {
            return match value(cursor) {
                Some(Value::List(list)) => Some(list),
                _ => None,
            };
        }
        let name = cursor.ident()?;
        match self.values.get(&name.name)? {
            Value::List(list) => Some(list.clone()),
            Value::Text(_) => None,
        }
    }

    /// `name [CONSTANT] type := constant;`
    fn declare(&mut self, cursor: &mut Cursor<'_>) {
        let name = cursor.ident();
        cursor.eat_word("CONSTANT");
        let plain = cursor.at_any(PLAIN);
        cursor.skip_until(|c| {
            c.at_kind(TokenKind::Semicolon)
                || c.at_operator(":=")
                || c.at_operator("=")
                || c.at_word("DEFAULT")
        });
        let given =
            cursor.eat_operator(":=") || cursor.eat_operator("=") || cursor.eat_word("DEFAULT");
        let value = given.then(|| value(cursor)).flatten();
        let whole = cursor.at_kind(TokenKind::Semicolon);
        cursor.skip_until(|c| c.at_kind(TokenKind::Semicolon));
        cursor.bump();
        let Some(name) = name else { return };
        match value.filter(|_| plain && whole) {
            // Two of one name in blocks inside of others are not told apart.
            Some(value) if !self.values.contains_key(&name.name) => {
                self.values.insert(name.name, value);
            }
            _ => self.forget(&name.name),
        }
    }
}

/// How far a statement was read.
#[derive(Default)]
struct Statement {
    /// It begins with a word that may change variables wherever they stand.
    fetches: bool,
    /// Behind INTO.
    into: bool,
    begun: bool,
}

impl Statement {
    /// One token.
    fn step(&mut self, cursor: &mut Cursor<'_>, variables: &mut Variables) {
        if cursor.eat(TokenKind::Semicolon) || cursor.eat_any(BORDERS).is_some() {
            *self = Self::default();
            return;
        }
        let begins = !std::mem::replace(&mut self.begun, true);
        self.fetches |= begins && cursor.at_any(&["GET", "FETCH", "CALL"]);
        if cursor.eat_any(&["INSERT", "MERGE"]).is_some() {
            cursor.eat_word("INTO");
            return;
        }
        self.into |= cursor.at_word("INTO");
        if cursor.eat_any(&["FOR", "FOREACH"]).is_some() {
            if let Some(name) = cursor.ident() {
                variables.forget(&name.name);
            }
            return;
        }
        let is_name = matches!(cursor.kind(), Some(TokenKind::Word | TokenKind::QuotedName));
        let Some(name) = cursor.ident().filter(|_| is_name) else {
            cursor.bump();
            return;
        };
        let assigned = cursor.at_operator(":=")
            || (begins && cursor.at_operator("="))
            || cursor.at_kind(TokenKind::OpenBracket)
            || cursor.at_kind(TokenKind::Dot);
        if assigned || self.into || self.fetches {
            variables.forget(&name.name);
        }
    }
}

/// The elements of a list, as between the parentheses of a call, that are
/// literals or numbers.
pub fn constants(list: &str) -> Vec<Option<Name>> {
    let mut tokens = Vec::new();
    tokens_into(list, Span::new(0, list.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(list, &tokens);
    let mut found = Vec::new();
    while !cursor.done() {
        let constant = match value(&mut cursor) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        let whole = cursor.done() || cursor.at_kind(TokenKind::Comma);
        found.push(constant.filter(|_| whole));
        cursor.skip_until(|c| c.at_kind(TokenKind::Comma));
        cursor.bump();
    }
    found
}

/// A constant: a literal, a number, an array of them, perhaps cast.
fn value(cursor: &mut Cursor<'_>) -> Option<Value> {
    let found = match cursor.eat_word("ARRAY") {
        true => Value::List(elements(cursor)?),
        false => Value::Text(scalar(cursor)?),
    };
    while cursor.eat(TokenKind::DoubleColon) {
        cursor.ident()?;
        if cursor.at_kind(TokenKind::OpenBracket) {
            cursor.group();
        }
    }
    Some(found)
}

fn elements(cursor: &mut Cursor<'_>) -> Option<Vec<Name>> {
    let mut list = Vec::new();
    if !cursor.eat(TokenKind::OpenBracket) {
        return None;
    }
    loop {
        list.push(scalar(cursor)?);
        if cursor.eat(TokenKind::CloseBracket) {
            return Some(list);
        }
        if !cursor.eat(TokenKind::Comma) {
            return None;
        }
    }
}

fn scalar(cursor: &mut Cursor<'_>) -> Option<Name> {
    if let Some((text, _)) = cursor.string() {
        return Some(text.into());
    }
    let token = cursor
        .peek()
        .filter(|token| token.kind == TokenKind::Number)?;
    cursor.bump();
    Some(fold(cursor.slice(token.span)))
}
