//! A column gets another type while the old release reads and writes the old one.

use crate::effect::conversion::Conversion;
use crate::finding::{Confidence, Severity};
use crate::operation::{
    Action, ConstraintKind, DataType, Ident, Kind, ObjectKind, Target, TypeDefinition,
};
use crate::rule::{
    Check, Facet, Findings, OperationContext, Retype, Rule, listed, object_name, sql_ident,
    sql_name, sql_object,
};
use crate::schema::{Table, TableConstraint};

pub const RULE: Rule = Rule {
    id: "change-column-type",
    page: include_str!("../../rules/change-column-type.md"),
    check: Check::Operation {
        on: &[
            Kind::AlterColumnType,
            Kind::DropColumn,
            Kind::RenameColumn,
            Kind::Drop,
            Kind::Rename,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(Retype {
        table,
        column,
        old,
        ty,
    }) = cx.retype()
    else {
        return exchanged(cx, findings);
    };
    // What breaks the old release is the name.
    if cx.column_is_renamed(table, &column.name) {
        return;
    }
    let Some(old) = old else {
        return unknown(cx, findings, table, ty);
    };
    if let Some(gone) = lost_values(cx, old, ty) {
        return enum_rebuilt(cx, findings, table, column, old, &gone);
    }
    let Some((severity, then)) = consequence(cx, old, ty) else {
        return;
    };
    let change = format!(" of `{}` from `{old}` to `{ty}`: {then}", table.name);
    if findings.is_told(cx, &change) {
        return;
    }
    let alike = alike(cx, table);
    findings
        .report(
            cx.operation.place,
            format!("changes {}{change}", named(&alike)),
        )
        .severity(severity)
        .confidence(cx.confidence(&table.name))
        .help(remedy(cx, table, &alike, ty) + depends_on_zone(cx, old, ty));
}

/// The columns of the table that the statement gives the type at hand in the place
/// of the same other. What another statement does is told of that one, where a
/// directive may stand.
fn alike<'a>(cx: &OperationContext<'a>, table: &Target) -> Vec<&'a Ident> {
    let own = cx.retype();
    let is_alike = |retype: &Retype<'_>| {
        { own.as_ref() }.is_some_and(|own| (retype.old, retype.ty) == (own.old, own.ty))
            && cx.is_same(&retype.table.name, &table.name)
            && !cx.column_is_renamed(retype.table, &retype.column.name)
    };
    let alike = cx.retypes().filter(is_alike);
    alike.map(|retype| retype.column).collect()
}

fn named(columns: &[&Ident]) -> String {
    let names: Vec<String> = columns.iter().map(|c| format!("`{}`", c.name)).collect();
    listed(&names)
}

