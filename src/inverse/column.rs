//! Columns.

use super::draft::{Draft, Phase};
use super::sql::{sql_key, sql_name, sql_sequence_options, sql_type};
use crate::effect::conversion::{Conversion, canonical, conversion, loss};
use crate::operation::{Column, ColumnOption, DataType, Identity};
use crate::schema::{Key, Table, object_name};

/// A column as CREATE TABLE and ADD COLUMN declare it.
pub fn definition(draft: &Draft<'_>, table: &Key, column: &Column) -> String {
    let mut text = format!("{} ", sql_name(&column.name));
    let own = own_sequence(draft, table, &column.name);
    let is_serial = column.is_of_serial()
        && own.as_ref().is_none_or(|key| {
            key.schema == table.schema && key.name == object_name(&table.name, &column.name, "seq")
        });
    if is_serial {
        text.push_str(serial(&column.ty));
    } else {
        text.push_str(&sql_type(&column.ty));
    }
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {}", collation_name(collation)));
    }
    for (option, value) in &column.options {
        if *option == ColumnOption::Compression {
            text.push_str(&format!(" COMPRESSION {value}"));
        }
    }
    if let Some(identity) = column.identity {
        text.push_str(&identity_clause(identity, column));
    } else if let Some(generated) = &column.generated {
        let how = if generated.stored {
            "STORED"
        } else {
            "VIRTUAL"
        };
        let expr = &generated.expr.text;
        text.push_str(&format!(" GENERATED ALWAYS AS ({expr}) {how}"));
    } else if let Some(default) = default(draft, table, column).filter(|_| !is_serial) {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if column.not_null && column.identity.is_none() && !is_serial {
        text.push_str(" NOT NULL");
    }
    text
}

pub fn collation_name(collation: &str) -> String {
    let parts: Vec<String> = collation
        .split('.')
        .map(|part| sql_name(part.trim_matches('"')).to_string())
        .collect();
    parts.join(".")
}

fn serial(ty: &DataType) -> &'static str {
    match canonical(ty) {
        "bigint" => "bigserial",
        "smallint" => "smallserial",
        _ => "serial",
    }
}

pub fn identity_clause(identity: Identity, column: &Column) -> String {
    let how = match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    };
    let options = sql_sequence_options(&column.sequence);
    let options = match options.trim() {
        "" => String::new(),
        options => format!(" ({options})"),
    };
    format!(" GENERATED {how} AS IDENTITY{options}")
}

/// The sequence that a column owned.
pub fn own_sequence(draft: &Draft<'_>, table: &Key, column: &str) -> Option<Key> {
    let owned = draft.owned_then(table);
    owned
        .into_iter()
        .find(|(_, of)| of == column)
        .map(|(key, _)| key)
}

/// The default as SQL.
fn default(draft: &Draft<'_>, table: &Key, column: &Column) -> Option<String> {
    if !column.is_of_serial() {
        return column.default.as_ref().map(|d| d.text.to_string());
    }
    let sequence = own_sequence(draft, table, &column.name)
        .unwrap_or_else(|| Key::new(table.schema, object_name(&table.name, &column.name, "seq")));
    let name = sql_key(&sequence).replace('\'', "''");
    Some(format!("nextval('{name}'::regclass)"))
}

/// Brings back the columns of a table that is still there.
pub fn restore(draft: &mut Draft<'_>, before: &Table, after: &Table) {
    let name = sql_key(&after.key);
    let parents = parents(after);
    for column in &after.columns {
        let inherited = parents.iter().any(|parent| {
            let now = draft.now.table_by_key(parent);
            now.is_some_and(|t| t.column(&column.name).is_some())
        });
        if before.column(&column.name).is_none() && !inherited {
            let column = sql_name(&column.name);
            draft.push(
                Phase::DropColumn,
                format!("ALTER TABLE {name} DROP COLUMN {column}"),
            );
        }
    }
    for old in &before.columns {
        let of_parent = parents.iter().find_map(|parent| {
            let then = draft.table_then(parent)?.column(&old.name)?;
            let now = draft.now.table_by_key(parent);
            Some((then, now.and_then(|table| table.column(&old.name))))
        });
        match (after.column(&old.name), of_parent) {
            (Some(new), Some((then, Some(now)))) => {
                own_back(draft, &after.key, (old, new), (then, now));
            }
            (_, Some(_)) => {}
            (None, None) => come_back(draft, before, old),
            (Some(new), None) => change_back(draft, &after.key, old, new),
        }
    }
    for (old, new) in after.taught_since(before) {
        change_back(draft, &after.key, &old, new);
    }
}

