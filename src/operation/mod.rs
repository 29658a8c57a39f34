//! Statements to operations: what changes, in words that all engines share.
//!
//! An [`Operation`] is one change: an `ALTER TABLE` with three actions yields
//! three. Each statement family is read in one file of this folder, token by
//! token and tolerant action by action; `sqlparser` is asked only about
//! queries and expressions, and only when somebody needs to know. Nothing here
//! knows a schema, and nothing here judges.

pub mod action;
pub mod data_type;
pub mod definition;
pub mod object;
pub mod read;
pub mod reader;

pub mod constraint;
pub mod column;
pub mod create_table;
pub mod alter_table;
pub mod alter_relation;
pub mod index;
pub mod drop;
pub mod view;
pub mod trigger;
pub mod policy;
pub mod prepared;
pub mod psql;
pub mod reserved;
pub mod types;
mod variables;
pub mod domain;
pub mod sequence;
pub mod routine;
pub mod guard;
pub mod catalog_query;
pub mod do_block;
pub mod plpgsql;
pub mod dynamic;
pub mod query;
pub mod grant;
pub mod comment;
pub mod session;
pub mod syntax;
pub mod maintenance;
pub mod naming;
pub mod dml;
pub mod catalog;
pub mod subject;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::source::Span;
pub use crate::statement::cursor::Ident;
pub use action::{Action, Kind};
pub use data_type::DataType;
pub use definition::{
    Bound, Column, ColumnOption, CompositeChange, Constraint, ConstraintKind, CreateDomain,
    CreateIndex, CreateRoutine, CreateTable, CreateTrigger, CreateType, CreateView, Delete,
    DetachMode, DomainChange, Expr, ForeignKey, Generated, Grant, Identity, IndexElement, Insert,
    Key, Like, Merge, OnConflict, PartitionBy, PartitionOf, Persistence, PolicyClauses, Query,
    ReindexTarget, ReplicaIdentity, Reset, RowSecurity, SequenceOption, SetParameter, Target,
    TransactionControl, TypeDefinition, Update,
};
pub use guard::{Condition, Guard, InSchema, Wanted, What};
pub use object::{ObjectKind, ObjectName, without_markers};
pub use read::{read, read_tokens};
pub use reader::Reader;
pub use routine::called_with;
pub use subject::Subject;
pub use variables::constants;

/// How a placeholder begins that stands for a name which only the server will
/// know, in SQL that is put together when it is run; it ends with `}`.
pub const RUN_TIME: &str = "${?";

/// A statement that was read.
#[derive(Debug)]
pub struct Statement {
    /// Without the semicolon.
    pub span: Span,
    pub operations: Vec<Operation>,
}

/// One change, or one thing that was seen and could not be read.
#[derive(Clone, Debug)]
pub struct Operation {
    pub action: Action,
    /// The short place to point at: the name of the column, constraint or
    /// table that the operation is about.
    pub place: Span,
    /// The whole clause, such as `ADD COLUMN a int`; for most statements the
    /// whole statement.
    pub clause: Span,
    pub within: Within,
}

/// How an operation came to be run; one that stands by itself says nothing.
#[derive(Clone, Default)]
pub struct Within(Option<Arc<Inside>>);

/// How an operation of a block came to be run.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// Inside a DO block or the body of a routine that the file calls: runs in
    /// the transaction of that one statement.
    pub block: bool,
    /// Inside `IF`, a loop or an exception handler: may not run at all.
    pub conditional: bool,
    /// So for another reason than the guard.
    pub doubtful: bool,
    /// The branch of an IF that it stands in.
    pub guard: Option<Arc<Guard>>,
    /// Runs unless what it makes is there already: alone in its block, under
    /// `IF NOT EXISTS (…)` that asks for its name, or before a handler.
    pub unless_there: bool,
    /// Where it is written, in the same file: in the body of a routine that the
    /// statement calls. Its place is that of the call.
    pub written: Option<Span>,
}

impl Within {
    pub fn new(inside: Inside) -> Self {
        Self(Some(Arc::new(inside)))
    }

    /// The same, changed; what shares it stays as it is.
    pub fn edit(&mut self, change: impl FnOnce(&mut Inside)) {
        change(Arc::make_mut(self.0.get_or_insert_default()));
    }

    /// In a block.
    pub fn in_block(mut self) -> Self {
        if !self.block {
            self.edit(|inside| inside.block = true);
        }
        self
    }
}

impl Deref for Within {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        static OUTSIDE: Inside = Inside {
            block: false,
            conditional: false,
            doubtful: false,
            guard: None,
            unless_there: false,
            written: None,
        };
        self.0.as_deref().unwrap_or(&OUTSIDE)
    }
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("block", &self.block)
            .field("conditional", &self.conditional)
            .field("unless_there", &self.unless_there)
            .finish()
    }
}
