//! What calls a routine, and goes with it where CASCADE is said.

use std::sync::Arc;

use super::{Domain, Index, Key, Policy, Routine, Schema, Table, TableConstraint, View};
use crate::name::Name;
use crate::operation::{Column, ConstraintKind, DataType, ObjectKind, ObjectName};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};
use crate::text::holds;

/// A part of a table that calls a routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Trigger(Name),
    Check(Name),
    Policy(Name),
    Index(Key),
    /// The default of a column.
    Default(Name),
    /// A generated column, which goes as a whole.
    Generated(Name),
}

impl Caller {
    /// What it is called where its table does not speak for itself.
    pub fn of(self, table: &Key) -> String {
        match self {
            Self::Trigger(name) => format!("trigger `{name}` on `{table}`"),
            Self::Check(name) => format!("check `{name}` of `{table}`"),
            Self::Policy(name) => format!("policy `{name}` on `{table}`"),
            Self::Index(key) => format!("index `{key}`"),
            Self::Default(column) => format!("the default of `{table}.{column}`"),
            Self::Generated(column) => format!("generated column `{table}.{column}`"),
        }
    }
}

impl Schema {
    /// What of a table calls a routine.
    pub fn callers_in<'s>(
        &'s self,
        table: &'s Table,
        routine: &'s Key,
    ) -> impl Iterator<Item = Caller> + 's {
        let runs =
            |function: &crate::operation::ObjectName| self.resolve_routine(function) == *routine;
        let triggers = table.triggers.iter();
        let triggers = triggers.filter(move |t| {
            let asks = t
                .when
                .as_ref()
                .is_some_and(|when| calls(&when.text, routine));
            asks || t.function.as_ref().is_some_and(runs)
        });
        let checked = |c: &&TableConstraint| matches!(&c.definition.kind, ConstraintKind::Check(check) if calls(&check.text, routine));
        let guarded = |policy: &&Policy| {
            let mut conditions = policy.clauses.conditions();
            conditions.any(|condition| calls(&condition.text, routine))
        };
        let indexes = table
            .indexes
            .iter()
            .filter_map(|key| self.index_by_key(key));
        let constraints = table.constraints.iter().map(|c| &**c);
        triggers
            .map(|trigger| Caller::Trigger(trigger.name))
            .chain(constraints.filter(checked).map(|c| Caller::Check(c.name)))
            .chain(
                table
                    .policies
                    .iter()
                    .filter(guarded)
                    .map(|p| Caller::Policy(p.name)),
            )
            .chain(
                indexes
                    .filter(|i| index_calls(i, routine))
                    .map(|i| Caller::Index(i.key)),
            )
            .chain(
                table
                    .columns
                    .iter()
                    .filter_map(|column| column_calls(column, routine)),
            )
    }

    /// Views whose query calls a routine.
    pub fn views_that_call(&self, routine: &Key) -> Vec<&View> {
        let mut views = self.views_calling(&routine.name);
        views.retain(|view| calls(&view.query, routine));
        views
    }

    /// The domains whose checks call a routine.
    pub fn domains_that_call<'s>(&'s self, routine: &'s Key) -> impl Iterator<Item = &'s Key> + 's {
        let asks = |domain: &&Arc<Domain>| {
            let mut checks = domain.checks.iter();
            checks.any(|check| calls(&check.expr.text, routine))
        };
        self.domains().filter(asks).map(|domain| &domain.key)
    }

    /// Routines whose body is SQL and calls a routine.
    pub fn routines_that_call<'s>(
        &'s self,
        routine: &'s Key,
    ) -> impl Iterator<Item = &'s Key> + 's {
        let asks = move |other: &&Arc<Routine>| {
            other.atomic && other.key != *routine && calls(&other.body, routine)
        };
        let others = self.routines_with(&routine.name);
        others.filter(asks).map(|other| &other.key)
    }

    /// Views whose query casts to a type with `::`.
    pub fn views_of_type(&self, ty: &Key) -> Vec<&View> {
        let mut views = self.views_calling(&ty.name);
        views.retain(|view| self.casts_to(&view.query, ty));
        views
    }

    /// What of a table casts to a type with `::`, defaults aside.
    pub fn casts_in<'s>(
        &'s self,
        table: &'s Table,
        ty: &'s Key,
    ) -> impl Iterator<Item = Caller> + 's {
        let casts =
            |text: &str| holds(text, &ty.name.to_ascii_lowercase()) && self.casts_to(text, ty);
        let checks = table.constraints.iter().filter(move |c| {
            matches!(&c.definition.kind, ConstraintKind::Check(check) if casts(&check.text))
        });
        let policies = table.policies.iter().filter(move |policy| {
            policy
                .clauses
                .conditions()
                .any(|condition| casts(&condition.text))
        });
        checks
            .map(|c| Caller::Check(c.name))
            .chain(policies.map(|p| Caller::Policy(p.name)))
    }

    pub(super) fn drop_callers(&mut self, routine: &Key) {
        let tables = self.tables_with(&routine.name).into_iter();
        let calling: Vec<(Key, Caller)> = tables
            .flat_map(|table| {
                self.callers_in(table, routine)
                    .map(|caller| (table.key, caller))
            })
            .collect();
        for (table, caller) in calling {
            match caller {
                Caller::Trigger(name) => {
                    self.edit_table(&table, |t| t.triggers.retain(|x| x.name != name));
                    self.rename_member(&table, ObjectKind::Trigger, &name, None);
                }
                Caller::Check(name) => self.remove_constraint(&table, &name),
                Caller::Policy(name) => {
                    self.edit_table(&table, |t| t.policies.retain(|p| p.name != name));
                    self.rename_member(&table, ObjectKind::Policy, &name, None);
                }
                Caller::Index(index) => self.remove_relation(&index, true),
                Caller::Default(column) => {
                    self.edit_table(&table, |t| t.edit_column(&column, |c| c.default = None));
                }
                Caller::Generated(column) => self.drop_column_and_views(&table, &column),
            }
        }
        let views = self.views_that_call(routine).into_iter();
        let views: Vec<Key> = views.map(|view| view.key).collect();
        for view in views {
            self.remove_relation(&view, true);
        }
    }
}

