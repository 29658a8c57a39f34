//! Is something there that a block asks for before it runs a statement?
//!
//! The answer is yes for what the history made, no for what it took away, or
//! what a table lacks of which all is known, and none wherever something else
//! may have had a hand in it.

use std::sync::atomic::Ordering;

use super::{Key, Origin, Relation, Schema, Table, is_system, name_hash};
use crate::name::Name;
use crate::operation::{
    Action, Condition, ConstraintKind, InSchema, ObjectName, Operation, Persistence,
    TypeDefinition, Wanted, What,
};

/// How many relations a history is gone through for names that say neither
/// table nor schema: a tenth of a second. What comes after stays unknown.
const PATIENCE: usize = 1 << 21;

/// What is taken for gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Absence {
    /// What the history took away, or what a known table lacks.
    Seen,
    /// What a whole history never made, too ([`Schema::is_whole`]).
    Unmade,
}

impl Schema {
    /// An empty database of a server; its version is `None` where the project
    /// does not say it.
    pub fn on(server: Option<u8>) -> Self {
        Self {
            server,
            ..Self::default()
        }
    }

    /// Does a condition hold? `None` where the history does not tell.
    pub fn holds(&self, condition: &Condition, absence: Absence) -> Option<bool> {
        let each = |parts: &[Condition], decisive| self.each(parts, absence, decisive);
        match condition {
            Condition::Exists(wanted) => self.stands(wanted, absence),
            Condition::Not(inner) => self.holds(inner, absence).map(|holds| !holds),
            Condition::All(parts) => each(parts, false),
            Condition::Any(parts) => each(parts, true),
            Condition::Server(asked) => self.server.and_then(|major| asked.holds_on(major)),
            Condition::Unknown => None,
        }
    }

    /// The one answer of a part that decides, or the other one of all.
    fn each(&self, parts: &[Condition], absence: Absence, decisive: bool) -> Option<bool> {
        let mut known = Some(!decisive);
        for part in parts {
            match self.holds(part, absence) {
                Some(answer) if answer == decisive => return Some(decisive),
                Some(_) => {}
                None => known = None,
            }
        }
        known
    }

    /// Is it there? `None` where the history does not tell.
    fn stands(&self, wanted: &Wanted, absence: Absence) -> Option<bool> {
        let mut names = std::iter::once(&wanted.name).chain(&wanted.table);
        if self.unsure || names.any(|name| self.is_doubtful(name)) {
            return None;
        }
        let stands = match wanted.what {
            What::Relation => self.relation_stands(wanted, absence),
            What::Constraint => self.constraint_stands(wanted, absence),
            What::Column => self.column_stands(wanted, absence),
            What::Type => self.type_stands(wanted, absence),
        };
        stands.filter(|stands| !stands || !wanted.more)
    }

    /// Is what an operation makes surely there already, so that it fails or
    /// does nothing?
    pub fn has_made(&self, action: &Action) -> bool {
        let wanted = match action {
            Action::CreateTable(create) if create.persistence != Persistence::Temporary => {
                wanted(What::Relation, &create.name, None)
            }
            Action::CreateSequence {
                name,
                temporary: false,
                ..
            } => wanted(What::Relation, name, None),
            Action::CreateIndex(create) => match &create.name {
                Some(name) => Wanted {
                    schema: InSchema::Named(self.resolve(&create.table).schema),
                    ..wanted(What::Relation, name, None)
                },
                None => return false,
            },
            Action::CreateType(create) => wanted(What::Type, &create.name, None),
            Action::CreateDomain(create) => wanted(What::Type, &create.name, None),
            Action::AddColumn { table, column, .. } => {
                wanted(What::Column, &table.name, Some(&column.name))
            }
            Action::AddConstraint { table, constraint } => match &constraint.name {
                Some(name) => wanted(What::Constraint, &table.name, Some(&name.name)),
                None => return false,
            },
            _ => return false,
        };
        self.stands(&wanted, Absence::Seen) == Some(true)
    }

    /// A placeholder may stand for any name.
    fn is_doubtful(&self, name: &str) -> bool {
        name.contains('{') || self.doubtful.contains(&name_hash(name))
    }

    /// The first key that a name may mean.
    fn place(&self, schema: &InSchema, name: &Name) -> Key {
        match schema {
            InSchema::Named(schema) => Key::new(*schema, *name),
            InSchema::Current => {
                let first = self.session.search_path.first();
                Key::new(first.map_or("public", Name::as_str), *name)
            }
            InSchema::Path | InSchema::Any => self.resolve_word(name),
        }
    }

