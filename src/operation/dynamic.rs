//! SQL inside of literals, and SQL that is put together when it is run.
//!
//! What stands between the quotes of a literal is read where it stands, so
//! that places are those of the file. SQL that is put together of constants is
//! put together here as well; places in it are those of the expression. Where
//! only names and literals are left for the server to know, placeholders stand
//! for them, and the statement is read as well as opaque. What else only the
//! server can know is opaque alone.

use smol_str::{SmolStr, format_smolstr};
use std::cell::Cell;
use std::fmt::Write as _;

use super::object::without_markers;
use super::reader::Reader;
use super::variables::Variables;
use super::{Action, Operation, Within};
use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::{fold, string_inside};
use crate::statement::lexer::{Token, TokenKind};

/// Longer texts are not put together.
const LONGEST: usize = 64 * 1024;

/// How deep calls inside calls are followed in an expression.
const DEEPEST: usize = 6;

/// Lets `read` see the text inside the quotes of a literal at the offsets of
/// the file. Doubled quotes and escapes are undone without moving anything.
pub fn in_literal<T>(text: &str, token: Token, read: impl FnOnce(&str, Span) -> T) -> T {
    let inside = string_inside(token, text).unwrap_or(token.span);
    let raw = inside.of(text);
    let escapes = match token.kind {
        TokenKind::Text => raw.contains('\''),
        TokenKind::EscapeText => raw.contains(['\'', '\\']),
        _ => false,
    };
    if escapes {
        at_offset(inside.start, &unescaped(raw, token.kind), read)
    } else {
        read(text, inside)
    }
}

thread_local! {
    /// Spaces that stand for the part of a file before a text that is not in
    /// it, one string for each level of such texts. They are kept, so that
    /// many texts cost no more than one.
    static BEFORE: Cell<Vec<String>> = const { Cell::new(Vec::new()) };
}

/// Lets `read` see a text as if it stood at an offset of a file.
pub(super) fn at_offset<T>(offset: u32, sql: &str, read: impl FnOnce(&str, Span) -> T) -> T {
    let offset = offset as usize;
    let mut kept = BEFORE.take();
    let mut text = kept.pop().unwrap_or_default();
    BEFORE.set(kept);
    text.push_str(&" ".repeat(offset.saturating_sub(text.len())));
    text.truncate(offset);
    text.push_str(sql);
    let result = read(&text, Span::new(offset as u32, text.len() as u32));
    text.truncate(offset);
    let mut kept = BEFORE.take();
    kept.push(text);
    BEFORE.set(kept);
    result
}

/// What a literal says, as long as it is written: where two characters stand
/// for one, a space goes before it if it opens or closes text of its own, and
/// behind it otherwise.
fn unescaped(raw: &str, kind: TokenKind) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    let mut state = Quote::Outside;
    while let Some(c) = rest.chars().next() {
        let width = escape_width(rest, kind);
        if width == 0 {
            state = state.pass(rest);
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (escape, behind) = rest.split_at(width);
        rest = behind;
        let meant = meant(escape);
        if meant != '\'' {
            out.push(' ');
            out.push(meant);
            continue;
        }
        match state {
            Quote::Comment | Quote::Block => out.push_str(" '"),
            Quote::Outside => {
                out.push_str(" '");
                state = Quote::Inside;
            }
            Quote::Inside if escape_width(rest, kind) > 0 && meant_quote(rest) => {
                let width = escape_width(rest, kind);
                rest = &rest[width..];
                out.push_str("''  ");
            }
            Quote::Inside => {
                out.push_str("' ");
                state = Quote::Outside;
            }
        }
    }
    out
}

/// What the text inside a literal is in the middle of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Outside,
    Inside,
    Comment,
    Block,
}

impl Quote {
    fn pass(self, rest: &str) -> Self {
        match self {
            Quote::Outside if rest.starts_with("--") => Quote::Comment,
            Quote::Outside if rest.starts_with("/*") => Quote::Block,
            Quote::Comment if rest.starts_with('\n') => Quote::Outside,
            Quote::Block if rest.starts_with("*/") => Quote::Outside,
            same => same,
        }
    }
}

