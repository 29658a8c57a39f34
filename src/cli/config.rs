//! Which `bowline.toml` holds for a run.

use std::path::{Path, PathBuf};

use super::{Failure, place, rule_ids};
use crate::config::Config;
use crate::source::{ReadError, Source};

/// The named file, none, or the nearest one above the paths that are checked.
pub fn load(named: Option<&Path>, none: bool, paths: &[PathBuf]) -> Result<Config, Failure> {
    match named {
        Some(file) => read(file),
        None if none => Ok(Config::default()),
        None => match find(paths)? {
            Some(file) => read(&place::found(&file)),
            None => Ok(Config::default()),
        },
    }
}

fn read(file: &Path) -> Result<Config, Failure> {
    let shown = place::shown(file);
    let source = Source::read(file, shown.clone())
        .map_err(|error: ReadError| Failure::Unreadable { path: shown, error })?;
    Ok(Config::parse(source.text(), file, &rule_ids())?)
}

/// Paths under different configurations cannot be one run: their rules would
/// contradict each other.
fn find(paths: &[PathBuf]) -> Result<Option<PathBuf>, Failure> {
    let mut files = paths.iter().map(|path| Config::find(path));
    let Some(first) = files.next() else {
        return Ok(Config::find(Path::new(".")));
    };
    match files.find(|file| *file != first) {
        None => Ok(first),
        Some(other) => {
            let name = |file: Option<PathBuf>| {
                file.map_or("none".into(), |file| {
                    format!("`{}`", place::shown(&place::found(&file)))
                })
            };
            Err(Failure::Usage(format!(
                "the paths have different configurations ({} and {}); check them one at a time, or choose with --config",
                name(first),
                name(other)
            )))
        }
    }
}
