//! Maintenance of tables and indexes.

use super::reader::Reader;
use super::{Action, ObjectName, ReindexTarget};
use crate::name::Name;
use crate::source::Span;
use crate::statement::lexer::TokenKind;

/// VACUUM.
pub fn vacuum(r: &mut Reader<'_>) {
    let verb = r.here();
    r.cursor.bump();
    let mark = r.cursor.mark();
    let mut analyzes = option(r, "ANALYZE");
    r.cursor.back_to(mark);
    let mut full = option(r, "FULL");
    while let Some(word) = r
        .cursor
        .eat_any(&["FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"])
    {
        full |= word == "FULL";
        analyzes |= word.starts_with("ANALY");
    }
    let mark = r.cursor.mark();
    let tables = tables(r);
    let listed = r.cursor.slice(r.cursor.span_from(mark));
    let columns_alone = !analyzes && lists_columns(listed);
    if tables.is_empty() && !r.cursor.done() {
        return r.expected("the name of a table");
    }
    let place = first(&tables, verb);
    let action = Action::Vacuum {
        full,
        tables,
        columns_alone,
    };
    r.push_whole(action, place);
}

/// `t (a, b)`, and not `ONLY (t)`.
fn lists_columns(tables: &str) -> bool {
    tables.contains('(') && !crate::text::holds(tables, "only")
}

/// ANALYZE.
pub fn analyze(r: &mut Reader<'_>) {
    let verb = r.here();
    r.cursor.bump();
    r.cursor.group();
    r.cursor.eat_word("VERBOSE");
    let tables = tables(r);
    if tables.is_empty() && !r.cursor.done() {
        return r.expected("the name of a table");
    }
    let place = first(&tables, verb);
    r.push_whole(Action::Analyze { tables }, place);
}

/// CLUSTER.
pub fn cluster(r: &mut Reader<'_>) {
    let verb = r.here();
    r.cursor.bump();
    r.cursor.group();
    r.cursor.eat_word("VERBOSE");
    let mut table = r.object_name();
    if table.is_none() && !r.cursor.done() {
        return r.expected("the name of a table");
    }
    let mut index = None;
    if r.cursor.eat_word("USING") {
        index = r.name();
    } else if r.cursor.eat_word("ON") {
        let of = r.object_name();
        let old = std::mem::replace(&mut table, of);
        index = old.map(|name| super::Ident {
            name: name.name,
            span: name.name_span,
            template: name.template,
        });
    }
    let place = table.as_ref().map_or(verb, |table| table.span);
    r.push_whole(Action::Cluster { table, index }, place);
}

/// REINDEX.
pub fn reindex(r: &mut Reader<'_>) {
    const TARGETS: &[(&str, ReindexTarget)] = &[
        ("INDEX", ReindexTarget::Index),
        ("TABLE", ReindexTarget::Table),
        ("SCHEMA", ReindexTarget::Schema),
        ("DATABASE", ReindexTarget::Database),
        ("SYSTEM", ReindexTarget::System),
    ];
    let verb = r.here();
    r.cursor.bump();
    let mut concurrently = option(r, "CONCURRENTLY");
    let Some((_, target)) = TARGETS.iter().find(|(word, _)| r.cursor.eat_word(word)) else {
        return r.expected("what to reindex");
    };
    concurrently |= r.cursor.eat_word("CONCURRENTLY");
    let name = r.object_name();
    if name.is_none() && !r.cursor.done() {
        return r.expected("a name");
    }
    let place = name.as_ref().map_or(verb, |name| name.span);
    r.push_whole(
        Action::Reindex {
            target: *target,
            name,
            concurrently,
        },
        place,
    );
}

/// REFRESH MATERIALIZED VIEW.
pub fn refresh(r: &mut Reader<'_>) {
    if !r.cursor.eat_words(&["REFRESH", "MATERIALIZED", "VIEW"]) {
        r.cursor.bump();
        return r.expected("`MATERIALIZED VIEW`");
    }
    let concurrently = r.cursor.eat_word("CONCURRENTLY");
    let Some(name) = r.object_name() else {
        return r.expected("the name of a view");
    };
    let with_data = !r.cursor.eat_words(&["WITH", "NO", "DATA"]);
    r.cursor.eat_words(&["WITH", "DATA"]);
    let place = name.span;
    r.push_whole(
        Action::RefreshView {
            name,
            concurrently,
            with_data,
        },
        place,
    );
}

