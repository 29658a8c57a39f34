//! Statements to operations: what changes, in words that all engines share.
//!
//! An [`Operation`] is one change: an `ALTER TABLE` with three actions yields
//! three. Each statement family is read in one file of this folder, token by
//! token and tolerant action by action; `sqlparser` is asked only about
//! queries and expressions, and only when somebody needs to know. Nothing here
//! knows a schema, and nothing here judges.

pub mod data_type;
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

use smol_str::SmolStr;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use thin_vec::ThinVec;

use crate::name::Name;
use crate::source::Span;
pub use crate::statement::cursor::Ident;
pub use data_type::DataType;
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

/// An expression: its text, to be parsed only by who needs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expr {
    pub text: Arc<str>,
    pub span: Span,
}

/// A query, whole: a view's body, the source of an INSERT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub text: Arc<str>,
    pub span: Span,
}

/// The table that an `ALTER TABLE` names, shared by its actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub name: ObjectName,
    pub if_exists: bool,
    /// `ONLY`: children and partitions are left alone.
    pub only: bool,
}

/// A column as it is declared; its constraints stand beside it, see
/// [`CreateTable::constraints`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: Name,
    pub span: Span,
    pub ty: DataType,
    pub collation: Option<Name>,
    pub default: Option<Expr>,
    /// Written, or implied by the column's own clauses: an inline PRIMARY KEY,
    /// an identity, a serial type.
    pub not_null: bool,
    pub identity: Option<Identity>,
    /// Options of an identity's sequence, as [`Action::CreateSequence`] has them.
    pub sequence: ThinVec<SequenceOption>,
    pub generated: Option<Box<Generated>>,
    /// Storage and compression, where the file gives them.
    pub options: ThinVec<(ColumnOption, Name)>,
}

/// An option of a sequence, its name in lower case, and its value as written;
/// `no` for `NO MINVALUE`, empty for a plain `CYCLE` or `RESTART`.
pub type SequenceOption = (&'static str, Name);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    Always,
    ByDefault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    pub expr: Expr,
    /// `STORED`; `VIRTUAL` exists from PostgreSQL 18 on.
    pub stored: bool,
}

/// A table or column constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    pub name: Option<Ident>,
    pub kind: ConstraintKind,
    pub span: Span,
    /// Written behind a column rather than as an element of the table.
    pub inline: bool,
    pub not_valid: bool,
    pub not_enforced: bool,
    pub no_inherit: bool,
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub deferred: bool,
}

