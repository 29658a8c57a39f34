//! What an operation is about: the object, and the part of it.

use super::{Action, ObjectKind, ObjectName, Target};
use crate::name::Name;
use crate::name::name;

/// An object as the statement names it, and the column, constraint or other
/// part of it that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Absent where no single object is named.
    pub object: Option<Name>,
    pub part: Option<Name>,
    /// Where the action itself does not say it: what is dropped or renamed.
    pub kind: Option<ObjectKind>,
}

impl Subject {
    fn of(object: &ObjectName) -> Self {
        Self {
            object: Some(name!("{object}")),
            ..Self::default()
        }
    }

    fn kind(self, kind: ObjectKind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }

    fn part(self, part: impl Into<Option<Name>>) -> Self {
        Self {
            part: part.into(),
            ..self
        }
    }
}

impl Action {
    /// The table of an action of ALTER TABLE.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Action::AddColumn { table, .. }
            | Action::DropColumn { table, .. }
            | Action::AlterColumnType { table, .. }
            | Action::SetDefault { table, .. }
            | Action::DropDefault { table, .. }
            | Action::SetNotNull { table, .. }
            | Action::DropNotNull { table, .. }
            | Action::AddIdentity { table, .. }
            | Action::SetIdentity { table, .. }
            | Action::DropIdentity { table, .. }
            | Action::SetExpression { table, .. }
            | Action::DropExpression { table, .. }
            | Action::SetColumnOption { table, .. }
            | Action::AddConstraint { table, .. }
            | Action::DropConstraint { table, .. }
            | Action::ValidateConstraint { table, .. }
            | Action::AlterConstraint { table, .. }
            | Action::RenameColumn { table, .. }
            | Action::RenameConstraint { table, .. }
            | Action::ToggleTrigger { table, .. }
            | Action::AttachPartition { table, .. }
            | Action::DetachPartition { table, .. }
            | Action::Inherit { table, .. }
            | Action::NoInherit { table, .. }
            | Action::SetPersistence { table, .. }
            | Action::SetAccessMethod { table, .. }
            | Action::ClusterOn { table, .. }
            | Action::ReplicaIdentity { table, .. }
            | Action::RowSecurity { table, .. }
            | Action::OtherTableChange { table } => Some(table),
            _ => None,
        }
    }

    /// The column, constraint, trigger or partition that an action of ALTER
    /// TABLE names.
    fn part(&self) -> Option<Name> {
        match self {
            Action::AddColumn { column, .. } => Some(column.name),
            Action::DropColumn { column, .. }
            | Action::RenameColumn { column, .. }
            | Action::AlterColumnType { column, .. }
            | Action::SetDefault { column, .. }
            | Action::DropDefault { column, .. }
            | Action::SetNotNull { column, .. }
            | Action::DropNotNull { column, .. }
            | Action::AddIdentity { column, .. }
            | Action::SetIdentity { column, .. }
            | Action::DropIdentity { column, .. }
            | Action::SetExpression { column, .. }
            | Action::DropExpression { column, .. }
            | Action::SetColumnOption { column, .. } => Some(column.name),
            Action::AddConstraint { constraint, .. } => {
                constraint.name.as_ref().map(|name| name.name)
            }
            Action::DropConstraint { name, .. }
            | Action::ValidateConstraint { name, .. }
            | Action::AlterConstraint { name, .. }
            | Action::RenameConstraint { name, .. }
            | Action::ToggleTrigger { name, .. } => Some(name.name),
            Action::AttachPartition { partition, .. }
            | Action::DetachPartition { partition, .. } => Some(name!("{partition}")),
            _ => None,
        }
    }

    /// What the action is about, in the statement's own names.
    pub fn subject(&self) -> Subject {
        if let Some(target) = self.target() {
            return Subject::of(&target.name).part(self.part());
        }
        let of = Subject::of;
        match self {
            Action::CreateTable(create) => of(&create.name),
            Action::CreateView(create) => of(&create.name),
            Action::CreateType(create) => of(&create.name),
            Action::CreateDomain(create) => of(&create.name),
            Action::CreateRoutine(create) => of(&create.name),
            Action::CreateIndex(create) => {
                let name = create.name.as_ref().map(|name| name.name);
                of(&create.table).part(name)
            }
            Action::CreateTrigger(create) => of(&create.table).part(create.name.name),
            Action::CreatePolicy { name, table, .. }
            | Action::AlterPolicy { name, table, .. }
            | Action::CreateRule { name, table, .. } => of(table).part(name.name),
            Action::Drop { name, on, kind, .. } | Action::Rename { name, on, kind, .. } => {
                let subject = match on {
                    Some(table) => of(table).part(name.name),
                    None => of(name),
                };
                subject.kind(*kind)
            }
            Action::AddEnumValue { name, value, .. } => of(name).part(*value),
            Action::RenameEnumValue { name, from, .. } => of(name).part(*from),
            Action::AttachIndexPartition { index, child } => of(index).part(name!("{child}")),
            Action::SetTablespace { name, kind, .. }
            | Action::SetParameters { name, kind, .. }
            | Action::SetSchema { name, kind, .. }
            | Action::SetOwner { name, kind, .. }
            | Action::Comment { name, kind, .. } => of(name).kind(*kind),
            Action::RefreshView { name, .. }
            | Action::OtherViewChange { name }
            | Action::AlterComposite { name, .. }
            | Action::AlterDomain { name, .. }
            | Action::CreateSequence { name, .. }
            | Action::AlterSequence { name, .. } => of(name),
            Action::OtherIndexChange { index } => of(index),
            Action::Insert(insert) => of(&insert.table),
            Action::Update(update) => of(&update.table),
            Action::Delete(delete) => of(&delete.table),
            Action::Merge(merge) => of(&merge.table),
            Action::Call { routine } => of(routine),
            Action::AlterRoutine { name, kind, .. } => of(name).kind(*kind),
            Action::Grant(grant) => one(&grant.objects),
            Action::Vacuum { tables, .. }
            | Action::Analyze { tables }
            | Action::LockTable { tables, .. }
            | Action::Truncate { tables, .. }
            | Action::AlterPublication { tables, .. } => one(tables),
            Action::CreateStatistics { table, .. }
            | Action::Cluster { table, .. }
            | Action::Copy { table, .. } => table.as_ref().map(of).unwrap_or_default(),
            Action::Reindex { name, .. } => name.as_ref().map(of).unwrap_or_default(),
            Action::CreateOther { name, kind, .. } | Action::AlterOther { name, kind, .. } => {
                name.as_ref().map(of).unwrap_or_default().kind(*kind)
            }
            Action::CreateSchema { name, .. } | Action::CreateExtension { name, .. } => Subject {
                object: Some(name.name),
                ..Subject::default()
            },
            Action::Set(set) => Subject {
                object: Some(set.name),
                ..Subject::default()
            },
            _ => Subject::default(),
        }
    }
}

fn one(names: &[ObjectName]) -> Subject {
    match names {
        [name] => Subject::of(name),
        _ => Subject::default(),
    }
}
