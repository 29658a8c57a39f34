//! One history, from its first migration to its last.

mod context;
mod control;
mod declared;
mod doubt;
mod earlier;
mod pair;
mod statements;
mod version;

use std::sync::atomic::{AtomicUsize, Ordering};

use smol_str::SmolStr;

use super::fingerprint::Lines;
use super::registry::{Active, Registry};
use super::script::{Calls, Planned, Transactions, is_unread, names_at_run_time, plan};
use super::undo::way_back;
use super::unit::{self, ReadMigration, ReadPart};
use super::{Outcome, Seen, Watcher};
use crate::config::Config;
use crate::dialect::Dialect;
use crate::effect::old_release::old_release;
use crate::effect::{self, Effect, postgres};
use crate::inverse;
use crate::operation::{Action, Operation, TransactionControl};
use crate::phase::Phase;
use crate::project::{self, Down, History, Layout, Migration, Project, SourceId};
use crate::report::{Direction, MigrationReport, Return};
use crate::rule::{
    Check, Findings, Frame, MigrationContext, Names, OperationContext, Run, Scene, Step,
};
use crate::schema::{Conflict, Key, MigrationIndex, Schema};
use crate::suppress::Directives;
use crate::verdict::{Deploy, Verdict};

use control::{SavedState, has_rollback};
use declared::Declared;
use doubt::Doubts;
use earlier::EarlierDowns;
use pair::drops_for_certain;
use statements::statements;
use version::Versions;

pub struct Fold<'a> {
    project: &'a Project,
    history: &'a History,
    registry: &'a Registry<'a>,
    config: &'a Config,
    dialect: Dialect,
    directives: &'a [(SourceId, Directives)],
    /// An earlier migration set a limit, or the configuration asks for one: the
    /// project means to have it.
    uses_lock_timeout: bool,
    writes_downs: bool,
    schema: Schema,
    doubts: Doubts,
    earlier: EarlierDowns,
    versions: Versions,
    by_statement: bool,
    /// The lines of what was asked about.
    lines: &'a Lines,
    watcher: Option<&'a Watcher<'a>>,
    /// Are the rules to look at the migration at hand?
    is_judged: bool,
    outcome: Outcome,
}

impl<'a> Fold<'a> {
    pub fn new(
        project: &'a Project,
        history: &'a History,
        registry: &'a Registry<'a>,
        config: &'a Config,
        dialect: Dialect,
        directives: &'a [(SourceId, Directives)],
        lines: &'a Lines,
    ) -> Self {
        Self {
            project,
            history,
            registry,
            config,
            dialect,
            directives,
            uses_lock_timeout: config.asks_for("missing-lock-timeout"),
            writes_downs: writes_downs(history),
            schema: Schema::default(),
            doubts: Doubts::default(),
            earlier: EarlierDowns::default(),
            versions: Versions::default(),
            by_statement: false,
            lines,
            watcher: None,
            is_judged: true,
            outcome: Outcome::default(),
        }
    }

    /// Reports on each statement too, and looks at nothing else than what was
    /// asked about.
    pub fn by_statement(self, by_statement: bool) -> Self {
        Self {
            by_statement,
            ..self
        }
    }

    pub fn watched_by(self, watcher: Option<&'a Watcher<'a>>) -> Self {
        Self { watcher, ..self }
    }

