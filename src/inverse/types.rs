//! Types and domains.

use super::draft::{Draft, Phase};
use super::sql::{sql_key, sql_name, sql_type};
use super::{constraint, index, view};
use crate::name::Name;
use crate::operation::{Column, ConstraintKind, DataType, Expr, TypeDefinition};
use crate::schema::{Domain, DomainCheck, Key, Mark, TypeEntry, names_in};

/// Brings back all types and domains that changed.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    for change in draft.now.types_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(_)) => {
                draft.push(
                    Phase::DropType,
                    format!("DROP TYPE {}", sql_key(change.key)),
                );
            }
            (Some(before), None) => {
                draft.push(Phase::CreateType, create(change.key, before));
            }
            (Some(before), Some(after)) => change_back(draft, before, after),
            (None, None) => {}
        }
    }
    for change in draft.now.domains_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(_)) => {
                draft.push(
                    Phase::DropType,
                    format!("DROP DOMAIN {}", sql_key(change.key)),
                );
            }
            (Some(before), None) => draft.push(Phase::CreateType, create_domain(before)),
            (Some(before), Some(after)) => domain_back(draft, before, after),
            (None, None) => {}
        }
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn create(key: &Key, entry: &TypeEntry) -> String {
    let name = sql_key(key);
    match &entry.definition {
        TypeDefinition::Enum(values) => {
            let values: Vec<String> = values.iter().map(|v| literal(v)).collect();
            format!("CREATE TYPE {name} AS ENUM ({})", values.join(", "))
        }
        TypeDefinition::Composite(attributes) => {
            let attributes: Vec<String> = attributes
                .iter()
                .map(|(name, ty)| format!("{} {}", sql_name(name), sql_type(ty)))
                .collect();
            format!("CREATE TYPE {name} AS ({})", attributes.join(", "))
        }
        TypeDefinition::Range | TypeDefinition::Other => {
            format!("CREATE TYPE {name} {}", entry.text)
                .trim_end()
                .to_owned()
        }
    }
}

fn change_back(draft: &mut Draft<'_>, before: &TypeEntry, after: &TypeEntry) {
    match (&before.definition, &after.definition) {
        (TypeDefinition::Enum(old), TypeDefinition::Enum(new)) if old != new => {
            values_back(draft, before, old, new);
        }
        (TypeDefinition::Composite(old), TypeDefinition::Composite(new)) => {
            attributes_back(draft, &after.key, old, new);
        }
        _ => {}
    }
}

/// The server cannot take a value out of an enum: another type of the same
/// name takes its place.
fn values_back(draft: &mut Draft<'_>, before: &TypeEntry, old: &[Name], new: &[Name]) {
    let key = &before.key;
    let name = sql_key(key);
    let aside = sql_name(&format!("{}_replaced", key.name)).to_string();
    let aside_key = sql_key(&Key::new(key.schema, format!("{}_replaced", key.name)));
    let columns = columns_of(draft, key);
    let mut steps = vec![
        format!("ALTER TYPE {name} RENAME TO {aside}"),
        create(key, before),
    ];
    let mut views: Vec<Key> = Vec::new();
    for (table, column) in &columns {
        let reading = draft.now.views_using_column(table, &column.name);
        for view in reading
            .into_iter()
            .filter(|v| !views.contains(v))
            .collect::<Vec<_>>()
        {
            views.push(view);
        }
    }
    let definitions: Vec<String> = views
        .iter()
        .filter_map(|key| draft.now.view_by_key(key))
        .map(|v| view::definition(v, false))
        .collect();
    for key in &views {
        let materialized = draft.now.view_by_key(key).is_some_and(|v| v.materialized);
        let word = if materialized {
            "MATERIALIZED VIEW"
        } else {
            "VIEW"
        };
        steps.insert(0, format!("DROP {word} {}", sql_key(key)));
    }
    for (table, column) in &columns {
        let (drops, adds) = comparing(draft, table, &column.name);
        steps.extend(drops);
        steps.extend(retype(table, column, &name));
        steps.extend(adds);
        for value in new.iter().filter(|v| !old.contains(v)) {
            let (table_name, column_name) = (sql_key(table), sql_name(&column.name));
            let value_text = literal(value);
            let holds = match column.ty.array {
                0 => format!("{column_name}::text = {value_text}"),
                _ => format!("{value_text} = ANY ({column_name}::text[])"),
            };
            draft.next_needs(
                format!("no row of `{table}` has `{value}` in `{}`", column.name),
                format!("SELECT count(*) FROM {table_name} WHERE {holds}"),
            );
        }
    }
    steps.push(format!("DROP TYPE {aside_key}"));
    steps.extend(definitions);
    if columns.is_empty() {
        draft.needs(
            format!("nothing holds a new value of `{key}`"),
            "SELECT 0".to_owned(),
        );
    }
    draft.push_together(Phase::AlterColumn, steps);
}

