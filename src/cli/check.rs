//! `bowline check`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::VariantNames;

use super::baseline;
use super::checked::{Checked, Judged};
use super::destination::Destination;
use super::progress::Progress;
use super::target::{self, Output, Target};
use super::{Color, Failure, options, place, rule_infos, step_summary};
use crate::analysis;
use crate::config::{Config, FailOn};
use crate::output::{self, Format};
use crate::project::{self, Project, in_place};
use crate::report::Report;
use crate::source::{ReadError, Source};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    checked: Checked,
    /// The form of the report: `human` for a terminal; `json` for scripts; `sarif` for code
    /// scanning; `github` for annotations in GitHub Actions, with the Markdown in the step's
    /// summary; `gitlab` for Code Quality; `rdjsonl` for reviewdog; `markdown` for a comment
    /// on a pull request.
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = format_parser())]
    format: Format,
    /// Write the report to a file, which is replaced as a whole; with a format before it,
    /// besides what goes to standard output. May be given several times.
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = target::parse)]
    output: Vec<Output>,
    /// The least severe finding that makes the exit code 1 [default: error].
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on_parser())]
    fail_on: Option<FailOn>,
    /// Exit with 0 whatever is found.
    #[arg(long)]
    exit_zero: bool,
    /// Judge only migrations that are new or changed since a revision's common
    /// ancestor with HEAD; the others are read as their history.
    #[arg(long, value_name = "REV", conflicts_with = "staged")]
    since: Option<String>,
    /// Judge only staged migrations, in the form in which they are staged.
    #[arg(long)]
    staged: bool,
    /// Keep quiet about the findings that a file of `bowline baseline` accepts.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// List suppressed findings too.
    #[arg(long)]
    show_suppressed: bool,
    /// The file that standard input stands for: it is judged in that file's
    /// place within its history, and findings are about it alone.
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<String>,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::VARIANTS).try_map(|word| word.parse::<Format>())
}

fn fail_on_parser() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(FailOn::VARIANTS).try_map(|word| word.parse::<FailOn>())
}

/// Checks, writes the report, and says how it ends.
pub fn run(arguments: &Arguments, color: Color) -> Result<ExitCode, Failure> {
    let input = arguments.input()?;
    let targets = target::targets(&arguments.output, arguments.format)?;
    let config = arguments.config(&input)?;
    arguments.checked.use_threads();
    let file = arguments.baseline.clone();
    let file = file.or_else(|| baseline::configured(&config));
    let accepted = file.as_deref().map(baseline::read).transpose()?;
    let report = Progress::default();
    let mut report = report.watch(|| arguments.report(input, config.clone(), &report))?;
    if let (Some(accepted), Some(file)) = (accepted, &file) {
        baseline::apply(accepted, file, &mut report);
    }
    for target in &targets {
        write(&report, *target, arguments.show_suppressed, color)?;
    }
    let threshold = arguments.fail_on.or(config.fail_on).unwrap_or_default();
    Ok(exit_code(&report, threshold, arguments.exit_zero))
}

fn write(
    report: &Report,
    Target {
        format,
        destination,
    }: Target<'_>,
    suppressed: bool,
    color: Color,
) -> Result<(), Failure> {
    let options = output::Options {
        suppressed,
        ..options(color, matches!(destination, Destination::Stdout))
    };
    let rules = rule_infos();
    destination.write(|out| format.write(report, &rules, &options, out))?;
    match format {
        Format::Github => step_summary::append(report, &rules, &options),
        _ => Ok(()),
    }
}

fn exit_code(report: &Report, threshold: FailOn, exit_zero: bool) -> ExitCode {
    let is_reached = |finding: &crate::finding::Finding| threshold.is_reached_by(finding.severity);
    if report.problems.iter().any(|problem| problem.fatal) {
        ExitCode::from(2)
    } else if !exit_zero && report.findings.iter().any(is_reached) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}

/// What is to be checked.
enum Input {
    /// Files and folders; none means what the configuration says.
    Paths(Vec<PathBuf>),
    /// Standard input, under a name.
    Stdin(String),
}

const STDIN: &str = "-";

impl Arguments {
    fn input(&self) -> Result<Input, Failure> {
        let stdin = self
            .checked
            .paths
            .iter()
            .any(|path| path.as_os_str() == STDIN);
        if stdin && self.checked.paths.len() > 1 {
            return Err(Failure::Usage(
                "`-` is the only path where it is one".into(),
            ));
        }
        if !stdin && self.stdin_filename.is_some() {
            return Err(Failure::Usage(
                "--stdin-filename names standard input; give `-` as the path".into(),
            ));
        }
        if !stdin {
            return Ok(Input::Paths(self.checked.named()));
        }
        if self.staged || self.since.is_some() {
            return Err(Failure::Usage(
                "--since and --staged ask git about files, and standard input is none".into(),
            ));
        }
        let name = self.stdin_filename.as_deref().unwrap_or("stdin.sql");
        Ok(Input::Stdin(project::shown(&place::named(Path::new(name)))))
    }

    fn config(&self, input: &Input) -> Result<Arc<Config>, Failure> {
        let places = match input {
            Input::Paths(paths) => paths.clone(),
            Input::Stdin(name) => vec![PathBuf::from(name)],
        };
        self.checked.config(&places)
    }

    fn report(
        &self,
        input: Input,
        config: Arc<Config>,
        progress: &Progress,
    ) -> Result<Report, Failure> {
        let only = match &input {
            Input::Stdin(name) => Some(name.clone()),
            Input::Paths(_) => None,
        };
        let project = self.project(input, &config)?;
        progress
            .total
            .store(project.sources.len(), Ordering::Relaxed);
        let mut report = analysis::run(project, &config, self.checked.engine, &progress.done);
        if let Some(name) = only {
            report.narrow_to(&name);
        }
        Ok(report)
    }

    fn project(&self, input: Input, config: &Arc<Config>) -> Result<Project, Failure> {
        match input {
            Input::Paths(paths) => self.checked.discover(paths, config, self.judged()),
            Input::Stdin(name) => read_stdin(&name)
                .map(|source| in_place(source, &self.checked.options(config)))
                .map_err(|error| Failure::Unreadable { path: name, error }),
        }
    }

    fn judged(&self) -> Judged<'_> {
        match &self.since {
            Some(revision) => Judged::Since(revision),
            None if self.staged => Judged::Staged,
            None => Judged::All,
        }
    }
}

fn read_stdin(name: &str) -> Result<Source, ReadError> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Source::decode(name, bytes)
}
