//! Where output goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{Failure, place};

#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    Stdout,
    /// What goes there while standard output holds something else.
    Stderr,
    /// Replaced as a whole once all is written, and never half.
    File(&'a Path),
}

impl Destination<'_> {
    /// Writes what `write` says. A reader who has seen enough and closed the
    /// pipe is not a failure.
    pub fn write(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match self {
            Destination::Stdout => unless_closed(buffered(io::stdout().lock(), write)),
            Destination::Stderr => unless_closed(buffered(io::stderr().lock(), write)),
            Destination::File(path) => replace(path, write).map_err(|error| Failure::Unwritable {
                path: place::shown(path),
                error,
            }),
        }
    }
}

fn unless_closed(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn buffered(
    out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    write(&mut out)?;
    out.flush()
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // What a link leads to is replaced, not the link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let before = fs::metadata(path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return buffered(OpenOptions::new().write(true).open(path)?, write);
    }
    let draft = Draft::new(path)?;
    buffered(&draft.file, write)?;
    if let Some(before) = before {
        draft.file.set_permissions(before.permissions())?;
    }
    draft.publish(path)
}

/// A file beside the one to be written; gone unless it takes its place.
struct Draft {
    file: File,
    path: PathBuf,
}

impl Draft {
    fn new(target: &Path) -> io::Result<Self> {
        let name = target
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let name = format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id());
        let path = target.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok(Self { file, path })
    }

    fn publish(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.path.clear();
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // The write has failed already, and says so.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let folder = std::env::temp_dir().join(format!("bowline-draft-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("report.json");
        replace(&file, |out| out.write_all(b"old")).unwrap();
        let failed = replace(&file, |out| {
            out.write_all(b"half of the ne")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        replace(&file, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        fs::remove_dir_all(&folder).unwrap();
    }
}
