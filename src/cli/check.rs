//! `bowline check`.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::{IntoEnumIterator, VariantNames};

use super::destination::Destination;
use super::progress::Progress;
use super::target::{self, Output, Target};
use super::{Color, Failure, config, options, place, rule_infos, step_summary};
use crate::analysis;
use crate::config::{Config, FailOn};
use crate::dialect::Dialect;
use crate::output::{self, Format};
use crate::project::{Exclude, Layout, Options, Project, discover, stream};
use crate::report::Report;
use crate::source::{ReadError, Source};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files and folders to check, or `-` for standard input; by default what
    /// the configuration names, or the current folder.
    paths: Vec<PathBuf>,
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
    /// The engine and its version, such as `postgres@16`.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<Dialect>,
    /// The tool whose file convention the migrations follow.
    #[arg(long, value_name = "TOOL", value_parser = layout_parser())]
    layout: Option<Layout>,
    /// The configuration, instead of the nearest `bowline.toml`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read no configuration.
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
    /// Turn on the rules that are off by default.
    #[arg(long)]
    pedantic: bool,
    /// List suppressed findings too.
    #[arg(long)]
    show_suppressed: bool,
    /// The file that standard input stands for.
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<String>,
    /// How many threads to use [default: one for each processor].
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZeroUsize>,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::VARIANTS).try_map(|word| word.parse::<Format>())
}

fn fail_on_parser() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(FailOn::VARIANTS).try_map(|word| word.parse::<FailOn>())
}

fn layout_parser() -> impl TypedValueParser<Value = Layout> {
    PossibleValuesParser::new(Layout::iter().map(Layout::name)).map(|word| {
        Layout::iter()
            .find(|layout| layout.name() == word)
            .unwrap_or(Layout::Plain)
    })
}

/// Checks, writes the report, and says how it ends.
pub fn run(arguments: &Arguments, color: Color) -> Result<ExitCode, Failure> {
    let input = arguments.input()?;
    let targets = target::targets(&arguments.output, arguments.format)?;
    let config = arguments.config(&input)?;
    use_threads(arguments.threads);
    let report = Progress::default();
    let report = report.watch(|| arguments.report(input, config.clone(), &report))?;
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
        let stdin = self.paths.iter().any(|path| path.as_os_str() == STDIN);
        if stdin && self.paths.len() > 1 {
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
            let paths = self.paths.iter().map(|path| place::named(path));
            return Ok(Input::Paths(paths.collect()));
        }
        let name = self.stdin_filename.as_deref().unwrap_or("stdin.sql");
        Ok(Input::Stdin(place::shown(&place::named(Path::new(name)))))
    }

    fn config(&self, input: &Input) -> Result<Arc<Config>, Failure> {
        let places = match input {
            Input::Paths(paths) => paths.clone(),
            Input::Stdin(name) => vec![PathBuf::from(name)],
        };
        let mut config = config::load(self.config.as_deref(), self.no_config, &places)?;
        config.pedantic |= self.pedantic;
        Ok(Arc::new(config))
    }

    fn report(
        &self,
        input: Input,
        config: Arc<Config>,
        progress: &Progress,
    ) -> Result<Report, Failure> {
        let mut project = self.project(input, &config)?;
        deselect(&mut project, &config);
        progress
            .total
            .store(project.sources.len(), Ordering::Relaxed);
        Ok(analysis::run(project, &config, self.engine, &progress.done))
    }

    fn project(&self, input: Input, config: &Arc<Config>) -> Result<Project, Failure> {
        let rules = Arc::clone(config);
        let options = Options {
            layout: self.layout.or(config.layout),
            engine: self.engine.or(config.dialect),
            exclude: Exclude::new(move |path| rules.excludes(path)),
        };
        match input {
            Input::Paths(paths) => Ok(discover(&or_default(paths, config), &options)),
            Input::Stdin(name) => read_stdin(&name)
                .map(|source| stream(source, &options))
                .map_err(|error| Failure::Unreadable { path: name, error }),
        }
    }
}

fn or_default(paths: Vec<PathBuf>, config: &Config) -> Vec<PathBuf> {
    if !paths.is_empty() {
        return paths;
    }
    if config.paths.is_empty() {
        return vec![PathBuf::from(".")];
    }
    let root = config.root();
    config.paths.iter().map(|path| root.join(path)).collect()
}

fn read_stdin(name: &str) -> Result<Source, ReadError> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Source::decode(name, bytes)
}

/// What the configuration ignores stays as history and is not reported on.
fn deselect(project: &mut Project, config: &Config) {
    for history in &mut project.histories {
        for migration in &mut history.migrations {
            let path = project.sources[migration.source].path();
            migration.selected &= !config.ignores(path);
        }
    }
}

fn use_threads(number: Option<NonZeroUsize>) {
    let number = number.map_or(0, NonZeroUsize::get);
    // Fails only where a pool is running already, and that one serves as well.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(number)
        .build_global();
}
