//! Remedies as edits of the file.
//!
//! A fix is safe where the migration means the same afterwards and the tool is
//! known to run it so. What would cost the other statements of the file their
//! transaction is offered, and is not safe.

use std::cell::OnceCell;

use super::{MigrationContext, OpenedBy, OperationContext, Run, Step, sql_name, sql_object};
use crate::finding::{Edit, Fix};
use crate::operation::{Action, Constraint, ObjectKind, Operation, Target};
use crate::project::{
    Layout, Meant, OptOut, Part, Suspicious, Transaction, opt_out, sent_together, string_at,
};
use crate::report::Direction;
use crate::source::{Source, Span};
use crate::statement::lexer::{Lexeme, Lexer, TokenKind};

/// A part of the script: how its tool runs it, and with what else.
pub struct Frame<'a> {
    source: &'a Source,
    layout: Layout,
    part: Part,
    statements: usize,
    /// Those that leave something behind; what is set for the session does not.
    lasting: usize,
    opt_out: OnceCell<Option<OptOut>>,
    /// What the tool would send as one string, were it to split the part.
    strings: OnceCell<Vec<Span>>,
}

/// The wait that is suggested where a project bounds it elsewhere.
const LOCK_TIMEOUT: &str = "2s";

/// A fix that is about where the parts of a file begin.
const WHOLE_FILE: Span = Span::new(0, u32::MAX);

impl<'a> Frame<'a> {
    /// The first word behind a statement, if another one follows in the part.
    pub fn word_behind(&self, statement: Span) -> Option<&'a str> {
        let text = self.source.text();
        let mut lexer = Lexer::new(text, Span::new(statement.end, self.part.span.end));
        loop {
            match lexer.next()? {
                Lexeme::Token(token) if token.kind == TokenKind::Word => {
                    return Some(token.span.of(text));
                }
                _ => {}
            }
        }
    }

    /// Do both stand in one file?
    pub fn is_beside(&self, other: &Frame<'_>) -> bool {
        std::ptr::eq(self.source, other.source)
    }

    /// `statements` are the operations of each.
    pub fn new<'o>(
        source: &'a Source,
        layout: Layout,
        part: Part,
        statements: impl Iterator<Item = &'o [Operation]>,
    ) -> Self {
        let mut frame = Self {
            source,
            layout,
            part,
            statements: 0,
            lasting: 0,
            opt_out: OnceCell::new(),
            strings: OnceCell::new(),
        };
        for operations in statements {
            frame.statements += 1;
            frame.lasting += usize::from(!operations.iter().all(is_setting));
        }
        frame
    }

    /// The same where the part holds so many other statements besides.
    pub fn among(mut self, others: usize) -> Self {
        self.statements += others;
        self.lasting += others;
        self
    }

    fn opt_out(&self) -> Option<&OptOut> {
        let found = || opt_out(self.layout, self.source, &self.part);
        self.opt_out.get_or_init(found).as_ref()
    }

    /// Would the statement be sent together with others even where the tool splits
    /// the part?
    fn is_sent_along(&self, statement: Span) -> bool {
        let split = Part {
            transaction: Transaction::Statement,
            ..self.part
        };
        let strings = self
            .strings
            .get_or_init(|| sent_together(self.source, &split));
        string_at(strings, statement.start).is_some()
    }

    /// What a tool printed is not the place to change it, and what it signed
    /// cannot be changed.
    fn is_closed(&self) -> bool {
        match self.layout {
            Layout::Alembic | Layout::Django | Layout::EfCore => true,
            Layout::GraphileMigrate => {
                let head = self.source.line(0);
                head.starts_with("--! ") && head.contains(':')
            }
            _ => false,
        }
    }

    /// Does every version and setup of the tool run a statement outside a
    /// transaction where this one does? Flyway waits for its own lock unless
    /// told to hold it otherwise (flyway/flyway#3854), older versions of
    /// Supabase send a pipeline (supabase/cli#2898), and of files of no known
    /// tool nothing is known.
    fn is_sure(&self) -> bool {
        match self.layout {
            Layout::Flyway | Layout::Supabase => false,
            Layout::Plain => self.part.transaction != Transaction::None,
            _ => true,
        }
    }

    /// Where a line goes that is to run before a statement: above the comments
    /// that belong to it.
    fn line_before(&self, statement: u32) -> u32 {
        let text = self.source.text();
        let first = self.part.span.start;
        let start_of = |at: u32| {
            let above = text.get(first as usize..at as usize).unwrap_or("");
            first + memchr::memrchr(b'\n', above.as_bytes()).map_or(0, |n| n as u32 + 1)
        };
        let mut line = start_of(statement);
        if !Span::new(line, statement).of(text).trim().is_empty() {
            return statement;
        }
        let mut place = line;
        while line > first {
            let above = start_of(line - 1);
            let comment = Span::new(above, line).of(text).trim();
            if !(comment.is_empty() || comment.starts_with("--") || comment.starts_with("/*")) {
                break;
            }
            if belongs_to_statement(comment) {
                place = above;
            }
            line = above;
        }
        place
    }
}