/// The bytes of an escape at the beginning of the text, 0 if there is none.
fn escape_width(rest: &str, kind: TokenKind) -> usize {
    let escape = rest.starts_with("''")
        || (kind == TokenKind::EscapeText && rest.starts_with('\\') && rest.is_char_boundary(2));
    if escape && rest.len() >= 2 { 2 } else { 0 }
}

fn meant(escape: &str) -> char {
    match escape {
        "''" | "\\'" => '\'',
        "\\n" => '\n',
        "\\t" => '\t',
        _ => escape.chars().next_back().unwrap_or(' '),
    }
}

fn meant_quote(rest: &str) -> bool {
    rest.starts_with("''") || rest.starts_with("\\'")
}

/// EXECUTE, with the cursor behind it; `statement` is the whole statement.
pub fn execute(
    r: &Reader<'_>,
    mut cursor: Cursor<'_>,
    variables: &Variables,
    statement: Span,
    within: Within,
) -> Vec<Operation> {
    let text = cursor.text();
    let begin = cursor.mark();
    if let Some(token) = lone_literal(&mut cursor) {
        return in_literal(text, token, |text, span| r.script(text, span, &within));
    }
    cursor.back_to(begin);
    let sql = concatenated(&mut cursor, variables, DEEPEST);
    let place = cursor.span_from(begin);
    let opaque = || Operation {
        action: match changes_nothing(&sql.text) {
            true => Action::Nothing,
            false => Action::Opaque {
                why: why(&sql.text),
                adds: adds(&sql.text),
            },
        },
        place: if place.is_empty() { statement } else { place },
        clause: statement,
        within: within.clone(),
    };
    if !sql.constant || !at_end(&cursor) {
        return vec![opaque()];
    }
    let mut operations = at_offset(place.start, &sql.text, |text, span| {
        r.script(text, span, &within)
    });
    for operation in &mut operations {
        operation.place = place;
        operation.clause = statement;
    }
    if sql.open {
        operations.push(opaque());
    }
    operations
}

/// Whatever the rest of the text is, it gives rights, describes, or reads.
fn changes_nothing(prefix: &str) -> bool {
    let mut words = prefix.split_ascii_whitespace();
    let (Some(first), Some(_)) = (words.next(), words.next()) else {
        return false;
    };
    ["grant", "comment", "select"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
}

/// `CREATE … ` or `ALTER TABLE … ATTACH PARTITION …`, whatever comes behind it.
fn adds(prefix: &str) -> bool {
    let mut words = prefix.split_ascii_whitespace();
    let Some(first) = words.next() else {
        return false;
    };
    let mut attaches = words.clone().zip(words.skip(1));
    !prefix.contains(';')
        && (first.eq_ignore_ascii_case("create")
            || first.eq_ignore_ascii_case("alter")
                && attaches.any(|(verb, what)| {
                    verb.eq_ignore_ascii_case("attach") && what.eq_ignore_ascii_case("partition")
                }))
}

fn why(prefix: &str) -> SmolStr {
    const SHOWN: usize = 60;
    let prefix = without_markers(prefix);
    let words: Vec<&str> = prefix.split_ascii_whitespace().take(12).collect();
    let prefix: String = words.join(" ").chars().take(SHOWN).collect();
    let prefix = prefix.trim_end_matches(['…', ' ', '"']);
    match prefix.is_empty() {
        true => SmolStr::new_static("runs SQL that is built at run time"),
        false => format_smolstr!("runs SQL that is built at run time: `{prefix} …`"),
    }
}

fn at_end(cursor: &Cursor<'_>) -> bool {
    cursor.done()
        || cursor.at_kind(TokenKind::Semicolon)
        || cursor.at_any(&["INTO", "USING", "LOOP"])
}

/// One literal and nothing else.
fn lone_literal(cursor: &mut Cursor<'_>) -> Option<Token> {
    let mut parens = 0usize;
    while cursor.eat(TokenKind::OpenParen) {
        parens += 1;
    }
    let token = cursor.bump()?;
    string_inside(token, cursor.text())?;
    while parens > 0 {
        if !cursor.eat(TokenKind::CloseParen) {
            return None;
        }
        parens -= 1;
    }
    at_end(cursor).then_some(token)
}

/// A text, or the beginning of one whose rest is unknown.
struct Known {
    text: String,
    constant: bool,
    /// Placeholders stand for some names or literals.
    open: bool,
}

impl Known {
    fn unknown() -> Self {
        Self::constant("").but(false)
    }

    fn constant(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            constant: true,
            open: false,
        }
    }

    fn placeholder(text: String) -> Self {
        Self {
            text,
            constant: true,
            open: true,
        }
    }

    fn but(mut self, constant: bool) -> Self {
        self.constant &= constant;
        self
    }

    fn append(&mut self, other: &Known) {
        if self.constant && self.text.len() + other.text.len() > LONGEST {
            self.constant = false;
        }
        if self.constant {
            self.text.push_str(&other.text);
            self.constant = other.constant;
            self.open |= other.open;
        }
    }
}

