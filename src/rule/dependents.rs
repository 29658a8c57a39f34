//! What still uses an object, as far as the history tells.

use super::body::{aliases, alone, names_table, qualified, words};
use super::{Facet, OperationContext, mentions};
use crate::operation::{Action, ConstraintKind, ObjectName, Target};
use crate::schema::{Key, Place, Routine, Table};

/// Something that uses an object.
#[derive(Clone, Debug)]
pub struct Dependent {
    /// ``view `paid_orders` ``.
    pub what: String,
    pub at: Option<Place>,
    /// The view, or the table that holds the foreign key.
    pub relation: Option<Key>,
}

impl OperationContext<'_> {
    /// Views over a relation and foreign keys to it, those that go or are made
    /// anew in the same breath left out.
    pub fn dependents_of_relation(&self, key: &Key) -> Vec<Dependent> {
        let mut found = self.views(self.schema.views_on(key));
        if let Some(table) = self.schema.table_by_key(key) {
            found.extend(self.foreign_keys(table, |_| true));
        }
        self.staying(found)
    }

    /// Views that read a column, foreign keys that refer to it, and columns
    /// that are generated from it.
    pub fn dependents_of_column(&self, target: &Target, column: &str) -> Vec<Dependent> {
        let key = self.schema.resolve(&target.name);
        let mut found = self.views(self.views_over_column(&key, column));
        if let Some(table) = self.schema.table_by_key(&key) {
            found.extend(self.foreign_keys(table, |referenced| referenced == column));
            found.extend(generated_from(table, column));
        }
        self.staying(found)
    }

    /// Foreign keys that refer to the columns of a key.
    pub fn dependents_of_key(
        &self,
        table: &Table,
        columns: &[smol_str::SmolStr],
    ) -> Vec<Dependent> {
        let found = self.foreign_keys(table, |referenced| columns.iter().any(|c| c == referenced));
        self.staying(found)
    }

    /// Views that read a column, and views that read those.
    fn views_over_column(&self, key: &Key, column: &str) -> Vec<Key> {
        let mut found = self.schema.views_using_column(key, column);
        for view in found.clone() {
            for above in self.schema.views_on(&view) {
                if !found.contains(&above) {
                    found.push(above);
                }
            }
        }
        found
    }

    fn views(&self, keys: Vec<Key>) -> Vec<Dependent> {
        keys.into_iter()
            .map(|key| {
                let view = self.schema.view_by_key(&key);
                let kind = match view {
                    Some(view) if view.materialized => "materialized view",
                    _ => "view",
                };
                Dependent {
                    what: format!("{kind} `{key}`"),
                    at: self
                        .schema
                        .relation_by_key(&key)
                        .and_then(|r| r.created_at()),
                    relation: Some(key),
                }
            })
            .collect()
    }

    fn foreign_keys(&self, table: &Table, refers: impl Fn(&str) -> bool) -> Vec<Dependent> {
        let mut found = Vec::new();
        for other in table.referenced_by.iter().filter(|k| **k != table.key) {
            let Some(other) = self.schema.table_by_key(other) else {
                continue;
            };
            for constraint in &other.constraints {
                if constraint.references.as_ref() == Some(&table.key)
                    && matches!(constraint.definition.kind, ConstraintKind::ForeignKey(_))
                    && (constraint.referenced.iter().any(|c| refers(c))
                        || constraint.referenced.is_empty() && refers(""))
                {
                    found.push(Dependent {
                        what: format!("foreign key `{}` of `{}`", constraint.name, other.key),
                        at: None,
                        relation: Some(other.key.clone()),
                    });
                }
            }
        }
        found
    }

    /// Routines whose text names a relation, and a column of it if one is
    /// given; those that the script replaces or drops later left out.
    pub fn routines_naming(&self, name: &ObjectName, column: Option<&str>) -> Vec<Dependent> {
        let triggers = self.table(name).into_iter().flat_map(|t| &t.triggers);
        let run_by_triggers = triggers
            .filter_map(|trigger| trigger.function.as_ref())
            .flat_map(|f| self.schema.routines(&self.schema.resolve_routine(f)));
        let mut found: Vec<Dependent> = self
            .schema
            .routines_with(&name.name)
            .chain(run_by_triggers)
            .filter(|routine| !self.is_from_here(routine.origin))
            .filter(|routine| match column {
                None => names_table(&routine.body, &name.name),
                Some(column) => self.names_column(routine, name, column),
            })
            .filter(|routine| !self.routine_is_redone(&routine.key))
            .map(|routine| Dependent {
                what: format!(
                    "{} `{}`",
                    if routine.procedure {
                        "procedure"
                    } else {
                        "function"
                    },
                    routine.key
                ),
                at: match routine.origin {
                    crate::schema::Origin::Created { at, .. } => Some(at),
                    crate::schema::Origin::Assumed => None,
                },
                relation: None,
            })
            .collect();
        found.sort_by(|a, b| a.what.cmp(&b.what));
        found.dedup_by(|a, b| a.what == b.what);
        found
    }

    /// A column by its table's name or alias, by NEW or OLD in a trigger of the
    /// table, or alone in a routine that reads no other table which has one.
    fn names_column(&self, routine: &Routine, table: &ObjectName, column: &str) -> bool {
        let body = &*routine.body;
        if !mentions(body, column) {
            return false;
        }
        let own_trigger = self.table(table).is_some_and(|t| {
            let mut functions = t.triggers.iter().filter_map(|t| t.function.as_ref());
            functions.any(|f| f.name == routine.key.name)
        });
        if own_trigger && (qualified(body, "new", column) || qualified(body, "old", column)) {
            return true;
        }
        names_table(body, &table.name)
            && (qualified(body, &table.name, column)
                || aliases(body, &table.name).any(|alias| qualified(body, alias, column))
                || alone(body, column) && !self.is_elsewhere(body, table, column))
    }

    /// Does the text name another table with such a column?
    fn is_elsewhere(&self, body: &str, table: &ObjectName, column: &str) -> bool {
        let own = self.schema.resolve(table);
        words(body).any(|word| {
            let key = Key::new(own.schema.clone(), word);
            let other = self.schema.table_by_key(&key);
            key != own && other.is_some_and(|t| t.column(column).is_some())
        })
    }

    fn routine_is_redone(&self, key: &Key) -> bool {
        self.routine_returns(key)
            || self
                .later_on(Facet::Object, &key.name)
                .any(|op| match &op.action {
                    Action::Drop { kind, name, .. } => {
                        kind.is_routine() && self.schema.resolve_routine(name) == *key
                    }
                    _ => false,
                })
    }

    /// Leaves out what the same statement drops too, what is new, and what the
    /// script makes anew afterwards.
    fn staying(&self, mut found: Vec<Dependent>) -> Vec<Dependent> {
        found.retain(|dependent| {
            let Some(key) = &dependent.relation else {
                return true;
            };
            let dropped_with_it = self.siblings.iter().any(|op| match &op.action {
                Action::Drop { name, .. } => self.schema.resolve(name) == *key,
                _ => false,
            });
            !dropped_with_it && !self.is_new_key(key)
        });
        found
    }

    /// Leaves out the views that the script creates again, and what it drops by
    /// name afterwards.
    pub fn not_made_again(&self, mut found: Vec<Dependent>) -> Vec<Dependent> {
        found.retain(|dependent| {
            !dependent.relation.as_ref().is_some_and(|key| {
                self.later_on(Facet::Object, &key.name)
                    .any(|op| match &op.action {
                        Action::CreateView(create) => self.schema.resolve(&create.name) == *key,
                        Action::Drop { name, .. } => self.schema.resolve(name) == *key,
                        _ => false,
                    })
            })
        });
        found
    }
}

fn generated_from(table: &Table, column: &str) -> Vec<Dependent> {
    table
        .columns
        .iter()
        .filter(|c| {
            let generated = c.generated.as_ref();
            generated.is_some_and(|g| c.name != column && mentions(&g.expr.text, column))
        })
        .map(|c| Dependent {
            what: format!("generated column `{}.{}`", table.key, c.name),
            at: None,
            relation: None,
        })
        .collect()
}
