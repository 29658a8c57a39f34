//! What is set on an object and changes nothing for others: comments, owners,
//! privileges, parameters.

use std::sync::Arc;

use super::journal::Entry;
use super::{Key, Origin, Relation, Schema, Table};
use crate::name::{Name, name};
use crate::operation::{Action, ColumnOption, Grant, ObjectKind, ObjectName, RowSecurity};

/// One thing that is set. What was never set has no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What it is set on; for a column, constraint, trigger, policy or rule the
    /// key is that of the table, for an overload that of the routine.
    pub kind: ObjectKind,
    /// The column, constraint, …, or the arguments of a routine.
    pub member: Name,
    pub name: SettingName,
    /// As written.
    pub value: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SettingName {
    Comment,
    Owner,
    /// A privilege and who has it; the value is what stands behind the role.
    Grant {
        privilege: Name,
        grantee: Name,
    },
    /// Of a table, index or view.
    Parameter(Name),
    Statistics,
    Storage,
    Compression,
    /// Of a column.
    ColumnParameter(Name),
    /// What stands behind REPLICA IDENTITY.
    ReplicaIdentity,
    ClusterOn,
    ForceRowSecurity,
    /// `DISABLE`, `ENABLE REPLICA`, `ENABLE ALWAYS`, of a trigger or rule.
    Firing,
    Tablespace,
    AccessMethod,
}

/// Objects that share names.
fn class(kind: ObjectKind) -> u8 {
    match kind {
        ObjectKind::Type | ObjectKind::Domain => 1,
        kind if kind.is_routine() => 2,
        ObjectKind::Schema => 3,
        _ => 0,
    }
}

impl Schema {
    /// What is set on an object and its parts.
    pub fn settings(&self, key: &Key) -> &[Setting] {
        self.settings.get(key).map_or(&[], |list| list.as_slice())
    }

    /// The value of one setting.
    pub fn setting(
        &self,
        key: &Key,
        kind: ObjectKind,
        member: &str,
        name: &SettingName,
    ) -> Option<&str> {
        self.settings(key)
            .iter()
            .find(|s| class(s.kind) == class(kind) && s.member == member && s.name == *name)
            .map(|s| &*s.value)
    }

    /// The key under which the settings of an object stand.
    pub fn setting_key(&self, kind: ObjectKind, name: &ObjectName, on: Option<&ObjectName>) -> Key {
        match (class(kind), on) {
            (_, Some(table)) => self.resolve(table),
            (1, None) => self.type_key_of(name),
            (2, None) => self.resolve_routine(name),
            (3, None) => Key::new(name.name, ""),
            _ => self.resolve(name),
        }
    }

    fn edit_settings(&mut self, key: &Key, f: impl FnOnce(&mut Vec<Setting>)) {
        self.note(|s| Entry::Settings(*key, s.settings.get(key).cloned()));
        let list = self.settings.entry(*key).or_default();
        f(Arc::make_mut(list));
        if list.is_empty() {
            self.settings.remove(key);
        }
    }

    fn set(
        &mut self,
        key: &Key,
        kind: ObjectKind,
        member: Name,
        name: SettingName,
        value: Option<impl Into<Arc<str>>>,
    ) {
        self.edit_settings(key, |list| {
            let same =
                |s: &Setting| class(s.kind) == class(kind) && s.member == member && s.name == name;
            list.retain(|s| !same(s));
            // Most objects have one.
            if list.is_empty() {
                list.reserve_exact(1);
            }
            list.extend(value.map(|value| Setting {
                kind,
                member,
                name,
                value: value.into(),
            }));
        });
    }

    /// Takes away what is set on an object that goes.
    pub(super) fn forget_settings(&mut self, key: &Key, kind: ObjectKind) {
        if self.settings.contains_key(key) {
            self.edit_settings(key, |list| list.retain(|s| class(s.kind) != class(kind)));
        }
    }

    /// What is set on an object goes with it to its new name.
    pub(super) fn move_settings(&mut self, old: &Key, new: &Key, kind: ObjectKind) {
        if !self.settings.contains_key(old) {
            return;
        }
        let mut moved = Vec::new();
        self.edit_settings(old, |list| {
            moved.extend(list.extract_if(.., |s| class(s.kind) == class(kind)));
        });
        self.edit_settings(new, |list| list.extend(moved));
    }

