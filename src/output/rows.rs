//! JSON in which each element of the document's lists stands on a line of its
//! own: `grep`, `diff` and people find their way, and it is half as long as
//! with each member on a line.

use std::io::{self, BufWriter, Write};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Members of the document, and elements of its lists.
const DEEPEST: usize = 2;

/// Elements of a list that a thread writes at a time, …
const CHUNK: usize = 64;

/// … and those that are in memory before they go out.
const STRETCH: usize = 64 * CHUNK;

/// A document while it is written, a member at a time.
pub struct Document<'w> {
    out: BufWriter<&'w mut dyn Write>,
    is_empty: bool,
}

impl<'w> Document<'w> {
    /// # Errors
    /// What `out` answers, here and below.
    pub fn begin(out: &'w mut dyn Write) -> io::Result<Self> {
        // Many pieces of a few bytes, too many for calls through `dyn`.
        let mut out = BufWriter::with_capacity(64 * 1024, out);
        out.write_all(b"{")?;
        Ok(Self {
            out,
            is_empty: true,
        })
    }

    pub fn member(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.name(name)?;
        value.serialize(&mut serializer(&mut self.out, 1))?;
        Ok(())
    }

    /// The elements are made while they are written, by several threads.
    pub fn list<'e, T: Sync, V: Serialize>(
        &mut self,
        name: &str,
        elements: &'e [T],
        view: impl Fn(&'e T) -> V + Sync,
    ) -> io::Result<()> {
        self.name(name)?;
        let mut separator: &[u8] = b"[";
        for stretch in elements.chunks(STRETCH) {
            let chunks = stretch.par_chunks(CHUNK);
            let rows: Vec<io::Result<Vec<u8>>> = chunks.map(|chunk| rows(chunk, &view)).collect();
            for rows in rows {
                self.out.write_all(separator)?;
                self.out.write_all(&rows?)?;
                separator = b",";
            }
        }
        self.out.write_all(match elements {
            [] => b"[]",
            _ => b"\n  ]",
        })
    }

    pub fn end(mut self) -> io::Result<()> {
        self.out.write_all(b"\n}\n")?;
        self.out.flush()
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        if !self.is_empty {
            self.out.write_all(b",")?;
        }
        self.is_empty = false;
        write!(self.out, "\n  \"{name}\": ")
    }
}

/// Elements of a list with commas between them.
fn rows<'e, T, V: Serialize>(elements: &'e [T], view: impl Fn(&'e T) -> V) -> io::Result<Vec<u8>> {
    // See `Document::begin`.
    let mut out = BufWriter::with_capacity(16 * 1024, Vec::new());
    for (n, element) in elements.iter().enumerate() {
        out.write_all(match n {
            0 => b"\n    ",
            _ => b",\n    ",
        })?;
        view(element).serialize(&mut serializer(&mut out, DEEPEST))?;
    }
    Ok(out.into_inner()?)
}

fn serializer<W: Write>(out: W, depth: usize) -> Serializer<W, Rows> {
    let rows = Rows {
        depth,
        is_empty: true,
    };
    Serializer::with_formatter(out, rows)
}

struct Rows {
    depth: usize,
    is_empty: bool,
}

impl Rows {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.is_empty = true;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if !self.is_empty && self.depth < DEEPEST {
            self.new_line(out)?;
        }
        self.is_empty = false;
        out.write_all(bracket)
    }

    fn next<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        match self.depth <= DEEPEST {
            true => self.new_line(out),
            false if first => Ok(()),
            false => out.write_all(b" "),
        }
    }

    fn new_line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        const INDENT: &[u8] = b"\n    ";
        out.write_all(&INDENT[..1 + 2 * self.depth])
    }
}

impl Formatter for Rows {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_empty = false;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_empty = false;
        Ok(())
    }
}
