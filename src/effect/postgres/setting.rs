//! Settings of the session: which there are, and the units of their values.

use crate::operation::{ObjectName, SetParameter};
use crate::schema::Table;

use super::Work;
use super::data::setting;

impl Work<'_> {
    /// A setting with a dot belongs to an extension, or to the project
    /// (set_unknown_parameter_*, set_timeout_*, set_memory_*).
    pub(super) fn check_setting(&mut self, set: &SetParameter) {
        let name = set.name.as_str();
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !name.bytes().all(is_word) || name == "all" || name == "catalog" {
            return;
        }
        let Some(unit) = setting(name, self.version) else {
            self.refuse(format!(
                "PostgreSQL {} has no setting `{name}`",
                self.version
            ));
            return;
        };
        let value = set.value.as_ref();
        if name.ends_with("_timeout") && value.is_some_and(|v| v.trim_start().starts_with('-')) {
            self.refuse(format!("`{name}` cannot be negative"));
        }
        let value = value.and_then(|value| unit_of(value));
        if let (Some(unit), Some(own)) = (unit, value)
            && !unit.names().contains(&own)
        {
            self.refuse(format!(
                "`{name}` takes values in {}, and not in {own}",
                unit.names().join(", ")
            ));
        }
    }

    /// What is checked at once stays so (set_constraints_not_deferrable).
    pub(super) fn set_constraints(&mut self, names: &[ObjectName], deferred: bool) {
        for name in names.iter().filter(|name| deferred && !name.template) {
            let in_schema = |table: &&Table| name.schema.is_none_or(|s| s == table.key.schema);
            let tables = self.schema.tables().map(|table| &**table).filter(in_schema);
            let mut named = tables
                .filter_map(|table| table.constraint(&name.name))
                .peekable();
            if named.peek().is_some() && named.all(|c| !c.definition.deferrable) {
                self.refuse(format!("constraint `{}` is not deferrable", name.name));
            }
        }
    }
}

/// What stands behind a number.
fn unit_of(value: &str) -> Option<&str> {
    let value = value.trim();
    let number = value.trim_start_matches(['+', '-']);
    let unit = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let unit_alone = unit.trim_start();
    let is_word = !unit_alone.is_empty() && unit_alone.bytes().all(|b| b.is_ascii_alphabetic());
    (number.len() > unit.len() && is_word).then_some(unit_alone)
}
