//! A down takes rows that were there before the up.

use crate::effect::postgres::is_one_value;
use crate::operation::{Action, ObjectKind, ObjectName, Operation, Update};
use crate::rule::{
    Check, Findings, MigrationContext, Rule, Step, is_constant, mentions, takes_every_row,
};
use crate::source::Span;
use crate::text::holds;

pub const RULE: Rule = Rule {
    id: "down-loses-data",
    page: include_str!("../../rules/down-loses-data.md"),
    check: Check::Down(check),
};

/// So many drops of a down are held against all that the up does.
const MOST: usize = 200;

/// Longer rows hold no queries but data.
const LONGEST: usize = 1 << 16;

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut drops = 0;
    for step in cx.steps.iter().filter(|s| !s.operation.within.conditional) {
        let action = &step.operation.action;
        drops += usize::from(matches!(
            action,
            Action::Drop { .. } | Action::DropColumn { .. }
        ));
        if drops > MOST {
            return;
        }
        let Some((place, what)) = lost(cx, action, step.operation.place) else {
            continue;
        };
        findings
            .report_in(step.source, place, format!("the down loses {what}"))
            .help("Take back only what the up did: name the rows, or keep them where they can be read back");
    }
}

fn lost(cx: &MigrationContext<'_>, action: &Action, place: Span) -> Option<(Span, String)> {
    match action {
        Action::Truncate { tables, .. } => {
            let table = tables.iter().find(|table| is_older(cx, table))?;
            Some((table.span, format!("all rows of `{table}`")))
        }
        Action::Delete(delete)
            if takes_every_row(delete.filter.as_ref().map(|f| &*f.text))
                && delete.using.is_none() =>
        {
            let older = is_older(cx, &delete.table);
            older.then(|| (place, format!("all rows of `{}`", delete.table)))
        }
        Action::Update(update) => {
            let column = overwritten(cx, update)?;
            Some((
                place,
                format!(
                    "the values of `{column}` in every row of `{}`",
                    update.table
                ),
            ))
        }
        Action::AlterColumnType {
            table,
            column,
            using: Some(using),
            ..
        } => {
            let lost = is_one_value(&using.text) && keeps_values(cx, &table.name, &column.name);
            lost.then(|| {
                (
                    using.span,
                    format!(
                        "the values of `{}` in every row of `{}`",
                        column.name, table.name
                    ),
                )
            })
        }
        Action::DropColumn { table, column, .. } => {
            let filled = moved_to(cx, &table.name, &column.name)?;
            Some((
                place,
                format!(
                    "the values of `{}.{}`, which the up took from `{filled}` and dropped there",
                    table.name, column.name
                ),
            ))
        }
        Action::Drop {
            kind: ObjectKind::Table,
            name,
            ..
        } => {
            if let Some(attached) = attached_to(cx, name, place) {
                let lost = format!("all rows of `{attached}`, which the up attached to `{name}`");
                return Some((place, lost));
            }
            let source = moved_into(cx, name)?;
            Some((
                place,
                format!(
                    "the values of `{name}`, which the up took from `{source}` and dropped there"
                ),
            ))
        }
        _ => None,
    }
}

/// A table that was there before and goes along as a partition: the down does not
/// detach it first.
fn attached_to<'a>(
    cx: &MigrationContext<'a>,
    name: &ObjectName,
    dropped: Span,
) -> Option<&'a ObjectName> {
    let is_detached = |attached: &ObjectName| {
        let before = cx
            .steps
            .iter()
            .take_while(|step| step.operation.place != dropped);
        before.into_iter().any(|step| match &step.operation.action {
            Action::DetachPartition { partition, .. } => partition.name == attached.name,
            _ => false,
        })
    };
    cx.scene.forth.iter().find_map(|op| match &op.action {
        Action::AttachPartition {
            table, partition, ..
        } if table.name.name == name.name => {
            (is_older(cx, partition) && !is_detached(partition)).then_some(partition)
        }
        _ => None,
    })
}

/// The column or table that the up filled a table of its own from, and dropped;
/// the down does not read the table before it goes.
fn moved_into(cx: &MigrationContext<'_>, name: &ObjectName) -> Option<String> {
    let forth = cx.scene.forth;
    let is_it = |other: &ObjectName| other.name == name.name;
    let fills: Vec<String> = forth
        .iter()
        .filter_map(|op| filled_by(&op.action, is_it))
        .collect();
    if fills.is_empty() || is_older(cx, name) {
        return None;
    }
    let took = |words: &[&str]| {
        let takes = |text: &&String| words.iter().all(|word| mentions(text, word));
        fills
            .iter()
            .any(|text| takes(&text) && !mentions(text, "group"))
    };
    let source = forth.iter().find_map(|op| match &op.action {
        Action::DropColumn { table, column, .. }
            if !is_it(&table.name) && took(&[&table.name.name, &column.name]) =>
        {
            Some(format!("{}.{}", table.name, column.name))
        }
        Action::Drop {
            kind: ObjectKind::Table,
            name: old,
            ..
        } if !is_it(old) && took(&[&old.name]) => Some(old.to_string()),
        _ => None,
    })?;
    let read = |step: &Step<'_>| match &step.operation.action {
        Action::Rename { name, .. } => is_it(name),
        Action::Update(update)
            if update
                .filter
                .as_ref()
                .is_some_and(|f| mentions(&f.text, &name.name)) =>
        {
            !is_it(&update.table)
        }
        action => {
            let text = filled_by(action, |other| !is_it(other));
            text.is_some_and(|text| mentions(&text, &name.name))
        }
    };
    (!cx.steps.iter().any(read)).then_some(source)
}

