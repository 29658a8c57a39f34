//! What a block of PL/pgSQL would do.
//!
//! The block is walked token by token, once, with its open BEGINs, IFs and
//! loops on a stack: however deep they nest, this does not recurse. SQL
//! statements in it go to the readers that read them elsewhere; the language's
//! own statements only decide what runs for certain and what perhaps. What an
//! IF asks of the catalog goes along with what stands under it, for those who
//! know the schema.

use std::ops::Range;
use std::sync::Arc;

use super::read::dispatch;
use super::reader::Reader;
use super::variables::Variables;
use super::{Action, Condition, ConstraintKind, Guard, Inside, Operation, Within, dml, dynamic};
use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{Token, TokenKind, tokens_into};

/// Reads the block that stands at `span` of `text`.
pub fn read(r: &Reader<'_>, text: &str, span: Span, within: Within) -> Vec<Operation> {
    read_with(r, text, span, within, Variables::default())
}

/// The same where parameters have known values.
pub fn read_with(
    r: &Reader<'_>,
    text: &str,
    span: Span,
    within: Within,
    given: Variables,
) -> Vec<Operation> {
    let mut tokens = Vec::new();
    tokens_into(text, span, &mut tokens);
    let mut walk = Walk {
        reader: r,
        tokens: &tokens,
        cursor: Cursor::new(text, &tokens),
        span,
        within,
        variables: given.of_block(text, &tokens),
        rounds: MOST_ROUNDS,
        open: Vec::new(),
        doubts: 0,
        loops: 0,
        left: false,
        guard: None,
        guarded: Vec::new(),
        opened: 0,
        absence: None,
        out: Vec::new(),
    };
    walk.run();
    walk.finish()
}

/// Something that an END closes.
enum Open {
    Begin {
        /// How many operations there were before it.
        before: usize,
        /// Its EXCEPTION was met.
        handling: bool,
    },
    If {
        /// The guard around it.
        outer: Option<Arc<Guard>>,
        /// The conditions so far can all be told.
        told: bool,
    },
    Case,
    Loop(Option<Rounds>),
}

/// A loop over constants: its body is read for each.
struct Rounds {
    variable: Name,
    values: std::vec::IntoIter<Name>,
    /// Where the body begins.
    body: usize,
    /// Nothing leaves it before its end.
    sure: bool,
}

/// So often the bodies of such loops are read, all in all.
const MOST_ROUNDS: usize = 100;

struct Walk<'r, 'a, 't> {
    reader: &'r Reader<'a>,
    tokens: &'t [Token],
    cursor: Cursor<'t>,
    span: Span,
    within: Within,
    variables: Variables,
    /// How many rounds of loops may still be read.
    rounds: usize,
    open: Vec<Open>,
    /// How many of what is open make it uncertain that a statement runs.
    doubts: usize,
    /// How many of these are loops.
    loops: usize,
    /// A RETURN may have ended it before.
    left: bool,
    /// The branch of an IF that the walk is in.
    guard: Option<Arc<Guard>>,
    /// Ranges of operations that an exception handler may undo.
    guarded: Vec<Guarded>,
    /// How many IFs, CASEs and loops there were,
    opened: usize,
    /// and what the last `IF NOT EXISTS (…) THEN` asks for.
    absence: Option<Span>,
    out: Vec<Operation>,
}

impl<'t> Walk<'_, '_, 't> {
    fn run(&mut self) {
        while self.cursor.at_operator("#") {
            self.cursor.bump();
            self.cursor.bump();
            self.cursor.bump();
        }
        self.label();
        if !self.cursor.at_any(&["DECLARE", "BEGIN"]) {
            return self.unparsed("expected `BEGIN`");
        }
        while !self.cursor.done() {
            let closed = !self.step();
            if closed {
                break;
            }
        }
        if let Some(token) = self.cursor.peek() {
            let found = self.cursor.slice(token.span).chars().take(40);
            let why = format!("unexpected `{}` in a block", found.collect::<String>());
            self.unparsed(&why);
        } else if !self.open.is_empty() {
            self.unparsed("the block ends too early");
        }
    }

