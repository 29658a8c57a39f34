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
    let begins = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    begins && among(name.as_bytes()).is_some()
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

/// Where the words with each first letter begin, and the end of all.
const STARTS: [u8; 27] = {
    let mut starts = [0; 27];
    let mut at = 0;
    while at < RESERVED.len() {
        let letter = (RESERVED[at].0.as_bytes()[0] - b'a') as usize;
        starts[letter + 1] = at as u8 + 1;
        at += 1;
    }
    let mut letter = 1;
    while letter < starts.len() {
        if starts[letter] < starts[letter - 1] {
            starts[letter] = starts[letter - 1];
        }
        letter += 1;
    }
    starts
};

fn found(cursor: &Cursor<'_>) -> Option<(&'static str, Use)> {
    let token = cursor
        .peek()
        .filter(|token| token.kind == TokenKind::Word)?;
    among(cursor.slice(token.span).as_bytes())
}

/// In whatever case of its letters.
fn among(word: &[u8]) -> Option<(&'static str, Use)> {
    let first = word.first()?.to_ascii_lowercase().wrapping_sub(b'a') as usize;
    let lengths = LENGTHS.get(first)?;
    if lengths.checked_shr(word.len() as u32).unwrap_or(0) & 1 == 0 {
        return None;
    }
    let alike = RESERVED.get(STARTS[first] as usize..STARTS[first + 1] as usize)?;
    let is = |known: &str| known.len() == word.len() && known.as_bytes().eq_ignore_ascii_case(word);
    alike.iter().find(|(known, _)| is(known)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_in_any_case_and_nothing_else() {
        assert!(RESERVED.is_sorted_by_key(|(word, _)| word));
        for (word, of) in RESERVED {
            assert_eq!(among(word.as_bytes()), Some((*word, *of)));
            assert_eq!(
                among(word.to_uppercase().as_bytes()),
                Some((*word, *of)),
                "{word}"
            );
            assert!(is_reserved(word) && !is_reserved(&word.to_uppercase()));
        }
        for word in ["", "a", "allx", "al", "zone", "_", "é", "WITHIN"] {
            assert_eq!(among(word.as_bytes()), None, "{word}");
        }
    }
}
