//! Types, sequences, routines and schemas.

use std::sync::Arc;

use super::apply::{At, Conflict};
use super::journal::Entry;
use super::{Key, Origin, Place, Relation, Routine, Schema, Sequence, Table, TypeEntry};
use crate::few::Few;
use crate::name::Name;
use crate::operation::{
    Column, CompositeChange, CreateRoutine, CreateType, DataType, ObjectKind, ObjectName,
    SequenceOption, TypeDefinition, query,
};

fn taken_type(key: &Key, at: Place) -> Option<Conflict> {
    Conflict::at(format!("type `{key}` already exists"), Some(at))
}

impl Origin {
    /// Where the history created it.
    fn place(self) -> Option<Place> {
        match self {
            Origin::Created { at, .. } => Some(at),
            Origin::Assumed => None,
        }
    }
}

impl Relation {
    /// Where the history created it.
    pub fn created_at(&self) -> Option<Place> {
        self.origin().place()
    }

    pub fn origin(&self) -> Origin {
        match self {
            Relation::Table(table) => table.origin,
            Relation::View(view) => view.origin,
            Relation::Index(index) => index.origin,
            Relation::Sequence(sequence) => sequence.origin,
        }
    }
}

impl Schema {
    pub fn type_key_of(&self, name: &ObjectName) -> Key {
        match &name.schema {
            Some(schema) => Key::new(*schema, name.name),
            None => self.resolve_type(&name.name),
        }
    }

    fn put_type(&mut self, key: &Key, entry: Option<TypeEntry>) {
        self.note(|s| Entry::Type(*key, s.types.get(key).cloned()));
        match entry {
            Some(entry) => {
                self.type_names.insert(key.name);
                self.types.insert(*key, Arc::new(entry))
            }
            None => self.types.remove(key),
        };
    }

    pub(super) fn create_type(&mut self, create: &CreateType, at: At) -> Option<Conflict> {
        let key = self.creation_key(&create.name, false);
        // A shell waits for the type that takes its name.
        let is_shell = |definition: &TypeDefinition, text: &str| {
            matches!(definition, TypeDefinition::Other) && text.trim().is_empty()
        };
        let filled = |known: &&Arc<TypeEntry>| {
            is_shell(&known.definition, &known.text) && !is_shell(&create.definition, &create.text)
        };
        let known = self.types.get(&key).filter(|known| !filled(known));
        let conflict = known.and_then(|known| match known.origin {
            Origin::Created { at, .. } if !create.name.template => {
                Conflict::at(format!("type `{key}` already exists"), Some(at))
            }
            _ => None,
        });
        let conflict = conflict.or_else(|| match create.name.template {
            true => None,
            false => self
                .domain_taken(&key)
                .or_else(|| self.row_type_taken(&key)),
        });
        let entry = TypeEntry {
            key,
            origin: self.origin(at),
            definition: create.definition.clone(),
            text: create.text.clone(),
            added_values: Vec::new(),
        };
        if let TypeDefinition::Composite(fields) = &create.definition {
            for (_, ty) in fields {
                self.note_member(&key, ty);
            }
        }
        self.put_type(&key, Some(entry));
        self.mark_created(&key);
        conflict
    }

    fn note_member(&mut self, composite: &Key, ty: &DataType) {
        self.type_members
            .entry(ty.name)
            .or_default()
            .push(*composite);
    }

    /// A composite type with a field of this type.
    pub fn composite_of(&self, ty: &Key) -> Option<&Key> {
        let has = |key: &&Key| {
            self.types
                .get(key)
                .is_some_and(|entry| match &entry.definition {
                    TypeDefinition::Composite(fields) => fields
                        .iter()
                        .any(|(_, field)| field.name == ty.name && self.type_key(field) == *ty),
                    _ => false,
                })
        };
        self.type_members.get(&ty.name)?.iter().find(has)
    }

    /// Is there a type or domain of that name? A relation, whose rows are of a
    /// type of its own name, collides with it (create_table_named_like_type).
    pub(super) fn type_taken(&self, key: &Key) -> Option<Conflict> {
        let known = self.types.get(key).and_then(|known| known.origin.place());
        let conflict = known.and_then(|at| taken_type(key, at));
        conflict.or_else(|| self.domain_taken(key))
    }

