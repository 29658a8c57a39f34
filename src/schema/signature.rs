//! Which overload of a routine a DROP means.

use crate::operation::DataType;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// Do two argument lists have the same types? Names and defaults do not count,
/// nor do arguments that are only returned.
pub fn same(a: &str, b: &str) -> bool {
    types(a) == types(b)
}

fn types(arguments: &str) -> Vec<Option<DataType>> {
    let mut tokens = Vec::new();
    tokens_into(arguments, Span::new(0, arguments.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(arguments, &tokens);
    let mut list = Vec::new();
    while !cursor.done() {
        let out = cursor.at_word("OUT");
        cursor.eat_any(&["IN", "OUT", "INOUT", "VARIADIC"]);
        let ty = whole(&mut cursor.clone()).or_else(|| behind_name(&mut cursor.clone()));
        if !out {
            list.push(ty);
        }
        cursor.skip_item();
        if !cursor.eat(TokenKind::Comma) {
            break;
        }
    }
    list
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

fn behind_name(cursor: &mut Cursor<'_>) -> Option<DataType> {
    cursor.ident()?;
    DataType::read(cursor)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn overloads_are_told_apart_by_their_types() {
        assert!(same("int, text", "a integer, b text DEFAULT 'x'"));
        assert!(same("a text", "text"));
        assert!(!same("int", "a text"));
        assert!(!same("a int", "a text"));
        assert!(same("double precision", "x float8, OUT y int"));
        assert!(same("", ""));
        assert!(!same("int", "int, int"));
    }
}
