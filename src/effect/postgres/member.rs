//! Parts of a table that a statement names or adds: columns, constraints,
//! triggers, policies, rules. Of a table that the history created, all of them
//! are known.

use crate::effect::Ground;
use crate::name::Name;
use crate::operation::{
    Action, Column, Constraint, ConstraintKind, DataType, ObjectKind, ObjectName, TypeDefinition,
};
use crate::schema::{Key, Setting, SettingName, Table};
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::expr::{Tokens, is_word, name_of, strip};
use super::table::Subject;
use super::type_change::{is_built_in, stored};

impl<'a> Work<'a> {
    /// Refuses a part that is not there, and one that is there already.
    pub(super) fn members(&mut self) {
        match &self.scene.operation.action {
            Action::SetColumnOption { table, column, .. } => {
                let key = self.resolve(&table.name);
                self.refuse_missing_column(&key, &column.name);
            }
            Action::ToggleTrigger {
                table, rule, name, ..
            } => {
                let key = self.resolve(&table.name);
                let kind = match rule {
                    true => ObjectKind::Rule,
                    false => ObjectKind::Trigger,
                };
                // The server's own are those of foreign keys.
                let every = matches!(name.name.as_str(), "all" | "user");
                // A partition has those of its parent (enable_trigger_of_partition).
                let parted = self.table(&key).is_some_and(|t| t.partition.is_some());
                if !every && !parted && !name.name.starts_with("RI_") {
                    self.refuse_missing_member(&key, kind, &name.name);
                }
            }
            Action::RenameConstraint { table, name, .. } => {
                let key = self.resolve(&table.name);
                self.refuse_missing_member(&key, ObjectKind::Constraint, &name.name);
                let known = self.table(&key).and_then(|table| {
                    let constraint = table.constraint(&name.name)?;
                    Some((table, constraint))
                });
                if let Some((table, constraint)) = known {
                    self.refuse_inherited_constraint(table, constraint);
                }
            }
            Action::Comment {
                kind: ObjectKind::Column,
                name,
                on: Some(on),
                ..
            } => {
                let key = self.resolve(on);
                self.refuse_missing_column(&key, &name.name);
            }
            Action::Comment {
                kind,
                name,
                on: Some(on),
                ..
            } if self.schema.domain(&self.type_of_name(on)).is_none() => {
                let key = self.resolve(on);
                self.refuse_missing_member(&key, *kind, &name.name);
            }
            Action::Drop {
                kind,
                name,
                on: Some(on),
                if_exists: false,
                ..
            } => {
                let key = self.resolve(on);
                self.refuse_missing_member(&key, *kind, &name.name);
            }
            Action::CreateRule {
                name,
                table,
                or_replace: false,
                ..
            } => {
                let key = self.resolve(table);
                self.refuse_second_member(&key, ObjectKind::Rule, &name.name);
            }
            Action::CreateStatistics {
                name,
                table,
                definition,
                if_not_exists,
            } => {
                self.check_statistics(name.as_ref(), definition, *if_not_exists);
                if let Some(table) = table {
                    self.check_statistics_columns(table, definition);
                }
            }
            Action::CreateSchema {
                name,
                if_not_exists: false,
            } if self.schema.namespace(&name.name).is_some() => {
                self.refuse(format!("schema `{}` already exists", name.name));
            }
            Action::CreateExtension {
                name,
                if_not_exists: false,
                ..
            } if self.schema.has_extension(&name.name) => {
                self.refuse(format!("extension `{}` already exists", name.name));
            }
            Action::Drop {
                kind: ObjectKind::Extension,
                name,
                if_exists: false,
                ..
            } if self.schema.is_whole() && name.name != "plpgsql" => {
                self.refuse_unmade(
                    Ground::Unmade,
                    format!("no migration creates extension `{}`", name.name),
                );
            }
            Action::CreateType(create) => {
                let key = self.new_key(&create.name, false);
                if let Some(relation) = self.table(&key) {
                    self.refuse(format!("`{}` is a table, and its type", relation.key));
                }
            }
            _ => {}
        }
    }

    /// create_statistics_*.
    fn check_statistics(&mut self, name: Option<&ObjectName>, text: &str, if_not_exists: bool) {
        if let Some(name) = name.filter(|_| !if_not_exists)
            && self.schema.has_statistics(name)
        {
            self.refuse(format!("statistics `{name}` already exist"));
        }
        let tokens = Tokens::of(text);
        let list = &tokens.list;
        let place = |word: &str| list.iter().position(|t| is_word(*t, text, word));
        let Some((on, from)) = place("ON").zip(place("FROM")) else {
            return;
        };
        let columns = list.get(on + 1..from).unwrap_or_default();
        if columns.iter().any(|t| t.kind == TokenKind::OpenParen) {
            self.needs(14, "statistics over expressions");
        } else if !columns.iter().any(|t| t.kind == TokenKind::Comma) {
            self.refuse("statistics are about two columns at least");
        }
    }

