//! `bowline explain`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;

use super::destination::Destination;
use super::{Color, Failure, config, options, place, rule_ids};
use crate::config::unknown;
use crate::output::{explain, recipe as recipe_output};
use crate::page::Page;
use crate::project::{self, Exclude, Options, discover};
use crate::recipe::{self, Wanted};
use crate::rule::Rule;
use crate::rules;

#[derive(Debug, Args)]
pub struct Arguments {
    rule: String,
    /// Write out the remedy for a finding there, with its own names: the files to expand, to
    /// migrate and to contract, and what has to be released in between.
    #[arg(long = "for", value_name = "FILE:LINE")]
    place: Option<Place>,
}

/// A line of a file, counted from 1; a column behind it is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    file: PathBuf,
    line: u32,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n > 0);
        let parts = |text: &str| {
            let (file, line) = text.rsplit_once(':')?;
            Some((file.to_owned(), number(line)?))
        };
        let (file, line) =
            parts(text).ok_or("expected a file, `:`, and a line that counts from 1")?;
        let (file, line) = parts(&file).unwrap_or((file, line));
        match file.is_empty() {
            true => Err("the file is missing".to_owned()),
            false => Ok(Self {
                file: file.into(),
                line,
            }),
        }
    }
}

pub fn run(arguments: &Arguments, color: Color) -> Result<ExitCode, Failure> {
    let name = arguments.rule.as_str();
    let Some(rule) = rules::ALL.iter().find(|rule| rule.id == name) else {
        let message = unknown("rule", name, &rule_ids());
        return Err(Failure::Usage(format!(
            "{message} (`bowline rules` lists them)"
        )));
    };
    let page = Page::parse(rule.page).map_err(|error| Failure::Page {
        rule: rule.id,
        error,
    })?;
    match &arguments.place {
        Some(place) => write_recipe(rule, &page, place),
        None => {
            let options = options(color, true);
            Destination::Stdout.write(|out| explain::write(&page, &options, out))
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn write_recipe(rule: &Rule, page: &Page, at: &Place) -> Result<(), Failure> {
    let Some(recipe) = page.head.recipe else {
        return Err(Failure::Usage(format!(
            "the remedy for `{0}` is not spread over releases: `bowline explain {0}` shows it",
            rule.id
        )));
    };
    let file = place::named(&at.file);
    let shown = project::shown(&file);
    let config = config::load(None, false, std::slice::from_ref(&file))?;
    let rules = Arc::new(config);
    let excludes = Arc::clone(&rules);
    let options = Options {
        layout: rules.layout,
        engine: rules.dialect,
        exclude: Exclude::new(move |path| excludes.excludes(path)),
        ..Options::default()
    };
    let project = discover(&[file], &options);
    if let Some(problem) = project.problems.iter().find(|problem| problem.fatal) {
        let (path, message) = (&problem.path, &problem.message);
        return Err(Failure::Usage(format!("`{path}` {message}")));
    }
    let wanted = Wanted {
        rule: rule.id,
        recipe,
        path: &shown,
        line: at.line,
    };
    let steps = recipe::write(project, &rules, &wanted)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    Destination::Stdout.write(|out| recipe_output::write(&steps, out))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_place_is_a_file_and_a_line() {
        let place = |file: &str, line| {
            Ok(Place {
                file: Path::new(file).into(),
                line,
            })
        };
        assert_eq!("a b/ö.sql:3".parse(), place("a b/ö.sql", 3));
        assert_eq!("a.sql:3:14".parse(), place("a.sql", 3));
        assert_eq!("c:/a:b.sql:3".parse(), place("c:/a:b.sql", 3));
        for wrong in ["a.sql", "a.sql:", "a.sql:0", "a.sql:x", ":3", ""] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
