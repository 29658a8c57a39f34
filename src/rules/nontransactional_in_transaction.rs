//! The statement refuses to run in a transaction, and one is open.

use crate::operation::{Action, Kind, ObjectKind, Operation};
use crate::rule::{Check, Facet, Findings, OpenedBy, OperationContext, Rule};

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
            .help(remedy(cx))
            .fix(cx.outside_transaction("run it outside a transaction", Vec::new()));
    }
}

fn remedy(cx: &OperationContext<'_>) -> String {
    let how = cx.scene.without_transaction();
    let by_hand =
        "where an attempt failed, drop what it left by hand, with psql, before the next one";
    match &cx.operation.action {
        _ if cx.run.opened_by != OpenedBy::ImplicitString => format!("run it {how}"),
        Action::Drop {
            kind: ObjectKind::Index,
            name,
            ..
        } if cx.later_on(Facet::Object, &name.name).any(builds) => {
            format!("leave it out, and run the CREATE INDEX {how}; {by_hand}")
        }
        Action::CreateIndex(create)
            if create
                .name
                .as_ref()
                .is_some_and(|name| cx.earlier_on(Facet::Object, &name.name).any(drops)) =>
        {
            format!("run it, without the DROP INDEX before it, {how}; {by_hand}")
        }
        _ => format!("run it {how}"),
    }
}

fn builds(op: &Operation) -> bool {
    matches!(&op.action, Action::CreateIndex(create) if create.concurrently)
}

fn drops(op: &Operation) -> bool {
    matches!(
        op.action,
        Action::Drop {
            kind: ObjectKind::Index,
            ..
        }
    )
}
