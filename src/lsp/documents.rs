//! The texts that the editor holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lsp_types::{TextDocumentContentChangeEvent, TextDocumentItem, Uri};

use super::place::{self, Encoding, Lines};
use crate::project::{is_script, shown};
use crate::source::{Source, Span};

/// An open file.
#[derive(Debug)]
pub struct Document {
    /// As the editor spells it.
    pub uri: Uri,
    pub version: i32,
    pub source: Arc<Source>,
    /// Something changed since it was judged.
    pub stale: bool,
}

/// The open files, by the paths that reports show.
#[derive(Debug, Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

/// The path under which an address is known here: relative to where the server
/// stands, if it lies below.
pub fn name(uri: &Uri) -> String {
    let Some(path) = place::path(uri) else {
        return uri.as_str().to_string();
    };
    let here = std::env::current_dir().unwrap_or_default();
    let path = Path::new(&path);
    shown(path.strip_prefix(here).unwrap_or(path))
}

impl Documents {
    /// Takes a text in, if it is SQL.
    pub fn open(&mut self, item: TextDocumentItem) {
        let name = name(&item.uri);
        let sql = item.language_id.to_ascii_lowercase().contains("sql");
        if !sql && !is_script(&name) {
            return;
        }
        let document = Document {
            uri: item.uri,
            version: item.version,
            source: Arc::new(Source::new(name.as_str(), item.text)),
            stale: true,
        };
        self.open.insert(name, document);
    }

    /// Lets go of a text; its address as the editor spelt it.
    pub fn close(&mut self, uri: &Uri) -> Option<Uri> {
        self.open.remove(&name(uri)).map(|document| document.uri)
    }

    /// Applies edits in their order.
    pub fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) {
        let name = name(uri);
        let Some(document) = self.open.get_mut(&name) else {
            return;
        };
        let mut text = document.source.text().to_string();
        for change in changes {
            let span = match change.range {
                Some(range) => Lines::new(&text, encoding).span(range),
                None => Span::new(0, text.len() as u32),
            };
            text.replace_range(span.start as usize..span.end as usize, &change.text);
        }
        document.source = Arc::new(Source::new(name, text));
        document.version = version;
        document.stale = true;
    }

    pub fn get(&self, name: &str) -> Option<&Document> {
        self.open.get(name)
    }

    pub fn all(&self) -> impl Iterator<Item = &Document> {
        self.open.values()
    }

    /// What was judged is judged again: a history's later migrations build on
    /// its earlier ones.
    pub fn outdate(&mut self) {
        for document in self.open.values_mut() {
            document.stale = true;
        }
    }

    /// Takes note that everything is judged.
    pub fn settle(&mut self) {
        for document in self.open.values_mut() {
            document.stale = false;
        }
    }
}
