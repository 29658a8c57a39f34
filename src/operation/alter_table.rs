//! ALTER TABLE, action by action: what one action cannot say, the next still
//! does. Views, materialized views and indexes take some of the same actions
//! and are read here too.

use smol_str::SmolStr;
use std::sync::Arc;
use thin_vec::{ThinVec, thin_vec};

use super::alter_relation::shared_action;
use super::column::{column, generated_how};
use super::constraint::{at_stray, at_table_constraint, table_constraint};
use super::create_table::bound;
use super::reader::{Reader, inside};
use super::{
    Action, ColumnOption, DataType, DetachMode, Ident, ObjectKind, ObjectName, ReplicaIdentity,
    RowSecurity, SequenceOption, Target, sequence,
};
use crate::name::{Name, name};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

type Done = Result<(), SmolStr>;

/// `ALTER [FOREIGN] TABLE`.
pub fn read(r: &mut Reader<'_>) {
    r.cursor.eat_word("ALTER");
    let kind = match r.cursor.eat_word("FOREIGN") {
        true => ObjectKind::ForeignTable,
        false => ObjectKind::Table,
    };
    r.cursor.eat_word("TABLE");
    if all_in_tablespace(r, kind) {
        return;
    }
    relation(r, kind);
}

/// `ALL IN TABLESPACE`, behind TABLE, INDEX or MATERIALIZED VIEW.
pub fn all_in_tablespace(r: &mut Reader<'_>, kind: ObjectKind) -> bool {
    if !r.cursor.eat_words(&["ALL", "IN", "TABLESPACE"]) {
        return false;
    }
    let Some(from) = r.name() else {
        r.expected("a tablespace");
        return true;
    };
    if r.cursor.eat_words(&["OWNED", "BY"]) {
        r.cursor.skip_until(|c| c.at_word("SET"));
    }
    let to = match r.cursor.eat_words(&["SET", "TABLESPACE"]) {
        true => r.name(),
        false => None,
    };
    let Some(to) = to else {
        r.expected("`SET TABLESPACE`");
        return true;
    };
    r.cursor.eat_word("NOWAIT");
    let place = from.span;
    r.push_whole(Action::MoveTablespace { kind, from, to }, place);
    true
}

/// With the cursor at `[IF EXISTS] [ONLY] name`: the name and the actions
/// behind it.
pub fn relation(r: &mut Reader<'_>, kind: ObjectKind) {
    let if_exists = r.cursor.eat_if_exists();
    let only = r.cursor.eat_word("ONLY");
    let name = match r.object_name() {
        Some(name) => name,
        None => return r.expected("a name"),
    };
    r.cursor.eat_operator("*");
    let subject = Subject {
        kind,
        target: Arc::new(Target {
            name,
            if_exists,
            only,
        }),
    };
    if r.cursor.done() {
        return r.expected("an action");
    }
    subject.actions(r);
}

/// What the statement alters.
struct Subject {
    kind: ObjectKind,
    target: Arc<Target>,
}

impl Subject {
    fn actions(&self, r: &mut Reader<'_>) {
        loop {
            let mark = r.cursor.mark();
            if let Err(why) = self.action(r, mark) {
                r.unparsed_item(mark, why);
            } else if !r.cursor.done() && !r.cursor.at_kind(TokenKind::Comma) {
                let why = r.why_unexpected();
                r.unparsed_item(mark, why);
            }
            if !r.cursor.eat(TokenKind::Comma) {
                return;
            }
        }
    }

