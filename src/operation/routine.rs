//! Functions and procedures.

use std::sync::Arc;

use super::alter_relation::shared_action;
use super::reader::{Reader, inside};
use super::variables::Variables;
use super::{
    Action, CreateRoutine, DataType, ObjectKind, ObjectName, Operation, Within, catalog, dynamic,
    plpgsql,
};
use crate::name::Name;
use crate::source::Span;
use crate::statement::cursor::{fold, string_inside, string_value};
use crate::statement::lexer::{Token, TokenKind};

/// CREATE FUNCTION and CREATE PROCEDURE.
pub fn create(r: &mut Reader<'_>) {
    r.cursor.bump();
    let or_replace = r.cursor.eat_words(&["OR", "REPLACE"]);
    let procedure = match r.cursor.eat_any(&["FUNCTION", "PROCEDURE"]) {
        Some(word) => word == "PROCEDURE",
        None => return r.expected("`FUNCTION` or `PROCEDURE`"),
    };
    let Some(name) = r.routine_name() else {
        return r.expected("the name of a routine");
    };
    let mark = r.cursor.mark();
    let Some(arguments) = r.cursor.group() else {
        return r.expected("arguments in parentheses");
    };
    let mut routine = CreateRoutine {
        name,
        procedure,
        or_replace,
        arguments: Name::new(r.cursor.slice(inside(arguments, r.text()))),
        returns: None,
        language: Name::default(),
        volatility: 'v',
        security_definer: false,
        body: None,
        body_text: Arc::from(""),
        atomic: false,
        definition: Arc::from(""),
        operations: Arc::default(),
    };
    let mut body = None;
    while let Some(found) = clause(r, &mut routine) {
        body = found.or(body);
    }
    if let Some(body) = body {
        take_body(r, &mut routine, body);
    }
    routine.definition = Arc::from(r.cursor.slice(r.cursor.span_from(mark)));
    let place = routine.name.span;
    r.push_whole(Action::CreateRoutine(Box::new(routine)), place);
}

/// How a body is written.
enum Body {
    Quoted(Token),
    /// The statements between BEGIN ATOMIC and END.
    Atomic(Span),
    Return(Span),
}

/// Reads one clause. Yields `None` where none comes next, and the body if the
/// clause is it.
fn clause(r: &mut Reader<'_>, routine: &mut CreateRoutine) -> Option<Option<Body>> {
    if r.cursor.at_word("RETURNS") && !r.cursor.at_words(&["RETURNS", "NULL", "ON"]) {
        r.cursor.bump();
        routine.returns = Some(returned(r)?);
        return Some(None);
    }
    if r.cursor.eat_word("LANGUAGE") {
        routine.language = language(r)?;
        return Some(None);
    }
    if r.cursor.eat_word("AS") {
        return definition(r).map(|token| Some(Body::Quoted(token)));
    }
    if r.cursor.eat_words(&["BEGIN", "ATOMIC"]) {
        return Some(Some(Body::Atomic(atomic(r)?)));
    }
    if r.cursor.eat_word("RETURN") {
        return Some(Some(Body::Return(r.cursor.rest()?)));
    }
    if let Some(volatility) = volatility(r) {
        routine.volatility = volatility;
        return Some(None);
    }
    if r.cursor.at_words(&["SECURITY", "DEFINER"])
        || r.cursor.at_words(&["EXTERNAL", "SECURITY", "DEFINER"])
    {
        routine.security_definer = true;
    }
    attribute(r).then_some(None)
}

fn volatility(r: &mut Reader<'_>) -> Option<char> {
    let word = r.cursor.eat_any(&["IMMUTABLE", "STABLE", "VOLATILE"])?;
    Some(match word {
        "IMMUTABLE" => 'i',
        "STABLE" => 's',
        _ => 'v',
    })
}

/// Passes over an attribute that CREATE and ALTER share.
fn attribute(r: &mut Reader<'_>) -> bool {
    const FIXED: &[&[&str]] = &[
        &["WINDOW"],
        &["STRICT"],
        &["LEAKPROOF"],
        &["NOT", "LEAKPROOF"],
        &["CALLED", "ON", "NULL", "INPUT"],
        &["RETURNS", "NULL", "ON", "NULL", "INPUT"],
        &["SECURITY", "DEFINER"],
        &["SECURITY", "INVOKER"],
        &["EXTERNAL", "SECURITY", "DEFINER"],
        &["EXTERNAL", "SECURITY", "INVOKER"],
        &["RESTRICT"],
    ];
    if FIXED.iter().any(|words| r.cursor.eat_words(words)) {
        return true;
    }
    match r.cursor.eat_any(&[
        "PARALLEL",
        "SUPPORT",
        "COST",
        "ROWS",
        "SET",
        "RESET",
        "TRANSFORM",
        "WITH",
    ]) {
        Some("PARALLEL" | "SUPPORT" | "RESET") => ObjectName::read(&mut r.cursor).is_some(),
        Some("COST" | "ROWS") => r.cursor.bump().is_some(),
        Some("SET") => setting(r),
        Some("TRANSFORM") => transforms(r),
        Some(_) => r.cursor.group().is_some(),
        None => false,
    }
}

fn transforms(r: &mut Reader<'_>) -> bool {
    while r.cursor.eat_words(&["FOR", "TYPE"]) {
        if DataType::read(&mut r.cursor).is_none() {
            return false;
        }
        r.cursor.eat(TokenKind::Comma);
    }
    true
}

