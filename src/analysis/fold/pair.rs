//! A down held against its up.

use rustc_hash::FxHashSet;

use super::{Decisions, Fold, Planned, names_at_run_time};
use crate::analysis::undo::operations;
use crate::finding::Severity;
use crate::inverse::{self, Between, difference::STILL_THERE};
use crate::name::Name;
use crate::operation::{Action, Column, Constraint, ConstraintKind, ObjectName, Operation, Target};
use crate::project::{Migration, SourceId};
use crate::rule::{listed, mentions, object_name};
use crate::schema::{Key, Mark, column_of};
use crate::source::Span;
use crate::statement::lexer::on_one_line;
use crate::verdict::Undo;

/// What is said of what the down alone makes.
const NOT_BEFORE: &str = "was not there before";

/// An up and its down, which have been judged.
pub(super) struct Pair<'p> {
    pub(super) migration: &'p Migration,
    pub(super) up: &'p [Planned<'p>],
    pub(super) down: &'p [Planned<'p>],
    /// Before the up.
    pub(super) start: Mark,
    /// Before the down.
    pub(super) began: Mark,
    /// What the up created, and was not there before.
    pub(super) created: FxHashSet<Key>,
    /// What the server refuses of the down: places in it, in order.
    pub(super) refused: Vec<usize>,
}