    fn domain_taken(&self, key: &Key) -> Option<Conflict> {
        let known = self.domains.get(key)?;
        taken_type(key, known.origin.place()?)
    }

    /// Is there a table or view of that name?
    pub(super) fn row_type_taken(&self, key: &Key) -> Option<Conflict> {
        let known = self.relations.get(key)?;
        match known {
            Relation::Table(_) | Relation::View(_) => taken_type(key, known.created_at()?),
            _ => None,
        }
    }

    fn change_type(&mut self, name: &ObjectName, f: impl FnOnce(&mut TypeEntry)) {
        let key = self.type_key_of(name);
        self.note(|s| Entry::Type(key, s.types.get(&key).cloned()));
        if let Some(entry) = self.types.get_mut(&key) {
            f(Arc::make_mut(entry));
        }
    }

    pub(super) fn add_enum_value(
        &mut self,
        name: &ObjectName,
        value: &Name,
        position: Option<&(bool, Name)>,
    ) -> Option<Conflict> {
        let migration = self.migration;
        self.change_type(name, |entry| {
            if let TypeDefinition::Enum(values) = &mut entry.definition {
                if values.contains(value) {
                    return;
                }
                let place = position.and_then(|(before, neighbour)| {
                    let at = values.iter().position(|v| v == neighbour)?;
                    Some(if *before { at } else { at + 1 })
                });
                values.insert(place.unwrap_or(values.len()), *value);
            }
            entry.added_values.push((*value, migration));
        });
        None
    }

    pub(super) fn rename_enum_value(&mut self, name: &ObjectName, from: &Name, to: &Name) {
        self.change_type(name, |entry| {
            if let TypeDefinition::Enum(values) = &mut entry.definition {
                for value in values.iter_mut().filter(|v| *v == from) {
                    *value = *to;
                }
            }
        });
        self.rename_in_defaults(&self.type_key_of(name), from, to);
    }

    /// A default keeps the value, under whatever name.
    fn rename_in_defaults(&mut self, of: &Key, from: &str, to: &str) {
        let quoted = format!("'{from}'");
        let has_it = |column: &Column| {
            let default = column.default.as_ref();
            default.is_some_and(|d| d.text.contains(&quoted))
        };
        let found: Vec<(Key, Name)> = self
            .columns_of_type(of)
            .into_iter()
            .filter(|(_, column)| has_it(column))
            .map(|(table, column)| (table.key, column.name))
            .collect();
        for (table, column) in found {
            self.edit_table(&table, |t| {
                t.edit_column(&column, |c| {
                    if let Some(default) = &mut c.default {
                        default.text = default.text.replace(&quoted, &format!("'{to}'")).into();
                    }
                });
            });
        }
    }

    pub(super) fn alter_composite(&mut self, name: &ObjectName, change: &CompositeChange) {
        if let CompositeChange::Add(_, ty) | CompositeChange::Alter(_, ty) = change {
            self.note_member(&self.type_key_of(name), ty);
        }
        self.change_type(name, |entry| {
            let TypeDefinition::Composite(attributes) = &mut entry.definition else {
                return;
            };
            match change {
                CompositeChange::Add(name, ty) => attributes.push((*name, ty.clone())),
                CompositeChange::Drop(name) => attributes.retain(|(n, _)| n != name),
                CompositeChange::Alter(name, ty) => {
                    for attribute in attributes.iter_mut().filter(|(n, _)| n == name) {
                        attribute.1 = ty.clone();
                    }
                }
                CompositeChange::Rename(from, to) => {
                    for attribute in attributes.iter_mut().filter(|(n, _)| n == from) {
                        attribute.0 = *to;
                    }
                }
            }
        });
    }

