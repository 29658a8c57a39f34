//! Text to tokens: zero-copy, exact spans, one pass, no recursion.
//!
//! The lexical rules are PostgreSQL's (manual, "Lexical Structure"), widened
//! by what stands in migration files and never reaches a server: template
//! placeholders and psql meta-commands. No input is an error here: what cannot
//! be closed runs to the end and says so in its kind.

use crate::source::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TokenKind {
    /// A key word or an unquoted name.
    Word,
    /// `"name"`, `U&"name"`; also `` `name` ``.
    QuotedName,
    /// `'text'`, `N'text'`, `U&'text'`.
    Text,
    /// `E'text'`: backslashes escape.
    EscapeText,
    /// `$tag$text$tag$`.
    DollarText,
    /// `B'01'`, `X'ff'`.
    BitText,
    Number,
    /// `$1`.
    Parameter,
    Comma,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Dot,
    Semicolon,
    Colon,
    DoubleColon,
    Operator,
    /// `{{ x }}`, `${x}`, `{$X}`, `{% x %}`, with the name characters that
    /// touch it: something that a tool replaces before the server sees it.
    Template,
    /// A quote that is never closed.
    Unterminated,
    /// A backslash outside of quotes: a psql meta-command begins.
    Backslash,
    /// A byte that has no meaning in SQL.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: TokenKind,
    /// Of a word: its first byte as [`initial`] has it. Otherwise 0.
    initial: u8,
    pub span: Span,
}

impl TokenKind {
    /// Behind a token of the kind `before`: is a value missing between the two,
    /// as in `(1, )`?
    #[inline]
    pub fn lacks_value(self, before: TokenKind) -> bool {
        use TokenKind::{CloseParen, Comma, OpenParen};
        matches!(
            (before, self),
            (Comma, Comma | CloseParen) | (OpenParen, Comma)
        )
    }
}

impl Token {
    /// Is it this key word of ASCII letters?
    #[inline]
    pub fn is_word(self, text: &str, word: &str) -> bool {
        let length = (self.span.end - self.span.start) as usize;
        word.len() == length
            && word.as_bytes().first().map(|b| initial(*b)) == Some(self.initial)
            && self.span.of(text).eq_ignore_ascii_case(word)
    }
}

/// The same for both cases of a letter, and never 0.
const fn initial(byte: u8) -> u8 {
    byte | 0x20
}

/// What [`Lexer::next`] met: a token or a comment.
pub enum Lexeme {
    Token(Token),
    Comment(Span),
}

/// The server takes no longer ones.
const LONGEST_OPERATOR: usize = 63;

const NAME_START: u8 = 1;
const NAME_PART: u8 = 2;
const SPACE: u8 = 4;
const OPERATOR: u8 = 8;
const DIGIT: u8 = 16;
/// A part of a name that needs no second look.
const PLAIN: u8 = 32;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let b = byte as u8;
        let mut class = 0;
        if b.is_ascii_alphabetic() || b == b'_' || b >= 0x80 {
            class |= NAME_START | NAME_PART;
        }
        if b.is_ascii_digit() {
            class |= NAME_PART | DIGIT;
        }
        if b.is_ascii_alphanumeric() || b == b'_' {
            class |= PLAIN;
        }
        if b == b'$' {
            class |= NAME_PART;
        }
        if matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) {
            class |= SPACE;
        }
        if matches!(
            b,
            b'+' | b'-'
                | b'*'
                | b'/'
                | b'<'
                | b'>'
                | b'='
                | b'~'
                | b'!'
                | b'@'
                | b'#'
                | b'%'
                | b'^'
                | b'&'
                | b'|'
                | b'?'
        ) {
            class |= OPERATOR;
        }
        table[byte] = class;
        byte += 1;
    }
    table
}

fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

