//! Names and types as SQL has to write them.

use crate::name::Name;
use smol_str::SmolStr;

use crate::operation::{DataType, Ident, SequenceOption, reserved};
use crate::schema::Key;

/// `name` as SQL would have to write it; what a tool fills in stays as it is.
pub fn sql_name(name: &str) -> SmolStr {
    if name.contains("${") || name.contains("{{") || name.starts_with(':') {
        return SmolStr::new(name);
    }
    let plain = !name.is_empty()
        && !name.as_bytes()[0].is_ascii_digit()
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !reserved::is_reserved(name);
    if plain {
        SmolStr::new(name)
    } else {
        SmolStr::from(format!("\"{}\"", name.replace('"', "\"\"")))
    }
}

/// An identifier as SQL would have to write it.
pub fn sql_ident(ident: &Ident) -> SmolStr {
    if ident.template {
        ident.name.as_str().into()
    } else {
        sql_name(&ident.name)
    }
}

/// A relation's name; `public` goes without saying.
pub fn sql_key(key: &Key) -> String {
    match key.schema.as_str() {
        "public" | "pg_temp" => sql_name(&key.name).to_string(),
        schema => format!("{}.{}", sql_name(schema), sql_name(&key.name)),
    }
}

/// Names between commas.
pub fn sql_names<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    let names: Vec<SmolStr> = names.into_iter().map(|name| sql_name(name)).collect();
    names.join(", ")
}

/// A type with its modifiers.
pub fn sql_type(ty: &DataType) -> String {
    let mut text = String::new();
    match &ty.schema {
        Some(schema) => {
            text.push_str(&sql_name(schema));
            text.push('.');
            text.push_str(&sql_name(&ty.name));
        }
        None if is_spelt_out(&ty.name) => text.push_str(&ty.name),
        None => text.push_str(&sql_name(&ty.name)),
    }
    let words = ty.words.as_deref().unwrap_or_default();
    if words.starts_with('(') {
        text.push_str(words);
    } else if !words.is_empty() {
        text.push(' ');
        text.push_str(words);
    }
    match ty.modifiers {
        [Some(a), Some(b)] => text.push_str(&format!("({a},{b})")),
        [Some(a), None] => text.push_str(&format!("({a})")),
        _ => {}
    }
    text.push_str(&"[]".repeat(usize::from(ty.array)));
    text
}

/// Names of several words, in their own quotes, or with a placeholder.
fn is_spelt_out(name: &str) -> bool {
    name == "double precision" || name.contains(['"', '$', '{', '%'])
}

/// `INCREMENT BY 2 CACHE 10`, with a blank in front.
pub fn sql_sequence_options(options: &[SequenceOption]) -> String {
    options
        .iter()
        .map(|(name, value)| match (*name, value.as_str()) {
            (name, "no") => format!(" NO {}", name.to_uppercase()),
            ("increment", value) => format!(" INCREMENT BY {value}"),
            ("start", value) => format!(" START WITH {value}"),
            (name, "") => format!(" {}", name.to_uppercase()),
            (name, value) => format!(" {} {value}", name.to_uppercase()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::sql_name;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(sql_name("orders"), "orders");
        assert_eq!(sql_name("user"), "\"user\"");
        assert_eq!(sql_name("Orders"), "\"Orders\"");
        assert_eq!(sql_name("a\"b"), "\"a\"\"b\"");
        assert_eq!(sql_name("${prefix}_orders"), "${prefix}_orders");
    }
}
