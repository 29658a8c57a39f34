//! The arguments of a routine: which overload is meant, and what OR REPLACE must
//! leave as it is; and what a definition says besides them.

use crate::name::Name;
use crate::operation::DataType;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// Do two argument lists have the same types? Names and defaults do not count,
/// nor do arguments that are only returned.
pub fn same(a: &str, b: &str) -> bool {
    types(a) == types(b)
}

/// Are there arguments that the routine gives back?
pub fn gives_back(arguments: &str) -> bool {
    read(arguments).iter().any(|argument| argument.out)
}

/// May a query call a routine of these arguments with so many?
pub fn takes(arguments: &str, given: usize) -> bool {
    let list = read(arguments);
    let most = list.iter().filter(|argument| !argument.out);
    let least = most.clone().filter(|a| !a.default && !a.variadic);
    given >= least.count() && (given <= most.count() || list.iter().any(|a| a.variadic))
}

/// With how many arguments, the fewest first, does a call that names none of
/// them find two routines of one name and cannot choose? Where as many are given
/// and their types are the same, defaults make up for the rest in both
/// (measured on 13, 15 and 18: a default of VARIADIC counts too, and a VARIADIC
/// without one is passed over).
pub fn not_unique(one: &str, other: &str) -> Option<usize> {
    let (a, b) = (types(one), types(other));
    let range = |arguments: &str| {
        let given = read(arguments).into_iter().filter(|a| !a.out);
        let given: Vec<Argument> = given.collect();
        let least = given.iter().filter(|a| !a.default).count();
        let open = given.iter().any(|a| a.variadic && !a.default);
        (!open).then_some((least, given.len()))
    };
    let ((least_a, most_a), (least_b, most_b)) = (range(one)?, range(other)?);
    let same = |n: usize| {
        let (a, b) = (a.get(..n)?, b.get(..n)?);
        Some(a == b && a.iter().all(Option::is_some))
    };
    (a != b)
        .then(|| least_a.max(least_b)..=most_a.min(most_b))?
        .find(|n| same(*n) == Some(true))
}

/// Is there for each call of the one as many arguments as the other takes?
pub fn stands_in(new: &str, old: &str) -> bool {
    let (new, old) = (read(new), read(old));
    let given = |list: &[Argument]| list.iter().filter(|a| !a.out).count();
    let least = |list: &[Argument]| list.iter().filter(|a| !a.out && !a.default).count();
    least(&new) <= least(&old) && given(&new) >= given(&old)
}

fn types(arguments: &str) -> Vec<Option<DataType>> {
    let given = read(arguments).into_iter().filter(|a| !a.out);
    let plain = given.map(|argument| {
        // What a type says in parentheses is not part of the signature, and these
        // schemas are searched anyway.
        argument.ty.map(|ty| DataType {
            modifiers: [None, None],
            words: None,
            schema: (ty.schema).filter(|s| !matches!(s.as_str(), "public" | "pg_catalog")),
            ..ty
        })
    });
    plain.collect()
}

/// An argument of a routine, or a column of `RETURNS TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// It is only returned.
    pub out: bool,
    /// It stands for any number of them.
    pub variadic: bool,
    pub name: Option<Name>,
    pub ty: Option<DataType>,
    pub default: bool,
}

