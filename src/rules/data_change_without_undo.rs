//! Rows change and their earlier state is kept nowhere.

use crate::operation::{Action, Delete, Insert, Kind, Merge, ObjectName, Operation, Update};
use crate::project::{Down, Layout};
use crate::rule::{
    Check, Facet, Findings, GoneAlong, OperationContext, Rows, Rule, object_name, on_one_line,
    sql_name, sql_object, takes_every_row, takes_no_row,
};
use crate::schema::{Table, is_bookkeeping};

pub const RULE: Rule = Rule {
    id: "data-change-without-undo",
    page: include_str!("../../rules/data-change-without-undo.md"),
    check: Check::Operation {
        on: &[
            Kind::Insert,
            Kind::Update,
            Kind::Delete,
            Kind::Merge,
            Kind::Select,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (name, verb) = match &cx.operation.action {
        Action::Update(update) if overwrites(cx, update) => (&update.table, "updates"),
        Action::Delete(delete) if takes_some_rows(cx, delete) => (&delete.table, "deletes"),
        Action::Merge(merge) if merges_over(cx, merge) => (&merge.table, "merges into"),
        Action::Insert(insert) if writes_over(cx, insert) => (&insert.table, "overwrites"),
        Action::Select { calls, .. } => return unlinks(cx, calls, findings),
        _ => return,
    };
    let filter = filter(&cx.operation.action);
    if takes_no_row(filter) || is_bookkeeping(&name.name) {
        return;
    }
    let seeded = filter.is_some_and(|text| cx.names_seeded_rows(name, text));
    // Where nothing is copied, whatever came before was told.
    let copies = cx.is_copied(name);
    let mut earlier = cx.earlier_on(Facet::Rows, &name.name).rev();
    let changes = |op: &Operation| changes_old_rows(cx, &op.action, name);
    let told = match copies {
        true => { earlier.take(FEW) }.any(|op| changes(op) && !is_copied(cx, &op.action, name)),
        false => earlier.any(changes),
    };
    let is_copied = is_copied(cx, &cx.operation.action, name);
    let along = match &cx.operation.action {
        Action::Delete(_) => cx.gone_along(name, the_rows(cx, name)),
        _ => GoneAlong(Vec::new()),
    };
    if cx.is_new(name)
        || told
        || seeded
        || is_copied && along.is_empty()
        || cx.is_dropped_later(name)
        || cx
            .back_on(Facet::Rows, &name.name)
            .any(|op| changes_rows(cx, &op.action, name))
    {
        return;
    }
    let message = match is_copied {
        true => format!(
            "deletes rows of {} along with those of `{name}`, by ON DELETE CASCADE: their earlier state is kept nowhere",
            along.tables()
        ),
        false => format!(
            "{verb} rows of `{name}`{} whose earlier state is kept nowhere",
            along.and_of()
        ),
    };
    let own = (!is_copied).then(|| copy(cx, (&name.name, cx.table(name)), &the_rows(cx, name)));
    let others = along.shown();
    let others = others.map(|(table, rows)| copy(cx, (&table.key.name, Some(table)), rows));
    let copies: Vec<String> = own.into_iter().chain(others).collect();
    findings
        .report(cx.operation.place, message)
        .confidence(cx.confidence(name))
        .help(format!(
            "{}:\n{}",
            keep(cx, "to put the rows back"),
            copies.join("\n")
        ));
}

/// The statement that keeps rows of a table.
fn copy(cx: &OperationContext<'_>, (name, table): (&str, Option<&Table>), rows: &Rows) -> String {
    // Another migration may copy rows of the same table.
    let version = cx
        .scene
        .migration
        .version
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let copy = match version.is_empty() {
        true => format!("{name}_before"),
        false => object_name(name, &version, "before").to_string(),
    };
    let copy = sql_name(&copy);
    let closed = match cx.scene.layout {
        Layout::Supabase => format!("\nALTER TABLE {copy} ENABLE ROW LEVEL SECURITY;"),
        _ => String::new(),
    };
    let text = cx.kept_as_text(table, &copy);
    format!("CREATE TABLE {copy} AS {};{text}{closed}", rows.select("*"))
}

/// So many statements before may have been told for this one.
const FEW: usize = 64;

/// So many bytes of a query are written out.
const LONGEST: usize = 300;

/// The condition of the rows that are changed.
fn filter(action: &Action) -> Option<&str> {
    let filter = match action {
        Action::Update(update) => update.filter.as_ref(),
        Action::Delete(delete) => delete.filter.as_ref(),
        _ => None,
    };
    filter.map(|filter| &*filter.text)
}

/// Has the script copied the rows that are changed?
fn is_copied(cx: &OperationContext<'_>, action: &Action, name: &ObjectName) -> bool {
    cx.is_copied_where(name, filter(action))
}

/// The rows that the statement changes, which is about the names
/// that it gives its tables.
fn the_rows(cx: &OperationContext<'_>, name: &ObjectName) -> Rows {
    let action = &cx.operation.action;
    let more = cx
        .later_on(Facet::Rows, &name.name)
        .any(|op| changes_old_rows(cx, &op.action, name));
    let (alias, with, others) = match action {
        Action::Update(update) => (&update.alias, &update.with, &update.from),
        Action::Delete(delete) => (&delete.alias, &delete.with, &delete.using),
        _ => (&None, &None, &None),
    };
    let condition = match action {
        Action::Insert(_) => "<the keys of the new rows>",
        _ if more && others.is_none() => "<the conditions of all that change rows here, with OR>",
        _ => "<the same condition>",
    };
    let table = sql_object(name);
    let alias = alias
        .as_ref()
        .map_or_else(String::new, |alias| format!(" AS {}", sql_name(alias)));
    let condition = match others {
        None => condition.to_owned(),
        Some(others) => {
            let joined = on_one_line(&others.text);
            let joined = match joined.len() {
                ..=LONGEST => joined,
                _ => "<what it joins>".into(),
            };
            format!("EXISTS (SELECT 1 FROM {joined} WHERE {condition})")
        }
    };
    let with = with.as_ref().map(|with| on_one_line(&with.text) + " ");
    let with = with.map_or_else(String::new, |with| match with.len() {
        ..=LONGEST => with,
        _ => "WITH <as there> ".to_owned(),
    });
    let from = format!("FROM {table}{alias} WHERE {condition}");
    Rows { with, from }
}

/// What to do, for a tool with downs or for one without.
fn keep(cx: &OperationContext<'_>, purpose: &str) -> String {
    match cx.scene.migration.down {
        Down::Unsupported => format!("Keep what a later migration would need {purpose}"),
        _ => format!("Keep what the down needs {purpose}"),
    }
}

/// Large objects go with what is in them.
fn unlinks(cx: &OperationContext<'_>, calls: &[ObjectName], findings: &mut Findings) {
    let takes = |call: &&ObjectName| matches!(call.name.as_str(), "lo_unlink" | "lo_truncate");
    if calls.iter().any(|call| takes(&call)) {
        findings
            .report(
                cx.operation.place,
                "takes the contents of large objects, which are kept nowhere".to_owned(),
            )
            .help(format!(
                "{}:\n\
                 CREATE TABLE large_objects_before AS SELECT <oid>, lo_get(<oid>) FROM <the same rows>;",
                keep(cx, "to make them again")
            ));
    }
}

/// A DELETE of some rows, which neither a rule nor a trigger keeps.
fn takes_some_rows(cx: &OperationContext<'_>, delete: &Delete) -> bool {
    let filter = delete.filter.as_ref().map(|f| &*f.text);
    !takes_every_row(filter) && !cx.schema.keeps_rows(&cx.schema.resolve(&delete.table))
}

/// An UPDATE of some rows that writes over values of old columns; filling what
/// is NULL loses nothing.
fn overwrites(cx: &OperationContext<'_>, update: &Update) -> bool {
    let filter = update.filter.as_ref().map(|f| &*f.text);
    if takes_every_row(filter) && update.from.is_none() || cx.schema.was_written_before(update) {
        return false;
    }
    update
        .columns
        .iter()
        .any(|c| !cx.is_new_column(&update.table, &c.name) && !update.fills_null(c))
        || update.columns.is_empty()
}

/// ON CONFLICT writes over values of old columns. Rows that are spelt out, of a
/// table that the history fills, are its own.
fn writes_over(cx: &OperationContext<'_>, insert: &Insert) -> bool {
    let seeds = cx
        .table(&insert.table)
        .map_or(&[][..], |table| &table.seeds);
    let seeded = insert.query.is_none() && seeds.iter().any(|seed| seed.spelt_out);
    let mut columns = insert.conflict.iter().flat_map(|c| &c.overwritten);
    !seeded && columns.any(|c| !cx.is_new_column(&insert.table, c))
}

/// A MERGE that deletes, or writes over values of old columns.
fn merges_over(cx: &OperationContext<'_>, merge: &Merge) -> bool {
    merge.overwrites(|column| !cx.is_new_column(&merge.table, column))
}

/// An earlier statement did the like to the same table, and was reported.
fn changes_old_rows(cx: &OperationContext<'_>, action: &Action, name: &ObjectName) -> bool {
    match action {
        Action::Update(update) => cx.is_same(&update.table, name) && overwrites(cx, update),
        Action::Delete(delete) => cx.is_same(&delete.table, name) && delete.filter.is_some(),
        Action::Merge(merge) => cx.is_same(&merge.table, name) && merges_over(cx, merge),
        Action::Insert(insert) => cx.is_same(&insert.table, name) && writes_over(cx, insert),
        _ => false,
    }
}

/// The down writes the same table.
fn changes_rows(cx: &OperationContext<'_>, action: &Action, name: &ObjectName) -> bool {
    match action {
        Action::Insert(insert) => cx.is_same(&insert.table, name),
        Action::Update(update) => cx.is_same(&update.table, name),
        Action::Delete(delete) => cx.is_same(&delete.table, name),
        Action::Merge(merge) => cx.is_same(&merge.table, name),
        _ => false,
    }
}
