//! Types of columns, under the names that the measurements use.

use std::fmt;

use super::ObjectName;
use super::reserved::at_no_routine;
use crate::name::Name;
use crate::source::Span;
use crate::statement::cursor::Cursor;
use crate::statement::lexer::TokenKind;
use crate::statement::lexer::tokens_into;

/// A type as declared. Built-in types have one short canonical name each,
/// whatever alias was written: `int`, `bigint`, `smallint`, `varchar`, `char`,
/// `text`, `numeric`, `real`, `double precision`, `boolean`, `timestamp`,
/// `timestamptz`, `time`, `timetz`, `bit`, `varbit`, …; `serial`, `bigserial`
/// and `smallserial` stay what they are.
#[derive(Clone, Debug)]
pub struct DataType {
    /// Only where the file names one, and it is not `pg_catalog`.
    pub schema: Option<Name>,
    pub name: Name,
    /// Length, precision and scale.
    pub modifiers: [Option<i32>; 2],
    /// Modifiers that are no numbers, as in `geometry(Point, 4326)`, and an
    /// interval's fields, as written.
    pub words: Option<Name>,
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
    /// Reads a text that is a type and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        let mut cursor = Cursor::new(text, &tokens);
        Self::read(&mut cursor).filter(|_| cursor.done())
    }

    /// Reads a type name with its modifiers and array brackets; the cursor
    /// stays where it is if none stands there.
    pub fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mark = cursor.mark();
        cursor.eat_word("SETOF");
        let Some(mut ty) = read_plain(cursor) else {
            cursor.back_to(mark);
            return None;
        };
        ty.array = dimensions(cursor);
        ty.span = cursor.span_from(mark);
        Some(ty)
    }

    /// A built-in type by its canonical name, without modifiers.
    pub fn plain(name: &str) -> Self {
        Self {
            name: Name::new(name),
            ..Self::unknown(Span::default())
        }
    }

    /// The type of a column whose query alone says what it is.
    pub fn unknown(span: Span) -> Self {
        Self {
            schema: None,
            name: Name::new("unknown"),
            modifiers: [None, None],
            words: None,
            array: 0,
            span,
        }
    }

    /// The smallest field that an interval keeps: 0 for seconds, as for every
    /// other type, up to 5 for years.
    pub fn least_field(&self) -> usize {
        let words = self.words.as_deref().filter(|_| self.name == "interval");
        let last = words.and_then(|words| words.split_ascii_whitespace().next_back());
        let is_last = |field: &str| last.is_some_and(|last| last.eq_ignore_ascii_case(field));
        let mut fields = INTERVAL_FIELDS.iter().rev();
        fields.position(|field| is_last(field)).unwrap_or(0)
    }

    /// `json` itself, whose values have no equality.
    pub fn is_json(&self) -> bool {
        self.name == "json" && self.schema.is_none()
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

const INTERVAL_FIELDS: &[&str] = &["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];

/// Words of other engines that stand behind a type.
const FOREIGN: &[&str] = &["AUTO_INCREMENT", "AUTOINCREMENT"];

fn read_plain(cursor: &mut Cursor<'_>) -> Option<DataType> {
    let quoted = cursor.at_kind(TokenKind::QuotedName);
    if at_no_routine(cursor) || cursor.at_any(FOREIGN) {
        return None;
    }
    let mark = cursor.mark();
    let written = ObjectName::read(cursor)?;
    let in_catalog = written.schema.as_deref() == Some("pg_catalog");
    let mut ty = DataType {
        schema: written.schema.filter(|_| !in_catalog),
        name: written.name,
        modifiers: [None, None],
        words: None,
        array: 0,
        span: written.span,
    };
    if cursor.at_operator("%") && cursor.is_word_at(1, "TYPE") {
        cursor.bump();
        cursor.bump();
        let whole = cursor.slice(cursor.span_from(mark)).to_ascii_lowercase();
        ty.schema = None;
        ty.name = Name::from(whole);
    } else if ty.schema.is_some() {
        ty.modifiers = modifiers(cursor);
        ty.words = words(cursor, mark, ty.modifiers);
    } else if quoted && ty.name == "char" {
        ty.name = Name::new("\"char\"");
    } else {
        built_in(&mut ty, cursor);
    }
    Some(ty)
}

/// Gives a type its canonical name and reads the words and modifiers that its
/// name takes.
fn built_in(ty: &mut DataType, cursor: &mut Cursor<'_>) {
    let name = match ty.name.as_str() {
        "int" | "int4" | "integer" => "int",
        "bigint" | "int8" => "bigint",
        "smallint" | "int2" => "smallint",
        "real" | "float4" => "real",
        "float8" => "double precision",
        "double" if cursor.eat_word("PRECISION") => "double precision",
        "bool" | "boolean" => "boolean",
        "serial" | "serial4" => "serial",
        "bigserial" | "serial8" => "bigserial",
        "smallserial" | "serial2" => "smallserial",
        "float" => return float(ty, cursor),
        "numeric" | "decimal" | "dec" => return numeric(ty, cursor),
        "national" if cursor.eat_any(&["CHARACTER", "CHAR"]).is_some() => {
            return character(ty, cursor);
        }
        "character" | "char" | "nchar" => return character(ty, cursor),
        "bpchar" => {
            ty.modifiers = modifiers(cursor);
            if ty.modifiers[0].is_none() {
                return;
            }
            "char"
        }
        "bit" => {
            let varying = cursor.eat_word("VARYING");
            return sized(ty, cursor, varying, ["bit", "varbit"]);
        }
        "timestamp" => return zoned(ty, cursor, ["timestamp", "timestamptz"]),
        "time" => return zoned(ty, cursor, ["time", "timetz"]),
        "interval" => return interval(ty, cursor),
        _ => {
            let mark = cursor.mark();
            ty.modifiers = modifiers(cursor);
            ty.words = words(cursor, mark, ty.modifiers);
            return;
        }
    };
    ty.name = Name::new(name);
}

fn float(ty: &mut DataType, cursor: &mut Cursor<'_>) {
    let single = matches!(modifiers(cursor), [Some(digits), _] if digits < 25);
    ty.name = Name::new(if single { "real" } else { "double precision" });
}

/// A precision without a scale means the scale 0, which is how servers show it.
fn numeric(ty: &mut DataType, cursor: &mut Cursor<'_>) {
    ty.name = Name::new("numeric");
    ty.modifiers = match modifiers(cursor) {
        [Some(precision), None] => [Some(precision), Some(0)],
        other => other,
    };
}

fn character(ty: &mut DataType, cursor: &mut Cursor<'_>) {
    let varying = cursor.eat_word("VARYING");
    sized(ty, cursor, varying, ["char", "varchar"]);
}

/// Without a length the fixed form holds one, the varying form any number.
fn sized(ty: &mut DataType, cursor: &mut Cursor<'_>, varying: bool, names: [&'static str; 2]) {
    ty.name = Name::new(names[usize::from(varying)]);
    ty.modifiers = modifiers(cursor);
    if !varying && ty.modifiers[0].is_none() {
        ty.modifiers[0] = Some(1);
    }
}

fn zoned(ty: &mut DataType, cursor: &mut Cursor<'_>, names: [&'static str; 2]) {
    ty.modifiers = modifiers(cursor);
    let with = cursor.eat_words(&["WITH", "TIME", "ZONE"]);
    if !with {
        cursor.eat_words(&["WITHOUT", "TIME", "ZONE"]);
    }
    ty.name = Name::new(names[usize::from(with)]);
}