impl Constraint {
    /// An element of a table without attributes.
    pub fn new(name: Option<Ident>, kind: ConstraintKind, span: Span) -> Self {
        Self {
            name,
            kind,
            span,
            inline: false,
            not_valid: false,
            not_enforced: false,
            no_inherit: false,
            deferrable: false,
            deferred: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    PrimaryKey(Key),
    Unique(Key),
    Check(Expr),
    ForeignKey(Box<ForeignKey>),
    Exclude {
        columns: Vec<Name>,
        /// Everything behind EXCLUDE but the attributes, as written.
        definition: Expr,
    },
    /// Named `NOT NULL`, a table constraint from PostgreSQL 18 on.
    NotNull(Ident),
}

/// The columns of a primary key or unique constraint, or the index it adopts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    pub columns: Vec<Name>,
    pub include: ThinVec<Name>,
    pub using_index: Option<Ident>,
    pub nulls_not_distinct: bool,
    /// `WITH (…)` and `USING INDEX TABLESPACE …`, as written.
    pub parameters: Name,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub columns: Vec<Name>,
    pub references: ObjectName,
    /// Empty where the primary key is meant.
    pub referenced: Vec<Name>,
    pub on_delete: Option<Name>,
    pub on_update: Option<Name>,
    pub match_full: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Persistence {
    #[default]
    Permanent,
    Temporary,
    Unlogged,
}

#[derive(Clone, Debug)]
pub struct CreateTable {
    pub name: ObjectName,
    pub persistence: Persistence,
    /// `CREATE FOREIGN TABLE`.
    pub foreign: bool,
    pub if_not_exists: bool,
    /// The type of a column is `unknown` where a query, a composite type or the
    /// parent of a partition says what it is.
    pub columns: Vec<Arc<Column>>,
    /// Table and column constraints (`inline`), `NOT NULL` excepted.
    pub constraints: Vec<Constraint>,
    pub inherits: Vec<ObjectName>,
    /// `LIKE t INCLUDING …`: the tables, and whether everything is included.
    pub like: Vec<Like>,
    pub partition_by: Option<PartitionBy>,
    pub partition_of: Option<PartitionOf>,
    /// `CREATE TABLE … AS query`, `SELECT … INTO`.
    pub source: Option<Query>,
    /// `WITH NO DATA`: the query is looked at, and not run.
    pub no_data: bool,
    /// `OF type`.
    pub of_type: Option<ObjectName>,
    /// `WITH (…)`, `USING`, `TABLESPACE`, `SERVER … OPTIONS (…)`, as written.
    pub options: Name,
}

#[derive(Clone, Debug)]
pub struct Like {
    pub table: ObjectName,
    /// The words behind INCLUDING: `defaults`, `constraints`, `indexes`, `all`, …,
    /// without those behind EXCLUDING.
    pub including: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionBy {
    /// `range`, `list` or `hash`.
    pub strategy: Name,
    /// Columns; an expression leaves no name here.
    pub columns: Vec<Name>,
    /// The text between the parentheses.
    pub definition: Expr,
}

#[derive(Clone, Debug)]
pub struct PartitionOf {
    pub parent: ObjectName,
    pub bound: Bound,
}

/// Which rows a partition takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub default: bool,
    /// The text behind FOR VALUES.
    pub text: Name,
}

#[derive(Clone, Debug)]
pub struct CreateIndex {
    /// Absent where the server makes up a name.
    pub name: Option<ObjectName>,
    pub table: ObjectName,
    pub only: bool,
    pub unique: bool,
    pub concurrently: bool,
    pub if_not_exists: bool,
    /// `btree` where nothing is said.
    pub method: Name,
    pub elements: Vec<IndexElement>,
    pub include: ThinVec<Name>,
    pub predicate: Option<Expr>,
    pub nulls_not_distinct: bool,
    /// `WITH (…)` and `TABLESPACE …`, as written.
    pub parameters: Name,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexElement {
    /// The column, where the element is one.
    pub column: Option<Name>,
    /// The expression, where it is one.
    pub expr: Option<Expr>,
    /// Collation, operator class, ASC/DESC, NULLS FIRST/LAST as written;
    /// empty for the default.
    pub options: Name,
}

#[derive(Clone, Debug)]
pub struct CreateView {
    pub name: ObjectName,
    pub or_replace: bool,
    pub materialized: bool,
    pub temporary: bool,
    pub if_not_exists: bool,
    pub columns: Vec<Name>,
    /// `WITH (…)`, `USING`, `TABLESPACE`, as written.
    pub options: Name,
    pub query: Query,
    pub with_data: bool,
    /// `WITH CHECK OPTION` and the like, as written.
    pub check_option: Name,
    /// What the query reads and yields, where it could be read.
    pub reading: Option<query::Reading>,
}

#[derive(Clone, Debug)]
pub struct CreateRoutine {
    pub name: ObjectName,
    pub procedure: bool,
    pub or_replace: bool,
    /// The argument list as written, without the parentheses.
    pub arguments: Name,
    pub returns: Option<Name>,
    /// Lower case; `sql` where a standard body stands.
    pub language: Name,
    /// `i`, `s` or `v`, PostgreSQL's own letters; `v` where nothing is said.
    pub volatility: char,
    pub security_definer: bool,
    /// The text inside the quotes, or the standard body.
    pub body: Option<Span>,
    /// What the server is given as the body.
    pub body_text: Arc<str>,
    /// It is SQL rather than a text (BEGIN ATOMIC, RETURN): the server knows what
    /// it uses.
    pub atomic: bool,
    /// Everything behind the name, as written.
    pub definition: Arc<str>,
    /// What the body would do, where it is static; run by a CALL, a SELECT or
    /// a trigger, not by the CREATE.
    pub operations: Arc<Vec<Operation>>,
}

#[derive(Clone, Debug)]
pub struct CreateTrigger {
    pub name: Ident,
    pub table: ObjectName,
    pub or_replace: bool,
    pub constraint: bool,
    pub function: Option<ObjectName>,
    /// A foreign table named by `FROM`.
    pub from: Option<ObjectName>,
    /// What `UPDATE OF` names.
    pub columns: Vec<Name>,
    pub when: Option<Expr>,
    /// When it fires, as written: `AFTER INSERT OR UPDATE OF a`.
    pub events: Expr,
    /// What stands between the table and EXECUTE, as written.
    pub clauses: Expr,
    /// The arguments of the function, without parentheses.
    pub arguments: Name,
}

/// What CREATE POLICY and ALTER POLICY say about a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyClauses {
    /// `AS RESTRICTIVE`.
    pub restrictive: bool,
    /// In lower case; empty for `all`.
    pub command: Name,
    /// Empty for `public`.
    pub roles: Vec<Name>,
    pub using: Option<Expr>,
    pub check: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct CreateType {
    pub name: ObjectName,
    pub definition: TypeDefinition,
    /// Everything behind the name, as written.
    pub text: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeDefinition {
    Enum(Vec<Name>),
    Composite(Vec<(Name, DataType)>),
    Range,
    /// A shell or base type.
    Other,
}

#[derive(Clone, Debug)]
pub struct CreateDomain {
    pub name: ObjectName,
    pub base: DataType,
    pub collation: Option<Name>,
    pub default: Option<Expr>,
    pub not_null: bool,
    /// Check constraints with their names.
    pub checks: Vec<(Option<Ident>, Expr)>,
}

#[derive(Clone, Debug)]
pub enum DomainChange {
    SetNotNull,
    DropNotNull,
    SetDefault(Expr),
    DropDefault,
    AddConstraint {
        name: Option<Ident>,
        check: Option<Expr>,
        not_valid: bool,
    },
    DropConstraint {
        name: Ident,
        if_exists: bool,
    },
    ValidateConstraint(Ident),
    RenameConstraint(Ident, Ident),
}

#[derive(Clone, Debug)]
pub enum CompositeChange {
    Add(Name, DataType),
    Drop(Name),
    Alter(Name, DataType),
    Rename(Name, Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetachMode {
    Plain,
    Concurrently,
    Finalize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicaIdentity {
    Default,
    Full,
    Nothing,
    Index(Ident),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowSecurity {
    Enable,
    Disable,
    Force,
    NoForce,
}

/// Settings of a column that neither rewrite nor constrain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnOption {
    Statistics,
    Storage,
    Compression,
    /// `SET (n_distinct = …)`, `RESET (…)`.
    Parameters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReindexTarget {
    Index,
    Table,
    Schema,
    Database,
    System,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionControl {
    Begin,
    Commit,
    Rollback,
    Savepoint(Name),
    RollbackTo(Name),
    Release(Name),
    Prepare,
}

#[derive(Clone, Debug)]
pub struct SetParameter {
    /// Lower case; `session authorization`, `role`, `time zone` are names too.
    pub name: Name,
    /// `None` for RESET and `TO DEFAULT`.
    pub value: Option<Name>,
    /// `SET LOCAL`, or `set_config(…, true)`.
    pub local: bool,
}

#[derive(Clone, Debug)]
pub struct Insert {
    pub table: ObjectName,
    /// What the statement calls it.
    pub alias: Option<Name>,
    /// Empty where none are named.
    pub columns: Vec<Ident>,
    /// Some of them are written in part: `a.b`, `a[1]`.
    pub in_part: bool,
    /// `INSERT … SELECT`; `None` for VALUES.
    pub query: Option<Query>,
    /// `OVERRIDING … VALUE` was said.
    pub overriding: bool,
    /// Everything behind VALUES, where it is short.
    pub values: Option<Expr>,
    /// `DEFAULT VALUES`.
    pub defaults: bool,
    pub conflict: Option<OnConflict>,
}

/// `ON CONFLICT …`.
#[derive(Clone, Debug)]
pub struct OnConflict {
    /// It names what conflicts: columns, or a constraint.
    pub target: bool,
    /// What it names behind ON CONSTRAINT.
    pub constraint: Option<Ident>,
    /// Some of what stands in the parentheses is an expression.
    pub computed: bool,
    /// What stands in the parentheses, where that is columns alone …
    pub columns: Vec<Name>,
    /// … and whether a WHERE behind them admits partial indexes.
    pub filter: bool,
    /// What stands behind DO.
    pub action: Option<Expr>,
    /// The columns of which DO UPDATE writes over values.
    pub overwritten: Vec<Name>,
}

#[derive(Clone, Debug)]
pub struct Update {
    pub table: ObjectName,
    /// What the statement calls it.
    pub alias: Option<Name>,
    /// `ONLY`: children and partitions are left alone.
    pub only: bool,
    /// `WITH …` in front of it, as written.
    pub with: Option<Expr>,
    pub columns: Vec<Ident>,
    /// Those of them that keep every value but NULL: written only where they
    /// are NULL, or `= COALESCE(column, …)`. In order of their names.
    pub kept: Vec<Name>,
    /// All that is assigned are constants, to rows that are named by constants:
    /// `SET a = 1 WHERE b = 'c'`.
    pub constant: bool,
    /// The text behind WHERE.
    pub filter: Option<Expr>,
    /// The text from SET to WHERE.
    pub assignments: Expr,
    /// The text behind FROM.
    pub from: Option<Expr>,
    /// The query of FROM or WITH that picks the rows, joined by their key.
    pub picked: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct Merge {
    pub table: ObjectName,
    /// `WITH …` in front of it, as written.
    pub with: Option<Expr>,
    /// The text between USING and ON.
    pub source: Option<Expr>,
    pub updates: bool,
    pub deletes: bool,
    /// It says what becomes of rows that the source has not.
    pub by_source: bool,
    pub returning: bool,
    /// Columns that lose values which are not NULL.
    pub overwritten: Vec<Name>,
}

#[derive(Clone, Debug)]
pub struct Delete {
    pub table: ObjectName,
    /// What the statement calls it.
    pub alias: Option<Name>,
    /// `ONLY`: children and partitions are left alone.
    pub only: bool,
    /// `WITH …` in front of it, as written.
    pub with: Option<Expr>,
    pub filter: Option<Expr>,
    /// The text behind USING.
    pub using: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct Grant {
    /// REVOKE instead.
    pub revoke: bool,
    /// `select`, `all`, …; for role membership the roles.
    pub privileges: Vec<Name>,
    pub on: ObjectKind,
    /// Empty for `ALL TABLES IN SCHEMA` and role membership.
    pub objects: Vec<ObjectName>,
    pub grantees: Vec<Name>,
    /// `ALTER DEFAULT PRIVILEGES …` in front of it, as written.
    pub defaults: Name,
    /// From the privileges to the objects, as written.
    pub what: Arc<str>,
    /// What stands behind the roles, such as `WITH GRANT OPTION`.
    pub tail: Name,
}

/// What changes. Fields are named as PostgreSQL's manual names them.
#[derive(Clone, Debug, strum::EnumDiscriminants, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[strum_discriminants(name(Kind), derive(Hash, PartialOrd, Ord, strum::EnumIter))]
pub enum Action {
    // Tables
    CreateTable(Box<CreateTable>),
    AddColumn {
        table: Arc<Target>,
        if_not_exists: bool,
        column: Arc<Column>,
        /// Inline constraints, `NOT NULL` excepted.
        constraints: Vec<Constraint>,
    },
    DropColumn {
        table: Arc<Target>,
        column: Ident,
        if_exists: bool,
        cascade: bool,
    },
    AlterColumnType {
        table: Arc<Target>,
        column: Ident,
        ty: DataType,
        collation: Option<Name>,
        using: Option<Expr>,
    },
    SetDefault {
        table: Arc<Target>,
        column: Ident,
        default: Expr,
    },
    DropDefault {
        table: Arc<Target>,
        column: Ident,
    },
    SetNotNull {
        table: Arc<Target>,
        column: Ident,
    },
    DropNotNull {
        table: Arc<Target>,
        column: Ident,
    },
    AddIdentity {
        table: Arc<Target>,
        column: Ident,
        identity: Identity,
        sequence: ThinVec<SequenceOption>,
    },
    SetIdentity {
        table: Arc<Target>,
        column: Ident,
        identity: Option<Identity>,
        sequence: ThinVec<SequenceOption>,
    },
    DropIdentity {
        table: Arc<Target>,
        column: Ident,
        if_exists: bool,
    },
    /// `SET EXPRESSION AS (…)`, PostgreSQL 17.
    SetExpression {
        table: Arc<Target>,
        column: Ident,
        expr: Expr,
    },
    DropExpression {
        table: Arc<Target>,
        column: Ident,
        if_exists: bool,
    },
    SetColumnOption {
        table: Arc<Target>,
        column: Ident,
        option: ColumnOption,
        /// As written; a list for [`ColumnOption::Parameters`].
        value: Name,
        /// RESET.
        reset: bool,
    },
    AddConstraint {
        table: Arc<Target>,
        constraint: Constraint,
    },
    DropConstraint {
        table: Arc<Target>,
        name: Ident,
        if_exists: bool,
        cascade: bool,
    },
    ValidateConstraint {
        table: Arc<Target>,
        name: Ident,
    },
    AlterConstraint {
        table: Arc<Target>,
        name: Ident,
        /// `DEFERRABLE` or `NOT DEFERRABLE`.
        deferrable: Option<bool>,
        /// `INITIALLY DEFERRED` or `INITIALLY IMMEDIATE`.
        deferred: Option<bool>,
        /// `ENFORCED` or `NOT ENFORCED`, PostgreSQL 18.
        enforced: Option<bool>,
        /// `INHERIT` or `NO INHERIT`, PostgreSQL 18.
        inherit: Option<bool>,
    },
    ToggleTrigger {
        table: Arc<Target>,
        enable: bool,
        /// `replica` or `always`, where ENABLE says so.
        when: &'static str,
        /// A rule rather than a trigger.
        rule: bool,
        /// `ALL`, `USER` or the name.
        name: Ident,
    },
    AttachPartition {
        table: Arc<Target>,
        partition: ObjectName,
        bound: Bound,
    },
    DetachPartition {
        table: Arc<Target>,
        partition: ObjectName,
        mode: DetachMode,
    },
    Inherit {
        table: Arc<Target>,
        parent: ObjectName,
    },
    NoInherit {
        table: Arc<Target>,
        parent: ObjectName,
    },
    /// `SET LOGGED`, `SET UNLOGGED`.
    SetPersistence {
        table: Arc<Target>,
        logged: bool,
    },
    SetTablespace {
        kind: ObjectKind,
        name: ObjectName,
        to: Ident,
    },
    /// `ALTER … ALL IN TABLESPACE from … SET TABLESPACE to`.
    MoveTablespace {
        kind: ObjectKind,
        from: Ident,
        to: Ident,
    },
    SetAccessMethod {
        table: Arc<Target>,
        to: Ident,
    },
    ClusterOn {
        table: Arc<Target>,
        /// `None` for SET WITHOUT CLUSTER.
        index: Option<Ident>,
    },
    ReplicaIdentity {
        table: Arc<Target>,
        identity: ReplicaIdentity,
    },
    RowSecurity {
        table: Arc<Target>,
        mode: RowSecurity,
    },
    /// `SET (fillfactor = 70)`, `RESET (…)` of a table, index or view.
    SetParameters {
        kind: ObjectKind,
        name: ObjectName,
        parameters: Vec<Name>,
        /// What each is set to, as written; none for RESET.
        values: Vec<Name>,
    },
    /// An ALTER TABLE action that is understood and has no effect of its own
    /// here (`OF type`, `NOT OF`, …).
    OtherTableChange {
        table: Arc<Target>,
    },

    // Any object
    Drop {
        kind: ObjectKind,
        name: ObjectName,
        /// The table of a trigger, policy or rule.
        on: Option<ObjectName>,
        /// The argument types of a routine.
        arguments: Option<Name>,
        if_exists: bool,
        cascade: bool,
        concurrently: bool,
    },
    Rename {
        kind: ObjectKind,
        name: ObjectName,
        /// The table of a trigger, policy or rule.
        on: Option<ObjectName>,
        if_exists: bool,
        to: Ident,
    },
    RenameColumn {
        table: Arc<Target>,
        column: Ident,
        to: Ident,
    },
    RenameConstraint {
        table: Arc<Target>,
        name: Ident,
        to: Ident,
    },
    SetSchema {
        kind: ObjectKind,
        name: ObjectName,
        if_exists: bool,
        to: Ident,
    },
    SetOwner {
        kind: ObjectKind,
        name: ObjectName,
        if_exists: bool,
        to: Name,
    },
    Comment {
        kind: ObjectKind,
        name: ObjectName,
        /// The table of a column, trigger, policy, rule or constraint.
        on: Option<ObjectName>,
        /// The argument types of a routine.
        arguments: Option<Name>,
        /// The literal as written; `None` for NULL.
        text: Option<Arc<str>>,
    },
    Grant(Box<Grant>),

    // Indexes
    CreateIndex(Box<CreateIndex>),
    AttachIndexPartition {
        index: ObjectName,
        child: ObjectName,
    },
    /// `ALTER INDEX … ALTER COLUMN n SET STATISTICS`, `DEPENDS ON EXTENSION`.
    OtherIndexChange {
        index: ObjectName,
    },
    Reindex {
        target: ReindexTarget,
        name: Option<ObjectName>,
        concurrently: bool,
    },

    // Views
    CreateView(Box<CreateView>),
    RefreshView {
        name: ObjectName,
        concurrently: bool,
        with_data: bool,
    },
    /// `ALTER VIEW … ALTER COLUMN … SET DEFAULT` and the like.
    OtherViewChange {
        name: ObjectName,
    },

    // Types, sequences, routines and the rest of the catalog
    CreateType(Box<CreateType>),
    AddEnumValue {
        name: ObjectName,
        value: Name,
        if_not_exists: bool,
        /// `(before?, neighbour)`.
        position: Option<(bool, Name)>,
    },
    RenameEnumValue {
        name: ObjectName,
        from: Name,
        to: Name,
    },
    AlterComposite {
        name: ObjectName,
        change: CompositeChange,
        cascade: bool,
    },
    CreateDomain(Box<CreateDomain>),
    AlterDomain {
        name: ObjectName,
        change: DomainChange,
    },
    CreateSequence {
        name: ObjectName,
        if_not_exists: bool,
        temporary: bool,
        owned_by: Option<ObjectName>,
        options: ThinVec<SequenceOption>,
    },
    AlterSequence {
        name: ObjectName,
        if_exists: bool,
        /// `OWNED BY table.column`; `Some(None)` for NONE.
        owned_by: Option<Option<ObjectName>>,
        /// `SET LOGGED` or `SET UNLOGGED`, PostgreSQL 15.
        persistence: bool,
        restart: bool,
        options: ThinVec<SequenceOption>,
    },
    CreateSchema {
        name: Ident,
        if_not_exists: bool,
    },
    CreateExtension {
        name: Ident,
        if_not_exists: bool,
        /// `SCHEMA`, `VERSION`, as written.
        options: Name,
    },
    CreateRoutine(Box<CreateRoutine>),
    CreateTrigger(Box<CreateTrigger>),
    CreatePolicy {
        name: Ident,
        table: ObjectName,
        clauses: PolicyClauses,
    },
    AlterPolicy {
        name: Ident,
        table: ObjectName,
        clauses: PolicyClauses,
    },
    CreateRule {
        name: Ident,
        table: ObjectName,
        or_replace: bool,
        /// In upper case.
        event: &'static str,
        /// Everything behind the table, as written.
        definition: Expr,
    },
    CreateStatistics {
        name: Option<ObjectName>,
        if_not_exists: bool,
        table: Option<ObjectName>,
        /// The statement as written.
        definition: Arc<str>,
    },
    /// Creates or changes something that no table's reader or writer notices:
    /// a role, a cast, an operator, a text search configuration, …
    CreateOther {
        kind: ObjectKind,
        name: Option<ObjectName>,
        /// What DROP has to name: the kind, the name and what belongs to it.
        signature: Name,
        /// The statement as written.
        definition: Arc<str>,
    },
    AlterOther {
        kind: ObjectKind,
        name: Option<ObjectName>,
        /// What ALTER DATABASE or ALTER ROLE sets for the sessions to come.
        sets: Option<Box<SetParameter>>,
    },
    /// Changes attributes of a routine.
    AlterRoutine {
        kind: ObjectKind,
        name: ObjectName,
        /// As in [`CreateRoutine`], where it is changed.
        volatility: Option<char>,
    },
    AlterPublication {
        name: Ident,
        tables: Vec<ObjectName>,
        /// Everything behind the name, as written.
        change: Name,
    },

    // Maintenance
    Cluster {
        table: Option<ObjectName>,
        index: Option<Ident>,
    },
    Vacuum {
        full: bool,
        tables: Vec<ObjectName>,
        /// It lists columns, and does not say ANALYZE.
        columns_alone: bool,
    },
    Analyze {
        tables: Vec<ObjectName>,
    },
    LockTable {
        tables: Vec<ObjectName>,
        /// Upper case with spaces, `ACCESS EXCLUSIVE` where nothing is said.
        mode: Name,
        nowait: bool,
        only: bool,
    },
    Truncate {
        tables: Vec<ObjectName>,
        /// `ONLY` before one of them.
        only: bool,
        cascade: bool,
        restart_identity: bool,
    },

    // Data
    Insert(Box<Insert>),
    Update(Box<Update>),
    Delete(Box<Delete>),
    Merge(Box<Merge>),
    Copy {
        /// `None` for `COPY (query) TO`.
        table: Option<ObjectName>,
        /// What stands in those parentheses.
        query: Option<Query>,
        from: bool,
    },
    Select {
        query: Query,
        /// Functions called at the top level, for routines that the file
        /// defined and runs: `SELECT migrate_orders()`.
        calls: Vec<ObjectName>,
        /// A block says neither PERFORM nor INTO: its rows have nowhere to go.
        unwanted: bool,
    },
    Call {
        routine: ObjectName,
    },

    // The session
    Transaction(TransactionControl),
    Set(SetParameter),
    SetConstraints {
        /// Empty for ALL.
        names: Vec<ObjectName>,
        deferred: bool,
    },
    /// `CREATE DATABASE`, `DROP DATABASE`, `ALTER SYSTEM`, `CREATE TABLESPACE`
    /// and others that refuse to run in a transaction; the text is its name.
    ServerCommand {
        command: &'static str,
    },
    /// Understood, and of no concern: LISTEN, NOTIFY, DISCARD, CHECKPOINT,
    /// a psql meta-command that only prints, …
    Nothing,

    // What could not be read
    /// Understood in part; says what cannot be judged and why.
    Opaque {
        why: SmolStr,
        /// What is known of it makes or attaches something, and leaves alone what
        /// is there.
        adds: bool,
    },
    /// No reader knows it; says where reading stopped.
    Unparsed {
        why: SmolStr,
    },
}

impl TransactionControl {
    pub fn ends_transaction(&self) -> bool {
        matches!(self, Self::Commit | Self::Rollback | Self::Prepare)
    }
}

impl Action {
    pub fn kind(&self) -> Kind {
        self.into()
    }

    /// The operation's name in JSON, such as `add_column`.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}
