//! The names that PostgreSQL gives to what a file leaves unnamed.
//!
//! `makeObjectName` and `ChooseRelationName` in its `src/backend/commands/indexcmds.c`
//! and `ChooseConstraintName` in `pg_constraint.c`: parts joined by `_`, cut so
//! that the whole has at most 63 bytes, and a number where the name is taken.

use smol_str::{SmolStr, format_smolstr};

/// NAMEDATALEN - 1.
const LIMIT: usize = 63;

/// `name1_name2_label`, the longer of the first two cut until it fits.
pub fn object_name(name1: &str, name2: &str, label: &str) -> SmolStr {
    let overhead = usize::from(!name2.is_empty()) + usize::from(!label.is_empty()) + label.len();
    let available = LIMIT.saturating_sub(overhead);
    let (mut first, mut second) = (name1.len(), name2.len());
    while first + second > available {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let mut name = String::with_capacity(LIMIT);
    name.push_str(cut(name1, first));
    for part in [cut(name2, second), label] {
        if !part.is_empty() {
            name.push('_');
            name.push_str(part);
        }
    }
    SmolStr::from(name)
}

/// The first such name that is not taken.
pub fn free_name(name1: &str, name2: &str, label: &str, taken: impl Fn(&str) -> bool) -> SmolStr {
    let mut name = object_name(name1, name2, label);
    let mut number = 0u32;
    while taken(&name) {
        number += 1;
        name = object_name(name1, name2, &format_smolstr!("{label}{number}"));
    }
    name
}

fn cut(text: &str, mut end: usize) -> &str {
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Column names joined as index and key names do; empty names are expressions.
pub fn joined<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(if column.is_empty() { "expr" } else { column });
        if joined.len() > LIMIT {
            break;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_as_the_server_cuts_them() {
        assert_eq!(object_name("t", "a", "key"), "t_a_key");
        assert_eq!(object_name("t", "", "pkey"), "t_pkey");
        let long = "a".repeat(70);
        assert_eq!(object_name(&long, "b", "idx").len(), 63);
        assert_eq!(free_name("t", "a", "key", |n| n == "t_a_key"), "t_a_key1");
    }
}