    /// With CASCADE the columns of the type go too, and the views on them.
    pub(super) fn drop_type(&mut self, name: &ObjectName, cascade: bool) {
        let key = self.type_key_of(name);
        if cascade {
            let columns: Vec<(Key, Name)> = self
                .columns_of_type(&key)
                .into_iter()
                .map(|(table, column)| (table.key, column.name))
                .collect();
            for (table, column) in columns {
                // What a table is partitioned by does not go without it.
                if self.is_partitioned_by(&table, &column) {
                    self.remove_relation(&table, true);
                } else {
                    self.drop_column_and_views(&table, &column);
                }
            }
            let made: Vec<Key> = self.tables_of_type(&key).iter().map(|t| t.key).collect();
            for table in made {
                self.remove_relation(&table, true);
            }
            self.drop_defaults(self.defaults_of_type(&key));
        }
        self.forget_settings(&key, ObjectKind::Type);
        if self.types.contains_key(&key) {
            self.put_type(&key, None);
        }
        if self.domains.contains_key(&key) {
            self.put_domain(&key, None);
        }
    }

    fn is_partitioned_by(&self, table: &Key, column: &str) -> bool {
        let by = self
            .table_by_key(table)
            .and_then(|t| t.partition_by.as_ref());
        by.is_some_and(|by| by.columns.iter().any(|c| c == column))
    }

    fn drop_defaults(&mut self, of: Vec<(Key, Name)>) {
        for (table, column) in of {
            self.edit_table(&table, |t| t.edit_column(&column, |c| c.default = None));
        }
    }

    /// With CASCADE what uses its types, operator classes and functions goes
    /// too.
    pub(super) fn drop_extension(&mut self, name: &Name, cascade: bool) {
        if !self.extensions.contains_key(name) {
            return;
        }
        if cascade {
            for (table, column) in self.columns_of_extension(name) {
                self.drop_column_and_views(&table, &column);
            }
            for index in self.indexes_of_extension(name) {
                self.remove_relation(&index, true);
            }
            self.drop_defaults(self.defaults_of_extension(name));
        }
        self.put_extension(name, None);
    }

    pub(super) fn rekey_type(&mut self, old: &Key, new: &Key) {
        self.move_settings(old, new, ObjectKind::Type);
        self.former_names.insert(old.name);
        if let Some(entry) = self.types.get(old) {
            let mut own = (**entry).clone();
            own.key = *new;
            self.put_type(old, None);
            self.put_type(new, Some(own));
        }
        if let Some(domain) = self.domains.get(old) {
            let mut own = (**domain).clone();
            own.key = *new;
            self.put_domain(old, None);
            self.put_domain(new, Some(own));
        }
        if self.is_created_now(old) {
            self.mark_created(new);
        }
        self.retype_columns(old, new);
    }

    /// Columns follow their type to its new name.
    fn retype_columns(&mut self, old: &Key, new: &Key) {
        let of_type = |c: &Column| {
            c.ty.name == old.name && c.ty.schema.as_deref().is_none_or(|s| s == old.schema)
        };
        let with = self.tables_with(&old.name).into_iter();
        let tables: Vec<Key> = with
            .filter(|t| t.columns.iter().any(|c| of_type(c)))
            .map(|t| t.key)
            .collect();
        for table in tables {
            self.edit_table(&table, |t| {
                for column in t.columns.iter_mut().filter(|c| of_type(c)) {
                    let own = Arc::make_mut(column);
                    own.ty.name = new.name;
                    if own.ty.schema.is_some() {
                        own.ty.schema = Some(new.schema.as_str().into());
                    }
                }
            });
            self.note_table_name(&table, &new.name);
        }
    }

    pub(super) fn create_sequence(
        &mut self,
        name: &ObjectName,
        if_not_exists: bool,
        temporary: bool,
        owned_by: Option<&ObjectName>,
        options: &[SequenceOption],
        at: At,
    ) -> Option<Conflict> {
        let key = self.creation_key(name, temporary);
        if let Some(existing) = self.relations.get(&key) {
            let at = existing.created_at();
            return if if_not_exists || at.is_none() || name.template {
                None
            } else {
                Conflict::at(format!("`{key}` already exists"), at)
            };
        }
        let conflict = self.type_taken(&key).filter(|_| !name.template);
        let sequence = Sequence {
            key,
            origin: self.origin(at),
            owned_by: None,
            implicit: false,
            options: options.into(),
        };
        self.enter(key, Relation::Sequence(Arc::new(sequence)));
        self.own(&key, owned_by);
        conflict
    }

