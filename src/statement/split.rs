//! Where statements begin and end.

use super::lexer::{Lexeme, Lexer, Token, TokenKind, tokens_expected, tokens_into};
use crate::source::Span;

/// What kind of thing stands at a place, told from its first tokens alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Sql,
    /// `INSERT … VALUES`: lexed, never parsed.
    InsertData,
    /// `COPY … FROM stdin` with the data lines behind it.
    CopyData,
    /// A psql meta-command (`\set`, `\i`, `\gexec`, …), to the end of its line.
    MetaCommand,
    /// A quote that is never closed: everything up to the end of the part.
    Unterminated,
}

/// One statement, not yet read. The span leaves out the semicolon and the
/// comments around it.
#[derive(Clone, Copy, Debug)]
pub struct RawStatement {
    pub span: Span,
    pub shape: Shape,
    /// Where reading may stop: behind `VALUES` for [`Shape::InsertData`], or
    /// behind a place there where a value is missing; elsewhere the end of the
    /// span.
    pub read_to: u32,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SplitOptions {
    /// A line that holds only `GO` ends a statement.
    pub go_lines: bool,
}

/// The statements and the comments of a range of text.
#[derive(Debug, Default)]
pub struct Split {
    pub statements: Vec<RawStatement>,
    pub comments: Vec<Span>,
}

/// Splits a range of a text into statements.
pub fn split(text: &str, range: Span, options: SplitOptions) -> Split {
    let mut statements = Vec::new();
    let comments = each_statement(text, range, options, |raw, _| statements.push(raw));
    // Those of a dump stay while it is judged.
    statements.shrink_to_fit();
    Split {
        statements,
        comments,
    }
}

/// Splits a range of a text into statements, and hands over each with its
/// tokens up to [`RawStatement::read_to`]. Yields the comments.
pub fn each_statement(
    text: &str,
    range: Span,
    options: SplitOptions,
    take: impl FnMut(RawStatement, &[Token]),
) -> Vec<Span> {
    let mut splitter = Splitter {
        text,
        lexer: Lexer::new(text, range),
        range,
        options,
        take,
        tokens: Vec::with_capacity(tokens_expected(range)),
        comments: Vec::new(),
        current: Current::default(),
        delimiter: None,
    };
    splitter.run();
    splitter.comments
}

/// Comments by which tools end a statement that has no semicolon, or that has
/// one which does not end it.
fn is_boundary(comment: &str) -> bool {
    if comment.starts_with("--> statement-breakpoint") {
        return true;
    }
    let Some(rest) = comment.strip_prefix("-- +") else {
        return false;
    };
    let mut words = rest.split_ascii_whitespace();
    let tool = words.next().unwrap_or("");
    let word = words.next().unwrap_or("");
    matches!(tool, "goose" | "migrate")
        && (word.eq_ignore_ascii_case("StatementEnd")
            || word.eq_ignore_ascii_case("StatementBegin"))
}

/// A line that goes on for longer holds more than a command of the client.
const LONGEST_CLIENT_LINE: usize = 80;

/// How many first words of a statement decide how it is split.
const HEAD: usize = 5;

#[derive(Default)]
struct Current {
    tokens: u32,
    span: Span,
    first: Option<Token>,
    /// The latest word of a routine.
    last_word: Option<Token>,
    routine: bool,
    rule: bool,
    /// `CREATE … BEGIN`, not quoted: what MySQL's clients need a `DELIMITER` for.
    body: bool,
    parens: u32,
    /// Open `BEGIN ATOMIC` and `CASE` inside a routine's SQL body.
    atomic: u32,
    copy_from: bool,
    copy_stdin: bool,
    values: Option<u32>,
    /// Behind the `VALUES` of an INSERT …
    data: bool,
    /// … the kind of the latest token, until one is out of place.
    latest: Option<TokenKind>,
    unterminated: bool,
}

struct Splitter<'a, F> {
    text: &'a str,
    lexer: Lexer<'a>,
    range: Span,
    options: SplitOptions,
    take: F,
    /// Of the statement at hand, those that are read.
    tokens: Vec<Token>,
    comments: Vec<Span>,
    current: Current,
    /// MySQL's client command, met in folders of every engine.
    delimiter: Option<&'a str>,
}

