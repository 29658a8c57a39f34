//! A script of tens of thousands of statements, such as a dump: it is read and
//! judged a stretch at a time, and of what is over only that is kept which the
//! rules about whole migrations ask for. Rules that look around see no further
//! than the stretch.

use typed_arena::Arena;

use super::rowless::Rowless;
use super::{Calls, Declared, Fold, Inferred, Script, ScriptRun, sets_lock_timeout, verdict_of};
use crate::analysis::decide::Decisions;
use crate::analysis::script::{Transactions, plan};
use crate::analysis::unit::{self, ReadPart};
use crate::operation::{Action, ConstraintKind, Operation};
use crate::project::Migration;
use crate::report::Direction;
use crate::rule::{Frame, Scene, Step};
use crate::statement::RawStatement;
use crate::verdict::Verdict;

/// What goes on from one stretch to the next.
struct Course<'k> {
    script: Script<'k>,
    inferred: Inferred,
    /// Statements of the whole script, and those that are behind.
    statements: usize,
    behind: usize,
    transactions: Transactions,
    rowless: Rowless,
    /// The transaction that holds a strong lock.
    held: Option<u32>,
    verdict: Verdict,
    sets_lock_timeout: bool,
    limits_lock_timeout: bool,
    operations: &'k Arena<Vec<Operation>>,
    kept: Vec<Step<'k>>,
}

