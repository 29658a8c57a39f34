//! `CREATE INDEX` blocks writes until the index is built.

use crate::finding::Confidence;
use crate::name::Name;
use crate::operation::{Action, CreateIndex, Kind, ObjectKind, ObjectName, Operation};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Rule, behind_table, mentions, on_one_line, sql_index,
    sql_name, sql_object,
};
use crate::schema::Index;
use crate::schema::names::object_name;

pub const RULE: Rule = Rule {
    id: "create-index-blocking",
    page: include_str!("../../rules/create-index-blocking.md"),
    check: Check::Operation {
        on: &[Kind::CreateIndex],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return;
    };
    // Nobody writes to a materialized view.
    let is_view = cx.schema.view(&index.table).is_some();
    if index.concurrently || is_view || cx.is_partitioned(&index.table) || !cx.blocks(&index.table)
    {
        return;
    }
    let sql = concurrent(cx, index, index.name.as_ref());
    let confidence = cx.confidence(&index.table);
    // Without IF NOT EXISTS, which would pass over what a failed attempt leaves,
    // it fails where the index is there.
    let is_repeatable = index.if_not_exists && index.name.is_some();
    let replaced = index
        .name
        .as_ref()
        .filter(|name| cx.stood_as(&index.table, &name.name));
    let as_it_is = confidence == Confidence::High && !is_repeatable && replaced.is_none();
    let closed = cx.closed_since(&index.table);
    let twin = twin(cx, index);
    let fix = || cx.concurrently("INDEX", "build the index concurrently", as_it_is);
    let report = findings
        .report(
            cx.operation.place,
            format!(
                "building an index on `{}` blocks its {} until {} done",
                index.table,
                match closed {
                    Some(_) => "reads and writes",
                    None => "writes",
                },
                match cx.goes_on() {
                    true => "the whole transaction is",
                    false => "it is",
                }
            ),
        )
        .help(match (twin, replaced) {
            (Some(twin), _) => {
                let key = twin.constraint.as_ref().unwrap_or(&twin.key.name);
                format!("leave it out: the index of `{key}` is over the same columns and does all that this one would")
            }
            (None, Some(name)) => instead_of(cx, index, name),
            (None, None) => format!(
                "{}run `{sql}` {}{}",
                if has_new_columns(cx, index) {
                    "with the new columns in place, "
                } else if index.unique && cx.deletes_before(&index.table) {
                    "once the rows that are deleted here are gone, "
                } else {
                    ""
                },
                cx.scene.without_transaction(),
                if_there(cx, index)
            ),
        })
        .confidence(confidence)
        .fix(twin.is_none().then(fix).flatten());
    if let Some(place) = closed {
        report.related(
            place,
            format!(
                "`{}` is locked here, until the transaction ends",
                index.table
            ),
        );
    }
}

/// A unique index of the table that is over the same columns and stays.
fn twin<'a>(cx: &OperationContext<'a>, index: &CreateIndex) -> Option<&'a Index> {
    let keys = cx.table(&index.table)?.indexes.iter();
    let mut known = keys.filter_map(|key| cx.schema.index_by_key(key));
    known
        .find(|old| {
            // That of a constraint has no options to note.
            let options = |n: usize| old.options.get(n).map_or("", |options| options.as_str());
            let elements = old.columns.iter().zip(&index.elements).enumerate();
            let mut elements = elements.map(|(n, (column, own))| {
                own.column.as_ref() == Some(column)
                    && own.expr.is_none()
                    && own.options == options(n)
            });
            let same = elements.all(|same| same);
            same && old.unique
                && old.method == index.method
                && old.columns.len() == index.elements.len()
                && old.exprs.is_empty()
                && old.predicate.is_none()
                && index.predicate.is_none()
                && index.include.iter().all(|c| old.include.contains(c))
                && (!index.unique || old.nulls_not_distinct == index.nulls_not_distinct)
                && !goes(cx, old)
        })
        .map(|old| &**old)
}

