//! A comment for a pull request: the three answers of each migration, then the
//! findings with what to do, folded file by file.
//!
//! Names and SQL come from the files and could be anything; all of it is
//! escaped or fenced. A comment holds only so much, so the most severe findings
//! come first and what is left out is said.

use std::cmp::Reverse;
use std::io;

use super::excerpt::Excerpt;
use super::files::{BEST, File, files, is_sql, not_understood, notes};
use super::paint::shown;
use super::{Options, RuleInfo, count, source};
use crate::finding::{Finding, Related, Severity};
use crate::project::Problem;
use crate::project::Scope;
use crate::report::{Direction, MigrationReport, Report, Suppressed, Verdict};

/// The characters that GitHub takes in a comment, here as UTF-16 units.
const MAX: usize = 65_536;
/// Kept free for the line that says what is left out.
const LAST_LINE: usize = 512;
/// From here on the table leaves out the migrations without findings.
const MANY: usize = 30;
/// Lets a script find the comment again.
const MARKER: &str = "<!-- bowline -->";

/// Writes the report as a comment.
///
/// # Errors
/// What `out` answers.
pub fn write(
    report: &Report,
    _: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let view = View { report, options };
    let files = files(report);
    let mut comment = Comment::default();
    comment.add(&format!("{MARKER}\n### bowline: {}\n", view.headline()));
    view.table(&files, &mut comment);
    view.problems(&mut comment);
    view.findings(&files, &mut comment);
    view.suppressed(&mut comment);
    comment.end();
    out.write_all(comment.text.as_bytes())
}

/// What to do about a finding, the related places and the fix, in Markdown.
pub fn advice(finding: &Finding, report: &Report, options: &Options) -> String {
    let mut blocks = help(&finding.help);
    let related = finding.related.iter();
    blocks.extend(related.map(|related| see(related, report, options)));
    if let Some(fix) = &finding.fix {
        let look = match fix.safe {
            true => "",
            false => " (look at it before it is applied)",
        };
        blocks.push(format!("Fix: {}{look}", prose(&fix.title)));
    }
    blocks.join("\n\n")
}

/// A sentence with names in backticks, in which nothing else is markup.
pub fn prose(text: &str) -> String {
    let text = shown(text).replace('\n', " ");
    let parts: Vec<&str> = text.split('`').collect();
    let mut markdown = String::with_capacity(text.len() + 16);
    for (at, part) in parts.iter().enumerate() {
        let is_name = at % 2 == 1 && at + 1 < parts.len() && !part.is_empty();
        let opens_nothing = at % 2 == 1 && !is_name;
        if is_name {
            markdown.push_str(&code(part));
            continue;
        }
        if opens_nothing {
            markdown.push_str("\\`");
            if at + 1 < parts.len() {
                markdown.push_str("\\`");
            }
        }
        escape(part, &mut markdown);
    }
    markdown
}

fn escape(text: &str, markdown: &mut String) {
    let mut next = text.chars().skip(1);
    for c in text.chars() {
        let is_before_word = next.next().is_some_and(char::is_alphanumeric);
        match c {
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '~' => markdown.extend(['\\', c]),
            '&' => markdown.push_str("&amp;"),
            '$' => markdown.push_str("<span>$</span>"),
            // Parts the sign from the word, so that nobody is called.
            '@' | '#' if is_before_word => markdown.extend([c, '\u{200b}']),
            _ => markdown.push(c),
        }
    }
}

/// Text between as many backticks as it needs.
pub fn code(text: &str) -> String {
    let text = shown(text).replace('\n', "\u{fffd}");
    let marks = "`".repeat(longest_run(&text) + 1);
    let gap = match text.starts_with('`') || text.ends_with('`') {
        true => " ",
        false => "",
    };
    format!("{marks}{gap}{text}{gap}{marks}")
}

