//! Looking into the text of expressions, by tokens: no tree is built here.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use crate::source::Span;
pub(super) use crate::statement::cursor::name_of;
pub(super) use crate::statement::lexer::strip;
use crate::statement::lexer::{Token, TokenKind, tokens_into};
use crate::text::holds;

/// The tokens of an expression beside its text.
pub(super) struct Tokens<'t> {
    pub text: &'t str,
    pub list: Rc<Vec<Token>>,
    groups: OnceCell<Vec<Group>>,
}

/// How a token stands among parentheses and brackets.
#[derive(Clone, Copy)]
struct Group {
    /// The innermost one around it that is open.
    around: u32,
    /// For one that opens: which token closes it, the last where none does;
    end: u32,
    /// and how many commas stand between them.
    commas: u32,
}

const NONE: u32 = u32::MAX;

thread_local! {
    static RECENT: Recent = Recent::default();
}

/// The texts that were read last: one check after the other asks for the same
/// expression.
#[derive(Default)]
struct Recent {
    texts: [RefCell<(String, Rc<Vec<Token>>)>; 4],
    /// Which of them makes room for the next.
    oldest: Cell<usize>,
}

impl Recent {
    /// Bytes of a text that is kept.
    const LONGEST: usize = 2_048;

    fn tokens(&self, text: &str) -> Rc<Vec<Token>> {
        let kept = self.texts.iter().find(|kept| kept.borrow().0 == text);
        if let Some(kept) = kept {
            return Rc::clone(&kept.borrow().1);
        }
        let mut list = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut list);
        let list = Rc::new(list);
        if text.len() <= Self::LONGEST {
            let at = self.oldest.get();
            self.oldest.set((at + 1) % self.texts.len());
            let mut kept = self.texts[at].borrow_mut();
            kept.0.clear();
            kept.0.push_str(text);
            kept.1 = Rc::clone(&list);
        }
        list
    }
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            list: RECENT.with(|recent| recent.tokens(text)),
            groups: OnceCell::new(),
        }
    }

    /// The parenthesis or bracket around a token.
    pub(super) fn opening(&self, n: usize) -> Option<usize> {
        let around = self.groups().get(n)?.around;
        (around != NONE).then_some(around as usize)
    }

    /// Like [`group_end`], for who asks it of every token.
    pub(super) fn end_of(&self, open: usize) -> usize {
        let last = self.list.len().saturating_sub(1);
        self.groups()
            .get(open)
            .map_or(last, |group| group.end as usize)
    }

    /// How many arguments stand between the parentheses that open at `open`.
    pub(super) fn argument_count(&self, open: usize) -> usize {
        match self.groups().get(open) {
            Some(group) if group.end as usize > open + 1 => group.commas as usize + 1,
            _ => 0,
        }
    }

    fn groups(&self) -> &[Group] {
        self.groups.get_or_init(|| groups(&self.list))
    }

    pub(super) fn word(&self, token: Token) -> &'t str {
        token.span.of(self.text)
    }
}

pub(super) fn is_word(token: Token, text: &str, word: &str) -> bool {
    token.is_word(text, word)
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

/// So many levels of ANDs in ANDs are looked into.
const DEEPEST: usize = 32;

/// What an expression asserts at once: the terms of its AND, and of ANDs in
/// parentheses below. An OR is one term.
pub(super) fn conjuncts<'t>(list: &'t [Token], text: &str) -> Vec<&'t [Token]> {
    let mut terms = Vec::new();
    let mut todo: Vec<&[Token]> = vec![list];
    // Each level looks at all that is in it again.
    let mut patience = DEEPEST * list.len();
    while let Some(part) = todo.pop() {
        if part.len() > patience {
            // Whole rather than not at all: fewer terms would assert less.
            terms.push(part);
            terms.extend(todo.into_iter().rev());
            return terms;
        }
        patience -= part.len();
        let part = strip(part);
        let ands = if top_level(part).any(|n| is_word(part[n], text, "OR")) {
            Vec::new()
        } else {
            ands(part, text)
        };
        let Some(last) = ands.last() else {
            terms.push(part);
            continue;
        };
        todo.push(&part[last + 1..]);
        for (n, and) in ands.iter().enumerate().rev() {
            let start = n.checked_sub(1).map_or(0, |before| ands[before] + 1);
            todo.push(&part[start..*and]);
        }
    }
    terms
}

