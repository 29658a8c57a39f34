//! What a statement needs to be there, and of which kind: the server refuses a
//! table that is a view, and a name that nothing has.
//!
//! That a name is of another kind is known; that nothing has it is believed of
//! a history that is whole ([`Schema::is_whole`]), and said as such.
//!
//! [`Schema::is_whole`]: crate::schema::Schema::is_whole

use crate::effect::Ground;
use crate::operation::{
    Action, ConstraintKind, CreateTable, DataType, ObjectKind, ObjectName, Persistence,
    ReindexTarget,
};
use crate::schema::{self, Key, Origin, Relation, is_system};
use crate::statement::cursor::string_value;
use crate::statement::lexer::{Token, TokenKind};
use crate::text::holds;

use super::Work;
use super::data::{BuiltIn, function, table_action};
use super::expr::{Tokens, is_word};
use super::query::relations;
use super::table::label;
use super::type_change::is_built_in;

use ObjectKind::{ForeignTable, Index, MaterializedView, Sequence, Table, View};

/// Kinds of relations; any kind where the list is empty.
type Kinds = &'static [ObjectKind];

const ANY: Kinds = &[];
const PLAIN: Kinds = &[Table];
const TABLES: Kinds = &[Table, ForeignTable];
const STORED: Kinds = &[Table, MaterializedView];
const WRITTEN: Kinds = &[Table, ForeignTable, View];
const READ: Kinds = &[Table, ForeignTable, View, MaterializedView, Sequence];

/// A relation that a statement names.
struct Need<'n> {
    name: &'n ObjectName,
    kinds: Kinds,
    /// The statement does nothing where it is missing.
    if_exists: bool,
}

impl<'n> Need<'n> {
    fn of(name: &'n ObjectName, kinds: Kinds) -> Self {
        Self {
            name,
            kinds,
            if_exists: false,
        }
    }
}

/// What became of the things that a statement needs.
#[derive(PartialEq)]
pub(super) enum Presence {
    /// They are there, or may be.
    There,
    /// IF EXISTS finds nothing to do.
    Skipped,
}

