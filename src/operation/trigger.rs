//! Triggers and rules.

use super::alter_relation::rename_on;
use super::reader::{Reader, inside};
use super::{Action, CreateTrigger, Ident, ObjectKind, ObjectName};
use crate::name::Name;
use crate::source::Span;

/// `CREATE [CONSTRAINT] TRIGGER`.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.bump();
    let or_replace = r.cursor.eat_words(&["OR", "REPLACE"]);
    let constraint = r.cursor.eat_word("CONSTRAINT");
    if !r.cursor.eat_word("TRIGGER") {
        return r.expected("`TRIGGER`");
    }
    let Some(name) = r.name() else {
        return r.expected("the name of a trigger");
    };
    let mark = r.cursor.mark();
    let timing =
        r.cursor.eat_any(&["BEFORE", "AFTER"]).is_some() || r.cursor.eat_words(&["INSTEAD", "OF"]);
    let mut columns = Vec::new();
    let timing = timing && events(r, &mut columns);
    let events = r.expr(r.cursor.span_from(mark));
    if !timing || !r.cursor.eat_word("ON") {
        return r.expected("when the trigger fires and `ON`");
    }
    let Some(table) = r.object_name() else {
        return r.expected("the table of the trigger");
    };
    let mut trigger = CreateTrigger {
        name,
        table,
        or_replace,
        constraint,
        function: None,
        from: None,
        columns,
        when: None,
        clauses: r.expr(Span::new(events.span.end, events.span.end)),
        events,
        arguments: Name::default(),
    };
    let mark = r.cursor.mark();
    clauses(r, &mut trigger);
    if r.cursor.mark() > mark {
        trigger.clauses = r.expr(r.cursor.span_from(mark));
    }
    let mut called = false;
    if r.cursor.eat_word("EXECUTE") && r.cursor.eat_any(&["FUNCTION", "PROCEDURE"]).is_some() {
        trigger.function = r.routine_name();
        let group = r.cursor.group();
        called = group.is_some();
        if let Some(arguments) = group {
            let arguments = inside(arguments, r.text());
            trigger.arguments = Name::new(r.cursor.slice(arguments));
        }
    }
    let unsaid = trigger.function.as_ref().filter(|_| !called);
    if unsaid.is_some_and(|function| !function.template) {
        return r.expected("the arguments of the function in parentheses");
    }
    let found = trigger.function.is_some();
    let place = trigger.name.span;
    r.push_whole(Action::CreateTrigger(Box::new(trigger)), place);
    if !found {
        r.expected("`EXECUTE FUNCTION`");
    }
}

/// `INSERT OR UPDATE OF a, b OR …`.
fn events(r: &mut Reader<'_>, columns: &mut Vec<Name>) -> bool {
    loop {
        match r
            .cursor
            .eat_any(&["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
        {
            Some("UPDATE") if r.cursor.eat_word("OF") => {
                columns.extend(r.object_names().into_iter().map(|c| c.name));
            }
            Some(_) => {}
            None => return false,
        }
        if !r.cursor.eat_word("OR") {
            return true;
        }
    }
}

/// Everything between the table and EXECUTE.
fn clauses(r: &mut Reader<'_>, trigger: &mut CreateTrigger) {
    loop {
        if r.cursor.eat_word("FROM") {
            trigger.from = r.object_name();
        } else if r.cursor.eat_word("WHEN") {
            trigger.when = r.expr_in_parens();
        } else if r.cursor.eat_word("REFERENCING") {
            while r.cursor.eat_any(&["OLD", "NEW"]).is_some() {
                r.cursor.eat_any(&["TABLE", "ROW"]);
                r.cursor.eat_word("AS");
                r.name();
            }
        } else if r.cursor.eat_word("FOR") {
            r.cursor.eat_word("EACH");
            r.cursor.eat_any(&["ROW", "STATEMENT"]);
        } else if r
            .cursor
            .eat_any(&["NOT", "DEFERRABLE", "INITIALLY", "DEFERRED", "IMMEDIATE"])
            .is_none()
        {
            return;
        }
    }
}

/// ALTER TRIGGER.
pub fn alter(r: &mut Reader<'_>) {
    alter_on_table(r, ObjectKind::Trigger);
}

/// ALTER RULE.
pub fn alter_rule(r: &mut Reader<'_>) {
    alter_on_table(r, ObjectKind::Rule);
}

fn alter_on_table(r: &mut Reader<'_>, kind: ObjectKind) {
    r.cursor.bump();
    r.cursor.bump();
    let Some((name, table)) = name_on_table(r) else {
        return r.expected("a name, `ON` and a table");
    };
    if !r.cursor.at_any(&["NO", "DEPENDS"]) {
        return rename_on(r, kind, name.into(), table);
    }
    r.cursor.eat_word("NO");
    if !r.cursor.eat_words(&["DEPENDS", "ON", "EXTENSION"]) || r.name().is_none() {
        return r.expected("`DEPENDS ON EXTENSION`");
    }
    let place = name.span;
    let name = Some(name.into());
    r.push_whole(
        Action::AlterOther {
            kind,
            name,
            sets: None,
        },
        place,
    );
}

/// `name ON table`.
pub(super) fn name_on_table(r: &mut Reader<'_>) -> Option<(Ident, ObjectName)> {
    let name = r.name()?;
    if !r.cursor.eat_word("ON") {
        return None;
    }
    Some((name, r.object_name()?))
}

/// CREATE RULE.
pub fn create_rule(r: &mut Reader<'_>) {
    r.cursor.bump();
    let or_replace = r.cursor.eat_words(&["OR", "REPLACE"]);
    r.cursor.eat_word("RULE");
    let Some(name) = r.name() else {
        return r.expected("the name of a rule");
    };
    let on = r.cursor.eat_words(&["AS", "ON"]);
    let event = r
        .cursor
        .eat_any(&["SELECT", "INSERT", "UPDATE", "DELETE"])
        .filter(|_| on);
    let table = match r.cursor.eat_word("TO") {
        true => r.object_name(),
        false => None,
    };
    let (Some(event), Some(table)) = (event, table) else {
        return r.expected("`AS ON` an event `TO` a table");
    };
    let mark = r.cursor.mark();
    r.cursor.skip_until(|c| c.at_word("DO"));
    if !r.cursor.eat_word("DO") {
        return r.expected("`DO`");
    }
    r.cursor.rest();
    let definition = r.expr(r.cursor.span_from(mark));
    let place = name.span;
    r.push_whole(
        Action::CreateRule {
            name,
            table,
            or_replace,
            event,
            definition,
        },
        place,
    );
}
