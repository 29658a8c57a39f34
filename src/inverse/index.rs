//! Indexes.

use super::constraint::duplicates;
use super::draft::{Draft, Phase};
use super::sql::{sql_key, sql_name};
use super::table::columns_in_parens;
use super::unique::Uniqueness;
use crate::name::Name;
use crate::operation::{ConstraintKind, CreateIndex, Expr};
use crate::schema::{Index, Mark, Origin, Relation, Schema, TableConstraint};

/// `CREATE INDEX …`.
pub fn definition(index: &Index, concurrently: bool) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
    let mut text = format!(
        "CREATE {unique}INDEX {concurrently}{} ON {}",
        sql_name(&index.key.name),
        sql_key(&index.table)
    );
    if index.method != "btree" {
        text.push_str(&format!(" USING {}", sql_name(&index.method)));
    }
    text.push_str(&format!(" ({})", elements(index).join(", ")));
    let nulls = index.nulls_not_distinct;
    text + &behind_elements(
        &index.include,
        nulls,
        &index.parameters,
        index.predicate.as_ref(),
    )
}

/// What stands behind the elements.
fn behind_elements(
    include: &[Name],
    nulls_not_distinct: bool,
    parameters: &str,
    predicate: Option<&Expr>,
) -> String {
    let mut text = String::new();
    if !include.is_empty() {
        text.push_str(&format!(" INCLUDE {}", columns_in_parens(include)));
    }
    if nulls_not_distinct {
        text.push_str(" NULLS NOT DISTINCT");
    }
    if !parameters.is_empty() {
        text.push_str(&format!(" {parameters}"));
    }
    if let Some(predicate) = predicate {
        text.push_str(&format!(" WHERE {}", predicate.text));
    }
    text
}

/// What stands behind the table in a `CREATE INDEX`, written out.
pub fn behind_table(create: &CreateIndex) -> String {
    let elements = create.elements.iter().map(|element| {
        let what = match (&element.column, &element.expr) {
            (Some(column), _) => sql_name(column).to_string(),
            (None, Some(expr)) => format!("({})", expr.text),
            (None, None) => String::new(),
        };
        format!("{what} {}", element.options).trim_end().to_owned()
    });
    let elements: Vec<String> = elements.collect();
    let mut text = format!("({})", elements.join(", "));
    if create.method != "btree" {
        text = format!("USING {} {text}", sql_name(&create.method));
    }
    let nulls = create.nulls_not_distinct;
    text + &behind_elements(
        &create.include,
        nulls,
        &create.parameters,
        create.predicate.as_ref(),
    )
}

/// The columns and expressions with their options.
pub fn elements(index: &Index) -> Vec<String> {
    let mut exprs = index.exprs.iter();
    let options = index.options.iter().map(|o| o.as_str());
    index
        .columns
        .iter()
        .zip(options.chain(std::iter::repeat("")))
        .map(|(column, options)| {
            let what = match column.as_str() {
                "" => exprs
                    .next()
                    .map_or(String::new(), |e| format!("({})", e.text)),
                column => sql_name(column).to_string(),
            };
            format!("{what} {options}").trim_end().to_owned()
        })
        .collect()
}

/// Brings back all indexes that changed, those of constraints excepted.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    for change in draft.now.relations_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(Relation::Index(index))) => {
                let with_table = draft.is_new(&index.table);
                let is_part = index.parent.as_ref().is_some_and(|p| draft.is_new(p));
                if index.constraint.is_none() && !with_table && !is_part {
                    let concurrently = if draft.concurrently {
                        "CONCURRENTLY "
                    } else {
                        ""
                    };
                    draft.push(
                        Phase::DropIndex,
                        format!("DROP INDEX {concurrently}{}", sql_key(&index.key)),
                    );
                }
            }
            (Some(Relation::Index(index)), None) => come_back(draft, index),
            // The server has dropped a cast from it, and does not write it again.
            (Some(Relation::Index(old)), Some(Relation::Index(new)))
                if old.exprs.len() > new.exprs.len() && old.constraint.is_none() =>
            {
                draft.push(
                    Phase::DropIndex,
                    format!("DROP INDEX {}", sql_key(&new.key)),
                );
                come_back(draft, old);
            }
            _ => {}
        }
    }
}

fn come_back(draft: &mut Draft<'_>, index: &Index) {
    // A partition gets its part of the parent's index by itself.
    let is_part = index
        .parent
        .as_ref()
        .is_some_and(|parent| draft.is_gone(parent) || draft.is_gone(&index.table));
    if index.constraint.is_some() || is_part {
        return;
    }
    if index.origin == Origin::Assumed {
        return draft.misses(format!("how `{}` was made is not known", index.key));
    }
    let on_view = matches!(draft.relation_then(&index.table), Some(Relation::View(_)));
    let phase = match on_view {
        true => Phase::CreateDependent,
        false => Phase::CreateIndex,
    };
    draft.push(phase, definition(index, draft.concurrently));
    if index.unique && !draft.is_gone(&index.table) && !stays_unique(index, draft.now) {
        let columns = elements(index).join(", ");
        draft.needs(
            format!("no two rows of `{}` have the same `{columns}`", index.table),
            duplicates_of(index),
        );
    }
}

/// Does another key ask at least as much, so that the rows always let this one be
/// built again?
pub fn stays_unique(index: &Index, schema: &Schema) -> bool {
    let key = Uniqueness::of_index(index);
    let names: Vec<Name> = key.named().collect();
    key.is_kept(&names, schema)
}

/// The index behind a constraint that asks for unique values.
pub fn unique_index<'s>(constraint: &TableConstraint, schema: &'s Schema) -> Option<&'s Index> {
    let is_unique = matches!(constraint.definition.kind, ConstraintKind::Unique(_));
    let key = constraint.index.as_ref().filter(|_| is_unique)?;
    schema.index_by_key(key).map(|index| &**index)
}

fn duplicates_of(index: &Index) -> String {
    let mut exprs = index.exprs.iter();
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| match column.as_str() {
            "" => exprs.next().map_or(String::new(), |e| e.text.to_string()),
            column => sql_name(column).to_string(),
        })
        .collect();
    let table = match &index.predicate {
        Some(predicate) => format!("{} WHERE {}", sql_key(&index.table), predicate.text),
        None => sql_key(&index.table),
    };
    duplicates(&table, &columns.join(", "))
}
