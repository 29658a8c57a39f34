//! Types, domains and sequences.

use std::sync::Arc;

use crate::effect::{LockMode, ScanKind};
use crate::name::Name;
use crate::operation::{
    Action, CompositeChange, CreateRoutine, DataType, DomainChange, Ident, ObjectName,
    SequenceOption, TypeDefinition,
};
use crate::schema::signature::{self, Argument};
use crate::schema::{Domain, DomainCheck, Key, Relation, Table};
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

use super::Work;
use super::expr::Tokens;
use super::table::Subject;
use super::type_change::{is_built_in, stored};

impl<'a> Work<'a> {
    pub(super) fn type_or_domain(&mut self) {
        match &self.scene.operation.action {
            Action::AddEnumValue {
                name,
                value,
                if_not_exists,
                position,
            } => {
                let neighbour = position.as_ref().map(|(_, neighbour)| neighbour.as_str());
                self.add_enum_value(name, value, *if_not_exists, neighbour);
            }
            Action::RenameEnumValue { name, from, to } => {
                self.check_enum_value(name, from);
                let key = self.type_of_name(name);
                self.refuse_second_attribute(&key, to);
            }
            Action::AlterComposite {
                name,
                change,
                cascade,
            } => self.alter_composite(name, change, *cascade),
            Action::AlterDomain { name, change } => self.alter_domain(name, change),
            _ => {}
        }
    }

    fn check_enum_value(&mut self, name: &ObjectName, from: &str) {
        let key = self.type_of_name(name);
        let Some(entry) = self.schema.enum_or_type(&key) else {
            return;
        };
        if let TypeDefinition::Enum(values) = &entry.definition
            && !values.iter().any(|value| value == from)
        {
            self.refuse(format!("`{key}` has no value `{from}`"));
        }
    }

    fn add_enum_value(
        &mut self,
        name: &ObjectName,
        value: &str,
        if_not_exists: bool,
        neighbour: Option<&str>,
    ) {
        let key = self.type_of_name(name);
        let Some(entry) = self.schema.enum_or_type(&key) else {
            return;
        };
        let TypeDefinition::Enum(values) = &entry.definition else {
            return;
        };
        let known = |value: &str| values.iter().any(|v| v == value);
        if known(value) {
            if !if_not_exists {
                self.refuse(format!("`{key}` has the value `{value}` already"));
            }
        } else if let Some(neighbour) = neighbour.filter(|n| !known(n)) {
            self.refuse(format!("`{key}` has no value `{neighbour}`"));
        }
    }

    /// composite_alter_attribute_type_in_use.
    fn alter_composite(&mut self, name: &ObjectName, change: &'a CompositeChange, cascade: bool) {
        let key = self.type_of_name(name);
        for table in self.schema.tables_of_type(&key) {
            if cascade {
                self.lock(&table.key, LockMode::AccessExclusive);
                let subject = Subject {
                    key: table.key,
                    table: Some(table),
                    only: false,
                };
                match change {
                    CompositeChange::Alter(attribute, ty) => {
                        self.retype_attribute(&subject, &key, attribute, ty);
                    }
                    CompositeChange::Drop(column) => {
                        self.lose(format!("column `{}.{column}`", table.key));
                    }
                    CompositeChange::Add(..) | CompositeChange::Rename(..) => {}
                }
            } else {
                self.refuse(format!("`{}` is a table of type `{key}`", table.key));
            }
        }
        if let CompositeChange::Add(name, _) | CompositeChange::Rename(_, name) = change {
            self.refuse_second_attribute(&key, name);
        }
        let CompositeChange::Alter(..) = change else {
            return;
        };
        for (table, column) in self.columns_of_type(&key) {
            self.lock(&table.key, LockMode::AccessShare);
            self.refuse(format!("column `{}.{column}` uses `{key}`", table.key));
        }
    }

    /// A table OF a type has its columns from there.
    fn retype_attribute(
        &mut self,
        subject: &Subject<'a>,
        of: &Key,
        attribute: &Name,
        ty: &'a DataType,
    ) {
        let known = subject.table.and_then(|table| table.column(attribute));
        let definition = self.schema.enum_or_type(of).map(|entry| &entry.definition);
        let old = match definition {
            Some(TypeDefinition::Composite(attributes)) if known.is_none() => {
                attributes.iter().find(|(name, _)| name == attribute)
            }
            _ => None,
        };
        match old {
            Some((_, old)) => self.retype_bare(subject, old, ty),
            None => self.retype(subject, attribute, ty, None, None),
        }
    }

