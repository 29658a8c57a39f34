//! Objects get other names, or move to other schemas.

use std::sync::Arc;

use super::apply::{At, Conflict};
use super::constraint::{names_in, rename_in};
use super::{GoneRule, Index, Key, Relation, Schema, Table, TableConstraint, Use, View};
use crate::name::Name;
use crate::operation::{ConstraintKind, Expr, ObjectKind, ObjectName, Target};

/// Puts another name where one stood.
fn swap<T: PartialEq + Clone>(list: &mut [T], old: &T, new: &T) {
    for item in list.iter_mut().filter(|item| *item == old) {
        *item = new.clone();
    }
}

fn replace_name(expr: &mut Expr, from: &Name, to: &Name) {
    if let Some(renamed) = rename_in(expr, from, to) {
        *expr = renamed;
    }
}

fn is_relation(kind: ObjectKind) -> bool {
    kind.is_relation() || matches!(kind, ObjectKind::Index | ObjectKind::Sequence)
}

impl View {
    /// Its query means what has another name now.
    fn follow(&mut self, from: &Name, to: &Name) {
        let query = Expr {
            text: self.query.clone(),
            span: Default::default(),
        };
        if let Some(renamed) = rename_in(&query, from, to) {
            self.query = renamed.text;
        }
    }
}

impl Schema {
    pub(super) fn rename(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        on: Option<&ObjectName>,
        if_exists: bool,
        to: &Name,
        at: At,
    ) -> Option<Conflict> {
        match kind {
            ObjectKind::Type | ObjectKind::Domain => {
                let old = self.type_key_of(name);
                let new = Key::new(old.schema, *to);
                let taken = self.type_taken(&new).or_else(|| self.row_type_taken(&new));
                if taken.is_some() && old != new {
                    return taken;
                }
                self.rekey_type(&old, &new);
                None
            }
            kind if kind.is_routine() => {
                let old = self.resolve_routine(name);
                self.rekey_routine(&old, &Key::new(old.schema, *to));
                None
            }
            ObjectKind::Schema => {
                self.rename_namespace(&name.name, to);
                None
            }
            ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule => {
                if let Some(key) = on.map(|table| self.resolve(table)) {
                    self.edit_table(&key, |t| match kind {
                        ObjectKind::Trigger => {
                            for trigger in t.triggers.iter_mut().filter(|x| x.name == name.name) {
                                trigger.name = *to;
                            }
                        }
                        ObjectKind::Policy => {
                            for policy in t.policies.iter_mut().filter(|x| x.name == name.name) {
                                policy.name = *to;
                            }
                        }
                        _ => {
                            for rule in t.rules.iter_mut().filter(|x| x.name == name.name) {
                                rule.name = *to;
                            }
                        }
                    });
                    self.rename_member(&key, kind, &name.name, Some(to));
                }
                None
            }
            kind if !is_relation(kind) => {
                self.rename_other(kind, name, to);
                None
            }
            _ => {
                let old = self.resolve(name);
                let new = Key::new(old.schema, *to);
                self.move_relation(kind, name, &old, &new, if_exists, at)
            }
        }
    }

    pub(super) fn set_schema(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        to: &Name,
        at: At,
    ) -> Option<Conflict> {
        match kind {
            ObjectKind::Type | ObjectKind::Domain => {
                let old = self.type_key_of(name);
                self.rekey_type(&old, &Key::new(*to, old.name));
                None
            }
            kind if kind.is_routine() => {
                let old = self.resolve_routine(name);
                self.rekey_routine(&old, &Key::new(*to, old.name));
                None
            }
            kind if !is_relation(kind) => {
                self.doubt_other(kind, name);
                None
            }
            // There it is found without a qualifier, as where it was.
            _ if to == "pg_catalog" => None,
            _ => {
                let old = self.resolve(name);
                let new = Key::new(*to, old.name);
                self.move_relation(kind, name, &old, &new, false, at)
            }
        }
    }

    fn move_relation(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        old: &Key,
        new: &Key,
        if_exists: bool,
        at: At,
    ) -> Option<Conflict> {
        if !self.relations.contains_key(old) {
            let is_table = !matches!(kind, ObjectKind::Index | ObjectKind::Sequence);
            if self.was_dropped(old).is_some() || if_exists || name.template || !is_table {
                return self.missing(name, if_exists);
            }
            self.assume_table(name);
        }
        if old != new
            && let Some(taken) = self.relations.get(new)
            && taken.created_at().is_some()
        {
            return Conflict::at(format!("`{new}` already exists"), taken.created_at());
        }
        if let Some(taken) = self.type_taken(new)
            && !matches!(self.relations.get(old), Some(Relation::Index(_)))
        {
            return Some(taken);
        }
        self.rekey(old, new);
        if old != new {
            self.note_departure(old, at, Some(*new));
        }
        None
    }

