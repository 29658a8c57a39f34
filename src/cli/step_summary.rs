//! The summary of a step in GitHub Actions.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::{Failure, place};
use crate::output::{Format, Options, RuleInfo};
use crate::report::Report;

/// Appends the report as Markdown to the file that GitHub made for the step,
/// where there is one.
pub fn append(report: &Report, rules: &[RuleInfo], options: &Options) -> Result<(), Failure> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let file = Path::new(&file);
    let mut text = Vec::new();
    Format::Markdown
        .write(report, rules, options, &mut text)
        .and_then(|()| add(file, &text))
        .map_err(|error| Failure::Unwritable {
            path: place::shown(file),
            error,
        })
}

fn add(file: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    file.write_all(text)
}
