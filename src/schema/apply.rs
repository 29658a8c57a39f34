//! Operations change the schema.
//!
//! Application never stops: what the server would refuse is returned as a
//! [`Conflict`], and the schema becomes what comes nearest to the author's
//! intent, so that one mistake does not make nonsense of all that follows.

use std::sync::Arc;
use thin_vec::ThinVec;

use rustc_hash::FxHashSet;

use super::journal::Entry;
use super::{
    Departure, Extension, Instead, Key, MigrationIndex, New, Origin, Other, Place, Policy,
    Relation, Rule, Schema, Sequence, Session, Table, name_hash,
};
use crate::name::{Name, name};
use crate::operation::sequence::SEQUENCE_NAME;
use crate::operation::{
    Action, DetachMode, ObjectKind, ObjectName, Operation, Persistence, RUN_TIME, SequenceOption,
    SetParameter, Target, query,
};
use crate::project::SourceId;
use crate::source::Span;

/// The server would refuse: the object exists already, or does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// A sentence without full stop, names in backticks.
    pub why: String,
    /// Where the object was created or dropped.
    pub at: Option<Place>,
}

impl Conflict {
    pub(super) fn new(why: impl Into<String>) -> Option<Self> {
        Some(Self {
            why: why.into(),
            at: None,
        })
    }

    pub(super) fn at(why: impl Into<String>, at: Option<Place>) -> Option<Self> {
        Some(Self {
            why: why.into(),
            at,
        })
    }
}

fn makes_relation(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateTable(_)
            | Action::CreateView(_)
            | Action::CreateIndex(_)
            | Action::CreateSequence { .. }
            | Action::CreateType(_)
    )
}

/// Where an operation stands, for origins.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub source: SourceId,
    pub span: Span,
}

impl At {
    fn of(place: Place) -> Self {
        Self {
            source: place.source,
            span: place.span,
        }
    }

    pub(super) fn place(self) -> Place {
        Place {
            source: self.source,
            span: self.span,
        }
    }
}

impl Schema {
    /// Begins a migration: what was created before is no longer new, unless it
    /// comes with the same release, and the session starts afresh.
    pub fn begin_migration(&mut self, migration: MigrationIndex, same_release: bool) {
        self.migration = migration;
        self.end_session();
        match same_release {
            true => self.created_along.extend(self.created_now.drain()),
            false => {
                self.created_now.clear();
                self.created_along.clear();
            }
        }
        self.unsure = false;
    }

    /// What is temporary ends with the session, and so does what was set.
    fn end_session(&mut self) {
        let temporary: Vec<Key> = self
            .created_now
            .iter()
            .filter(|key| key.schema == "pg_temp")
            .cloned()
            .collect();
        for key in temporary {
            self.remove_relation(&key, true);
        }
        self.set_session(self.initial.clone());
    }

    /// What holds for the sessions to come: of this database, and of the role
    /// that migrates, which is taken for another where it is named.
    fn set_initially(&mut self, kind: ObjectKind, name: &ObjectName, set: &SetParameter) {
        let is_own = match kind {
            ObjectKind::Database => true,
            _ => matches!(
                &*name.name,
                "current_user" | "current_role" | "session_user"
            ),
        };
        if is_own {
            self.note(|schema| Entry::Initial(schema.initial.clone()));
            self.initial.assign(set);
        }
    }

    /// Begins the session in which a down runs: everything is old by then. Says
    /// what was new.
    pub fn begin_down(&mut self) -> New {
        self.end_session();
        self.added_back = Some(FxHashSet::default());
        New {
            own: std::mem::take(&mut self.created_now),
            along: std::mem::take(&mut self.created_along),
        }
    }

    /// Makes new again what was new.
    pub fn end_down(&mut self, new: New) {
        self.added_back = None;
        (self.created_now, self.created_along) = (new.own, new.along);
    }