fn interval(ty: &mut DataType, cursor: &mut Cursor<'_>) {
    ty.modifiers = modifiers(cursor);
    let mark = cursor.mark();
    if cursor.eat_any(INTERVAL_FIELDS).is_some() {
        if cursor.eat_word("TO") {
            cursor.eat_any(INTERVAL_FIELDS);
        }
        ty.words = Some(cursor.slice(cursor.span_from(mark)).into());
        ty.modifiers = modifiers(cursor);
    }
}

/// `(n)` or `(n, m)`. What is not a number, as in `geometry(Point, 4326)`, is
/// passed over.
fn modifiers(cursor: &mut Cursor<'_>) -> [Option<i32>; 2] {
    let mut inner = cursor.clone();
    if !inner.eat(TokenKind::OpenParen) {
        return [None, None];
    }
    cursor.group();
    let mut number = || inner.integer().and_then(|n| i32::try_from(n).ok());
    let first = number();
    if first.is_none() || !inner.eat(TokenKind::Comma) {
        return [first, None];
    }
    let second = inner.integer().and_then(|n| i32::try_from(n).ok());
    [first, second]
}

/// The parentheses behind a name, where what they hold is no numbers.
fn words(cursor: &Cursor<'_>, mark: usize, modifiers: [Option<i32>; 2]) -> Option<Name> {
    let span = cursor.span_from(mark);
    let text = cursor.slice(span);
    let from = text.find('(').filter(|_| modifiers[0].is_none())?;
    Some(text[from..].into())
}

