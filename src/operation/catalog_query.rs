//! Queries of the system catalogs that look for an object by its name.

use std::borrow::Cow;

use super::guard::{InSchema, Wanted, What, name_in};
use crate::name::Name;
use crate::statement::Cursor;
use crate::statement::cursor::{NAME_BYTES, cut};
use crate::statement::lexer::TokenKind;

/// A catalog or view that is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Catalog {
    /// Whose rows are the objects, of these kinds.
    Objects(What, &'static str),
    /// `pg_class` and `pg_namespace`, which name the table and the schema
    /// where they are joined to others.
    Class,
    Namespace,
}

/// What a column of a catalog says of the object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Schema,
    Table,
    Name,
    Kind,
    /// Says nothing: the database is the one at hand, the column is there.
    Void,
    Other,
}

enum Value {
    Text(Name),
    Texts(Vec<Name>),
    /// `'s.t'::regclass`.
    Relation(Option<Name>, Name),
    Namespace(Name),
    CurrentSchema,
    SearchPath,
    CurrentDatabase,
}

const CATALOGS: &[(&str, Catalog)] = &[
    ("pg_indexes", Catalog::Objects(What::Relation, "iI")),
    ("pg_tables", Catalog::Objects(What::Relation, "rp")),
    ("pg_views", Catalog::Objects(What::Relation, "v")),
    ("pg_matviews", Catalog::Objects(What::Relation, "m")),
    ("pg_sequences", Catalog::Objects(What::Relation, "S")),
    ("pg_constraint", Catalog::Objects(What::Constraint, "")),
    ("pg_attribute", Catalog::Objects(What::Column, "")),
    ("pg_type", Catalog::Objects(What::Type, "")),
    ("pg_class", Catalog::Class),
    ("pg_namespace", Catalog::Namespace),
];

const VIEWS: &[(&str, Catalog)] = &[
    ("tables", Catalog::Objects(What::Relation, "rpvf")),
    ("views", Catalog::Objects(What::Relation, "v")),
    ("columns", Catalog::Objects(What::Column, "")),
    ("table_constraints", Catalog::Objects(What::Constraint, "")),
];

/// What may stand behind a condition.
const BEHIND: &[&str] = &[
    "AND",
    "OR",
    "WHERE",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "WINDOW",
    "FOR",
];

/// `to_regclass('s.t')`, `to_regtype('t')`.
pub(super) fn lookup(cursor: &mut Cursor<'_>) -> Option<Wanted> {
    let mark = cursor.mark();
    let found = try_lookup(cursor);
    if found.is_none() {
        cursor.back_to(mark);
    }
    found
}

fn try_lookup(cursor: &mut Cursor<'_>) -> Option<Wanted> {
    if cursor.at_word("pg_catalog") {
        cursor.bump();
        cursor.eat(TokenKind::Dot);
    }
    let what = match cursor.eat_any(&["to_regclass", "to_regtype"])? {
        "to_regclass" => What::Relation,
        _ => What::Type,
    };
    let name = name_in(&argument(cursor)?)?;
    let wanted = Wanted {
        what,
        schema: name.schema.map_or(InSchema::Path, InSchema::Named),
        table: None,
        name: name.name,
        kinds: Name::default(),
        more: false,
    };
    Some(wanted)
}

/// `('text')`, with or without a cast.
fn argument<'a>(cursor: &mut Cursor<'a>) -> Option<Cow<'a, str>> {
    if !cursor.eat(TokenKind::OpenParen) {
        return None;
    }
    let text = literal(cursor)?;
    if cursor.eat(TokenKind::DoubleColon) {
        cursor.eat_any(&["text", "cstring", "name"])?;
    }
    cursor.eat(TokenKind::CloseParen).then_some(text)
}

/// A literal that is what it says: no tool puts something in its place.
fn literal<'a>(cursor: &mut Cursor<'a>) -> Option<Cow<'a, str>> {
    let (text, _) = cursor.string()?;
    (!text.contains(['{', '$', '%', '\\'])).then_some(text)
}

/// A list that yields a row for each that is found, up to FROM.
pub(super) fn select_list(cursor: &mut Cursor<'_>) -> Option<()> {
    while !cursor.at_word("FROM") {
        let plain = match cursor.kind()? {
            TokenKind::Word => {
                !cursor.at_word("INTO")
                    && cursor.peek_at(1).map(|t| t.kind) != Some(TokenKind::OpenParen)
            }
            TokenKind::Operator => cursor.at_operator("*"),
            TokenKind::Number | TokenKind::Text | TokenKind::Comma | TokenKind::Dot => true,
            _ => false,
        };
        if !plain {
            return None;
        }
        cursor.bump();
    }
    Some(())
}