    /// Does a relation of the name have what is asked for? Where no schema is
    /// said, any of them may.
    fn any_of(
        &self,
        schema: &InSchema,
        name: &Name,
        has: impl Fn(&Key) -> Option<bool>,
    ) -> Option<bool> {
        let first = self.place(schema, name);
        let answer = has(&first);
        if answer == Some(true) || *schema != InSchema::Any || !self.has_name(name) {
            return answer;
        }
        if !self.may_go_through() {
            return None;
        }
        let others = self.named(name).map(|(key, _)| key);
        let others = others.filter(|key| **key != first && key.schema != "pg_temp");
        others.fold(answer, |answer, other| match (answer, has(other)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        })
    }

    fn relation_stands(&self, wanted: &Wanted, absence: Absence) -> Option<bool> {
        self.any_of(&wanted.schema, &wanted.name, |key| {
            self.is_relation(key, wanted, absence)
        })
    }

    fn is_relation(&self, key: &Key, wanted: &Wanted, absence: Absence) -> Option<bool> {
        let Some(relation) = self.relations.get(key) else {
            return self.is_gone(key, absence).then_some(false);
        };
        if matches!(relation.origin(), Origin::Assumed) || key.schema == "pg_temp" {
            return None;
        }
        let index = match relation {
            Relation::Index(index) => Some(index),
            _ => None,
        };
        if index.is_some_and(|index| self.is_doubtful(&index.table.name)) {
            return None;
        }
        let other_table = index.zip(wanted.table.as_ref());
        let fits = other_table.is_none_or(|(index, table)| index.table.name == *table);
        (fits && is_of(relation_kind(relation), wanted)).then_some(true)
    }

    /// Did the history take a relation away, or is what it never made not there?
    fn is_gone(&self, key: &Key, absence: Absence) -> bool {
        let is_foreign = is_system(&key.schema) || key.name.starts_with("pg_");
        if is_foreign || self.blind || self.has_elsewhere(&key.name) {
            return false;
        }
        let unmade = || self.is_whole() && self.has_namespace(&key.schema);
        self.was_dropped(key).is_some() || (absence == Absence::Unmade && unmade())
    }

    fn column_stands(&self, wanted: &Wanted, absence: Absence) -> Option<bool> {
        self.any_of(&wanted.schema, wanted.table.as_ref()?, |key| {
            let table = match self.relations.get(key) {
                Some(Relation::Table(table)) => table,
                Some(_) => return None,
                None => return self.is_gone(key, absence).then_some(false),
            };
            let whole = is_whole(table);
            match table.column(&wanted.name) {
                Some(_) if whole || table.column_added.contains_key(&wanted.name) => Some(true),
                None if whole => Some(false),
                _ => None,
            }
        })
    }

    fn constraint_stands(&self, wanted: &Wanted, absence: Absence) -> Option<bool> {
        let Some(table) = &wanted.table else {
            return self.constraint_of_any(wanted);
        };
        self.any_of(&wanted.schema, table, |key| {
            let table = match self.relations.get(key) {
                Some(Relation::Table(table)) => table,
                Some(_) => return None,
                None => return self.is_gone(key, absence).then_some(false),
            };
            let unnamed = || is_whole(table) && !may_be_named(table, &wanted.name);
            match table.constraint(&wanted.name) {
                Some(known) => {
                    is_of(constraint_kind(&known.definition.kind), wanted).then_some(true)
                }
                None => unnamed().then_some(false),
            }
        })
    }

    fn constraint_of_any(&self, wanted: &Wanted) -> Option<bool> {
        let schema = match &wanted.schema {
            InSchema::Any => None,
            named => Some(self.place(named, &wanted.name).schema),
        };
        if !self.may_go_through() {
            return None;
        }
        let mut tables = self.tables().filter(|table| {
            let has = schema
                .as_ref()
                .is_none_or(|schema| table.key.schema == *schema);
            has && table.key.schema != "pg_temp" && !self.is_doubtful(&table.key.name)
        });
        let known = tables.find_map(|table| table.constraint(&wanted.name))?;
        is_of(constraint_kind(&known.definition.kind), wanted).then_some(true)
    }

    fn type_stands(&self, wanted: &Wanted, absence: Absence) -> Option<bool> {
        let key = match &wanted.schema {
            InSchema::Path | InSchema::Any => self.resolve_type(&wanted.name),
            named => self.place(named, &wanted.name),
        };
        let kind = match (self.types.get(&key), self.domains.get(&key)) {
            (Some(entry), _) if entry.origin == Origin::Assumed => return None,
            (Some(entry), _) => match entry.definition {
                TypeDefinition::Enum(_) => 'e',
                TypeDefinition::Composite(_) => 'c',
                _ => '?',
            },
            (None, Some(domain)) if domain.origin == Origin::Assumed => return None,
            (None, Some(_)) => 'd',
            (None, None) => {
                let gone = !self.has_type_elsewhere(&key.name)
                    && !key.name.starts_with('_')
                    && self.is_gone(&key, absence);
                return gone.then_some(false);
            }
        };
        is_of(kind, wanted).then_some(true)
    }