/// The server takes one for the other without a look at the rows where the
/// session's time zone is UTC (alter_type_timestamp_to_timestamptz*).
fn depends_on_zone(cx: &OperationContext<'_>, old: &DataType, new: &DataType) -> &'static str {
    let zoned = |ty: &DataType| match ty.name.as_str() {
        "timestamp" => Some(false),
        "timestamptz" => Some(true),
        _ => None,
    };
    let turns = zoned(old).zip(zoned(new)).is_some_and(|(a, b)| a != b);
    match turns && cx.effect.rewrites.is_empty() && cx.schema.session().is_in_utc().is_none() {
        true => {
            "\nIf the type is to be changed in place: the rows stay as they are only where the session's time zone is UTC, in any other the table is rewritten. Where the values are meant in UTC, say SET TIME ZONE 'UTC' before; if they are not, that moves them."
        }
        false => "",
    }
}

/// What a change of type does to the old release, if anything.
fn consequence(
    cx: &OperationContext<'_>,
    old: &DataType,
    new: &DataType,
) -> Option<(Severity, &'static str)> {
    match cx.conversion(old, new) {
        Conversion::Same | Conversion::Wider => None,
        Conversion::WiderThanReaders => Some((
            Severity::Warning,
            "the old release may read values that its own type does not hold",
        )),
        Conversion::Narrower => Some((
            Severity::Error,
            "what the old release writes may no longer fit",
        )),
        Conversion::Other => Some((
            Severity::Error,
            "the old release still reads and writes the old type",
        )),
    }
}

/// A column, or a table with columns, of other types takes the place of another.
fn exchanged(cx: &OperationContext<'_>, findings: &mut Findings) {
    let kept =
        "Keep the type under the old name; what the new release needs goes under a name of its own";
    if let Some(swap) = cx.swap() {
        if let Some(gone) = lost_values(cx, swap.old, swap.new) {
            return enum_rebuilt(cx, findings, swap.table, swap.column, swap.old, &gone);
        }
        let Some((severity, then)) = consequence(cx, swap.old, swap.new) else {
            return;
        };
        findings
            .report(
                cx.operation.place,
                format!(
                    "another column takes the place of `{}` of `{}`, from `{}` to `{}`: {then}",
                    swap.column.name, swap.table.name, swap.old, swap.new
                ),
            )
            .severity(severity)
            .confidence(cx.confidence(&swap.table.name))
            .help(kept);
        return;
    }
    let Some(exchange) = cx.exchange() else {
        return;
    };
    let name = exchange.name;
    let mut told = exchange.retyped.iter().filter_map(|(column, old, new)| {
        let (severity, then) = consequence(cx, old, new)?;
        Some((
            severity,
            format!("`{column}` goes from `{old}` to `{new}`: {then}"),
        ))
    });
    let Some((severity, first)) = told.next() else {
        return;
    };
    let (severity, more) = told.fold((severity, 0), |(most, n), (s, _)| (most.max(s), n + 1));
    let more = match more {
        0 => String::new(),
        1 => " (and one more column changes)".to_owned(),
        n => format!(" (and {n} more columns change)"),
    };
    findings
        .report(
            cx.operation.place,
            format!("another table takes the place of `{name}`, and {first}{more}"),
        )
        .severity(severity)
        .confidence(cx.confidence(name))
        .help(kept);
}

/// The values that an enum no longer has, where another takes its place under
/// its name; `None` where no enum is exchanged for an enum.
fn lost_values(cx: &OperationContext<'_>, old: &DataType, new: &DataType) -> Option<Vec<String>> {
    let values = |ty: &DataType| match &cx.schema.type_of(ty)?.definition {
        TypeDefinition::Enum(values) => Some(values.clone()),
        _ => None,
    };
    let (before, after) = (values(old)?, values(new)?);
    let renamed = |from: &str, to: &str| {
        cx.around_on(Facet::Object, from)
            .any(|op| match &op.action {
                Action::Rename {
                    kind: ObjectKind::Type,
                    name,
                    to: t,
                    ..
                } => name.name == from && t.name == to,
                _ => false,
            })
    };
    // `mood_new` becomes `mood` later, or `mood` became `mood_old` before: both
    // are a rename from the new type's name to the old one's.
    if !renamed(&new.name, &old.name) {
        return None;
    }
    let gone = before.iter().filter(|value| !after.contains(value));
    Some(gone.map(|value| format!("`{value}`")).collect())
}

fn enum_rebuilt(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    table: &Target,
    column: &Ident,
    old: &DataType,
    gone: &[String],
) {
    if gone.is_empty() {
        return;
    }
    let gone = listed(gone);
    findings
        .report(
            cx.operation.place,
            format!(
                "gives `{}` of `{}` an enum without {gone}, which the old release may still write",
                column.name, table.name
            ),
        )
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Release code that no longer writes {gone} first, move the rows, and rebuild `{old}` in a later migration; \
             a value that nobody writes may as well stay."
        ));
}

