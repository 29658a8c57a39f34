//! Mistakes in the grammar of queries and expressions that need no tree to be
//! seen: two values without an operator between them, an operator without a
//! value, a clause without a condition.
//!
//! Readers take what they know out of a statement and pass over expressions by
//! their brackets; the server reads all of it. What is not certain to be a
//! mistake (a word that some grammar may have for itself, a placeholder) is
//! passed over here as well.

use smol_str::{SmolStr, format_smolstr};

use super::DataType;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{Token, TokenKind};

/// Data is not looked at.
const MOST_TOKENS: usize = 20_000;

/// What a place is for, among the clauses of one level of parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// Lists of tables, arguments of calls, what has a grammar of its own.
    Free,
    /// What SELECT and RETURNING list: a value may have a name behind it.
    Listed,
    /// Conditions, assignments.
    Expression,
    /// Behind VALUES: each pair of parentheses holds expressions.
    Values,
}

/// What stands before a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value has to follow.
    Wants,
    /// A value has ended.
    Has,
    /// It has been named.
    Named,
    /// Something that is not followed here.
    Unsure,
}

struct Level {
    clause: Clause,
    state: State,
    /// How many CASE wait for their END.
    cases: u32,
}

/// Words with a part in the grammar behind a value, and those that are no names.
/// Sorted.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "ABSENT", "ALL", "AND", "ANY", "ARRAY", "AS", "ASC", "ASYMMETRIC", "AT", "BETWEEN", "BOTH",
    "BY", "CASCADED", "CASE", "CAST", "CHARACTER", "CHECK", "COLLATE", "COLUMNS", "CONFLICT",
    "CROSS", "CURRENT", "CYCLE", "DATA", "DAY", "DEPTH", "DESC", "DISTINCT", "DO", "DOCUMENT",
    "ELSE", "EMPTY", "END", "ERROR", "ESCAPE", "EXCEPT", "EXCLUDE", "EXISTS", "FETCH", "FILTER",
    "FIRST", "FOLLOWING", "FOR", "FORMAT", "FROM", "FULL", "GROUP", "GROUPS", "HAVING", "HOUR",
    "IGNORE", "ILIKE", "IN", "INNER", "INTERSECT", "INTERVAL", "INTO", "IS", "ISNULL", "JOIN",
    "JSON", "KEEP", "KEYS", "LAST", "LATERAL", "LEADING", "LEFT", "LIKE", "LIMIT", "LOCAL",
    "LOCKED", "MATCHED", "MATERIALIZED", "MERGE", "MINUTE", "MONTH", "NATURAL", "NO",
    "NORMALIZED", "NOT", "NOTHING", "NOTNULL", "NOWAIT", "NULLS", "OF", "OFFSET", "OMIT", "ON",
    "ONLY", "OPERATOR", "OPTION", "OR", "ORDER", "ORDINALITY", "OTHERS", "OUTER", "OVER",
    "OVERLAPS", "OVERRIDING", "PARTITION", "PASSING", "PLACING", "PRECEDING", "PRECISION",
    "QUOTES", "RANGE", "RECURSIVE", "RESPECT", "RETURNING", "RIGHT", "ROW", "ROWS", "SCALAR",
    "SEARCH", "SECOND", "SELECT", "SET", "SHARE", "SIMILAR", "SKIP", "SOME", "STRING",
    "SYMMETRIC", "SYSTEM", "TABLE", "TABLESAMPLE", "THEN", "TIES", "TIME", "TIMESTAMP", "TO",
    "TRAILING", "TREAT", "UESCAPE", "UNBOUNDED", "UNION", "UNIQUE", "UNKNOWN", "UPDATE", "USER",
    "USING", "VALUE", "VALUES", "VARIADIC", "VARYING", "VIEW", "WHEN", "WHERE", "WINDOW", "WITH",
    "WITHIN", "WITHOUT", "WRAPPER", "XML", "YEAR", "ZONE",
];