    /// The tables with a column of the domain, or of one that is made of it.
    fn tables_over_domain(&self, key: &Key) -> Vec<&'a Table> {
        let schema = self.schema;
        let over = |table: &&Table| {
            let mut columns = table.columns.iter();
            columns.any(|column| {
                schema
                    .domains_of(&column.ty)
                    .any(|domain| domain.key == *key)
            })
        };
        let mut found: Vec<&'a Table> = schema.tables().map(|t| &**t).filter(over).collect();
        found.sort_by_key(|a| a.key);
        found
    }

    /// domain_add_constraint, domain_set_not_null: every table that uses the
    /// domain is read whole.
    fn alter_domain(&mut self, name: &ObjectName, change: &DomainChange) {
        let key = self.type_of_name(name);
        let domain = self.schema.domain(&key);
        let checks_rows = match change {
            DomainChange::SetNotNull => domain.is_none_or(|domain| !domain.not_null),
            DomainChange::AddConstraint { not_valid, .. } => !not_valid,
            DomainChange::ValidateConstraint(name) => domain.is_none_or(|domain| {
                let valid = |check: &DomainCheck| check.name == name.name && check.validated;
                !domain.checks.iter().any(valid)
            }),
            DomainChange::DropConstraint {
                name,
                if_exists: false,
            } => {
                self.check_domain_constraint(&key, domain, name);
                false
            }
            _ => false,
        };
        if !checks_rows {
            return;
        }
        for table in self.tables_over_domain(&key) {
            if super::stores_rows(table) {
                self.lock(&table.key, LockMode::Share);
                self.scan_heap(&table.key, Some(table));
            }
        }
        for view in self.views_over_domain(&key) {
            self.lock(&view, LockMode::Share);
            self.scan(&view, ScanKind::Full);
        }
    }

    /// Materialized views store values of the domain too.
    fn views_over_domain(&self, key: &Key) -> Vec<Key> {
        let schema = self.schema;
        let of_domain = |ty: &DataType| schema.domains_of(ty).any(|domain| domain.key == *key);
        let views = schema.relations().filter_map(|relation| match relation {
            Relation::View(view) if view.materialized => Some(view),
            _ => None,
        });
        let views = views.filter(|view| view.types.iter().flatten().any(of_domain));
        views.map(|view| view.key).collect()
    }

    /// OR REPLACE keeps what a function returns.
    pub(super) fn create_routine(&mut self, create: &CreateRoutine) {
        let key = self.new_key(&create.name, false);
        if create.language == "sql" && !self.schema.session().bodies_unchecked {
            // The body is looked at (create_function_string_body_table).
            self.name_in(&create.body_text);
        }
        self.check_defaults(create);
        let known = self.schema.routines(&key).iter();
        let Some(old) = known.rev().find(|r| r.takes(&create.arguments)) else {
            return;
        };
        if !create.or_replace {
            self.refuse(format!("routine `{key}` already exists"));
        } else if old.procedure != create.procedure {
            self.refuse(format!(
                "OR REPLACE makes no function of a procedure, nor the other way round: `{key}` is there"
            ));
        }
        if let (Some(had), Some(wanted)) = (&old.returns, &create.returns)
            && !same_result(had, wanted)
        {
            self.refuse(format!(
                "`{key}` returns {had}, and OR REPLACE cannot make that {wanted}"
            ));
        }
        self.check_arguments(&key, &old.arguments, &create.arguments);
    }

    /// Behind an argument with a default only such ones are given
    /// (create_function_default_before_*).
    fn check_defaults(&mut self, create: &CreateRoutine) {
        let list = signature::read(&create.arguments);
        if list.iter().any(|argument| argument.ty.is_none()) {
            return;
        }
        let given = |argument: &&Argument| create.procedure || !argument.out;
        let mut behind = list.iter().filter(given).skip_while(|a| !a.default);
        if behind.any(|argument| !argument.default) {
            self.refuse("arguments behind one with a default must have defaults too");
        }
    }

    /// OR REPLACE may name an argument that had no name and add defaults; what
    /// callers may have written stays (or_replace_argument_*).
    fn check_arguments(&mut self, key: &Key, old: &str, new: &str) {
        if old == new {
            return;
        }
        let given = |list: &str| -> Vec<Argument> {
            let list = signature::read(list).into_iter();
            list.filter(|argument| !argument.out).collect()
        };
        for (old, new) in given(old).into_iter().zip(given(new)) {
            if let Some(name) = old.name.filter(|name| new.name.as_ref() != Some(name)) {
                self.refuse(format!(
                    "OR REPLACE cannot give argument `{name}` of `{key}` another name"
                ));
            } else if old.default && !new.default {
                self.refuse(format!(
                    "OR REPLACE cannot take the default of an argument of `{key}` away"
                ));
            }
        }
    }

    /// The server names what has no name `…_check`, `…_check1` and so on
    /// (domain_drop_constraint_missing).
    fn check_domain_constraint(&mut self, key: &Key, domain: Option<&Arc<Domain>>, name: &Ident) {
        let made_up = |name: &str| {
            let behind = name.strip_prefix(&*key.name);
            behind.is_some_and(|behind| behind.starts_with("_check"))
        };
        let known = domain.is_none_or(|domain| domain.checks.iter().any(|c| c.name == name.name));
        if !known && !made_up(&name.name) && !name.name.ends_with("_not_null") && !name.template {
            self.refuse(format!("`{key}` has no constraint `{}`", name.name));
        }
    }

    pub(super) fn sequence(&mut self) {
        match &self.scene.operation.action {
            Action::CreateSequence {
                name,
                if_not_exists,
                owned_by,
                temporary,
                options,
            } => {
                self.check_bounds(options, &[]);
                self.check_position(options, options);
                let key = self.new_key(name, *temporary);
                if *if_not_exists && self.schema.relation_by_key(&key).is_some() {
                    return;
                }
                self.lock_owner(owned_by.as_ref());
                self.create(key);
            }
            Action::AlterSequence {
                name,
                owned_by,
                persistence,
                restart,
                options,
                ..
            } => {
                let key = self.resolve(name);
                let known = self.schema.sequence_by_key(&key);
                self.check_bounds(options, known.map_or(&[], |s| &s.options));
                if let Some(known) = known {
                    self.check_position(options, &known.options);
                }
                let mode = match persistence {
                    true => LockMode::AccessExclusive,
                    false => LockMode::ShareRowExclusive,
                };
                if *persistence {
                    self.needs(15, "SET LOGGED of a sequence");
                }
                self.lock(&key, mode);
                if owned_by.is_some() && self.is_identity(&key) {
                    self.refuse(format!("`{key}` belongs to an identity column"));
                }
                self.lock_owner(owned_by.as_ref().and_then(Option::as_ref));
                if *restart {
                    self.lose(format!("the position of sequence `{key}`"));
                }
            }
            _ => {}
        }
    }

    /// The bounds of a sequence lie within its type (sq_bad_max).
    fn check_bounds(&mut self, options: &[SequenceOption], before: &[SequenceOption]) {
        let value = |list: &[SequenceOption], wanted: &str| {
            let mut found = list.iter().filter(|(name, _)| *name == wanted);
            found.next_back().map(|(_, value)| *value)
        };
        let ty = value(options, "as").or_else(|| value(before, "as"));
        let ty = ty.and_then(|ty| DataType::parse(&ty));
        let most = ty.as_ref().map_or(i64::MAX, greatest);
        for (bound, beyond) in [("maxvalue", 0), ("minvalue", 1)] {
            let given = value(options, bound).and_then(|v| v.parse::<i64>().ok());
            if let Some(given) = given.filter(|n| *n > most || *n < -most - beyond) {
                self.refuse(format!(
                    "{given} is out of the range of the sequence's type"
                ));
            }
        }
        if value(options, "increment").is_some_and(|step| step.parse() == Ok(0)) {
            self.refuse("a sequence that counts by 0 stands still");
        }
    }

    /// Where it begins lies between its bounds; they follow from the direction
    /// in which it was made to count (sequence_start_*).
    fn check_position(&mut self, options: &[SequenceOption], made_with: &[SequenceOption]) {
        let (least, most) = range(options, made_with, None);
        if least >= most {
            self.refuse(format!("MINVALUE {least} is not below MAXVALUE {most}"));
        }
        let start = last(options, "start").or_else(|| last(made_with, "start"));
        let start = number(start);
        let restart = number(last(options, "restart"));
        for at in [start, restart].into_iter().flatten() {
            if at < least || at > most {
                self.refuse(format!("{at} lies beyond {least} to {most}"));
            }
        }
    }

    /// `setval('sequence', number)` goes to no place that the sequence does not
    /// count through (setval_*).
    pub(super) fn check_positions_set(&mut self, text: &str) {
        if !crate::text::holds(text, "setval") {
            return;
        }
        let tokens = Tokens::of(text);
        let mut cursor = Cursor::new(text, &tokens.list);
        while !cursor.done() {
            if !cursor.eat_word("SETVAL") {
                cursor.bump();
            } else if let Some((name, at)) = position_set(&mut cursor) {
                self.check_position_set(&name, at);
            }
        }
    }

    fn check_position_set(&mut self, name: &ObjectName, at: i64) {
        let key = self.resolve(name);
        let Some(sequence) = self.schema.sequence_by_key(&key) else {
            return;
        };
        let owner = sequence.owned_by.as_ref().filter(|_| sequence.implicit);
        let column = owner.and_then(|(table, column)| self.table(table)?.column(column));
        let ty = column.map(|column| stored(&column.ty));
        let (least, most) = range(&[], &sequence.options, ty);
        if at < least || at > most {
            self.refuse(format!("{at} lies beyond {least} to {most}"));
        }
    }

    /// Does the sequence make the values of an identity column?
    fn is_identity(&self, sequence: &Key) -> bool {
        let sequence = self.schema.sequence_by_key(sequence);
        let owner = sequence.and_then(|sequence| sequence.owned_by.as_ref());
        owner.is_some_and(|(table, column)| {
            let column = self.table(table).and_then(|table| table.column(column));
            column.is_some_and(|column| column.identity.is_some())
        })
    }

    fn lock_owner(&mut self, owned_by: Option<&ObjectName>) {
        let Some(owner) = owned_by else { return };
        if let Some(key) = self.table_of_column(owner) {
            self.lock(&key, LockMode::AccessShare);
            self.refuse_missing_column(&key, &owner.name);
        }
    }
}

