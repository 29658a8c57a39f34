//! What a query reads: the relations behind FROM, JOIN and USING, found by
//! tokens, and through views the tables below them.

use rustc_hash::FxHashSet;

use crate::effect::{LockMode, ScanKind};
use crate::name::Name;
use crate::operation::ObjectName;
use crate::schema::{Key, RESERVED, Relation, Table, View};
use crate::statement::cursor::Cursor;
use crate::statement::lexer::{Token, TokenKind};
use crate::text::holds;

use super::Work;
use super::data::Children;
use super::expr::{Tokens, group_end, is_word, name_of};
use super::partial::is_probed;
use super::volatility::STABLE_WORDS;

/// How deep views over views are followed.
pub(super) const VIEW_DEPTH: u8 = 16;

/// Calls in whose parentheses FROM is no clause.
const FROM_CALLS: &[&str] = &["EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"];

/// Words that end a list behind FROM.
const CLAUSES: &[&str] = &[
    "WHERE",
    "GROUP",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "HAVING",
    "WINDOW",
    "RETURNING",
    "SET",
    "ON",
    "FETCH",
    "FOR",
    "WHEN",
    "SELECT",
    "VALUES",
    "FROM",
];

/// Words that go on with a list.
const JOINS: &[&str] = &[
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "USING",
    "TABLESAMPLE",
    "INTO",
];

/// A relation behind FROM, JOIN, USING or TABLE.
pub(super) struct Source {
    pub name: ObjectName,
    /// `ONLY`: children and partitions are left alone.
    only: bool,
    /// What the query calls it, where that is something else.
    alias: Option<Name>,
    /// Which token its name begins at.
    pub at: usize,
}

impl Source {
    pub(super) fn called(&self) -> &Name {
        self.alias.as_ref().unwrap_or(&self.name.name)
    }
}

/// The relations that a query or a part of it names; names of WITH left out.
pub(super) fn relations(text: &str) -> Vec<ObjectName> {
    let found = sources(&Tokens::of(text)).into_iter();
    found.map(|source| source.name).collect()
}

pub(super) fn sources(tokens: &Tokens<'_>) -> Vec<Source> {
    let text = tokens.text;
    let with = with_names(tokens);
    let mut found = Vec::new();
    for (n, token) in tokens.list.iter().enumerate() {
        let first = text.as_bytes()[token.span.start as usize];
        let may_begin = matches!(first.to_ascii_lowercase(), b'f' | b'j' | b't' | b'u');
        if token.kind != TokenKind::Word || !may_begin {
            continue;
        }
        let begins = is_from(tokens, n)
            || is_word(*token, text, "JOIN")
            || is_table_command(tokens, n)
            || (is_word(*token, text, "USING") && !followed_by_paren(tokens, n));
        if begins {
            from_list(tokens, n + 1, &with, &mut found);
        }
    }
    found
}

/// The relations of a list as it stands behind FROM or USING, subqueries and
/// joins included.
pub(super) fn listed(text: &str) -> Vec<ObjectName> {
    let tokens = Tokens::of(text);
    let mut found = sources(&tokens);
    from_list(&tokens, 0, &FxHashSet::default(), &mut found);
    found.into_iter().map(|source| source.name).collect()
}

/// `TABLE t` in the place of a query.
fn is_table_command(tokens: &Tokens<'_>, n: usize) -> bool {
    const BEFORE: &[&str] = &["AS", "UNION", "EXCEPT", "INTERSECT", "ALL", "DISTINCT"];
    let text = tokens.text;
    if !is_word(tokens.list[n], text, "TABLE") {
        return false;
    }
    let Some(before) = n.checked_sub(1).map(|before| tokens.list[before]) else {
        return true;
    };
    before.kind == TokenKind::OpenParen || BEFORE.iter().any(|word| is_word(before, text, word))
}

fn followed_by_paren(tokens: &Tokens<'_>, n: usize) -> bool {
    tokens
        .list
        .get(n + 1)
        .is_some_and(|t| t.kind == TokenKind::OpenParen)
}

