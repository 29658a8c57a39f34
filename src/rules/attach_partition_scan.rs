//! `ATTACH PARTITION` reads the new partition under `ACCESS EXCLUSIVE`.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_name, sql_object};

pub const RULE: Rule = Rule {
    id: "attach-partition-scan",
    page: include_str!("../../rules/attach-partition-scan.md"),
    check: Check::Operation {
        on: &[Kind::AttachPartition],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AttachPartition {
        table,
        partition,
        bound,
    } = &cx.operation.action
    else {
        return;
    };
    if !cx.blocks(partition) {
        return;
    }
    let sql = sql_object(partition);
    let name = sql_name(&format!("{}_bounds", partition.name));
    let proof = if bound.default {
        "excludes the bounds of the other partitions"
    } else {
        "says what the bounds say, with IS NOT NULL"
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "attaching `{partition}` to `{}` reads all its rows while its reads and writes wait",
                table.name
            ),
        )
        .help(format!(
            "prove the rows first, in earlier migrations, by a check that {proof}:\n  \
             ALTER TABLE {sql} ADD CONSTRAINT {name} CHECK (…) NOT VALID;\n  \
             ALTER TABLE {sql} VALIDATE CONSTRAINT {name};"
        ))
        .confidence(cx.confidence(partition));
}
