//! Constants: does the server take what is written as a value of a type?
//!
//! It reads a literal in quotes as the type that it is for while it looks at
//! the statement, whatever rows there are (default_literal_*, values_*).

use crate::name::Name;
use crate::operation::{Column, DataType, Ident, Identity, Insert, TypeDefinition, Update};
use crate::schema::{Table, TypeEntry, View};
use crate::statement::Cursor;
use crate::statement::cursor::string_value;
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::expr::{Tokens, group_end, is_word, name_of, strip};
use super::place::Place;
use super::violated::{Row, Value, is_unmet};

/// An expression that is nothing but one value.
enum Constant<'t> {
    /// In quotes, as written; and the type that it is cast to, if any.
    Text(Token, Option<DataType>),
    Number(&'t str),
    /// TRUE or FALSE.
    Boolean(bool),
    Null,
}

fn constant<'t>(tokens: &[Token], text: &'t str) -> Option<Constant<'t>> {
    let list = strip(tokens);
    let (first, rest) = list.split_first()?;
    match (first.kind, rest) {
        (TokenKind::Text, []) => Some(Constant::Text(*first, None)),
        (TokenKind::Text, [cast, ty @ ..]) if cast.kind == TokenKind::DoubleColon => {
            let mut cursor = Cursor::new(text, ty);
            let ty = DataType::read(&mut cursor).filter(|_| cursor.done())?;
            Some(Constant::Text(*first, Some(ty)))
        }
        (TokenKind::Number, []) => Some(Constant::Number(first.span.of(text))),
        (TokenKind::Operator, [number]) if number.kind == TokenKind::Number => {
            let signed = first.span.to(number.span).of(text);
            (first.span.of(text) == "-").then_some(Constant::Number(signed))
        }
        (TokenKind::Word, []) if is_word(*first, text, "NULL") => Some(Constant::Null),
        (TokenKind::Word, []) if is_word(*first, text, "TRUE") => Some(Constant::Boolean(true)),
        (TokenKind::Word, []) if is_word(*first, text, "FALSE") => Some(Constant::Boolean(false)),
        _ => None,
    }
}

/// Does an expression yield one value, not NULL, whenever it is asked?
pub fn is_one_value(text: &str) -> bool {
    let tokens = Tokens::of(text);
    constant(&tokens.list, text).is_some_and(|value| !matches!(value, Constant::Null))
}