/// Reads lexemes from a range of a text.
pub struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Ends of placeholders that do not come any more: none is searched for
    /// twice.
    missing: [bool; 3],
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, range: Span) -> Self {
        let end = (range.end as usize).min(text.len());
        Self {
            bytes: &text.as_bytes()[..end],
            at: (range.start as usize).min(end),
            missing: [false; 3],
        }
    }

    /// The byte offset of what comes next.
    pub fn offset(&self) -> u32 {
        self.at as u32
    }

    /// Continues elsewhere; used to pass over COPY data and meta-commands.
    pub fn seek(&mut self, offset: u32) {
        self.at = (offset as usize).min(self.bytes.len());
    }

    fn peek(&self, ahead: usize) -> u8 {
        let at = self.at + ahead;
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The offset just behind the next line end, or the end.
    pub fn next_line(&self) -> u32 {
        let rest = &self.bytes[self.at..];
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |n| self.at + n + 1) as u32
    }

    fn token(&self, kind: TokenKind, start: usize) -> Option<Lexeme> {
        Some(Lexeme::Token(Token {
            kind,
            initial: match kind {
                TokenKind::Word => initial(self.bytes[start]),
                _ => 0,
            },
            span: Span::new(start as u32, self.at as u32),
        }))
    }

    fn skip_space(&mut self) {
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            if is(byte, SPACE) {
                self.at += 1;
            } else if byte >= 0x80 {
                match self.wide_space() {
                    0 => return,
                    width => self.at += width,
                }
            } else {
                return;
            }
        }
    }

    /// The width of a non-breaking or zero-width space, or of a byte order
    /// mark: servers take some of them for parts of a name, people never do.
    fn wide_space(&self) -> usize {
        match (self.peek(0), self.peek(1), self.peek(2)) {
            (0xC2, 0xA0, _) => 2,
            (0xE2, 0x80, 0x8B..=0x8D) | (0xEF, 0xBB, 0xBF) => 3,
            _ => 0,
        }
    }

    /// The next token or comment; `None` at the end.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Lexeme> {
        self.skip_space();
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let byte = self.bytes[start];
        let simple = match byte {
            b',' => Some(TokenKind::Comma),
            b'(' => Some(TokenKind::OpenParen),
            b')' => Some(TokenKind::CloseParen),
            b'[' => Some(TokenKind::OpenBracket),
            b']' => Some(TokenKind::CloseBracket),
            b';' => Some(TokenKind::Semicolon),
            b'\\' => Some(TokenKind::Backslash),
            _ => None,
        };
        if let Some(kind) = simple {
            self.at += 1;
            return self.token(kind, start);
        }
        if is(byte, NAME_START) {
            return self.word(start);
        }
        match byte {
            b'\'' => self.quoted(start, b'\'', false, TokenKind::Text),
            b'"' => self.quoted(start, b'"', false, TokenKind::QuotedName),
            b'`' => self.quoted(start, b'`', false, TokenKind::QuotedName),
            b'-' if self.peek(1) == b'-' => {
                self.at = self.next_line() as usize;
                let mut end = self.at;
                while end > start && matches!(self.bytes[end - 1], b'\n' | b'\r') {
                    end -= 1;
                }
                Some(Lexeme::Comment(Span::new(start as u32, end as u32)))
            }
            b'/' if self.peek(1) == b'*' => self.block_comment(start),
            b'0'..=b'9' => self.number(start),
            b'.' if is(self.peek(1), DIGIT) => self.number(start),
            b'.' => {
                self.at += 1;
                self.token(TokenKind::Dot, start)
            }
            b':' => self.colon(start),
            b'$' => self.dollar(start),
            b'{' => self.template(start),
            _ if is(byte, OPERATOR) => self.operator(start),
            _ => {
                self.at += 1;
                self.token(TokenKind::Unknown, start)
            }
        }
    }

    fn word(&mut self, start: usize) -> Option<Lexeme> {
        let prefixed = match (self.bytes[start] | 0x20, self.peek(1), self.peek(2)) {
            (b'e', b'\'', _) => Some((1, b'\'', true, TokenKind::EscapeText)),
            (b'n', b'\'', _) => Some((1, b'\'', false, TokenKind::Text)),
            (b'b' | b'x', b'\'', _) => Some((1, b'\'', false, TokenKind::BitText)),
            (b'u', b'&', b'\'') => Some((2, b'\'', false, TokenKind::Text)),
            (b'u', b'&', b'"') => Some((2, b'"', false, TokenKind::QuotedName)),
            _ => None,
        };
        if let Some((skip, quote, escapes, kind)) = prefixed {
            self.at = start + skip;
            return self.quoted(start, quote, escapes, kind);
        }
        self.name_part();
        if self.at_template() {
            return self.template(start);
        }
        self.token(TokenKind::Word, start)
    }

    fn name_part(&mut self) {
        loop {
            let rest = &self.bytes[self.at..];
            let plain = rest.iter().position(|byte| !is(*byte, PLAIN));
            let Some(plain) = plain else {
                self.at = self.bytes.len();
                return;
            };
            self.at += plain;
            let byte = rest[plain];
            if !is(byte, NAME_PART)
                || (byte >= 0x80 && self.wide_space() > 0)
                || (byte == b'$' && self.peek(1) == b'{')
            {
                return;
            }
            self.at += 1;
        }
    }

    fn at_template(&self) -> bool {
        matches!(
            (self.peek(0), self.peek(1)),
            (b'$', b'{') | (b'{', b'{' | b'$' | b'%')
        )
    }

    /// One or more placeholders and the name characters between and behind
    /// them; a lone `{` is unknown.
    fn template(&mut self, start: usize) -> Option<Lexeme> {
        let mut any = false;
        while self.at_template() {
            let (kind, close): (usize, &[u8]) = match (self.peek(0), self.peek(1)) {
                (b'{', b'{') => (0, b"}}"),
                (b'{', b'%') => (1, b"%}"),
                _ => (2, b"}"),
            };
            if self.missing[kind] {
                break;
            }
            let rest = &self.bytes[self.at..];
            let Some(length) = memchr::memmem::find(rest, close) else {
                self.missing[kind] = true;
                break;
            };
            self.at += length + close.len();
            any = true;
            self.name_part();
        }
        if !any {
            if self.at == start {
                self.at += 1;
            }
            return self.token(TokenKind::Unknown, start);
        }
        self.token(TokenKind::Template, start)
    }

    fn quoted(
        &mut self,
        start: usize,
        quote: u8,
        escapes: bool,
        kind: TokenKind,
    ) -> Option<Lexeme> {
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let found = if escapes {
                memchr::memchr2(quote, b'\\', rest)
            } else {
                memchr::memchr(quote, rest)
            };
            let Some(n) = found else {
                self.at = self.bytes.len();
                return self.token(TokenKind::Unterminated, start);
            };
            if kind == TokenKind::QuotedName
                && let Some(skip) = placeholder_around(rest, n)
            {
                self.at += skip;
                continue;
            }
            self.at += n + 1;
            if rest[n] == b'\\' {
                self.at = (self.at + 1).min(self.bytes.len());
            } else if self.peek(0) == quote {
                self.at += 1;
            } else {
                return self.token(kind, start);
            }
        }
    }

    fn block_comment(&mut self, start: usize) -> Option<Lexeme> {
        let mut depth = 1;
        self.at += 2;
        while depth > 0 {
            let rest = &self.bytes[self.at..];
            let Some(n) = memchr::memchr2(b'*', b'/', rest) else {
                self.at = self.bytes.len();
                return self.token(TokenKind::Unterminated, start);
            };
            self.at += n;
            match (self.peek(0), self.peek(1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                }
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        Some(Lexeme::Comment(Span::new(start as u32, self.at as u32)))
    }

    fn number(&mut self, start: usize) -> Option<Lexeme> {
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            let exponent_sign = matches!(byte, b'+' | b'-')
                && self.at > start
                && self.bytes[self.at - 1] | 0x20 == b'e'
                && !matches!(self.bytes.get(start + 1), Some(b'x' | b'X'))
                && is(self.peek(1), DIGIT);
            let dot = byte == b'.' && self.peek(1) != b'.';
            if !(is(byte, NAME_PART) && byte != b'$' && byte < 0x80 || dot || exponent_sign) {
                break;
            }
            self.at += 1;
        }
        self.token(TokenKind::Number, start)
    }

    fn colon(&mut self, start: usize) -> Option<Lexeme> {
        self.at += 1;
        match self.peek(0) {
            b':' => {
                self.at += 1;
                self.token(TokenKind::DoubleColon, start)
            }
            b'=' => {
                self.at += 1;
                self.token(TokenKind::Operator, start)
            }
            _ => self.token(TokenKind::Colon, start),
        }
    }

    fn dollar(&mut self, start: usize) -> Option<Lexeme> {
        if is(self.peek(1), DIGIT) {
            self.at += 1;
            while is(self.peek(0), DIGIT) {
                self.at += 1;
            }
            return self.token(TokenKind::Parameter, start);
        }
        if self.peek(1) == b'{' {
            return self.template(start);
        }
        let mut tag_end = start + 1;
        while tag_end < self.bytes.len()
            && is(self.bytes[tag_end], NAME_PART)
            && self.bytes[tag_end] != b'$'
        {
            tag_end += 1;
        }
        if tag_end >= self.bytes.len() || self.bytes[tag_end] != b'$' {
            self.at += 1;
            return self.token(TokenKind::Unknown, start);
        }
        let tag = &self.bytes[start..=tag_end];
        self.at = tag_end + 1;
        match memchr::memmem::find(&self.bytes[self.at..], tag) {
            Some(n) => {
                self.at += n + tag.len();
                self.token(TokenKind::DollarText, start)
            }
            None => {
                self.at = self.bytes.len();
                self.token(TokenKind::Unterminated, start)
            }
        }
    }

    fn operator(&mut self, start: usize) -> Option<Lexeme> {
        while is(self.peek(0), OPERATOR) && self.at - start < LONGEST_OPERATOR {
            let comment = matches!((self.peek(0), self.peek(1)), (b'-', b'-') | (b'/', b'*'));
            if comment && self.at > start {
                break;
            }
            self.at += 1;
        }
        // `=-1` is `=` and `-1`: an operator of several characters may end in
        // `+` or `-` only if it holds one of ~ ! @ # % ^ & | ?.
        let may_end_in_a_sign = self.bytes[start..self.at].iter().any(|b| {
            matches!(
                b,
                b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'?'
            )
        });
        while !may_end_in_a_sign
            && self.at > start + 1
            && matches!(self.bytes[self.at - 1], b'+' | b'-')
        {
            self.at -= 1;
        }
        self.token(TokenKind::Operator, start)
    }
}

