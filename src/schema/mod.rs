//! The database as the history built it.
//!
//! A [`Schema`] is what the operations so far have left behind, and knows what
//! it does not know: a table that the history never created is entered as
//! [`Origin::Assumed`] when something first happens to it, with the columns
//! that were seen. Objects are shared and copied on change, so that remembering
//! an earlier state costs what changed since, not the size of the database.

mod apply;
mod bookkeeping;
mod bound;
mod callers;
mod cast;
mod catalog;
mod constraint;
mod domain;
pub mod extension;
mod index;
mod journal;
pub mod names;
mod near;
pub mod part;
mod rename;
mod resolve;
mod reset;
mod rows;
mod setting;
pub mod signature;
mod stands;
mod table;
mod taught;
mod triggers;
mod view;
mod words;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use thin_vec::ThinVec;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::name::Name;
use crate::operation::{
    Bound, Column, Constraint, ConstraintKind, DataType, Expr, ObjectKind, ObjectName, PartitionBy,
    Persistence, PolicyClauses, SequenceOption, TypeDefinition,
};
use crate::project::SourceId;
use crate::source::Span;

pub use apply::Conflict;
pub use bookkeeping::is_bookkeeping;
pub use callers::{Caller, given};
pub use constraint::{RESERVED, names_in, rename_in, same_set};
pub use journal::{Difference, Mark};
pub use names::object_name;
pub use reset::RefusedReset;
pub use setting::{PUBLIC, Setting, SettingName, is_kept, pairs};
pub use stands::Absence;
pub use table::column_of;

/// The name of an object, resolved: never without a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub schema: Name,
    pub name: Name,
}

impl Key {
    pub fn new(schema: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    pub fn public(name: impl Into<Name>) -> Self {
        Self::new("public", name)
    }
}

fn name_hash(name: &str) -> u64 {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.name.text_hash());
        state.write_u64(self.schema.text_hash());
    }
}

impl fmt::Display for Key {
    /// `public` goes without saying.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema != "public" {
            write!(f, "{}.", self.schema)?;
        }
        f.write_str(&self.name)
    }
}

/// What nobody but the release at hand can know.
pub struct New {
    /// Created by the migration itself.
    pub own: FxHashSet<Key>,
    along: FxHashSet<Key>,
}

/// Which migration of the history did something; its index there.
pub type MigrationIndex = u32;

/// Where an object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The history created it: everything about it is known.
    Created {
        migration: MigrationIndex,
        at: Place,
    },
    /// It was mentioned, and must exist; only what was mentioned is known.
    Assumed,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub source: SourceId,
    pub span: Span,
}

/// Anything that shares PostgreSQL's namespace of relations.
#[derive(Clone, Debug)]
pub enum Relation {
    Table(Arc<Table>),
    View(Arc<View>),
    Index(Arc<Index>),
    Sequence(Arc<Sequence>),
}

