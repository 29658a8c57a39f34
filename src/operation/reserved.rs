//! Words that name nothing unless they stand in double quotes.

use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

/// Reserved, or reserved but for functions and types, in some version from 13
/// to 18 (manual, "SQL Key Words"; `pg_get_keywords()`).
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
    "authorization", "binary", "both", "case", "cast", "check", "collate", "collation", "column",
    "concurrently", "constraint", "create", "cross", "current_catalog", "current_date",
    "current_role", "current_schema", "current_time", "current_timestamp", "current_user",
    "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch",
    "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in",
    "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading",
    "left", "like", "limit", "localtime", "localtimestamp", "natural", "not", "notnull", "null",
    "offset", "on", "only", "or", "order", "outer", "overlaps", "placing", "primary",
    "references", "returning", "right", "select", "session_user", "similar", "some", "symmetric",
    "system_user", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique",
    "user", "using", "variadic", "verbose", "when", "where", "window", "with",
];

/// Reserved from 16 on; before, it names a column as well as any.
const LATE: &str = "system_user";

/// The longest of them.
const LONGEST: usize = "current_timestamp".len();

/// Is it a name, in lower case, that has to stand in quotes?
pub fn is_reserved(name: &str) -> bool {
    RESERVED.binary_search(&name).is_ok()
}

/// Is it a word that cannot name a table or a column in any version?
pub fn at_reserved<'a>(cursor: &Cursor<'a>) -> Option<&'a str> {
    let token = cursor
        .peek()
        .filter(|token| token.kind == TokenKind::Word)?;
    let word = cursor.slice(token.span);
    // Every column's name is asked for: nothing is put on the heap.
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let found = RESERVED.binary_search_by(|reserved| reserved.as_bytes().cmp(lower));
    (found.is_ok() && lower != LATE.as_bytes()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted() {
        assert!(RESERVED.is_sorted());
        assert_eq!(RESERVED.iter().map(|word| word.len()).max(), Some(LONGEST));
    }
}
