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
    /// Of the token at hand and of the two before it: the word of the grammar.
    words: [Option<&'static str>; 3],
    levels: Vec<Level>,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str, tokens: &'t [Token]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            words: [None; 3],
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
            let word = self.word_at(token);
            self.words = [word, self.words[0], self.words[1]];
            if let Some(why) = self.pair(Some(token)).or_else(|| self.step(token)) {
                return Some((token.span, why));
            }
            self.at += 1;
        }
        let last = self.tokens.get(self.at.checked_sub(1)?)?;
        let open = self.levels.last().is_some_and(|level| level.cases > 0);
        self.words = [None, self.words[0], self.words[1]];
        match self.pair(None) {
            Some(why) => Some((last.span, why)),
            None if open => Some((last.span, "CASE without END".into())),
            None => None,
        }
    }

    /// Which word of the grammar a token is, where it is no name: behind a dot and
    /// behind AS any word is one.
    fn word_at(&self, token: Token) -> Option<&'static str> {
        if token.kind != TokenKind::Word {
            return None;
        }
        let word = word_of_grammar(token.span.of(self.text))?;
        let begins_query = matches!(word, "SELECT" | "WITH" | "VALUES" | "TABLE");
        let is_name = self.before(1).is_some_and(|t| t.kind == TokenKind::Dot)
            || self.words[0] == Some("AS") && !begins_query;
        (!is_name).then_some(word)
    }

    fn before(&self, back: usize) -> Option<Token> {
        let at = self.at.checked_sub(back)?;
        self.tokens.get(at).copied()
    }

    fn next_is(&self, word: &str) -> bool {
        let next = self.tokens.get(self.at + 1);
        next.is_some_and(|token| token.is_word(self.text, word))
    }

    /// A token that cannot stand behind the one before it; at the end, nothing.
    fn pair(&self, token: Option<Token>) -> Option<SmolStr> {
        use TokenKind::{
            BitText, CloseBracket, CloseParen, Comma, EscapeText, Number, OpenParen, Operator,
            Parameter, Text, Word,
        };
        let before = self.before(1)?;
        let kind = token.map(|token| token.kind);
        let [word, word_before, word_earlier] = self.words;
        let begins_clause = word.is_some_and(|word| CLAUSES.contains(&word));
        let ends = token.is_none()
            || begins_clause
            || matches!(kind, Some(CloseParen | CloseBracket | Comma));
        let written = || before.span.of(self.text);
        let shown = || match token {
            None => "at the end".into(),
            Some(token) => format_smolstr!("in front of `{}`", token.span.of(self.text)),
        };
        let is_apart = match (before.kind, kind) {
            (Number | Parameter, Some(Number | Parameter | Text | EscapeText)) => true,
            (Text | EscapeText | BitText, Some(Number | Parameter)) => true,
            // Not behind OPERATOR(pg_catalog.=).
            (CloseParen | CloseBracket, Some(Number | Parameter)) => {
                self.before(2).is_none_or(|t| t.kind != Operator)
            }
            (Text, Some(Text)) => {
                let between = Span::new(before.span.end, token?.span.start).of(self.text);
                !between.contains('\n')
            }
            _ => false,
        };
        if is_apart {
            return Some(format_smolstr!(
                "an operator or a comma is missing {}",
                shown()
            ));
        }
        match before.kind {
            Operator if ends && written() != "*" && !written().contains('!') => {
                let earlier = self.before(2).map(|t| t.kind);
                let alone = matches!(earlier, Some(OpenParen | TokenKind::Dot))
                    || matches!(word_earlier, Some("USING" | "WITH"));
                (!alone).then(|| format_smolstr!("a value is missing behind `{}`", written()))
            }
            Comma if token.is_none() || word.is_some_and(|word| CLAUSES[..10].contains(&word)) => {
                Some(format_smolstr!("something is missing {}", shown()))
            }
            Word => match word_before? {
                "WHERE" | "HAVING" | "AND" | "OR" | "FROM" | "BY" if ends => Some(format_smolstr!(
                    "something is missing behind `{}`",
                    written()
                )),
                "ORDER" if word != Some("BY") => {
                    Some(format_smolstr!("BY is missing behind `{}`", written()))
                }
                _ => None,
            },
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
            TokenKind::Word | TokenKind::QuotedName => {
                if let Some(word) = self.words[0] {
                    self.word(word);
                    return None;
                }
                let is_part = self.before(1).is_some_and(|t| t.kind == TokenKind::Dot)
                    || self.words[1] == Some("AS");
                let next = match (clause, state) {
                    (_, State::Unsure) => State::Unsure,
                    (_, State::Wants) => State::Has,
                    _ if is_part => state,
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
        let called = self.before(1).is_some_and(|t| match t.kind {
            TokenKind::QuotedName => true,
            TokenKind::Word => !matches!(
                self.words[1],
                Some("AND" | "OR" | "NOT" | "WHERE" | "HAVING" | "THEN" | "ELSE" | "WHEN" | "SET")
            ),
            _ => false,
        });
        let queries = ["SELECT", "WITH", "VALUES", "TABLE"]
            .iter()
            .any(|word| self.next_is(word));
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
    fn word(&mut self, word: &'static str) {
        let after_distinct = self.words[1] == Some("DISTINCT");
        let (clause, state) = match word {
            "SELECT" | "RETURNING" => (Some(Clause::Listed), State::Wants),
            "WHERE" | "HAVING" => (Some(Clause::Expression), State::Wants),
            "SET" => (Some(Clause::Expression), State::Wants),
            "ON" if after_distinct => (None, State::Unsure),
            "ON" if !self.next_is("CONFLICT") => (Some(Clause::Expression), State::Wants),
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
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        level.cases = match word {
            "CASE" => level.cases + 1,
            "END" => level.cases.saturating_sub(1),
            _ => level.cases,
        };
        level.clause = clause.unwrap_or(level.clause);
        level.state = if word == "END" { State::Has } else { state };
    }
}

/// Of each first letter, a bit for each length that a word with it has.
const LENGTHS: [u16; 26] = {
    let mut lengths = [0; 26];
    let mut at = 0;
    while at < WORDS.len() {
        let word = WORDS[at].as_bytes();
        lengths[(word[0] - b'A') as usize] |= 1 << word.len();
        at += 1;
    }
    lengths
};

fn word_of_grammar(word: &str) -> Option<&'static str> {
    let first = word.as_bytes().first()?.to_ascii_uppercase();
    let lengths = LENGTHS.get(first.wrapping_sub(b'A') as usize)?;
    if lengths.checked_shr(word.len() as u32).unwrap_or(0) & 1 == 0 {
        return None;
    }
    let start = WORDS.partition_point(|known| known.as_bytes()[0] < first);
    let alike = WORDS[start..]
        .iter()
        .take_while(|known| known.as_bytes()[0] == first);
    alike
        .copied()
        .find(|known| known.eq_ignore_ascii_case(word))
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
