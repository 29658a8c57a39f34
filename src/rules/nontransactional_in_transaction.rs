//! The statement refuses to run in a transaction, and one is open.

use crate::operation::Kind;
use crate::rule::{Check, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "nontransactional-in-transaction",
    page: include_str!("../../rules/nontransactional-in-transaction.md"),
    check: Check::Operation {
        on: &[
            Kind::CreateIndex,
            Kind::Drop,
            Kind::Reindex,
            Kind::DetachPartition,
            Kind::Vacuum,
            Kind::Cluster,
            Kind::ServerCommand,
            Kind::CreateOther,
            Kind::AlterOther,
            Kind::AlterPublication,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(command) = cx.effect.forbidden_in_transaction else {
        return;
    };
    if cx.in_transaction() || cx.operation.within.block {
        findings
            .report(
                cx.operation.place,
                format!(
                    "`{command}` cannot run inside a transaction, and {}",
                    cx.opener()
                ),
            )
            .help(format!("run it {}", cx.scene.without_transaction()))
            .fix(cx.outside_transaction("run it outside a transaction", Vec::new()));
    }
}