fn parents(table: &Table) -> Vec<Key> {
    let of = table.partition.as_ref().map(|p| p.of);
    table.inherits.iter().cloned().chain(of).collect()
}

fn come_back(draft: &mut Draft<'_>, table: &Table, column: &Column) {
    let name = sql_key(&table.key);
    let definition = definition(draft, &table.key, column);
    draft.push(
        Phase::AddColumn,
        format!("ALTER TABLE {name} ADD COLUMN {definition}"),
    );
    if column.generated.is_some() {
        return;
    }
    draft.loses(format!("the data of `{}.{}`", table.key, column.name));
    if is_required(column) {
        draft.needs(
            format!(
                "`{}` has no rows: `{}` is NOT NULL and has no default",
                table.key, column.name
            ),
            format!("SELECT count(*) FROM {name}"),
        );
    }
}

/// A row that says nothing of it is refused.
fn is_required(column: &Column) -> bool {
    column.not_null
        && column.default.is_none()
        && column.identity.is_none()
        && column.generated.is_none()
}

fn change_back(draft: &mut Draft<'_>, table: &Key, old: &Column, new: &Column) {
    let alter = format!(
        "ALTER TABLE {} ALTER COLUMN {}",
        sql_key(table),
        sql_name(&old.name)
    );
    let retyped =
        old.ty != new.ty || old.ty.words != new.ty.words || old.collation != new.collation;
    if retyped {
        let moves = new.default.is_some() && canonical(&old.ty) != canonical(&new.ty);
        if moves {
            draft.push(Phase::AlterColumn, format!("{alter} DROP DEFAULT"));
        }
        type_back(draft, table, old, new);
        if moves && same_default(old, new) {
            let default = default(draft, table, old).unwrap_or_default();
            draft.push(Phase::AlterColumn, format!("{alter} SET DEFAULT {default}"));
        }
    }
    identity_back(draft, &alter, table, old, new);
    generated_back(draft, &alter, table, old, new);
    match (default(draft, table, old), default(draft, table, new)) {
        (None, Some(_)) if new.generated.is_none() => {
            draft.push(Phase::AlterColumn, format!("{alter} DROP DEFAULT"));
        }
        (Some(old_default), _) if !same_default(old, new) => {
            draft.push(
                Phase::AlterColumn,
                format!("{alter} SET DEFAULT {old_default}"),
            );
        }
        _ => {}
    }
    match (old.not_null, new.not_null) {
        (true, false) => {
            draft.push(Phase::AlterColumn, format!("{alter} SET NOT NULL"));
            draft.needs(
                format!("no row of `{table}` has NULL in `{}`", old.name),
                format!(
                    "SELECT count(*) FROM {} WHERE {} IS NULL",
                    sql_key(table),
                    sql_name(&old.name)
                ),
            );
        }
        (false, true) => {
            draft.push(Phase::AlterColumn, format!("{alter} DROP NOT NULL"));
        }
        _ => {}
    }
}