    /// Gives a relation another key, everywhere.
    pub(super) fn rekey(&mut self, old: &Key, new: &Key) {
        if old == new {
            return;
        }
        self.former_names.insert(old.name);
        match self.relations.get(old).cloned() {
            Some(Relation::Table(table)) => self.rekey_table(&table, new),
            Some(Relation::View(view)) => self.rekey_view(&view, new),
            Some(Relation::Index(_)) => self.rekey_index(old, new),
            Some(Relation::Sequence(sequence)) => {
                let mut own = (*sequence).clone();
                own.key = *new;
                if let Some((table, _)) = &own.owned_by {
                    self.owned.entry(*table).or_default().push(*new);
                }
                self.replace(old, new, Relation::Sequence(Arc::new(own)));
            }
            None => {}
        }
    }

    fn replace(&mut self, old: &Key, new: &Key, relation: Relation) {
        self.put_relation(*old, None);
        self.put_relation(*new, Some(relation));
        self.move_settings(old, new, ObjectKind::Table);
        if self.is_created_now(old) {
            self.mark_created(new);
        }
    }

    fn rekey_table(&mut self, table: &Table, new: &Key) {
        let old = &table.key;
        let sequences = self.sequences_of(old, None);
        let mut own = table.clone();
        own.key = *new;
        swap(&mut own.referenced_by, old, new);
        for constraint in &mut own.constraints {
            if constraint.references.as_ref() == Some(old) {
                Arc::make_mut(constraint).references = Some(*new);
            }
        }
        self.replace(old, new, Relation::Table(Arc::new(own)));
        for index in &table.indexes {
            self.edit_index(index, |i| i.table = *new);
            if old.schema != new.schema {
                self.rekey_index(index, &Key::new(new.schema, index.name));
            }
        }
        for sequence in sequences {
            self.tie_sequence(&sequence, new, None);
            if old.schema != new.schema {
                self.rekey(&sequence, &Key::new(new.schema, sequence.name));
            }
        }
        for other in table.referenced_by.iter().filter(|k| *k != old) {
            self.edit_table(other, |t| {
                for constraint in &mut t.constraints {
                    if constraint.references.as_ref() == Some(old) {
                        Arc::make_mut(constraint).references = Some(*new);
                    }
                }
            });
        }
        for constraint in &table.constraints {
            if let Some(target) = constraint.references.as_ref().filter(|k| *k != old) {
                self.edit_table(target, |t| swap(&mut t.referenced_by, old, new));
            }
        }
        for child in &table.children {
            self.edit_table(child, |t| {
                swap(&mut t.inherits, old, new);
                if let Some(partition) = t.partition.as_mut().filter(|p| p.of == *old) {
                    partition.of = *new;
                }
            });
        }
        for parent in table
            .inherits
            .iter()
            .chain(table.partition.as_ref().map(|p| &p.of))
        {
            self.edit_table(parent, |t| swap(&mut t.children, old, new));
        }
        self.rekey_in_views(&table.views, old, new);
    }

    fn rekey_view(&mut self, view: &View, new: &Key) {
        let old = &view.key;
        let mut own = view.clone();
        own.key = *new;
        self.replace(old, new, Relation::View(Arc::new(own)));
        for used in &view.uses {
            let swapped = self.edit_table(&used.relation, |t| swap(&mut t.views, old, new));
            if swapped.is_none() {
                self.change_view(&used.relation, |v| swap(&mut v.views, old, new));
            }
        }
        for index in &view.indexes {
            self.edit_index(index, |i| i.table = *new);
        }
        self.rekey_in_views(&view.views, old, new);
    }

    fn rekey_in_views(&mut self, views: &[Key], old: &Key, new: &Key) {
        for view in views {
            self.change_view(view, |v| {
                for used in v.uses.iter_mut().filter(|u| u.relation == *old) {
                    used.relation = *new;
                }
                v.follow(&old.name, &new.name);
                v.stale |= old.schema != new.schema;
            });
        }
    }

