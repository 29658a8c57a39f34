//! Statements that read and write rows.
//!
//! Tables, columns and the parts of a statement are found among its tokens.
//! What stands in a query or an expression is not checked here: it is kept as
//! text for those who ask `query` about it.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

mod assign;
mod batch;

use super::reader::{Reader, inside};
use super::reserved::at_clause;
use super::{
    Action, CreateTable, Delete, Expr, Ident, Insert, Merge, ObjectName, OnConflict, Persistence,
    Query, Update, session,
};
use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::{TokenKind, tokens_into};
use crate::text::holds;
use assign::{Assigned, IsOwn, assigned, at_end, is_distinct_from, names_rows, parts, wanted_null};

impl Merge {
    /// Are rows that are there updated or deleted?
    pub fn changes(&self) -> bool {
        self.updates || self.deletes
    }

    /// Are rows deleted, or values of such columns lost?
    pub fn overwrites(&self, counts: impl Fn(&Name) -> bool) -> bool {
        self.deletes || self.overwritten.iter().any(counts)
    }
}

impl Update {
    /// Does it leave every value of the column that is not NULL? Then it
    /// overwrites nothing there.
    pub fn fills_null(&self, column: &Ident) -> bool {
        self.kept.binary_search(&column.name).is_ok()
    }
}

/// INSERT.
pub fn insert(r: &mut Reader<'_>) {
    insert_behind(r, None);
}

/// UPDATE.
pub fn update(r: &mut Reader<'_>) {
    update_behind(r, None);
}

fn update_behind(r: &mut Reader<'_>, with: Option<Expr>) {
    let read = updated(r, with).map(|update| (update.table.span, update));
    push_read(
        r,
        read.map(|(place, update)| (Action::Update(Box::new(update)), place)),
    );
}

/// Adds what a statement does, unless something stands behind it that has no
/// place there (update_limit, delete_order_by, delete_join).
fn push_read(r: &mut Reader<'_>, read: Result<(Action, Span), SmolStr>) {
    match read {
        Ok(_) if !r.cursor.done() => r.unexpected(),
        Ok((action, place)) => r.push_whole(action, place),
        Err(why) => r.unparsed(why),
    }
}

fn updated(r: &mut Reader<'_>, with: Option<Expr>) -> Result<Update, SmolStr> {
    r.cursor.eat_word("UPDATE");
    let (table, only) = table(r)?;
    let alias = alias(r)?;
    let found = r.cursor.eat_word("SET");
    r.need(found.then_some(()), "`SET`")?;
    let is_own = |name: &str| alias.as_ref().map_or(&table.name, |alias| &alias.name) == name;
    let mark = r.cursor.mark();
    let Assigned {
        columns,
        mut kept,
        mut constant,
        wanted,
    } = assigned(&mut r.cursor, &is_own);
    if let Some(what) = wanted {
        return Err(r.why_expected(what));
    }
    let span = r.cursor.span_from(mark);
    let assignments = r.expr(span);
    let from = sources(r, "FROM")?;
    let condition = r.cursor.clone();
    let filter = filter(r)?;
    if filter.as_ref().is_some_and(|f| holds(&f.text, "null")) {
        kept.extend(wanted_null(&condition, &columns, &is_own));
    }
    constant &= names_rows(&condition, &is_own);
    let with_text = with.as_ref().map(|with| &*with.text);
    let picked = from
        .as_ref()
        .and_then(|from| batch::picked(&condition, &from.text, with_text, &is_own));
    if let Some(query) = picked.filter(|query| reads_alone(query, &table)) {
        let mut tokens = Vec::new();
        tokens_into(query, Span::new(0, query.len() as u32), &mut tokens);
        kept.extend(wanted_null(&Cursor::new(query, &tokens), &columns, &|_| {
            true
        }));
    }
    let picked = picked.map(Arc::from);
    kept.sort_unstable();
    let alias = alias.map(|alias| alias.name);
    Ok(Update {
        table,
        alias,
        only,
        with,
        columns,
        kept,
        constant,
        filter,
        assignments,
        from,
        picked,
    })
}

