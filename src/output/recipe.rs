//! A remedy that takes several releases: files, one behind the other, and what
//! has to be released in between.

use std::io;

use crate::recipe::Shown;

/// Writes the steps. The whole is SQL: what is not, stands in comments.
///
/// # Errors
/// What `out` answers.
pub fn write(steps: &[Shown], out: &mut dyn io::Write) -> io::Result<()> {
    for (at, step) in steps.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        match step {
            Shown::Words(words) => writeln!(out, "-- {words}")?,
            Shown::Files(files) => {
                for (at, file) in files.iter().enumerate() {
                    if at > 0 {
                        writeln!(out)?;
                    }
                    write!(out, "-- file: {}\n{}", file.path, file.text)?;
                }
            }
        }
    }
    Ok(())
}
