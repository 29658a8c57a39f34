//! A type change that keeps the rows rebuilds indexes under `ACCESS EXCLUSIVE`.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, collation_name, sql_key};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "index-rebuilt-by-type-change",
    page: include_str!("../../rules/index-rebuilt-by-type-change.md"),
    check: Check::Operation {
        on: &[Kind::AlterColumnType],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::AlterColumnType {
        table,
        column,
        ty,
        collation,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let rebuilt = &cx.effect.index_rebuilds;
    if !cx.effect.rewrites.is_empty() || rebuilt.is_empty() || !cx.visible_table(table) {
        return;
    }
    let names: Vec<String> = rebuilt.iter().map(|key| format!("`{key}`")).collect();
    let is_unique = |key: &&Key| cx.schema.index_by_key(key).is_some_and(|i| i.unique);
    let (unique, plain): (Vec<&Key>, Vec<&Key>) = rebuilt.iter().partition(is_unique);
    let collated = match collation {
        Some(collation) => format!(" COLLATE {}", collation_name(collation)),
        None => String::new(),
    };
    findings
        .report(
            cx.operation.place,
            format!(
                "changing `{}.{}` to `{ty}{collated}` keeps the rows but rebuilds {} while reads and writes wait",
                table.name,
                column.name,
                names.join(", ")
            ),
        )
        .help(remedy(&plain, &unique))
        .confidence(cx.confidence(&table.name));
}

/// An index that keeps values unique is not to be gone for a while, and that of
/// a constraint cannot be dropped by itself.
fn remedy(plain: &[&Key], unique: &[&Key]) -> String {
    let list = |keys: &[&Key]| {
        keys.iter()
            .map(|key| sql_key(key))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if unique.is_empty() {
        return format!(
            "drop {} with `DROP INDEX CONCURRENTLY` before the change and build it anew with `CREATE INDEX CONCURRENTLY` after it, in migrations of their own",
            list(plain)
        );
    }
    format!(
        "put a column of the new type beside the old one, build the index on it with `CREATE UNIQUE INDEX CONCURRENTLY`, and switch the application over: without {} nothing keeps the values unique",
        list(unique)
    )
}