/// Takes `count(*)` or `count(1)`.
pub(super) fn count(cursor: &mut Cursor<'_>) -> bool {
    let counts = cursor.at_word("count")
        && matches!(cursor.text_at(2), "*" | "1")
        && cursor.peek_at(3).map(|t| t.kind) == Some(TokenKind::CloseParen)
        && cursor.is_word_at(4, "FROM");
    if counts {
        (0..4).for_each(|_| {
            cursor.bump();
        });
    }
    counts
}

/// Reads `FROM catalog … WHERE …`; `None` where it may find what is not meant.
pub(super) fn from(cursor: &mut Cursor<'_>) -> Option<Wanted> {
    if !cursor.eat_word("FROM") {
        return None;
    }
    let mut search = Search::default();
    search.sources(cursor)?;
    if cursor.eat_word("WHERE") {
        search.conditions(cursor)?;
    }
    if cursor.eat_word("LIMIT") && cursor.integer()? < 1 {
        return None;
    }
    let ends = cursor.done() || cursor.at_kind(TokenKind::CloseParen);
    search.wanted().filter(|_| ends)
}

/// What a query says of the object that it looks for.
#[derive(Default)]
struct Search {
    objects: Option<(What, &'static str)>,
    class: bool,
    namespace: bool,
    sources: usize,
    /// Conditions by which catalogs are joined.
    joins: usize,
    schema: Option<InSchema>,
    table: Option<Name>,
    name: Option<Name>,
    kinds: Option<Name>,
    more: bool,
    /// Parentheses that are open around a condition.
    depth: u8,
}

/// Conditions in parentheses are followed this deep.
const DEEPEST: u8 = 8;

impl Search {
    fn wanted(mut self) -> Option<Wanted> {
        // Joined in another way, they find something else.
        if self.joins + 1 != self.sources {
            return None;
        }
        let (what, kinds) = match self.objects {
            Some(objects) => objects,
            None if self.class => (What::Relation, ""),
            None => return None,
        };
        let asked = self.kinds.take().unwrap_or_else(|| kinds.into());
        let is_narrower = kinds.is_empty() || asked.chars().all(|kind| kinds.contains(kind));
        Some(Wanted {
            what,
            schema: self.schema.take().unwrap_or(InSchema::Any),
            table: self.table.take(),
            name: self.name.take()?,
            more: self.more || !is_narrower,
            kinds: asked,
        })
    }

    fn sources(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        self.source(cursor)?;
        loop {
            if cursor.eat(TokenKind::Comma) {
                self.source(cursor)?;
                continue;
            }
            cursor.eat_word("INNER");
            if !cursor.eat_word("JOIN") {
                return Some(());
            }
            self.source(cursor)?;
            if !cursor.eat_word("ON") {
                return None;
            }
            self.conditions(cursor)?;
        }
    }

    /// A catalog and its alias.
    fn source(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let of_standard = cursor.eat_word("information_schema");
        if of_standard || cursor.eat_word("pg_catalog") {
            cursor.eat(TokenKind::Dot).then_some(())?;
        }
        let name = cursor.ident()?.name;
        let known = if of_standard { VIEWS } else { CATALOGS };
        let (_, catalog) = known.iter().find(|(known, _)| *known == name)?;
        let first = match catalog {
            Catalog::Objects(what, kinds) => self.objects.replace((*what, *kinds)).is_none(),
            Catalog::Class => !std::mem::replace(&mut self.class, true),
            Catalog::Namespace => !std::mem::replace(&mut self.namespace, true),
        };
        self.sources += 1;
        if cursor.eat_word("AS") || !(cursor.at_any(BEHIND) || cursor.at_word("ON")) {
            cursor.ident();
        }
        first.then_some(())
    }

    fn conditions(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        loop {
            self.condition(cursor)?;
            if !at_end(cursor) {
                self.more = true;
                cursor.skip_until(at_end);
            }
            if !cursor.eat_word("AND") {
                return (!cursor.at_word("OR")).then_some(());
            }
        }
    }