/// The items between commas, and what stands in parentheses whole.
pub(super) fn items(tokens: &[Token]) -> Vec<&[Token]> {
    let mut items = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(token) = tokens.get(at) {
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => at = group_end(tokens, at),
            TokenKind::Comma => {
                items.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if from < tokens.len() {
        items.push(&tokens[from..]);
    }
    items
}

/// The rows behind VALUES, each with its items.
fn rows(list: &[Token]) -> Vec<Vec<&[Token]>> {
    let mut rows = Vec::new();
    let mut at = 0;
    while list.get(at).is_some_and(|t| t.kind == TokenKind::OpenParen) {
        let end = group_end(list, at);
        rows.push(items(&list[at + 1..end]));
        at = end + 1;
        if list.get(at).is_none_or(|t| t.kind != TokenKind::Comma) {
            break;
        }
        at += 1;
    }
    rows
}

/// What stands behind WHERE, where the query gives no column another name.
fn condition_of(query: &str) -> Option<&str> {
    let tokens = Tokens::of(query);
    let mut cursor = Cursor::new(query, &tokens.list);
    cursor.skip_until(|c| c.at_any(&["AS", "FROM"]));
    cursor.eat_word("FROM").then_some(())?;
    cursor.skip_until(|c| c.at_word("WHERE"));
    cursor.eat_word("WHERE").then_some(())?;
    cursor
        .skip_until(|c| c.at_word("ORDER"))
        .map(|span| span.of(query))
}

/// How many values the first of some rows has.
pub(super) fn width(rows: &str) -> usize {
    let tokens = Tokens::of(rows);
    let first = tokens.list.first();
    if first.is_none_or(|t| t.kind != TokenKind::OpenParen) {
        return 0;
    }
    items(&tokens.list[1..group_end(&tokens.list, 0)]).len()
}

/// What a literal in quotes has to be.
enum Expected<'t> {
    /// An element of a type that says nothing of its form.
    Anything,
    Array(&'t DataType),
    Enum(&'t TypeEntry),
    BuiltIn(&'t DataType),
}

impl Expected<'_> {
    /// Why a literal of the text is none; `cut` if what is too long is cut off.
    fn misfit(&self, literal: Token, text: &str, cut: bool) -> Option<String> {
        if matches!(self, Expected::Anything) {
            return None;
        }
        let value = string_value(literal, text)?;
        if is_placeholder(&value) {
            return None;
        }
        match self {
            Expected::Anything => None,
            Expected::Array(ty) => (!value.trim_start().starts_with(['{', '[']))
                .then(|| format!("'{value}' is no value of type {ty}: an array begins with '{{'")),
            Expected::Enum(entry) => match &entry.definition {
                TypeDefinition::Enum(values) if !values.iter().any(|one| *one == *value) => {
                    Some(format!("enum `{}` has no value '{value}'", entry.key))
                }
                _ => None,
            },
            Expected::BuiltIn(ty) => {
                (!fits(&value, ty, cut)).then(|| format!("'{value}' is no value of type {ty}"))
            }
        }
    }
}

/// The columns whose values somebody asks for.
struct Asked<'t> {
    given: Vec<Given<'t>>,
    /// Those that hold NULL in every row.
    left_null: Vec<Name>,
}

/// A column that rows give a value to.
struct Given<'t> {
    column: &'t Column,
    /// Where in the row.
    at: usize,
    /// It holds NULL where the row is too short.
    left_null: bool,
}

impl Asked<'_> {
    /// What is known of a row.
    fn of(&self, row: &[&[Token]], text: &str) -> Row {
        let mut known = Row::default();
        for Given {
            column,
            at,
            left_null,
        } in &self.given
        {
            let value = match row.get(*at) {
                Some(item) => constant(item, text).and_then(|c| value(&c, column, text)),
                None => left_null.then_some(Value::Null),
            };
            if let Some(value) = value {
                known.set(column.name, value);
            }
        }
        for name in &self.left_null {
            known.set(*name, Value::Null);
        }
        known
    }
}

/// Something that a tool fills in.
fn is_placeholder(value: &str) -> bool {
    value.contains("${") || value.contains("{{") || value.starts_with(':')
}

/// Is there something that a value of this type cannot be?
fn has_form(ty: &DataType) -> bool {
    match ty.name.as_str() {
        "varchar" | "char" => ty.modifiers[0].is_some(),
        "smallint" | "smallserial" | "int" | "serial" | "bigint" | "bigserial" | "numeric"
        | "real" | "double precision" | "boolean" | "uuid" | "json" | "jsonb" | "date"
        | "timestamp" | "timestamptz" => true,
        _ => false,
    }
}

/// Is it a value of a type that has a form?
fn fits(value: &str, ty: &DataType, cut: bool) -> bool {
    let long = |length: i32| {
        let trimmed = value.trim_end_matches(' ').chars().count();
        !cut && i32::try_from(trimmed).is_ok_and(|n| n > length)
    };
    match (ty.name.as_str(), ty.modifiers) {
        ("varchar" | "char", [Some(length), _]) => !long(length),
        ("smallint" | "smallserial", _) => is_integer::<i16>(value),
        ("int" | "serial", _) => is_integer::<i32>(value),
        ("bigint" | "bigserial", _) => is_integer::<i64>(value),
        ("numeric" | "real" | "double precision", _) => {
            is_number(value) && !is_beyond(value.trim(), ty)
        }
        ("boolean", _) => is_boolean(value),
        ("uuid", _) => is_uuid(value),
        ("json" | "jsonb", _) => is_json(value),
        ("date" | "timestamp" | "timestamptz", _) => is_date(value),
        _ => true,
    }
}

