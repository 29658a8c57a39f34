//! CHECKs that rows written out as constants do not keep.
//!
//! A check is worked out as far as its parts are known: columns with constants,
//! comparisons, lists, AND, OR and NOT. It refuses a row only where it is
//! certainly false (insert_check_*).

use std::cmp::Ordering;

use crate::name::Name;
use crate::operation::{ConstraintKind, DataType};
use crate::schema::Table;
use crate::statement::cursor::string_value;
use crate::statement::lexer::{Token, TokenKind};

use super::expr::{Tokens, conjuncts, disjuncts, group_end, is_word, name_of, strip};

/// A constant as a column holds it, or as it stands in a check.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    /// In the one form that a type writes its values in, which is in their order:
    /// a date, a moment, a UUID.
    Formed(String),
    Boolean(bool),
    Null,
}

/// What is known of a row: values of the columns that somebody asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Row(Vec<(Name, Value)>);

impl Row {
    pub(super) fn set(&mut self, column: Name, value: Value) {
        self.0.push((column, value));
    }

    pub(super) fn get(&self, column: Name) -> Option<&Value> {
        let found = self.0.iter().find(|(name, _)| *name == column);
        found.map(|(_, value)| value)
    }
}

/// SQL's three truths; `None` where it cannot be told.
pub(super) type Truth = Option<Option<bool>>;

/// The name of a check of the table that the row violates.
pub(super) fn violated<'t>(table: &'t Table, row: &Row) -> Option<&'t str> {
    let is_false = |text: &str| {
        let tokens = Tokens::of(text);
        let check = Check {
            text,
            table: &table.key.name,
            row,
        };
        check.truth(&tokens.list, 0) == Some(Some(false))
    };
    let mut constraints = table.constraints.iter();
    let found = constraints.find(|constraint| match &constraint.definition.kind {
        ConstraintKind::Check(expr) => !constraint.definition.not_enforced && is_false(&expr.text),
        _ => false,
    });
    found.map(|constraint| constraint.name.as_str())
}

/// Is a condition certainly not true of the row?
pub(super) fn is_unmet(condition: &str, table: &Table, row: &Row) -> bool {
    let check = Check {
        text: condition,
        table: &table.key.name,
        row,
    };
    let truth = check.truth(&Tokens::of(condition).list, 0);
    truth.is_some_and(|truth| truth != Some(true))
}

impl Value {
    /// What a column of the type holds of a number as written, where that is
    /// just the number.
    pub(super) fn of_number(number: &str, ty: &DataType) -> Option<Self> {
        let value: f64 = number.parse().ok()?;
        match kind(ty)? {
            Kind::Integer => (value.fract() == 0.0).then_some(Value::Number(value)),
            Kind::Decimal => {
                let given = number.split_once('.').map_or(0, |(_, places)| places.len());
                let kept = ty.modifiers[1].or(ty.modifiers[0].map(|_| 0));
                let fits = kept.is_none_or(|kept| i32::try_from(given).is_ok_and(|n| n <= kept));
                (fits && number.len() <= EXACT).then_some(Value::Number(value))
            }
            Kind::Text | Kind::Formed(_) => None,
        }
    }

    /// The same of what stands in quotes.
    pub(super) fn of_text(text: &str, ty: &DataType) -> Option<Self> {
        match kind(ty)? {
            Kind::Integer | Kind::Decimal => Value::of_number(text.trim(), ty),
            Kind::Text => Some(Value::Text(text.to_owned())),
            Kind::Formed(form) => form(text).map(Value::Formed),
        }
    }

    /// The same of a constant as written.
    pub(super) fn of_literal(constant: &str, ty: &DataType) -> Option<Self> {
        let quoted = constant
            .strip_prefix('\'')
            .and_then(|c| c.strip_suffix('\''));
        match quoted {
            Some(text) => Value::of_text(&text.replace("''", "'"), ty),
            None => Value::of_number(constant, ty),
        }
    }

    /// Its text; none of NULL.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Value::Number(number) => Some(number.to_string()),
            Value::Text(text) | Value::Formed(text) => Some(format!("'{text}'")),
            Value::Boolean(truth) => Some(truth.to_string()),
            Value::Null => None,
        }
    }
}

