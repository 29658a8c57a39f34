//! One history, from its first migration to its last.

mod context;
mod conflict;
mod control;
mod declared;
mod doubt;
mod earlier;
mod judgement;
mod long;
mod pair;
mod rowless;
mod statements;
mod version;

use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashSet;
use typed_arena::Arena;

use super::decide::Decisions;
use super::fingerprint::Lines;
use super::registry::{Active, Registry};
use super::script::{
    Calls, Planned, Transactions, as_run, is_half_read, is_unread, names_at_run_time, plan,
};
use super::undo::way_back;
use super::unit::{self, ReadMigration, ReadPart};
use super::{Manner, Outcome, Seen, Watcher};
use crate::config::Config;
use crate::dialect::Dialect;
use crate::effect::{self, Effect, postgres};
use crate::finding::{Finding, Related};
use crate::inverse;
use crate::operation::{Action, Operation, RUN_TIME, TransactionControl};
use crate::phase::{self, Phase};
use crate::project::{self, Down, History, Layout, Migration, Part, Project, SourceId};
use crate::report::{Direction, MigrationReport, Return};
use crate::rule::{
    Check, Findings, Frame, MigrationContext, Names, OpenedBy, OperationContext, Scene, Step,
};
use crate::schema::{Key, MigrationIndex, Place, Schema, column_of};
use crate::source::Span;
use crate::statement::lexer::{Lexeme, Lexer};
use crate::suppress::Directives;
use crate::verdict::{OldRelease, Verdict};

use control::{SavedState, has_rollback};
use declared::{Declared, Inferred};
use doubt::Doubts;
use earlier::EarlierDowns;
use judgement::{soften, verdict_of};
use pair::{Pair, drops_for_certain};
use rowless::Rowless;
use statements::statements;
use version::Versions;

pub struct Fold<'a> {
    project: &'a Project,
    history: &'a History,
    registry: &'a Registry<'a>,
    config: &'a Config,
    dialect: Dialect,
    directives: &'a [(SourceId, Directives)],
    folders: &'a phase::Folders,
    /// An earlier migration set a limit, or the configuration asks for one: the
    /// project means to have it.
    uses_lock_timeout: bool,
    /// The migration from which on the project writes downs, if it does.
    downs_from: Option<MigrationIndex>,
    /// How many migrations are known to be new.
    unreleased: usize,
    schema: Schema,
    doubts: Doubts,
    earlier: EarlierDowns,
    versions: Versions,
    by_statement: bool,
    /// Ups of so many bytes are judged a stretch at a time.
    very_long: u32,
    /// The lines of what was asked about.
    lines: &'a Lines,
    watcher: Option<&'a Watcher<'a>>,
    /// Are the rules to look at the migration at hand?
    is_judged: bool,
    outcome: Outcome,
}

/// What a project tells about its migrations.
pub struct Told<'a> {
    pub config: &'a Config,
    pub directives: &'a [(SourceId, Directives)],
    pub folders: &'a phase::Folders,
}

impl<'a> Fold<'a> {
    pub fn new(
        project: &'a Project,
        history: &'a History,
        registry: &'a Registry<'a>,
        dialect: Dialect,
        told: &Told<'a>,
        lines: &'a Lines,
    ) -> Self {
        let config = told.config;
        Self {
            project,
            history,
            registry,
            config,
            dialect,
            directives: told.directives,
            folders: told.folders,
            uses_lock_timeout: config.asks_for("missing-lock-timeout"),
            downs_from: downs_from(project, history),
            unreleased: history.migrations.iter().filter(|m| m.unreleased).count(),
            schema: Schema::on(dialect.named.then_some(dialect.version)),
            doubts: Doubts::default(),
            earlier: EarlierDowns::default(),
            versions: Versions::default(),
            by_statement: false,
            very_long: unit::VERY_LONG,
            lines,
            watcher: None,
            is_judged: true,
            outcome: Outcome::default(),
        }
    }

