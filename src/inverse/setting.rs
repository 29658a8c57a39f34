//! What is set on objects: comments, owners, privileges, parameters.

use super::draft::{Class, Draft, Phase};
use super::routine::signature;
use super::sql::{sql_key, sql_name};
use super::table::role_name;
use crate::operation::ObjectKind;
use crate::schema::{Key, Mark, Relation, Setting, SettingName};

/// Sets again what was set, and resets what was not.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    restore_anew(draft, mark);
    let is_anew = |key: &Key, setting: &Setting, draft: &Draft<'_>| {
        let made = draft.made_anew().iter();
        made.clone()
            .any(|(anew, class)| anew == key && of_class(setting, *class))
    };
    for change in draft.now.settings_changed_since(mark) {
        let list = |found: Option<&std::sync::Arc<Vec<Setting>>>| {
            found.map_or(Vec::new(), |list| list.to_vec())
        };
        let (before, after) = (list(change.before), list(change.after));
        let same =
            |a: &Setting, b: &Setting| a.kind == b.kind && a.member == b.member && a.name == b.name;
        for new in &after {
            let was_set = before.iter().any(|old| same(old, new));
            let goes = draft.is_new(change.key) || is_of_new_column(draft, change.key, new);
            if !was_set && !goes && !is_anew(change.key, new, draft) {
                let statement = reset(draft, change.key, new);
                push(draft, statement, new, change.key);
            }
        }
        for old in before.iter().filter(|old| !after.contains(old)) {
            if is_anew(change.key, old, draft) {
                continue;
            }
            let statement = set(change.key, old);
            push(draft, statement, old, change.key);
        }
    }
}

/// All that was set on what is dropped and made again.
fn restore_anew(draft: &mut Draft<'_>, mark: Mark) {
    let changes = draft.now.settings_changed_since(mark);
    for (key, class) in draft.made_anew().to_vec() {
        let changed = changes.iter().find(|change| *change.key == key);
        let then: Vec<Setting> = match changed {
            Some(change) => change.before.map_or(Vec::new(), |list| list.to_vec()),
            None => draft.now.settings(&key).to_vec(),
        };
        for setting in then.iter().filter(|s| of_class(s, class)) {
            let statement = set(&key, setting);
            push(draft, statement, setting, &key);
        }
    }
}

fn of_class(setting: &Setting, class: Class) -> bool {
    setting.kind.is_routine() == (class == Class::Routine)
}

/// What is set on a column goes with it.
fn is_of_new_column(draft: &Draft<'_>, key: &Key, setting: &Setting) -> bool {
    let then = draft
        .relation_then(key)
        .and_then(|relation| match relation {
            Relation::Table(table) => Some(table),
            _ => None,
        });
    setting.kind == ObjectKind::Column
        && then.is_some_and(|table| table.columns_known && table.column(&setting.member).is_none())
}

fn push(draft: &mut Draft<'_>, statement: Option<String>, setting: &Setting, key: &Key) {
    match statement {
        Some(statement) => draft.push(Phase::Set, statement),
        None => draft.misses(format!(
            "what `{}` of `{key}` was set to before is not known",
            match &setting.member {
                member if member.is_empty() => "this",
                member => member,
            }
        )),
    }
}

/// `TABLE t`, `COLUMN t.c`, `TRIGGER x ON t`, `FUNCTION f(int)`.
fn subject(key: &Key, setting: &Setting) -> String {
    let kind = setting.kind.word().to_uppercase();
    let member = sql_name(&setting.member);
    match setting.kind {
        ObjectKind::Column => format!("COLUMN {}.{member}", sql_key(key)),
        ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule | ObjectKind::Constraint => {
            format!("{kind} {member} ON {}", sql_key(key))
        }
        ObjectKind::Schema => format!("SCHEMA {}", sql_name(&key.schema)),
        routine if routine.is_routine() && !setting.member.is_empty() => {
            format!("{kind} {}({})", sql_key(key), signature(&setting.member))
        }
        _ => format!("{kind} {}", sql_key(key)),
    }
}

fn alter_column(key: &Key, setting: &Setting) -> String {
    format!(
        "ALTER TABLE {} ALTER COLUMN {}",
        sql_key(key),
        sql_name(&setting.member)
    )
}

/// GRANT and REVOKE name a view as a table, and a domain as what it is.
fn grantable(key: &Key, setting: &Setting) -> String {
    match setting.kind {
        ObjectKind::Table => format!("TABLE {}", sql_key(key)),
        _ => subject(key, setting),
    }
}

