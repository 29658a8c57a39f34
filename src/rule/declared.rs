//! Do the files themselves say that there is no way back?

use super::MigrationContext;
use crate::operation::{Action, Operation};
use crate::project::{Down, Layout, Part};
use crate::source::Span;
use crate::statement::lexer::{Lexeme, Lexer};

impl MigrationContext<'_> {
    /// The tool is told so, the down does nothing but fail, or a comment says
    /// so where a down should stand.
    pub fn declares_irreversible(&self) -> bool {
        match self.down() {
            // tern's own template has the line deleted where there is no down.
            Down::DeclaredIrreversible => self.scene.layout != Layout::Tern,
            Down::Parts(parts) => self.refuses(parts) || self.is_empty_by_choice(parts),
            Down::Missing => {
                let up = &self.scene.migration.up;
                up.iter().any(|part| self.comments(part).any(is_marker))
            }
            Down::Unsupported => false,
        }
    }

    /// All that the down does is to fail.
    fn refuses(&self, parts: &[Part]) -> bool {
        let mut back = self.scene.way_back.iter();
        back.all(|op| op.within.block || only_prepares(op))
            && parts.iter().any(|part| raises(self.part_text(part)))
    }

    /// The down does nothing, and a comment in it says that nothing can be done.
    fn is_empty_by_choice(&self, parts: &[Part]) -> bool {
        let empty = |op: &&Operation| {
            only_prepares(op) || matches!(op.action, Action::Select { .. }) && !op.within.block
        };
        self.scene.way_back.iter().all(empty)
            && parts
                .iter()
                .any(|part| self.comments(part).any(says_impossible))
    }

    fn part_text(&self, part: &Part) -> &str {
        self.scene.sources[part.source].slice(part.span)
    }

    /// The comments of a part, without what marks them as such.
    fn comments(&self, part: &Part) -> impl Iterator<Item = &str> {
        let text = self.part_text(part);
        let mut lexer = Lexer::new(text, Span::new(0, text.len() as u32));
        std::iter::from_fn(move || {
            loop {
                if let Lexeme::Comment(span) = lexer.next()? {
                    let inside = |c: char| c == '-' || c == '/' || c == '*' || c.is_whitespace();
                    return Some(span.of(text).trim_matches(inside));
                }
            }
        })
    }
}

/// Is there a RAISE that fails? Without a level it is an exception: `RAISE 'no'`,
/// `RAISE unique_violation`.
fn raises(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut found = memchr::memmem::find_iter(text.as_bytes(), "raise");
    found.any(|at| {
        let is_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let Some(said) = text[at + "raise".len()..].strip_prefix(char::is_whitespace) else {
            return is_word && text[at + "raise".len()..].starts_with('\'');
        };
        let said = said.trim_start();
        let end = said.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (word, rest) = said.split_at(end.unwrap_or(said.len()));
        let rest = rest.trim_start();
        is_word
            && match word {
                "" => said.starts_with(['\'', '$']),
                "debug" | "log" | "info" | "notice" | "warning" => false,
                "exception" | "sqlstate" | "using" => true,
                _ => rest.starts_with(';') || rest.starts_with("using"),
            }
    })
}

fn only_prepares(op: &Operation) -> bool {
    matches!(
        op.action,
        Action::Nothing | Action::Set(_) | Action::SetConstraints { .. } | Action::Transaction(_)
    )
}

/// What says that there is no way back. What may follow is listed in
/// [`ENDS`]: `irreversible hash` is about something else.
const ADJECTIVES: &[&[&str]] = &[
    &["irreversible"],
    &["not", "reversible"],
    &["non", "reversible"],
    &["nonreversible"],
    &["one", "way"],
    &["no", "way", "back"],
];
const ENDS: &[&str] = &[
    "migration",
    "change",
    "operation",
    "step",
    "action",
    "because",
    "as",
    "since",
    "and",
    "so",
    "but",
    "by",
    "in",
    "after",
    "only",
];
const CANNOT: &[&[&str]] = &[
    &["cannot"],
    &["cant"],
    &["can", "not"],
    &["not", "possible", "to"],
    &["impossible", "to"],
    &["no", "way", "to"],
    &["unable", "to"],
];
const BACK: &[&str] = &[
    "undo",
    "undone",
    "revert",
    "reverted",
    "reverse",
    "reversed",
    "rollback",
    "rolled",
    "roll",
    "downgrade",
    "downgraded",
];
/// What may stand before a marker that is the whole of a comment's beginning.
const BEFORE_MARKER: &[&str] = &[
    "this",
    "the",
    "migration",
    "change",
    "is",
    "an",
    "a",
    "it",
    "down",
    "note",
    "warning",
];
/// What turns the meaning round, or leaves it open.
const DOUBTS: &[&str] = &["if", "whether", "unless", "never", "isnt", "todo", "fixme"];