    fn action(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let name = &self.target.name;
        if shared_action(r, self.kind, name, self.target.if_exists) {
            return Ok(());
        }
        let Some(verb) = r.cursor.eat_any(&[
            "ADD", "ALTER", "DROP", "SET", "RESET", "RENAME", "VALIDATE", "ENABLE", "DISABLE",
            "FORCE", "NO", "ATTACH", "DETACH", "CLUSTER", "INHERIT", "OF", "NOT", "REPLICA",
            "OPTIONS", "DEPENDS",
        ]) else {
            return Err(r.why_expected("an action of ALTER"));
        };
        match verb {
            "ADD" => self.add(r, mark),
            "ALTER" => self.alter(r, mark),
            "DROP" => self.drop(r, mark),
            "SET" => self.set(r, mark),
            "RESET" => self.parameters(r, mark),
            "RENAME" => self.rename(r, mark),
            "VALIDATE" => self.validate(r, mark),
            "ENABLE" | "DISABLE" => self.toggle(r, mark, verb == "ENABLE"),
            "FORCE" => self.row_security(r, mark, RowSecurity::Force),
            "NO" => self.no(r, mark),
            "ATTACH" => self.attach(r, mark),
            "DETACH" => self.detach(r, mark),
            "CLUSTER" => self.cluster_on(r, mark),
            "INHERIT" => self.inherit(r, mark, true),
            "OF" => self.of_type(r, mark),
            "NOT" => self.not_of(r, mark),
            "REPLICA" => self.replica_identity(r, mark),
            "OPTIONS" => self.options(r, mark),
            _ => self.depends(r, mark),
        }
    }

    fn table(&self) -> Arc<Target> {
        Arc::clone(&self.target)
    }

    /// Adds the operation of the action that began at `mark`.
    fn push(&self, r: &mut Reader<'_>, mark: usize, place: Span, action: Action) -> Done {
        let clause = r.cursor.span_from(mark);
        r.push(action, place, clause);
        Ok(())
    }

    fn on_table(&self, r: &mut Reader<'_>, mark: usize, action: Action) -> Done {
        self.push(r, mark, self.target.name.span, action)
    }

    fn add(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        if at_table_constraint(&r.cursor) {
            let constraint = table_constraint(r)?;
            let place = constraint
                .name
                .as_ref()
                .map_or(constraint.span, |name| name.span);
            let table = self.table();
            return self.push(r, mark, place, Action::AddConstraint { table, constraint });
        }
        r.cursor.eat_word("COLUMN");
        let if_not_exists = r.cursor.eat_if_not_exists();
        let definition = column(r, true)?;
        let place = definition.column.span;
        let action = Action::AddColumn {
            table: self.table(),
            if_not_exists,
            column: definition.column,
            constraints: definition.constraints,
        };
        self.push(r, mark, place, action)
    }

    fn drop(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let constraint = r.cursor.eat_word("CONSTRAINT");
        if !constraint {
            r.cursor.eat_word("COLUMN");
        }
        let if_exists = r.cursor.eat_if_exists();
        let name = r.name();
        let what = if constraint {
            "a constraint"
        } else {
            "a column"
        };
        let name = r.need(name, what)?;
        let cascade = r.cursor.eat_any(&["CASCADE", "RESTRICT"]) == Some("CASCADE");
        let (table, place) = (self.table(), name.span);
        let action = match constraint {
            true => Action::DropConstraint {
                table,
                name,
                if_exists,
                cascade,
            },
            false => Action::DropColumn {
                table,
                column: name,
                if_exists,
                cascade,
            },
        };
        self.push(r, mark, place, action)
    }

    fn rename(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let constraint = r.cursor.eat_word("CONSTRAINT");
        if !constraint {
            r.cursor.eat_word("COLUMN");
        }
        let name = r.name();
        let name = r.need(name, "a name")?;
        r.need(r.cursor.at_word("TO").then_some(()), "`TO`")?;
        r.cursor.bump();
        let to = r.name();
        let to = r.need(to, "a new name")?;
        let (table, place) = (self.table(), name.span);
        let action = match constraint {
            true => Action::RenameConstraint { table, name, to },
            false => Action::RenameColumn {
                table,
                column: name,
                to,
            },
        };
        self.push(r, mark, place, action)
    }

