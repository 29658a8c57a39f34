//! What the text of a routine names, told from the words around a name.

use super::mentions;

/// Does a text read or write a table of this name: does it stand behind a word
/// that a table follows, qualified or not?
pub fn names_table(text: &str, table: &str) -> bool {
    mentions(text, table) && tables(text, table).next().is_some()
}

/// The names that a text gives a table.
pub fn aliases<'t>(text: &'t str, table: &'t str) -> impl Iterator<Item = &'t str> {
    const NO_ALIAS: [&str; 12] = [
        "where", "set", "on", "join", "left", "inner", "order", "group", "limit", "values",
        "using", "cross",
    ];
    tables(text, table).filter_map(|(_, after)| {
        let after = after.trim_start_matches('"').trim_start();
        let first = first_word(after);
        let alias = if first.eq_ignore_ascii_case("as") {
            first_word(after.get(2..)?)
        } else {
            first
        };
        let is_alias = !alias.is_empty() && !NO_ALIAS.iter().any(|w| alias.eq_ignore_ascii_case(w));
        is_alias.then_some(alias)
    })
}

/// `qualifier.column`.
pub fn qualified(text: &str, qualifier: &str, column: &str) -> bool {
    places(text, column).any(|(before, _)| {
        before
            .trim_end_matches('"')
            .strip_suffix('.')
            .is_some_and(|b| last_word(b.trim_end_matches('"')).eq_ignore_ascii_case(qualifier))
    })
}

/// Every word, as it stands.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_name(c)).filter(|word| !word.is_empty())
}

/// The column without anything in front.
pub fn alone(text: &str, column: &str) -> bool {
    places(text, column).any(|(before, _)| !before.trim_end_matches('"').ends_with('.'))
}

/// Where a table of this name stands; a schema's name has a dot behind it.
fn tables<'t>(text: &'t str, table: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    places(text, table).filter(|(before, after)| {
        follows_table_word(before) && !after.trim_start_matches('"').starts_with('.')
    })
}

/// Where a word stands in a text: what is before it and what behind.
fn places<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let length = word.len();
    (0..(text.len() + 1).saturating_sub(length))
        .filter(move |at| {
            text.get(*at..*at + length)
                .is_some_and(|found| found.eq_ignore_ascii_case(word))
        })
        .filter_map(move |at| Some((text.get(..at)?, text.get(at + length..)?)))
        .filter(|(before, after)| !before.ends_with(is_name) && !after.starts_with(is_name))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn last_word(text: &str) -> &str {
    let text = text.trim_end();
    text.rsplit(|c| !is_name(c)).next().unwrap_or("")
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    text.split(|c| !is_name(c)).next().unwrap_or("")
}

fn follows_table_word(before: &str) -> bool {
    const WORDS: [&str; 7] = [
        "from", "join", "into", "update", "only", "using", "truncate",
    ];
    let before = before.trim_end_matches('"');
    let before = match before.strip_suffix('.') {
        Some(qualified) => {
            let qualified = qualified.trim_end_matches('"');
            let schema = last_word(qualified);
            let outer = qualified.strip_suffix(schema).unwrap_or(qualified);
            outer.trim_end_matches('"')
        }
        None => before,
    };
    let word = last_word(before);
    WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"
        UPDATE app.orders AS o SET total = 0 WHERE o.id = NEW.id;
        SELECT name FROM "Users" u JOIN items i ON i.order_id = u.id;"#;

    #[test]
    fn tables_follow_their_words() {
        assert!(names_table(BODY, "orders"));
        assert!(names_table(BODY, "Users"));
        assert!(names_table(BODY, "items"));
        assert!(!names_table(BODY, "total"));
        assert!(!names_table(BODY, "app"));
    }

    #[test]
    fn columns_are_told_by_what_is_in_front() {
        assert!(aliases(BODY, "orders").eq(["o"]));
        assert!(qualified(BODY, "o", "id"));
        assert!(qualified(BODY, "new", "id"));
        assert!(!qualified(BODY, "items", "id"));
        assert!(alone(BODY, "total"));
        assert!(!alone(BODY, "id"));
    }
}
