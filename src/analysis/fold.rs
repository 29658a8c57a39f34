//! One history, from its first migration to its last.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::Outcome;
use super::registry::{Active, Registry};
use super::script::{Calls, Planned, Transactions, plan};
use super::unit::{self, ReadMigration, ReadPart};
use crate::config::Config;
use crate::dialect::Dialect;
use crate::effect::old_release::old_release;
use crate::effect::{self, Effect, postgres};
use crate::finding::Finding;
use crate::inverse;
use crate::operation::{Action, ObjectName, Operation, TransactionControl};
use crate::page::Group;
use crate::phase::{self, Phase};
use crate::project::{Down, History, Layout, Migration, Problem, Project, SourceId};
use crate::report::{Direction, MigrationReport, StatementReport};
use crate::rule::{Check, Findings, MigrationContext, Names, OperationContext, Run, Scene, Step};
use crate::schema::{Key, Mark, MigrationIndex, Schema, column_of};
use crate::suppress::Directives;
use crate::verdict::{Deploy, OldRelease, Undo, Verdict};

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
    schema: Schema,
    /// Downs that were held against their ups, and those that differ.
    pairs: usize,
    unequal: usize,
    /// Conflicts in ups, and how many migrations have them.
    conflicts: usize,
    conflicted: usize,
    by_statement: bool,
    outcome: Outcome,
}

/// From so many pairs on, a history is asked whether its downs belong to the
/// ups of the same name at all.
const ENOUGH_PAIRS: usize = 20;

/// From so many conflicts on, a folder is asked whether it is one history.
const MANY_CONFLICTS: usize = 5;

/// What a phase is known by.
struct Declared {
    phase: Option<Phase>,
    approved: bool,
    checkpoint: bool,
    release: Option<String>,
}

impl<'a> Fold<'a> {
    pub fn new(
        project: &'a Project,
        history: &'a History,
        registry: &'a Registry<'a>,
        config: &'a Config,
        dialect: Dialect,
        directives: &'a [(SourceId, Directives)],
    ) -> Self {
        Self {
            project,
            history,
            registry,
            config,
            dialect,
            directives,
            uses_lock_timeout: config.asks_for("missing-lock-timeout"),
            schema: Schema::default(),
            pairs: 0,
            unequal: 0,
            conflicts: 0,
            conflicted: 0,
            by_statement: false,
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

    /// Some projects cut one change into many files and number the downs the
    /// other way round. Where most downs do not undo the up of their name, the
    /// file is not the unit, and what was found says nothing about the project.
    fn doubt_pairs(&mut self) {
        if self.pairs < ENOUGH_PAIRS || self.unequal * 5 < self.pairs * 2 {
            return;
        }
        let downs: FxHashSet<SourceId> = self
            .history
            .migrations
            .iter()
            .filter_map(|m| match &m.down {
                Down::Parts(parts) => Some(parts),
                _ => None,
            })
            .flatten()
            .map(|part| part.source)
            .collect();
        self.outcome.findings.retain(|finding| {
            !(finding.rule == "down-not-inverse"
                || finding.rule == "empty-down"
                || finding.rule == "schema-conflict" && downs.contains(&finding.source))
        });
        self.outcome.problems.push(Problem {
            path: self.history.root.clone(),
            message: format!(
                "{} of {} downs do not undo the up of the same name, so downs were not held \
                 against ups here",
                self.unequal, self.pairs
            ),
            fatal: false,
        });
    }

    /// A published history applied once. One that could not have is not one:
    /// several ways to the same state, or an installation beside its upgrades.
    /// Where a tool keeps the order, one bad migration says nothing of the kind.
    fn doubt_order(&mut self) {
        let known_order = self.history.layout != Layout::Plain;
        let few = self.conflicted * 50 <= self.history.migrations.len();
        if self.conflicts < MANY_CONFLICTS || few || known_order && self.conflicted < 3 {
            return;
        }
        let conflict = |finding: &Finding| finding.rule == "schema-conflict";
        self.outcome.findings.retain(|finding| !conflict(finding));
        self.outcome.problems.push(Problem {
            path: self.history.root.clone(),
            message: format!(
                "{} of {} migrations do not fit what those before them leave behind: this is not \
                 one history, so schema-conflict was left out here",
                self.conflicted,
                self.history.migrations.len()
            ),
            fatal: false,
        });
    }

    fn count_conflicts(&mut self, first: usize) {
        let new = &self.outcome.findings[first.min(self.outcome.findings.len())..];
        let conflicts = new.iter().filter(|f| f.rule == "schema-conflict").count();
        self.conflicts += conflicts;
        self.conflicted += usize::from(conflicts > 0);
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
        let declared = self.declared(migration);
        self.schema.begin_migration(read.index as MigrationIndex);
        let rolls_back = has_rollback(&read.up) || has_rollback(&read.down);
        let start = (!read.down.is_empty() || rolls_back).then(|| self.schema.mark());

        let calls = Calls::of(&read.up, &self.schema);
        let up = plan(&read.up, &calls);
        let down_calls = Calls::of(&read.down, &self.schema);
        let down = plan(&read.down, &down_calls);
        let way_back: Vec<&Operation> = down.iter().map(|p| p.operation).collect();

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
                &[],
                &declared,
                None,
                Direction::Down,
            );
            if let Some(start) = start {
                self.compare(migration, &up, &down, start, &made);
            }
            self.schema.roll_back(before_down);
            self.schema.put_created_now(created);
            self.report(migration, read, Direction::Down, &declared, None, verdict);
        }
        if start.is_some() {
            self.schema.forget();
        }
    }

