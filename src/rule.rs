//! What a rule is, and what it gets to see.
//!
//! A rule is a page and a function. The function looks at one scope, asks the
//! context questions in the reader's words, and reports; it knows neither
//! files nor parsers, nor who else reports.

mod along;
mod around;
mod change;
mod closed;
mod columns;
mod copy;
mod data;
mod declared;
mod dependents;
mod domain;
mod exchange;
mod fix;
mod gone;
mod names;
mod policy;
mod rerun;
mod retype;
mod runner;
mod seeds;
mod shorten;
mod sql;
mod trail;
mod unique;
mod unwritten;
mod work;

use crate::dialect::Dialect;
use crate::effect::{Effect, Ground, Lock, Refusal};
use crate::finding::{Confidence, Finding, Fix, Related, Severity};
use crate::inverse::Inverse;
use crate::operation::{Action, Kind, ObjectName, Operation, RUN_TIME, Target, without_markers};
use crate::phase::Phase;
use crate::project::{Down, Layout, Migration, SourceId, Transaction};
use crate::report::Direction;
use crate::schema::{Key, Place, Schema, Table};
use crate::source::{Source, Span};
use crate::verdict::Verdict;

pub use crate::inverse::collation_name;
pub use crate::inverse::constraint;
pub use crate::inverse::index::{behind_table, definition as index_definition};
pub use crate::inverse::routine::signature as routine_signature;
pub use crate::inverse::sql::{sql_ident, sql_key, sql_name};
pub use crate::inverse::unique::{Uniqueness, asks_for_values, without_types};
pub use crate::inverse::{repeats_routine, repeats_view, same_condition};
pub use crate::schema::names::object_name;
pub use crate::statement::lexer::on_one_line;
pub use along::{GoneAlong, Rows};
pub use change::Change;
pub use closed::Closed;
pub use columns::DECLARES;
pub use copy::{LeftOut, Outdated};
pub use dependents::{Dependent, Owned};
pub use fix::Frame;
pub use gone::{MOST_CHECKS, admits_no_more};
pub use names::{Facet, Names};
pub use policy::{covers, lets_all, lets_less};
pub use rerun::{changes, clears_the_way, fails_when_repeated};
pub use retype::{Narrowing, Retype};
pub use runner::one_line;
pub use sql::{
    Words, alternatives, asks_for_null, is_constant, keeps_null_out, listed, mentions,
    proven_not_null, same_expression, sql_type, takes_every_row, takes_no_row,
};
pub use trail::{Trail, Way};
pub use unwritten::Held;
pub use work::{
    ColumnWork, including, is_catalog, sql_index, sql_list, sql_object, subject, until_adopted,
    who_waits,
};

/// A hazard that bowline knows: `rules/<id>.md` and `src/rules/<id>.rs`.
pub struct Rule {
    pub id: &'static str,
    pub page: &'static str,
    pub check: Check,
}

/// The scope that a rule looks at.
pub enum Check {
    /// Called for each operation of these kinds.
    Operation {
        on: &'static [Kind],
        check: fn(&OperationContext<'_>, &mut Findings),
    },
    /// Called once per migration and direction, with all that was judged.
    Migration(fn(&MigrationContext<'_>, &mut Findings)),
    /// Called once for the way back of a migration.
    Down(fn(&MigrationContext<'_>, &mut Findings)),
    /// Reported by the machinery itself (directives, unread statements).
    Builtin,
}

/// What does not change within one script of a migration.
pub struct Scene<'a> {
    pub migration: &'a Migration,
    pub layout: Layout,
    pub dialect: Dialect,
    pub direction: Direction,
    /// Declared, or inferred from what the script does.
    pub phase: Option<Phase>,
    pub phase_declared: bool,
    /// The project writes downs by now: from its first down on half of the
    /// migrations have one that says something, or the history has but begun.
    pub writes_downs: bool,
    /// Others may be deployed with it: it is one of several that are new, or,
    /// where nobody says what is new, the last.
    pub may_have_company: bool,
    /// This migration or an earlier one sets `lock_timeout`.
    pub uses_lock_timeout: bool,
    /// A directive approves of what cannot be taken back.
    pub approved: bool,
    /// A directive names a backup or restore point.
    pub checkpoint: bool,
    /// Every operation of the script, in order.
    pub script: &'a [&'a Operation],
    /// What the script's operations are about.
    pub names: Names,
    /// Every operation of the migration's down, in order; empty where there is
    /// none, and in a down itself.
    pub way_back: &'a [&'a Operation],
    /// For a down, the up that it takes back.
    pub forth: &'a [&'a Operation],
    pub names_back: Names,
    /// Every file of the project; places name them by index.
    pub sources: &'a [std::sync::Arc<Source>],
    /// The parts of the script.
    pub frames: &'a [Frame<'a>],
    /// The script goes on behind what is at hand, which is a stretch of it.
    pub goes_on: bool,
}