    fn may_go_through(&self) -> bool {
        let relations = self.relations.len();
        self.gone_through.fetch_add(relations, Ordering::Relaxed) <= PATIENCE
    }

    /// What an operation that may not run makes or takes away is there or not.
    /// Where it runs unless that is done already, it is done afterwards.
    pub(super) fn doubt_names_of(&mut self, operation: &Operation) {
        let within = &operation.within;
        let guard = within.guard.as_ref().filter(|guard| guard.after.is_none());
        let asked = guard.and_then(|guard| match &guard.condition {
            Condition::Exists(wanted) => Some((true, &wanted.name)),
            Condition::Not(inner) => match &**inner {
                Condition::Exists(wanted) => Some((false, &wanted.name)),
                _ => None,
            },
            _ => None,
        });
        let is_done = |makes: bool, name: &Name| {
            (makes && within.unless_there) || (!within.doubtful && asked == Some((!makes, name)))
        };
        let mut doubtful = Vec::new();
        each_name(&operation.action, |makes, name| {
            if !is_done(makes, name) {
                doubtful.push(name_hash(name));
            }
        });
        self.doubtful.extend(doubtful);
    }
}

fn wanted(what: What, name: &ObjectName, part: Option<&Name>) -> Wanted {
    Wanted {
        what,
        schema: match &name.schema {
            Some(schema) => InSchema::Named(*schema),
            None => InSchema::Path,
        },
        table: part.map(|_| name.name),
        name: *part.unwrap_or(&name.name),
        kinds: Name::default(),
        more: false,
    }
}

/// Did the history make the table, and is all of it known?
fn is_whole(table: &Table) -> bool {
    matches!(table.origin, Origin::Created { .. }) && table.columns_known
}

/// Could the server have named a constraint so that the history left unnamed?
fn may_be_named(table: &Table, name: &str) -> bool {
    let begins = name.strip_prefix(table.key.name.as_str());
    begins.is_some_and(|rest| rest.starts_with('_'))
        && (name.ends_with("_not_null") || table.constraints.iter().any(|c| c.generated_name))
}

fn is_of(kind: char, wanted: &Wanted) -> bool {
    wanted.kinds.is_empty() || wanted.kinds.contains(kind)
}

/// As `pg_class.relkind` has it.
fn relation_kind(relation: &Relation) -> char {
    match relation {
        Relation::Table(table) if table.is_partitioned() => 'p',
        Relation::Table(table) if table.foreign => 'f',
        Relation::Table(_) => 'r',
        Relation::View(view) if view.materialized => 'm',
        Relation::View(_) => 'v',
        Relation::Index(index) if !index.children.is_empty() => 'I',
        Relation::Index(_) => 'i',
        Relation::Sequence(_) => 'S',
    }
}

/// As `pg_constraint.contype` has it.
fn constraint_kind(kind: &ConstraintKind) -> char {
    match kind {
        ConstraintKind::PrimaryKey(_) => 'p',
        ConstraintKind::Unique(_) => 'u',
        ConstraintKind::Check(_) => 'c',
        ConstraintKind::ForeignKey(_) => 'f',
        ConstraintKind::Exclude { .. } => 'x',
        ConstraintKind::NotNull(_) => 'n',
    }
}

/// The names that an operation gives (`true`) or frees; the table's for what
/// the server names.
fn each_name(action: &Action, mut say: impl FnMut(bool, &Name)) {
    match action {
        Action::CreateTable(create) => say(true, &create.name.name),
        Action::CreateView(create) => say(true, &create.name.name),
        Action::CreateType(create) => say(true, &create.name.name),
        Action::CreateDomain(create) => say(true, &create.name.name),
        Action::CreateSequence { name, .. } => say(true, &name.name),
        Action::CreateIndex(create) => {
            say(true, &create.name.as_ref().unwrap_or(&create.table).name);
        }
        Action::AddColumn {
            table,
            column,
            constraints,
            ..
        } => {
            say(true, &column.name);
            for constraint in constraints {
                let name = constraint.name.as_ref().map(|name| &name.name);
                say(true, name.unwrap_or(&table.name.name));
            }
        }
        Action::AddConstraint { table, constraint } => {
            let name = constraint.name.as_ref().map(|name| &name.name);
            say(true, name.unwrap_or(&table.name.name));
        }
        Action::DropColumn { column, .. } => say(false, &column.name),
        Action::DropConstraint { name, .. } => say(false, &name.name),
        Action::RenameColumn { column, to, .. } => {
            say(false, &column.name);
            say(true, &to.name);
        }
        Action::RenameConstraint { name, to, .. } => {
            say(false, &name.name);
            say(true, &to.name);
        }
        Action::Drop { name, .. } => say(false, &name.name),
        Action::Rename { name, to, .. } => {
            say(false, &name.name);
            say(true, &to.name);
        }
        Action::SetSchema { name, .. } => say(false, &name.name),
        _ => {}
    }
}