    fn condition(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        if cursor.at_kind(TokenKind::OpenParen) && !cursor.is_word_at(1, "SELECT") {
            let mut end = cursor.clone();
            end.group();
            let mut inner = cursor.clone();
            inner.bump();
            self.depth += 1;
            (self.depth <= DEEPEST).then_some(())?;
            self.conditions(&mut inner)?;
            self.depth -= 1;
            let whole = inner.eat(TokenKind::CloseParen) && inner.mark() == end.mark();
            cursor.back_to(end.mark());
            return (whole && at_end(cursor)).then_some(());
        }
        if cursor.eat_word("NOT") {
            let column = column(cursor);
            self.more |= column.is_none_or(|c| c != "attisdropped") || !at_end(cursor);
            return Some(());
        }
        let mut ahead = cursor.clone();
        let reversed = value(&mut ahead).filter(|_| ahead.eat_operator("="));
        if let Some(value) = reversed {
            *cursor = ahead;
            let column = column(cursor);
            return self.learn(cursor, column?, Some(value));
        }
        match column(cursor) {
            Some(left) => self.compared(cursor, left),
            None => {
                self.more = true;
                Some(())
            }
        }
    }

    /// With the cursor behind a column.
    fn compared(&mut self, cursor: &mut Cursor<'_>, left: Name) -> Option<()> {
        if cursor.at_word("IN") {
            cursor.bump();
            let list = list(cursor);
            return self.learn(cursor, left, list);
        }
        if !cursor.eat_operator("=") {
            self.more = true;
            return Some(());
        }
        let value = value(cursor);
        if value.is_none()
            && !cursor.at_any(&["true", "false"])
            && let Some(right) = column(cursor)
        {
            self.joins += 1;
            return joins(&left, &right).then_some(());
        }
        if left == "attisdropped" && cursor.eat_word("false") {
            return Some(());
        }
        self.learn(cursor, left, value)
    }

    /// What `column = value` says; nothing of it is believed where more follows.
    fn learn(&mut self, cursor: &Cursor<'_>, column: Name, value: Option<Value>) -> Option<()> {
        let Some(value) = value.filter(|_| at_end(cursor)) else {
            self.more = true;
            return Some(());
        };
        let learned = match (self.role(&column), value) {
            (Role::Void, Value::CurrentDatabase) => true,
            (Role::Kind, Value::Text(kind)) => self.narrow(&column, &[kind]),
            (Role::Kind, Value::Texts(kinds)) => self.narrow(&column, &kinds),
            (Role::Name, Value::Text(name)) => put(&mut self.name, name),
            (Role::Table, Value::Text(name)) => put(&mut self.table, name),
            (Role::Table, Value::Relation(schema, name)) => {
                let schema = schema.map_or(InSchema::Path, InSchema::Named);
                put(&mut self.table, name) && put(&mut self.schema, schema)
            }
            (Role::Schema, Value::Text(name) | Value::Namespace(name)) => {
                put(&mut self.schema, InSchema::Named(name))
            }
            (Role::Schema, Value::CurrentSchema) => put(&mut self.schema, InSchema::Current),
            (Role::Schema, Value::SearchPath) => put(&mut self.schema, InSchema::Path),
            _ => false,
        };
        self.more |= !learned;
        Some(())
    }

    fn role(&self, column: &str) -> Role {
        let of_relation = matches!(self.objects, None | Some((What::Relation, _)));
        let of_index = matches!(self.objects, Some((_, "iI")));
        match column {
            "schemaname" | "table_schema" | "constraint_schema" | "nspname" | "relnamespace"
            | "connamespace" | "typnamespace" => Role::Schema,
            "tablename" if of_index => Role::Table,
            "relname" | "table_name" if !of_relation => Role::Table,
            "conrelid" | "attrelid" => Role::Table,
            "indexname" | "conname" | "constraint_name" | "column_name" | "typname" | "attname"
            | "viewname" | "matviewname" | "sequencename" | "tablename" | "relname"
            | "table_name" => Role::Name,
            "relkind" | "contype" | "typtype" | "constraint_type" | "table_type" => Role::Kind,
            "table_catalog" | "constraint_catalog" => Role::Void,
            _ => Role::Other,
        }
    }

