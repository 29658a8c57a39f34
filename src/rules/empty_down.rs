//! A down is there and does nothing.

use crate::operation::{Action, ObjectKind, ObjectName, Operation, Persistence, Target};
use crate::project::Down;
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule, mentions, subject};
use crate::source::Span;

pub const RULE: Rule = Rule {
    id: "empty-down",
    page: include_str!("../../rules/empty-down.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let Down::Parts(parts) = cx.down() else {
        return;
    };
    if !cx.scene.writes_downs {
        return;
    }
    let Some(part) = parts
        .first()
        .filter(|_| cx.scene.direction == Direction::Up)
    else {
        return;
    };
    let changes = cx
        .steps
        .iter()
        .any(|step| cx.is_a_change(step) && outlives(cx, &step.operation.action));
    let unread = cx.scene.way_back.is_empty() && parts.iter().any(|part| cx.says_something(part));
    if unread
        || !changes
        || cx.declares_irreversible()
        || !cx
            .scene
            .way_back
            .iter()
            .all(|op| does_nothing(op, cx.scene.sources[part.source].slice(op.clause)))
    {
        return;
    }
    let (source, span) = cx.scene.way_back.first().map_or_else(
        || (part.source, Span::new(part.span.start, part.span.start)),
        |op| (part.source, op.place),
    );
    let id = &cx.scene.migration.id;
    findings
        .report_in(
            source,
            span,
            format!("the down of migration `{id}` does nothing: the tool marks it as undone and the schema stays"),
        )
        .help("Write what takes the up back. Where nothing can, let the down fail, so that nobody believes it ran:\nDO $$ BEGIN RAISE EXCEPTION 'this migration has no way back'; END $$;");
}

/// Is there something left of it in the schema? Whether rows need a way back is
/// what `data-change-without-undo` asks.
fn outlives(cx: &MigrationContext<'_>, action: &Action) -> bool {
    match action {
        Action::Insert(_) | Action::Update(_) | Action::Delete(_) | Action::Merge(_) => false,
        // No statement takes a value away: `add-enum-value` has said so.
        Action::AddEnumValue { .. } => false,
        Action::CreateTable(create) => create.persistence != Persistence::Temporary,
        Action::Drop {
            kind: ObjectKind::Table,
            name,
            ..
        } => !is_temporary(cx, name),
        Action::ToggleTrigger { table, .. } => !toggles_back(cx, table),
        action => !subject(action).is_some_and(|name| is_temporary(cx, name)),
    }
}

/// Does the script take triggers of the table out of the way and put them back?
fn toggles_back(cx: &MigrationContext<'_>, of: &Target) -> bool {
    let mut states = cx
        .steps
        .iter()
        .filter_map(|step| match &step.operation.action {
            Action::ToggleTrigger { table, enable, .. } if table.name == of.name => Some(*enable),
            _ => None,
        });
    let first = states.next();
    first.is_some() && states.next_back().is_some_and(|last| Some(last) != first)
}

/// Does the script make a temporary table of this name?
fn is_temporary(cx: &MigrationContext<'_>, name: &ObjectName) -> bool {
    cx.steps.iter().any(|step| match &step.operation.action {
        Action::CreateTable(create) => {
            create.persistence == Persistence::Temporary && create.name.name == name.name
        }
        _ => false,
    })
}

/// A block may refuse on purpose, which is something.
fn does_nothing(op: &Operation, text: &str) -> bool {
    let block = text
        .get(..2)
        .is_some_and(|word| word.eq_ignore_ascii_case("do"));
    match &op.action {
        _ if op.within.block || block => false,
        Action::Nothing | Action::Set(_) | Action::Transaction(_) => true,
        Action::Select { query, calls, .. } => only_looks(&query.text, calls),
        _ => false,
    }
}

/// Does a query call nothing but what only looks at rows or the clock?
fn only_looks(query: &str, calls: &[ObjectName]) -> bool {
    const LOOKS: &[&str] = &["count", "max", "min", "now"];
    let known = |name: &str| LOOKS.contains(&name);
    let mut before_each = query.split('(').rev().skip(1);
    calls.iter().all(|call| known(&call.name))
        && before_each.all(|text| {
            let mut words = text.rsplit(|c: char| !c.is_alphanumeric() && c != '_');
            words
                .next()
                .is_some_and(|word| known(&word.to_ascii_lowercase()))
        })
        && !mentions(query, "into")
}