    /// What is reported statement by statement is judged whole.
    pub fn in_manner(self, manner: &Manner<'a>) -> Self {
        Self {
            by_statement: manner.by_statement,
            watcher: manner.watcher,
            very_long: match manner.by_statement {
                true => u32::MAX,
                false => manner.very_long,
            },
            ..self
        }
    }

    pub fn run(mut self, progress: &AtomicUsize) -> Outcome {
        let mut batches = unit::batches(self.project, self.history).into_iter();
        let (project, history, very_long) = (self.project, self.history, self.very_long);
        let read = |batch| unit::read(project, history, batch, very_long);
        let mut current = batches.next().map(read);
        while let Some(batch) = current {
            let next = batches.next();
            let (read, ()) = rayon::join(
                || next.map(read),
                || {
                    for migration in &batch {
                        self.migration(migration);
                        progress.fetch_add(1, Ordering::Relaxed);
                    }
                },
            );
            current = read;
        }
        self.doubt_pairs();
        self.doubt_order();
        self.outcome
    }

    /// The up is not SQL: what it did can only be told from what its down takes
    /// back.
    fn doubt_unseen_up(&mut self, read: &ReadMigration) {
        for part in read.down.iter().filter(|_| read.up.is_empty()) {
            let source = part.part.source;
            let text = self.project.sources[source].slice(part.part.span);
            self.schema.lose_sight(text, source);
        }
    }

    /// Files of no known tool that share a number may be one and the same.
    fn shares_number(&self, migration: &Migration) -> bool {
        let same = |other: &&Migration| other.version == migration.version;
        self.history.layout == Layout::Plain
            && !migration.version.is_empty()
            && self.history.migrations.iter().filter(same).count() > 1
    }

    fn migration(&mut self, read: &ReadMigration) {
        let migration = &self.history.migrations[read.index];
        self.is_judged = migration.selected || self.may_share_a_name(migration, read);
        let declared = self.declared(migration);
        self.check_version(migration);
        let before = read.index.checked_sub(1);
        let before = before.map(|index| &self.history.migrations[index]);
        let same_release = migration.unreleased && before.is_some_and(|m| m.unreleased);
        self.schema
            .begin_migration(read.index as MigrationIndex, same_release);
        if let Some(raw) = &read.long {
            return self.long(migration, raw, &declared);
        }
        let rolls_back = has_rollback(&read.up) || has_rollback(&read.down);
        let marks = !read.down.is_empty() || rolls_back || self.by_statement;
        let start = marks.then(|| self.schema.mark());

        let calls = Calls::of(&read.up, &self.schema);
        let up = plan(&read.up, &calls, 0);
        let down_calls = Calls::of(&read.down, &self.schema);
        let down = plan(&read.down, &down_calls, 0);
        let way_back: Vec<&Operation> = down.iter().map(|p| p.operation).collect();
        let forth: Vec<&Operation> = up.iter().map(|p| p.operation).collect();

        if self.by_statement && migration.selected && !up.is_empty() {
            self.go_back(migration, &up);
        }
        let phase = declared.phase.or_else(|| Inferred::of(&up).phase());
        let forward = Script {
            migration,
            declared: &declared,
            phase,
            direction: Direction::Up,
            other_way: &way_back,
        };
        let Judged { verdict, .. } = self.script(&forward, &read.up, &up);
        self.report(&forward, read.up.first().map(as_run), verdict);

        if !read.down.is_empty() {
            self.doubt_unseen_up(read);
            // By the time the down runs, what the up created is in use.
            let before_down = self.schema.mark();
            let created = self.schema.begin_down();
            let began = self.schema.mark();
            let mut made = created.own.clone();
            for name in up.iter().filter_map(|p| drops_for_certain(p.operation)) {
                made.remove(&self.schema.resolve(name));
            }
            let back = Script {
                phase: None,
                direction: Direction::Down,
                other_way: &forth,
                ..forward
            };
            let Judged {
                verdict,
                refused,
                fails,
            } = self.script(&back, &read.down, &down);
            if let Some(start) = start {
                self.break_earlier(migration, read, &down, start);
                self.compare(Pair {
                    migration,
                    up: &up,
                    down: &down,
                    start,
                    began,
                    created: made,
                    refused,
                    fails,
                });
            }
            self.schema.roll_back(before_down);
            self.earlier.remember(migration, &down, &self.schema);
            self.schema.end_down(created);
            self.report(&back, read.down.first().map(as_run), verdict);
        }
        if start.is_some() {
            self.schema.forget();
        }
    }