    fn narrow(&mut self, column: &str, values: &[Name]) -> bool {
        // `pg_class` is there for the table.
        if column == "relkind" && self.objects.is_some() {
            return false;
        }
        let kinds: Option<String> = values.iter().map(|value| kind(value)).collect();
        kinds.is_some_and(|kinds| put(&mut self.kinds, kinds.into()))
    }
}

fn at_end(cursor: &Cursor<'_>) -> bool {
    cursor.done() || cursor.at_kind(TokenKind::CloseParen) || cursor.at_any(BEHIND)
}

/// Keeps a value; false where another is kept.
fn put<T>(slot: &mut Option<T>, value: T) -> bool {
    let free = slot.is_none();
    if free {
        *slot = Some(value);
    }
    free
}

/// The letter of a kind.
fn kind(value: &str) -> Option<&str> {
    Some(match value {
        "PRIMARY KEY" => "p",
        "UNIQUE" => "u",
        "FOREIGN KEY" => "f",
        "CHECK" => "c",
        "BASE TABLE" => "rp",
        "VIEW" => "v",
        letter if letter.len() == 1 => letter,
        _ => return None,
    })
}

/// Do these columns belong together where catalogs are joined?
fn joins(left: &str, right: &str) -> bool {
    const KEYS: &[&str] = &[
        "conrelid",
        "attrelid",
        "relnamespace",
        "connamespace",
        "typnamespace",
    ];
    let pair = |oid: &str, key: &str| oid == "oid" && KEYS.contains(&key);
    pair(left, right) || pair(right, left)
}

/// `column` or `alias.column`, and no call.
fn column(cursor: &mut Cursor<'_>) -> Option<Name> {
    let mut ahead = cursor.clone();
    let mut name = ahead.ident()?;
    if ahead.eat(TokenKind::Dot) {
        name = ahead.ident()?;
    }
    if name.template || ahead.at_kind(TokenKind::OpenParen) {
        return None;
    }
    *cursor = ahead;
    Some(name.name)
}

/// `('a', 'b')`.
fn list(cursor: &mut Cursor<'_>) -> Option<Value> {
    if !cursor.eat(TokenKind::OpenParen) {
        return None;
    }
    let mut texts = vec![cut_name(&literal(cursor)?)];
    while cursor.eat(TokenKind::Comma) {
        texts.push(cut_name(&literal(cursor)?));
    }
    cursor.eat(TokenKind::CloseParen).then_some(())?;
    match texts.len() {
        1 => texts.pop().map(Value::Text),
        _ => Some(Value::Texts(texts)),
    }
}

/// A value that is known; the cursor stays where it is if it is none.
fn value(cursor: &mut Cursor<'_>) -> Option<Value> {
    let mut ahead = cursor.clone();
    let value = match literal(&mut ahead) {
        Some(text) => cast(&mut ahead, &text),
        None => {
            ahead = cursor.clone();
            call(&mut ahead)
        }
    }?;
    *cursor = ahead;
    Some(value)
}

/// A literal and its type, if one is given.
fn cast(cursor: &mut Cursor<'_>, text: &str) -> Option<Value> {
    if !cursor.eat(TokenKind::DoubleColon) {
        return Some(Value::Text(cut_name(text)));
    }
    match cursor.eat_any(&[
        "name",
        "text",
        "varchar",
        "char",
        "regclass",
        "regnamespace",
    ])? {
        "regclass" => {
            let name = name_in(text)?;
            Some(Value::Relation(name.schema, name.name))
        }
        "regnamespace" => {
            let name = name_in(text).filter(|name| name.schema.is_none())?;
            Some(Value::Namespace(name.name))
        }
        _ => Some(Value::Text(cut_name(text))),
    }
}

/// The catalogs compare names, which are cut.
fn cut_name(text: &str) -> Name {
    Name::new(cut(text, NAME_BYTES.min(text.len())))
}

fn call(cursor: &mut Cursor<'_>) -> Option<Value> {
    let mut ahead = cursor.clone();
    if let Some(wanted) = lookup(&mut ahead).filter(|wanted| wanted.what == What::Relation) {
        *cursor = ahead;
        let schema = match wanted.schema {
            InSchema::Named(schema) => Some(schema),
            _ => None,
        };
        return Some(Value::Relation(schema, wanted.name));
    }
    let word = cursor.eat_any(&[
        "current_schema",
        "current_database",
        "current_catalog",
        "ANY",
    ])?;
    match word {
        "ANY" => {
            cursor.eat(TokenKind::OpenParen).then_some(())?;
            cursor.eat_word("current_schemas").then_some(())?;
            cursor.group()?;
            let whole = cursor.eat(TokenKind::CloseParen);
            whole.then_some(Value::SearchPath)
        }
        "current_schema" => {
            cursor.group();
            Some(Value::CurrentSchema)
        }
        _ => {
            cursor.group();
            Some(Value::CurrentDatabase)
        }
    }
}
