//! One script of a migration: its operations in the order in which they run,
//! and the transactions that they run in.

use std::cell::OnceCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::effect::Effect;
use crate::name::Name;
use crate::operation::{
    Action, CreateRoutine, DataType, ObjectName, Operation, RUN_TIME, Statement,
    TransactionControl, called_with, constants,
};
use crate::project::{Part, SourceId, Transaction, sent_together, string_at};
use crate::rule::{Closed, OpenedBy, Run};
use crate::schema::{Key, Place, Routine, Schema, given, signature};
use crate::source::{Source, Span};
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

use super::unit::ReadPart;

/// An operation with its surroundings.
#[derive(Clone, Copy)]
pub struct Planned<'a> {
    pub operation: &'a Operation,
    pub siblings: &'a [Operation],
    pub source: SourceId,
    /// Counts statements of the script.
    pub statement: u32,
    pub statement_span: Span,
    pub part: usize,
    /// It stands in a routine that the statement calls.
    pub called: bool,
}

/// Operations of routines that the script runs, at the place of the call.
#[derive(Default)]
pub struct Calls {
    /// By part and statement.
    bodies: Vec<((usize, usize), Vec<Operation>)>,
}

/// The operations of the routines that a statement calls, as far as the schema
/// knows their bodies.
pub fn called(statement: &Statement, schema: &Schema) -> Vec<Operation> {
    let mut search = Search::new(&[], schema);
    let mut called = Vec::new();
    for operation in &statement.operations {
        search.follow(operation, operation, CALL_DEPTH, &mut called);
    }
    called
}

/// Is the SQL of an operation not known?
pub fn is_unread(action: &Action) -> bool {
    matches!(action, Action::Unparsed { .. } | Action::Opaque { .. })
}

/// Is there more in the statement than was understood? What was read of it may
/// mean something else.
pub fn is_half_read(planned: &Planned<'_>) -> bool {
    let unread = |op: &Operation| matches!(op.action, Action::Unparsed { .. });
    !planned.operation.within.block && planned.siblings.iter().any(unread)
}

/// Does only the server know which table is altered? In a routine it may be one
/// that the call mentions.
pub fn names_at_run_time(action: &Action) -> bool {
    let target = action.target();
    target.is_some_and(|table| table.name.name.contains(RUN_TIME))
}

/// How often a routine that calls a routine is followed.
const CALL_DEPTH: usize = 4;

/// How many operations of routines a script is followed into.
const CALLED_OPERATIONS: usize = 20_000;

/// Among so many of one name the one that fits a call is looked for.
const OVERLOADS: usize = 16;

impl Calls {
    /// Finds the routines that a script calls: its own, and those that the
    /// history left behind.
    pub fn of(parts: &[ReadPart], schema: &Schema) -> Self {
        let mut calls = Calls::default();
        let mut search = Search::new(parts, schema);
        for (p, part) in parts.iter().enumerate() {
            for (s, statement) in part.statements.iter().enumerate() {
                search.at = (p, s);
                for operation in &statement.operations {
                    let mut body = Vec::new();
                    search.follow(operation, operation, CALL_DEPTH, &mut body);
                    if !body.is_empty() {
                        calls.bodies.push(((p, s), body));
                    }
                }
            }
        }
        calls
    }

    fn at(&self, part: usize, statement: usize) -> impl Iterator<Item = &Vec<Operation>> {
        let start = self
            .bodies
            .partition_point(|(at, _)| *at < (part, statement));
        self.bodies[start..]
            .iter()
            .take_while(move |(at, _)| *at == (part, statement))
            .map(|(_, body)| body)
    }
}

/// Where the routines are that a script calls.
struct Search<'a> {
    /// Those that the script itself creates.
    own: OnceCell<Own<'a>>,
    /// The part and statement of the call.
    at: (usize, usize),
    parts: &'a [ReadPart],
    schema: &'a Schema,
    left: usize,
}

impl<'a> Search<'a> {
    fn new(parts: &'a [ReadPart], schema: &'a Schema) -> Self {
        Self {
            own: OnceCell::new(),
            at: (0, 0),
            parts,
            schema,
            left: CALLED_OPERATIONS,
        }
    }

