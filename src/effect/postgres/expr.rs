//! Looking into the text of expressions, by tokens: no tree is built here.

use smol_str::SmolStr;

use crate::source::Span;
use crate::statement::cursor::fold;
use crate::statement::lexer::{Token, TokenKind, tokens_into};

/// The tokens of an expression beside its text.
pub(super) struct Tokens<'t> {
    pub text: &'t str,
    pub list: Vec<Token>,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut list = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut list);
        Self { text, list }
    }

    pub(super) fn word(&self, token: Token) -> &'t str {
        token.span.of(self.text)
    }
}

pub(super) fn is_word(token: Token, text: &str, word: &str) -> bool {
    token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case(word)
}

/// The name that a token is, as the server compares it.
pub(super) fn name_of(token: Token, text: &str) -> Option<SmolStr> {
    let raw = token.span.of(text);
    match token.kind {
        TokenKind::Word => Some(fold(raw)),
        TokenKind::QuotedName => {
            let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
            Some(SmolStr::from(inner.replace("\"\"", "\"")))
        }
        _ => None,
    }
}

/// Is the token this name, without making a string of it?
pub(super) fn is_name(token: Token, text: &str, name: &str) -> bool {
    let raw = token.span.of(text);
    match token.kind {
        TokenKind::Word => {
            raw.len() == name.len() && raw.bytes().map(|b| b.to_ascii_lowercase()).eq(name.bytes())
        }
        TokenKind::QuotedName => name_of(token, text).is_some_and(|n| n == name),
        _ => false,
    }
}

/// Does the expression name this column (or anything else of that name)?
pub(super) fn mentions(text: &str, name: &str) -> bool {
    if memchr::memmem::find(
        text.to_ascii_lowercase().as_bytes(),
        name.to_ascii_lowercase().as_bytes(),
    )
    .is_none()
    {
        return false;
    }
    Tokens::of(text)
        .list
        .iter()
        .any(|token| is_name(*token, text, name))
}

/// Is it NULL, perhaps cast or in parentheses?
pub(super) fn is_null(text: &str) -> bool {
    let tokens = Tokens::of(text);
    let Some(first) = tokens
        .list
        .iter()
        .find(|token| token.kind != TokenKind::OpenParen)
    else {
        return false;
    };
    is_word(*first, text, "NULL")
        && tokens
            .list
            .iter()
            .find(|t| t.span.start >= first.span.end && t.kind != TokenKind::CloseParen)
            .is_none_or(|t| t.kind == TokenKind::DoubleColon)
}

/// Takes off parentheses that enclose the whole.
pub(super) fn strip(mut tokens: &[Token]) -> &[Token] {
    while let [open, inner @ .., close] = tokens {
        if open.kind != TokenKind::OpenParen
            || close.kind != TokenKind::CloseParen
            || group_end(tokens, 0) != tokens.len() - 1
        {
            break;
        }
        tokens = inner;
    }
    tokens
}

/// The index of the parenthesis that closes the one at `open`; the last index
/// where none does.
pub(super) fn group_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (n, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => depth += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return n;
                }
            }
            _ => {}
        }
    }
    tokens.len().saturating_sub(1)
}

/// How many arguments stand between the parentheses that open at `open`.
pub(super) fn argument_count(tokens: &[Token], open: usize) -> usize {
    let end = group_end(tokens, open);
    if end <= open + 1 {
        return 0;
    }
    let mut depth = 0usize;
    let mut commas = 0;
    for token in &tokens[open + 1..end] {
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => depth += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket => depth = depth.saturating_sub(1),
            TokenKind::Comma if depth == 0 => commas += 1,
            _ => {}
        }
    }
    commas + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_mentions() {
        for text in ["NULL", "null::int", "(NULL)", "(NULL)::text"] {
            assert!(is_null(text), "{text}");
        }
        assert!(!is_null("nullif(1, 1)") && !is_null("''") && !is_null("NULL IS NULL"));
        assert!(mentions("lower(Name) > ''", "name"));
        assert!(mentions(r#""Name" > ''"#, "Name"));
        assert!(!mentions("username > 'name'", "name"));
    }

    #[test]
    fn parentheses_and_arguments() {
        let tokens = Tokens::of("((a) = (b))");
        assert_eq!(strip(&tokens.list).len(), 7);
        let tokens = Tokens::of("f(a, g(b, c), ARRAY[1, 2])");
        assert_eq!(argument_count(&tokens.list, 1), 3);
        let tokens = Tokens::of("now()");
        assert_eq!(argument_count(&tokens.list, 1), 0);
        let tokens = Tokens::of("f((((");
        assert_eq!(argument_count(&tokens.list, 1), 1);
    }
}