/// `'a' || f(x) || …`, up to the end of the argument or statement.
fn concatenated(cursor: &mut Cursor<'_>, variables: &Variables, depth: usize) -> Known {
    let mut all = term(cursor, variables, depth);
    loop {
        if cursor.eat(TokenKind::DoubleColon) {
            cursor.ident();
        } else if cursor.eat_operator("||") {
            let next = term(cursor, variables, depth);
            all.append(&next);
        } else if at_end(cursor)
            || matches!(
                cursor.kind(),
                Some(TokenKind::Comma | TokenKind::CloseParen | TokenKind::CloseBracket)
            )
        {
            return all;
        } else {
            // Something that is not understood makes all of it unknown.
            all.constant = false;
            cursor.skip_until(|c| at_end(c) || c.at_kind(TokenKind::Comma));
        }
    }
}

fn term(cursor: &mut Cursor<'_>, variables: &Variables, depth: usize) -> Known {
    if let Some((text, _)) = cursor.string() {
        return Known::constant(&text);
    }
    let Some(token) = cursor.peek() else {
        return Known::unknown();
    };
    match token.kind {
        TokenKind::Number => {
            cursor.bump();
            Known::constant(cursor.slice(token.span))
        }
        TokenKind::OpenParen if depth > 0 => {
            cursor.bump();
            let inner = concatenated(cursor, variables, depth - 1);
            let closed = cursor.eat(TokenKind::CloseParen);
            inner.but(closed)
        }
        TokenKind::Word | TokenKind::QuotedName => match variable(cursor, variables) {
            Some(value) => Known::constant(&value),
            None => call(cursor, variables, depth),
        },
        _ => {
            pass(cursor);
            Known::unknown()
        }
    }
}

/// Passes over what cannot be known, up to the next `||` or the end.
fn pass(cursor: &mut Cursor<'_>) {
    cursor.skip_until(|c| c.at_operator("||") || c.at_kind(TokenKind::Comma) || at_end(c));
}

/// The value of a variable that has but one.
fn variable(cursor: &mut Cursor<'_>, variables: &Variables) -> Option<Name> {
    const BEHIND: [TokenKind; 3] = [TokenKind::Dot, TokenKind::OpenParen, TokenKind::OpenBracket];
    let mut ahead = cursor.clone();
    let name = ahead.ident()?;
    let value = variables.text(&name.name)?;
    let alone = ahead.kind().is_none_or(|kind| !BEHIND.contains(&kind));
    alone.then(|| {
        *cursor = ahead;
        *value
    })
}

/// Who is asking, and where: names that a statement may have in their place.
fn oneself(cursor: &mut Cursor<'_>) -> Option<Known> {
    let asked = [
        "CURRENT_USER",
        "CURRENT_ROLE",
        "SESSION_USER",
        "CURRENT_CATALOG",
    ];
    let name = match cursor.eat_any(&asked) {
        Some("CURRENT_CATALOG") => "current_database",
        Some(_) => "current_user",
        None if cursor.eat_word("CURRENT_DATABASE") => {
            let called = cursor.eat(TokenKind::OpenParen) && cursor.eat(TokenKind::CloseParen);
            return Some(Known::constant("current_database").but(called));
        }
        None => return None,
    };
    Some(Known::constant(name))
}

