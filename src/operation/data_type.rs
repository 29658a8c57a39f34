//! Types of columns, under the names that the measurements use.

use std::fmt;

use smol_str::SmolStr;

use crate::source::Span;
use crate::statement::cursor::Cursor;

/// A type as declared. Built-in types have one short canonical name each,
/// whatever alias was written: `int`, `bigint`, `smallint`, `varchar`, `char`,
/// `text`, `numeric`, `real`, `double precision`, `boolean`, `timestamp`,
/// `timestamptz`, `time`, `timetz`, `bit`, `varbit`, …; `serial`, `bigserial`
/// and `smallserial` stay what they are.
#[derive(Clone, Debug)]
pub struct DataType {
    /// Only where the file names one, and it is not `pg_catalog`.
    pub schema: Option<Box<str>>,
    pub name: SmolStr,
    /// Length, precision and scale; an `interval`'s fields are not kept.
    pub modifiers: [Option<i32>; 2],
    /// Dimensions of an array; 0 for a plain type.
    pub array: u8,
    pub span: Span,
}

impl PartialEq for DataType {
    /// Types are equal by what they say, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.name == other.name
            && self.modifiers == other.modifiers
            && self.array == other.array
    }
}

impl Eq for DataType {}

impl DataType {
    /// Reads a type name with its modifiers and array brackets; the cursor
    /// stays where it is if none stands there.
    pub fn read(_cursor: &mut Cursor<'_>) -> Option<Self> {
        None
    }

    /// `serial` and its kin: an integer with a sequence and NOT NULL.
    pub fn is_serial(&self) -> bool {
        matches!(self.name.as_str(), "serial" | "bigserial" | "smallserial")
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)?;
        match self.modifiers {
            [Some(a), Some(b)] => write!(f, "({a},{b})")?,
            [Some(a), None] => write!(f, "({a})")?,
            _ => {}
        }
        (0..self.array).try_for_each(|_| f.write_str("[]"))
    }
}