/// A file that writes rows of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seed {
    pub source: SourceId,
    /// Some of them value by value; a query with constants brings the others.
    pub spelt_out: bool,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub key: Key,
    pub origin: Origin,
    /// All of its columns are known; not so after CREATE TABLE … AS.
    pub columns_known: bool,
    pub persistence: Persistence,
    pub foreign: bool,
    pub columns: Vec<Arc<Column>>,
    pub constraints: Vec<Arc<TableConstraint>>,
    /// Indexes that belong to it, those of constraints included.
    pub indexes: ThinVec<Key>,
    pub triggers: ThinVec<Trigger>,
    pub policies: ThinVec<Policy>,
    pub rules: ThinVec<Rule>,
    /// As in [`crate::operation::CreateTable::options`].
    pub options: Name,
    pub row_security: bool,
    /// It is partitioned.
    pub partition_by: Option<PartitionBy>,
    /// It is a partition.
    pub partition: Option<Partition>,
    /// The composite type that it is a table OF.
    pub of_type: Option<Key>,
    /// Parents by inheritance; a partition's parent is not among them.
    pub inherits: ThinVec<Key>,
    /// Partitions, the default one first, or children by inheritance.
    pub children: ThinVec<Key>,
    /// Objects that refer to it: foreign keys of these tables …
    pub referenced_by: ThinVec<Key>,
    /// … and these views.
    pub views: ThinVec<Key>,
    /// Rows were written by the history itself (INSERT, COPY, CTAS).
    pub filled: bool,
    /// The first of them were what a query found, in CREATE TABLE … AS.
    pub from_query: bool,
    /// That query, as long as its columns are still the table's.
    pub made_by: Option<Arc<str>>,
    /// The files that write some of them with constants: reference data.
    pub seeds: ThinVec<Seed>,
    /// Which migration last added a column of this name; absent means the
    /// migration that created the table.
    pub column_added: FxHashMap<Name, MigrationIndex>,
    /// The columns whose default the last migration that touched one changed, and
    /// whether they had one before it.
    defaults: ThinVec<(Name, MigrationIndex, bool)>,
    /// What the migration that is being applied dropped: what comes in its
    /// place is no new rule.
    pub gone: ThinVec<Gone>,
    taught: ThinVec<Arc<taught::Taught>>,
}

/// A constraint, unique index or trigger that is no longer there.
#[derive(Clone, Debug)]
pub struct Gone {
    pub migration: MigrationIndex,
    pub rule: GoneRule,
    pub name: Name,
    /// What it names.
    pub columns: Vec<Name>,
}

#[derive(Clone, Debug)]
pub enum GoneRule {
    Constraint(Arc<TableConstraint>),
    Index(Arc<Index>),
    Trigger,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    pub of: Key,
    pub bound: Bound,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub name: Name,
    pub function: Option<ObjectName>,
    /// What `UPDATE OF` names.
    pub columns: Vec<Name>,
    pub when: Option<Expr>,
    pub constraint: bool,
    /// As written: `AFTER INSERT OR UPDATE OF a`.
    pub events: Expr,
    /// What stands between the table and EXECUTE.
    pub clauses: Expr,
    pub arguments: Name,
}

/// A rewrite rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: Name,
    pub event: &'static str,
    /// Everything behind the table.
    pub definition: Expr,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub name: Name,
    pub clauses: PolicyClauses,
}

/// A constraint as it stands: always named, the server's way where the file
/// named none.
#[derive(Clone, Debug)]
pub struct TableConstraint {
    pub name: Name,
    /// The server made the name up.
    pub generated_name: bool,
    pub definition: Constraint,
    /// The columns it mentions, inline ones included.
    pub columns: Vec<Name>,
    pub validated: bool,
    /// The index behind a primary key, unique or exclusion constraint.
    pub index: Option<Key>,
    /// The table that a foreign key refers to.
    pub references: Option<Key>,
    /// The columns there; resolved where the file names none and the primary
    /// key is known.
    pub referenced: ThinVec<Name>,
    pub added_in: MigrationIndex,
}

#[derive(Clone, Debug)]
pub struct View {
    pub key: Key,
    pub origin: Origin,
    pub materialized: bool,
    pub temporary: bool,
    /// Filled: a materialized view WITH DATA, or refreshed since.
    pub populated: bool,
    pub columns: Vec<Name>,
    /// These are all of them.
    pub columns_known: bool,
    /// As in [`crate::operation::CreateView`].
    pub options: Name,
    pub check_option: Name,
    /// Their types, as far as they are known; the list may be shorter.
    pub types: Vec<Option<DataType>>,
    pub query: Arc<str>,
    /// As in [`crate::operation::query::Reading`].
    pub barrier: Option<&'static str>,
    /// Its columns that are no columns of what it reads.
    pub computed: Vec<Name>,
    /// What runs in the place of writing to it.
    pub instead: Vec<Instead>,
    /// Something that it reads has another name by now, and the query's text
    /// could not follow.
    pub stale: bool,
    /// Relations and columns that the query reads.
    pub uses: Vec<Use>,
    /// Which of them stands alone behind FROM, and so gets what is written to
    /// the view.
    pub base: Option<usize>,
    /// Views that read this one.
    pub views: ThinVec<Key>,
    pub indexes: ThinVec<Key>,
}