/// How far to go on where the quote at `n` stands inside a placeholder that
/// quotes something itself, as in `"{{ index .Options "Schema" }}"`.
fn placeholder_around(rest: &[u8], n: usize) -> Option<usize> {
    const LONGEST: usize = 200;
    let open = memchr::memmem::rfind(&rest[..n], b"{{")?;
    let window = &rest[open..rest.len().min(n + LONGEST)];
    let close = memchr::memmem::find(window, b"}}")?;
    let one_line = memchr::memchr(b'\n', &window[..close]).is_none();
    (open + close > n && one_line).then_some(open + close + 2)
}

/// Room for the tokens of a range, mostly enough; what is long grows to its
/// own measure.
pub fn tokens_expected(range: Span) -> usize {
    const BYTES_PER_TOKEN: usize = 3;
    const MOST: usize = 1_024;
    (range.len() as usize / BYTES_PER_TOKEN + 2).min(MOST)
}

/// The tokens of a range, without comments.
pub fn tokens_into(text: &str, range: Span, tokens: &mut Vec<Token>) {
    tokens.clear();
    tokens.reserve(tokens_expected(range));
    let mut lexer = Lexer::new(text, range);
    while let Some(lexeme) = lexer.next() {
        if let Lexeme::Token(token) = lexeme {
            tokens.push(token);
        }
    }
}

