//! An index on a partitioned table is built on every partition under one lock.

use crate::operation::{Action, CreateIndex, Kind};
use crate::rule::{
    Check, Findings, OperationContext, Rule, behind_table, on_one_line, sql_key, sql_object,
};
use crate::schema::Key;
use crate::source::Span;

pub const RULE: Rule = Rule {
    id: "index-on-partitioned",
    page: include_str!("../../rules/index-on-partitioned.md"),
    check: Check::Operation {
        on: &[Kind::CreateIndex],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return;
    };
    let waits = cx.is_partitioned(&index.table) && !index.only && !index.concurrently;
    if !waits || cx.is_new(&index.table) {
        return;
    }
    let Some(built) = built_on(cx, index) else {
        return;
    };
    let until = match built.as_slice() {
        [partition] if partitions(cx, index) > 1 => format!("that of `{partition}` is done"),
        _ => "all are done".to_owned(),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "building an index on partitioned table `{}` blocks the {} of every partition until {until}",
                index.table,
                match cx.closed_since(&index.table) {
                    Some(_) => "reads and writes",
                    None => "writes",
                }
            ),
        )
        .help(remedy(cx, index, &built));
}

/// The partitions that others see and that have no such index yet; empty where
/// the history shows no partitions, which may have been made elsewhere.
fn built_on<'a>(cx: &'a OperationContext<'_>, index: &CreateIndex) -> Option<Vec<&'a Key>> {
    let scans = cx.effect.scans.iter().map(|scan| &scan.relation);
    let built: Vec<&Key> = scans.filter(|key| !cx.is_new_key(key)).collect();
    (!built.is_empty() || partitions(cx, index) == 0).then_some(built)
}

fn partitions(cx: &OperationContext<'_>, index: &CreateIndex) -> usize {
    cx.table(&index.table)
        .map_or(0, |table| table.children.len())
}

fn remedy(cx: &OperationContext<'_>, index: &CreateIndex, built: &[&Key]) -> String {
    let table = sql_object(&index.table);
    let partition = built
        .first()
        .map_or("<partition>".into(), |key| sql_key(key));
    let others = match built.len() {
        1 => "",
        _ => "\n-- and so on: the index counts once each partition has its part of it",
    };
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index
        .name
        .as_ref()
        .map_or_else(|| format!("{}_idx", index.table.name), sql_object);
    let rest = match cx.operation.within.block {
        // What a block builds has no text of its own in the file.
        true => on_one_line(&behind_table(index)),
        false => {
            let (clause, table) = (cx.operation.clause, index.table.span);
            on_one_line(cx.text(Span::new(table.end, clause.end)))
        }
    };
    format!(
        "create it on the parent alone, which is quick:\n  \
         CREATE {unique}INDEX {name} ON ONLY {table} {rest};\n\
         then build it on each partition{} ({}), and attach it:\n  \
         CREATE {unique}INDEX CONCURRENTLY {partition}_idx ON {partition} {rest};\n  \
         ALTER INDEX {name} ATTACH PARTITION {partition}_idx;{others}",
        if built.len() < partitions(cx, index) {
            " that has none"
        } else {
            ""
        },
        cx.scene.without_transaction()
    )
}
