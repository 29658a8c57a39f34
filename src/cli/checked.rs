//! Which files a run looks at, and how it understands them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::IntoEnumIterator;

use super::{Failure, config, place};
use crate::config::Config;
use crate::dialect::Dialect;
use crate::git::Repository;
use crate::project::{Exclude, Layout, Options, Project, discover, is_of_interest};

#[derive(Debug, Args)]
pub struct Checked {
    /// Files and folders to check, or `-` for standard input; by default what
    /// the configuration names, or the current folder.
    pub paths: Vec<PathBuf>,
    /// The engine and its version, such as `postgres@16`.
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<Dialect>,
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
    /// How many threads to use [default: one for each processor].
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZeroUsize>,
}

fn layout_parser() -> impl TypedValueParser<Value = Layout> {
    PossibleValuesParser::new(Layout::iter().map(Layout::name)).map(|word| {
        Layout::iter()
            .find(|layout| layout.name() == word)
            .unwrap_or(Layout::Plain)
    })
}

/// Which of the migrations are judged; the others are context.
#[derive(Clone, Copy, Debug)]
pub enum Judged<'a> {
    All,
    Since(&'a str),
    Staged,
}

impl Checked {
    /// The paths as they were named.
    pub fn named(&self) -> Vec<PathBuf> {
        self.paths.iter().map(|path| place::named(path)).collect()
    }

    /// The configuration that holds for some paths.
    pub fn config(&self, places: &[PathBuf]) -> Result<Arc<Config>, Failure> {
        let mut config = config::load(self.config.as_deref(), self.no_config, places)?;
        config.pedantic |= self.pedantic;
        Ok(Arc::new(config))
    }

    pub fn options(&self, config: &Arc<Config>) -> Options {
        let rules = Arc::clone(config);
        Options {
            layout: self.layout.or(config.layout),
            transaction: config.transaction,
            engine: self.engine.or(config.dialect),
            exclude: Exclude::new(move |path| rules.excludes(path)),
            ..Options::default()
        }
    }

    /// Finds the migrations at some paths, or where the configuration says;
    /// `options` are those of [`Checked::options`].
    pub fn discover(
        &self,
        paths: Vec<PathBuf>,
        mut options: Options,
        config: &Config,
        judged: Judged<'_>,
    ) -> Result<Project, Failure> {
        let paths = or_default(paths, config);
        match judged {
            Judged::All => {}
            Judged::Since(revision) => {
                let repository = Repository::around(&paths)?;
                let changes = repository.since(revision, is_of_interest)?;
                options.changes = Some(Arc::new(changes));
            }
            Judged::Staged => {
                let (changes, index) = Repository::around(&paths)?.staged(is_of_interest)?;
                options.changes = Some(Arc::new(changes));
                options.index = Some(Arc::new(index));
            }
        }
        Ok(discover(&paths, &options))
    }

    pub fn use_threads(&self) {
        let number = self.threads.map_or(0, NonZeroUsize::get);
        // Fails only where a pool is running already, and that one serves as well.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(number)
            .build_global();
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
