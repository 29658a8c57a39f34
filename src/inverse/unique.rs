//! Which values a key keeps from coming twice, and which other key keeps them
//! out as well.

use std::borrow::Cow;

use super::{plain_expression, same_condition};
use crate::effect::postgres::takes_no_more;
use crate::name::Name;
use crate::operation::{Action, Constraint, ConstraintKind, DataType, ObjectName, Operation};
use crate::schema::{Index, Key, Routine, Schema, Table, TableConstraint, names_in, signature};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::{Token, TokenKind, strip, tokens_into};

/// What a unique index or constraint says about the rows of a table.
pub struct Uniqueness<'a> {
    pub table: Key,
    /// The name of the index or constraint itself, where it has one.
    pub name: &'a str,
    /// An expression has an empty name …
    pub columns: Cow<'a, [Name]>,
    /// … and stands here.
    pub exprs: Vec<&'a str>,
    /// Of each column: the collation that the key compares it by, where that may
    /// take different texts for equal.
    pub collations: Cow<'a, [Option<Name>]>,
    pub predicate: Option<&'a str>,
    /// NULLs are equal too.
    pub nulls_not_distinct: bool,
}

impl<'a> Uniqueness<'a> {
    pub fn of_index(index: &'a Index) -> Self {
        Self {
            table: index.table,
            name: &index.key.name,
            columns: Cow::Borrowed(&index.columns),
            exprs: index.exprs.iter().map(|expr| &*expr.text).collect(),
            collations: index.options.iter().map(|o| collation(o)).collect(),
            predicate: index.predicate.as_ref().map(|expr| &*expr.text),
            nulls_not_distinct: index.nulls_not_distinct,
        }
    }

    /// `None` for a constraint that is no key.
    pub fn of_constraint(table: Key, constraint: &'a TableConstraint) -> Option<Self> {
        let key = Self::added(table, &constraint.definition)?;
        Some(Self {
            name: (constraint.index.as_ref()).map_or(&constraint.name, |index| &index.name),
            columns: Cow::Borrowed(&constraint.columns),
            ..key
        })
    }

    pub fn added(table: Key, constraint: &'a Constraint) -> Option<Self> {
        let (ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key)) = &constraint.kind
        else {
            return None;
        };
        Some(Self {
            table,
            name: constraint.name.as_ref().map_or("", |name| &name.name),
            columns: Cow::Borrowed(&key.columns),
            exprs: Vec::new(),
            collations: Cow::Borrowed(&[]),
            predicate: None,
            nulls_not_distinct: key.nulls_not_distinct,
        })
    }

    /// What an operation makes unique; `None` where it adds no key.
    pub fn of_operation(schema: &Schema, operation: &'a Operation) -> Option<Self> {
        match &operation.action {
            Action::AddConstraint { table, constraint } => {
                Self::added(schema.resolve(&table.name), constraint)
            }
            Action::CreateIndex(index) if index.unique => {
                let elements = index.elements.iter();
                let exprs = elements.clone().filter_map(|e| e.expr.as_ref());
                Some(Self {
                    table: schema.resolve(&index.table),
                    name: index.name.as_ref().map_or("", |name| &name.name),
                    columns: elements
                        .clone()
                        .map(|e| e.column.unwrap_or_default())
                        .collect(),
                    collations: elements.map(|e| collation(&e.options)).collect(),
                    exprs: exprs.map(|expr| &*expr.text).collect(),
                    predicate: index.predicate.as_ref().map(|expr| &*expr.text),
                    nulls_not_distinct: index.nulls_not_distinct,
                })
            }
            _ => None,
        }
    }

    /// Without the expressions.
    pub fn named(&self) -> impl Iterator<Item = Name> {
        self.columns.iter().copied().filter(|name| !name.is_empty())
    }

    /// Does a key of now, other than one of its own name, keep out what this
    /// does? `names` are its columns, under every name that they have.
    pub fn is_kept(&self, names: &[Name], schema: &Schema) -> bool {
        let table = schema.table_by_key(&self.table).into_iter();
        let mut others = table.flat_map(|table| keys_of(table, schema));
        others.any(|other| other.name != self.name && other.keeps_out(self, names, schema))
    }

    /// Are texts that are equal there equal here?
    fn collates_as(&self, other: &Uniqueness<'_>) -> bool {
        let of = |key: &Uniqueness<'_>, column: Name| {
            let mut all = key.columns.iter().zip(key.collations.iter());
            all.find_map(|(own, collation)| collation.filter(|_| *own == column))
        };
        self.named()
            .all(|column| of(self, column) == of(other, column))
    }

    /// Rows that are equal in what the other key looks at are equal here; and all
    /// of them are looked at here. `names` are the other's columns, under every
    /// name that they have.
    pub fn keeps_out(&self, other: &Uniqueness<'_>, names: &[Name], schema: &Schema) -> bool {
        let same_expr = |text: &str| other.exprs.iter().any(|other| same_condition(other, text));
        let table = schema.table_by_key(&other.table);
        let may_be_null = |name: Name| table.is_none_or(|table| !table.is_not_null(&name));
        let nulls_matter = other.nulls_not_distinct && other.named().any(may_be_null);
        !self.columns.is_empty()
            && self.named().all(|column| names.contains(&column))
            && self.collates_as(other)
            && self
                .exprs
                .iter()
                .all(|text| same_expr(text) || follows_from(text, other, names, schema))
            && (self.nulls_not_distinct || !nulls_matter)
            && self.predicate.is_none_or(|text| {
                let asks_too = |own: &str| {
                    same_condition(own, text) || takes_no_more(own, text, &plain_expression)
                };
                other.predicate.is_some_and(asks_too) || asks_for_values(text, names)
            })
    }
}