/// What an operation fills a table with, where that is one of those asked for
/// and the rows come from others.
fn filled_by(action: &Action, is_asked: impl Fn(&ObjectName) -> bool) -> Option<String> {
    match action {
        Action::Insert(insert) if is_asked(&insert.table) => {
            let with = insert.query.as_ref().map(|query| &*query.text);
            let values = insert.values.as_ref().map(|values| &*values.text);
            let values = values.filter(|rows| rows.len() < LONGEST && holds(rows, "select"));
            with.or(values).map(str::to_owned)
        }
        Action::CreateTable(create) if is_asked(&create.name) => {
            create.source.as_ref().map(|query| query.text.to_string())
        }
        Action::Update(update) if is_asked(&update.table) => {
            let parts = [
                Some(&update.assignments),
                update.from.as_ref(),
                update.with.as_ref(),
            ];
            let texts = parts.into_iter().flatten().map(|part| &*part.text);
            Some(texts.collect::<Vec<_>>().join(" "))
        }
        Action::Merge(merge) if is_asked(&merge.table) => {
            merge.source.as_ref().map(|source| source.text.to_string())
        }
        _ => None,
    }
}

/// A column that gets one value in every row, though the up left it alone.
fn overwritten<'u>(cx: &MigrationContext<'_>, update: &'u Update) -> Option<&'u str> {
    let [column] = update.columns.as_slice() else {
        return None;
    };
    let name = column.name.as_str();
    let mut up = cx.scene.migration.up.iter();
    let in_up = up.any(|part| mentions(cx.scene.sources[part.source].slice(part.span), name));
    let of_down = |step: &Step<'_>| {
        let same = |c: &str| c == name;
        match &step.operation.action {
            Action::AddColumn { column, .. } => same(&column.name),
            Action::RenameColumn { column, to, .. } => same(&column.name) || same(&to.name),
            Action::DropColumn { column, .. } | Action::AlterColumnType { column, .. } => {
                same(&column.name)
            }
            _ => false,
        }
    };
    let (_, value) = update.assignments.text.split_once('=')?;
    let whole = takes_every_row(update.filter.as_ref().map(|f| &*f.text))
        && update.from.is_none()
        && (is_constant(value.trim()) || value.trim().eq_ignore_ascii_case("default"));
    let left_alone = !in_up && !cx.steps.iter().any(of_down);
    (whole && left_alone && is_older(cx, &update.table)).then_some(name)
}

/// A column from before the up, of which that keeps the values in some way.
fn keeps_values(cx: &MigrationContext<'_>, table: &ObjectName, column: &str) -> bool {
    let takes = |op: &Operation| match &op.action {
        Action::AddColumn { column: own, .. } => own.name == column,
        Action::AlterColumnType {
            column: own,
            using: Some(using),
            ..
        } => own.name == column && is_one_value(&using.text),
        _ => false,
    };
    is_older(cx, table) && !cx.scene.forth.iter().any(|op| takes(op))
}

/// It was there before the up, which put no rows of its own into it.
fn is_older(cx: &MigrationContext<'_>, table: &ObjectName) -> bool {
    !cx.scene.forth.iter().any(|op| match &op.action {
        Action::CreateTable(create) => create.name.name == table.name,
        Action::Rename { to, .. } => to.name == table.name,
        _ => false,
    })
}

/// The column that the up filled this one from, and dropped; the down does not
/// fill it again.
fn moved_to(cx: &MigrationContext<'_>, table: &ObjectName, column: &str) -> Option<String> {
    let forth = cx.scene.forth;
    let fill = forth.iter().find_map(|op| match &op.action {
        Action::Update(update)
            if update.table.name == table.name
                && update.columns.iter().any(|c| c.name == column) =>
        {
            Some(&update.assignments.text)
        }
        _ => None,
    })?;
    let source = forth.iter().find_map(|op| match &op.action {
        Action::DropColumn {
            table: t,
            column: c,
            ..
        } if t.name.name == table.name && c.name != column && mentions(fill, &c.name) => {
            Some(c.name.to_string())
        }
        _ => None,
    })?;
    let copied_back = cx.steps.iter().any(|step| match &step.operation.action {
        Action::Update(update) => update.columns.iter().any(|c| c.name == *source),
        Action::AlterColumnType { column, .. } => column.name == *source,
        _ => false,
    });
    (!copied_back).then_some(source)
}
