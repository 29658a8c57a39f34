//! The statements of an inverse while they are being collected: in the order
//! in which a server takes them, whatever the order in which they are found.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Condition, Inverse, Kind};
use crate::name::Name;
use crate::schema::{Key, Mark, Relation, Schema, Table};

/// What has to happen before what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Detach,
    DropDependent,
    DropView,
    DropForeignKey,
    DropConstraint,
    DropIndex,
    DropColumn,
    DropTable,
    DropSequence,
    DropRoutine,
    DropType,
    DropSchema,
    CreateSchema,
    CreateType,
    CreateSequence,
    CreateRoutine,
    CreateTable,
    AddColumn,
    AlterColumn,
    OwnSequence,
    Attach,
    AddKey,
    CreateIndex,
    AddForeignKey,
    CreateView,
    CreateDependent,
    Set,
}

/// Two states of a schema, and what brings the earlier one back.
pub struct Draft<'a> {
    pub now: &'a Schema,
    then: FxHashMap<&'a Key, Option<&'a Relation>>,
    /// Those among what changed that were sequences.
    sequences: Vec<&'a Key>,
    /// Indexes come and go without locks on writers.
    pub concurrently: bool,
    /// The USING of the change of type that is taken back.
    pub using: Option<String>,
    /// Each with the number of the step that it belongs to.
    statements: BTreeMap<Phase, Vec<(usize, String)>>,
    steps: usize,
    pub loses: Vec<String>,
    pub conditions: Vec<Condition>,
    /// The steps that fail without one of these, with its place among them.
    needed: Vec<(usize, usize)>,
    pub missing: Vec<String>,
    /// What is dropped and made anew though it is there before and after, and
    /// loses what is set on it.
    anew: Vec<(Key, Class)>,
}

/// Relations and routines may share a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Relation,
    Routine,
}

impl<'a> Draft<'a> {
    pub fn new(now: &'a Schema, mark: Mark) -> Self {
        let changes = now.relations_changed_since(mark);
        Self {
            now,
            then: changes.iter().map(|c| (c.key, c.before)).collect(),
            sequences: {
                let before = changes.iter().filter_map(|c| Some((c.key, c.before?)));
                let sequences = before.filter(|(_, r)| matches!(r, Relation::Sequence(_)));
                sequences.map(|(key, _)| key).collect()
            },
            concurrently: false,
            using: None,
            statements: BTreeMap::new(),
            steps: 0,
            loses: Vec::new(),
            conditions: Vec::new(),
            needed: Vec::new(),
            missing: Vec::new(),
            anew: Vec::new(),
        }
    }

    /// Notes that the statements drop it and make it again; says whether that is
    /// new.
    pub fn makes_anew(&mut self, key: Key, class: Class) -> bool {
        let is_new = !self.anew.contains(&(key, class));
        if is_new {
            self.anew.push((key, class));
        }
        is_new
    }

    pub fn made_anew(&self) -> &[(Key, Class)] {
        &self.anew
    }

    pub fn push(&mut self, phase: Phase, statement: impl Into<String>) {
        self.push_together(phase, [statement.into()]);
    }

    /// Statements of which none is of use without the others.
    pub fn push_together(&mut self, phase: Phase, statements: impl IntoIterator<Item = String>) {
        let step = self.steps;
        self.steps += 1;
        let list = self.statements.entry(phase).or_default();
        list.extend(statements.into_iter().map(|statement| (step, statement)));
    }

    /// The statements of the steps that name one of these, and what has to hold for
    /// those steps.
    pub fn about(self, names: &[&str]) -> (Vec<String>, Vec<Condition>) {
        let is_about = |statement: &str| {
            let mut words = statement.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|word| names.contains(&word))
        };
        let all: Vec<(usize, String)> = self.statements.into_values().flatten().collect();
        let named = all.iter().filter(|(_, statement)| is_about(statement));
        let steps: FxHashSet<usize> = named.map(|(step, _)| *step).collect();
        let kept = all.into_iter().filter(|(step, _)| steps.contains(step));
        let needed = { self.needed.iter() }.filter(|(step, _)| steps.contains(step));
        let needed = needed.map(|(_, at)| self.conditions[*at].clone()).collect();
        (kept.map(|(_, statement)| statement).collect(), needed)
    }

    pub fn loses(&mut self, what: impl Into<String>) {
        self.loses.push(what.into());
    }

    pub fn needs(&mut self, what: impl Into<String>, query: impl Into<String>) {
        self.conditions.push(Condition {
            what: what.into(),
            query: query.into(),
        });
    }

    /// What the next step fails without.
    pub fn next_needs(&mut self, what: impl Into<String>, query: impl Into<String>) {
        self.needed.push((self.steps, self.conditions.len()));
        self.needs(what, query);
    }

    pub fn misses(&mut self, what: impl Into<String>) {
        self.missing.push(what.into());
    }

    /// The relation as it was.
    pub fn relation_then(&self, key: &Key) -> Option<&'a Relation> {
        match self.then.get(key) {
            Some(before) => *before,
            None => self.now.relation_by_key(key),
        }
    }

    pub fn table_then(&self, key: &Key) -> Option<&'a Table> {
        match self.relation_then(key) {
            Some(Relation::Table(table)) => Some(table),
            _ => None,
        }
    }

    /// The sequences that columns of a table owned, with the columns.
    pub fn owned_then(&self, table: &Key) -> Vec<(Key, Name)> {
        let now = self.now.sequences_of(table, None);
        let all = now.iter().chain(self.sequences.iter().copied());
        let mut found: Vec<(Key, Name)> = Vec::new();
        for key in all {
            if let Some(Relation::Sequence(sequence)) = self.relation_then(key)
                && let Some((owner, column)) = &sequence.owned_by
                && owner == table
                && found.iter().all(|(known, _)| known != key)
            {
                found.push((*key, *column));
            }
        }
        found.sort_unstable();
        found
    }

    /// Was it there, and is it gone?
    pub fn is_gone(&self, key: &Key) -> bool {
        self.relation_then(key).is_some() && self.now.relation_by_key(key).is_none()
    }

    /// Is it there, and was it not?
    pub fn is_new(&self, key: &Key) -> bool {
        self.relation_then(key).is_none() && self.now.relation_by_key(key).is_some()
    }

    pub fn finish(mut self, kind: Kind) -> Inverse {
        if kind == Kind::Lossy && self.loses.is_empty() {
            self.loses("what was there, if anything was");
        }
        Inverse {
            kind,
            statements: {
                let all = self.statements.into_values().flatten();
                all.map(|(_, statement)| statement).collect()
            },
            loses: self.loses,
            conditions: self.conditions,
            missing: self.missing,
        }
    }
}