    /// What undoes the up, for those who ask.
    fn go_back(&mut self, migration: &Migration, up: &[Planned<'_>]) {
        let source = &self.project.sources[migration.source];
        let sources = &self.project.sources;
        let text = |p: &Planned<'_>| sources[p.source].slice(p.statement_span);
        let way = way_back(up, &mut self.schema, self.dialect, text);
        let begins = |p: &Planned<'_>| {
            matches!(
                p.operation.action,
                Action::Transaction(TransactionControl::Begin)
            )
        };
        self.outcome.returns.push(Return {
            source: migration.source,
            id: migration.id.clone(),
            way,
            place: project::way_back::place(self.history.layout, migration, source),
            opens_transaction: up.iter().any(begins),
        });
    }

    fn scene<'s>(
        &self,
        of: &Script<'s>,
        script: &'s [&'s Operation],
        frames: &'s [Frame<'s>],
        sets_lock_timeout: bool,
    ) -> Scene<'s>
    where
        'a: 's,
    {
        let (way_back, forth): (&[_], &[_]) = match of.direction {
            Direction::Up => (of.other_way, &[]),
            Direction::Down => (&[], of.other_way),
        };
        Scene {
            migration: of.migration,
            layout: self.history.layout,
            dialect: self.dialect,
            direction: of.direction,
            phase: of.phase,
            phase_declared: of.declared.phase.is_some(),
            writes_downs: (self.downs_from).is_some_and(|from| self.schema.migration() >= from),
            may_have_company: match self.unreleased {
                0 => (self.history.migrations.last())
                    .is_some_and(|m| m.source == of.migration.source),
                1 => false,
                _ => of.migration.unreleased,
            },
            uses_lock_timeout: self.uses_lock_timeout || sets_lock_timeout,
            approved: of.declared.approved,
            checkpoint: of.declared.checkpoint,
            script,
            names: Names::default(),
            way_back,
            forth,
            names_back: Names::default(),
            sources: &self.project.sources,
            frames,
            goes_on: false,
        }
    }

    fn script(&mut self, of: &Script<'_>, parts: &[ReadPart], plan: &[Planned<'_>]) -> Judged {
        let script: Vec<&Operation> = plan.iter().map(|p| p.operation).collect();
        let frames: Vec<Frame<'_>> = parts.iter().map(|part| self.frame(part)).collect();
        let scene = self.scene(of, &script, &frames, sets_lock_timeout(plan, false));
        let first = self.outcome.findings.len();
        let settled = Arena::new();
        let mut run = ScriptRun {
            scene: &scene,
            decisions: Decisions::default(),
            settled: &settled,
            transactions: Transactions::default(),
            marks: Vec::new(),
            steps: Vec::with_capacity(plan.len()),
            rolls_back: has_rollback(parts),
            unread: None,
            part: usize::MAX,
            rowless: Rowless::default(),
        };
        self.walk(&mut run, parts, plan);
        // What nobody commits is gone with the session.
        let is_left_open = run.transactions.run().opened_by == OpenedBy::Script;
        let steps = run.steps;
        if self.is_judged {
            self.migration_rules(&scene, &steps);
        }
        if self.by_statement && of.migration.selected {
            self.outcome
                .statements
                .extend(statements(&steps, of.direction));
        }
        let fails = |step: &Step<'_>| {
            let is_forbidden = step.effect.forbidden_in_transaction.is_some()
                && (step.run.transaction.is_some() || step.operation.within.block);
            step.fails() || is_forbidden
        };
        let judged = Judged {
            verdict: verdict_of(&steps, &mut None, |key| self.is_hidden(key)),
            fails: !self.schema.is_unsure()
                && !has_rollback(parts)
                && (is_left_open || steps.iter().any(fails) || self.has_told_of_order(first)),
            refused: match self.schema.is_unsure() || has_rollback(parts) {
                true => Vec::new(),
                false => refused(&steps),
            },
        };
        self.uses_lock_timeout |= sets_lock_timeout(plan, true);
        self.close(of, first);
        judged
    }

    /// Runs the operations of a script, or of a stretch of it.
    fn walk<'p>(&mut self, run: &mut ScriptRun<'_, 'p>, parts: &[ReadPart], plan: &[Planned<'p>]) {
        for (index, planned) in plan.iter().enumerate() {
            if planned.part != run.part {
                run.part = planned.part;
                let part = &parts[run.part];
                run.transactions
                    .begin_part(part, &self.project.sources[part.part.source]);
                self.schema.end_transaction();
                run.marks.clear();
                if run.rolls_back {
                    let mark = self.schema.mark();
                    run.marks
                        .push((None, mark, self.outcome.findings.len(), run.steps.len()));
                }
            }
            let settled = run.decisions.settle(planned, &self.schema);
            let operation = settled.map_or(planned.operation, |own| run.settled.alloc(own));
            let planned = Planned {
                operation,
                ..*planned
            };
            self.step(run, &planned, index);
        }
        if run.scene.migration.selected {
            self.count(parts);
        }
    }

    /// Has `down-wrong-order` found more than the effects of single steps tell?
    fn has_told_of_order(&self, first: usize) -> bool {
        let found = self.outcome.findings.get(first..).unwrap_or_default();
        found.iter().any(|f| f.rule == "down-wrong-order")
    }

    /// A script is through; what was found in it stands behind `first`.
    fn close(&mut self, of: &Script<'_>, first: usize) {
        if of.direction == Direction::Up {
            self.count_conflicts(first);
        }
        if !of.migration.selected {
            let context = self.outcome.findings.split_off(first);
            self.outcome.context.extend(context);
        }
    }

    fn frame(&self, read: &ReadPart) -> Frame<'a> {
        let source = &self.project.sources[read.part.source];
        let operations = read.statements.iter().map(|s| s.operations.as_slice());
        Frame::new(source, self.history.layout, read.part, operations)
    }

    fn step<'p>(&mut self, run: &mut ScriptRun<'_, 'p>, planned: &Planned<'p>, index: usize) {
        let operation = planned.operation;
        run.transactions
            .begin_statement(planned.statement, planned.statement_span);
        if let Action::Transaction(control) = &operation.action
            && !operation.within.block
        {
            self.control(run, control);
        }
        if self.is_judged {
            self.judge_step(run, planned, index);
        }
        if is_unread(&operation.action) && run.unread != Some(planned.statement) {
            run.unread = Some(planned.statement);
            let text = self.project.sources[planned.source].slice(planned.statement_span);
            self.schema.lose_sight(text, planned.source);
        }
        let adds = matches!(&operation.action, Action::Opaque { adds: true, .. });
        if planned.called
            && (is_unread(&operation.action) && !adds || names_at_run_time(&operation.action))
        {
            let text = self.project.sources[planned.source].slice(planned.statement_span);
            self.schema.doubt_named(text);
        }
        let is_void = matches!(&operation.action, Action::Set(set) if set.local)
            && run.transactions.run().transaction.is_none();
        let renamed = match &operation.action {
            Action::Rename { kind, name, to, .. } if kind.is_relation() => {
                let key = self.schema.resolve(name);
                Some((key, Key::new(key.schema, to.name)))
            }
            _ => None,
        };
        let conflict = match is_void {
            true => None,
            false => self.schema.apply(operation, planned.source),
        };
        if let Some((from, to)) = renamed {
            run.transactions.rename(&from, to);
        }
        if let Action::CreateTable(create) = &operation.action
            && planned.siblings.iter().any(|o| is_unread(&o.action))
        {
            self.schema.doubt(&create.name);
        }
        let decides =
            operation.within.block && planned.siblings.iter().any(|o| o.within.conditional);
        if let Some(conflict) = conflict
            && !decides
            && !operation.within.conditional
            && !is_half_read(planned)
            && !self.shares_number(run.scene.migration)
        {
            let of_this = |step: &&mut Step<'p>| step.index == index;
            if let Some(step) = run.steps.last_mut().filter(of_this) {
                step.conflict = Some(Box::from(conflict.why.as_str()));
            }
            if !self.follows_from_refusal(run, planned, &conflict.why) {
                self.report_conflict(planned, conflict);
            }
        }
    }

    /// What the server does for an operation, and what the rules say to it.
    fn judge_step<'p>(&mut self, run: &mut ScriptRun<'_, 'p>, planned: &Planned<'p>, index: usize) {
        let operation = planned.operation;
        let mut effect = postgres::effect(&effect::Scene {
            operation,
            siblings: planned.siblings,
            schema: &self.schema,
            version: self.dialect.version,
        });
        let transaction = run.transactions.run().transaction;
        run.rowless
            .relieve(planned, transaction, &self.schema, &mut effect);
        let transactions = &run.transactions;
        let mut verdict = self.judge(planned, &effect);
        let mut loses_writes = false;
        if verdict.old_release != OldRelease::Compatible {
            let cx = context(
                run.scene,
                planned,
                &effect,
                &self.schema,
                transactions,
                index,
            );
            loses_writes = soften(&mut verdict, &cx);
        }
        let inverse = self
            .by_statement
            .then(|| inverse::inverse(operation, planned.source, &mut self.schema, &effect))
            .map(Box::new);
        let first = self.outcome.findings.len();
        let asked = self.operation_rules(run.scene, planned, &effect, transactions, index);
        if asked == Asked::AndSilent {
            verdict.old_release = OldRelease::Compatible;
        }
        // No rule for the old release says so: it reads and writes as before.
        if loses_writes {
            verdict.old_release = verdict.old_release.max(OldRelease::Degraded);
        }
        match &effect.refusal {
            Some(refusal) => self.note_refused_alone(planned, refusal),
            None => self.doubts.note_run(&self.outcome.findings[first..]),
        }
        let visible = effect
            .locks
            .iter()
            .any(|l| !l.created && l.mode.blocks_writes() && !self.is_hidden(&l.relation));
        let how = run.transactions.run();
        let place = Place {
            source: planned.source,
            span: operation.place,
        };
        run.transactions
            .note(&effect, planned.statement, (place, index), |key| {
                self.is_hidden(key)
            });
        run.steps.push(Step {
            operation,
            index,
            verdict,
            run: how,
            source: planned.source,
            statement: planned.statement,
            statement_span: planned.statement_span,
            part: planned.part,
            visible,
            conflict: None,
            lock_timeout: self.schema.session().lock_timeout,
            inverse,
            effect,
        });
    }

    fn is_hidden(&self, key: &Key) -> bool {
        self.schema.is_created_now(key)
            || self
                .schema
                .table_by_key(key)
                .is_some_and(|t| t.is_temporary())
    }

    fn operation_rules(
        &mut self,
        scene: &Scene<'_>,
        planned: &Planned<'_>,
        effect: &Effect,
        transactions: &Transactions,
        index: usize,
    ) -> Asked {
        let registry = self.registry;
        let mut asked = match registry.asks_for_old_release() {
            true => Asked::AndSilent,
            false => Asked::NotAll,
        };
        // Which column it is, only the server knows: what it blocks can be told.
        let at_run_time =
            column_of(&planned.operation.action).is_some_and(|(_, c)| c.contains(RUN_TIME));
        let context = context(scene, planned, effect, &self.schema, transactions, index);
        let mut findings = Findings::new(std::mem::take(&mut self.outcome.findings));
        for active in registry.for_kind(planned.operation.action.kind()) {
            let Check::Operation { check, .. } = &active.rule.check else {
                continue;
            };
            let is_evidence = active.is_evidence();
            if rests(active, scene) || at_run_time && active.is_about_old_release() {
                if is_evidence {
                    asked = Asked::NotAll;
                }
                continue;
            }
            let before = findings.list.len();
            let said = findings.said;
            active.ask(&mut findings, planned.source);
            check(&context, &mut findings);
            if is_evidence && findings.said > said {
                asked = Asked::NotAll;
            }
            if let Some(written) = planned.operation.within.written {
                let of_call = |f: &&mut Finding| f.span == planned.operation.place;
                for finding in findings.list[before..].iter_mut().filter(of_call) {
                    finding.related.push(Related {
                        source: planned.source,
                        span: written,
                        message: "it is written here, in the body of what is called".into(),
                    });
                }
            }
            if let Some(watcher) = self.watcher.filter(|_| scene.migration.selected) {
                for finding in &findings.list[before..] {
                    watcher(&Seen {
                        finding,
                        context: &context,
                        history: self.history,
                    });
                }
            }
        }
        self.outcome.findings = findings.list;
        asked
    }

    fn migration_rules(&mut self, scene: &Scene<'_>, steps: &[Step<'_>]) {
        let registry = self.registry;
        let context = MigrationContext {
            scene,
            steps,
            schema: &self.schema,
        };
        let source = scene.migration.source;
        let mut findings = Findings::new(std::mem::take(&mut self.outcome.findings));
        for active in registry.for_migration() {
            let check = match &active.rule.check {
                Check::Migration(check) if !rests(active, scene) => check,
                Check::Down(check) if scene.direction == Direction::Down => check,
                _ => continue,
            };
            active.ask(&mut findings, source);
            check(&context, &mut findings);
        }
        self.outcome.findings = findings.list;
    }

    fn count(&mut self, parts: &[ReadPart]) {
        let summary = &mut self.outcome.summary;
        for statement in parts.iter().flat_map(|part| &part.statements) {
            summary.statements += 1;
            let any =
                |test: fn(&Action) -> bool| statement.operations.iter().any(|o| test(&o.action));
            summary.unparsed += usize::from(any(|a| matches!(a, Action::Unparsed { .. })));
            summary.opaque += usize::from(any(|a| matches!(a, Action::Opaque { .. })));
        }
    }

    fn report(&mut self, of: &Script<'_>, part: Option<Part>, verdict: Verdict) {
        let migration = of.migration;
        if !migration.selected {
            return;
        }
        self.outcome.migrations.push(MigrationReport {
            source: part.map_or(migration.source, |p| p.source),
            id: migration.id.clone(),
            direction: of.direction,
            layout: self.history.layout,
            phase: of.phase,
            phase_declared: of.declared.phase.is_some() && of.direction == Direction::Up,
            release: of.declared.release.clone(),
            transaction: part.map_or(project::Transaction::None, |p| p.transaction),
            verdict,
        });
    }
}