/// Is the query one of this table and no other?
fn reads_alone(query: &str, table: &ObjectName) -> bool {
    let name = table.name.to_ascii_lowercase();
    holds(query, &name) && !holds(query, "join") && !holds(query, "union")
}

/// DELETE.
pub fn delete(r: &mut Reader<'_>) {
    delete_behind(r, None);
}

fn delete_behind(r: &mut Reader<'_>, with: Option<Expr>) {
    let read = deleted(r, with).map(|delete| (delete.table.span, delete));
    push_read(
        r,
        read.map(|(place, delete)| (Action::Delete(Box::new(delete)), place)),
    );
}

fn deleted(r: &mut Reader<'_>, with: Option<Expr>) -> Result<Delete, SmolStr> {
    r.cursor.eat_word("DELETE");
    let found = r.cursor.eat_word("FROM");
    r.need(found.then_some(()), "`FROM`")?;
    let (table, only) = table(r)?;
    let alias = alias(r)?.map(|alias| alias.name);
    Ok(Delete {
        table,
        alias,
        only,
        with,
        using: sources(r, "USING")?,
        filter: filter(r)?,
    })
}

/// MERGE.
pub fn merge(r: &mut Reader<'_>) {
    merge_behind(r, None);
}

fn merge_behind(r: &mut Reader<'_>, with: Option<Expr>) {
    if !r.cursor.eat_words(&["MERGE", "INTO"]) {
        r.cursor.bump();
        return r.expected("`INTO`");
    }
    let named = table(r).and_then(|(table, _)| Ok((table, alias(r)?)));
    let (table, alias) = match named {
        Ok(named) => named,
        Err(why) => return r.unparsed(why),
    };
    r.cursor.skip_until(|c| c.at_word("USING"));
    let source = match r.cursor.eat_word("USING") {
        true => r
            .cursor
            .skip_until(|c| c.at_word("ON"))
            .map(|span| r.expr(span)),
        false => None,
    };
    let own = alias.map_or_else(|| table.name, |alias| alias.name);
    let mut merge = Merge {
        table,
        with,
        source,
        updates: false,
        deletes: false,
        by_source: false,
        returning: returns(&r.cursor),
        overwritten: Vec::new(),
    };
    r.cursor.skip_until(at_merge_clause);
    while r.cursor.eat_word("WHEN") {
        merge_clause(r, &mut merge, &|name| own == name);
    }
    r.cursor.rest();
    let place = merge.table.span;
    r.push_whole(Action::Merge(Box::new(merge)), place);
}

fn returns(cursor: &Cursor<'_>) -> bool {
    let mut cursor = cursor.clone();
    cursor.skip_until(|c| c.at_word("RETURNING"));
    cursor.at_word("RETURNING")
}

fn at_merge_clause(c: &Cursor<'_>) -> bool {
    c.at_words(&["WHEN", "MATCHED"]) || c.at_words(&["WHEN", "NOT", "MATCHED"])
}

/// `MATCHED AND … THEN …`, with the cursor behind WHEN.
fn merge_clause(r: &mut Reader<'_>, merge: &mut Merge, is_own: IsOwn<'_>) {
    let at_action = |c: &Cursor<'_>| {
        let verbs = ["UPDATE", "DELETE", "INSERT", "DO"];
        verbs.iter().any(|verb| c.at_words(&["THEN", verb]))
    };
    merge.by_source |= r.cursor.at_words(&["NOT", "MATCHED", "BY", "SOURCE"]);
    let condition = r.cursor.skip_until(at_action).unwrap_or_default();
    r.cursor.eat_word("THEN");
    match r.cursor.eat_any(&["UPDATE", "DELETE"]) {
        Some("UPDATE") => {
            merge.updates = true;
            r.cursor.eat_word("SET");
            let span = r.cursor.skip_until(at_merge_clause).unwrap_or_default();
            let mut tokens = Vec::new();
            tokens_into(r.text(), span, &mut tokens);
            let mut found = assigned(&mut Cursor::new(r.text(), &tokens), is_own);
            tokens_into(r.text(), condition, &mut tokens);
            let condition = Cursor::new(r.text(), &tokens);
            let filled = wanted_null(&condition, &found.columns, is_own);
            found.kept.extend(filled);
            let names = found.columns.into_iter().map(|column| column.name);
            let written = names.filter(|name| !found.kept.contains(name));
            merge.overwritten.extend(written);
        }
        Some(_) => merge.deletes = true,
        None => {}
    }
    r.cursor.skip_until(at_merge_clause);
}

