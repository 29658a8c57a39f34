//! What rules tell about columns of domains.

use super::{OperationContext, object_name, same_expression, sql_name, sql_object, sql_type};
use crate::effect::conversion::{Conversion, conversion};
use crate::effect::postgres::is_one_value;
use crate::operation::{Column, DataType, Target};
use crate::schema::{Domain, Schema};
use crate::source::Span;
use crate::statement::lexer::{Lexeme, Lexer, TokenKind, on_one_line};

impl OperationContext<'_> {
    /// How a new type receives the users of the old one, seen through the
    /// domains that either is made of.
    pub fn conversion(&self, from: &DataType, to: &DataType) -> Conversion {
        let schema = self.schema;
        let values = conversion(&base_of(schema, from), &base_of(schema, to));
        match values {
            Conversion::Narrower | Conversion::Other => values,
            _ if asks_more(schema, to, from) => Conversion::Narrower,
            _ if asks_more(schema, from, to) => Conversion::WiderThanReaders,
            _ => values,
        }
    }

    /// The statement that adds a column without a look at any row, and another
    /// that has it checked for what a domain asks.
    pub fn column_without_domain(
        &self,
        table: &Target,
        column: &str,
        ty: &DataType,
    ) -> (String, Option<String>) {
        self.without_domain(table, column, ty, "", NotNull::AsDomain)
    }

    /// The same for a column that is to be added, with what else it is to have: a
    /// default that is one value costs nothing, and NOT NULL beside it.
    pub fn added_without_domain(&self, table: &Target, column: &Column) -> Vec<String> {
        let default = self.schema.default_of(column).filter(|d| !d.is_null());
        let value = default.map(|default| on_one_line(&default.text));
        let is_same = value.as_ref().is_some_and(|value| {
            is_one_value(value)
                || OF_THE_MOMENT
                    .iter()
                    .any(|own| value.eq_ignore_ascii_case(own))
        });
        let required = column.not_null || self.schema.type_keeps_null_out(&column.ty);
        let mut clauses = String::new();
        if let Some(value) = value.as_ref().filter(|_| is_same) {
            clauses.push_str(if required { " NOT NULL" } else { "" });
            clauses.push_str(&format!(" DEFAULT {value}"));
        }
        let asked = match (required, is_same) {
            (true, true) => NotNull::OfColumn,
            (true, false) => NotNull::ByCheck,
            (false, _) => NotNull::AsDomain,
        };
        let (add, check) = self.without_domain(table, &column.name, &column.ty, &clauses, asked);
        let mut lines = vec![add];
        if let Some(value) = value.filter(|_| !is_same) {
            lines.push(format!(
                "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {value}; -- and fill the old rows in batches",
                sql_object(&table.name),
                sql_name(&column.name)
            ));
        }
        if asked == NotNull::ByCheck {
            lines.push("-- once every row has a value, and every release writes one:".into());
        }
        lines.extend(check);
        lines
    }

    fn without_domain(
        &self,
        table: &Target,
        column: &str,
        ty: &DataType,
        clauses: &str,
        asked: NotNull,
    ) -> (String, Option<String>) {
        let (on, name) = (sql_object(&table.name), sql_name(column));
        let add = |ty: &DataType| {
            format!(
                "ALTER TABLE {on} ADD COLUMN {name} {}{clauses};",
                sql_type(ty)
            )
        };
        let is_present = format!("{name} IS NOT NULL");
        let mut conditions: Vec<String> = Vec::new();
        if asked == NotNull::ByCheck {
            conditions.push(is_present.clone());
        }
        for domain in self.schema.domains_of(ty) {
            let not_null = domain.not_null && asked == NotNull::AsDomain;
            let not_null = not_null.then(|| is_present.clone());
            let checks = domain.checks.iter();
            let checks = checks.map(|check| about_column(&check.expr.text, &name));
            for condition in not_null.into_iter().chain(checks) {
                if !conditions.contains(&condition) {
                    conditions.push(condition);
                }
            }
        }
        let check = match &conditions[..] {
            [] if clauses.is_empty() => return (add(ty), None),
            [] => return (add(&base_of(self.schema, ty)), None),
            [one] => one.clone(),
            several => format!("({})", several.join(") AND (")),
        };
        let constraint = sql_name(&object_name(&table.name.name, column, "check"));
        let check =
            format!("ALTER TABLE {on} ADD CONSTRAINT {constraint} CHECK ({check}) NOT VALID;");
        (add(&base_of(self.schema, ty)), Some(check))
    }
}

/// Who keeps NULL out of a column that is without its domain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NotNull {
    /// The check, where the domain does.
    AsDomain,
    /// The column itself, from the start.
    OfColumn,
    ByCheck,
}

/// The same in every row of one statement.
const OF_THE_MOMENT: &[&str] = &[
    "now()",
    "current_timestamp",
    "current_date",
    "localtimestamp",
];

/// What a domain is made of in the end; other types are that themselves.
pub(super) fn base_of(schema: &Schema, ty: &DataType) -> DataType {
    let domains = schema.domains_of(ty);
    domains.last().map_or(ty, |domain| &domain.base).clone()
}

/// Does the first type refuse what the second takes, by the conditions of
/// domains?
fn asks_more(schema: &Schema, ty: &DataType, other: &DataType) -> bool {
    let others: Vec<&Domain> = schema.domains_of(other).collect();
    let asked = |condition: &str| {
        let mut checks = others.iter().flat_map(|domain| &domain.checks);
        checks.any(|check| same_expression(&check.expr.text, condition))
    };
    schema.domains_of(ty).any(|domain| {
        domain.not_null && !others.iter().any(|other| other.not_null)
            || domain.checks.iter().any(|check| !asked(&check.expr.text))
    })
}

/// A domain's condition about a column in the place of VALUE.
fn about_column(condition: &str, column: &str) -> String {
    let mut text = String::with_capacity(condition.len());
    let mut lexer = Lexer::new(condition, Span::new(0, condition.len() as u32));
    let mut end = 0;
    while let Some(lexeme) = lexer.next() {
        let Lexeme::Token(token) = lexeme else {
            continue;
        };
        let word = token.span.of(condition);
        if token.kind == TokenKind::Word && word.eq_ignore_ascii_case("value") {
            text.push_str(&condition[end..token.span.start as usize]);
            text.push_str(column);
            end = token.span.end as usize;
        }
    }
    text.push_str(&condition[end..]);
    on_one_line(&text)
}
