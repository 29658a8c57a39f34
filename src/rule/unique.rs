//! Which values a key keeps from coming twice, and what keeps them out when it
//! is gone.

use std::borrow::Cow;

use super::{Facet, OperationContext};
use crate::inverse::same_condition;
use crate::name::Name;
use crate::operation::{
    Action, Constraint, ConstraintKind, DataType, ObjectKind, ObjectName, Operation,
};
use crate::schema::{
    GoneRule, Index, Key, Routine, Schema, Table, TableConstraint, names_in, signature,
};
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

    pub(super) fn added(table: Key, constraint: &'a Constraint) -> Option<Self> {
        let (ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key)) = &constraint.kind
        else {
            return None;
        };
        Some(Self {
            table,
            name: constraint.name.as_ref().map_or("", |name| &name.name),
            columns: Cow::Borrowed(&key.columns),
            exprs: Vec::new(),
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
                    columns: elements.map(|e| e.column.unwrap_or_default()).collect(),
                    exprs: exprs.map(|expr| &*expr.text).collect(),
                    predicate: index.predicate.as_ref().map(|expr| &*expr.text),
                    nulls_not_distinct: index.nulls_not_distinct,
                })
            }
            _ => None,
        }
    }

    /// Without the expressions.
    fn named(&self) -> impl Iterator<Item = Name> {
        self.columns.iter().copied().filter(|name| !name.is_empty())
    }

    /// Rows that are equal in what the other key looks at are equal here; and all
    /// of them are looked at here. `names` are the other's columns, under every
    /// name that they have.
    pub(super) fn keeps_out(
        &self,
        other: &Uniqueness<'_>,
        names: &[Name],
        schema: &Schema,
    ) -> bool {
        let same_expr = |text: &str| other.exprs.iter().any(|other| same_condition(other, text));
        let table = schema.table_by_key(&other.table);
        let may_be_null = |name: Name| table.is_none_or(|table| !table.is_not_null(&name));
        let nulls_matter = other.nulls_not_distinct && other.named().any(may_be_null);
        !self.columns.is_empty()
            && self.named().all(|column| names.contains(&column))
            && self
                .exprs
                .iter()
                .all(|text| same_expr(text) || follows_from(text, other, names, schema))
            && (self.nulls_not_distinct || !nulls_matter)
            && self.predicate.is_none_or(|text| {
                other.predicate.is_some_and(|own| same_condition(own, text))
                    || asks_for_values(text, names)
            })
    }
}

impl OperationContext<'_> {
    /// The key that the operation drops.
    pub fn drops_key(&self) -> Option<Uniqueness<'_>> {
        match &self.operation.action {
            Action::DropConstraint { table, name, .. } => {
                let table = self.schema.table(&table.name)?;
                let old = table.constraint(&name.name)?;
                Uniqueness::of_constraint(table.key, old)
            }
            Action::Drop {
                kind: ObjectKind::Index,
                name,
                ..
            } => {
                let index = self.schema.index(name)?;
                index.unique.then(|| Uniqueness::of_index(index))
            }
            _ => None,
        }
    }

    /// Does another key, of now or of what the script adds later, keep out what
    /// this one does?
    pub fn stays_unique(&self, gone: &Uniqueness<'_>) -> bool {
        let names = self.names_later(gone);
        self.is_kept_unique(gone, &names)
            || self.later_on(Facet::Table, &gone.table.name).any(|op| {
                let other = Uniqueness::of_operation(self.schema, op);
                other.is_some_and(|other| {
                    other.table == gone.table && other.keeps_out(gone, &names, self.schema)
                })
            })
    }

    /// Did a key keep duplicates out for the old release already, of which the
    /// script may have dropped it?
    pub fn was_unique(&self, new: &Uniqueness<'_>) -> bool {
        let names: Vec<Name> = new.named().collect();
        let gone = self.schema.table_by_key(&new.table).into_iter();
        let mut gone = gone.flat_map(|table| self.gone_rules(table));
        self.is_kept_unique(new, &names)
            || gone.any(|gone| {
                let old = match &gone.rule {
                    GoneRule::Constraint(old) => Uniqueness::of_constraint(new.table, old),
                    GoneRule::Index(index) => Some(Uniqueness::of_index(index)),
                    GoneRule::Trigger => None,
                };
                old.is_some_and(|old| old.keeps_out(new, &names, self.schema))
                    || excludes(&gone.rule, &names)
            })
    }

    /// Does a key of now, other than one of its own name, keep out what this does?
    fn is_kept_unique(&self, key: &Uniqueness<'_>, names: &[Name]) -> bool {
        let Some(table) = self.schema.table_by_key(&key.table) else {
            return false;
        };
        let mut others = self.keys_of(table).into_iter();
        others.any(|other| other.name != key.name && other.keeps_out(key, names, self.schema))
    }

    /// What keeps rows of a table from being equal.
    pub fn keys_of<'t>(&'t self, table: &'t Table) -> Vec<Uniqueness<'t>> {
        let indexes = table.indexes.iter();
        let indexes = indexes.filter_map(|key| self.schema.index_by_key(key));
        let indexes = indexes.filter(|index| index.unique);
        let others = indexes.map(|index| Uniqueness::of_index(index));
        // Of one that was guessed, the index need not be known.
        let constraints = table.constraints.iter().filter(|c| c.index.is_none());
        let constraints = constraints.filter_map(|c| Uniqueness::of_constraint(table.key, c));
        others.chain(constraints).collect()
    }

    /// A unique index that the script adds later over no other columns than these:
    /// whether it keeps duplicates out depends on its expressions.
    pub fn new_key_on_the_same(&self, gone: &Uniqueness<'_>) -> Option<String> {
        let named = gone.exprs.iter().flat_map(|expr| names_in(expr));
        let names: Vec<Name> = gone.named().chain(named).collect();
        let mut later = self.later_on(Facet::Table, &gone.table.name);
        later.find_map(|op| {
            let Action::CreateIndex(index) = &op.action else {
                return None;
            };
            let fits = index.unique
                && index.predicate.is_none()
                && self.schema.resolve(&index.table) == gone.table
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
        let mut names: Vec<Name> = gone.named().collect();
        for op in self.later_on(Facet::Table, &gone.table.name) {
            if let Action::RenameColumn { table, column, to } = &op.action
                && names.contains(&column.name)
                && self.schema.resolve(&table.name) == gone.table
            {
                names.push(to.name);
            }
        }
        names
    }
}

/// Does an exclusion constraint ask for no other columns to differ? Which of its
/// operators are `=`, nobody asks.
fn excludes(gone: &GoneRule, names: &[Name]) -> bool {
    match gone {
        GoneRule::Constraint(old) => {
            matches!(old.definition.kind, ConstraintKind::Exclude { .. })
                && old.columns.iter().all(|column| names.contains(column))
        }
        _ => false,
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