/// Of an inherited column, what its table has of its own: the rest comes back with
/// the parent's, which takes along what the table had before.
fn own_back(
    draft: &mut Draft<'_>,
    table: &Key,
    (old, new): (&Column, &Column),
    (then, now): (&Column, &Column),
) {
    let alter = format!(
        "ALTER TABLE {} ALTER COLUMN {}",
        sql_key(table),
        sql_name(&old.name)
    );
    let with_parent = !same_default(then, now);
    let differs = match with_parent {
        true => !same_default(old, then),
        false => !same_default(old, new),
    };
    if differs && old.generated.is_none() && new.generated.is_none() {
        let back = match default(draft, table, old) {
            Some(default) => format!("{alter} SET DEFAULT {default}"),
            None => format!("{alter} DROP DEFAULT"),
        };
        let phase = match with_parent {
            true => Phase::Set,
            false => Phase::AlterColumn,
        };
        draft.push(phase, back);
    }
    match (old.not_null, new.not_null, then.not_null == now.not_null) {
        (false, true, true) => {
            draft.push(Phase::AlterColumn, format!("{alter} DROP NOT NULL"));
        }
        // The parent's goes, and with it that of the table.
        (true, _, false) if now.not_null => {
            draft.push(Phase::Set, format!("{alter} SET NOT NULL"));
        }
        _ => {}
    }
}

fn same_default(old: &Column, new: &Column) -> bool {
    let text = |c: &Column| c.default.as_ref().map(|d| d.text.clone());
    text(old) == text(new)
}

fn identity_back(draft: &mut Draft<'_>, alter: &str, table: &Key, old: &Column, new: &Column) {
    match (old.identity, new.identity) {
        (None, Some(_)) => draft.push(Phase::AlterColumn, format!("{alter} DROP IDENTITY")),
        (Some(identity), None) => {
            let clause = identity_clause(identity, old);
            // A column must be NOT NULL before it can be an identity.
            draft.push(Phase::Attach, format!("{alter} ADD{clause}"));
            draft.loses(format!(
                "the position of the sequence of `{table}.{}`",
                old.name
            ));
        }
        (Some(was), Some(is)) if was != is => {
            let how = match was {
                Identity::Always => "ALWAYS",
                Identity::ByDefault => "BY DEFAULT",
            };
            draft.push(Phase::AlterColumn, format!("{alter} SET GENERATED {how}"));
        }
        _ => {}
    }
}

/// An expression that was dropped comes back only with a new column.
fn generated_back(draft: &mut Draft<'_>, alter: &str, table: &Key, old: &Column, new: &Column) {
    match (&old.generated, &new.generated) {
        (Some(_), None) => {
            let (name, column) = (sql_key(table), sql_name(&old.name));
            draft.push(
                Phase::DropColumn,
                format!("ALTER TABLE {name} DROP COLUMN {column}"),
            );
            let definition = definition(draft, table, old);
            draft.push(
                Phase::AddColumn,
                format!("ALTER TABLE {name} ADD COLUMN {definition}"),
            );
        }
        (Some(was), Some(is)) if was.expr.text != is.expr.text => {
            let expr = &was.expr.text;
            draft.push(
                Phase::AlterColumn,
                format!("{alter} SET EXPRESSION AS ({expr})"),
            );
        }
        _ => {}
    }
}

/// How a change of type goes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// The old type needs a cast that is not made by itself.
    pub cast: bool,
    pub loses: Option<&'static str>,
    /// Values may have come that the old type does not hold.
    pub fails: bool,
}

/// From `new` back to `old`; `using` is the text of USING on the way there.
pub fn back(old: &DataType, new: &DataType, using: Option<&str>, column: &str) -> Back {
    let computed = using.is_some_and(|text| !is_cast_of(text, column));
    if computed {
        return Back {
            cast: conversion(new, old) == Conversion::Other,
            loses: Some("what the USING expression changed"),
            fails: false,
        };
    }
    let on_the_way = loss(old, new, using.is_some());
    let there = conversion(old, new);
    let again = conversion(new, old);
    let spelling = there == Conversion::Other
        && is_text(old)
        && !is_text(new)
        && new.schema.is_none()
        && is_built_in(new);
    let loses = on_the_way
        .or_else(|| loss(new, old, false))
        .or(spelling.then_some("the spelling of the values"));
    Back {
        cast: again == Conversion::Other || canonical(old) == "boolean" && !is_text(new),
        fails: match again {
            Conversion::Narrower => true,
            Conversion::Other => !is_text(old),
            _ => false,
        },
        loses,
    }
}

