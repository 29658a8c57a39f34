//! What a statement leaves behind, and whether it may run twice.

use super::{MigrationContext, Step};
use crate::operation::{Action, DomainChange, ObjectKind, Persistence};
use crate::project::{Layout, Transaction};

impl MigrationContext<'_> {
    /// The tool was told to open no transaction, and each statement commits by
    /// itself. False where nobody knows how the script is run.
    pub fn is_without_transaction(&self, step: &Step<'_>) -> bool {
        let told = match step.run.runner {
            Transaction::Statement => true,
            Transaction::File => self.scene.layout == Layout::Flyway,
            Transaction::None => self.scene.layout == Layout::Sqitch,
            Transaction::AllPending | Transaction::Implicit => false,
        };
        told && step.run.transaction.is_none()
    }
}

/// Does the statement leave something behind?
pub fn changes(action: &Action) -> bool {
    let temporary = matches!(action, Action::CreateTable(create)
        if create.persistence == Persistence::Temporary);
    !temporary
        && !matches!(
            action,
            Action::Set(_)
                | Action::SetConstraints { .. }
                | Action::Nothing
                | Action::Select { .. }
                | Action::Transaction(_)
                | Action::Analyze { .. }
                | Action::Vacuum { .. }
                | Action::LockTable { .. }
                | Action::Opaque { .. }
                | Action::Unparsed { .. }
        )
}

/// Does it fail, or do its work twice, when it is run again?
pub fn fails_when_repeated(action: &Action) -> bool {
    match action {
        Action::CreateTable(create) => !create.if_not_exists,
        Action::CreateIndex(create) => !create.if_not_exists,
        Action::CreateView(create) => !create.or_replace && !create.if_not_exists,
        Action::CreateRoutine(create) => !create.or_replace,
        Action::CreateTrigger(create) => !create.or_replace,
        Action::CreateRule { or_replace, .. } => !or_replace,
        Action::AddColumn { if_not_exists, .. }
        | Action::AddEnumValue { if_not_exists, .. }
        | Action::CreateSequence { if_not_exists, .. }
        | Action::CreateSchema { if_not_exists, .. }
        | Action::CreateExtension { if_not_exists, .. } => !if_not_exists,
        Action::DropColumn { if_exists, .. }
        | Action::DropConstraint { if_exists, .. }
        | Action::DropIdentity { if_exists, .. }
        | Action::DropExpression { if_exists, .. }
        | Action::Drop { if_exists, .. } => !if_exists,
        Action::AlterDomain { change, .. } => matches!(
            change,
            DomainChange::AddConstraint { .. } | DomainChange::DropConstraint { .. }
        ),
        Action::Insert(insert) => insert.conflict.is_none(),
        Action::AddConstraint { .. }
        | Action::AddIdentity { .. }
        | Action::AttachPartition { .. }
        | Action::DetachPartition { .. }
        | Action::Inherit { .. }
        | Action::NoInherit { .. }
        | Action::Rename { .. }
        | Action::RenameColumn { .. }
        | Action::RenameConstraint { .. }
        | Action::RenameEnumValue { .. }
        | Action::SetSchema { .. }
        | Action::CreateType(_)
        | Action::CreateDomain(_)
        | Action::CreatePolicy { .. }
        | Action::AlterComposite { .. } => true,
        _ => false,
    }
}

/// Does `earlier`, which may run twice itself, clear the way for `action`?
pub fn clears_the_way(earlier: &Action, action: &Action) -> bool {
    match (earlier, action) {
        (
            Action::Drop {
                kind,
                name,
                if_exists: true,
                ..
            },
            action,
        ) => match (kind, action) {
            (ObjectKind::Index, Action::CreateIndex(create)) => {
                create.name.as_ref().is_some_and(|n| n.name == name.name)
            }
            (ObjectKind::Table, Action::CreateTable(create)) => create.name.name == name.name,
            (ObjectKind::Trigger, Action::CreateTrigger(create)) => create.name.name == name.name,
            (ObjectKind::Policy, Action::CreatePolicy { name: created, .. }) => {
                created.name == name.name
            }
            (_, Action::CreateView(create)) => create.name.name == name.name,
            (_, Action::CreateType(create)) => create.name.name == name.name,
            (_, Action::CreateRoutine(create)) => create.name.name == name.name,
            _ => false,
        },
        (
            Action::DropConstraint {
                name,
                if_exists: true,
                ..
            },
            Action::AddConstraint { constraint, .. },
        ) => constraint
            .name
            .as_ref()
            .is_some_and(|added| added.name == name.name),
        _ => false,
    }
}