/// An INSTEAD OF trigger or a rule of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instead {
    pub kind: ObjectKind,
    pub name: Name,
    /// The statements that it stands for, as written.
    pub events: Arc<str>,
}

/// What a view reads of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub relation: Key,
    /// Sorted.
    pub columns: Vec<Name>,
    /// The columns could not be told: any column.
    pub all: bool,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub key: Key,
    pub origin: Origin,
    pub table: Key,
    pub unique: bool,
    pub method: Name,
    /// The columns of its plain elements, in order; an expression leaves an
    /// empty name.
    pub columns: Vec<Name>,
    /// Options of each element (`desc`, operator class), as written.
    pub options: ThinVec<Name>,
    pub include: ThinVec<Name>,
    pub exprs: ThinVec<Expr>,
    pub predicate: Option<Expr>,
    pub nulls_not_distinct: bool,
    /// The constraint that owns it.
    pub constraint: Option<Name>,
    /// As in [`crate::operation::CreateIndex::parameters`].
    pub parameters: Name,
    /// The index of the parent that this one is a part of.
    pub parent: Option<Key>,
    pub children: ThinVec<Key>,
}

#[derive(Clone, Debug)]
pub struct Sequence {
    pub key: Key,
    pub origin: Origin,
    pub owned_by: Option<(Key, Name)>,
    /// Made for an identity or serial column.
    pub implicit: bool,
    pub options: ThinVec<SequenceOption>,
}

#[derive(Clone, Debug)]
pub struct TypeEntry {
    pub key: Key,
    pub origin: Origin,
    pub definition: TypeDefinition,
    /// Everything behind the name, as it was created.
    pub text: Arc<str>,
    /// Values that a migration added later, with its index.
    pub added_values: Vec<(Name, MigrationIndex)>,
}

#[derive(Clone, Debug)]
pub struct Domain {
    pub key: Key,
    pub origin: Origin,
    pub base: DataType,
    pub collation: Option<Name>,
    pub default: Option<Expr>,
    pub not_null: bool,
    pub checks: Vec<DomainCheck>,
    /// The checks that a migration has dropped, the last one that dropped any.
    pub gone: (MigrationIndex, Vec<DomainCheck>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainCheck {
    pub name: Name,
    pub expr: Expr,
    pub validated: bool,
}

/// An object of which nothing is kept but how it was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    pub origin: Origin,
    /// What DROP has to name.
    pub signature: Name,
    /// The statement; empty where it was altered since.
    pub definition: Arc<str>,
}

/// An extension that the history created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub origin: Origin,
    pub options: Name,
}

#[derive(Clone, Debug)]
pub struct Routine {
    pub key: Key,
    pub origin: Origin,
    pub procedure: bool,
    pub arguments: Name,
    pub returns: Option<Name>,
    pub language: Name,
    pub volatility: char,
    /// As the definition has it.
    pub defined_volatility: char,
    /// The body's text.
    pub body: Arc<str>,
    /// As in [`crate::operation::CreateRoutine::atomic`].
    pub atomic: bool,
    /// Everything behind the name.
    pub definition: Arc<str>,
    /// It was altered since in a way that is not kept, or something it depends
    /// on has another name.
    pub altered: bool,
    pub operations: Arc<Vec<crate::operation::Operation>>,
}

/// Settings of the session that runs the migrations; a rollback takes them
/// back, the next migration starts afresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub search_path: Vec<Name>,
    /// It was set to nothing at all, as dumps do.
    pub pathless: bool,
    /// The history set it, and to schemas that are named.
    pub path_named: bool,
    /// In lower case; `None` where nobody has set it.
    pub time_zone: Option<Name>,
    /// Milliseconds; `None` for 0 and for never set.
    pub lock_timeout: Option<u64>,
    pub statement_timeout: Option<u64>,
    /// `check_function_bodies` is off.
    pub bodies_unchecked: bool,
    /// `session_replication_role` is `replica`: triggers do not fire, nor do those
    /// of foreign keys.
    pub replica: bool,
    /// What holds again after the transaction, once `SET LOCAL` was used.
    outside: Option<Box<Session>>,
}