/// The rules that speak for the old release know more of what stands around an
/// operation than its effect does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Each of them was asked, and none had anything to say: nothing else could
    /// explain another verdict than the best.
    AndSilent,
    /// One spoke, rested or is switched off.
    NotAll,
}

/// A direction of a migration, and what is known of it beforehand.
#[derive(Clone, Copy)]
struct Script<'s> {
    migration: &'s Migration,
    declared: &'s Declared,
    phase: Option<Phase>,
    direction: Direction,
    /// The operations of the other direction.
    other_way: &'s [&'s Operation],
}

/// What is known of a script when it is through.
struct Judged {
    verdict: Verdict,
    /// The operations that the server refuses for certain, by their places in
    /// the plan, where the others can be run without them.
    refused: Vec<usize>,
    /// One of them is, or does not fit what it finds.
    fails: bool,
}

struct ScriptRun<'s, 'p> {
    scene: &'s Scene<'s>,
    /// What the schema says of the branches of the statement at hand,
    decisions: Decisions,
    /// and what operations come to by that.
    settled: &'p Arena<Operation>,
    transactions: Transactions,
    marks: Vec<SavedState>,
    steps: Vec<Step<'p>>,
    rolls_back: bool,
    /// The last statement of which something could not be read.
    unread: Option<u32>,
    /// Which part of the script is at hand.
    part: usize,
    rowless: Rowless,
}

