//! What stands behind the title: the summary, the sections and their examples.

use super::{EXAMPLES, Example, ExampleFile, PageError, SECTIONS, WHY, fail, layout, phase_word};
use crate::dialect::{Dialect, Engine};
use crate::finding::Severity;

/// The body of a page while it is read.
#[derive(Default)]
pub(super) struct Reader {
    summary: String,
    /// The summary's paragraph has ended.
    summarised: bool,
    /// Into [`SECTIONS`], one past the current.
    section: usize,
    heading: Option<u32>,
    /// Something stands under the current heading.
    filled: bool,
    fence: Option<Fence>,
    examples: Vec<Example>,
}

struct Fence {
    line: u32,
    /// The backticks that close it.
    ticks: &'static str,
    indent: usize,
    example: Option<Example>,
}

impl Reader {
    pub(super) fn line(&mut self, number: u32, line: &'static str) -> Result<(), PageError> {
        if self.fence.is_some() {
            return self.fenced(number, line);
        }
        if let Some(heading) = line.strip_prefix("## ") {
            return self.heading(number, heading.trim());
        }
        if line.starts_with("# ") {
            return fail(number, "a page has one title");
        }
        if self.section == 0 {
            return self.lead(number, line.trim());
        }
        let text = line.trim_start();
        self.filled |= !text.is_empty();
        if text.starts_with("```") {
            self.open(number, line, text)?;
        }
        Ok(())
    }

    /// A line between the title and the first section.
    fn lead(&mut self, number: u32, line: &str) -> Result<(), PageError> {
        if line.is_empty() {
            self.summarised = !self.summary.is_empty();
            return Ok(());
        }
        if self.summarised || line.starts_with("```") {
            return fail(number, format!("expected `## {WHY}` after one paragraph"));
        }
        if !self.summary.is_empty() {
            self.summary.push(' ');
        }
        self.summary.push_str(line);
        Ok(())
    }

    fn heading(&mut self, number: u32, name: &str) -> Result<(), PageError> {
        self.close_section(number)?;
        let Some(index) = SECTIONS.iter().position(|section| *section == name) else {
            return fail(
                number,
                format!(
                    "unknown section `{name}`; the sections are {}",
                    SECTIONS.join(", ")
                ),
            );
        };
        if index < self.section {
            return fail(number, format!("`## {name}` stands too late or twice"));
        }
        self.require_up_to(index, number)?;
        self.section = index + 1;
        self.heading = Some(number);
        self.filled = false;
        Ok(())
    }

    /// No required section is left out before `index`.
    fn require_up_to(&self, index: usize, number: u32) -> Result<(), PageError> {
        match SECTIONS[self.section..index]
            .iter()
            .find(|s| **s != EXAMPLES)
        {
            Some(missing) => fail(number, format!("`## {missing}` is missing")),
            None => Ok(()),
        }
    }

    fn close_section(&self, number: u32) -> Result<(), PageError> {
        match self.heading {
            None if self.summary.is_empty() => fail(number, "the summary is missing"),
            Some(line) if !self.filled => fail(line, "the section is empty"),
            _ => Ok(()),
        }
    }

    fn open(&mut self, number: u32, line: &str, text: &'static str) -> Result<(), PageError> {
        let info = text.trim_start_matches('`');
        let mut words = info.split_whitespace();
        let example = match words.next() {
            Some("sql") => Some(Example {
                line: number,
                words: fence_words(number, words)?,
                files: Vec::new(),
                section: SECTIONS[self.section - 1],
            }),
            _ => None,
        };
        self.fence = Some(Fence {
            line: number,
            ticks: &text[..text.len() - info.len()],
            indent: line.len() - text.len(),
            example,
        });
        Ok(())
    }

    fn fenced(&mut self, number: u32, line: &str) -> Result<(), PageError> {
        let Some(fence) = &mut self.fence else {
            return Ok(());
        };
        if line.trim() == fence.ticks {
            let example = fence.example.take();
            self.fence = None;
            if let Some(example) = example {
                if example.files.is_empty() {
                    return fail(number, "the example is empty");
                }
                self.examples.push(example);
            }
            return Ok(());
        }
        match &mut fence.example {
            Some(example) => example.line(number, unindented(line, fence.indent)),
            None => Ok(()),
        }
    }

    pub(super) fn finish(self, last: u32) -> Result<(String, Vec<Example>), PageError> {
        if let Some(fence) = &self.fence {
            return fail(fence.line, "the code block is not closed");
        }
        self.close_section(last)?;
        self.require_up_to(SECTIONS.len(), last)?;
        Ok((self.summary, self.examples))
    }
}

impl Example {
    fn line(&mut self, number: u32, line: &str) -> Result<(), PageError> {
        if let Some(name) = line.strip_prefix("-- file:") {
            if self.files.iter().any(|file| file.name.is_empty()) {
                return fail(number, "SQL stands before the first `-- file:`");
            }
            self.files.push(ExampleFile::named(name.trim()));
            return Ok(());
        }
        if self.files.is_empty() {
            self.files.push(ExampleFile::named(""));
        }
        if let Some(file) = self.files.last_mut() {
            file.line(line);
        }
        Ok(())
    }
}

impl ExampleFile {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: String::new(),
            marks: Vec::new(),
        }
    }

    fn line(&mut self, line: &str) {
        let number = self.text.bytes().filter(|byte| *byte == b'\n').count() as u32 + 1;
        let mark = mark(line);
        self.marks.extend(mark.map(|severity| (number, severity)));
        let directive = line.trim_start().starts_with("--") && mark.is_some();
        // A directive is read whole: the mark behind it must not become a
        // part of it.
        self.text.push_str(match line.rsplit_once("--") {
            Some((before, _)) if directive && !before.trim().is_empty() => before.trim_end(),
            _ => line,
        });
        self.text.push('\n');
    }
}

/// The severity that a comment at the line's end expects.
pub(super) fn mark(line: &str) -> Option<Severity> {
    let (_, comment) = line.rsplit_once("--")?;
    match comment.trim() {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "info" => Some(Severity::Info),
        _ => None,
    }
}

fn unindented(line: &str, indent: usize) -> &str {
    let blank = line.len() - line.trim_start_matches(' ').len();
    &line[blank.min(indent)..]
}

fn fence_words(
    number: u32,
    words: std::str::SplitWhitespace<'static>,
) -> Result<Vec<&'static str>, PageError> {
    words
        .map(|word| {
            if is_fence_word(word) {
                Ok(word)
            } else {
                fail(number, format!("unknown word `{word}` after `sql`"))
            }
        })
        .collect()
}

fn is_fence_word(word: &str) -> bool {
    matches!(word, "down" | "fixed" | "pedantic" | "all")
        || layout(word).is_some()
        || phase_word(word).is_some()
        || word.parse::<Dialect>().is_ok()
        || word
            .split('@')
            .next()
            .and_then(Engine::from_word)
            .is_some_and(|engine| engine != Engine::Postgres)
}