/// FROM as a clause, not as in IS DISTINCT FROM or EXTRACT(… FROM …).
fn is_from(tokens: &Tokens<'_>, n: usize) -> bool {
    let text = tokens.text;
    if !is_word(tokens.list[n], text, "FROM") {
        return false;
    }
    if n.checked_sub(1)
        .is_some_and(|p| is_word(tokens.list[p], text, "DISTINCT"))
    {
        return false;
    }
    match tokens.opening(n) {
        Some(open) if open > 0 => {
            let before = tokens.list[open - 1];
            !FROM_CALLS.iter().any(|call| is_word(before, text, call))
        }
        _ => true,
    }
}

pub(super) fn with_names(tokens: &Tokens<'_>) -> FxHashSet<Name> {
    let text = tokens.text;
    if !tokens.list.iter().any(|t| is_word(*t, text, "WITH")) {
        return FxHashSet::default();
    }
    let names = tokens.list.iter().enumerate().filter(|(n, _)| {
        let behind = match followed_by_paren(tokens, *n) {
            true => tokens.end_of(n + 1) + 1,
            false => n + 1,
        };
        let [as_word, next, ..] = tokens.list.get(behind..).unwrap_or_default() else {
            return false;
        };
        is_word(*as_word, text, "AS")
            && (next.kind == TokenKind::OpenParen
                || is_word(*next, text, "MATERIALIZED")
                || is_word(*next, text, "NOT"))
    });
    names.filter_map(|(_, name)| name_of(*name, text)).collect()
}

