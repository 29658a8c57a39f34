//! The rules' pages, at their addresses or as files.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use lsp_types::Uri;

use super::place;
use crate::output::Options;
use crate::page::Page;
use crate::rule::Rule;
use crate::rules;

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    rules::ALL.iter().copied().find(|rule| rule.id == name)
}

/// Where a rule's page is published, if it is.
pub fn address(rule: &str) -> Option<String> {
    Options::default().page_url(rule)
}

/// A rule's page in short, as Markdown.
pub fn summary(rule: &Rule) -> String {
    let Ok(page) = Page::parse(rule.page) else {
        return String::new();
    };
    format!("**{}**: {}. {}", rule.id, page.title, page.summary)
}

/// Pages for editors to show where none are published: files of this process,
/// gone when it ends.
#[derive(Debug, Default)]
pub struct Pages {
    folder: Option<PathBuf>,
}

impl Pages {
    /// What to show for a rule, and whether that is for a browser.
    ///
    /// # Errors
    /// Where no file can be written.
    pub fn show(&mut self, rule: &Rule) -> io::Result<(Uri, bool)> {
        let address = address(rule.id).and_then(|address| Uri::from_str(&address).ok());
        if let Some(address) = address {
            return Ok((address, true));
        }
        let file = self.folder()?.join(format!("{}.md", rule.id));
        fs::write(&file, body(rule))?;
        let uri = place::uri(&file.to_string_lossy());
        let uri = uri.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        Ok((uri, false))
    }

    fn folder(&mut self) -> io::Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let name = format!("bowline-pages-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // Fails where it is there already: then it is not ours.
        fs::create_dir(&folder)?;
        self.folder = Some(folder.clone());
        Ok(folder)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What is left behind in the temporary folder does no harm.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The page without its front matter.
fn body(rule: &Rule) -> &'static str {
    rule.page
        .find("\n# ")
        .map_or(rule.page, |start| &rule.page[start + 1..])
}