/// Directives speak of the statement below, and a tool's marks hold what it
/// sends together.
fn belongs_to_statement(comment: &str) -> bool {
    let words = [
        "bowline: ignore",
        "squawk-ignore",
        "atlas:nolint",
        "StatementBegin",
    ];
    words.iter().any(|word| comment.contains(word)) && !comment.contains("ignore-file")
}

fn is_setting(operation: &Operation) -> bool {
    match &operation.action {
        Action::Set(set) => !set.local,
        action => matches!(action, Action::Nothing | Action::SetConstraints { .. }),
    }
}

fn insertion(source: usize, at: u32, text: impl Into<String>) -> Edit {
    Edit {
        source,
        span: Span::new(at, at),
        text: text.into(),
    }
}

impl OperationContext<'_> {
    /// The fix that puts `CONCURRENTLY` behind a word of the statement and has
    /// the tool run it outside a transaction. `as_it_is` says that nothing but
    /// the tool stands against it.
    pub fn concurrently(&self, behind: &str, title: &str, as_it_is: bool) -> Option<Fix> {
        let edit = self.keyword(behind, "CONCURRENTLY")?;
        // A wait that is cut off leaves an invalid index behind.
        let unbounded = self.schema.session().lock_timeout.is_none();
        let mut fix = self.outside_transaction(title, vec![edit])?;
        fix.safe &= as_it_is && unbounded;
        Some(fix)
    }

    /// The fix that puts a key word behind another and changes nothing else.
    pub fn with_keyword(&self, behind: &str, word: &str, title: &str) -> Option<Fix> {
        if self.operation.within.block || self.frame.is_closed() {
            return None;
        }
        Some(Fix {
            title: title.into(),
            safe: true,
            about: self.statement,
            edits: vec![self.keyword(behind, word)?],
        })
    }

    /// The fix that has the tool run the statement, with these edits made to
    /// it, outside a transaction.
    pub fn outside_transaction(&self, title: &str, mut edits: Vec<Edit>) -> Option<Fix> {
        let frame = self.frame;
        if self.operation.within.block || frame.is_closed() {
            return None;
        }
        if self.run.transaction.is_none() {
            let known = matches!(
                self.run.runner,
                Transaction::Statement | Transaction::Implicit | Transaction::None
            );
            return (known && !edits.is_empty()).then(|| Fix {
                title: title.into(),
                safe: frame.is_sure(),
                about: match self.run.runner {
                    Transaction::Implicit => frame.part.span,
                    _ => self.statement,
                },
                edits,
            });
        }
        let opt_out = frame.opt_out()?;
        if frame.is_sent_along(self.statement) {
            return None;
        }
        let is_single = frame.statements == 1;
        if self.run.opened_by != OpenedBy::Runner
            || (opt_out.then == Transaction::Implicit && !is_single)
        {
            return None;
        }
        let mut title = title.to_owned();
        if let Some((span, text)) = &opt_out.directive {
            title.push_str(&format!(", with `{}`", text.trim()));
            edits.push(Edit {
                source: self.source,
                span: *span,
                text: text.clone(),
            });
        }
        let is_alone = frame.lasting <= 1 && !(opt_out.reaches_down && self.other_way_is_long());
        if !is_alone {
            title.push_str("; the other statements lose their transaction too");
        }
        (!edits.is_empty()).then(|| Fix {
            title,
            safe: is_alone && frame.is_sure(),
            about: frame.part.span,
            edits,
        })
    }

    fn keyword(&self, behind: &str, word: &str) -> Option<Edit> {
        Some(Edit {
            source: self.source,
            span: self.with_word(behind, word).1?,
            text: format!(" {}", self.keywords(word)),
        })
    }

    /// Key words, in small letters where the statement begins with such.
    fn keywords(&self, words: &str) -> String {
        match self
            .statement_text()
            .starts_with(|c: char| c.is_ascii_lowercase())
        {
            true => words.to_ascii_lowercase(),
            false => words.to_owned(),
        }
    }

    /// Has the other half of the migration more than one statement, as far as
    /// can be seen from this one?
    fn other_way_is_long(&self) -> bool {
        let lasting = self.scene.way_back.iter().filter(|o| !is_setting(o));
        self.scene.direction == Direction::Down || lasting.take(2).count() > 1
    }

    /// The fix that adds a constraint `NOT VALID`, and validates it behind
    /// where that does not happen under the same lock.
    pub fn not_valid(&self, table: &Target, constraint: &Constraint) -> Option<Fix> {
        let frame = self.frame;
        if constraint.inline || self.operation.within.block || frame.is_closed() {
            return None;
        }
        let end = constraint.span.end;
        let not_valid = format!(" {}", self.keywords("NOT VALID"));
        let is_apart = self.run.transaction.is_none()
            && matches!(self.run.runner, Transaction::Statement | Transaction::None)
            && frame.is_sure()
            && !frame.is_sent_along(self.statement);
        let name = is_apart.then(|| {
            self.schema
                .name_for_constraint(&table.name, constraint, None)
        });
        let Some(name) = name.flatten() else {
            return Some(Fix {
                title: format!(
                    "add it `NOT VALID`, which leaves the rows to `VALIDATE CONSTRAINT` {}",
                    self.scene.afterwards()
                ),
                safe: false,
                about: self.statement,
                edits: vec![insertion(self.source, end, not_valid)],
            });
        };
        let validate = format!(
            ";{}{} {} {} {}",
            frame.source.line_end(),
            self.keywords("ALTER TABLE"),
            sql_object(&table.name),
            self.keywords("VALIDATE CONSTRAINT"),
            sql_name(&name)
        );
        let edits = match end == self.statement.end {
            true => vec![insertion(
                self.source,
                end,
                format!("{not_valid}{validate}"),
            )],
            false => vec![
                insertion(self.source, end, not_valid),
                insertion(self.source, self.statement.end, validate),
            ],
        };
        Some(Fix {
            title: "add it `NOT VALID`, then validate it; if that fails, drop it before the next attempt".into(),
            // The file could be run again before, and cannot now.
            safe: false,
            about: self.statement,
            edits,
        })
    }
}

