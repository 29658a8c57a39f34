//! What a block of PL/pgSQL asks of the catalog before it runs something.
//!
//! The conditions of IF are read as far as they ask whether something is
//! there; whether it is, only a schema can tell. Nothing is guessed: a part
//! that is not understood makes the answer unknown wherever it matters.

use std::sync::Arc;

use super::ObjectName;
use super::catalog_query;
use crate::name::Name;
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

/// A condition, as far as it asks what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Exists(Box<Wanted>),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Server(VersionTest),
    Unknown,
}

/// `current_setting('server_version_num')::int >= 150000` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionTest {
    /// The answer where the version is below the number, the number, above it.
    answers: [bool; 3],
    number: i64,
}

impl VersionTest {
    /// Does it hold on every server of a major version? `None` where that is up
    /// to the minor one.
    pub fn holds_on(&self, major: u8) -> Option<bool> {
        let answer = |version: i64| {
            let sides = [
                version < self.number,
                version == self.number,
                version > self.number,
            ];
            sides
                .iter()
                .zip(self.answers)
                .any(|(is, holds)| *is && holds)
        };
        // From 10 on: the major version and four digits for the minor one.
        let (first, last) = (i64::from(major) * 10_000, i64::from(major) * 10_000 + 9_999);
        let inside = first < self.number && self.number < last;
        let [first, last] = [answer(first), answer(last)];
        (first == last && !inside).then_some(first)
    }
}

/// Something that a query of the catalog looks for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub what: What,
    /// Of a constraint or column: that of its table.
    pub schema: InSchema,
    /// The table that a column, constraint or index belongs to.
    pub table: Option<Name>,
    pub name: Name,
    /// The letters that the catalog has for its kind (`relkind`, `contype`,
    /// `typtype`), any of them; empty for every kind.
    pub kinds: Name,
    /// The query asks for more, so that it may find nothing although the
    /// object is there.
    pub more: bool,
}

/// The catalog that an object stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Relation,
    Constraint,
    Column,
    Type,
}

/// Where an object is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InSchema {
    /// Wherever one of that name is.
    Any,
    Named(Name),
    /// The first of the search path.
    Current,
    /// The search path, as a name without a schema is.
    Path,
}

/// The branch of an IF: it runs where the branch around it runs, those before
/// it do not, and its condition holds.
#[derive(Debug)]
pub struct Guard {
    /// The IF that this one stands in, or the branch before, and whether the
    /// condition there has to hold.
    pub after: Option<(Arc<Guard>, bool)>,
    pub condition: Condition,
    depth: u16,
}

/// Branches inside and behind others are followed this far.
const MOST_BRANCHES: u16 = 64;

/// Conditions inside conditions are followed this deep.
const DEEPEST: u8 = 16;

impl Guard {
    /// `None` where too many stand before it.
    pub fn new(after: Option<(Arc<Guard>, bool)>, condition: Condition) -> Option<Arc<Self>> {
        let depth = after.as_ref().map_or(0, |(guard, _)| guard.depth + 1);
        let guard = Self {
            after,
            condition,
            depth,
        };
        (depth < MOST_BRANCHES).then(|| Arc::new(guard))
    }
}

impl Condition {
    /// What ELSE asks for.
    pub const TRUE: Self = Self::All(Vec::new());

