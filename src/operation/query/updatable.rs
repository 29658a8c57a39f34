//! What keeps the server from writing through a query (manual, CREATE VIEW,
//! "Updatable Views").

use sqlparser::ast::{self, Distinct, GroupByExpr, Select, SetExpr, TableFactor};

use super::is_only;

pub(super) const DISTINCT: &str = "DISTINCT";
pub(super) const GROUP_BY: &str = "GROUP BY";
pub(super) const HAVING: &str = "HAVING";
pub(super) const LIMIT: &str = "LIMIT or OFFSET";
pub(super) const NO_TABLE: &str = "no single table behind FROM";
const SETS: &str = "UNION, INTERSECT or EXCEPT";
const WITH: &str = "WITH";
const WINDOW: &str = "a window function";
const AGGREGATE: &str = "an aggregate";
const SETS_OF_ROWS: &str = "a function that returns a set";

/// Aggregates of the server whose names mean nothing else.
const AGGREGATES: &[&str] = &[
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "json_agg",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_object_agg",
    "max",
    "min",
    "percentile_cont",
    "percentile_disc",
    "stddev",
    "string_agg",
    "sum",
    "variance",
];

/// Functions of the server that return sets.
const SET_RETURNING: &[&str] = &[
    "generate_series",
    "generate_subscripts",
    "json_array_elements",
    "json_array_elements_text",
    "json_each",
    "json_each_text",
    "json_object_keys",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_object_keys",
    "jsonb_path_query",
    "regexp_matches",
    "regexp_split_to_table",
    "string_to_table",
    "unnest",
];

/// What a call of a function that comes with the server is, if more than a value of
/// a row: so it may not stand everywhere.
pub fn by_call(name: &str, windowed: bool) -> Option<&'static str> {
    if windowed {
        return Some(WINDOW);
    }
    let is = |list: &[&str]| list.binary_search(&name).is_ok();
    is(AGGREGATES)
        .then_some(AGGREGATE)
        .or_else(|| is(SET_RETURNING).then_some(SETS_OF_ROWS))
}

/// What the clauses of a query stand in the way with.
pub(super) fn by_clauses(query: &ast::Query) -> Option<&'static str> {
    let with = query.with.is_some().then_some(WITH);
    let limit = query.limit_clause.is_some() || query.fetch.is_some();
    with.or_else(|| by_body(&query.body))
        .or(limit.then_some(LIMIT))
}

fn by_body(body: &SetExpr) -> Option<&'static str> {
    match body {
        SetExpr::Select(select) => by_select(select),
        SetExpr::Query(query) => by_clauses(query),
        SetExpr::SetOperation { .. } => Some(SETS),
        SetExpr::Values(_) => Some(NO_TABLE),
        _ => None,
    }
}

fn by_select(select: &Select) -> Option<&'static str> {
    let distinct = select
        .distinct
        .as_ref()
        .is_some_and(|d| *d != Distinct::All);
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(list, _) => !list.is_empty(),
    };
    let one_table = match select.from.as_slice() {
        [one] => one.joins.is_empty() && is_table(&one.relation),
        _ => false,
    };
    [
        (distinct, DISTINCT),
        (grouped, GROUP_BY),
        (select.having.is_some(), HAVING),
        (!one_table, NO_TABLE),
    ]
    .into_iter()
    .find_map(|(is, what)| is.then_some(what))
}

fn is_table(factor: &TableFactor) -> bool {
    match factor {
        // To the parser, ONLY is a table, or a call.
        TableFactor::Table { name, .. } if is_only(name) => true,
        TableFactor::Table { args, sample, .. } => args.is_none() && sample.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(AGGREGATES.is_sorted() && SET_RETURNING.is_sorted());
    }
}
