//! The condition that the rows of a partition meet.

use super::{Key, Schema};
use crate::operation::{Bound, Constraint, ConstraintKind, Expr, PartitionBy};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::tokens_into;

impl Schema {
    /// The CHECK that DETACH PARTITION … CONCURRENTLY leaves behind, where one
    /// column with a list or a range tells it.
    pub(super) fn bound_as_check(&self, parent: &Key, child: &Key) -> Option<Constraint> {
        let by = self.table_by_key(parent)?.partition_by.as_ref()?;
        let partition = self.table_by_key(child)?.partition.as_ref()?;
        let text = as_condition(by, &partition.bound)?;
        let kind = ConstraintKind::Check(Expr {
            text: text.into(),
            span: Span::default(),
        });
        Some(Constraint::new(None, kind, Span::default()))
    }
}

fn as_condition(by: &PartitionBy, bound: &Bound) -> Option<String> {
    let [column] = by.columns.as_slice() else {
        return None;
    };
    let text = bound.text.as_str();
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    let mut conditions = vec![format!("{column} IS NOT NULL")];
    if cursor.eat_word("IN") {
        let values = cursor.group()?.of(text);
        if crate::text::holds(values, "null") {
            return None;
        }
        conditions.push(format!("{column} IN {values}"));
    } else if cursor.eat_word("FROM") {
        let from = cursor.group()?.of(text);
        let to = cursor.eat_word("TO").then(|| cursor.group())??.of(text);
        for (operator, end) in [(">=", from), ("<", to)] {
            let end = end.trim_start_matches('(').trim_end_matches(')').trim();
            let is_open = ["minvalue", "maxvalue"];
            if !is_open.iter().any(|word| end.eq_ignore_ascii_case(word)) {
                conditions.push(format!("{column} {operator} {end}"));
            }
        }
    } else {
        return None;
    }
    Some(conditions.join(" AND "))
}