    /// Marks what an exception handler may undo, and yields everything.
    fn finish(mut self) -> Vec<Operation> {
        let mut change = vec![0isize; self.out.len() + 1];
        for guarded in &self.guarded {
            if let [only] = &self.out[guarded.range.clone()]
                && guarded.lets_through(&only.action)
            {
                continue;
            }
            change[guarded.range.start] += 1;
            change[guarded.range.end] -= 1;
        }
        let mut depth = 0;
        for (operation, change) in self.out.iter_mut().zip(change) {
            depth += change;
            if depth > 0 && !operation.within.doubtful {
                operation.within.edit(|inside| {
                    inside.conditional = true;
                    inside.doubtful = true;
                });
            }
        }
        if let [only] = self.out.as_slice()
            && makes_something(&only.action)
            && self.runs_unless_there(only)
        {
            self.out[0].within.edit(|inside| inside.unless_there = true);
        }
        self.out
    }

    /// Is there nothing about the only operation that makes it uncertain but a
    /// handler, or a question for what it makes?
    fn runs_unless_there(&self, only: &Operation) -> bool {
        let text = self.cursor.text();
        let asks = |condition: Span| {
            // The place of SQL that is put together lies in another text.
            let place = only.place.start as usize..only.place.end as usize;
            let name = text.get(place).and_then(|name| name.rsplit('.').next());
            let name = name.unwrap_or_default().trim_matches('"').to_lowercase();
            !name.is_empty() && condition.of(text).to_lowercase().contains(&name)
        };
        match (self.opened, self.guarded.as_slice()) {
            (0, [guarded]) => guarded.range == (0..1) && !guarded.lets_through(&only.action),
            (1, []) => self.absence.is_some_and(asks),
            _ => false,
        }
    }

    fn unparsed(&mut self, why: &str) {
        let place = self.cursor.peek().map_or_else(
            || Span::new(self.span.end, self.span.end),
            |token| token.span,
        );
        self.out.push(Operation {
            action: Action::Unparsed { why: why.into() },
            place,
            clause: self.span,
            within: self.within.clone(),
        });
        self.cursor.rest();
        self.open.clear();
    }

    fn label(&mut self) {
        while self.cursor.eat_operator("<<") {
            self.cursor.ident();
            self.cursor.eat_operator(">>");
        }
    }

    /// One statement, or the head of one that holds others. Yields false when
    /// the outermost block has been closed, or what closes fits nothing.
    fn step(&mut self) -> bool {
        self.label();
        if self.cursor.eat(TokenKind::Semicolon) {
            return true;
        }
        if self.is_assignment() {
            self.simple();
            return true;
        }
        const HEADS: &[&str] = &[
            "DECLARE",
            "BEGIN",
            "EXCEPTION",
            "END",
            "IF",
            "ELSIF",
            "ELSEIF",
            "ELSE",
            "CASE",
            "WHEN",
            "LOOP",
            "WHILE",
            "FOR",
            "FOREACH",
        ];
        let Some(head) = self.cursor.eat_any(HEADS) else {
            self.statement();
            return true;
        };
        match head {
            "DECLARE" => self.declarations(),
            "BEGIN" => self.open.push(Open::Begin {
                before: self.out.len(),
                handling: false,
            }),
            "EXCEPTION" => self.handlers(),
            "END" => return self.close(),
            "IF" => self.open_if(),
            "ELSIF" | "ELSEIF" => self.other_branch(true),
            "ELSE" => self.other_branch(false),
            "WHEN" => self.skip_to("THEN"),
            "CASE" => {
                self.open_doubtful(Open::Case);
                self.cursor.skip_until(|c| c.at_word("WHEN"));
            }
            "LOOP" => self.open_doubtful(Open::Loop(None)),
            "FOR" if !self.constant_loop(false) => self.for_loop(),
            "FOREACH" if self.constant_loop(true) => {}
            "WHILE" | "FOREACH" => {
                self.open_doubtful(Open::Loop(None));
                self.skip_to("LOOP");
            }
            _ => {}
        }
        true
    }