impl Fold<'_> {
    /// Holds the schema after up and down against the schema before.
    pub(super) fn compare(&mut self, mut pair: Pair<'_>) {
        let Pair {
            migration,
            up,
            down,
            start,
            ..
        } = pair;
        let unsure = |plan: &[Planned<'_>]| {
            plan.iter().any(|p| {
                matches!(
                    p.operation.action,
                    Action::Opaque { .. } | Action::Unparsed { .. }
                )
            })
        };
        let does_something = |plan: &[Planned<'_>]| {
            plan.iter().any(|p| {
                !matches!(
                    p.operation.action,
                    Action::Nothing | Action::SetConstraints { .. } | Action::Select { .. }
                )
            })
        };
        if !self.is_judged || unsure(up) || unsure(down) || !does_something(down) {
            return;
        }
        self.doubts.pairs += usize::from(migration.selected);
        let mut found = self.differences(&mut pair);
        if found == inverse::Differences::default() {
            return;
        }
        let restored: Vec<String> = down
            .iter()
            .filter_map(|p| self.restored_unknown(p.operation))
            .collect();
        found.list.retain(|text| !restored.contains(text));
        // What a block does may depend on what it finds.
        let blocks: Vec<&str> = self.blocks(up.iter().chain(down));
        for list in [&mut found.list, &mut found.unclear, &mut found.minor] {
            list.retain(|text| !blocks.iter().any(|block| has_a_part_in(block, text)));
        }
        // What a refused statement would have done to an object is no news.
        let failed: Vec<&str> = self.refused(down, &pair.refused);
        for list in [&mut found.list, &mut found.unclear, &mut found.minor] {
            list.retain(|text| {
                let mut names = named(text).into_iter();
                !names.any(|name| failed.iter().any(|text| mentions(text, name)))
            });
        }
        let (by_up, by_down) = (made_by(up), made_by(down));
        for text in found.list.iter_mut().chain(&mut found.minor) {
            if let Some(what) = text.strip_suffix(STILL_THERE)
                && by_down.contains(&kind_and_name(what))
                && !by_up.contains(&kind_and_name(what))
            {
                *text = format!("{what}{NOT_BEFORE}");
            }
        }
        let severity = match () {
            () if !found.list.is_empty() => None,
            () if !found.unclear.is_empty() => Some(Severity::Warning),
            () => Some(Severity::Info),
        };
        let is_minor = severity.is_some();
        let found = match severity {
            Some(Severity::Info) => found.minor,
            _ => [found.list, found.unclear].concat(),
        };
        let does = |p: &&Planned<'_>| !is_setting(&p.operation.action);
        let about = |p: &&Planned<'_>| is_about(p.operation, &found);
        let at = down.iter().find(about).or_else(|| down.iter().find(does));
        let Some(at) = at.or(down.first()) else {
            return;
        };
        if found.is_empty() {
            return;
        }
        if !is_minor {
            self.doubts.unequal += usize::from(migration.selected);
            // The files do not bring the schema back as it was.
            if let Some(up) = self.outcome.migrations.last_mut()
                && migration.selected
            {
                up.verdict.undo = up.verdict.undo.max(Undo::Lossy);
            }
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
        finding.help = self.remedy(&found, start);
        if let Some(severity) = severity {
            finding.severity = severity;
        }
        match migration.selected {
            true => self.outcome.findings.push(finding),
            false => self.outcome.context.push(finding),
        }
    }

    /// What differs. A statement that the server refuses does nothing, and
    /// meant something: what differs by either alone says nothing of the down.
    fn differences(&mut self, pair: &mut Pair<'_>) -> inverse::Differences {
        let between = Between {
            created: std::mem::take(&mut pair.created),
            added: self.added_by_down(pair),
        };
        let mut found = inverse::differences(&self.schema, pair.start, &between);
        if pair.refused.is_empty() || found == inverse::Differences::default() {
            return found;
        }
        self.schema.roll_back(pair.began);
        let mut decisions = Decisions::default();
        for (index, planned) in pair.down.iter().enumerate() {
            let settled = decisions.settle(planned, &self.schema);
            let operation = settled.as_ref().unwrap_or(planned.operation);
            if pair.refused.binary_search(&index).is_err() {
                self.schema.apply(operation, planned.source);
            }
        }
        found.keep_common(&inverse::differences(&self.schema, pair.start, &between));
        found
    }

    /// The columns that the down adds, and that the up did not take away: they
    /// were not there before, whatever the history knows of their tables.
    fn added_by_down(&self, pair: &Pair<'_>) -> FxHashSet<(Key, Name)> {
        let dark = |p: &Planned<'_>| names_at_run_time(&p.operation.action);
        if pair.up.is_empty() || pair.up.iter().any(dark) {
            return FxHashSet::default();
        }
        let taken = taken_by(pair.up);
        let is_left = |table: &ObjectName, column: &Name| {
            !taken.contains(column) && !taken.contains(&table.name)
        };
        let added = pair.down.iter().filter_map(|p| match &p.operation.action {
            Action::AddColumn {
                table,
                column,
                if_not_exists: false,
                ..
            } if !p.operation.within.conditional && is_left(&table.name, &column.name) => {
                let key = self.schema.resolve(&table.name);
                let key = self.schema.renamed_to(&key).copied().unwrap_or(key);
                Some((key, column.name))
            }
            _ => None,
        });
        added.collect()
    }

    /// The texts of the blocks and calls that run several statements.
    fn blocks<'p>(&self, plan: impl Iterator<Item = &'p Planned<'p>>) -> Vec<&str> {
        let mut blocks: Vec<_> = plan
            .filter(|p| may_change_the_schema(p.operation) && !self.is_certain(p.operation))
            .map(|p| (p.source, p.statement_span))
            .collect();
        blocks.dedup();
        let text = |(source, span): (SourceId, Span)| self.project.sources[source].slice(span);
        blocks.into_iter().map(text).collect()
    }

    /// The texts of the statements that the server refuses.
    fn refused(&self, plan: &[Planned<'_>], refused: &[usize]) -> Vec<&str> {
        let refused = refused.iter().filter_map(|at| plan.get(*at));
        let texts = refused.map(|p| self.project.sources[p.source].slice(p.statement_span));
        texts.collect()
    }

    /// What a block makes unless it is there is there afterwards, and was not
    /// before where the history has everything.
    fn is_certain(&self, operation: &Operation) -> bool {
        operation.within.unless_there && self.schema.is_complete()
    }

    /// What the down would have to do besides, for people.
    fn remedy(&self, differences: &[String], start: Mark) -> String {
        const MOST: usize = 6;
        let (too_much, lacks): (Vec<&String>, Vec<&String>) =
            differences.iter().partition(|d| d.ends_with(NOT_BEFORE));
        let names: Vec<&str> = lacks.iter().flat_map(|d| named(d)).collect();
        let statements = inverse::missing(&self.schema, start, &names);
        if lacks.is_empty() {
            return "Leave out of the down what the up does not take away".into();
        }
        if statements.is_empty() {
            return "Undo each step of the up, last step first; say in a comment what does not come back"
                .into();
        }
        let mut help =
            String::from("Add to the down, and say in a comment which data does not come back:");
        for statement in statements.iter().take(MOST) {
            help.push_str(&format!("\n{};", on_one_line(statement)));
        }
        if statements.len() > MOST {
            help.push_str("\n-- and what `bowline undo` prints besides");
        }
        if !too_much.is_empty() {
            help.push_str("\n-- and leave out what the up does not take away");
        }
        let empty: Vec<String> = statements
            .iter()
            .filter_map(|text| self.filled_with_null(text))
            .collect();
        if !empty.is_empty() {
            let empty = listed(&empty);
            help.push_str(&format!("\n-- {empty} comes back without values: fill it before SET NOT NULL, or add it with a default"));
        }
        help
    }

    /// The column that a statement makes NOT NULL, where up and down drop it and
    /// add it again.
    fn filled_with_null(&self, statement: &str) -> Option<String> {
        let read = operations(statement);
        let mut list = read.iter().flat_map(|(_, list)| list);
        list.find_map(|op| match &op.action {
            Action::SetNotNull { table, column } => {
                let known = self.schema.table(&table.name)?;
                let is_new = known.column_is_new_in(&column.name, self.schema.migration());
                is_new.then(|| format!("`{}`", column.name))
            }
            _ => None,
        })
    }

    /// A constraint that a down adds to a table of which not all is known: it
    /// was there before the up, for all that the history tells.
    fn restored_unknown(&self, operation: &Operation) -> Option<String> {
        let Action::AddConstraint { table, constraint } = &operation.action else {
            return None;
        };
        let table = self.schema.table(&table.name).filter(|t| !t.is_known())?;
        let known = table.constraint(&constraint.name.as_ref()?.name)?;
        Some(inverse::difference::constraint_still_there(table, known))
    }
}

