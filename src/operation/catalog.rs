//! Whatever no other reader creates or alters: roles, extensions, schemas,
//! casts, publications, …
//!
//! What these commands say about their objects is no concern of a table's
//! readers and writers, so all that is read is which object it is.

use std::sync::Arc;

use super::alter_relation::shared_action;
use super::reader::Reader;
use super::session;
use super::{Action, ConstraintKind, Ident, ObjectKind, ObjectName};
use crate::name::{Name, name};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

/// CREATE of any other object, and IMPORT FOREIGN SCHEMA.
pub fn create_other(r: &mut Reader<'_>) {
    let place = r.here();
    if r.cursor.eat_words(&["IMPORT", "FOREIGN", "SCHEMA"]) {
        r.cursor.rest();
        let action = Action::CreateOther {
            kind: ObjectKind::ForeignTable,
            name: None,
            signature: Name::default(),
            definition: Arc::from(r.cursor.slice(r.statement())),
        };
        return r.push_whole(action, place);
    }
    r.cursor.bump();
    r.cursor.eat_words(&["OR", "REPLACE"]);
    r.cursor.eat_word("DEFAULT");
    let begins = r.cursor.mark();
    match ObjectKind::read(&mut r.cursor) {
        Some(ObjectKind::Schema) => create_schema(r),
        Some(ObjectKind::Extension) => create_extension(r),
        Some(ObjectKind::Statistics) => create_statistics(r),
        Some(ObjectKind::Database) => server_command(r, "CREATE DATABASE"),
        Some(ObjectKind::Tablespace) => server_command(r, "CREATE TABLESPACE"),
        Some(ObjectKind::Subscription) if makes_slot(r) => {
            server_command(r, "CREATE SUBSCRIPTION");
        }
        Some(kind) if is_created_here(kind) => create_plain(r, kind, begins),
        _ => {
            r.cursor.back_to(begins);
            r.expected("a kind of object");
        }
    }
}

/// Other readers create the rest, and what reaches this one is misspelt.
fn is_created_here(kind: ObjectKind) -> bool {
    !matches!(
        kind,
        ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::Index
            | ObjectKind::Column
            | ObjectKind::Constraint
            | ObjectKind::LargeObject
            | ObjectKind::Privileges
    )
}

fn create_plain(r: &mut Reader<'_>, kind: ObjectKind, begins: usize) {
    let words = r.cursor.slice(r.cursor.span_from(begins));
    r.cursor.eat_if_not_exists();
    let mark = r.cursor.mark();
    let Some(name) = object_name(r, kind) else {
        return r.expected("a name");
    };
    let signature = name!("{words} {}", r.cursor.slice(r.cursor.span_from(mark)));
    r.cursor.rest();
    let place = name.span;
    let action = Action::CreateOther {
        kind,
        name: Some(name),
        signature,
        definition: Arc::from(r.cursor.slice(r.statement())),
    };
    r.push_whole(action, place);
}

fn server_command(r: &mut Reader<'_>, command: &'static str) {
    let place = r.here();
    r.cursor.rest();
    r.push_whole(Action::ServerCommand { command }, place);
}

/// A subscription that creates its replication slot cannot do so in a
/// transaction.
fn makes_slot(r: &Reader<'_>) -> bool {
    let text = r.cursor.slice(r.statement()).to_ascii_lowercase();
    let says = |option: &str| {
        text.split_once(option).is_some_and(|(_, rest)| {
            let value = rest.trim_start().trim_start_matches('=').trim_start();
            value.trim_start_matches('\'').starts_with("false")
        })
    };
    !says("create_slot") && !says("connect ") && !says("connect=")
}

fn create_schema(r: &mut Reader<'_>) {
    let if_not_exists = r.cursor.eat_if_not_exists();
    let mut name = None;
    if !r.cursor.at_word("AUTHORIZATION") {
        name = r.name();
    }
    if r.cursor.eat_word("AUTHORIZATION") {
        const WHOEVER: &[&str] = &["CURRENT_ROLE", "CURRENT_USER", "SESSION_USER"];
        let whoever = r.cursor.at_any(WHOEVER);
        let role = r.cursor.ident().map(|role| Ident {
            template: role.template || whoever,
            ..role
        });
        name = name.or(role);
    }
    let Some(name) = name else {
        return r.expected("the name of a schema");
    };
    let place = name.span;
    r.push_whole(
        Action::CreateSchema {
            name: name.clone(),
            if_not_exists,
        },
        place,
    );
    elements(r, &name);
}

/// The statements inside CREATE SCHEMA; what they create stands in it.
fn elements(r: &mut Reader<'_>, schema: &Ident) {
    let mut made: Vec<Name> = Vec::new();
    while r.cursor.at_any(&["CREATE", "GRANT"]) {
        let mark = r.cursor.mark();
        r.cursor.bump();
        let at_next = |c: &Cursor<'_>| {
            (c.at_word("CREATE") || c.at_word("GRANT")) && !matches!(c.text_at(1), "," | "ON")
        };
        r.cursor.skip_until(at_next);
        let span = r.cursor.span_from(mark);
        let mut operations = r.nested(span, r.within.clone());
        for operation in &mut operations {
            put_in_schema(&mut operation.action, schema);
            look_in_schema(&mut operation.action, schema, &made);
            made.extend(relation_made(&operation.action));
        }
        r.extend(operations);
    }
}

