//! What triggers and rules make of what is written to a table.

use super::{Key, Routine, Rule, Schema, SettingName, Table, Trigger, names_in};
use crate::operation::{CreateRoutine, CreateTrigger, Expr, ObjectKind, ObjectName};
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
            every && function.is_some_and(|function| gives(&function.body, column, event))
        })
    }

    /// Will a trigger that is yet to be made do that? `function` is the one of its
    /// name that is yet to be made, too.
    pub fn will_fill(
        &self,
        trigger: &CreateTrigger,
        function: Option<&CreateRoutine>,
        column: &str,
        event: &str,
    ) -> bool {
        let every = trigger.columns.is_empty() || event == "insert";
        let fires =
            trigger.when.is_none() && is_before_rows(&trigger.events, &trigger.clauses, event);
        let body = match (function, &trigger.function) {
            (Some(create), _) => (create.language == "plpgsql").then_some(&*create.body_text),
            (None, Some(name)) => self.the_function(name).map(|routine| &*routine.body),
            (None, None) => None,
        };
        every && fires && body.is_some_and(|body| gives(body, column, event))
    }

    /// The function in PL/pgSQL that a trigger runs before each row of an event.
    fn before_rows(&self, table: &Table, trigger: &Trigger, event: &str) -> Option<&Routine> {
        let fires = trigger.when.is_none()
            && is_before_rows(&trigger.events, &trigger.clauses, event)
            && self.fires(&table.key, ObjectKind::Trigger, &trigger.name);
        self.the_function(trigger.function.as_ref().filter(|_| fires)?)
    }

    /// The function of a name, where there is but one and it is in PL/pgSQL.
    fn the_function(&self, name: &ObjectName) -> Option<&Routine> {
        match self.routines(&self.resolve_routine(name)) {
            [only] if only.language == "plpgsql" && !only.altered => Some(only),
            _ => None,
        }
    }

    /// Does a trigger let every write fail that it fires for? Its function raises an
    /// exception before anything else, whatever the rows are.
    pub fn refuses_writes(&self, trigger: &CreateTrigger) -> bool {
        let asks_rows = |when: &Expr| {
            let names = names_in(&when.text);
            names.into_iter().any(|name| name == "new" || name == "old")
        };
        let function = trigger.function.as_ref();
        let function = function.filter(|_| !trigger.when.as_ref().is_some_and(asks_rows));
        let function = function.and_then(|name| self.the_function(name));
        function.is_some_and(raises)
    }

    /// Is a trigger or a rule of a table switched on?
    pub fn fires(&self, table: &Key, kind: ObjectKind, name: &str) -> bool {
        let firing = self.setting(table, kind, name, &SettingName::Firing);
        firing.is_none_or(|firing| firing == "ENABLE ALWAYS")
    }
}

/// `BEFORE INSERT … FOR EACH ROW`
fn is_before_rows(events: &Expr, clauses: &Expr, event: &str) -> bool {
    let says = |text: &str, word: &str| {
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|w| w.eq_ignore_ascii_case(word))
    };
    says(&events.text, "before") && says(&events.text, event) && says(&clauses.text, "row")
}

/// How many of the rows that an event writes without a column take a branch.
#[derive(Clone, Copy, PartialEq)]
enum Taken {
    Each,
    Some,
    None,
}