/// Statements that drop the checks and indexes that compare a column with values of
/// its type, and that make them anew: the server does not take them over to a type
/// of another name.
fn comparing(draft: &Draft<'_>, table: &Key, column: &Name) -> (Vec<String>, Vec<String>) {
    let Some(known) = draft.now.table_by_key(table) else {
        return Default::default();
    };
    let names_it = |expr: &Expr| names_in(&expr.text).any(|name| name == column.as_str());
    let alter = format!("ALTER TABLE {}", sql_key(table));
    let checks = known
        .constraints
        .iter()
        .filter(|c| match &c.definition.kind {
            ConstraintKind::Check(expr) => names_it(expr),
            _ => false,
        });
    let indexes = known.indexes.iter();
    let indexes = indexes.filter_map(|key| draft.now.index_by_key(key));
    let indexes = indexes.filter(|index| index.exprs.iter().chain(&index.predicate).any(names_it));
    let (mut drops, mut adds) = (Vec::new(), Vec::new());
    for check in checks {
        drops.push(format!("{alter} DROP CONSTRAINT {}", sql_name(&check.name)));
        adds.push(format!("{alter} ADD {}", constraint::definition(check)));
    }
    for index in indexes {
        drops.push(format!("DROP INDEX {}", sql_key(&index.key)));
        adds.push(index::definition(index, false));
    }
    (drops, adds)
}

/// A column goes over to the type that has the name now.
fn retype(table: &Key, column: &Column, ty: &str) -> Vec<String> {
    let name = sql_name(&column.name);
    let alter = format!("ALTER TABLE {} ALTER COLUMN {name}", sql_key(table));
    let array = "[]".repeat(usize::from(column.ty.array));
    let through = format!("{alter} TYPE {ty}{array} USING {name}::text{array}::{ty}{array}");
    match &column.default {
        None => vec![through],
        Some(default) => {
            let plain = default.text.split("::").next().unwrap_or_default().trim();
            vec![
                format!("{alter} DROP DEFAULT"),
                through,
                format!("{alter} SET DEFAULT {plain}"),
            ]
        }
    }
}

/// The columns of a type, in the order of their tables' names.
fn columns_of<'a>(draft: &Draft<'a>, key: &Key) -> Vec<(Key, &'a Column)> {
    let now = draft.now;
    let mut found: Vec<(Key, &Column)> = now
        .tables()
        .flat_map(|t| t.columns.iter().map(|c| (t.key, &**c)))
        .filter(|(_, c)| now.type_key(&c.ty) == *key)
        .filter(|(t, _)| {
            let table = now.table_by_key(t);
            table.is_none_or(|t| t.partition.is_none())
        })
        .collect();
    found.sort_by(|a, b| (&a.0, &a.1.name).cmp(&(&b.0, &b.1.name)));
    found
}

