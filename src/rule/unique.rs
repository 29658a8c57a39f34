//! What keeps the values out that a key keeps out, before and behind it.

use super::{Facet, OperationContext};
use crate::inverse::unique::Uniqueness;
use crate::name::Name;
use crate::operation::{Action, ConstraintKind, ObjectKind};
use crate::schema::{GoneRule, names_in};

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
        gone.is_kept(&names, self.schema)
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
        new.is_kept(&names, self.schema)
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