/// So many levels of an expression are looked into.
const DEEPEST: u8 = 32;

/// Digits that a float keeps.
const EXACT: usize = 15;

enum Kind {
    Integer,
    Decimal,
    Text,
    Formed(fn(&str) -> Option<String>),
}

fn kind(ty: &DataType) -> Option<Kind> {
    let plain = ty.schema.is_none() && ty.array == 0;
    Some(match ty.name.as_str() {
        _ if !plain => return None,
        "smallint" | "int" | "bigint" | "smallserial" | "serial" | "bigserial" => Kind::Integer,
        "numeric" => Kind::Decimal,
        "text" | "varchar" => Kind::Text,
        "date" => Kind::Formed(day),
        "timestamp" | "timestamptz" => Kind::Formed(moment),
        "uuid" => Kind::Formed(uuid),
        _ => return None,
    })
}

/// A day as ISO 8601 has it.
fn day(text: &str) -> Option<String> {
    let is_one = text.len() == 10
        && text.bytes().enumerate().all(|(n, byte)| match n {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_one.then(|| text.to_owned())
}

/// A day, perhaps with a time to the second, without a zone.
fn moment(text: &str) -> Option<String> {
    let (date, time) = text.split_at_checked(10)?;
    let time = match time.strip_prefix([' ', 'T']) {
        None if time.is_empty() => "00:00:00",
        time => time?,
    };
    let is_time = time.len() == 8
        && time.bytes().enumerate().all(|(n, byte)| match n {
            2 | 5 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    Some(format!("{} {time}", day(date)?)).filter(|_| is_time)
}

fn uuid(text: &str) -> Option<String> {
    let digits = text.replace('-', "").to_ascii_lowercase();
    let is_one = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(digits)
}

struct Check<'c> {
    text: &'c str,
    table: &'c str,
    row: &'c Row,
}

impl Check<'_> {
    fn truth(&self, list: &[Token], depth: u8) -> Truth {
        if depth > DEEPEST {
            return None;
        }
        let within = |list: &[Token]| self.truth(list, depth + 1);
        let list = strip(list);
        let sides = disjuncts(list, self.text);
        if sides.len() > 1 {
            return among(sides.into_iter().map(within), true);
        }
        if let [not, rest @ ..] = list
            && is_word(*not, self.text, "NOT")
            && conjuncts(list, self.text).len() == 1
        {
            return within(rest).map(|truth| truth.map(|truth| !truth));
        }
        match conjuncts(list, self.text).as_slice() {
            [] => None,
            [one] => self.term(one),
            terms => among(terms.iter().map(|term| within(term)), false),
        }
    }

    fn term(&self, list: &[Token]) -> Truth {
        let at = operand_end(list)?;
        let (left, rest) = list.split_at(at);
        let left = self.value(left)?;
        let Some((first, behind)) = rest.split_first() else {
            return match left {
                Value::Boolean(truth) => Some(Some(truth)),
                Value::Null => Some(None),
                _ => None,
            };
        };
        let word = |token: Token, word: &str| is_word(token, self.text, word);
        if word(*first, "IS") {
            let null = left == Value::Null;
            return match behind {
                [w] if word(*w, "NULL") => Some(Some(null)),
                [n, w] if word(*n, "NOT") && word(*w, "NULL") => Some(Some(!null)),
                _ => None,
            };
        }
        if word(*first, "BETWEEN") {
            let and = behind.iter().position(|token| word(*token, "AND"))?;
            let least = compare(&left, &self.value(&behind[..and])?, ">=");
            let most = compare(&left, &self.value(&behind[and + 1..])?, "<=");
            return among([least, most].into_iter(), false);
        }
        let negated = word(*first, "NOT");
        let list_at = if negated { behind } else { rest };
        if let [within, group @ ..] = list_at
            && word(*within, "IN")
        {
            let found = self.is_one_of(&left, group)?;
            return Some(found.map(|found| found != negated));
        }
        let operator = first.span.of(self.text);
        if operator == "="
            && let [any, group @ ..] = behind
            && word(*any, "ANY")
        {
            return self.is_one_of(&left, array(group, self.text)?);
        }
        compare(&left, &self.value(behind)?, operator)
    }

    /// Is the value one of those between parentheses or brackets?
    fn is_one_of(&self, value: &Value, group: &[Token]) -> Truth {
        let end = group_end(group, 0);
        if end + 1 != group.len() || end < 2 {
            return None;
        }
        let items = super::constant::items(&group[1..end]);
        let same = |item: &[Token]| compare(value, &self.value(item)?, "=");
        among(items.into_iter().map(same), true)
    }

    /// A column, a constant, or the length of one of them, perhaps with a cast
    /// that leaves it what it is.
    fn value(&self, list: &[Token]) -> Option<Value> {
        let list = strip(list);
        let inner = uncast(list, self.text);
        let value = match inner {
            [call, open, .., _] if open.kind == TokenKind::OpenParen => {
                self.length(*call, &inner[1..])
            }
            inner => self.plain(inner),
        }?;
        match value {
            Value::Number(number) if inner.len() < list.len() && number.fract() != 0.0 => None,
            value => Some(value),
        }
    }

    fn length(&self, call: Token, group: &[Token]) -> Option<Value> {
        let mut names = ["length", "char_length"].iter();
        let counts = names.any(|name| is_word(call, self.text, name));
        let end = group_end(group, 0);
        if !counts || end + 1 != group.len() {
            return None;
        }
        match self.plain(uncast(strip(&group[1..end]), self.text))? {
            Value::Text(text) => Some(Value::Number(text.chars().count() as f64)),
            Value::Null => Some(Value::Null),
            _ => None,
        }
    }

    fn plain(&self, list: &[Token]) -> Option<Value> {
        let is = |token: Token, word: &str| is_word(token, self.text, word);
        match list {
            [one] => match one.kind {
                TokenKind::Number => one.span.of(self.text).parse().ok().map(Value::Number),
                TokenKind::Text => {
                    string_value(*one, self.text).map(|text| Value::Text(text.into_owned()))
                }
                _ if is(*one, "NULL") => Some(Value::Null),
                _ if is(*one, "TRUE") => Some(Value::Boolean(true)),
                _ if is(*one, "FALSE") => Some(Value::Boolean(false)),
                _ => self.row.get(name_of(*one, self.text)?).cloned(),
            },
            [table, dot, column] if dot.kind == TokenKind::Dot => {
                let own = name_of(*table, self.text)? == self.table;
                let column = name_of(*column, self.text)?;
                self.row.get(column).filter(|_| own).cloned()
            }
            [sign, number] if number.kind == TokenKind::Number => {
                let number: f64 = number.span.of(self.text).parse().ok()?;
                (sign.span.of(self.text) == "-").then_some(Value::Number(-number))
            }
            _ => None,
        }
    }
}

/// OR (`true`) and AND (`false`) of truths: one such truth decides, what is not
/// known leaves it open, and then NULL.
fn among(truths: impl Iterator<Item = Truth>, decides: bool) -> Truth {
    let (mut open, mut null) = (false, false);
    for truth in truths {
        match truth {
            Some(Some(truth)) if truth == decides => return Some(Some(decides)),
            Some(Some(_)) => {}
            Some(None) => null = true,
            None => open = true,
        }
    }
    match (open, null) {
        (true, _) => None,
        (_, true) => Some(None),
        _ => Some(Some(!decides)),
    }
}

/// Texts are the same or not; which of them comes first is up to the collation.
pub(super) fn compare(left: &Value, right: &Value, operator: &str) -> Truth {
    let order = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => {
            let known = ["=", "<>", "!=", "<", "<=", ">", ">="].contains(&operator);
            return known.then_some(None);
        }
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right)?,
        (Value::Text(left), Value::Text(right)) if matches!(operator, "=" | "<>" | "!=") => {
            left.cmp(right)
        }
        (Value::Formed(left), Value::Formed(right)) => left.cmp(right),
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        _ => return None,
    };
    Some(Some(match operator {
        "=" => order == Ordering::Equal,
        "<>" | "!=" => order != Ordering::Equal,
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        ">=" => order != Ordering::Less,
        _ => return None,
    }))
}