/// How a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Statements with the same number share a transaction; `None` commits by
    /// itself.
    pub transaction: Option<u32>,
    /// Who opened that transaction.
    pub opened_by: OpenedBy,
    /// What the runner does with the part that the statement stands in.
    pub runner: Transaction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedBy {
    Nobody,
    /// The migration tool.
    Runner,
    /// One string of several statements.
    ImplicitString,
    /// `BEGIN` in the script.
    Script,
}

/// What an operation rule sees.
pub struct OperationContext<'a> {
    pub scene: &'a Scene<'a>,
    pub operation: &'a Operation,
    /// Its place in the scene's script.
    pub index: usize,
    /// The operations of the same statement, this one included.
    pub siblings: &'a [Operation],
    pub effect: &'a Effect,
    /// Before the operation.
    pub schema: &'a Schema,
    pub run: Run,
    /// What the statement and earlier ones of its transaction have locked.
    pub closed: &'a Closed,
    pub source: SourceId,
    pub statement: Span,
    /// The part that it stands in.
    pub frame: &'a Frame<'a>,
}

/// What a migration rule sees of each operation.
#[derive(Debug)]
pub struct Step<'a> {
    pub operation: &'a Operation,
    /// Its place in the scene's script.
    pub index: usize,
    pub effect: Effect,
    pub verdict: Verdict,
    pub run: Run,
    pub source: SourceId,
    /// Counts statements of the script; siblings share it.
    pub statement: u32,
    pub statement_span: Span,
    /// Into the scene's parts.
    pub part: usize,
    /// It takes a strong lock on, or work in, a table that others can see.
    pub visible: bool,
    /// Why it does not fit what came before, where it does not.
    pub conflict: Option<Box<str>>,
    /// The session's settings when it ran.
    pub lock_timeout: Option<u64>,
    /// What undoes it, where somebody asks statement by statement.
    pub inverse: Option<Box<Inverse>>,
}

impl Step<'_> {
    /// Why the server refuses it, whatever the rows are, for certain.
    pub fn refusal(&self) -> Option<&Refusal> {
        let refusal = self.effect.refusal.as_ref();
        let certain = |r: &&Refusal| r.certain && !r.on_rows && r.ground == Ground::Seen;
        let runs = !self.operation.within.conditional;
        refusal.filter(certain).filter(|_| runs)
    }

    /// Does it fail, by all that the history shows, before it does anything?
    pub fn fails(&self) -> bool {
        let refusal = self.effect.refusal.as_ref();
        let refused = refusal.is_some_and(|r| !r.on_rows && r.ground != Ground::Elsewhere);
        (refused || self.conflict.is_some()) && !self.operation.within.conditional
    }

    /// For a related note.
    pub fn place(&self) -> Place {
        Place {
            source: self.source,
            span: self.operation.place,
        }
    }
}

/// What a migration rule sees.
pub struct MigrationContext<'a> {
    pub scene: &'a Scene<'a>,
    pub steps: &'a [Step<'a>],
    /// Before the migration's script …
    /// … is not kept; this is after it.
    pub schema: &'a Schema,
}

/// How many operations before and behind one a rule looks at: each is looked at
/// from each, and a dump has a hundred thousand.
pub const NEARBY: usize = 500;

impl<'a> OperationContext<'a> {
    /// What the script has done before, near by.
    pub fn earlier(&self) -> impl DoubleEndedIterator<Item = &'a Operation> + use<'a> {
        let end = self.index.min(self.scene.script.len());
        let start = end.saturating_sub(NEARBY);
        self.scene.script[start..end].iter().copied()
    }

    /// What the script does afterwards, near by.
    pub fn later(&self) -> impl DoubleEndedIterator<Item = &'a Operation> + use<'a> {
        let start = (self.index + 1).min(self.scene.script.len());
        let end = (start + NEARBY).min(self.scene.script.len());
        self.scene.script[start..end].iter().copied()
    }

    /// Can nobody but this migration see the relation? True for what it
    /// created itself and for temporary tables.
    pub fn is_new(&self, name: &ObjectName) -> bool {
        self.is_new_key(&self.schema.resolve(name))
    }

