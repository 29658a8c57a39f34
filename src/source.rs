//! Text and places in it.
//!
//! Everything bowline says points at bytes of a file. A [`Source`] owns the
//! text of one file, decoded once; a [`Span`] is a half-open range of bytes in
//! that text. Lines and columns are computed at the edge, when something is
//! shown, from an index built on first use.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;

use thiserror::Error;

/// A half-open range of bytes in the text of one [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    pub const fn contains(self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// The bytes of `text` that the span names.
    ///
    /// An out-of-range span, or one that would cut a character, yields the
    /// empty string: a wrong place is a lesser evil than an abort.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }
}

/// A place as people and editors count it: both numbers start at 1, the column
/// counts UTF-16 code units (what SARIF, LSP and GitHub expect).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// Why a file could not be read at all.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("is larger than 4 GiB")]
    TooLarge,
    #[error("is not text: it holds NUL bytes")]
    Binary,
}

/// How the bytes of the file became text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
    /// Not valid UTF-8; every invalid byte was read as the Latin-1 character
    /// of that number, so that nothing is lost.
    Latin1,
}

/// One file's text.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    encoding: Encoding,
    lines: OnceLock<Vec<u32>>,
    /// `None` where all is ASCII and units are bytes.
    units: OnceLock<Option<Vec<u32>>>,
}

impl Source {
    /// A source from text that is at hand. A leading byte order mark stays in
    /// the text, so that byte offsets are those of the file; the lexer skips it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            encoding: Encoding::Utf8,
            lines: OnceLock::new(),
            units: OnceLock::new(),
        }
    }

    /// Reads and decodes a file; `shown` is the name that reports use.
    ///
    /// # Errors
    /// [`ReadError`] when the file cannot be opened, is over 4 GiB, or is binary.
    pub fn read(path: &Path, shown: impl Into<String>) -> Result<Self, ReadError> {
        Self::decode(shown, bytes_of(path)?)
    }

    /// Decodes bytes: UTF-8 with or without a byte order mark, UTF-16 with one,
    /// and otherwise UTF-8 with stray Latin-1 bytes.
    ///
    /// # Errors
    /// [`ReadError::TooLarge`] over 4 GiB, [`ReadError::Binary`] when a NUL
    /// byte stands in text that is not UTF-16.
    pub fn decode(shown: impl Into<String>, bytes: Vec<u8>) -> Result<Self, ReadError> {
        if bytes.len() >= u32::MAX as usize {
            return Err(ReadError::TooLarge);
        }
        let (text, encoding) = match bytes.as_slice() {
            [0xFF, 0xFE, rest @ ..] => (utf16(rest, u16::from_le_bytes), Encoding::Utf16),
            [0xFE, 0xFF, rest @ ..] => (utf16(rest, u16::from_be_bytes), Encoding::Utf16),
            // NUL bytes are a sign of a binary file only near its beginning:
            // PostgreSQL refuses them anywhere, and the lexer names them later.
            head if head[..head.len().min(8192)].contains(&0) => return Err(ReadError::Binary),
            _ => match String::from_utf8(bytes) {
                Ok(text) => (text, Encoding::Utf8),
                Err(error) => (latin1(error.as_bytes()).into_owned(), Encoding::Latin1),
            },
        };
        Ok(Self {
            path: shown.into(),
            text,
            encoding,
            lines: OnceLock::new(),
            units: OnceLock::new(),
        })
    }

    /// The file's name as reports show it, `/`-separated.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }

    /// Byte offsets at which lines start; the first is 0.
    pub fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            std::iter::once(0)
                .chain(memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at as u32 + 1))
                .collect()
        })
    }

    /// What ends the lines; a newline where there is only one line.
    pub fn line_end(&self) -> &'static str {
        let second = self.line_starts().get(1).copied().unwrap_or(0) as usize;
        match self.text[..second].ends_with("\r\n") {
            true => "\r\n",
            false => "\n",
        }
    }

    /// The 0-based line that holds a byte offset.
    pub fn line_of(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|start| *start <= offset) - 1
    }

    /// Line and column of a byte offset; past the end means the end.
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line_of(offset);
        let start = self.line_starts()[line] as usize;
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let units = self.units_before(end) - self.units_before(start);
        // Editors do not count the byte order mark.
        let mark = line == 0 && end > 0 && self.text.starts_with('\u{feff}');
        Position {
            line: line as u32 + 1,
            column: units + u32::from(!mark),
        }
    }

    /// UTF-16 units from the file's beginning to a byte offset on a character
    /// boundary; the index makes it independent of how long the lines are.
    fn units_before(&self, offset: usize) -> u32 {
        let bytes = self.text.as_bytes();
        let index = self
            .units
            .get_or_init(|| (!bytes.is_ascii()).then(|| units_index(bytes)));
        let Some(index) = index else {
            return offset as u32;
        };
        let chunk = (offset / UNITS_EVERY).min(index.len().saturating_sub(1));
        let rest = bytes.get(chunk * UNITS_EVERY..offset).unwrap_or(&[]);
        index.get(chunk).copied().unwrap_or(0) + utf16_units(rest)
    }

    /// The text of a 0-based line without its line end.
    pub fn line(&self, line: usize) -> &str {
        let starts = self.line_starts();
        let Some(start) = starts.get(line) else {
            return "";
        };
        let end = starts
            .get(line + 1)
            .map_or(self.text.len(), |e| *e as usize);
        self.text[*start as usize..end].trim_end_matches(['\n', '\r'])
    }
}