/// `[]`, `[3][4]`, `ARRAY`, `ARRAY[4]`.
fn dimensions(cursor: &mut Cursor<'_>) -> u8 {
    let word = cursor.eat_word("ARRAY");
    let mut count = 0u8;
    while cursor.at_kind(TokenKind::OpenBracket) {
        cursor.group();
        count = count.saturating_add(1);
    }
    count.max(u8::from(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::lexer::tokens_into;

    fn shown(text: &str) -> String {
        let mut tokens = Vec::new();
        tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
        let mut cursor = Cursor::new(text, &tokens);
        let ty = DataType::read(&mut cursor).map_or("-".to_owned(), |ty| ty.to_string());
        match cursor.rest() {
            Some(rest) => format!("{ty} … {}", rest.of(text)),
            None => ty,
        }
    }

    #[test]
    fn aliases_have_one_name() {
        for (written, canonical) in [
            ("INT4", "int"),
            ("integer", "int"),
            ("pg_catalog.int8", "bigint"),
            ("int2", "smallint"),
            ("DOUBLE PRECISION", "double precision"),
            ("float", "double precision"),
            ("float(24)", "real"),
            ("float(25)", "double precision"),
            ("float4", "real"),
            ("bool", "boolean"),
            ("decimal(10, 2)", "numeric(10,2)"),
            ("dec(10)", "numeric(10,0)"),
            ("numeric(5,-2)", "numeric(5,-2)"),
            ("character varying(20)", "varchar(20)"),
            ("char varying", "varchar"),
            ("national character varying(3)", "varchar(3)"),
            ("character", "char(1)"),
            ("nchar(3)", "char(3)"),
            ("bpchar", "bpchar"),
            ("bpchar(4)", "char(4)"),
            ("\"char\"", "\"char\""),
            ("timestamp with time zone", "timestamptz"),
            ("timestamp(3) without time zone", "timestamp(3)"),
            ("timestamptz(3)", "timestamptz(3)"),
            ("time (3) with time zone", "timetz(3)"),
            ("bit varying(4)", "varbit(4)"),
            ("bit", "bit(1)"),
            ("interval day to second(3)", "interval(3)"),
            ("interval(3)", "interval(3)"),
            ("serial8", "bigserial"),
            ("int[3][]", "int[][]"),
            ("text[]", "text[]"),
            ("varchar(20)[]", "varchar(20)[]"),
            ("text ARRAY", "text[]"),
            ("text ARRAY[4]", "text[]"),
            ("SETOF s.\"T\"", "s.T"),
            ("Mood", "mood"),
            ("geometry(Point, 4326)", "geometry"),
            ("ext.vector(3)", "ext.vector(3)"),
            ("s.t.c%TYPE", "s.t.c%type"),
            ("${type}(20)", "${type}(20)"),
        ] {
            assert_eq!(shown(written), canonical, "{written}");
        }
    }

    #[test]
    fn what_is_not_a_type_is_left() {
        assert_eq!(shown("NOT NULL"), "- … NOT NULL");
        assert_eq!(shown("int(11)"), "int … (11)");
        assert_eq!(shown("text COLLATE x"), "text … COLLATE x");
        assert_eq!(shown(""), "-");
    }
}
