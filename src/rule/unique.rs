//! Which values a key keeps from coming twice, and what keeps them out when it
//! is gone.

use super::{Facet, OperationContext};
use crate::inverse::same_condition;
use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Operation};
use crate::schema::{Index, Key, names_in};

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
                other.keeps_out(gone, &names)
            })
        }) || self
            .later_on(Facet::Table, &gone.table.name)
            .any(|op| self.adds_such(op, gone, &names))
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
                    self.schema.resolve(&table.name) == *gone.table && other.keeps_out(gone, names)
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
                    && other.keeps_out(gone, names)
            }
            _ => false,
        }
    }
}

impl Other<'_> {
    /// Rows that are equal in what is gone are equal here; and they are all
    /// looked at here.
    fn keeps_out(&self, gone: &Uniqueness<'_>, names: &[Name]) -> bool {
        let mut plain = self.columns.iter().filter(|column| !column.is_empty());
        let same_expr = |text: &str| gone.exprs.iter().any(|other| same_condition(other, text));
        !self.columns.is_empty()
            && plain.all(|column| names.contains(column))
            && self
                .exprs
                .iter()
                .all(|text| same_expr(text) || names_in(text).all(|name| names.contains(&name)))
            && self.predicate.is_none_or(|text| {
                gone.predicate.is_some_and(|own| same_condition(own, text))
                    || asks_for_values(text, names)
            })
    }
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