impl MigrationContext<'_> {
    /// The fix that bounds the wait for the locks of a statement.
    pub fn lock_timeout(&self, step: &Step<'_>) -> Option<Fix> {
        let frame = &self.scene.frames[step.part];
        if frame.is_closed() {
            return None;
        }
        let is_local = in_transaction_with_another(step.run);
        let refuses = step.effect.forbidden_in_transaction.is_some();
        let needs_to_be_single =
            step.run.runner == Transaction::Implicit || frame.part.detects_nontransactional;
        // A second statement would stand in the way of the better remedy.
        let bars = frame.lasting == 1 && has_concurrent_form(&step.operation.action);
        if needs_to_be_single && (refuses || bars) {
            return None;
        }
        let local = if is_local { "LOCAL " } else { "" };
        let breakpoint = match self.scene.layout {
            Layout::Drizzle => "--> statement-breakpoint",
            _ => "",
        };
        let setting = format!("SET {local}lock_timeout = '{LOCK_TIMEOUT}';");
        let title = format!("put `{}` in front", setting.trim_end_matches(';'));
        let text = format!("{setting}{breakpoint}{}", frame.source.line_end());
        let at = frame.line_before(step.statement_span.start);
        Some(Fix {
            title,
            // What is set for the session stays for what runs later in it.
            safe: is_local || self.scene.layout == Layout::Sqitch,
            about: step.statement_span,
            edits: vec![insertion(step.source, at, text)],
        })
    }
}

fn has_concurrent_form(action: &Action) -> bool {
    match action {
        Action::CreateIndex(_) | Action::Reindex { .. } => true,
        Action::Drop { kind, .. } => *kind == ObjectKind::Index,
        _ => false,
    }
}

