//! `SET TABLESPACE` copies the files under `ACCESS EXCLUSIVE`.

use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_ident, sql_object};

pub const RULE: Rule = Rule {
    id: "tablespace-rewrite",
    page: include_str!("../../rules/tablespace-rewrite.md"),
    check: Check::Operation {
        on: &[Kind::SetTablespace],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::SetTablespace { kind, name, to } = &cx.operation.action else {
        return;
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

fn is_new(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    cx.is_new(name)
        || cx
            .schema
            .index(name)
            .is_some_and(|index| cx.is_new_key(&index.table))
}