/// What keeps rows of a table from being equal.
pub fn keys_of<'s>(table: &'s Table, schema: &'s Schema) -> impl Iterator<Item = Uniqueness<'s>> {
    let indexes = table.indexes.iter();
    let indexes = indexes.filter_map(|key| schema.index_by_key(key));
    let indexes = indexes.filter(|index| index.unique);
    let others = indexes.map(|index| Uniqueness::of_index(index));
    // Of one that was guessed, the index need not be known.
    let constraints = table.constraints.iter().filter(|c| c.index.is_none());
    let constraints = constraints.filter_map(|c| Uniqueness::of_constraint(table.key, c));
    others.chain(constraints)
}

/// The collation that the options of an element name, if it is none of the
/// server's own, which are deterministic (manual, "Collation Support").
fn collation(options: &str) -> Option<Name> {
    let tokens = tokens(options);
    let mut cursor = Cursor::new(options, &tokens);
    if !cursor.eat_word("COLLATE") {
        return None;
    }
    let mut name = cursor.ident()?;
    while cursor.eat(TokenKind::Dot) {
        name = cursor.ident()?;
    }
    Some(name.name).filter(|name| !is_built_in(name))
}

fn is_built_in(collation: &str) -> bool {
    let is_locale = || {
        let (language, country) = collation.split_once('_').unwrap_or_default();
        (2..=3).contains(&language.len()) && country.starts_with(|c: char| c.is_ascii_uppercase())
    };
    ["C", "POSIX", "default", "ucs_basic", "unicode"].contains(&collation)
        || collation.starts_with("pg_")
        || collation.ends_with("-x-icu")
        || is_locale()
}

/// Is an expression the same wherever the key's parts are? Functions of one
/// expression are looked into.
fn follows_from(text: &str, gone: &Uniqueness<'_>, names: &[Name], schema: &Schema) -> bool {
    const DEEPEST: usize = 3;
    let mut text = text.to_owned();
    for _ in 0..DEEPEST {
        let rest = gone.exprs.iter().fold(words(&text), |rest, part| {
            let part = words(part);
            without(&rest, &part)
        });
        let rest = without_types(&rest.join(" "));
        if names_in(&rest).all(|name| names.contains(&name)) {
            return true;
        }
        let Some(inlined) = inlined(&text, schema) else {
            return false;
        };
        text = inlined;
    }
    false
}

/// The words of a text, without parentheses around the whole.
fn words(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let word = |token: &Token| match token.kind {
        TokenKind::Word => fold(token.span.of(text)).to_string(),
        _ => token.span.of(text).to_owned(),
    };
    strip(&tokens).iter().map(word).collect()
}