fn from_list(tokens: &Tokens<'_>, start: usize, with: &FxHashSet<Name>, found: &mut Vec<Source>) {
    let (list, text) = (&tokens.list, tokens.text);
    let mut at = start;
    let mut expect = true;
    let mut only = false;
    while let Some(token) = list.get(at) {
        match token.kind {
            TokenKind::OpenParen if only && expect => {}
            TokenKind::OpenParen => {
                at = tokens.end_of(at) + 1;
                expect = false;
                continue;
            }
            TokenKind::CloseParen | TokenKind::Semicolon => return,
            TokenKind::Comma => expect = true,
            TokenKind::Word if is_word(*token, text, "USING") && !followed_by_paren(tokens, at) => {
                return;
            }
            TokenKind::Word
                if CLAUSES.iter().any(|w| is_word(*token, text, w))
                    || is_word(*token, text, "JOIN") =>
            {
                return;
            }
            TokenKind::Word if is_word(*token, text, "LATERAL") => {}
            TokenKind::Word if is_word(*token, text, "ONLY") => only = true,
            TokenKind::Word | TokenKind::QuotedName if expect => {
                let mut cursor = Cursor::new(text, &list[at..]);
                let Some(name) = ObjectName::read(&mut cursor) else {
                    return;
                };
                let call = cursor.at_kind(TokenKind::OpenParen);
                let from_with = name.schema.is_none() && with.contains(&name.name);
                if !call && !from_with {
                    found.push(Source {
                        name,
                        only,
                        alias: alias(&mut cursor.clone(), text),
                        at,
                    });
                }
                at += cursor.mark();
                expect = false;
                only = false;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// The name behind a relation.
fn alias(cursor: &mut Cursor<'_>, text: &str) -> Option<Name> {
    cursor.eat_operator("*");
    let explicit = cursor.eat_word("AS");
    let token = cursor.peek()?;
    let is_keyword = |token: Token| {
        let words = CLAUSES.iter().chain(JOINS);
        words.into_iter().any(|word| is_word(token, text, word))
    };
    match explicit || !is_keyword(token) {
        true => name_of(token, text),
        false => None,
    }
}

/// The names behind `FOR UPDATE OF`; `None` where all are meant, or nothing is
/// locked.
fn locked_names(tokens: &Tokens<'_>) -> Option<Vec<Name>> {
    let text = tokens.text;
    let of = tokens.list.windows(2).position(|w| {
        is_word(w[1], text, "OF")
            && ["UPDATE", "SHARE"]
                .iter()
                .any(|word| is_word(w[0], text, word))
    })?;
    let names = tokens.list[of + 2..].chunks(2);
    Some(names.map_while(|pair| name_of(pair[0], text)).collect())
}

/// The names of the columns that a SELECT yields; `None` where they cannot be
/// told from its text alone (`*`, expressions without an alias).
pub(super) fn output_names(text: &str) -> Option<Vec<Name>> {
    let tokens = Tokens::of(text);
    let list = &tokens.list;
    if !is_word(*list.first()?, text, "SELECT") {
        return None;
    }
    let mut names = Vec::new();
    let mut last: Option<Token> = None;
    let mut at = 1;
    while let Some(token) = list.get(at) {
        match token.kind {
            TokenKind::OpenParen => {
                at = tokens.end_of(at);
                last = list.get(at).copied();
            }
            TokenKind::Comma => {
                names.push(name_of(last.take()?, text)?);
            }
            _ if is_word(*token, text, "FROM") => break,
            // What names a CASE is in its ELSE.
            _ if is_word(*token, text, "END") => return None,
            TokenKind::Operator if tokens.word(*token) == "*" => return None,
            _ => last = Some(*token),
        }
        at += 1;
    }
    names.push(name_of(last?, text)?);
    Some(names)
}

/// What the rows of a query are compared by.
enum Compared {
    /// Behind the name of a table, where one stands there.
    Column(Option<Name>, Name),
    /// `*`.
    All,
}

/// The columns that DISTINCT, UNION, GROUP BY or ORDER BY of a query that begins
/// with SELECT compares.
fn compared(tokens: &Tokens<'_>) -> Vec<Compared> {
    const SETS: &[&str] = &["UNION", "INTERSECT", "EXCEPT"];
    const ENDS: &[&str] = &[
        "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "WINDOW", "FOR",
    ];
    let text = tokens.text;
    let mut cursor = Cursor::new(text, &tokens.list);
    let mut found = Vec::new();
    if !cursor.eat_word("SELECT") {
        return found;
    }
    let mut whole = cursor.eat_word("DISTINCT");
    let by_some = whole && cursor.at_word("ON");
    let from = cursor.mark();
    cursor.skip_until(|c| c.at_any(&["FROM", "INTO", "WHERE"]) || c.at_any(SETS));
    let list = &tokens.list[from..cursor.mark()];
    while !cursor.done() {
        if cursor.eat_any(SETS).is_some() {
            whole |= !cursor.at_word("ALL");
        } else if cursor.eat_words(&["GROUP", "BY"]) || cursor.eat_words(&["ORDER", "BY"]) {
            let from = cursor.mark();
            cursor.skip_until(|c| c.at_any(ENDS) || c.at_any(SETS));
            found.extend(plain_columns(&tokens.list[from..cursor.mark()], text));
        } else if cursor.group().is_none() {
            cursor.bump();
        }
    }
    // ORDER BY may name what the query makes of a column.
    let made = super::constant::items(list).into_iter();
    let made = made.filter(|item| item.len() > 1 && item[item.len() - 2].kind != TokenKind::Dot);
    let made: Vec<Name> = made.filter_map(|i| name_of(*i.last()?, text)).collect();
    found.retain(|item| !matches!(item, Compared::Column(None, name) if made.contains(name)));
    if whole && !by_some {
        found.extend(plain_columns(list, text));
    }
    found
}

/// The items of a list that are columns and nothing else.
fn plain_columns(list: &[Token], text: &str) -> Vec<Compared> {
    let items = super::constant::items(list).into_iter();
    let column = |item: &[Token]| match item {
        [one] if one.span.of(text) == "*" => Some(Compared::All),
        [one] => Some(Compared::Column(None, name_of(*one, text)?)),
        [of, dot, one] if dot.kind == TokenKind::Dot => {
            Some(Compared::Column(name_of(*of, text), name_of(*one, text)?))
        }
        _ => None,
    };
    items.filter_map(column).collect()
}

/// A column, or several, that a SELECT yields.
enum Selected {
    Named(Name),
    /// `*`.
    All,
    /// `t.*`.
    AllOf(Name),
    /// An expression whose name is not told.
    Other,
    /// `(a).*`: the parts of a value.
    Parts,
}

/// What the first SELECT of a query yields; `None` where it does not begin with
/// one.
fn selected(tokens: &Tokens<'_>) -> Option<Vec<Selected>> {
    const BEHIND: &[&str] = &[
        "FROM",
        "INTO",
        "WHERE",
        "GROUP",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "ORDER",
        "LIMIT",
    ];
    let text = tokens.text;
    let mut cursor = Cursor::new(text, &tokens.list);
    if !cursor.eat_word("SELECT") {
        return None;
    }
    if cursor.eat_word("DISTINCT") && cursor.eat_word("ON") {
        cursor.group();
    }
    let mut list = Vec::new();
    loop {
        let from = cursor.mark();
        let ends = |c: &Cursor<'_>| c.at_kind(TokenKind::Comma) || c.at_any(BEHIND);
        cursor.skip_until(ends);
        list.push(one_selected(&tokens.list[from..cursor.mark()], text));
        if !cursor.eat(TokenKind::Comma) {
            return Some(list);
        }
    }
}

/// What is written like a call and yields a column of another name.
const OTHERWISE_NAMED: &[&str] = &[
    "ARRAY", "CAST", "DISTINCT", "EXISTS", "EXTRACT", "IN", "NOT", "OVERLAY", "POSITION", "TREAT",
    "TRIM", "VALUES",
];

fn one_selected(item: &[Token], text: &str) -> Selected {
    let star = |token: &Token| token.span.of(text) == "*";
    let named = |token: &Token| name_of(*token, text).map_or(Selected::Other, Selected::Named);
    match item {
        [one] if star(one) => Selected::All,
        [one] => named(one),
        [table, dot, end] if dot.kind == TokenKind::Dot => match name_of(*table, text) {
            Some(table) if star(end) => Selected::AllOf(table),
            _ => named(end),
        },
        [.., dot, end] if dot.kind == TokenKind::Dot && star(end) => Selected::Parts,
        [.., before, name] if is_word(*before, text, "AS") => named(name),
        [call, open, .., _] if open.kind == TokenKind::OpenParen => {
            let whole = group_end(item, 1) + 1 == item.len();
            let special = OTHERWISE_NAMED
                .iter()
                .any(|word| is_word(*call, text, word));
            match whole && !special {
                true => named(call),
                false => Selected::Other,
            }
        }
        _ => Selected::Other,
    }
}

/// What every table has; `value` is what a domain checks.
pub(super) const SYSTEM_COLUMNS: &[&str] = &[
    "tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "oid", "value",
];

/// Is every name in a condition known, those of calls and types aside? A look at
/// the tokens, for the many conditions in which nothing is missing.
pub(super) fn names_only(condition: &str, is_known: impl Fn(&str) -> bool) -> bool {
    let tokens = Tokens::of(condition);
    let kind = |n: usize| tokens.list.get(n).map(|t| t.kind);
    tokens.list.iter().enumerate().all(|(n, token)| {
        let is_column = match token.kind {
            TokenKind::Word => {
                kind(n + 1) != Some(TokenKind::OpenParen)
                    && n.checked_sub(1).and_then(kind) != Some(TokenKind::DoubleColon)
                    && !RESERVED.iter().any(|word| is_word(*token, condition, word))
            }
            kind => kind == TokenKind::QuotedName,
        };
        !is_column || name_of(*token, condition).is_some_and(|name| is_known(&name))
    })
}

/// The columns of its own table that a condition names: without a qualifier, and
/// outside of subqueries. `None` where it cannot be read.
pub(super) fn columns_in(condition: &str) -> Option<Vec<Name>> {
    let tokens = Tokens::of(condition);
    let inner = |token: &Token| is_word(*token, condition, "SELECT");
    if tokens.list.iter().any(inner) || tokens.list.windows(2).any(|w| is_part(w, condition)) {
        return None;
    }
    let reading = crate::operation::query::read(&format!("SELECT 1 FROM x WHERE {condition}"))?;
    let [used] = reading.uses.as_slice() else {
        return None;
    };
    let named = |word: &&Name| {
        !SYSTEM_COLUMNS.contains(&word.as_str())
            && !STABLE_WORDS.iter().any(|w| w.eq_ignore_ascii_case(word))
    };
    Some(used.columns.iter().filter(named).cloned().collect())
}

/// Names that are no columns: the fields of a value (`(a).b`, `a[1].b`), and the
/// arguments that a call names (`days => 3`).
pub(super) fn is_part(pair: &[Token], text: &str) -> bool {
    let closes = matches!(
        pair[0].kind,
        TokenKind::CloseParen | TokenKind::CloseBracket
    );
    closes && pair[1].kind == TokenKind::Dot || matches!(pair[1].span.of(text), "=>" | ":=")
}

/// How a relation is read.
pub(super) struct Reading<'t> {
    pub mode: LockMode,
    /// Some rows only.
    pub partial: bool,
    /// `ONLY`: children and partitions are left alone.
    pub only: bool,
    /// The query, where it is about this relation alone: what stands behind
    /// its WHERE may leave partitions out.
    pub filter: Option<&'t str>,
}

impl Reading<'_> {
    pub(super) fn whole(mode: LockMode) -> Self {
        Self {
            mode,
            partial: false,
            only: false,
            filter: None,
        }
    }
}

impl<'a> Work<'a> {
    /// Locks and scans of a query that is run.
    pub(super) fn read_from(&mut self, text: &str) {
        self.run_query(text, LockMode::AccessShare, None);
    }

    /// Locks of a query that is only looked at: a view's body.
    pub(super) fn name_in(&mut self, text: &str) {
        for name in relations(text) {
            let key = self.resolve(&name);
            self.lock(&key, LockMode::AccessShare);
        }
    }

    /// The columns of a view or table have names of their own
    /// (create_view_column_twice, create_view_stars_*).
    pub(super) fn refuse_column_twice(&mut self, query: &str) {
        let tokens = Tokens::of(query);
        let Some(list) = selected(&tokens) else {
            return;
        };
        let says = |word: &str| tokens.list.iter().any(|t| is_word(*t, query, word));
        let queries = tokens.list.iter().filter(|t| is_word(**t, query, "SELECT"));
        let sources = match queries.count() {
            1 => sources(&tokens),
            _ => Vec::new(),
        };
        // They make one column of two.
        let merges = says("USING") || says("NATURAL");
        let mut names = FxHashSet::default();
        for selected in list {
            let yielded = match selected {
                Selected::Named(name) => vec![name],
                Selected::AllOf(table) => {
                    let is_meant = |source: &&Source| *source.called() == table;
                    let source = sources.iter().find(is_meant);
                    source.map_or(Vec::new(), |source| self.columns_of_source(source))
                }
                Selected::All if !merges => sources
                    .iter()
                    .flat_map(|source| self.columns_of_source(source))
                    .collect(),
                _ => Vec::new(),
            };
            for name in yielded {
                if names.contains(&name) {
                    return self.refuse(format!("column `{name}` is named twice"));
                }
                names.insert(name);
            }
        }
    }

    /// Rows are compared with each other by DISTINCT, GROUP BY and UNION, which
    /// needs an operator for each column (ctas_distinct_json, view_group_json).
    pub(super) fn refuse_unequal(&mut self, query: &str) {
        let words = ["distinct", "group", "union", "intersect", "except", "order"];
        if !words.iter().any(|word| holds(query, word)) {
            return;
        }
        let tokens = Tokens::of(query);
        let nested = |pair: &[Token]| {
            pair[0].kind == TokenKind::OpenParen && is_word(pair[1], query, "SELECT")
        };
        // What a subquery yields may have the name of a column.
        if tokens.list.windows(2).any(nested) {
            return;
        }
        let mut tables: Vec<(Name, &Table)> = Vec::new();
        for source in sources(&tokens) {
            let called = *source.called();
            match self.schema.relation(&source.name) {
                Some(Relation::Table(table)) if table.is_known() => {
                    if !tables.iter().any(|(_, known)| known.key == table.key) {
                        tables.push((called, table));
                    }
                }
                _ => return,
            }
        }
        let uneven = compared(&tokens).into_iter().find_map(|item| match item {
            Compared::Column(of, name) => {
                let named = tables
                    .iter()
                    .filter(|(called, _)| of.is_none_or(|of| of == *called));
                let mut columns = named.filter_map(|(_, table)| table.column(&name));
                let first = columns.next()?;
                let alone = columns.next().is_none() && !self.is_sorted_type(&first.ty);
                alone.then_some(first)
            }
            Compared::All => {
                let mut columns = tables.iter().flat_map(|(_, table)| &table.columns);
                columns.find(|column| !self.is_sorted_type(&column.ty))
            }
        });
        if let Some(column) = uneven {
            self.refuse(format!(
                "values of type {}, as in `{}`, are not compared with each other",
                column.ty, column.name
            ));
        }
    }

    /// How many columns a query gives.
    pub(super) fn width_of(&self, query: &str) -> Option<usize> {
        let tokens = Tokens::of(query);
        let sources = sources(&tokens);
        let width = |source: &Source| match self.columns_of_source(source).len() {
            0 => None,
            n => Some(n),
        };
        if tokens
            .list
            .first()
            .is_some_and(|t| is_word(*t, query, "TABLE"))
        {
            return width(sources.first()?);
        }
        let says = |word: &str| tokens.list.iter().any(|t| is_word(*t, query, word));
        let queries = tokens.list.iter().filter(|t| is_word(**t, query, "SELECT"));
        let plain = queries.count() == 1 && !says("USING") && !says("NATURAL");
        let mut count = 0;
        for selected in selected(&tokens)? {
            count += match selected {
                Selected::Named(_) | Selected::Other => 1,
                Selected::Parts => return None,
                _ if !plain => return None,
                Selected::AllOf(table) => {
                    width(sources.iter().find(|source| *source.called() == table)?)?
                }
                Selected::All => {
                    let widths: Option<Vec<usize>> = sources.iter().map(width).collect();
                    widths?.into_iter().sum()
                }
            };
        }
        Some(count)
    }

    /// The names of its columns, as far as they are known.
    fn columns_of_source(&self, source: &Source) -> Vec<Name> {
        match self.schema.relation(&source.name) {
            Some(Relation::Table(table)) => {
                table.columns.iter().map(|column| column.name).collect()
            }
            Some(Relation::View(view)) => view.columns.clone(),
            _ => Vec::new(),
        }
    }

    /// A query whose target, if it has one, is dealt with elsewhere.
    pub(super) fn run_query(&mut self, text: &str, mode: LockMode, except: Option<&Key>) {
        let tokens = Tokens::of(text);
        let sources = sources(&tokens);
        let locked = locked_names(&tokens);
        let one = sources.len() == 1;
        for source in sources {
            let key = self.resolve(&source.name);
            if except == Some(&key) || self.is_named_around(&source.name, &key) {
                continue;
            }
            let named = source.called();
            let mode = match &locked {
                Some(names) if !names.contains(named) => LockMode::AccessShare,
                _ => mode,
            };
            let table = self.table(&key).filter(|_| one);
            let partial = match table {
                Some(table) => self.reads_partly(table, &source, &tokens),
                // A probe by a value mostly has its index.
                None => one && is_probed(&source, &tokens),
            };
            let reading = Reading {
                mode,
                partial,
                only: source.only,
                filter: table.map(|_| text),
            };
            self.read_relation(&key, &reading, VIEW_DEPTH);
        }
    }

    fn read_relation(&mut self, key: &Key, reading: &Reading<'_>, depth: u8) {
        self.lock(key, reading.mode);
        match self.schema.relation_by_key(key) {
            Some(Relation::View(view)) => self.read_view(view, reading.mode, depth),
            Some(Relation::Table(_)) | None => self.read_table(key, reading),
            _ => {}
        }
    }

    pub(super) fn read_view(&mut self, view: &'a View, mode: LockMode, depth: u8) {
        if view.materialized {
            for index in &view.indexes {
                self.lock(index, mode);
            }
            self.scan(&view.key, ScanKind::Full);
        } else if depth > 0 {
            for used in &view.uses {
                self.read_relation(&used.relation, &Reading::whole(mode), depth - 1);
            }
        }
    }

    pub(super) fn read_table(&mut self, top: &Key, reading: &Reading<'_>) {
        let parent = self.table(top);
        let children = match reading.only {
            true => Children::No,
            false => Children::Always,
        };
        self.each(top, children, false, |work, key, table| {
            if parent
                .zip(table)
                .zip(reading.filter)
                .is_some_and(|((parent, table), filter)| {
                    key != top && work.is_pruned(parent, table, filter)
                })
            {
                return;
            }
            work.lock(key, reading.mode);
            // Only from 16 on the planner looks at the indexes of a
            // partitioned table itself.
            let planned = work.version >= 16 || reading.only;
            if planned || table.is_some_and(super::stores_rows) {
                work.lock_indexes(table, reading.mode);
            }
            if !reading.partial {
                work.scan_heap(key, table);
            }
        });
    }

    /// The views that read a table, or one column of it.
    pub(super) fn views_reading<'k>(
        &self,
        key: &'k Key,
        table: &'a Table,
        column: Option<&'k str>,
    ) -> impl Iterator<Item = &'a View> + use<'a, 'k> {
        let schema = self.schema;
        table
            .views
            .iter()
            .filter_map(move |view| schema.view_by_key(view))
            .map(|view| &**view)
            .filter(move |view| column.is_none_or(|column| view.reads_column(key, column)))
    }

    /// A view, the views over it, and the indexes of materialized ones, as
    /// CASCADE drops them.
    pub(super) fn lock_view_tree(&mut self, view: &'a View) {
        let mut todo: Vec<(&'a View, u8)> = vec![(view, 0)];
        while let Some((view, depth)) = todo.pop() {
            self.lock(&view.key, LockMode::AccessExclusive);
            for index in &view.indexes {
                self.lock(index, LockMode::AccessExclusive);
            }
            if depth < VIEW_DEPTH {
                let schema = self.schema;
                todo.extend(
                    view.views
                        .iter()
                        .filter_map(|key| schema.view_by_key(key))
                        .map(|view| (&**view, depth + 1)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        relations(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn relations_of_queries() {
        assert_eq!(names("SELECT * FROM t"), ["t"]);
        assert_eq!(
            names(
                "SELECT 1 FROM a JOIN s.b ON a.x = b.x, c AS d, LATERAL f(x) WHERE x IS DISTINCT FROM y"
            ),
            ["a", "s.b"]
        );
        assert_eq!(names("SELECT extract(epoch FROM ts) FROM a, b"), ["a", "b"]);
        assert_eq!(
            names("WITH w AS (SELECT * FROM a) SELECT * FROM w JOIN (SELECT 1 FROM c) x ON true"),
            ["a", "c"]
        );
        assert_eq!(
            names("SELECT * FROM a JOIN b USING (id) WHERE id IN (SELECT id FROM c)"),
            ["a", "b", "c"]
        );
        assert!(names("SELECT * FROM generate_series(1, 2) i").is_empty());
        assert!(names("SELECT ((((").is_empty());
    }

    #[test]
    fn names_of_columns() {
        assert_eq!(
            output_names("SELECT id, t.a, b AS c, f(x) d FROM t").unwrap(),
            ["id", "a", "c", "d"]
        );
        assert_eq!(output_names("SELECT id, f(x) FROM t"), None);
        assert_eq!(output_names("SELECT * FROM t"), None);
        assert_eq!(output_names(""), None);
    }
}