    /// Reads a condition from the cursor to the end.
    pub fn read(cursor: &mut Cursor<'_>) -> Self {
        let condition = any(cursor, DEEPEST);
        match cursor.done() {
            true => condition,
            false => Self::Unknown,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Unknown => Self::Unknown,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(super) fn exists(wanted: Option<Wanted>) -> Self {
        wanted.map_or(Self::Unknown, |wanted| Self::Exists(Box::new(wanted)))
    }
}

fn any(cursor: &mut Cursor<'_>, depth: u8) -> Condition {
    joined(cursor, "OR", |c| all(c, depth), Condition::Any)
}

fn all(cursor: &mut Cursor<'_>, depth: u8) -> Condition {
    joined(cursor, "AND", |c| negated(c, depth), Condition::All)
}

/// Parts with a word between them; one alone stands for itself.
fn joined(
    cursor: &mut Cursor<'_>,
    word: &str,
    part: impl Fn(&mut Cursor<'_>) -> Condition,
    whole: fn(Vec<Condition>) -> Condition,
) -> Condition {
    let first = part(cursor);
    if !cursor.at_word(word) {
        return first;
    }
    let mut parts = vec![first];
    while cursor.eat_word(word) {
        parts.push(part(cursor));
    }
    whole(parts)
}

fn negated(cursor: &mut Cursor<'_>, depth: u8) -> Condition {
    let mut holds = true;
    while cursor.eat_word("NOT") {
        holds = !holds;
    }
    let asked = asked(cursor, depth).filter(|_| at_end(cursor));
    let Some(asked) = asked else {
        pass(cursor);
        return Condition::Unknown;
    };
    if holds { asked } else { asked.not() }
}

fn at_end(cursor: &Cursor<'_>) -> bool {
    cursor.done() || cursor.at_kind(TokenKind::CloseParen) || cursor.at_any(&["AND", "OR"])
}

/// Passes over the rest of what is not understood.
fn pass(cursor: &mut Cursor<'_>) {
    cursor.skip_until(|c| c.at_any(&["AND", "OR"]));
}

/// One question; the cursor may stand anywhere in it where the answer is `None`.
fn asked(cursor: &mut Cursor<'_>, depth: u8) -> Option<Condition> {
    if depth == 0 {
        return None;
    }
    if cursor.eat_word("EXISTS") {
        return exists(cursor);
    }
    if let Some(wanted) = catalog_query::lookup(cursor) {
        return is_null(cursor, wanted);
    }
    let mark = cursor.mark();
    if let Some(test) = version_test(cursor) {
        return Some(Condition::Server(test));
    }
    cursor.back_to(mark);
    if !cursor.at_kind(TokenKind::OpenParen) {
        return None;
    }
    if cursor.is_word_at(1, "SELECT") {
        return scalar(cursor, depth - 1);
    }
    let end = behind_group(cursor);
    cursor.bump();
    let inner = any(cursor, depth - 1);
    closed(cursor, end).then_some(inner)
}

/// The version of the server as a number, compared with another.
fn version_test(cursor: &mut Cursor<'_>) -> Option<VersionTest> {
    version_number(cursor)?;
    let operator = cursor.bump().map(|token| cursor.slice(token.span))?;
    let answers = match operator {
        "<" => [true, false, false],
        "<=" => [true, true, false],
        "=" => [false, true, false],
        ">=" => [false, true, true],
        ">" => [false, false, true],
        "<>" | "!=" => [true, false, true],
        _ => return None,
    };
    let number = cursor.integer()?;
    Some(VersionTest { answers, number })
}

/// `current_setting('server_version_num')`, cast, perhaps in parentheses or as
/// what a SELECT yields.
fn version_number(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.at_kind(TokenKind::OpenParen) {
        let end = behind_group(cursor);
        cursor.bump();
        cursor.eat_word("SELECT");
        version_number(cursor)?;
        if !closed(cursor, end) {
            return None;
        }
    } else if cursor.eat_word("CAST") {
        let end = behind_group(cursor);
        let opened = cursor.eat(TokenKind::OpenParen);
        version_number(cursor).filter(|()| opened && cursor.eat_word("AS"))?;
        cursor.ident()?;
        if !closed(cursor, end) {
            return None;
        }
    } else {
        if cursor.eat_word("PG_CATALOG") && !cursor.eat(TokenKind::Dot) {
            return None;
        }
        let asked = cursor.eat_word("CURRENT_SETTING") && cursor.eat(TokenKind::OpenParen);
        let (name, _) = cursor.string().filter(|_| asked)?;
        let whole = cursor.eat(TokenKind::CloseParen);
        if !whole || !name.eq_ignore_ascii_case("server_version_num") {
            return None;
        }
    }
    while cursor.eat(TokenKind::DoubleColon) {
        cursor.ident()?;
    }
    Some(())
}

/// Where the group at the cursor ends.
fn behind_group(cursor: &Cursor<'_>) -> usize {
    let mut ahead = cursor.clone();
    ahead.group();
    ahead.mark()
}

/// Goes behind the group that ends at `end`; false unless it was read whole.
fn closed(cursor: &mut Cursor<'_>, end: usize) -> bool {
    let whole = cursor.eat(TokenKind::CloseParen) && cursor.mark() == end;
    cursor.back_to(end);
    whole
}

/// With the cursor behind EXISTS.
fn exists(cursor: &mut Cursor<'_>) -> Option<Condition> {
    if !cursor.at_kind(TokenKind::OpenParen) {
        return None;
    }
    let end = behind_group(cursor);
    cursor.bump();
    let query = cursor.eat_word("SELECT").then(|| {
        let plain = catalog_query::select_list(cursor);
        plain.and_then(|()| catalog_query::from(cursor))
    });
    let whole = closed(cursor, end);
    Some(Condition::exists(query.flatten().filter(|_| whole)))
}

/// `(SELECT …)` that yields one value, and what is asked of it.
fn scalar(cursor: &mut Cursor<'_>, depth: u8) -> Option<Condition> {
    let end = behind_group(cursor);
    cursor.bump();
    cursor.bump();
    if cursor.at_any(&["EXISTS", "NOT"]) {
        let inner = any(cursor, depth);
        return closed(cursor, end).then_some(inner);
    }
    if let Some(wanted) = catalog_query::lookup(cursor) {
        return closed(cursor, end)
            .then(|| is_null(cursor, wanted))
            .flatten();
    }
    let counts = catalog_query::count(cursor);
    let list = if counts {
        Some(())
    } else {
        catalog_query::select_list(cursor)
    };
    let wanted = list.and_then(|()| catalog_query::from(cursor));
    if !closed(cursor, end) {
        return None;
    }
    match counts {
        true => compared(cursor, wanted?),
        false => is_null(cursor, wanted?),
    }
}

/// `IS NULL`, `IS NOT NULL` behind what yields NULL where nothing is found.
fn is_null(cursor: &mut Cursor<'_>, wanted: Wanted) -> Option<Condition> {
    if !cursor.eat_word("IS") {
        return None;
    }
    let found = cursor.eat_word("NOT");
    let exists = Condition::exists(Some(wanted));
    let null = cursor.eat_word("NULL");
    null.then(|| if found { exists } else { exists.not() })
}

/// `= 0`, `> 0` and the like behind a count.
fn compared(cursor: &mut Cursor<'_>, wanted: Wanted) -> Option<Condition> {
    let operator = cursor.bump().map(|token| cursor.slice(token.span))?;
    let number = cursor.integer()?;
    let exists = Condition::exists(Some(wanted));
    match (operator, number) {
        ("=", 0) | ("<", 1) | ("<=", 0) => Some(exists.not()),
        (">", 0) | (">=", 1) | ("<>" | "!=", 0) => Some(exists),
        _ => None,
    }
}

/// A name in a literal, as `to_regclass` reads it.
pub(super) fn name_in(literal: &str) -> Option<ObjectName> {
    let name = ObjectName::of_text(literal)?;
    (!name.template && name.span.len() as usize == literal.len()).then_some(name)
}
