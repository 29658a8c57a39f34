//! Places as the editor counts them, and files as it names them.

use std::str::FromStr;

use lsp_types::{Position, PositionEncodingKind, Range, Uri};

use crate::source::Span;

/// What a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    #[default]
    Utf16,
}

impl Encoding {
    /// The one to use of those that the editor offers: bytes where it can.
    pub fn chosen(offered: &[PositionEncodingKind]) -> Self {
        match offered.contains(&PositionEncodingKind::UTF8) {
            true => Encoding::Utf8,
            false => Encoding::Utf16,
        }
    }

    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn length(self, character: char) -> u32 {
        match self {
            Encoding::Utf8 => character.len_utf8() as u32,
            Encoding::Utf16 => character.len_utf16() as u32,
        }
    }
}

/// A text's lines: `\n`, `\r\n` and a lone `\r` end one, as the protocol wants.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes)
            .filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        Self {
            text,
            starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect(),
            encoding,
        }
    }

    /// The text of a line without what ends it; empty past the end.
    fn line(&self, line: usize) -> &'a str {
        let Some(start) = self.starts.get(line) else {
            return "";
        };
        let end = self.starts.get(line + 1).copied();
        self.text[*start..end.unwrap_or(self.text.len())].trim_end_matches(['\r', '\n'])
    }

    /// Past the end means the end.
    pub fn position(&self, offset: u32) -> Position {
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= end) - 1;
        let before = &self.text[self.starts[line]..end];
        let units = before.chars().map(|c| self.encoding.length(c)).sum();
        Position::new(line as u32, units)
    }

    pub fn range(&self, span: Span) -> Range {
        Range::new(self.position(span.start), self.position(span.end))
    }

    /// The byte offset of a position: past a line's end means its end, inside a
    /// character its beginning.
    pub fn offset(&self, position: Position) -> u32 {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line) else {
            return self.text.len() as u32;
        };
        let mut units = 0;
        let mut at = *start;
        for character in self.line(line).chars() {
            units += self.encoding.length(character);
            if units > position.character {
                break;
            }
            at += character.len_utf8();
        }
        at as u32
    }

    pub fn span(&self, range: Range) -> Span {
        let start = self.offset(range.start);
        Span::new(start, self.offset(range.end).max(start))
    }

    /// Where the line of an offset begins.
    pub fn line_start(&self, offset: u32) -> u32 {
        let line = self
            .starts
            .partition_point(|start| *start <= offset as usize);
        self.starts[line.saturating_sub(1)] as u32
    }
}

/// The path that a `file:` address names.
pub fn path(uri: &Uri) -> Option<String> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let path = decoded(path.split(['?', '#']).next()?)?;
    let drive = path.as_bytes().get(2) == Some(&b':');
    Some(path[usize::from(drive)..].to_string())
}

/// The address of a path; `None` for what is no absolute path.
pub fn uri(path: &str) -> Option<Uri> {
    let path = path.replace('\\', "/");
    let lead = match path.as_bytes() {
        [b'/', ..] => "",
        [_, b':', ..] => "/",
        _ => return None,
    };
    let mut address = format!("file://{lead}");
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => address.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => address.push(byte.into()),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    Uri::from_str(&address).ok()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'%' => (digit(rest.next())? * 16 + digit(rest.next())?) as u8,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_was_agreed_on() {
        let text = "a\r\né😀x\rz\n";
        for (encoding, x) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3)] {
            let lines = Lines::new(text, encoding);
            let at = text.find('x').unwrap() as u32;
            assert_eq!(lines.position(at), Position::new(1, x));
            assert_eq!(lines.offset(Position::new(1, x)), at);
            assert_eq!(lines.offset(Position::new(1, 99)), at + 1);
            assert_eq!(lines.offset(Position::new(2, 0)), at + 2);
            assert_eq!(lines.offset(Position::new(9, 9)), text.len() as u32);
            assert_eq!(lines.position(u32::MAX), Position::new(3, 0));
        }
        let inside = Position::new(1, 2);
        assert_eq!(Lines::new(text, Encoding::Utf16).offset(inside), 5);
    }

    #[test]
    fn addresses_and_paths_lead_to_each_other() {
        for (file, address) in [
            ("/a b/é#1.sql", "file:///a%20b/%C3%A9%231.sql"),
            ("c:/x/1.sql", "file:///c%3A/x/1.sql"),
        ] {
            let uri = uri(file).unwrap();
            assert_eq!(uri.as_str(), address);
            assert_eq!(path(&uri).as_deref(), Some(file));
        }
        for no_file in ["untitled:Untitled-1", "https://host/a", "file://host"] {
            assert_eq!(path(&Uri::from_str(no_file).unwrap()), None, "{no_file}");
        }
        assert!(uri("relative.sql").is_none());
    }
}