/// Reads a list as it stands between the parentheses.
pub fn read(arguments: &str) -> Vec<Argument> {
    let mut tokens = Vec::new();
    tokens_into(arguments, Span::new(0, arguments.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(arguments, &tokens);
    let mut list = Vec::new();
    while !cursor.done() {
        list.push(one(&mut cursor));
        if !cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    list
}

/// Leaves the cursor at the comma behind the argument.
fn one(cursor: &mut Cursor<'_>) -> Argument {
    let mode = |cursor: &mut Cursor<'_>| cursor.eat_any(&["IN", "OUT", "INOUT", "VARIADIC"]);
    let mut said = mode(cursor);
    let mark = cursor.mark();
    let mut name = None;
    let mut ty = whole(cursor);
    if ty.is_none() {
        cursor.back_to(mark);
        name = cursor.ident().map(|ident| ident.name);
        said = said.or_else(|| mode(cursor));
        ty = DataType::read(cursor);
    }
    let default = cursor.at_word("DEFAULT") || cursor.at_operator("=") || cursor.at_operator(":=");
    cursor.skip_item();
    Argument {
        out: said == Some("OUT"),
        variadic: said == Some("VARIADIC"),
        name,
        ty,
        default,
    }
}

/// The argument is nothing but a type: `double precision`, not `a int`.
fn whole(cursor: &mut Cursor<'_>) -> Option<DataType> {
    let ty = DataType::read(cursor)?;
    let ends = cursor.done()
        || cursor.at_kind(TokenKind::Comma)
        || cursor.at_word("DEFAULT")
        || cursor.at_operator("=");
    ends.then_some(ty)
}

/// What a definition sets, in a fixed order: `strict`, `security definer`,
/// `parallel safe`, `set search_path = ''`. What holds anyway is left out.
pub fn attributes(definition: &str) -> Vec<String> {
    const CLAUSES: &[&str] = &[
        "AS",
        "BEGIN",
        "COST",
        "IMMUTABLE",
        "LANGUAGE",
        "LEAKPROOF",
        "NOT",
        "PARALLEL",
        "RETURN",
        "RETURNS",
        "ROWS",
        "SECURITY",
        "SET",
        "STABLE",
        "STRICT",
        "SUPPORT",
        "VOLATILE",
        "WINDOW",
    ];
    let mut tokens = Vec::new();
    tokens_into(
        definition,
        Span::new(0, definition.len() as u32),
        &mut tokens,
    );
    let mut cursor = Cursor::new(definition, &tokens);
    let mut list = Vec::new();
    cursor.group();
    while !cursor.done() && !cursor.at_any(&["BEGIN", "RETURN"]) {
        if cursor.eat_words(&["RETURNS", "NULL", "ON", "NULL", "INPUT"]) {
            list.push("strict".to_owned());
            continue;
        }
        if cursor.eat_words(&["NOT", "LEAKPROOF"]) {
            continue;
        }
        let mark = cursor.mark();
        let clause = cursor.eat_any(CLAUSES);
        if clause.is_none() {
            cursor.bump();
        }
        cursor.skip_until(|cursor| cursor.at_any(CLAUSES));
        let text = clause_words(cursor.slice(cursor.span_from(mark)));
        let is_said = match clause {
            Some("COST" | "LEAKPROOF" | "PARALLEL" | "ROWS" | "SECURITY" | "SET" | "STRICT") => {
                !matches!(text.as_str(), "security invoker" | "parallel unsafe")
            }
            _ => false,
        };
        if is_said {
            list.push(text);
        }
    }
    list.sort_unstable();
    list
}

fn clause_words(text: &str) -> String {
    let words = text.split_whitespace().map(str::to_lowercase);
    let words: Vec<String> = words.collect();
    words.join(" ").replace(" to ", " = ")
}

#[cfg(test)]
mod tests {
    use super::{attributes, read, same, takes};

    #[test]
    fn attributes_are_told_from_what_holds_anyway() {
        let usual =
            "(a int) RETURNS int AS $$ SELECT strict $$ LANGUAGE sql PARALLEL UNSAFE NOT LEAKPROOF";
        assert!(attributes(usual).is_empty());
        let text = "() RETURNS SETOF t LANGUAGE sql STRICT SET search_path TO public, pg_temp SECURITY DEFINER AS ''";
        let expected = [
            "security definer",
            "set search_path = public, pg_temp",
            "strict",
        ];
        assert_eq!(attributes(text), expected);
        assert_eq!(attributes("() RETURNS NULL ON NULL INPUT"), ["strict"]);
    }

    #[test]
    fn overloads_are_told_apart_by_their_types() {
        assert!(same("int, text", "a integer, b text DEFAULT 'x'"));
        assert!(same("a text", "text"));
        assert!(!same("int", "a text"));
        assert!(!same("a int", "a text"));
        assert!(same("double precision", "x float8, OUT y int"));
        assert!(same("", ""));
        assert!(!same("int", "int, int"));
        assert!(same("a OUT int, b text", "text"));
    }

    #[test]
    fn calls_give_what_has_no_default() {
        let list = "a int, b text DEFAULT 'x, y', OUT c int";
        assert!(takes(list, 1) && takes(list, 2));
        assert!(!takes(list, 0) && !takes(list, 3));
        assert!(takes("a int, VARIADIC b text[]", 4) && takes("", 0));
    }

    #[test]
    fn arguments_have_names_and_defaults() {
        let names = |list: &str| -> Vec<String> {
            let name = |a: super::Argument| a.name.map_or("-".into(), |n| n.to_string());
            read(list).into_iter().map(name).collect()
        };
        let list = "int, A double precision, INOUT \"B\" numeric(3, 1) = 1, VARIADIC c text[]";
        assert_eq!(names(list), ["-", "a", "B", "c"]);
        let defaults: Vec<bool> = read(list).iter().map(|a| a.default).collect();
        assert_eq!(defaults, [false, false, true, false]);
        assert!(read("").is_empty());
    }
}
