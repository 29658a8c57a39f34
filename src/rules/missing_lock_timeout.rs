//! A strong lock is waited for without a `lock_timeout`.

use crate::rule::{Check, Findings, MigrationContext, Rule, who_waits};

pub const RULE: Rule = Rule {
    id: "missing-lock-timeout",
    page: include_str!("../../rules/missing-lock-timeout.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if !cx.scene.uses_lock_timeout {
        return;
    }
    let mut steps = cx.steps.iter().filter(|step| step.visible);
    let unguarded = steps.find_map(|step| {
        let (key, mode) = cx.strongest_visible_lock(step)?;
        (step.lock_timeout.is_none() && mode.blocks_writes()).then_some((step, key, mode))
    });
    if let Some((step, key, mode)) = unguarded {
        findings
            .report_in(
                step.source,
                step.operation.place,
                format!(
                    "no `lock_timeout` bounds the wait for `{key}`: {} queue behind it",
                    who_waits(mode)
                ),
            )
            .help("put `SET lock_timeout = '2s';` in front of it (`SET LOCAL` inside a transaction), and try again when it strikes")
            .fix(cx.lock_timeout(step));
    }
}
