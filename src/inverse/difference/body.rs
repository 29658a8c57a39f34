//! Do two bodies of a routine do the same? Comments, blanks and parentheses that
//! only say what holds without them are no difference.

use super::Likeness;
use crate::source::Span;
use crate::statement::lexer::{TokenKind, on_one_line, tokens_into};

/// Parentheses that nest deeper are compared as they are written.
const DEEPEST: usize = 200;

/// The words of a body, one behind the other.
fn spelt(body: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    tokens_into(body, Span::new(0, body.len() as u32), &mut tokens);
    tokens.iter().map(|token| token.span.of(body)).collect()
}

/// How deep parentheses nest.
fn depth(body: &str) -> usize {
    let mut tokens = Vec::new();
    tokens_into(body, Span::new(0, body.len() as u32), &mut tokens);
    let (mut depth, mut deepest) = (0_usize, 0);
    for token in &tokens {
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => depth += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Compares two bodies in SQL or PL/pgSQL.
pub(super) fn compare(a: &str, b: &str) -> Likeness {
    if depth(a).max(depth(b)) > DEEPEST {
        return match spelt(a) == spelt(b) {
            true => Likeness::Same,
            false => Likeness::Different,
        };
    }
    let same = |texts: Texts| normal(a, texts) == normal(b, texts);
    if a == b || same(Texts::AsWritten) {
        Likeness::Same
    } else if same(Texts::WithoutComments) {
        Likeness::Unclear
    } else {
        Likeness::Different
    }
}

/// How texts in quotes count.
#[derive(Clone, Copy)]
enum Texts {
    /// But for how many blanks there are.
    AsWritten,
    WithoutComments,
}

/// A word of a body, or what stands in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Word(TokenKind, String),
    Group(Vec<Node>),
}

impl Node {
    fn text(&self) -> &str {
        match self {
            Node::Word(_, text) => text,
            Node::Group(_) => "(",
        }
    }

    fn is(&self, kind: TokenKind) -> bool {
        matches!(self, Node::Word(own, _) if *own == kind)
    }

    fn is_value(&self) -> bool {
        let Node::Word(kind, _) = self else {
            return true;
        };
        use TokenKind::*;
        matches!(
            kind,
            QuotedName | Text | EscapeText | DollarText | BitText | Number | Parameter
        )
    }
}

/// The words of a body without the parentheses that only group what is grouped
/// so anyway, and without the last semicolon. What cannot be read stays as it
/// is.
fn normal(body: &str, texts: Texts) -> Vec<Node> {
    let mut tokens = Vec::new();
    tokens_into(body, Span::new(0, body.len() as u32), &mut tokens);
    let mut open: Vec<Vec<Node>> = vec![Vec::new()];
    for token in &tokens {
        match token.kind {
            TokenKind::OpenParen => open.push(Vec::new()),
            TokenKind::CloseParen => {
                let inner = open.pop().unwrap_or_default();
                match open.last_mut() {
                    Some(outer) => outer.push(Node::Group(inner)),
                    None => open.push(vec![Node::Group(inner)]),
                }
            }
            kind => {
                let word = word(kind, token.span.of(body), texts);
                if let Some(list) = open.last_mut() {
                    list.push(Node::Word(kind, word));
                }
            }
        }
    }
    let mut list = open.into_iter().flatten().collect::<Vec<_>>();
    while list.last().is_some_and(|n| n.is(TokenKind::Semicolon)) {
        list.pop();
    }
    without_parentheses(list, false)
}

fn word(kind: TokenKind, text: &str, texts: Texts) -> String {
    let blanks = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match (kind, texts) {
        (TokenKind::Word, _) => text.to_lowercase(),
        (TokenKind::Operator, _) if text == "!=" => "<>".into(),
        (
            TokenKind::Text | TokenKind::EscapeText | TokenKind::DollarText,
            Texts::WithoutComments,
        ) => {
            let content = text.trim_matches(['\'', '$']);
            blanks(&on_one_line(content))
        }
        _ => blanks(text),
    }
}

fn without_parentheses(list: Vec<Node>, in_group: bool) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::with_capacity(list.len());
    let mut rest = list.into_iter().peekable();
    while let Some(node) = rest.next() {
        let Node::Group(inner) = node else {
            out.push(node);
            continue;
        };
        let inner = without_parentheses(inner, true);
        let left = match out.is_empty() {
            true => in_group.then_some(0),
            false => binds_before(&out),
        };
        let right = rest.peek().map_or(Some(0), binds_behind);
        let is_needless = match (left, right, weakest(&inner)) {
            (Some(left), Some(right), Some(own)) => {
                let on_either_side = matches!(own, OR | AND);
                let from_the_left = on_either_side || matches!(own, OTHER..=POWER | CAST);
                (left < own || left == own && on_either_side)
                    && (right < own || right == own && from_the_left)
            }
            _ => false,
        };
        match is_needless {
            true => out.extend(inner),
            false => out.push(Node::Group(inner)),
        }
    }
    out
}

