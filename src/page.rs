//! A rule's page: documentation, help text and test in one file.
//!
//! The form is strict, so that all pages read alike and a slip is found by the
//! tests: front matter, the fact as title, a summary, then fixed sections.
//! Every fenced `sql` block is an example whose marks say what the rule
//! reports there; one that is `fixed` is what the rule's fixes make of the
//! block before it.

mod body;
mod front;

use thiserror::Error;

use crate::dialect::{Dialect, Engine};
use crate::finding::{Confidence, Severity};
use crate::phase::Phase;
use crate::project::Layout;
use strum::IntoEnumIterator;

use body::Reader;
use front::head;

/// The question that a rule is evidence for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::EnumIter,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Group {
    OldRelease,
    Undo,
    Deploy,
    Transactions,
    Phase,
    Trust,
    Hygiene,
}

impl Group {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The question in a reader's words.
    pub fn question(self) -> &'static str {
        match self {
            Group::OldRelease => "Old release: can the code that runs now go on?",
            Group::Undo => "Undo: can the schema go back, and what is lost?",
            Group::Deploy => "Deploy: what does it block, and for how long?",
            Group::Transactions => "Transactions: what is left when it fails half-way?",
            Group::Phase => "Phase: expand, migrate, contract",
            Group::Trust => "Trust: what could not be seen",
            Group::Hygiene => "Hygiene",
        }
    }
}

/// What knowledge makes a rule certain.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Need {
    /// The statement alone.
    Statement,
    /// The schema before it.
    History,
    /// How the tool runs files.
    Runner,
    /// Tags of the repository.
    Releases,
    /// What the old release asks.
    Queries,
}

impl Need {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The front matter of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub id: &'static str,
    pub group: Group,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Off means: only when asked for.
    pub on: bool,
    /// Empty means all.
    pub engines: Vec<Engine>,
    /// The phases in which the rule is active; empty means all.
    pub phases: Vec<Phase>,
    pub needs: Vec<Need>,
    /// Links to what the rule was learnt from.
    pub sources: Vec<&'static str>,
    /// What writes the remedy out where it takes several releases.
    pub recipe: Option<&'static str>,
    /// The measured cases that show what the page says of locks, rewrites, scans
    /// and refusals; rows of `fixtures/truth/postgres.tsv`.
    pub measured: Vec<&'static str>,
}

impl Head {
    pub fn is_active_in(&self, phase: Phase) -> bool {
        self.phases.is_empty() || self.phases.contains(&phase)
    }

    pub fn applies_to(&self, engine: Engine) -> bool {
        self.engines.is_empty() || self.engines.contains(&engine)
    }
}

/// A whole page.
#[derive(Clone, Debug)]
pub struct Page {
    pub head: Head,
    /// The fact, one sentence without a full stop.
    pub title: &'static str,
    /// The first paragraph on one line.
    pub summary: String,
    /// Everything after the title.
    pub body: &'static str,
    pub examples: Vec<Example>,
}

/// A fenced `sql` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The line of the page on which the fence opens.
    pub line: u32,
    /// What follows `sql` on the fence.
    pub words: Vec<&'static str>,
    pub files: Vec<ExampleFile>,
    /// The heading above it; empty before the first.
    pub section: &'static str,
}

/// One migration of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFile {
    /// Empty where the block names none.
    pub name: String,
    pub text: String,
    /// Lines of the file on which the rule reports, and how severely.
    pub marks: Vec<(u32, Severity)>,
}

impl Example {
    pub fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// The engine and version that a fence word names.
    pub fn dialect(&self) -> Option<Dialect> {
        self.words.iter().find_map(|word| word.parse().ok())
    }

    /// The runner that a fence word names.
    pub fn layout(&self) -> Option<Layout> {
        self.words.iter().find_map(|word| layout(word))
    }

    /// The phase that a fence word declares.
    pub fn phase(&self) -> Option<Phase> {
        self.words.iter().find_map(|word| phase_word(word))
    }

    /// Is the rule switched on although it is off by default?
    pub fn is_switched_on(&self) -> bool {
        self.has("pedantic") || self.has("all")
    }
}

/// What is wrong with a page, and on which line.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub struct PageError {
    pub line: u32,
    pub message: String,
}

const WHY: &str = "Why it matters";
const INSTEAD: &str = "What to do instead";
const SAFE: &str = "When it is safe";
const EXAMPLES: &str = "Examples";
const REFERENCES: &str = "References";

/// The sections in their order; all but the examples are required.
pub const SECTIONS: [&str; 5] = [WHY, INSTEAD, SAFE, EXAMPLES, REFERENCES];

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// [`PageError`] with the first line that breaks the form.
    pub fn parse(text: &'static str) -> Result<Self, PageError> {
        let (head, mut lines) = head(text)?;
        let title = title(&mut lines)?;
        let body = rest(text, &lines);
        let mut reader = Reader::default();
        for (number, line) in lines {
            reader.line(number, line)?;
        }
        let (summary, examples) = reader.finish(text.lines().count() as u32)?;
        Ok(Self {
            head,
            title,
            summary,
            body,
            examples,
        })
    }

    /// Reads the front matter and stops there.
    ///
    /// # Errors
    /// [`PageError`] with the first line that breaks the form.
    pub fn head(text: &'static str) -> Result<Head, PageError> {
        head(text).map(|(head, _)| head)
    }

    /// The title alone; empty where a page has none.
    pub fn title(text: &'static str) -> &'static str {
        text.lines()
            .find_map(|line| line.strip_prefix("# "))
            .map_or("", str::trim)
    }
}

type Lines = std::iter::Peekable<Numbered>;
type Numbered = std::iter::Zip<std::ops::RangeFrom<u32>, std::str::Lines<'static>>;

