//! The command line: arguments in, a report out, and the exit code that
//! scripts rely on.
//!
//! 0 means that nothing was found at or above the threshold, 1 that something
//! was, 2 that the usage or the configuration is wrong or that some input could
//! not be read.

mod baseline;
mod check;
mod checked;
mod config;
mod destination;
mod explain;
mod fix;
mod init;
mod inspect;
mod place;
mod progress;
mod shell;
mod step_summary;
mod target;
mod undo;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use thiserror::Error;

use crate::baseline::BaselineError;
use crate::config::ConfigError;
use crate::git::GitError;
use crate::lsp;
use crate::output::{self, Repository, RuleInfo, rule_list};
use crate::page::PageError;
use crate::rules;
use crate::source::ReadError;

use destination::Destination;

/// What has to be known about SQL migrations before they are merged: what they
/// block while they run, whether the old release survives them, and whether
/// they can be undone.
#[derive(Debug, Parser)]
#[command(name = "bowline", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colours; `auto` respects NO_COLOR.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

const EXIT_CODES: &str = "Exit codes: 0 nothing found at or above the threshold; 1 something was; \
                          2 wrong usage, wrong configuration, or input that could not be read.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Check migrations.
    Check(check::Arguments),
    /// Write down the findings of today as accepted; `check --baseline` is quiet about them.
    Baseline(baseline::Arguments),
    /// Say what each statement of a file does: locks, rewrites, scans, and the way back.
    Inspect(inspect::Arguments),
    /// Print or write the down of a migration: what undoes it, and what does not come back.
    Undo(undo::Arguments),
    /// List the rules.
    Rules {
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: ListFormat,
    },
    /// Explain a rule: why it matters, what to do instead, when it is safe.
    Explain(explain::Arguments),
    /// Write a `bowline.toml` that says what was found.
    Init(init::Arguments),
    /// Write the completions of a shell.
    Completions { shell: Shell },
    /// Write the manual page of bowline, or of one of its commands.
    #[command(hide = true)]
    Man { command: Option<String> },
    /// Serve an editor over standard input and output (Language Server
    /// Protocol).
    Lsp,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ListFormat {
    Human,
    Json,
    Markdown,
}

/// Why a run ends with exit code 2 and without a report.
#[derive(Debug, Error)]
enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("`{path}` {error}")]
    Unreadable { path: String, error: ReadError },
    #[error("`{path}` {error}")]
    Baseline { path: String, error: BaselineError },
    #[error("cannot write `{path}`: {error}")]
    Unwritable { path: String, error: io::Error },
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error("the page of `{rule}` is damaged: {error}")]
    Page {
        rule: &'static str,
        error: PageError,
    },
}

/// Runs the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to be told where even this cannot be written.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = match &cli.command {
        Command::Check(arguments) => check::run(arguments, cli.color),
        Command::Baseline(arguments) => baseline::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments, cli.color),
        Command::Undo(arguments) => undo::run(arguments),
        Command::Rules { format } => list(*format, cli.color),
        Command::Explain(arguments) => explain::run(arguments, cli.color),
        Command::Init(arguments) => init::run(arguments),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man { command } => shell::manual(command.as_deref()),
        Command::Lsp => serve(),
    };
    result.unwrap_or_else(|failure| {
        let _ = writeln!(io::stderr(), "error: {failure}");
        ExitCode::from(2)
    })
}

fn list(format: ListFormat, color: Color) -> Result<ExitCode, Failure> {
    let options = options(color, true);
    let rules = rule_infos();
    Destination::Stdout.write(|out| match format {
        ListFormat::Human => rule_list::write_human(&rules, &options, out),
        ListFormat::Json => rule_list::write_json(&rules, &options, out),
        ListFormat::Markdown => rule_list::write_markdown(&rules, out),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Ends with 0 if the editor said so in the right order, with 1 otherwise.
fn serve() -> Result<ExitCode, Failure> {
    match lsp::run() {
        Ok(orderly) => Ok(ExitCode::from(u8::from(!orderly))),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::from(1)),
        Err(error) => Err(error.into()),
    }
}

fn rule_ids() -> Vec<&'static str> {
    rules::ALL.iter().map(|rule| rule.id).collect()
}

fn rule_infos() -> Vec<RuleInfo> {
    rules::ALL
        .iter()
        .map(|rule| RuleInfo::from(*rule))
        .collect()
}

/// What the surroundings ask of an output that goes to the terminal, or does
/// not.
fn options(color: Color, to_stdout: bool) -> output::Options {
    let to_terminal = to_stdout && io::stdout().is_terminal();
    let folder = std::env::current_dir().unwrap_or_default();
    let workspace = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"]
        .iter()
        .find_map(std::env::var_os)
        .map(Into::into);
    output::Options {
        color: match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => to_terminal && !is_set("NO_COLOR") && !terminal_is("dumb"),
        },
        unicode: !(to_terminal && terminal_is("linux")),
        links: to_terminal && knows_links(),
        width: width(to_terminal),
        repository: Repository::around(&folder, workspace),
        ..output::Options::default()
    }
}

const WIDEST: usize = 120;

fn width(to_terminal: bool) -> usize {
    let size = to_terminal
        .then(|| terminal_size::terminal_size_of(io::stdout()))
        .flatten();
    size.map_or(output::Options::default().width, |(width, _)| {
        usize::from(width.0).min(WIDEST)
    })
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn terminal_is(name: &str) -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == name)
}

/// Is the terminal one of those that are known to show hyperlinks?
fn knows_links() -> bool {
    let program = std::env::var("TERM_PROGRAM").unwrap_or_default();
    let programs = ["iTerm.app", "WezTerm", "vscode", "ghostty"];
    programs.contains(&program.as_str())
        || is_set("WT_SESSION")
        || is_set("VTE_VERSION")
        || terminal_is("xterm-kitty")
}