    fn follow(
        &mut self,
        call: &Operation,
        operation: &Operation,
        depth: usize,
        body: &mut Vec<Operation>,
    ) {
        let names = match &operation.action {
            Action::Select { calls, .. } => calls.as_slice(),
            Action::Call { routine } => std::slice::from_ref(routine),
            _ => return,
        };
        if depth == 0 {
            return;
        }
        let text = match &operation.action {
            Action::Select { query, .. } => Some(&*query.text),
            _ => None,
        };
        for name in names {
            let given = text.and_then(|text| given(text, &self.schema.resolve_routine(name)));
            let Some(callee) = self.callee(name, given) else {
                continue;
            };
            let (operations, start) = callee.operations(given);
            for inner in operations.iter() {
                if self.left == 0 {
                    return;
                }
                self.left -= 1;
                self.follow(call, inner, depth - 1, body);
                let mut own = inner.clone();
                own.place = call.place;
                own.clause = call.clause;
                own.within = own.within.in_block();
                if let Some(start) = start {
                    let place = Span::new(start + inner.place.start, start + inner.place.end);
                    own.within.edit(|inside| inside.written = Some(place));
                }
                body.push(own);
            }
        }
    }

    fn source(&self, part: usize) -> Option<SourceId> {
        self.parts.get(part).map(|part| part.part.source)
    }

    /// The one that the script made last before the call. Of several that the
    /// history left behind, the one that takes as many arguments as a query gives.
    fn callee(&self, name: &ObjectName, given: Option<&str>) -> Option<Callee<'a>> {
        let own = self.own.get_or_init(|| own_routines(self.parts));
        let own = own.get(name.name.as_str()).map_or(&[][..], Vec::as_slice);
        let before = &own[..own.partition_point(|(at, _)| *at <= self.at)];
        let given_here = given.map(elements);
        let fits = |create: &CreateRoutine| {
            given_here.is_none_or(|given| signature::takes(&create.arguments, given))
        };
        let mut latest = before.iter().rev().take(OVERLOADS);
        let made = latest
            .find(|(_, create)| fits(create))
            .or_else(|| before.last());
        if let Some((at, create)) = made {
            return Some(Callee {
                is_beside: self.source(at.0) == self.source(self.at.0),
                ..Callee::of(create)
            });
        }
        let key = self.schema.resolve_routine(name);
        if self.schema.routines(&key).is_empty() {
            return own.first().map(|(_, create)| Callee::of(create));
        }
        let routine = match self.schema.routines(&key) {
            known @ [_, .., last] => {
                let fits = given.map(elements).and_then(|given| {
                    let takes = |r: &&Arc<Routine>| signature::takes(&r.arguments, given);
                    known.iter().find(takes)
                });
                fits.unwrap_or(last)
            }
            known => known.first()?,
        };
        Some(Callee {
            arguments: &routine.arguments,
            language: &routine.language,
            body: &routine.body,
            span: None,
            is_beside: false,
            operations: &routine.operations,
        })
    }
}

/// A routine that is called.
struct Callee<'a> {
    arguments: &'a str,
    language: &'a str,
    body: &'a str,
    /// Where the body is written.
    span: Option<Span>,
    /// It is written in the file of the call.
    is_beside: bool,
    operations: &'a Arc<Vec<Operation>>,
}

impl<'a> Callee<'a> {
    fn of(create: &'a CreateRoutine) -> Self {
        Self {
            arguments: &create.arguments,
            language: &create.language,
            body: &create.body_text,
            span: create.body,
            is_beside: false,
            operations: &create.operations,
        }
    }

