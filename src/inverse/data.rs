//! What an operation does to rows, and what of an operation the schema alone
//! does not show.

use super::draft::{Draft, Phase};
use super::sql::{sql_key, sql_name};
use super::table::role_name;
use crate::operation::{Action, Grant, Insert, ObjectKind, ObjectName, Operation};
use crate::schema::{Schema, SettingName};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// What has to be known of the schema before.
#[derive(Default)]
pub struct Before {
    /// Privileges that were there already, with the roles.
    granted: Vec<String>,
}

pub fn before(operation: &Operation, schema: &Schema) -> Before {
    let mut before = Before::default();
    if let Action::Grant(grant) = &operation.action {
        for object in &grant.objects {
            let key = schema.setting_key(grant.on, object, None);
            for setting in schema.settings(&key) {
                if let SettingName::Grant { privilege, grantee } = &setting.name {
                    before.granted.push(format!("{privilege} {key} {grantee}"));
                }
            }
        }
    }
    before
}

/// Says what rows are lost, and takes back what only the text shows.
pub fn restore(operation: &Operation, before: Before, draft: &mut Draft<'_>) {
    match &operation.action {
        Action::Truncate {
            tables,
            restart_identity,
            ..
        } => {
            for table in tables {
                draft.loses(format!("the rows of `{}`", shown(draft, table)));
                if *restart_identity {
                    draft.loses(format!(
                        "the positions of the sequences of `{}`",
                        shown(draft, table)
                    ));
                }
            }
        }
        Action::Delete(delete) => {
            draft.loses(format!(
                "the rows deleted from `{}`",
                shown(draft, &delete.table)
            ));
        }
        Action::Update(update) => {
            let table = shown(draft, &update.table);
            let known = draft.now.table(&update.table).cloned();
            let migration = draft.now.migration();
            for column in &update.columns {
                let new = known
                    .as_ref()
                    .is_some_and(|t| t.column_is_new_in(&column.name, migration));
                if new {
                    continue;
                }
                if update.fills_null(column) {
                    draft.misses(format!(
                        "the values that took the place of NULL in `{table}.{}` stay",
                        column.name
                    ));
                } else {
                    draft.loses(format!("what `{table}.{}` held before", column.name));
                }
            }
            if update.columns.is_empty() {
                draft.loses(format!("what the rows of `{table}` held before"));
            }
        }
        Action::Merge(merge) => {
            let table = shown(draft, &merge.table);
            if merge.overwrites(|_| true) {
                draft.loses(format!("what the rows of `{table}` held before"));
            } else {
                draft.misses(format!("what was merged into `{table}` stays"));
            }
        }
        Action::Insert(insert) => take_out(insert, draft),
        Action::Copy {
            table: Some(table),
            from: true,
            ..
        } => {
            let table = shown(draft, table);
            draft.misses(format!("the rows that were copied into `{table}` stay"));
        }
        Action::AlterColumnType { using, .. } => {
            draft.using = using.as_ref().map(|using| using.text.to_string());
        }
        Action::AlterSequence {
            name,
            restart: true,
            ..
        } => {
            draft.loses(format!("the position of `{}`", shown(draft, name)));
        }
        Action::SetIdentity {
            table,
            column,
            sequence,
            ..
        } if sequence.iter().any(|(name, _)| *name == "restart") => {
            let table = shown(draft, &table.name);
            draft.loses(format!(
                "the position of the sequence of `{table}.{}`",
                column.name
            ));
        }
        Action::Grant(grant) => privileges_back(grant, &before, draft),
        Action::Opaque { why, .. } | Action::Unparsed { why } => {
            draft.loses(format!("what a statement did that was not read: {why}"));
        }
        Action::Drop {
            kind: ObjectKind::Schema,
            name,
            cascade: true,
            ..
        } => {
            draft.loses(format!("what `{}` held", name.name));
        }
        _ => {}
    }
}

fn shown(draft: &Draft<'_>, name: &ObjectName) -> String {
    draft.now.resolve(name).to_string()
}

/// Rows of constants can be named again.
fn take_out(insert: &Insert, draft: &mut Draft<'_>) {
    let table = sql_key(&draft.now.resolve(&insert.table));
    let columns: Vec<_> = insert.columns.iter().map(|c| sql_name(&c.name)).collect();
    let rows = insert.values.as_ref().map(|values| values.text.trim());
    match rows.filter(|rows| are_constants(rows)) {
        Some(rows) if !columns.is_empty() && insert.conflict.is_none() => draft.push(
            Phase::DropDependent,
            format!(
                "DELETE FROM {table} WHERE ({}) IN ({rows})",
                columns.join(", ")
            ),
        ),
        _ => draft.misses(format!(
            "the rows that were inserted into `{}` stay",
            shown(draft, &insert.table)
        )),
    }
}

/// Rows of literals, which find themselves again; NULL does not.
fn are_constants(rows: &str) -> bool {
    let mut tokens = Vec::new();
    tokens_into(rows, Span::new(0, rows.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(rows, &tokens);
    let mut depth = 0;
    while let Some(token) = cursor.peek() {
        match token.kind {
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth -= 1,
            TokenKind::Comma | TokenKind::Number => {}
            TokenKind::Operator if cursor.at_operator("-") => {}
            _ if cursor.string().is_some() => continue,
            _ if cursor.at_any(&["TRUE", "FALSE"]) => {}
            _ => return false,
        }
        if depth > 1 {
            return false;
        }
        cursor.bump();
    }
    depth == 0 && !tokens.is_empty()
}

/// What the settings do not keep: privileges of columns, of all tables of a
/// schema, of default privileges, and memberships.
fn privileges_back(grant: &Grant, before: &Before, draft: &mut Draft<'_>) {
    let roles: Vec<String> = grant.grantees.iter().map(|g| role_name(g)).collect();
    let roles = roles.join(", ");
    let scope = match grant.defaults.as_str() {
        "" => String::new(),
        scope => format!("{scope} "),
    };
    let kept = crate::schema::is_kept(grant);
    if !grant.revoke && !kept {
        let what = &grant.what;
        draft.push(Phase::Set, format!("{scope}REVOKE {what} FROM {roles}"));
        return;
    }
    if !grant.revoke {
        return;
    }
    for object in &grant.objects {
        let key = draft.now.setting_key(grant.on, object, None);
        for (privilege, grantee) in crate::schema::pairs(grant) {
            let known = before
                .granted
                .contains(&format!("{privilege} {key} {grantee}"));
            if !known {
                draft.loses(format!("`{privilege}` on `{key}`, if `{grantee}` had it"));
            }
        }
    }
    if grant.objects.is_empty() || !kept {
        draft.loses(format!("`{}`, if {roles} had it", grant.what.trim()));
    }
}