/// The operations of statements that the server refuses for certain.
fn refused(steps: &[Step<'_>]) -> Vec<usize> {
    let statement = |step: &Step<'_>| (step.part, step.statement);
    let refused: FxHashSet<_> = steps
        .iter()
        .filter(|step| step.refusal().is_some())
        .map(statement)
        .collect();
    let of_these = steps
        .iter()
        .filter(|step| refused.contains(&statement(step)));
    of_these.map(|step| step.index).collect()
}

fn rests(active: &Active, scene: &Scene<'_>) -> bool {
    let declared = scene.phase.filter(|_| scene.phase_declared);
    active.rests_in(declared) || (scene.direction == Direction::Down && !active.reads_downs())
}

/// Does a script set `lock_timeout`, and to a limit where that is asked? What
/// every dump says at its head does not count.
fn sets_lock_timeout(plan: &[Planned<'_>], to_a_limit: bool) -> bool {
    let mut sets = false;
    for planned in plan {
        let Action::Set(set) = &planned.operation.action else {
            continue;
        };
        match set.name.as_str() {
            "lock_timeout" => {
                let limit = set
                    .value
                    .as_deref()
                    .is_some_and(|value| value.bytes().any(|b| matches!(b, b'1'..=b'9')));
                sets |= limit || !to_a_limit;
            }
            "idle_in_transaction_session_timeout" if !to_a_limit => return false,
            _ => {}
        }
    }
    sets
}

fn context<'s>(
    scene: &'s Scene<'s>,
    planned: &Planned<'s>,
    effect: &'s Effect,
    schema: &'s Schema,
    transactions: &'s Transactions,
    index: usize,
) -> OperationContext<'s> {
    OperationContext {
        scene,
        operation: planned.operation,
        index,
        siblings: planned.siblings,
        effect,
        schema,
        run: transactions.run(),
        closed: transactions.closed(),
        source: planned.source,
        statement: planned.statement_span,
        frame: &scene.frames[planned.part],
    }
}

/// From which migration on a project writes downs. One that has come this far
/// without has decided so, and to begin with it later as well; so has one with
/// downs for less than half of its migrations since. One that says nothing is
/// none.
fn downs_from(project: &Project, history: &History) -> Option<MigrationIndex> {
    const FIRST: usize = 2;
    let says_something = |part: &Part| {
        let text = project.sources[part.source].slice(part.span);
        let mut lexer = Lexer::new(text, Span::new(0, text.len() as u32));
        std::iter::from_fn(|| lexer.next()).any(|met| matches!(met, Lexeme::Token(_)))
    };
    let has_down = |migration: &&Migration| match &migration.down {
        Down::Missing => false,
        Down::Parts(parts) => parts.iter().any(says_something),
        _ => true,
    };
    let migrations = &history.migrations;
    if migrations.len() <= FIRST {
        return Some(0);
    }
    let first = migrations.iter().position(|m| has_down(&m))?;
    let from = if first <= FIRST { 0 } else { first };
    let since = &migrations[from..];
    let has_begun = from == 0 || since.len() > FIRST;
    let writes = has_begun && 2 * since.iter().filter(has_down).count() >= since.len();
    writes.then_some(from as MigrationIndex)
}