/// COPY.
pub fn copy(r: &mut Reader<'_>) {
    let place = r.here();
    r.cursor.eat_word("COPY");
    r.cursor.eat_word("BINARY");
    let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"]
        .iter()
        .any(|verb| r.cursor.is_word_at(1, verb));
    let group = r.cursor.group();
    let query = group.map(|group| r.query(inside(group, r.text())));
    if let Some(query) = query.as_ref().filter(|_| writes) {
        let operations = r.nested(query.span, r.within.clone());
        r.extend(operations);
    }
    let table = match group {
        Some(_) => None,
        None => match r.object_name() {
            Some(name) => Some(name),
            None => return r.expected("the name of a table"),
        },
    };
    r.cursor.group();
    let from = match r.cursor.eat_any(&["FROM", "TO"]) {
        Some(word) => word == "FROM",
        None => return r.expected("`FROM` or `TO`"),
    };
    r.cursor.rest();
    let place = table.as_ref().map_or(place, |table| table.span);
    r.push_whole(Action::Copy { table, query, from }, place);
}

/// CALL.
pub fn call(r: &mut Reader<'_>) {
    r.cursor.eat_word("CALL");
    let Some(routine) = r.routine_name() else {
        return r.expected("the name of a procedure");
    };
    if r.cursor.group().is_none() {
        return r.expected("the arguments");
    }
    let place = routine.span;
    r.push_whole(Action::Call { routine }, place);
}

/// SELECT, VALUES and TABLE.
pub fn select(r: &mut Reader<'_>) {
    let whole = r.statement();
    let query = r.query(whole);
    select_behind(r, query);
}

/// PERFORM, as PL/pgSQL writes a SELECT whose rows it does not want.
pub fn perform(r: &mut Reader<'_>) {
    r.cursor.eat_word("PERFORM");
    let span = r.cursor.peek().map_or(r.statement(), |first| {
        Span::new(first.span.start, r.statement().end)
    });
    let text = format!("SELECT {}", r.cursor.slice(span));
    let query = Query {
        text: text.into(),
        span,
    };
    select_behind(r, query);
}