impl Work<'_> {
    /// Refuses what is missing or of another kind.
    pub(super) fn presence(&mut self) -> Presence {
        let action = &self.scene.operation.action;
        let mut presence = Presence::There;
        self.check_place(action);
        self.needs_of(action, &mut |work, need| {
            if work.check_need(&need) == Presence::Skipped {
                presence = Presence::Skipped;
            }
        });
        self.check_queries(action);
        self.check_sequences(action);
        self.check_types(action);
        self.check_routines(action);
        self.check_namespaces(action);
        presence
    }

    /// Where the search path is empty, what is created needs a schema
    /// (search_path_empty_create).
    fn check_place(&mut self, action: &Action) {
        let name = match action {
            Action::CreateTable(create) if create.persistence != Persistence::Temporary => {
                &create.name
            }
            Action::CreateView(create) if !create.temporary => &create.name,
            Action::CreateSequence {
                name,
                temporary: false,
                ..
            } => name,
            Action::CreateType(create) => &create.name,
            Action::CreateDomain(create) => &create.name,
            Action::CreateRoutine(create) => &create.name,
            _ => return,
        };
        self.check_schema_named(name);
    }

    /// With an empty search path a name alone means nothing but what is
    /// temporary, or the server's own (search_path_empty_*).
    fn check_schema_named(&mut self, name: &ObjectName) {
        if self.is_out_of_path(name) {
            self.refuse(format!(
                "`{name}` names no schema, and the search path was set to none"
            ));
        }
    }

    fn is_out_of_path(&self, name: &ObjectName) -> bool {
        self.schema.session().pathless && name.schema.is_none() && !name.template
    }

    fn check_need(&mut self, need: &Need<'_>) -> Presence {
        let key = self.resolve(need.name);
        if !is_system(&key.schema) && !key.name.starts_with("pg_") {
            if need.if_exists && self.is_out_of_path(need.name) {
                return Presence::Skipped;
            }
            self.check_schema_named(need.name);
        }
        if let Some(relation) = self.schema.relation_by_key(&key) {
            let kind = kind_of(relation);
            let seen = relation.created_at().is_some();
            if seen && !need.kinds.is_empty() && !need.kinds.contains(&kind) {
                self.refuse(format!("`{key}` is {}", with_article(kind)));
            }
            return Presence::There;
        }
        if !need.if_exists && self.is_made_away(need.name, &key) {
            self.refuse(format!("`{key}` does not exist any more"));
            return Presence::There;
        }
        if let Some(other) = self
            .out_of_sight(need.name, &key)
            .filter(|_| !need.if_exists)
        {
            let why = match self.schema.session().path_named {
                true => format!("`{other}` is in no schema of the search path, which was set"),
                false => format!(
                    "`{other}` is in no schema of the search path, for all that is set here"
                ),
            };
            self.refuse_unmade(Ground::Unmade, why);
        }
        if !self.is_missing_relation(need.name, &key) {
            return Presence::There;
        }
        if need.if_exists {
            return Presence::Skipped;
        }
        self.refuse_unmade_relation(&key, need.kinds);
        Presence::There
    }

    /// Has the history taken it away, or given it another name? Of what is
    /// altered, dropped or renamed, replaying says so
    /// ([`crate::schema::Conflict`]).
    fn is_made_away(&self, name: &ObjectName, key: &Key) -> bool {
        let action = &self.scene.operation.action;
        let replayed = match action {
            Action::Drop { .. }
            | Action::Rename { .. }
            | Action::SetSchema { .. }
            | Action::CreateIndex(_) => true,
            action => action.target().is_some_and(|t| t.name == *name),
        };
        !replayed
            && !name.template
            && self.schema.was_dropped(key).is_some()
            && self.schema.has_read_all()
            && !self.schema.has_elsewhere(&key.name)
    }

    /// The relation of that name in a schema that the search path does not name:
    /// where the history set the path (search_path_elsewhere_*), or as far as it
    /// has shown one.
    fn out_of_sight(&self, name: &ObjectName, key: &Key) -> Option<Key> {
        let alone = name.schema.is_none() && !name.template && !is_system(&key.schema);
        let is_whole = self.schema.session().path_named && self.schema.is_whole();
        let mut named = self.schema.named(&key.name);
        let made = named.find(|(_, relation)| match relation.origin() {
            // What the up has made by the name of its schema, its down does not
            // reach without.
            Origin::Created { migration, .. } => {
                let is_of_up = self.schema.goes_back() && migration == self.schema.migration();
                is_whole || is_of_up && self.schema.has_read_all()
            }
            Origin::Assumed => false,
        });
        let is_written_out = |key: &&Key| !key.schema.contains(['$', '{']);
        made.map(|(key, _)| key)
            .filter(|_| alone)
            .filter(is_written_out)
            .copied()
    }

    /// Is nothing of that name there, as far as a whole history shows?
    fn is_missing_relation(&self, name: &ObjectName, key: &Key) -> bool {
        !name.template
            && self.schema.is_whole()
            && self.schema.was_dropped(key).is_none()
            && !is_system(&key.schema)
            && !key.name.starts_with("pg_")
            && !self.schema.has_elsewhere(&key.name)
    }

    /// Tables and views may belong to somebody else; indexes and sequences come
    /// with their tables.
    pub(super) fn refuse_unmade_relation(&mut self, key: &Key, kinds: Kinds) {
        match self.schema.nearly_named(key) {
            // The server names it, and from an expression not as is known here.
            _ if self.may_name_index(key) => {}
            None if matches!(kinds, [Index | Sequence]) => {
                self.refuse_unmade(Ground::Unmade, format!("no migration creates `{key}`"));
            }
            Some(near) => {
                let why = format!("no migration creates `{key}`, and `{near}` is there");
                self.refuse_unmade(Ground::Unmade, why);
            }
            None => {
                self.refuse_unmade(Ground::Elsewhere, format!("no migration creates `{key}`"));
            }
        }
    }

    /// Could it be the name that the server gave to an index with expressions,
    /// or to one of an exclusion constraint?
    fn may_name_index(&self, key: &Key) -> bool {
        let named_by_server = |index: &schema::Index| {
            index.columns.iter().any(|column| column.is_empty())
                || !index.exprs.is_empty()
                || !index.unique && index.constraint.is_some()
        };
        self.schema.tables().any(|table| {
            let begins = key.name.strip_prefix(table.key.name.as_str());
            begins.is_some_and(|rest| rest.starts_with('_'))
                && self.indexes_of(Some(table)).any(named_by_server)
        })
    }

    /// What stands in a schema of somebody else is somebody else's.
    pub(super) fn refuse_unmade_name(&mut self, key: &Key, what: &str) {
        let ground = match self.schema.has_namespace(&key.schema) {
            true => Ground::Unmade,
            false => Ground::Elsewhere,
        };
        self.refuse_unmade(ground, format!("no migration creates {what} `{key}`"));
    }

    /// The relations that an action names and does not create, queries left
    /// out.
    fn needs_of(&mut self, action: &Action, check: &mut dyn FnMut(&mut Self, Need<'_>)) {
        if let Some(target) = action.target() {
            let need = Need {
                name: &target.name,
                kinds: table_action(label(action)).on,
                if_exists: target.if_exists,
            };
            check(self, need);
        }
        match action {
            Action::AddConstraint { constraint, .. } => {
                if let ConstraintKind::ForeignKey(foreign) = &constraint.kind {
                    check(self, Need::of(&foreign.references, PLAIN));
                }
            }
            Action::AddColumn { constraints, .. } => {
                for constraint in constraints {
                    if let ConstraintKind::ForeignKey(foreign) = &constraint.kind {
                        check(self, Need::of(&foreign.references, PLAIN));
                    }
                }
            }
            Action::AttachPartition { partition, .. } => check(self, Need::of(partition, TABLES)),
            Action::DetachPartition { partition, .. } => check(self, Need::of(partition, TABLES)),
            Action::Inherit { parent, .. } | Action::NoInherit { parent, .. } => {
                check(self, Need::of(parent, TABLES));
            }
            Action::CreateTable(create) => self.needs_of_table(create, check),
            Action::CreateIndex(create) => check(self, Need::of(&create.table, STORED)),
            Action::Drop {
                kind,
                name,
                on,
                if_exists,
                ..
            } => {
                let need = match on {
                    Some(on) => Some(Need::of(on, WRITTEN)),
                    None => relation_kinds(*kind).map(|kinds| Need::of(name, kinds)),
                };
                if let Some(need) = need {
                    let if_exists = *if_exists;
                    check(self, Need { if_exists, ..need });
                }
            }
            Action::Rename {
                kind,
                name,
                on,
                if_exists,
                ..
            } => {
                let need = match (on, kind) {
                    (Some(on), _) => Some(Need::of(on, WRITTEN)),
                    (None, Table | Index) => Some(Need::of(name, ANY)),
                    (None, kind) => relation_kinds(*kind).map(|kinds| Need::of(name, kinds)),
                };
                if let Some(need) = need {
                    let if_exists = *if_exists;
                    check(self, Need { if_exists, ..need });
                }
            }
            Action::SetSchema {
                kind,
                name,
                if_exists,
                ..
            }
            | Action::SetOwner {
                kind,
                name,
                if_exists,
                ..
            } => {
                let kinds = match kind {
                    Table => Some(READ),
                    kind => relation_kinds(*kind),
                };
                if let Some(kinds) = kinds {
                    let if_exists = *if_exists;
                    let need = Need::of(name, kinds);
                    check(self, Need { if_exists, ..need });
                }
            }
            Action::AlterSequence {
                name, if_exists, ..
            } => {
                let if_exists = *if_exists;
                let need = Need::of(name, &[Sequence]);
                check(self, Need { if_exists, ..need });
            }
            Action::SetTablespace {
                kind: Table, name, ..
            } => check(self, Need::of(name, STORED)),
            Action::Comment { kind, name, on, .. } => match on {
                Some(on) if self.schema.domain(&self.type_of_name(on)).is_none() => {
                    check(self, Need::of(on, WRITTEN));
                }
                _ => {
                    if let Some(kinds) = relation_kinds(*kind) {
                        check(self, Need::of(name, kinds));
                    }
                }
            },
            Action::Grant(grant) if matches!(grant.on, Table | Sequence) => {
                let kinds = match grant.on {
                    Table => READ,
                    _ => &[Sequence],
                };
                for name in &grant.objects {
                    check(self, Need::of(name, kinds));
                }
            }
            Action::RefreshView { name, .. } => {
                check(self, Need::of(name, &[MaterializedView]));
            }
            Action::OtherViewChange { name } => {
                check(self, Need::of(name, &[View, MaterializedView]));
            }
            Action::CreateTrigger(create) => check(self, Need::of(&create.table, WRITTEN)),
            Action::CreatePolicy { table, .. } | Action::AlterPolicy { table, .. } => {
                check(self, Need::of(table, PLAIN));
            }
            Action::CreateRule { table, .. } => check(self, Need::of(table, &[Table, View])),
            Action::CreateStatistics {
                table: Some(table), ..
            } => check(
                self,
                Need::of(table, &[Table, ForeignTable, MaterializedView]),
            ),
            Action::AlterPublication { tables, .. } => {
                for table in tables {
                    check(self, Need::of(table, PLAIN));
                }
            }
            Action::Cluster {
                table: Some(table), ..
            } => check(self, Need::of(table, STORED)),
            Action::LockTable { tables, .. } => {
                for table in tables {
                    check(self, Need::of(table, &[Table, View]));
                }
            }
            Action::Truncate { tables, .. } => {
                for table in tables {
                    check(self, Need::of(table, TABLES));
                }
            }
            Action::Analyze { tables } | Action::Vacuum { tables, .. } => {
                for table in tables {
                    check(self, Need::of(table, ANY));
                }
            }
            Action::Reindex {
                target: ReindexTarget::Table,
                name: Some(name),
                ..
            } => check(self, Need::of(name, STORED)),
            Action::Reindex {
                target: ReindexTarget::Index,
                name: Some(name),
                ..
            }
            | Action::OtherIndexChange { index: name, .. } => {
                check(self, Need::of(name, &[Index]));
            }
            Action::AttachIndexPartition { index, child } => {
                check(self, Need::of(index, &[Index]));
                check(self, Need::of(child, &[Index]));
            }
            Action::Insert(insert) => check(self, Need::of(&insert.table, WRITTEN)),
            Action::Update(update) => check(self, Need::of(&update.table, WRITTEN)),
            Action::Delete(delete) => check(self, Need::of(&delete.table, WRITTEN)),
            Action::Merge(merge) => check(self, Need::of(&merge.table, WRITTEN)),
            Action::Copy {
                table: Some(table),
                from: true,
                ..
            } => check(self, Need::of(table, WRITTEN)),
            Action::Copy {
                table: Some(table), ..
            } => check(self, Need::of(table, STORED)),
            _ => {}
        }
    }

    fn needs_of_table(&mut self, create: &CreateTable, check: &mut dyn FnMut(&mut Self, Need<'_>)) {
        for parent in &create.inherits {
            check(self, Need::of(parent, TABLES));
        }
        for like in &create.like {
            check(self, Need::of(&like.table, READ));
        }
        if let Some(partition_of) = &create.partition_of {
            check(self, Need::of(&partition_of.parent, PLAIN));
        }
        for constraint in &create.constraints {
            if let ConstraintKind::ForeignKey(foreign) = &constraint.kind
                && foreign.references != create.name
            {
                check(self, Need::of(&foreign.references, PLAIN));
            }
        }
    }

    /// The sequences that a statement counts with or sets, by a name in quotes: the
    /// server looks for them before it runs (nextval_*, setval_*).
    fn check_sequences(&mut self, action: &Action) {
        let texts: [Option<&str>; 2] = match action {
            Action::Select { query, .. } => [Some(&query.text), None],
            Action::Insert(insert) => [
                insert.values.as_ref().map(|values| &*values.text),
                insert.query.as_ref().map(|query| &*query.text),
            ],
            Action::Update(update) => [Some(&update.assignments.text), None],
            _ => return,
        };
        for text in texts.into_iter().flatten() {
            if holds(text, "val") {
                self.check_sequences_exist(text);
            }
            if holds(text, "pg_get_serial_sequence") {
                self.check_serial_columns(text);
            }
        }
    }

    /// The columns of which `pg_get_serial_sequence('t', 'c')` asks
    /// (serial_sequence_*).
    fn check_serial_columns(&mut self, text: &str) {
        let tokens = Tokens::of(text);
        // It is asked while the statement runs, for rows that may not be there.
        let always = !["WHERE", "CASE", "LIMIT"]
            .iter()
            .any(|word| tokens.list.iter().any(|t| is_word(*t, text, word)));
        for window in tokens.list.windows(5).filter(|_| always) {
            let [call, _, table, comma, column] = window else {
                continue;
            };
            let literal = |token: Token| string_value(token, text);
            if is_word(*call, text, "pg_get_serial_sequence")
                && comma.kind == TokenKind::Comma
                && let (Some(table), Some(column)) = (literal(*table), literal(*column))
                && let Some(key) = self.quoted_key(&table)
            {
                match self.schema.relation_by_key(&key) {
                    Some(_) => self.refuse_missing_column(&key, &column),
                    None => self.check_quoted_relation(&key, PLAIN),
                }
            }
        }
    }

    /// A relation that is named in quotes, and is not there.
    fn check_quoted_relation(&mut self, key: &Key, kinds: Kinds) {
        if self.schema.has_elsewhere(&key.name) || key.name.contains(['{', '$']) {
            return;
        }
        if self.schema.was_dropped(key).is_some() {
            if self.schema.has_read_all() {
                self.refuse(format!("`{key}` does not exist any more"));
            }
        } else if self.schema.is_whole() {
            self.refuse_unmade_relation(key, kinds);
        }
    }

    /// The sequences that an expression counts with (set_default_missing_sequence).
    pub(super) fn check_sequences_exist(&mut self, default: &str) {
        for key in self.sequences_used(default) {
            match self.schema.relation_by_key(&key) {
                None => self.check_quoted_relation(&key, &[Sequence]),
                Some(relation) => {
                    let kind = kind_of(relation);
                    if kind != Sequence && relation.created_at().is_some() {
                        self.refuse(format!("`{key}` is {}", with_article(kind)));
                    }
                }
            }
        }
    }

    /// A publication has tables alone.
    pub(super) fn check_published(&mut self, name: &ObjectName) {
        self.check_need(&Need::of(name, PLAIN));
    }

    /// What queries read.
    fn check_queries(&mut self, action: &Action) {
        let text = match action {
            Action::CreateTable(create) => create.source.as_ref().map(|query| &query.text),
            Action::CreateView(create) => Some(&create.query.text),
            // In a block INTO names variables.
            Action::Select { query, .. } if !self.scene.operation.within.block => Some(&query.text),
            Action::Insert(insert) => insert.query.as_ref().map(|query| &query.text),
            Action::Copy { query, .. } => query.as_ref().map(|query| &query.text),
            // The server looks at it when it is created.
            Action::CreateRoutine(create)
                if create.language == "sql" && !self.schema.session().bodies_unchecked =>
            {
                Some(&create.body_text)
            }
            _ => None,
        };
        let own = match action {
            Action::CreateView(create) => Some(self.new_key(&create.name, create.temporary)),
            _ => None,
        };
        if let Some(text) = text {
            let arguments = match action {
                // Behind the name of the routine, too.
                Action::CreateRoutine(create) => {
                    format!("{}, {}", create.name.name, create.arguments)
                }
                _ => String::new(),
            };
            // In a block a name may be that of a variable, in a view it is not.
            if !self.scene.operation.within.block || own.is_some() {
                self.check_query_columns(text, &arguments);
            }
            self.refuse_unequal(text);
        }
        for name in text.map_or(Vec::new(), |text| relations(text)) {
            let key = self.resolve(&name);
            let is_there =
                self.schema.relation_by_key(&key).is_some() || own.as_ref() == Some(&key);
            if !is_there
                && self.is_missing_relation(&name, &key)
                && !self.is_named_around(&name, &key)
            {
                self.refuse_unmade_relation(&key, READ);
            }
        }
    }

    /// Does a WITH of the same statement give that name to what no relation has?
    /// What writes in there is an operation of its own (with_writes_from_with).
    pub(super) fn is_named_around(&self, name: &ObjectName, key: &Key) -> bool {
        if name.schema.is_some() || self.schema.relation_by_key(key).is_some() {
            return false;
        }
        self.names_of_with().contains(&name.name)
    }

    /// The types of columns, and those that a statement changes.
    fn check_types(&mut self, action: &Action) {
        match action {
            Action::CreateTable(create) => {
                for column in &create.columns {
                    self.check_type(&column.ty);
                }
            }
            Action::AddColumn { column, .. } => self.check_type(&column.ty),
            Action::AlterColumnType { ty, .. } => {
                if ty.is_serial() {
                    self.refuse(format!("{ty} is a type for new columns alone"));
                }
                self.check_type(ty);
            }
            Action::CreateDomain(create) => self.check_type(&create.base),
            Action::AddEnumValue { name, .. }
            | Action::RenameEnumValue { name, .. }
            | Action::AlterComposite { name, .. }
            | Action::AlterDomain { name, .. } => self.check_type_name(name),
            Action::Drop {
                kind: ObjectKind::Type | ObjectKind::Domain,
                name,
                if_exists: false,
                ..
            }
            | Action::Rename {
                kind: ObjectKind::Type | ObjectKind::Domain,
                name,
                on: None,
                ..
            }
            | Action::Comment {
                kind: ObjectKind::Type | ObjectKind::Domain,
                name,
                ..
            } => self.check_type_name(name),
            _ => {}
        }
    }

    fn check_type(&mut self, ty: &DataType) {
        let known = is_built_in(ty) || ty.is_serial() || OTHER_TYPES.contains(&ty.name.as_str());
        if !known && !ty.name.contains(['{', '$', '%']) {
            let key = self.schema.type_key(ty);
            self.check_type_key(&key);
        }
    }

    fn check_type_name(&mut self, name: &ObjectName) {
        if !name.template {
            let key = self.type_of_name(name);
            self.check_type_key(&key);
        }
    }

    fn check_type_key(&mut self, key: &Key) {
        let known = self.schema.enum_or_type(key).is_some()
            || self.schema.domain(key).is_some()
            || self.schema.has_elsewhere(&key.name)
            || self.schema.has_type_elsewhere(&key.name);
        if !known && self.schema.is_whole() && !is_system(&key.schema) {
            self.refuse_unmade_name(key, "type");
        }
    }

    fn check_routines(&mut self, action: &Action) {
        let name = match action {
            Action::Call { routine } => routine,
            Action::Drop {
                kind: ObjectKind::Function | ObjectKind::Procedure,
                name,
                if_exists: false,
                ..
            }
            | Action::AlterRoutine { name, .. } => name,
            Action::CreateTrigger(create) => match &create.function {
                Some(function) => function,
                None => return,
            },
            _ => return,
        };
        let key = self.schema.resolve_routine(name);
        let comes_along = function(&name.name, 0, self.version) != BuiltIn::Unknown;
        let known = !self.schema.routines(&key).is_empty() || comes_along || name.template;
        if !known && self.schema.is_whole() && !is_system(&key.schema) {
            self.refuse_unmade_name(&key, "routine");
        }
    }

    /// The schemas that new objects go into, and those that change.
    fn check_namespaces(&mut self, action: &Action) {
        let (name, template) = match action {
            Action::CreateTable(create) => match &create.name.schema {
                Some(schema) => (schema, create.name.template),
                None => return,
            },
            Action::SetSchema { to, .. } => (&to.name, to.template),
            Action::Drop {
                kind: ObjectKind::Schema,
                name,
                if_exists: false,
                ..
            }
            | Action::Rename {
                kind: ObjectKind::Schema,
                name,
                ..
            } => (&name.name, name.template),
            _ => return,
        };
        if !template && self.schema.is_whole() && !self.schema.has_namespace(name) {
            self.refuse_unmade(
                Ground::Unmade,
                format!("no migration creates schema `{name}`"),
            );
        }
    }
}

/// Types of the server whose conversions are not measured.
const OTHER_TYPES: &[&str] = &[
    "\"char\"",
    "aclitem",
    "any",
    "anyarray",
    "anyelement",
    "anyenum",
    "box",
    "bpchar",
    "circle",
    "cstring",
    "datemultirange",
    "daterange",
    "event_trigger",
    "fdw_handler",
    "gtsvector",
    "int2vector",
    "int4multirange",
    "int4range",
    "int8multirange",
    "int8range",
    "internal",
    "jsonpath",
    "language_handler",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "name",
    "nummultirange",
    "numrange",
    "oid",
    "oidvector",
    "path",
    "pg_lsn",
    "pg_snapshot",
    "point",
    "polygon",
    "record",
    "refcursor",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "tid",
    "trigger",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "unknown",
    "void",
    "xid",
    "xid8",
    "xml",
];

/// The kinds that a word in a statement admits, where it names relations.
fn relation_kinds(kind: ObjectKind) -> Option<Kinds> {
    Some(match kind {
        Table => PLAIN,
        ForeignTable => &[ForeignTable],
        View => &[View],
        MaterializedView => &[MaterializedView],
        Index => &[Index],
        Sequence => &[Sequence],
        _ => return None,
    })
}

fn kind_of(relation: &Relation) -> ObjectKind {
    match relation {
        Relation::Table(table) if table.foreign => ForeignTable,
        Relation::Table(_) => Table,
        Relation::View(view) if view.materialized => MaterializedView,
        Relation::View(_) => View,
        Relation::Index(_) => Index,
        Relation::Sequence(_) => Sequence,
    }
}

fn with_article(kind: ObjectKind) -> String {
    match kind {
        Index => "an index".to_owned(),
        kind => format!("a {}", kind.word()),
    }
}
