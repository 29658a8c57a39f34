//! Sequences.

use super::alter_relation::shared_action;
use super::reader::Reader;
use super::{Action, DataType, ObjectKind, ObjectName};
use crate::statement::lexer::TokenKind;

/// What the options of a sequence say that matters to others.
#[derive(Default)]
pub struct SequenceOptions {
    /// `OWNED BY table.column`; `Some(None)` for NONE.
    pub owned_by: Option<Option<ObjectName>>,
    pub restart: bool,
}

/// CREATE SEQUENCE.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.bump();
    let mut temporary = false;
    while let Some(word) = r
        .cursor
        .eat_any(&["TEMP", "TEMPORARY", "UNLOGGED", "LOCAL", "GLOBAL"])
    {
        temporary |= word.starts_with("TEMP");
    }
    r.cursor.eat_word("SEQUENCE");
    let if_not_exists = r.cursor.eat_if_not_exists();
    let Some(name) = ObjectName::read(&mut r.cursor) else {
        return r.expected("the name of a sequence");
    };
    let options = options(r);
    let place = name.span;
    r.push_whole(
        Action::CreateSequence {
            name,
            if_not_exists,
            temporary,
            owned_by: options.owned_by.flatten(),
        },
        place,
    );
}

/// ALTER SEQUENCE.
pub fn alter(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["ALTER", "SEQUENCE"]);
    let if_exists = r.cursor.eat_if_exists();
    let Some(name) = ObjectName::read(&mut r.cursor) else {
        return r.expected("the name of a sequence");
    };
    if shared_action(r, ObjectKind::Sequence, &name, if_exists) {
        return;
    }
    if r.cursor.eat_word("SET") && r.cursor.eat_any(&["LOGGED", "UNLOGGED"]).is_none() {
        return r.expected("`LOGGED`, `UNLOGGED` or `SCHEMA`");
    }
    let options = options(r);
    let place = name.span;
    r.push_whole(
        Action::AlterSequence {
            name,
            owned_by: options.owned_by,
            restart: options.restart,
        },
        place,
    );
}

/// Reads options in any order, as they also stand in parentheses behind
/// `GENERATED … AS IDENTITY`; stops at what is none.
pub fn options(r: &mut Reader<'_>) -> SequenceOptions {
    let mut options = SequenceOptions::default();
    loop {
        let mark = r.cursor.mark();
        if !option(r, &mut options) {
            r.cursor.back_to(mark);
            return options;
        }
    }
}

fn option(r: &mut Reader<'_>, options: &mut SequenceOptions) -> bool {
    const WORDS: &[&str] = &[
        "AS",
        "INCREMENT",
        "MINVALUE",
        "MAXVALUE",
        "START",
        "RESTART",
        "CACHE",
        "CYCLE",
        "NOCYCLE",
        "NO",
        "OWNED",
        "SEQUENCE",
    ];
    match r.cursor.eat_any(WORDS) {
        Some("AS") => DataType::read(&mut r.cursor).is_some(),
        Some("INCREMENT" | "START" | "MINVALUE" | "MAXVALUE" | "CACHE") => {
            r.cursor.eat_any(&["BY", "WITH"]);
            number(r)
        }
        Some("RESTART") => {
            options.restart = true;
            !r.cursor.eat_word("WITH") && !at_number(r) || number(r)
        }
        Some("NO") => r
            .cursor
            .eat_any(&["MINVALUE", "MAXVALUE", "CYCLE"])
            .is_some(),
        Some("OWNED") => r.cursor.eat_word("BY") && owned_by(r, options),
        Some("SEQUENCE") => r.cursor.eat_word("NAME") && ObjectName::read(&mut r.cursor).is_some(),
        Some(_) => true,
        None => false,
    }
}

fn owned_by(r: &mut Reader<'_>, options: &mut SequenceOptions) -> bool {
    let none =
        r.cursor.at_word("NONE") && r.cursor.peek_at(1).map(|t| t.kind) != Some(TokenKind::Dot);
    let owner = ObjectName::read(&mut r.cursor);
    let found = owner.is_some();
    options.owned_by = Some(owner.filter(|_| !none));
    found
}

fn at_number(r: &Reader<'_>) -> bool {
    matches!(
        r.cursor.kind(),
        Some(TokenKind::Number | TokenKind::Template | TokenKind::Colon)
    ) || r.cursor.at_operator("-")
        || r.cursor.at_operator("+")
}

fn number(r: &mut Reader<'_>) -> bool {
    if !r.cursor.eat_operator("-") {
        r.cursor.eat_operator("+");
    }
    r.cursor.eat(TokenKind::Number)
        || (matches!(
            r.cursor.kind(),
            Some(TokenKind::Template | TokenKind::Colon)
        ) && r.cursor.ident().is_some())
}