/// Behind these a clause or a statement goes on: a value cannot be missing in
/// front of one.
const CLAUSES: &[&str] = &[
    "WHERE",
    "FROM",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "RETURNING",
    "AND",
    "OR",
    "THEN",
    "ELSE",
    "END",
    "WHEN",
];

/// The first mistake that is one for certain, in a statement that holds a query
/// or changes rows.
pub fn mistake(text: &str, tokens: &[Token]) -> Option<(Span, SmolStr)> {
    if tokens.len() > MOST_TOKENS || !is_checked(text, tokens) {
        return None;
    }
    let is_foreign = |token: &Token| {
        matches!(
            token.kind,
            TokenKind::Template
                | TokenKind::Unterminated
                | TokenKind::Backslash
                | TokenKind::Unknown
                | TokenKind::Colon
        )
    };
    if tokens.iter().any(is_foreign) {
        return None;
    }
    Walk::new(text, tokens).run()
}

/// Does the grammar of all of the statement stand here?
fn is_checked(text: &str, tokens: &[Token]) -> bool {
    let is = |at: usize, words: &[&str]| {
        let token = tokens.get(at);
        token.is_some_and(|token| words.iter().any(|word| token.is_word(text, word)))
    };
    is(
        0,
        &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES"],
    ) || is(0, &["CREATE"])
        && (1..6).any(|at| is(at, &["VIEW"]))
        && (1..5).all(|at| {
            !is(
                at,
                &["RULE", "TRIGGER", "FUNCTION", "PROCEDURE", "EXTENSION"],
            )
        })
}