    /// create_statistics_missing_column, create_statistics_json.
    fn check_statistics_columns(&mut self, table: &ObjectName, text: &str) {
        let key = self.resolve(table);
        let tokens = Tokens::of(text);
        let mut behind = tokens.list.iter();
        behind.find(|t| is_word(**t, text, "ON"));
        let columns = behind.take_while(|t| !is_word(**t, text, "FROM"));
        let columns: Vec<Token> = columns.copied().collect();
        if !columns.iter().any(|t| t.kind == TokenKind::OpenParen) {
            let names: Vec<Name> = columns.iter().filter_map(|t| name_of(*t, text)).collect();
            let mut again = (1..names.len()).filter(|n| names[..*n].contains(&names[*n]));
            if let Some(n) = again.next() {
                self.refuse(format!("column `{}` is named twice", names[n]));
            }
            for name in names {
                self.refuse_missing_column(&key, &name);
                self.check_sorted_column(&key, &name);
            }
        }
    }

    fn refuse_missing_member(&mut self, key: &Key, kind: ObjectKind, name: &str) {
        let known = self.table(key).filter(|table| table.is_known());
        let missing = known.is_some_and(|table| has_member(table, kind, name) == Some(false));
        if !missing || name.contains(['{', '$']) {
            return;
        }
        let why = format!("`{key}` has no {} `{name}`", kind.word());
        match kind {
            ObjectKind::Constraint => self.refuse(why),
            // They are also made by functions, which are not read.
            _ if self.schema.is_whole() => self.refuse_unmade(Ground::Unmade, why),
            _ => {}
        }
    }

    fn refuse_second_member(&mut self, key: &Key, kind: ObjectKind, name: &str) {
        let known = self.table(key);
        if known.is_some_and(|table| has_member(table, kind, name) == Some(true)) {
            self.refuse(format!("`{key}` has a {} `{name}` already", kind.word()));
        }
    }

    /// The index by which the rows of a table are marked to be sorted.
    pub(super) fn cluster_mark(&self, key: &Key) -> Option<Key> {
        let marks = self.schema.settings(key).iter();
        let is_mark = |setting: &&Setting| setting.name == SettingName::ClusterOn;
        let mark = marks.rev().find(is_mark)?;
        Some(self.beside(key, &*mark.value))
    }

    /// The index that replicas tell rows by, where one was named.
    pub(super) fn replica_index(&self, key: &Key) -> Option<Key> {
        let settings = self.schema.settings(key).iter();
        let identity = settings
            .rev()
            .find(|setting| setting.name == SettingName::ReplicaIdentity)?;
        let name = identity.value.rsplit(' ').next()?.trim_matches('"');
        Some(self.beside(key, name))
    }

    /// What a table inherits and what is attached to it fits its parent: the
    /// types of the columns, NOT NULL, and the checks
    /// (attach_partition_type_differs, inherit_with_check_missing).
    pub(super) fn refuse_misfit(&mut self, parent: &Table, table: &Table) {
        if !parent.is_known() || !table.is_known() {
            return;
        }
        for column in &parent.columns {
            let Some(own) = table.column(&column.name) else {
                continue;
            };
            if own.ty != column.ty && !(own.ty.is_serial() || column.ty.is_serial()) {
                self.refuse(format!(
                    "`{}` of `{}` is of type {}, and of `{}` of type {}",
                    column.name, table.key, own.ty, parent.key, column.ty
                ));
            }
            if self.is_not_null(parent, &column.name) && !self.is_not_null(table, &column.name) {
                self.refuse(format!(
                    "`{}` of `{}` may be NULL, and of `{}` not",
                    column.name, table.key, parent.key
                ));
            }
        }
        let passed_on =
            |c: &&Constraint| matches!(c.kind, ConstraintKind::Check(_)) && !c.no_inherit;
        for constraint in &parent.constraints {
            let needed = Some(&constraint.definition).filter(passed_on).is_some();
            match table.constraint(&constraint.name) {
                None if needed => self.refuse(format!(
                    "`{}` has no constraint `{}`, which `{}` has",
                    table.key, constraint.name, parent.key
                )),
                Some(own)
                    if needed && is_another_check(&own.definition, &constraint.definition) =>
                {
                    self.refuse(format!(
                        "constraint `{}` of `{}` is another than that of `{}`",
                        constraint.name, table.key, parent.key
                    ));
                }
                _ => {}
            }
        }
        if parent.is_temporary() != table.is_temporary() {
            self.refuse("a temporary table and a permanent one do not inherit from each other");
        }
    }

