//! How a file is named relative to the repository that holds it.

use std::path::{Path, PathBuf};

/// The repository's root, and the folder to which the report's paths are
/// relative. Both are absolute and `/`-separated, or empty where unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    root: String,
    folder: String,
}

/// A file's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uri {
    /// Relative to the repository's root.
    Relative(String),
    Absolute(String),
}

impl Repository {
    pub fn new(root: &Path, folder: &Path) -> Self {
        Self {
            root: normal(&slashed(root)),
            folder: normal(&slashed(folder)),
        }
    }

    /// The repository around a folder: the CI's workspace if the folder is in
    /// it, else the nearest folder upwards that holds `.git`, else the folder.
    pub fn around(folder: &Path, workspace: Option<PathBuf>) -> Self {
        let root = workspace
            .filter(|workspace| folder.starts_with(workspace))
            .or_else(|| {
                let holds_git = |at: &&Path| at.join(".git").exists();
                folder.ancestors().find(holds_git).map(Path::to_path_buf)
            });
        Self::new(root.as_deref().unwrap_or(folder), folder)
    }

    /// The address of a file that the report names.
    pub fn uri(&self, path: &str) -> Uri {
        let path = self.path(path);
        if is_absolute(&path) {
            Uri::Absolute(format!("file:///{}", encoded(path.trim_start_matches('/'))))
        } else {
            Uri::Relative(encoded(&path))
        }
    }

    /// A file that the report names, relative to the root; absolute where it is
    /// outside.
    pub fn path(&self, path: &str) -> String {
        let whole = if is_absolute(path) || self.folder.is_empty() {
            normal(path)
        } else {
            normal(&format!("{}/{path}", self.folder))
        };
        match whole.strip_prefix(self.root.as_str()) {
            Some(rest) if rest.starts_with('/') || self.root == "/" => {
                rest.trim_start_matches('/').to_owned()
            }
            _ => whole,
        }
    }
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/')
        || matches!(path.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic())
}

/// The path without `.`, `..` and doubled slashes.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

/// Percent-encodes all but unreserved characters and slashes.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(repository: &Repository, path: &str) -> String {
        match repository.uri(path) {
            Uri::Relative(uri) => uri,
            Uri::Absolute(uri) => panic!("{uri} is absolute"),
        }
    }

    #[test]
    fn addresses_are_relative_to_the_root() {
        let here = Repository::new(Path::new("/home/me/shop"), Path::new("/home/me/shop/api"));
        assert_eq!(
            relative(&here, "db/0001 init.sql"),
            "api/db/0001%20init.sql"
        );
        assert_eq!(relative(&here, "./db//é#?.sql"), "api/db/%C3%A9%23%3F.sql");
        assert_eq!(relative(&here, "../db/a:b%.sql"), "db/a%3Ab%25.sql");
        assert_eq!(relative(&here, "/home/me/shop/x.sql"), "x.sql");
        assert_eq!(
            here.uri("/home/me/shopping/x.sql"),
            Uri::Absolute("file:///home/me/shopping/x.sql".into())
        );
        assert_eq!(
            here.uri("../../x.sql"),
            Uri::Absolute("file:///home/me/x.sql".into())
        );
        assert_eq!(relative(&Repository::default(), "db/a.sql"), "db/a.sql");
    }

    #[test]
    fn the_root_is_found_upwards() {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = Repository::around(&project.join("src"), None);
        if project.join(".git").exists() {
            assert_eq!(relative(&found, "lib.rs"), "src/lib.rs");
        }
        let workspace = Some(project.join("src"));
        let found = Repository::around(&project.join("src/output"), workspace);
        assert_eq!(relative(&found, "mod.rs"), "output/mod.rs");
    }
}