/// The last that is given of an option.
fn last(options: &[SequenceOption], wanted: &str) -> Option<Name> {
    let mut found = options.iter().filter(|(name, _)| *name == wanted);
    found.next_back().map(|(_, value)| *value)
}

fn number(value: Option<Name>) -> Option<i64> {
    value.and_then(|value| value.parse().ok())
}

/// From where to where a sequence counts.
fn range(
    options: &[SequenceOption],
    made_with: &[SequenceOption],
    ty: Option<DataType>,
) -> (i64, i64) {
    let now = |wanted: &str| last(options, wanted).or_else(|| last(made_with, wanted));
    let down = number(last(made_with, "increment")).is_some_and(|step| step < 0);
    let ty = now("as").and_then(|ty| DataType::parse(&ty)).or(ty);
    let range = ty.map_or(i64::MAX, |ty| greatest(&ty));
    let (least, most) = match down {
        true => (-range - 1, -1),
        false => (1, range),
    };
    (
        number(now("minvalue")).unwrap_or(least),
        number(now("maxvalue")).unwrap_or(most),
    )
}

/// `('sequence'::regclass, number [, boolean])`
fn position_set(cursor: &mut Cursor<'_>) -> Option<(ObjectName, i64)> {
    cursor.eat(TokenKind::OpenParen).then_some(())?;
    let (text, _) = cursor.string()?;
    let tokens = Tokens::of(&text);
    let name = ObjectName::read(&mut Cursor::new(&text, &tokens.list))?;
    if cursor.eat(TokenKind::DoubleColon) {
        cursor.ident()?;
    }
    cursor.eat(TokenKind::Comma).then_some(())?;
    let at = cursor.integer()?;
    let ends = cursor.at_kind(TokenKind::Comma) || cursor.at_kind(TokenKind::CloseParen);
    ends.then_some((name, at))
}

