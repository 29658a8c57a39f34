//! ALTER VIEW, and the actions that every kind of object takes.

use super::reader::Reader;
use super::{Action, ObjectKind, ObjectName, alter_table};

/// `ALTER [MATERIALIZED] VIEW`.
pub fn view(r: &mut Reader<'_>) {
    r.cursor.eat_word("ALTER");
    let kind = match r.cursor.eat_word("MATERIALIZED") {
        true => ObjectKind::MaterializedView,
        false => ObjectKind::View,
    };
    r.cursor.eat_word("VIEW");
    if !alter_table::all_in_tablespace(r, kind) {
        alter_table::relation(r, kind);
    }
}

/// Reads `RENAME TO`, `SET SCHEMA` or `OWNER TO`, which every kind of object
/// takes. Yields false, with nothing taken, if none of them comes next.
pub fn shared_action(
    r: &mut Reader<'_>,
    kind: ObjectKind,
    name: &ObjectName,
    if_exists: bool,
) -> bool {
    let mark = r.cursor.mark();
    let name = name.clone();
    let place = name.span;
    let what = if r.cursor.eat_words(&["RENAME", "TO"]) {
        "a new name"
    } else if r.cursor.eat_words(&["SET", "SCHEMA"]) {
        "a schema"
    } else if r.cursor.eat_words(&["OWNER", "TO"]) {
        "a role"
    } else {
        return false;
    };
    let to = match what {
        "a role" => r.cursor.ident(),
        _ => r.name(),
    };
    let Some(to) = to else {
        r.expected(what);
        return true;
    };
    let action = match what {
        "a schema" => Action::SetSchema {
            kind,
            name,
            if_exists,
            to,
        },
        "a role" => Action::SetOwner {
            kind,
            name,
            if_exists,
            to: to.name,
        },
        _ => Action::Rename {
            kind,
            name,
            on: None,
            if_exists,
            to,
        },
    };
    let clause = r.cursor.span_from(mark);
    r.push(action, place, clause);
    true
}

/// With the cursor at `RENAME TO`: the new name of a trigger, policy or rule
/// of the table `on`.
pub fn rename_on(r: &mut Reader<'_>, kind: ObjectKind, name: ObjectName, on: ObjectName) {
    let renames = r.cursor.eat_words(&["RENAME", "TO"]);
    let Some(to) = r.name().filter(|_| renames) else {
        return r.expected("`RENAME TO` and a name");
    };
    let place = name.span;
    let action = Action::Rename {
        kind,
        name,
        on: Some(on),
        if_exists: false,
        to,
    };
    r.push_whole(action, place);
}
