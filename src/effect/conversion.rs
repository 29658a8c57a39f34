//! What a change of a column's type means to values, readers and writers.
//!
//! The server's work (rewrite, rebuild) is told elsewhere; this is about the
//! values: does what was written before still fit, and does it come back.

use std::cmp::Ordering;

use crate::operation::DataType;

/// How a new type receives the users of the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    Same,
    /// Readers and writers of the old type notice nothing.
    Wider,
    /// What was written fits; readers may meet more than they can hold.
    WiderThanReaders,
    /// What the old release writes may no longer fit.
    Narrower,
    /// Another kind of value.
    Other,
}

pub fn conversion(from: &DataType, to: &DataType) -> Conversion {
    use Conversion::{Narrower, Other, Same, Wider, WiderThanReaders};
    if canonical(from) == canonical(to) && from.array == to.array {
        return by_modifiers(from, to);
    }
    if from.array != to.array || from.schema.is_some() || to.schema.is_some() {
        return Other;
    }
    if let (Some(old), Some(new)) = (integer(from), integer(to)) {
        return if new > old {
            WiderThanReaders
        } else {
            Narrower
        };
    }
    match (canonical(from), canonical(to)) {
        ("varchar", "text") => Wider,
        ("text", "varchar") if to.modifiers[0].is_none() => Wider,
        ("text", "varchar") => Narrower,
        ("citext", "text") | ("text", "citext") | ("varchar", "citext") => WiderThanReaders,
        ("char", "text" | "varchar") => text_length(from, to),
        ("text" | "varchar", "char") => Narrower,
        ("char", "bpchar") => Wider,
        ("text" | "varchar", "bpchar") => WiderThanReaders,
        ("bpchar", "text" | "varchar") if to.modifiers[0].is_none() => WiderThanReaders,
        ("bpchar", "char" | "varchar") => Narrower,
        ("real", "double precision") => WiderThanReaders,
        ("double precision", "real") => Narrower,
        ("smallint" | "int" | "bigint" | "real" | "double precision", "numeric") => {
            match (to.modifiers, digits(from)) {
                ([None, _], _) => WiderThanReaders,
                ([Some(all), behind], Some(most)) if all - behind.unwrap_or(0) >= most => {
                    WiderThanReaders
                }
                _ => Narrower,
            }
        }
        ("numeric" | "real" | "double precision", _) if integer(to).is_some() => Narrower,
        ("numeric", "real" | "double precision") => Narrower,
        ("json", "jsonb") | ("jsonb", "json") => WiderThanReaders,
        ("cidr", "inet") | ("macaddr", "macaddr8") | ("date", "timestamp") | ("bit", "varbit") => {
            WiderThanReaders
        }
        (a, b) if a == b => Same,
        _ => Other,
    }
}

/// The same type with other lengths or precisions.
fn by_modifiers(from: &DataType, to: &DataType) -> Conversion {
    match to.least_field().cmp(&from.least_field()) {
        Ordering::Greater => return Conversion::Narrower,
        Ordering::Less => return Conversion::Wider,
        Ordering::Equal => {}
    }
    if canonical(from) == "interval" || canonical(from).starts_with("time") {
        // Digits of the seconds; without a precision there are six.
        let digits = |ty: &DataType| ty.modifiers[0].unwrap_or(6);
        return match digits(to).cmp(&digits(from)) {
            Ordering::Less => Conversion::Narrower,
            Ordering::Equal => Conversion::Same,
            Ordering::Greater => Conversion::Wider,
        };
    }
    match (from.modifiers, to.modifiers) {
        (old, new) if old == new => Conversion::Same,
        (_, [None, _]) if canonical(from) != "bit" && canonical(from) != "char" => {
            Conversion::Wider
        }
        ([Some(_), _], [None, _]) => Conversion::Narrower,
        ([None, _], _) => Conversion::Narrower,
        ([Some(old), old_scale], [Some(new), new_scale]) => {
            let (old_scale, new_scale) = (old_scale.unwrap_or(0), new_scale.unwrap_or(0));
            if new_scale >= old_scale && new - new_scale >= old - old_scale {
                if new_scale > old_scale {
                    Conversion::WiderThanReaders
                } else {
                    Conversion::Wider
                }
            } else {
                Conversion::Narrower
            }
        }
    }
}