    fn validate(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let found = r.cursor.eat_word("CONSTRAINT");
        r.need(found.then_some(()), "`CONSTRAINT`")?;
        let name = r.name();
        let name = r.need(name, "a constraint")?;
        let (table, place) = (self.table(), name.span);
        self.push(r, mark, place, Action::ValidateConstraint { table, name })
    }

    fn alter(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        if r.cursor.eat_word("CONSTRAINT") {
            return self.alter_constraint(r, mark);
        }
        r.cursor.eat_word("COLUMN");
        if self.kind == ObjectKind::Index {
            return self.alter_index_column(r, mark);
        }
        let column = r.name();
        let column = r.need(column, "a column")?;
        let place = column.span;
        let action = self.alter_column(r, column)?;
        let is_option = matches!(action, Action::SetColumnOption { .. });
        let action = match self.kind {
            ObjectKind::MaterializedView if is_option => action,
            ObjectKind::View | ObjectKind::MaterializedView => Action::OtherViewChange {
                name: self.target.name.clone(),
            },
            _ => action,
        };
        self.push(r, mark, place, action)
    }

    fn alter_index_column(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let number = r.cursor.bump();
        r.need(number, "the number of a column")?;
        let statistics = r.cursor.eat_words(&["SET", "STATISTICS"]);
        r.need(statistics.then_some(()), "`SET STATISTICS`")?;
        let target = r.cursor.integer();
        r.need(target, "a number")?;
        let index = self.target.name.clone();
        self.on_table(r, mark, Action::OtherIndexChange { index })
    }

    fn alter_constraint(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let name = r.name();
        let name = r.need(name, "a constraint")?;
        let (mut deferrable, mut deferred) = (None, None);
        let (mut enforced, mut inherit) = (None, None);
        loop {
            let c = &mut r.cursor;
            if c.eat_word("DEFERRABLE") {
                deferrable = Some(true);
            } else if c.eat_words(&["INITIALLY", "DEFERRED"]) {
                deferrable = Some(true);
                deferred = Some(true);
            } else if c.eat_words(&["INITIALLY", "IMMEDIATE"]) {
                deferred = Some(false);
            } else if c.eat_words(&["NOT", "DEFERRABLE"]) {
                deferrable = Some(false);
            } else if c.eat_word("ENFORCED") {
                enforced = Some(true);
            } else if c.eat_words(&["NOT", "ENFORCED"]) {
                enforced = Some(false);
            } else if c.eat_word("INHERIT") || c.eat_words(&["SET", "INHERIT"]) {
                inherit = Some(true);
            } else if c.eat_words(&["NO", "INHERIT"]) || c.eat_words(&["SET", "NO", "INHERIT"]) {
                inherit = Some(false);
            } else {
                break;
            }
        }
        let place = name.span;
        let action = Action::AlterConstraint {
            table: self.table(),
            name,
            deferrable,
            deferred,
            enforced,
            inherit,
        };
        self.push(r, mark, place, action)
    }

    fn alter_column(&self, r: &mut Reader<'_>, column: Ident) -> Result<Action, SmolStr> {
        let table = self.table();
        let verb = r
            .cursor
            .eat_any(&["TYPE", "SET", "DROP", "ADD", "RESET", "RESTART", "OPTIONS"]);
        Ok(match r.need(verb, "a change of the column")? {
            "TYPE" => self.alter_type(r, column)?,
            "SET" => return self.set_column(r, column),
            "DROP" => return self.drop_from_column(r, column),
            "ADD" => {
                let (identity, sequence) = as_identity(r)?;
                Action::AddIdentity {
                    table,
                    column,
                    identity,
                    sequence,
                }
            }
            "RESTART" => {
                let restart = restart(r);
                self.sequence_options(r, column, None, thin_vec![restart])?
            }
            verb => {
                let group = r.cursor.group();
                let group = r.need(group, "parameters in parentheses")?;
                Action::SetColumnOption {
                    table,
                    column,
                    option: ColumnOption::Parameters,
                    value: Name::new(r.cursor.slice(inside(group, r.text()))),
                    reset: verb == "RESET",
                }
            }
        })
    }

