//! What file and folder names say: versions, directions, order.

use std::cmp::Ordering;

/// The digits that a name begins with, and what follows them.
pub fn number(name: &str) -> Option<(&str, &str)> {
    let end = name
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(name.len());
    (end > 0).then(|| name.split_at(end))
}

/// A version's number; more digits than fit count as the largest.
pub fn value(digits: &str) -> u128 {
    digits.parse().unwrap_or(u128::MAX)
}

/// Orders names as people count: runs of digits by their value, the rest by
/// bytes, and equal names by their length.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let ordering = match (number(left), number(right)) {
            (Some((x, after_x)), Some((y, after_y))) => {
                (left, right) = (after_x, after_y);
                value(x).cmp(&value(y))
            }
            _ => match (left.chars().next(), right.chars().next()) {
                (Some(x), Some(y)) => {
                    (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
                    x.cmp(&y)
                }
                (x, y) => return x.cmp(&y).then_with(|| a.cmp(b)),
            },
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// The numbers of a dotted version, without zeros at its end: `1.0` is `1`.
pub fn dotted(version: &str) -> Vec<u128> {
    let mut parts: Vec<u128> = version.split(['.', '_']).map(value).collect();
    while parts.len() > 1 && parts.last() == Some(&0) {
        parts.pop();
    }
    parts
}

/// Which way a script goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    Up,
    Down,
}

/// The way that a file's name tells, and the name without the word that tells
/// it: `1_x.down.sql`, `x_rollback.sql`, `0001.undo.x.sql`, `up.sql`.
pub fn way(name: &str) -> (Option<Way>, String) {
    let stem = name.strip_suffix(".sql").unwrap_or(name);
    let dotted = stem.split('.').position(|word| way_word(word).is_some());
    if let Some(at) = dotted {
        let mut words: Vec<&str> = stem.split('.').collect();
        let word = words.remove(at);
        return (way_word(word), words.join("."));
    }
    for separator in ['_', '-'] {
        if let Some((rest, word)) = stem.rsplit_once(separator)
            && matches!(word, "up" | "down" | "rollback" | "undo" | "revert")
        {
            return (way_word(word), rest.into());
        }
    }
    (None, stem.into())
}

fn way_word(word: &str) -> Option<Way> {
    Some(match word {
        "up" | "do" => Way::Up,
        "down" | "undo" | "rollback" | "revert" => Way::Down,
        _ => return None,
    })
}

/// A folder for scripts that go back.
pub fn is_down_folder(segment: &str) -> bool {
    let word = segment.split(['_', '-']).next().unwrap_or("");
    ["rollback", "rollbacks", "revert", "reverts", "undo", "down"]
        .iter()
        .any(|down| word.eq_ignore_ascii_case(down))
}

/// A folder that is named for a version and nothing else: `1.8.1`, `v0.5`,
/// `72`, `1.3.x`, `3.2.0_schema`.
pub fn is_version_folder(segment: &str) -> bool {
    let rest = segment.strip_suffix("_schema").unwrap_or(segment);
    let rest = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
    number(rest).is_some_and(|(_, rest)| {
        rest.bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b'x'))
    })
}

/// Does a name begin with a number, a date, or a version behind `V`?
pub fn is_versioned(name: &str) -> bool {
    let rest = name.strip_prefix(['v', 'V']).unwrap_or(name);
    number(rest).is_some()
}

/// `version`, `description` of `V1_2__description.sql` behind a prefix.
pub fn double_underscore<'a>(name: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    name.strip_suffix(".sql")?
        .strip_prefix(prefix)?
        .split_once("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_not_lexical() {
        assert_eq!(natural("99_a.sql", "100_a.sql"), Ordering::Less);
        assert_eq!(natural("1.9/x", "1.10/a"), Ordering::Less);
        assert_eq!(natural("01_b", "1_a"), Ordering::Greater);
        assert!(dotted("1_5_9") < dotted("1.5.10"));
        assert_eq!(dotted("2.0.0"), dotted("2"));
    }

    #[test]
    fn names_tell_the_way() {
        for (name, expected, rest) in [
            ("1_x.down.sql", Some(Way::Down), "1_x"),
            ("0001.undo.x.sql", Some(Way::Down), "0001.x"),
            ("0001.do.x.sql", Some(Way::Up), "0001.x"),
            ("2_x_rollback.sql", Some(Way::Down), "2_x"),
            ("up.sql", Some(Way::Up), ""),
            ("3_take_down.x.sql", None, "3_take_down.x"),
        ] {
            assert_eq!(way(name), (expected, rest.to_string()), "{name}");
        }
    }
}
