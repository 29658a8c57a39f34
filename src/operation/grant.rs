//! Privileges.

use std::sync::Arc;

use super::reader::Reader;
use super::{Action, Grant, ObjectKind, ObjectName, catalog};
use crate::name::Name;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::TokenKind;

/// GRANT, REVOKE and ALTER DEFAULT PRIVILEGES.
pub fn read(r: &mut Reader<'_>) {
    let mark = r.cursor.mark();
    let defaults = r.cursor.eat_words(&["ALTER", "DEFAULT", "PRIVILEGES"]);
    if defaults {
        default_scope(r);
    }
    let scope = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
    let place = r.here();
    let revoke = match r.cursor.eat_any(&["GRANT", "REVOKE"]) {
        Some(word) => word == "REVOKE",
        None => return r.expected("`GRANT` or `REVOKE`"),
    };
    if revoke {
        options_for(r);
    }
    let mark = r.cursor.mark();
    let (privileges, one_name_each) = privileges(r);
    let mut grant = Grant {
        revoke,
        privileges,
        on: ObjectKind::Role,
        objects: Vec::new(),
        grantees: Vec::new(),
        defaults: scope,
        what: Arc::from(""),
        tail: Name::default(),
    };
    if r.cursor.eat_word("ON") {
        let understood = match defaults {
            true => default_objects(r, &mut grant),
            false => objects(r, &mut grant),
        };
        if !understood {
            return r.expected("what the privileges are for");
        }
    }
    if grant.on == ObjectKind::Role && !one_name_each {
        return r.expected("`ON`");
    }
    grant.what = Arc::from(r.cursor.slice(r.cursor.span_from(mark)));
    let (word, wanted) = match revoke {
        true => ("FROM", "`FROM`"),
        false => ("TO", "`TO`"),
    };
    if !r.cursor.eat_word(word) {
        return r.expected(wanted);
    }
    grant.grantees = grantees(r);
    if grant.grantees.is_empty() {
        return r.expected("a role");
    }
    let mark = r.cursor.mark();
    tail(r);
    grant.tail = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
    r.push_whole(Action::Grant(Box::new(grant)), place);
}

/// `FOR ROLE a, b IN SCHEMA c, d`.
fn default_scope(r: &mut Reader<'_>) {
    loop {
        let found = r.cursor.eat_words(&["FOR", "ROLE"])
            || r.cursor.eat_words(&["FOR", "USER"])
            || r.cursor.eat_words(&["IN", "SCHEMA"]);
        if !found {
            return;
        }
        while ObjectName::read(&mut r.cursor).is_some() && r.cursor.eat(TokenKind::Comma) {}
    }
}

/// `GRANT OPTION FOR`, `ADMIN OPTION FOR`, …
fn options_for(r: &mut Reader<'_>) {
    if r.cursor.is_word_at(1, "OPTION") && r.cursor.is_word_at(2, "FOR") {
        r.cursor.bump();
        r.cursor.bump();
        r.cursor.bump();
    }
}

/// Privileges, or the roles of a membership: whatever stands before ON or TO.
/// Could each of them be a role, which is one name?
fn privileges(r: &mut Reader<'_>) -> (Vec<Name>, bool) {
    let mut privileges = Vec::new();
    let mut one_name_each = true;
    loop {
        let several = [0, 1].map(|n| r.cursor.peek_at(n).map(|token| token.kind));
        one_name_each &= several != [Some(TokenKind::Word); 2]
            || ["TO", "FROM"]
                .iter()
                .any(|word| r.cursor.is_word_at(1, word));
        let stop = |c: &Cursor<'_>| {
            c.at_any(&["ON", "TO", "FROM"])
                || matches!(c.kind(), Some(TokenKind::Comma | TokenKind::OpenParen))
        };
        if let Some(span) = r.cursor.skip_until(stop) {
            let words = r.cursor.slice(span);
            privileges.push(match words.strip_prefix('"') {
                Some(quoted) => Name::new(quoted.trim_end_matches('"')),
                None if words.eq_ignore_ascii_case("ALL PRIVILEGES") => Name::new("all"),
                None => fold(words),
            });
        }
        r.cursor.group();
        if !r.cursor.eat(TokenKind::Comma) {
            return (privileges, one_name_each);
        }
    }
}

fn default_objects(r: &mut Reader<'_>, grant: &mut Grant) -> bool {
    grant.on = ObjectKind::Privileges;
    r.cursor.eat_words(&["LARGE", "OBJECTS"])
        || r.cursor
            .eat_any(&[
                "TABLES",
                "SEQUENCES",
                "FUNCTIONS",
                "ROUTINES",
                "PROCEDURES",
                "TYPES",
                "SCHEMAS",
            ])
            .is_some()
}

fn objects(r: &mut Reader<'_>, grant: &mut Grant) -> bool {
    const ALL: &[(&str, ObjectKind)] = &[
        ("TABLES", ObjectKind::Table),
        ("SEQUENCES", ObjectKind::Sequence),
        ("FUNCTIONS", ObjectKind::Function),
        ("PROCEDURES", ObjectKind::Procedure),
        ("ROUTINES", ObjectKind::Function),
    ];
    if r.cursor.at_word("ALL") && !r.cursor.at_words(&["ALL", "TO"]) {
        r.cursor.bump();
        let found = ALL.iter().find(|(word, _)| r.cursor.eat_word(word));
        grant.on = found.map_or(ObjectKind::Table, |(_, kind)| *kind);
        return found.is_some()
            && r.cursor.eat_words(&["IN", "SCHEMA"])
            && !r.object_names().is_empty();
    }
    grant.on = if r.cursor.eat_word("PARAMETER") {
        ObjectKind::Other
    } else {
        kind(r)
    };
    while let Some(name) = catalog::object_name(r, grant.on) {
        grant.objects.push(name);
        if !r.cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    !grant.objects.is_empty()
}

/// The kind; a table where none is named, even if the table is called `index`.
fn kind(r: &mut Reader<'_>) -> ObjectKind {
    let mark = r.cursor.mark();
    let kind = ObjectKind::read(&mut r.cursor);
    let is_name = matches!(r.cursor.kind(), Some(TokenKind::Comma | TokenKind::Dot))
        || r.cursor.at_any(&["TO", "FROM"]);
    match kind {
        Some(kind) if !is_name => kind,
        _ => {
            r.cursor.back_to(mark);
            ObjectKind::Table
        }
    }
}

fn grantees(r: &mut Reader<'_>) -> Vec<Name> {
    let mut grantees = Vec::new();
    loop {
        if r.cursor.at_word("GROUP") && r.cursor.peek_at(1).is_some() {
            r.cursor.bump();
        }
        let Some(name) = r.cursor.ident() else {
            return grantees;
        };
        grantees.push(name.name);
        if !r.cursor.eat(TokenKind::Comma) {
            return grantees;
        }
    }
}

/// `WITH GRANT OPTION`, `WITH INHERIT TRUE, SET FALSE`, `GRANTED BY`, `CASCADE`.
fn tail(r: &mut Reader<'_>) {
    if r.cursor.eat_word("WITH") {
        loop {
            r.cursor.eat_any(&["GRANT", "ADMIN", "INHERIT", "SET"]);
            r.cursor.eat_any(&["OPTION", "TRUE", "FALSE"]);
            if !r.cursor.eat(TokenKind::Comma) {
                break;
            }
        }
    }
    if r.cursor.eat_words(&["GRANTED", "BY"]) {
        r.cursor.ident();
    }
    r.cursor.eat_any(&["CASCADE", "RESTRICT"]);
}
