//! A down held against its up.

use rustc_hash::FxHashSet;

use super::{Decisions, Fold, Planned, is_unread, names_at_run_time};
use crate::analysis::undo::operations;
use crate::finding::{Confidence, Finding, Severity};
use crate::inverse::{
    self, Between,
    difference::{NOT_VALIDATED, STILL_HAS, STILL_THERE, VALIDATED_NOW},
    sql::sql_name,
};
use crate::name::Name;
use crate::operation::{
    Action, Column, Constraint, ConstraintKind, ObjectKind, ObjectName, Operation, Target, Update,
};
use crate::project::{Migration, SourceId};
use crate::rule::{is_constant, listed, mentions, object_name, same_expression, takes_every_row};
use crate::schema::{Key, Mark, column_of, signature};
use crate::source::Span;
use crate::statement::lexer::on_one_line;
use crate::verdict::Undo;

/// How a difference ends that is one of names.
const CALLED_NOW: &str = "` now";

/// So many findings are looked through for what one migration has.
const MANY_FINDINGS: usize = 256;

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
    /// It does not come to its end, by all that the history shows.
    pub(super) fails: bool,
}

/// What a column that comes back holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Values {
    None,
    /// What is found for a row, which may be nothing.
    Queried,
    /// A value in each row.
    All,
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
        let unread = |p: &&Planned<'_>| is_unread(&p.operation.action);
        if !self.is_judged {
            return;
        }
        if pair.fails {
            self.lower(migration, Undo::Impossible);
        }
        // What else it does, nobody knows; that it could not be read, another
        // rule says.
        if down.iter().any(|p| unread(&p)) {
            if !pair.fails {
                self.shown_by_down(migration);
            }
            return self.lower(migration, Undo::Lossy);
        }
        // `empty-down` says that all stays, unless the project does without.
        let is_silent = down.iter().all(|p| leaves_all(&p.operation.action));
        let begun = self.downs_from;
        if is_silent && begun.is_none_or(|from| self.schema.migration() < from) {
            return;
        }
        if !is_silent && !pair.fails {
            self.shown_by_down(migration);
        }
        self.doubts.pairs += usize::from(migration.selected && !is_silent);
        let mut found = self.differences(&mut pair);
        if found == inverse::Differences::default() {
            return;
        }
        let restored: Vec<String> = down
            .iter()
            .filter_map(|p| self.restored_unknown(p.operation))
            .collect();
        found.list.retain(|text| !restored.contains(text));
        // What could not be read of the up may have changed whatever it names, and
        // made or taken away more. What stands beside it and stays is plain.
        let in_the_dark = up.iter().any(|p| unread(&p));
        if in_the_dark {
            let unread = self.texts_of(up.iter().filter(unread));
            let (made, changed) = (names_made_by(up), names_changed_by(up));
            found.minor.clear();
            found.unclear.clear();
            found.list.retain(|text| {
                let stays = text.ends_with(STILL_THERE) || text.contains(STILL_HAS);
                let names = named(text);
                let own = stays && names.iter().all(|name| made.contains(*name));
                let plain = own || names.iter().all(|name| changed.contains(*name));
                plain && !unread.iter().any(|sql| has_a_part_in(sql, text))
            });
        }
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
        // A constraint or an index that the up drops if it is there may have been
        // made by hand.
        let maybe_gone = dropped_if_there(up);
        found.list.retain(|text| {
            let left = text.strip_suffix(STILL_THERE).map(kind_and_name);
            !left.is_some_and(|what| {
                maybe_gone.contains(&what) && by_down.contains(&what) && !by_up.contains(&what)
            })
        });
        for text in found.list.iter_mut().chain(&mut found.minor) {
            if let Some(what) = text.strip_suffix(STILL_THERE)
                && by_down.contains(&kind_and_name(what))
                && !by_up.contains(&kind_and_name(what))
            {
                *text = format!("{what}{NOT_BEFORE}");
            }
        }
        let has_said = self.replaced(up);
        for list in [&mut found.list, &mut found.unclear] {
            list.retain(|text| {
                text.ends_with("is gone") || !has_said.iter().any(|what| text.starts_with(what))
            });
        }
        if !has_said.is_empty() {
            self.lower(migration, Undo::Impossible);
        }
        // No statement takes a value from an enum, and unused it harms nobody.
        let is_other = found.list.iter().any(|text| !text.contains(STILL_HAS));
        let is_near = !found.unclear.is_empty()
            || (found.minor.iter()).any(|text| !text.ends_with(VALIDATED_NOW));
        if is_other || is_silent && is_near {
            self.lower(migration, Undo::Impossible);
        } else if is_near {
            self.lower(migration, Undo::Lossy);
        }
        if is_silent {
            return;
        }
        let severity = match () {
            () if !found.list.is_empty() => None,
            () if !found.unclear.is_empty() => Some(Severity::Warning),
            () => Some(Severity::Info),
        };
        // How names differ after a down that never ends, nobody sees.
        if severity == Some(Severity::Info) && pair.fails {
            return;
        }
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
        finding.help = self.remedy(&found, start, down);
        if in_the_dark {
            finding.confidence = Confidence::Medium;
        }
        if let Some(severity) = severity {
            finding.severity = severity;
        }
        if let Some(other) = self.taken_from_others(at) {
            let name = named(&other.message).concat();
            finding
                .message
                .push_str(&format!("; the up does not touch `{name}`"));
            let is_all = found.iter().all(|text| mentions(text, &name));
            let leave = format!(
                "Leave `{name}` to the down of the migration that made it, or say in the up what this one needs"
            );
            finding.help = match is_all {
                true => leave,
                false => format!("{leave}.\n{}", finding.help),
            };
        }
        match migration.selected {
            true => self.outcome.findings.push(finding),
            false => self.outcome.context.push(finding),
        }
    }

    /// What no migration before the up shows, its down does.
    fn shown_by_down(&mut self, migration: &Migration) {
        let up = self.outcome.migrations.last_mut();
        if let Some(up) = up.filter(|_| migration.selected) {
            up.verdict.undo = up.verdict.undo.min(Undo::Lossy);
        }
    }

    /// With this down the up, which was reported last, goes back no further.
    fn lower(&mut self, migration: &Migration, undo: Undo) {
        let at = self.outcome.migrations.len().checked_sub(1);
        if let Some(at) = at.filter(|_| migration.selected) {
            let before = &mut self.outcome.migrations[at].verdict.undo;
            self.doubts.lowered.push((at, *before));
            *before = undo.max(*before);
        }
    }

    /// What the up replaces and the down leaves so, as `replaced-definition-lost`
    /// has said: by the words that a difference begins with.
    fn replaced(&self, up: &[Planned<'_>]) -> Vec<String> {
        let of_up = |f: &&Finding| {
            f.rule == "replaced-definition-lost" && up.iter().any(|p| p.source == f.source)
        };
        let said = self.outcome.findings.iter().rev().take(MANY_FINDINGS);
        let said: Vec<Span> = said.filter(of_up).map(|f| f.span).collect();
        let replaces = |p: &&Planned<'_>| said.contains(&p.operation.place);
        let what = |p: &Planned<'_>| match &p.operation.action {
            Action::CreateRoutine(create) => {
                let kind = if create.procedure {
                    "procedure"
                } else {
                    "function"
                };
                let key = self.schema.resolve_routine(&create.name);
                Some(format!("{kind} `{key}` "))
            }
            Action::CreateView(create) => {
                Some(format!("view `{}` ", self.schema.resolve(&create.name)))
            }
            _ => None,
        };
        up.iter().filter(replaces).filter_map(what).collect()
    }

    /// What is said of a statement that takes from others: it is told with all
    /// that differs.
    fn taken_from_others(&mut self, at: &Planned<'_>) -> Option<Finding> {
        const NEARBY: usize = 64;
        let list = &mut self.outcome.findings;
        let said = list.iter().rev().take(NEARBY).position(|f| {
            f.rule == "down-touches-other"
                && f.source == at.source
                && at.statement_span.contains(f.span.start)
        });
        said.map(|behind| list.remove(list.len() - 1 - behind))
    }

    /// What differs. A statement that the server refuses does nothing, and
    /// meant something: what differs by either alone says nothing of the down.
    fn differences(&mut self, pair: &mut Pair<'_>) -> inverse::Differences {
        let between = Between {
            created: std::mem::take(&mut pair.created),
            added: self.added_by_either(pair),
            left: self.routines_left(pair),
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

    /// The routines that the up makes and the down does not make again: whether
    /// or not they were there before, the down does not bring that back.
    fn routines_left(&self, pair: &Pair<'_>) -> Vec<(Key, Name)> {
        let made = |plan: &[Planned<'_>]| -> Vec<(Key, Name)> {
            let made = plan.iter().filter_map(|p| match &p.operation.action {
                Action::CreateRoutine(create) => {
                    Some((self.schema.resolve_routine(&create.name), create.arguments))
                }
                _ => None,
            });
            made.collect()
        };
        let (mut left, again) = (made(pair.up), made(pair.down));
        left.retain(|(key, arguments)| {
            let is_it =
                |(other, own): &(Key, Name)| other == key && signature::same(own, arguments);
            !again.iter().any(is_it)
        });
        left
    }

    /// The columns that either adds, and that the up did not take away before:
    /// they were not there, whatever the history knows of their tables.
    fn added_by_either(&self, pair: &Pair<'_>) -> FxHashSet<(Key, Name)> {
        let dark = |p: &Planned<'_>| names_at_run_time(&p.operation.action);
        if pair.up.is_empty() || pair.up.iter().any(dark) {
            return FxHashSet::default();
        }
        let taken = taken_by(pair.up);
        let is_left = |table: &ObjectName, column: &Name| {
            !taken.contains(column) && !taken.contains(&table.name)
        };
        let gone: FxHashSet<Name> = (pair.up.iter())
            .filter_map(|p| match &p.operation.action {
                Action::DropColumn { column, .. } | Action::RenameColumn { column, .. } => {
                    Some(column.name)
                }
                Action::Drop { name, .. } | Action::Rename { name, .. } => Some(name.name),
                _ => None,
            })
            .collect();
        let is_new = |table: &ObjectName, column: &Name| {
            !gone.contains(column) && !gone.contains(&table.name)
        };
        let by_up = pair.up.iter().filter_map(|p| self.added(p, &is_new));
        let by_down = pair.down.iter().filter_map(|p| self.added(p, &is_left));
        by_up.chain(by_down).collect()
    }

    /// The column that an operation adds for certain, where it is one of those
    /// asked for.
    fn added(
        &self,
        planned: &Planned<'_>,
        is_asked: &dyn Fn(&ObjectName, &Name) -> bool,
    ) -> Option<(Key, Name)> {
        match &planned.operation.action {
            Action::AddColumn {
                table,
                column,
                if_not_exists: false,
                ..
            } if !planned.operation.within.conditional && is_asked(&table.name, &column.name) => {
                let key = self.schema.resolve(&table.name);
                let key = self.schema.renamed_to(&key).copied().unwrap_or(key);
                Some((key, column.name))
            }
            _ => None,
        }
    }

    /// The texts of the blocks and calls that run several statements.
    fn blocks<'p>(&self, plan: impl Iterator<Item = &'p Planned<'p>>) -> Vec<&str> {
        self.texts_of(
            plan.filter(|p| may_change_the_schema(p.operation) && !self.is_certain(p.operation)),
        )
    }

    /// The texts of the statements that operations stand in.
    fn texts_of<'p>(&self, plan: impl Iterator<Item = &'p Planned<'p>>) -> Vec<&str> {
        let mut places: Vec<_> = plan.map(|p| (p.source, p.statement_span)).collect();
        places.dedup();
        let text = |(source, span): (SourceId, Span)| self.project.sources[source].slice(span);
        places.into_iter().map(text).collect()
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
    fn remedy(&self, differences: &[String], start: Mark, down: &[Planned<'_>]) -> String {
        const MOST: usize = 12;
        let (unchecked, others): (Vec<&String>, Vec<&String>) =
            differences.iter().partition(|d| d.ends_with(NOT_VALIDATED));
        let validate: String = unchecked.iter().filter_map(|d| validate(d)).collect();
        if others.is_empty() && !validate.is_empty() {
            return format!(
                "It keeps out what is new and lets old rows be, and so blocks nobody; what is left to do is to look at them, in a step of its own, while writes go on:{validate}"
            );
        }
        let (too_much, lacks): (Vec<&String>, Vec<&String>) =
            others.into_iter().partition(|d| d.ends_with(NOT_BEFORE));
        let (renames, names): (Vec<_>, Vec<_>) = lacks
            .iter()
            .map(|difference| rename_back(difference).ok_or(difference))
            .partition(Result::is_ok);
        let names = names.into_iter().filter_map(Result::err);
        let names: Vec<&str> = names.flat_map(|d| named(d)).collect();
        let (mut statements, needs) = match names.is_empty() && !renames.is_empty() {
            true => Default::default(),
            false => inverse::missing(&self.schema, start, &names),
        };
        statements.extend(renames.into_iter().filter_map(Result::ok));
        if lacks.is_empty() {
            return "Leave out of the down what the up does not take away".into();
        }
        if statements.is_empty() {
            return "Undo each step of the up, last step first; say in a comment what does not come back"
                .into();
        }
        let back: Vec<(String, Values)> = statements
            .iter()
            .filter_map(|text| self.required_again(text, down))
            .collect();
        let of = |values: Values| -> Vec<String> {
            let same = back.iter().filter(|(_, own)| *own == values);
            same.map(|(column, _)| column.clone()).collect()
        };
        let (empty, queried) = (of(Values::None), of(Values::Queried));
        // What the down fetches from elsewhere does come back.
        let is_fetched = |name: &&str| queried.contains(&format!("`{name}`"));
        let mut help = match lacks.iter().all(|text| named(text).iter().all(is_fetched)) {
            true => String::from("Add to the down:"),
            false => {
                String::from("Add to the down, and say in a comment which data does not come back:")
            }
        };
        for statement in statements.iter().take(MOST) {
            help.push_str(&format!("\n{};", on_one_line(statement)));
        }
        if let more @ 1.. = statements.len().saturating_sub(MOST) {
            help.push_str(&format!("\n-- and {more} more, one for each difference"));
        }
        if !needs.is_empty() {
            help.push_str(
                "\n-- fails where one of these finds rows: give them another value before it",
            );
        }
        for need in needs.iter().take(MOST) {
            help.push_str(&format!("\n-- {};", need.query));
        }
        if !too_much.is_empty() {
            help.push_str("\n-- and leave out what the up does not take away");
        }
        if !validate.is_empty() {
            help.push_str(&format!("\n-- and then, in a step of its own:{validate}"));
        }
        if !empty.is_empty() {
            let (come, them) = match empty.len() {
                1 => ("comes", "it"),
                _ => ("come", "them"),
            };
            let empty = listed(&empty);
            help.push_str(&format!("\n-- {empty} {come} back without values: fill {them} before SET NOT NULL, or add {them} with a default"));
        }
        if !queried.is_empty() {
            let stay = if queried.len() == 1 { "stays" } else { "stay" };
            let queried = listed(&queried);
            help.push_str(&format!("\n-- {queried} {stay} NULL in rows for which the down finds nothing to write: give those a value too before SET NOT NULL"));
        }
        help
    }

    /// The column that a statement makes NOT NULL, where up and down drop it and
    /// add it again, and what it holds by then.
    fn required_again(&self, statement: &str, down: &[Planned<'_>]) -> Option<(String, Values)> {
        let read = operations(statement);
        let mut list = read.iter().flat_map(|(_, list)| list);
        list.find_map(|op| match &op.action {
            Action::SetNotNull { table, column } => {
                let known = self.schema.table(&table.name)?;
                let is_new = known.column_is_new_in(&column.name, self.schema.migration());
                let values = || self.values_of(&known.key, &column.name, down);
                is_new.then(|| (format!("`{}`", column.name), values()))
            }
            _ => None,
        })
    }

    /// What the down leaves in a column that it adds.
    fn values_of(&self, table: &Key, name: &Name, down: &[Planned<'_>]) -> Values {
        let mut values = Values::None;
        for planned in down {
            match &planned.operation.action {
                Action::AddColumn {
                    table: of, column, ..
                } if column.name == *name && self.schema.resolve(&of.name) == *table => {
                    values = match self.schema.is_left_null(column) {
                        true => Values::None,
                        false => Values::All,
                    };
                }
                Action::Update(update)
                    if update.columns.iter().any(|c| c.name == *name)
                        && self.schema.resolve(&update.table) == *table =>
                {
                    values = values.max(match fills_all(update, name) {
                        true => Values::All,
                        false => Values::Queried,
                    });
                }
                Action::Merge(merge) if self.schema.resolve(&merge.table) == *table => {
                    values = values.max(Values::Queried);
                }
                _ => {}
            }
        }
        values
    }

    /// A constraint, trigger, policy or rule that a down adds to a table of which
    /// not all is known: it was there before the up, for all that the history tells.
    fn restored_unknown(&self, operation: &Operation) -> Option<String> {
        let (word, name, table) = match &operation.action {
            Action::AddConstraint { table, constraint } => {
                let table = self.schema.table(&table.name).filter(|t| !t.is_known())?;
                let known = table.constraint(&constraint.name.as_ref()?.name)?;
                return Some(inverse::difference::constraint_still_there(table, known));
            }
            Action::CreateTrigger(create) => ("trigger", create.name.name, &create.table),
            Action::CreatePolicy { name, table, .. } => ("policy", name.name, table),
            Action::CreateRule { name, table, .. } => ("rule", name.name, table),
            _ => return None,
        };
        let table = self.schema.table(table).filter(|t| !t.is_known())?;
        Some(inverse::difference::member_still_there(
            word, &name, &table.key,
        ))
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

/// The names of what a script makes for certain; of a type that gets a value, its
/// own.
fn names_made_by(plan: &[Planned<'_>]) -> FxHashSet<Name> {
    let certain = plan.iter().filter(|p| !p.operation.within.conditional);
    let made = certain.filter_map(|p| match &p.operation.action {
        Action::CreateTable(create) => Some(create.name.name),
        Action::CreateView(create) => Some(create.name.name),
        Action::CreateType(create) => Some(create.name.name),
        Action::CreateDomain(create) => Some(create.name.name),
        Action::CreateRoutine(create) => Some(create.name.name),
        Action::CreateSequence { name, .. } | Action::AddEnumValue { name, .. } => Some(name.name),
        _ => None,
    });
    let parts = made_by(plan).into_iter().map(|(_, name)| name);
    made.chain(parts).collect()
}

/// The names of what a script takes away or changes for certain: whatever else
/// it does, that was there before, and has to come back.
fn names_changed_by(plan: &[Planned<'_>]) -> FxHashSet<Name> {
    let certain = plan.iter().filter(|p| !p.operation.within.conditional);
    let changed = certain.filter_map(|p| match &p.operation.action {
        Action::AddColumn { .. } | Action::RenameColumn { .. } => None,
        Action::Drop {
            name,
            if_exists: false,
            ..
        } => Some(name.name),
        Action::DropConstraint {
            name,
            if_exists: false,
            ..
        } => Some(name.name),
        action => column_of(action).map(|(_, column)| *column),
    });
    changed.collect()
}

/// The constraints and indexes that a script drops where they are there, in the
/// same words.
fn dropped_if_there(plan: &[Planned<'_>]) -> FxHashSet<(&'static str, Name)> {
    let dropped = plan.iter().filter_map(|p| match &p.operation.action {
        Action::DropConstraint {
            name,
            if_exists: true,
            ..
        } => Some((CONSTRAINT, name.name)),
        Action::Drop {
            kind: ObjectKind::Index,
            name,
            if_exists: true,
            ..
        } => Some(("index", name.name)),
        _ => None,
    });
    dropped.collect()
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

/// Does an UPDATE give each row that holds NULL in the column a value? One of a
/// query may be NULL.
fn fills_all(update: &Update, column: &Name) -> bool {
    let (Some((_, value)), [_]) = (
        update.assignments.text.split_once('='),
        update.columns.as_slice(),
    ) else {
        return false;
    };
    let is_value = |text: &str| is_constant(text) && !text.eq_ignore_ascii_case("null");
    // Where nothing is found, the last argument is taken.
    let value = value.trim();
    let inner = { value.get(..9) }
        .filter(|start| start.eq_ignore_ascii_case("coalesce("))
        .and_then(|_| value[9..].strip_suffix(')'));
    let value = inner.map_or(value, |inner| {
        inner.rsplit(',').next().unwrap_or(inner).trim()
    });
    let filter = update.filter.as_ref().map(|filter| &*filter.text);
    let left = format!("{column} IS NULL");
    let reaches_all = takes_every_row(filter) || filter.is_some_and(|f| same_expression(f, &left));
    update.from.is_none() && reaches_all && is_value(value)
}

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
    quoted.map(last).take(1).collect()
}

/// What gives back its name to what a difference says is called otherwise now.
fn rename_back(difference: &str) -> Option<String> {
    let quoted: Vec<&str> = difference.split('`').skip(1).step_by(2).collect();
    let names = |path: &str| path.split('.').map(sql_name).collect::<Vec<_>>().join(".");
    let back =
        |called: &str, was: &str| format!("{} RENAME TO {}", names(called), names(last(was)));
    match *quoted {
        _ if !difference.ends_with(CALLED_NOW) => None,
        [was, called] if difference.starts_with("sequence ") => {
            Some(format!("ALTER SEQUENCE {}", back(called, was)))
        }
        [was, table, called] if difference.starts_with("index ") => {
            let schema = table
                .rsplit_once('.')
                .map(|(schema, _)| format!("{schema}."));
            let called = format!("{}{called}", schema.unwrap_or_default());
            Some(format!("ALTER INDEX {}", back(&called, was)))
        }
        [was, table, called] => Some(format!(
            "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
            names(table),
            sql_name(called),
            sql_name(was)
        )),
        _ => None,
    }
}

/// What looks at the rows that a constraint has let be, on a line of its own.
fn validate(difference: &str) -> Option<String> {
    let mut quoted = difference.split('`').skip(1).step_by(2);
    let (constraint, table) = (quoted.next()?, quoted.next()?);
    let table = table.split('.').map(sql_name).collect::<Vec<_>>().join(".");
    let constraint = sql_name(constraint);
    Some(format!(
        "\nALTER TABLE {table} VALIDATE CONSTRAINT {constraint};"
    ))
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
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

/// Does it leave the schema alone, whatever it says?
fn leaves_all(action: &Action) -> bool {
    is_setting(action)
        || matches!(
            action,
            Action::SetConstraints { .. } | Action::Select { .. }
        )
}

/// Does it only prepare for what comes?
fn is_setting(action: &Action) -> bool {
    matches!(
        action,
        Action::Transaction(_) | Action::Set(_) | Action::Nothing
    )
}

#[cfg(test)]
mod tests {
    use super::rename_back;

    #[test]
    fn what_is_called_otherwise_is_renamed() {
        let back = |difference| rename_back(difference).unwrap_or_default();
        assert_eq!(
            back("unique constraint `t_id_key` of `app.t` is called `t_v_key` now"),
            "ALTER TABLE app.t RENAME CONSTRAINT t_v_key TO t_id_key"
        );
        assert_eq!(
            back("index `a` on `app.t` is called `B` now"),
            "ALTER INDEX app.\"B\" RENAME TO a"
        );
        assert_eq!(
            back("sequence `app.a` is called `app.b` now"),
            "ALTER SEQUENCE app.b RENAME TO a"
        );
        assert!(rename_back("a constraint of domain `pos` is called `over` now").is_none());
        assert!(rename_back("column `a` of `t` is gone").is_none());
    }
}
