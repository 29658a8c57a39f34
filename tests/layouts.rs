//! What is found in `fixtures/layouts`: each folder's histories against its
//! `expected.txt`. `BOWLINE_BLESS=1` writes the files anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use bowline::project::{Down, History, Migration, Options, Part, Project, discover};
use bowline::statement::{SplitOptions, split};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let mut folders: Vec<PathBuf> = std::fs::read_dir("fixtures/layouts")
        .expect("the fixtures lie in the repository")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let trials = folders
        .into_iter()
        .map(|folder| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            Trial::test(name.into_owned(), move || check(&folder))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn check(folder: &Path) -> Result<(), Failed> {
    let project = discover(&[folder.to_path_buf()], &Options::default());
    let prefix = format!("{}/", folder.to_string_lossy().replace('\\', "/"));
    let found = render(&project).replace(&prefix, "");
    let file = folder.join("expected.txt");
    if std::env::var_os("BOWLINE_BLESS").is_some() {
        return Ok(std::fs::write(file, found)?);
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if found == expected {
        return Ok(());
    }
    Err(format!("expected:\n{expected}\nfound:\n{found}").into())
}

fn render(project: &Project) -> String {
    let mut out = String::new();
    for history in &project.histories {
        render_history(&mut out, project, history).expect("a string takes all");
    }
    for problem in &project.problems {
        let fatal = if problem.fatal { " (fatal)" } else { "" };
        writeln!(out, "! {} {}{fatal}", problem.path, problem.message).expect("a string takes all");
    }
    out
}

fn render_history(out: &mut String, project: &Project, history: &History) -> std::fmt::Result {
    let (layout, engine) = (history.layout.name(), history.engine);
    writeln!(out, "{layout} {engine} {}", history.root)?;
    for migration in &history.migrations {
        render_migration(out, project, migration)?;
    }
    Ok(())
}

fn render_migration(out: &mut String, project: &Project, m: &Migration) -> std::fmt::Result {
    let repeatable = if m.repeatable { " repeatable" } else { "" };
    let aside = if m.selected { "" } else { " (not selected)" };
    writeln!(out, "  {} [{}]{repeatable}{aside}", m.id, m.version)?;
    for part in &m.up {
        writeln!(out, "    up   {}", render_part(project, part))?;
    }
    match &m.down {
        Down::Parts(parts) => {
            for part in parts {
                writeln!(out, "    down {}", render_part(project, part))?;
            }
        }
        other => writeln!(out, "    down {other:?}")?,
    }
    for suspicious in &m.suspicious {
        let source = &project.sources[suspicious.source];
        let line = source.position(suspicious.span.start).line;
        let (path, text) = (source.path(), source.slice(suspicious.span));
        writeln!(
            out,
            "    ?    {path}:{line} `{text}` {}",
            suspicious.message
        )?;
    }
    Ok(())
}

/// Transaction, place, number of statements, and how the first and the last of
/// them begin.
fn render_part(project: &Project, part: &Part) -> String {
    let source = &project.sources[part.source];
    let options = SplitOptions {
        go_lines: part.go_lines,
    };
    let statements = split(source.text(), part.span, options).statements;
    let transaction: &str = part.transaction.into();
    let detects = if part.detects_nontransactional {
        "+detects"
    } else {
        ""
    };
    let head = |at: usize| {
        let text = source.slice(statements[at].span);
        let words: Vec<&str> = text.split_whitespace().take(5).collect();
        words.join(" ")
    };
    let first = statements.first().map_or(part.span.start, |s| s.span.start);
    let place = format!("{}:{}", source.path(), source.position(first).line);
    let summary = match statements.len() {
        0 => "nothing".into(),
        1 => head(0),
        n => format!("{} … {} ({n})", head(0), head(n - 1)),
    };
    format!("{transaction}{detects} {place} {summary}")
}
