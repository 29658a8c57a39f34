//! `SET TABLESPACE` copies the files under `ACCESS EXCLUSIVE`.

use crate::finding::Confidence;
use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, listed, sql_ident, sql_object};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "tablespace-rewrite",
    page: include_str!("../../rules/tablespace-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::SetTablespace, Kind::MoveTablespace],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (kind, name, to) = match &cx.operation.action {
        Action::SetTablespace { kind, name, to } => (kind, name, to),
        Action::MoveTablespace { .. } => return all(cx, findings),
        _ => return,
    };
    let works = !cx.effect.rewrites.is_empty() || !cx.effect.index_rebuilds.is_empty();
    if !works || is_new(cx, name) {
        return;
    }
    let help = if *kind == ObjectKind::Index && cx.scene.dialect.version >= 14 {
        format!(
            "run `REINDEX (TABLESPACE {}) INDEX CONCURRENTLY {};` {}",
            sql_ident(to),
            sql_object(name),
            cx.scene.without_transaction()
        )
    } else {
        format!(
            "move {} with a tool that copies it online, such as pg_repack, or in a maintenance window",
            sql_object(name)
        )
    };
    findings
        .report(
            cx.operation.place,
            format!("moving `{name}` to another tablespace copies it while reads and writes wait"),
        )
        .help(help);
}

/// Whatever the tablespace holds, as far as the history knows.
fn all(cx: &OperationContext<'_>, findings: &mut Findings) {
    let moved = cx.effect.rewrites.iter().chain(&cx.effect.index_rebuilds);
    let is_old = |key: &&Key| !is_new_key(cx, key);
    let names: Vec<String> = moved.filter(is_old).map(|key| format!("`{key}`")).collect();
    if names.is_empty() {
        return;
    }
    findings
        .report(
            cx.operation.place,
            format!(
                "moving all to another tablespace copies {} while reads and writes of them wait, and each stays locked until the last is copied",
                listed(&names)
            ),
        )
        .confidence(Confidence::Medium)
        .help(
            "move them one by one with a tool that copies online, such as pg_repack, or in a maintenance window",
        );
}

fn is_new_key(cx: &OperationContext<'_>, key: &Key) -> bool {
    let index = cx.schema.index_by_key(key);
    cx.is_new_key(key) || index.is_some_and(|index| cx.is_new_key(&index.table))
}

fn is_new(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    cx.is_new(name)
        || cx
            .schema
            .index(name)
            .is_some_and(|index| cx.is_new_key(&index.table))
}
