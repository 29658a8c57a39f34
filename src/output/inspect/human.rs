//! The statements as a person reads them: for each the text, a table of the
//! relations that it touches, and what it means to run it.

use std::borrow::Cow;
use std::io;

use super::super::explain::wrapped;
use super::super::paint::{Paint, Style, shown};
use super::super::{Options, count, source};
use super::{Touched, touched};
use crate::effect::{LockMode, ScanKind};
use crate::report::{Direction, OperationReport, Report, StatementReport, Undo};

/// Writes the statements for a terminal.
pub fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let screen = Screen {
        report,
        options,
        paint: Paint(options.color),
    };
    for statement in &report.statements {
        screen.statement(statement, out)?;
        writeln!(out)?;
    }
    let number = count(report.statements.len(), "statement");
    let dialect = report.dialect;
    writeln!(
        out,
        "{number}, as {} {} runs them",
        dialect.engine, dialect.version
    )
}

struct Screen<'a> {
    report: &'a Report,
    options: &'a Options,
    paint: Paint,
}

/// Lines of a statement that are shown.
const LINES: usize = 8;

/// Relations that are shown; a partitioned table may have thousands.
const ROWS: usize = 40;

const HEAD: [&str; 4] = ["relation", "lock", "who waits", "work"];

impl Screen<'_> {
    fn statement(&self, statement: &StatementReport, out: &mut dyn io::Write) -> io::Result<()> {
        let file = source(self.report, statement.source);
        let position = file.position(statement.span.start);
        let place = format!("{}:{}", shown(file.path()), position.line);
        let way = match statement.direction {
            Direction::Up => "",
            Direction::Down => " (down)",
        };
        writeln!(out, "{}{way}", self.paint.text(Style::Bold, &place))?;
        let indent = position.column as usize - 1;
        self.text(file.slice(statement.span), indent, out)?;
        self.table(&touched(statement), out)?;
        self.facts(statement, out)
    }

    /// The statement, moved to the left as a whole.
    fn text(&self, text: &str, indent: usize, out: &mut dyn io::Write) -> io::Result<()> {
        let text = shown(text);
        for (at, line) in text.lines().enumerate() {
            if at == LINES {
                let more = text.lines().count() - LINES;
                let more = format!("{} more", count(more, "line"));
                return writeln!(out, "  {}", self.paint.text(Style::Dim, &more));
            }
            let space = line.len() - line.trim_start().len();
            let line = &line[space.min(if at == 0 { 0 } else { indent })..];
            writeln!(out, "  {}", self.paint.text(Style::Cyan, line.trim_end()))?;
        }
        Ok(())
    }

    fn table(&self, list: &[Touched<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        if list.is_empty() {
            return Ok(());
        }
        let rows: Vec<[String; 4]> = list.iter().take(ROWS).map(row).collect();
        let widths: [usize; 4] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEAD[column].len()]).max().unwrap_or(0)
        });
        writeln!(out)?;
        self.row(&HEAD.map(String::from), &widths, |_| Style::Dim, out)?;
        for (row, touched) in rows.iter().zip(list) {
            let style = style(touched);
            let of = |column| if column == 2 { style } else { Style::Plain };
            self.row(row, &widths, of, out)?;
        }
        match list.len().saturating_sub(ROWS) {
            0 => Ok(()),
            more => writeln!(out, "  and {}", count(more, "more relation")),
        }
    }

    fn row(
        &self,
        cells: &[String; 4],
        widths: &[usize; 4],
        style: impl Fn(usize) -> Style,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let filled = cells.iter().rposition(|cell| !cell.is_empty());
        for (column, cell) in cells.iter().enumerate().take(filled.map_or(0, |n| n + 1)) {
            let padding = match filled {
                Some(last) if last == column => 0,
                _ => widths[column] - cell.chars().count(),
            };
            let cell = self.paint.text(style(column), cell);
            write!(out, "  {cell}{:padding$}", "")?;
        }
        writeln!(out)
    }

    fn facts(&self, statement: &StatementReport, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out)?;
        let does: Vec<String> = statement.operations.iter().map(operation).collect();
        self.fact("does", &listed(does), Style::Plain, out)?;
        let effect = &statement.effect;
        match effect.forbidden_in_transaction {
            Some(command) => {
                let text = format!("{command} refuses to run in one");
                self.fact("transaction", &text, Style::Yellow, out)?;
            }
            None => self.fact("transaction", "may run in one", Style::Plain, out)?,
        }
        let (undo, style) = match statement.verdict.undo {
            Undo::Exact => ("exact", Style::Green),
            Undo::Lossy => ("lossy", Style::Yellow),
            Undo::Impossible => ("impossible from the files", Style::Red),
        };
        self.fact("undo", undo, style, out)?;
        let back = &statement.undo;
        if !back.statements.is_empty() {
            let sql = back.statements.join("; ");
            let sql: Vec<&str> = sql.split_whitespace().collect();
            self.fact("by", &format!("{};", sql.join(" ")), Style::Plain, out)?;
        }
        if !back.loses.is_empty() {
            self.fact("loses", &listed(back.loses.clone()), Style::Plain, out)?;
        }
        for condition in &back.conditions {
            self.fact("if", &condition.what, Style::Plain, out)?;
        }
        if let Some(refusal) = &statement.fails {
            let name = match refusal.certain {
                true => "fails",
                false => "with rows",
            };
            let text = match refusal.certain {
                true => refusal.why.to_string(),
                false => format!("fails as soon as the table has rows: {}", refusal.why),
            };
            self.fact(name, &text, Style::Red, out)?;
        }
        if statement.is_uncertain() {
            let text = "something that matters here is not known";
            self.fact("unsure", text, Style::Yellow, out)?;
        }
        Ok(())
    }

    fn fact(
        &self,
        name: &str,
        text: &str,
        style: Style,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        const NAME: usize = 13;
        let width = self.options.width.saturating_sub(NAME + 2).max(20);
        let text = shown(text);
        for (at, line) in wrapped(&text, width, 0).iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            let name = format!("{name:NAME$}");
            let name = self.paint.text(Style::Dim, &name);
            writeln!(out, "  {name}{}", self.paint.text(style, line))?;
        }
        Ok(())
    }
}

