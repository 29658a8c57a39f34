//! A down held against its up.

use rustc_hash::FxHashSet;

use super::{Fold, Planned};
use crate::analysis::undo::operations;
use crate::finding::Severity;
use crate::inverse;
use crate::operation::{Action, ObjectName, Operation};
use crate::project::{Migration, SourceId};
use crate::rule::{listed, mentions};
use crate::schema::{Key, Mark, column_of};
use crate::source::Span;
use crate::statement::lexer::on_one_line;
use crate::verdict::Undo;

impl Fold<'_> {
    /// Holds the schema after up and down against the schema before.
    pub(super) fn compare(
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
        let mut found = inverse::differences(&self.schema, start, created);
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
        for list in [&mut found.list, &mut found.minor] {
            list.retain(|text| !blocks.iter().any(|block| has_a_part_in(block, text)));
        }
        let is_minor = found.list.is_empty();
        let found = if is_minor { found.minor } else { found.list };
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
        if is_minor {
            finding.severity = Severity::Info;
        }
        match migration.selected {
            true => self.outcome.findings.push(finding),
            false => self.outcome.context.push(finding),
        }
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

    /// What a block makes unless it is there is there afterwards, and was not
    /// before where the history has everything.
    fn is_certain(&self, operation: &Operation) -> bool {
        operation.within.unless_there && self.schema.is_complete()
    }

    /// What the down would have to do besides, for people.
    fn remedy(&self, differences: &[String], start: Mark) -> String {
        const MOST: usize = 6;
        let names: Vec<&str> = differences.iter().flat_map(|d| named(d)).collect();
        let statements = inverse::missing(&self.schema, start, &names);
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