impl Session {
    /// Is its time zone UTC, under whatever name? `None` where nobody has set it.
    pub fn is_in_utc(&self) -> Option<bool> {
        self.time_zone.as_deref().map(is_utc)
    }
}

/// The time zones for which timestamps and timestamptz are stored alike
/// (alter_type_timestamp_to_timestamptz_*).
pub fn is_utc(zone: &str) -> bool {
    [
        "utc",
        "gmt",
        "etc/utc",
        "etc/gmt",
        "uct",
        "zulu",
        "universal",
        "greenwich",
        "etc/uct",
        "etc/zulu",
        "etc/universal",
        "etc/greenwich",
        "gmt0",
        "etc/gmt0",
        "0",
        "+00",
        "+00:00",
    ]
    .iter()
    .any(|name| name.eq_ignore_ascii_case(zone))
}

impl Default for Session {
    fn default() -> Self {
        Self {
            search_path: vec!["public".into()],
            pathless: false,
            path_named: false,
            time_zone: None,
            lock_timeout: None,
            statement_timeout: None,
            bodies_unchecked: false,
            replica: false,
            outside: None,
        }
    }
}

/// How a relation's name became free.
#[derive(Clone, Debug)]
struct Departure {
    at: Place,
    /// Renamed, or moved to another schema.
    to: Option<Key>,
    /// The view that was dropped.
    view: Option<Arc<View>>,
}

/// Everything that the history has built so far.
#[derive(Default)]
pub struct Schema {
    relations: FxHashMap<Key, Relation>,
    /// Some temporary relation was ever there.
    temporary: bool,
    /// Some publication was.
    published: bool,
    /// Some operator or cast was.
    own_operators: bool,
    /// Relations that the history dropped, or that have another name since.
    dropped: FxHashMap<Key, Departure>,
    types: FxHashMap<Key, Arc<TypeEntry>>,
    domains: FxHashMap<Key, Arc<Domain>>,
    /// Overloads side by side.
    routines: FxHashMap<Key, Vec<Arc<Routine>>>,
    /// Which routines have a word, in lower case, in their text; some may be
    /// gone since.
    routine_words: FxHashMap<Name, Vec<Key>>,
    /// Which routines have a word, in lower case, in their arguments or result;
    /// some may be gone since.
    signature_words: FxHashMap<Name, Vec<Key>>,
    /// Which tables have a word, in lower case, in the types and defaults of
    /// their columns or call it in a trigger, a check or a policy, and which
    /// views call it; some may have it no more.
    table_words: FxHashMap<Name, Vec<Key>>,
    /// Which composite types have a field of a type of this name; some may have it
    /// no more.
    type_members: FxHashMap<Name, Vec<Key>>,
    /// The names that relations, columns, types and routines had before: not every
    /// text that has them followed.
    former_names: FxHashSet<Name>,
    /// The names of all types and domains that ever were, in whatever schema:
    /// most columns are of none of them.
    type_names: FxHashSet<Name>,
    schemas: FxHashMap<Name, Origin>,
    extensions: FxHashMap<Name, Arc<Extension>>,
    others: FxHashMap<(ObjectKind, Key), Arc<Other>>,
    settings: FxHashMap<Key, Arc<Vec<Setting>>>,
    /// Sequences that were ever tied to a table; what holds now stands in the
    /// sequence.
    owned: FxHashMap<Key, Vec<Key>>,
    /// Some table was mentioned that the history did not create.
    assumed: bool,
    /// Something ran that could not be read.
    blind: bool,
    /// Some role's objects were dropped, whichever they were.
    disowned: bool,
    /// PUBLIC was granted something on objects that are not named.
    public_unsure: bool,
    session: Session,
    /// With what a session begins.
    initial: Session,
    /// The server's major version, where it is certain.
    server: Option<u8>,
    /// The migration that is being applied.
    migration: MigrationIndex,
    /// What that migration created, temporary or not.
    created_now: FxHashSet<Key>,
    /// The columns that the down at hand has added so far, while one is.
    added_back: Option<FxHashSet<(Key, Name)>>,
    /// Created by the migrations before it that come with the same release.
    created_along: FxHashSet<Key>,
    /// That migration did something that could not be read.
    unsure: bool,
    journal: journal::Journal,
    /// Hashes of names that something which may not have run gave or freed, or
    /// that stand in a text which could not be read.
    doubtful: FxHashSet<u64>,
    /// Hashes of the names of all relations that ever were, in whatever schema.
    relation_names: FxHashSet<u64>,
    /// The first migration that gave constants to these rows and columns, by a
    /// hash of the table, the columns and the condition.
    written: FxHashMap<u64, MigrationIndex>,
    /// How much work went into looking for names that are nearly those of
    /// relations.
    compared: AtomicUsize,
    /// How many relations were gone through to find what a condition asks for.
    gone_through: AtomicUsize,
}

