//! One transaction adds foreign keys to several tables that are in use.

use rustc_hash::FxHashMap;

use crate::effect::LockMode;
use crate::operation::{Action, Constraint, ConstraintKind};
use crate::rule::{Check, Findings, MigrationContext, Rule, Step};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "several-foreign-keys",
    page: include_str!("../../rules/several-foreign-keys.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut parents: FxHashMap<_, Vec<Key>> = FxHashMap::default();
    for step in cx.steps {
        let known = parents.entry(cx.unit(step)).or_default();
        if known.len() > 1 {
            continue;
        }
        for parent in locked_parents(cx, step) {
            if !known.contains(&parent) {
                known.push(parent);
            }
        }
        if known.len() > 1 {
            let names: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            findings
                .report_in(
                    step.source,
                    step.operation.place,
                    format!(
                        "foreign keys lock {} against writes, all until the transaction ends",
                        names.join(", ")
                    ),
                )
                .help("add one foreign key in each migration, NOT VALID first");
        }
    }
}

fn locked_parents(cx: &MigrationContext<'_>, step: &Step) -> Vec<Key> {
    constraints(step)
        .iter()
        .filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some(cx.schema.resolve(&key.references)),
            _ => None,
        })
        .filter(|key| {
            !cx.is_new_key(key) && step.effect.lock_on(key) >= Some(LockMode::ShareRowExclusive)
        })
        .collect()
}

fn constraints<'s>(step: &'s Step<'_>) -> &'s [Constraint] {
    match &step.operation.action {
        Action::CreateTable(create) => &create.constraints,
        Action::AddColumn { constraints, .. } => constraints,
        Action::AddConstraint { constraint, .. } => std::slice::from_ref(constraint),
        _ => &[],
    }
}
