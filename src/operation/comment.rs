//! Comments and security labels.

use super::reader::Reader;
use super::{Action, ObjectKind, catalog};

/// COMMENT ON and SECURITY LABEL.
pub fn read(r: &mut Reader<'_>) {
    if !r.cursor.eat_word("COMMENT") && !r.cursor.eat_words(&["SECURITY", "LABEL"]) {
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
    let Some(name) = catalog::object_name(r, kind) else {
        return r.expected("a name");
    };
    if r.cursor.eat_word("ON") {
        r.cursor.eat_word("DOMAIN");
        if super::ObjectName::read(&mut r.cursor).is_none() {
            return r.expected("a table");
        }
    }
    if !r.cursor.eat_word("IS") {
        return r.expected("`IS`");
    }
    let said = r.cursor.eat_word("NULL") || r.cursor.string().is_some();
    if !said && r.cursor.ident().is_none() {
        return r.expected("a text in quotes");
    }
    let place = name.span;
    r.push_whole(Action::Comment { kind, name }, place);
}