/// LOCK TABLE.
pub fn lock(r: &mut Reader<'_>) {
    let verb = r.here();
    r.cursor.bump();
    r.cursor.eat_word("TABLE");
    let only = r.cursor.at_word("ONLY");
    let tables = tables(r);
    if tables.is_empty() {
        return r.expected("the name of a table");
    }
    let mut mode = Name::new("ACCESS EXCLUSIVE");
    if r.cursor.eat_word("IN") {
        match lock_mode(r) {
            Some(words) => mode = words,
            None => return r.expected("a lock mode"),
        }
    }
    let nowait = r.cursor.eat_word("NOWAIT");
    let place = first(&tables, verb);
    r.push_whole(
        Action::LockTable {
            tables,
            mode,
            nowait,
            only,
        },
        place,
    );
}

fn lock_mode(r: &mut Reader<'_>) -> Option<Name> {
    let mut mode = String::new();
    while let Some(word) = r
        .cursor
        .eat_any(&["ACCESS", "ROW", "SHARE", "UPDATE", "EXCLUSIVE"])
    {
        if !mode.is_empty() {
            mode.push(' ');
        }
        mode.push_str(word);
    }
    (!mode.is_empty() && r.cursor.eat_word("MODE")).then(|| mode.into())
}

/// TRUNCATE.
pub fn truncate(r: &mut Reader<'_>) {
    let verb = r.here();
    r.cursor.bump();
    r.cursor.eat_word("TABLE");
    let only = r.cursor.at_word("ONLY");
    let tables = tables(r);
    if tables.is_empty() {
        return r.expected("the name of a table");
    }
    let restart_identity = r.cursor.eat_words(&["RESTART", "IDENTITY"]);
    r.cursor.eat_words(&["CONTINUE", "IDENTITY"]);
    let cascade = r.cursor.eat_any(&["CASCADE", "RESTRICT"]) == Some("CASCADE");
    let place = first(&tables, verb);
    r.push_whole(
        Action::Truncate {
            tables,
            only,
            cascade,
            restart_identity,
        },
        place,
    );
}

fn first(tables: &[ObjectName], verb: Span) -> Span {
    tables.first().map_or(verb, |table| table.span)
}

/// Names between commas, each perhaps with ONLY, `*` and columns.
fn tables(r: &mut Reader<'_>) -> Vec<ObjectName> {
    let mut tables = Vec::new();
    loop {
        let followed = r.cursor.peek_at(1).is_some_and(|next| {
            !matches!(next.kind, TokenKind::Comma | TokenKind::Dot) && !r.cursor.is_word_at(1, "IN")
        });
        let only = followed && r.cursor.eat_word("ONLY");
        let parens = only && r.cursor.eat(TokenKind::OpenParen);
        let Some(name) = r.object_name() else {
            return tables;
        };
        tables.push(name);
        r.cursor.eat_operator("*");
        if parens {
            r.cursor.eat(TokenKind::CloseParen);
        }
        r.cursor.group();
        if !r.cursor.eat(TokenKind::Comma) {
            return tables;
        }
    }
}

/// Passes over `(A, B false)`; is this option among them, and on?
fn option(r: &mut Reader<'_>, wanted: &str) -> bool {
    let mut on = false;
    if !r.cursor.eat(TokenKind::OpenParen) {
        return false;
    }
    while !r.cursor.done() && !r.cursor.eat(TokenKind::CloseParen) {
        let here = r.cursor.eat_word(wanted);
        let value = r.cursor.skip_item();
        if here {
            on = !value.is_some_and(|value| {
                let text = r.cursor.slice(value);
                let text = text.trim_start_matches('=').trim().trim_matches('\'');
                ["false", "off", "0", "no"]
                    .iter()
                    .any(|no| text.eq_ignore_ascii_case(no))
            });
        }
        if !r.cursor.eat(TokenKind::Comma) {
            r.cursor.eat(TokenKind::CloseParen);
            break;
        }
    }
    on
}