struct Walk<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    levels: Vec<Level>,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            levels: vec![Level {
                clause: Clause::Free,
                state: State::Unsure,
                cases: 0,
            }],
        }
    }

    fn run(mut self) -> Option<(Span, SmolStr)> {
        while let Some(token) = self.tokens.get(self.at).copied() {
            if token.kind == TokenKind::Semicolon {
                break;
            }
            if let Some(why) = self.pair(Some(token)).or_else(|| self.step(token)) {
                return Some((token.span, why));
            }
            self.at += 1;
        }
        let last = self.tokens.get(self.at.checked_sub(1)?)?;
        let open = self.levels.last().is_some_and(|level| level.cases > 0);
        match self.pair(None) {
            Some(why) => Some((last.span, why)),
            None if open => Some((last.span, "CASE without END".into())),
            None => None,
        }
    }

    fn is(&self, token: Token, word: &str) -> bool {
        token.is_word(self.text, word)
    }

    fn is_any(&self, token: Token, words: &[&str]) -> bool {
        token.kind == TokenKind::Word && words.iter().any(|word| self.is(token, word))
    }

    fn before(&self, back: usize) -> Option<Token> {
        let at = self.at.checked_sub(back)?;
        self.tokens.get(at).copied()
    }

    /// Is a word a name here, whatever it is elsewhere: behind a dot, behind AS?
    fn is_label(&self, back: usize) -> bool {
        let begins = |t: Token| self.is_any(t, &["SELECT", "WITH", "VALUES", "TABLE"]);
        let query = self.tokens.get(self.at.wrapping_sub(back)).copied();
        let before = self.before(back + 1);
        before.is_some_and(|t| {
            t.kind == TokenKind::Dot || self.is(t, "AS") && !query.is_some_and(begins)
        })
    }

    /// A token that cannot stand behind the one before it; at the end, nothing.
    fn pair(&self, token: Option<Token>) -> Option<SmolStr> {
        use TokenKind::{
            BitText, CloseBracket, CloseParen, Comma, EscapeText, Number, OpenParen, Operator,
            Parameter, Text, Word,
        };
        let before = self.before(1)?;
        let shown = token.map_or_else(
            || "at the end".into(),
            |token| format_smolstr!("in front of `{}`", token.span.of(self.text)),
        );
        let kind = token.map(|token| token.kind);
        let ends = match token {
            None => true,
            Some(token) => {
                matches!(token.kind, CloseParen | CloseBracket | Comma)
                    || self.is_any(token, CLAUSES) && !self.is_label(0)
            }
        };
        let written = before.span.of(self.text);
        match before.kind {
            Number | Parameter if matches!(kind, Some(Number | Parameter | Text | EscapeText)) => {
                Some(format_smolstr!("an operator or a comma is missing {shown}"))
            }
            // Not behind OPERATOR(pg_catalog.=).
            CloseParen | CloseBracket
                if matches!(kind, Some(Number | Parameter))
                    && self.before(2).is_none_or(|t| t.kind != Operator) =>
            {
                Some(format_smolstr!("an operator or a comma is missing {shown}"))
            }
            Text | EscapeText | BitText if matches!(kind, Some(Number | Parameter)) => {
                Some(format_smolstr!("an operator or a comma is missing {shown}"))
            }
            Text if kind == Some(Text) => {
                let between = Span::new(before.span.end, token?.span.start).of(self.text);
                (!between.contains('\n'))
                    .then(|| format_smolstr!("an operator or a comma is missing {shown}"))
            }
            Operator if ends && written != "*" && !written.contains('!') => {
                let two = self.before(2);
                let alone = two.is_some_and(|t| {
                    t.kind == OpenParen
                        || t.kind == TokenKind::Dot
                        || self.is_any(t, &["USING", "WITH"])
                });
                (!alone).then(|| format_smolstr!("a value is missing behind `{written}`"))
            }
            Comma if token.is_none_or(|t| self.is_any(t, &CLAUSES[..10]) && !self.is_label(0)) => {
                Some(format_smolstr!("something is missing {shown}"))
            }
            Word if ends
                && self.is_any(before, &["WHERE", "HAVING", "AND", "OR", "FROM", "BY"])
                && !self.is_label(1) =>
            {
                Some(format_smolstr!("something is missing behind `{written}`"))
            }
            Word if self.is(before, "ORDER")
                && !self.is_label(1)
                && token.is_none_or(|t| !self.is(t, "BY")) =>
            {
                Some(format_smolstr!("BY is missing behind `{written}`"))
            }
            _ => None,
        }
    }

    fn step(&mut self, token: Token) -> Option<SmolStr> {
        let level = self.levels.len() - 1;
        let Level { clause, state, .. } = self.levels[level];
        let checked = matches!(clause, Clause::Listed | Clause::Expression);
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => self.open(token),
            TokenKind::CloseParen | TokenKind::CloseBracket => {
                let open = self.levels[level].cases > 0;
                if level > 0 {
                    self.levels.pop();
                }
                let state = &mut self.levels.last_mut()?.state;
                if *state != State::Unsure {
                    *state = State::Has;
                }
                return open.then(|| "CASE without END".into());
            }
            TokenKind::Comma => self.levels[level].state = State::Wants,
            TokenKind::Operator => {
                self.levels[level].state = match state {
                    State::Unsure => State::Unsure,
                    // `SELECT *`, `t.*`
                    State::Wants if token.span.of(self.text) == "*" => State::Has,
                    _ => State::Wants,
                };
            }
            TokenKind::DoubleColon => {
                let mut cursor = Cursor::new(self.text, &self.tokens[self.at + 1..]);
                match DataType::read(&mut cursor) {
                    Some(_) => self.at += cursor.mark(),
                    None => self.levels[level].state = State::Unsure,
                }
            }
            TokenKind::Word | TokenKind::QuotedName if self.is_label(0) => {
                if state == State::Wants {
                    self.levels[level].state = State::Has;
                }
            }
            TokenKind::Word if is_word_of_grammar(token.span.of(self.text)) => self.word(token),
            TokenKind::Word | TokenKind::QuotedName => {
                let next = match (clause, state) {
                    (_, State::Unsure) => State::Unsure,
                    (_, State::Wants) => State::Has,
                    (Clause::Listed, State::Has) => State::Named,
                    (_, State::Has | State::Named) if checked && !self.may_be_literal() => {
                        return Some(format_smolstr!(
                            "an operator or a comma is missing in front of `{}`",
                            token.span.of(self.text)
                        ));
                    }
                    _ => State::Unsure,
                };
                self.levels[level].state = next;
            }
            TokenKind::Dot | TokenKind::Semicolon => {}
            _ => {
                if state == State::Wants {
                    self.levels[level].state = State::Has;
                }
            }
        }
        None
    }

    /// `double precision '1'`, `bit varying '1'`: words of a type before a text.
    fn may_be_literal(&self) -> bool {
        let next = self.tokens.get(self.at + 1);
        next.is_some_and(|token| token.kind == TokenKind::Text)
    }

    fn open(&mut self, token: Token) {
        let parent = self
            .levels
            .last()
            .map_or(Clause::Free, |level| level.clause);
        let next = self.tokens.get(self.at + 1).copied();
        let called = self.before(1).is_some_and(|t| match t.kind {
            TokenKind::QuotedName => true,
            TokenKind::Word => {
                self.is_label(1)
                    || !self.is_any(
                        t,
                        &[
                            "AND", "OR", "NOT", "WHERE", "HAVING", "THEN", "ELSE", "WHEN", "SET",
                        ],
                    )
            }
            _ => false,
        });
        let queries = next.is_some_and(|t| self.is_any(t, &["SELECT", "WITH", "VALUES", "TABLE"]));
        let within = token.kind == TokenKind::OpenParen && !queries && !called;
        let clause = match parent {
            Clause::Expression | Clause::Values | Clause::Listed if within => Clause::Expression,
            _ => Clause::Free,
        };
        let state = match clause {
            Clause::Expression => State::Wants,
            _ => State::Unsure,
        };
        self.levels.push(Level {
            clause,
            state,
            cases: 0,
        });
    }

    /// A word of the grammar: it may begin another clause.
    fn word(&mut self, token: Token) {
        let next = self.tokens.get(self.at + 1).copied();
        let follows = |word: &str| next.is_some_and(|t| self.is(t, word));
        let after_distinct = self.before(1).is_some_and(|t| self.is(t, "DISTINCT"));
        let (clause, state) = match token.span.of(self.text).to_ascii_uppercase().as_str() {
            "SELECT" | "RETURNING" => (Some(Clause::Listed), State::Wants),
            "WHERE" | "HAVING" => (Some(Clause::Expression), State::Wants),
            "SET" => (Some(Clause::Expression), State::Wants),
            "ON" if after_distinct => (None, State::Unsure),
            "ON" if !follows("CONFLICT") => (Some(Clause::Expression), State::Wants),
            "VALUES" => (Some(Clause::Values), State::Unsure),
            "FROM" if after_distinct => (None, State::Wants),
            "FROM" | "JOIN" | "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS" | "NATURAL"
            | "USING" | "GROUP" | "ORDER" | "LIMIT" | "OFFSET" | "FETCH" | "FOR" | "UNION"
            | "INTERSECT" | "EXCEPT" | "WINDOW" | "INTO" | "WITH" | "ON" | "DO" => {
                (Some(Clause::Free), State::Unsure)
            }
            "AND" | "OR" | "NOT" | "THEN" | "ELSE" | "WHEN" => (None, State::Wants),
            "CASE" => (None, State::Wants),
            _ => (None, State::Unsure),
        };
        let is_case = self.is(token, "CASE");
        let is_end = self.is(token, "END");
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        level.cases = match (is_case, is_end) {
            (true, _) => level.cases + 1,
            (_, true) => level.cases.saturating_sub(1),
            _ => level.cases,
        };
        level.clause = clause.unwrap_or(level.clause);
        level.state = if is_end { State::Has } else { state };
    }
}