    /// A part of a table goes, or gets another name.
    pub(super) fn rename_member(
        &mut self,
        key: &Key,
        kind: ObjectKind,
        from: &str,
        to: Option<&Name>,
    ) {
        let is_it = |s: &Setting| s.kind == kind && s.member == from;
        if !self.settings(key).iter().any(is_it) {
            return;
        }
        self.edit_settings(key, |list| match to {
            Some(to) => {
                for setting in list.iter_mut().filter(|s| is_it(s)) {
                    setting.member = *to;
                }
            }
            None => list.retain(|s| !is_it(s)),
        });
    }

    /// Applies an operation that only sets something.
    pub(super) fn apply_setting(&mut self, action: &Action) {
        let none = Name::default;
        match action {
            Action::Comment {
                kind,
                name,
                on,
                arguments,
                text,
            } => {
                let key = self.setting_key(*kind, name, on.as_ref());
                let table = self.table_by_key(&key);
                let lacks = |t: &Table| t.columns_known && t.column(&name.name).is_none();
                if *kind == ObjectKind::Column && table.is_some_and(|t| lacks(t)) {
                    return;
                }
                let member = match on {
                    Some(_) => name.name,
                    None => (*arguments).unwrap_or_default(),
                };
                self.set(&key, *kind, member, SettingName::Comment, text.clone());
            }
            Action::SetOwner { kind, name, to, .. } => {
                let key = self.setting_key(*kind, name, None);
                self.set(&key, *kind, none(), SettingName::Owner, Some(*to));
            }
            Action::Grant(grant) => self.apply_grant(grant),
            Action::SetParameters {
                kind,
                name,
                parameters,
                values,
            } => {
                let key = self.resolve(name);
                for (n, parameter) in parameters.iter().enumerate() {
                    let name = SettingName::Parameter(*parameter);
                    self.set(&key, *kind, none(), name, values.get(n).cloned());
                }
            }
            Action::SetColumnOption {
                table,
                column,
                option,
                value,
                reset,
            } => {
                let key = self.resolve(&table.name);
                for (name, value) in column_settings(option, value, *reset) {
                    self.set(&key, ObjectKind::Column, column.name, name, value);
                }
            }
            Action::ReplicaIdentity { table, identity } => {
                use crate::operation::ReplicaIdentity::{Default, Full, Index, Nothing};
                let value = match identity {
                    Default => None,
                    Full => Some("FULL".into()),
                    Nothing => Some("NOTHING".into()),
                    Index(index) => Some(name!("USING INDEX {}", quoted(&index.name))),
                };
                self.set_on_table(&table.name, SettingName::ReplicaIdentity, value);
            }
            Action::Cluster {
                table: Some(table),
                index: Some(index),
            } => {
                let marked = self.table(table).is_none_or(|t| !t.is_partitioned());
                let value = marked.then_some(index.name);
                self.set_on_table(table, SettingName::ClusterOn, value);
            }
            Action::ClusterOn { table, index } => {
                let value = index.as_ref().map(|index| index.name);
                self.set_on_table(&table.name, SettingName::ClusterOn, value);
            }
            Action::RowSecurity { table, mode } => match mode {
                RowSecurity::Force | RowSecurity::NoForce => {
                    let value = (*mode == RowSecurity::Force).then(none);
                    self.set_on_table(&table.name, SettingName::ForceRowSecurity, value);
                }
                _ => {}
            },
            Action::ToggleTrigger {
                table,
                enable,
                when,
                rule,
                name,
            } => {
                let value = match (*enable, *when) {
                    (false, _) => Some("DISABLE".into()),
                    (true, "") => None,
                    (true, when) => Some(name!("ENABLE {}", when.to_uppercase())),
                };
                let kind = match rule {
                    true => ObjectKind::Rule,
                    false => ObjectKind::Trigger,
                };
                let key = self.resolve(&table.name);
                let every = *enable && when.is_empty() && matches!(&*name.name, "all" | "user");
                if every && kind == ObjectKind::Trigger {
                    self.let_all_fire(&key, &name.name);
                }
                for name in self.toggled(&key, kind, &name.name) {
                    self.set(&key, kind, name, SettingName::Firing, value);
                }
            }
            Action::SetTablespace { kind, name, to } => {
                let key = self.resolve(name);
                let value = Some(to.name);
                self.set(&key, *kind, none(), SettingName::Tablespace, value);
            }
            Action::SetAccessMethod { table, to } => {
                let value = Some(to.name);
                self.set_on_table(&table.name, SettingName::AccessMethod, value);
            }
            _ => {}
        }
    }