    pub(super) fn own_sequence(&mut self, name: &ObjectName, owner: Option<&ObjectName>) {
        let key = self.resolve(name);
        self.own(&key, owner);
    }

    /// `owner` is `table.column`, read as a qualified name.
    fn own(&mut self, sequence: &Key, owner: Option<&ObjectName>) {
        let owner = owner.and_then(|column| {
            let table = ObjectName {
                name: column.schema?,
                schema: None,
                ..column.clone()
            };
            Some((self.resolve(&table), column.name))
        });
        match owner {
            Some((table, column)) => self.tie_sequence(sequence, &table, Some(&column)),
            None => self.edit_sequence(sequence, |s| s.owned_by = None),
        }
    }

    /// Options that are set take the place of those that were; RESTART is for
    /// once.
    pub(super) fn change_sequence(&mut self, key: &Key, options: &[SequenceOption]) {
        let lasting = options.iter().filter(|(name, _)| *name != "restart");
        for option in lasting {
            self.edit_sequence(key, |s| {
                s.options.retain(|(name, _)| *name != option.0);
                s.options.push(*option);
            });
        }
    }

    fn edit_sequence(&mut self, key: &Key, f: impl FnOnce(&mut Sequence)) {
        self.note_relation(key);
        if let Some(Relation::Sequence(sequence)) = self.relations.get_mut(key) {
            f(Arc::make_mut(sequence));
        }
    }

    /// Ties a sequence to a table, and to a column if one is given.
    pub(super) fn tie_sequence(&mut self, sequence: &Key, table: &Key, column: Option<&Name>) {
        self.owned.entry(*table).or_default().push_few(*sequence);
        self.edit_sequence(sequence, |s| {
            let old = s.owned_by.take().map(|(_, column)| column);
            let column = column.cloned().or(old).unwrap_or_default();
            s.owned_by = Some((*table, column));
        });
    }

    fn put_routines(&mut self, key: &Key, list: Vec<Arc<Routine>>) {
        self.note(|s| Entry::Routine(*key, s.routines.get(key).cloned()));
        if list.is_empty() {
            self.routines.remove(key);
        } else {
            self.routines.insert(*key, list);
        }
    }

    pub(super) fn create_routine(&mut self, create: &CreateRoutine, at: At) {
        // It goes with the session, and nobody else sees it.
        if create.name.schema.is_some_and(|schema| schema == "pg_temp") {
            return;
        }
        let key = self.creation_key(&create.name, false);
        let routine = Routine {
            key,
            origin: self.origin(at),
            procedure: create.procedure,
            arguments: create.arguments,
            returns: create.returns,
            language: create.language,
            volatility: create.volatility,
            defined_volatility: create.volatility,
            body: create.body_text.clone(),
            atomic: create.atomic,
            definition: create.definition.clone(),
            altered: false,
            operations: create.operations.clone(),
        };
        self.note_words(&routine);
        let mut list = self.routines(&key).to_vec();
        list.retain(|known| !known.takes(&create.arguments));
        list.push(Arc::new(routine));
        self.put_routines(&key, list);
        self.mark_created(&key);
    }

    /// Of overloads, all become so: which one is meant is not looked into.
    pub(super) fn set_volatility(&mut self, name: &ObjectName, volatility: char) {
        let key = self.resolve_routine(name);
        let mut list = self.routines(&key).to_vec();
        for routine in &mut list {
            Arc::make_mut(routine).volatility = volatility;
        }
        if !list.is_empty() {
            self.put_routines(&key, list);
        }
    }

    pub(super) fn drop_routine(
        &mut self,
        name: &ObjectName,
        arguments: Option<&Name>,
        cascade: bool,
    ) {
        if self.lacks_overload(name, arguments.map(|a| a.as_str())) {
            return;
        }
        let key = self.resolve_routine(name);
        if cascade {
            self.drop_callers(&key);
        }
        let list = self.routines(&key);
        let kept: Vec<Arc<Routine>> = match arguments {
            Some(arguments) if list.len() > 1 => list
                .iter()
                .filter(|r| !r.takes(arguments))
                .cloned()
                .collect(),
            // The only one is meant: another has been told apart above.
            _ => Vec::new(),
        };
        if kept.is_empty() {
            self.forget_settings(&key, ObjectKind::Function);
        }
        self.put_routines(&key, kept);
    }