impl Routine {
    /// Does it differ from its definition?
    pub fn is_altered(&self) -> bool {
        self.altered || self.volatility != self.defined_volatility
    }

    /// Would a routine of these arguments replace it?
    pub fn takes(&self, arguments: &str) -> bool {
        self.arguments == arguments || signature::same(&self.arguments, arguments)
    }

    /// May a DROP of these arguments mean it? One of a procedure may name those
    /// that it gives back, or leave them out.
    pub fn may_be(&self, arguments: &str) -> bool {
        self.takes(arguments) || self.procedure && signature::gives_back(&self.arguments)
    }

    /// Is it a function that only a trigger, or an event trigger, calls?
    pub fn is_for_triggers(&self) -> bool {
        let returns = self.returns.as_deref().and_then(DataType::parse);
        returns.is_some_and(|ty| matches!(&*ty.name, "trigger" | "event_trigger"))
    }
}

/// The elements of a list that are not at the same place in the other: of two
/// states of one table mostly few, however many it has.
pub fn moved<'a, T>(
    list: &'a [Arc<T>],
    other: &'a [Arc<T>],
) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
    let stays = |at: usize, own: &Arc<T>| other.get(at).is_some_and(|o| Arc::ptr_eq(o, own));
    list.iter()
        .enumerate()
        .filter(move |(at, own)| !stays(*at, own))
        .map(|(_, own)| own)
}

impl TableConstraint {
    pub fn is_check(&self) -> bool {
        matches!(self.definition.kind, ConstraintKind::Check(_))
    }
}

impl Table {
    /// What the migration made itself, nobody has lived with.
    pub(super) fn note_gone(&mut self, gone: Gone) {
        let made_in = match &gone.rule {
            GoneRule::Constraint(old) => Some(old.added_in),
            GoneRule::Index(index) => match index.origin {
                Origin::Created { migration, .. } => Some(migration),
                _ => None,
            },
            GoneRule::Trigger => None,
        };
        if made_in == Some(gone.migration) {
            return;
        }
        self.gone.retain(|old| old.migration == gone.migration);
        self.gone.push(gone);
    }

    /// Is it the index of a constraint that may be checked late?
    pub fn is_deferrable_key(&self, index: &Index) -> bool {
        let constraint = index.constraint.as_ref();
        constraint
            .and_then(|name| self.constraint(name))
            .is_some_and(|constraint| constraint.definition.deferrable)
    }

    pub fn column(&self, name: &str) -> Option<&Arc<Column>> {
        self.columns.iter().find(|c| c.name.as_str() == name)
    }

    pub fn constraint(&self, name: &str) -> Option<&Arc<TableConstraint>> {
        self.constraints.iter().find(|c| c.name == name)
    }

