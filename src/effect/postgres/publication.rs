//! What publications ask of the tables that they publish.

use crate::operation::{Ident, ObjectKind, ObjectName, Persistence};
use crate::schema::{Key, SettingName, Table};
use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

use super::Work;
use super::expr::{Tokens, mentions};

/// A publication, as far as its definition tells.
struct Publication<'d> {
    /// `FOR ALL TABLES`.
    all: bool,
    tables: Vec<Member<'d>>,
    /// `publish = '…'`; all changes where it is not given.
    publish: Option<&'d str>,
}

/// A table behind FOR TABLE.
struct Member<'d> {
    table: ObjectName,
    /// Its columns, in parentheses.
    columns: Option<&'d str>,
    /// The condition behind WHERE.
    rows: Option<&'d str>,
}

impl<'d> Publication<'d> {
    fn read(definition: &'d str) -> Self {
        let tokens = Tokens::of(definition);
        let mut cursor = Cursor::new(definition, &tokens.list);
        let mut publication = Self {
            all: false,
            tables: Vec::new(),
            publish: None,
        };
        while !cursor.done() {
            if cursor.eat_words(&["ALL", "TABLES"]) {
                publication.all = true;
            } else if cursor.eat_word("TABLE") {
                publication.members(&mut cursor, definition);
            } else if cursor.eat_word("WITH") {
                let options = cursor.group().map(|span| span.of(definition));
                publication.publish = options.filter(|options| mentions(options, "publish"));
            } else {
                cursor.bump();
            }
        }
        publication
    }

    fn members(&mut self, cursor: &mut Cursor<'_>, definition: &'d str) {
        loop {
            cursor.eat_word("ONLY");
            let Some(table) = ObjectName::read(cursor) else {
                return;
            };
            cursor.eat_operator("*");
            let columns = cursor.group().map(|span| span.of(definition));
            let rows = match cursor.eat_word("WHERE") {
                true => cursor.group().map(|span| span.of(definition)),
                false => None,
            };
            self.tables.push(Member {
                table,
                columns,
                rows,
            });
            if !cursor.eat(TokenKind::Comma) {
                return;
            }
        }
    }

    fn publishes(&self, change: &str) -> bool {
        self.publish.is_none_or(|options| options.contains(change))
    }
}

impl Work<'_> {
    /// Rows that replicas could not tell apart are not changed: a published table
    /// needs a replica identity (update_published_*).
    pub(super) fn check_published_rows(&mut self, key: &Key, change: &str) {
        let Some(table) = self.table(key).filter(|table| is_plain(table)) else {
            return;
        };
        let identity =
            self.schema
                .setting(key, ObjectKind::Table, "", &SettingName::ReplicaIdentity);
        let told = match identity {
            Some(identity) => identity != "NOTHING",
            None => table.primary_key().is_some(),
        };
        if told {
            return;
        }
        let publishing = self.schema.publications().find(|(_, definition)| {
            let publication = Publication::read(definition);
            let mut tables = publication.tables.iter();
            let named = publication.all || tables.any(|m| self.resolve(&m.table) == *key);
            named && publication.publishes(change)
        });
        if let Some((name, _)) = publishing {
            self.refuse(format!(
                "publication `{name}` publishes each {change} of `{key}`, which has no replica identity"
            ));
        }
    }

    /// Conditions and lists of publications keep the columns that they name
    /// (alter_type_published_*, drop_column_published_*).
    pub(super) fn refuse_published(&mut self, key: &Key, column: &str, done: &str) {
        let names = |member: &Member<'_>| {
            let texts = [member.columns, member.rows];
            self.resolve(&member.table) == *key
                && texts
                    .into_iter()
                    .flatten()
                    .any(|text| mentions(text, column))
        };
        let publishing = self.schema.publications().find(|(_, definition)| {
            let publication = Publication::read(definition);
            publication.tables.iter().any(names)
        });
        if let Some((name, _)) = publishing {
            self.refuse(format!(
                "`{column}` cannot be {done}: publication `{name}` uses it"
            ));
        }
    }

    /// One FOR ALL TABLES has no list of them (alter_publication_all_tables_*).
    pub(super) fn check_altered_publication(&mut self, name: &Ident, change: &str) {
        let mut known = self.schema.publications();
        let known = known.find(|(known, _)| **known == name.name);
        let all = known.is_some_and(|(_, definition)| Publication::read(definition).all);
        if all && lists_tables(change) {
            self.refuse(format!("publication `{}` is FOR ALL TABLES", name.name));
        }
    }
}

impl Work<'_> {
    /// What is published already is not added, and what is not published is not
    /// dropped (publication_add_*, publication_drop_*).
    pub(super) fn check_members(&mut self, name: &Ident, tables: &[ObjectName], change: &str) {
        let verb = change.split_ascii_whitespace().next().unwrap_or_default();
        let adds = verb.eq_ignore_ascii_case("add");
        if !adds && !verb.eq_ignore_ascii_case("drop") {
            return;
        }
        let mut known = self.schema.publications();
        let Some((_, definition)) = known.find(|(known, _)| **known == name.name) else {
            return;
        };
        let publication = Publication::read(definition);
        if publication.all {
            return;
        }
        let published = |table: &ObjectName| {
            let key = self.resolve(table);
            let mut tables = publication.tables.iter();
            tables.any(|member| self.resolve(&member.table) == key)
        };
        if let Some(table) = tables.iter().find(|table| published(table) == adds) {
            self.refuse(match adds {
                true => format!("publication `{}` has `{table}` already", name.name),
                false => format!("publication `{}` does not have `{table}`", name.name),
            });
        }
    }
}

/// `ADD TABLE …`, `SET TABLE …`, `DROP TABLES IN SCHEMA …`.
fn lists_tables(change: &str) -> bool {
    let mut words = change.split_ascii_whitespace();
    let is = |word: Option<&str>, known: &[&str]| {
        word.is_some_and(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    is(words.next(), &["add", "set", "drop"]) && is(words.next(), &["table", "tables"])
}

/// Permanent, with rows of its own, and known.
fn is_plain(table: &Table) -> bool {
    table.is_known()
        && !table.foreign
        && !table.is_partitioned()
        && table.partition.is_none()
        && table.persistence == Persistence::Permanent
}
