//! A rule's page for the terminal.

use std::io;

use super::Options;
use super::paint::{Paint, Style};
use crate::finding::{Confidence, Severity};
use crate::page::{Head, Page};

/// Writes a page: the fact, what kind of rule it is, the sections, and how to
/// have a remedy of several releases written out.
///
/// # Errors
/// What `out` answers.
pub fn write(page: &Page, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let paint = Paint(options.color);
    let facts = facts(&page.head);
    writeln!(out, "{}", paint.text(Style::Bold, page.title))?;
    writeln!(out, "{}\n", paint.text(Style::Dim, &facts))?;
    let mut text = Text {
        paint,
        width: options.width.clamp(40, 100),
        paragraph: String::new(),
        indent: 0,
        fenced: false,
    };
    for line in page.body.trim().lines() {
        text.line(line, out)?;
    }
    text.flush(out)?;
    if !page.head.measured.is_empty() {
        let cases = page.head.measured.join(", ");
        writeln!(out, "\nMeasured on real servers: {cases}")?;
    }
    if page.head.recipe.is_some() {
        let command = format!("bowline explain {} --for FILE:LINE", page.head.id);
        writeln!(
            out,
            "\n`{command}` writes the files of a remedy with the names of a finding."
        )?;
    }
    Ok(())
}

pub(super) fn severity(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Error => ("error", Style::Red),
        Severity::Warning => ("warning", Style::Yellow),
        Severity::Info => ("info", Style::Cyan),
    }
}

pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

fn facts(head: &Head) -> String {
    let engines: Vec<_> = head.engines.iter().map(|engine| engine.name()).collect();
    let phases: Vec<_> = head.phases.iter().map(|phase| phase.name()).collect();
    let mut facts = format!(
        "{} | {} | {}, {} confidence",
        head.id,
        head.group.name(),
        severity(head.severity).0,
        confidence(head.confidence),
    );
    for (name, values) in [("engines", engines), ("phases", phases)] {
        if !values.is_empty() {
            facts.push_str(&format!(" | {name}: {}", values.join(", ")));
        }
    }
    if !head.on {
        facts.push_str(" | off unless asked for");
    }
    facts
}

/// Markdown on its way to the terminal, paragraph by paragraph.
struct Text {
    paint: Paint,
    width: usize,
    /// The lines of the current paragraph, joined.
    paragraph: String,
    /// Columns before its second and later lines.
    indent: usize,
    fenced: bool,
}

impl Text {
    fn line(&mut self, line: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            self.flush(out)?;
            self.fenced = !self.fenced;
            return self.scene(trimmed.trim_start_matches('`'), out);
        }
        if self.fenced {
            return self.code(line, out);
        }
        if trimmed.is_empty() {
            self.flush(out)?;
            return writeln!(out);
        }
        if trimmed.starts_with('#') {
            self.flush(out)?;
            let heading = trimmed.trim_start_matches('#').trim();
            return writeln!(out, "{}", self.paint.text(Style::Bold, heading));
        }
        let marker = list_marker(trimmed);
        if marker > 0 {
            self.flush(out)?;
            self.indent = line.len() - trimmed.len() + marker;
            self.paragraph
                .push_str(&" ".repeat(line.len() - trimmed.len()));
        } else if !self.paragraph.is_empty() {
            self.paragraph.push(' ');
        }
        self.paragraph.push_str(trimmed.trim_end());
        Ok(())
    }

    /// What the words after `sql` say of an example.
    fn scene(&self, info: &str, out: &mut dyn io::Write) -> io::Result<()> {
        match info.strip_prefix("sql ").map(str::trim) {
            Some(words) if self.fenced => {
                writeln!(
                    out,
                    "    {}",
                    self.paint.text(Style::Dim, &format!("[{words}]"))
                )
            }
            _ => Ok(()),
        }
    }

    fn code(&self, line: &str, out: &mut dyn io::Write) -> io::Result<()> {
        if line.is_empty() {
            return writeln!(out);
        }
        match line.rsplit_once("-- ") {
            Some((sql, mark @ ("error" | "warning" | "info"))) => {
                let mark = format!("-- {mark}");
                writeln!(out, "    {sql}{}", self.paint.text(Style::Yellow, &mark))
            }
            _ => writeln!(out, "    {line}"),
        }
    }

    /// Writes the paragraph, wrapped.
    fn flush(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let paragraph = readable_links(&std::mem::take(&mut self.paragraph));
        let indent = std::mem::take(&mut self.indent);
        for line in wrapped(&paragraph, self.width, indent) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

/// The columns of `- ` or `1. ` at the beginning of a line.
fn list_marker(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if line.starts_with("- ") || line.starts_with("* ") {
        2
    } else if digits > 0 && line[digits..].starts_with(". ") {
        digits + 2
    } else {
        0
    }
}

/// `[text](target)` as `text (target)`, or `text` where both are the same.
fn readable_links(text: &str) -> String {
    let mut readable = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link, target, after)) = next_link(rest) {
        let target = target.trim_end_matches(".md");
        readable.push_str(before);
        readable.push_str(link);
        if link != target {
            readable.push_str(&format!(" ({target})"));
        }
        rest = after;
    }
    readable.push_str(rest);
    readable
}

fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let middle = text.find("](")?;
    let start = text[..middle].rfind('[')?;
    let end = middle + text[middle..].find(')')?;
    Some((
        &text[..start],
        &text[start + 1..middle],
        &text[middle + 2..end],
        &text[end + 1..],
    ))
}

pub(super) fn wrapped(text: &str, width: usize, indent: usize) -> Vec<String> {
    let lead = text.len() - text.trim_start().len();
    let mut lines = Vec::new();
    let mut line = " ".repeat(lead);
    let mut columns = lead;
    for word in text.split_whitespace() {
        let needed = word.chars().count();
        if columns > lead.max(indent) && columns + 1 + needed > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            columns = indent;
        } else if !line.trim_start().is_empty() {
            line.push(' ');
            columns += 1;
        }
        line.push_str(word);
        columns += needed;
    }
    if !line.trim_start().is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_wrapped_with_their_indent() {
        assert_eq!(wrapped("- aa bb cc dd", 8, 2), ["- aa bb", "  cc dd"]);
        assert_eq!(wrapped("unbreakable-word", 4, 0), ["unbreakable-word"]);
        assert_eq!(wrapped("", 4, 0), [] as [String; 0]);
    }

    #[test]
    fn links_are_readable() {
        assert_eq!(
            readable_links("See [drop](drop-table.md), [x](x.md) and `a[1]`."),
            "See drop (drop-table), x and `a[1]`."
        );
    }
}
