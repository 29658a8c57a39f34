//! Which partition takes a row that is written out as constants.

use std::cmp::Ordering;

use crate::effect::{Ground, LockMode};
use crate::operation::{Bound, Column};
use crate::schema::{Origin, Table};
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::constant::items;
use super::expr::{Tokens, is_word};
use super::partition::{End, ends, groups};
use super::term::constant;
use super::violated::{Row, Value, compare};

/// So many levels of partitions are gone down.
const DEEPEST: u8 = 8;

/// Of more partitions none is looked at: each INSERT asks them all.
const MOST: usize = 200;

/// What a partition takes.
enum Takes<'t> {
    /// Rows with one of these values.
    Listed(&'t Column, Vec<Option<Value>>),
    /// Rows between two ends.
    Between(Vec<&'t Column>, [Vec<Place>; 2]),
    /// What no other takes.
    Rest,
    Unknown,
}

/// A value of an end of a range.
enum Place {
    Lowest,
    Highest,
    At(Option<Value>),
}

impl<'a> Work<'a> {
    /// A row goes down to the partition that takes it, and into no other
    /// (insert_partition_*, insert_list_*).
    pub(super) fn check_routes(&mut self, table: &'a Table, rows: &[&Row], depth: u8) {
        let Some(parts) = self.parts(table).filter(|_| depth < DEEPEST) else {
            return;
        };
        let mut routed: Vec<Vec<&Row>> = vec![Vec::new(); parts.len()];
        for row in rows {
            let mut takers = (0..parts.len()).filter(|n| parts[*n].1.takes(row) != Some(false));
            let rest = parts
                .iter()
                .position(|(_, takes)| matches!(takes, Takes::Rest));
            match (takers.next(), takers.next(), rest) {
                (Some(n), None, _) if parts[n].1.takes(row) == Some(true) => routed[n].push(row),
                (None, _, Some(n)) => routed[n].push(row),
                (None, _, None) => self.refuse_unrouted(table),
                _ => {}
            }
        }
        for ((part, _), rows) in parts.iter().zip(&routed) {
            if !rows.is_empty() {
                self.lock(&part.key, LockMode::RowExclusive);
                self.check_routes(part, rows, depth + 1);
            }
        }
    }

    /// Somebody else may make partitions for what comes later.
    fn refuse_unrouted(&mut self, table: &Table) {
        let why = format!("no partition of `{}` takes the row", table.key);
        let known = self.schema.has_read_all();
        if known && table.is_new_in(self.schema.migration()) {
            self.refuse(why);
        } else if self.schema.is_whole() {
            self.refuse_unmade(Ground::Unmade, why);
        }
    }

    /// What is written to a partition itself is within its bound
    /// (insert_partition_other).
    pub(super) fn check_own_bound(&mut self, table: &'a Table, rows: &[&Row]) {
        let Some(partition) = &table.partition else {
            return;
        };
        let Some(parent) = self.table(&partition.of) else {
            return;
        };
        let takes = Takes::of(parent, &partition.bound);
        let is_rest = matches!(takes, Takes::Rest);
        if !is_rest && rows.iter().any(|row| takes.takes(row) == Some(false)) {
            self.refuse(format!(
                "the row is not within the bounds of `{}`",
                table.key
            ));
        }
    }

    /// The partitions of a table and what they take, where all are known.
    fn parts(&self, table: &'a Table) -> Option<Vec<(&'a Table, Takes<'a>)>> {
        table.partition_by.as_ref()?;
        let known = table.is_known() && table.origin != Origin::Assumed;
        if !known || table.children.len() > MOST {
            return None;
        }
        let part = |key| {
            let part = self.table(key)?;
            let bound = &part.partition.as_ref()?.bound;
            Some((part, Takes::of(table, bound)))
        };
        table.children.iter().map(part).collect()
    }
}

impl<'t> Takes<'t> {
    fn of(parent: &'t Table, bound: &Bound) -> Self {
        match bound.default {
            true => Self::Rest,
            false => Self::read(parent, bound).unwrap_or(Self::Unknown),
        }
    }

    fn read(parent: &'t Table, bound: &Bound) -> Option<Self> {
        let columns = columns(parent)?;
        let text = bound.text.as_str();
        let tokens = Tokens::of(text);
        let mut groups = groups(&tokens.list);
        let strategy = parent.partition_by.as_ref()?.strategy.as_str();
        Some(match (strategy, columns.as_slice()) {
            ("list", [column]) => {
                let values = groups.next()?.split(|token| token.kind == TokenKind::Comma);
                let values = values.map(|value| listed(value, text, column));
                Self::Listed(column, values.collect())
            }
            ("range", _) => {
                let (from, to) = (groups.next()?, groups.next()?);
                let ends = [ends(from, text)?, ends(to, text)?];
                let ends = ends.map(|ends| places(&columns, ends));
                Self::Between(columns, ends)
            }
            _ => return None,
        })
    }

    /// `None` where it cannot be told; what nobody else takes is no matter here.
    fn takes(&self, row: &Row) -> Option<bool> {
        match self {
            Self::Rest => Some(false),
            Self::Unknown => None,
            Self::Listed(column, values) => is_listed(column, values, row),
            Self::Between(columns, [from, to]) => {
                let is_null = |c: &&Column| row.get(c.name) == Some(&Value::Null);
                if columns.iter().any(is_null) {
                    return Some(false);
                }
                let from = order(columns, from, row).map(Ordering::is_ge);
                let to = order(columns, to, row).map(Ordering::is_lt);
                match (from, to) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (from, to) => Some(from? && to?),
                }
            }
        }
    }
}

