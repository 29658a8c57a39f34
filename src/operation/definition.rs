//! What statements define and name: columns, constraints, indexes, routines, rows
//! that change. Fields are named as PostgreSQL's manual names them.

use std::sync::Arc;

use thin_vec::ThinVec;

use super::{DataType, Ident, ObjectKind, ObjectName, Operation, query};
use crate::name::Name;
use crate::source::Span;

/// An expression: its text, to be parsed only by who needs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expr {
    pub text: Arc<str>,
    pub span: Span,
}

impl Expr {
    /// `DEFAULT NULL` is no default, and the server keeps none.
    pub fn is_null(&self) -> bool {
        let word = self
            .text
            .split_once("::")
            .map_or(&*self.text, |(word, _)| word);
        let bare = word.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
        bare.eq_ignore_ascii_case("null")
    }
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
    /// Options of an identity's sequence, as [`CreateSequence`](super::Action::CreateSequence) has them.
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

impl ConstraintKind {
    /// What people call it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::PrimaryKey(_) => "primary key",
            Self::Unique(_) => "unique key",
            Self::ForeignKey(_) => "foreign key",
            Self::Check(_) => "check",
            Self::Exclude { .. } => "exclusion constraint",
            Self::NotNull(_) => "NOT NULL constraint",
        }
    }
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

/// What a foreign key gives its own columns where the row that they refer to goes
/// or gets another key.
#[derive(Debug)]
pub struct Reset {
    /// `DELETE` or `UPDATE`.
    pub event: &'static str,
    /// Their defaults rather than NULL.
    pub to_default: bool,
    pub columns: Vec<Name>,
}

impl ForeignKey {
    /// Does it delete what refers to a row that is deleted?
    pub fn takes_along(&self) -> bool {
        self.on_delete.as_deref() == Some("cascade")
    }

    /// Does it take care of what refers to a row that is deleted?
    pub fn sees_to_deletes(&self) -> bool {
        !matches!(
            self.on_delete.as_deref(),
            None | Some("no action" | "restrict")
        )
    }

    pub fn resets(&self) -> impl Iterator<Item = Reset> {
        let events = [("DELETE", &self.on_delete), ("UPDATE", &self.on_update)];
        events.into_iter().filter_map(|(event, action)| {
            let action = action.as_deref()?;
            let to_default = action.starts_with("set default");
            if !to_default && !action.starts_with("set null") {
                return None;
            }
            let named = action.split_once(" (");
            let columns = match named.and_then(|(_, rest)| rest.strip_suffix(')')) {
                Some(named) => named.split(", ").map(Name::new).collect(),
                None => self.columns.clone(),
            };
            Some(Reset {
                event,
                to_default,
                columns,
            })
        })
    }
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

impl TransactionControl {
    pub fn ends_transaction(&self) -> bool {
        matches!(self, Self::Commit | Self::Rollback | Self::Prepare)
    }
}