impl Fold<'_> {
    pub(super) fn long(
        &mut self,
        migration: &Migration,
        raw: &[RawStatement],
        declared: &Declared,
    ) {
        let first = self.outcome.findings.len();
        let operations = Arena::new();
        let mut course = Course {
            script: Script {
                migration,
                declared,
                phase: declared.phase,
                direction: Direction::Up,
                other_way: &[],
            },
            inferred: Inferred::default(),
            statements: raw.len(),
            behind: 0,
            transactions: Transactions::default(),
            rowless: Rowless::default(),
            held: None,
            verdict: Verdict::default(),
            sets_lock_timeout: false,
            limits_lock_timeout: false,
            operations: &operations,
            kept: Vec::new(),
        };
        let (project, part) = (self.project, &migration.up[0]);
        let read = |raw: &[RawStatement]| unit::read_stretch(project, part, raw);
        let mut stretches = unit::stretches(raw, self.very_long).into_iter();
        let mut current = stretches.next().map(read);
        while let Some(stretch) = current {
            let next = stretches.next();
            current = None;
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| current = next.map(read));
                self.stretch(&mut course, stretch);
            });
        }
        let script: Vec<&Operation> = course.kept.iter().map(|step| step.operation).collect();
        let source = &self.project.sources[part.source];
        let each = script
            .iter()
            .map(|operation| std::slice::from_ref(*operation));
        let frame = Frame::new(source, self.history.layout, *part, each);
        let frames = [frame.among(course.statements.saturating_sub(script.len()))];
        let scene = self.scene(&course.script, &script, &frames, course.sets_lock_timeout);
        if self.is_judged {
            self.migration_rules(&scene, &course.kept);
        }
        self.uses_lock_timeout |= course.limits_lock_timeout;
        self.close(&course.script, first);
        self.report(&course.script, Some(*part), course.verdict);
    }

    fn stretch(&mut self, course: &mut Course<'_>, read: ReadPart) {
        let parts = std::slice::from_ref(&read);
        let calls = Calls::of(parts, &self.schema);
        let plan = plan(parts, &calls, course.behind as u32);
        course.inferred.add(&plan);
        course.script.phase = course.script.declared.phase.or(course.inferred.phase());
        course.sets_lock_timeout |= sets_lock_timeout(&plan, false);
        course.limits_lock_timeout |= sets_lock_timeout(&plan, true);

        let script: Vec<&Operation> = plan.iter().map(|p| p.operation).collect();
        let others = course.statements - read.statements.len();
        let frames = [self.frame(&read).among(others)];
        let scene = Scene {
            goes_on: course.behind + read.statements.len() < course.statements,
            ..self.scene(&course.script, &script, &frames, course.sets_lock_timeout)
        };
        let arena = Arena::new();
        let mut run = ScriptRun {
            scene: &scene,
            decisions: Decisions::default(),
            settled: &arena,
            transactions: std::mem::take(&mut course.transactions),
            marks: Vec::new(),
            steps: Vec::with_capacity(plan.len()),
            rolls_back: false,
            unread: None,
            rowless: std::mem::take(&mut course.rowless),
            part: match course.behind {
                0 => usize::MAX,
                _ => 0,
            },
        };
        run.transactions.begin_stretch();
        self.walk(&mut run, parts, &plan);
        course.behind += read.statements.len();
        course.transactions = run.transactions;
        course.rowless = run.rowless;
        let verdict = verdict_of(&run.steps, &mut course.held, |key| self.is_hidden(key));
        course.verdict = course.verdict.and(verdict);
        let kept = run.steps.into_iter().filter(|step| self.matters(step));
        let kept: Vec<Step<'_>> = kept.map(|step| self.without_hidden(step)).collect();
        // Room for just so many: they stay to the end.
        let operations = kept.iter().map(|step| step.operation.clone()).collect();
        let operations = course.operations.alloc(operations);
        for (step, operation) in kept.into_iter().zip(operations) {
            let index = course.kept.len();
            course.kept.push(settled(step, operation, index));
        }
    }

    /// The step without most of what it does to relations that nobody else can
    /// see; that it creates some stays.
    fn without_hidden<'s>(&self, mut step: Step<'s>) -> Step<'s> {
        let action = &step.operation.action;
        if matches!(
            action,
            Action::CreateTable(_) | Action::AddConstraint { .. }
        ) {
            let mut creates = false;
            step.effect.retain_locks(|lock| match lock.created {
                true => !std::mem::replace(&mut creates, true),
                false => !self.is_hidden(&lock.relation),
            });
            step.effect
                .scans
                .retain(|scan| !self.is_hidden(&scan.relation));
            step.effect.scans.shrink_to_fit();
        }
        step
    }

    /// May a rule about the whole migration ask for the step? What happens to
    /// objects that nobody else can see yet concerns none, except for tables,
    /// what refers to them, and rows.
    fn matters(&self, step: &Step<'_>) -> bool {
        let effect = &step.effect;
        let is_quiet = !step.visible
            && step.conflict.is_none()
            && effect.refusal.is_none()
            && effect.forbidden_in_transaction.is_none();
        let is_aside = match &step.operation.action {
            Action::AddConstraint { constraint, .. } => {
                !matches!(constraint.kind, ConstraintKind::ForeignKey(_))
            }
            // Of a table with rows it takes its time.
            Action::CreateIndex(create) => {
                let table = self.schema.table(&create.table);
                table.is_some_and(|table| !table.filled)
            }
            Action::AlterSequence { .. }
            | Action::Comment { .. }
            | Action::CreateSequence { .. }
            | Action::CreateTrigger(_)
            | Action::Grant(_)
            | Action::SetColumnOption { .. }
            | Action::SetDefault { .. }
            | Action::SetOwner { .. } => true,
            _ => false,
        };
        !(is_quiet && is_aside)
    }
}

/// The step with an operation that stays, at its place among what is kept.
fn settled<'k>(step: Step<'_>, operation: &'k Operation, index: usize) -> Step<'k> {
    Step {
        operation,
        index,
        effect: step.effect,
        verdict: step.verdict,
        run: step.run,
        source: step.source,
        statement: step.statement,
        statement_span: step.statement_span,
        part: step.part,
        visible: step.visible,
        conflict: step.conflict,
        lock_timeout: step.lock_timeout,
        inverse: step.inverse,
    }
}
