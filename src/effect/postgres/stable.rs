//! Casts and calls that depend on settings of the session, by the types of the
//! columns that they are made of. Where a type is not known, nothing is said.
//!
//! The lists are those of `pg_cast` and of the input and output functions in
//! `pg_type`, the same from 13 to 18 (generated_stable_cast_*, index_stable_*).

use crate::operation::{DataType, TypeDefinition};
use crate::statement::Cursor;
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::data::is_string;
use super::expr::{Tokens, group_end, is_word, name_of, strip};

/// Casts between types that are not text.
const CASTS: &[(&str, &str)] = &[
    ("money", "numeric"),
    ("numeric", "money"),
    ("int", "money"),
    ("bigint", "money"),
    ("date", "timestamptz"),
    ("timestamp", "timestamptz"),
    ("time", "timetz"),
    ("timestamptz", "date"),
    ("timestamptz", "time"),
    ("timestamptz", "timestamp"),
    ("timestamptz", "timetz"),
];

/// Types whose reading from text depends on settings …
const READ: &[&str] = &[
    "date",
    "timestamp",
    "timestamptz",
    "time",
    "timetz",
    "interval",
    "money",
    "xml",
    "regclass",
    "regtype",
    "regproc",
    "regconfig",
];

/// … and whose writing as text does.
const WRITTEN: &[&str] = &[
    "date",
    "timestamp",
    "timestamptz",
    "interval",
    "money",
    "regclass",
    "regtype",
    "regproc",
    "regconfig",
];

/// Functions that are stable for a `timestamptz` and immutable for other times.
const ZONED: &[&str] = &["date", "date_part", "date_trunc"];

const COMPARISONS: &[&str] = &["<", "<=", "=", "<>", "!=", ">=", ">"];

/// The type of a column, by its name.
type Columns<'c> = dyn Fn(&str) -> Option<DataType> + 'c;