/// Is a number greater or less than all of a type?
fn is_beyond(number: &str, ty: &DataType) -> bool {
    let Ok(number) = number.parse::<f64>() else {
        return false;
    };
    let (least, most) = match ty.name.as_str() {
        "smallint" | "smallserial" => (f64::from(i16::MIN), f64::from(i16::MAX)),
        "int" | "serial" => (f64::from(i32::MIN), f64::from(i32::MAX)),
        "numeric" => return is_wider(number, ty.modifiers),
        _ => return false,
    };
    number.round() < least || number.round() > most
}

/// Has a number more digits before the point than `numeric(…)` has room for
/// (values_numeric_*)?
fn is_wider(number: f64, modifiers: [Option<i32>; 2]) -> bool {
    let [Some(precision), scale] = modifiers else {
        return false;
    };
    number.is_finite() && number.abs() >= 10f64.powi(precision - scale.unwrap_or(0))
}

/// A column that values are written to.
struct Taker<'t> {
    column: &'t Column,
    expected: Expected<'t>,
}

impl<'a> Work<'a> {
    fn expected<'t>(&self, ty: &'t DataType) -> Expected<'t>
    where
        'a: 't,
    {
        let ty = self.schema.domains_of(ty).last().map_or(ty, |d| &d.base);
        if ty.array > 0 {
            return match ty.schema {
                None => Expected::Array(ty),
                Some(_) => Expected::Anything,
            };
        }
        match self.schema.type_of(ty) {
            Some(entry) => Expected::Enum(entry),
            None if ty.schema.is_none() && has_form(ty) => Expected::BuiltIn(ty),
            None => Expected::Anything,
        }
    }

    /// A default is one expression without columns and subqueries, and its value
    /// fits.
    pub(super) fn check_new_default(&mut self, default: &str, ty: &DataType) {
        let tokens = Tokens::of(default);
        self.check_place_of(default, Place::Default);
        if let [name] = strip(&tokens.list)
            && is_column(*name, default)
        {
            let name = name.span.of(default);
            self.refuse(format!(
                "a default cannot name a column, which `{name}` would be"
            ));
        }
        self.check_default_names(default);
        self.check_sequences_exist(default);
        match constant(&tokens.list, default) {
            None | Some(Constant::Null) => {}
            Some(constant) => self.check_constant(&constant, default, ty, &self.expected(ty)),
        }
    }

    fn check_constant(
        &mut self,
        constant: &Constant<'_>,
        text: &str,
        ty: &DataType,
        expected: &Expected<'_>,
    ) {
        let misfit = match constant {
            Constant::Null => None,
            // It becomes a text by itself, and nothing else (values_boolean_*).
            Constant::Boolean(_) => {
                let refuses = ty.array == 0
                    && ty.schema.is_none()
                    && has_form(ty)
                    && !matches!(ty.name.as_str(), "boolean" | "varchar" | "char");
                refuses.then(|| format!("a boolean is no value of type {ty}"))
            }
            // A cast cuts off what is too long.
            Constant::Text(literal, Some(cast)) => self.expected(cast).misfit(*literal, text, true),
            Constant::Text(literal, None) => expected.misfit(*literal, text, false),
            Constant::Number(number) => {
                let refuses = ty.array == 0
                    && ty.schema.is_none()
                    && (matches!(
                        ty.name.as_str(),
                        "boolean"
                            | "uuid"
                            | "jsonb"
                            | "json"
                            | "date"
                            | "timestamp"
                            | "timestamptz"
                            | "interval"
                    ) || is_beyond(number, ty));
                refuses.then(|| format!("the number {number} is no value of type {ty}"))
            }
        };
        if let Some(misfit) = misfit {
            self.refuse(misfit);
        }
    }

    /// The rows of an INSERT, where they are written out.
    pub(super) fn check_values(&mut self, table: &'a Table, insert: &Insert) {
        let Some(values) = &insert.values else { return };
        let tokens = Tokens::of(&values.text);
        let takers: Vec<Option<Taker<'_>>> = match insert.columns.as_slice() {
            [] => table.columns.iter().map(|c| Some(self.taker(c))).collect(),
            named => named
                .iter()
                .map(|c| table.column(&c.name).map(|c| self.taker(c)))
                .collect(),
        };
        let list = tokens.list.as_slice();
        let behind_first = list.get(group_end(list, 0) + 1);
        let several = behind_first.is_some_and(|t| t.kind == TokenKind::Comma);
        let asked = self.asked_of_rows(table, insert, several);
        let asked = (!asked.is_empty()).then(|| self.asked(table, &asked, &takers));
        let asked = asked.flatten();
        let mut known = Vec::new();
        let mut width = None;
        for row in rows(list) {
            let first = *width.get_or_insert(row.len());
            if first != row.len() {
                self.refuse(format!(
                    "one row has {first} values, and another {}",
                    row.len()
                ));
            }
            self.check_row(table, insert, &takers, &row, &values.text);
            known.extend(asked.as_ref().map(|asked| asked.of(&row, &values.text)));
        }
        self.check_rows(table, insert, &known);
    }

    /// Rows that a view with CHECK OPTION would not show, where nothing changes
    /// them before (insert_check_option_*).
    pub(super) fn check_shown(&mut self, view: &View, insert: &Insert) {
        let checks = view.options.contains("check_option") || !view.check_option.is_empty();
        let base = view.base().and_then(|base| self.table(base));
        let (Some(values), Some(table)) = (&insert.values, base.filter(|t| t.is_known())) else {
            return;
        };
        let Some(condition) = condition_of(&view.query).filter(|_| checks) else {
            return;
        };
        if !table.triggers.is_empty() || !table.rules.is_empty() || !view.instead.is_empty() {
            return;
        }
        let names: Vec<Name> = match insert.columns.as_slice() {
            [] => view.columns.clone(),
            named => named.iter().map(|column| column.name).collect(),
        };
        let tokens = Tokens::of(&values.text);
        for row in rows(&tokens.list) {
            let mut known = Row::default();
            for (name, item) in names.iter().zip(row) {
                let column = table.column(name).filter(|_| !view.computed.contains(name));
                let value =
                    constant(item, &values.text).and_then(|c| value(&c, column?, &values.text));
                if let Some(value) = value {
                    known.set(*name, value);
                }
            }
            for column in &table.columns {
                if !names.contains(&column.name) && self.schema.is_left_null(column) {
                    known.set(column.name, Value::Null);
                }
            }
            if is_unmet(condition, table, &known) {
                return self.refuse(format!("`{}` does not show such a row", view.key));
            }
        }
    }

    fn check_row(
        &mut self,
        table: &Table,
        insert: &Insert,
        takers: &[Option<Taker<'_>>],
        row: &[&[Token]],
        text: &str,
    ) {
        let (given, taken) = (row.len(), takers.len());
        if given > taken || given < taken && !insert.columns.is_empty() {
            self.refuse(format!("{given} values cannot go into {taken} columns"));
            return;
        }
        for (taker, item) in takers.iter().zip(row) {
            let column = taker.as_ref().map(|taker| taker.column);
            if let Some(column) = column.filter(|_| !is_default(item, text)) {
                self.check_writable(column, insert);
            }
            if let (Some(taker), Some(constant)) = (taker, constant(item, text)) {
                self.check_assigned(table, taker, &constant, text, false);
            }
        }
    }

    /// `None` where the rows go into columns that are not known.
    fn asked<'t>(
        &self,
        table: &'t Table,
        names: &[Name],
        takers: &[Option<Taker<'t>>],
    ) -> Option<Asked<'t>> {
        let columns = takers.iter().map(|taker| Some(taker.as_ref()?.column));
        let columns: Option<Vec<&Column>> = columns.collect();
        let is_asked = |c: &Column| names.contains(&c.name);
        let given = columns?.into_iter().enumerate();
        let given = given.filter(|(_, column)| is_asked(column));
        let given: Vec<_> = given
            .map(|(at, column)| Given {
                column,
                at,
                left_null: self.schema.is_left_null(column),
            })
            .collect();
        let left = table.columns.iter().filter(|c| {
            let is_given = given.iter().any(|given| given.column.name == c.name);
            is_asked(c) && !is_given && self.schema.is_left_null(c)
        });
        let left_null = left.map(|column| column.name).collect();
        Some(Asked { given, left_null })
    }

    /// Nobody but the server writes generated columns, nor, without OVERRIDING,
    /// identities that are ALWAYS so (insert_identity_by_place).
    pub(super) fn check_writable(&mut self, column: &Column, insert: &Insert) {
        if column.generated.is_some() {
            self.refuse(format!("`{}` is a generated column", column.name));
        } else if column.identity == Some(Identity::Always) && !insert.overriding {
            self.refuse(format!(
                "`{}` is GENERATED ALWAYS AS IDENTITY, which takes a value only with OVERRIDING SYSTEM VALUE",
                column.name
            ));
        }
    }

    fn taker<'t>(&self, column: &'t Column) -> Taker<'t>
    where
        'a: 't,
    {
        Taker {
            column,
            expected: self.expected(&column.ty),
        }
    }

    /// What an UPDATE assigns, item by item.
    pub(super) fn check_assignments(&mut self, table: &Table, update: &Update) {
        let text = &update.assignments.text;
        let tokens = Tokens::of(text);
        for item in items(&tokens.list) {
            let mut cursor = Cursor::new(text, item);
            let Some(Ident { name, .. }) = cursor.ident() else {
                continue;
            };
            if let [_, equals, value @ ..] = item
                && equals.span.of(text) == "="
                && let Some(column) = table.column(&name)
            {
                if let Some(constant) = constant(value, text) {
                    self.check_assigned(table, &self.taker(column), &constant, text, true);
                } else if let [value] = value
                    && update.from.is_none()
                    && !self.scene.operation.within.block
                    && let Some(from) = name_of(*value, text).and_then(|name| table.column(&name))
                {
                    self.check_assigned_column(column, from);
                }
            }
        }
    }

    fn check_assigned(
        &mut self,
        table: &Table,
        taker: &Taker<'_>,
        constant: &Constant<'_>,
        text: &str,
        on_rows: bool,
    ) {
        let column = &taker.column.name;
        self.check_constant(constant, text, &taker.column.ty, &taker.expected);
        let null = matches!(constant, Constant::Null);
        if null && table.triggers.is_empty() && self.is_not_null(table, column) {
            let why = format!("`{column}` of `{}` must not be NULL", table.key);
            if on_rows {
                self.refuse_rows(&table.key, Some(table), why);
            } else {
                self.refuse(why);
            }
        }
    }
}

