//! Schemas, extensions, and all objects of which only the text is kept.

use super::draft::{Draft, Phase};
use super::sql::sql_name;
use crate::schema::Mark;

/// Brings back all of them that changed.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    for change in draft.now.namespaces_changed_since(mark) {
        let name = sql_name(change.key);
        match (change.before, change.after) {
            (None, Some(_)) => draft.push(Phase::DropSchema, format!("DROP SCHEMA {name}")),
            (Some(_), None) => draft.push(Phase::CreateSchema, format!("CREATE SCHEMA {name}")),
            _ => {}
        }
    }
    for change in draft.now.extensions_changed_since(mark) {
        let name = sql_name(change.key);
        match (change.before, change.after) {
            (None, Some(_)) => draft.push(Phase::DropSchema, format!("DROP EXTENSION {name}")),
            (Some(extension), None) => {
                let options = extension.options.as_str();
                let statement = format!("CREATE EXTENSION {name} {options}");
                draft.push(Phase::CreateSchema, statement.trim_end());
            }
            _ => {}
        }
    }
    for change in draft.now.others_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(other)) => {
                draft.push(Phase::DropRoutine, format!("DROP {}", other.signature));
            }
            (Some(other), _) if other.definition.is_empty() => {
                draft.misses(format!("how {} was made is not known", other.signature));
            }
            (Some(other), None) => {
                draft.push(Phase::CreateRoutine, other.definition.to_string());
            }
            (Some(before), Some(after)) if before != after => {
                draft.push(Phase::DropRoutine, format!("DROP {}", after.signature));
                draft.push(Phase::CreateRoutine, before.definition.to_string());
            }
            _ => {}
        }
    }
}
