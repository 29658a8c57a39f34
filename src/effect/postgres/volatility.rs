//! Is a default the same for every row that exists already? Only then does ADD
//! COLUMN leave the table as it is.

use crate::operation::{DataType, ObjectName};
use crate::schema::{Key, Routine};
use crate::statement::cursor::{Cursor, Ident, fold};
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::data::{BuiltIn, function};
use super::expr::{Tokens, is_word};
use super::type_change::is_built_in;

/// The most volatile thing that an expression calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Volatility {
    Immutable,
    /// Immutable or stable, by the types of the arguments.
    AtMostStable,
    /// One value for the whole statement: `now()`.
    Stable,
    /// A function that neither the server nor the history brought.
    Unknown,
    /// A value for each row: `random()`.
    Volatile,
}

/// Key words that may stand before a parenthesis and call nothing of that name.
const SYNTAX: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "BETWEEN",
    "CASE",
    "CAST",
    "COALESCE",
    "ELSE",
    "EXISTS",
    "EXTRACT",
    "FILTER",
    "FROM",
    "GREATEST",
    "IN",
    "IS",
    "LEAST",
    "LIKE",
    "ILIKE",
    "NOT",
    "NULLIF",
    "ON",
    "OR",
    "OVER",
    "OVERLAY",
    "POSITION",
    "ROW",
    "SELECT",
    "SIMILAR",
    "SOME",
    "SUBSTRING",
    "THEN",
    "TRIM",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "COLLATE",
    "INTERVAL",
    "NORMALIZE",
    "XMLELEMENT",
    "XMLFOREST",
    "XMLCONCAT",
    "XMLPARSE",
    "XMLPI",
    "XMLROOT",
    "XMLSERIALIZE",
    "JSON_ARRAY",
    "JSON_OBJECT",
    "JSON_VALUE",
    "JSON_QUERY",
    "JSON_EXISTS",
    "GROUPING",
    "CHARACTER",
    "VARYING",
    "VARCHAR",
    "NCHAR",
    "DECIMAL",
    "DEC",
    "FLOAT",
    "PRECISION",
];

/// Key words without parentheses that are calls (manual, "System Information
/// Functions" and "Current Date/Time").
pub(super) const STABLE_WORDS: &[&str] = &[
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "CURRENT_USER",
    "CURRENT_ROLE",
    "SESSION_USER",
    "USER",
    "CURRENT_CATALOG",
    "CURRENT_SCHEMA",
    "SYSTEM_USER",
];

/// How deep calls of inlinable functions by inlinable functions are followed.
const DEPTH: u8 = 4;

impl Work<'_> {
    pub(super) fn volatility(&self, text: &str) -> Volatility {
        self.volatility_within(text, DEPTH)
    }

    fn volatility_within(&self, text: &str, depth: u8) -> Volatility {
        let tokens = Tokens::of(text);
        let mut worst = Volatility::Immutable;
        for (n, token) in tokens.list.iter().enumerate() {
            worst = worst.max(self.token_volatility(&tokens, n, *token, depth));
            if worst == Volatility::Volatile {
                break;
            }
        }
        worst
    }

    fn token_volatility(
        &self,
        tokens: &Tokens<'_>,
        n: usize,
        token: Token,
        depth: u8,
    ) -> Volatility {
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
            return Volatility::Immutable;
        }
        let called = tokens
            .list
            .get(n + 1)
            .is_some_and(|next| next.kind == TokenKind::OpenParen);
        if token.kind == TokenKind::Word {
            let is = |word: &&str| token.is_word(tokens.text, word);
            if STABLE_WORDS.iter().any(is) {
                return Volatility::Stable;
            }
            if !called || SYNTAX.iter().any(is) {
                return Volatility::Immutable;
            }
        }
        if !called || after_cast(tokens, n) {
            return Volatility::Immutable;
        }
        self.call_volatility(tokens, n, depth)
    }

    fn call_volatility(&self, tokens: &Tokens<'_>, n: usize, depth: u8) -> Volatility {
        let start = name_start(&tokens.list, n);
        let mut cursor = Cursor::new(tokens.text, &tokens.list[start..=n]);
        let Some(name) = ObjectName::read(&mut cursor) else {
            return Volatility::Unknown;
        };
        let arguments = tokens.argument_count(n + 1);
        let key = self.schema.resolve_routine(&name);
        let routines = self.schema.routines(&key);
        if !routines.is_empty() {
            return routines
                .iter()
                .map(|routine| self.routine_volatility(routine, depth))
                .max()
                .unwrap_or(Volatility::Unknown);
        }
        built_in(&name, arguments, self.version)
    }

    fn routine_volatility(&self, routine: &Routine, depth: u8) -> Volatility {
        match routine.volatility {
            'i' => Volatility::Immutable,
            's' => Volatility::Stable,
            _ => match inlined(routine) {
                Some(body) if depth > 0 => self.volatility_within(body, depth - 1),
                _ => Volatility::Volatile,
            },
        }
    }

    /// Refuses a call of a function of another version (default_uuidv7).
    pub(super) fn refuse_later_functions(&mut self, text: &str) {
        self.check_functions(text, false);
    }

    /// Refuses a call of a function of another version, and of one that nobody
    /// made (add_column_default_uuidv7, create_index_missing_function).
    pub(super) fn check_functions_exist(&mut self, text: &str) {
        self.check_functions(text, true);
    }

    fn check_functions(&mut self, text: &str, unmade: bool) {
        let tokens = Tokens::of(text);
        for (n, pair) in tokens.list.windows(2).enumerate() {
            if pair[0].kind != TokenKind::Word
                || pair[1].kind != TokenKind::OpenParen
                || SYNTAX.iter().any(|w| pair[0].is_word(text, w))
            {
                continue;
            }
            let name = ObjectName::from(Ident {
                name: fold(tokens.word(pair[0])),
                span: pair[0].span,
                template: false,
            });
            let key = self.schema.resolve_routine(&name);
            if !self.schema.routines(&key).is_empty() {
                continue;
            }
            match function(&name.name, 0, self.version) {
                BuiltIn::Known(_) => {}
                BuiltIn::OtherVersion => self.refuse(format!(
                    "PostgreSQL {} has no function `{}`",
                    self.version, name.name
                )),
                BuiltIn::Unknown if unmade => {
                    self.refuse_unmade_routine(&tokens, n, &name, &key);
                }
                BuiltIn::Unknown => {}
            }
        }
    }

    fn refuse_unmade_routine(
        &mut self,
        tokens: &Tokens<'_>,
        n: usize,
        name: &ObjectName,
        key: &Key,
    ) {
        let is_plain = name_start(&tokens.list, n) == n
            && !after_cast(tokens, n)
            && !STABLE_WORDS
                .iter()
                .any(|w| tokens.list[n].is_word(tokens.text, w));
        let behind = n.checked_sub(1).map(|n| tokens.list[n]);
        let is_name = behind.is_some_and(|t| t.is_word(tokens.text, "COLLATE"));
        // A type's name makes a value of it, too.
        let is_type = DataType::parse(&name.name).is_some_and(|ty| is_built_in(&ty));
        if is_plain && !is_name && !is_type && self.schema.is_whole() {
            self.refuse_unmade_name(key, "routine");
        }
    }

    /// The sequences that `nextval('…')` and `setval('…', n)` in an expression name.
    pub(super) fn sequences_used(&self, text: &str) -> Vec<Key> {
        let tokens = Tokens::of(text);
        tokens
            .list
            .windows(3)
            .filter(|w| {
                (is_word(w[0], text, "nextval") || is_word(w[0], text, "setval"))
                    && w[1].kind == TokenKind::OpenParen
                    && w[2].kind == TokenKind::Text
            })
            .filter_map(|w| self.quoted_key(tokens.word(w[2]).trim_matches('\'')))
            .collect()
    }

    /// Does a default keep a sequence from being dropped? Not one that looks it
    /// up by its name, a text, each time (drop_sequence_used_as_text).
    pub(super) fn holds_sequence(&self, default: &str, sequence: &Key) -> bool {
        let tokens = Tokens::of(default);
        let by_text = tokens.list.windows(3).any(|w| {
            w[0].kind == TokenKind::Text
                && w[1].kind == TokenKind::DoubleColon
                && is_word(w[2], default, "text")
        });
        !by_text && self.sequences_used(default).contains(sequence)
    }

    pub(super) fn quoted_key(&self, name: &str) -> Option<Key> {
        let tokens = Tokens::of(name);
        let mut cursor = Cursor::new(name, &tokens.list);
        ObjectName::read(&mut cursor).map(|name| self.schema.resolve(&name))
    }
}

