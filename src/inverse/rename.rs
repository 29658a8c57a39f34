//! What goes back by its own kind of statement, whatever the schema holds:
//! names, positions in schemas, members of publications.

use super::sql::{sql_ident, sql_key, sql_name};
use super::{Inverse, Kind};
use crate::operation::{Action, ObjectKind, ObjectName, Operation};
use crate::schema::{Key, Schema};

/// The inverse, if the operation is of that kind.
pub fn inverse(operation: &Operation, schema: &Schema) -> Option<Inverse> {
    let statement = statement(&operation.action, schema)?;
    Some(Inverse {
        kind: Kind::Exact,
        statements: vec![statement],
        ..Inverse::default()
    })
}

fn statement(action: &Action, schema: &Schema) -> Option<String> {
    Some(match action {
        Action::Rename {
            kind, name, on, to, ..
        } => rename(*kind, name, on.as_ref(), &to.name, schema),
        Action::RenameColumn { table, column, to } => {
            let key = schema.resolve(&table.name);
            let word = match schema.view_by_key(&key) {
                Some(view) if view.materialized => "MATERIALIZED VIEW",
                Some(_) => "VIEW",
                None => "TABLE",
            };
            format!(
                "ALTER {word} {} RENAME COLUMN {} TO {}",
                sql_key(&key),
                sql_ident(to),
                sql_ident(column)
            )
        }
        Action::RenameConstraint { table, name, to } => format!(
            "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
            sql_key(&schema.resolve(&table.name)),
            sql_ident(to),
            sql_ident(name)
        ),
        Action::SetSchema { kind, name, to, .. } => {
            let key = schema.setting_key(*kind, name, None);
            let moved = Key::new(to.name, key.name);
            format!(
                "ALTER {} {} SET SCHEMA {}",
                kind.word().to_uppercase(),
                sql_key(&moved),
                sql_name(&key.schema)
            )
        }
        Action::RenameEnumValue { name, from, to } => {
            let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
            format!(
                "ALTER TYPE {} RENAME VALUE {} TO {}",
                sql_key(&schema.setting_key(ObjectKind::Type, name, None)),
                literal(to),
                literal(from)
            )
        }
        Action::AlterComposite {
            name,
            change: crate::operation::CompositeChange::Rename(from, to),
            ..
        } => format!(
            "ALTER TYPE {} RENAME ATTRIBUTE {} TO {}",
            sql_key(&schema.setting_key(ObjectKind::Type, name, None)),
            sql_name(to),
            sql_name(from)
        ),
        Action::AlterDomain {
            name,
            change: crate::operation::DomainChange::RenameConstraint(from, to),
        } => format!(
            "ALTER DOMAIN {} RENAME CONSTRAINT {} TO {}",
            sql_key(&schema.setting_key(ObjectKind::Domain, name, None)),
            sql_ident(to),
            sql_ident(from)
        ),
        Action::AlterPublication { name, change, .. } => {
            let (verb, rest) = change.split_once(char::is_whitespace)?;
            let back = match verb.to_ascii_uppercase().as_str() {
                "ADD" => "DROP",
                "DROP" => "ADD",
                _ => return None,
            };
            format!("ALTER PUBLICATION {} {back} {rest}", sql_ident(name))
        }
        _ => return None,
    })
}

fn rename(
    kind: ObjectKind,
    name: &ObjectName,
    on: Option<&ObjectName>,
    to: &str,
    schema: &Schema,
) -> String {
    let word = kind.word().to_uppercase();
    if let Some(table) = on {
        let table = sql_key(&schema.resolve(table));
        let (new, old) = (sql_name(to), sql_name(&name.name));
        return format!("ALTER {word} {new} ON {table} RENAME TO {old}");
    }
    let new = match kind {
        ObjectKind::Schema | ObjectKind::Extension | ObjectKind::Role | ObjectKind::Publication => {
            sql_name(to).to_string()
        }
        _ => {
            let key = schema.setting_key(kind, name, None);
            sql_key(&Key::new(key.schema, to))
        }
    };
    format!("ALTER {word} {new} RENAME TO {}", sql_name(&name.name))
}
