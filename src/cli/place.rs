//! Paths as people read them: relative to the current folder.

use std::path::{Component, Path, PathBuf};

/// A path that the user named; an absolute one below the current folder
/// becomes relative to it.
pub fn named(path: &Path) -> PathBuf {
    let below = std::env::current_dir()
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    match below {
        Some(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Some(below) => below,
        None => path.to_path_buf(),
    }
}

/// A path that was found, relative to the current folder, upwards too.
pub fn found(path: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(here) if path.is_absolute() => between(&here, path),
        _ => path.to_path_buf(),
    }
}

/// `/`-separated.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

/// The way from one absolute path to another.
pub fn between(here: &Path, path: &Path) -> PathBuf {
    let shared = here
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    let is_near = here
        .components()
        .take(shared)
        .any(|part| matches!(part, Component::Normal(_)));
    if !is_near {
        return path.to_path_buf();
    }
    let up = here.components().skip(shared).map(|_| Component::ParentDir);
    let relative: PathBuf = up.chain(path.components().skip(shared)).collect();
    if relative.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        relative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_where_one_stands() {
        let cases = [
            ("/a/b", "/a/b/c.sql", "c.sql"),
            ("/a/b", "/a/b", "."),
            ("/a/b/c", "/a/x.toml", "../../x.toml"),
            ("/a", "/b/x.toml", "/b/x.toml"),
        ];
        for (here, path, expected) in cases {
            let relative = between(Path::new(here), Path::new(path));
            assert_eq!(relative, Path::new(expected));
        }
    }
}