    fn alter_type(&self, r: &mut Reader<'_>, column: Ident) -> Result<Action, SmolStr> {
        let ty = DataType::read(&mut r.cursor);
        let ty = r.need(ty, "a type")?;
        let mut collation = None;
        if r.cursor.eat_word("COLLATE") {
            let name = r.object_name();
            collation = Some(name!("{}", r.need(name, "a collation")?));
        }
        let mut using = None;
        if r.cursor.eat_word("USING") {
            let span = r.cursor.skip_item();
            using = Some(r.expr(r.need(span, "an expression")?));
        }
        Ok(Action::AlterColumnType {
            table: self.table(),
            column,
            ty,
            collation,
            using,
        })
    }

    fn set_column(&self, r: &mut Reader<'_>, column: Ident) -> Result<Action, SmolStr> {
        let table = self.table();
        if r.cursor.eat_words(&["DATA", "TYPE"]) {
            return self.alter_type(r, column);
        }
        if r.cursor.eat_words(&["NOT", "NULL"]) {
            return Ok(Action::SetNotNull { table, column });
        }
        if r.cursor.eat_word("DEFAULT") {
            let mark = r.cursor.mark();
            let ends = |c: &Cursor<'_>| c.at_kind(TokenKind::Comma) || at_stray(c, mark);
            let span = r.cursor.skip_until(ends);
            let default = r.expr(r.need(span, "an expression")?);
            return Ok(Action::SetDefault {
                table,
                column,
                default,
            });
        }
        if r.cursor.eat_words(&["EXPRESSION", "AS"]) {
            let expr = r.expr_in_parens();
            let expr = r.need(expr, "an expression in parentheses")?;
            return Ok(Action::SetExpression {
                table,
                column,
                expr,
            });
        }
        if r.cursor.at_word("GENERATED") {
            let identity = Some(generated_how(r)?);
            return self.sequence_options(r, column, identity, ThinVec::new());
        }
        match column_option(r)? {
            Some((option, value)) => Ok(Action::SetColumnOption {
                table,
                column,
                option,
                value,
                reset: false,
            }),
            None => {
                let first = one_sequence_option(r)?;
                self.sequence_options(r, column, None, thin_vec![first])
            }
        }
    }

    /// Options of an identity's sequence, each behind SET, or RESTART.
    fn sequence_options(
        &self,
        r: &mut Reader<'_>,
        column: Ident,
        mut identity: Option<super::Identity>,
        mut sequence: ThinVec<SequenceOption>,
    ) -> Result<Action, SmolStr> {
        loop {
            if r.cursor.eat_word("RESTART") {
                sequence.push(restart(r));
            } else if r.cursor.eat_word("SET") {
                if r.cursor.at_word("GENERATED") {
                    identity = Some(generated_how(r)?);
                } else {
                    sequence.push(one_sequence_option(r)?);
                }
            } else {
                return Ok(Action::SetIdentity {
                    table: self.table(),
                    column,
                    identity,
                    sequence,
                });
            }
        }
    }

    fn drop_from_column(&self, r: &mut Reader<'_>, column: Ident) -> Result<Action, SmolStr> {
        let table = self.table();
        if r.cursor.eat_word("DEFAULT") {
            return Ok(Action::DropDefault { table, column });
        }
        if r.cursor.eat_words(&["NOT", "NULL"]) {
            return Ok(Action::DropNotNull { table, column });
        }
        let what = r.cursor.eat_any(&["IDENTITY", "EXPRESSION"]);
        let what = r.need(what, "what the column loses")?;
        let if_exists = r.cursor.eat_if_exists();
        Ok(match what {
            "IDENTITY" => Action::DropIdentity {
                table,
                column,
                if_exists,
            },
            _ => Action::DropExpression {
                table,
                column,
                if_exists,
            },
        })
    }

