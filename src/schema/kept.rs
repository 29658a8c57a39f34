//! Tables that keep their rows, whatever a DELETE asks for.

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
        let says = |text: &str, word: &str| {
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|w| w.eq_ignore_ascii_case(word))
        };
        trigger.when.is_none()
            && says(&trigger.events.text, "before")
            && says(&trigger.events.text, "delete")
            && says(&trigger.clauses.text, "row")
            && self.fires(&table.key, ObjectKind::Trigger, &trigger.name)
            && trigger.function.as_ref().is_some_and(|function| {
                let key = self.resolve_routine(function);
                matches!(self.routines(&key), [only] if yields_no_row(only))
            })
    }

    /// Is a trigger or a rule of a table switched on?
    pub fn fires(&self, table: &Key, kind: ObjectKind, name: &str) -> bool {
        let firing = self.setting(table, kind, name, &SettingName::Firing);
        firing.is_none_or(|firing| firing == "ENABLE ALWAYS")
    }
}

/// Is every RETURN of a function in PL/pgSQL `RETURN NULL`?
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
    returns && routine.language == "plpgsql" && !routine.altered
}