/// What a column holds of a constant, as far as a check may ask for it.
fn value(constant: &Constant<'_>, column: &Column, text: &str) -> Option<Value> {
    match constant {
        Constant::Null => Some(Value::Null),
        Constant::Boolean(truth) => (column.ty.name == "boolean").then_some(Value::Boolean(*truth)),
        Constant::Number(number) => Value::of_number(number, &column.ty),
        Constant::Text(literal, None) if column.collation.is_none() => {
            let value = string_value(*literal, text)?;
            Value::of_text(&value, &column.ty).filter(|_| !is_placeholder(&value))
        }
        Constant::Text(..) => None,
    }
}

fn is_default(item: &[Token], text: &str) -> bool {
    matches!(item, [word] if is_word(*word, text, "DEFAULT"))
}

/// A lone word that is neither a constant nor a call.
fn is_column(token: Token, text: &str) -> bool {
    const VALUES: &[&str] = &["TRUE", "FALSE", "NULL"];
    let is = |words: &[&str]| words.iter().any(|word| is_word(token, text, word));
    match token.kind {
        TokenKind::QuotedName => true,
        TokenKind::Word => !is(VALUES) && !is(super::volatility::STABLE_WORDS),
        _ => false,
    }
}

/// From 16 on with `_` between digits and other bases.
fn is_integer<T: std::str::FromStr>(value: &str) -> bool {
    let value = value.trim();
    let other = value.contains('_') || value.trim_start_matches(['-', '+']).starts_with('0');
    value.parse::<T>().is_ok() || other && value.starts_with(|c: char| "+-0123456789".contains(c))
}