fn call(cursor: &mut Cursor<'_>, variables: &Variables, depth: usize) -> Known {
    if let Some(name) = oneself(cursor) {
        return name;
    }
    let is_dotted = cursor.peek_at(1).map(|t| t.kind) == Some(TokenKind::Dot);
    if is_dotted && fold(cursor.text_at(0)) == "pg_catalog" {
        cursor.bump();
        cursor.bump();
    }
    let name = fold(cursor.text_at(0));
    let known = matches!(
        name.as_str(),
        "format" | "quote_ident" | "quote_literal" | "concat" | "chr"
    );
    if !known || depth == 0 || cursor.peek_at(1).map(|t| t.kind) != Some(TokenKind::OpenParen) {
        pass(cursor);
        return Known::unknown();
    }
    cursor.bump();
    cursor.bump();
    let mut arguments = Vec::new();
    loop {
        let mark = cursor.mark();
        let value = concatenated(cursor, variables, depth - 1);
        let written = cursor.slice(cursor.span_from(mark));
        arguments.push(Argument { value, written });
        if !cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    if !cursor.eat(TokenKind::CloseParen) {
        return Known::unknown();
    }
    applied(&name, &arguments)
}

/// An argument of a call, and how it is written.
struct Argument<'a> {
    value: Known,
    written: &'a str,
}

impl Argument<'_> {
    fn is_known(&self) -> bool {
        self.value.constant && !self.value.open
    }

    /// As a name.
    fn name(&self) -> Known {
        match self.is_known() {
            true => Known::constant(&quoted_name(&self.value.text)),
            false => Known::placeholder(self.placeholder()),
        }
    }

    /// As a literal.
    fn literal(&self) -> Known {
        match self.is_known() {
            true => Known::constant(&quoted_text(&self.value.text)),
            false => Known::placeholder(format!("'{}'", self.placeholder())),
        }
    }

    /// The same for arguments that are written alike: they mean the same.
    fn placeholder(&self) -> String {
        const SHOWN: usize = 40;
        let plain = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let label: String = self.written.chars().filter(plain).take(SHOWN).collect();
        format!("{}{label}}}", super::RUN_TIME)
    }
}

fn applied(function: &str, arguments: &[Argument<'_>]) -> Known {
    let Some(first) = arguments.first() else {
        return Known::unknown();
    };
    match function {
        "format" => formatted(&first.value, &arguments[1..]),
        "concat" => {
            let mut all = Known::constant("");
            arguments
                .iter()
                .for_each(|argument| all.append(&argument.value));
            all
        }
        "quote_ident" => first.name(),
        "quote_literal" => first.literal(),
        _ if !first.is_known() => Known::unknown(),
        _ => match first.value.text.parse().ok().and_then(char::from_u32) {
            Some(c) => Known::constant(c.encode_utf8(&mut [0; 4])),
            None => Known::unknown(),
        },
    }
}

/// `format('… %I … %2$L …', a, b)`.
fn formatted(format: &Known, arguments: &[Argument<'_>]) -> Known {
    let mut all = Known::constant("");
    let mut next = 0;
    let mut rest = format.text.as_str();
    while let Some(at) = rest.find('%') {
        all.append(&Known::constant(&rest[..at]));
        rest = &rest[at + 1..];
        let (position, behind) = position(rest);
        let Some(kind) = behind.chars().next() else {
            break;
        };
        rest = &behind[kind.len_utf8()..];
        if kind == '%' {
            all.append(&Known::constant("%"));
            continue;
        }
        let index = position.unwrap_or(next);
        next = index + 1;
        let value = match (arguments.get(index), kind) {
            (Some(argument), 'I') => argument.name(),
            (Some(argument), 'L') => argument.literal(),
            (Some(argument), 's') if argument.is_known() => Known::constant(&argument.value.text),
            _ => Known::unknown(),
        };
        all.append(&value);
        if !all.constant {
            return all;
        }
    }
    all.append(&Known::constant(rest));
    all.but(format.constant)
}

/// The `2$` of `%2$I`, counted from 0.
fn position(rest: &str) -> (Option<usize>, &str) {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, behind) = rest.split_at(digits);
    match (behind.strip_prefix('$'), number.parse::<usize>()) {
        (Some(behind), Ok(number)) if (1..1000).contains(&number) => (Some(number - 1), behind),
        _ => (None, rest),
    }
}

fn quoted_name(name: &str) -> String {
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    match plain {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

fn quoted_text(text: &str) -> String {
    let mut out = String::new();
    let _ = write!(out, "'{}'", text.replace('\'', "''"));
    out
}