impl<F: FnMut(RawStatement, &[Token])> Splitter<'_, F> {
    fn run(&mut self) {
        while let Some(lexeme) = self.lexer.next() {
            match lexeme {
                Lexeme::Comment(span) => {
                    self.comments.push(span);
                    if is_boundary(span.of(self.text)) {
                        self.finish();
                    }
                }
                Lexeme::Token(token) => self.token(token),
            }
        }
        self.finish();
    }

    fn token(&mut self, token: Token) {
        if let Some(delimiter) = self.delimiter
            && self.text[token.span.start as usize..].starts_with(delimiter)
        {
            self.lexer.seek(token.span.start + delimiter.len() as u32);
            return self.finish();
        }
        match token.kind {
            TokenKind::Semicolon if self.ends_here() => {
                let copies = self.current.copy_stdin;
                self.finish();
                if copies {
                    self.skip_copy_data();
                }
            }
            TokenKind::Backslash => self.meta_command(token),
            TokenKind::Word => self.word(token),
            _ => {
                match token.kind {
                    TokenKind::OpenParen => self.current.parens += 1,
                    TokenKind::CloseParen => {
                        self.current.parens = self.current.parens.saturating_sub(1);
                    }
                    TokenKind::Unterminated => self.current.unterminated = true,
                    _ => {}
                }
                self.push(token);
            }
        }
    }

    fn ends_here(&self) -> bool {
        // Behind a `DELIMITER`, bodies are what semicolons do not end.
        (self.delimiter.is_none() || !self.current.body)
            && self.current.atomic == 0
            && !(self.current.rule && self.current.parens > 0)
    }

    fn push(&mut self, token: Token) {
        if self.current.tokens == 0 {
            self.current.span = token.span;
        }
        self.current.span.end = token.span.end;
        self.current.tokens += 1;
        if !self.current.data || token.kind == TokenKind::Unterminated {
            self.tokens.push(token);
        } else if let Some(latest) = self.current.latest {
            self.look_at_row(latest, token);
        }
    }

    /// Of the rows of an INSERT nothing is read but a place where a value is
    /// missing.
    fn look_at_row(&mut self, latest: TokenKind, token: Token) {
        let missing = token.kind.lacks_value(latest);
        self.current.latest = (!missing).then_some(token.kind);
        if missing {
            self.current.values = Some(token.span.end);
            self.tokens.push(token);
        }
    }

    fn word(&mut self, token: Token) {
        if self.current.tokens == 0 && self.client_command(token) {
            return;
        }
        if self.options.go_lines && token.is_word(self.text, "GO") && self.alone_on_line(token) {
            return self.finish();
        }
        let index = self.current.tokens as usize;
        self.push(token);
        if index == 0 {
            self.current.first = Some(token);
        } else if index < HEAD {
            self.look_at_head(token);
        }
        self.look_inside(token);
    }

    fn begins_with(&self, word: &str) -> bool {
        let first = self.current.first;
        first.is_some_and(|first| first.is_word(self.text, word))
    }

    fn look_at_head(&mut self, token: Token) {
        let is = |word: &str| token.is_word(self.text, word);
        if is("FUNCTION") || is("PROCEDURE") {
            self.current.routine |= self.begins_with("CREATE");
        } else if is("RULE") {
            self.current.rule |= self.begins_with("CREATE");
        }
    }

    fn look_inside(&mut self, token: Token) {
        let is = |word: &str| token.is_word(self.text, word);
        if self.delimiter.is_some() && is("BEGIN") {
            self.current.body |= self.begins_with("CREATE");
        }
        if self.current.routine {
            let last = self.current.last_word.replace(token);
            let atomic = self.current.atomic;
            let begins = is("ATOMIC") && last.is_some_and(|last| last.is_word(self.text, "BEGIN"));
            if begins || (atomic > 0 && is("CASE")) {
                self.current.atomic += 1;
            } else if atomic > 0 && is("END") {
                self.current.atomic -= 1;
            }
        } else if is("FROM") {
            self.current.copy_from = self.begins_with("COPY");
        } else if self.current.copy_from && is("STDIN") {
            self.current.copy_stdin = true;
        } else if is("VALUES") && self.current.values.is_none() && self.current.parens == 0 {
            self.current.values = Some(token.span.end);
            self.current.data = self.begins_with("INSERT");
            self.current.latest = Some(token.kind);
        }
    }

    fn alone_on_line(&self, token: Token) -> bool {
        let before = &self.text[self.range.start as usize..token.span.start as usize];
        let after = &self.text[token.span.end as usize..];
        let begins = before
            .chars()
            .rev()
            .find(|c| *c == '\n' || !c.is_whitespace());
        let ends = after
            .chars()
            .find(|c| *c == '\n' || !(c.is_whitespace() || *c == ';'));
        begins.is_none_or(|c| c == '\n') && ends.is_none_or(|c| c == '\n')
    }

    /// `DELIMITER x`, a command of MySQL's client.
    fn client_command(&mut self, token: Token) -> bool {
        if !token.is_word(self.text, "DELIMITER") {
            return false;
        }
        let rest = &self.text[token.span.end as usize..];
        let within = rest
            .bytes()
            .take(LONGEST_CLIENT_LINE)
            .position(|b| b == b'\n');
        if within.is_none() && rest.len() > LONGEST_CLIENT_LINE {
            return false;
        }
        let line_end = self.lexer.next_line();
        let argument = Span::new(token.span.end, line_end).of(self.text).trim();
        if argument.is_empty() || argument.len() > 8 {
            return false;
        }
        self.delimiter = (argument != ";").then_some(argument);
        self.lexer.seek(line_end);
        true
    }

    /// At the start of a statement a meta-command is a thing of its own; inside
    /// one it ends the statement, as `\gexec` and `\g` do.
    fn meta_command(&mut self, token: Token) {
        self.finish();
        let line_end = self.lexer.next_line();
        let line = Span::new(token.span.start, line_end)
            .of(self.text)
            .trim_end();
        let end = token.span.start + line.len() as u32;
        let raw = RawStatement {
            span: Span::new(token.span.start, end),
            shape: Shape::MetaCommand,
            read_to: end,
        };
        tokens_into(self.text, raw.span, &mut self.tokens);
        (self.take)(raw, &self.tokens);
        self.tokens.clear();
        self.lexer.seek(line_end);
    }

    fn skip_copy_data(&mut self) {
        self.lexer.seek(self.lexer.next_line());
        loop {
            let start = self.lexer.offset();
            let end = self.lexer.next_line();
            if start >= end {
                return;
            }
            self.lexer.seek(end);
            if Span::new(start, end).of(self.text).trim_end() == "\\." {
                return;
            }
        }
    }

    fn finish(&mut self) {
        let current = std::mem::take(&mut self.current);
        if current.tokens == 0 {
            return;
        }
        let end = current.span.end;
        let (shape, read_to) = match current.values {
            _ if current.unterminated => (Shape::Unterminated, end),
            _ if current.copy_stdin => (Shape::CopyData, end),
            Some(values) if current.data => (Shape::InsertData, values),
            _ => (Shape::Sql, end),
        };
        let raw = RawStatement {
            span: current.span,
            shape,
            read_to,
        };
        (self.take)(raw, &self.tokens);
        self.tokens.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        let range = Span::new(0, text.len() as u32);
        split(text, range, SplitOptions { go_lines: true })
            .statements
            .iter()
            .map(|s| s.span.of(text))
            .collect()
    }

    #[test]
    fn semicolons_inside_quotes_and_bodies_do_not_split() {
        assert_eq!(
            texts("SELECT ';'; DO $$ a; b $$; /* ; */ SELECT 2 -- ;\n"),
            ["SELECT ';'", "DO $$ a; b $$", "SELECT 2"]
        );
        assert_eq!(
            texts(
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END; SELECT 3"
            )
            .len(),
            2
        );
        assert_eq!(
            texts("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3").len(),
            2
        );
        assert_eq!(texts("CREATE TABLE t (a int; SELECT 2").len(), 2);
    }

    #[test]
    fn tools_end_statements_their_own_way() {
        assert_eq!(
            texts("SELECT 1\n--> statement-breakpoint\nSELECT 2\n-- +goose StatementEnd\nSELECT 3\nGO\nSELECT 4").len(),
            4
        );
        assert_eq!(
            texts(
                "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END //\nDELIMITER ;\nSELECT 3;"
            )
            .len(),
            2
        );
        // Nobody sets it back, and what follows is not one statement.
        assert_eq!(
            texts(
                "delimiter d//\nCREATE FUNCTION f() RETURNS void AS $$ a; b $$ LANGUAGE sql;\nd//\nselect f(); DROP FUNCTION f(); ALTER TABLE t ADD a int;"
            )
            .len(),
            4
        );
    }

    #[test]
    fn copy_data_and_meta_commands() {
        let text = "\\set x 1\nCOPY t FROM stdin;\n1\tit's\n\\.\nSELECT 'a' \\gexec\nSELECT 2;";
        assert_eq!(
            texts(text),
            [
                "\\set x 1",
                "COPY t FROM stdin",
                "SELECT 'a'",
                "\\gexec",
                "SELECT 2"
            ]
        );
    }
}