    /// Routines whose body is SQL that reads a relation go with it where CASCADE is
    /// said.
    pub(super) fn drop_bodies_reading(&mut self, relation: &Key) {
        let reads = |routine: &Routine| {
            routine.atomic
                && query::mentioned(&routine.body)
                    .iter()
                    .any(|used| self.resolve(&used.relation) == *relation)
        };
        let stay = |key: &Key| {
            let stay = self.routines(key).iter().filter(|r| !reads(r));
            stay.cloned().collect::<Vec<_>>()
        };
        let going = self.routines_with(&relation.name).filter(|r| reads(r));
        let kept: Vec<_> = going.map(|r| (r.key, stay(&r.key))).collect();
        for (key, routines) in kept {
            self.put_routines(&key, routines);
        }
    }

    /// The tables with triggers that call a routine, and the triggers' names.
    fn triggers_calling(&self, routine: &Key) -> Vec<(Key, Vec<Name>)> {
        let calls = |function: Option<&ObjectName>| {
            function.is_some_and(|f| self.resolve_routine(f) == *routine)
        };
        let names = |table: &Table| {
            let triggers = table.triggers.iter();
            let calling = triggers.filter(|t| calls(t.function.as_ref()));
            calling.map(|t| t.name).collect::<Vec<_>>()
        };
        let tables = self.tables_with(&routine.name).into_iter();
        let tables = tables.map(|t| (t.key, names(t)));
        tables.filter(|(_, names)| !names.is_empty()).collect()
    }

    /// It was altered in a way that is not kept.
    pub(super) fn doubt_routine(&mut self, name: &ObjectName) {
        let key = self.resolve_routine(name);
        let mut list = self.routines(&key).to_vec();
        if !list.is_empty() {
            for routine in &mut list {
                Arc::make_mut(routine).altered = true;
            }
            self.put_routines(&key, list);
        }
    }

    pub(super) fn rekey_routine(&mut self, old: &Key, new: &Key) {
        self.move_settings(old, new, ObjectKind::Function);
        self.former_names.insert(old.name);
        for (table, names) in self.triggers_calling(old) {
            self.edit_table(&table, |t| {
                let calling = t.triggers.iter_mut().filter(|x| names.contains(&x.name));
                for function in calling.filter_map(|x| x.function.as_mut()) {
                    function.schema = Some(new.schema);
                    function.name = new.name;
                }
            });
            self.note_table_name(&table, &new.name);
        }
        let list = self.routines(old).to_vec();
        self.put_routines(old, Vec::new());
        for routine in &list {
            let mut renamed = (**routine).clone();
            renamed.key = *new;
            self.note_words(&renamed);
        }
        self.put_routines(new, list);
    }

    /// All objects of a schema go with it.
    pub(super) fn drop_namespace(&mut self, name: &Name, at: At) {
        let inside: Vec<Key> = self
            .relations
            .keys()
            .filter(|key| key.schema == *name)
            .cloned()
            .collect();
        for key in inside {
            self.remove_relation(&key, true);
            self.note_departure(&key, at, None);
        }
        let types: Vec<Key> = self
            .types
            .keys()
            .filter(|k| k.schema == *name)
            .cloned()
            .collect();
        for key in types {
            self.put_type(&key, None);
        }
        let domains: Vec<Key> = self
            .domains
            .keys()
            .filter(|k| k.schema == *name)
            .cloned()
            .collect();
        for key in domains {
            self.put_domain(&key, None);
        }
        let routines: Vec<Key> = self
            .routines
            .keys()
            .filter(|k| k.schema == *name)
            .cloned()
            .collect();
        for key in routines {
            self.put_routines(&key, Vec::new());
        }
        self.forget_settings(&Key::new(*name, ""), ObjectKind::Schema);
        self.note(|s| Entry::Namespace(*name, s.schemas.get(name).copied()));
        self.schemas.remove(name);
    }

