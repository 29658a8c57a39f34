//! What a step adds to or takes from what others use.

use std::ops::Range;

use super::{Facet, MigrationContext, NEARBY, Step};
use crate::operation::{Action, DomainChange, ObjectKind, ObjectName, Target};
use crate::project::Part;
use crate::statement::lexer::{TokenKind, tokens_into};

/// A change that releases on one side of a migration notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub takes_away: bool,
    pub loses_data: bool,
    /// Rows or columns, or a view of them, come or go.
    pub of_rows: bool,
    /// "drops a column".
    pub verb: &'static str,
}

const fn away(verb: &'static str) -> Change {
    Change {
        takes_away: true,
        loses_data: false,
        of_rows: true,
        verb,
    }
}

/// Something that holds no rows.
const fn beside(verb: &'static str) -> Change {
    Change {
        takes_away: true,
        loses_data: false,
        of_rows: false,
        verb,
    }
}

const fn lost(verb: &'static str) -> Change {
    Change {
        takes_away: true,
        loses_data: true,
        of_rows: true,
        verb,
    }
}

const fn added(verb: &'static str) -> Change {
    Change {
        takes_away: false,
        loses_data: false,
        of_rows: true,
        verb,
    }
}

impl MigrationContext<'_> {
    /// Does the step do anything that a down would have to undo?
    pub fn is_a_change(&self, step: &Step) -> bool {
        let passes = match &step.operation.action {
            Action::CreateRoutine(create) => is_temporary(&create.name),
            Action::Drop { name, .. } => is_temporary(name),
            // What is validated, built anew or looked through was there before,
            // and means what it meant.
            Action::ValidateConstraint { .. }
            | Action::AlterDomain {
                change: DomainChange::ValidateConstraint(_),
                ..
            }
            | Action::Reindex { .. }
            | Action::RefreshView { .. }
            | Action::Vacuum { .. }
            | Action::Analyze { .. }
            | Action::LockTable { .. } => true,
            _ => false,
        };
        !passes
            && !matches!(
                step.operation.action,
                Action::Nothing
                    | Action::Set(_)
                    | Action::SetConstraints { .. }
                    | Action::Transaction(_)
                    | Action::Select { .. }
            )
    }

    /// Does anything but comments stand in a part?
    pub fn says_something(&self, part: &Part) -> bool {
        let mut tokens = Vec::new();
        let text = self.scene.sources[part.source].text();
        tokens_into(text, part.span, &mut tokens);
        tokens.iter().any(|t| t.kind != TokenKind::Semicolon)
    }

    /// What the step adds or takes away, of things that outlive the migration.
    pub fn change(&self, step: &Step) -> Option<Change> {
        let at = step.index;
        Some(match &step.operation.action {
            Action::CreateTable(create) if !create.name.name.is_empty() => {
                let lasting = !self.is_dropped_from(at, &create.name)
                    && create.persistence != crate::operation::Persistence::Temporary
                    && !self.takes_the_place(at, &create.name);
                return lasting.then_some(added("creates a table"));
            }
            Action::AddColumn { table, column, .. } => {
                let lasting = self.is_old(at, table)
                    && !self.column_was_there(at, table, &column.name)
                    && !self.column_goes(at, table, &column.name);
                return lasting.then_some(added("adds a column"));
            }
            Action::DropColumn { table, column, .. } => {
                let old = self.is_old(at, table)
                    && !self.column_comes(at + 1..usize::MAX, table, &column.name)
                    && !self.column_comes(0..at, table, &column.name);
                return old.then_some(lost("drops a column"));
            }
            Action::RenameColumn { table, column, .. } => {
                let old = self.is_old(at, table)
                    && !self.column_comes(at + 1..usize::MAX, table, &column.name)
                    && !self.column_comes(0..at, table, &column.name);
                return old.then_some(away("renames a column"));
            }
            Action::Drop { kind, name, .. } => return self.dropped(at, *kind, name),
            Action::Rename { kind, name, .. } if kind.is_relation() => {
                let old = !self.is_made_before(at, name) && !self.comes_back(at, name);
                return old.then_some(away("renames a table"));
            }
            Action::Rename {
                kind: ObjectKind::Schema,
                ..
            } => away("renames a schema"),
            Action::RenameEnumValue { .. } => beside("renames an enum value"),
            Action::Truncate { tables, .. } => {
                let old = tables.iter().any(|name| !self.is_made_before(at, name));
                // The table stays, and the old release with it.
                let emptied = Change {
                    of_rows: false,
                    ..lost("truncates a table")
                };
                return old.then_some(emptied);
            }
            _ => return None,
        })
    }

    fn dropped(&self, at: usize, kind: ObjectKind, name: &ObjectName) -> Option<Change> {
        let old = !self.is_made_before(at, name) && !self.comes_back(at, name);
        let change = match kind {
            ObjectKind::Table | ObjectKind::ForeignTable => lost("drops a table"),
            ObjectKind::View | ObjectKind::MaterializedView => away("drops a view"),
            ObjectKind::Schema => lost("drops a schema"),
            ObjectKind::Sequence => beside("drops a sequence"),
            ObjectKind::Type | ObjectKind::Domain => beside("drops a type"),
            _ if kind.is_routine() => beside("drops a routine"),
            _ => return None,
        };
        old.then_some(change)
    }

    fn is_old(&self, at: usize, target: &Target) -> bool {
        !self.is_made_before(at, &target.name) && !self.is_dropped_from(at, &target.name)
    }

    /// Did the migration itself make it, temporary or not, or give it this
    /// name?
    fn is_made_before(&self, at: usize, name: &ObjectName) -> bool {
        self.actions(0..at, Facet::Object, &name.name)
            .any(|action| makes(action, name))
    }

    /// Is something of this name made afterwards?
    fn comes_back(&self, at: usize, name: &ObjectName) -> bool {
        self.actions(at + 1..usize::MAX, Facet::Object, &name.name)
            .any(|action| makes(action, name))
    }

    fn is_dropped_from(&self, at: usize, name: &ObjectName) -> bool {
        self.actions(at + 1..usize::MAX, Facet::Object, &name.name)
            .any(|action| matches!(action, Action::Drop { .. }))
    }

    /// Something of this name was dropped or renamed before.
    fn takes_the_place(&self, at: usize, name: &ObjectName) -> bool {
        self.actions(0..at, Facet::Object, &name.name)
            .any(|action| match action {
                Action::Drop { name: n, .. } | Action::Rename { name: n, .. } => {
                    n.name == name.name
                }
                _ => false,
            })
    }

    /// Is the table given a column of this name in these steps?
    fn column_comes(&self, steps: Range<usize>, target: &Target, column: &str) -> bool {
        self.actions(steps, Facet::Part, column)
            .any(|action| match action {
                Action::AddColumn { table, .. } => table.name == target.name,
                Action::RenameColumn { table, to, .. } => {
                    to.name == column && table.name == target.name
                }
                _ => false,
            })
    }

    fn column_goes(&self, at: usize, target: &Target, column: &str) -> bool {
        self.actions(at + 1..usize::MAX, Facet::Part, column)
            .any(|action| match action {
                Action::DropColumn { table, .. } => table.name == target.name,
                _ => false,
            })
    }

    fn column_was_there(&self, at: usize, target: &Target, column: &str) -> bool {
        self.actions(0..at, Facet::Part, column)
            .any(|action| match action {
                Action::DropColumn { table, .. } => table.name == target.name,
                Action::RenameColumn {
                    table, column: c, ..
                } => c.name == column && table.name == target.name,
                _ => false,
            })
    }

    fn actions(
        &self,
        range: Range<usize>,
        facet: Facet,
        name: &str,
    ) -> impl Iterator<Item = &Action> {
        let script = self.scene.script;
        let list = self.scene.names.positions(script, facet, name);
        let start = list.partition_point(|at| (*at as usize) < range.start);
        let end = list.partition_point(|at| (*at as usize) < range.end);
        // What is behind a step is looked at from its beginning, what is
        // before it from its end.
        let near = match range.start {
            0 => &list[end.saturating_sub(NEARBY)..end],
            _ => &list[start..end.min(start + NEARBY)],
        };
        near.iter().map(move |at| &script[*at as usize].action)
    }
}

/// In the schema that goes with the session?
fn is_temporary(name: &ObjectName) -> bool {
    name.schema.is_some_and(|schema| schema == "pg_temp")
}

fn makes(action: &Action, name: &ObjectName) -> bool {
    match action {
        Action::CreateTable(create) => create.name.name == name.name,
        Action::CreateView(create) => create.name.name == name.name,
        Action::CreateType(create) => create.name.name == name.name,
        Action::CreateRoutine(create) => create.name.name == name.name,
        Action::CreateSequence { name: n, .. } => n.name == name.name,
        Action::CreateSchema { name: n, .. } => n.name == name.name,
        Action::Rename { to, .. } => to.name == name.name,
        _ => false,
    }
}