/// Where the first operand ends: behind a name, a constant, a call or a group,
/// with its casts.
fn operand_end(list: &[Token]) -> Option<usize> {
    let mut at = match list.first()?.kind {
        TokenKind::OpenParen => group_end(list, 0) + 1,
        _ => 1,
    };
    loop {
        match list.get(at).map(|token| token.kind) {
            Some(TokenKind::OpenParen | TokenKind::OpenBracket) => at = group_end(list, at) + 1,
            Some(TokenKind::Dot | TokenKind::DoubleColon) => at += 2,
            _ => break,
        }
    }
    (at <= list.len()).then_some(at)
}

/// Types whose casts leave a text, or a whole number, what it is.
const SAME: &[&str] = &[
    "text",
    "character",
    "varying",
    "varchar",
    "numeric",
    "integer",
    "bigint",
];

/// Without such casts behind it.
fn uncast<'t>(list: &'t [Token], text: &str) -> &'t [Token] {
    let is_cast = |token: &Token| token.kind == TokenKind::DoubleColon;
    let mut list = list;
    while let Some(cast) = list.iter().rposition(is_cast) {
        let mut ty = list[cast + 1..].iter().map(|token| token.span.of(text));
        if !ty.all(|word| SAME.iter().any(|known| word.eq_ignore_ascii_case(known))) {
            return list;
        }
        list = strip(&list[..cast]);
    }
    list
}