    /// Does a key see to it that no two rows have the same value of the column?
    pub fn is_unique_by(&self, column: &str) -> bool {
        self.constraints.iter().any(|c| {
            let key = matches!(
                c.definition.kind,
                ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_)
            );
            key && c.columns.iter().eq([column])
        })
    }

    pub fn primary_key(&self) -> Option<&Arc<TableConstraint>> {
        self.constraints
            .iter()
            .find(|c| matches!(c.definition.kind, ConstraintKind::PrimaryKey(_)))
    }

    pub fn is_partitioned(&self) -> bool {
        self.partition_by.is_some()
    }

    pub fn is_temporary(&self) -> bool {
        self.persistence == Persistence::Temporary
    }

    /// Was it created by this migration?
    pub fn is_new_in(&self, migration: MigrationIndex) -> bool {
        matches!(self.origin, Origin::Created { migration: m, .. } if m == migration)
    }

    /// Was this column added by this migration (or the table with it)?
    pub fn column_is_new_in(&self, column: &str, migration: MigrationIndex) -> bool {
        self.is_new_in(migration) || self.column_added.get(column) == Some(&migration)
    }

    /// Had this column no default before this migration gave it one?
    pub fn is_defaulted_in(&self, column: &str, migration: MigrationIndex) -> bool {
        let mut columns = self.defaults.iter();
        columns.any(|(name, by, had)| name == column && *by == migration && !had)
    }

    /// Does the history know all of its columns?
    pub fn is_known(&self) -> bool {
        self.columns_known
    }
}

impl Schema {
    /// The relation that a name means here, whatever it is.
    pub fn relation(&self, name: &ObjectName) -> Option<&Relation> {
        self.relations.get(&self.resolve(name))
    }

    pub fn relation_by_key(&self, key: &Key) -> Option<&Relation> {
        self.relations.get(key)
    }

    pub fn table(&self, name: &ObjectName) -> Option<&Arc<Table>> {
        self.table_by_key(&self.resolve(name))
    }

    pub fn table_by_key(&self, key: &Key) -> Option<&Arc<Table>> {
        match self.relations.get(key) {
            Some(Relation::Table(table)) => Some(table),
            _ => None,
        }
    }

    pub fn view_by_key(&self, key: &Key) -> Option<&Arc<View>> {
        match self.relations.get(key) {
            Some(Relation::View(view)) => Some(view),
            _ => None,
        }
    }

    pub fn view(&self, name: &ObjectName) -> Option<&Arc<View>> {
        self.view_by_key(&self.resolve(name))
    }

    pub fn index_by_key(&self, key: &Key) -> Option<&Arc<Index>> {
        match self.relations.get(key) {
            Some(Relation::Index(index)) => Some(index),
            _ => None,
        }
    }

    pub fn index(&self, name: &ObjectName) -> Option<&Arc<Index>> {
        self.index_by_key(&self.resolve(name))
    }

    pub fn sequence_by_key(&self, key: &Key) -> Option<&Arc<Sequence>> {
        match self.relations.get(key) {
            Some(Relation::Sequence(sequence)) => Some(sequence),
            _ => None,
        }
    }

    /// The column that takes its default from the sequence that was made for it.
    pub fn serial_column(&self, sequence: &Sequence) -> Option<(Key, Name)> {
        let (table, name) = sequence.owned_by?;
        let column = self.table_by_key(&table)?.column(&name)?;
        column.is_of_serial().then_some((table, name))
    }

    pub fn enum_or_type(&self, key: &Key) -> Option<&Arc<TypeEntry>> {
        self.types.get(key)
    }

    /// The enum, composite or other type that a type names.
    pub fn type_of(&self, ty: &DataType) -> Option<&Arc<TypeEntry>> {
        let may_be = self.type_names.contains(&ty.name);
        may_be.then(|| self.types.get(&self.type_key(ty))).flatten()
    }

    pub fn domain(&self, key: &Key) -> Option<&Arc<Domain>> {
        self.domains.get(key)
    }