    /// A name that only the server will know may be that of a table which this
    /// migration creates.
    fn may_be_new(&self, key: &Key) -> bool {
        let creates = |op: &Operation| matches!(op.action, Action::CreateTable(_));
        key.name.starts_with(RUN_TIME) && self.earlier().any(creates)
    }

    pub fn is_new_key(&self, key: &Key) -> bool {
        self.schema.is_created_now(key)
            || self
                .schema
                .table_by_key(key)
                .is_some_and(|t| t.is_temporary())
            || self.may_be_new(key)
    }

    /// The table that an ALTER TABLE names, unless it is new.
    pub fn visible_table(&self, target: &Target) -> bool {
        !self.is_new(&target.name)
    }

    /// Was the column added by this migration?
    pub fn column_is_new(&self, target: &Target, column: &str) -> bool {
        self.is_new(&target.name)
            || self
                .schema
                .table(&target.name)
                .is_some_and(|t| t.column_is_new_in(column, self.schema.migration()))
    }

    pub fn table(&self, name: &ObjectName) -> Option<&Table> {
        self.schema.table(name).map(|t| &**t)
    }

    /// The strongest lock on a relation that others can see, among those that
    /// make anybody wait.
    pub fn blocking_lock(&self) -> Option<&Lock> {
        self.effect
            .locks
            .iter()
            .filter(|l| !l.created && l.mode.blocks_writes() && !self.is_new_key(&l.relation))
            .max_by_key(|l| l.mode)
    }

    /// Is a strong lock held on this visible table while work is done that
    /// grows with it?
    pub fn blocks_while_working(&self, key: &Key) -> bool {
        !self.is_new_key(key)
            && self.effect.works_on(key)
            && self.effect.lock_on(key).is_some_and(|m| m.blocks_writes())
    }

    /// Does the server, for certain and whatever the rows are, refuse it, so that
    /// it does nothing?
    pub fn is_refused(&self) -> bool {
        let refusal = self.effect.refusal.as_ref();
        refusal.is_some_and(|r| r.certain && !r.on_rows && r.ground == Ground::Seen)
    }

    pub fn in_transaction(&self) -> bool {
        self.run.transaction.is_some()
    }

    pub fn is_contract(&self) -> bool {
        self.scene.phase_declared && self.scene.phase == Some(Phase::Contract)
    }

    pub fn text(&self, span: Span) -> &str {
        self.scene.sources[self.source].slice(span)
    }

    /// The whole statement's text.
    pub fn statement_text(&self) -> &str {
        self.text(self.statement)
    }

    /// Do all parts of the script stand in one file, so that a place of any of
    /// them is one of that?
    pub fn is_one_file(&self) -> bool {
        let mut frames = self.scene.frames.iter();
        frames.all(|frame| frame.is_beside(self.frame))
    }

    /// A place for a related note.
    pub fn place(&self, span: Span) -> Place {
        Place {
            source: self.source,
            span,
        }
    }

    /// High where the history built the table, medium where it was only
    /// mentioned.
    pub fn confidence(&self, name: &ObjectName) -> Confidence {
        match self.schema.table(name) {
            Some(table) if table.is_known() && !self.operation.within.conditional => {
                Confidence::High
            }
            _ => Confidence::Medium,
        }
    }
}

impl MigrationContext<'_> {
    pub fn is_new_key(&self, key: &Key) -> bool {
        self.schema.is_created_now(key)
            || self
                .schema
                .table_by_key(key)
                .is_some_and(|t| t.is_temporary())
    }

    pub fn text(&self, step: &Step<'_>, span: Span) -> &str {
        self.scene.sources[step.source].slice(span)
    }

    /// Where to point at when the whole migration is meant: its first
    /// statement, or its beginning.
    pub fn head(&self) -> (SourceId, Span) {
        match self.steps.first() {
            Some(step) => (step.source, step.operation.place),
            None => (self.scene.migration.source, Span::new(0, 0)),
        }
    }

    pub fn down(&self) -> &Down {
        &self.scene.migration.down
    }
}

/// How far back a statement's findings are looked through.
const FINDINGS_NEARBY: usize = 64;

/// So many places are added to one finding.
const MOST_ALIKE: usize = 20;

/// Collects what rules report, one after the other.
pub struct Findings {
    /// The one that is asked, and what goes for all that it reports.
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) source: SourceId,
    pub(crate) list: Vec<Finding>,
    /// How often a rule had something to say, alike findings counted too.
    pub(crate) said: usize,
}