/// `c`, `c::type`, `CAST(c AS type)`, or two casts in a row.
fn is_cast_of(using: &str, column: &str) -> bool {
    let text = using.trim();
    let text = text
        .strip_prefix('(')
        .and_then(|t| t.strip_suffix(')'))
        .unwrap_or(text);
    let head = text.split("::").next().unwrap_or("").trim();
    let head = head.trim_matches(['(', ')', '"']);
    if head.eq_ignore_ascii_case(column) {
        return true;
    }
    let upper = text.to_ascii_uppercase();
    upper
        .strip_prefix("CAST")
        .map(str::trim_start)
        .and_then(|t| t.strip_prefix('('))
        .is_some_and(|t| {
            let first = t.split_whitespace().next().unwrap_or("");
            first.trim_matches('"').eq_ignore_ascii_case(column)
        })
}

fn is_text(ty: &DataType) -> bool {
    ty.array == 0
        && matches!(
            canonical(ty),
            "text" | "varchar" | "citext" | "char" | "bpchar"
        )
}

fn is_built_in(ty: &DataType) -> bool {
    const NAMES: &[&str] = &[
        "smallint",
        "int",
        "bigint",
        "numeric",
        "real",
        "double precision",
        "boolean",
        "date",
        "timestamp",
        "timestamptz",
        "time",
        "timetz",
        "interval",
        "json",
        "jsonb",
        "uuid",
        "inet",
        "cidr",
        "bytea",
        "xml",
        "money",
    ];
    NAMES.contains(&canonical(ty))
}

fn type_back(draft: &mut Draft<'_>, table: &Key, old: &Column, new: &Column) {
    let using = draft.using.take();
    let back = back(&old.ty, &new.ty, using.as_deref(), &old.name);
    let (name, column, ty) = (sql_key(table), sql_name(&old.name), sql_type(&old.ty));
    let mut statement = format!("ALTER TABLE {name} ALTER COLUMN {column} TYPE {ty}");
    if let Some(collation) = &old.collation {
        statement.push_str(&format!(" COLLATE {}", collation_name(collation)));
    }
    if back.cast {
        let through = if is_text(&new.ty) || is_text(&old.ty) || is_built_in(&new.ty) {
            ""
        } else {
            "::text"
        };
        statement.push_str(&format!(" USING {column}{through}::{ty}"));
    }
    draft.push(Phase::AlterColumn, statement);
    if let Some(lost) = back.loses {
        draft.loses(format!("of `{table}.{}`: {lost}", old.name));
    }
    if back.fails {
        draft.needs(
            format!("`{ty}` holds every value of `{table}.{}`", old.name),
            counter(&name, &column, &old.ty, &new.ty),
        );
    }
}

/// Counts the values that the old type does not hold; where SQL cannot ask
/// without failing, it fails.
fn counter(table: &str, column: &str, old: &DataType, new: &DataType) -> String {
    let range = |low: &str, high: &str| {
        format!("SELECT count(*) FROM {table} WHERE {column} NOT BETWEEN {low} AND {high}")
    };
    match (canonical(old), old.modifiers) {
        _ if !is_number(new) && is_number(old) => {
            format!("SELECT count({column}::{}) FROM {table}", sql_type(old))
        }
        ("smallint", _) => range("-32768", "32767"),
        ("int", _) => range("-2147483648", "2147483647"),
        ("bigint", _) => range("-9223372036854775808", "9223372036854775807"),
        ("numeric", [Some(precision), scale]) => {
            let digits = precision - scale.unwrap_or(0);
            format!("SELECT count(*) FROM {table} WHERE abs({column}) >= 1e{digits}")
        }
        ("varchar" | "char", [Some(length), _]) if old.array == 0 => {
            format!("SELECT count(*) FROM {table} WHERE length({column}) > {length}")
        }
        _ => format!(
            "SELECT count({column}::text::{}) FROM {table}",
            sql_type(old)
        ),
    }
}

fn is_number(ty: &DataType) -> bool {
    ty.array == 0
        && matches!(
            canonical(ty),
            "smallint" | "int" | "bigint" | "numeric" | "real" | "double precision"
        )
}