fn fenced(sql: &str) -> String {
    let marks = "`".repeat((longest_run(sql) + 1).max(3));
    format!("{marks}sql\n{sql}\n{marks}")
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

/// The blocks of a help: prose as it is, SQL fenced.
fn help(text: &str) -> Vec<String> {
    let text = shown(text.trim_end());
    let lines: Vec<&str> = text.lines().collect();
    lines
        .chunk_by(|before, line| is_sql(before) == is_sql(line))
        .filter(|lines| lines.iter().any(|line| !line.trim().is_empty()))
        .map(|lines| match is_sql(lines[0]) {
            true => fenced(&without_indent(lines)),
            false => lines
                .iter()
                .map(|line| prose(line))
                .collect::<Vec<_>>()
                .join("\n"),
        })
        .collect()
}

fn without_indent(lines: &[&str]) -> String {
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let least = lines.iter().map(indent).min().unwrap_or(0);
    let lines = lines.iter().map(|line| &line[least..]);
    lines.collect::<Vec<_>>().join("\n")
}

fn see(related: &Related, report: &Report, options: &Options) -> String {
    let file = source(report, related.source);
    let line = file.position(related.span.start).line;
    let place = format!("{}:{line}", options.repository.path(file.path()));
    format!("See {}: {}", code(&place), prose(&related.message))
}

/// Markdown in a cell of a table.
fn cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

fn html(text: &str) -> String {
    shown(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The text so far, its length, and what had no room in it.
#[derive(Default)]
struct Comment {
    text: String,
    units: usize,
    left_out: LeftOut,
}

#[derive(Default)]
struct LeftOut {
    migrations: usize,
    problems: usize,
    findings: Tally,
    suppressed: usize,
}

impl Comment {
    /// Adds all of the text or, where it is too long, none.
    fn add(&mut self, text: &str) -> bool {
        self.add_within(text, MAX - LAST_LINE)
    }

    fn add_within(&mut self, text: &str, limit: usize) -> bool {
        let units = units(text);
        let fits = self.units + units <= limit;
        if fits {
            self.text.push_str(text);
            self.units += units;
        }
        fits
    }

    fn end(&mut self) {
        let left_out = &self.left_out;
        let others = [
            (left_out.migrations, "migration"),
            (left_out.problems, "note"),
            (left_out.suppressed, "suppressed finding"),
        ];
        let mut parts = left_out.findings.parts();
        let others = others.iter().filter(|(number, _)| *number > 0);
        parts.extend(others.map(|(number, noun)| count(*number, noun)));
        if !parts.is_empty() {
            self.text.push_str(&format!(
                "\n**Left out: {}.** A comment holds 65,536 characters; `bowline check` lists them all.\n",
                parts.join(", ")
            ));
        }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Findings by severity.
#[derive(Clone, Copy, Default)]
struct Tally([usize; 3]);

impl Tally {
    fn add(&mut self, finding: &Finding) {
        self.0[finding.severity as usize] += 1;
    }

    fn of(findings: &[&Finding]) -> Self {
        let mut tally = Self::default();
        for finding in findings {
            tally.add(finding);
        }
        tally
    }

    /// `2 errors`, `1 warning`.
    fn parts(self) -> Vec<String> {
        let severities = [Severity::Error, Severity::Warning, Severity::Info];
        severities
            .iter()
            .map(|severity| (self.0[*severity as usize], name(*severity)))
            .filter(|(number, _)| *number > 0)
            .map(|(number, name)| count(number, name))
            .collect()
    }
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

struct View<'a> {
    report: &'a Report,
    options: &'a Options,
}

impl View<'_> {
    fn headline(&self) -> String {
        let report = self.report;
        let findings: Vec<&Finding> = report.findings.iter().collect();
        let is_up = |migration: &&MigrationReport| migration.direction == Direction::Up;
        let migrations = report.migrations.iter().filter(is_up).count();
        match (findings.is_empty(), migrations) {
            (false, _) => Tally::of(&findings).parts().join(", "),
            (true, 0) if report.scope != Scope::All => {
                "no migrations are new or changed".to_owned()
            }
            (true, 0) => "no migrations were found".to_owned(),
            (true, _) => format!("no findings in {}", count(migrations, "migration")),
        }
    }

    fn table(&self, files: &[File<'_>], comment: &mut Comment) {
        let is_long = self.report.migrations.len() > MANY;
        let (quiet, told): (Vec<_>, Vec<_>) =
            files.iter().partition(|file| is_long && file.is_quiet());
        let rows: Vec<String> = told.into_iter().flat_map(|file| self.rows(file)).collect();
        if !rows.is_empty() {
            comment.add("\n| migration | deploy | old release | undo |\n|---|---|---|---|\n");
        }
        for row in rows {
            let fits = comment.add_within(&row, MAX / 2);
            comment.left_out.migrations += usize::from(!fits);
        }
        let quiet: usize = quiet.into_iter().map(File::ups).sum();
        if quiet > 0 {
            let number = count(quiet, "migration");
            comment.add(&format!("\n{number} without findings: {BEST}\n"));
        }
    }

    /// A row for each migration of a file; one that only leads back stands for
    /// itself where something is found in it.
    fn rows(&self, file: &File<'_>) -> Vec<String> {
        let is_told = |migration: &&&MigrationReport| {
            migration.direction == Direction::Up || !file.findings.is_empty()
        };
        let told = file.migrations.iter().filter(is_told);
        told.map(|migration| self.row(migration, file.migrations.len() > 1))
            .collect()
    }

    fn row(&self, migration: &MigrationReport, several: bool) -> String {
        let mut name = code(&self.path(source(self.report, migration.source).path()));
        let notes = notes(migration, several);
        if !notes.is_empty() {
            name.push_str(&format!(" ({})", prose(&notes.join(", "))));
        }
        let Verdict {
            deploy,
            old_release,
            undo,
        } = migration.verdict;
        let deploy = answer(deploy as usize, deploy.into());
        let (old_release, undo) = match migration.direction {
            Direction::Up => (
                answer(old_release as usize, old_release.into()),
                answer(undo as usize, undo.into()),
            ),
            // Of a way back only the first is asked.
            Direction::Down => (String::new(), String::new()),
        };
        format!("| {} | {deploy} | {old_release} | {undo} |\n", cell(&name))
    }

    fn path(&self, path: &str) -> String {
        self.options.repository.path(path)
    }

    fn problems(&self, comment: &mut Comment) {
        for problem in &self.report.problems {
            let fits = comment.add_within(&self.problem(problem), MAX / 4 * 3);
            comment.left_out.problems += usize::from(!fits);
        }
        if let Some(parts) = not_understood(self.report) {
            comment.add(&format!("\nNot understood: {parts}\n"));
        }
    }

    fn problem(&self, problem: &Problem) -> String {
        let label = match problem.fatal {
            true => "**Not checked:**",
            false => "Note:",
        };
        let path = code(&self.path(&problem.path));
        format!("\n{label} {path} {}\n", prose(&problem.message))
    }

    /// Files with the most severe findings first.
    fn findings(&self, files: &[File<'_>], comment: &mut Comment) {
        let worst = |file: &File<'_>| file.findings.iter().map(|finding| finding.severity).max();
        let mut found: Vec<&File<'_>> = files.iter().filter(|f| worst(f).is_some()).collect();
        found.sort_by_key(|file| Reverse(worst(file)));
        for file in found {
            let path = self.path(source(self.report, file.source).path());
            let parts = Tally::of(&file.findings).parts().join(", ");
            let mut fold = Fold::new(&format!("<code>{}</code>: {parts}", html(&path)));
            let mut findings = file.findings.clone();
            findings.sort_by_key(|finding| Reverse(finding.severity));
            for finding in findings {
                if !fold.add(&self.finding(finding), comment) {
                    comment.left_out.findings.add(finding);
                }
            }
            fold.end(comment);
        }
    }

    fn finding(&self, finding: &Finding) -> String {
        let file = source(self.report, finding.source);
        let rule = match self.options.page_url(finding.rule) {
            Some(url) => format!("[{}]({url})", code(finding.rule)),
            None => code(finding.rule),
        };
        let mut text = format!(
            "\n**{}** {rule}, line {}: {}\n\n{}\n",
            name(finding.severity),
            file.position(finding.span.start).line,
            prose(&finding.message),
            fenced(Excerpt::new(file, finding.span, "…").text())
        );
        let advice = advice(finding, self.report, self.options);
        if !advice.is_empty() {
            text.push_str(&format!("\n{advice}\n"));
        }
        text
    }

    fn suppressed(&self, comment: &mut Comment) {
        let number = self.report.summary.suppressed;
        if number == 0 {
            return;
        }
        let title = format!("{} suppressed", count(number, "finding"));
        if !self.options.suppressed {
            comment.add(&format!("\n{title}\n"));
            return;
        }
        let mut fold = Fold::new(&title);
        for suppressed in &self.report.suppressed {
            let fits = fold.add(&self.suppression(suppressed), comment);
            comment.left_out.suppressed += usize::from(!fits);
        }
        fold.end(comment);
    }

    fn suppression(&self, suppressed: &Suppressed) -> String {
        let finding = &suppressed.finding;
        let file = source(self.report, finding.source);
        let line = file.position(finding.span.start).line;
        let place = format!("{}:{line}", self.path(file.path()));
        let reason = suppressed.reason.as_deref().unwrap_or("without a reason");
        let by = suppressed.by.iter().map(|by| format!(" ({})", prose(by)));
        format!(
            "\n- {} {}: {}{}\n",
            code(&place),
            code(finding.rule),
            prose(reason),
            by.collect::<String>()
        )
    }
}

/// An answer with a sign that can be seen from afar.
fn answer(grade: usize, word: &str) -> String {
    let sign = match grade {
        0 => "🟢",
        1 => "🟡",
        _ => "🔴",
    };
    format!("{sign} {word}")
}

/// A part that opens on a click; absent where nothing fits into it.
struct Fold {
    head: Option<String>,
}

const FOLD_END: &str = "\n</details>\n";

impl Fold {
    fn new(title: &str) -> Self {
        Self {
            head: Some(format!("\n<details><summary>{title}</summary>\n")),
        }
    }

    /// Adds all of the text, if there is room for it and for the fold's ends.
    fn add(&mut self, text: &str, comment: &mut Comment) -> bool {
        let whole = format!("{}{text}", self.head.as_deref().unwrap_or(""));
        let fits = comment.add_within(&whole, MAX - LAST_LINE - FOLD_END.len());
        if fits {
            self.head = None;
        }
        fits
    }

    fn end(self, comment: &mut Comment) {
        if self.head.is_none() {
            comment.add(FOLD_END);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names_and_nothing_else_is_markup() {
        let cases = [
            ("drops `a_b` of `c`", "drops `a_b` of `c`"),
            (
                "a_b <b>*x*</b> [y](z)",
                "a\\_b \\<b\\>\\*x\\*\\</b\\> \\[y\\](z)",
            ),
            ("one ` is left", "one \\` is left"),
            ("``", "\\`\\`"),
            (
                "@ann, #12 & $1",
                "@\u{200b}ann, #\u{200b}12 &amp; <span>$</span>1",
            ),
            ("two\nlines", "two lines"),
            ("`a\u{1b}b`", "`a\u{fffd}b`"),
        ];
        for (text, markdown) in cases {
            assert_eq!(prose(text), markdown);
        }
    }

    #[test]
    fn marks_are_longer_than_what_they_hold() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
        assert_eq!(fenced("SELECT '```'"), "````sql\nSELECT '```'\n````");
        assert_eq!(html("<a&b>"), "&lt;a&amp;b&gt;");
    }

    #[test]
    fn sql_in_a_help_is_fenced() {
        let blocks = help("Do this:\n    SELECT 1;\n      SELECT 2;\nand then that:\nSELECT 3;");
        assert_eq!(
            blocks,
            [
                "Do this:",
                "```sql\nSELECT 1;\n  SELECT 2;\n```",
                "and then that:",
                "```sql\nSELECT 3;\n```"
            ]
        );
    }
}