fn row(touched: &Touched<'_>) -> [String; 4] {
    let waits = match touched.lock {
        _ if touched.created => "nobody: it is new",
        None => "",
        Some(mode) if mode.blocks_reads() => "reads and writes",
        Some(mode) if mode.blocks_writes() => "writes",
        Some(LockMode::AccessShare | LockMode::RowShare | LockMode::RowExclusive) => "nobody",
        Some(_) => "other schema changes",
    };
    let lock = match touched.lock {
        Some(mode) if !touched.created => mode.sql_name(),
        _ => "",
    };
    let relation = touched.relation.to_string();
    [
        shown(&relation).into_owned(),
        lock.into(),
        waits.into(),
        work(touched).into_owned(),
    ]
}

fn work(touched: &Touched<'_>) -> Cow<'static, str> {
    let scan = match touched.scan {
        // A rewrite reads what it writes.
        _ if touched.rewritten => None,
        Some(ScanKind::Full) => Some("reads all rows"),
        Some(ScanKind::Index) => Some("reads all rows by an index"),
        Some(ScanKind::Blocks) => Some("reads its blocks"),
        Some(ScanKind::Partial) | None => None,
    };
    let rewrite = touched.rewritten.then_some("writes the table anew");
    let build = match (touched.built, touched.created) {
        (false, _) => None,
        (true, true) => Some("builds the index"),
        (true, false) => Some("builds the index anew"),
    };
    let work: Vec<&str> = [rewrite, build, scan].into_iter().flatten().collect();
    work.join(", ").into()
}

fn style(touched: &Touched<'_>) -> Style {
    match touched.lock {
        Some(mode) if touched.created || !mode.blocks_writes() => Style::Green,
        Some(_) if touched.rewritten || touched.built || touched.scan.is_some() => Style::Red,
        Some(_) => Style::Yellow,
        None => Style::Plain,
    }
}

fn operation(operation: &OperationReport) -> String {
    let subject = &operation.subject;
    let mut kind = operation.kind.replace('_', " ");
    if let Some(object) = subject.kind {
        let words = kind.trim_end_matches("other").trim_end();
        kind = format!("{words} {}", <&str>::from(object));
    }
    let name = match (&subject.object, &subject.part) {
        (Some(object), Some(part)) => format!(" {object}.{part}"),
        (Some(object), None) => format!(" {object}"),
        _ => String::new(),
    };
    match &operation.unread {
        Some(why) => format!("{kind}{name} ({why})"),
        None => format!("{kind}{name}"),
    }
}

/// The first few of a list.
fn listed(mut list: Vec<String>) -> String {
    const MOST: usize = 12;
    let more = list.len().saturating_sub(MOST);
    list.truncate(MOST);
    if more > 0 {
        list.push(format!("{more} more"));
    }
    list.join("; ")
}
