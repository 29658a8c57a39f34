//! DROP of every kind of object.

use super::catalog::name_of;
use super::reader::{Reader, inside};
use super::{Action, ObjectKind, ObjectName};
use crate::name::Name;
use crate::source::Span;
use crate::statement::lexer::TokenKind;
use smol_str::{SmolStr, format_smolstr};

/// DROP, whatever it names.
pub fn read(r: &mut Reader<'_>) {
    r.cursor.eat_word("DROP");
    if r.cursor.eat_words(&["OWNED", "BY"]) {
        let place = r.here();
        let roles = r.cursor.skip_until(|c| c.at_any(&["CASCADE", "RESTRICT"]));
        let roles = roles.map_or("", |span| r.cursor.slice(span));
        r.cursor.eat_any(&["CASCADE", "RESTRICT"]);
        return r.opaque(format_smolstr!("drops whatever `{roles}` owns"), place);
    }
    let first = r.cursor.text_at(0).to_ascii_uppercase();
    let second = r.cursor.text_at(1).to_ascii_uppercase();
    // They go with ALTER TABLE.
    let of_table = r.cursor.at_any(&["COLUMN", "CONSTRAINT"]);
    let kind = ObjectKind::read(&mut r.cursor).filter(|_| !of_table);
    let Some(kind) = kind else {
        return r.expected("a kind of object");
    };
    let mut drop = Drop {
        kind,
        if_exists: false,
        concurrently: r.cursor.eat_word("CONCURRENTLY"),
        cascade: false,
        dropped: Vec::new(),
    };
    drop.if_exists = r.cursor.eat_if_exists();
    let result = match (first.as_str(), second.as_str()) {
        ("USER", "MAPPING") | ("TRANSFORM", _) => drop.described(r),
        ("OPERATOR", "CLASS" | "FAMILY") => drop.operator_class(r),
        ("OPERATOR", _) => drop.operators(r),
        ("CAST", _) => drop.cast(r),
        ("TRIGGER" | "POLICY" | "RULE", _) => drop.on_table(r),
        _ => drop.list(r),
    };
    drop.push(r);
    if let Err(why) = result {
        r.unparsed(why);
    }
}

/// What one DROP takes away.
struct Drop {
    kind: ObjectKind,
    if_exists: bool,
    concurrently: bool,
    cascade: bool,
    dropped: Vec<Dropped>,
}

struct Dropped {
    name: ObjectName,
    on: Option<ObjectName>,
    arguments: Option<Name>,
}

impl From<ObjectName> for Dropped {
    fn from(name: ObjectName) -> Self {
        Self {
            name,
            on: None,
            arguments: None,
        }
    }
}

impl Drop {
    fn list(&mut self, r: &mut Reader<'_>) -> Result<(), SmolStr> {
        loop {
            let name = name_of(r, self.kind);
            let mut dropped = Dropped::from(r.need(name, "a name")?);
            if self.kind.is_routine() && r.cursor.at_kind(TokenKind::OpenParen) {
                dropped.arguments = arguments(r);
            } else if self.kind == ObjectKind::Aggregate {
                r.need(None::<()>, "argument types in parentheses")?;
            }
            self.dropped.push(dropped);
            if !r.cursor.eat(TokenKind::Comma) {
                break;
            }
        }
        if self.kind == ObjectKind::Database {
            r.cursor.eat_word("WITH");
            r.cursor.group();
        }
        self.behaviour(r);
        Ok(())
    }

    fn on_table(&mut self, r: &mut Reader<'_>) -> Result<(), SmolStr> {
        let name = r.name();
        let mut dropped = Dropped::from(ObjectName::from(r.need(name, "a name")?));
        let found = r.cursor.eat_word("ON");
        r.need(found.then_some(()), "`ON` and a table")?;
        let table = r.object_name();
        dropped.on = Some(r.need(table, "a table")?);
        self.dropped.push(dropped);
        self.behaviour(r);
        Ok(())
    }

    /// `name USING method`.
    fn operator_class(&mut self, r: &mut Reader<'_>) -> Result<(), SmolStr> {
        let name = r.object_name();
        let name = r.need(name, "a name")?;
        let found = r.cursor.eat_word("USING");
        r.need(found.then_some(()), "`USING`")?;
        let method = r.name();
        r.need(method, "an index method")?;
        self.dropped.push(name.into());
        self.behaviour(r);
        Ok(())
    }

    fn operators(&mut self, r: &mut Reader<'_>) -> Result<(), SmolStr> {
        loop {
            let mark = r.cursor.mark();
            r.cursor
                .skip_until(|c| c.at_kind(TokenKind::OpenParen) || c.at_kind(TokenKind::Comma));
            let span = r.cursor.span_from(mark);
            let arguments = arguments(r);
            let mut dropped = Dropped::from(described(r, span));
            dropped.arguments = Some(r.need(arguments, "argument types in parentheses")?);
            self.dropped.push(dropped);
            if !r.cursor.eat(TokenKind::Comma) {
                break;
            }
        }
        self.behaviour(r);
        Ok(())
    }

    fn cast(&mut self, r: &mut Reader<'_>) -> Result<(), SmolStr> {
        let group = r.cursor.group();
        let group = r.need(group, "two types in parentheses")?;
        let span = inside(group, r.text());
        self.dropped.push(described(r, span).into());
        self.behaviour(r);
        Ok(())
    }

    /// `FOR …`: a thing without a name, called by what describes it.
    fn described(&mut self, r: &mut Reader<'_>) -> Result<(), SmolStr> {
        let span = r.cursor.skip_until(|c| c.at_any(&["CASCADE", "RESTRICT"]));
        let span = r.need(span, "`FOR`")?;
        self.dropped.push(described(r, span).into());
        self.behaviour(r);
        Ok(())
    }

    fn behaviour(&mut self, r: &mut Reader<'_>) {
        self.cascade = r.cursor.eat_any(&["CASCADE", "RESTRICT"]) == Some("CASCADE");
    }

    fn push(&mut self, r: &mut Reader<'_>) {
        if let (Some(command), Some(first)) = (server_command(self.kind), self.dropped.first()) {
            r.push_whole(Action::ServerCommand { command }, first.name.span);
        }
        for dropped in self.dropped.drain(..) {
            let place = dropped.name.span;
            let action = Action::Drop {
                kind: self.kind,
                name: dropped.name,
                on: dropped.on,
                arguments: dropped.arguments,
                if_exists: self.if_exists,
                cascade: self.cascade,
                concurrently: self.concurrently,
            };
            r.push_whole(action, place);
        }
    }
}

/// What refuses to run in a transaction besides dropping something.
fn server_command(kind: ObjectKind) -> Option<&'static str> {
    match kind {
        ObjectKind::Database => Some("DROP DATABASE"),
        ObjectKind::Tablespace => Some("DROP TABLESPACE"),
        _ => None,
    }
}

/// With the cursor at `(`: the text between the parentheses.
fn arguments(r: &mut Reader<'_>) -> Option<Name> {
    if !r.cursor.at_kind(TokenKind::OpenParen) {
        return None;
    }
    let group = r.cursor.group()?;
    Some(Name::new(r.cursor.slice(inside(group, r.text()))))
}

/// A name made of the text that stands in its place.
fn described(r: &Reader<'_>, span: Span) -> ObjectName {
    ObjectName {
        schema: None,
        name: Name::new(r.cursor.slice(span)),
        span,
        name_span: span,
        template: false,
    }
}