    /// The overloads of a routine.
    pub fn routines(&self, key: &Key) -> &[Arc<Routine>] {
        self.routines.get(key).map_or(&[], Vec::as_slice)
    }

    /// Is there a routine of the name that is found without a schema?
    pub fn has_routine(&self, name: &str) -> bool {
        let name = Name::new(name);
        let mut schemas = self.session.search_path.iter().copied();
        schemas.any(|schema| !self.routines(&Key::new(schema, name)).is_empty())
    }

    /// Did anything of this name ever get another?
    pub fn had_name(&self, name: &str) -> bool {
        self.former_names.contains(name)
    }

    /// Are there routines of the name, and none with these arguments? What
    /// arguments a procedure gives back need not be said.
    pub fn lacks_overload(&self, name: &ObjectName, arguments: Option<&str>) -> bool {
        let known = self.routines(&self.resolve_routine(name));
        arguments.is_some_and(|arguments| {
            !known.is_empty() && known.iter().all(|routine| !routine.may_be(arguments))
        })
    }

    /// A routine beside which one of these arguments leaves calls that could mean
    /// either, and with how many arguments they are.
    pub fn not_unique_beside(
        &self,
        name: &ObjectName,
        arguments: &str,
    ) -> Option<(&Arc<Routine>, usize)> {
        let known = self.routines(&self.resolve_routine(name));
        let replaced = known.iter().find(|routine| routine.takes(arguments));
        let mut others = known.iter().filter(|routine| !routine.takes(arguments));
        others.find_map(|other| {
            let given = signature::not_unique(&other.arguments, arguments)?;
            let before =
                replaced.and_then(|r| signature::not_unique(&other.arguments, &r.arguments));
            before.is_none().then_some((other, given))
        })
    }

    /// The user-defined type that a column's type names, as a key.
    pub fn type_key(&self, ty: &DataType) -> Key {
        match &ty.schema {
            Some(schema) => Key::new(&**schema, ty.name),
            None => self.resolve_type(&ty.name),
        }
    }

    /// Did the history drop it, or give it another name?
    pub fn was_dropped(&self, key: &Key) -> Option<Place> {
        self.dropped.get(key).map(|departure| departure.at)
    }

    /// The view that stood under this name until it was dropped.
    pub fn dropped_view(&self, key: &Key) -> Option<&Arc<View>> {
        self.dropped.get(key)?.view.as_ref()
    }

