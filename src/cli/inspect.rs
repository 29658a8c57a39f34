//! `bowline inspect`.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::VariantNames;

use super::destination::Destination;
use super::{Color, Failure, config, options, place};
use crate::analysis;
use crate::dialect::Dialect;
use crate::output::inspect::Format;
use crate::project::{Options, Project, discover, shown, stream};
use crate::report::Report;
use crate::source::{ReadError, Source};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The file to inspect, or `-` for standard input.
    file: PathBuf,
    /// The engine and its version, such as `postgres@16`.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<Dialect>,
    /// The history before the file: a file of SQL, or a folder of migrations; may be given
    /// several times, in order. Without it, the migrations that stand before the file in its
    /// folder count.
    #[arg(long, value_name = "PATH")]
    schema: Vec<PathBuf>,
    /// `human` for a terminal; `json` for scripts.
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = format_parser())]
    format: Format,
    /// The configuration, instead of the nearest `bowline.toml`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read no configuration.
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::VARIANTS).try_map(|word| word.parse::<Format>())
}

const STDIN: &str = "-";

/// Writes what each statement of a file does.
pub fn run(arguments: &Arguments, color: Color) -> Result<ExitCode, Failure> {
    let place = match arguments.is_stdin() {
        true => PathBuf::from("."),
        false => place::named(&arguments.file),
    };
    let config = config::load(arguments.config.as_deref(), arguments.no_config, &[place])?;
    let read = Options {
        layout: config.layout,
        transaction: config.transaction,
        engine: arguments.engine.or(config.dialect),
        ..Options::default()
    };
    let project = arguments.project(&read)?;
    let mut report = analysis::run_by_statement(project, &config, arguments.engine);
    if !arguments.is_stdin() && !arguments.file.is_dir() {
        // Not what goes back in a file beside it.
        report.narrow_to(&shown(&place::named(&arguments.file)));
    }
    let code = problems(&report);
    if code == ExitCode::SUCCESS || !report.statements.is_empty() {
        let options = options(color, true);
        Destination::Stdout.write(|out| arguments.format.write(&report, &options, out))?;
    }
    Ok(code)
}

/// Says on standard error what could not be read.
fn problems(report: &Report) -> ExitCode {
    let mut stderr = io::stderr().lock();
    for problem in &report.problems {
        let name = if problem.fatal { "error" } else { "note" };
        let _ = writeln!(stderr, "{name}: `{}` {}", problem.path, problem.message);
    }
    let fatal = report.problems.iter().any(|problem| problem.fatal);
    if fatal {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

impl Arguments {
    fn is_stdin(&self) -> bool {
        self.file.as_os_str() == STDIN
    }

    fn project(&self, options: &Options) -> Result<Project, Failure> {
        let file = place::named(&self.file);
        if self.is_stdin() {
            return Ok(stream(read_stdin()?, options).preceded_by(self.before(options)?));
        }
        if self.schema.is_empty() {
            return Ok(discover(&[file], options));
        }
        Ok(read(&file, options)?.preceded_by(self.before(options)?))
    }

    fn before(&self, options: &Options) -> Result<Vec<Project>, Failure> {
        let paths = self.schema.iter().map(|path| place::named(path));
        paths
            .map(|path| match path.is_dir() {
                true => Ok(discover(&[path], options)),
                false => read(&path, options),
            })
            .collect()
    }
}

/// A file by itself.
fn read(file: &Path, options: &Options) -> Result<Project, Failure> {
    let path = shown(file);
    match Source::read(file, path.clone()) {
        Ok(source) => Ok(stream(Arc::new(source), options)),
        Err(error) => Err(Failure::Unreadable { path, error }),
    }
}

fn read_stdin() -> Result<Arc<Source>, Failure> {
    let path = "stdin.sql";
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    let source = read
        .map_err(ReadError::from)
        .and_then(|_| Source::decode(path, bytes));
    source.map(Arc::new).map_err(|error| Failure::Unreadable {
        path: path.into(),
        error,
    })
}