fn attributes_back(
    draft: &mut Draft<'_>,
    key: &Key,
    old: &[(Name, DataType)],
    new: &[(Name, DataType)],
) {
    let alter = format!("ALTER TYPE {}", sql_key(key));
    let named = |list: &[(Name, DataType)], name: &str| {
        list.iter()
            .find(|(n, _)| n == name)
            .map(|(_, ty)| ty.clone())
    };
    for (name, _) in new.iter().filter(|(n, _)| named(old, n).is_none()) {
        let name = sql_name(name);
        draft.push(Phase::AlterColumn, format!("{alter} DROP ATTRIBUTE {name}"));
    }
    for (name, ty) in old {
        let (shown, written) = (sql_name(name), sql_type(ty));
        match named(new, name) {
            None => {
                draft.push(
                    Phase::AlterColumn,
                    format!("{alter} ADD ATTRIBUTE {shown} {written}"),
                );
            }
            Some(now) if now != *ty => {
                draft.push(
                    Phase::AlterColumn,
                    format!("{alter} ALTER ATTRIBUTE {shown} TYPE {written}"),
                );
            }
            Some(_) => {}
        }
    }
}

fn create_domain(domain: &Domain) -> String {
    let mut text = format!(
        "CREATE DOMAIN {} AS {}",
        sql_key(&domain.key),
        sql_type(&domain.base)
    );
    if let Some(collation) = &domain.collation {
        text.push_str(&format!(" COLLATE {}", sql_name(collation)));
    }
    if let Some(default) = &domain.default {
        text.push_str(&format!(" DEFAULT {}", default.text));
    }
    if domain.not_null {
        text.push_str(" NOT NULL");
    }
    for check in &domain.checks {
        text.push_str(&format!(" {}", check_clause(check)));
    }
    text
}

fn check_clause(check: &DomainCheck) -> String {
    format!(
        "CONSTRAINT {} CHECK ({})",
        sql_name(&check.name),
        check.expr.text
    )
}

fn domain_back(draft: &mut Draft<'_>, before: &Domain, after: &Domain) {
    let key = &after.key;
    let alter = format!("ALTER DOMAIN {}", sql_key(key));
    let default = |d: &Domain| d.default.as_ref().map(|e| e.text.to_string());
    if default(before) != default(after) {
        let change = match default(before) {
            Some(text) => format!("SET DEFAULT {text}"),
            None => "DROP DEFAULT".to_owned(),
        };
        draft.push(Phase::AlterColumn, format!("{alter} {change}"));
    }
    if before.not_null != after.not_null {
        let verb = if before.not_null { "SET" } else { "DROP" };
        draft.push(Phase::AlterColumn, format!("{alter} {verb} NOT NULL"));
        if before.not_null {
            needs_in_columns(draft, key, "IS NULL", "NULL");
        }
    }
    for new in after.checks.iter().filter(|c| !before.checks.contains(c)) {
        let name = sql_name(&new.name);
        draft.push(
            Phase::DropConstraint,
            format!("{alter} DROP CONSTRAINT {name}"),
        );
    }
    for old in before.checks.iter().filter(|c| !after.checks.contains(c)) {
        let not_valid = if old.validated { "" } else { " NOT VALID" };
        draft.push(
            Phase::AddKey,
            format!("{alter} ADD {}{not_valid}", check_clause(old)),
        );
        if old.validated {
            let found = format!("values that `{}` refuses", old.name);
            needs_in_columns(draft, key, "IS NOT NULL", &found);
        }
    }
}

fn needs_in_columns(draft: &mut Draft<'_>, domain: &Key, test: &str, what: &str) {
    let columns = columns_of(draft, domain);
    for (table, column) in columns {
        draft.needs(
            format!("no row of `{table}` has {what} in `{}`", column.name),
            format!(
                "SELECT count(*) FROM {} WHERE {} {test}",
                sql_key(&table),
                sql_name(&column.name)
            ),
        );
    }
}