/// The greatest value of a sequence's type.
fn greatest(ty: &DataType) -> i64 {
    match ty.name.as_str() {
        "smallint" => i64::from(i16::MAX),
        "int" => i64::from(i32::MAX),
        _ => i64::MAX,
    }
}

/// May two results, as written, be the same type? Only of plain types of the
/// server's own it can be told that they are not; a table or a composite type
/// goes by several names, and lengths do not count.
fn same_result(one: &str, other: &str) -> bool {
    if is_set(one) != is_set(other) {
        return false;
    }
    if let (Some(one), Some(other)) = (table_columns(one), table_columns(other)) {
        let names = |list: &[Argument]| -> Vec<Option<Name>> {
            list.iter().map(|column| column.name).collect()
        };
        return names(&one) == names(&other);
    }
    let (Some(one), Some(other)) = (DataType::parse(one), DataType::parse(other)) else {
        return true;
    };
    !is_built_in(&one) || !is_built_in(&other) || one.name == other.name && one.array == other.array
}

/// `SETOF` and `TABLE` yield many rows.
fn is_set(returns: &str) -> bool {
    let word = returns.split([' ', '\n', '(']).next().unwrap_or_default();
    ["setof", "table"]
        .iter()
        .any(|set| word.eq_ignore_ascii_case(set))
}

/// The columns of `TABLE (…)`.
fn table_columns(returns: &str) -> Option<Vec<Argument>> {
    let list = returns.get(5..).filter(|_| {
        let head = returns.as_bytes().get(..5);
        head.is_some_and(|head| head.eq_ignore_ascii_case(b"table"))
    })?;
    let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(signature::read(list))
}
