//! A down stops writes while it works.

use crate::rule::{Check, Findings, MigrationContext, Rule, who_waits};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "down-blocks",
    page: include_str!("../../rules/down-blocks.md"),
    check: Check::Down(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut told: Vec<&Key> = Vec::new();
    for step in cx.steps.iter().filter(|step| step.visible) {
        let mut blocked = step.effect.worked_under_lock();
        let Some((key, mode)) = blocked.find(|(key, _)| !cx.schema.is_created_now(key)) else {
            continue;
        };
        // Once is enough for a table.
        if told.contains(&key) {
            continue;
        }
        told.push(key);
        let work = match step.effect.rewrites.contains(key) {
            true => format!("writes `{key}` anew"),
            false => format!("reads all of `{key}`"),
        };
        findings
            .report_in(
                step.source,
                step.operation.place,
                format!("the down {work} while {} wait for it", who_waits(mode)),
            )
            .help("Go back as carefully as you came: indexes CONCURRENTLY, constraints NOT VALID first and validated afterwards, outside of the transaction that the other steps run in");
    }
}
