//! Which values a key keeps from coming twice, and what keeps them out when it
//! is gone.

use super::{Facet, OperationContext};
use crate::inverse::same_condition;
use crate::name::Name;
use crate::operation::{Action, ConstraintKind, DataType, ObjectName, Operation};
use crate::schema::{Index, Key, Routine, Schema, names_in, signature};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::{Token, TokenKind, strip, tokens_into};

/// What a unique index or constraint says about the rows of a table.
pub struct Uniqueness<'a> {
    pub table: &'a Key,
    /// The name of the index or constraint itself.
    pub name: &'a str,
    /// An expression has an empty name …
    pub columns: &'a [Name],
    /// … and stands here.
    pub exprs: Vec<&'a str>,
    pub predicate: Option<&'a str>,
}

impl<'a> Uniqueness<'a> {
    pub fn of_index(index: &'a Index) -> Self {
        Self {
            table: &index.table,
            name: &index.key.name,
            columns: &index.columns,
            exprs: index.exprs.iter().map(|expr| &*expr.text).collect(),
            predicate: index.predicate.as_ref().map(|expr| &*expr.text),
        }
    }
}

/// A key that is there or will be.
struct Other<'o> {
    columns: &'o [Name],
    exprs: Vec<&'o str>,
    predicate: Option<&'o str>,
}

impl OperationContext<'_> {
    /// Does another key, of now or of what the script adds later, keep out what
    /// this one does?
    pub fn stays_unique(&self, gone: &Uniqueness<'_>) -> bool {
        let names = self.names_later(gone);
        let now = self.schema.table_by_key(gone.table);
        let mut now = now.into_iter().flat_map(|table| &table.indexes);
        now.any(|key| {
            let index = self.schema.index_by_key(key);
            let other = index.filter(|index| index.unique && key.name != gone.name);
            other.is_some_and(|index| {
                let other = Other {
                    columns: &index.columns,
                    exprs: index.exprs.iter().map(|expr| &*expr.text).collect(),
                    predicate: index.predicate.as_ref().map(|expr| &*expr.text),
                };
                other.keeps_out(gone, &names, self.schema)
            })
        }) || self
            .later_on(Facet::Table, &gone.table.name)
            .any(|op| self.adds_such(op, gone, &names))
    }

    /// A unique index that the script adds later over no other columns than these:
    /// whether it keeps duplicates out depends on its expressions.
    pub fn new_key_on_the_same(&self, gone: &Uniqueness<'_>) -> Option<String> {
        let named = gone.exprs.iter().flat_map(|expr| names_in(expr));
        let columns = gone.columns.iter().copied().filter(|name| !name.is_empty());
        let names: Vec<Name> = columns.chain(named).collect();
        let mut later = self.later_on(Facet::Table, &gone.table.name);
        later.find_map(|op| {
            let Action::CreateIndex(index) = &op.action else {
                return None;
            };
            let fits = index.unique
                && index.predicate.is_none()
                && self.schema.resolve(&index.table) == *gone.table
                && index.elements.iter().any(|element| element.expr.is_some())
                && index.elements.iter().all(|element| match &element.expr {
                    Some(expr) => names_in(&expr.text).all(|name| names.contains(&name)),
                    None => element.column.is_some_and(|name| names.contains(&name)),
                });
            let shown = index.elements.iter().map(|element| match &element.expr {
                Some(expr) => expr.text.to_string(),
                None => element.column.unwrap_or_default().to_string(),
            });
            fits.then(|| shown.collect::<Vec<_>>().join(", "))
        })
    }

    /// The key's columns, under the names that the script gives them later too.
    fn names_later(&self, gone: &Uniqueness<'_>) -> Vec<Name> {
        let mut names: Vec<Name> = gone.columns.to_vec();
        names.retain(|name| !name.is_empty());
        for op in self.later_on(Facet::Table, &gone.table.name) {
            if let Action::RenameColumn { table, column, to } = &op.action
                && names.contains(&column.name)
                && self.schema.resolve(&table.name) == *gone.table
            {
                names.push(to.name);
            }
        }
        names
    }

    fn adds_such(&self, op: &Operation, gone: &Uniqueness<'_>, names: &[Name]) -> bool {
        match &op.action {
            Action::AddConstraint { table, constraint } => match &constraint.kind {
                ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key) => {
                    let other = Other {
                        columns: &key.columns,
                        exprs: Vec::new(),
                        predicate: None,
                    };
                    self.schema.resolve(&table.name) == *gone.table
                        && other.keeps_out(gone, names, self.schema)
                }
                _ => false,
            },
            Action::CreateIndex(index) => {
                let elements = index.elements.iter();
                let columns: Vec<Name> = elements
                    .map(|element| element.column.unwrap_or_default())
                    .collect();
                let exprs = index.elements.iter().filter_map(|e| e.expr.as_ref());
                let other = Other {
                    columns: &columns,
                    exprs: exprs.map(|expr| &*expr.text).collect(),
                    predicate: index.predicate.as_ref().map(|expr| &*expr.text),
                };
                index.unique
                    && self.schema.resolve(&index.table) == *gone.table
                    && other.keeps_out(gone, names, self.schema)
            }
            _ => false,
        }
    }
}

impl Other<'_> {
    /// Rows that are equal in what is gone are equal here; and they are all
    /// looked at here.
    fn keeps_out(&self, gone: &Uniqueness<'_>, names: &[Name], schema: &Schema) -> bool {
        let mut plain = self.columns.iter().filter(|column| !column.is_empty());
        let same_expr = |text: &str| gone.exprs.iter().any(|other| same_condition(other, text));
        !self.columns.is_empty()
            && plain.all(|column| names.contains(column))
            && self
                .exprs
                .iter()
                .all(|text| same_expr(text) || follows_from(text, gone, names, schema))
            && self.predicate.is_none_or(|text| {
                gone.predicate.is_some_and(|own| same_condition(own, text))
                    || asks_for_values(text, names)
            })
    }
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
fn without_types(text: &str) -> String {
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