/// Does the script drop an index later, or the constraint that it belongs to?
fn goes(cx: &OperationContext<'_>, index: &Index) -> bool {
    let dropped = |op: &Operation| match &op.action {
        Action::Drop { kind, name, .. } => {
            *kind == ObjectKind::Index && name.name == index.key.name
        }
        Action::DropConstraint { name, .. } => Some(name.name) == index.constraint,
        _ => false,
    };
    cx.later_on(Facet::Object, &index.key.name).any(dropped)
        || (index.constraint.iter()).any(|name| cx.later_on(Facet::Part, name).any(dropped))
}

fn has_new_columns(cx: &OperationContext<'_>, index: &CreateIndex) -> bool {
    let text = cx.text(cx.operation.clause);
    let columns = cx.table(&index.table).into_iter().flat_map(|t| &t.columns);
    let mut new = columns.filter(|column| cx.is_new_column(&index.table, &column.name));
    new.any(|column| mentions(text, &column.name))
}

/// The statement with CONCURRENTLY, and with a name that may be another than it
/// says.
fn concurrent(cx: &OperationContext<'_>, index: &CreateIndex, name: Option<&ObjectName>) -> String {
    // What a block builds has no text of its own in the file.
    if cx.operation.within.block {
        let name = name.map_or_else(String::new, |name| format!("{} ", sql_name(&name.name)));
        return on_one_line(&format!(
            "CREATE {}INDEX CONCURRENTLY {name}ON {} {}",
            if index.unique { "UNIQUE " } else { "" },
            sql_object(&index.table),
            behind_table(index)
        ));
    }
    let (sql, _) = cx.with_word("INDEX", "CONCURRENTLY");
    match (&index.name, name) {
        (Some(old), Some(name)) if old.name != name.name => {
            sql.replacen(cx.text(old.span), &sql_name(&name.name), 1)
        }
        _ => sql,
    }
}

/// The script drops an index of that name before: until the new one stands, the
/// old one has to.
fn instead_of(cx: &OperationContext<'_>, index: &CreateIndex, name: &ObjectName) -> String {
    let new = ObjectName {
        name: Name::new(object_name(&name.name, "", "new")),
        ..name.clone()
    };
    let may_miss = |op: &Operation| match &op.action {
        Action::Drop {
            name: dropped,
            if_exists,
            ..
        } => *if_exists && dropped.name == name.name,
        _ => false,
    };
    let mut drops = cx.earlier_on(Facet::Object, &name.name);
    let if_exists = if drops.any(may_miss) {
        "IF EXISTS "
    } else {
        ""
    };
    // The index of a constraint goes with it, at once.
    let was_constraint = cx.stood_as_constraint(&index.table, &name.name);
    let drop = match was_constraint {
        true => format!(
            "then drop the constraint that stands under the name:\n  \
             ALTER TABLE {} DROP CONSTRAINT {if_exists}{};",
            sql_object(&index.table),
            sql_name(&name.name)
        ),
        false => format!(
            "then drop the old one, by itself in the same way:\n  \
             DROP INDEX CONCURRENTLY {if_exists}{};",
            sql_index(index, name)
        ),
    };
    format!(
        "build it under another name while the old one stands{}, {}:\n  \
         {};\n\
         {drop}\n\
         and let the new one take its place, in a migration of its own:\n  \
         ALTER INDEX {} RENAME TO {};",
        if has_new_columns(cx, index) {
            " and the new columns are there"
        } else {
            ""
        },
        cx.scene.without_transaction(),
        concurrent(cx, index, Some(&new)),
        sql_index(index, &new),
        sql_name(&name.name),
    )
}

/// What to do where the index may be there already.
fn if_there(cx: &OperationContext<'_>, index: &CreateIndex) -> String {
    let within = &cx.operation.within;
    let may_be_there = index.if_not_exists || within.conditional || within.unless_there;
    let Some(name) = index.name.as_ref().filter(|_| may_be_there) else {
        return String::new();
    };
    format!(
        "\nIF NOT EXISTS is left out: it passes over the invalid index that a failed attempt leaves. Where the index may be there, ask first:\n  \
         SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{}');",
        sql_index(index, name).replace('\'', "''")
    )
}