    /// The query of `NOT EXISTS (…) THEN`, which stays where it is.
    fn asks_for_absence(&mut self) -> Option<Span> {
        let mark = self.cursor.mark();
        let asks = self.cursor.eat_word("NOT") && self.cursor.eat_word("EXISTS");
        let query = self.cursor.group().filter(|_| asks);
        let query = query.filter(|_| self.cursor.at_word("THEN"));
        self.cursor.back_to(mark);
        query
    }

    fn open_doubtful(&mut self, open: Open) {
        self.opened += 1;
        self.loops += usize::from(matches!(open, Open::Loop(_)));
        self.open.push(open);
        self.doubts += 1;
    }

    /// With the cursor behind IF.
    fn open_if(&mut self) {
        self.opened += 1;
        self.absence = self.asks_for_absence();
        let outer = self.guard.take();
        self.open.push(Open::If {
            outer: outer.clone(),
            told: true,
        });
        let condition = self.condition();
        self.enter(outer.map(|guard| (guard, true)), condition);
    }

    /// With the cursor behind ELSIF, which has a condition, or ELSE.
    fn other_branch(&mut self, asks: bool) {
        let condition = match asks {
            true => self.condition(),
            false => Condition::TRUE,
        };
        if matches!(self.open.last(), Some(Open::If { told: true, .. })) {
            let before = self.guard.take();
            self.enter(before.map(|guard| (guard, false)), condition);
        }
    }

    /// Goes into a branch; what cannot be followed makes it doubtful.
    fn enter(&mut self, after: Option<(Arc<Guard>, bool)>, condition: Condition) {
        let guard = Guard::new(after, condition);
        if let Some(Open::If { outer, told }) = self.open.last_mut()
            && guard.is_none()
        {
            *told = false;
            self.doubts += 1;
            self.guard = outer.clone();
            return;
        }
        self.guard = guard;
    }

    /// The condition up to THEN. In a loop it is asked more than once.
    fn condition(&mut self) -> Condition {
        let start = self.cursor.mark();
        self.skip_to("THEN");
        let end = self.cursor.mark().saturating_sub(1).max(start);
        match (self.loops, self.tokens.get(start..end)) {
            (0, Some(tokens)) => Condition::read(&mut Cursor::new(self.cursor.text(), tokens)),
            _ => Condition::Unknown,
        }
    }

    fn skip_to(&mut self, word: &str) {
        while !self.cursor.done() {
            self.cursor
                .skip_until(|c| c.at_word(word) || c.at_kind(TokenKind::Semicolon));
            if self.cursor.eat_word(word) || self.cursor.at_kind(TokenKind::Semicolon) {
                return;
            }
            self.cursor.bump();
        }
    }

    /// Passes over declarations up to the BEGIN behind them.
    fn declarations(&mut self) {
        while !self.cursor.done() && !self.cursor.at_word("BEGIN") {
            self.simple();
        }
    }

    /// Passes over everything up to and with the next semicolon.
    fn simple(&mut self) -> Option<Span> {
        let mark = self.cursor.mark();
        while !self.cursor.done() && !self.cursor.at_kind(TokenKind::Semicolon) {
            self.cursor.bump();
        }
        let span = self.cursor.span_from(mark);
        self.cursor.eat(TokenKind::Semicolon);
        (!span.is_empty()).then_some(span)
    }

    fn handlers(&mut self) {
        let here = self.out.len();
        if let Some(Open::Begin { before, handling }) = self.open.last_mut()
            && !*handling
        {
            *handling = true;
            let range = *before..here;
            let conditions = handled(self.cursor.clone());
            self.guarded.push(Guarded { range, conditions });
            self.doubts += 1;
        }
    }

