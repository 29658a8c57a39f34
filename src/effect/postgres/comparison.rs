//! Comparisons that the server has no operator for: what is text is not compared
//! with a number, nor with a boolean (compare_*).
//!
//! Only columns and constants that stand alone on either side are looked at,
//! and only types of the server's own.

use crate::operation::{Action, DataType, TypeDefinition};
use crate::schema::{Key, Table};
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::constant::items;
use super::expr::{Tokens, group_end, is_word, mentions, name_of};

/// Types that compare with each other, and with no type of another family.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Boolean,
    Moment,
    Interval,
    Uuid,
    Jsonb,
    Enum(Key),
}

/// A side of a comparison: its family and what to call it.
struct Side {
    family: Family,
    ty: String,
}

impl Side {
    fn constant(family: Family, ty: &str) -> Option<Self> {
        let ty = ty.to_owned();
        Some(Self { family, ty })
    }
}

impl Work<'_> {
    /// Refuses comparisons of columns of the table with what they are not
    /// compared with.
    pub(super) fn refuse_uncomparable(&mut self, key: &Key, condition: &str) {
        let Some(table) = self.table(key).filter(|table| table.is_known()) else {
            return;
        };
        let changed = |action: &Action| matches!(action, Action::AlterColumnType { .. });
        if self.schema.has_own_operators()
            || mentions(condition, "select")
            || self.siblings().any(changed)
        {
            return;
        }
        let tokens = Tokens::of(condition);
        let list = tokens.list.as_slice();
        let odd = (1..list.len().saturating_sub(1)).find_map(|n| {
            let left = self.side(table, list[n - 1], condition)?;
            let stands_alone = n < 2 || is_boundary(list[n - 2], condition);
            let rights = right_sides(list, n, condition);
            let mut rights = rights.into_iter().filter(|_| stands_alone);
            let right = rights.find_map(|token| {
                let right = self.side(table, token, condition)?;
                (right.family != left.family).then_some(right)
            })?;
            Some((left.ty, right.ty))
        });
        if let Some((left, right)) = odd {
            self.refuse(format!("no operator compares {left} with {right}"));
        }
    }

    fn side(&self, table: &Table, token: Token, text: &str) -> Option<Side> {
        match token.kind {
            TokenKind::Number => return Side::constant(Family::Number, "a number"),
            TokenKind::Word | TokenKind::QuotedName => {}
            _ => return None,
        }
        if is_word(token, text, "TRUE") || is_word(token, text, "FALSE") {
            return Side::constant(Family::Boolean, "boolean");
        }
        let column = table.column(&name_of(token, text)?)?;
        let family = self.family(&column.ty)?;
        let ty = format!("`{}` of type {}", column.name, column.ty);
        Some(Side { family, ty })
    }

    fn family(&self, ty: &DataType) -> Option<Family> {
        let ty = self.schema.domains_of(ty).last().map_or(ty, |d| &d.base);
        if ty.array > 0 {
            return None;
        }
        if let Some(entry) = self.schema.type_of(ty) {
            let is_enum = matches!(entry.definition, TypeDefinition::Enum(_));
            return is_enum.then(|| Family::Enum(entry.key));
        }
        if ty.schema.is_some() {
            return None;
        }
        Some(match ty.name.as_str() {
            "text" | "varchar" | "char" => Family::Text,
            "smallint" | "int" | "bigint" | "smallserial" | "serial" | "bigserial" | "numeric"
            | "real" | "double precision" => Family::Number,
            "boolean" => Family::Boolean,
            "date" | "timestamp" | "timestamptz" => Family::Moment,
            "interval" => Family::Interval,
            "uuid" => Family::Uuid,
            "jsonb" => Family::Jsonb,
            _ => return None,
        })
    }
}

/// What the operator at a place compares with, where that stands alone: one
/// token, or those of a list behind IN.
fn right_sides(list: &[Token], at: usize, text: &str) -> Vec<Token> {
    const OPERATORS: &[&str] = &["=", "<>", "!=", "<", "<=", ">", ">="];
    let alone = |tokens: &[Token]| match tokens {
        [one] => Some(*one),
        _ => None,
    };
    if is_word(list[at], text, "IN") && list[at + 1].kind == TokenKind::OpenParen {
        let end = group_end(list, at + 1);
        let items = items(&list[at + 2..end.max(at + 2)]);
        return items.into_iter().filter_map(alone).collect();
    }
    let compares =
        list[at].kind == TokenKind::Operator && OPERATORS.contains(&list[at].span.of(text));
    let ends = list
        .get(at + 2)
        .is_none_or(|token| is_boundary(*token, text));
    match compares && ends {
        true => vec![list[at + 1]],
        false => Vec::new(),
    }
}

/// Does a side of a comparison end before this token, or begin behind it?
fn is_boundary(token: Token, text: &str) -> bool {
    matches!(
        token.kind,
        TokenKind::OpenParen | TokenKind::CloseParen | TokenKind::Comma
    ) || ["AND", "OR"].iter().any(|word| is_word(token, text, word))
}
