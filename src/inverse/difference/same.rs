//! Do two definitions say the same? Spelling is no difference: case, blanks,
//! casts that the server writes, parentheses that only group, `public`.

use smol_str::SmolStr;

use crate::operation::{DataType, Expr};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// Do two texts say the same?
pub(super) fn text(a: &str, b: &str) -> bool {
    a == b || plain(a) == plain(b)
}

/// The same, for what may be missing.
pub(super) fn expr(a: Option<&Expr>, b: Option<&Expr>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => text(&a.text, &b.text),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Do two conditions compare the same things with the same values? The server
/// writes a condition in its own way, and a text that was copied from it need
/// not have the shape of the one it was given: the words count, not their
/// order.
pub fn condition(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let mut words = words(text);
        words.retain(|w| {
            !matches!(
                w.as_str(),
                "(" | ")" | "," | "and" | "between" | ">=" | "<="
            )
        });
        words.sort_unstable();
        words
    };
    if text(a, b) {
        return true;
    }
    // `BETWEEN` names what it compares once, `>=` and `<=` twice.
    let mut sides = [words(a), words(b)];
    let between = |side: &Vec<SmolStr>| side.iter().any(|w| w == "between");
    if between(&sides[0]) != between(&sides[1]) {
        let (mut a, mut b) = (parts(a), parts(b));
        a.dedup();
        b.dedup();
        return a == b;
    }
    sides.iter_mut().for_each(|side| side.sort_unstable());
    sides[0] == sides[1]
}

/// Do two texts have the same words, in whatever order?
pub(super) fn any_order(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut words = words(text);
        words.sort_unstable();
        words
    };
    text(a, b) || sorted(a) == sorted(b)
}

pub(super) fn data_type(a: &DataType, b: &DataType) -> bool {
    let schema = |ty: &DataType| {
        ty.schema
            .as_deref()
            .filter(|s| *s != "public")
            .map(str::to_owned)
    };
    let words = |ty: &DataType| ty.words.as_deref().map(|w| plain(w).replace(' ', ""));
    schema(a) == schema(b)
        && a.name == b.name
        && a.modifiers == b.modifiers
        && words(a) == words(b)
        && a.array == b.array
}

/// Text without the differences that mean nothing.
pub fn plain(text: &str) -> String {
    let plain = words(text).join(" ");
    match plain.as_str() {
        "current_timestamp" | "transaction_timestamp ( )" => "now ( )".into(),
        "'t'" | "'true'" => "true".into(),
        "'f'" | "'false'" => "false".into(),
        "array [ ]" => "'{}'".into(),
        _ => plain.replace("'public.", "'"),
    }
}

/// What [`plain`] joins.
pub(super) fn words(text: &str) -> Vec<SmolStr> {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    let mut words: Vec<SmolStr> = Vec::new();
    let mut calls: Vec<bool> = Vec::new();
    while let Some(token) = cursor.peek() {
        if cursor.eat(TokenKind::DoubleColon) {
            if DataType::read(&mut cursor).is_none() {
                words.push("::".into());
            }
            continue;
        }
        if cursor.at_any(&["public", "pg_catalog"])
            && cursor.peek_at(1).is_some_and(|t| t.kind == TokenKind::Dot)
        {
            cursor.bump();
            cursor.bump();
            continue;
        }
        let ident = cursor.ident();
        if ident.is_none() {
            cursor.bump();
        }
        match token.kind {
            TokenKind::OpenParen => {
                let call = words.last().is_some_and(|word| is_called(word))
                    || words.ends_with(&["distinct".into(), "on".into()])
                    || cursor.at_any(&["select", "with"]);
                calls.push(call);
                if call {
                    words.push("(".into());
                }
            }
            TokenKind::CloseParen => {
                if calls.pop().unwrap_or(true) {
                    words.push(")".into());
                }
            }
            _ if token.span.of(text).starts_with("!~~") => {
                let like = match token.span.of(text) {
                    "!~~" => "like",
                    _ => "ilike",
                };
                words.extend(["not".into(), like.into()]);
            }
            _ => words.push(match (ident, token.span.of(text)) {
                (Some(ident), _) => ident.name.as_str().into(),
                (None, "!=") => "<>".into(),
                (None, "~~") => "like".into(),
                (None, "~~*") => "ilike".into(),
                (None, word) => word.into(),
            }),
        }
    }
    lists(words)
}

/// `= ANY (ARRAY[…])` is what the server makes of `IN (…)`.
fn lists(mut words: Vec<SmolStr>) -> Vec<SmolStr> {
    const MADE: &[(&[&str], &[&str])] = &[
        (&["=", "any", "array", "["], &["in"]),
        (&["<>", "all", "array", "["], &["not", "in"]),
    ];
    let mut n = 0;
    while n < words.len() {
        let stands = |from: &[&str]| {
            let here = words[n..].iter().map(SmolStr::as_str);
            here.take(from.len()).eq(from.iter().copied())
        };
        let found = MADE.iter().find(|(from, _)| stands(from));
        if let Some((from, to)) = found {
            let close = words[n..].iter().position(|w| w == "]").map(|at| n + at);
            if let Some(close) = close {
                words.remove(close);
            }
            words.splice(n..n + from.len(), to.iter().map(SmolStr::new));
        }
        n += 1;
    }
    words
}

pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// May a parenthesis behind this word hold arguments?
fn is_called(word: &str) -> bool {
    const NOT_CALLED: &[&str] = &[
        "and",
        "or",
        "not",
        "in",
        "when",
        "then",
        "else",
        "case",
        "where",
        "on",
        "as",
        "from",
        "join",
        "select",
        "any",
        "all",
        "union",
        "between",
        "like",
        "using",
        "having",
        "by",
        "except",
        "intersect",
        "limit",
        "offset",
        "ilike",
        "is",
    ];
    is_name(word) && !NOT_CALLED.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_no_differences() {
        let table = [
            ("lower((name)::text)", "lower(name)"),
            (
                "((status = 'a'::text) AND (b = false))",
                "status = 'a' AND b = FALSE",
            ),
            ("hot_rank <> (0)::double precision", "hot_rank != 0"),
            ("public.f (a)", "f(a)"),
            ("ARRAY[]::feature[]", "'{}'"),
            ("'x'::character varying", "'x'"),
            ("CURRENT_TIMESTAMP", "now()"),
            ("nextval('public.s'::regclass)", "nextval('s')"),
            ("pg_catalog.now()", "now()"),
            (
                "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
                "s IN ('a', 'b')",
            ),
            ("(name ~~ 'a%'::text)", "name LIKE 'a%'"),
        ];
        for (a, b) in table {
            assert_eq!(plain(a), plain(b), "{a}");
        }
        assert_ne!(plain("'A'"), plain("'a'"));
        assert_ne!(plain("a + b"), plain("a - b"));
        assert_ne!(plain("f(a)"), plain("g(a)"));
    }

    #[test]
    fn conditions_are_their_words() {
        assert!(condition("a BETWEEN 1 AND 5", "((a >= 1) AND (a <= 5))"));
        assert!(condition("b > 0 AND a = 1", "(a = 1) AND (b > 0)"));
        assert!(!condition("a IN ('x', 'y')", "a IN ('x')"));
        assert!(!condition("a > 0", "a >= 0"));
        assert!(!condition("a > 0 OR b > 0", "a > 0 AND b > 0"));
    }
}
