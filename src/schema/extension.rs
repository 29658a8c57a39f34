//! What an extension brings, and what needs it.

use super::{Key, Relation, Schema};
use crate::name::Name;
use crate::operation::{Column, DataType};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// Types, operator classes and functions of the extensions that come with the
/// server: `pg_depend` with deptype `e` on PostgreSQL 15; of `vector` and `pgjwt`
/// as their own scripts have it. Types that a column may have, `-` where there are
/// none; functions only where a column's default may call them.
const MEMBERS: &str = include_str!("extensions.tsv");

/// Is it known that no column can have a type of an extension?
pub fn has_no_types(extension: &str) -> bool {
    listed(extension, "type") == Some(NONE)
}

const NONE: &str = "-";

/// The members of one kind: `type`, `class` or `function`.
fn members(extension: &str, kind: &str) -> impl Iterator<Item = &'static str> {
    let list = listed(extension, kind).unwrap_or_default().split(' ');
    list.filter(|member| !member.is_empty() && *member != NONE)
}

fn listed(extension: &str, kind: &str) -> Option<&'static str> {
    let of_this = move |line: &&'static str| {
        let mut cells = line.split('\t');
        cells.next() == Some(extension) && cells.next() == Some(kind)
    };
    MEMBERS.lines().find(of_this)?.rsplit('\t').next()
}

impl Schema {
    /// The columns of a type that an extension brought.
    pub fn columns_of_extension(&self, extension: &str) -> Vec<(Key, Name)> {
        let of_type = |ty: &str, column: &Column| {
            let key = self.type_key(&column.ty);
            column.ty.name == ty && self.enum_or_type(&key).is_none() && self.domain(&key).is_none()
        };
        members(extension, "type")
            .flat_map(|ty| self.columns_where(ty, |column| of_type(ty, column)))
            .collect()
    }

    /// The columns whose default calls what an extension brought.
    pub fn defaults_of_extension(&self, extension: &str) -> Vec<(Key, Name)> {
        let is_own = |name: &str| self.routines(&Key::new("public", name)).is_empty();
        members(extension, "function")
            .filter(|name| is_own(name))
            .flat_map(|name| {
                self.columns_where(name, |column| {
                    let default = column.default.as_ref();
                    default.is_some_and(|default| calls(&default.text, name))
                })
            })
            .collect()
    }

    /// The indexes with an operator class of an extension.
    pub fn indexes_of_extension(&self, extension: &str) -> Vec<Key> {
        let classes: Vec<&str> = members(extension, "class").collect();
        let has_one = |options: &Name| words(options).any(|word| classes.contains(&word));
        let mut found: Vec<Key> = self
            .relations()
            .filter_map(|relation| match relation {
                Relation::Index(index) if index.options.iter().any(has_one) => Some(index.key),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// The columns of other types whose default casts to a type with `::`.
    pub fn defaults_of_type(&self, key: &Key) -> Vec<(Key, Name)> {
        self.columns_where(&key.name, |column| {
            let default = column.default.as_ref();
            default.is_some_and(|d| self.casts_to(&d.text, key))
                && self.type_key(&column.ty) != *key
        })
    }

    fn columns_where(&self, word: &str, is: impl Fn(&Column) -> bool) -> Vec<(Key, Name)> {
        let tables = self.tables_with(word).into_iter();
        let columns = tables.flat_map(|t| t.columns.iter().map(move |c| (t, c)));
        columns
            .filter(|(_, column)| is(column))
            .map(|(table, column)| (table.key, column.name))
            .collect()
    }

    pub(super) fn casts_to(&self, text: &str, key: &Key) -> bool {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        let mut list = tokens.iter().enumerate();
        list.any(|(n, token)| {
            token.kind == TokenKind::DoubleColon && {
                let ty = DataType::read(&mut Cursor::new(text, &tokens[n + 1..]));
                ty.is_some_and(|ty| ty.name == key.name && self.type_key(&ty) == *key)
            }
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Does the name stand before a parenthesis?
fn calls(text: &str, name: &str) -> bool {
    let mut before = text.match_indices('(').map(|(open, _)| &text[..open]);
    before.any(|text| words(text.trim_end().trim_end_matches('"')).last() == Some(name))
}