/// The sides of an OR, those of ORs in parentheses left whole.
pub(super) fn disjuncts<'t>(list: &'t [Token], text: &str) -> Vec<&'t [Token]> {
    let mut start = 0;
    let mut sides = Vec::new();
    for n in top_level(list) {
        if is_word(list[n], text, "OR") {
            sides.push(&list[start..n]);
            start = n + 1;
        }
    }
    sides.push(&list[start..]);
    sides
}

/// Where the ANDs are that connect terms; that of BETWEEN is none of them.
fn ands(part: &[Token], text: &str) -> Vec<usize> {
    let mut between = false;
    let mut found = Vec::new();
    for n in top_level(part) {
        if is_word(part[n], text, "BETWEEN") {
            between = true;
        } else if is_word(part[n], text, "AND") && !std::mem::take(&mut between) {
            found.push(n);
        }
    }
    found
}

/// The tokens that stand in no parentheses, and the opening ones.
pub(super) fn top_level<'t>(tokens: &'t [Token]) -> impl Iterator<Item = usize> + 't {
    let mut at = 0;
    std::iter::from_fn(move || {
        let here = at;
        tokens.get(here)?;
        at = match tokens[here].kind {
            TokenKind::OpenParen => group_end(tokens, here).max(here) + 1,
            _ => here + 1,
        };
        Some(here)
    })
}

/// Does the expression name this column (or anything else of that name)?
pub(super) fn mentions(text: &str, name: &str) -> bool {
    if !holds(text, &name.to_ascii_lowercase()) {
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

/// All groups at once, however they nest.
fn groups(list: &[Token]) -> Vec<Group> {
    let last = list.len().saturating_sub(1) as u32;
    let mut open: Vec<usize> = Vec::new();
    let mut groups: Vec<Group> = Vec::with_capacity(list.len());
    for (n, token) in list.iter().enumerate() {
        let closes = matches!(token.kind, TokenKind::CloseParen | TokenKind::CloseBracket);
        if closes && let Some(opened) = open.pop() {
            groups[opened].end = n as u32;
        }
        groups.push(Group {
            around: open.last().map_or(NONE, |opened| *opened as u32),
            end: last,
            commas: 0,
        });
        match (token.kind, open.last()) {
            (TokenKind::OpenParen | TokenKind::OpenBracket, _) => open.push(n),
            (TokenKind::Comma, Some(opened)) => groups[*opened].commas += 1,
            _ => {}
        }
    }
    groups
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
    fn an_and_falls_into_its_terms() {
        let of = |text: &str| -> Vec<String> {
            let tokens = Tokens::of(text);
            conjuncts(&tokens.list, text)
                .into_iter()
                .map(|term| {
                    text[term[0].span.start as usize..term[term.len() - 1].span.end as usize].into()
                })
                .collect()
        };
        assert_eq!(of("a > 0 AND ((b) AND (c OR d))"), ["a > 0", "b", "c OR d"]);
        assert_eq!(of("a BETWEEN 1 AND 2 AND b"), ["a BETWEEN 1 AND 2", "b"]);
        assert_eq!(of("a AND b OR c"), ["a AND b OR c"]);
    }

    #[test]
    fn parentheses_and_arguments() {
        let tokens = Tokens::of("((a) = (b))");
        assert_eq!(strip(&tokens.list).len(), 7);
        for (text, left) in [
            ("(((a)))", 1),
            ("(a) + (b)", 7),
            ("((a)", 4),
            ("(", 1),
            ("(())", 0),
        ] {
            assert_eq!(strip(&Tokens::of(text).list).len(), left, "{text}");
        }
        let tokens = Tokens::of("f(a, g(b, c), ARRAY[1, 2])");
        assert_eq!(tokens.argument_count(1), 3);
        let tokens = Tokens::of("now()");
        assert_eq!(tokens.argument_count(1), 0);
        let tokens = Tokens::of("f((((");
        assert_eq!(tokens.argument_count(1), 1);
    }
}