fn fail<T>(line: u32, message: impl Into<String>) -> Result<T, PageError> {
    Err(PageError {
        line,
        message: message.into(),
    })
}

fn title(lines: &mut Lines) -> Result<&'static str, PageError> {
    while lines.next_if(|(_, line)| line.trim().is_empty()).is_some() {}
    let Some((number, line)) = lines.next() else {
        return fail(1, "the title is missing");
    };
    let Some(title) = line.strip_prefix("# ").map(str::trim) else {
        return fail(number, "expected the title, `# …`");
    };
    if title.is_empty() || title.ends_with('.') {
        return fail(number, "the title is a fact without a full stop");
    }
    Ok(title)
}

/// What lines that have not been read yet begin with.
fn rest(text: &'static str, lines: &Lines) -> &'static str {
    let next = lines.clone().next().map(|(_, line)| line.as_ptr() as usize);
    let start = next.map_or(text.len(), |at| at.saturating_sub(text.as_ptr() as usize));
    text.get(start..).unwrap_or("")
}

fn layout(word: &str) -> Option<Layout> {
    Layout::iter().find(|layout| layout.name() == word)
}

fn phase_word(word: &str) -> Option<Phase> {
    word.strip_prefix("phase=")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::body::mark;
    use super::*;

    const GOOD: &str = include_str!("page/good.md");

    #[test]
    fn a_page_is_read() {
        let page = Page::parse(GOOD).unwrap();
        assert_eq!(page.head, Page::head(GOOD).unwrap());
        assert_eq!(page.head.id, "drop-column");
        assert_eq!(page.head.group, Group::OldRelease);
        assert_eq!(page.head.engines, [Engine::Postgres]);
        assert!(page.head.is_active_in(Phase::Expand));
        assert!(!page.head.is_active_in(Phase::Contract));
        assert_eq!(page.head.needs, [Need::Statement, Need::History]);
        assert!(page.head.on);
        assert_eq!(
            page.title,
            "A column is dropped while the old release may use it"
        );
        assert_eq!(Page::title(GOOD), page.title);
        assert_eq!(
            page.summary,
            "Code that still names the column fails from the moment the migration commits."
        );
        assert!(page.body.trim_start().starts_with("Code that still"));
    }

    #[test]
    fn examples_are_read() {
        let page = Page::parse(GOOD).unwrap();
        let [first, second, third] = page.examples.as_slice() else {
            panic!("three examples expected: {:#?}", page.examples);
        };
        assert_eq!((first.line, first.section), (22, WHY));
        assert_eq!(first.files[0].marks, [(3, Severity::Error)]);
        assert_eq!(first.files[0].text.lines().count(), 3);
        assert_eq!(second.dialect(), Some(Dialect::postgres(14)));
        assert_eq!(second.layout(), Some(Layout::GolangMigrate));
        assert_eq!(second.phase(), Some(Phase::Contract));
        assert!(second.has("down") && !second.is_switched_on());
        assert_eq!(second.files[0].name, "0001_init.up.sql");
        assert_eq!(second.files[1].marks, [(1, Severity::Warning)]);
        assert_eq!(third.section, EXAMPLES);
        assert_eq!(third.files[0].text, "SELECT 1;\n  SELECT 2;\n");
    }

    /// The message for the good page with one text replaced.
    fn broken(old: &str, new: &str) -> String {
        assert!(GOOD.contains(old), "{old}");
        let text: &'static str = Box::leak(GOOD.replacen(old, new, 1).into_boxed_str());
        Page::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn front_matter_is_strict() {
        insta::assert_snapshot!(
            [
                broken("---", "--"),
                broken("group:", "grup:"),
                broken("group: old-release", "group: release"),
                broken("severity: error", "severity: fatal"),
                broken("confidence: high", "confidence: sure"),
                broken("id: drop-column", "id: Drop Column"),
                broken("engines: postgres", "engines: oracle"),
                broken("phases: expand, migrate", "phases: expand, deploy"),
                broken("needs: statement, history", "needs: luck"),
                broken("sources: https:", "sources: see:"),
                broken("confidence: high\n", ""),
                broken("confidence: high", "severity: error"),
                broken("confidence: high", "confidence"),
            ]
            .join("\n")
        );
    }

    #[test]
    fn the_body_is_strict() {
        insta::assert_snapshot!([
            broken("# A column", "A column"),
            broken("may use it\n", "may use it.\n"),
            broken("Code that still names the column\nfails from the moment the migration commits.\n", ""),
            broken("\n## Why", "\nAnother paragraph.\n\n## Why"),
            broken("## When it is safe", "## When is it safe"),
            broken("## When it is safe", "## References"),
            broken("## When it is safe", "## Why it matters"),
            broken("When no release names it.\n", ""),
            broken("## References\n\n- [ALTER TABLE](https://www.postgresql.org/docs/current/sql-altertable.html)\n", ""),
            broken("```sql postgres@14", "```sql postgres@99"),
            broken("    SELECT 2;\n  ```", "    SELECT 2;"),
            broken("-- file: 0001_init.up.sql", "SELECT 1;"),
            broken("  SELECT 1;\n    SELECT 2;\n", ""),
        ].join("\n"));
    }

    #[test]
    fn a_mark_is_the_last_comment() {
        assert_eq!(mark("DROP TABLE a; -- error"), Some(Severity::Error));
        assert_eq!(mark("DROP TABLE a; -- why -- info"), Some(Severity::Info));
        assert_eq!(mark("DROP TABLE a; -- error prone"), None);
        assert_eq!(mark("DROP TABLE a;"), None);
    }
}
