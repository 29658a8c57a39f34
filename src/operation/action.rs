//! What an operation changes.

use std::sync::Arc;

use smol_str::SmolStr;
use thin_vec::ThinVec;

use super::definition::*;
use super::{DataType, Ident, ObjectKind, ObjectName};
use crate::name::Name;

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

impl Action {
    pub fn kind(&self) -> Kind {
        self.into()
    }

    /// The operation's name in JSON, such as `add_column`.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}