fn relation_made(action: &Action) -> Option<Name> {
    match action {
        Action::CreateTable(table) => Some(table.name.name),
        Action::CreateView(view) => Some(view.name.name),
        _ => None,
    }
}

/// The new schema is the first that a name is looked up in, and what the
/// statement made so far is all that stands there.
fn look_in_schema(action: &mut Action, schema: &Ident, made: &[Name]) {
    let look = |name: &mut ObjectName| {
        if name.schema.is_none() && made.contains(&name.name) {
            name.schema = Some(schema.name);
        }
    };
    match action {
        Action::CreateTable(table) => {
            table.inherits.iter_mut().for_each(look);
            table.like.iter_mut().for_each(|like| look(&mut like.table));
            if let Some(of) = &mut table.partition_of {
                look(&mut of.parent);
            }
            for constraint in &mut table.constraints {
                if let ConstraintKind::ForeignKey(foreign) = &mut constraint.kind
                    && (made.contains(&foreign.references.name)
                        || foreign.references.name == table.name.name)
                {
                    let own = || schema.name;
                    foreign.references.schema.get_or_insert_with(own);
                }
            }
        }
        Action::CreateView(view) => {
            let uses = view
                .reading
                .iter_mut()
                .flat_map(|reading| &mut reading.uses);
            uses.for_each(|used| look(&mut used.relation));
        }
        Action::Grant(grant) => grant.objects.iter_mut().for_each(look),
        _ => {}
    }
}

fn put_in_schema(action: &mut Action, schema: &Ident) {
    let names: [Option<&mut ObjectName>; 2] = match action {
        Action::CreateTable(table) => [Some(&mut table.name), None],
        Action::CreateView(view) => [Some(&mut view.name), None],
        Action::CreateSequence { name, .. } => [Some(name), None],
        Action::CreateIndex(index) => [Some(&mut index.table), index.name.as_mut()],
        Action::CreateTrigger(trigger) => [Some(&mut trigger.table), None],
        _ => [None, None],
    };
    for name in names.into_iter().flatten() {
        name.schema.get_or_insert(schema.name);
    }
}

fn create_extension(r: &mut Reader<'_>) {
    let if_not_exists = r.cursor.eat_if_not_exists();
    let literal = r.cursor.string().map(|(name, span)| Ident {
        name: name.into(),
        span,
        template: false,
    });
    let Some(name) = literal.or_else(|| r.name()) else {
        return r.expected("the name of an extension");
    };
    let mark = r.cursor.mark();
    r.cursor.eat_word("WITH");
    loop {
        if r.cursor.eat_any(&["SCHEMA", "VERSION", "FROM"]).is_some() {
            if r.cursor.string().is_none() {
                r.cursor.ident();
            }
        } else if !r.cursor.eat_word("CASCADE") {
            break;
        }
    }
    let options = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
    let place = name.span;
    r.push_whole(
        Action::CreateExtension {
            name,
            if_not_exists,
            options,
        },
        place,
    );
}

fn create_statistics(r: &mut Reader<'_>) {
    let place = r.here();
    let if_not_exists = r.cursor.eat_if_not_exists();
    let mut name = None;
    if !r.cursor.at_word("ON") {
        name = r.object_name();
    }
    r.cursor.group();
    if !r.cursor.eat_word("ON") {
        return r.expected("`ON`");
    }
    r.cursor.skip_until(|c| c.at_word("FROM"));
    let table = match r.cursor.eat_word("FROM") {
        true => r.object_name(),
        false => None,
    };
    if table.is_none() {
        return r.expected("`FROM` and a table");
    }
    let action = Action::CreateStatistics {
        name,
        if_not_exists,
        table,
        definition: Arc::from(r.cursor.slice(r.statement())),
    };
    r.push_whole(action, place);
}

/// ALTER of any other object, and REASSIGN OWNED.
pub fn alter_other(r: &mut Reader<'_>) {
    let place = r.here();
    if r.cursor.eat_words(&["REASSIGN", "OWNED"]) {
        r.cursor.rest();
        let kind = ObjectKind::Role;
        return r.push_whole(
            Action::AlterOther {
                kind,
                name: None,
                sets: None,
            },
            place,
        );
    }
    r.cursor.bump();
    if r.cursor.eat_word("SYSTEM") {
        return server_command(r, "ALTER SYSTEM");
    }
    let begins = r.cursor.mark();
    let kind = ObjectKind::read(&mut r.cursor).filter(|kind| {
        !matches!(
            kind,
            ObjectKind::Table | ObjectKind::Column | ObjectKind::Constraint
        )
    });
    let Some(kind) = kind else {
        r.cursor.back_to(begins);
        return r.expected("a kind of object");
    };
    let if_exists = r.cursor.eat_if_exists();
    let Some(name) = object_name(r, kind) else {
        return r.expected("a name");
    };
    if kind != ObjectKind::Database && shared_action(r, kind, &name, if_exists) {
        return;
    }
    match kind {
        ObjectKind::Publication => alter_publication(r, name),
        ObjectKind::Database if r.cursor.at_words(&["SET", "TABLESPACE"]) => {
            server_command(r, "ALTER DATABASE … SET TABLESPACE");
        }
        ObjectKind::Subscription
            if r.cursor.at_words(&["REFRESH", "PUBLICATION"])
                || r.cursor.at_words(&["SET", "PUBLICATION"]) =>
        {
            server_command(r, "ALTER SUBSCRIPTION");
        }
        _ if r.cursor.done() => r.expected("what to change"),
        _ => {
            let sets = match kind {
                ObjectKind::Database | ObjectKind::Role => session::initial(r).map(Box::new),
                _ => None,
            };
            r.cursor.rest();
            let place = name.span;
            let name = Some(name);
            r.push_whole(Action::AlterOther { kind, name, sets }, place);
        }
    }
}