/// The columns by which a table is partitioned; `None` where an expression is
/// among them, or a collation.
fn columns(parent: &Table) -> Option<Vec<&Column>> {
    let by = parent.partition_by.as_ref()?;
    let tokens = Tokens::of(&by.definition.text);
    let plain = items(&tokens.list).iter().all(|item| item.len() == 1);
    let column = |name| parent.column(name).map(|column| &**column);
    let columns = by.columns.iter().map(|name| column(name));
    let columns: Option<Vec<&Column>> = columns.collect();
    columns.filter(|list| plain && list.iter().all(|c| c.collation.is_none()))
}

fn listed(value: &[Token], text: &str, column: &Column) -> Option<Value> {
    match value {
        [word] if is_word(*word, text, "NULL") => Some(Value::Null),
        value => Value::of_literal(&constant(value, text)?, &column.ty),
    }
}

fn is_listed(column: &Column, values: &[Option<Value>], row: &Row) -> Option<bool> {
    let own = row.get(column.name)?;
    let mut known = true;
    for value in values {
        let same = match (own, value) {
            (Value::Null, Some(value)) => Some(*value == Value::Null),
            (_, Some(Value::Null)) => Some(false),
            (own, Some(value)) => compare(own, value, "=").flatten(),
            (_, None) => None,
        };
        match same {
            Some(true) => return Some(true),
            same => known &= same.is_some(),
        }
    }
    known.then_some(false)
}

fn places(columns: &[&Column], ends: Vec<End>) -> Vec<Place> {
    let place = |(column, end): (&&Column, End)| match end {
        End::Lowest => Place::Lowest,
        End::Highest => Place::Highest,
        End::Value(value) => Place::At(Value::of_literal(&value, &column.ty)),
    };
    columns.iter().zip(ends).map(place).collect()
}

/// How a row compares with an end of a range.
fn order(columns: &[&Column], end: &[Place], row: &Row) -> Option<Ordering> {
    for (column, place) in columns.iter().zip(end) {
        let value = match place {
            Place::Lowest => return Some(Ordering::Greater),
            Place::Highest => return Some(Ordering::Less),
            Place::At(value) => value.as_ref()?,
        };
        let own = row.get(column.name)?;
        let is = |operator| compare(own, value, operator).flatten();
        if is("<")? {
            return Some(Ordering::Less);
        }
        if !is("=")? {
            return Some(Ordering::Greater);
        }
    }
    Some(Ordering::Equal)
}
