//! The down adds a foreign key again and fails on orphans.

use std::ops::ControlFlow;

use crate::name::Name;
use crate::operation::{
    Action, Constraint, ConstraintKind, ForeignKey, Kind, ObjectName, Operation, Target,
};
use crate::rule::{
    Check, Findings, OperationContext, Rule, Trail, Way, constraint, mentions, sql_object,
};
use crate::schema::{Key, TableConstraint};

pub const RULE: Rule = Rule {
    id: "undo-fails-on-orphan",
    page: include_str!("../../rules/undo-fails-on-orphan.md"),
    check: Check::Operation {
        on: &[Kind::DropConstraint],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::DropConstraint { table, name, .. } = &cx.operation.action else {
        return;
    };
    let known = cx.table(&table.name);
    let Some(old) = known.and_then(|t| t.constraint(&name.name)) else {
        return;
    };
    let ConstraintKind::ForeignKey(key) = &old.definition.kind else {
        return;
    };
    if !cx.is_used(table) {
        return;
    }
    let Some(back) = added_again(cx, table, old, key) else {
        return;
    };
    let columns = old.columns.join(", ");
    let now = old.references.as_ref();
    let referenced = now.map_or_else(|| key.references.to_string(), ToString::to_string);
    findings
        .report(
            cx.operation.place,
            format!(
                "the down adds foreign key `{}` again and fails once `{columns}` of `{}` refers to rows that `{}` does not have",
                name.name, table.name, referenced
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Let the down add it without a look at old rows, and clean up before it is validated:\n\
             ALTER TABLE {} ADD {};",
            sql_object(back.table),
            constraint::unchecked(&back.definition(old))
        ));
}

/// The foreign key as the down adds it.
struct Back<'a> {
    table: &'a ObjectName,
    constraint: &'a Constraint,
    key: &'a ForeignKey,
    references: Key,
}

impl Back<'_> {
    fn definition(&self, old: &TableConstraint) -> TableConstraint {
        let name = self.constraint.name.as_ref();
        TableConstraint {
            name: name.map_or(old.name, |name| name.name),
            definition: self.constraint.clone(),
            columns: self.key.columns.clone(),
            references: Some(self.references),
            referenced: self.key.referenced.iter().copied().collect(),
            ..old.clone()
        }
    }
}

/// The statement of the down that adds the key again, where orphans may have
/// come in between and are still there: no other key kept them out, and the down
/// does not see to them before.
fn added_again<'a>(
    cx: &OperationContext<'a>,
    table: &Target,
    old: &TableConstraint,
    key: &ForeignKey,
) -> Option<Back<'a>> {
    let parent = old
        .references
        .unwrap_or_else(|| cx.schema.resolve(&key.references));
    let mut trails = [
        Trail::new(cx.schema.resolve(&table.name), &old.columns),
        Trail::new(parent, &old.referenced),
    ];
    // The names of those that keep orphans out besides, as far as they have one.
    let others = cx
        .table(&table.name)
        .into_iter()
        .flat_map(|t| &t.constraints);
    let mut keepers: Vec<Option<Name>> = others
        .filter(|other| other.name != old.name && other.columns == old.columns)
        .filter(|other| other.references == Some(parent) && !other.definition.not_enforced)
        .filter(|other| other.referenced == old.referenced)
        .map(|other| Some(other.name))
        .collect();
    cx.follow(&mut trails, |way, op, trails| {
        let [child, parent] = trails else {
            return ControlFlow::Break(None);
        };
        match (way, &op.action) {
            (Way::There, Action::DropConstraint { table, name, .. })
                if child.is(cx.schema, &table.name) =>
            {
                keepers.retain(|keeper| *keeper != Some(name.name));
            }
            (Way::There, Action::AddConstraint { table, constraint })
                if child.is(cx.schema, &table.name) =>
            {
                if let ConstraintKind::ForeignKey(key) = &constraint.kind
                    && !constraint.not_enforced
                    && is_between(cx, key, child, parent)
                {
                    keepers.push(constraint.name.as_ref().map(|name| name.name));
                }
            }
            (Way::Back, _) if !keepers.is_empty() || clears(cx, op, child, parent) => {
                return ControlFlow::Break(None);
            }
            (Way::Back, Action::AddConstraint { table, constraint })
                if child.is(cx.schema, &table.name) && !constraint.not_valid =>
            {
                if let ConstraintKind::ForeignKey(key) = &constraint.kind
                    && key.columns == child.columns
                {
                    return ControlFlow::Break(Some(Back {
                        table: &table.name,
                        constraint,
                        key,
                        references: cx.schema.resolve(&key.references),
                    }));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })
}

/// Does a foreign key ask the same of the same columns?
fn is_between(cx: &OperationContext<'_>, key: &ForeignKey, child: &Trail, parent: &Trail) -> bool {
    let pairs = || child.columns.iter().zip(&parent.columns);
    let mut own = key.columns.iter().zip(&key.referenced);
    parent.is(cx.schema, &key.references)
        && key.columns.len() == child.columns.len()
        && key.columns.iter().all(|column| child.has(column))
        && (parent.columns.is_empty() || own.all(|pair| pairs().any(|other| other == pair)))
}

/// Does a statement of the down remove orphans, or give them a parent?
fn clears(cx: &OperationContext<'_>, op: &Operation, child: &Trail, parent: &Trail) -> bool {
    let adopts = match &op.action {
        Action::Insert(insert) => parent.is(cx.schema, &insert.table) && insert.query.is_some(),
        Action::Merge(merge) => parent.is(cx.schema, &merge.table),
        _ => false,
    };
    adopts || cx.sees_to_rows(op, child) && may_mean_orphans(op, parent)
}

/// May the rows that a statement takes be those without a parent? Not where it
/// only looks for values of their own: an orphan may hold any. What cannot be
/// told is believed.
fn may_mean_orphans(op: &Operation, parent: &Trail) -> bool {
    let (filter, more) = match &op.action {
        Action::Update(update) => (
            &update.filter,
            update.from.is_some() || update.with.is_some(),
        ),
        Action::Delete(delete) => (
            &delete.filter,
            delete.using.is_some() || delete.with.is_some(),
        ),
        _ => return true,
    };
    let Some(filter) = filter else {
        return true;
    };
    let asks = |word: &str| mentions(&filter.text, word);
    more || filter.text.contains(['<', '>', '!', '~'])
        || ["select", "not", "between", "like"]
            .iter()
            .any(|word| asks(word))
        || mentions(&filter.text, &parent.table.name)
}
