//! Names and phrases for messages and for SQL that readers may paste.

use std::cell::{Cell, OnceCell};

use rustc_hash::FxHashSet;

use crate::inverse;
use crate::operation::{DataType, ObjectName};
use crate::rule::{sql_name, sql_object};
use crate::schema::object_name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::tokens_into;

/// A type as SQL would have to write it, without the sequence of a serial.
pub fn sql_type(ty: &DataType) -> String {
    if ty.is_serial() {
        crate::effect::conversion::canonical(ty).to_owned()
    } else {
        inverse::sql::sql_type(ty)
    }
}

/// ``view `a`, view `b` and 3 more``.
pub fn listed(items: &[String]) -> String {
    const SHOWN: usize = 5;
    match items {
        [] => String::new(),
        [one] => one.clone(),
        _ if items.len() <= SHOWN => {
            let (last, first) = items.split_last().unwrap_or((&items[0], &[]));
            format!("{} and {last}", first.join(", "))
        }
        _ => format!(
            "{} and {} more",
            items[..SHOWN].join(", "),
            items.len() - SHOWN
        ),
    }
}

/// Does a text mention a name as a word of its own?
pub fn mentions(text: &str, word: &str) -> bool {
    let inside = |byte: Option<&u8>| {
        byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80)
    };
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some(first) = word.first() else {
        return false;
    };
    let ends = [first.to_ascii_lowercase(), first.to_ascii_uppercase()];
    memchr::memchr2_iter(ends[0], ends[1], text).any(|at| {
        text.get(at..at + word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
            && !inside(at.checked_sub(1).and_then(|b| text.get(b)))
            && !inside(text.get(at + word.len()))
    })
}

/// So many names are looked for each by itself; for more, the words are listed.
const FEW: usize = 8;

/// Texts of which somebody may ask for many names.
pub struct Words<'t> {
    texts: Vec<&'t str>,
    /// How often somebody asked.
    asked: Cell<usize>,
    words: OnceCell<FxHashSet<String>>,
}

impl<'t> Words<'t> {
    pub fn of(texts: Vec<&'t str>) -> Self {
        Self {
            texts,
            asked: Cell::new(0),
            words: OnceCell::new(),
        }
    }

    pub fn texts(&self) -> &[&'t str] {
        &self.texts
    }

    /// Does one of the texts [mention](mentions) a name?
    pub fn mention(&self, name: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() <= FEW || !name.chars().all(is_part) {
            return self.texts.iter().any(|text| mentions(text, name));
        }
        let words = self.words.get_or_init(|| {
            let words = self
                .texts
                .iter()
                .flat_map(|text| text.split(|c| !is_part(c)));
            let words = words.filter(|word| !word.is_empty());
            words.map(str::to_ascii_lowercase).collect()
        });
        words.contains(&name.to_ascii_lowercase())
    }
}

