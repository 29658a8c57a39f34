//! The report as a person reads it: per migration the three answers, then
//! what speaks against it, and at the end what was counted and not understood.

use std::fmt;
use std::io;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters,
    ThemeStyles,
};

use super::excerpt::Excerpt;
use super::explain::wrapped;
use super::files::{BEST, File, files, is_sql, not_understood, notes};
use super::paint::{Paint, Style, shown};
use super::{Options, RuleInfo, count, source};
use crate::finding::{Finding, Related, Severity};
use crate::project::Scope;
use crate::report::{Direction, MigrationReport, Report, Verdict};

/// Writes the report for a terminal.
///
/// # Errors
/// What `out` answers.
pub fn write(
    report: &Report,
    _: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let files = files(report);
    let screen = Screen::new(report, options, &files);
    screen.files(&files, out)?;
    screen.problems(out)?;
    screen.quiet(&files, out)?;
    screen.summary(&files, out)
}

struct Screen<'a> {
    report: &'a Report,
    options: &'a Options,
    paint: Paint,
    handler: GraphicalReportHandler,
    /// Columns of the longest path shown, within reason.
    paths: usize,
}

const WIDEST_PATH: usize = 48;

impl<'a> Screen<'a> {
    fn new(report: &'a Report, options: &'a Options, files: &[File<'_>]) -> Self {
        let paths = files
            .iter()
            .filter(|file| !file.is_quiet() && !file.migrations.is_empty())
            .map(|file| source(report, file.source).path().chars().count())
            .filter(|columns| *columns <= WIDEST_PATH);
        Self {
            report,
            options,
            paint: Paint(options.color),
            handler: handler(options),
            paths: paths.max().unwrap_or(0),
        }
    }

    /// Files with findings are set apart by empty lines.
    fn files(&self, files: &[File<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let mut before: Option<&File<'_>> = None;
        for file in files.iter().filter(|file| !file.is_quiet()) {
            let is_long = |file: &File<'_>| !file.findings.is_empty();
            if before.is_some_and(|before| is_long(before) || is_long(file)) {
                writeln!(out)?;
            }
            self.file(file, out)?;
            before = Some(file);
        }
        match before {
            Some(_) => writeln!(out),
            None => Ok(()),
        }
    }

    fn file(&self, file: &File<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        if file.migrations.is_empty() {
            self.heading(source(self.report, file.source).path(), out)?;
            writeln!(out)?;
        }
        for migration in &file.migrations {
            self.verdict(migration, file.migrations.len() > 1, out)?;
        }
        for finding in &file.findings {
            writeln!(out)?;
            self.finding(finding, out)?;
        }
        Ok(())
    }

    fn heading(&self, path: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let path = shown(path);
        let padding = self.paths.saturating_sub(path.chars().count());
        write!(
            out,
            "{}{:padding$}",
            self.paint.text(Style::Bold, &path),
            ""
        )
    }

    fn verdict(
        &self,
        migration: &MigrationReport,
        several: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        self.heading(source(self.report, migration.source).path(), out)?;
        let Verdict {
            deploy,
            old_release,
            undo,
        } = migration.verdict;
        let answer =
            |question, at: usize, word| format!("{question} {}", self.paint.text(grade(at), word));
        let mut answers = vec![answer("deploy", deploy as usize, deploy.into())];
        // Of a way back only this is asked: the rest stands with the way there.
        if migration.direction == Direction::Up {
            answers.push(answer(
                "old release",
                old_release as usize,
                old_release.into(),
            ));
            answers.push(answer("undo", undo as usize, undo.into()));
        }
        write!(out, "   {}", answers.join(self.dot()))?;
        let notes = notes(migration, several);
        if !notes.is_empty() {
            let notes = format!("[{}]", shown(&notes.join(", ")));
            write!(out, "   {}", self.paint.text(Style::Dim, &notes))?;
        }
        writeln!(out)
    }

    fn dot(&self) -> &'static str {
        if self.options.unicode { " · " } else { ", " }
    }

    fn finding(&self, finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
        let file = source(self.report, finding.source);
        let ellipsis = if self.options.unicode { "…" } else { "..." };
        let diagnostic = Shown {
            finding,
            message: wrapped(&shown(&finding.message), self.width(4), 0).join("\n"),
            help: self.help(&shown(finding.help.trim_end())),
            excerpt: Excerpt::new(file, finding.span, ellipsis),
            url: self
                .options
                .links
                .then(|| self.options.page_url(finding.rule))
                .flatten(),
        };
        let mut text = String::new();
        self.handler
            .render_report(&mut text, &diagnostic)
            .map_err(|_| io::Error::other("a finding could not be drawn"))?;
        // miette parts the code from the message by an empty line.
        out.write_all(text.replacen("\n\n", "\n", 1).as_bytes())?;
        for related in &finding.related {
            self.related(related, out)?;
        }
        if let Some(fix) = &finding.fix {
            let look = if fix.safe {
                ""
            } else {
                " (look at it before it is applied)"
            };
            let label = self.paint.text(Style::Cyan, "fix:");
            writeln!(out, "  {label}  {}{look}", shown(&fix.title))?;
        }
        Ok(())
    }

    /// Prose is wrapped; SQL is not, because it is there to be copied.
    fn help(&self, text: &str) -> String {
        let lines = text.lines().flat_map(|line| {
            if is_sql(line) {
                vec![line.to_owned()]
            } else {
                wrapped(line, self.width(8), 0)
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What is left of a line behind an indent.
    fn width(&self, indent: usize) -> usize {
        self.options.width.max(40) - indent
    }

    fn related(&self, related: &Related, out: &mut dyn io::Write) -> io::Result<()> {
        let file = source(self.report, related.source);
        let place = file.position(related.span.start);
        writeln!(
            out,
            "  {} {}:{}:{} {}",
            self.paint.text(Style::Cyan, "see: "),
            shown(file.path()),
            place.line,
            place.column,
            shown(&related.message)
        )
    }

    fn problems(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for problem in &self.report.problems {
            let label = if problem.fatal {
                self.paint.text(Style::Red, "not checked:")
            } else {
                self.paint.text(Style::Yellow, "note:")
            };
            writeln!(
                out,
                "{label} {}: {}",
                shown(&problem.path),
                shown(&problem.message)
            )?;
        }
        match self.report.problems.is_empty() {
            true => Ok(()),
            false => writeln!(out),
        }
    }

    /// The migrations that need no reader, in one line.
    fn quiet(&self, files: &[File<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let quiet: usize = files
            .iter()
            .filter(|file| file.is_quiet())
            .map(File::ups)
            .sum();
        if quiet == 0 || files.iter().all(File::is_quiet) {
            return Ok(());
        }
        let line = format!(
            "{} without findings: {}",
            count(quiet, "migration"),
            self.best()
        );
        writeln!(out, "{}", self.paint.text(Style::Dim, &line))
    }

    fn best(&self) -> String {
        BEST.replace(" · ", self.dot())
    }

    fn summary(&self, files: &[File<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        let summary = self.report.summary;
        let migrations = files.iter().map(File::ups).sum();
        if files.is_empty() {
            self.nothing(out)?;
        } else if self.report.findings.is_empty() {
            self.clean(files, migrations, out)?;
        } else {
            writeln!(
                out,
                "{} in {} ({})",
                self.counts(),
                count(summary.files, "file"),
                count(summary.statements, "statement")
            )?;
            self.fixable(out)?;
        }
        if summary.suppressed > 0 {
            self.suppressed(out)?;
        }
        self.stale(out)?;
        self.not_understood(out)
    }

    /// How many findings a command takes care of.
    fn fixable(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let findings = self.report.findings.iter();
        let is_safe = |f: &&Finding| f.fix.as_ref().is_some_and(|fix| fix.safe);
        let number = findings.filter(is_safe).count();
        let since = match &self.report.scope {
            Scope::All => String::new(),
            Scope::Since(revision) => format!(" --since {}", shown(revision)),
            Scope::Staged => " --since HEAD".to_owned(),
        };
        match number {
            0 => Ok(()),
            _ => writeln!(out, "`bowline check --fix{since}` fixes {number} of them"),
        }
    }

    /// Which findings a baseline lists that are not there any more.
    fn stale(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let stale = &self.report.stale;
        if stale.is_empty() {
            return Ok(());
        }
        let number: usize = stale.iter().map(|entry| entry.count).sum();
        let label = self.paint.text(Style::Yellow, "Stale:");
        writeln!(
            out,
            "{label} {} of the baseline not found any more; `bowline baseline --prune` takes them out",
            count(number, "finding")
        )?;
        for entry in stale {
            let (path, message) = (shown(&entry.path), shown(&entry.message));
            writeln!(out, "  {path} {}: {message}", shown(&entry.rule))?;
        }
        Ok(())
    }

    /// How many findings a directive keeps quiet; which and why, where asked.
    fn suppressed(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let number = count(self.report.summary.suppressed, "finding");
        if !self.options.suppressed {
            return writeln!(out, "{number} suppressed");
        }
        writeln!(out, "{number} suppressed:")?;
        for suppressed in &self.report.suppressed {
            let finding = &suppressed.finding;
            let file = source(self.report, finding.source);
            let place = file.position(finding.span.start);
            let reason = suppressed.reason.as_deref().unwrap_or("without a reason");
            let by = suppressed.by.iter().map(|by| format!(" ({by})"));
            writeln!(
                out,
                "  {}:{}:{} {}: {}{}",
                shown(file.path()),
                place.line,
                place.column,
                finding.rule,
                shown(reason),
                shown(&by.collect::<String>())
            )?;
        }
        Ok(())
    }

    fn nothing(&self, out: &mut dyn io::Write) -> io::Result<()> {
        match &self.report.scope {
            Scope::All => writeln!(out, "No migrations were found"),
            Scope::Since(revision) => {
                let revision = shown(revision);
                writeln!(out, "No migrations are new or changed since `{revision}`")
            }
            Scope::Staged => writeln!(out, "No migrations are staged"),
        }
    }

    fn clean(
        &self,
        files: &[File<'_>],
        migrations: usize,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let all = match migrations {
            0 => count(files.len(), "file"),
            _ => count(migrations, "migration"),
        };
        let found = self.paint.text(Style::Green, "No findings");
        if files.iter().all(File::is_quiet) {
            writeln!(out, "{found} in {all}: {}", self.best())
        } else {
            writeln!(out, "{found} in {all}")
        }
    }

    fn counts(&self) -> String {
        let summary = self.report.summary;
        let parts = [
            (summary.errors, "error", Style::Red),
            (summary.warnings, "warning", Style::Yellow),
            (summary.infos, "info", Style::Cyan),
        ];
        parts
            .iter()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, noun, style)| {
                self.paint.text(*style, &count(*number, noun)).into_owned()
            })
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn not_understood(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(parts) = not_understood(self.report) else {
            return Ok(());
        };
        let label = self.paint.text(Style::Yellow, "Not understood:");
        writeln!(out, "{label} {parts}")
    }
}

/// Green, yellow and red for the three grades of an answer.
fn grade(grade: usize) -> Style {
    match grade {
        0 => Style::Green,
        1 => Style::Yellow,
        _ => Style::Red,
    }
}

fn handler(options: &Options) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if options.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if options.color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(options.width.max(40))
        .with_wrap_lines(false)
        .with_links(options.links)
        .with_context_lines(1)
        .without_cause_chain()
}

/// A finding as miette draws it.
#[derive(Debug)]
struct Shown<'a> {
    finding: &'a Finding,
    message: String,
    help: String,
    excerpt: Excerpt,
    url: Option<String>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let severity = match self.finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        Some(Box::new(format!("{severity}[{}]", self.finding.rule)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help: Option<Box<dyn fmt::Display>> = match self.help.is_empty() {
            true => None,
            false => Some(Box::new(&self.help)),
        };
        help
    }

    fn url<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let url = self.url.as_ref()?;
        Some(Box::new(url))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (offset, length) = self.excerpt.mark();
        let label = LabeledSpan::new_primary_with_span(None, (offset, length));
        Some(Box::new(std::iter::once(label)))
    }
}
