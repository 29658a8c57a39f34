//! A constraint is added `NOT VALID` and validated in the same transaction.

use crate::operation::Action;
use crate::rule::{Check, Findings, MigrationContext, Rule, sql_ident, sql_object, who_waits};

pub const RULE: Rule = Rule {
    id: "validate-in-same-transaction",
    page: include_str!("../../rules/validate-in-same-transaction.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    for (at, step) in cx.steps.iter().enumerate() {
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
        findings
            .report_in(
                step.source,
                step.operation.place,
                format!(
                    "validating `{}` reads `{}` under the lock that adding it took: {} wait",
                    name.name,
                    table.name,
                    who_waits(mode)
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