fn units_index(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks(UNITS_EVERY)
        .scan(0, |before, chunk| {
            let here = *before;
            *before += utf16_units(chunk);
            Some(here)
        })
        .collect()
}

/// Bytes between two entries of the index of UTF-16 units.
const UNITS_EVERY: usize = 1024;

/// UTF-16 units of UTF-8 bytes, each counted where its character begins.
fn utf16_units(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .map(|byte| u32::from(byte & 0xC0 != 0x80) + u32::from(*byte >= 0xF0))
        .sum()
}

/// What `std::fs::read` gives, without asking for the size first: most
/// migrations fit into one read, and a history has thousands of them.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    thread_local! {
        static ROOM: RefCell<Box<[u8; 1 << 14]>> = RefCell::new(Box::new([0; 1 << 14]));
    }
    let mut file = File::open(path)?;
    ROOM.with_borrow_mut(|room| {
        let mut length = 0;
        while length < room.len() {
            match file.read(&mut room[length..]) {
                Ok(0) => return Ok(room[..length].to_vec()),
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let mut bytes = room.to_vec();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| char::from(*byte)));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units() {
        let source = Source::new("a.sql", "SELECT 1;\r\n-- é😀x\nlast");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        let x = source.text().find('x').unwrap() as u32;
        assert_eq!(source.position(x), Position { line: 2, column: 7 });
        assert_eq!(source.line(1), "-- é😀x");
        assert_eq!(source.position(10_000).line, 3);
    }

    #[test]
    fn columns_are_right_across_index_entries() {
        let text = format!("\u{feff}a\n{}", "é😀x".repeat(1000));
        let source = Source::new("a.sql", text.as_str());
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
        let start = source.line_starts()[1] as usize;
        let mut column = 1;
        for (at, c) in text[start..].char_indices() {
            assert_eq!(source.position((start + at) as u32).column, column);
            column += c.len_utf16() as u32;
        }
        assert_eq!(source.position(u32::MAX).column, column);
        assert_eq!(Source::new("e.sql", "").position(7).column, 1);
    }

    #[test]
    fn encodings_are_read_or_named() {
        let le = [0xFF, 0xFE, b'a', 0, b'b', 0].to_vec();
        let source = Source::decode("u16.sql", le).unwrap();
        assert_eq!((source.text(), source.encoding()), ("ab", Encoding::Utf16));
        let latin = Source::decode("l1.sql", b"caf\xe9".to_vec()).unwrap();
        assert_eq!((latin.text(), latin.encoding()), ("café", Encoding::Latin1));
        let binary = Source::decode("b.sql", b"a\0b".to_vec());
        assert!(matches!(binary, Err(ReadError::Binary)));
    }
}