/// The columns that a script may have taken away, and the tables with all that
/// they had.
fn taken_by<'p>(plan: &'p [Planned<'p>]) -> FxHashSet<&'p Name> {
    let taken = plan.iter().filter_map(|p| match &p.operation.action {
        Action::Drop { name, .. } | Action::Rename { name, .. } => Some(&name.name),
        action => column_of(action).map(|(_, column)| column),
    });
    taken.collect()
}

/// What a script makes, by the words of a difference: `("column", "b")`.
fn made_by(plan: &[Planned<'_>]) -> FxHashSet<(&'static str, Name)> {
    let mut made = FxHashSet::default();
    for planned in plan {
        let (kind, name) = match &planned.operation.action {
            Action::AddColumn {
                table,
                column,
                constraints,
                ..
            } => {
                let inline = constraints.iter().filter_map(|c| name_of(c, table, column));
                made.extend(inline.map(|name| (CONSTRAINT, name)));
                ("column", column.name)
            }
            Action::RenameColumn { to, .. } => ("column", to.name),
            Action::CreateTrigger(trigger) => ("trigger", trigger.name.name),
            Action::CreatePolicy { name, .. } => ("policy", name.name),
            Action::CreateIndex(index) => match &index.name {
                Some(name) => ("index", name.name),
                None => continue,
            },
            Action::AddConstraint { constraint, .. } => match &constraint.name {
                Some(name) => (CONSTRAINT, name.name),
                None => continue,
            },
            _ => continue,
        };
        made.insert((kind, name));
    }
    made
}

/// The name of a constraint behind a column, its own or the server's.
fn name_of(constraint: &Constraint, table: &Target, column: &Column) -> Option<Name> {
    if let Some(name) = &constraint.name {
        return Some(name.name);
    }
    let label = match constraint.kind {
        ConstraintKind::ForeignKey(_) => "fkey",
        ConstraintKind::Unique(_) => "key",
        ConstraintKind::Check(_) => "check",
        _ => return None,
    };
    Some(object_name(&table.name.name, &column.name, label))
}

const CONSTRAINT: &str = "constraint";

/// ``column `b` of `t` `` as [`made_by`] has it; constraints go by many words.
fn kind_and_name(what: &str) -> (&'static str, Name) {
    const KINDS: &[&str] = &["column", "trigger", "policy", "index"];
    let mut parts = what.splitn(3, '`');
    let first = parts.next().unwrap_or_default().trim_end();
    let kind = KINDS.iter().find(|kind| **kind == first);
    let name = parts.next().unwrap_or_default();
    (kind.copied().unwrap_or(CONSTRAINT), Name::new(name))
}

/// Stands in a block, may not run at all, and does more than change rows.
fn may_change_the_schema(operation: &Operation) -> bool {
    let changes_rows = match &operation.action {
        Action::Insert(_)
        | Action::Update(_)
        | Action::Delete(_)
        | Action::Merge { .. }
        | Action::Nothing => true,
        Action::Select { calls, .. } => calls.is_empty(),
        _ => false,
    };
    operation.within.block && operation.within.conditional && !changes_rows
}

/// Does a block name what a difference is about?
fn has_a_part_in(block: &str, difference: &str) -> bool {
    let quoted = difference.split('`').skip(1).step_by(2);
    let mut names = quoted.map(|name| name.rsplit('.').next().unwrap_or(name));
    names.any(|name| mentions(block, name))
}

/// What stands between the first backticks, without its schema.
fn named(difference: &str) -> Vec<&str> {
    let quoted = difference.split('`').skip(1).step_by(2).take(2);
    quoted
        .map(|name| name.rsplit('.').next().unwrap_or(name))
        .take(1)
        .collect()
}

/// A relation that a script drops was there, whatever the history knows.
pub(super) fn drops_for_certain(operation: &Operation) -> Option<&ObjectName> {
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
