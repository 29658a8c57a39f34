//! Looking for words in a text without making another text of it.

/// Does a word stand in a text, in any case of its ASCII letters and perhaps as
/// a part of a longer one? The word is not empty and in lower case.
pub fn holds(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let rarest = (0..word.len()).min_by_key(|n| frequency(word[*n]));
    let Some(rarest) = rarest.filter(|_| text.len() >= word.len()) else {
        return word.is_empty();
    };
    // Where the word's rarest letter may stand for the word to fit around it.
    let window = &text[rarest..=text.len() - word.len() + rarest];
    let (lower, upper) = (word[rarest], word[rarest].to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, window)
        .any(|at| text[at..at + word.len()].eq_ignore_ascii_case(word))
}

/// How often a byte comes in SQL, roughly: the letters of English from the
/// rarest on, and then all else.
fn frequency(byte: u8) -> usize {
    const BY_FREQUENCY: &[u8] = b"zqxjkvbpygfwmucldrhsnioate";
    let place = BY_FREQUENCY.iter().position(|b| *b == byte);
    place.unwrap_or(BY_FREQUENCY.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_texts() {
        for (text, word, there) in [
            ("", "from", false),
            ("fro", "from", false),
            ("from", "from", true),
            ("SELECT 1 FROM t", "from", true),
            ("SELECT 1 FRM t", "from", false),
            ("ends in TaBle", "table", true),
            ("defaul default", "default", true),
            ("a_b", "_b", true),
        ] {
            assert_eq!(holds(text, word), there, "{word} in {text}");
        }
    }
}
