//! `DROP INDEX` locks the table against reads and writes.

use crate::finding::Fix;
use crate::operation::{Action, CreateIndex, Kind, ObjectKind, ObjectName};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, mentions, sql_object};

pub const RULE: Rule = Rule {
    id: "drop-index-blocking",
    page: include_str!("../../rules/drop-index-blocking.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: ObjectKind::Index,
        name,
        concurrently: false,
        if_exists,
        cascade,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    let again = comes_again(cx, name);
    // The build after it says how one index is exchanged for another.
    let old = cx.schema.index(name).map(|old| old.table);
    let is_exchanged = |new: &CreateIndex| {
        !new.concurrently && old.is_none_or(|old| old == cx.schema.resolve(&new.table))
    };
    if again.is_some_and(is_exchanged) {
        return;
    }
    if is_first_of_its_statement(cx) && locks_others_out(cx, name) {
        let exists = if *if_exists { "IF EXISTS " } else { "" };
        // CONCURRENTLY takes no CASCADE.
        let first = match cascade {
            true => "drop what rests on it by itself first; then ",
            false => "",
        };
        findings
            .report(
                cx.operation.place,
                format!(
                    "dropping index `{name}` locks {} against reads and writes",
                    of_table(cx, name)
                ),
            )
            .help(match () {
                () if again.is_some() => format!(
                    "exchange it outside a transaction: build the new one under another name first, then `DROP INDEX CONCURRENTLY {exists}{};`, and rename the new one",
                    sql_object(name)
                ),
                () if clears_a_leftover(cx, name) => format!(
                    "no migration made `{name}`: what a failed build may have left is dropped by hand, and only where the first of these says `f`:\n  \
                     SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{}');\n  \
                     DROP INDEX CONCURRENTLY IF EXISTS {};",
                    sql_object(name).to_string().replace('\'', "''"),
                    sql_object(name)
                ),
                () => format!(
                    "{first}run `DROP INDEX CONCURRENTLY {exists}{};` {}",
                    sql_object(name),
                    cx.scene.drop_without_transaction()
                ),
            })
            .fix(fix(cx, name, *cascade).filter(|_| again.is_none()));
    }
}

/// The index of the same name that the script builds afterwards.
fn comes_again<'a>(cx: &OperationContext<'a>, name: &ObjectName) -> Option<&'a CreateIndex> {
    let mut later = cx.later_on(Facet::Object, &name.name);
    later.find_map(|op| match &op.action {
        Action::CreateIndex(index) => {
            let own = index.name.as_ref();
            own.filter(|own| own.name == name.name).map(|_| &**index)
        }
        _ => None,
    })
}

/// Does a block that asks for invalid indexes drop one that no migration made?
fn clears_a_leftover(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    cx.operation.within.conditional
        && cx.schema.index(name).is_none()
        && mentions(cx.statement_text(), "indisvalid")
}

/// One name at a time, and nothing with it.
fn fix(cx: &OperationContext<'_>, name: &ObjectName, cascade: bool) -> Option<Fix> {
    let is_known = cx.schema.index(name).is_some();
    (cx.siblings.len() == 1 && !cascade)
        .then(|| cx.concurrently("INDEX", "drop the index concurrently", is_known))
        .flatten()
}

/// Several names in one DROP are one thing to change.
fn is_first_of_its_statement(cx: &OperationContext<'_>) -> bool {
    cx.siblings
        .first()
        .is_some_and(|first| first.place == cx.operation.place)
}

fn locks_others_out(cx: &OperationContext<'_>, name: &ObjectName) -> bool {
    let table = cx.schema.index(name).map(|index| &index.table);
    let partitioned = table
        .and_then(|key| cx.schema.table_by_key(key))
        .is_some_and(|table| table.is_partitioned());
    !partitioned
        && !cx.is_refused()
        && !cx.is_new(name)
        && !table
            .is_some_and(|key| cx.is_new_key(key) || cx.is_closed_anyway(key) || cx.goes_later(key))
        && cx
            .blocking_lock()
            .is_some_and(|lock| lock.mode.blocks_reads())
}

fn of_table(cx: &OperationContext<'_>, name: &ObjectName) -> String {
    match cx.schema.index(name) {
        Some(index) => format!("`{}`", index.table),
        None => "its table".into(),
    }
}
