//! Walking over the tokens of one statement.
//!
//! Every reader of `operation` is written with this cursor. It never fails: a
//! reader asks for what may come next and gets an answer or `None`, and
//! position only moves forward.

use std::borrow::Cow;

use super::lexer::{Token, TokenKind};
use crate::name::Name;
use crate::source::Span;

/// A name as the server compares it: unquoted names folded to lower case,
/// quoted ones as written, doubled quotes undone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    pub name: Name,
    pub span: Span,
    /// The name, or a part of it, is a placeholder that some tool fills in.
    pub template: bool,
}

#[derive(Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
        }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Where the cursor stands, to come back to with [`Cursor::back_to`].
    pub fn mark(&self) -> usize {
        self.at
    }

    pub fn back_to(&mut self, mark: usize) {
        self.at = mark;
    }

    pub fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    #[inline]
    pub fn peek_at(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub fn kind(&self) -> Option<TokenKind> {
        self.peek().map(|t| t.kind)
    }

    /// Takes the next token whatever it is.
    pub fn bump(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub fn slice(&self, span: Span) -> &'a str {
        span.of(self.text)
    }

    /// The text of the token `ahead` of the cursor, or the empty string.
    pub fn text_at(&self, ahead: usize) -> &'a str {
        self.peek_at(ahead).map_or("", |t| t.span.of(self.text))
    }

    /// Is the token `ahead` this key word?
    #[inline]
    pub fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        self.peek_at(ahead)
            .is_some_and(|token| token.is_word(self.text, word))
    }

    #[inline]
    pub fn at_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    /// Does this sequence of key words come next?
    pub fn at_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(n, w)| self.is_word_at(n, w))
    }

    /// Is the next token one of these key words?
    pub fn at_any(&self, words: &[&str]) -> bool {
        self.peek()
            .is_some_and(|token| words.iter().any(|w| token.is_word(self.text, w)))
    }

    #[inline]
    pub fn eat_word(&mut self, word: &str) -> bool {
        let yes = self.at_word(word);
        self.at += usize::from(yes);
        yes
    }

    pub fn eat_words(&mut self, words: &[&str]) -> bool {
        let yes = self.at_words(words);
        if yes {
            self.at += words.len();
        }
        yes
    }

    /// Takes whichever of these key words comes next.
    pub fn eat_any<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        let token = self.peek()?;
        let found = words.iter().find(|w| token.is_word(self.text, w))?;
        self.at += 1;
        Some(found)
    }

    pub fn at_kind(&self, kind: TokenKind) -> bool {
        self.kind() == Some(kind)
    }

    pub fn eat(&mut self, kind: TokenKind) -> bool {
        let yes = self.at_kind(kind);
        self.at += usize::from(yes);
        yes
    }

    pub fn at_operator(&self, operator: &str) -> bool {
        self.at_kind(TokenKind::Operator) && self.text_at(0) == operator
    }

    pub fn eat_operator(&mut self, operator: &str) -> bool {
        let yes = self.at_operator(operator);
        self.at += usize::from(yes);
        yes
    }

    pub fn eat_if_exists(&mut self) -> bool {
        self.eat_words(&["IF", "EXISTS"])
    }

    pub fn eat_if_not_exists(&mut self) -> bool {
        self.eat_words(&["IF", "NOT", "EXISTS"])
    }

    /// A name: a word (key words included: what may be a name is the caller's
    /// knowledge), a quoted name, or a placeholder in the place of one.
    pub fn ident(&mut self) -> Option<Ident> {
        let token = self.peek()?;
        let text = token.span.of(self.text);
        let (name, template) = match token.kind {
            TokenKind::Word => (within_limit(fold(text)), false),
            TokenKind::QuotedName => {
                let name = Name::from(unquote(text));
                let template = name.contains("${") || name.contains("{{");
                let name = match template {
                    true => Name::new(evenly_spaced(&name)),
                    false => within_limit(name),
                };
                (name, template)
            }
            TokenKind::Template => (Name::new(evenly_spaced(text)), true),
            // psql's `:name` and `:"name"`.
            TokenKind::Colon => {
                let next = self.peek_at(1)?;
                if next.span.start != token.span.end
                    || !matches!(next.kind, TokenKind::Word | TokenKind::QuotedName)
                {
                    return None;
                }
                self.at += 2;
                let span = token.span.to(next.span);
                return Some(Ident {
                    name: Name::new(span.of(self.text)),
                    span,
                    template: true,
                });
            }
            _ => return None,
        };
        self.at += 1;
        Some(Ident {
            name,
            span: token.span,
            template,
        })
    }

    /// `(a, b, …)` of plain names; the cursor stays where it is if the
    /// parentheses hold anything else.
    pub fn ident_list(&mut self) -> Option<Vec<Ident>> {
        let mark = self.mark();
        let list = self.ident_list_inner();
        if list.is_none() {
            self.back_to(mark);
        }
        list
    }

    fn ident_list_inner(&mut self) -> Option<Vec<Ident>> {
        if !self.eat(TokenKind::OpenParen) {
            return None;
        }
        let mut list = vec![self.ident()?];
        while self.eat(TokenKind::Comma) {
            list.push(self.ident()?);
        }
        self.eat(TokenKind::CloseParen).then_some(list)
    }

    /// With the cursor at `(` or `[`: passes over the whole group and yields
    /// its span, brackets included. An unclosed group runs to the end.
    pub fn group(&mut self) -> Option<Span> {
        let first = self.peek()?;
        if !matches!(first.kind, TokenKind::OpenParen | TokenKind::OpenBracket) {
            return None;
        }
        let mut depth = 0usize;
        let mut span = first.span;
        while let Some(token) = self.bump() {
            span.end = token.span.end;
            match token.kind {
                TokenKind::OpenParen | TokenKind::OpenBracket => depth += 1,
                TokenKind::CloseParen | TokenKind::CloseBracket => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        Some(span)
    }

    /// Passes over tokens, whole groups at once, until `stop` says so at the
    /// top level, a closing bracket of the surrounding group comes, or the end.
    /// Yields what was passed over, `None` if that is nothing.
    pub fn skip_until(&mut self, stop: impl Fn(&Cursor<'a>) -> bool) -> Option<Span> {
        let mut span: Option<Span> = None;
        while let Some(token) = self.peek() {
            if matches!(token.kind, TokenKind::CloseParen | TokenKind::CloseBracket) || stop(self) {
                break;
            }
            let passed = match self.group() {
                Some(group) => group,
                None => {
                    self.at += 1;
                    token.span
                }
            };
            span = Some(span.map_or(passed, |s| s.to(passed)));
        }
        span
    }

    /// Everything up to the next comma of this level.
    pub fn skip_item(&mut self) -> Option<Span> {
        self.skip_until(|c| c.at_kind(TokenKind::Comma))
    }

    /// Between the token at `mark` and the cursor: the token behind a comma, or
    /// an opening parenthesis, where something is missing.
    pub fn gap(&self, mark: usize) -> Option<usize> {
        let is_gap = |pair: &[Token]| pair[1].kind.lacks_value(pair[0].kind);
        let found = self.tokens[mark..self.at].windows(2).position(is_gap);
        found.map(|at| mark + at + 1)
    }

    /// Everything that is left, brackets of the surrounding group included.
    pub fn rest(&mut self) -> Option<Span> {
        let first = self.peek()?;
        let last = self.tokens.last()?;
        self.at = self.tokens.len();
        Some(first.span.to(last.span))
    }

    /// An opening parenthesis among all tokens that no other one closes.
    pub fn unclosed(&self) -> Option<Span> {
        let mut open = 0usize;
        let found = self.tokens.iter().rev().find(|token| match token.kind {
            TokenKind::CloseParen => {
                open += 1;
                false
            }
            TokenKind::OpenParen => {
                let closed = open > 0;
                open = open.saturating_sub(1);
                !closed
            }
            _ => false,
        });
        found.map(|token| token.span)
    }

    /// From the token at `mark` to the last one taken.
    pub fn span_from(&self, mark: usize) -> Span {
        let Some(first) = self.tokens.get(mark) else {
            return self.end_span();
        };
        if self.at <= mark {
            return Span::new(first.span.start, first.span.start);
        }
        first.span.to(self.tokens[self.at - 1].span)
    }

    fn end_span(&self) -> Span {
        let end = self.tokens.last().map_or(0, |t| t.span.end);
        Span::new(end, end)
    }

    /// The value of a text literal, adjacent literals joined as the standard
    /// has it (`'a'` newline `'b'`).
    pub fn string(&mut self) -> Option<(Cow<'a, str>, Span)> {
        let token = self.peek()?;
        let mut value = string_value(token, self.text)?;
        let mut span = token.span;
        self.at += 1;
        while let Some(next) = self.peek() {
            let between = Span::new(span.end, next.span.start).of(self.text);
            if next.kind != TokenKind::Text || !between.contains('\n') {
                break;
            }
            value += string_value(next, self.text)?;
            span.end = next.span.end;
            self.at += 1;
        }
        Some((value, span))
    }

    /// A whole number with an optional sign.
    pub fn integer(&mut self) -> Option<i64> {
        let mark = self.mark();
        let negative = self.eat_operator("-");
        if !negative {
            self.eat_operator("+");
        }
        let value = self
            .peek()
            .filter(|t| t.kind == TokenKind::Number)
            .and_then(|t| t.span.of(self.text).replace('_', "").parse::<i64>().ok());
        match value {
            Some(value) => {
                self.at += 1;
                Some(if negative { -value } else { value })
            }
            None => {
                self.back_to(mark);
                None
            }
        }
    }
}

/// Folds an unquoted name as PostgreSQL does: ASCII letters only.
pub fn fold(text: &str) -> Name {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Name::from(text.to_ascii_lowercase())
    } else {
        Name::new(text)
    }
}

/// The bytes of a name that PostgreSQL keeps (NAMEDATALEN - 1).
pub const NAME_BYTES: usize = 63;

/// A name as the server keeps it: what is too much is cut off.
fn within_limit(name: Name) -> Name {
    if name.len() <= NAME_BYTES {
        return name;
    }
    Name::new(cut(&name, NAME_BYTES))
}

/// The text up to the last character that ends at or before a byte.
pub fn cut(text: &str, mut end: usize) -> &str {
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The name that a token is, if it is one.
pub fn name_of(token: Token, text: &str) -> Option<Name> {
    let raw = token.span.of(text);
    match token.kind {
        TokenKind::Word => Some(fold(raw)),
        TokenKind::QuotedName => Some(unquote(raw).into()),
        _ => None,
    }
}

/// A name with placeholders `{{ … }}` in it as one writes them who puts a single
/// blank wherever there may be any: blanks tell no names apart. Marks that trim
/// what is around (`{{- x -}}`) stay as they are.
fn evenly_spaced(text: &str) -> Cow<'_, str> {
    if !text.contains("{{") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((inside, after)) = behind.split_once("}}") else {
            break;
        };
        out.push_str(before);
        match inside.starts_with(['-', '{']) || inside.ends_with('-') {
            true => out.push_str(&rest[before.len()..rest.len() - after.len()]),
            false => {
                out.push_str("{{ ");
                push_squeezed(&mut out, inside.trim());
                out.push_str(" }}");
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Runs of blanks outside of quotes as one each.
fn push_squeezed(out: &mut String, text: &str) {
    let mut quote = None;
    for c in text.chars() {
        let blank = c.is_whitespace() && quote.is_none();
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            _ => {}
        }
        match blank {
            true if out.ends_with(' ') => {}
            true => out.push(' '),
            false => out.push(c),
        }
    }
}

/// What stands between quotes, doubled ones undone.
pub fn unquote(text: &str) -> Cow<'_, str> {
    let quote = text.as_bytes()[text.len() - 1];
    let start = text.bytes().position(|b| b == quote).unwrap_or(0) + 1;
    let inner = text.get(start..text.len() - 1).unwrap_or("");
    if memchr::memchr(quote, inner.as_bytes()).is_some() {
        let quote = char::from(quote);
        Cow::Owned(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
    } else {
        Cow::Borrowed(inner)
    }
}

/// The value of a quoted text token; escapes of `E''` beyond the common ones
/// are left as written.
pub fn string_value(token: Token, text: &str) -> Option<Cow<'_, str>> {
    let raw = token.span.of(text);
    match token.kind {
        TokenKind::Text => Some(unquote(raw)),
        TokenKind::EscapeText => {
            let inner = unquote(raw);
            if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
                return Some(inner);
            }
            let plain = inner.replace("\\'", "'").replace("\\n", "\n");
            Some(Cow::Owned(plain.replace("\\\\", "\\")))
        }
        TokenKind::DollarText => {
            let tag = raw[1..].find('$')? + 2;
            raw.get(tag..raw.len() - tag).map(Cow::Borrowed)
        }
        _ => None,
    }
}

/// Where the text inside the quotes of a token begins and ends.
pub fn string_inside(token: Token, text: &str) -> Option<Span> {
    let raw = token.span.of(text);
    let skip = match token.kind {
        TokenKind::Text | TokenKind::EscapeText => raw.find('\'')? + 1,
        TokenKind::DollarText => raw[1..].find('$')? + 2,
        _ => return None,
    };
    let tail = if token.kind == TokenKind::DollarText {
        skip
    } else {
        1
    };
    Some(Span::new(
        token.span.start + skip as u32,
        token.span.end - tail as u32,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::lexer::tokens_into;

    fn with<T>(text: &str, f: impl FnOnce(&mut Cursor<'_>) -> T) -> T {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        f(&mut Cursor::new(text, &tokens))
    }

    #[test]
    fn names_are_folded_or_kept() {
        with(r#"Users "My ""T""" ${x}_a :schema"#, |c| {
            assert_eq!(c.ident().unwrap().name, "users");
            assert_eq!(c.ident().unwrap().name, r#"My "T""#);
            assert!(c.ident().unwrap().template);
            assert!(c.ident().unwrap().template);
            assert!(c.done());
        });
    }

    #[test]
    fn blanks_in_placeholders_tell_no_names_apart() {
        let one = r#"{{ index .Options "a  b" }}"#;
        for (text, expected) in [
            (r#"{{index .Options "a  b" }}"#, one),
            (r#"{{  index   .Options  "a  b"}}"#, one),
            ("a_{{x}}_{{ y }}", "a_{{ x }}_{{ y }}"),
            ("{{- x -}}", "{{- x -}}"),
            (r#""{{x}}""#, "{{ x }}"),
            ("${ x }", "${ x }"),
        ] {
            with(text, |c| assert_eq!(c.ident().unwrap().name, expected));
        }
    }

    #[test]
    fn groups_and_items() {
        with("(a, (b)) , c[1] x, d", |c| {
            assert_eq!(c.slice(c.clone().group().unwrap()), "(a, (b))");
            assert_eq!(c.ident_list(), None);
            c.group();
            c.eat(TokenKind::Comma);
            let item = c.skip_item().unwrap();
            assert_eq!(c.slice(item), "c[1] x");
        });
    }

    #[test]
    fn adjacent_literals_are_one() {
        with("'a'\n'b' 'c'", |c| {
            assert_eq!(c.string().unwrap().0, "ab");
            assert_eq!(c.string().unwrap().0, "c");
        });
        with("$x$it's$x$", |c| assert_eq!(c.string().unwrap().0, "it's"));
    }
}
