//! A domain's constraint is checked in every table that uses it.

use crate::operation::{Action, DomainChange, Kind};
use crate::rule::{
    Check, ColumnWork, Findings, OperationContext, Rule, sql_key, sql_object, who_waits,
};

pub const RULE: Rule = Rule {
    id: "domain-check-scan",
    page: include_str!("../../rules/domain-check-scan.md"),
    check: Check::Operation {
        on: &[Kind::AlterDomain, Kind::AddColumn],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    match &cx.operation.action {
        Action::AlterDomain { name, change } => {
            let Some((key, mode)) = cx.blocked() else {
                return;
            };
            let help = match change {
                DomainChange::AddConstraint { .. } => format!(
                    "add it with NOT VALID, which reads no table, and give {} and the other tables check constraints of their own (NOT VALID, then VALIDATE): `ALTER DOMAIN … VALIDATE CONSTRAINT` blocks their writes",
                    sql_key(key)
                ),
                _ => format!(
                    "put the condition on {} and the other tables as check constraints (NOT VALID, then VALIDATE in a later migration) instead of on the domain",
                    sql_key(key)
                ),
            };
            findings
                .report(
                    cx.operation.place,
                    format!(
                        "changing domain `{name}` reads every row of `{key}` while its {} wait",
                        who_waits(mode)
                    ),
                )
                .help(help);
        }
        Action::AddColumn { table, column, .. } if cx.column_work() == Some(ColumnWork::Domain) => {
            findings
                .report(
                    cx.operation.place,
                    format!(
                        "adding `{}` of domain `{}`, which has a constraint, rewrites `{}` while reads and writes wait",
                        column.name, column.ty, table.name
                    ),
                )
                .help(format!(
                    "give {} a column of the domain's base type and a check constraint of its own: NOT VALID, then VALIDATE in a later migration",
                    sql_object(&table.name)
                ));
        }
        _ => {}
    }
}