    /// What it does where it is given these arguments: constants among them tell
    /// what is put together at run time. With it, where their places count from, if
    /// they are in the file of the call.
    fn operations(&self, given: Option<&str>) -> (Arc<Vec<Operation>>, Option<u32>) {
        let is_dynamic = |operation: &Operation| {
            is_unread(&operation.action) || names_at_run_time(&operation.action)
        };
        let known = match given {
            Some(given) if self.language == "plpgsql" && self.operations.iter().any(is_dynamic) => {
                self.constants(given)
            }
            _ => Vec::new(),
        };
        if known.is_empty() {
            return (self.operations.clone(), self.is_beside.then_some(0));
        }
        // Doubled quotes shift what stands behind them.
        let as_written = |span: &Span| span.len() as usize == self.body.len();
        let span = self.span.filter(|span| self.is_beside && as_written(span));
        let operations = Arc::new(called_with(self.body, known));
        (operations, span.map(|span| span.start))
    }

    fn constants(&self, given: &str) -> Vec<(Name, Name)> {
        let arguments = signature::read(self.arguments).into_iter();
        let taken = arguments.filter(|argument| !argument.out && !argument.variadic);
        let named = taken.zip(constants(given));
        let named = named.filter(|(argument, _)| argument.ty.as_ref().is_some_and(is_put_as_text));
        named
            .filter_map(|(argument, constant)| Some((argument.name?, constant?)))
            .collect()
    }
}

/// Is a value of the type put into a text as it is written?
fn is_put_as_text(ty: &DataType) -> bool {
    const TYPES: &[&str] = &[
        "bigint", "char", "citext", "integer", "name", "regclass", "smallint", "text", "varchar",
    ];
    ty.array == 0 && TYPES.contains(&ty.name.as_str())
}

