//! One text instead of a folder: standard input, or what a tool prints.

use std::sync::Arc;

use super::{File, Named, Options, Project, organise};
use crate::source::Source;

/// A project of one text, read as a file of its name would be.
pub fn stream(source: Source, options: &Options) -> Project {
    let file = File {
        path: source.path().to_string(),
        source: Arc::new(source),
        named: Named::File,
        selected: true,
    };
    organise(vec![file], options)
}