    pub(super) fn rename_column(
        &mut self,
        target: &Target,
        from: &Name,
        to: &Name,
    ) -> Option<Conflict> {
        let key = self.resolve(&target.name);
        if let Some(missing) = self.missing(&target.name, target.if_exists) {
            return Some(missing);
        }
        if self.view_by_key(&key).is_some() {
            self.change_view(&key, |v| swap(&mut v.columns, from, to));
            return None;
        }
        self.assume_table(&target.name);
        let table = self.table_by_key(&key)?;
        if table.columns_known && table.column(from).is_none() {
            return Conflict::new(format!("`{key}` has no column `{from}`"));
        }
        if table.column(to).is_some() {
            return Conflict::new(format!("column `{to}` of `{key}` already exists"));
        }
        for table in self.with_descendants(&key, target.only) {
            self.rename_own_column(&table, from, to);
        }
        None
    }

    fn rename_own_column(&mut self, key: &Key, from: &Name, to: &Name) {
        let Some(table) = self.table_by_key(key).cloned() else {
            return;
        };
        self.edit_table(key, |t| {
            t.edit_column(from, |c| c.name = *to);
            t.pass_on(from, Some(*to));
            for constraint in &mut t.constraints {
                rename_in_constraint(constraint, from, to);
            }
            // What comes in the place of one that is gone names the column so.
            for gone in &mut t.gone {
                swap(&mut gone.columns, from, to);
                match &mut gone.rule {
                    GoneRule::Constraint(constraint) => rename_in_constraint(constraint, from, to),
                    GoneRule::Index(index) => rename_in_index(Arc::make_mut(index), from, to),
                    GoneRule::Trigger => {}
                }
            }
            for trigger in &mut t.triggers {
                swap(&mut trigger.columns, from, to);
                replace_name(&mut trigger.events, from, to);
                replace_name(&mut trigger.clauses, from, to);
            }
            let conditions = t
                .policies
                .iter_mut()
                .flat_map(|p| p.clauses.conditions_mut());
            for expr in conditions.chain(t.triggers.iter_mut().flat_map(|t| &mut t.when)) {
                replace_name(expr, from, to);
            }
            if let Some(partition) = &mut t.partition_by {
                swap(&mut partition.columns, from, to);
                replace_name(&mut partition.definition, from, to);
            }
            t.made_by = None;
            if let Some(added) = t.column_added.remove(from) {
                t.column_added.insert(*to, added);
            }
        });
        for index in &table.indexes {
            self.edit_index(index, |i| rename_in_index(i, from, to));
        }
        self.former_names.insert(*from);
        self.rename_member(key, ObjectKind::Column, from, Some(to));
        for sequence in self.sequences_of(key, Some(from)) {
            self.tie_sequence(&sequence, key, Some(to));
        }
        for other in &table.referenced_by {
            self.edit_table(other, |t| {
                for constraint in &mut t.constraints {
                    if constraint.references.as_ref() == Some(key) {
                        swap(&mut Arc::make_mut(constraint).referenced, from, to);
                    }
                }
            });
        }
        for view in &table.views {
            self.change_view(view, |v| {
                let elsewhere = |u: &Use| u.relation != *key && (u.all || u.columns.contains(from));
                let ambiguous = v.uses.iter().any(elsewhere);
                for used in v.uses.iter_mut().filter(|u| u.relation == *key) {
                    swap(&mut used.columns, from, to);
                }
                if names_in(&v.query).any(|name| name == *from) {
                    v.stale |= ambiguous || v.columns.is_empty();
                    v.follow(from, to);
                }
            });
        }
    }
}

fn rename_in_constraint(constraint: &mut Arc<TableConstraint>, from: &Name, to: &Name) {
    if !constraint.columns.contains(from) {
        return;
    }
    let own = Arc::make_mut(constraint);
    swap(&mut own.columns, from, to);
    match &mut own.definition.kind {
        ConstraintKind::Check(expr)
        | ConstraintKind::Exclude {
            definition: expr, ..
        } => replace_name(expr, from, to),
        _ => {}
    }
}

fn rename_in_index(index: &mut Index, from: &Name, to: &Name) {
    swap(&mut index.columns, from, to);
    swap(&mut index.include, from, to);
    for expr in index.exprs.iter_mut().chain(&mut index.predicate) {
        replace_name(expr, from, to);
    }
}