/// A statement that begins with WITH.
pub fn with(r: &mut Reader<'_>) {
    let mark = r.cursor.mark();
    r.cursor.eat_word("WITH");
    r.cursor.eat_word("RECURSIVE");
    let mut before = None;
    while common_table(r, before) {
        before = Some(r.cursor.span_from(mark));
        if !r.cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    let prefix = r.cursor.span_from(mark);
    if r.cursor.at_word("INSERT") {
        insert_behind(r, Some(prefix));
    } else if r.cursor.at_word("UPDATE") {
        let with = r.expr(prefix);
        update_behind(r, Some(with));
    } else if r.cursor.at_word("DELETE") {
        let with = r.expr(prefix);
        delete_behind(r, Some(with));
    } else if r.cursor.at_word("MERGE") {
        let with = r.expr(prefix);
        merge_behind(r, Some(with));
    } else if r.cursor.at_any(&["SELECT", "VALUES", "TABLE"])
        || r.cursor.at_kind(TokenKind::OpenParen)
    {
        select(r);
    } else {
        r.expected("a query behind `WITH`");
    }
}

/// One query of a WITH; those that write are read like statements, with the ones
/// before them, from `WITH` on, in front. The rest of it, up to the comma or the
/// statement, is passed over.
fn common_table(r: &mut Reader<'_>, before: Option<Span>) -> bool {
    if r.name().is_none() {
        return false;
    }
    r.cursor.group();
    if !r.cursor.eat_word("AS") {
        return false;
    }
    r.cursor.eat_word("NOT");
    r.cursor.eat_word("MATERIALIZED");
    let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"]
        .iter()
        .any(|verb| r.cursor.is_word_at(1, verb));
    let Some(group) = r.cursor.group() else {
        return false;
    };
    if writes {
        let short = before.filter(|before| before.len() < LONGEST_WITH);
        let with = short.map(|before| r.expr(before));
        let read = |inner: &mut Reader<'_>| match with {
            Some(with) if inner.cursor.at_word("UPDATE") => update_behind(inner, Some(with)),
            Some(with) if inner.cursor.at_word("DELETE") => delete_behind(inner, Some(with)),
            _ => super::read::dispatch(inner),
        };
        let within = r.within.clone();
        let operations = r.nested_with(r.text(), inside(group, r.text()), within, read);
        r.extend(operations);
    }
    if r.cursor.at_any(&["SEARCH", "CYCLE"]) {
        r.cursor
            .skip_until(|c| c.at_any(&["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES"]));
    }
    true
}

/// So many bytes of queries in front of one that writes are kept with it.
const LONGEST_WITH: u32 = 4_096;

/// Bytes of rows behind VALUES that are kept.
const FEW_ROWS: u32 = 2_000;

fn insert_behind(r: &mut Reader<'_>, with: Option<Span>) {
    let read = inserted(r, with).map(|insert| (insert.table.span, insert));
    push_read(
        r,
        read.map(|(place, insert)| (Action::Insert(Box::new(insert)), place)),
    );
}

fn inserted(r: &mut Reader<'_>, with: Option<Span>) -> Result<Insert, SmolStr> {
    r.cursor.eat_word("INSERT");
    let found = r.cursor.eat_word("INTO");
    r.need(found.then_some(()), "`INTO`")?;
    let table = r.object_name();
    let table = r.need(table, "the name of a table")?;
    let alias = match r.cursor.at_word("AS") {
        true => alias(r)?.map(|alias| alias.name),
        false => None,
    };
    let (columns, in_part) = columns(r)?;
    let overriding = r.cursor.eat_word("OVERRIDING");
    if overriding {
        r.cursor.eat_any(&["SYSTEM", "USER"]);
        r.cursor.eat_word("VALUE");
    }
    let behind = r.here();
    let values = r.cursor.at_word("VALUES").then_some(behind.end);
    let defaults = r.cursor.at_words(&["DEFAULT", "VALUES"]);
    let query = rows(r, with)?;
    let conflict = tail(r);
    let values = values
        .map(|start| Span::new(start, r.statement().end))
        .filter(|span| span.end - span.start <= FEW_ROWS)
        .map(|span| r.expr(span));
    Ok(Insert {
        table,
        alias,
        columns,
        in_part,
        query,
        overriding,
        values,
        defaults,
        conflict,
    })
}

/// `(a, b.c, d[1])`, and whether only a part of a column is named; a parenthesis
/// that begins a query is left alone.
fn columns(r: &mut Reader<'_>) -> Result<(Vec<Ident>, bool), SmolStr> {
    let mut columns = Vec::new();
    let mut in_part = false;
    if !r.cursor.at_kind(TokenKind::OpenParen)
        || r.cursor.peek_at(1).map(|t| t.kind) == Some(TokenKind::OpenParen)
        || ["SELECT", "WITH", "VALUES", "TABLE"]
            .iter()
            .any(|word| r.cursor.is_word_at(1, word) && !is_listed(r, 2))
    {
        return Ok((columns, in_part));
    }
    r.cursor.bump();
    loop {
        let column = r.name();
        let column = r.need(column, "a column")?;
        in_part |= !is_listed(r, 0);
        parts(&mut r.cursor);
        // A tool may fill in more than one.
        if column.template || r.cursor.at_kind(TokenKind::Template) {
            r.cursor.skip_item();
        }
        columns.push(column);
        if r.cursor.eat(TokenKind::CloseParen) {
            return Ok((columns, in_part));
        }
        let found = r.cursor.eat(TokenKind::Comma);
        r.need(found.then_some(()), "`,` or `)`")?;
    }
}