/// The brackets in `(ARRAY['a', 'b'])` and `((ARRAY['a'::text])::text[])`.
fn array<'t>(group: &'t [Token], text: &str) -> Option<&'t [Token]> {
    let at = group
        .iter()
        .position(|token| is_word(*token, text, "ARRAY"))?;
    let before = group[..at]
        .iter()
        .all(|token| token.kind == TokenKind::OpenParen);
    let list = &group[at + 1..];
    let opens = list.first()?.kind == TokenKind::OpenBracket;
    let end = group_end(list, 0);
    let plain = list[end + 1..].iter().all(|token| {
        let word = token.span.of(text);
        matches!(word, ")" | "::" | "[" | "]") || SAME.contains(&word)
    });
    (before && opens && plain).then(|| &list[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(text: &str) -> Truth {
        let mut row = Row::default();
        row.set("kg".into(), Value::Number(0.0));
        row.set("state".into(), Value::Text("open".to_owned()));
        row.set("note".into(), Value::Null);
        let tokens = Tokens::of(text);
        let table = "t";
        let check = Check {
            text,
            table,
            row: &row,
        };
        check.truth(&tokens.list, 0)
    }

    #[test]
    fn what_is_certainly_false() {
        for text in [
            "kg > 0",
            "(kg > 0)",
            "((kg > 0) AND (other > 1))",
            "kg BETWEEN 1 AND 5",
            "t.kg <> 0 AND unknown(kg)",
            "NOT (kg = 0)",
            "kg < 0 OR kg > 0",
            "state IN ('new', 'done')",
            "state NOT IN ('open')",
            "(state)::text = ANY ((ARRAY['new'::character varying, 'done'::character varying])::text[])",
            "length(state) > 4",
            "note IS NOT NULL",
        ] {
            assert_eq!(truth(text), Some(Some(false)), "{text}");
        }
        for text in [
            "kg >= 0",
            "kg > 0 OR state = 'open'",
            "note > 'a'",
            "note IN ('a')",
            "state IN ('new', 'open')",
            "state > 'p'",
            "kg > other",
            "lower(state) = 'x'",
            "kg > 0 OR other",
            "state ~ '^x'",
            "kg + 1 > 5",
            "5 > kg - 7",
            "x.kg > 0",
            "NOT kg = 1",
            "",
            "((((",
            "AND AND",
            "NOT",
            "kg IN ()",
            "kg >",
        ] {
            assert_ne!(truth(text), Some(Some(false)), "{text}");
        }
    }
}
