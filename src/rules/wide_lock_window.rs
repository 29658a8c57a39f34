//! One transaction locks three or more tables against reads and writes.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Confidence;
use crate::operation::RUN_TIME;
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
    let mut locked: FxHashMap<u32, Vec<Locked>> = FxHashMap::default();
    let mut known: FxHashSet<(u32, Key)> = FxHashSet::default();
    for step in cx.steps.iter().filter(|step| step.visible) {
        let Some(transaction) = step.run.transaction else {
            continue;
        };
        let tables = locked.entry(transaction).or_default();
        for key in cx.locked_against_readers(step) {
            // Which tables a loop takes, only the server knows.
            if key.name.contains(RUN_TIME) {
                continue;
            }
            let now = cx.called_in_the_end(step, key);
            let root = root(cx, &now);
            if known.insert((transaction, root)) {
                let place = step.place();
                let renamed = now != *key || cx.schema.relation_by_key(key).is_none();
                let name = *if renamed { key } else { &root };
                tables.push(Locked {
                    name,
                    place,
                    conditional: step.operation.within.conditional,
                });
            }
        }
    }
    let mut wide: Vec<&Vec<Locked>> = locked.values().filter(|t| t.len() >= MANY).collect();
    wide.sort_by_key(|tables| {
        (
            tables[MANY - 1].place.source,
            tables[MANY - 1].place.span.start,
        )
    });
    for tables in wide {
        report(cx, findings, tables);
    }
}

struct Locked {
    /// As the statement calls it.
    name: Key,
    place: Place,
    /// It stands behind a condition, perhaps in the other branch of one.
    conditional: bool,
}

fn report(cx: &MigrationContext<'_>, findings: &mut Findings, tables: &[Locked]) {
    let (first, more) = tables.split_at(MANY);
    let names: Vec<String> = first.iter().map(|t| format!("`{}`", t.name)).collect();
    let Some((last, earlier)) = first.split_last() else {
        return;
    };
    let more = match more.len() {
        0 => String::new(),
        1 => " and one more".to_owned(),
        n => format!(" and {n} more"),
    };
    let mut draft = findings
        .report_in(
            last.place.source,
            last.place.span,
            format!(
                "one transaction closes {}{more} to reads and writes, all until it ends",
                names.join(", ")
            ),
        )
        .help(match cx.scene.one_for_all_pending() {
            None => {
                "split it into a migration for each table, so that each lock is given back at once"
                    .to_owned()
            }
            Some(tool) => format!(
                "split it into a migration for each table, and deploy them one after the other: {tool} runs all pending files in one transaction"
            ),
        });
    if first.iter().any(|table| table.conditional) {
        draft = draft.confidence(Confidence::Medium);
    }
    for table in earlier {
        draft = draft.related(table.place, format!("`{}` is locked here", table.name));
    }
}

/// Partitions are locked with their parent and count as one with it; a table
/// that is renamed on the way is one too.
fn root(cx: &MigrationContext<'_>, key: &Key) -> Key {
    let gone = cx.schema.relation_by_key(key).is_none();
    let renamed = cx.schema.renamed_to(key).filter(|_| gone);
    let mut key = *renamed.unwrap_or(key);
    for _ in 0..8 {
        let table = cx.schema.table_by_key(&key);
        match table.and_then(|table| table.partition.as_ref()) {
            Some(partition) => key = partition.of,
            None => break,
        }
    }
    key
}
