//! What triggers and rules make of what is written to a table.

use super::{Key, Routine, Rule, Schema, SettingName, Table, Trigger};
use crate::operation::ObjectKind;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

impl Schema {
    /// Does a rule or a trigger of the table see to it that no DELETE takes a
    /// row away?
    pub fn keeps_rows(&self, key: &Key) -> bool {
        self.table_by_key(key).is_some_and(|table| {
            table.rules.iter().any(|rule| self.is_instead(table, rule))
                || table.triggers.iter().any(|t| self.stops_deletes(table, t))
        })
    }

    /// `ON DELETE DO INSTEAD …`, without a condition.
    fn is_instead(&self, table: &Table, rule: &Rule) -> bool {
        let text = &rule.definition.text;
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        rule.event == "DELETE"
            && Cursor::new(text, &tokens).at_words(&["DO", "INSTEAD"])
            && self.fires(&table.key, ObjectKind::Rule, &rule.name)
    }

    /// Does it fire before each row goes, and always yield none?
    fn stops_deletes(&self, table: &Table, trigger: &Trigger) -> bool {
        let function = self.before_rows(table, trigger, "delete");
        function.is_some_and(yields_no_row)
    }

    /// Does a trigger give a column a value before each row that an INSERT
    /// (`insert`) or an UPDATE (`update`) writes?
    pub fn fills(&self, table: &Table, column: &str, event: &str) -> bool {
        table.triggers.iter().any(|trigger| {
            let every = trigger.columns.is_empty() || event == "insert";
            let function = self.before_rows(table, trigger, event);
            every && function.is_some_and(|function| gives(function, column, event))
        })
    }

    /// The function in PL/pgSQL that a trigger runs before each row of an event.
    fn before_rows(&self, table: &Table, trigger: &Trigger, event: &str) -> Option<&Routine> {
        let says = |text: &str, word: &str| {
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|w| w.eq_ignore_ascii_case(word))
        };
        let fires = trigger.when.is_none()
            && says(&trigger.events.text, "before")
            && says(&trigger.events.text, event)
            && says(&trigger.clauses.text, "row")
            && self.fires(&table.key, ObjectKind::Trigger, &trigger.name);
        let key = self.resolve_routine(trigger.function.as_ref().filter(|_| fires)?);
        match self.routines(&key) {
            [only] if only.language == "plpgsql" && !only.altered => Some(only),
            _ => None,
        }
    }

    /// Is a trigger or a rule of a table switched on?
    pub fn fires(&self, table: &Key, kind: ObjectKind, name: &str) -> bool {
        let firing = self.setting(table, kind, name, &SettingName::Firing);
        firing.is_none_or(|firing| firing == "ENABLE ALWAYS")
    }
}

/// Does a function assign a column of the row, outside of branches but for the
/// one where it is NULL? `NEW.c := …` and `SELECT … INTO NEW.c`.
fn gives(routine: &Routine, column: &str, event: &str) -> bool {
    let text = &routine.body;
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    // Of the branches around, those that not every such row takes.
    let mut branches: Vec<bool> = Vec::new();
    let mut into = false;
    while !cursor.done() {
        if cursor.eat_word("END") {
            branches.pop();
            cursor.eat_any(&["IF", "LOOP", "CASE"]);
        } else if cursor.eat_word("IF") {
            branches.push(!is_of_null(&cursor, column) && !is_of(&cursor, event));
        } else if cursor.eat_any(&["ELSIF", "ELSE"]).is_some() {
            // One branch of a CASE is its own.
            branches.pop();
            branches.push(true);
        } else if cursor.eat_any(&["LOOP", "CASE"]).is_some() {
            branches.push(true);
        } else if cursor.eat_word("BEGIN") {
            branches.push(false);
        } else if cursor.at_word("NEW") {
            let assigned = is_new(&mut cursor, column)
                && (into || cursor.at_operator(":=") || cursor.at_operator("="));
            if assigned && !branches.contains(&true) {
                return true;
            }
        } else {
            into = cursor.at_word("INTO") || into && cursor.at_kind(TokenKind::Comma);
            cursor.bump();
        }
    }
    false
}

/// With the cursor at `NEW`: takes `NEW.column`, or one token.
fn is_new(cursor: &mut Cursor<'_>, column: &str) -> bool {
    cursor.bump();
    let mut ahead = cursor.clone();
    let is_it = ahead.eat(TokenKind::Dot) && ahead.ident().is_some_and(|i| i.name == column);
    if is_it {
        *cursor = ahead;
    }
    is_it
}

/// `NEW.column IS NULL THEN`
fn is_of_null(cursor: &Cursor<'_>, column: &str) -> bool {
    let mut ahead = cursor.clone();
    ahead.at_word("NEW") && is_new(&mut ahead, column) && ahead.eat_words(&["IS", "NULL", "THEN"])
}

/// `TG_OP = 'INSERT' THEN`
fn is_of(cursor: &Cursor<'_>, event: &str) -> bool {
    let asked = cursor.text_at(2).trim_matches('\'');
    cursor.at_words(&["TG_OP"]) && cursor.is_word_at(3, "THEN") && asked.eq_ignore_ascii_case(event)
}

/// Is every RETURN of a function `RETURN NULL`?
fn yields_no_row(routine: &Routine) -> bool {
    let text = &routine.body;
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    let mut returns = false;
    while !cursor.done() {
        if !cursor.eat_word("RETURN") {
            cursor.bump();
            continue;
        }
        returns = cursor.eat_word("NULL") && cursor.at_kind(TokenKind::Semicolon);
        if !returns {
            return false;
        }
    }
    returns
}
