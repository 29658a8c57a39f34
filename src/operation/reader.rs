//! What every statement reader works with: the tokens of one statement and
//! the operations found in it so far.
//!
//! A reader is called with the cursor at the first word of its statement. It
//! pushes what it understands; what it does not take is reported as unparsed
//! when it returns, so that nothing is passed over in silence.

use smol_str::{SmolStr, format_smolstr};
use std::sync::Arc;

use super::reserved::{at_no_routine, at_reserved};
use super::{Action, Expr, Ident, ObjectName, Operation, Query, Within};
use crate::few::Few;
use crate::source::Span;
use crate::statement::lexer::{Token, TokenKind, tokens_into};
use crate::statement::{Cursor, SplitOptions, split};

/// Blocks inside blocks are entered this deep, and no deeper.
const DEEPEST: u8 = 8;

pub struct Reader<'a> {
    pub cursor: Cursor<'a>,
    pub within: Within,
    statement: Span,
    depth: u8,
    out: Vec<Operation>,
}

impl<'a> Reader<'a> {
    /// A reader over the tokens of one statement, whose whole text is `statement`.
    pub fn new(text: &'a str, tokens: &'a [Token], statement: Span, within: Within) -> Self {
        Self {
            cursor: Cursor::new(text, tokens),
            within,
            statement,
            depth: 0,
            out: Vec::new(),
        }
    }

    /// The whole statement, without its semicolon.
    pub fn statement(&self) -> Span {
        self.statement
    }

