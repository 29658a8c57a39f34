//! The pieces of a directive.

use crate::source::Span;

/// A piece of a directive; spans leave out quotes.
pub(super) enum Word {
    Bare(Span),
    Quoted(Span),
    Pair {
        key: Span,
        value: Span,
        quoted: bool,
    },
    /// A quote that nothing closes, and the key before it.
    Unclosed {
        key: Option<Span>,
        value: Span,
    },
}

/// The pieces of a directive, separated by blanks and commas.
pub(super) struct Words<'a> {
    text: &'a str,
    at: u32,
    end: u32,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str, span: Span) -> Self {
        Self {
            text,
            at: span.start,
            end: span.end,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        Span::new(self.at, self.end).of(self.text)
    }

    pub(super) fn next_bare(&mut self) -> Option<Span> {
        match self.next()? {
            Word::Bare(span) => Some(span),
            _ => None,
        }
    }

    /// Takes the characters up to the first that is not wanted.
    pub(super) fn take(&mut self, wanted: impl Fn(char) -> bool) -> Span {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length as u32;
        Span::new(start, self.at)
    }

    /// The text behind an opening quote, `Err` when none closes it.
    fn quoted(&mut self) -> Option<Result<Span, Span>> {
        let quote = self.rest().chars().next().filter(|c| "\"'".contains(*c))?;
        self.at += 1;
        let value = self.take(|c| c != quote);
        if self.at == self.end {
            return Some(Err(value));
        }
        self.at += 1;
        Some(Ok(value))
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        self.take(|c| c.is_whitespace() || c == ',');
        if self.at >= self.end {
            return None;
        }
        if let Some(quoted) = self.quoted() {
            return Some(match quoted {
                Ok(span) => Word::Quoted(span),
                Err(value) => Word::Unclosed { key: None, value },
            });
        }
        let word = self.take(|c| !c.is_whitespace() && c != ',' && c != '=');
        if !self.rest().starts_with('=') {
            return Some(Word::Bare(word));
        }
        self.at += 1;
        let pair = |value, quoted| Word::Pair {
            key: word,
            value,
            quoted,
        };
        Some(match self.quoted() {
            Some(Ok(value)) => pair(value, true),
            Some(Err(value)) => Word::Unclosed {
                key: Some(word),
                value,
            },
            None => pair(self.take(|c| !c.is_whitespace()), false),
        })
    }
}