fn index_calls(index: &Index, routine: &Key) -> bool {
    let mut exprs = index.exprs.iter().chain(&index.predicate);
    exprs.any(|expr| calls(&expr.text, routine))
}

fn column_calls(column: &Column, routine: &Key) -> Option<Caller> {
    let generated = column.generated.as_ref();
    let default = column.default.as_ref();
    match (generated, default) {
        (Some(g), _) if calls(&g.expr.text, routine) => Some(Caller::Generated(column.name)),
        (_, Some(default)) if calls(&default.text, routine) => Some(Caller::Default(column.name)),
        _ => None,
    }
}

impl Schema {
    /// Is it a type that the history made?
    pub fn is_own_type(&self, ty: &DataType) -> bool {
        self.type_of(ty).is_some() || self.domains_of(ty).next().is_some()
    }

    /// Does an expression call a routine that the history made?
    pub fn calls_own(&self, expr: &str) -> bool {
        let mut tokens = Vec::new();
        tokens_into(expr, Span::new(0, expr.len() as u32), &mut tokens);
        let mut cursor = Cursor::new(expr, &tokens);
        while !cursor.done() {
            let Some(name) = ObjectName::read(&mut cursor) else {
                cursor.bump();
                continue;
            };
            let is_own = || !self.routines(&self.resolve_routine(&name)).is_empty();
            if cursor.at_kind(TokenKind::OpenParen) && is_own() {
                return true;
            }
        }
        false
    }
}

/// Does an expression or a query call a routine? A call without a schema may be
/// one of it.
fn calls(text: &str, routine: &Key) -> bool {
    holds(text, &routine.name.to_ascii_lowercase()) && given(text, routine).is_some()
}

/// What a text gives to a routine where it first calls it: what stands between
/// the parentheses.
pub fn given<'t>(text: &'t str, routine: &Key) -> Option<&'t str> {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    let mut schema = None;
    // `AS x (a)` and `(…) x (a)` name columns.
    let mut names = false;
    while !cursor.done() {
        let closes = cursor.at_kind(TokenKind::CloseParen);
        let is_as = cursor.at_word("AS");
        let Some(name) = cursor.ident() else {
            cursor.bump();
            (schema, names) = (None, closes);
            continue;
        };
        let called = name.name == routine.name && cursor.at_kind(TokenKind::OpenParen);
        if called && !names && schema.is_none_or(|schema| schema == routine.schema) {
            let inside = cursor.group()?.of(text).strip_prefix('(')?;
            // So does `WITH x (a) AS (…)`.
            let mut behind = cursor.clone();
            let of_with = behind.eat_word("AS")
                && (behind.at_kind(TokenKind::OpenParen)
                    || behind.at_any(&["NOT", "MATERIALIZED"]));
            if !of_with {
                return Some(inside.strip_suffix(')').unwrap_or(inside));
            }
        }
        names = is_as;
        schema = cursor.eat(TokenKind::Dot).then_some(name.name);
    }
    None
}
