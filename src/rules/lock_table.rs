//! `LOCK TABLE` makes others wait until the transaction ends.

use crate::finding::Severity;
use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object, who_waits};

pub const RULE: Rule = Rule {
    id: "lock-table",
    page: include_str!("../../rules/lock-table.md"),
    check: Check::Operation {
        on: &[Kind::LockTable],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::LockTable { tables, .. } = &cx.operation.action else {
        return;
    };
    let Some(lock) = cx.blocking_lock() else {
        return;
    };
    let visible: Vec<_> = tables.iter().filter(|table| !cx.is_new(table)).collect();
    let Some(first) = visible.first() else {
        return;
    };
    let names: Vec<String> = visible.iter().map(|table| format!("`{table}`")).collect();
    let severity = if lock.mode.blocks_reads() {
        Severity::Error
    } else {
        Severity::Warning
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "`LOCK TABLE` keeps {} of {} waiting until the transaction ends",
                who_waits(lock.mode),
                names.join(", ")
            ),
        )
        .help(match cx.is_copied_later(first) {
            // Without it the copy would lose what is written meanwhile.
            true => format!(
                "it keeps the copy of `{first}` whole, and lasts as long as that takes. {}",
                cx.scene.copy_in_step()
            ),
            false => format!(
                "leave it out: each statement takes the lock on {} that it needs; where rows must stay as they are until then, put `SET LOCAL lock_timeout = '2s';` in front and keep what follows short (a mode weaker than the statements behind it need may end in a deadlock)",
                sql_object(first)
            ),
        })
        .severity(severity);
}