fn is_number(value: &str) -> bool {
    let value = value.trim();
    value.parse::<f64>().is_ok() || value.starts_with(|c: char| "+-0123456789".contains(c))
}

pub(super) fn is_boolean(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let begins = |word: &str| !value.is_empty() && word.starts_with(value.as_str());
    ["true", "false", "yes", "no"].into_iter().any(begins)
        || matches!(value.as_str(), "on" | "off" | "of" | "0" | "1")
}

/// What begins like `2025-02-28` is a day of the calendar, and what is nothing
/// but letters one of the special words (values_date_*).
fn is_date(value: &str) -> bool {
    const SPECIAL: &[&str] = &[
        "now",
        "today",
        "tomorrow",
        "yesterday",
        "epoch",
        "infinity",
        "allballs",
    ];
    let value = value.trim();
    if value.bytes().all(|b| b.is_ascii_alphabetic()) {
        return SPECIAL.iter().any(|word| value.eq_ignore_ascii_case(word));
    }
    let day = value.split([' ', 'T', 't']).next().unwrap_or(value);
    let mut parts = day.split('-').map(|part| {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| digits)
    });
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(year)), Some(Some(month)), Some(Some(day)), None) if year > 31 => {
            (1..=12).contains(&month) && (1..=days_of(month, year)).contains(&day)
        }
        _ => true,
    }
}

