//! What would undo an operation, and whether two states of a schema are the
//! same to whoever uses them.
//!
//! [`kind`] says at once whether an operation can be taken back; [`inverse`]
//! says how. The latter applies the operation, looks at what it did to the
//! schema, and writes what brings back what was there: so it knows what a
//! CASCADE took along as well as what the statement names.

pub mod sql;

mod column;
pub mod constraint;
mod data;
pub mod difference;
mod draft;
pub mod index;
mod kind;
mod other;
mod rename;
pub mod routine;
mod sequence;
mod setting;
mod table;
mod types;
pub mod unique;
pub mod view;

use crate::effect::Effect;
use crate::operation::{Action, Operation, RUN_TIME};
use crate::project::SourceId;
use crate::schema::{Mark, Schema, Table};
use crate::source::Span;
use crate::verdict::Undo;

use draft::Draft;

pub use column::collation_name;
pub use difference::{
    Between, Differences, differences, plain_expression, repeats_routine, repeats_view,
    same_condition,
};
pub use kind::{kind, why as unknown_before};

/// How far an operation can be taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// State and data.
    #[default]
    Exact,
    /// Exactly, as long as no row has come that the state before forbids.
    Conditional,
    /// The state, but not all data.
    Lossy,
    /// Not from what the migration files say.
    Impossible,
}

impl From<Kind> for Undo {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Exact => Undo::Exact,
            Kind::Conditional | Kind::Lossy => Undo::Lossy,
            Kind::Impossible => Undo::Impossible,
        }
    }
}

/// What undoes an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inverse {
    pub kind: Kind,
    /// In order, each without its semicolon.
    pub statements: Vec<String>,
    /// What does not come back: ``the data of `orders.total` ``.
    pub loses: Vec<String>,
    /// What must hold for the statements to succeed.
    pub conditions: Vec<Condition>,
    /// What the statements leave undone, and why.
    pub missing: Vec<String>,
}

impl Inverse {
    /// Takes back a later operation first.
    #[must_use]
    pub fn after(mut self, mut later: Inverse) -> Inverse {
        self.kind = self.kind.max(later.kind);
        later.statements.append(&mut self.statements);
        self.statements = later.statements;
        self.loses.append(&mut later.loses);
        self.conditions.append(&mut later.conditions);
        self.missing.append(&mut later.missing);
        self
    }
}

/// The way back from a script.
#[derive(Clone, Debug, Default)]
pub struct WayBack {
    /// The worst of its steps.
    pub kind: Kind,
    /// What undoes the last operation comes first; operations that go with
    /// another's inverse have no step.
    pub steps: Vec<Step>,
}

/// What undoes one operation.
#[derive(Clone, Debug)]
pub struct Step {
    pub source: SourceId,
    /// The statement that is undone.
    pub span: Span,
    pub inverse: Inverse,
}

impl WayBack {
    /// All statements, without semicolons.
    pub fn statements(&self) -> impl Iterator<Item = &String> {
        self.steps.iter().flat_map(|step| &step.inverse.statements)
    }
}

/// Something that rows may stand against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// ``no row of `orders` has NULL in `status` ``.
    pub what: String,
    /// Counts the rows that stand against it; without semicolon.
    pub query: String,
}

/// Can this operation be taken back by statements that the migration files
/// let one write, given the schema before it?
pub fn undo(operation: &Operation, schema: &Schema, effect: &Effect) -> Undo {
    kind(operation, schema, effect).into()
}

/// What undoes an operation, given the schema before it, which is left as it
/// was.
pub fn inverse(
    operation: &Operation,
    source: SourceId,
    schema: &mut Schema,
    effect: &Effect,
) -> Inverse {
    let mut inverse = as_written(operation, source, schema, effect);
    // Nobody could run these; that something is lost is said beside them.
    let runs = |statement: &String| !statement.contains(RUN_TIME);
    inverse.statements.retain(runs);
    inverse
}

fn as_written(
    operation: &Operation,
    source: SourceId,
    schema: &mut Schema,
    effect: &Effect,
) -> Inverse {
    let kind = kind(operation, schema, effect);
    if let Some(inverse) = rename::inverse(operation, schema) {
        return inverse;
    }
    if kind == Kind::Impossible {
        return Inverse {
            kind,
            missing: vec![kind::why(operation)],
            ..Inverse::default()
        };
    }
    let before = data::before(operation, schema);
    schema.try_out(operation, source, |after, mark| {
        let mut draft = Draft::new(after, mark);
        draft.concurrently = is_concurrent(&operation.action);
        data::restore(operation, before, &mut draft);
        restore(&mut draft, mark);
        draft.finish(kind)
    })
}

/// The statements that would bring the schema of a mark back from what it is
/// now, as far as they are about objects of these names, and what has to hold
/// for them to succeed.
pub fn missing(schema: &Schema, mark: Mark, names: &[&str]) -> (Vec<String>, Vec<Condition>) {
    let mut draft = Draft::new(schema, mark);
    restore(&mut draft, mark);
    draft.about(names)
}

/// Brings back everything that changed since a mark.
fn restore(draft: &mut Draft<'_>, mark: Mark) {
    table::restore(draft, mark);
    index::restore(draft, mark);
    sequence::restore(draft, mark);
    view::restore(draft, mark);
    types::restore(draft, mark);
    routine::restore(draft, mark);
    other::restore(draft, mark);
    setting::restore(draft, mark);
}

fn is_concurrent(action: &Action) -> bool {
    match action {
        Action::CreateIndex(create) => create.concurrently,
        Action::Drop { concurrently, .. } => *concurrently,
        _ => false,
    }
}

/// Does a table hold rows that a DROP would lose, as far as the history tells?
pub fn may_hold_rows(table: &Table, schema: &Schema) -> bool {
    !table.is_new_in(schema.migration()) || table.filled
}