// How strongly operators bind, as the server's grammar has it.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const IS: u8 = 4;
const COMPARISON: u8 = 5;
const RANGE: u8 = 6;
const OTHER: u8 = 7;
const SUM: u8 = 8;
const PRODUCT: u8 = 9;
const POWER: u8 = 10;
const ZONE: u8 = 11;
const SIGN: u8 = 12;
const CAST: u8 = 13;
const SUBSCRIPT: u8 = 14;

/// An operator between two operands.
fn operator(node: &Node) -> Option<u8> {
    let Node::Word(kind, text) = node else {
        return None;
    };
    match kind {
        TokenKind::Operator => Some(match text.as_str() {
            "<" | ">" | "=" | "<=" | ">=" | "<>" => COMPARISON,
            "+" | "-" => SUM,
            "*" | "/" | "%" => PRODUCT,
            "^" => POWER,
            ":=" | "=>" | ".." => return None,
            _ => OTHER,
        }),
        TokenKind::Word => match text.as_str() {
            "or" => Some(OR),
            "and" => Some(AND),
            "is" | "isnull" | "notnull" => Some(IS),
            "between" | "in" | "like" | "ilike" => Some(RANGE),
            _ => None,
        },
        _ => None,
    }
}

/// How strongly what stands before a parenthesis would hold on to what begins
/// in it.
fn binds_before(out: &[Node]) -> Option<u8> {
    let (last, before) = out.split_last()?;
    match last {
        Node::Word(TokenKind::Comma | TokenKind::OpenBracket, _) => Some(0),
        Node::Word(TokenKind::Word, text) => match text.as_str() {
            "if" | "elsif" | "elseif" | "while" | "when" | "then" | "else" | "return" | "where"
            | "having" | "by" | "select" => Some(0),
            "on" if before.last().is_none_or(|n| n.text() != "distinct") => Some(0),
            "not" => Some(NOT),
            "from" => Some(IS),
            "and" => {
                let mut ahead = before.iter().rev();
                let stop = ahead.find(|n| {
                    matches!(
                        n.text(),
                        "and" | "or" | "between" | "where" | "on" | "if" | ";"
                    )
                });
                let of_between = stop.is_some_and(|n| n.text() == "between");
                Some(if of_between { RANGE } else { AND })
            }
            "or" => Some(OR),
            "like" | "ilike" | "between" => Some(RANGE),
            _ => None,
        },
        Node::Word(TokenKind::Operator, text) if matches!(text.as_str(), ":=" | "=>") => Some(0),
        Node::Word(TokenKind::Operator, text) if matches!(text.as_str(), "+" | "-") => {
            let operand = before.last().is_some_and(|n| {
                n.is_value() || n.is(TokenKind::CloseBracket) || n.is(TokenKind::Word)
            });
            Some(if operand { SUM } else { SIGN })
        }
        node => operator(node),
    }
}

/// How strongly what stands behind a parenthesis would hold on to what ends in
/// it.
fn binds_behind(next: &Node) -> Option<u8> {
    use TokenKind::*;
    match next {
        Node::Word(Comma | CloseBracket | Semicolon, _) => Some(0),
        Node::Word(DoubleColon, _) => Some(CAST),
        Node::Word(OpenBracket, _) => Some(SUBSCRIPT),
        Node::Word(Word, text) => match text.as_str() {
            "then" | "loop" | "end" | "from" | "as" | "into" | "when" | "else" | "where"
            | "group" | "order" | "limit" | "having" | "union" | "asc" | "desc" | "nulls"
            | "returning" => Some(0),
            "at" => Some(ZONE),
            "not" => Some(RANGE),
            _ => operator(next),
        },
        _ => operator(next),
    }
}

