//! What a package puts beside the program: completions and manual pages.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::destination::Destination;
use super::{Cli, Failure};
use crate::config::unknown;

pub fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "bowline", &mut script);
    Destination::Stdout.write(|out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// `bowline(1)`, or the page of a command, such as `bowline-check(1)`.
pub fn manual(command: Option<&str>) -> Result<ExitCode, Failure> {
    let mut cli = Cli::command();
    cli.build();
    let page = match command {
        None => cli,
        Some(name) => named(&cli, name)?,
    };
    Destination::Stdout.write(|out| Man::new(page).render(&mut &mut *out))?;
    Ok(ExitCode::SUCCESS)
}

fn named(cli: &clap::Command, name: &str) -> Result<clap::Command, Failure> {
    cli.find_subcommand(name).cloned().ok_or_else(|| {
        let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
        Failure::Usage(unknown("command", name, &names))
    })
}
