//! The session: settings, transactions, and statements of no concern.

use super::reader::Reader;
use super::{Action, SetParameter, TransactionControl};
use crate::name::Name;
use crate::source::Span;
use crate::statement::cursor::fold;
use crate::statement::lexer::TokenKind;
use smol_str::format_smolstr;

/// SET.
pub fn set(r: &mut Reader<'_>) {
    r.cursor.eat_word("SET");
    let scoped = r.cursor.at_any(&["SESSION", "LOCAL"]) && !r.cursor.is_word_at(1, "TO");
    if r.cursor.at_word("CONSTRAINTS") {
        return constraints(r);
    }
    if r.cursor.eat_words(&["SESSION", "CHARACTERISTICS"])
        || (r.cursor.at_word("TRANSACTION") && !is_assigned(r))
    {
        r.cursor.rest();
        return nothing(r);
    }
    let local = match scoped && !r.cursor.at_words(&["SESSION", "AUTHORIZATION"]) {
        true => r.cursor.eat_any(&["SESSION", "LOCAL"]) == Some("LOCAL"),
        false => false,
    };
    let place = r.here();
    let Some((name, place)) = parameter(r, place) else {
        return r.expected("the name of a setting");
    };
    let value = value(r);
    push_set(r, name, value, local, place);
}

/// `CONSTRAINTS { ALL | name, … } { DEFERRED | IMMEDIATE }`
fn constraints(r: &mut Reader<'_>) {
    let place = r.here();
    r.cursor.eat_word("CONSTRAINTS");
    let names = match r.cursor.eat_word("ALL") {
        true => Vec::new(),
        false => r.object_names(),
    };
    let Some(mode) = r.cursor.eat_any(&["DEFERRED", "IMMEDIATE"]) else {
        return r.expected("`DEFERRED` or `IMMEDIATE`");
    };
    let place = names.first().map_or(place, |name| name.span);
    let deferred = mode == "DEFERRED";
    r.push_whole(Action::SetConstraints { names, deferred }, place);
}

/// What ALTER DATABASE and ALTER ROLE set for the sessions to come.
pub(super) fn initial(r: &mut Reader<'_>) -> Option<SetParameter> {
    if r.cursor.eat_words(&["IN", "DATABASE"]) {
        r.cursor.ident()?;
    }
    if !r.cursor.eat_word("SET") {
        return None;
    }
    let place = r.here();
    let (name, _) = parameter(r, place)?;
    let value = value(r);
    Some(SetParameter {
        name,
        value,
        local: false,
    })
}

fn is_assigned(r: &Reader<'_>) -> bool {
    r.cursor.is_word_at(1, "TO") || r.cursor.text_at(1) == "="
}

/// The name of the setting, up to its value.
fn parameter(r: &mut Reader<'_>, place: Span) -> Option<(Name, Span)> {
    const PLAIN: &[(&[&str], &str)] = &[
        (&["TIME", "ZONE"], "time zone"),
        (&["SESSION", "AUTHORIZATION"], "session authorization"),
        (&["XML", "OPTION"], "xml option"),
    ];
    if let Some((_, name)) = PLAIN.iter().find(|(words, _)| r.cursor.eat_words(words)) {
        return Some((Name::new(name), place));
    }
    if !is_assigned(r) {
        let name = match r.cursor.eat_any(&["ROLE", "NAMES", "SCHEMA", "CATALOG"]) {
            Some("ROLE") => Some("role"),
            Some("NAMES") => Some("client_encoding"),
            Some("SCHEMA") => Some("search_path"),
            Some(_) => Some("catalog"),
            None => None,
        };
        if let Some(name) = name {
            return Some((Name::new(name), place));
        }
    }
    let name = super::ObjectName::read(&mut r.cursor)?;
    let assigned = r.cursor.eat_word("TO") || r.cursor.eat_operator("=");
    if !assigned && !r.cursor.eat_words(&["FROM", "CURRENT"]) {
        return None;
    }
    Some((fold(r.cursor.slice(name.span)), name.span))
}

/// The value, items joined by commas and literals without their quotes; `None`
/// for DEFAULT.
fn value(r: &mut Reader<'_>) -> Option<Name> {
    if r.cursor.at_word("DEFAULT") && r.cursor.peek_at(1).is_none() {
        r.cursor.bump();
        return None;
    }
    let mut value = String::new();
    loop {
        let mark = r.cursor.mark();
        let literal = r.cursor.string();
        let whole = r.cursor.done() || r.cursor.at_kind(TokenKind::Comma);
        match literal {
            Some((text, _)) if whole => value.push_str(&text),
            _ => {
                r.cursor.back_to(mark);
                if let Some(span) = r.cursor.skip_item() {
                    value.push_str(r.cursor.slice(span));
                }
            }
        }
        if !r.cursor.eat(TokenKind::Comma) {
            return Some(value.into());
        }
        value.push_str(", ");
    }
}

pub(super) fn push_set(
    r: &mut Reader<'_>,
    name: Name,
    value: Option<Name>,
    local: bool,
    place: Span,
) {
    r.push_whole(Action::Set(SetParameter { name, value, local }), place);
}

/// RESET.
pub fn reset(r: &mut Reader<'_>) {
    r.cursor.bump();
    let place = r.here();
    let name = match r.cursor.rest() {
        Some(span) => {
            let words: Vec<&str> = r.cursor.slice(span).split_ascii_whitespace().collect();
            fold(&words.join(" "))
        }
        None => return r.expected("the name of a setting"),
    };
    push_set(r, name, None, false, place);
}

/// BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin.
pub fn transaction(r: &mut Reader<'_>) {
    let place = r.here();
    let Some(token) = r.cursor.bump() else {
        return;
    };
    let verb = r.cursor.slice(token.span).to_ascii_uppercase();
    if r.cursor.eat_word("PREPARED") {
        return prepared(r, &verb, place);
    }
    let action = match verb.as_str() {
        "BEGIN" | "START" => begin(r),
        "COMMIT" | "END" => commit(r),
        "SAVEPOINT" => savepoint(r).map(TransactionControl::Savepoint),
        "RELEASE" => {
            r.cursor.eat_word("SAVEPOINT");
            savepoint(r).map(TransactionControl::Release)
        }
        "PREPARE" => {
            r.cursor.eat_word("TRANSACTION");
            r.cursor.string().map(|_| TransactionControl::Prepare)
        }
        _ => rollback(r),
    };
    let Some(action) = action else {
        return r.unexpected();
    };
    r.push_whole(Action::Transaction(action), place);
    if chained(r) {
        r.push_whole(Action::Transaction(TransactionControl::Begin), place);
    }
}

fn savepoint(r: &mut Reader<'_>) -> Option<Name> {
    r.cursor.ident().map(|name| name.name)
}

/// Passes over transaction modes.
fn begin(r: &mut Reader<'_>) -> Option<TransactionControl> {
    const MODES: &[&str] = &[
        "ISOLATION",
        "LEVEL",
        "SERIALIZABLE",
        "REPEATABLE",
        "READ",
        "COMMITTED",
        "UNCOMMITTED",
        "WRITE",
        "ONLY",
        "NOT",
        "DEFERRABLE",
    ];
    r.cursor.eat_any(&["WORK", "TRANSACTION"]);
    while r.cursor.eat_any(MODES).is_some() || r.cursor.eat(TokenKind::Comma) {}
    Some(TransactionControl::Begin)
}

/// The end of another transaction, which is told apart by its name.
fn prepared(r: &mut Reader<'_>, verb: &str, place: Span) {
    let command = match verb {
        "COMMIT" => "COMMIT PREPARED",
        "ROLLBACK" => "ROLLBACK PREPARED",
        _ => return r.unexpected(),
    };
    if r.cursor.string().is_none() {
        return r.expected("the name of a transaction");
    }
    r.push_whole(Action::ServerCommand { command }, place);
}

fn commit(r: &mut Reader<'_>) -> Option<TransactionControl> {
    r.cursor.eat_any(&["WORK", "TRANSACTION"]);
    Some(TransactionControl::Commit)
}

fn rollback(r: &mut Reader<'_>) -> Option<TransactionControl> {
    r.cursor.eat_any(&["WORK", "TRANSACTION"]);
    if !r.cursor.eat_word("TO") {
        return Some(TransactionControl::Rollback);
    }
    r.cursor.eat_word("SAVEPOINT");
    savepoint(r).map(TransactionControl::RollbackTo)
}

fn chained(r: &mut Reader<'_>) -> bool {
    let no = r.cursor.eat_words(&["AND", "NO", "CHAIN"]);
    !no && r.cursor.eat_words(&["AND", "CHAIN"])
}

fn nothing(r: &mut Reader<'_>) {
    let place = r.statement();
    r.push_whole(Action::Nothing, place);
}

/// Statements that change nothing in the schema.
pub fn other(r: &mut Reader<'_>) {
    if r.cursor.at_word("EXPLAIN") {
        return explain(r);
    }
    let place = r.here();
    if r.cursor.eat_word("EXECUTE") {
        let name = r.cursor.ident().map_or(Name::default(), |n| n.name);
        r.cursor.rest();
        return r.opaque(
            format_smolstr!("runs the prepared statement `{name}`"),
            place,
        );
    }
    if r.cursor.eat_words(&["DISCARD", "ALL"]) {
        let command = "DISCARD ALL";
        return r.push_whole(Action::ServerCommand { command }, place);
    }
    r.cursor.rest();
    nothing(r);
}

/// EXPLAIN runs nothing unless it says ANALYZE.
fn explain(r: &mut Reader<'_>) {
    r.cursor.bump();
    let options = r
        .cursor
        .at_kind(TokenKind::OpenParen)
        .then(|| r.cursor.group());
    let mut runs = options.flatten().is_some_and(|span| {
        r.cursor
            .slice(span)
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case("analyze"))
    });
    while let Some(word) = r.cursor.eat_any(&["ANALYZE", "ANALYSE", "VERBOSE"]) {
        runs |= word != "VERBOSE";
    }
    match r.cursor.rest() {
        Some(span) if runs => {
            let operations = r.nested(span, r.within.clone());
            r.extend(operations);
        }
        _ => nothing(r),
    }
}

/// A psql meta-command.
pub fn meta(r: &mut Reader<'_>) {
    let line = r.cursor.slice(r.statement());
    r.cursor.rest();
    let command = line.split_ascii_whitespace().next().unwrap_or(line);
    let word = command.trim_start_matches('\\').trim_end_matches('+');
    if word == "copy" {
        return client_copy(r);
    }
    let why = match word {
        "i" | "ir" | "include" | "include_relative" => "runs another file",
        "gexec" => "runs the rows of a query as SQL",
        "c" | "connect" => "continues on another database",
        "!" => "runs a program",
        _ => return nothing(r),
    };
    let place = r.statement();
    let command: String = command.chars().take(40).collect();
    r.opaque(format_smolstr!("`{command}` {why}"), place);
}

/// `\copy` does what COPY does, with a file of the client's.
fn client_copy(r: &mut Reader<'_>) {
    let whole = r.statement();
    let sql = Span::new(whole.start + 1, whole.end);
    let operations = r.nested(sql, r.within.clone());
    r.extend(operations);
}