impl Findings {
    /// Goes on with a list; no rule is asked yet.
    pub(crate) fn new(list: Vec<Finding>) -> Self {
        Self {
            rule: "",
            severity: Severity::Info,
            confidence: Confidence::Low,
            source: 0,
            list,
            said: 0,
        }
    }

    /// What the rule that is asked has reported of the statement at hand.
    fn of_statement(&mut self, cx: &OperationContext<'_>) -> impl Iterator<Item = &mut Finding> {
        let (rule, source, statement) = (self.rule, cx.source, cx.statement);
        let nearby = self.list.iter_mut().rev().take(FINDINGS_NEARBY);
        nearby
            .take_while(move |f| f.source == source && statement.contains(f.span.start))
            .filter(move |f| f.rule == rule)
    }

    /// Has it reported anything of it?
    pub fn has_said(&mut self, cx: &OperationContext<'_>) -> bool {
        self.of_statement(cx).next().is_some()
    }

    /// Has it said it already, in these words? Then that speaks for the operation
    /// at hand as well.
    pub fn is_told(&mut self, cx: &OperationContext<'_>, words: &str) -> bool {
        let is_told = self.of_statement(cx).any(|f| f.message.contains(words));
        self.said += usize::from(is_told);
        is_told
    }

    /// Adds a place to what the rule has reported of the same ALTER TABLE: the server
    /// goes through the rows once for all of its actions. In a block each statement
    /// stands for itself.
    pub fn add_to_statement(&mut self, cx: &OperationContext<'_>, what: String) -> bool {
        if cx.operation.within.block {
            return false;
        }
        let place = cx.place(cx.operation.place);
        let Some(first) = self.of_statement(cx).next() else {
            return false;
        };
        if first.related.len() < MOST_ALIKE {
            Draft(first).related(place, what);
        }
        self.said += 1;
        true
    }

    /// Adds a place to a finding that the rule made of this file not long ago,
    /// one that says the same; the first speaks for all. Past twenty places the
    /// rest goes without saying.
    pub fn add_to_alike(&mut self, clause: &str, place: Place, what: &str) -> bool {
        let (rule, source) = (self.rule, self.source);
        let nearby = self.list.iter_mut().rev().take(FINDINGS_NEARBY);
        let mut same = nearby.filter(|f| f.rule == rule && f.source == source);
        let Some(first) = same.find(|f| f.message.contains(clause)) else {
            return false;
        };
        self.said += 1;
        let message = match first.related.len() {
            MOST_ALIKE.. => return true,
            n if n + 1 == MOST_ALIKE => format!("{what}, and there are more of them"),
            _ => what.to_owned(),
        };
        Draft(first).related(place, message);
        true
    }

    /// A finding at a place of the file at hand.
    pub fn report(&mut self, span: Span, message: impl Into<String>) -> Draft<'_> {
        self.report_in(self.source, span, message)
    }

    /// A finding in another file.
    pub fn report_in(
        &mut self,
        source: SourceId,
        span: Span,
        message: impl Into<String>,
    ) -> Draft<'_> {
        self.said += 1;
        self.list.push(Finding {
            rule: self.rule,
            severity: self.severity,
            confidence: self.confidence,
            message: shown(message.into()),
            help: String::new(),
            source,
            span,
            related: Vec::new(),
            fix: None,
            fingerprint: String::new(),
        });
        let last = self.list.len() - 1;
        Draft(&mut self.list[last])
    }
}

/// A text with `…` for names that only the server knows.
fn shown(text: String) -> String {
    match text.contains(RUN_TIME) {
        true => without_markers(&text).into_owned(),
        false => text,
    }
}

/// A finding that is being written.
pub struct Draft<'a>(&'a mut Finding);

impl Draft<'_> {
    pub fn help(self, help: impl Into<String>) -> Self {
        self.0.help = sentence(shown(help.into()));
        self
    }

    pub fn related(self, place: Place, message: impl Into<String>) -> Self {
        self.0.related.push(Related {
            source: place.source,
            span: place.span,
            message: message.into(),
        });
        self
    }

    pub fn severity(self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    pub fn confidence(self, confidence: Confidence) -> Self {
        self.0.confidence = confidence;
        self
    }

    pub fn fix(self, fix: Option<Fix>) -> Self {
        self.0.fix = fix.map(|fix| Fix {
            title: sentence(fix.title),
            ..fix
        });
        self
    }
}

/// Gives a text a capital letter to begin with.
fn sentence(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
