//! Casts of a column to the type that it has: the server drops them from the
//! expressions of an index, where it makes the index and where the column gets
//! the type. They do not come back with the old type.

use std::sync::Arc;

use super::{Index, Key, Schema, Table};
use crate::name::Name;
use crate::operation::{DataType, Expr};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::{Token, TokenKind, strip, tokens_into};

impl Schema {
    /// Does that for an index of the table.
    pub(super) fn drop_own_casts(&mut self, table: &Key, index: &Key) {
        let (Some(table), Some(index)) = (self.table_by_key(table), self.index_by_key(index))
        else {
            return;
        };
        if index.exprs.is_empty() {
            return;
        }
        let key = index.key;
        let is_plain = |name: &str| {
            let function = Key::new(table.key.schema, Name::new(name));
            self.routines(&function).is_empty()
        };
        if let Some(changed) = without_own_casts(index, table, is_plain) {
            self.edit_index(&key, |index| *index = changed);
        }
    }
}

fn without_own_casts(
    index: &Index,
    table: &Table,
    is_plain: impl Fn(&str) -> bool,
) -> Option<Index> {
    let mut changed = index.clone();
    let mut exprs = std::mem::take(&mut changed.exprs).into_iter();
    let mut is_changed = false;
    for column in changed.columns.iter_mut().filter(|name| name.is_empty()) {
        let Some(expr) = exprs.next() else {
            break;
        };
        let bare = called_on_own(&expr.text, table, &is_plain);
        let text = bare.as_deref().unwrap_or(&expr.text);
        if let Some(name) = cast_to_own(text, table) {
            *column = name;
            is_changed = true;
        } else if let Some(bare) = bare {
            let (text, span) = (Arc::from(bare), expr.span);
            changed.exprs.push(Expr { text, span });
            is_changed = true;
        } else {
            changed.exprs.push(expr);
        }
    }
    is_changed.then_some(changed)
}

/// A text without the calls `date(a)` where `a` is a `date`, and with a cast for
/// `text(a)` where `a` is a `varchar`, which no function does; `None` where there
/// are none.
fn called_on_own(text: &str, table: &Table, is_plain: impl Fn(&str) -> bool) -> Option<String> {
    let tokens = tokens(text);
    let mut out = String::new();
    let mut kept = 0;
    for (n, call) in tokens.windows(4).enumerate() {
        let [name, open, column, close] = call else {
            continue;
        };
        let before = n.checked_sub(1).map(|n| tokens[n].kind);
        let is_call = open.kind == TokenKind::OpenParen && close.kind == TokenKind::CloseParen;
        if !is_call || before == Some(TokenKind::Dot) {
            continue;
        }
        let (Some(name_of), Some(of)) = (named(*name, text), named(*column, text)) else {
            continue;
        };
        let Some(ty) = DataType::parse(&name_of).filter(|_| is_plain(&name_of)) else {
            continue;
        };
        let is_own = has_type(table, &of, &ty);
        if !is_own && !is_text_either_way(table, &of, &ty) {
            continue;
        }
        out.push_str(&text[kept..name.span.start as usize]);
        out.push_str(column.span.of(text));
        if !is_own {
            out.push_str("::");
            out.push_str(name.span.of(text));
        }
        kept = close.span.end as usize;
    }
    (kept > 0).then(|| {
        out.push_str(&text[kept..]);
        out
    })
}

/// The column that a text is, with nothing around it but a cast to its own type.
fn cast_to_own(text: &str, table: &Table) -> Option<Name> {
    let tokens = tokens(text);
    let tokens = strip(&tokens);
    let column = |tokens: &[Token]| {
        let [only] = strip(tokens) else {
            return None;
        };
        let name = named(*only, text)?;
        table.column(&name).map(|column| column.name)
    };
    if let Some(name) = column(tokens) {
        return Some(name);
    }
    let (value, ty) = match tokens {
        [word, open, inner @ .., close]
            if word.is_word(text, "CAST")
                && open.kind == TokenKind::OpenParen
                && close.kind == TokenKind::CloseParen =>
        {
            let at = inner.iter().position(|token| token.is_word(text, "AS"))?;
            (&inner[..at], &inner[at + 1..])
        }
        _ => {
            let colons = |token: &Token| token.kind == TokenKind::DoubleColon;
            let at = tokens.iter().position(colons)?;
            (&tokens[..at], &tokens[at + 1..])
        }
    };
    let mut cursor = Cursor::new(text, ty);
    let ty = DataType::read(&mut cursor).filter(|_| cursor.done())?;
    column(value).filter(|name| has_type(table, name, &ty))
}

fn has_type(table: &Table, column: &str, ty: &DataType) -> bool {
    let column = table.columns.iter().find(|c| c.name == column);
    column.is_some_and(|column| column.ty == *ty)
}

/// One of `text` and `varchar`, and the column is the other.
fn is_text_either_way(table: &Table, column: &str, ty: &DataType) -> bool {
    let bare = |ty: &DataType| ty.modifiers == [None, None] && ty.array == 0;
    let column = table.columns.iter().find(|c| c.name == column);
    column.is_some_and(|column| {
        let pair = (column.ty.name.as_str(), ty.name.as_str());
        matches!(pair, ("varchar", "text") | ("text", "varchar")) && bare(ty)
    })
}

fn named(token: Token, text: &str) -> Option<String> {
    let name = token.span.of(text);
    match token.kind {
        TokenKind::Word => Some(fold(name).to_string()),
        TokenKind::QuotedName => Some(name.trim_matches('"').to_owned()),
        _ => None,
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    tokens
}
