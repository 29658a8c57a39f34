//! Do two definitions say the same? Spelling is no difference: case, blanks,
//! casts that the server writes, parentheses that only group, `public`.

use smol_str::SmolStr;

use super::query::span_of_time;
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
    text(a, b) || same_parts([words(a), words(b)])
}

/// The same for conditions that can name one table only, and whose columns may
/// have it in front of them.
pub(super) fn own_condition(a: &str, b: &str) -> bool {
    condition(a, b) || same_parts([unqualified(words(a)), unqualified(words(b))])
}

fn same_parts(mut sides: [Vec<SmolStr>; 2]) -> bool {
    // `BETWEEN` names what it compares once, `>=` and `<=` twice.
    let between = |side: &Vec<SmolStr>| side.iter().any(|w| w == "between");
    let is_spread = between(&sides[0]) != between(&sides[1]);
    for side in &mut sides {
        if is_spread {
            side.retain(|w| {
                !matches!(
                    w.as_str(),
                    "(" | ")" | "," | "and" | "between" | ">=" | "<="
                )
            });
        }
        side.sort_unstable();
        if is_spread {
            side.dedup();
        }
    }
    sides[0] == sides[1]
}

/// `t.a` is `a`. What is called, a type or a collation has its own schema in front.
fn unqualified(words: Vec<SmolStr>) -> Vec<SmolStr> {
    let mut bare: Vec<SmolStr> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let mut end = at;
        let goes_on = |end: usize| {
            is_name(&words[end])
                && words.get(end + 1).is_some_and(|word| word == ".")
                && words.get(end + 2).is_some_and(|word| is_name(word))
        };
        while goes_on(end) {
            end += 2;
        }
        let of_another_kind = bare.last().is_some_and(|w| w == "as" || w == "collate");
        let is_called = words.get(end + 1).is_some_and(|word| word == "(");
        match of_another_kind || is_called {
            true => bare.extend_from_slice(&words[at..=end]),
            false => bare.push(words[end].clone()),
        }
        at = end + 1;
    }
    bare
}

/// Do two values that a column of this type is given say the same? Of a span of
/// time the server has a form of its own, whatever it was given.
pub(super) fn value(a: &str, b: &str, ty: &DataType) -> bool {
    let is_span = ty.name == "interval" && ty.array == 0;
    text(a, b) || spans(a, is_span) == spans(b, is_span)
}

/// The words of a value, with its spans of time in one form: what is cast, what
/// is added to something, and the whole where that is one.
fn spans(text: &str, is_span: bool) -> Vec<SmolStr> {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let is_interval = |at: usize| {
        let word = tokens.get(at).map_or("", |token| token.span.of(text));
        word.eq_ignore_ascii_case("interval")
    };
    let alone = tokens.iter().filter(|t| t.kind == TokenKind::Text).count() == 1;
    let mut edited = String::with_capacity(text.len());
    let mut end = 0;
    for (at, token) in tokens.iter().enumerate() {
        let word = token.span.of(text);
        let behind = |kind| tokens.get(at + 1).is_some_and(|t| t.kind == kind);
        let prefixed = at > 0 && is_interval(at - 1);
        let added = at > 0 && tokens[at - 1].span.of(text) == "+";
        let cast = behind(TokenKind::DoubleColon) && is_interval(at + 2);
        let whole = is_span && alone && !text.contains('(');
        let plain = match token.kind {
            TokenKind::Text if cast || added || whole || prefixed => {
                span_of_time(word.trim_matches('\''))
            }
            _ => None,
        };
        let Some(plain) = plain else { continue };
        let from = match prefixed {
            true => tokens[at - 1].span.start,
            false => token.span.start,
        };
        edited.push_str(&text[end..from as usize]);
        edited.push_str(&format!("'{plain}'"));
        end = token.span.end as usize;
    }
    edited.push_str(&text[end..]);
    words(&edited)
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
            // `a NOTNULL`, but not `t.notnull`, `AS notnull` or `isnull(a)`.
            TokenKind::Word
                if words.last().is_some_and(|word| word != "." && word != "as")
                    && !cursor.at_kind(TokenKind::OpenParen)
                    && null_test(token.span.of(text)).is_some() =>
            {
                let test = null_test(token.span.of(text)).into_iter().flatten();
                words.extend(test.map(|word| SmolStr::new_static(word)));
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

/// What the server makes of a test that has a word of its own.
fn null_test(word: &str) -> Option<&'static [&'static str]> {
    const TESTS: [(&str, &[&str]); 2] = [
        ("notnull", &["is", "not", "null"]),
        ("isnull", &["is", "null"]),
    ];
    let mut tests = TESTS.into_iter();
    Some(tests.find(|(test, _)| word.eq_ignore_ascii_case(test))?.1)
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
            ("(a IS NOT NULL) AND (b IS NULL)", "a NOTNULL AND b isnull"),
        ];
        for (a, b) in table {
            assert_eq!(plain(a), plain(b), "{a}");
        }
        assert_ne!(plain("'A'"), plain("'a'"));
        assert_ne!(plain("a + b"), plain("a - b"));
        assert_ne!(plain("f(a)"), plain("g(a)"));
        assert_ne!(plain("t.notnull"), plain("t.is not null"));
        assert_ne!(plain("isnull(a)"), plain("is null(a)"));
    }

    #[test]
    fn conditions_are_their_words() {
        assert!(condition("a BETWEEN 1 AND 5", "((a >= 1) AND (a <= 5))"));
        assert!(condition("b > 0 AND a = 1", "(a = 1) AND (b > 0)"));
        assert!(!condition("a IN ('x', 'y')", "a IN ('x')"));
        assert!(!condition("a > 0", "a >= 0"));
        assert!(!condition("a > 0 OR b > 0", "a > 0 AND b > 0"));
    }

    #[test]
    fn columns_of_the_one_table_need_no_path() {
        assert!(own_condition(
            "t.k IN ('a')",
            "(k = ANY (ARRAY['a'::text]))"
        ));
        assert!(own_condition("public.t.a > t.b", "a > b"));
        assert!(own_condition("lower(m.t.k) = 'a'", "lower(k) = 'a'"));
        assert!(!own_condition("app.f(k)", "f(k)"));
        assert!(!own_condition("k COLLATE m.c > 'a'", "k COLLATE c > 'a'"));
        assert!(!own_condition("t.k > 'a'", "l > 'a'"));
    }

    #[test]
    fn spans_of_time_have_one_form() {
        let same = |a: &str, b: &str, ty: &str| {
            let mut tokens = Vec::new();
            tokens_into(ty, Span::new(0, ty.len() as u32), &mut tokens);
            let ty = DataType::read(&mut Cursor::new(ty, &tokens)).expect("a type");
            value(a, b, &ty)
        };
        let stored = "(now() + '00:05:00'::interval)";
        for given in [
            "now()+'5 minutes'::INTERVAL",
            "now() + interval '5 minutes'",
            "now() + '300 sec'",
        ] {
            assert!(same(given, stored, "timestamptz"), "{given}");
        }
        assert!(same("'5 minutes'", "'00:05:00'::interval", "interval"));
        assert!(same("'36 hours'", "'36:00:00'::interval", "interval"));
        assert!(!same(
            "'36 hours'",
            "'1 day 12:00:00'::interval",
            "interval"
        ));
        assert!(!same("now() + '6 minutes'", stored, "timestamptz"));
        assert!(!same("'5 minutes'", "'00:05:00'", "text"));
        assert!(!same("'5 minutes'", "'300 seconds'", "text"));
    }
}