/// The old type is not in the history. Text to text is left alone: it is more
/// often made longer than shorter.
fn unknown(cx: &OperationContext<'_>, findings: &mut Findings, table: &Target, ty: &DataType) {
    if cx.may_be_text_already() {
        return;
    }
    let change = format!(
        " of `{}` to `{ty}`, and the history does not tell from what: the old release still reads and writes the old type",
        table.name
    );
    if findings.is_told(cx, &change) {
        return;
    }
    let alike = alike(cx, table);
    findings
        .report(
            cx.operation.place,
            format!("changes {}{change}", named(&alike)),
        )
        .severity(Severity::Warning)
        .confidence(Confidence::Low)
        .help(remedy(cx, table, &alike, ty));
}

/// The way of the first column; the others go the same.
fn remedy(cx: &OperationContext<'_>, table: &Target, columns: &[&Ident], ty: &DataType) -> String {
    let Some((column, others)) = columns.split_first() else {
        return String::new();
    };
    let (name, old) = (sql_object(&table.name), sql_ident(column));
    let new = format!("{}_new", column.name);
    let (add, check) = cx.column_without_domain(table, &new, ty);
    let new = sql_name(&new);
    let then = match check {
        None => ",".to_owned(),
        Some(check) => format!(", then have it checked for what the domain asks:\n{check}\n--"),
    };
    let goes = cx.lacks_beside(table, &column.name);
    let given = match goes.is_empty() {
        true => String::new(),
        false => format!(
            ", give {new} what goes with {old} otherwise ({})",
            listed(&goes)
        ),
    };
    let likewise = match others {
        [] => String::new(),
        _ => format!("\n-- {} in the same way", named(others)),
    };
    let left_out = match cx.lets_be_left_out(table, columns) {
        None => String::new(),
        Some(sql) => format!(
            " let {} be left out:\n{sql}\n--",
            if others.is_empty() {
                old.to_string()
            } else {
                "them".to_owned()
            }
        ),
    } + &key_moves(cx, table, column);
    format!(
        "Put a column of the new type beside it:\n\
         {add}\n\
         -- release code that writes both, fill the rows in batches{given}{then}{left_out} release code that uses only {new}; then, in a migration declared contract{}:\n\
         ALTER TABLE {name} DROP COLUMN {old};{likewise}",
        cx.once_unused(table, &column.name)
    )
}

/// The primary key on the column goes over to the new one, or nobody could leave
/// the old one out.
fn key_moves(cx: &OperationContext<'_>, target: &Target, column: &Ident) -> String {
    let table = cx.table(&target.name);
    // The script may have dropped it on the way.
    let gone = cx.gone_constraints(&target.name).into_iter();
    let is_key = |c: &&TableConstraint| matches!(c.definition.kind, ConstraintKind::PrimaryKey(_));
    let keys = table
        .and_then(Table::primary_key)
        .into_iter()
        .map(|key| &**key);
    let mut keys = keys.chain(gone.filter(is_key));
    let Some(key) = keys.find(|key| key.columns.contains(&column.name)) else {
        return String::new();
    };
    let new = format!("{}_new", column.name);
    let columns: Vec<String> = { key.columns.iter() }
        .map(|name| match *name == column.name {
            true => sql_name(&new).to_string(),
            false => sql_name(name).to_string(),
        })
        .collect();
    let index = sql_name(&object_name(&target.name.name, &new, "key"));
    let (name, old, new) = (sql_object(&target.name), sql_ident(column), sql_name(&new));
    let own = sql_name(&key.name);
    // One that fills itself may be left out, and an identity has to be NOT NULL.
    let nullable = match cx.fills_itself(&target.name, &column.name) {
        true => String::new(),
        false => format!(", ALTER COLUMN {old} DROP NOT NULL"),
    };
    let referring = match table.is_some_and(|table| table.referenced_by.is_empty()) {
        true => "",
        false => ", after the columns that refer to it have gone the same way",
    };
    format!(
        " move the primary key to {new}, which a validated check has proven NOT NULL{referring}:\n\
         CREATE UNIQUE INDEX CONCURRENTLY {index} ON {name} ({});\n\
         ALTER TABLE {name} DROP CONSTRAINT {own}, ADD CONSTRAINT {own} PRIMARY KEY USING INDEX {index}{nullable};\n--",
        columns.join(", ")
    )
}
