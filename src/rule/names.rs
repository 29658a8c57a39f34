//! Which operations of a script are about what, so that a rule that looks
//! around need not walk through all of them.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{MigrationContext, NEARBY, OperationContext, Step};
use crate::name::Name;
use crate::operation::{Action, Operation};
use crate::schema::column_of;

/// In which way an operation names something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facet {
    /// Creates, drops, renames or moves an object of this name, or renames
    /// another to it.
    Object,
    /// Changes a column, constraint, trigger or enum value of this name, or
    /// gives another this name.
    Part,
    /// Changes a column or constraint of the table of this name.
    Table,
    /// Writes rows of the table of this name.
    Rows,
    /// Reads rows to write them elsewhere; filed under no name.
    Copy,
    /// Begins or ends a transaction; filed under no name.
    Control,
}

/// The operations of a script by what they are about; built when somebody
/// asks.
#[derive(Debug, Default)]
pub struct Names(OnceLock<FxHashMap<(Facet, Name), Vec<u32>>>);

impl Names {
    pub(super) fn positions(&self, script: &[&Operation], facet: Facet, name: &str) -> &[u32] {
        let map = self.0.get_or_init(|| {
            let mut map: FxHashMap<(Facet, Name), Vec<u32>> = FxHashMap::default();
            for (at, operation) in (0u32..).zip(script) {
                each_name(&operation.action, &mut |facet, name| {
                    let list = map.entry((facet, *name)).or_default();
                    if list.last() != Some(&at) {
                        list.push(at);
                    }
                });
            }
            map
        });
        map.get(&(facet, Name::new(name)))
            .map_or(&[], Vec::as_slice)
    }
}

impl<'a> OperationContext<'a> {
    /// What the script has done before to what is named.
    pub fn earlier_on(
        &self,
        facet: Facet,
        name: &str,
    ) -> impl DoubleEndedIterator<Item = &'a Operation> + use<'a> {
        let list = self.positions(facet, name);
        let end = list.partition_point(|at| (*at as usize) < self.index);
        self.at(&list[end.saturating_sub(NEARBY)..end])
    }

    /// What the script does to it afterwards.
    pub fn later_on(
        &self,
        facet: Facet,
        name: &str,
    ) -> impl DoubleEndedIterator<Item = &'a Operation> + use<'a> {
        let list = self.positions(facet, name);
        let start = list.partition_point(|at| (*at as usize) <= self.index);
        self.at(&list[start..list.len().min(start + NEARBY)])
    }

    /// Both.
    pub fn around_on(
        &self,
        facet: Facet,
        name: &str,
    ) -> impl Iterator<Item = &'a Operation> + use<'a> {
        self.earlier_on(facet, name)
            .chain(self.later_on(facet, name))
    }

    /// What the migration's down does to it.
    pub fn back_on(
        &self,
        facet: Facet,
        name: &str,
    ) -> impl Iterator<Item = &'a Operation> + use<'a> {
        let script = self.scene.way_back;
        let list = self.scene.names_back.positions(script, facet, name);
        let list = &list[..list.len().min(NEARBY)];
        list.iter().map(move |at| script[*at as usize])
    }

    fn positions(&self, facet: Facet, name: &str) -> &'a [u32] {
        self.scene.names.positions(self.scene.script, facet, name)
    }

    fn at(&self, list: &'a [u32]) -> impl DoubleEndedIterator<Item = &'a Operation> + use<'a> {
        let script = self.scene.script;
        list.iter().map(move |at| script[*at as usize])
    }
}

impl<'a> MigrationContext<'a> {
    /// What the script has done, before this step, to what is named.
    pub fn earlier_on(
        &self,
        at: usize,
        facet: Facet,
        name: &str,
    ) -> impl DoubleEndedIterator<Item = &'a Step<'a>> + use<'a> {
        let scene = self.scene;
        let list = scene.names.positions(scene.script, facet, name);
        let end = list.partition_point(|earlier| (*earlier as usize) < at);
        let steps = self.steps;
        list[end.saturating_sub(NEARBY)..end]
            .iter()
            .map(move |at| &steps[*at as usize])
    }
}

fn each_name(action: &Action, file: &mut impl FnMut(Facet, &Name)) {
    use Facet::{Control, Copy, Object, Part, Rows, Table};
    let no_name = Name::default();
    if let Action::RenameColumn { to, .. } = action {
        file(Part, &to.name);
    }
    if let Some((target, column)) = column_of(action) {
        file(Table, &target.name.name);
        file(Part, column);
        return;
    }
    match action {
        Action::AddConstraint { table, constraint } => {
            file(Table, &table.name.name);
            if let Some(name) = &constraint.name {
                file(Part, &name.name);
            }
        }
        Action::DropConstraint { table, name, .. }
        | Action::RenameConstraint { table, name, .. } => {
            file(Table, &table.name.name);
            file(Part, &name.name);
        }
        Action::CreateTable(create) => {
            file(Object, &create.name.name);
            if create.source.is_some() {
                file(Copy, &no_name);
            }
        }
        Action::CreateView(create) => file(Object, &create.name.name),
        Action::CreateIndex(create) => {
            file(Table, &create.table.name);
            if let Some(name) = &create.name {
                file(Object, &name.name);
            }
        }
        Action::CreateType(create) => file(Object, &create.name.name),
        Action::CreateDomain(create) => file(Object, &create.name.name),
        Action::CreateRoutine(create) => file(Object, &create.name.name),
        Action::CreateSchema { name, .. } => file(Object, &name.name),
        Action::CreateSequence { name, .. } => file(Object, &name.name),
        Action::CreateTrigger(create) => {
            file(Part, &create.name.name);
            file(Table, &create.table.name);
        }
        Action::CreatePolicy { table, .. } => file(Table, &table.name),
        Action::RowSecurity { table, .. } => file(Table, &table.name.name),
        Action::AddEnumValue { name, .. } => file(Object, &name.name),
        Action::Drop { name, on, .. } => {
            file(Object, &name.name);
            if let Some(table) = on {
                file(Table, &table.name);
            }
        }
        Action::Rename { name, to, .. } => {
            file(Object, &name.name);
            file(Object, &to.name);
        }
        Action::SetSchema { name, .. } => file(Object, &name.name),
        Action::Grant(grant) => {
            for object in &grant.objects {
                file(Object, &object.name);
            }
        }
        Action::Insert(insert) => {
            file(Rows, &insert.table.name);
            if insert.query.is_some() {
                file(Copy, &no_name);
            }
        }
        Action::Update(update) => file(Rows, &update.table.name),
        Action::Delete(delete) => file(Rows, &delete.table.name),
        Action::Transaction(_) => file(Control, &no_name),
        Action::Merge(merge) => file(Rows, &merge.table.name),
        Action::Truncate { tables, .. } => {
            for table in tables {
                file(Rows, &table.name);
            }
        }
        Action::Copy {
            table: Some(table),
            from,
            ..
        } => {
            file(Rows, &table.name);
            if !from {
                file(Copy, &no_name);
            }
        }
        _ => {}
    }
}