/// Does an item of a list end at this token?
fn is_listed(r: &Reader<'_>, ahead: usize) -> bool {
    r.cursor
        .peek_at(ahead)
        .is_some_and(|t| matches!(t.kind, TokenKind::Comma | TokenKind::CloseParen))
}

/// The rows of an INSERT, up to what it says about conflicts; the query they
/// come from, if one is written.
fn rows(r: &mut Reader<'_>, with: Option<Span>) -> Result<Option<Query>, SmolStr> {
    if r.cursor.eat_words(&["DEFAULT", "VALUES"]) {
        behind_rows(r)?;
        return Ok(None);
    }
    if r.cursor.eat_word("VALUES") {
        while written_row(r)? {}
        behind_rows(r)?;
        return Ok(None);
    }
    let template = r.cursor.at_kind(TokenKind::Template);
    let begins =
        r.cursor.at_any(&["SELECT", "WITH", "TABLE"]) || r.cursor.at_kind(TokenKind::OpenParen);
    let span = match begins || template {
        true => r
            .cursor
            .skip_until(|c| at_conflict(c) || c.at_word("RETURNING")),
        false => None,
    };
    let mut span = r.need(span, "`VALUES` or a query")?;
    if r.cursor.done() {
        span.end = r.statement().end.max(span.end);
    }
    let mut query = r.query(span);
    if let Some(with) = with {
        query.text = format!("{} {}", r.cursor.slice(with), query.text).into();
    }
    Ok(Some(query))
}

/// Reads one of the rows behind VALUES; does another follow? They are perhaps
/// not lexed to their end.
fn written_row(r: &mut Reader<'_>) -> Result<bool, SmolStr> {
    let mark = r.cursor.mark();
    if r.cursor.at_kind(TokenKind::Comma) || r.cursor.at_kind(TokenKind::CloseParen) {
        return Err(r.why_expected("a value"));
    }
    if r.cursor.group().is_none() {
        return match is_filled_in(r) {
            true => Ok(false),
            false => Err(r.why_expected("values in parentheses")),
        };
    }
    if let Some(gap) = r.cursor.gap(mark) {
        r.cursor.back_to(gap);
        return Err(r.why_expected("a value"));
    }
    Ok(r.cursor.eat(TokenKind::Comma))
}

/// Is it something that a tool fills in, or the end of what was lexed?
fn is_filled_in(r: &Reader<'_>) -> bool {
    matches!(
        r.cursor.kind(),
        Some(TokenKind::Template | TokenKind::Colon) | None
    )
}

/// Is what stands behind the rows one of the clauses of an INSERT or a query?
fn behind_rows(r: &mut Reader<'_>) -> Result<(), SmolStr> {
    const CLAUSES: &[&str] = &[
        "RETURNING",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "FOR",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "INTO",
    ];
    match is_filled_in(r) || r.cursor.at_any(CLAUSES) || at_conflict(&r.cursor) {
        true => Ok(()),
        false => Err(r.why_unexpected()),
    }
}

fn at_conflict(c: &Cursor<'_>) -> bool {
    c.at_words(&["ON", "CONFLICT"])
}

