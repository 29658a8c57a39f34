//! One transaction locks three or more tables against reads and writes.

use rustc_hash::FxHashMap;

use crate::rule::{Check, Findings, MigrationContext, Rule};
use crate::schema::{Key, Place};

pub const RULE: Rule = Rule {
    id: "wide-lock-window",
    page: include_str!("../../rules/wide-lock-window.md"),
    check: Check::Migration(check),
};

/// Two tables are often changed together for a reason.
const MANY: usize = 3;

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut locked: FxHashMap<u32, Vec<(Key, Place)>> = FxHashMap::default();
    for step in cx.steps.iter().filter(|step| step.visible) {
        let Some(transaction) = step.run.transaction else {
            continue;
        };
        let tables = locked.entry(transaction).or_default();
        if tables.len() >= MANY {
            continue;
        }
        for key in cx.locked_against_readers(step) {
            let root = root(cx, key);
            if !tables.iter().any(|(known, _)| *known == root) {
                let place = Place {
                    source: step.source,
                    span: step.operation.place,
                };
                tables.push((root, place));
            }
        }
        if tables.len() >= MANY {
            report(findings, tables);
        }
    }
}

fn report(findings: &mut Findings, tables: &[(Key, Place)]) {
    let names: Vec<String> = tables.iter().map(|(key, _)| format!("`{key}`")).collect();
    let Some(((_, last), earlier)) = tables.split_last() else {
        return;
    };
    let mut draft = findings
        .report_in(
            last.source,
            last.span,
            format!(
                "one transaction closes {} to reads and writes, all until it ends",
                names.join(", ")
            ),
        )
        .help("split it into a migration for each table, so that each lock is given back at once");
    for (key, place) in earlier {
        draft = draft.related(*place, format!("`{key}` is locked here"));
    }
}

/// Partitions are locked with their parent and count as one with it.
fn root(cx: &MigrationContext<'_>, key: &Key) -> Key {
    let mut key = key.clone();
    for _ in 0..8 {
        let table = cx.schema.table_by_key(&key);
        match table.and_then(|table| table.partition.as_ref()) {
            Some(partition) => key = partition.of.clone(),
            None => break,
        }
    }
    key
}