    fn set(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let table = self.table();
        if r.cursor.at_kind(TokenKind::OpenParen) {
            return self.parameters(r, mark);
        }
        if let Some(word) = r.cursor.eat_any(&["LOGGED", "UNLOGGED"]) {
            let logged = word == "LOGGED";
            return self.on_table(r, mark, Action::SetPersistence { table, logged });
        }
        if r.cursor.eat_word("TABLESPACE") {
            let to = r.name();
            let to = r.need(to, "a tablespace")?;
            r.cursor.eat_word("NOWAIT");
            let action = Action::SetTablespace {
                kind: self.kind,
                name: self.target.name.clone(),
                to,
            };
            return self.on_table(r, mark, action);
        }
        if r.cursor.eat_words(&["ACCESS", "METHOD"]) {
            // DEFAULT is one from 17 on.
            let to = r.cursor.ident();
            let to = r.need(to, "an access method")?;
            return self.on_table(r, mark, Action::SetAccessMethod { table, to });
        }
        if r.cursor.eat_words(&["WITHOUT", "CLUSTER"]) {
            return self.on_table(r, mark, Action::ClusterOn { table, index: None });
        }
        if r.cursor.eat_words(&["WITHOUT", "OIDS"]) || r.cursor.eat_words(&["WITH", "OIDS"]) {
            return self.on_table(r, mark, Action::OtherTableChange { table });
        }
        Err(r.why_expected("what to set"))
    }

    /// `SET (name = value, …)` and `RESET (name, …)`.
    fn parameters(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        if !r.cursor.at_kind(TokenKind::OpenParen) {
            return Err(r.why_expected("parameters in parentheses"));
        }
        let (parameters, values) = parameters(r);
        let action = Action::SetParameters {
            kind: self.kind,
            name: self.target.name.clone(),
            parameters,
            values,
        };
        self.on_table(r, mark, action)
    }

    fn toggle(&self, r: &mut Reader<'_>, mark: usize, enable: bool) -> Done {
        if r.cursor.at_words(&["ROW", "LEVEL", "SECURITY"]) {
            let mode = match enable {
                true => RowSecurity::Enable,
                false => RowSecurity::Disable,
            };
            return self.row_security(r, mark, mode);
        }
        let when = match enable {
            true => r.cursor.eat_any(&["REPLICA", "ALWAYS"]),
            false => None,
        };
        let what = r.cursor.eat_any(&["TRIGGER", "RULE"]);
        let what = r.need(what, "`TRIGGER`, `RULE` or `ROW LEVEL SECURITY`")?;
        // ALL and USER are names here.
        let name = r.cursor.ident();
        let name = r.need(name, "a name")?;
        let place = name.span;
        let action = Action::ToggleTrigger {
            table: self.table(),
            enable,
            when: match when {
                Some("REPLICA") => "replica",
                Some(_) => "always",
                None => "",
            },
            rule: what == "RULE",
            name,
        };
        self.push(r, mark, place, action)
    }

    fn row_security(&self, r: &mut Reader<'_>, mark: usize, mode: RowSecurity) -> Done {
        let found = r.cursor.eat_words(&["ROW", "LEVEL", "SECURITY"]);
        r.need(found.then_some(()), "`ROW LEVEL SECURITY`")?;
        let table = self.table();
        self.on_table(r, mark, Action::RowSecurity { table, mode })
    }

    fn no(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        if r.cursor.eat_word("FORCE") {
            return self.row_security(r, mark, RowSecurity::NoForce);
        }
        if r.cursor.eat_word("DEPENDS") {
            return self.depends(r, mark);
        }
        let found = r.cursor.eat_word("INHERIT");
        r.need(found.then_some(()), "`INHERIT` or `FORCE`")?;
        self.inherit(r, mark, false)
    }

