//! A statement reads or rewrites a table while others wait for it, and no
//! other rule has a remedy for it.

use crate::operation::{Action, Kind};
use crate::rule::{Check, ColumnWork, Findings, OperationContext, Rule, who_waits};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "rewrites-or-scans-under-lock",
    page: include_str!("../../rules/rewrites-or-scans-under-lock.md"),
    check: Check::Operation {
        on: &[
            Kind::CreateTable,
            Kind::AddColumn,
            Kind::DropColumn,
            Kind::AlterColumnType,
            Kind::DropExpression,
            Kind::AddIdentity,
            Kind::SetColumnOption,
            Kind::DropConstraint,
            Kind::ValidateConstraint,
            Kind::AlterConstraint,
            Kind::AttachPartition,
            Kind::DetachPartition,
            Kind::Inherit,
            Kind::NoInherit,
            Kind::ReplicaIdentity,
            Kind::SetParameters,
            Kind::OtherTableChange,
            Kind::AttachIndexPartition,
            Kind::AlterComposite,
            Kind::CreatePolicy,
            Kind::CreateRule,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    // What fails is reported as such.
    if cx.effect.refusal.is_some() {
        return;
    }
    let is_rewritten = |key: &Key| cx.effect.rewrites.contains(key);
    let left = cx
        .effect
        .worked_under_lock()
        .filter(|(key, _)| !cx.is_new_key(key) && !has_a_rule_of_its_own(cx, key))
        .min_by_key(|(key, _)| !is_rewritten(key));
    if let Some((key, mode)) = left {
        let work = if is_rewritten(key) {
            "rewrites"
        } else {
            "reads all of"
        };
        let waiting = match cx.closed.since(key) {
            Some(_) => "reads and writes",
            None => who_waits(mode),
        };
        findings
            .report(
                cx.operation.place,
                format!("this {work} `{key}` while its {waiting} wait"),
            )
            .help("split the change so that the part that takes time runs under a weaker lock, or run it in a maintenance window behind `SET lock_timeout = '2s'; SET statement_timeout = '10min';`");
    }
}

fn has_a_rule_of_its_own(cx: &OperationContext<'_>, key: &Key) -> bool {
    let is_default = || {
        let table = cx.schema.table_by_key(key);
        table
            .and_then(|table| table.partition.as_ref())
            .is_some_and(|partition| partition.bound.default)
    };
    match &cx.operation.action {
        Action::AddColumn { .. } => cx.column_work() != Some(ColumnWork::Other),
        Action::AlterColumnType { .. } => {
            !cx.effect.rewrites.is_empty() || !cx.effect.index_rebuilds.is_empty()
        }
        Action::AttachPartition { partition, .. } => {
            is_default() || cx.schema.resolve(partition) == *key
        }
        Action::CreateTable(_) => is_default(),
        _ => false,
    }
}
