//! Sequences.

use super::alter_relation::shared_action;
use super::reader::Reader;
use super::{Action, DataType, ObjectKind, ObjectName, SequenceOption};
use crate::name::Name;
use crate::statement::lexer::TokenKind;
use thin_vec::ThinVec;

/// What the options of a sequence say that matters to others.
#[derive(Default)]
pub struct SequenceOptions {
    /// `OWNED BY table.column`; `Some(None)` for NONE.
    pub owned_by: Option<Option<ObjectName>>,
    pub restart: bool,
    /// All others.
    pub list: ThinVec<SequenceOption>,
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
    let Some(name) = r.object_name() else {
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
            options: options.list,
        },
        place,
    );
}

/// ALTER SEQUENCE.
pub fn alter(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["ALTER", "SEQUENCE"]);
    let if_exists = r.cursor.eat_if_exists();
    let Some(name) = r.object_name() else {
        return r.expected("the name of a sequence");
    };
    if shared_action(r, ObjectKind::Sequence, &name, if_exists) {
        return;
    }
    let persistence = r.cursor.eat_word("SET");
    if persistence && r.cursor.eat_any(&["LOGGED", "UNLOGGED"]).is_none() {
        return r.expected("`LOGGED`, `UNLOGGED` or `SCHEMA`");
    }
    let options = options(r);
    let place = name.span;
    r.push_whole(
        Action::AlterSequence {
            name,
            if_exists,
            owned_by: options.owned_by,
            persistence,
            restart: options.restart,
            options: options.list,
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

/// The option by which an identity column says what its sequence is called.
pub const SEQUENCE_NAME: &str = "sequence name";

/// The options in parentheses, if they come next.
pub fn in_parens(r: &mut Reader<'_>) -> ThinVec<SequenceOption> {
    let mark = r.cursor.mark();
    if !r.cursor.eat(TokenKind::OpenParen) {
        return ThinVec::new();
    }
    let options = options(r).list;
    r.cursor.back_to(mark);
    r.cursor.group();
    options
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
    let Some(word) = r.cursor.eat_any(WORDS) else {
        return false;
    };
    let mut mark = r.cursor.mark();
    let (name, found) = match word {
        "AS" => ("as", DataType::read(&mut r.cursor).is_some()),
        "INCREMENT" | "START" | "MINVALUE" | "MAXVALUE" | "CACHE" => {
            r.cursor.eat_any(&["BY", "WITH"]);
            mark = r.cursor.mark();
            (lower(word), number(r))
        }
        "RESTART" => {
            options.restart = true;
            let with = r.cursor.eat_word("WITH");
            mark = r.cursor.mark();
            ("restart", !with && !at_number(r) || number(r))
        }
        "CYCLE" => ("cycle", true),
        "NOCYCLE" => {
            options.list.push(("cycle", Name::new("no")));
            return true;
        }
        "NO" => {
            let word = r.cursor.eat_any(&["MINVALUE", "MAXVALUE", "CYCLE"]);
            let no = |word| (lower(word), Name::new("no"));
            options.list.extend(word.map(no));
            return word.is_some();
        }
        "OWNED" => return r.cursor.eat_word("BY") && owned_by(r, options),
        _ => {
            let named = r.cursor.eat_word("NAME");
            mark = r.cursor.mark();
            let read = r.object_name().is_some();
            (SEQUENCE_NAME, named && read)
        }
    };
    if found {
        let value = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
        options.list.push((name, value));
    }
    found
}

fn lower(word: &str) -> &'static str {
    match word {
        "INCREMENT" => "increment",
        "START" => "start",
        "MINVALUE" => "minvalue",
        "MAXVALUE" => "maxvalue",
        "CACHE" => "cache",
        _ => "cycle",
    }
}

fn owned_by(r: &mut Reader<'_>, options: &mut SequenceOptions) -> bool {
    let none =
        r.cursor.at_word("NONE") && r.cursor.peek_at(1).map(|t| t.kind) != Some(TokenKind::Dot);
    let owner = r.object_name();
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
