//! DO blocks.

use smol_str::format_smolstr;

use super::reader::Reader;
use super::{Action, dynamic, plpgsql, routine};
use crate::name::Name;

/// DO.
pub fn read(r: &mut Reader<'_>) {
    let place = r.here();
    r.cursor.eat_word("DO");
    let mut language = Name::new("plpgsql");
    let mut body = None;
    loop {
        if r.cursor.eat_word("LANGUAGE") {
            match routine::language(r) {
                Some(name) => language = name,
                None => return r.expected("a language"),
            }
        } else {
            let token = r.cursor.peek();
            if body.is_some() || r.cursor.string().is_none() {
                break;
            }
            body = token;
        }
    }
    let Some(body) = body else {
        return r.expected("a block in quotes");
    };
    if language != "plpgsql" {
        return r.opaque(format_smolstr!("runs a block in {language}"), place);
    }
    let within = r.within.clone().in_block();
    let operations = dynamic::in_literal(r.text(), body, |text, span| {
        plpgsql::read(r, text, span, within)
    });
    if operations.is_empty() {
        return r.push_whole(Action::Nothing, place);
    }
    r.extend(operations);
}