/// `char(n)` to a type without padding: trailing blanks go, values fit if the
/// length allows it.
fn text_length(from: &DataType, to: &DataType) -> Conversion {
    match (from.modifiers[0].unwrap_or(1), to.modifiers[0]) {
        (_, None) => Conversion::WiderThanReaders,
        (old, Some(new)) if new >= old => Conversion::WiderThanReaders,
        _ => Conversion::Narrower,
    }
}

/// What a `name` holds (manual, "Identifiers and Key Words").
const NAME_BYTES: i32 = 63;

/// What a conversion takes from values that it accepts; `None` where every
/// value can be turned back, or is refused. `cut` says that an explicit cast
/// runs, which cuts text without a word.
pub fn loss(from: &DataType, to: &DataType, cut: bool) -> Option<&'static str> {
    let (old, new) = (canonical(from), canonical(to));
    if from.array > to.array && !matches!(new, "json" | "jsonb" | "text" | "varchar") {
        return Some("all but the chosen elements");
    }
    if from.array != to.array {
        return None;
    }
    match (old, new) {
        ("numeric", "numeric") => shrinks(from.modifiers[1], to, 1)
            .then_some("the digits behind the new scale, which are rounded away"),
        ("numeric" | "real" | "double precision" | "money", _) if integer(to).is_some() => {
            Some("the digits behind the point, which are rounded away")
        }
        ("double precision" | "numeric", "real") => Some("all but about six digits"),
        ("numeric", "double precision") | ("double precision", "numeric") => {
            Some("all but about fifteen digits")
        }
        ("int" | "bigint", "real") => Some("the low digits of large numbers"),
        ("bigint", "double precision") => Some("the low digits of large numbers"),
        ("real" | "double precision" | "numeric", "money") => Some("the digits behind the cent"),
        ("interval", "interval") if to.least_field() > from.least_field() => {
            Some("the fields that the new type does not keep")
        }
        ("timestamp" | "timestamptz", "date") => Some("the time of day"),
        ("timestamp" | "timestamptz", "time" | "timetz") => Some("the date"),
        ("timetz", "time") => Some("the time zone"),
        ("timestamptz", "timestamp") => {
            Some("the instant: only a local time of the session's time zone is left")
        }
        ("timestamp" | "timestamptz" | "time" | "timetz" | "interval", same)
            if same == old
                && from.least_field() == 0
                && shrinks(from.modifiers[0].or(Some(6)), to, 0) =>
        {
            Some("the fractions of a second behind the new precision")
        }
        ("text" | "varchar" | "char" | "citext", "name")
            if length(from).is_none_or(|most| most > NAME_BYTES) =>
        {
            Some("all but the first 63 bytes")
        }
        ("text" | "varchar" | "citext", "boolean") => Some("the text itself"),
        (_, "boolean") if integer(from).is_some() => Some("every number but 0 and 1"),
        ("inet", "cidr") => Some("the host part of the addresses"),
        (
            "text" | "varchar" | "bpchar" | "citext" | "json" | "jsonb" | "xml",
            "varchar" | "char",
        ) if cut && shrinks(length(from), to, 0) => {
            Some("the characters behind the new length, which the cast cuts off")
        }
        ("char", "varchar" | "char") if cut && shrinks(length(from), to, 0) => {
            Some("the characters behind the new length, which the cast cuts off")
        }
        ("bit" | "varbit", "bit" | "varbit") if cut && shrinks(length(from), to, 0) => {
            Some("the bits behind the new length, which the cast cuts off")
        }
        _ => None,
    }
}

/// The name without what only its declaration says.
pub fn canonical(ty: &DataType) -> &str {
    match ty.name.as_str() {
        "serial" => "int",
        "bigserial" => "bigint",
        "smallserial" => "smallint",
        name => name,
    }
}

/// The largest number that an integer type holds.
pub fn largest(ty: &DataType) -> Option<i64> {
    match integer(ty).filter(|_| ty.array == 0)? {
        2 => Some(i64::from(i16::MAX)),
        4 => Some(i64::from(i32::MAX)),
        _ => Some(i64::MAX),
    }
}

