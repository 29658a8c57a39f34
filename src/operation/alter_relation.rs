//! ALTER VIEW, and the actions that every object shares.

use super::reader::Reader;
use super::{Action, ObjectKind, ObjectName};

/// ALTER [MATERIALIZED] VIEW.
pub fn view(r: &mut Reader<'_>) {
    r.unparsed("no reader yet");
}

/// Reads `RENAME TO`, `SET SCHEMA` and `OWNER TO`, which every kind of object
/// takes. Yields false, with nothing taken, if none of them comes next.
pub fn shared_action(
    r: &mut Reader<'_>,
    kind: ObjectKind,
    name: &ObjectName,
    if_exists: bool,
) -> bool {
    if r.cursor.eat_words(&["RENAME", "TO"]) {
        return renamed(r, kind, name, None, if_exists);
    }
    if r.cursor.eat_words(&["SET", "SCHEMA"]) {
        match r.cursor.ident() {
            Some(to) => r.push_whole(
                Action::SetSchema {
                    kind,
                    name: name.clone(),
                    to,
                },
                name.span,
            ),
            None => r.expected("a schema"),
        }
        return true;
    }
    if r.cursor.eat_words(&["OWNER", "TO"]) {
        match r.cursor.ident() {
            Some(to) => r.push_whole(
                Action::SetOwner {
                    kind,
                    name: name.clone(),
                    to: to.name,
                },
                name.span,
            ),
            None => r.expected("a role"),
        }
        return true;
    }
    false
}

/// With the cursor behind `RENAME TO`: reads the new name. `on` is the table
/// of a trigger, policy or rule.
pub fn renamed(
    r: &mut Reader<'_>,
    kind: ObjectKind,
    name: &ObjectName,
    on: Option<ObjectName>,
    if_exists: bool,
) -> bool {
    match r.cursor.ident() {
        Some(to) => r.push_whole(
            Action::Rename {
                kind,
                name: name.clone(),
                on,
                if_exists,
                to,
            },
            name.span,
        ),
        None => r.expected("a new name"),
    }
    true
}