fn built_in(name: &ObjectName, arguments: usize, version: u8) -> Volatility {
    if name.schema.as_ref().is_some_and(|s| {
        !matches!(
            s.as_str(),
            "pg_catalog" | "public" | "extensions" | "information_schema"
        )
    }) {
        return Volatility::Unknown;
    }
    match function(&name.name, arguments, version) {
        BuiltIn::Known("i") => Volatility::Immutable,
        BuiltIn::Known("s") => Volatility::Stable,
        BuiltIn::Known("v") => Volatility::Volatile,
        BuiltIn::Known(_) => Volatility::AtMostStable,
        BuiltIn::OtherVersion | BuiltIn::Unknown => Volatility::Unknown,
    }
}

/// The first token of a possibly qualified name that ends at `n`.
fn name_start(tokens: &[Token], n: usize) -> usize {
    let mut start = n;
    while start >= 2
        && tokens[start - 1].kind == TokenKind::Dot
        && matches!(
            tokens[start - 2].kind,
            TokenKind::Word | TokenKind::QuotedName
        )
    {
        start -= 2;
    }
    start
}

/// `x::numeric(10, 2)` and `CAST(x AS numeric(10, 2))` name types.
fn after_cast(tokens: &Tokens<'_>, n: usize) -> bool {
    let start = name_start(&tokens.list, n);
    start.checked_sub(1).is_some_and(|before| {
        let token = tokens.list[before];
        token.kind == TokenKind::DoubleColon || is_word(token, tokens.text, "AS")
    })
}

/// The expression that the planner puts in the place of a call: the body of a
/// function in SQL that is one SELECT without FROM, or a RETURN
/// (add_column_default_user_fn_volatile_sql_inlinable).
fn inlined(routine: &Routine) -> Option<&str> {
    if routine.language != "sql" || routine.procedure {
        return None;
    }
    let tokens = Tokens::of(&routine.body);
    let mut list = tokens.list.as_slice();
    if let [rest @ .., last] = list
        && last.kind == TokenKind::Semicolon
    {
        list = rest;
    }
    let (first, rest) = list.split_first()?;
    if !["SELECT", "RETURN"]
        .iter()
        .any(|w| fold(w) == fold(tokens.word(*first)))
    {
        return None;
    }
    let plain = rest.iter().all(|token| {
        token.kind != TokenKind::Semicolon
            && ![
                "FROM", "WHERE", "GROUP", "LIMIT", "UNION", "SELECT", "HAVING", "ORDER",
            ]
            .iter()
            .any(|w| is_word(*token, &routine.body, w))
    });
    let last = rest.last()?;
    (plain && !rest.is_empty()).then(|| {
        routine
            .body
            .get(rest[0].span.start as usize..last.span.end as usize)
            .unwrap_or("")
    })
}