    /// The triggers that USER stands for, where all are known; else the name
    /// itself. ALL has those of foreign keys besides.
    fn toggled(&self, table: &Key, kind: ObjectKind, name: &Name) -> Vec<Name> {
        let known = self.table_by_key(table).filter(|table| table.is_known());
        match known {
            Some(table) if kind == ObjectKind::Trigger && name == "user" => {
                table.triggers.iter().map(|t| t.name).collect()
            }
            _ => vec![*name],
        }
    }

    /// ENABLE TRIGGER ALL or USER: what was set on single triggers is gone. The
    /// triggers of foreign keys are not among those of the user.
    fn let_all_fire(&mut self, table: &Key, which: &str) {
        let stays = |s: &Setting| {
            s.kind != ObjectKind::Trigger
                || s.name != SettingName::Firing
                || which == "user" && s.member == "all"
        };
        if self.settings.contains_key(table) {
            self.edit_settings(table, |list| list.retain(stays));
        }
    }

    /// May PUBLIC hold a privilege on an object? On relations and schemas it has
    /// none until somebody grants it one; on the rest it has by default
    /// (manual, "Privileges", table 5.2).
    pub fn public_may_hold(&self, kind: ObjectKind, name: &ObjectName, privilege: &str) -> bool {
        let key = self.setting_key(kind, name, None);
        let origin = match kind {
            ObjectKind::Schema => self.namespace(&name.name),
            ObjectKind::Sequence => self.relation_by_key(&key).map(Relation::origin),
            kind if kind.is_relation() => self.relation_by_key(&key).map(Relation::origin),
            _ => None,
        };
        let known = matches!(origin, Some(Origin::Created { .. }));
        let has = |setting: &Setting| {
            setting.member.is_empty()
                && matches!(&setting.name, SettingName::Grant { privilege: held, grantee }
                    if grantee == PUBLIC && (held == privilege || held == "all" || privilege == "all"))
        };
        !known || self.blind || self.public_unsure || self.settings(&key).iter().any(has)
    }

    fn set_on_table(&mut self, table: &ObjectName, name: SettingName, value: Option<Name>) {
        let key = self.resolve(table);
        self.set(&key, ObjectKind::Table, Name::default(), name, value);
    }

    /// Privileges on columns, and on everything of a schema, are not kept.
    fn apply_grant(&mut self, grant: &Grant) {
        if !is_kept(grant) {
            self.public_unsure |= !grant.revoke && grant.grantees.iter().any(|g| g == PUBLIC);
            return;
        }
        for object in &grant.objects {
            let key = self.setting_key(grant.on, object, None);
            for (privilege, grantee) in pairs(grant) {
                let name = SettingName::Grant { privilege, grantee };
                let value = (!grant.revoke).then_some(grant.tail);
                self.set(&key, grant.on, Name::default(), name, value);
            }
        }
    }
}

/// The role that everybody is in.
pub const PUBLIC: &str = "public";

/// Are its privileges among the settings?
pub fn is_kept(grant: &Grant) -> bool {
    let head = grant.what.split(['o', 'O']).next().unwrap_or_default();
    !grant.objects.is_empty() && grant.defaults.is_empty() && !head.contains('(')
}

/// Each privilege with each role.
pub fn pairs(grant: &Grant) -> impl Iterator<Item = (Name, Name)> {
    grant
        .privileges
        .iter()
        .flat_map(|p| grant.grantees.iter().map(|g| (*p, *g)))
}

/// What one SET or RESET of a column sets.
pub fn column_settings(
    option: &ColumnOption,
    value: &Name,
    reset: bool,
) -> Vec<(SettingName, Option<Name>)> {
    let name = match option {
        ColumnOption::Statistics => SettingName::Statistics,
        ColumnOption::Storage => SettingName::Storage,
        ColumnOption::Compression => SettingName::Compression,
        ColumnOption::Parameters => {
            let parts = value.split(',').map(|part| match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(Name::new(value.trim()))),
                None => (part.trim(), None),
            });
            return parts
                .map(|(name, value)| {
                    let name = SettingName::ColumnParameter(Name::new(name));
                    (name, value.filter(|_| !reset))
                })
                .collect();
        }
    };
    let is_default = match name {
        SettingName::Statistics => value == "-1",
        _ => value.eq_ignore_ascii_case("default"),
    };
    vec![(name, Some(*value).filter(|_| !reset && !is_default))]
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
