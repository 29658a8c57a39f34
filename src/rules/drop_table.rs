//! A table goes while the old release may use it.

use crate::operation::{Action, Kind, ObjectKind, ObjectName};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, listed, sql_key, sql_name, sql_object,
};

pub const RULE: Rule = Rule {
    id: "drop-table",
    page: include_str!("../../rules/drop-table.md"),
    check: Check::Operation {
        on: &[Kind::Drop],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Drop {
        kind: kind @ (ObjectKind::Table | ObjectKind::ForeignTable),
        name,
        if_exists,
        cascade,
        ..
    } = &cx.operation.action
    else {
        return;
    };
    if cx.is_absent(name, *if_exists) || cx.is_new(name) || cx.is_replaced_with_rows(name) {
        return;
    }
    if cx.is_unknown_to_others(name) && cx.is_copied(name) {
        return;
    }
    let table = cx.table(name);
    let partition_of = table.and_then(|t| t.partition.as_ref()).map(|p| &p.of);
    let message = match partition_of {
        Some(parent) => {
            format!("drops `{name}`, a partition of `{parent}`: the old release loses its rows")
        }
        None if *kind == ObjectKind::ForeignTable => {
            format!("drops foreign table `{name}`, which the old release may still use")
        }
        None if cx.is_replaced(name) => {
            format!("drops table `{name}` and creates it again without its rows")
        }
        None => match name_before(cx, name) {
            Some(before) => format!(
                "drops table `{name}` with its rows, which was `{before}` until this migration"
            ),
            None => {
                format!("drops table `{name}` with its rows, which the old release may still use")
            }
        },
    };
    let first = match name_before(cx, name) {
        Some(_) => "Keep it until no release needs its rows".to_owned(),
        None => format!("Release code that no longer uses `{name}` first"),
    };
    let help = match cx.is_replaced(name) && partition_of.is_none() {
        true => kept(cx, name),
        false => format!(
            "{first}; then drop it in a later migration{}\n{}",
            in_order(cx, name, *cascade),
            way_back(cx, name)
        ),
    };
    let draft = findings
        .report(cx.operation.place, message)
        .confidence(cx.confidence(name))
        .help(help);
    let created = cx.schema.relation(name).and_then(|r| r.created_at());
    if let Some(place) = created {
        draft.related(place, "created here");
    }
}

/// The statements that drop the table, behind what the server would not do it
/// before.
fn in_order(cx: &OperationContext<'_>, name: &ObjectName, cascade: bool) -> String {
    let key = cx.schema.resolve(name);
    let references = { cx.table(name).into_iter() }.flat_map(|table| cx.foreign_keys_to(table));
    let (going, staying): (Vec<_>, Vec<_>) =
        references.partition(|(table, _)| cx.goes_later(table));
    let mut first: Vec<String> = Vec::new();
    for table in going.iter().map(|(table, _)| format!("`{table}`")) {
        if !first.contains(&table) {
            first.push(table);
        }
    }
    let views = cx.dependents_of_relation(&key).into_iter();
    first.extend(
        { views.map(|dependent| dependent.what) }.filter(|what| !what.starts_with("foreign key")),
    );
    let after = match first.is_empty() {
        true => String::new(),
        false => format!(
            ", after {} (the server keeps what something uses)",
            listed(&first)
        ),
    };
    let constraints: String = { staying.iter() }
        .map(|(table, constraint)| {
            let (table, constraint) = (sql_key(table), sql_name(constraint));
            format!("ALTER TABLE {table} DROP CONSTRAINT {constraint};\n")
        })
        .collect();
    let tells = match cascade {
        true => " -- without CASCADE, so that the server tells what else depends on it",
        false => "",
    };
    format!(
        "{after}:\n-- bowline: phase contract\n{constraints}DROP TABLE {};{tells}",
        sql_object(name)
    )
}

/// The new release needs the table that is created again.
fn kept(cx: &OperationContext<'_>, name: &ObjectName) -> String {
    match cx.comes_back_alike(name) {
        true => format!(
            "Leave `{name}` as it is: it comes back with the same columns. Rows that are to go can be deleted in batches"
        ),
        false => format!(
            "Change `{name}` by ALTER TABLE, or create the new table under another name beside it, and drop `{name}` in a later migration, once no release uses it. {}",
            way_back(cx, name)
        ),
    }
}

/// Where the rows could come from again.
fn way_back(cx: &OperationContext<'_>, name: &ObjectName) -> &'static str {
    if cx.table(name).is_some_and(|table| table.from_query) {
        "A query filled it (CREATE TABLE … AS); what was written to it since, only a backup brings back."
    } else if cx.is_copied(name) {
        "What is not copied before, only a backup brings back."
    } else {
        "Nothing but a backup brings the rows back: copy what may be needed before."
    }
}

/// What the table was called before the script gave it this name.
fn name_before<'a>(cx: &OperationContext<'a>, name: &ObjectName) -> Option<&'a ObjectName> {
    let earlier = cx.earlier_on(Facet::Object, &name.name);
    earlier.rev().find_map(|op| match &op.action {
        Action::Rename { name: old, to, .. } if to.name == name.name => Some(old),
        _ => None,
    })
}