/// Does a function assign a column to each row of the event that lacks it?
/// `NEW.c := …` and `SELECT … INTO NEW.c`.
fn gives(text: &str, column: &str, event: &str) -> bool {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    let mut branches: Vec<Taken> = Vec::new();
    let judged = |cursor: &Cursor<'_>| {
        let null = of_null(cursor, column);
        null.or_else(|| of_event(cursor, event))
            .unwrap_or(Taken::Some)
    };
    let mut starts = true;
    // Expressions with CASE that are open.
    let mut cases = 0usize;
    while !cursor.done() {
        let first = std::mem::replace(&mut starts, false);
        let all_take = |branches: &[Taken]| branches.iter().all(|b| *b == Taken::Each);
        if first && cursor.eat_word("END") {
            branches.pop();
            cursor.eat_any(&["IF", "LOOP", "CASE"]);
        } else if first && cursor.eat_word("IF") {
            branches.push(judged(&cursor));
        } else if first && let Some(word) = cursor.eat_any(&["ELSIF", "ELSEIF", "ELSE"]) {
            starts = word == "ELSE";
            let branch = match branches.pop() {
                Some(Taken::Each) => Taken::None,
                Some(Taken::None) if starts => Taken::Each,
                Some(Taken::None) => judged(&cursor),
                // One branch of a CASE is its own.
                Some(Taken::Some) | None => Taken::Some,
            };
            branches.push(branch);
        } else if cursor.eat_word("LOOP") || first && cursor.eat_word("CASE") {
            branches.push(Taken::Some);
            starts = true;
        } else if first && cursor.eat_word("BEGIN") {
            branches.push(Taken::Each);
            starts = true;
        } else if first && cursor.eat_word("EXCEPTION") {
            branches.pop();
            branches.push(Taken::Some);
        } else if first && cursor.at_word("RETURN") && !branches.contains(&Taken::None) {
            return false;
        } else if first && cursor.at_word("NEW") {
            let assigned = is_new(&mut cursor, column)
                && (cursor.at_operator(":=") || cursor.at_operator("="));
            if assigned && all_take(&branches) {
                return true;
            }
        } else if cursor.eat_word("INTO") {
            if is_target(&cursor, column) && all_take(&branches) {
                return true;
            }
        } else {
            let ends = cursor.at_kind(TokenKind::Semicolon);
            starts = ends || cases == 0 && cursor.at_word("THEN");
            cases = match () {
                () if ends => 0,
                () if cursor.at_word("CASE") => cases + 1,
                () if cursor.at_word("END") => cases.saturating_sub(1),
                () => cases,
            };
            cursor.bump();
        }
    }
    false
}

/// With the cursor behind INTO: is the column of the row among what it fills?
fn is_target(cursor: &Cursor<'_>, column: &str) -> bool {
    let mut ahead = cursor.clone();
    ahead.eat_word("STRICT");
    loop {
        if ahead.at_word("NEW") && is_new(&mut ahead, column) {
            return true;
        }
        ahead.ident();
        if ahead.eat(TokenKind::Dot) {
            ahead.ident();
        }
        if !ahead.eat(TokenKind::Comma) {
            return false;
        }
    }
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

/// `NEW.column IS [NOT] NULL THEN`
fn of_null(cursor: &Cursor<'_>, column: &str) -> Option<Taken> {
    let mut ahead = cursor.clone();
    let named = ahead.at_word("NEW") && is_new(&mut ahead, column) && ahead.eat_word("IS");
    let asked = if ahead.eat_word("NOT") {
        Taken::None
    } else {
        Taken::Each
    };
    (named && ahead.eat_words(&["NULL", "THEN"])).then_some(asked)
}

/// `TG_OP = 'INSERT' THEN`
fn of_event(cursor: &Cursor<'_>, event: &str) -> Option<Taken> {
    let mut ahead = cursor.clone();
    let named = ahead.eat_word("TG_OP") && ahead.eat_operator("=");
    let asked = ahead.bump()?.span.of(cursor.text()).trim_matches('\'');
    let taken = if asked.eq_ignore_ascii_case(event) {
        Taken::Each
    } else {
        Taken::None
    };
    (named && ahead.at_word("THEN")).then_some(taken)
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

/// Is the first thing that a function does to raise an exception?
fn raises(routine: &Routine) -> bool {
    let text = &routine.body;
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    cursor.skip_until(|c| c.at_word("BEGIN"));
    cursor.eat_word("BEGIN")
        && cursor.eat_word("RAISE")
        && !cursor.at_any(&["DEBUG", "LOG", "INFO", "NOTICE", "WARNING"])
}