fn alter_publication(r: &mut Reader<'_>, name: ObjectName) {
    let mut tables = Vec::new();
    let mark = r.cursor.mark();
    while !r.cursor.done() {
        if r.cursor.eat_word("TABLE") {
            publication_tables(r, &mut tables);
        } else if r.cursor.group().is_none() {
            r.cursor.bump();
        }
    }
    let place = name.span;
    let name = Ident {
        name: name.name,
        span: name.name_span,
        template: name.template,
    };
    let change = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
    let action = Action::AlterPublication {
        name,
        tables,
        change,
    };
    r.push_whole(action, place);
}

fn publication_tables(r: &mut Reader<'_>, tables: &mut Vec<ObjectName>) {
    loop {
        r.cursor.eat_word("ONLY");
        if r.cursor.at_any(&["TABLE", "TABLES"]) {
            return;
        }
        match r.object_name() {
            Some(table) => tables.push(table),
            None => return,
        }
        r.cursor.eat_operator("*");
        r.cursor.group();
        if r.cursor.eat_word("WHERE") {
            r.cursor.group();
        }
        if !r.cursor.eat(TokenKind::Comma) {
            return;
        }
    }
}

/// Reads the name of an object of some kind, with what belongs to it: the
/// argument types of a routine, the operands of an operator, the method of an
/// operator class. What has no name of its own, such as a cast, is called by
/// its text.
pub fn object_name(r: &mut Reader<'_>, kind: ObjectKind) -> Option<ObjectName> {
    if kind == ObjectKind::Cast {
        return r.cursor.group().map(|span| verbatim(r, span));
    }
    if kind == ObjectKind::LargeObject {
        let token = r.cursor.bump()?;
        return Some(verbatim(r, token.span));
    }
    if matches!(kind, ObjectKind::Server | ObjectKind::Other) && r.cursor.at_word("FOR") {
        return for_name(r);
    }
    let name = match kind {
        ObjectKind::Operator => operator(r)?,
        _ => name_of(r, kind)?,
    };
    if kind.is_routine() || kind == ObjectKind::Operator {
        if r.cursor.at_kind(TokenKind::OpenParen) {
            r.cursor.group();
        }
        if r.cursor.at_word("USING") {
            r.cursor.bump();
            r.name();
        }
    }
    Some(name)
}

/// Reads the plain name of an object of some kind; roles also go by words such
/// as `CURRENT_USER`.
pub(super) fn name_of(r: &mut Reader<'_>, kind: ObjectKind) -> Option<ObjectName> {
    match kind {
        ObjectKind::Role => ObjectName::read(&mut r.cursor),
        ObjectKind::Type | ObjectKind::Domain => r.routine_name(),
        _ if kind.is_routine() => r.routine_name(),
        _ => r.object_name(),
    }
}

/// `FOR type LANGUAGE lang` of a transform, `FOR role SERVER s` of a mapping.
fn for_name(r: &mut Reader<'_>) -> Option<ObjectName> {
    r.cursor.bump();
    let mark = r.cursor.mark();
    r.cursor.skip_until(|c| c.at_any(&["LANGUAGE", "SERVER"]));
    r.cursor.eat_any(&["LANGUAGE", "SERVER"])?;
    r.name()?;
    let span = r.cursor.span_from(mark);
    Some(verbatim(r, span))
}

/// `schema.operator`, or the name of an operator class or family.
fn operator(r: &mut Reader<'_>) -> Option<ObjectName> {
    let mark = r.cursor.mark();
    let name = r.object_name();
    r.cursor.eat(TokenKind::Dot);
    if r.cursor.eat(TokenKind::Operator) {
        let span = r.cursor.span_from(mark);
        return Some(verbatim(r, span));
    }
    name
}

fn verbatim(r: &Reader<'_>, span: Span) -> ObjectName {
    let text = r.cursor.slice(span);
    let name = match text.contains(char::is_whitespace) {
        true => {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            name!("{}", words.join(" "))
        }
        false => Name::new(text),
    };
    ObjectName {
        schema: None,
        name,
        span,
        name_span: span,
        template: false,
    }
}