impl Work<'_> {
    /// Does the expression certainly depend on settings of the session, such as
    /// its time zone or the way it writes dates?
    pub(super) fn depends_on_session(&self, text: &str, columns: &Columns<'_>) -> bool {
        let tokens = Tokens::of(text);
        let list = tokens.list.as_slice();
        (0..list.len()).any(|n| match list[n].kind {
            TokenKind::DoubleColon => {
                let to = read_type(&list[n + 1..], text);
                let from = self.left_of(&list[..n], text, columns);
                from.zip(to)
                    .is_some_and(|(from, to)| self.is_stable(&from, &to))
            }
            TokenKind::Operator => self.operator_is_stable(list, n, text, columns),
            TokenKind::Word => self.call_is_stable(&tokens, n, columns),
            _ => false,
        })
    }

    /// The type of what ends where the list ends.
    fn left_of(&self, list: &[Token], text: &str, columns: &Columns<'_>) -> Option<DataType> {
        let (last, before) = list.split_last()?;
        if last.kind != TokenKind::CloseParen {
            return match before.last() {
                Some(cast) if cast.kind == TokenKind::DoubleColon => {
                    read_type(std::slice::from_ref(last), text)
                }
                _ => columns(&name_of(*last, text)?),
            };
        }
        let open = (0..before.len()).rev().find(|n| {
            list[*n].kind == TokenKind::OpenParen && group_end(list, *n) == before.len()
        })?;
        let called = open
            .checked_sub(1)
            .is_some_and(|n| matches!(list[n].kind, TokenKind::Word | TokenKind::QuotedName));
        if called {
            return None;
        }
        let inner = strip(&list[open..]);
        let writes = |token: &Token| {
            token.kind == TokenKind::Operator && matches!(token.span.of(text), "->>" | "#>>" | "||")
        };
        match inner {
            [name] => columns(&name_of(*name, text)?),
            _ if inner.iter().any(writes) => DataType::parse("text"),
            _ => None,
        }
    }

    fn operator_is_stable(
        &self,
        list: &[Token],
        n: usize,
        text: &str,
        columns: &Columns<'_>,
    ) -> bool {
        let (Some(next), Some(left)) = (list.get(n + 1), list.get(..n)) else {
            return false;
        };
        // The right side is looked at where it is a column and nothing more.
        let sides = || {
            let goes_on = |t: &Token| {
                matches!(
                    t.kind,
                    TokenKind::DoubleColon | TokenKind::Operator | TokenKind::OpenParen
                ) || is_word(*t, text, "AT")
            };
            let right = name_of(*next, text).filter(|_| !list.get(n + 2).is_some_and(goes_on));
            let right = right.and_then(|name| columns(&name));
            [self.left_of(left, text, columns), right]
        };
        match list[n].span.of(text) {
            "+" | "-" if is_word(*next, text, "INTERVAL") => self
                .left_of(left, text, columns)
                .is_some_and(|ty| is_plain(&ty, "timestamptz")),
            "||" => {
                let text_type = DataType::parse("text");
                let mut sides = sides().into_iter().flatten();
                text_type.is_some_and(|to| {
                    sides.any(|from| from.array == 0 && self.is_stable(&from, &to))
                })
            }
            comparison if COMPARISONS.contains(&comparison) => match sides() {
                [Some(left), Some(right)] => {
                    let zoned = |ty: &DataType| is_plain(ty, "timestamptz");
                    let plain = |ty: &DataType| is_in(ty, &["date", "timestamp"]);
                    zoned(&left) && plain(&right) || plain(&left) && zoned(&right)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// `CAST(a AS t)`, `EXTRACT(day FROM a)`, and functions that are stable for
    /// `timestamptz`.
    fn call_is_stable(&self, tokens: &Tokens<'_>, n: usize, columns: &Columns<'_>) -> bool {
        let (list, text) = (tokens.list.as_slice(), tokens.text);
        if list
            .get(n + 1)
            .is_none_or(|t| t.kind != TokenKind::OpenParen)
        {
            return false;
        }
        let inner = &list[n + 2..tokens.end_of(n + 1).max(n + 2)];
        if is_word(list[n], text, "CAST") {
            let Some(at) = inner.iter().rposition(|t| is_word(*t, text, "AS")) else {
                return false;
            };
            let from = self.left_of(&inner[..at], text, columns);
            let to = read_type(&inner[at + 1..], text);
            return from
                .zip(to)
                .is_some_and(|(from, to)| self.is_stable(&from, &to));
        }
        let zoned = |items: &[Token]| {
            let alone =
                matches!(items, [_]) || matches!(items, [_, dot, _] if dot.kind == TokenKind::Dot);
            alone
                && self
                    .left_of(items, text, columns)
                    .is_some_and(|ty| is_plain(&ty, "timestamptz"))
        };
        if is_word(list[n], text, "EXTRACT") {
            let from = inner.iter().rposition(|t| is_word(*t, text, "FROM"));
            return from.is_some_and(|at| zoned(&inner[at + 1..]));
        }
        ZONED.iter().any(|name| is_word(list[n], text, name))
            && inner.split(|t| t.kind == TokenKind::Comma).any(zoned)
    }

    /// Is this cast stable, rather than immutable?
    fn is_stable(&self, from: &DataType, to: &DataType) -> bool {
        let base = |ty: &DataType| {
            let below = self.schema.domains_of(ty).last();
            below.map_or_else(|| ty.clone(), |domain| domain.base.clone())
        };
        let (from, to) = (base(from), base(to));
        let by_settings =
            |ty: &DataType, list: &[&str]| ty.array > 0 || is_in(ty, list) || self.is_enum(ty);
        let text = |ty: &DataType| ty.array == 0 && ty.schema.is_none() && is_string(&ty.name);
        if text(&from) && text(&to) {
            return false;
        }
        if text(&from) {
            return by_settings(&to, READ);
        }
        if text(&to) {
            return by_settings(&from, WRITTEN);
        }
        CASTS
            .iter()
            .any(|(a, b)| is_plain(&from, a) && is_plain(&to, b))
    }

    fn is_enum(&self, ty: &DataType) -> bool {
        let entry = self.schema.type_of(ty);
        entry.is_some_and(|entry| matches!(entry.definition, TypeDefinition::Enum(_)))
    }
}

fn is_in(ty: &DataType, list: &[&str]) -> bool {
    list.iter().any(|name| is_plain(ty, name))
}

fn is_plain(ty: &DataType, name: &str) -> bool {
    ty.schema.is_none() && ty.array == 0 && ty.name == name
}

fn read_type(list: &[Token], text: &str) -> Option<DataType> {
    DataType::read(&mut Cursor::new(text, list))
}
