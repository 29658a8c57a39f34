//! Storage parameters, as they stand behind WITH and in SET and RESET.

use crate::effect::LockMode;
use crate::name::{Name, name};
use crate::operation::{CreateTable, ObjectName};
use crate::schema::{Key, Relation, Table};
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

use super::Work;
use super::constant::is_boolean;
use super::data::{Values, is_index_method, parameter};
use super::expr::Tokens;

/// A parameter as it is set.
struct Given<'s> {
    /// In lower case.
    name: &'s str,
    /// As written; `None` where nothing stands behind the name.
    value: Option<&'s str>,
}

impl<'s> Given<'s> {
    /// The name, and of what it is a parameter; `holder` unless it is for the
    /// TOAST table.
    fn place(&self, holder: &'s str) -> (&'s str, &'s str) {
        match self.name.strip_prefix("toast.") {
            Some(name) if holder == "t" => (name, "toast"),
            _ => (self.name, holder),
        }
    }
}

impl Work<'_> {
    pub(super) fn set_parameters(
        &mut self,
        name: &ObjectName,
        parameters: &[Name],
        values: &[Name],
    ) {
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
        if !values.is_empty() && parameters.iter().any(|name| name == "oids") {
            self.refuse("there is no parameter `oids` here");
        }
        let holder = self.holder_of(&key);
        if let Some(holder) = holder.filter(|_| !values.is_empty()) {
            let whole = parameters.len() == values.len();
            let given = parameters.iter().enumerate().map(|(n, name)| Given {
                name,
                value: values.get(n).filter(|_| whole).map(Name::as_str),
            });
            self.check_parameters(given, &holder);
        }
    }

    /// What takes the parameters of a relation: the letter of its kind, or the
    /// method of an index. `None` where others may know more parameters.
    fn holder_of(&self, key: &Key) -> Option<Name> {
        Some(match self.schema.relation_by_key(key)? {
            Relation::Table(table) if table.foreign || names_method(&table.options) => return None,
            Relation::Table(_) => Name::new("t"),
            Relation::View(view) if view.materialized => Name::new("t"),
            Relation::View(_) => Name::new("v"),
            Relation::Index(index) => index.method,
            Relation::Sequence(_) => return None,
        })
    }

    pub(super) fn check_table_parameters(&mut self, create: &CreateTable) {
        let listed = listed(&create.options);
        if listed.is_empty() || create.foreign || names_method(&create.options) {
            return;
        }
        let oids = listed.iter().find(|(name, _)| name == "oids");
        if oids.is_some_and(|(_, value)| !value.eq_ignore_ascii_case("false")) {
            self.refuse("no table is made WITH OIDS");
        }
        match create.partition_by {
            Some(_) => self.refuse("a partitioned table has no storage parameters"),
            None => self.check_parameters(given(&listed), "t"),
        }
    }

    pub(super) fn check_index_parameters(&mut self, method: &str, options: &str) {
        self.check_parameters(given(&listed(options)), method);
    }

    /// Refuses a parameter that there is not, or not there, and values that it
    /// does not take (set_unknown_parameter, create_index_unknown_parameter,
    /// set_parameter_*).
    fn check_parameters<'s>(&mut self, given: impl Iterator<Item = Given<'s>>, holder: &'s str) {
        if !matches!(holder, "t" | "v") && !is_index_method(holder) {
            return;
        }
        for given in given {
            let (name, of) = given.place(holder);
            if name.contains(['.', '{', '$']) || name == "oids" {
                continue;
            }
            match parameter(name).filter(|known| known.is_for(of)) {
                Some(known) => self.check_parameter_value(name, known.values, given.value),
                None => self.refuse(format!("there is no parameter `{}` here", given.name)),
            }
        }
    }

    fn check_parameter_value(&mut self, name: &str, values: Values, value: Option<&str>) {
        let Some(value) = value.map(|value| value.trim_matches('\'')) else {
            return;
        };
        match values {
            Values::Numbers(least, most) => {
                let number = value.parse::<f64>().ok();
                if number.is_some_and(|n| n < least || n > most) {
                    self.refuse(format!(
                        "`{name}` takes values from {least} to {most}, and {value} is none"
                    ));
                }
            }
            Values::Boolean => {
                let word = value.bytes().all(|b| b.is_ascii_alphanumeric());
                if word && !is_boolean(value) {
                    self.refuse(format!("`{name}` is true or false, and not {value}"));
                }
            }
            Values::Any => {}
        }
    }
}

/// Does it say by which method a table is stored?
fn names_method(options: &str) -> bool {
    super::expr::mentions(options, "using")
}

/// What stands in `WITH (name = value, …)`, the names in lower case.
fn listed(options: &str) -> Vec<(Name, Name)> {
    let tokens = Tokens::of(options);
    let mut cursor = Cursor::new(options, &tokens.list);
    let mut list = Vec::new();
    if !cursor.eat_word("WITH") || !cursor.eat(TokenKind::OpenParen) {
        return list;
    }
    while let Some(name) = ObjectName::read(&mut cursor) {
        cursor.eat_operator("=");
        let value = cursor.skip_item().map_or("", |span| cursor.slice(span));
        list.push((name!("{name}"), Name::new(value)));
        if !cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    list
}

fn given(list: &[(Name, Name)]) -> impl Iterator<Item = Given<'_>> {
    list.iter().map(|(name, value)| Given {
        name,
        value: Some(value.as_str()).filter(|value| !value.is_empty()),
    })
}
