//! `bowline init`: a `bowline.toml` that says what was found.
//!
//! What was found is written as it is; every other key stands there as a
//! comment, so that the file shows what can be said without saying it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rustc_hash::FxHashSet;

use super::destination::Destination;
use super::{Failure, place};
use crate::config::{FILE_NAME, about};
use crate::dialect::{Dialect, Engine};
use crate::project::{History, Layout, Options, Project, discover, sources_of};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The project's root, where the file is written.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Replace the file that is there.
    #[arg(long)]
    force: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let folder = place::named(&arguments.folder);
    if !folder.is_dir() {
        let shown = place::shown(&folder);
        return Err(Failure::Usage(format!("`{shown}` is not a folder")));
    }
    let file = match folder.to_str() {
        Some(".") => PathBuf::from(FILE_NAME),
        _ => folder.join(FILE_NAME),
    };
    let shown = place::shown(&file);
    // A link that leads nowhere is something that is there, too.
    if !arguments.force && file.symlink_metadata().is_ok() {
        return Err(Failure::Usage(format!(
            "`{shown}` is there already; --force replaces it"
        )));
    }
    let project = discover(std::slice::from_ref(&folder), &Options::default());
    let found = Found::new(&project, &folder);
    let text = found.file();
    Destination::File(&file).write(|out| out.write_all(text.as_bytes()))?;
    let summary = found.summary();
    Destination::Stdout.write(|out| writeln!(out, "wrote {shown}: {summary}"))?;
    Ok(ExitCode::SUCCESS)
}

/// What the project shows of itself.
struct Found {
    /// The layouts of the histories that are judged, in order, each once.
    layouts: Vec<Layout>,
    /// The engine and version that a file declares, where they agree.
    dialect: Option<Dialect>,
    /// The folders of the histories, relative to the project's root.
    roots: Vec<String>,
    migrations: usize,
    /// Folders of engines that are not judged.
    left_out: Vec<(String, Engine)>,
}

impl Found {
    fn new(project: &Project, folder: &Path) -> Self {
        let (judged, others): (Vec<&History>, Vec<&History>) = project
            .histories
            .iter()
            .partition(|history| history.engine == Engine::Postgres);
        let root = |history: &&History| below(&folder_of(project, history), folder);
        let mut dialects = judged.iter().map(|history| history.dialect);
        let first = dialects.next().flatten();
        Self {
            layouts: once(judged.iter().map(|history| history.layout)),
            dialect: first.filter(|dialect| dialects.all(|other| other == Some(*dialect))),
            roots: outermost(once(judged.iter().map(root))),
            migrations: judged.iter().map(|history| history.migrations.len()).sum(),
            left_out: once(others.iter().map(|h| (root(h), h.engine))),
        }
    }

    fn summary(&self) -> String {
        if self.migrations == 0 {
            return "no migrations for PostgreSQL found yet".into();
        }
        let names: Vec<_> = self.layouts.iter().map(|layout| layout.name()).collect();
        let ending = if self.migrations == 1 { "" } else { "s" };
        let roots: Vec<_> = self.roots.iter().map(|root| format!("`{root}`")).collect();
        format!(
            "{} migration{ending} ({}) in {}",
            self.migrations,
            names.join(", "),
            roots.join(", ")
        )
    }

    fn file(&self) -> String {
        let mut text = String::from(
            "# What this project says about its migrations to bowline. Every key is optional;\n\
             # a line that begins with `#` shows a value and says nothing.\n",
        );
        self.engine(&mut text);
        self.layout(&mut text);
        self.paths(&mut text);
        text.push_str(REST_OF_KEYS);
        described(&text)
    }

    fn engine(&self, text: &mut String) {
        match self.dialect {
            Some(dialect) => *text += &format!("\n#: engine\nengine = \"{dialect}\"\n"),
            None => {
                let newest = Dialect::default();
                *text += &format!(
                    "\n#: engine\n# No file says which; without this key it is {newest}.\n# engine = \"{newest}\"\n"
                );
            }
        }
    }

    fn layout(&self, text: &mut String) {
        text.push_str("\n#: layout\n");
        match self.layouts.as_slice() {
            [] => text.push_str("# layout = \"plain\"\n"),
            [layout] => *text += &format!("layout = \"{}\"\n", layout.name()),
            several => {
                text.push_str("# Several were found, and one for all would be wrong:\n");
                for layout in several {
                    let _ = writeln!(text, "# layout = \"{}\"", layout.name());
                }
            }
        }
        text.push_str("\n#: transaction\n# transaction = \"file\"\n");
    }

    fn paths(&self, text: &mut String) {
        text.push_str("\n#: paths\n");
        for (root, engine) in &self.left_out {
            let _ = writeln!(
                text,
                "# Left out, as bowline does not judge {engine}: {}",
                quoted(root)
            );
        }
        if self.roots.is_empty() {
            text.push_str("# paths = [\"migrations\"]\n");
        } else {
            let roots: Vec<_> = self.roots.iter().map(|root| quoted(root)).collect();
            let _ = writeln!(text, "paths = [{}]", roots.join(", "));
        }
    }
}

const REST_OF_KEYS: &str = r#"
#: exclude
# exclude = ["db/vendor"]

#: fail-on
# fail-on = "error"

#: baseline
# baseline = "bowline-baseline.json"

#: pedantic
# pedantic = false

#: suppressions-of
# suppressions-of = ["squawk", "atlas"]

#: phases
# [phases]
# contract = ["db/migrations/*_drop_*"]

#: rules
# [rules]
# missing-statement-timeout = "warning"
# drop-index = "off"

#: path
# [[path]]
# globs = ["db/migrations/2023*"]
# ignore = true
"#;

/// The text with what each `#: key` is about in its place.
fn described(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("#: ") {
        Some(key) => format!("# {}\n", about(key)),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn once<T: Clone + Eq + std::hash::Hash>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = FxHashSet::default();
    items.filter(|item| seen.insert(item.clone())).collect()
}

/// The folder that holds all files of a history: downs may lie beside its root.
fn folder_of(project: &Project, history: &History) -> String {
    let mut common = PathBuf::from(&history.root);
    for source in history.migrations.iter().flat_map(sources_of) {
        let file = Path::new(project.sources[source].path());
        while !file.starts_with(&common) && common.pop() {}
    }
    place::shown(&common)
}

/// The folders that do not lie in another of them.
fn outermost(folders: Vec<String>) -> Vec<String> {
    if folders.iter().any(|folder| folder == ".") {
        return vec![".".into()];
    }
    let lies_in_another = |folder: &&String| {
        folders
            .iter()
            .any(|other| other != *folder && Path::new(folder).starts_with(other))
    };
    folders
        .iter()
        .filter(|folder| !lies_in_another(folder))
        .cloned()
        .collect()
}

/// A history's folder relative to the project's root.
fn below(root: &str, folder: &Path) -> String {
    let path = Path::new(root);
    let rest = path.strip_prefix(folder).unwrap_or(path);
    let shown = place::shown(rest);
    match shown.strip_prefix("./").unwrap_or(&shown) {
        "" => ".".into(),
        rest => rest.into(),
    }
}