    pub fn text(&self) -> &'a str {
        self.cursor.text()
    }

    /// Adds an operation that one clause of the statement asks for.
    pub fn push(&mut self, action: Action, place: Span, clause: Span) {
        self.out.push_few(Operation {
            action,
            place,
            clause,
            within: self.within.clone(),
        });
    }

    /// Adds the operation that the whole statement asks for.
    pub fn push_whole(&mut self, action: Action, place: Span) {
        self.push(action, place, self.statement);
    }

    /// Adds operations that were read elsewhere, such as those of a block.
    pub fn extend(&mut self, operations: Vec<Operation>) {
        self.out.extend(operations);
    }

    /// Gives the statement up at the cursor: what is left of it is unparsed.
    pub fn unparsed(&mut self, why: impl Into<SmolStr>) {
        let (action, place) = self.complaint(why.into());
        self.cursor.rest();
        self.push_whole(action, place);
    }

    /// Gives up one item of a list, the one that begins at `mark`; the cursor
    /// goes on to the comma behind it.
    pub fn unparsed_item(&mut self, mark: usize, why: impl Into<SmolStr>) {
        let (action, place) = self.complaint(why.into());
        self.cursor.skip_item();
        let clause = self.cursor.span_from(mark);
        self.push(action, place, clause);
    }

    fn complaint(&self, why: SmolStr) -> (Action, Span) {
        let placeholder = self.placeholder_near();
        let action = match placeholder.filter(|_| self.foreign_word().is_none()) {
            Some(name) => Action::Opaque {
                why: format_smolstr!("the placeholder `{name}` may stand for key words"),
                adds: false,
            },
            None => Action::Unparsed { why },
        };
        (action, self.here())
    }

    /// Gives the statement up because something else should stand here.
    pub fn expected(&mut self, what: &str) {
        let why = self.why_expected(what);
        self.unparsed(why);
    }

    /// Says that something else should stand at the cursor.
    pub fn why_expected(&self, what: &str) -> SmolStr {
        match self.foreign_word() {
            Some(foreign) => foreign,
            None if self.cursor.done() => format_smolstr!("expected {what} at the end"),
            None if at_reserved(&self.cursor) => format_smolstr!(
                "expected {what}, found the reserved word `{}`",
                self.found()
            ),
            None => format_smolstr!("expected {what}, found `{}`", self.found()),
        }
    }

    /// What was found, or why reading cannot go on without it.
    ///
    /// # Errors
    /// [`Reader::why_expected`] where nothing was found.
    pub fn need<T>(&self, found: Option<T>, what: &str) -> Result<T, SmolStr> {
        found.ok_or_else(|| self.why_expected(what))
    }

    /// The name of a column, a constraint, …: no word that is reserved.
    pub fn name(&mut self) -> Option<Ident> {
        match at_reserved(&self.cursor) {
            true => None,
            false => self.cursor.ident(),
        }
    }

    /// The name of a table or of what else may have a schema: what stands in
    /// front is no word that is reserved, behind a dot any word may.
    pub fn object_name(&mut self) -> Option<ObjectName> {
        match at_reserved(&self.cursor) {
            true => None,
            false => ObjectName::read(&mut self.cursor),
        }
    }

    /// The name of a function or a type, which may be some of the words that
    /// are reserved elsewhere.
    pub fn routine_name(&mut self) -> Option<ObjectName> {
        match at_no_routine(&self.cursor) {
            true => None,
            false => ObjectName::read(&mut self.cursor),
        }
    }

    /// Names as of [`Reader::object_name`] between commas, one or more.
    pub fn object_names(&mut self) -> Vec<ObjectName> {
        let mut names = Vec::new();
        while let Some(name) = self.object_name() {
            names.push(name);
            if !self.cursor.eat(TokenKind::Comma) {
                break;
            }
        }
        names
    }

    /// Gives the statement up because nothing should follow.
    pub fn unexpected(&mut self) {
        let why = self.why_unexpected();
        self.unparsed(why);
    }

    /// Says what is wrong with the token at the cursor.
    pub fn why_unexpected(&self) -> SmolStr {
        self.foreign_word()
            .unwrap_or_else(|| match self.cursor.done() {
                true => SmolStr::new_static("the statement ends too early"),
                false => self.why_found(),
            })
    }

    /// Names something that was understood but cannot be judged.
    pub fn opaque(&mut self, why: impl Into<SmolStr>, place: Span) {
        let why = why.into();
        self.push_whole(Action::Opaque { why, adds: false }, place);
    }

    /// Takes a placeholder that stands where only key words can, and names it.
    /// Yields `None` where none stands.
    pub fn key_word_placeholder(&mut self) -> Option<()> {
        let token = self.cursor.peek()?;
        if token.kind != TokenKind::Template {
            return None;
        }
        self.cursor.bump();
        let name = self.cursor.slice(token.span);
        self.opaque(
            format_smolstr!("the placeholder `{name}` may stand for key words"),
            token.span,
        );
        Some(())
    }

    /// The place of the next token, or the end of the statement.
    pub fn here(&self) -> Span {
        self.cursor
            .peek()
            .map_or(Span::new(self.statement.end, self.statement.end), |token| {
                token.span
            })
    }

    pub fn expr(&self, span: Span) -> Expr {
        Expr {
            text: Arc::from(self.cursor.slice(span)),
            span,
        }
    }

    pub fn query(&self, span: Span) -> Query {
        Query {
            text: Arc::from(self.cursor.slice(span)),
            span,
        }
    }

    /// With the cursor at `(`: the expression between the parentheses.
    pub fn expr_in_parens(&mut self) -> Option<Expr> {
        if !self.cursor.at_kind(TokenKind::OpenParen) {
            return None;
        }
        self.cursor
            .group()
            .map(|span| self.expr(inside(span, self.text())))
    }

    /// Reads one statement that stands inside another's text, such as an
    /// element of CREATE SCHEMA. Yields its operations; they are not pushed.
    pub fn nested(&self, span: Span, within: Within) -> Vec<Operation> {
        self.nested_with(self.text(), span, within, super::read::dispatch)
    }

    /// Reads the statements of a range of `text`, which is the file's text or
    /// stands for it.
    pub fn script(&self, text: &str, range: Span, within: &Within) -> Vec<Operation> {
        let mut operations = Vec::new();
        for raw in split(text, range, SplitOptions::default()).statements {
            operations.extend(self.nested_with(
                text,
                raw.span,
                within.clone(),
                super::read::dispatch,
            ));
        }
        operations
    }

    /// Reads the statement at `span` of `text` with the reader given.
    pub fn nested_with(
        &self,
        text: &str,
        span: Span,
        within: Within,
        read: impl FnOnce(&mut Reader<'_>),
    ) -> Vec<Operation> {
        let mut tokens = Vec::new();
        tokens_into(text, span, &mut tokens);
        let mut inner = Reader::new(text, &tokens, span, within);
        inner.depth = self.depth + 1;
        if inner.depth > DEEPEST {
            inner.cursor.rest();
            inner.opaque("blocks are nested too deeply to be read", span);
        } else {
            read(&mut inner);
        }
        inner.finish()
    }

    /// The operations, with a complaint about what no reader took.
    pub fn finish(mut self) -> Vec<Operation> {
        if !self.cursor.done() {
            self.unexpected();
        } else if let Some(place) = self.cursor.unclosed()
            && !self.has_complaint()
        {
            let why = SmolStr::new_static("a parenthesis is never closed");
            self.push_whole(Action::Unparsed { why }, place);
        }
        self.out
    }

    /// The server refuses the whole statement for what stands at a place.
    pub fn mistake(&mut self, place: Span, why: SmolStr) {
        if self.cursor.done() && !self.has_complaint() {
            self.push_whole(Action::Unparsed { why }, place);
        }
    }

    fn has_complaint(&self) -> bool {
        let is_complaint =
            |action: &Action| matches!(action, Action::Unparsed { .. } | Action::Opaque { .. });
        self.out.iter().any(|o| is_complaint(&o.action))
    }

    fn why_found(&self) -> SmolStr {
        let mut before = self.cursor.clone();
        before.back_to(self.cursor.mark().saturating_sub(1));
        match (before.kind(), self.cursor.kind()) {
            (Some(TokenKind::Word), Some(TokenKind::OpenParen)) => {
                format_smolstr!("`{}` takes no parentheses here", before.text_at(0))
            }
            _ => format_smolstr!("unexpected `{}`", self.found()),
        }
    }

    fn found(&self) -> &'a str {
        let text = self.cursor.text_at(0);
        let end = text
            .char_indices()
            .nth(40)
            .map_or(text.len(), |(end, _)| end);
        &text[..end]
    }

    /// A placeholder at the cursor or just before it.
    fn placeholder_near(&self) -> Option<&'a str> {
        let at = self.cursor.mark();
        let mut before = self.cursor.clone();
        before.back_to(at.saturating_sub(1));
        [before.peek(), self.cursor.peek()]
            .into_iter()
            .flatten()
            .find(|token| token.kind == TokenKind::Template)
            .map(|token| self.cursor.slice(token.span))
    }

    /// What the word at the cursor says about the engine the file was written for.
    fn foreign_word(&self) -> Option<SmolStr> {
        const FOREIGN: &[(&str, &str)] = &[
            ("AUTO_INCREMENT", "MySQL"),
            ("ENGINE", "MySQL"),
            ("UNSIGNED", "MySQL"),
            ("CHARSET", "MySQL"),
            ("CHARACTER", "MySQL"),
            ("ROW_FORMAT", "MySQL"),
            ("MODIFY", "MySQL"),
            ("CHANGE", "MySQL"),
            ("FULLTEXT", "MySQL"),
            ("SPATIAL", "MySQL"),
            ("KEY", "MySQL"),
            ("INDEX", "MySQL"),
            ("COMMENT", "MySQL"),
            ("AFTER", "MySQL"),
            ("FIRST", "MySQL"),
            ("AUTOINCREMENT", "SQLite"),
            ("PRAGMA", "SQLite"),
            ("CLUSTERED", "SQL Server"),
            ("NONCLUSTERED", "SQL Server"),
            ("NOCHECK", "SQL Server"),
            ("GO", "SQL Server"),
            ("EXEC", "SQL Server"),
            ("IDENTITY", "SQL Server"),
        ];
        let token = self.cursor.peek()?;
        let text = self.cursor.slice(token.span);
        if token.kind == TokenKind::QuotedName && text.starts_with('`') {
            return Some(format_smolstr!("{text} is quoted as MySQL does"));
        }
        FOREIGN
            .iter()
            .find(|(word, _)| self.cursor.at_word(word))
            .map(|(_, engine)| format_smolstr!("`{text}` is written for {engine}"))
    }
}

/// The text between the brackets of a group, trimmed.
pub fn inside(group: Span, text: &str) -> Span {
    let whole = group.of(text);
    let closed = whole.len() > 1 && whole.ends_with([')', ']']);
    let start = group.start + u32::from(!whole.is_empty());
    let end = if closed { group.end - 1 } else { group.end };
    let inner = Span::new(start, end).of(text);
    let start = start + (inner.len() - inner.trim_start().len()) as u32;
    Span::new(start, start + inner.trim().len() as u32)
}
