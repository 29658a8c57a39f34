//! Operator classes: whether an index method can sort, hash or search the type
//! of a column.

use std::sync::Arc;

use crate::effect::Ground;
use crate::name::Name;
use crate::operation::{
    Column, ConstraintKind, CreateIndex, DataType, IndexElement, ObjectName, TypeDefinition,
};
use crate::schema::Key;
use crate::statement::Cursor;

use super::Work;
use super::data::{OperatorClasses, operator_classes};
use super::expr::Tokens;
use super::type_change::is_built_in;

impl Work<'_> {
    /// The columns that name no class have one (create_index_no_default_opclass).
    /// Classes that are named may come with an extension.
    pub(super) fn check_operator_classes(&mut self, create: &CreateIndex, key: &Key) {
        let Some(table) = self.table(key) else { return };
        let plain = create.elements.iter().filter(|e| !names_class(e));
        for column in plain.filter_map(|element| element.column.as_ref()) {
            if let Some(column) = table.column(column) {
                self.check_default_class(&column.ty, &create.method);
            }
        }
    }

    /// Can the columns of a key or of an exclusion constraint be compared
    /// (add_unique_json, add_exclusion_int_gist)?
    pub(super) fn check_key_classes(&mut self, columns: &[Arc<Column>], kind: &ConstraintKind) {
        let (names, method) = match kind {
            ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
                (&key.columns, Name::new("btree"))
            }
            ConstraintKind::Exclude {
                columns,
                definition,
            } if !definition.text.contains("_ops") => (columns, method_of(&definition.text)),
            _ => return,
        };
        for column in columns {
            if names.contains(&column.name) {
                self.check_default_class(&column.ty, &method);
            }
        }
    }

    /// A column of a known table that a btree index could not be over.
    pub(super) fn check_sorted_column(&mut self, key: &Key, column: &str) {
        let known = self.table(key).and_then(|table| table.column(column));
        if let Some(known) = known {
            self.check_default_class(&known.ty, "btree");
        }
    }

    /// Can its values be compared with each other, as far as is known?
    pub(super) fn is_sorted_type(&self, ty: &DataType) -> bool {
        let classes = operator_classes("btree", self.version);
        classes.is_none_or(|known| self.is_sortable(ty, &known) != Some(false))
    }

    fn check_default_class(&mut self, ty: &DataType, method: &str) {
        let Some(known) = operator_classes(method, self.version) else {
            return;
        };
        if self.is_sortable(ty, &known) != Some(false) {
            return;
        }
        let why = format!("{ty} has no default operator class for {method}");
        if !matches!(method, "gin" | "gist") {
            self.refuse(why);
        } else if self.schema.is_whole() {
            // Which btree_gin and btree_gist bring along.
            let why =
                format!("{why} without the extension btree_{method}, which no migration creates");
            self.refuse_unmade(Ground::Unmade, why);
        }
    }

    /// `None` for types that are not known.
    fn is_sortable(&self, ty: &DataType, known: &OperatorClasses) -> Option<bool> {
        let ty = self.schema.domains_of(ty).last().map_or(ty, |d| &d.base);
        if ty.array > 0 {
            return Some(known.sort_by_default("anyarray"));
        }
        if let Some(entry) = self.schema.type_of(ty) {
            return match entry.definition {
                TypeDefinition::Enum(_) => Some(known.sort_by_default("anyenum")),
                _ => None,
            };
        }
        let name = match ty.name.as_str() {
            "varchar" => "text",
            "bpchar" => "char",
            "cidr" => "inet",
            name if name.ends_with("multirange") => "anymultirange",
            name if name.ends_with("range") => "anyrange",
            // Extensions bring their classes along.
            "citext" | "hstore" => return None,
            _ if ty.is_serial() => return None,
            name => name,
        };
        is_built_in(ty).then(|| known.sort_by_default(name))
    }
}

/// The method of an exclusion constraint.
fn method_of(definition: &str) -> Name {
    let tokens = Tokens::of(definition);
    let mut cursor = Cursor::new(definition, &tokens.list);
    let named = cursor.eat_word("USING").then(|| cursor.ident()).flatten();
    named.map_or(Name::new("btree"), |method| method.name)
}

/// Does an element of an index name a class, behind its collation and before its
/// order?
fn names_class(element: &IndexElement) -> bool {
    let tokens = Tokens::of(&element.options);
    let mut cursor = Cursor::new(&element.options, &tokens.list);
    if cursor.eat_word("COLLATE") && ObjectName::read(&mut cursor).is_none() {
        return true;
    }
    !cursor.done() && !cursor.at_any(&["ASC", "DESC", "NULLS"])
}
