//! Which form of the report goes where.

use std::path::PathBuf;

use strum::VariantNames;

use super::Failure;
use super::destination::Destination;
use crate::config::unknown;
use crate::output::Format;

/// A file for the report, as `--output` names it: `FILE` or `FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// None means that of `--format`.
    format: Option<Format>,
    file: PathBuf,
}

/// A form of the report and the place that it goes to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub format: Format,
    pub destination: Destination<'a>,
}

impl Target<'_> {
    /// The same beside a standard output that holds something else.
    pub fn aside(self) -> Self {
        let destination = match self.destination {
            Destination::Stdout => Destination::Stderr,
            other => other,
        };
        Self {
            destination,
            ..self
        }
    }
}

/// Reads the value of `--output`.
///
/// # Errors
/// What stands before `=` looks like a format and is none, or a part is empty.
pub fn parse(text: &str) -> Result<Output, String> {
    let (format, file) = match text.split_once('=') {
        Some((word, file)) if is_word(word) => {
            let format = word.parse().map_err(|_| {
                let problem = unknown("format", word, Format::VARIANTS);
                format!("{problem} (a file of that name is `./{text}`)")
            })?;
            (Some(format), file)
        }
        _ => (None, text),
    };
    if file.is_empty() {
        return Err("the file is missing".to_owned());
    }
    Ok(Output {
        format,
        file: PathBuf::from(file),
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The files first, then standard output, unless a file takes its place.
///
/// # Errors
/// A file is named twice.
pub fn targets(outputs: &[Output], format: Format) -> Result<Vec<Target<'_>>, Failure> {
    for (at, output) in outputs.iter().enumerate() {
        if outputs[..at].iter().any(|other| other.file == output.file) {
            let file = output.file.display();
            return Err(Failure::Usage(format!("--output names `{file}` twice")));
        }
    }
    let files = outputs.iter().map(|output| Target {
        format: output.format.unwrap_or(format),
        destination: Destination::File(&output.file),
    });
    let is_free = outputs.iter().all(|output| output.format.is_some());
    let stdout = is_free.then_some(Target {
        format,
        destination: Destination::Stdout,
    });
    Ok(files.chain(stdout).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(format: Option<Format>, file: &str) -> Output {
        Output {
            format,
            file: file.into(),
        }
    }

    #[test]
    fn a_format_may_stand_before_the_file() {
        let cases = [
            ("report.json", output(None, "report.json")),
            ("sarif=a=b.sarif", output(Some(Format::Sarif), "a=b.sarif")),
            ("./a=b", output(None, "./a=b")),
            ("=a", output(None, "=a")),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Ok(expected));
        }
        assert!(
            parse("srif=a")
                .unwrap_err()
                .contains("did you mean `sarif`?")
        );
        assert!(parse("json=").is_err());
        assert!(parse("").is_err());
    }
}
