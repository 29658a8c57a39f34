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
use super::fix::{self, Way};
use super::progress::Progress;
use super::target::{self, Output, Target};
use super::{Color, Failure, options, place, rule_infos, step_summary};
use crate::analysis;
use crate::config::{Config, FailOn};
use crate::finding::Fix;
use crate::fix::Texts;
use crate::output::{self, Format};
use crate::project::{self, Options, Project, in_place};
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
    /// Change the files where a finding has a fix that keeps the meaning, and
    /// report on what is left; standard input is written, fixed, to standard
    /// output.
    #[arg(long)]
    fix: bool,
    /// Only show what --fix would change.
    #[arg(long, requires = "fix", conflicts_with = "output")]
    diff: bool,
    /// Apply the fixes too that want to be looked at.
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,
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
    let progress = Progress::default();
    let judge = |texts: &Texts| -> Result<Report, Failure> {
        let mut report = arguments.report(&input, &config, texts, &progress)?;
        if let (Some(accepted), Some(file)) = (&accepted, &file) {
            baseline::apply(accepted, file, &mut report);
        }
        Ok(report)
    };
    let mut aside = false;
    let report = if arguments.fix {
        let is_wanted = |fix: &Fix| fix.safe || arguments.unsafe_fixes;
        let outcome = progress.watch(|| crate::fix::apply(judge, is_wanted))?;
        let way = arguments.way(&input);
        fix::deliver(&outcome, way)?;
        aside = !matches!(way, Way::Files { .. });
        outcome.report
    } else {
        progress.watch(|| judge(&Texts::new()))?
    };
    for target in targets {
        let target = if aside { target.aside() } else { target };
        write(&report, target, arguments.show_suppressed, color)?;
    }
    let threshold = arguments.fail_on.or(config.fail_on).unwrap_or_default();
    let code = exit_code(&report, threshold, arguments.exit_zero);
    // The program ends here: the system takes back all of its memory at once.
    std::mem::forget(report);
    Ok(code)
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
    Stdin(Arc<Source>),
}

const STDIN: &str = "-";

impl Arguments {
    fn input(&self) -> Result<Input, Failure> {
        if self.fix && self.staged {
            return Err(Failure::Usage(
                "--fix changes files on disk, and --staged judges what is staged: fix them with `--fix --since HEAD`, then stage them".into(),
            ));
        }
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
        let name = project::shown(&place::named(Path::new(name)));
        match read_stdin(&name) {
            Ok(source) => Ok(Input::Stdin(Arc::new(source))),
            Err(error) => Err(Failure::Unreadable { path: name, error }),
        }
    }

    fn config(&self, input: &Input) -> Result<Arc<Config>, Failure> {
        let places = match input {
            Input::Paths(paths) => paths.clone(),
            Input::Stdin(source) => vec![PathBuf::from(source.path())],
        };
        self.checked.config(&places)
    }

    /// Reports on the input, with these texts in the place of its files.
    fn report(
        &self,
        input: &Input,
        config: &Arc<Config>,
        texts: &Texts,
        progress: &Progress,
    ) -> Result<Report, Failure> {
        let project = self.project(input, config, texts)?;
        progress
            .total
            .store(project.sources.len(), Ordering::Relaxed);
        let mut report = analysis::run(project, config, self.checked.engine, &progress.done);
        if let Input::Stdin(source) = input {
            report.narrow_to(source.path());
        }
        Ok(report)
    }

    fn project(
        &self,
        input: &Input,
        config: &Arc<Config>,
        texts: &Texts,
    ) -> Result<Project, Failure> {
        let options = self.checked.options(config);
        match input {
            Input::Paths(paths) => {
                let options = Options {
                    texts: Arc::new(texts.clone()),
                    ..options
                };
                self.checked
                    .discover(paths.clone(), options, config, self.judged())
            }
            Input::Stdin(source) => {
                let source = match texts.get(source.path()) {
                    Some(text) => Arc::new(Source::new(source.path(), text.as_str())),
                    None => Arc::clone(source),
                };
                Ok(in_place(source, &options))
            }
        }
    }

    /// Where the fixed texts go.
    fn way<'a>(&self, input: &'a Input) -> Way<'a> {
        match input {
            _ if self.diff => Way::Diff,
            Input::Stdin(source) => Way::Stdout(source),
            Input::Paths(paths) => Way::Files {
                may_be_old: self.since.is_none()
                    && (paths.is_empty() || paths.iter().any(|path| path.is_dir())),
            },
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