/// A literal, and nothing else.
pub fn is_constant(value: &str) -> bool {
    let text = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
    text.is_some_and(|text| !text.contains('\''))
        || ["null", "true", "false"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
        || value.parse::<f64>().is_ok()
}

/// The statements, each for a transaction of its own, that require a column
/// without reading the table under a lock.
pub fn proven_not_null(table: &ObjectName, column: &str) -> String {
    let name = sql_name(&object_name(&table.name, column, "present"));
    let (table, column) = (sql_object(table), sql_name(column));
    format!(
        "  ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID;\n  \
         ALTER TABLE {table} VALIDATE CONSTRAINT {name};\n\
         then SET NOT NULL reads nothing:\n  \
         ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n  \
         ALTER TABLE {table} DROP CONSTRAINT {name};"
    )
}

/// Two expressions that differ only in case, blanks, casts or outer
/// parentheses.
pub fn same_expression(a: &str, b: &str) -> bool {
    let last = |text: &str| text.chars().rev().find(|c| c.is_alphanumeric());
    if !a.contains("::") && !b.contains("::") && last(a) != last(b) && !a.contains('\'') {
        // Most expressions differ at the end; not worth a copy.
        let (a, b) = (last(a), last(b));
        if a.map(|c| c.to_ascii_lowercase()) != b.map(|c| c.to_ascii_lowercase()) {
            return false;
        }
    }
    plain(a) == plain(b)
}

fn plain(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    bare.extend(text.chars().filter(|c| !c.is_whitespace()));
    let mut text = bare;
    if !text.contains('\'') {
        text.make_ascii_lowercase();
    }
    let around = parentheses_around(&text);
    if around > 0 {
        text = text[around..text.len() - around].to_owned();
    }
    match text.rfind("::") {
        Some(at) if !text[at..].contains(['\'', ')']) => text[..at].to_owned(),
        _ => text,
    }
}

/// Does a check refuse NULL in a column? `a IS NOT NULL` alone or as one of
/// several conditions; a comparison does not, it passes when it is unknown.
pub fn keeps_null_out(check: &str, column: &str) -> bool {
    let text = plain(&check.to_ascii_lowercase());
    let column = column.to_ascii_lowercase();
    let quoted = format!("\"{column}\"");
    [column.as_str(), quoted.as_str()].iter().any(|column| {
        let forms = [
            format!("{column}isnotnull"),
            format!("({column})isnotnull"),
            format!("not({column}isnull)"),
            format!("{column}isnull)=false"),
            format!("{column}isdistinctfromnull"),
        ];
        !has_or(check)
            && forms.iter().any(|form| {
                text.match_indices(form.as_str()).any(|(at, _)| {
                    let before = &text[..at];
                    before.is_empty()
                        || before.ends_with('(')
                        || before.ends_with(")and")
                        || before.ends_with("and")
                })
            })
    })
}

/// Does a check ask somewhere whether a column is NULL; whether it is not (`not`)?
pub fn asks_for_null(check: &str, column: &str, not: bool) -> bool {
    let mut tokens = Vec::new();
    tokens_into(check, Span::new(0, check.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(check, &tokens);
    while !cursor.done() {
        let Some(name) = cursor.ident() else {
            cursor.bump();
            continue;
        };
        let counted = name.name == "num_nonnulls" || name.name == "num_nulls";
        let asked = name.name == column && cursor.eat_word("IS");
        if counted || asked && (cursor.eat_word("NOT") || !not) && cursor.at_word("NULL") {
            return true;
        }
    }
    false
}

/// The conditions of which one is enough: what is joined by OR.
pub fn alternatives(check: &str) -> Vec<&str> {
    let around = parentheses_around(check.trim());
    let check = &check.trim()[around..check.trim().len() - around];
    if mentions(check, "case") {
        return vec![check];
    }
    let mut tokens = Vec::new();
    tokens_into(check, Span::new(0, check.len() as u32), &mut tokens);
    let (mut depth, mut start, mut terms) = (0usize, 0, Vec::new());
    for token in &tokens {
        let text = token.span.of(check);
        match text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && text.eq_ignore_ascii_case("or") => {
                terms.push(&check[start..token.span.start as usize]);
                start = token.span.end as usize;
            }
            _ => {}
        }
    }
    terms.push(&check[start..]);
    terms
}

fn has_or(check: &str) -> bool {
    mentions(check, "or") || mentions(check, "case")
}

/// How many pairs of parentheses enclose the whole text.
fn parentheses_around(text: &str) -> usize {
    let opened = text.bytes().take_while(|byte| *byte == b'(').count();
    let mut ends = vec![usize::MAX; opened];
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => {
                depth -= 1;
                if let Some(end) = ends.get_mut(depth).filter(|end| **end == usize::MAX) {
                    *end = at;
                }
            }
            _ => {}
        }
    }
    let encloses = |(n, end): &(usize, &usize)| **end == text.len() - 1 - n;
    ends.iter().enumerate().take_while(encloses).count()
}

/// Is a filter false for every row?
pub fn takes_no_row(filter: Option<&str>) -> bool {
    filter.is_some_and(|text| {
        matches!(
            plain(text).to_ascii_lowercase().as_str(),
            "false" | "1=0" | "0=1" | "1=2" | "'1'='0'" | "nottrue"
        )
    })
}

/// Is a filter missing, or true for every row?
pub fn takes_every_row(filter: Option<&str>) -> bool {
    filter.is_none_or(|text| {
        matches!(
            plain(text).to_ascii_lowercase().as_str(),
            "true" | "1=1" | "'1'='1'" | "notfalse"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found() {
        assert!(mentions("SELECT * FROM Orders;", "orders"));
        assert!(mentions("o.total", "total"));
        assert!(!mentions("old_orders", "orders"));
        assert!(!mentions("orders2", "orders"));
        assert!(!mentions("", "orders"));
    }

    #[test]
    fn expressions_are_compared() {
        assert!(same_expression("'a'::text", "'a'"));
        assert!(same_expression("NOW()", "( now() )"));
        assert!(!same_expression("'A'", "'a'"));
        assert!(!same_expression("(a) + (b)", "a) + (b"));
    }

    #[test]
    fn checks_that_refuse_null() {
        assert!(keeps_null_out("email IS NOT NULL", "email"));
        assert!(keeps_null_out(
            "(total > 0) AND (email IS NOT NULL)",
            "email"
        ));
        assert!(keeps_null_out("NOT (email IS NULL)", "email"));
        assert!(!keeps_null_out("work_email IS NOT NULL", "email"));
        assert!(!keeps_null_out("email <> ''", "email"));
        assert!(!keeps_null_out(
            "email IS NOT NULL OR phone IS NOT NULL",
            "email"
        ));
    }

    #[test]
    fn lists_are_short() {
        let items: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        assert_eq!(listed(&items[..2]), "0 and 1");
        assert_eq!(listed(&items), "0, 1, 2, 3, 4 and 3 more");
    }
}
