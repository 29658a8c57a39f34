//! A strong lock is held without a `statement_timeout`.

use crate::operation::Action;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "missing-statement-timeout",
    page: include_str!("../../rules/missing-statement-timeout.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut bounded = false;
    for step in cx.steps {
        if let Action::Set(set) = &step.operation.action
            && set.name == "statement_timeout"
        {
            bounded = set.value.as_deref().is_some_and(is_bound);
        }
        let Some((key, mode)) = cx.strongest_visible_lock(step) else {
            continue;
        };
        if step.visible && mode.blocks_writes() && !bounded {
            findings
                .report_in(
                    step.source,
                    step.operation.place,
                    format!("no `statement_timeout` bounds how long `{key}` stays locked"),
                )
                .help("put `SET statement_timeout = '1min';` in front of it: longer than it should take, shorter than an outage");
            return;
        }
    }
}

/// `0`, `'0'` and `0s` mean none.
fn is_bound(value: &str) -> bool {
    let digits = value.trim_matches('\'');
    !digits
        .trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ')
        .bytes()
        .all(|byte| byte == b'0')
}