impl MigrationContext<'_> {
    /// Does a single statement of each part refuse the transaction that it runs
    /// in? Then the migration fails, and nothing is lost by another way to run
    /// it.
    pub fn fails_in_transaction(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|s| s.effect.forbidden_in_transaction.is_some() && s.run.transaction.is_some())
            && self.scene.frames.iter().all(|frame| frame.lasting <= 1)
    }

    /// The fix that makes of a comment the directive that it was meant to be;
    /// `fails` is what [`Self::fails_in_transaction`] says.
    pub fn as_meant(&self, found: &Suspicious, fails: bool) -> Option<Fix> {
        let line = |text: &str| {
            let edit = Edit {
                source: found.source,
                span: found.span,
                text: text.to_owned(),
            };
            (format!("write `{text}`"), vec![edit])
        };
        let meant = found.meant?;
        let (title, edits) = match meant {
            Meant::Mark(text) | Meant::OptOut(text) => line(text),
            Meant::OptOutElsewhere => self.moved(found)?,
            Meant::NotRun => return None,
        };
        Some(Fix {
            title,
            safe: fails && !matches!(meant, Meant::Mark(_)),
            about: WHOLE_FILE,
            edits,
        })
    }

    /// The directive in its place, and its line taken out of the other.
    fn moved(&self, found: &Suspicious) -> Option<(String, Vec<Edit>)> {
        let mut frames = self.scene.frames.iter();
        let frame = frames.find(|frame| {
            frame.part.source == found.source && frame.part.span.end >= found.span.end
        })?;
        if frame.part.transaction != Transaction::File {
            return None;
        }
        let (span, text) = frame.opt_out()?.directive.clone()?;
        let lines = frame.source.line_starts();
        let next = lines.get(frame.source.line_of(found.span.start) + 1);
        let end = next.copied().unwrap_or(found.span.end);
        let edit = |span, text| Edit {
            source: found.source,
            span,
            text,
        };
        let title = format!("write `{}` where it is read", text.trim());
        let gone = edit(Span::new(found.span.start, end), String::new());
        Some((title, vec![edit(span, text), gone]))
    }
}

/// Is the statement in a transaction, or would it be if it were not alone?
fn in_transaction_with_another(run: Run) -> bool {
    run.transaction.is_some() || run.runner == Transaction::Implicit
}

/// The place behind a word among the first ones of a statement, what stands in
/// parentheses left out; with the `IF NOT EXISTS` that may stand there.
pub fn behind_word(text: &str, statement: Span, word: &str) -> Option<Span> {
    const HEAD: usize = 16;
    let mut lexer = Lexer::new(text, statement);
    let mut depth = 0;
    for _ in 0..HEAD {
        let Lexeme::Token(token) = lexer.next()? else {
            continue;
        };
        match token.kind {
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth -= 1,
            _ if depth > 0 => {}
            TokenKind::Word if token.span.of(text).eq_ignore_ascii_case(word) => {
                let at = token.span.end;
                return Some(Span::new(at, behind_if_not_exists(text, &mut lexer, at)));
            }
            TokenKind::Word => {}
            _ => return None,
        }
    }
    None
}

/// Where `IF NOT EXISTS` ends, if it comes next.
fn behind_if_not_exists(text: &str, lexer: &mut Lexer<'_>, at: u32) -> u32 {
    let mut end = at;
    for word in ["IF", "NOT", "EXISTS"] {
        match lexer.next() {
            Some(Lexeme::Token(token)) if token.span.of(text).eq_ignore_ascii_case(word) => {
                end = token.span.end;
            }
            _ => return at,
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_of_the_statement() {
        let behind = |text: &'static str, word| {
            let whole = Span::new(0, text.len() as u32);
            behind_word(text, whole, word).map(|at| (&text[..at.start as usize], at.of(text)))
        };
        let head = Some(("CREATE /* INDEX */ unique index", ""));
        assert_eq!(
            behind("CREATE /* INDEX */ unique index a ON t (b)", "INDEX"),
            head
        );
        let head = Some(("CREATE INDEX", " if not  EXISTS"));
        assert_eq!(
            behind("CREATE INDEX if not  EXISTS a ON t (b)", "INDEX"),
            head
        );
        let head = Some(("REINDEX (VERBOSE, TABLESPACE x) TABLE", ""));
        assert_eq!(
            behind("REINDEX (VERBOSE, TABLESPACE x) TABLE t", "TABLE"),
            head
        );
        assert_eq!(behind("CREATE {{x}} INDEX a", "INDEX"), None);
        assert_eq!(behind("DROP", "INDEX"), None);
    }
}