/// Do two texts say the same, but for case, blanks, comments, and parentheses
/// around the whole or around a single word?
pub fn same_tokens(a: &str, b: &str) -> bool {
    let read = |text: &str| {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        tokens
    };
    let (left, right) = (read(a), read(b));
    let (mut left, mut right) = (bare(&left), bare(&right));
    let same = |(x, y): (Token, Token)| {
        let (x, y) = (x.span.of(a), y.span.of(b));
        x == y || (!x.starts_with(['\'', '"']) && x.eq_ignore_ascii_case(y))
    };
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if x.kind == y.kind && same((x, y)) => {}
            _ => return false,
        }
    }
}

/// Without parentheses that only group a single word, or the whole.
fn bare(tokens: &[Token]) -> impl Iterator<Item = Token> + '_ {
    let tokens = strip(tokens);
    let kind = |n: Option<usize>| n.and_then(|n| tokens.get(n)).map(|token| token.kind);
    let opens = move |n: Option<usize>| {
        let before = n.and_then(|n| n.checked_sub(1));
        kind(n) == Some(TokenKind::OpenParen)
            && kind(n.map(|n| n + 2)) == Some(TokenKind::CloseParen)
            && !matches!(kind(before), Some(TokenKind::Word | TokenKind::QuotedName))
    };
    let only_groups = move |n: usize| opens(Some(n)) || opens(n.checked_sub(2));
    let own = tokens.iter().enumerate();
    own.filter(move |(n, _)| !only_groups(*n))
        .map(|(_, token)| *token)
}

