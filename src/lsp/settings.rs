//! `bowline.toml` as it lies around the open files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, ConfigError};
use crate::project::{Exclude, Options};
use crate::rules;
use crate::source::Source;

/// What was read of one file.
#[derive(Debug, Default)]
struct Read {
    /// The last that could be used.
    config: Arc<Config>,
    error: Option<ConfigError>,
    fresh: bool,
}

/// The configurations in use, by their files; no file has the default.
#[derive(Debug, Default)]
pub struct Settings {
    read: BTreeMap<Option<PathBuf>, Read>,
}

impl Settings {
    /// Reads everything again when it is next asked for.
    pub fn outdate(&mut self) {
        for read in self.read.values_mut() {
            read.fresh = false;
        }
    }

    /// The configuration of a file. One that has a mistake leaves the last good
    /// one in force.
    pub fn of(&mut self, path: &str) -> Arc<Config> {
        let file = Config::find(Path::new(path));
        let read = self.read.entry(file.clone()).or_default();
        if !read.fresh {
            read.fresh = true;
            read.error = None;
            match file.as_deref().map(load) {
                None => {}
                Some(Ok(config)) => read.config = Arc::new(config),
                Some(Err(error)) => read.error = Some(error),
            }
        }
        Arc::clone(&read.config)
    }

    /// Each file with its mistake, if it has one.
    pub fn files(&self) -> impl Iterator<Item = (&Path, Option<&ConfigError>)> {
        self.read
            .iter()
            .filter_map(|(file, read)| Some((file.as_deref()?, read.error.as_ref())))
    }
}

fn load(file: &Path) -> Result<Config, ConfigError> {
    let shown = file.to_string_lossy();
    let source = Source::read(file, shown.as_ref()).map_err(|error| ConfigError {
        file: shown.to_string(),
        line: 1,
        message: error.to_string(),
    })?;
    let rules: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    Config::parse(source.text(), file, &rules)
}

/// What a configuration decides about files.
pub fn options(config: &Arc<Config>) -> Options {
    let rules = Arc::clone(config);
    Options {
        layout: config.layout,
        transaction: config.transaction,
        engine: config.dialect,
        exclude: Exclude::new(move |path| rules.excludes(path)),
        ..Options::default()
    }
}
