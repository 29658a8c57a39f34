//! A constraint is added `NOT VALID` and validated in the same transaction.

use rustc_hash::FxHashMap;

use crate::effect::LockMode;
use crate::operation::Action;
use crate::rule::{Check, Findings, MigrationContext, Rule, sql_ident, sql_object, who_waits};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "validate-in-same-transaction",
    page: include_str!("../../rules/validate-in-same-transaction.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut held: FxHashMap<((bool, u32), Key), LockMode> = FxHashMap::default();
    for (at, step) in cx.steps.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|before| &cx.steps[before]) {
            let unit = cx.unit(before);
            for lock in &before.effect.locks {
                let mode = held.entry((unit, lock.relation)).or_insert(lock.mode);
                *mode = lock.mode.max(*mode);
            }
        }
        let Action::ValidateConstraint { table, name } = &step.operation.action else {
            continue;
        };
        // A new table holds no rows yet.
        if cx.is_new_key(&cx.schema.resolve(&table.name)) {
            continue;
        }
        let Some(added) = cx.added_before_validation(at) else {
            continue;
        };
        let Some((key, mode)) = cx.strongest_visible_lock(added) else {
            continue;
        };
        if !mode.blocks_writes() {
            continue;
        }
        let place = added.place();
        let strongest = held.get(&(cx.unit(step), *key)).copied();
        let (lock, who) = match strongest.filter(|strongest| strongest.blocks_reads()) {
            Some(strongest) if !mode.blocks_reads() => {
                ("a lock that the transaction holds", who_waits(strongest))
            }
            _ => ("the lock that adding it took", who_waits(mode)),
        };
        findings
            .report_in(
                step.source,
                step.operation.place,
                format!(
                    "validating `{}` reads `{}` under {lock}: {who} wait",
                    name.name, table.name
                ),
            )
            .help(format!(
                "validate it {}, so that the transaction that added the constraint has ended:\n  \
                 ALTER TABLE {} VALIDATE CONSTRAINT {};",
                cx.scene.afterwards(),
                sql_object(&table.name),
                sql_ident(name)
            ))
            .related(place, format!("`{}` is locked here, in {mode} mode", key));
    }
}
