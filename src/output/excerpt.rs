//! The few lines of a file that a finding shows.
//!
//! miette's own sources are searched from their first byte for every label. An
//! excerpt is cut out once with the line index, and lines are cut to a window
//! around the span, so that neither long files nor long lines cost anything.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::paint::shown;
use crate::source::{Position, Source, Span};

/// A line of context and the line of the span, with the span's place in them.
#[derive(Debug)]
pub struct Excerpt {
    path: String,
    text: String,
    /// The span in `text`.
    mark: (usize, usize),
    position: Position,
    /// Lines of `text` before that of the span.
    before: usize,
}

/// Bytes that are shown of a line before the span, and after its beginning.
const BEFORE: usize = 40;
const AFTER: usize = 80;

impl Excerpt {
    pub fn new(source: &Source, span: Span, ellipsis: &str) -> Self {
        let line = source.line_of(span.start);
        let whole = source.line(line);
        let first = source.line_starts().get(line).copied().unwrap_or(0);
        let start = (span.start.saturating_sub(first) as usize).min(whole.len());
        let end = (span.end.saturating_sub(first) as usize).clamp(start, whole.len());
        let mut text = String::new();
        let before = usize::from(context(source, line, ellipsis, &mut text));
        let mark = window(whole, start, end, ellipsis, &mut text);
        Self {
            path: shown(source.path()).into_owned(),
            text,
            mark,
            position: source.position(span.start),
            before,
        }
    }
}

/// Adds the line above, unless there is none or it is blank.
fn context(source: &Source, line: usize, ellipsis: &str, text: &mut String) -> bool {
    let above = line.checked_sub(1).map_or("", |above| source.line(above));
    if above.get(..AFTER).unwrap_or(above).trim().is_empty() {
        return false;
    }
    window(above, 0, 0, ellipsis, text);
    text.push('\n');
    true
}

/// Adds the part of a line around `start..end`, and says where that is in
/// `text`.
fn window(
    line: &str,
    start: usize,
    end: usize,
    ellipsis: &str,
    text: &mut String,
) -> (usize, usize) {
    let start = floor(line, start);
    let end = floor(line, end.min(start + AFTER)).max(start);
    let from = if start > 2 * BEFORE {
        floor(line, start - BEFORE)
    } else {
        0
    };
    let to = if line.len() > start + 2 * AFTER {
        floor(line, start + AFTER)
    } else {
        line.len()
    };
    if from > 0 {
        text.push_str(ellipsis);
    }
    add(&line[from..start], text);
    let mark = text.len();
    add(&line[start..end], text);
    let mark = (mark, text.len());
    add(&line[end..to], text);
    if to < line.len() {
        text.push_str(ellipsis);
    }
    mark
}

fn add(part: &str, text: &mut String) {
    text.push_str(&shown(part.trim_start_matches('\u{feff}')));
}

/// The nearest character boundary at or before a byte.
fn floor(line: &str, at: usize) -> usize {
    let mut at = at.min(line.len());
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl SourceCode for Excerpt {
    /// Context of zero lines asks where the span is, anything else for the text.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let line = self.position.line.saturating_sub(1) as usize;
        let (line, column, (start, end)) = if before == 0 {
            let column = self.position.column.saturating_sub(1) as usize;
            (line, column, self.mark)
        } else {
            (line.saturating_sub(self.before), 0, (0, self.text.len()))
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            self.text.as_bytes().get(start..end).unwrap_or(&[]),
            (start, end - start).into(),
            line,
            column,
            self.before + 1,
        )))
    }
}

impl Excerpt {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the span is in the excerpt: offset and length.
    pub fn mark(&self) -> (usize, usize) {
        (self.mark.0, self.mark.1 - self.mark.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, what: &str) -> (String, String) {
        let start = text.find(what).unwrap() as u32;
        let source = Source::new("a.sql", text);
        let span = Span::new(start, start + what.len() as u32);
        let excerpt = Excerpt::new(&source, span, "…");
        let (from, to) = excerpt.mark;
        (excerpt.text.clone(), excerpt.text[from..to].to_owned())
    }

    #[test]
    fn a_span_of_several_lines_shows_its_first() {
        let (text, mark) = marked("SELECT 1;\r\nDROP\r\nTABLE a;\r\n", "DROP\r\nTABLE a;");
        assert_eq!(text, "SELECT 1;\nDROP");
        assert_eq!(mark, "DROP");
    }

    #[test]
    fn a_long_line_is_cut_around_the_span() {
        let long = format!("{}here{}", "é".repeat(5000), "x".repeat(5000));
        let (text, mark) = marked(&long, "here");
        assert!(text.len() < 2 * (BEFORE + AFTER), "{text}");
        assert!(text.starts_with("…é") && text.ends_with("x…"), "{text}");
        assert_eq!(mark, "here");
        let (_, mark) = marked(&long, &long[10_000..]);
        assert_eq!(mark.len(), AFTER);
    }

    #[test]
    fn escape_sequences_are_not_passed_on() {
        let (text, mark) = marked("\u{feff}DROP \u{1b}[31m a", "a");
        assert_eq!((text.as_str(), mark.as_str()), ("DROP \u{fffd}[31m a", "a"));
    }
}
