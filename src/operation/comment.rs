//! Comments and security labels.

use std::sync::Arc;

use super::reader::Reader;
use super::{Action, ObjectKind, catalog};
use crate::name::Name;

/// COMMENT ON and SECURITY LABEL.
pub fn read(r: &mut Reader<'_>) {
    let label = r.cursor.eat_words(&["SECURITY", "LABEL"]);
    if !label && !r.cursor.eat_word("COMMENT") {
        return r.unexpected();
    }
    if r.cursor.eat_word("FOR") && r.cursor.ident().is_none() && r.cursor.string().is_none() {
        return r.expected("a provider of labels");
    }
    if !r.cursor.eat_word("ON") {
        return r.expected("`ON`");
    }
    let Some(kind) = ObjectKind::read(&mut r.cursor) else {
        return r.expected("a kind of object");
    };
    let mark = r.cursor.mark();
    let Some(name) = catalog::object_name(r, kind) else {
        return r.expected("a name");
    };
    let arguments = kind.is_routine().then(|| {
        let whole = r.cursor.slice(r.cursor.span_from(mark));
        let (_, arguments) = whole.split_once('(')?;
        Some(Name::new(arguments.trim_end().trim_end_matches(')').trim()))
    });
    let mut on = None;
    if r.cursor.eat_word("ON") {
        r.cursor.eat_word("DOMAIN");
        on = r.object_name();
        if on.is_none() {
            return r.expected("a table");
        }
    }
    if !r.cursor.eat_word("IS") {
        return r.expected("`IS`");
    }
    let mark = r.cursor.mark();
    let null = r.cursor.eat_word("NULL");
    let said = null || r.cursor.string().is_some();
    if !said && r.cursor.ident().is_none() {
        return r.expected("a text in quotes");
    }
    let literal = r.cursor.slice(r.cursor.span_from(mark));
    if kind == ObjectKind::Column {
        on = name.clone().split_column(r.text()).0;
    }
    let place = name.span;
    r.push_whole(
        Action::Comment {
            kind,
            name,
            on,
            arguments: arguments.flatten(),
            text: Some(literal).filter(|_| !null && !label).map(Arc::from),
        },
        place,
    );
}
