//! Reserved words: what they name without double quotes, and where they stand.

use crate::statement::Cursor;
use crate::statement::lexer::TokenKind;

/// What a reserved word is good for. The first two name nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Begins or joins clauses; an expression has it in parentheses alone.
    Clause,
    /// Stands in expressions.
    Value,
    /// Names functions and types, but no table and no column.
    Routine,
    /// The same, and stands in expressions between operands or alone.
    Operator,
}

use Use::{Clause, Operator, Routine, Value};

/// Reserved, or reserved but for functions and types, in some version from 13
/// to 18 (manual, "SQL Key Words"; `pg_get_keywords()`).
#[rustfmt::skip]
const RESERVED: &[(&str, Use)] = &[
    ("all", Value), ("analyse", Clause), ("analyze", Clause), ("and", Value), ("any", Value),
    ("array", Value), ("as", Clause), ("asc", Clause), ("asymmetric", Value),
    ("authorization", Routine), ("binary", Routine), ("both", Clause), ("case", Value),
    ("cast", Value), ("check", Clause), ("collate", Value), ("collation", Operator),
    ("column", Clause), ("concurrently", Routine), ("constraint", Clause), ("create", Clause),
    ("cross", Routine), ("current_catalog", Value), ("current_date", Value),
    ("current_role", Value), ("current_schema", Operator), ("current_time", Value),
    ("current_timestamp", Value), ("current_user", Value), ("default", Value),
    ("deferrable", Clause), ("desc", Clause), ("distinct", Value), ("do", Clause), ("else", Value),
    ("end", Value), ("except", Clause), ("false", Value), ("fetch", Clause), ("for", Clause),
    ("foreign", Clause), ("freeze", Routine), ("from", Clause), ("full", Routine),
    ("grant", Clause), ("group", Clause), ("having", Clause), ("ilike", Operator), ("in", Value),
    ("initially", Clause), ("inner", Routine), ("intersect", Clause), ("into", Clause),
    ("is", Operator), ("isnull", Operator), ("join", Routine), ("lateral", Clause),
    ("leading", Clause), ("left", Routine), ("like", Operator), ("limit", Clause),
    ("localtime", Value), ("localtimestamp", Value), ("natural", Routine), ("not", Value),
    ("notnull", Operator), ("null", Value), ("offset", Clause), ("on", Clause), ("only", Clause),
    ("or", Value), ("order", Clause), ("outer", Routine), ("overlaps", Operator),
    ("placing", Clause), ("primary", Clause), ("references", Clause), ("returning", Clause),
    ("right", Routine), ("select", Clause), ("session_user", Value), ("similar", Operator),
    ("some", Value), ("symmetric", Value), ("system_user", Value), ("table", Clause),
    ("tablesample", Routine), ("then", Value), ("to", Value), ("trailing", Clause), ("true", Value),
    ("union", Clause), ("unique", Clause), ("user", Value), ("using", Clause), ("variadic", Clause),
    ("verbose", Routine), ("when", Value), ("where", Clause), ("window", Clause), ("with", Value),
];

/// Reserved from 16 on; before, it names a column as well as any.
const LATE: &str = "system_user";

/// The longest of them.
const LONGEST: usize = "current_timestamp".len();

/// Clauses' words that expressions have behind another word.
const PAIRS: &[[&str; 2]] = &[
    ["DISTINCT", "FROM"],
    ["WITHIN", "GROUP"],
    ["COLLATION", "FOR"],
    ["ROWS", "FROM"],
    ["WITH", "UNIQUE"],
    ["WITHOUT", "UNIQUE"],
];

/// Is it a name, in lower case, that has to stand in quotes?
pub fn is_reserved(name: &str) -> bool {
    RESERVED
        .binary_search_by_key(&name, |(word, _)| word)
        .is_ok()
}

/// Is it a reserved word, whatever it is good for?
pub fn at_any_reserved(cursor: &Cursor<'_>) -> bool {
    found(cursor).is_some()
}

/// Is it a word that cannot name a table or a column in any version?
pub fn at_reserved(cursor: &Cursor<'_>) -> bool {
    found(cursor).is_some_and(|(word, _)| word != LATE)
}

/// Is it a word that cannot name a function or a type in any version?
pub fn at_no_routine(cursor: &Cursor<'_>) -> bool {
    found(cursor).is_some_and(|(word, of)| matches!(of, Clause | Value) && word != LATE)
}

/// Is it a word of a clause, where an expression has to end?
pub fn at_clause(cursor: &Cursor<'_>) -> bool {
    let ends = match found(cursor) {
        Some((_, Clause)) => true,
        // `left(a, 1)` is no LEFT JOIN.
        Some((_, Routine)) => cursor
            .peek_at(1)
            .is_none_or(|next| next.kind != TokenKind::OpenParen),
        _ => false,
    };
    ends && !is_led(cursor)
}

/// Does what stands before the word make it another's part: the column of a
/// table, psql's `:limit`, `IS DISTINCT FROM`?
fn is_led(cursor: &Cursor<'_>) -> bool {
    let mut before = cursor.clone();
    before.back_to(cursor.mark().saturating_sub(1));
    let is_pair = |[first, second]: &[&str; 2]| before.at_word(first) && cursor.at_word(second);
    cursor.mark() > 0
        && (matches!(before.kind(), Some(TokenKind::Dot | TokenKind::Colon))
            || PAIRS.iter().any(is_pair))
}

/// Of each first letter, a bit for each length that a reserved word with it has:
/// most names are told from them by that.
const LENGTHS: [u32; 26] = {
    let mut lengths = [0; 26];
    let mut at = 0;
    while at < RESERVED.len() {
        let word = RESERVED[at].0.as_bytes();
        lengths[(word[0] - b'a') as usize] |= 1 << word.len();
        at += 1;
    }
    lengths
};

fn found(cursor: &Cursor<'_>) -> Option<(&'static str, Use)> {
    let token = cursor
        .peek()
        .filter(|token| token.kind == TokenKind::Word)?;
    let word = cursor.slice(token.span).as_bytes();
    let first = word.first()?.to_ascii_lowercase().wrapping_sub(b'a');
    let lengths = LENGTHS.get(first as usize)?;
    if lengths.checked_shr(word.len() as u32).unwrap_or(0) & 1 == 0 {
        return None;
    }
    // Every name is asked for: nothing is put on the heap.
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let at = RESERVED.binary_search_by(|(reserved, _)| reserved.as_bytes().cmp(lower));
    at.ok().map(|at| RESERVED[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted() {
        assert!(RESERVED.is_sorted_by_key(|(word, _)| word));
        let longest = RESERVED.iter().map(|(word, _)| word.len()).max();
        assert_eq!(longest, Some(LONGEST));
    }
}