fn integer(ty: &DataType) -> Option<u8> {
    match canonical(ty) {
        "smallint" => Some(2),
        "int" => Some(4),
        "bigint" => Some(8),
        _ => None,
    }
}

/// How many digits the longest number of an integer type has.
fn digits(ty: &DataType) -> Option<i32> {
    match integer(ty)? {
        2 => Some(5),
        4 => Some(10),
        _ => Some(19),
    }
}

fn length(ty: &DataType) -> Option<i32> {
    match (canonical(ty), ty.modifiers[0]) {
        ("char" | "bit", None) => Some(1),
        (_, length) => length,
    }
}

/// Is the modifier `n` of the new type smaller than the old value, absent
/// meaning without limit?
fn shrinks(old: Option<i32>, to: &DataType, n: usize) -> bool {
    let new = match (n, to.modifiers) {
        (0, _) => length(to),
        // `numeric(10)` has scale 0.
        (1, [Some(_), None]) => Some(0),
        (n, modifiers) => modifiers[n],
    };
    match (old, new) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new < old,
    }
}

#[cfg(test)]
mod tests {
    use crate::name::Name;

    use super::*;
    use crate::source::Span;

    fn ty(name: &str, modifiers: [Option<i32>; 2]) -> DataType {
        DataType {
            schema: None,
            name: Name::from(name),
            words: None,
            modifiers,
            array: 0,
            span: Span::new(0, 0),
        }
    }

    fn plain(name: &str) -> DataType {
        ty(name, [None, None])
    }

    fn of(name: &str, length: i32) -> DataType {
        ty(name, [Some(length), None])
    }

    #[test]
    fn what_old_users_notice() {
        use Conversion::*;
        let cases = [
            (of("varchar", 50), of("varchar", 100), Wider),
            (of("varchar", 50), plain("text"), Wider),
            (plain("text"), plain("varchar"), Wider),
            (plain("text"), of("varchar", 50), Narrower),
            (of("varchar", 100), of("varchar", 50), Narrower),
            (plain("int"), plain("bigint"), WiderThanReaders),
            (plain("serial"), plain("int"), Same),
            (plain("bigint"), plain("int"), Narrower),
            (
                ty("numeric", [Some(10), Some(2)]),
                ty("numeric", [Some(12), Some(2)]),
                Wider,
            ),
            (
                ty("numeric", [Some(10), Some(2)]),
                ty("numeric", [Some(10), Some(4)]),
                Narrower,
            ),
            (
                plain("int"),
                ty("numeric", [Some(65), Some(30)]),
                WiderThanReaders,
            ),
            (plain("int"), of("numeric", 10), WiderThanReaders),
            (plain("int"), ty("numeric", [Some(10), Some(2)]), Narrower),
            (plain("bigint"), of("numeric", 18), Narrower),
            (
                plain("smallint"),
                ty("numeric", [Some(3), Some(-2)]),
                WiderThanReaders,
            ),
            (plain("timestamp"), plain("timestamptz"), Other),
            (plain("text"), plain("uuid"), Other),
        ];
        for (from, to, expected) in cases {
            assert_eq!(conversion(&from, &to), expected, "{from} to {to}");
        }
    }

    #[test]
    fn what_values_lose() {
        let lossy = [
            (plain("numeric"), plain("int"), false),
            (plain("numeric"), of("numeric", 10), false),
            (plain("timestamptz"), plain("date"), false),
            (plain("timestamp"), of("timestamp", 3), false),
            (plain("text"), of("varchar", 10), true),
            (plain("text"), plain("char"), true),
            (plain("text"), plain("boolean"), true),
        ];
        for (from, to, cut) in lossy {
            assert!(loss(&from, &to, cut).is_some(), "{from} to {to}");
        }
        let kept = [
            (plain("text"), of("varchar", 10), false),
            (plain("bigint"), plain("int"), true),
            (of("varchar", 10), of("varchar", 20), true),
            (plain("int"), plain("bigint"), false),
            (plain("text"), plain("uuid"), true),
            (plain("date"), plain("timestamp"), false),
        ];
        for (from, to, cut) in kept {
            assert!(loss(&from, &to, cut).is_none(), "{from} to {to}");
        }
    }
}
