//! `bowline undo`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::destination::Destination;
use super::{Failure, config, place};
use crate::analysis;
use crate::dialect::Dialect;
use crate::inverse::Kind;
use crate::output::undo;
use crate::project::way_back::Place;
use crate::project::{Options, discover, shown};
use crate::report::{Report, Return};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The migration to go back from, in its folder.
    file: PathBuf,
    /// Write the down where its tool looks for it, instead of printing it.
    #[arg(long)]
    write: bool,
    /// Write over a down that is there already.
    #[arg(long, requires = "write")]
    force: bool,
    /// The engine and its version, such as `postgres@16`.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<Dialect>,
    /// The configuration, instead of the nearest `bowline.toml`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read no configuration.
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
}

/// Prints or writes the way back from a migration. Ends with 1 if a statement
/// cannot be undone from what the files say.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let file = place::named(&arguments.file);
    let config = config::load(
        arguments.config.as_deref(),
        arguments.no_config,
        std::slice::from_ref(&file),
    )?;
    let options = Options {
        layout: config.layout,
        transaction: config.transaction,
        engine: arguments.engine.or(config.dialect),
        ..Options::default()
    };
    let project = discover(std::slice::from_ref(&file), &options);
    let report = analysis::run_by_statement(project, &config, arguments.engine);
    if let Some(problem) = report.problems.iter().find(|problem| problem.fatal) {
        let path = &problem.path;
        return Err(Failure::Usage(format!("`{path}` {}", problem.message)));
    }
    let path = shown(&file);
    let found: Vec<&Return> = report
        .returns
        .iter()
        .filter(|back| report.sources[back.source].path() == path)
        .collect();
    if found.is_empty() {
        return Err(Failure::Usage(format!(
            "`{path}` is no migration that one could go back from"
        )));
    }
    match arguments.write {
        true => write(&report, &found, arguments.force)?,
        false => print(&report, &found)?,
    }
    let whole = found.iter().all(|back| back.way.kind != Kind::Impossible);
    Ok(ExitCode::from(u8::from(!whole)))
}

/// The last migration of a file is undone first.
fn print(report: &Report, found: &[&Return]) -> Result<(), Failure> {
    Destination::Stdout.write(|out| {
        for back in found.iter().rev() {
            if found.len() > 1 {
                writeln!(out, "-- {}", back.id)?;
            }
            let source = &report.sources[back.source];
            out.write_all(undo::script(back, source).as_bytes())?;
        }
        Ok(())
    })
}

fn write(report: &Report, found: &[&Return], force: bool) -> Result<(), Failure> {
    let source = &report.sources[found[0].source];
    let mut text = source.text().to_owned();
    let mut target = source.path().to_owned();
    // Later sections first, so that the places of the others hold.
    for back in found.iter().rev() {
        let script = undo::script(back, source);
        match &back.place {
            Place::Nowhere(why) => {
                return Err(Failure::Usage(format!(
                    "there is no place for the down of `{}`: {why}; without `--write` it is printed",
                    source.path()
                )));
            }
            Place::File { path, head } => {
                if Path::new(path).exists() && !force {
                    return Err(taken(path));
                }
                target.clone_from(path);
                text = format!("{head}{script}");
            }
            Place::Section {
                span,
                head,
                taken: is_taken,
                ..
            } => {
                if *is_taken && (!force || span.is_empty()) {
                    return Err(taken(source.path()));
                }
                let edited = crate::source::Source::new(source.path(), text);
                text = undo::with_section(&edited, *span, head, &script);
            }
        }
    }
    let path = Path::new(&target);
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| Failure::Unwritable {
            path: target.clone(),
            error,
        })?;
    }
    Destination::File(path).write(|out| out.write_all(text.as_bytes()))?;
    let _ = writeln!(io::stderr(), "wrote `{target}`");
    Ok(())
}

fn taken(path: &str) -> Failure {
    Failure::Usage(format!(
        "`{path}` holds a down already; `--force` writes over one that stands in a file or section of its own"
    ))
}