/// `SET name TO a, b`.
fn setting(r: &mut Reader<'_>) -> bool {
    if r.cursor.eat_words(&["TIME", "ZONE"]) {
        return r.cursor.bump().is_some();
    }
    if ObjectName::read(&mut r.cursor).is_none() {
        return false;
    }
    if r.cursor.eat_words(&["FROM", "CURRENT"]) {
        return true;
    }
    if !r.cursor.eat_word("TO") && !r.cursor.eat_operator("=") {
        return false;
    }
    loop {
        r.cursor.eat(TokenKind::Operator);
        if r.cursor.string().is_none() && r.cursor.ident().is_none() {
            r.cursor.eat(TokenKind::Number);
        }
        if !r.cursor.eat(TokenKind::Comma) {
            return true;
        }
    }
}

/// The type behind RETURNS, as written.
fn returned(r: &mut Reader<'_>) -> Option<Name> {
    let mark = r.cursor.mark();
    if r.cursor.eat_word("TABLE") {
        r.cursor.group()?;
    } else {
        DataType::read(&mut r.cursor)?;
        if r.cursor.eat_operator("%") {
            r.cursor.ident()?;
        }
    }
    Some(Name::new(r.cursor.slice(r.cursor.span_from(mark))))
}

/// A language's name, which may be quoted.
pub(super) fn language(r: &mut Reader<'_>) -> Option<Name> {
    match r.cursor.string() {
        Some((name, _)) => Some(fold(&name)),
        None => r.cursor.ident().map(|name| fold(&name.name)),
    }
}

/// The text behind AS; of the two that name a C function the first.
fn definition(r: &mut Reader<'_>) -> Option<Token> {
    let token = r.cursor.peek()?;
    r.cursor.string()?;
    if r.cursor.eat(TokenKind::Comma) {
        r.cursor.string()?;
    }
    Some(token)
}

/// With the cursor behind BEGIN ATOMIC: the statements up to the END of it.
fn atomic(r: &mut Reader<'_>) -> Option<Span> {
    let mark = r.cursor.mark();
    let mut cases = 0usize;
    while !r.cursor.done() {
        if r.cursor.at_word("END") {
            if cases == 0 {
                let span = r.cursor.span_from(mark);
                r.cursor.bump();
                return Some(span);
            }
            cases -= 1;
        } else if r.cursor.at_word("CASE") {
            cases += 1;
        }
        r.cursor.bump();
    }
    None
}

fn take_body(r: &mut Reader<'_>, routine: &mut CreateRoutine, body: Body) {
    if routine.language.is_empty() && !matches!(body, Body::Quoted(_)) {
        routine.language = Name::new("sql");
    }
    routine.atomic = !matches!(body, Body::Quoted(_));
    let within = r.within.clone().in_block();
    let mut text = None;
    let span = match body {
        Body::Quoted(token) => match string_inside(token, r.text()) {
            Some(span) => {
                routine.operations = Arc::new(quoted(r, &routine.language, token, within));
                text = string_value(token, r.text());
                span
            }
            None => token.span,
        },
        Body::Atomic(span) => {
            routine.operations = Arc::new(r.script(r.text(), span, &within));
            span
        }
        Body::Return(span) => span,
    };
    routine.body = Some(span);
    let text = text.unwrap_or_else(|| r.cursor.slice(span).into());
    routine.body_text = Arc::from(text);
}

fn quoted(r: &Reader<'_>, language: &str, token: Token, within: Within) -> Vec<Operation> {
    match language {
        "sql" => dynamic::in_literal(r.text(), token, |text, span| r.script(text, span, &within)),
        "plpgsql" => dynamic::in_literal(r.text(), token, |text, span| {
            plpgsql::read(r, text, span, within)
        }),
        _ => Vec::new(),
    }
}

/// What the body of a function in PL/pgSQL does where parameters have these
/// values. Places in it are those of the body.
pub fn called_with(body: &str, given: impl IntoIterator<Item = (Name, Name)>) -> Vec<Operation> {
    let mut variables = Variables::default();
    for (name, value) in given {
        variables.set(name, value);
    }
    let span = Span::new(0, body.len() as u32);
    let within = Within::default().in_block();
    let reader = Reader::new(body, &[], span, within.clone());
    plpgsql::read_with(&reader, body, span, within, variables)
}

/// ALTER FUNCTION, PROCEDURE, ROUTINE and AGGREGATE.
pub fn alter(r: &mut Reader<'_>) {
    r.cursor.bump();
    let Some(kind) = ObjectKind::read(&mut r.cursor) else {
        return r.unexpected();
    };
    let Some(name) = catalog::object_name(r, kind) else {
        return r.expected("the name of a routine");
    };
    if shared_action(r, kind, &name, false) {
        return;
    }
    let mark = r.cursor.mark();
    let mut changed = None;
    r.cursor.eat_word("NO");
    if r.cursor.eat_words(&["DEPENDS", "ON", "EXTENSION"]) {
        r.cursor.ident();
    } else {
        r.cursor.back_to(mark);
        loop {
            match volatility(r) {
                Some(volatility) => changed = Some(volatility),
                None if attribute(r) => {}
                None => break,
            }
        }
    }
    if r.cursor.mark() == mark {
        return r.expected("what to change");
    }
    let place = name.span;
    let action = Action::AlterRoutine {
        kind,
        name,
        volatility: changed,
    };
    r.push_whole(action, place);
}