fn set(key: &Key, setting: &Setting) -> Option<String> {
    let (name, value) = (sql_key(key), &setting.value);
    Some(match &setting.name {
        SettingName::Comment => format!("COMMENT ON {} IS {value}", subject(key, setting)),
        SettingName::Owner => {
            format!(
                "ALTER {} OWNER TO {}",
                subject(key, setting),
                role_name(value)
            )
        }
        SettingName::Grant { privilege, grantee } => format!(
            "GRANT {} ON {} TO {} {value}",
            privilege.to_uppercase(),
            grantable(key, setting),
            role_name(grantee)
        )
        .trim_end()
        .to_owned(),
        SettingName::Parameter(parameter) => {
            format!(
                "ALTER {} SET ({parameter} = {value})",
                subject(key, setting)
            )
        }
        SettingName::Statistics => format!("{} SET STATISTICS {value}", alter_column(key, setting)),
        SettingName::Storage => format!("{} SET STORAGE {value}", alter_column(key, setting)),
        SettingName::Compression => {
            format!("{} SET COMPRESSION {value}", alter_column(key, setting))
        }
        SettingName::ColumnParameter(parameter) => {
            format!("{} SET ({parameter} = {value})", alter_column(key, setting))
        }
        SettingName::ReplicaIdentity => format!("ALTER TABLE {name} REPLICA IDENTITY {value}"),
        SettingName::ClusterOn => format!("ALTER TABLE {name} CLUSTER ON {}", sql_name(value)),
        SettingName::ForceRowSecurity => format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"),
        SettingName::Firing => firing(key, setting, value),
        SettingName::Tablespace => {
            format!(
                "ALTER {} SET TABLESPACE {}",
                subject(key, setting),
                sql_name(value)
            )
        }
        SettingName::AccessMethod => {
            format!("ALTER TABLE {name} SET ACCESS METHOD {}", sql_name(value))
        }
    })
}

fn firing(key: &Key, setting: &Setting, how: &str) -> String {
    let member = match setting.member.as_str() {
        word @ ("all" | "user") => word.to_uppercase(),
        name => sql_name(name).to_string(),
    };
    let kind = setting.kind.word().to_uppercase();
    format!("ALTER TABLE {} {how} {kind} {member}", sql_key(key))
}

/// Back to what holds where nothing was ever set.
fn reset(draft: &Draft<'_>, key: &Key, setting: &Setting) -> Option<String> {
    let name = sql_key(key);
    Some(match &setting.name {
        SettingName::Comment => format!("COMMENT ON {} IS NULL", subject(key, setting)),
        SettingName::Owner => {
            format!("ALTER {} OWNER TO CURRENT_USER", subject(key, setting))
        }
        SettingName::Grant { privilege, grantee } => format!(
            "REVOKE {} ON {} FROM {}",
            privilege.to_uppercase(),
            grantable(key, setting),
            role_name(grantee)
        ),
        SettingName::Parameter(parameter) => {
            format!("ALTER {} RESET ({parameter})", subject(key, setting))
        }
        SettingName::Statistics => format!("{} SET STATISTICS -1", alter_column(key, setting)),
        SettingName::Storage => {
            let column = draft.now.table_by_key(key)?.column(&setting.member)?;
            let storage = usual_storage(&column.ty.name, column.ty.array > 0)?;
            format!("{} SET STORAGE {storage}", alter_column(key, setting))
        }
        SettingName::Compression => {
            format!("{} SET COMPRESSION default", alter_column(key, setting))
        }
        SettingName::ColumnParameter(parameter) => {
            format!("{} RESET ({parameter})", alter_column(key, setting))
        }
        SettingName::ReplicaIdentity => format!("ALTER TABLE {name} REPLICA IDENTITY DEFAULT"),
        SettingName::ClusterOn => format!("ALTER TABLE {name} SET WITHOUT CLUSTER"),
        SettingName::ForceRowSecurity => format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"),
        SettingName::Firing => firing(key, setting, "ENABLE"),
        SettingName::Tablespace => {
            format!("ALTER {} SET TABLESPACE pg_default", subject(key, setting))
        }
        SettingName::AccessMethod => format!("ALTER TABLE {name} SET ACCESS METHOD heap"),
    })
}

/// `typstorage` of the built-in types.
fn usual_storage(ty: &str, array: bool) -> Option<&'static str> {
    match ty {
        _ if array => Some("EXTENDED"),
        "text" | "varchar" | "char" | "bpchar" | "json" | "jsonb" | "bytea" | "xml" | "citext" => {
            Some("EXTENDED")
        }
        "numeric" | "inet" | "cidr" => Some("MAIN"),
        "smallint" | "int" | "bigint" | "real" | "boolean" | "date" | "timestamp"
        | "timestamptz" | "uuid" => Some("PLAIN"),
        _ => None,
    }
}
