//! Comparisons that the server has no operator for: what is text is not compared
//! with a number, nor with a boolean (compare_*).
//!
//! Only columns and constants that stand alone on either side are looked at,
//! and only types of the server's own.

use crate::operation::{Action, Column, ConstraintKind, DataType, TypeDefinition};
use crate::schema::{Key, Table};
use crate::statement::Cursor;
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::constant::items;
use super::expr::{Tokens, group_end, is_name, is_word, mentions, name_of};

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
            let rights = right_sides(list, n, condition).into_iter();
            let mut rights = rights.filter(|_| stands_alone).filter_map(alone);
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

    /// A column that gets another type is compared with constants, which keep the
    /// type that they were read as (alter_type_enum_checked*).
    pub(super) fn refuse_compared(&mut self, table: &Table, column: &Column, new: &DataType) {
        let (Some(old), Some(new_family)) = (self.family(&column.ty), self.family(new)) else {
            return;
        };
        // A varchar is compared as a text, and a domain as its own type: to these
        // they are cast there and then (alter_type_domain_*_checked).
        let key = self.schema.type_key(&column.ty);
        let is_cast = column.ty.name == "varchar" || self.schema.domain(&key).is_some();
        if is_cast || self.schema.has_own_operators() || !table.is_known() {
            return;
        }
        let checks = table.constraints.iter().filter_map(|constraint| {
            let text = match &constraint.definition.kind {
                ConstraintKind::Check(check) => &check.text,
                _ => return None,
            };
            let stays = self.stands_before_and_after(&constraint.name);
            stays.then(|| (format!("the check `{}`", constraint.name), text))
        });
        let indexes = self.indexes_of(Some(table)).filter_map(|index| {
            let text = &index.predicate.as_ref()?.text;
            Some((format!("the index `{}`", index.key), text))
        });
        let constants = [
            (TokenKind::Text, &old),
            (TokenKind::Number, &Family::Number),
        ];
        let differ = constants.map(|(kind, family)| (kind, *family != new_family));
        let found = checks.chain(indexes).find(|(_, text)| {
            let kept = self.compared_with(column, text);
            kept.iter().any(|one| differ.contains(&(one.kind, true)))
        });
        if let Some((what, _)) = found {
            self.refuse(format!(
                "{what} compares `{}` as {}, and no operator compares {new} with that",
                column.name, column.ty
            ));
        }
    }

    /// The constants that a column is compared with where it stands alone; they
    /// may be cast to its type.
    fn compared_with(&self, column: &Column, text: &str) -> Vec<Token> {
        let tokens = Tokens::of(text);
        let list = tokens.list.as_slice();
        let alone_at = |n: usize| {
            let before = n.checked_sub(1).is_none_or(|n| is_boundary(list[n], text));
            before && is_name(list[n], text, &column.name)
        };
        let mut constants = Vec::new();
        for n in 1..list.len().saturating_sub(1) {
            let sides = right_sides(list, n, text);
            if alone_at(n - 1) {
                constants.extend(
                    sides
                        .iter()
                        .filter_map(|side| self.constant(side, text, column)),
                );
            } else if let [[one]] = sides.as_slice()
                && is_name(*one, text, &column.name)
                && (n < 2 || is_boundary(list[n - 2], text))
            {
                constants.push(list[n - 1]);
            }
        }
        constants
    }

    /// A constant that stands alone, or is cast to the type of the column.
    fn constant(&self, side: &[Token], text: &str, column: &Column) -> Option<Token> {
        match side {
            [one] => Some(*one),
            [one, cast, ty @ ..] if cast.kind == TokenKind::DoubleColon => {
                let ty = DataType::read(&mut Cursor::new(text, ty))?;
                let key = self.schema.type_key(&ty);
                (key == self.schema.type_key(&column.ty)).then_some(*one)
            }
            _ => None,
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

/// What the operator at a place compares with: the tokens up to the next
/// boundary, or those of each element of a list behind IN.
fn right_sides<'l>(list: &'l [Token], at: usize, text: &str) -> Vec<&'l [Token]> {
    const OPERATORS: &[&str] = &["=", "<>", "!=", "<", "<=", ">", ">="];
    let behind = &list[at + 1..];
    let negated = is_word(list[at], text, "NOT") && is_word(behind[0], text, "IN");
    if (negated || is_word(list[at], text, "IN"))
        && let [open, ..] = &behind[usize::from(negated)..]
        && open.kind == TokenKind::OpenParen
    {
        let behind = &behind[usize::from(negated)..];
        let end = group_end(behind, 0);
        return items(&behind[1..end.max(1)]);
    }
    let compares = is_word(list[at], text, "BETWEEN")
        || list[at].kind == TokenKind::Operator && OPERATORS.contains(&list[at].span.of(text));
    let mut until = behind.iter().skip(1);
    let end = until.position(|token| is_boundary(*token, text));
    match compares {
        true => vec![&behind[..end.map_or(behind.len(), |end| end + 1)]],
        false => Vec::new(),
    }
}

fn alone(side: &[Token]) -> Option<Token> {
    match side {
        [one] => Some(*one),
        _ => None,
    }
}

/// Does a side of a comparison end before this token, or begin behind it?
fn is_boundary(token: Token, text: &str) -> bool {
    matches!(
        token.kind,
        TokenKind::OpenParen | TokenKind::CloseParen | TokenKind::Comma
    ) || ["AND", "OR"].iter().any(|word| is_word(token, text, word))
}