    /// With the cursor behind END.
    fn close(&mut self) -> bool {
        let found = self.cursor.eat_any(&["IF", "CASE", "LOOP"]);
        if !self.cursor.at_kind(TokenKind::Semicolon) {
            self.cursor.ident();
        }
        let fits = match (self.open.pop(), found) {
            (Some(Open::Begin { handling, .. }), None) => {
                self.doubts -= usize::from(handling);
                true
            }
            (Some(Open::If { outer, told }), Some("IF")) => {
                self.doubts -= usize::from(!told);
                self.guard = outer;
                true
            }
            (Some(Open::Loop(Some(rounds))), Some("LOOP")) => {
                if self.next_round(rounds) {
                    return true;
                }
                true
            }
            (Some(open @ (Open::Case | Open::Loop(None))), Some(word))
                if word
                    == if matches!(open, Open::Case) {
                        "CASE"
                    } else {
                        "LOOP"
                    } =>
            {
                self.loops -= usize::from(matches!(open, Open::Loop(_)));
                self.doubts -= 1;
                true
            }
            _ => false,
        };
        if !fits {
            self.unparsed("an `END` fits nothing that is open");
            return false;
        }
        self.cursor.eat(TokenKind::Semicolon);
        !self.open.is_empty()
    }

    /// `FOR r IN query LOOP`; the query is run once, whatever the loop does.
    fn for_loop(&mut self) {
        self.cursor
            .skip_until(|c| c.at_word("IN") || c.at_kind(TokenKind::Semicolon));
        if self.cursor.eat_word("IN") {
            let mark = self.cursor.mark();
            self.cursor
                .skip_until(|c| c.at_word("LOOP") || c.at_kind(TokenKind::Semicolon));
            let end = self.cursor.mark();
            let span = self.cursor.span_from(mark);
            self.cursor.back_to(mark);
            if self.cursor.at_word("EXECUTE") {
                self.execute(span, end);
            } else if self.at_query() {
                self.sql(span);
            }
            self.cursor.back_to(end);
        }
        self.cursor.eat_word("LOOP");
        self.open_doubtful(Open::Loop(None));
    }

    /// A loop over constants, with the cursor behind its first word. False, and
    /// the cursor stays, where it is none.
    fn constant_loop(&mut self, each: bool) -> bool {
        let mark = self.cursor.mark();
        let found = self.constants(each);
        let found = found.filter(|(_, values)| (1..=self.rounds).contains(&values.len()));
        let Some((variable, values)) = found else {
            self.cursor.back_to(mark);
            return false;
        };
        self.rounds -= values.len();
        self.opened += 1;
        self.loops += 1;
        let text = self.cursor.text();
        let leaves = |token: &Token| {
            let words = ["EXIT", "CONTINUE", "RETURN"];
            words.iter().any(|word| token.is_word(text, word))
        };
        let rounds = Rounds {
            variable,
            values: values.into_iter(),
            body: self.cursor.mark(),
            sure: !self.tokens.iter().any(leaves),
        };
        self.doubts += usize::from(!rounds.sure);
        self.next_round(rounds);
        true
    }

    /// `x IN ARRAY ARRAY['a', 'b'] LOOP`, `x IN SELECT unnest(ARRAY['a', 'b'])
    /// LOOP`.
    fn constants(&mut self, each: bool) -> Option<(Name, Vec<Name>)> {
        let variable = self.cursor.ident()?.name;
        let cursor = &mut self.cursor;
        let values = match each {
            true => cursor
                .eat_words(&["IN", "ARRAY"])
                .then(|| self.variables.list(cursor))??,
            false => {
                let head = cursor.eat_words(&["IN", "SELECT", "UNNEST"]);
                let open = head && cursor.eat(TokenKind::OpenParen);
                let values = open.then(|| self.variables.list(cursor))??;
                cursor.eat(TokenKind::CloseParen).then_some(values)?
            }
        };
        cursor.eat_word("LOOP").then_some((variable, values))
    }