    /// Something ran whose text could not be read. What it mentions may look
    /// different now, and what this file dropped may be there again.
    pub fn lose_sight(&mut self, text: &str, source: SourceId) {
        self.doubt_all(self.assumed, true);
        self.doubtful.extend(words(text).map(name_hash));
        if !self.unsure {
            self.unsure = true;
            let back: Vec<Key> = self
                .dropped
                .iter()
                .filter(|(_, departure)| departure.at.source == source)
                .map(|(key, _)| *key)
                .collect();
            back.iter().for_each(|key| self.forget_drop(key));
        }
        self.disowned |= words(text).zip(words(text).skip(1)).any(|(verb, what)| {
            verb.eq_ignore_ascii_case("drop") && what.eq_ignore_ascii_case("owned")
        });
        let says = |verbs: &[&str]| {
            words(text).any(|word| verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb)))
        };
        // What attaches a partition, and the like, leaves the columns alone.
        let changes = says(&["alter"]) && says(&["add", "column", "type", "set"]);
        if says(&["drop", "rename"]) || changes {
            self.doubt_words(words(text));
        }
    }

    /// What a call gives to a routine by name, in quotes, may look different now.
    pub fn doubt_named(&mut self, call: &str) {
        let literals = call.split('\'').skip(1).step_by(2);
        self.doubt_words(literals.flat_map(words).filter(|word| !word.is_empty()));
    }

    fn doubt_words<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        let mut previous = "";
        for word in words {
            let name = Name::new(word);
            for key in [Key::new(previous, name), self.resolve_word(&name)] {
                if self.table_by_key(&key).is_some_and(|t| t.columns_known) {
                    self.edit_table(&key, |t| t.columns_known = false);
                }
            }
            previous = word;
        }
    }

    fn doubt_all(&mut self, assumed: bool, blind: bool) {
        if (self.assumed, self.blind) != (assumed, blind) {
            self.note(|s| Entry::Doubts(s.assumed, s.blind));
            (self.assumed, self.blind) = (assumed, blind);
        }
    }

    /// It may be there still, or again.
    fn forget_drop(&mut self, key: &Key) {
        if self.dropped.contains_key(key) {
            self.note(|s| Entry::Dropped(*key, s.dropped.get(key).cloned()));
            self.dropped.remove(key);
        }
    }

    /// Remembers that a name is free, and why.
    pub(super) fn note_departure(&mut self, key: &Key, at: At, to: Option<Key>) {
        self.note(|s| Entry::Dropped(*key, s.dropped.get(key).cloned()));
        let at = at.place();
        let view = None;
        self.dropped.insert(*key, Departure { at, to, view });
        // Routines that take its rows go with it, or take them under its new
        // name.
        if self.signature_words.contains_key(&key.name) {
            self.note(|s| {
                let routines = s.signature_words.get(&key.name).cloned();
                Entry::Signature(key.name, routines)
            });
            self.signature_words.remove(&key.name);
        }
    }

    /// Remembers that a name means nothing now, unless something has it.
    pub(super) fn note_absent(&mut self, key: &Key, at: Place) {
        if !self.relations.contains_key(key) {
            self.note_departure(key, At::of(at), None);
        }
    }

    pub(super) fn set_session(&mut self, session: Session) {
        if self.session != session {
            self.note(|schema| Entry::Session(schema.session.clone()));
            self.session = session;
        }
    }

    /// Applies one operation. What may not run at all (inside `IF`) is applied
    /// too: guarded DDL usually runs.
    pub fn apply(&mut self, operation: &Operation, source: SourceId) -> Option<Conflict> {
        let at = At {
            source,
            span: operation.place,
        };
        if let Action::Rename { to, .. } = &operation.action
            && to.name.starts_with(RUN_TIME)
        {
            return None;
        }
        let leaves = match &operation.action {
            Action::Drop { name, .. }
            | Action::Rename { name, .. }
            | Action::SetSchema { name, .. } => Some(self.resolve(name)),
            _ => None,
        };
        if operation.within.conditional {
            self.doubt_names_of(operation);
        }
        let conflict = self.dispatch(&operation.action, at);
        if let Some(key) = leaves
            && (operation.within.conditional || self.unsure)
        {
            self.forget_drop(&key);
        }
        let gone = self.disowned && makes_relation(&operation.action);
        conflict.filter(|_| !operation.within.conditional && !self.unsure && !gone)
    }

    fn dispatch(&mut self, action: &Action, at: At) -> Option<Conflict> {
        match action {
            Action::CreateTable(create) => self.create_table(create, at),
            Action::AddColumn {
                table,
                if_not_exists,
                column,
                constraints,
            } => self.add_column(table, column, constraints, *if_not_exists, at),
            Action::DropColumn {
                table,
                column,
                if_exists,
                cascade,
            } => self.drop_column(table, &column.name, *if_exists, *cascade, at),
            Action::RenameColumn { table, column, to } => {
                self.rename_column(table, &column.name, &to.name)
            }
            Action::RenameConstraint { table, name, to } => {
                self.rename_constraint(table, &name.name, &to.name)
            }
            Action::AlterColumnType { .. }
            | Action::SetDefault { .. }
            | Action::DropDefault { .. }
            | Action::SetNotNull { .. }
            | Action::DropNotNull { .. }
            | Action::AddIdentity { .. }
            | Action::SetIdentity { .. }
            | Action::DropIdentity { .. }
            | Action::SetExpression { .. }
            | Action::DropExpression { .. } => self.alter_column(action, at),
            Action::AddConstraint { table, constraint } => {
                self.with_table(table, at);
                self.add_constraint(&table.name, constraint, &[], table.only, at)
            }
            Action::DropConstraint {
                table,
                name,
                if_exists,
                cascade,
            } => self.drop_constraint(table, &name.name, *if_exists, *cascade),
            Action::ValidateConstraint { table, name } => {
                self.set_validated(table, &name.name);
                None
            }
            Action::AlterConstraint {
                table,
                name,
                deferrable,
                deferred,
                enforced,
                ..
            } => {
                if *enforced == Some(true) {
                    self.set_validated(table, &name.name);
                }
                self.set_deferrable(table, &name.name, *deferrable, *deferred);
                None
            }
            Action::AttachPartition {
                table,
                partition,
                bound,
            } => {
                self.with_table(table, at);
                self.assume_table(partition);
                let (parent, child) = (self.resolve(&table.name), self.resolve(partition));
                self.attach(&parent, &child, bound.clone());
                None
            }
            Action::DetachPartition {
                table,
                partition,
                mode,
            } => {
                let (parent, child) = (self.resolve(&table.name), self.resolve(partition));
                let left = match mode {
                    DetachMode::Concurrently => self.bound_as_check(&parent, &child),
                    _ => None,
                };
                self.detach(&parent, &child);
                if let Some(check) = left {
                    self.add_constraint(partition, &check, &[], false, at);
                }
                None
            }
            Action::Inherit { table, parent } => {
                self.with_table(table, at);
                self.assume_table(parent);
                let (child, parent) = (self.resolve(&table.name), self.resolve(parent));
                self.inherit(&child, &parent);
                None
            }
            Action::NoInherit { table, parent } => {
                let (child, parent) = (self.resolve(&table.name), self.resolve(parent));
                self.disinherit(&child, &parent);
                None
            }
            Action::SetPersistence { table, logged } => {
                let persistence = if *logged {
                    Persistence::Permanent
                } else {
                    Persistence::Unlogged
                };
                self.change_table(&table.name, at, |t| t.persistence = persistence);
                None
            }
            Action::RowSecurity { table, mode } => {
                use crate::operation::RowSecurity::{Disable, Enable};
                self.change_table(&table.name, at, |t| match mode {
                    Enable => t.row_security = true,
                    Disable => t.row_security = false,
                    _ => {}
                });
                self.apply_setting(action);
                None
            }
            Action::CreatePolicy {
                name,
                table,
                clauses,
            } => {
                let policy = Policy {
                    name: name.name,
                    clauses: clauses.clone(),
                };
                let key = self.resolve(table);
                self.note_policy(&key, clauses);
                self.change_table(table, at, |t| t.policies.push(policy));
                None
            }
            Action::AlterPolicy {
                name,
                table,
                clauses,
            } => {
                let key = self.resolve(table);
                self.note_policy(&key, clauses);
                self.change_table(table, at, |t| {
                    for policy in t.policies.iter_mut().filter(|p| p.name == name.name) {
                        policy.clauses = policy.clauses.altered(clauses);
                    }
                });
                None
            }
            Action::CreateRule {
                name,
                table,
                event,
                definition,
                ..
            } => {
                let rule = Rule {
                    name: name.name,
                    event,
                    definition: definition.clone(),
                };
                let key = self.resolve(table);
                if self.view_by_key(&key).is_some() {
                    let (kind, name) = (ObjectKind::Rule, name.name);
                    let events = Arc::from(*event);
                    self.note_instead(&key, Instead { kind, name, events });
                } else {
                    if name.name == "_RETURN" {
                        // Until 15 it makes a view of the table.
                        self.remove_relation(&key, false);
                        return None;
                    }
                    self.change_table(table, at, |t| {
                        t.rules.retain(|known| known.name != rule.name);
                        t.rules.push(rule);
                    });
                }
                None
            }
            Action::CreateTrigger(create) => {
                self.create_trigger(create, at);
                None
            }
            Action::Drop {
                kind,
                name,
                on,
                arguments,
                if_exists,
                cascade,
                ..
            } => self.drop(
                *kind,
                name,
                on.as_ref(),
                arguments.as_ref(),
                *if_exists,
                *cascade,
                at,
            ),
            Action::Rename {
                kind,
                name,
                on,
                if_exists,
                to,
            } => self.rename(*kind, name, on.as_ref(), *if_exists, &to.name, at),
            Action::SetSchema { kind, name, to, .. } => self.set_schema(*kind, name, &to.name, at),
            Action::CreateIndex(create) => self.create_index(create, at),
            Action::AttachIndexPartition { index, child } => {
                self.attach_index(index, child);
                None
            }
            Action::CreateView(create) => self.create_view(create, at),
            Action::RefreshView {
                name, with_data, ..
            } => {
                let key = self.resolve(name);
                self.change_view(&key, |view| view.populated = *with_data);
                None
            }
            Action::CreateType(create) => self.create_type(create, at),
            Action::AddEnumValue {
                name,
                value,
                position,
                ..
            } => self.add_enum_value(name, value, position.as_ref()),
            Action::RenameEnumValue { name, from, to } => {
                self.rename_enum_value(name, from, to);
                None
            }
            Action::AlterComposite { name, change, .. } => {
                self.alter_composite(name, change);
                None
            }
            Action::CreateDomain(create) => self.create_domain(create, at),
            Action::AlterDomain { name, change } => {
                self.alter_domain(name, change);
                None
            }
            Action::CreateSequence {
                name,
                if_not_exists,
                temporary,
                owned_by,
                options,
            } => self.create_sequence(
                name,
                *if_not_exists,
                *temporary,
                owned_by.as_ref(),
                options,
                at,
            ),
            Action::AlterSequence {
                name,
                owned_by,
                options,
                ..
            } => {
                let key = self.resolve(name);
                self.change_sequence(&key, options);
                if let Some(owner) = owned_by {
                    self.own_sequence(name, owner.as_ref());
                }
                None
            }
            // It is named after whoever runs the migration.
            Action::CreateSchema { name, .. } if name.template => {
                self.doubt_all(true, self.blind);
                None
            }
            Action::CreateSchema { name, .. } => {
                let origin = self.origin(at);
                let name = name.name;
                self.note(|s| Entry::Namespace(name, s.schemas.get(&name).copied()));
                self.schemas.entry(name).or_insert(origin);
                None
            }
            Action::CreateExtension { name, options, .. } => {
                if !self.extensions.contains_key(&name.name) {
                    let extension = Extension {
                        origin: self.origin(at),
                        options: *options,
                    };
                    self.put_extension(&name.name, Some(Arc::new(extension)));
                }
                None
            }
            Action::CreateOther {
                kind,
                name: Some(name),
                signature,
                definition,
            } => {
                self.create_other(*kind, name, *signature, definition, at);
                None
            }
            Action::CreateStatistics {
                name: Some(name),
                definition,
                ..
            } => {
                let signature = name!("STATISTICS {name}");
                self.create_other(ObjectKind::Statistics, name, signature, definition, at);
                None
            }
            Action::AlterOther {
                kind,
                name: Some(name),
                sets,
            } => {
                self.doubt_other(*kind, name);
                if let Some(set) = sets {
                    self.set_initially(*kind, name, set);
                }
                None
            }
            Action::AlterPublication { name, .. } => {
                self.doubt_other(ObjectKind::Publication, &name.clone().into());
                None
            }
            Action::Comment { .. }
            | Action::SetOwner { .. }
            | Action::Grant(_)
            | Action::SetParameters { .. }
            | Action::SetColumnOption { .. }
            | Action::ReplicaIdentity { .. }
            | Action::ClusterOn { .. }
            | Action::Cluster { .. }
            | Action::ToggleTrigger { .. }
            | Action::SetTablespace { .. }
            | Action::SetAccessMethod { .. } => {
                self.apply_setting(action);
                None
            }
            Action::AlterRoutine {
                kind,
                name,
                volatility,
            } => {
                match volatility {
                    Some(volatility) => self.set_volatility(name, *volatility),
                    None => self.doubt_other(*kind, name),
                }
                None
            }
            Action::CreateRoutine(create) => {
                self.create_routine(create, at);
                None
            }
            Action::Update(update) => {
                self.note_update(update);
                None
            }
            Action::Insert(insert) => {
                self.fill(&insert.table);
                let mut query = insert.query.iter();
                if query.all(|query| query.text.contains('\'')) {
                    self.seed(insert, at.source);
                }
                None
            }
            Action::Copy {
                table: Some(table),
                from: true,
                ..
            } => {
                self.fill(table);
                None
            }
            Action::Merge(merge) => {
                self.fill(&merge.table);
                None
            }
            Action::Truncate { tables, .. } => {
                for table in tables {
                    let key = self.resolve(table);
                    if self.table_by_key(&key).is_some_and(|t| t.filled) {
                        self.edit_table(&key, |t| t.filled = false);
                    }
                }
                None
            }
            Action::Set(set) => {
                self.set_parameter(set);
                None
            }
            _ => None,
        }
    }

    pub(super) fn origin(&self, at: At) -> Origin {
        Origin::Created {
            migration: self.migration,
            at: at.place(),
        }
    }

    /// Where a new object of this name goes: the schema it names, or the first
    /// of the search path.
    pub(super) fn creation_key(&self, name: &ObjectName, temporary: bool) -> Key {
        let schema = match &name.schema {
            _ if temporary => "pg_temp".into(),
            Some(schema) => *schema,
            None => self
                .session
                .search_path
                .first()
                .cloned()
                .unwrap_or_else(|| "public".into()),
        };
        Key::new(schema, name.name)
    }

    /// Enters a new relation and remembers that it is new.
    pub(super) fn enter(&mut self, key: Key, relation: Relation) {
        if self.dropped.contains_key(&key) {
            self.note(|s| Entry::Dropped(key, s.dropped.get(&key).cloned()));
            self.dropped.remove(&key);
        }
        self.mark_created(&key);
        self.put_relation(key, Some(relation));
    }

    pub(super) fn mark_created(&mut self, key: &Key) {
        if self.created_now.insert(*key) {
            self.note(|_| Entry::CreatedNow(*key));
        }
    }

    /// Makes sure that a table that something happens to is there.
    pub(super) fn with_table(&mut self, target: &Target, _at: At) {
        self.assume_table(&target.name);
    }

    /// Enters a table that the history never created, unless something of
    /// that name is known.
    pub fn assume_table(&mut self, name: &ObjectName) {
        let key = self.resolve(name);
        if !self.relations.contains_key(&key) && !name.template {
            self.doubt_all(true, self.blind);
            self.put_relation(key, Some(Relation::Table(Arc::new(Table::assumed(key)))));
        }
    }

    /// Changes a table, entering it first where it is not known.
    pub(super) fn change_table(&mut self, name: &ObjectName, _at: At, f: impl FnOnce(&mut Table)) {
        self.assume_table(name);
        let key = self.resolve(name);
        self.edit_table(&key, f);
    }

    /// Changes a table that is known; copies it first if an earlier state or a
    /// reader still holds it.
    pub(super) fn edit_table<R>(
        &mut self,
        key: &Key,
        f: impl FnOnce(&mut Table) -> R,
    ) -> Option<R> {
        self.note_relation(key);
        match self.relations.get_mut(key) {
            Some(Relation::Table(table)) => Some(f(Arc::make_mut(table))),
            _ => None,
        }
    }

    /// The table and all that inherit from it, partitions included; just the
    /// table for ONLY.
    pub fn with_descendants(&self, key: &Key, only: bool) -> Vec<Key> {
        let mut list = vec![*key];
        let childless = |key: &Key| {
            let table = self.table_by_key(key);
            table.is_none_or(|table| table.children.is_empty())
        };
        if only || childless(key) {
            return list;
        }
        let mut met: FxHashSet<Key> = list.iter().cloned().collect();
        let mut next = 0;
        while next < list.len() {
            if let Some(table) = self.table_by_key(&list[next]) {
                let new = table.children.iter().filter(|c| met.insert(*(*c)));
                list.extend(new.cloned());
            }
            next += 1;
        }
        list
    }

    fn set_parameter(&mut self, set: &SetParameter) {
        let mut session = self.session.clone();
        match &mut session.outside {
            outside @ None if set.local => *outside = Some(Box::new(self.session.clone())),
            Some(outside) if !set.local => outside.assign(set),
            _ => {}
        }
        session.assign(set);
        self.set_session(session);
    }

    /// What was set locally is over, and tables that are dropped ON COMMIT.
    pub fn end_transaction(&mut self) {
        if self.temporary {
            self.drop_on_commit();
        }
        if let Some(outside) = self.session.outside.clone() {
            self.set_session(*outside);
        }
    }

    fn drop_on_commit(&mut self) {
        let is_over = |key: &&Key| {
            let table = self.table_by_key(key);
            key.schema == "pg_temp"
                && table.is_some_and(|table| has_words(&table.options, &["commit", "drop"]))
        };
        let over: Vec<Key> = self.created_now.iter().filter(is_over).cloned().collect();
        for key in over {
            let at = self.relations.get(&key).and_then(Relation::created_at);
            self.remove_relation(&key, true);
            let alone = self.resolve_word(&key.name);
            if let Some(at) = at.filter(|_| self.is_whole()) {
                self.note_absent(&alone, at);
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn drop(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        on: Option<&ObjectName>,
        arguments: Option<&Name>,
        if_exists: bool,
        cascade: bool,
        at: At,
    ) -> Option<Conflict> {
        match kind {
            ObjectKind::Table
            | ObjectKind::ForeignTable
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Index
            | ObjectKind::Sequence => self.drop_relation(kind, name, if_exists, cascade, at),
            ObjectKind::Type | ObjectKind::Domain => {
                self.drop_type(name, cascade);
                None
            }
            ObjectKind::Aggregate => {
                let key = (kind, self.other_key(name));
                if self.others.contains_key(&key) {
                    self.put_other(key, None);
                }
                None
            }
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine => {
                self.drop_routine(name, arguments, cascade);
                None
            }
            ObjectKind::Schema => {
                self.drop_namespace(&name.name, at);
                None
            }
            ObjectKind::Extension => {
                self.drop_extension(&name.name, cascade);
                None
            }
            ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => {
                if let Some(key) = on.map(|table| self.resolve(table)) {
                    if self.view_by_key(&key).is_some() {
                        self.forget_instead(&key, kind, &name.name);
                    }
                    let migration = self.migration;
                    self.edit_table(&key, |t| match kind {
                        ObjectKind::Trigger => t.drop_trigger(&name.name, migration),
                        ObjectKind::Policy => t.policies.retain(|x| x.name != name.name),
                        _ => t.rules.retain(|x| x.name != name.name),
                    });
                    self.rename_member(&key, kind, &name.name, None);
                }
                None
            }
            _ => {
                let key = (kind, self.other_key(name));
                if self.others.contains_key(&key) {
                    self.put_other(key, None);
                }
                None
            }
        }
    }

    pub(super) fn put_extension(&mut self, name: &Name, extension: Option<Arc<Extension>>) {
        self.note(|s| Entry::Extension(*name, s.extensions.get(name).cloned()));
        match extension {
            Some(extension) => self.extensions.insert(*name, extension),
            None => self.extensions.remove(name),
        };
    }

    /// Did the history create such an object, and is it known how?
    pub fn knows_other(&self, kind: ObjectKind, name: &ObjectName) -> bool {
        let known = self.others.get(&(kind, self.other_key(name)));
        known.is_some_and(|other| !other.definition.is_empty())
    }

    /// The statement that created such an object; `None` where it is not known.
    pub fn other_definition(&self, kind: ObjectKind, name: &ObjectName) -> Option<&str> {
        let known = self.others.get(&(kind, self.other_key(name)))?;
        Some(&*known.definition).filter(|definition| !definition.is_empty())
    }

    /// The publications whose statement is known, with it.
    pub fn publications(&self) -> impl Iterator<Item = (&Name, &str)> {
        let others = self.published.then_some(&self.others);
        let others = others.into_iter().flatten();
        others
            .filter(|((kind, _), other)| {
                *kind == ObjectKind::Publication && !other.definition.is_empty()
            })
            .map(|((_, key), other)| (&key.name, &*other.definition))
    }

    /// Are there statistics of this name, on a table that was not made anew
    /// since? They go with their table.
    pub fn has_statistics(&self, name: &ObjectName) -> bool {
        let known = self
            .others
            .get(&(ObjectKind::Statistics, self.other_key(name)));
        let Some(known) = known.filter(|other| !other.definition.is_empty()) else {
            return false;
        };
        let when = |origin: Origin| match origin {
            Origin::Created { migration, at } => Some((migration, at)),
            Origin::Assumed => None,
        };
        let read = query::mentioned(&known.definition);
        let table = read.first().map(|used| self.resolve(&used.relation));
        let table = table.and_then(|key| self.relations.get(&key).map(Relation::origin));
        let Some((own, since)) = when(known.origin).zip(table.and_then(when)) else {
            return false;
        };
        since.0 < own.0
            || since.0 == own.0
                && since.1.source == own.1.source
                && since.1.span.start < own.1.span.start
    }

    fn other_key(&self, name: &ObjectName) -> Key {
        let schema = name.schema.unwrap_or_else(|| "public".into());
        // A cast is called by its types, in parentheses or not.
        let plain = name.name.trim_start_matches('(').trim_end_matches(')');
        Key::new(schema, plain)
    }

    fn put_other(&mut self, key: (ObjectKind, Key), other: Option<Arc<Other>>) {
        self.note(|s| Entry::Other(key, s.others.get(&key).cloned()));
        match other {
            Some(other) => self.others.insert(key, other),
            None => self.others.remove(&key),
        };
    }

    fn create_other(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        signature: Name,
        definition: &Arc<str>,
        at: At,
    ) {
        let other = Other {
            origin: self.origin(at),
            signature,
            definition: definition.clone(),
        };
        let key = self.other_key(name);
        self.published |= kind == ObjectKind::Publication;
        self.own_operators |= matches!(kind, ObjectKind::Operator | ObjectKind::Cast);
        self.put_other((kind, key), Some(Arc::new(other)));
    }

    /// It was altered in a way that is not kept.
    pub(super) fn doubt_other(&mut self, kind: ObjectKind, name: &ObjectName) {
        if kind.is_routine() {
            return self.doubt_routine(name);
        }
        let key = (kind, self.other_key(name));
        if let Some(known) = self.others.get(&key) {
            let mut own = (**known).clone();
            own.definition = Arc::from("");
            self.put_other(key, Some(Arc::new(own)));
        }
    }

    pub(super) fn rename_other(&mut self, kind: ObjectKind, name: &ObjectName, to: &Name) {
        let old = (kind, self.other_key(name));
        if let Some(known) = self.others.get(&old) {
            let mut own = (**known).clone();
            own.definition = Arc::from("");
            own.signature = name!("{} {to}", kind.word().to_uppercase());
            let new = (kind, Key::new(old.1.schema, *to));
            self.put_other(old, None);
            self.put_other(new, Some(Arc::new(own)));
        }
    }

    /// The sequence behind an identity or serial column.
    pub(super) fn add_implicit_sequence(
        &mut self,
        table: &Key,
        column: &Name,
        options: ThinVec<SequenceOption>,
        at: At,
    ) {
        let key = sequence_name(&options, table).unwrap_or_else(|| {
            let name = super::names::free_name(&table.name, column, "seq", |name| {
                self.relations.contains_key(&Key::new(table.schema, name))
            });
            Key::new(table.schema, name)
        });
        let sequence = Sequence {
            key,
            origin: self.origin(at),
            owned_by: Some((*table, *column)),
            implicit: true,
            options,
        };
        self.owned.entry(*table).or_default().push(key);
        self.enter(key, Relation::Sequence(Arc::new(sequence)));
    }
}

/// What stands between marks; empty between two of them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// What `SEQUENCE NAME` says; without a schema it stands in that of the table.
fn sequence_name(options: &[SequenceOption], table: &Key) -> Option<Key> {
    let (_, name) = options.iter().find(|(name, _)| *name == SEQUENCE_NAME)?;
    let name = ObjectName::of_text(name)?;
    let schema = name.schema.unwrap_or(table.schema);
    Some(Key::new(schema, name.name))
}

/// `'"$user", public'` and `a, b` to names; `"$user"` is left out.
fn search_path(text: &str) -> Vec<Name> {
    text.split(',')
        .map(|part| {
            let part = part.trim().trim_matches('\'').trim();
            match part.strip_prefix('"').and_then(|p| p.strip_suffix('"')) {
                Some(quoted) => Name::new(quoted),
                None => crate::statement::cursor::fold(part),
            }
        })
        .filter(|name| !name.is_empty() && name != "$user")
        .collect()
}

impl Session {
    fn assign(&mut self, set: &SetParameter) {
        let value = set.value.as_deref();
        match set.name.as_str() {
            "search_path" => {
                let names = |text: &str| !text.chars().all(|c| c == '\'' || c.is_whitespace());
                self.pathless = value.is_some_and(|text| !names(text));
                self.path_named = value.is_some_and(|text| !text.contains(['$', '{', ':']));
                self.search_path = match value {
                    None => Session::default().search_path,
                    Some(path) => search_path(path),
                };
            }
            "timezone" | "time zone" => {
                let lower = |zone: &str| Name::from(zone.trim_matches('\'').to_ascii_lowercase());
                self.time_zone = value.map(lower).filter(|zone| zone != "default");
            }
            "lock_timeout" => self.lock_timeout = value.and_then(milliseconds),
            "statement_timeout" => self.statement_timeout = value.and_then(milliseconds),
            "check_function_bodies" => {
                self.bodies_unchecked = value.is_some_and(is_off);
            }
            "session_replication_role" => {
                self.replica =
                    value.is_some_and(|role| role.to_ascii_lowercase().contains("replica"));
            }
            "all" => {
                *self = Session {
                    outside: self.outside.take(),
                    ..Session::default()
                };
            }
            _ => {}
        }
    }
}

/// Does a text have words that follow each other, whatever their case?
fn has_words(text: &str, wanted: &[&str]) -> bool {
    let words: Vec<&str> = words(text).collect();
    let same = |(word, wanted): (&&str, &&str)| word.eq_ignore_ascii_case(wanted);
    words
        .windows(wanted.len())
        .any(|found| found.iter().zip(wanted).all(same))
}

/// `off` in one of its spellings.
fn is_off(value: &str) -> bool {
    let value = value.trim().trim_matches('\'').to_ascii_lowercase();
    matches!(value.as_str(), "off" | "false" | "no" | "0" | "f" | "n")
}

/// A timeout's value in milliseconds; `None` for 0, which means none.
fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim().trim_matches('\'').trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "ms" => 1.0,
        "us" => 0.001,
        "s" => 1_000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    Some((number * unit) as u64).filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_with_their_units() {
        assert_eq!(milliseconds("'5s'"), Some(5_000));
        assert_eq!(milliseconds("250"), Some(250));
        assert_eq!(milliseconds("'2 min'"), Some(120_000));
        assert_eq!(milliseconds("0"), None);
        assert_eq!(milliseconds("'0s'"), None);
    }

    #[test]
    fn search_paths_are_lists_of_names() {
        assert_eq!(search_path("'\"$user\", public'"), ["public"]);
        assert_eq!(search_path("App, \"Data\""), ["app", "Data"]);
        assert!(search_path("''").is_empty());
    }
}
