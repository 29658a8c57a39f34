//! Functions and procedures.

use std::sync::Arc;

use super::draft::{Class, Draft, Phase};
use super::sql::sql_key;
use crate::schema::{Mark, Routine};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// `CREATE OR REPLACE FUNCTION …`.
pub fn definition(routine: &Routine) -> String {
    format!(
        "CREATE OR REPLACE {} {}{}",
        word(routine),
        sql_key(&routine.key),
        routine.definition
    )
}

fn word(routine: &Routine) -> &'static str {
    if routine.procedure {
        "PROCEDURE"
    } else {
        "FUNCTION"
    }
}

/// The arguments as DROP has to name them: without defaults.
pub fn signature(arguments: &str) -> String {
    let mut tokens = Vec::new();
    tokens_into(arguments, Span::new(0, arguments.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(arguments, &tokens);
    let mut parts: Vec<&str> = Vec::new();
    while !cursor.done() {
        let mark = cursor.mark();
        cursor.skip_until(|c| {
            c.at_word("DEFAULT") || c.at_operator("=") || c.at_kind(TokenKind::Comma)
        });
        parts.push(cursor.slice(cursor.span_from(mark)));
        cursor.skip_item();
        if !cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    parts.join(", ")
}

fn drop(routine: &Routine) -> String {
    let (word, name) = (word(routine), sql_key(&routine.key));
    format!("DROP {word} {name}({})", signature(&routine.arguments))
}

/// Drops a routine while what it takes or returns is made anew.
pub fn make_anew(draft: &mut Draft<'_>, routine: &Routine) {
    draft.push(Phase::Detach, drop(routine));
    draft.makes_anew(routine.key, Class::Routine);
    match routine.is_altered() {
        true => draft.misses(altered(routine)),
        false => draft.push(Phase::CreateDependent, definition(routine)),
    }
}

fn altered(routine: &Routine) -> String {
    format!(
        "`{}` was altered by statements that say nothing of how it was",
        routine.key
    )
}

/// Brings back all routines that changed.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    for change in draft.now.routines_changed_since(mark) {
        let none = Vec::new();
        let before = change.before.unwrap_or(&none);
        let after = change.after.unwrap_or(&none);
        let of = |list: &[Arc<Routine>], one: &Routine| {
            list.iter().find(|r| r.takes(&one.arguments)).cloned()
        };
        for new in after {
            if of(before, new).is_none() {
                draft.push(Phase::DropRoutine, drop(new));
            }
        }
        for old in before {
            let same = of(after, old).is_some_and(|new| {
                Arc::ptr_eq(&new, old)
                    || new.definition == old.definition && new.is_altered() == old.is_altered()
            });
            if same {
                continue;
            }
            if old.is_altered() {
                draft.misses(altered(old));
            } else {
                draft.push(Phase::CreateRoutine, definition(old));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn defaults_are_left_out() {
        assert_eq!(signature("a int, b text DEFAULT 'x, y'"), "a int, b text");
        assert_eq!(signature("a int = f(1, 2), OUT b int"), "a int, OUT b int");
        assert_eq!(signature(""), "");
    }
}