/// Does a comment say that something cannot be taken back?
fn says_impossible(comment: &str) -> bool {
    clauses(comment).iter().any(|words| {
        let doubts = words.iter().any(|word| DOUBTS.contains(&word.as_str()));
        !doubts && (0..words.len()).any(|at| said_at(words, at))
    })
}

/// Does a comment begin with nothing but that?
fn is_marker(comment: &str) -> bool {
    clauses(comment).first().is_some_and(|words| {
        let before = |word: &&String| BEFORE_MARKER.contains(&word.as_str());
        let start = words.iter().take_while(before).count();
        said_at(words, start) && words.len() <= start + 4
    })
}

fn said_at(words: &[String], at: usize) -> bool {
    let begins = |phrase: &&&[&str]| {
        words[at..]
            .iter()
            .zip(**phrase)
            .filter(|(a, b)| a == b)
            .count()
            == phrase.len()
    };
    if let Some(phrase) = ADJECTIVES.iter().find(begins) {
        let next = words.get(at + phrase.len()).map(String::as_str);
        let negated = at > 0 && words[at - 1] == "not";
        return !negated && next.is_none_or(|word| ENDS.contains(&word));
    }
    CANNOT.iter().find(begins).is_some_and(|phrase| {
        let rest = &words[at + phrase.len()..];
        let rest = rest.strip_prefix(&["be".to_owned()]).unwrap_or(rest);
        rest.first()
            .is_some_and(|word| BACK.contains(&word.as_str()))
    })
}

/// The words of each part of a comment, in lower case; none where it asks.
fn clauses(comment: &str) -> Vec<Vec<String>> {
    if comment.contains('?') || comment.starts_with("bowline:") {
        return Vec::new();
    }
    let in_words = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
    let word = |word: &str| word.replace(['\'', '’'], "").to_lowercase();
    let comment = comment.replace(" - ", "; ");
    let clauses = comment.split(['.', ':', ';', ',', '(', ')', '\n', '–', '—']);
    clauses
        .map(|clause| {
            let words = clause.split(|c| !in_words(c));
            words.filter(|w| !w.is_empty()).map(word).collect()
        })
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_marker, says_impossible};

    #[test]
    fn comments_that_say_so_are_told_from_those_that_speak_of_it() {
        let says = [
            "irreversible",
            "IRREVERSIBLE: the rows are gone",
            "This is a clean-up migration that cannot be undone,",
            "not possible to revert",
            "nothing to revert, this is a one-way migration only.",
            "This migration can't be rolled back",
            "It is impossible to undo this",
        ];
        for comment in says {
            assert!(says_impossible(comment), "{comment}");
        }
        let others = [
            "nothing to do",
            "no revert needed",
            "is this irreversible?",
            "not irreversible",
            "TODO: find out whether this is irreversible",
            "the irreversible hash stays",
            "one way to do it",
            "bowline: approve irreversible reason=\"x\"",
        ];
        for comment in others {
            assert!(!says_impossible(comment), "{comment}");
        }
    }

    #[test]
    fn a_marker_is_all_that_its_comment_begins_with() {
        for comment in [
            "irreversible",
            "IRREVERSIBLE - see OPS-1",
            "Irreversible migration: drops the legacy data",
            "This migration cannot be reverted.",
        ] {
            assert!(is_marker(comment), "{comment}");
        }
        for comment in [
            "rows that were archived cannot be reverted by support staff",
            "make deletion irreversible",
            "the next step is irreversible",
            "cannot be undone by users once it is confirmed",
        ] {
            assert!(!is_marker(comment), "{comment}");
        }
    }
}
