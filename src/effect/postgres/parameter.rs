//! Storage parameters, as they stand behind WITH and in SET and RESET.

use smol_str::SmolStr;

use crate::effect::LockMode;
use crate::operation::{CreateTable, ObjectName};
use crate::schema::{Key, Relation, Table};
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

use super::Work;
use super::data::{is_index_method, parameter};
use super::expr::Tokens;

impl Work<'_> {
    pub(super) fn set_parameters(&mut self, name: &ObjectName, parameters: &[SmolStr], sets: bool) {
        let key = self.resolve(name);
        let mut mode = LockMode::ShareUpdateExclusive;
        for name in parameters {
            if let Some(known) = parameter(name) {
                mode = mode.max(known.lock);
                self.needs(known.since, &format!("parameter `{name}`"));
            }
        }
        self.lock(&key, mode);
        if self.table(&key).is_some_and(Table::is_partitioned) {
            self.refuse(format!(
                "the partitioned table `{key}` has no storage parameters"
            ));
        }
        let holder = self.holder_of(&key);
        if let Some(holder) = holder.filter(|_| sets) {
            self.check_parameters(parameters, &holder);
        }
    }

    /// What takes the parameters of a relation: the letter of its kind, or the
    /// method of an index. `None` where others may know more parameters.
    fn holder_of(&self, key: &Key) -> Option<SmolStr> {
        Some(match self.schema.relation_by_key(key)? {
            Relation::Table(table) if table.foreign || names_method(&table.options) => return None,
            Relation::Table(_) => SmolStr::new_static("t"),
            Relation::View(view) if view.materialized => SmolStr::new_static("t"),
            Relation::View(_) => SmolStr::new_static("v"),
            Relation::Index(index) => index.method.clone(),
            Relation::Sequence(_) => return None,
        })
    }

    pub(super) fn check_table_parameters(&mut self, create: &CreateTable) {
        let names = listed(&create.options);
        if names.is_empty() || create.foreign || names_method(&create.options) {
            return;
        }
        match create.partition_by {
            Some(_) => self.refuse("a partitioned table has no storage parameters"),
            None => self.check_parameters(&names, "t"),
        }
    }

    pub(super) fn check_index_parameters(&mut self, method: &str, options: &str) {
        self.check_parameters(&listed(options), method);
    }

    /// Refuses a parameter that there is not, or not there
    /// (set_unknown_parameter, create_index_unknown_parameter).
    fn check_parameters(&mut self, names: &[SmolStr], holder: &str) {
        if !matches!(holder, "t" | "v") && !is_index_method(holder) {
            return;
        }
        for name in names {
            let foreign = name.contains('.') && !name.starts_with("toast.");
            if foreign || name.contains(['{', '$']) || name == "oids" {
                continue;
            }
            if !parameter(name).is_some_and(|known| known.is_for(holder)) {
                self.refuse(format!("there is no parameter `{name}` here"));
            }
        }
    }
}

/// Does it say by which method a table is stored?
fn names_method(options: &str) -> bool {
    super::expr::mentions(options, "using")
}

/// The names in `WITH (name = value, …)`, in lower case.
fn listed(options: &str) -> Vec<SmolStr> {
    let tokens = Tokens::of(options);
    let mut cursor = Cursor::new(options, &tokens.list);
    let mut names = Vec::new();
    if !cursor.eat_word("WITH") || !cursor.eat(TokenKind::OpenParen) {
        return names;
    }
    while let Some(name) = ObjectName::read(&mut cursor) {
        names.push(match &name.schema {
            Some(space) => smol_str::format_smolstr!("{space}.{}", name.name),
            None => name.name,
        });
        cursor.skip_item();
        if !cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    names
}