/// Passes over the rest; does it say ON CONFLICT? The rows behind VALUES were
/// perhaps not lexed, and are searched as text.
fn tail(r: &mut Reader<'_>) -> Option<OnConflict> {
    r.cursor.skip_until(at_conflict);
    let mut found = at_conflict(&r.cursor).then(|| {
        r.cursor.eat_words(&["ON", "CONFLICT"]);
        conflict(&mut r.cursor)
    });
    if let Some(conflict) = &mut found {
        conflict.action = r
            .cursor
            .skip_until(|c| c.at_word("RETURNING"))
            .map(|span| r.expr(span));
    }
    r.cursor.rest();
    let lexed_to = r.cursor.span_from(0).end;
    let behind = Span::new(lexed_to, r.statement().end);
    found.or_else(|| conflict_clause(r, behind))
}

/// What stands behind ON CONFLICT: `(a, b) [WHERE …] DO …`; expressions and
/// operator classes make the target unknown.
fn conflict(cursor: &mut Cursor<'_>) -> OnConflict {
    let target = cursor.at_kind(TokenKind::OpenParen) || cursor.at_words(&["ON", "CONSTRAINT"]);
    let computed = is_computed(&mut cursor.clone());
    let columns = cursor.ident_list().unwrap_or_default();
    let constraint = match cursor.eat_words(&["ON", "CONSTRAINT"]) {
        true => cursor.ident(),
        false => None,
    };
    let filter = cursor.at_word("WHERE");
    let plain = (filter || cursor.at_word("DO")) && columns.iter().all(|c| !c.template);
    let mut met = FxHashSet::default();
    let named = columns.into_iter().filter(|_| plain).map(|c| c.name);
    let columns = named.filter(|name| met.insert(*name)).collect();
    cursor.skip_until(|c| c.at_word("DO"));
    OnConflict {
        target,
        constraint,
        computed,
        columns,
        filter,
        action: None,
        overwritten: overwritten(&mut cursor.clone()),
    }
}

/// With the cursor at the target: is some of it a call or in parentheses?
fn is_computed(cursor: &mut Cursor<'_>) -> bool {
    let mut depth = 0;
    let mut template = false;
    let mut computed = false;
    while let Some(token) = cursor.bump() {
        match token.kind {
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth -= 1,
            TokenKind::Template => template = true,
            _ => {}
        }
        computed |= depth > 1;
        if depth == 0 {
            break;
        }
    }
    computed && !template
}

/// The columns that `DO UPDATE SET …` writes over.
fn overwritten(cursor: &mut Cursor<'_>) -> Vec<Name> {
    if !cursor.eat_words(&["DO", "UPDATE", "SET"]) {
        return Vec::new();
    }
    // Nothing else can be named than the table and the row that is new.
    let is_own = |name: &str| name != "excluded";
    let Assigned {
        columns, mut kept, ..
    } = assigned(cursor, &is_own);
    kept.extend(wanted_null(cursor, &columns, &is_own));
    let kept: FxHashSet<Name> = kept.into_iter().collect();
    let names = columns.into_iter().map(|column| column.name);
    names.filter(|name| !kept.contains(name)).collect()
}

fn conflict_clause(r: &Reader<'_>, within: Span) -> Option<OnConflict> {
    const TAIL: usize = 4096;
    let text = r.cursor.slice(within);
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let text = &text[start..];
    let tail = text.to_ascii_lowercase();
    let (before, after) = tail.rsplit_once("conflict")?;
    let on = before.trim_end().strip_suffix("on")?;
    let next = after.trim_start();
    let clause = on.ends_with([')', '\n', ' ', '\t', '\r'])
        && ["(", "do", "on"].iter().any(|word| next.starts_with(word));
    clause.then(|| {
        let after = &text[text.len() - after.len()..];
        let mut tokens = Vec::new();
        tokens_into(after, Span::new(0, after.len() as u32), &mut tokens);
        let mut cursor = Cursor::new(after, &tokens);
        let mut conflict = conflict(&mut cursor);
        let begins = within.end - after.len() as u32;
        let action = cursor.skip_until(|c| c.at_word("RETURNING"));
        conflict.action =
            action.map(|span| r.expr(Span::new(begins + span.start, begins + span.end)));
        conflict
    })
}

