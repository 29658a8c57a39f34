//! The names that PostgreSQL gives to what a file leaves unnamed.
//!
//! `makeObjectName` and `ChooseRelationName` in its `src/backend/commands/indexcmds.c`
//! and `ChooseConstraintName` in `pg_constraint.c`: parts joined by `_`, cut so
//! that the whole has at most 63 bytes, and a number where the name is taken.

use crate::name::{Name, name};
use crate::operation::Expr;
use crate::operation::query::column_of_index;
use crate::statement::cursor::{NAME_BYTES, cut};

/// `name1_name2_label`, the longer of the first two cut until it fits.
pub fn object_name(name1: &str, name2: &str, label: &str) -> Name {
    let overhead = usize::from(!name2.is_empty()) + usize::from(!label.is_empty()) + label.len();
    let available = NAME_BYTES.saturating_sub(overhead);
    let (mut first, mut second) = (name1.len(), name2.len());
    while first + second > available {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let mut name = String::with_capacity(NAME_BYTES);
    name.push_str(cut(name1, first));
    for part in [cut(name2, second), label] {
        if !part.is_empty() {
            name.push('_');
            name.push_str(part);
        }
    }
    Name::from(name)
}

/// The first such name that is not taken.
///
/// Where many are taken, a number that is free and whose predecessor is not:
/// the first, unless names have been given back.
pub fn free_name(name1: &str, name2: &str, label: &str, taken: impl Fn(&str) -> bool) -> Name {
    const MANY: u32 = 32;
    let numbered = |number: u32| match number {
        0 => object_name(name1, name2, label),
        _ => object_name(name1, name2, &name!("{label}{number}")),
    };
    let found = (0..MANY).map(numbered).find(|name| !taken(name));
    if let Some(name) = found {
        return name;
    }
    let (mut low, mut high) = (MANY - 1, 2 * MANY);
    while taken(&numbered(high)) {
        (low, high) = (high, high.saturating_mul(2));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if taken(&numbered(middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    numbered(high)
}

/// Names of columns joined as they are in the names of indexes and keys.
pub fn joined<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(column);
        if joined.len() > NAME_BYTES {
            break;
        }
    }
    joined
}

/// The names that an index gives to its columns, which may be expressions: a
/// number makes two of them differ (`ChooseIndexColumnNames`).
fn index_columns<'a>(
    columns: impl IntoIterator<Item = &'a str>,
    exprs: impl IntoIterator<Item = &'a Expr>,
    include: &'a [Name],
) -> Vec<Name> {
    let mut exprs = exprs.into_iter();
    let elements = columns.into_iter().map(|column| match column {
        "" => exprs
            .next()
            .and_then(|expr| column_of_index(&expr.text))
            .unwrap_or(Name::new("expr")),
        column => Name::new(column),
    });
    let mut names: Vec<Name> = Vec::new();
    for name in elements.chain(include.iter().cloned()).take(MOST) {
        let numbered = |number: usize| match number {
            0 => name,
            _ => {
                let number = number.to_string();
                let room = name.len().min(NAME_BYTES - number.len());
                name!("{}{number}", cut(&name, room))
            }
        };
        let free = (0..=MOST).map(numbered).find(|name| !names.contains(name));
        names.extend(free);
    }
    names
}

/// The middle of the name that an index gets.
pub fn joined_index<'a>(
    columns: impl IntoIterator<Item = &'a str>,
    exprs: impl IntoIterator<Item = &'a Expr>,
    include: &'a [Name],
) -> String {
    let names = index_columns(columns, exprs, include);
    joined(names.iter().map(Name::as_str))
}

/// No index has more columns.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_an_index_have_different_names() {
        let exprs = ["lower(a)", "lower(b)", "a + b"].map(|text| Expr {
            text: text.into(),
            span: Default::default(),
        });
        let names = index_columns(["a", "", "", "a", ""], &exprs, &["b".into()]);
        assert_eq!(
            joined(names.iter().map(Name::as_str)),
            "a_lower_lower1_a1_expr_b"
        );
    }

    #[test]
    fn names_are_cut_as_the_server_cuts_them() {
        assert_eq!(object_name("t", "a", "key"), "t_a_key");
        assert_eq!(object_name("t", "", "pkey"), "t_pkey");
        let long = "a".repeat(70);
        assert_eq!(object_name(&long, "b", "idx").len(), 63);
        assert_eq!(free_name("t", "a", "key", |n| n == "t_a_key"), "t_a_key1");
        let below_1000 = |n: &str| n.trim_start_matches("t_a_key").parse().unwrap_or(0) < 1000;
        assert_eq!(free_name("t", "a", "key", below_1000), "t_a_key1000");
    }
}