    /// The name that a relation got instead of this one.
    pub fn renamed_to(&self, key: &Key) -> Option<&Key> {
        self.dropped.get(key)?.to.as_ref()
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The migration that is being applied.
    pub fn migration(&self) -> MigrationIndex {
        self.migration
    }

    /// Has the history created every relation that it mentioned so far?
    pub fn is_complete(&self) -> bool {
        !self.assumed
    }

    /// Has it created every relation of a schema that it mentioned so far? What
    /// another schema was filled with by others says nothing of this one.
    pub fn is_complete_in(&self, schema: &str) -> bool {
        let is_assumed = |(key, relation): (&Key, &Relation)| {
            key.schema == schema && relation.origin() == Origin::Assumed
        };
        !self.assumed || !self.relations.iter().any(is_assumed)
    }

    /// Would it have made a routine of this name, if there were one? So it is
    /// where it makes those of the schema, or all else there.
    pub fn makes_routines(&self, like: &Key) -> bool {
        let by_another = |r: &Arc<Routine>| match r.origin {
            Origin::Created { migration, .. } => migration != self.migration,
            Origin::Assumed => false,
        };
        let makes = |(key, all): (&Key, &Vec<Arc<Routine>>)| {
            key.schema == like.schema && (key == like || all.iter().any(by_another))
        };
        self.is_complete_in(&like.schema) || self.routines.iter().any(makes)
    }

    /// Did the migration that is being applied make a relation, which no other
    /// knew under any name?
    pub fn is_own(&self, key: &Key) -> bool {
        let is_of_now = |origin: Origin| match origin {
            Origin::Created { migration, .. } => migration == self.migration,
            // A branch has dropped it, and what comes behind takes it for there.
            Origin::Assumed => true,
        };
        let origin = self.relation_by_key(key).map(Relation::origin);
        self.created_now.contains(key) && origin.is_some_and(is_of_now)
    }

    /// Is what the history never made most likely not there? Only where it made
    /// all that it mentioned, was read to the last statement, and took nothing
    /// in with an extension.
    pub fn is_whole(&self) -> bool {
        let makes_something = !self.relations.is_empty() || !self.types.is_empty();
        makes_something && !self.assumed && !self.blind && self.extensions.is_empty()
    }

    /// Did the history ever make operators or casts of its own?
    pub fn has_own_operators(&self) -> bool {
        self.own_operators
    }

    /// Was every statement so far read?
    pub fn has_read_all(&self) -> bool {
        !self.blind
    }

    /// The relations of this name in any schema.
    pub fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (&'s Key, &'s Relation)> {
        let all = self
            .has_name(name)
            .then(|| self.relations.iter())
            .into_iter()
            .flatten();
        all.filter(move |(key, _)| key.name == name)
    }

    /// May there be a relation of this name, in whatever schema?
    fn has_name(&self, name: &str) -> bool {
        self.relation_names.contains(&name_hash(name))
    }

    /// Is there a relation of this name in any schema?
    pub fn has_elsewhere(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// Is there a type or domain of that name, in whatever schema?
    pub fn has_type_elsewhere(&self, name: &str) -> bool {
        self.type_names.contains(name)
            && (self.types.keys().chain(self.domains.keys())).any(|key| key.name == name)
    }

    /// Does the history know of this schema?
    pub fn has_namespace(&self, name: &str) -> bool {
        name == "public"
            || is_system(name)
            || self.schemas.contains_key(name)
            || self.relations.keys().any(|key| key.schema == name)
    }

    /// Has the migration that is being applied done something that could not be
    /// read? What exists now is a guess until it ends.
    pub fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// Can nobody but the migration that is being applied see it?
    pub fn is_hidden_name(&self, name: &ObjectName) -> bool {
        let key = self.resolve(name);
        self.is_created_now(&key) || self.table_by_key(&key).is_some_and(|t| t.is_temporary())
    }

    /// Is a down at hand?
    pub fn goes_back(&self) -> bool {
        self.added_back.is_some()
    }

    /// Does nobody but the script at hand know the column? In a down it is not
    /// new by what the up did: the release that runs was made for that.
    pub fn is_column_of_now(&self, table: &ObjectName, column: &str) -> bool {
        let key = self.resolve(table);
        match &self.added_back {
            Some(added) => added.contains(&(key, Name::new(column))),
            None => self
                .table_by_key(&key)
                .is_some_and(|t| t.column_is_new_in(column, self.migration)),
        }
    }

    /// Did the migration that is being applied create this relation?
    pub fn is_created_now(&self, key: &Key) -> bool {
        self.created_now.contains(key) || self.created_along.contains(key)
    }

    /// In no particular order, as all that follow.
    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.relations.values()
    }

    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.relations().filter_map(|relation| match relation {
            Relation::Table(table) => Some(table),
            _ => None,
        })
    }

    /// Something that a schema holds, the first by name.
    pub fn first_within(&self, schema: &str) -> Option<&Key> {
        let keys = self.relations.keys().chain(self.types.keys());
        let keys = keys.chain(self.domains.keys()).chain(self.routines.keys());
        keys.filter(|key| key.schema == schema).min()
    }

    pub fn types(&self) -> impl Iterator<Item = &Arc<TypeEntry>> {
        self.types.values()
    }

    pub fn domains(&self) -> impl Iterator<Item = &Arc<Domain>> {
        self.domains.values()
    }
}

/// The server's own schemas, and that of temporary tables.
pub fn is_system(schema: &str) -> bool {
    schema.starts_with("pg_") || schema == "information_schema"
}
