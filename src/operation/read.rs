//! From a raw statement to its operations: looks at the first words and hands
//! over to the reader of the family.

use super::reader::Reader;
use super::syntax;
use super::{
    Action, Operation, Statement, Within, alter_relation, alter_table, catalog, comment,
    create_table, dml, do_block, domain, drop, grant, index, maintenance, policy, routine,
    sequence, session, trigger, types, view,
};
use crate::source::Span;
use crate::statement::lexer::{Token, TokenKind, tokens_into};
use crate::statement::{RawStatement, Shape};
use smol_str::format_smolstr;

type Family = fn(&mut Reader<'_>);

/// Reads one statement. `tokens` is scratch space that callers keep between
/// statements.
pub fn read(text: &str, raw: &RawStatement, tokens: &mut Vec<Token>) -> Statement {
    tokens_into(text, Span::new(raw.span.start, raw.read_to), tokens);
    read_tokens(text, raw, tokens)
}

/// Reads one statement of which the tokens are at hand, up to where reading
/// may stop.
pub fn read_tokens(text: &str, raw: &RawStatement, tokens: &[Token]) -> Statement {
    if raw.shape == Shape::Unterminated {
        return unterminated(raw, tokens);
    }
    let mut reader = Reader::new(text, tokens, raw.span, Within::default());
    match raw.shape {
        Shape::MetaCommand => session::meta(&mut reader),
        Shape::CopyData => dml::copy(&mut reader),
        _ => {
            dispatch(&mut reader);
            if let Some((place, why)) = syntax::mistake(text, tokens) {
                reader.mistake(place, why);
            }
        }
    }
    Statement {
        span: raw.span,
        operations: reader.finish(),
    }
}

fn unterminated(raw: &RawStatement, tokens: &[Token]) -> Statement {
    let place = tokens
        .iter()
        .find(|token| token.kind == TokenKind::Unterminated)
        .map_or(raw.span, |token| {
            Span::new(token.span.start, token.span.start + 1)
        });
    Statement {
        span: raw.span,
        operations: vec![Operation {
            action: Action::Unparsed {
                why: "a quote is never closed".into(),
            },
            place,
            clause: raw.span,
            within: Within::default(),
        }],
    }
}

/// Hands the statement to the reader of its family.
pub(super) fn dispatch(reader: &mut Reader<'_>) {
    pass_placeholders(reader);
    if reader.cursor.done() {
        return;
    }
    match family(reader) {
        Some(read) => read(reader),
        None => reader.unparsed(format_smolstr!(
            "no statement begins with `{}`",
            reader
                .cursor
                .text_at(0)
                .chars()
                .take(40)
                .collect::<String>()
        )),
    }
}

/// Placeholders in front of a statement: conditions of a template language,
/// or a whole statement that a tool fills in.
fn pass_placeholders(reader: &mut Reader<'_>) {
    let mark = reader.cursor.mark();
    while reader.cursor.eat(TokenKind::Template) {}
    let span = reader.cursor.span_from(mark);
    if !span.is_empty() {
        let name: String = reader.cursor.slice(span).chars().take(60).collect();
        reader.opaque(
            format_smolstr!("what stands here is filled in by a tool: `{name}`"),
            span,
        );
    }
}

fn family(reader: &Reader<'_>) -> Option<Family> {
    const FIRST: &[(&str, Family)] = &[
        ("CREATE", create),
        ("ALTER", alter),
        ("INSERT", dml::insert),
        ("DROP", drop::read),
        ("UPDATE", dml::update),
        ("DELETE", dml::delete),
        ("SELECT", dml::select),
        ("COMMENT", comment::read),
        ("DO", do_block::read),
        ("SET", session::set),
        ("GRANT", grant::read),
        ("REVOKE", grant::read),
        ("BEGIN", session::transaction),
        ("COMMIT", session::transaction),
        ("START", session::transaction),
        ("END", session::transaction),
        ("ROLLBACK", session::transaction),
        ("ABORT", session::transaction),
        ("SAVEPOINT", session::transaction),
        ("RELEASE", session::transaction),
        ("WITH", dml::with),
        ("VALUES", dml::select),
        ("TABLE", dml::select),
        ("MERGE", dml::merge),
        ("COPY", dml::copy),
        ("CALL", dml::call),
        ("TRUNCATE", maintenance::truncate),
        ("LOCK", maintenance::lock),
        ("VACUUM", maintenance::vacuum),
        ("ANALYZE", maintenance::analyze),
        ("ANALYSE", maintenance::analyze),
        ("CLUSTER", maintenance::cluster),
        ("REINDEX", maintenance::reindex),
        ("REFRESH", maintenance::refresh),
        ("RESET", session::reset),
        ("SECURITY", comment::read),
        ("IMPORT", catalog::create_other),
        ("REASSIGN", catalog::alter_other),
        ("PREPARE", session::other),
        ("EXECUTE", session::other),
        ("DEALLOCATE", session::other),
        ("DECLARE", session::other),
        ("FETCH", session::other),
        ("MOVE", session::other),
        ("CLOSE", session::other),
        ("EXPLAIN", session::other),
        ("SHOW", session::other),
        ("LISTEN", session::other),
        ("UNLISTEN", session::other),
        ("NOTIFY", session::other),
        ("LOAD", session::other),
        ("DISCARD", session::other),
        ("CHECKPOINT", session::other),
    ];
    let cursor = &reader.cursor;
    if cursor.at_kind(TokenKind::OpenParen) {
        return Some(dml::select);
    }
    if cursor.at_words(&["PREPARE", "TRANSACTION"]) {
        return Some(session::transaction);
    }
    FIRST
        .iter()
        .find(|(word, _)| cursor.at_word(word))
        .map(|(_, read)| *read)
}

fn create(reader: &mut Reader<'_>) {
    const KINDS: &[(&str, Family)] = &[
        ("TABLE", create_table::read),
        ("INDEX", index::create),
        ("VIEW", view::create),
        ("FUNCTION", routine::create),
        ("PROCEDURE", routine::create),
        ("TRIGGER", trigger::create),
        ("TYPE", types::create),
        ("DOMAIN", domain::create),
        ("SEQUENCE", sequence::create),
        ("POLICY", policy::create),
        ("RULE", trigger::create_rule),
    ];
    let kind = behind_modifiers(reader);
    let found = KINDS
        .iter()
        .find(|(word, _)| reader.cursor.is_word_at(kind, word));
    found.map_or(catalog::create_other as Family, |(_, read)| *read)(reader);
}

/// How many tokens stand before the word that names the kind of a CREATE;
/// words of other engines are among them, for the family's reader to name.
fn behind_modifiers(reader: &Reader<'_>) -> usize {
    const MODIFIERS: &[&str] = &[
        "OR",
        "REPLACE",
        "GLOBAL",
        "LOCAL",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "UNIQUE",
        "MATERIALIZED",
        "RECURSIVE",
        "FOREIGN",
        "CONSTRAINT",
        "FULLTEXT",
        "SPATIAL",
        "CLUSTERED",
        "NONCLUSTERED",
    ];
    let is_modifier = |n: usize| {
        MODIFIERS
            .iter()
            .any(|word| reader.cursor.is_word_at(n, word))
            || reader
                .cursor
                .peek_at(n)
                .is_some_and(|token| token.kind == TokenKind::Template)
    };
    (1..8).find(|n| !is_modifier(*n)).unwrap_or(1)
}

fn alter(reader: &mut Reader<'_>) {
    const KINDS: &[(&[&str], Family)] = &[
        (&["TABLE"], alter_table::read),
        (&["FOREIGN", "TABLE"], alter_table::read),
        (&["INDEX"], index::alter),
        (&["VIEW"], alter_relation::view),
        (&["MATERIALIZED", "VIEW"], alter_relation::view),
        (&["SEQUENCE"], sequence::alter),
        (&["TYPE"], types::alter),
        (&["DOMAIN"], domain::alter),
        (&["FUNCTION"], routine::alter),
        (&["PROCEDURE"], routine::alter),
        (&["ROUTINE"], routine::alter),
        (&["AGGREGATE"], routine::alter),
        (&["DEFAULT", "PRIVILEGES"], grant::read),
        (&["TRIGGER"], trigger::alter),
        (&["RULE"], trigger::alter_rule),
        (&["POLICY"], policy::alter),
    ];
    let found = KINDS.iter().find(|(words, _)| {
        words
            .iter()
            .enumerate()
            .all(|(n, word)| reader.cursor.is_word_at(n + 1, word))
    });
    found.map_or(catalog::alter_other as Family, |(_, read)| *read)(reader);
}
