//! A report in the forms that people and machines read.
//!
//! Each format is one pure function of the report in a file of its own; what
//! depends on the surroundings (a terminal, the repository's root) was found
//! out before and stands in [`Options`]. Every format takes time and memory
//! linear in the text and the findings.

mod excerpt;
pub mod explain;
mod files;
pub mod github;
pub mod gitlab;
pub mod human;
pub mod inspect;
pub mod json;
mod line_hash;
pub mod markdown;
mod paint;
pub mod rdjsonl;
pub mod recipe;
mod repository;
mod rows;
pub mod rule_list;
pub mod sarif;
pub mod undo;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::LazyLock;

use crate::project::SourceId;
use crate::report::Report;
use crate::rule::Rule;
use crate::source::Source;

pub use repository::Repository;

/// A form of output.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    #[default]
    Human,
    Json,
    Sarif,
    Github,
    Gitlab,
    Rdjsonl,
    Markdown,
}

impl Format {
    /// Writes the report in this form.
    ///
    /// # Errors
    /// What `out` answers; a broken pipe is for the caller to judge.
    pub fn write(
        self,
        report: &Report,
        rules: &[RuleInfo],
        options: &Options,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let write = match self {
            Format::Human => human::write,
            Format::Json => json::write,
            Format::Sarif => sarif::write,
            Format::Github => github::write,
            Format::Gitlab => gitlab::write,
            Format::Rdjsonl => rdjsonl::write,
            Format::Markdown => markdown::write,
        };
        write(report, rules, options, out)
    }
}

/// What an output needs to know of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    pub id: &'static str,
    pub page: &'static str,
}

impl From<&Rule> for RuleInfo {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id,
            page: rule.page,
        }
    }
}

/// What the surroundings ask of an output.
#[derive(Clone, Debug)]
pub struct Options {
    pub color: bool,
    pub unicode: bool,
    /// Terminal hyperlinks.
    pub links: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// List suppressed findings where a format leaves them out.
    pub suppressed: bool,
    pub repository: Repository,
    /// The address under which `<rule>.md` is found; empty where there is none.
    pub pages: String,
}

impl Default for Options {
    fn default() -> Self {
        let repository = env!("CARGO_PKG_REPOSITORY");
        Self {
            color: false,
            unicode: true,
            links: false,
            width: 100,
            suppressed: false,
            repository: Repository::default(),
            pages: match repository {
                "" => String::new(),
                address => format!("{address}/blob/main/rules"),
            },
        }
    }
}

impl Options {
    /// The address of a rule's page.
    pub fn page_url(&self, rule: &str) -> Option<String> {
        (!self.pages.is_empty()).then(|| format!("{}/{rule}.md", self.pages.trim_end_matches('/')))
    }
}

const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The file that a place names.
fn source(report: &Report, id: SourceId) -> &Source {
    static NONE: LazyLock<Source> = LazyLock::new(|| Source::new("", ""));
    report.sources.get(id).map_or(&NONE, |source| source)
}

/// `2 errors`, `1 error`.
fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
