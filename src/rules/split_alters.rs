//! A table is altered by several statements where one would do.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::name::Name;
use crate::operation::{Action, ObjectName};
use crate::rule::{Check, Findings, MigrationContext, Rule, sql_object};
use crate::schema::{Key, Place};

pub const RULE: Rule = Rule {
    id: "split-alters",
    page: include_str!("../../rules/split-alters.md"),
    check: Check::Migration(check),
};

#[derive(Default)]
struct Altered {
    statement: Option<(u32, Place)>,
    columns: FxHashSet<Name>,
    reported: bool,
}

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let mut tables: FxHashMap<Key, Altered> = FxHashMap::default();
    for step in cx.steps.iter().filter(|step| step.visible) {
        let Some((table, column)) = joinable(&step.operation.action) else {
            continue;
        };
        let key = cx.schema.resolve(table);
        if cx.is_new_key(&key) {
            continue;
        }
        let altered = tables.entry(key).or_default();
        let place = step.place();
        let fresh = altered.columns.insert(*column);
        match altered.statement {
            Some((first, before)) if first != step.statement => {
                if fresh && !altered.reported {
                    altered.reported = true;
                    findings
                        .report_in(
                            step.source,
                            step.operation.place,
                            format!(
                                "`{table}` is altered by several statements where one would do"
                            ),
                        )
                        .help(format!(
                            "join them: `ALTER TABLE {} …, …;` waits for the lock, and works, once",
                            sql_object(table)
                        ))
                        .related(before, "it is altered here first");
                }
            }
            _ => altered.statement = Some((step.statement, place)),
        }
    }
}

/// Actions that could stand in one statement.
fn joinable(action: &Action) -> Option<(&ObjectName, &Name)> {
    match action {
        Action::AddColumn { table, column, .. } => Some((&table.name, &column.name)),
        Action::DropColumn { table, column, .. }
        | Action::AlterColumnType { table, column, .. } => Some((&table.name, &column.name)),
        _ => None,
    }
}