    /// Goes to the body with the next value; false, and the loop is closed,
    /// where there is none.
    fn next_round(&mut self, mut rounds: Rounds) -> bool {
        let Some(value) = rounds.values.next() else {
            self.variables.forget(&rounds.variable);
            self.loops -= 1;
            self.doubts -= usize::from(!rounds.sure);
            return false;
        };
        self.variables.set(rounds.variable, value);
        self.cursor.back_to(rounds.body);
        self.open.push(Open::Loop(Some(rounds)));
        true
    }

    fn at_query(&self) -> bool {
        const QUERIES: &[&str] = &[
            "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE",
        ];
        let ahead = usize::from(self.cursor.at_kind(TokenKind::OpenParen));
        QUERIES
            .iter()
            .any(|word| self.cursor.is_word_at(ahead, word))
    }

    /// `x := …`, `x.y[1] = …`.
    fn is_assignment(&self) -> bool {
        let mut ahead = self.cursor.clone();
        if ahead.ident().is_none() && !ahead.eat(TokenKind::Parameter) {
            return false;
        }
        loop {
            if ahead.eat(TokenKind::Dot) {
                if ahead.ident().is_none() {
                    return false;
                }
            } else if ahead.at_kind(TokenKind::OpenBracket) {
                while !ahead.done()
                    && !ahead.at_kind(TokenKind::Semicolon)
                    && !ahead.eat(TokenKind::CloseBracket)
                {
                    ahead.bump();
                }
            } else {
                return ahead.at_operator(":=") || ahead.at_operator("=");
            }
        }
    }

    /// A statement that holds no others.
    fn statement(&mut self) {
        const PASSED: &[&str] = &[
            "NULL", "RAISE", "ASSERT", "EXIT", "CONTINUE", "GET", "FETCH", "MOVE", "CLOSE",
        ];
        let begin = self.cursor.mark();
        let verb = self.cursor.eat_any(&["RETURN", "OPEN"]);
        match verb {
            Some("RETURN") if !self.cursor.eat_word("QUERY") => {
                self.simple();
                self.left = true;
                return;
            }
            Some("OPEN") => {
                self.cursor
                    .skip_until(|c| c.at_word("FOR") || c.at_kind(TokenKind::Semicolon));
                if !self.cursor.eat_word("FOR") {
                    self.simple();
                    return;
                }
            }
            _ => {}
        }
        let mark = self.cursor.mark();
        let passed = verb.is_none() && self.cursor.at_any(PASSED);
        let Some(span) = self.simple() else {
            if self.cursor.mark() == begin {
                self.cursor.bump();
            }
            return;
        };
        if passed {
            return;
        }
        let end = self.cursor.mark();
        self.cursor.back_to(mark);
        if self.cursor.at_word("EXECUTE") {
            self.execute(span, end);
        } else if self.cursor.at_word("PERFORM") {
            let within = self.here();
            let text = self.cursor.text();
            let operations = self.reader.nested_with(text, span, within, dml::perform);
            self.out.extend(operations);
        } else {
            let before = self.out.len();
            self.sql(span);
            if verb.is_none() && !self.says_into(mark, end) {
                for operation in &mut self.out[before..] {
                    if let Action::Select { unwanted, .. } = &mut operation.action {
                        *unwanted = true;
                    }
                }
            }
        }
        self.cursor.back_to(end);
    }

    /// Does INTO stand between two tokens, whatever for?
    fn says_into(&self, from: usize, to: usize) -> bool {
        let tokens = self.tokens.get(from..to).unwrap_or(&[]);
        let text = self.cursor.text();
        tokens.iter().any(|token| token.is_word(text, "INTO"))
    }

    fn sql(&mut self, span: Span) {
        let within = self.here();
        let text = self.cursor.text();
        let mut operations = self.reader.nested_with(text, span, within, dispatch);
        for operation in &mut operations {
            self.fill_in(&mut operation.action);
        }
        self.out.extend(operations);
    }

