//! The tool runs all pending migrations in one transaction.

use crate::project::Transaction;
use crate::rule::{Check, Findings, MigrationContext, Rule};
use crate::verdict::Deploy;

pub const RULE: Rule = Rule {
    id: "all-pending-in-one-transaction",
    page: include_str!("../../rules/all-pending-in-one-transaction.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if !cx.scene.may_have_company {
        return;
    }
    let mut steps = cx.steps.iter();
    let blocking = steps.find(|step| {
        step.run.runner == Transaction::AllPending && step.verdict.deploy == Deploy::Blocking
    });
    if let Some(step) = blocking {
        let tool = cx.scene.layout.name();
        findings
            .report_in(
                step.source,
                step.operation.place,
                format!("{tool} runs all pending files in one transaction: what this locks stays locked until the last of them is done"),
            )
            .help("deploy this migration alone, with nothing else pending");
    }
}
