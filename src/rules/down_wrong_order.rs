//! A down drops what something else still needs.

use crate::name::Name;
use crate::operation::{Action, ConstraintKind, Delete, ForeignKey, Insert, ObjectName};
use crate::rule::{Check, Findings, MigrationContext, Rule, Step, mentions};
use crate::schema::TableConstraint;

pub const RULE: Rule = Rule {
    id: "down-wrong-order",
    page: include_str!("../../rules/down-wrong-order.md"),
    check: Check::Down(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut refused = cx
        .steps
        .iter()
        .filter_map(|step| Some((step, step.refusal()?)));
    let refused = refused.next().filter(|_| !cx.schema.is_unsure());
    let Some((step, refusal)) = refused else {
        return parents_first(cx, findings);
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!("the down fails here: {}", refusal.why),
        )
        .help("`bowline undo` prints what undoes the up, in an order that the server takes: what was made last goes first.");
}

/// Rows that the up inserted are deleted before those that refer to them.
fn parents_first(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let deletes = cx
        .steps
        .iter()
        .filter_map(|step| match &step.operation.action {
            Action::Delete(delete) if !step.operation.within.conditional => Some((step, &**delete)),
            _ => None,
        });
    let deletes: Vec<(&Step<'_>, &Delete)> = deletes.take(MOST).collect();
    if deletes.len() < 2 {
        return;
    }
    let inserts = cx.scene.forth.iter().filter_map(|op| match &op.action {
        Action::Insert(insert) => Some(&**insert),
        _ => None,
    });
    let inserts: Vec<&Insert> = inserts.take(MOST).collect();
    let too_early = deletes.iter().enumerate().find_map(|(at, (step, parent))| {
        let (before, after) = (&deletes[..at], &deletes[at + 1..]);
        let is_new = |child: &Delete| {
            let of_child = |other: &&Delete| other.table.name == child.table.name;
            !before
                .iter()
                .map(|(_, delete)| *delete)
                .any(|d| of_child(&d))
        };
        let mut later = after.iter().map(|(_, delete)| *delete);
        let child = later.find(|child| is_new(child) && holds(cx, &inserts, child, parent))?;
        Some((step, parent, child))
    });
    let Some((step, parent, child)) = too_early else {
        return;
    };
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!(
                "the down fails here: rows of `{}`, which the up inserted, still refer to those of `{}`",
                child.table, parent.table
            ),
        )
        .help(format!("Delete the rows of `{}` first.", child.table));
}

/// So many statements of a script are held against each other.
const MOST: usize = 200;

/// Do rows that the up inserted into the table of one DELETE refer to those that
/// it inserted into that of another?
fn holds(cx: &MigrationContext<'_>, inserts: &[&Insert], child: &Delete, parent: &Delete) -> bool {
    let into = |delete: &Delete| {
        let name = delete.table.name;
        inserts
            .iter()
            .filter(move |insert| insert.table.name == name)
    };
    let Some(filter) = &parent.filter else {
        return false;
    };
    into(parent).next().is_some()
        && refers(cx, &child.table, &parent.table).is_some_and(|key| {
            into(child).any(|insert| refers_to_rows(insert, key, &parent.table, &filter.text))
        })
}

/// The foreign key that keeps rows of a parent from being deleted, at once.
fn refers<'c>(
    cx: &'c MigrationContext<'_>,
    child: &ObjectName,
    parent: &ObjectName,
) -> Option<&'c ForeignKey> {
    let parent = cx.schema.resolve(parent);
    let keeps = |constraint: &'c TableConstraint| match &constraint.definition.kind {
        ConstraintKind::ForeignKey(key)
            if constraint.references == Some(parent)
                && !constraint.definition.deferred
                && !constraint.definition.not_enforced =>
        {
            let refuses = |action: &Name| {
                let mut words = ["restrict", "no action"].iter();
                words.any(|word| action.eq_ignore_ascii_case(word))
            };
            key.on_delete.as_ref().is_none_or(refuses).then_some(&**key)
        }
        _ => None,
    };
    let known = cx.schema.table(child)?;
    let mut constraints = known.constraints.iter().filter(|_| known.key != parent);
    constraints.find_map(|constraint| keeps(constraint))
}

/// Does it give the columns of the key, and name the rows of the parent as the
/// condition of the DELETE does, or read them?
fn refers_to_rows(insert: &Insert, key: &ForeignKey, parent: &ObjectName, filter: &str) -> bool {
    let given = insert.columns.is_empty()
        || key
            .columns
            .iter()
            .all(|c| insert.columns.iter().any(|own| own.name == *c));
    let query = insert.query.as_ref().map(|query| &*query.text);
    let values = insert.values.as_ref().map(|values| &*values.text);
    let Some(text) = query.or(values) else {
        return false;
    };
    let literals = filter.split('\'').skip(1).step_by(2);
    let numbers = filter
        .split(|c: char| !c.is_alphanumeric() && !"_.'".contains(c))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let mut constants = literals.chain(numbers).filter(|text| !text.is_empty());
    given && (mentions(text, &parent.name) || constants.any(|constant| mentions(text, constant)))
}