fn days_of(month: u32, year: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_uuid(value: &str) -> bool {
    let inner = value.strip_prefix('{').and_then(|v| v.strip_suffix('}'));
    let inner = inner.unwrap_or(value);
    let digits = inner.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 32 && inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Only what certainly is none is refused: not everything is looked at.
fn is_json(value: &str) -> bool {
    let value = value.trim();
    let word = |c: char| c.is_ascii_alphabetic();
    match value.chars().next() {
        None => false,
        Some(c) if word(c) => matches!(value, "true" | "false" | "null"),
        Some('{') => value.ends_with('}'),
        Some('[') => value.ends_with(']'),
        Some('"') => value.len() > 1 && value.ends_with('"'),
        Some(c) => c == '-' || c.is_ascii_digit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_fit_and_others() {
        assert!(is_integer::<i32>(" 12 ") && is_integer::<i32>("0x1F") && is_integer::<i64>("-3"));
        assert!(!is_integer::<i16>("40000") && !is_integer::<i32>("") && !is_integer::<i32>("1.5"));
        assert!(is_number("1e3") && is_number("NaN") && is_number("-Infinity") && !is_number("a"));
        for yes in ["t", "TRUE", "on", "1", "n", "off"] {
            assert!(is_boolean(yes), "{yes}");
        }
        for no in ["", "o", "2", "wahr"] {
            assert!(!is_boolean(no), "{no}");
        }
        assert!(is_uuid("00000000-0000-0000-0000-000000000000") && !is_uuid("") && !is_uuid("0-0"));
        assert!(is_json("{}") && is_json(" [1] ") && is_json("null") && is_json("-1"));
        for day in [
            "2024-02-29",
            "2025-12-31T10:00",
            "1.2.2025",
            "02-30-2025",
            "today",
            "Jan 1 2025",
        ] {
            assert!(is_date(day), "{day}");
        }
        for none in [
            "",
            "soon",
            "2025-02-29",
            "2025-13-01 00:00",
            "2025-00-10",
            "1900-02-29",
        ] {
            assert!(!is_date(none), "{none}");
        }
        assert!(!is_json("") && !is_json("{") && !is_json("abc") && !is_json("'a'"));
    }
}