    pub(super) fn rename_namespace(&mut self, from: &Name, to: &Name) {
        let mut inside: Vec<Key> = self
            .relations
            .iter()
            .filter(|(key, relation)| {
                key.schema == *from && !matches!(relation, Relation::Index(_))
            })
            .map(|(key, _)| *key)
            .collect();
        inside.sort_unstable();
        for key in inside {
            self.rekey(&key, &Key::new(*to, key.name));
        }
        let types: Vec<Key> = self
            .types
            .keys()
            .filter(|k| k.schema == *from)
            .cloned()
            .collect();
        for key in types {
            self.rekey_type(&key, &Key::new(*to, key.name));
        }
        self.note(|s| Entry::Namespace(*from, s.schemas.get(from).copied()));
        if let Some(origin) = self.schemas.remove(from) {
            self.note(|s| Entry::Namespace(*to, s.schemas.get(to).copied()));
            self.schemas.insert(*to, origin);
        }
    }

    /// The routines whose text has a word, whatever its case; one that was
    /// replaced may come twice.
    pub fn routines_with(&self, word: &str) -> impl Iterator<Item = &Arc<Routine>> {
        let keys = self.routine_words.get(&word.to_lowercase()[..]);
        keys.into_iter()
            .flatten()
            .flat_map(|key| self.routines(key))
    }

    /// The routines whose arguments or result name a type or relation.
    pub fn routines_taking<'s>(&'s self, ty: &'s Key) -> impl Iterator<Item = &'s Arc<Routine>> {
        let names = |text: &str| is_type_in(text, &ty.name);
        let keys = self.signature_words.get(&ty.name);
        let routines = keys
            .into_iter()
            .flatten()
            .flat_map(|key| self.routines(key));
        routines.filter(move |r| names(&r.arguments) || r.returns.as_deref().is_some_and(names))
    }

    fn note_signature(&mut self, routine: &Routine) {
        let returns = routine.returns.as_deref().unwrap_or_default();
        for text in [routine.arguments.as_str(), returns] {
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
                    continue;
                }
                let keys = self.signature_words.entry(word.to_lowercase().into());
                let keys = keys.or_default();
                if keys.last() != Some(&routine.key) {
                    keys.push(routine.key);
                }
            }
        }
    }

    fn note_words(&mut self, routine: &Routine) {
        self.note_signature(routine);
        if !matches!(routine.language.as_str(), "sql" | "plpgsql") {
            return;
        }
        let body = routine.body.to_lowercase();
        let words = body.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|w| !w.is_empty()) {
            let keys = match self.routine_words.get_mut(word) {
                Some(keys) => keys,
                None => self.routine_words.entry(word.into()).or_default(),
            };
            if keys.last() != Some(&routine.key) {
                keys.push(routine.key);
            }
        }
    }

    /// Did the history create this schema?
    pub fn namespace(&self, name: &str) -> Option<Origin> {
        self.schemas.get(name).copied()
    }

    /// Did the history create this extension?
    pub fn has_extension(&self, name: &str) -> bool {
        self.extensions.contains_key(name)
    }
}

/// Does a word stand where a list of arguments, or a result, has its types? The
/// name of an argument is followed by its type, a type is not.
fn is_type_in(text: &str, ty: &str) -> bool {
    let lower = text.to_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    lower.match_indices(&ty.to_lowercase()).any(|(at, word)| {
        let before = &lower[..at];
        let after = lower[at + word.len()..]
            .trim_start_matches('"')
            .trim_start();
        let whole = !before.ends_with(is_part) && !lower[at + word.len()..].starts_with(is_part);
        let ends = after.is_empty() || after.starts_with([',', ')', '[', '=']);
        whole && (ends || after.starts_with("default"))
    })
}

#[cfg(test)]
mod tests {
    use super::is_type_in;

    #[test]
    fn types_are_told_from_names() {
        for text in [
            "orders",
            "o orders, n int",
            "SETOF orders",
            "VARIADIC o orders[]",
        ] {
            assert!(is_type_in(text, "orders"), "{text}");
        }
        for text in [
            "orders int",
            "old_orders",
            "n int, orders text DEFAULT ''",
            "orders.id%TYPE",
        ] {
            assert!(!is_type_in(text, "orders"), "{text}");
        }
    }
}
