//! What still uses an object, as far as the history tells.

use std::fmt;

use super::{Facet, MigrationContext, OperationContext, listed, mentions, on_one_line};
use crate::name::Name;
use crate::operation::naming::{self, Naming};
use crate::operation::{Action, ConstraintKind, ObjectKind, ObjectName, Target};
use crate::schema::{
    Index, Key, Place, Routine, Schema, Table, TableConstraint, Trigger, names_in,
};

/// Something that uses an object.
#[derive(Clone, Debug)]
pub struct Dependent {
    /// ``view `paid_orders` ``.
    pub what: String,
    pub at: Option<Place>,
    /// The view, or the table that holds the foreign key.
    pub relation: Option<Key>,
}

/// What belongs to columns of a table.
pub enum Owned<'a> {
    Constraint(&'a TableConstraint),
    Index(&'a Index),
}

impl fmt::Display for Owned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, name) = match self {
            Self::Constraint(own) => (own.definition.kind.word(), &own.name),
            Self::Index(index) if index.unique => ("unique index", &index.key.name),
            Self::Index(index) => ("index", &index.key.name),
        };
        write!(f, "{word} `{name}`")
    }
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

    /// The foreign keys of other tables to one, with the tables that have them.
    pub fn foreign_keys_to(&self, table: &Table) -> Vec<(Key, Name)> {
        let others = table.referenced_by.iter().filter(|k| **k != table.key);
        let others = others.filter_map(|key| self.schema.table_by_key(key));
        let keys = others.flat_map(|other| {
            let own = other.constraints.iter();
            own.filter(|c| c.references == Some(table.key))
                .map(|c| (other.key, c.name))
        });
        keys.collect()
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

    /// The constraints and indexes that the server drops with a column, of those
    /// that are asked for.
    pub fn goes_with(
        &self,
        target: &Target,
        column: &str,
        is_asked: impl Fn(&Owned<'_>) -> bool,
    ) -> Vec<String> {
        match self.table(&target.name) {
            Some(table) => goes_with(self.schema, table, column, is_asked),
            None => Vec::new(),
        }
    }

    /// What a copy of a column is without: the constraints and indexes over it, the
    /// primary key left out, its default and its NOT NULL.
    pub fn lacks_beside(&self, target: &Target, column: &str) -> Vec<String> {
        match self.table(&target.name) {
            Some(table) => lacks_beside(self.schema, table, column, false),
            None => Vec::new(),
        }
    }

    /// What stands in the way of dropping a column, as the condition of a step:
    /// ``, once view `x` can do without it``.
    pub fn once_unused(&self, target: &Target, column: &str) -> String {
        let dependents = self.dependents_of_column(target, column).into_iter();
        let names: Vec<String> = dependents.map(|dependent| dependent.what).collect();
        match names.is_empty() {
            true => String::new(),
            false => format!(", once {} can do without it", listed(&names)),
        }
    }

    /// Columns whose default draws from a sequence, by name.
    pub fn columns_fed_by(&self, sequence: &ObjectName) -> Vec<(Key, Name)> {
        let key = self.schema.resolve(sequence);
        let sequence_there = self.schema.sequence_by_key(&key);
        let owner = sequence_there.and_then(|s| self.schema.serial_column(s));
        let draws = |text: &str| mentions(text, "nextval") && mentions(text, &sequence.name);
        let mut found: Vec<(Key, Name)> = owner.into_iter().collect();
        for table in self.schema.tables_with(&sequence.name) {
            let with = table.columns.iter().filter(|column| {
                let default = column.default.as_ref();
                default.is_some_and(|default| draws(&default.text))
            });
            found.extend(with.map(|column| (table.key, column.name)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Foreign keys that refer to the columns of a key.
    pub fn dependents_of_key(&self, table: &Table, columns: &[Name]) -> Vec<Dependent> {
        let found = self.foreign_keys(table, |referenced| columns.iter().any(|c| c == referenced));
        self.staying(found)
    }

    /// Views that read a column, and views that read those.
    pub fn views_over_column(&self, key: &Key, column: &str) -> Vec<Key> {
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
                        relation: Some(other.key),
                    });
                }
            }
        }
        found
    }

    /// Routines whose body is SQL that the server follows and uses a relation, or
    /// a column of it if one is given.
    pub fn atomic_routines(&self, name: &ObjectName, column: Option<&str>) -> Vec<Dependent> {
        self.routines(name, column, |routine| routine.atomic)
    }

    /// Those of them that the script does not make anew or drop by name.
    pub fn atomic_routines_that_go(
        &self,
        name: &ObjectName,
        column: Option<&str>,
    ) -> Vec<Dependent> {
        let goes = |routine: &Routine| routine.atomic && !self.routine_is_redone(routine);
        self.routines(name, column, goes)
    }

    /// Routines whose text names a relation, or a column of it if one is
    /// given; those that the script replaces or drops later left out, and
    /// trigger functions that nothing calls.
    pub fn routines_naming(&self, name: &ObjectName, column: Option<&str>) -> Vec<Dependent> {
        let is_text = |routine: &Routine| !routine.atomic && !self.routine_is_redone(routine);
        self.routines(name, column, is_text)
    }

    fn routines(
        &self,
        name: &ObjectName,
        column: Option<&str>,
        wanted: impl Fn(&Routine) -> bool,
    ) -> Vec<Dependent> {
        let key = self.schema.resolve(name);
        let word = column.unwrap_or(&name.name);
        let triggers = self.table(name).into_iter().flat_map(|t| &t.triggers);
        let run_by_triggers = triggers
            .filter_map(|trigger| trigger.function.as_ref())
            .flat_map(|f| self.schema.routines(&self.schema.resolve_routine(f)));
        let mut found: Vec<Dependent> = self
            .schema
            .routines_with(&name.name)
            .chain(run_by_triggers)
            .filter(|routine| !self.is_from_here(routine.origin))
            .filter(|routine| mentions(&routine.body, word))
            .filter(|routine| wanted(routine))
            .filter(|routine| {
                let naming = naming::read(&routine.body);
                let names = match column {
                    None => self.names_relation(&naming, &key),
                    Some(column) => {
                        self.names_column(&naming, routine, &key, column)
                            || names_row(&naming, column) && self.is_trigger_of(routine, &key)
                    }
                };
                names && self.may_run(routine, column.is_none().then_some(&key))
            })
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

    fn names_relation(&self, naming: &Naming, key: &Key) -> bool {
        let mut relations = naming.pieces.iter().flat_map(|p| &p.relations);
        relations.any(|(name, _)| !naming.is_own(name) && self.schema.resolve(name) == *key)
    }

    /// Qualified by the table, or without a qualifier where no other relation
    /// there may have such a column.
    fn names_column(&self, naming: &Naming, routine: &Routine, key: &Key, column: &str) -> bool {
        let returns = routine.returns.as_deref().unwrap_or("");
        let variable = naming.own.iter().any(|own| own == column)
            || mentions(&routine.arguments, column)
            || mentions(returns, column);
        naming.pieces.iter().any(|piece| {
            let is_it = |name: &ObjectName| self.schema.resolve(name) == *key;
            let (it, others): (Vec<_>, Vec<_>) =
                piece.relations.iter().partition(|(name, _)| is_it(name));
            let qualified = piece
                .qualified
                .iter()
                .any(|(of, c)| c == column && it.iter().any(|(_, alias)| alias == of));
            let alone = !variable
                && !it.is_empty()
                && !piece.derived
                && piece.plain.iter().any(|c| c == column);
            qualified
                || alone
                    && others
                        .iter()
                        .all(|(name, _)| naming.is_own(name) || self.lacks_column(name, column))
        })
    }

    fn lacks_column(&self, name: &ObjectName, column: &str) -> bool {
        let table = self.schema.table(name).filter(|t| t.columns_known);
        let view = self.schema.view(name).filter(|v| !v.columns.is_empty());
        table.is_some_and(|t| t.column(column).is_none())
            || view.is_some_and(|v| v.columns.iter().all(|c| c != column))
    }

    /// The triggers that call a routine, with their tables.
    fn triggers_of(&self, routine: &Routine) -> Vec<(&Key, &Trigger)> {
        let calls = |trigger: &Trigger| {
            let function = trigger.function.as_ref();
            function.is_some_and(|f| self.schema.resolve_routine(f) == routine.key)
        };
        let tables = self.schema.tables_with(&routine.key.name).into_iter();
        let on = tables.flat_map(|table| table.triggers.iter().map(move |t| (&table.key, t)));
        on.filter(|(_, trigger)| calls(trigger)).collect()
    }

    /// Is it the trigger function of this table and of no other?
    fn is_trigger_of(&self, routine: &Routine, table: &Key) -> bool {
        let triggers = self.triggers_of(routine);
        !triggers.is_empty() && triggers.iter().all(|(on, _)| *on == table)
    }

    /// A function may be called by anybody; a trigger function is called while
    /// a trigger stands on a table that stays.
    fn may_run(&self, routine: &Routine, dropped: Option<&Key>) -> bool {
        !routine.is_for_triggers()
            || self
                .triggers_of(routine)
                .iter()
                .any(|(on, trigger)| Some(*on) != dropped && !self.trigger_goes(on, trigger))
    }

    fn trigger_goes(&self, on: &Key, trigger: &Trigger) -> bool {
        let of_trigger = self.later_on(Facet::Object, &trigger.name);
        let of_table = self.later_on(Facet::Object, &on.name);
        of_trigger.chain(of_table).any(|op| match &op.action {
            Action::Drop {
                kind: ObjectKind::Trigger,
                name,
                on: Some(table),
                ..
            } => name.name == trigger.name && self.schema.resolve(table) == *on,
            Action::Drop { kind, name, .. } => {
                kind.is_relation() && self.schema.resolve(name) == *on
            }
            _ => false,
        })
    }

    /// Does the script make the routine anew later, or drop it? A DROP that names
    /// other arguments leaves it.
    pub fn routine_is_redone(&self, routine: &Routine) -> bool {
        let key = &routine.key;
        self.routine_returns(key)
            || self
                .later_on(Facet::Object, &key.name)
                .any(|op| match &op.action {
                    Action::Drop {
                        kind,
                        name,
                        arguments,
                        ..
                    } => {
                        kind.is_routine()
                            && self.schema.resolve_routine(name) == *key
                            && (arguments.as_deref()).is_none_or(|given| routine.may_be(given))
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

impl MigrationContext<'_> {
    /// What a table loses with a column, by all that stands once the script is
    /// through: what another column has to have that is to take its place.
    pub fn has_to_stand_on(&self, table: &Key, column: &str) -> Vec<String> {
        match self.schema.table_by_key(table) {
            Some(table) => lacks_beside(self.schema, table, column, true),
            None => Vec::new(),
        }
    }
}

fn goes_with(
    schema: &Schema,
    table: &Table,
    column: &str,
    is_asked: impl Fn(&Owned<'_>) -> bool,
) -> Vec<String> {
    let holds = |columns: &[Name]| columns.iter().any(|own| own == column);
    let constraints = table.constraints.iter();
    let constraints = constraints
        .filter(|c| match &c.definition.kind {
            ConstraintKind::Check(expr) => names_in(&expr.text).any(|name| name == column),
            _ => holds(&c.columns),
        })
        .map(|own| Owned::Constraint(own));
    let indexes = table.indexes.iter();
    let indexes = indexes.filter_map(|key| schema.index_by_key(key));
    let indexes = indexes.filter(|index| index.constraint.is_none());
    let indexes = indexes
        .filter(|index| schema.index_mentions(&index.key, &Name::new(column)))
        .map(|index| Owned::Index(index));
    constraints
        .chain(indexes)
        .filter(is_asked)
        .map(|part| part.to_string())
        .collect()
}

/// `whole`: with the primary key and the sequence, which go along when the column
/// is dropped.
fn lacks_beside(schema: &Schema, table: &Table, column: &str, whole: bool) -> Vec<String> {
    let mut lacking = goes_with(schema, table, column, |own| match own {
        Owned::Constraint(c) => match c.definition.kind {
            ConstraintKind::PrimaryKey(_) => whole,
            ConstraintKind::NotNull(_) => false,
            _ => true,
        },
        Owned::Index(_) => true,
    });
    let key = table.primary_key();
    let in_key = key.is_some_and(|key| key.columns.iter().any(|c| c == column));
    if let Some(known) = table.column(column).filter(|c| c.generated.is_none()) {
        let default = known.default.as_ref().filter(|_| !known.is_of_serial());
        lacking.extend(default.map(|default| format!("default `{}`", on_one_line(&default.text))));
        if whole && known.is_of_serial() {
            lacking.push("its default and the sequence behind it, by ALTER SEQUENCE … OWNED BY the new column".to_owned());
        }
        if whole && known.identity.is_some() {
            lacking.push("that it is an identity, which goes on counting from there".to_owned());
        }
        if known.not_null && !in_key {
            lacking.push("NOT NULL, by a check that is validated first".to_owned());
        }
    }
    lacking
}

/// `NEW.column` or `OLD.column`.
fn names_row(naming: &Naming, column: &str) -> bool {
    let mut qualified = naming.pieces.iter().flat_map(|p| &p.qualified);
    qualified.any(|(of, c)| c == column && (of == "new" || of == "old"))
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