    pub fn run(mut self, progress: &AtomicUsize) -> Outcome {
        let mut batches = unit::batches(self.project, self.history).into_iter();
        let (project, history) = (self.project, self.history);
        let mut current = batches
            .next()
            .map(|batch| unit::read(project, history, batch));
        while let Some(batch) = current {
            let next = batches.next();
            let (read, ()) = rayon::join(
                || next.map(|next| unit::read(project, history, next)),
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
        self.schema.begin_migration(read.index as MigrationIndex);
        let rolls_back = has_rollback(&read.up) || has_rollback(&read.down);
        let marks = !read.down.is_empty() || rolls_back || self.by_statement;
        let start = marks.then(|| self.schema.mark());

        let calls = Calls::of(&read.up, &self.schema);
        let up = plan(&read.up, &calls);
        let down_calls = Calls::of(&read.down, &self.schema);
        let down = plan(&read.down, &down_calls);
        let way_back: Vec<&Operation> = down.iter().map(|p| p.operation).collect();
        let forth: Vec<&Operation> = up.iter().map(|p| p.operation).collect();

        if self.by_statement && migration.selected && !up.is_empty() {
            self.go_back(migration, &up);
        }
        let inferred = declared.phase.or_else(|| self.infer_phase(&up));
        let verdict = self.script(
            migration,
            &read.up,
            &up,
            &way_back,
            &declared,
            inferred,
            Direction::Up,
        );
        self.report(migration, read, Direction::Up, &declared, inferred, verdict);

        if !read.down.is_empty() {
            self.doubt_unseen_up(read);
            // By the time the down runs, what the up created is in use.
            let created = self.schema.take_created_now();
            let mut made = created.clone();
            for name in up.iter().filter_map(|p| drops_for_certain(p.operation)) {
                made.remove(&self.schema.resolve(name));
            }
            let before_down = self.schema.mark();
            let verdict = self.script(
                migration,
                &read.down,
                &down,
                &forth,
                &declared,
                None,
                Direction::Down,
            );
            if let Some(start) = start {
                self.compare(migration, &up, &down, start, &made);
                self.break_earlier(migration, read, &down, start);
            }
            self.schema.roll_back(before_down);
            self.earlier.remember(migration, &down, &self.schema);
            self.schema.put_created_now(created);
            self.report(migration, read, Direction::Down, &declared, None, verdict);
        }
        if start.is_some() {
            self.schema.forget();
        }
    }

    /// What undoes the up, for those who ask.
    fn go_back(&mut self, migration: &Migration, up: &[Planned<'_>]) {
        let source = &self.project.sources[migration.source];
        let way = way_back(up, &mut self.schema, self.dialect);
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

    #[allow(clippy::too_many_arguments)]
    fn script(
        &mut self,
        migration: &Migration,
        parts: &[ReadPart],
        plan: &[Planned<'_>],
        other_way: &[&Operation],
        declared: &Declared,
        phase: Option<Phase>,
        direction: Direction,
    ) -> Verdict {
        let script: Vec<&Operation> = plan.iter().map(|p| p.operation).collect();
        let frames: Vec<Frame<'_>> = parts.iter().map(|part| self.frame(part)).collect();
        let scene = Scene {
            migration,
            layout: self.history.layout,
            dialect: self.dialect,
            direction,
            phase,
            phase_declared: declared.phase.is_some(),
            writes_downs: self.writes_downs,
            uses_lock_timeout: self.uses_lock_timeout || sets_lock_timeout(plan, false),
            approved: declared.approved,
            checkpoint: declared.checkpoint,
            script: &script,
            names: Names::default(),
            way_back: match direction {
                Direction::Up => other_way,
                Direction::Down => &[],
            },
            forth: match direction {
                Direction::Up => &[],
                Direction::Down => other_way,
            },
            names_back: Names::default(),
            sources: &self.project.sources,
            frames: &frames,
        };
        let first = self.outcome.findings.len();
        let mut run = ScriptRun {
            scene: &scene,
            transactions: Transactions::new(),
            marks: Vec::new(),
            steps: Vec::with_capacity(plan.len()),
            rolls_back: has_rollback(parts),
            unread: None,
        };
        let mut part = usize::MAX;
        for (index, planned) in plan.iter().enumerate() {
            if planned.part != part {
                part = planned.part;
                run.transactions.begin_part(&parts[part]);
                self.schema.end_transaction();
                run.marks.clear();
                if run.rolls_back {
                    let mark = self.schema.mark();
                    run.marks
                        .push((None, mark, self.outcome.findings.len(), run.steps.len()));
                }
            }
            self.step(&mut run, planned, index);
        }
        if migration.selected {
            self.count(parts);
        }
        let steps = run.steps;
        if self.is_judged {
            self.migration_rules(&scene, &steps);
        }
        if self.by_statement && migration.selected {
            self.outcome
                .statements
                .extend(statements(&steps, direction));
        }
        let verdict = verdict_of(&steps, |key| self.is_hidden(key));
        self.uses_lock_timeout |= sets_lock_timeout(plan, true);
        if direction == Direction::Up {
            self.count_conflicts(first);
        }
        if !migration.selected {
            let context = self.outcome.findings.split_off(first);
            self.outcome.context.extend(context);
        }
        verdict
    }

    fn frame(&self, read: &ReadPart) -> Frame<'a> {
        let source = &self.project.sources[read.part.source];
        let operations = read.statements.iter().map(|s| s.operations.as_slice());
        Frame::new(source, self.history.layout, read.part, operations)
    }

    fn step<'p>(&mut self, run: &mut ScriptRun<'_, 'p>, planned: &Planned<'p>, index: usize) {
        let operation = planned.operation;
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
        if planned.called && (is_unread(&operation.action) || names_at_run_time(&operation.action))
        {
            let text = self.project.sources[planned.source].slice(planned.statement_span);
            self.schema.doubt_named(text);
        }
        let is_void = matches!(&operation.action, Action::Set(set) if set.local)
            && run.transactions.run().transaction.is_none();
        let conflict = match is_void {
            true => None,
            false => self.schema.apply(operation, planned.source),
        };
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
            && !self.shares_number(run.scene.migration)
        {
            let of_this = |step: &&mut Step<'p>| step.index == index;
            if let Some(step) = run.steps.last_mut().filter(of_this) {
                step.conflict = Some(SmolStr::new(&conflict.why));
            }
            self.report_conflict(planned, conflict);
        }
    }

    fn report_conflict(&mut self, planned: &Planned<'_>, conflict: Conflict) {
        let place = planned.operation.place;
        let Some(mut finding) = self
            .registry
            .builtin("schema-conflict", planned.source, place)
        else {
            return;
        };
        finding.message = conflict.why;
        if let Some(at) = conflict.at {
            finding.related.push(crate::finding::Related {
                source: at.source,
                span: at.span,
                message: "it was created or dropped here".into(),
            });
        }
        finding.help =
            "Make the migration fit the schema that the ones before it leave behind".into();
        self.outcome.findings.push(finding);
    }

    /// What the server does for an operation, and what the rules say to it.
    fn judge_step<'p>(&mut self, run: &mut ScriptRun<'_, 'p>, planned: &Planned<'p>, index: usize) {
        let operation = planned.operation;
        let effect = postgres::effect(&effect::Scene {
            operation,
            siblings: planned.siblings,
            schema: &self.schema,
            version: self.dialect.version,
        });
        let verdict = self.judge(planned, &effect);
        let inverse = self
            .by_statement
            .then(|| inverse::inverse(operation, planned.source, &mut self.schema, &effect))
            .map(Box::new);
        let how = run.transactions.run();
        self.operation_rules(run.scene, planned, &effect, how, index);
        let visible = effect
            .locks
            .iter()
            .any(|l| !l.created && l.mode.blocks_writes() && !self.is_hidden(&l.relation));
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

    fn judge(&self, planned: &Planned<'_>, effect: &Effect) -> Verdict {
        let scene = effect::Scene {
            operation: planned.operation,
            siblings: planned.siblings,
            schema: &self.schema,
            version: self.dialect.version,
        };
        Verdict {
            deploy: self.deploy(planned.operation, effect),
            old_release: old_release(&scene, effect),
            undo: inverse::undo(planned.operation, &self.schema, effect),
        }
    }

    fn deploy(&self, operation: &Operation, effect: &Effect) -> Deploy {
        let mut deploy = Deploy::Online;
        for lock in &effect.locks {
            if lock.created || !lock.mode.blocks_writes() || self.is_hidden(&lock.relation) {
                continue;
            }
            let works = effect.works_on(&lock.relation);
            deploy = deploy.max(if works {
                Deploy::Blocking
            } else {
                Deploy::Brief
            });
        }
        // Rows that are written stay locked until the end of the transaction.
        let writes_all = match &operation.action {
            Action::Update(update) => {
                update.filter.is_none() && !self.schema.is_hidden_name(&update.table)
            }
            Action::Delete(delete) => {
                delete.filter.is_none() && !self.schema.is_hidden_name(&delete.table)
            }
            _ => false,
        };
        if writes_all { Deploy::Blocking } else { deploy }
    }

    fn operation_rules(
        &mut self,
        scene: &Scene<'_>,
        planned: &Planned<'_>,
        effect: &Effect,
        run: Run,
        index: usize,
    ) {
        let registry = self.registry;
        let context = OperationContext {
            scene,
            operation: planned.operation,
            index,
            siblings: planned.siblings,
            effect,
            schema: &self.schema,
            run,
            source: planned.source,
            statement: planned.statement_span,
            frame: &scene.frames[planned.part],
        };
        let mut findings = Findings::new(std::mem::take(&mut self.outcome.findings));
        for active in registry.for_kind(planned.operation.action.kind()) {
            let Check::Operation { check, .. } = &active.rule.check else {
                continue;
            };
            if rests(active, scene) {
                continue;
            }
            let before = findings.list.len();
            active.ask(&mut findings, planned.source);
            check(&context, &mut findings);
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

    fn report(
        &mut self,
        migration: &Migration,
        read: &ReadMigration,
        direction: Direction,
        declared: &Declared,
        phase: Option<Phase>,
        verdict: Verdict,
    ) {
        if !migration.selected {
            return;
        }
        let parts = match direction {
            Direction::Up => &read.up,
            Direction::Down => &read.down,
        };
        let part = parts.first().map(|p| p.part);
        self.outcome.migrations.push(MigrationReport {
            source: part.map_or(migration.source, |p| p.source),
            id: migration.id.clone(),
            direction,
            layout: self.history.layout,
            phase,
            phase_declared: declared.phase.is_some() && direction == Direction::Up,
            release: declared.release.clone(),
            transaction: part.map_or(crate::project::Transaction::None, |p| p.transaction),
            verdict,
        });
    }
}

struct ScriptRun<'s, 'p> {
    scene: &'s Scene<'s>,
    transactions: Transactions,
    marks: Vec<SavedState>,
    steps: Vec<Step<'p>>,
    rolls_back: bool,
    /// The last statement of which something could not be read.
    unread: Option<u32>,
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

/// The worst of all steps; work that is done while an earlier statement of the
/// transaction holds a strong lock blocks for as long. A table that nobody else
/// can see is as good as empty.
fn verdict_of(steps: &[Step<'_>], is_hidden: impl Fn(&Key) -> bool) -> Verdict {
    let mut verdict = Verdict::default();
    let mut held: Option<u32> = None;
    for step in steps {
        verdict = verdict.and(step.verdict);
        let scanned = step.effect.scans.iter().map(|scan| &scan.relation);
        let works = scanned
            .chain(&step.effect.rewrites)
            .any(|key| !is_hidden(key));
        if works && held.is_some() && held == step.run.transaction {
            verdict.deploy = Deploy::Blocking;
        }
        if step.visible && step.run.transaction.is_some() {
            held = step.run.transaction;
        }
    }
    verdict
}

/// A project that has come this far with downs for less than half of its
/// migrations has decided so.
fn writes_downs(history: &History) -> bool {
    const YOUNG: usize = 5;
    let all = history.migrations.len();
    let has_down = |migration: &&Migration| !matches!(migration.down, Down::Missing);
    all < YOUNG || 2 * history.migrations.iter().filter(has_down).count() >= all
}