/// `[ONLY] name [*]`, and whether it says ONLY.
fn table(r: &mut Reader<'_>) -> Result<(ObjectName, bool), SmolStr> {
    let only = r.cursor.eat_word("ONLY");
    let parens = only && r.cursor.eat(TokenKind::OpenParen);
    let name = r.object_name();
    let name = r.need(name, "the name of a table")?;
    if parens {
        r.cursor.eat(TokenKind::CloseParen);
    }
    r.cursor.eat_operator("*");
    Ok((name, only))
}

/// `[AS] name` behind the table, and what a tool fills in there.
fn alias(r: &mut Reader<'_>) -> Result<Option<Ident>, SmolStr> {
    let said = r.cursor.eat_word("AS");
    if !said && r.cursor.at_word("SET") {
        return Ok(None);
    }
    let alias = r.name();
    if said && alias.is_none() {
        return Err(r.why_expected("another name of the table"));
    }
    while r.cursor.eat(TokenKind::Template) {}
    Ok(alias)
}

/// The other tables of an UPDATE or DELETE.
fn sources(r: &mut Reader<'_>, word: &str) -> Result<Option<Expr>, SmolStr> {
    const IN_LISTS: &[&str] = &[
        "AS",
        "ON",
        "ONLY",
        "LATERAL",
        "USING",
        "JOIN",
        "LEFT",
        "RIGHT",
        "FULL",
        "INNER",
        "CROSS",
        "NATURAL",
        "OUTER",
        "TABLESAMPLE",
    ];
    if !r.cursor.eat_word(word) {
        return Ok(None);
    }
    let span = r.cursor.skip_until(|c| at_clause(c) && !c.at_any(IN_LISTS));
    let span = r.need(span, "a table")?;
    Ok(Some(r.expr(span)))
}

/// The condition behind WHERE, up to the end or what is returned.
fn filter(r: &mut Reader<'_>) -> Result<Option<Expr>, SmolStr> {
    let mut filter = None;
    if r.cursor.eat_word("WHERE") {
        let span = r.cursor.skip_until(at_end);
        filter = Some(r.expr(r.need(span, "a condition")?));
    }
    if r.cursor.at_word("RETURNING") {
        r.cursor.rest();
    }
    Ok(filter)
}

fn select_behind(r: &mut Reader<'_>, query: Query) {
    let verb = r.here();
    let mark = r.cursor.mark();
    if let Some(into) = target(r, &query) {
        let place = into.name.span;
        return r.push_whole(Action::CreateTable(Box::new(into)), place);
    }
    r.cursor.back_to(mark);
    let (calls, sets) = called(r);
    if sets && calls.is_empty() {
        return;
    }
    let place = match calls.as_slice() {
        [only] => only.span,
        _ => verb,
    };
    let action = Action::Select {
        query,
        calls,
        unwanted: false,
    };
    r.push_whole(action, place);
}

/// The table that `SELECT … INTO` makes; in a block INTO names variables.
fn target(r: &mut Reader<'_>, query: &Query) -> Option<CreateTable> {
    if r.within.block || !r.cursor.at_word("SELECT") {
        return None;
    }
    r.cursor
        .skip_until(|c| c.at_any(&["INTO", "FROM", "UNION", "WHERE"]) && !is_distinct_from(c));
    let into = r.here();
    if !r.cursor.eat_word("INTO") {
        return None;
    }
    let persistence = match r
        .cursor
        .eat_any(&["TEMP", "TEMPORARY", "UNLOGGED", "LOCAL", "GLOBAL"])
    {
        Some("UNLOGGED") => Persistence::Unlogged,
        Some("LOCAL" | "GLOBAL" | "TEMP" | "TEMPORARY") => Persistence::Temporary,
        _ => Persistence::Permanent,
    };
    r.cursor.eat_any(&["TEMP", "TEMPORARY"]);
    r.cursor.eat_word("TABLE");
    let name = r.object_name()?;
    let before = Span::new(query.span.start, into.start);
    let after = Span::new(name.span.end, query.span.end);
    let text = format!("{}{}", r.cursor.slice(before), r.cursor.slice(after));
    r.cursor.rest();
    Some(CreateTable {
        name,
        persistence,
        foreign: false,
        if_not_exists: false,
        columns: Vec::new(),
        constraints: Vec::new(),
        inherits: Vec::new(),
        like: Vec::new(),
        partition_by: None,
        partition_of: None,
        source: Some(Query {
            text: text.into(),
            span: query.span,
        }),
        no_data: false,
        of_type: None,
        options: Name::default(),
    })
}

