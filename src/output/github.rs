//! Workflow commands, which GitHub shows as annotations of a run and of the
//! changed lines of a pull request.
//!
//! GitHub takes ten errors, ten warnings and ten notices from a step and drops
//! the rest without a word, so the most severe come first and the number left
//! out is said.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::io;

use super::paint::shown;
use super::{Options, RuleInfo, count, source};
use crate::finding::{Finding, Severity};
use crate::project::Problem;
use crate::report::Report;

/// What GitHub shows of each kind.
const MAX: usize = 10;

/// Writes the report as workflow commands, one a line.
///
/// # Errors
/// What `out` answers.
pub fn write(
    report: &Report,
    _: &[RuleInfo],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut commands = commands(report, options);
    commands.sort_by_key(|command| Reverse(command.severity));
    let left_out = leave_out(&mut commands);
    for command in &commands {
        command.write(out)?;
    }
    if left_out == 0 {
        return Ok(());
    }
    let what = count(left_out, "annotation");
    writeln!(
        out,
        "::notice title=bowline::{what} left out: GitHub shows {MAX} errors, {MAX} warnings and {MAX} notices of a step"
    )
}

struct Command {
    severity: Severity,
    properties: String,
    message: String,
}

fn commands(report: &Report, options: &Options) -> Vec<Command> {
    let problems = report.problems.iter().map(|p| of_problem(p, options));
    let findings = report
        .findings
        .iter()
        .map(|finding| of_finding(finding, report, options));
    problems.chain(findings).collect()
}

fn of_finding(finding: &Finding, report: &Report, options: &Options) -> Command {
    let file = source(report, finding.source);
    let start = file.position(finding.span.start);
    let end = file.position(finding.span.end).max(start);
    let path = options.repository.path(file.path());
    let mut properties = format!(
        "file={},line={},endLine={}",
        property(&path),
        start.line,
        end.line
    );
    if start.line == end.line {
        properties.push_str(&format!(",col={},endColumn={}", start.column, end.column));
    }
    properties.push_str(&format!(",title={}", property(finding.rule)));
    let help = finding.help.trim_end();
    let gap = if help.is_empty() { "" } else { "\n\n" };
    Command {
        severity: finding.severity,
        properties,
        message: format!("{}{gap}{help}", finding.message),
    }
}

fn of_problem(problem: &Problem, options: &Options) -> Command {
    let path = options.repository.path(&problem.path);
    let (severity, title) = match problem.fatal {
        true => (Severity::Error, "not checked"),
        false => (Severity::Info, "note"),
    };
    Command {
        severity,
        properties: format!("file={},title={title}", property(&path)),
        message: format!("`{path}` {}", problem.message),
    }
}

/// Cuts each kind to what is shown of it, and says how many that were. The
/// notice that says so takes the place of one.
fn leave_out(commands: &mut Vec<Command>) -> usize {
    let all = commands.len();
    let mut numbers = [0; 3];
    for command in commands.iter() {
        numbers[command.severity as usize] += 1;
    }
    let is_cut = numbers.iter().any(|number| *number > MAX);
    let mut room = [MAX; 3];
    room[Severity::Info as usize] -= usize::from(is_cut);
    commands.retain(|command| {
        let room = &mut room[command.severity as usize];
        let fits = *room > 0;
        *room = room.saturating_sub(1);
        fits
    });
    all - commands.len()
}

impl Command {
    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let name = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        writeln!(
            out,
            "::{name} {}::{}",
            self.properties,
            data(&shown(&self.message))
        )
    }
}

/// Text as the runner reads it behind the command.
fn data(text: &str) -> Cow<'_, str> {
    escaped(text, &['%', '\r', '\n'])
}

/// Text as the runner reads it in a property.
fn property(text: &str) -> Cow<'_, str> {
    escaped(text, &['%', '\r', '\n', ':', ','])
}

fn escaped<'a>(text: &'a str, signs: &[char]) -> Cow<'a, str> {
    if !text.contains(signs) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match signs.contains(&c) {
            true => escaped.push_str(&format!("%{:02X}", u32::from(c))),
            false => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}