    fn declared(&self, migration: &Migration) -> Declared {
        let mut declared = Declared {
            phase: None,
            approved: false,
            checkpoint: false,
            release: None,
        };
        let path = self.project.sources[migration.source].path();
        for source in sources_of(migration) {
            let Ok(at) = self.directives.binary_search_by_key(&source, |(id, _)| *id) else {
                continue;
            };
            let found = &self.directives[at].1;
            declared.phase = declared.phase.or(found.phase.map(|(phase, _)| phase));
            declared.approved |= found.approves_irreversible();
            declared.checkpoint |= found.checkpoint.is_some();
            declared.release = declared.release.or_else(|| found.release.clone());
        }
        declared.phase = declared
            .phase
            .or_else(|| self.config.phase_for(path))
            .or_else(|| phase::of_path(path));
        declared
    }

    fn infer_phase(&self, plan: &[Planned<'_>]) -> Option<Phase> {
        let mut created: FxHashSet<SmolStr> = FxHashSet::default();
        let mut found = None;
        for planned in plan {
            let (name, phase) = match &planned.operation.action {
                Action::CreateTable(create) => {
                    created.insert(create.name.name.clone());
                    (None, Some(Phase::Expand))
                }
                action => phase_of(action),
            };
            if name.is_some_and(|n| created.contains(n)) {
                continue;
            }
            match (found, phase) {
                (_, None) => {}
                (None, Some(_)) => found = phase,
                (Some(Phase::Contract), Some(Phase::Contract)) => {}
                (Some(Phase::Contract), Some(_)) | (Some(_), Some(Phase::Contract)) => return None,
                (Some(a), Some(b)) => found = Some(a.max(b)),
            }
        }
        found
    }

    #[allow(clippy::too_many_arguments)]
    fn script(
        &mut self,
        migration: &Migration,
        parts: &[ReadPart],
        plan: &[Planned<'_>],
        way_back: &[&Operation],
        declared: &Declared,
        phase: Option<Phase>,
        direction: Direction,
    ) -> Verdict {
        let script: Vec<&Operation> = plan.iter().map(|p| p.operation).collect();
        let scene = Scene {
            migration,
            layout: self.history.layout,
            dialect: self.dialect,
            direction,
            phase,
            phase_declared: declared.phase.is_some(),
            uses_lock_timeout: self.uses_lock_timeout || sets_lock_timeout(plan, false),
            approved: declared.approved,
            checkpoint: declared.checkpoint,
            script: &script,
            names: Names::default(),
            way_back,
            names_back: Names::default(),
            sources: &self.project.sources,
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
        if self.is_of_interest(migration) {
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

    fn step<'p>(&mut self, run: &mut ScriptRun<'_, 'p>, planned: &Planned<'p>, index: usize) {
        let operation = planned.operation;
        if let Action::Transaction(control) = &operation.action
            && !operation.within.block
        {
            self.control(run, control);
        }
        if self.is_of_interest(run.scene.migration) {
            self.judge_step(run, planned, index);
        }
        if is_unread(&operation.action) && run.unread != Some(planned.statement) {
            run.unread = Some(planned.statement);
            let text = self.project.sources[planned.source].slice(planned.statement_span);
            self.schema.lose_sight(text, planned.source);
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
            && let Some(mut finding) =
                self.registry
                    .builtin("schema-conflict", planned.source, operation.place)
        {
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
    }

    /// Are the rules to look at it? Fingerprints count what they say about the
    /// rest of the history too; who asks for statements wants an answer at once.
    fn is_of_interest(&self, migration: &Migration) -> bool {
        migration.selected || !self.by_statement
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
            visible,
            lock_timeout: self.schema.session().lock_timeout,
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
        for active in registry.for_kind(planned.operation.action.kind()) {
            let Check::Operation { check, .. } = &active.rule.check else {
                continue;
            };
            if rests(active, scene) {
                continue;
            }
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
            };
            let mut findings = collector(active, planned.source, &mut self.outcome.findings);
            check(&context, &mut findings);
            self.outcome.findings = findings.list;
        }
    }

    fn migration_rules(&mut self, scene: &Scene<'_>, steps: &[Step<'_>]) {
        let registry = self.registry;
        for active in registry.for_migration() {
            let Check::Migration(check) = &active.rule.check else {
                continue;
            };
            if rests(active, scene) {
                continue;
            }
            let context = MigrationContext {
                scene,
                steps,
                schema: &self.schema,
            };
            let source = scene.migration.source;
            let mut findings = collector(active, source, &mut self.outcome.findings);
            check(&context, &mut findings);
            self.outcome.findings = findings.list;
        }
    }

    /// BEGIN, COMMIT, ROLLBACK and savepoints.
    fn control(&mut self, run: &mut ScriptRun<'_, '_>, control: &TransactionControl) {
        if run.rolls_back {
            match control {
                TransactionControl::Begin => {
                    let mark = self.schema.mark();
                    run.marks.clear();
                    run.marks
                        .push((None, mark, self.outcome.findings.len(), run.steps.len()));
                }
                TransactionControl::Savepoint(name) => {
                    let mark = self.schema.mark();
                    let name = Some(name.clone());
                    run.marks
                        .push((name, mark, self.outcome.findings.len(), run.steps.len()));
                }
                TransactionControl::Rollback => {
                    self.take_back(run, 0);
                }
                TransactionControl::RollbackTo(name) => {
                    let at = run.marks.iter().rposition(|m| m.0.as_ref() == Some(name));
                    if let Some(at) = at {
                        self.take_back(run, at);
                    }
                }
                TransactionControl::Commit => {
                    let mark = self.schema.mark();
                    run.marks.clear();
                    run.marks
                        .push((None, mark, self.outcome.findings.len(), run.steps.len()));
                }
                _ => {}
            }
        }
        run.transactions.control(control);
        if control.ends_transaction() {
            self.schema.end_transaction();
        }
    }

    /// What was rolled back changed nothing; what it blocked, it blocked.
    fn take_back(&mut self, run: &mut ScriptRun<'_, '_>, to: usize) {
        run.marks.truncate(to + 1);
        let Some((_, schema, findings, steps)) = run.marks.last_mut() else {
            return;
        };
        self.schema.roll_back(*schema);
        let registry = self.registry;
        let since = self.outcome.findings.split_off(*findings);
        let stays = |finding: &Finding| {
            let group = registry.get(finding.rule).map(Active::group);
            matches!(
                group,
                Some(Group::Deploy | Group::Transactions | Group::Trust)
            )
        };
        self.outcome
            .findings
            .extend(since.into_iter().filter(stays));
        for step in &mut run.steps[*steps..] {
            step.verdict.old_release = OldRelease::Compatible;
            step.verdict.undo = Undo::Exact;
        }
        *findings = self.outcome.findings.len();
        *steps = run.steps.len();
    }

    /// Holds the schema after up and down against the schema before.
    fn compare(
        &mut self,
        migration: &Migration,
        up: &[Planned<'_>],
        down: &[Planned<'_>],
        start: Mark,
        created: &FxHashSet<Key>,
    ) {
        let unsure = |plan: &[Planned<'_>]| {
            plan.iter().any(|p| {
                matches!(
                    p.operation.action,
                    Action::Opaque { .. } | Action::Unparsed { .. }
                ) || p.operation.within.block
            })
        };
        let does_something = |plan: &[Planned<'_>]| {
            plan.iter()
                .any(|p| !matches!(p.operation.action, Action::Nothing | Action::Select { .. }))
        };
        if !migration.selected || unsure(up) || unsure(down) || !does_something(down) {
            return;
        }
        self.pairs += 1;
        let found = inverse::differences(&self.schema, start, created).list;
        let does = |p: &&Planned<'_>| !is_setting(&p.operation.action);
        let about = |p: &&Planned<'_>| is_about(p.operation, &found);
        let at = down.iter().find(about).or_else(|| down.iter().find(does));
        let Some(at) = at.or(down.first()) else {
            return;
        };
        if found.is_empty() {
            return;
        }
        self.unequal += 1;
        // The files do not bring the schema back as it was.
        if let Some(up) = self.outcome.migrations.last_mut() {
            up.verdict.undo = up.verdict.undo.max(Undo::Lossy);
        }
        let Some(mut finding) =
            self.registry
                .builtin("down-not-inverse", at.source, at.operation.place)
        else {
            return;
        };
        let more = found.len().saturating_sub(4);
        let mut listed = found[..found.len() - more].join("; ");
        if more > 0 {
            listed.push_str(&format!("; and {more} more"));
        }
        finding.message = format!("the down does not give the schema back: {listed}");
        finding.help = remedy(&found);
        self.outcome.findings.push(finding);
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

/// A savepoint's name, the schema then, and how many findings and steps there
/// were.
type SavedState = (Option<SmolStr>, Mark, usize, usize);

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

fn collector(active: &Active, source: SourceId, list: &mut Vec<Finding>) -> Findings {
    Findings {
        rule: active.rule.id,
        severity: active.severity(),
        confidence: active.confidence(),
        source,
        list: std::mem::take(list),
    }
}

fn is_unread(action: &Action) -> bool {
    matches!(action, Action::Unparsed { .. } | Action::Opaque { .. })
}

/// What the down would have to do besides, for people.
fn remedy(differences: &[String]) -> String {
    let step = |difference: &String| {
        let gone = difference.strip_suffix(" is gone");
        let left = difference.strip_suffix(" is still there");
        gone.map(|what| format!("create {what} again"))
            .or_else(|| left.map(|what| format!("drop {what}")))
    };
    let steps: Vec<String> = differences.iter().filter_map(step).take(3).collect();
    if steps.is_empty() {
        return "Undo each step of the up, last step first; say in a comment what does not come back"
            .into();
    }
    let mut help = format!("In the down, {}", steps.join(", and "));
    if steps.iter().any(|step| step.starts_with("create")) {
        help.push_str("; say in a comment which data does not come back");
    }
    help
}

/// A relation that a script drops was there, whatever the history knows.
fn drops_for_certain(operation: &Operation) -> Option<&ObjectName> {
    match &operation.action {
        Action::Drop {
            kind,
            name,
            if_exists: false,
            ..
        } if kind.is_relation() => Some(name),
        _ => None,
    }
}

/// The statement of a down that is about one of the differences.
fn is_about(operation: &Operation, differences: &[String]) -> bool {
    let named = match &operation.action {
        Action::Drop { name, .. } => format!(" `{}`", name.name),
        Action::CreateView(view) => format!("view `{}`", view.name),
        Action::CreateIndex(index) => match &index.name {
            Some(name) => format!("index `{}`", name.name),
            None => return false,
        },
        Action::AddConstraint { constraint, .. } => match &constraint.name {
            Some(name) => format!(" `{}` of", name.name),
            None => return false,
        },
        action => match column_of(action) {
            Some((table, column)) => format!("column `{column}` of `{}`", table.name),
            None => return false,
        },
    };
    differences.iter().any(|text| text.contains(&named))
}

/// Does it only prepare for what comes?
fn is_setting(action: &Action) -> bool {
    matches!(
        action,
        Action::Transaction(_) | Action::Set(_) | Action::Nothing
    )
}

fn sources_of(migration: &Migration) -> impl Iterator<Item = SourceId> {
    std::iter::once(migration.source).chain(migration.up.iter().map(|p| p.source))
}

fn has_rollback(parts: &[ReadPart]) -> bool {
    parts
        .iter()
        .flat_map(|part| &part.statements)
        .flat_map(|statement| &statement.operations)
        .any(|operation| {
            matches!(
                operation.action,
                Action::Transaction(
                    TransactionControl::Rollback | TransactionControl::RollbackTo(_)
                )
            )
        })
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

/// The phase that an operation belongs to, and the table that it is about.
fn phase_of(action: &Action) -> (Option<&SmolStr>, Option<Phase>) {
    match action {
        Action::DropColumn { table, .. } | Action::RenameColumn { table, .. } => {
            (Some(&table.name.name), Some(Phase::Contract))
        }
        Action::Drop { name, kind, .. } if kind.is_relation() => {
            (Some(&name.name), Some(Phase::Contract))
        }
        Action::Rename { name, kind, .. } if kind.is_relation() => {
            (Some(&name.name), Some(Phase::Contract))
        }
        Action::Insert(insert) => (Some(&insert.table.name), Some(Phase::Migrate)),
        Action::Update(update) => (Some(&update.table.name), Some(Phase::Migrate)),
        Action::Delete(delete) => (Some(&delete.table.name), Some(Phase::Migrate)),
        Action::AddColumn { .. }
        | Action::CreateIndex(_)
        | Action::CreateView(_)
        | Action::CreateType(_)
        | Action::AddConstraint { .. } => (None, Some(Phase::Expand)),
        _ => (None, None),
    }
}

/// What was found out about each statement.
fn statements(steps: &[Step<'_>], direction: Direction) -> Vec<StatementReport> {
    let of_one = |a: &Step<'_>, b: &Step<'_>| a.statement == b.statement;
    steps
        .chunk_by(of_one)
        .filter_map(|steps| {
            let first = steps.first()?;
            let mut report = StatementReport {
                source: first.source,
                span: first.statement_span,
                direction,
                operations: Vec::new(),
                effect: Effect::default(),
                verdict: Verdict::default(),
            };
            for step in steps {
                let name = step.operation.action.name();
                if !report.operations.contains(&name) {
                    report.operations.push(name);
                }
                report.effect.join(&step.effect);
                report.verdict = report.verdict.and(step.verdict);
            }
            Some(report)
        })
        .collect()
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