/// The functions that are called at the top level of a query. Calls of
/// `set_config` with constants are pushed as settings instead; were there any?
fn called(r: &mut Reader<'_>) -> (Vec<ObjectName>, bool) {
    let mut calls = Vec::new();
    let mut sets = false;
    let mut aliased = false;
    while !r.cursor.done() {
        if !matches!(
            r.cursor.kind(),
            Some(TokenKind::Word | TokenKind::QuotedName | TokenKind::Template)
        ) {
            if r.cursor.group().is_none() {
                r.cursor.bump();
            }
            aliased = false;
            continue;
        }
        let keyword = r.cursor.at_any(BEFORE_PARENTHESES);
        let as_alias = r.cursor.at_word("AS");
        let Some(name) = ObjectName::read(&mut r.cursor) else {
            r.cursor.bump();
            continue;
        };
        if r.cursor.at_kind(TokenKind::OpenParen) && !keyword && !aliased {
            match setting(r, &name) {
                true => sets = true,
                false => calls.push(name),
            }
        }
        aliased = as_alias;
    }
    (calls, sets)
}

/// Words behind which a parenthesis is no argument list.
const BEFORE_PARENTHESES: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COALESCE",
    "DISTINCT",
    "ELSE",
    "EXCEPT",
    "EXISTS",
    "EXTRACT",
    "FETCH",
    "FILTER",
    "FROM",
    "GREATEST",
    "GROUPING",
    "HAVING",
    "ILIKE",
    "IN",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "LATERAL",
    "LEAST",
    "LIKE",
    "LIMIT",
    "MATERIALIZED",
    "NOT",
    "NULLIF",
    "OFFSET",
    "ON",
    "OR",
    "OVER",
    "OVERLAY",
    "POSITION",
    "ROW",
    "ROWS",
    "SELECT",
    "SETS",
    "SIMILAR",
    "SOME",
    "SUBSTRING",
    "THEN",
    "TREAT",
    "TRIM",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITHIN",
];

/// With the cursor at the arguments: `set_config('name', 'value', false)`.
fn setting(r: &mut Reader<'_>, function: &ObjectName) -> bool {
    let builtin = function.name == "set_config"
        && function.schema.as_deref().is_none_or(|s| s == "pg_catalog");
    if !builtin {
        return false;
    }
    let mark = r.cursor.mark();
    let Some((name, value, local)) = setting_arguments(r) else {
        r.cursor.back_to(mark);
        return false;
    };
    session::push_set(r, fold(&name), Some(value.into()), local, function.span);
    true
}

fn setting_arguments<'a>(r: &mut Reader<'a>) -> Option<(Cow<'a, str>, Cow<'a, str>, bool)> {
    r.cursor.eat(TokenKind::OpenParen);
    let (name, _) = r.cursor.string()?;
    if !r.cursor.eat(TokenKind::Comma) {
        return None;
    }
    let (value, _) = r.cursor.string()?;
    if !r.cursor.eat(TokenKind::Comma) {
        return None;
    }
    let local = r.cursor.eat_any(&["TRUE", "FALSE"])? == "TRUE";
    r.cursor
        .eat(TokenKind::CloseParen)
        .then_some((name, value, local))
}