/// Puts a constant in the place of each such part.
fn without(words: &[String], part: &[String]) -> Vec<String> {
    let mut rest = Vec::with_capacity(words.len());
    let mut n = 0;
    while n < words.len() {
        let begins = n == 0 || words[n - 1] != ".";
        if !part.is_empty() && begins && words[n..].starts_with(part) {
            rest.push("0".to_owned());
            n += part.len();
        } else {
            rest.push(words[n].clone());
            n += 1;
        }
    }
    rest
}

/// A text without the types that it casts to.
pub fn without_types(text: &str) -> String {
    let tokens = tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    let mut out = String::with_capacity(text.len());
    while let Some(token) = cursor.bump() {
        if token.kind == TokenKind::DoubleColon && DataType::read(&mut cursor).is_some() {
            continue;
        }
        out.push_str(token.span.of(text));
        out.push(' ');
    }
    out
}

/// The text with its first call of a function of the history written out, where
/// that is one expression.
fn inlined(text: &str, schema: &Schema) -> Option<String> {
    let tokens = tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    while !cursor.done() {
        let start = cursor.peek()?.span.start;
        let Some(mut own) = cursor.ident() else {
            cursor.bump();
            continue;
        };
        let mut of = None;
        if cursor.eat(TokenKind::Dot) {
            of = Some(own.name);
            own = cursor.ident()?;
        }
        if !cursor.at_kind(TokenKind::OpenParen) {
            continue;
        }
        let name = ObjectName {
            schema: of,
            name: own.name,
            span: own.span,
            name_span: own.span,
            template: false,
        };
        let [function] = schema.routines(&schema.resolve_routine(&name)) else {
            continue;
        };
        let given = cursor.group()?;
        let inside = given.of(text).strip_prefix('(')?.strip_suffix(')')?;
        let body = written_out(function, inside)?;
        let (before, behind) = (&text[..start as usize], &text[given.end as usize..]);
        return Some(format!("{before}({body}){behind}"));
    }
    None
}

/// `SELECT expression` with what is given in the place of the arguments.
fn written_out(function: &Routine, given: &str) -> Option<String> {
    if function.language != "sql" || function.altered {
        return None;
    }
    let body = function.body.trim().trim_end_matches(';').trim_end();
    let (word, expr) = body.split_once(char::is_whitespace)?;
    let is_expr = word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("return");
    let tokens_of_expr = tokens(expr);
    let queries = |token: &Token| ["SELECT", "FROM"].iter().any(|w| token.is_word(expr, w));
    if !is_expr || tokens_of_expr.iter().any(queries) {
        return None;
    }
    let arguments = signature::read(&function.arguments);
    let given_tokens = tokens(given);
    let mut cursor = Cursor::new(given, &given_tokens);
    let mut values = Vec::new();
    while !cursor.done() {
        let mark = cursor.mark();
        cursor.skip_item();
        values.push(cursor.slice(cursor.span_from(mark)).trim());
        cursor.eat(TokenKind::Comma);
    }
    let mut out = String::new();
    let mut end = 0;
    for token in &tokens_of_expr {
        let word = token.span.of(expr);
        let at = match token.kind {
            TokenKind::Parameter => word
                .trim_start_matches('$')
                .parse::<usize>()
                .ok()?
                .checked_sub(1),
            TokenKind::Word => {
                let name = fold(word);
                arguments.iter().position(|a| a.name == Some(name))
            }
            _ => None,
        };
        if let Some(at) = at {
            out.push_str(&expr[end..token.span.start as usize]);
            out.push_str(values.get(at)?);
            end = token.span.end as usize;
        }
    }
    out.push_str(&expr[end..]);
    Some(out)
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    tokens
}

/// `a IS NOT NULL` of a column of the key: NULLs are never equal.
pub fn asks_for_values(predicate: &str, names: &[Name]) -> bool {
    let words: Vec<&str> = predicate
        .split(|c: char| c.is_ascii_whitespace() || c == '(' || c == ')')
        .filter(|word| !word.is_empty())
        .collect();
    let [column, is, not, null] = words[..] else {
        return false;
    };
    is.eq_ignore_ascii_case("is")
        && not.eq_ignore_ascii_case("not")
        && null.eq_ignore_ascii_case("null")
        && names_in(column).all(|name| names.contains(&name))
}