fn is_word_of_grammar(word: &str) -> bool {
    const LONGEST: usize = 12;
    let mut upper = [0u8; LONGEST];
    let Some(upper) = upper.get_mut(..word.len()) else {
        return false;
    };
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    WORDS
        .binary_search_by(|known| known.as_bytes().cmp(upper))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::lexer::tokens_into;

    fn found(text: &str) -> Option<SmolStr> {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        mistake(text, &tokens).map(|(_, why)| why)
    }

    #[test]
    fn words_are_sorted_and_short() {
        assert!(WORDS.is_sorted());
        assert!(WORDS.iter().all(|word| word.len() <= 12));
    }

    #[test]
    fn mistakes() {
        for text in [
            "UPDATE t SET a = 1 b = 2",
            "UPDATE t SET a = s.a b = s.b FROM s WHERE s.id = t.id",
            "UPDATE t SET a = s.\"a\" \"b\" = s.\"b\" FROM s",
            "UPDATE t SET a = 1 WHERE id = 1 b = 2",
            "UPDATE t SET a = (b + ) WHERE id = 1",
            "UPDATE t SET a = b + WHERE id = 1",
            "UPDATE t SET a = CASE WHEN b = 1 THEN 2 WHERE id = 1",
            "DELETE FROM t WHERE a = 1 b",
            "DELETE FROM t WHERE a = 1 AND",
            "INSERT INTO t (id, a) VALUES (1, 2 3)",
            "INSERT INTO t (id, a) VALUES (1, 'a' 'b')",
            "INSERT INTO t (id, a) SELECT id b c FROM t",
            "SELECT a b c FROM t",
            "SELECT a, FROM t",
            "SELECT * FROM t WHERE",
            "SELECT * FROM t ORDER a",
            "SELECT * FROM (SELECT a FROM t WHERE) x",
            "CREATE VIEW v AS SELECT a b c FROM t",
        ] {
            assert!(found(text).is_some(), "{text}");
        }
    }

    #[test]
    fn no_mistakes() {
        for text in [
            "SELECT a b, c AS order, t.order FROM t x WHERE a IS DISTINCT FROM b ORDER BY a USING <, b DESC NULLS LAST",
            "SELECT count(*) FILTER (WHERE a > 1) OVER w n, extract(year FROM a) y FROM t WINDOW w AS (PARTITION BY b)",
            "SELECT date '2020-01-01' d, double precision '1' e, interval '1' year f, a::timestamp without time zone g, timestamp(3) '2020-01-01' FROM t",
            "SELECT 'a'\n'b' c, -1, @ -5 x, a[1] b, (a).b c, ARRAY[1, 2] d, ROW(1, 2) e FROM t",
            "UPDATE t SET (a, b) = (SELECT 1, 2), c = DEFAULT WHERE a = ANY (ARRAY[1]) AND NOT b OR c LIKE 'x' ESCAPE '!'",
            "INSERT INTO t (a, b) VALUES (1, now() AT TIME ZONE 'utc'), (2, NULL) ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.b IS NULL RETURNING a x, b",
            "SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END z, CASE WHEN b THEN 1 END FROM t",
            "SELECT DISTINCT ON (a) a, b c FROM t LEFT JOIN s ON s.id = t.id JOIN u USING (id) FOR UPDATE OF t SKIP LOCKED",
            "SELECT * FROM t WHERE a OPERATOR(pg_catalog.=) 1 AND b COLLATE \"C\" > 'x' LIMIT 5 OFFSET 2",
            "SELECT f(a => 1, VARIADIC b) FROM ROWS FROM (g(1)) WITH ORDINALITY AS x(a, b) TABLESAMPLE system (5)",
            "WITH RECURSIVE w AS MATERIALIZED (SELECT 1 a UNION ALL SELECT a + 1 FROM w WHERE a < 5) SELECT sum(a) s FROM w GROUP BY ROLLUP (a) HAVING sum(a) > 1",
            "DELETE FROM t USING s WHERE CURRENT OF c",
            "CREATE OR REPLACE VIEW v AS SELECT a end_at, substring(b from 1 for 2) s FROM t WITH LOCAL CHECK OPTION",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
