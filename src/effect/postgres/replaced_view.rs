//! CREATE OR REPLACE VIEW: what a view has to keep.

use crate::operation::query::Yields;
use crate::operation::{CreateView, DataType, ObjectName};
use crate::schema::{Key, View};

use super::Work;
use super::data::results;
use super::query::output_names;
use super::type_change::{is_built_in, stored};

impl Work<'_> {
    /// A view keeps its columns; new ones come at the end
    /// (create_or_replace_view_*).
    pub(super) fn check_replacement(&mut self, key: &Key, create: &CreateView) {
        let Some(view) = self.schema.view_by_key(key) else {
            return;
        };
        let new = if create.columns.is_empty() {
            let read = create.reading.as_ref().and_then(|r| r.output.clone());
            match read.or_else(|| output_names(&create.query.text)) {
                Some(names) => names,
                None => return,
            }
        } else {
            create.columns.clone()
        };
        if new.len() < view.columns.len() {
            self.refuse(format!("columns cannot be dropped from view `{key}`"));
        }
        if let Some((old, _)) = view.columns.iter().zip(&new).find(|(old, new)| old != new) {
            self.refuse(format!(
                "the name of column `{old}` of view `{key}` cannot be changed"
            ));
        }
        self.check_types_kept(view, create);
    }

    /// They keep their types too (create_or_replace_view_change_type,
    /// replace_view_by_*).
    fn check_types_kept(&mut self, view: &View, create: &CreateView) {
        let types = self.schema.view_types(create);
        let yields = create.reading.iter().flat_map(|reading| &reading.yields);
        let columns = view.columns.iter().zip(&view.types);
        for ((column, old), (new, yields)) in columns.zip(types.iter().zip(yields)) {
            let Some(old) = old.as_ref().filter(|old| is_built_in(old)).map(stored) else {
                continue;
            };
            let new = match new {
                Some(new) if is_built_in(new) => vec![stored(new)],
                Some(_) => continue,
                None => self.types_of(create, yields),
            };
            let becomes = match new.as_slice() {
                _ if new.contains(&old) => continue,
                [] => continue,
                [one] => format!("cannot become {one}"),
                _ => "the new query yields another one".to_owned(),
            };
            self.refuse(format!(
                "column `{column}` of view `{}` is of type {old} and {becomes}",
                view.key
            ));
        }
    }

    /// The types that a computed column may have; none where they are not known.
    fn types_of(&self, create: &CreateView, yields: &Yields) -> Vec<DataType> {
        match yields {
            Yields::Coalesce(column, literal) => {
                let column = create
                    .reading
                    .as_ref()
                    .and_then(|reading| self.schema.type_of_one(&reading.uses, column));
                let column = column.filter(|ty| is_built_in(ty)).map(stored);
                let ty = column.and_then(|ty| coalesced(&ty, literal));
                ty.into_iter().collect()
            }
            _ => self.types_of_computed(yields),
        }
    }

    /// The same for what reads no column.
    pub(super) fn types_of_computed(&self, yields: &Yields) -> Vec<DataType> {
        match yields {
            Yields::Typed(ty) => vec![DataType::plain(ty)],
            Yields::Call(name) => results(name)
                .filter(|_| !self.may_be_own(name))
                .into_iter()
                .flatten()
                .filter_map(DataType::parse)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// May the history have a routine of that name?
    fn may_be_own(&self, name: &str) -> bool {
        let known = ObjectName::of_text(name).map(|name| self.schema.resolve_routine(&name));
        known.is_none_or(|key| !self.schema.routines(&key).is_empty())
            || !self.schema.has_read_all()
    }
}

/// The type of `COALESCE` of a column and a literal: without a length or
/// precision, which the literal has none of.
fn coalesced(column: &DataType, literal: &str) -> Option<DataType> {
    let name = match (column.name.as_str(), literal) {
        _ if column.array > 0 => return (literal == "text").then(|| column.clone()),
        (own, "text") => own,
        (own, literal) if own == literal => own,
        ("smallint", "int" | "bigint") | ("int", "bigint") => literal,
        (own @ ("bigint" | "numeric" | "real" | "double precision"), "int" | "bigint") => own,
        ("smallint" | "int" | "bigint", "numeric") => literal,
        ("double precision", "numeric") => "double precision",
        _ => return None,
    };
    column.words.is_none().then(|| DataType::plain(name))
}