    /// Which rows are meant is said by what the variables hold.
    fn fill_in(&self, action: &mut Action) {
        let filter = match action {
            Action::Update(update) => &mut update.filter,
            Action::Delete(delete) => &mut delete.filter,
            _ => return,
        };
        let Some(filter) = filter else { return };
        if let Some(text) = self.variables.fill_in(&filter.text) {
            filter.text = text.into();
        }
    }

    /// With the cursor at EXECUTE, the statement being `span` and going on to
    /// the token `end`.
    fn execute(&mut self, span: Span, end: usize) {
        self.cursor.bump();
        let within = self.here();
        let tokens = self.tokens.get(self.cursor.mark()..end).unwrap_or(&[]);
        let expression = Cursor::new(self.cursor.text(), tokens);
        let operations = dynamic::execute(self.reader, expression, &self.variables, span, within);
        self.out.extend(operations);
    }

    fn here(&self) -> Within {
        let left = self.left && self.guard.is_some();
        let doubtful = self.within.conditional || self.doubts > 0 || left;
        Within::new(Inside {
            block: true,
            conditional: doubtful || self.guard.is_some(),
            doubtful,
            guard: self.guard.clone(),
            unless_there: false,
            written: None,
        })
    }
}

/// What stands before an EXCEPTION.
struct Guarded {
    /// Of the operations.
    range: Range<usize>,
    /// What the handlers are for.
    conditions: Vec<Name>,
}

impl Guarded {
    /// Do the handlers wait for something being there, though not for what this
    /// makes? Each kind of object has an error of its own (manual, "PostgreSQL
    /// Error Codes").
    fn lets_through(&self, action: &Action) -> bool {
        let is_about_presence = |name: &Name| name.starts_with("duplicate_");
        !self.conditions.is_empty()
            && self.conditions.iter().all(is_about_presence)
            && if_there(action).is_some_and(|error| self.conditions.iter().all(|c| c != error))
    }
}

/// The condition that is raised where an object is there already.
fn if_there(action: &Action) -> Option<&'static str> {
    Some(match action {
        Action::CreateTable(_) | Action::CreateIndex(_) | Action::CreateSequence { .. } => {
            "duplicate_table"
        }
        Action::AddConstraint { constraint, .. } => match constraint.kind {
            ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_) => "duplicate_object",
            ConstraintKind::Unique(_) => "duplicate_table",
            // "multiple primary keys"
            ConstraintKind::PrimaryKey(_) => "invalid_table_definition",
            _ => return None,
        },
        Action::AddColumn { .. } => "duplicate_column",
        Action::CreateType(_) | Action::CreateDomain(_) | Action::CreateTrigger(_) => {
            "duplicate_object"
        }
        _ => return None,
    })
}

/// The conditions of short handlers up to the END, in lower case; none where
/// they are long.
fn handled(mut cursor: Cursor<'_>) -> Vec<Name> {
    const LONGEST: usize = 200;
    let mut conditions = Vec::new();
    let mut is_condition = false;
    for _ in 0..LONGEST {
        if cursor.done() || cursor.at_word("END") {
            return conditions;
        }
        match cursor.eat_any(&["WHEN", "THEN", "OR"]) {
            Some("OR") => {}
            Some(word) => is_condition = word == "WHEN",
            None => match cursor.ident() {
                Some(name) if is_condition => conditions.push(name.name),
                Some(_) => {}
                None => {
                    cursor.bump();
                }
            },
        }
    }
    Vec::new()
}

/// Does it make an object, or a part of one, that there can be only once?
fn makes_something(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateTable(_)
            | Action::AddColumn { .. }
            | Action::AddConstraint { .. }
            | Action::CreateIndex(_)
            | Action::CreateType(_)
            | Action::CreateDomain(_)
            | Action::CreateSequence { .. }
            | Action::CreateTrigger(_)
            | Action::CreatePolicy { .. }
    )
}
