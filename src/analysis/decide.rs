//! What a block runs, as far as the schema decides it.

use rustc_hash::FxHashMap;

use super::script::Planned;
use crate::operation::{Action, Guard, Operation};
use crate::schema::{Absence, Schema};

/// What was found out about the branches of the statement at hand. Each is
/// asked once, when the first operation in it comes up: by then nothing that
/// stands in it has run.
#[derive(Default)]
pub struct Decisions {
    /// Part and number.
    statement: (usize, u32),
    /// By the address of the guard, which the statement keeps in place, and by
    /// what is taken for gone.
    branches: FxHashMap<(usize, Absence), Branch>,
}

#[derive(Clone, Copy)]
struct Branch {
    /// Does the walk come to its condition,
    reached: Option<bool>,
    /// and does that hold?
    holds: Option<bool>,
    /// A branch before it may have run, or not, and was applied.
    blurred: bool,
}

impl Branch {
    fn runs(self) -> Option<bool> {
        both(self.reached, self.holds)
    }
}

impl Decisions {
    /// What an operation comes to, where that is not what is written: nothing
    /// at all where its branch does not run, or what it makes is there already;
    /// no condition where its branch runs for certain.
    pub fn settle(&mut self, planned: &Planned<'_>, schema: &Schema) -> Option<Operation> {
        let operation = planned.operation;
        if !operation.within.conditional {
            return None;
        }
        let statement = (planned.part, planned.statement);
        if self.statement != statement {
            self.statement = statement;
            self.branches.clear();
        }
        let guard = operation.within.guard.as_deref();
        let [never, surely] = match guard {
            Some(guard) => self.runs(guard, schema),
            None => [false; 2],
        };
        if never {
            return Some(instead(operation, Action::Nothing));
        }
        if schema.has_made(&operation.action) {
            return Some(instead(operation, in_vain(operation)));
        }
        surely.then(|| {
            let mut operation = operation.clone();
            operation.within.edit(|inside| {
                inside.guard = None;
                inside.conditional = inside.doubtful;
            });
            operation
        })
    }

    /// Does a branch surely not run, or surely run? That nothing is there which
    /// a whole history never made is enough for the first: a statement with IF
    /// EXISTS does nothing then. It is no ground for findings.
    fn runs(&mut self, guard: &Guard, schema: &Schema) -> [bool; 2] {
        let unmade = self.branch(guard, schema, Absence::Unmade).runs();
        let seen = self.branch(guard, schema, Absence::Seen).runs();
        [unmade == Some(false), seen == Some(true)]
    }

    fn branch(&mut self, guard: &Guard, schema: &Schema, absence: Absence) -> Branch {
        let address = (std::ptr::from_ref(guard) as usize, absence);
        if let Some(known) = self.branches.get(&address) {
            return *known;
        }
        let (reached, blurred) = match &guard.after {
            None => (Some(true), false),
            Some((before, has_to_hold)) => {
                let before = self.branch(before, schema, absence);
                let holds = before.holds.map(|holds| holds == *has_to_hold);
                let reached = both(before.reached, holds);
                let undecided = !has_to_hold && reached.is_none();
                (reached, before.blurred || undecided)
            }
        };
        let asked = || schema.holds(&guard.condition, absence);
        let holds = (!blurred).then(asked).flatten();
        let branch = Branch {
            reached,
            holds,
            blurred,
        };
        self.branches.insert(address, branch);
        branch
    }
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn instead(operation: &Operation, action: Action) -> Operation {
    let mut within = operation.within.clone();
    within.edit(|inside| {
        inside.guard = None;
        (inside.conditional, inside.doubtful) = (false, false);
    });
    Operation {
        action,
        place: operation.place,
        clause: operation.clause,
        within,
    }
}

/// What is left of an operation whose object is there: the server takes its
/// lock before it finds that out.
fn in_vain(operation: &Operation) -> Action {
    match &operation.action {
        Action::CreateIndex(create) => {
            let mut create = create.clone();
            create.if_not_exists = true;
            Action::CreateIndex(create)
        }
        Action::AddColumn { table, .. } | Action::AddConstraint { table, .. } => {
            Action::OtherTableChange {
                table: table.clone(),
            }
        }
        _ => Action::Nothing,
    }
}