/// Takes off parentheses that enclose the whole.
pub fn strip(tokens: &[Token]) -> &[Token] {
    let is_open = |token: &&Token| token.kind == TokenKind::OpenParen;
    let opened = tokens.iter().take_while(is_open).count();
    if opened == 0 {
        return tokens;
    }
    // Before the outermost is closed, the depth falls below that of an inner
    // one only where that is closed.
    let mut ends = vec![usize::MAX; opened];
    let mut depth = 0;
    for (n, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => depth += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket if depth > 0 => {
                depth -= 1;
                if let Some(end) = ends.get_mut(depth).filter(|end| **end == usize::MAX) {
                    *end = n;
                }
            }
            _ => {}
        }
    }
    let encloses = |(n, end): &(usize, &usize)| **end == tokens.len() - 1 - n;
    let around = ends.iter().enumerate().take_while(encloses).count();
    &tokens[around..tokens.len() - around]
}

/// A statement on one line, as far as what stands in quotes allows: without its
/// comments, with one blank where there were any between words.
pub fn on_one_line(text: &str) -> String {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut line = String::with_capacity(text.len());
    let mut end = None;
    for token in &tokens {
        if end.is_some_and(|end| end < token.span.start) {
            line.push(' ');
        }
        line.push_str(token.span.of(text));
        end = Some(token.span.end);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::*;

    #[test]
    fn what_is_quoted_stays_as_it_is_on_one_line() {
        assert_eq!(
            on_one_line(
                "CREATE FUNCTION f() RETURNS int -- old\n  AS $$\n  -- one\n  SELECT 1 $$\n LANGUAGE sql"
            ),
            "CREATE FUNCTION f() RETURNS int AS $$\n  -- one\n  SELECT 1 $$ LANGUAGE sql"
        );
        assert_eq!(on_one_line("f(a,\n\tb)  /* c */::text"), "f(a, b) ::text");
    }

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        tokens.iter().map(|t| (t.kind, t.span.of(text))).collect()
    }

    #[test]
    fn quotes_of_every_kind() {
        assert_eq!(
            kinds(r#"'it''s' E'a\'b' "a""b" $$x$$ $f$ $$ $f$ U&'\0041' b'01'"#),
            [
                (Text, "'it''s'"),
                (EscapeText, r"E'a\'b'"),
                (QuotedName, r#""a""b""#),
                (DollarText, "$$x$$"),
                (DollarText, "$f$ $$ $f$"),
                (Text, r"U&'\0041'"),
                (BitText, "b'01'"),
            ]
        );
        assert_eq!(kinds("'open"), [(Unterminated, "'open")]);
        assert_eq!(kinds("$a$ x $b$"), [(Unterminated, "$a$ x $b$")]);
    }

    #[test]
    fn comments_nest_and_operators_stop_before_them() {
        assert_eq!(
            kinds("a /* x /* y */ z */ <--b\n= -1"),
            [
                (Word, "a"),
                (Operator, "<"),
                (Operator, "="),
                (Operator, "-"),
                (Number, "1")
            ]
        );
        assert_eq!(kinds("a=-1").len(), 4);
        assert_eq!(kinds("a->>'b'").len(), 3);
        assert_eq!(kinds("x::int[1:2]").len(), 8);
        assert_eq!(kinds("1.5e-3 .5"), [(Number, "1.5e-3"), (Number, ".5")]);
    }

    #[test]
    fn placeholders_are_one_token_with_their_name() {
        assert_eq!(
            kinds("${prefix}_users {{ .Schema }}.t tbl{{x}}_y {$TABLE_PREFIX}z $1 {x"),
            [
                (Template, "${prefix}_users"),
                (Template, "{{ .Schema }}"),
                (Dot, "."),
                (Word, "t"),
                (Template, "tbl{{x}}_y"),
                (Template, "{$TABLE_PREFIX}z"),
                (Parameter, "$1"),
                (Unknown, "{"),
                (Word, "x"),
            ]
        );
        assert_eq!(
            kinds(r#""{{ index .Options "Schema" }}".users "{{ a" b"#),
            [
                (QuotedName, r#""{{ index .Options "Schema" }}""#),
                (Dot, "."),
                (Word, "users"),
                (QuotedName, r#""{{ a""#),
                (Word, "b"),
            ]
        );
    }

    #[test]
    fn odd_spaces_do_not_join_words() {
        assert_eq!(kinds("\u{feff}a\u{a0}b\u{200b}c").len(), 3);
    }
}