/// The number of elements of a list.
fn elements(list: &str) -> usize {
    let mut tokens = Vec::new();
    tokens_into(list, Span::new(0, list.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(list, &tokens);
    let mut number = usize::from(!cursor.done());
    while !cursor.done() {
        if cursor.group().is_none() {
            number += usize::from(cursor.at_kind(TokenKind::Comma));
            cursor.bump();
        }
    }
    number
}

/// By their names, in order, with the part and the statement that makes them.
type Own<'a> = FxHashMap<&'a str, Vec<((usize, usize), &'a CreateRoutine)>>;

fn own_routines(parts: &[ReadPart]) -> Own<'_> {
    let mut own = Own::default();
    for (p, part) in parts.iter().enumerate() {
        for (s, statement) in part.statements.iter().enumerate() {
            for operation in &statement.operations {
                if let Action::CreateRoutine(create) = &operation.action {
                    let known = own.entry(create.name.name.as_str()).or_default();
                    known.push(((p, s), &**create));
                }
            }
        }
    }
    own
}

/// Lists the operations of a script, bodies of called routines behind the call.
/// Statements are counted from `first`.
pub fn plan<'a>(parts: &'a [ReadPart], calls: &'a Calls, first: u32) -> Vec<Planned<'a>> {
    let mut plan = Vec::new();
    let mut number = first;
    for (p, part) in parts.iter().enumerate() {
        for (s, statement) in part.statements.iter().enumerate() {
            let own = std::iter::once((&statement.operations, false));
            let lists = own.chain(calls.at(p, s).map(|body| (body, true)));
            for (siblings, called) in lists {
                plan.extend(siblings.iter().map(|operation| Planned {
                    operation,
                    siblings,
                    source: part.part.source,
                    statement: number,
                    statement_span: statement.span,
                    part: p,
                    called,
                }));
            }
            number += 1;
        }
    }
    plan
}

/// Which transaction is open.
pub struct Transactions {
    current: Option<u32>,
    opened_by: OpenedBy,
    runner: Transaction,
    next: u32,
    closed: Closed,
    /// The latest one.
    statement: u32,
    /// What the tool sends as one string though it splits the part, and which of
    /// it is being run.
    strings: Vec<Span>,
    string: Option<usize>,
}

impl Default for Transactions {
    fn default() -> Self {
        Self {
            current: None,
            opened_by: OpenedBy::Nobody,
            runner: Transaction::None,
            next: 0,
            closed: Closed::default(),
            statement: 0,
            strings: Vec::new(),
            string: None,
        }
    }
}

impl Transactions {
    pub fn run(&self) -> Run {
        Run {
            transaction: self.current,
            opened_by: self.opened_by,
            runner: self.runner,
        }
    }

    /// What the open transaction has locked.
    pub fn closed(&self) -> &Closed {
        &self.closed
    }

    /// An operation of a statement has run.
    pub fn note(
        &mut self,
        effect: &Effect,
        statement: u32,
        at: (Place, usize),
        is_hidden: impl Fn(&Key) -> bool,
    ) {
        self.closed.note(effect, at, is_hidden);
        self.statement = statement;
    }

    /// An operation of a statement is next. One that commits by itself keeps its
    /// locks from one of its operations to the next, and no longer.
    pub fn begin_statement(&mut self, statement: u32, span: Span) {
        let string = string_at(&self.strings, span.start);
        if string != self.string {
            self.string = string;
            match string {
                Some(_) => self.open(OpenedBy::ImplicitString),
                None => self.close(),
            }
        }
        if self.current.is_none() && self.statement != statement {
            self.closed.end_transaction();
        }
    }

    /// Another stretch of a long script begins.
    pub fn begin_stretch(&mut self) {
        self.closed.begin_stretch();
    }

    /// A relation has got another name.
    pub fn rename(&mut self, from: &Key, to: Key) {
        self.closed.rename(from, to);
    }

    fn open(&mut self, by: OpenedBy) {
        self.closed.end_transaction();
        self.current = Some(self.next);
        self.next += 1;
        self.opened_by = by;
    }

    fn close(&mut self) {
        self.closed.end_transaction();
        self.current = None;
        self.opened_by = OpenedBy::Nobody;
    }

    /// A part of the script begins.
    pub fn begin_part(&mut self, part: &ReadPart, source: &Source) {
        // sql-migrate runs all sections of a direction in one.
        let goes_on = self.opened_by == OpenedBy::Runner
            && self.runner == Transaction::File
            && as_run(part).transaction == Transaction::File;
        if goes_on {
            return;
        }
        self.runner = part.part.transaction;
        self.close();
        self.strings = sent_together(source, &part.part);
        self.string = None;
        match part.part.transaction {
            Transaction::File | Transaction::AllPending
                if as_run(part).transaction == part.part.transaction =>
            {
                self.open(OpenedBy::Runner);
            }
            Transaction::Implicit if part.statements.len() > 1 => {
                self.open(OpenedBy::ImplicitString);
            }
            _ => {}
        }
    }

    /// Follows BEGIN, COMMIT and ROLLBACK of the script itself.
    pub fn control(&mut self, control: &TransactionControl) {
        match control {
            TransactionControl::Begin if self.opened_by != OpenedBy::Runner => {
                self.open(OpenedBy::Script);
            }
            TransactionControl::Commit
            | TransactionControl::Rollback
            | TransactionControl::Prepare => match self.opened_by {
                OpenedBy::Nobody => {}
                _ if self.runner == Transaction::Implicit => {
                    self.open(OpenedBy::ImplicitString);
                }
                _ => self.close(),
            },
            TransactionControl::Savepoint(name) => self.closed.savepoint(*name),
            TransactionControl::RollbackTo(name) => self.closed.roll_back_to(*name),
            _ => {}
        }
    }
}

/// A part with the transaction that it comes to run in: a tool that looks for
/// statements which refuse one opens none.
pub fn as_run(read: &ReadPart) -> Part {
    let part = read.part;
    let apart = part.detects_nontransactional && refuses_transaction(read);
    Part {
        transaction: match apart {
            true => Transaction::None,
            false => part.transaction,
        },
        ..part
    }
}

/// Does a statement of the part refuse to run in a transaction?
fn refuses_transaction(part: &ReadPart) -> bool {
    part.statements
        .iter()
        .flat_map(|statement| &statement.operations)
        .any(|operation| match &operation.action {
            Action::CreateIndex(create) => create.concurrently,
            Action::Drop { concurrently, .. } => *concurrently,
            Action::Reindex { concurrently, .. } => *concurrently,
            Action::Vacuum { .. } | Action::ServerCommand { .. } => true,
            _ => false,
        })
}