/// The operator of an expression that binds least; more than any for a single
/// operand. `None` for what is no expression that is surely understood.
fn weakest(list: &[Node]) -> Option<u8> {
    const NO_OPERANDS: &[&str] = &["select", "values", "with", "case", "table", "not"];
    const TYPED: &[&str] = &["interval", "date", "time", "timestamp", "timestamptz"];
    let at = |n: usize| list.get(n);
    let is = |n: usize, word: &str| at(n).is_some_and(|node| node.text() == word);
    let kind = |n: usize, kind: TokenKind| at(n).is_some_and(|node| node.is(kind));
    let group = |n: usize| matches!(at(n), Some(Node::Group(_)));
    let (mut n, mut least, mut in_between) = (0, u8::MAX, false);
    loop {
        loop {
            match at(n)?.text() {
                "not" => least = least.min(NOT),
                "+" | "-" => least = least.min(SIGN),
                _ => break,
            }
            n += 1;
        }
        let node = at(n)?;
        if node.is(TokenKind::Word) || node.is(TokenKind::QuotedName) {
            if NO_OPERANDS.contains(&node.text()) || operator(node).is_some() {
                return None;
            }
            let typed = TYPED.contains(&node.text());
            n += 1;
            while kind(n, TokenKind::Dot) {
                n += 2;
            }
            n += usize::from(group(n) || typed && kind(n, TokenKind::Text));
        } else if node.is_value() {
            n += 1;
        } else {
            return None;
        }
        // What stands behind an operand.
        loop {
            if kind(n, TokenKind::DoubleColon) {
                if !kind(n + 1, TokenKind::Word) {
                    return None;
                }
                least = least.min(CAST);
                n += 2;
                n += usize::from(group(n));
            } else if kind(n, TokenKind::OpenBracket) {
                let close = list[n..]
                    .iter()
                    .position(|x| x.is(TokenKind::CloseBracket))?;
                n += close + 1;
            } else if kind(n, TokenKind::Dot) {
                n += 2;
            } else if is(n, "isnull") || is(n, "notnull") {
                least = least.min(IS);
                n += 1;
            } else if is(n, "is") {
                let what = n + 1 + usize::from(is(n + 1, "not"));
                if !["null", "true", "false", "unknown"]
                    .iter()
                    .any(|w| is(what, w))
                {
                    return None;
                }
                least = least.min(IS);
                n = what + 1;
            } else {
                break;
            }
        }
        if n >= list.len() {
            return (n == list.len()).then_some(least);
        }
        n += usize::from(is(n, "not"));
        let mut own = operator(at(n)?)?;
        match own {
            AND if in_between => {
                own = RANGE;
                in_between = false;
            }
            RANGE => in_between = is(n, "between"),
            _ => {}
        }
        least = least.min(own);
        n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_no_differences() {
        for (a, b) in [
            ("SELECT 1;", "select 1"),
            ("SELECT 1\n  ;\n RETURN 2;", "SELECT 1; -- one\nRETURN 2;"),
            (
                "IF NOW() - r.\"at\" >= r.\"for\"::INTERVAL THEN",
                "IF (NOW() - r.\"at\") >= (r.\"for\"::INTERVAL) THEN",
            ),
            ("IF a OR b AND c THEN", "IF (a OR (b AND (c))) THEN"),
            ("WHERE NOT a = b", "WHERE NOT (a = b)"),
            ("x := a - b - c;", "x := ((a - b) - c);"),
            ("RETURN a IS NULL AND b;", "RETURN ((a IS NULL) AND b);"),
            ("f(a, b + 1)", "f((a), (b + 1))"),
            ("JOIN t ON t.a = u.a WHERE", "JOIN t ON (t.a = u.a) WHERE"),
        ] {
            assert_eq!(compare(a, b), Likeness::Same, "{a}");
        }
    }

    #[test]
    fn parentheses_that_group_count() {
        for (a, b) in [
            ("IF a OR b AND c THEN", "IF (a OR b) AND c THEN"),
            ("x := a - (b - c);", "x := a - b - c;"),
            ("x := (a + b) * c;", "x := a + b * c;"),
            ("x := (-1)::text;", "x := -1::text;"),
            ("x := (y::int)[1];", "x := y::int[1];"),
            ("RETURN (a, b);", "RETURN a, b;"),
            ("WHERE NOT (a AND b)", "WHERE NOT a AND b"),
            ("WHERE a = (b IS NULL)", "WHERE a = b IS NULL"),
            ("WHERE (a = b) = c", "WHERE a = b = c"),
            (
                "WHERE a BETWEEN b AND (c = d)",
                "WHERE a BETWEEN b AND c = d",
            ),
            ("SELECT (SELECT 1)", "SELECT SELECT 1"),
            ("SELECT (r).x", "SELECT r.x"),
            ("RAISE 'a'", "RAISE 'A'"),
        ] {
            assert_eq!(compare(a, b), Likeness::Different, "{a}");
        }
    }

    #[test]
    fn texts_with_comments_are_a_difference_of_their_own() {
        let (a, b) = (
            "EXECUTE 'SELECT 1 -- one\n LIMIT 1'",
            "EXECUTE 'SELECT 1 LIMIT 1'",
        );
        assert_eq!(compare(a, b), Likeness::Unclear);
    }

    #[test]
    fn what_nests_deep_is_compared_as_it_is_written() {
        let deep =
            |n: usize, blank: &str| format!("SELECT {}1{blank}{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(
            compare(&deep(50_000, ""), &deep(50_000, " ")),
            Likeness::Same
        );
        assert_eq!(
            compare(&deep(50_000, ""), &deep(50_001, "")),
            Likeness::Different
        );
    }
}
