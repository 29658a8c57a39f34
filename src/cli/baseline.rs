//! `bowline baseline`, and the file that it writes.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use clap::Args;

use super::checked::{Checked, Judged};
use super::destination::Destination;
use super::{Failure, place};
use crate::analysis;
use crate::baseline::{Baseline, Paths};
use crate::config::Config;
use crate::report::Report;
use crate::source::Source;

const FILE_NAME: &str = "bowline-baseline.json";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    checked: Checked,
    /// The file to write [default: `baseline` of the configuration, or
    /// bowline-baseline.json].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Accept nothing new: only take out the entries that stand for nothing any
    /// more.
    #[arg(long)]
    prune: bool,
}

/// Writes the findings of today as those that are accepted.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let paths = arguments.checked.named();
    let config = arguments.checked.config(&paths)?;
    arguments.checked.use_threads();
    let file = arguments
        .output
        .clone()
        .or_else(|| configured(&config))
        .unwrap_or_else(|| PathBuf::from(FILE_NAME));
    let old = match arguments.prune {
        true => Some(read(&file)?),
        false => None,
    };
    let mut report = report(&arguments.checked, paths, &config)?;
    let folder = Folder::of(&file);
    let before = old.as_ref().map_or(0, Baseline::len);
    let baseline = match old {
        Some(old) => old.apply(&mut report, &place::shown(&file), &folder),
        None => Baseline::of(&report, &folder),
    };
    Destination::File(&file).write(|out| baseline.write(out))?;
    let told = match arguments.prune {
        true => format!(
            "{} taken out of `{}`, {} left",
            before - baseline.len().min(before),
            place::shown(&file),
            baseline.len()
        ),
        false => {
            let ending = if baseline.len() == 1 { "" } else { "s" };
            format!(
                "{} finding{ending} accepted in `{}`",
                baseline.len(),
                place::shown(&file)
            )
        }
    };
    Destination::Stdout.write(|out| writeln!(out, "{told}"))?;
    Ok(ExitCode::SUCCESS)
}

fn report(checked: &Checked, paths: Vec<PathBuf>, config: &Arc<Config>) -> Result<Report, Failure> {
    let project = checked.discover(paths, checked.options(config), config, Judged::All)?;
    let report = analysis::run(project, config, checked.engine, &AtomicUsize::new(0));
    // A file that was not checked would have its findings come back as new ones.
    match report.problems.iter().find(|problem| problem.fatal) {
        None => Ok(report),
        Some(problem) => Err(Failure::Usage(format!(
            "`{}` {}; no baseline was written",
            problem.path, problem.message
        ))),
    }
}

/// The file that the configuration names.
pub fn configured(config: &Config) -> Option<PathBuf> {
    let name = config.baseline.as_ref()?;
    Some(place::found(&config.root().join(name)))
}

/// Reads a baseline.
pub fn read(file: &Path) -> Result<Baseline, Failure> {
    let path = place::shown(file);
    let source = Source::read(file, path.clone()).map_err(|error| Failure::Unreadable {
        path: path.clone(),
        error,
    })?;
    Baseline::parse(source.text()).map_err(|error| Failure::Baseline { path, error })
}

/// Takes the findings that a baseline knows out of a report.
pub fn apply(baseline: &Baseline, file: &Path, report: &mut Report) {
    baseline.apply(report, &place::shown(file), &Folder::of(file));
}

/// The folder of a baseline, from which its paths lead.
struct Folder(PathBuf);

impl Folder {
    fn of(file: &Path) -> Self {
        let file = absolute(file).unwrap_or_else(|_| file.to_path_buf());
        Self(file.parent().map(Path::to_path_buf).unwrap_or_default())
    }
}

/// Without `..`, links left as they are.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    let mut clean = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            std::path::Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    Ok(clean)
}

impl Paths for Folder {
    fn name(&self, path: &str) -> String {
        match absolute(Path::new(path)) {
            Ok(full) => place::shown(&place::between(&self.0, &full)),
            Err(_) => path.into(),
        }
    }

    fn exists(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }
}