    fn inherit(&self, r: &mut Reader<'_>, mark: usize, yes: bool) -> Done {
        let parent = r.object_name();
        let parent = r.need(parent, "a table")?;
        let (table, place) = (self.table(), parent.span);
        let action = match yes {
            true => Action::Inherit { table, parent },
            false => Action::NoInherit { table, parent },
        };
        self.push(r, mark, place, action)
    }

    fn attach(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let partition = self.partition(r)?;
        let place = partition.span;
        let action = match self.kind {
            ObjectKind::Index => Action::AttachIndexPartition {
                index: self.target.name.clone(),
                child: partition,
            },
            _ => Action::AttachPartition {
                table: self.table(),
                partition,
                bound: bound(r)?,
            },
        };
        self.push(r, mark, place, action)
    }

    fn detach(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let partition = self.partition(r)?;
        let mode = match r.cursor.eat_any(&["CONCURRENTLY", "FINALIZE"]) {
            Some("CONCURRENTLY") => DetachMode::Concurrently,
            Some(_) => DetachMode::Finalize,
            None => DetachMode::Plain,
        };
        let place = partition.span;
        let action = Action::DetachPartition {
            table: self.table(),
            partition,
            mode,
        };
        self.push(r, mark, place, action)
    }

    fn partition(&self, r: &mut Reader<'_>) -> Result<ObjectName, SmolStr> {
        let found = r.cursor.eat_word("PARTITION");
        r.need(found.then_some(()), "`PARTITION`")?;
        let name = r.object_name();
        r.need(name, "a partition")
    }

    fn cluster_on(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let found = r.cursor.eat_word("ON");
        r.need(found.then_some(()), "`ON`")?;
        let index = r.name();
        let index = r.need(index, "an index")?;
        let place = index.span;
        let action = Action::ClusterOn {
            table: self.table(),
            index: Some(index),
        };
        self.push(r, mark, place, action)
    }

    fn of_type(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let name = r.object_name();
        r.need(name, "a type")?;
        let table = self.table();
        self.on_table(r, mark, Action::OtherTableChange { table })
    }

    fn not_of(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let found = r.cursor.eat_word("OF");
        r.need(found.then_some(()), "`OF`")?;
        let table = self.table();
        self.on_table(r, mark, Action::OtherTableChange { table })
    }

    fn options(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let group = r.cursor.group();
        r.need(group, "options in parentheses")?;
        let table = self.table();
        self.on_table(r, mark, Action::OtherTableChange { table })
    }

    fn replica_identity(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let found = r.cursor.eat_word("IDENTITY");
        r.need(found.then_some(()), "`IDENTITY`")?;
        let identity = if r.cursor.eat_words(&["USING", "INDEX"]) {
            let index = r.name();
            ReplicaIdentity::Index(r.need(index, "an index")?)
        } else {
            let word = r.cursor.eat_any(&["DEFAULT", "FULL", "NOTHING"]);
            match r.need(word, "a replica identity")? {
                "DEFAULT" => ReplicaIdentity::Default,
                "FULL" => ReplicaIdentity::Full,
                _ => ReplicaIdentity::Nothing,
            }
        };
        let table = self.table();
        self.on_table(r, mark, Action::ReplicaIdentity { table, identity })
    }

    /// `DEPENDS ON EXTENSION name`, for indexes and materialized views.
    fn depends(&self, r: &mut Reader<'_>, mark: usize) -> Done {
        let found = r.cursor.eat_words(&["ON", "EXTENSION"]);
        r.need(found.then_some(()), "`ON EXTENSION`")?;
        let extension = r.name();
        r.need(extension, "an extension")?;
        let name = self.target.name.clone();
        let action = match self.kind {
            ObjectKind::Index => Action::OtherIndexChange { index: name },
            ObjectKind::MaterializedView => Action::OtherViewChange { name },
            _ => Action::OtherTableChange {
                table: self.table(),
            },
        };
        self.on_table(r, mark, action)
    }
}