    /// Names that every table has columns of (add_column_system_name,
    /// create_table_system_name).
    pub(super) fn refuse_system_column(&mut self, name: &str) {
        const SYSTEM: &[&str] = &["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];
        if SYSTEM.contains(&name) {
            self.refuse(format!("`{name}` is a column that every table has"));
        }
    }

    /// Texts have collations, and nothing else has (add_column_collate_*).
    pub(super) fn refuse_collation(&mut self, ty: &DataType, collation: Option<&Name>) {
        const TEXTS: &[&str] = &["text", "varchar", "char", "bpchar", "name", "citext"];
        let base = self.schema.domains_of(ty).last().map_or(ty, |d| &d.base);
        let plain = is_built_in(base) || base.is_serial();
        if collation.is_some() && plain && !TEXTS.contains(&base.name.as_str()) {
            self.refuse(format!("values of type {ty} have no collation"));
        }
    }

    /// A child's own column of the same name becomes the parent's too
    /// (add_column_child_*).
    pub(super) fn refuse_other_in_children(&mut self, subject: &Subject<'_>, column: &Column) {
        let children = subject.table.map_or(&[][..], |table| &table.children);
        let ty = stored(&column.ty);
        for child in children {
            let own = self
                .table(child)
                .and_then(|child| child.column(&column.name));
            let Some(own) = own else { continue };
            let same = stored(&own.ty) == ty;
            if !same {
                self.refuse(format!(
                    "`{}` of `{child}` is of type {}, and not {ty}",
                    column.name, own.ty
                ));
            } else if own.collation != column.collation {
                self.refuse(format!(
                    "`{}` of `{child}` has another collation",
                    column.name
                ));
            }
        }
    }

    /// The columns of a table that was made of a type change with the type
    /// (typed_table_drop_column).
    pub(super) fn refuse_typed(&mut self, table: &Table) {
        if let Some(of) = &table.of_type {
            self.refuse(format!("`{}` is a table of type `{of}`", table.key));
        }
    }

    /// Adding what is there and renaming to what is there.
    pub(super) fn refuse_second_attribute(&mut self, of: &Key, name: &str) {
        let entry = self.schema.enum_or_type(of).map(|entry| &entry.definition);
        let there = match entry {
            Some(TypeDefinition::Composite(list)) => list.iter().any(|(known, _)| known == name),
            Some(TypeDefinition::Enum(values)) => values.iter().any(|known| known == name),
            _ => false,
        };
        if there {
            self.refuse(format!("`{of}` has `{name}` already"));
        }
    }
}

/// Do two checks compare a column with constants, and not with the same?
fn is_another_check(own: &Constraint, wanted: &Constraint) -> bool {
    let (ConstraintKind::Check(own), ConstraintKind::Check(wanted)) = (&own.kind, &wanted.kind)
    else {
        return false;
    };
    match (
        single_comparison(&own.text),
        single_comparison(&wanted.text),
    ) {
        (Some(own), Some(wanted)) => own != wanted,
        _ => false,
    }
}

/// `column = constant`: the column, the operator and the constant.
fn single_comparison(text: &str) -> Option<(Name, &str, &str)> {
    let tokens = Tokens::of(text);
    let list = strip(&tokens.list);
    let (comparison, cast) = list.split_at_checked(3)?;
    let [column, operator, value] = comparison else {
        return None;
    };
    let is_constant = matches!(value.kind, TokenKind::Text | TokenKind::Number);
    let is_cast = cast.is_empty() || cast.len() == 2 && cast[0].kind == TokenKind::DoubleColon;
    let operator = match operator.span.of(text) {
        "!=" => "<>",
        operator => operator,
    };
    (is_constant && is_cast).then_some((name_of(*column, text)?, operator, value.span.of(text)))
}

/// `None` for kinds that are not kept with the table.
fn has_member(table: &Table, kind: ObjectKind, name: &str) -> Option<bool> {
    match kind {
        ObjectKind::Trigger => Some(table.triggers.iter().any(|t| t.name == name)),
        ObjectKind::Policy => Some(table.policies.iter().any(|p| p.name == name)),
        ObjectKind::Rule => Some(table.rules.iter().any(|rule| rule.name == name)),
        ObjectKind::Constraint => Some(table.constraint(name).is_some() || is_not_null_name(name)),
        _ => None,
    }
}

/// From 18 on NOT NULL has a name that the server makes up.
fn is_not_null_name(name: &str) -> bool {
    name.ends_with("_not_null")
}