/// Reads `GENERATED … AS IDENTITY [(…)]`.
fn as_identity(r: &mut Reader<'_>) -> Result<(super::Identity, ThinVec<SequenceOption>), SmolStr> {
    let identity = generated_how(r)?;
    let found = r.cursor.eat_words(&["AS", "IDENTITY"]);
    r.need(found.then_some(()), "`AS IDENTITY`")?;
    Ok((identity, sequence::in_parens(r)))
}

/// What may stand behind SET and neither rewrites nor constrains the column.
fn column_option(r: &mut Reader<'_>) -> Result<Option<(ColumnOption, Name)>, SmolStr> {
    if r.cursor.at_kind(TokenKind::OpenParen) {
        let group = r.cursor.group().unwrap_or_default();
        let value = Name::new(r.cursor.slice(inside(group, r.text())));
        return Ok(Some((ColumnOption::Parameters, value)));
    }
    let option = match r.cursor.eat_any(&["STATISTICS", "STORAGE", "COMPRESSION"]) {
        Some("STATISTICS") => ColumnOption::Statistics,
        Some("STORAGE") => ColumnOption::Storage,
        Some(_) => ColumnOption::Compression,
        None => return Ok(None),
    };
    let mark = r.cursor.mark();
    let value = match r.cursor.integer() {
        Some(_) => Some(()),
        None => r.cursor.ident().map(|_| ()),
    };
    r.need(value, "a value")?;
    let value = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
    Ok(Some((option, value)))
}

/// Behind RESTART.
fn restart(r: &mut Reader<'_>) -> SequenceOption {
    r.cursor.eat_word("WITH");
    let mark = r.cursor.mark();
    r.cursor.integer();
    let value = r.cursor.slice(r.cursor.span_from(mark));
    ("restart", Name::new(value))
}

fn one_sequence_option(r: &mut Reader<'_>) -> Result<SequenceOption, SmolStr> {
    const NAMES: &[(&str, &str)] = &[
        ("MINVALUE", "minvalue"),
        ("MAXVALUE", "maxvalue"),
        ("CYCLE", "cycle"),
        ("START", "start"),
        ("INCREMENT", "increment"),
        ("CACHE", "cache"),
        ("RESTART", "restart"),
    ];
    let no = r.cursor.eat_word("NO");
    let found = NAMES.iter().find(|(word, _)| r.cursor.eat_word(word));
    let name = match (r.need(found, "what to set")?.1, no) {
        (name @ ("minvalue" | "maxvalue" | "cycle"), true) => {
            return Ok((name, Name::new("no")));
        }
        (_, true) => return Err(r.why_expected("an option of a sequence")),
        ("cycle", false) => return Ok(("cycle", Name::default())),
        (name, false) => name,
    };
    r.cursor.eat_any(&["WITH", "BY"]);
    let mark = r.cursor.mark();
    let value = r.cursor.integer();
    if name != "restart" {
        r.need(value, "a number")?;
    }
    Ok((name, Name::new(r.cursor.slice(r.cursor.span_from(mark)))))
}

/// With the cursor at `(`: the names before `=`, in lower case, and what
/// stands behind it.
fn parameters(r: &mut Reader<'_>) -> (Vec<Name>, Vec<Name>) {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    r.cursor.bump();
    while let Some(name) = ObjectName::read(&mut r.cursor) {
        names.push(name!("{name}"));
        r.cursor.eat_operator("=");
        let mark = r.cursor.mark();
        r.cursor.skip_item();
        if r.cursor.mark() > mark {
            values.push(Name::new(r.cursor.slice(r.cursor.span_from(mark))));
        }
        if !r.cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    r.cursor.eat(TokenKind::CloseParen);
    (names, values)
}
