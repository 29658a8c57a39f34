//! Does a statement shorten what a column holds? Only what certainly leaves
//! values too long is said to: anything may hide behind a call.

use crate::operation::{DataType, Update};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::{Token, TokenKind, strip, tokens_into};

const LENGTHS: &[&str] = &["length", "char_length", "character_length", "octet_length"];

/// Does a column hold values of more than `most` characters behind an UPDATE,
/// as it does before? `None` for values that have no length.
pub fn leaves_longer(update: &Update, column: &str, most: Option<i32>) -> bool {
    let text = &update.assignments.text;
    let tokens = tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    let mut stays = false;
    while !cursor.done() {
        let is_it = cursor.ident().is_some_and(|ident| ident.name == column);
        let assigns = cursor.eat_operator("=");
        let start = cursor.mark();
        cursor.skip_item();
        let value = &tokens[start..cursor.mark()];
        stays |= is_it && assigns && stays_longer(value, text, column, most);
        cursor.eat(TokenKind::Comma);
    }
    let filter = update.filter.as_ref();
    stays || filter.is_some_and(|filter| passes_over(&filter.text, column, most))
}

/// Is the value of an expression of the column of more than `most` characters,
/// where the column's is?
pub fn is_longer(expr: &str, column: &str, most: Option<i32>) -> bool {
    stays_longer(&tokens(expr), expr, column, most)
}

fn stays_longer(value: &[Token], text: &str, column: &str, most: Option<i32>) -> bool {
    let value = strip(value);
    let mut cursor = Cursor::new(text, value);
    cursor.skip_until(|c| c.at_kind(TokenKind::DoubleColon));
    let head = &value[..cursor.mark()];
    let mut cut = false;
    while cursor.eat(TokenKind::DoubleColon) {
        let Some(ty) = DataType::read(&mut cursor) else {
            return false;
        };
        cut |= cuts(&ty, most);
    }
    if cut || !cursor.done() {
        return false;
    }
    match head {
        [name] | [_, _, name] if is_column(*name, text, column) => true,
        [call, open, inner @ .., close]
            if open.kind == TokenKind::OpenParen && close.kind == TokenKind::CloseParen =>
        {
            match fold(call.span.of(text)).as_str() {
                "cast" => cast_stays_longer(inner, text, column, most),
                name => most.is_some() && keeps(name, inner, text, column) > most,
            }
        }
        _ => head.len() < value.len() && stays_longer(head, text, column, most),
    }
}

/// `value AS type`.
fn cast_stays_longer(inner: &[Token], text: &str, column: &str, most: Option<i32>) -> bool {
    let mut cursor = Cursor::new(text, inner);
    cursor.skip_until(|c| c.at_word("AS"));
    let value = &inner[..cursor.mark()];
    let ty = match cursor.eat_word("AS") {
        true => DataType::read(&mut cursor),
        false => None,
    };
    ty.is_some_and(|ty| !cuts(&ty, most)) && stays_longer(value, text, column, most)
}

/// A cast that is written cuts text without a word.
fn cuts(ty: &DataType, most: Option<i32>) -> bool {
    let length = ty.modifiers[0].filter(|_| matches!(ty.name.as_str(), "varchar" | "char"));
    length.is_some_and(|length| most.is_some_and(|most| length <= most))
}

/// How many characters of the column `left(v, n)` and `substring(v, 1, n)` keep;
/// `None` where that is not written.
fn keeps(function: &str, arguments: &[Token], text: &str, column: &str) -> Option<i32> {
    let behind = match arguments {
        [name, behind @ ..] if is_column(*name, text, column) => behind,
        [_, dot, name, behind @ ..]
            if dot.kind == TokenKind::Dot && is_column(*name, text, column) =>
        {
            behind
        }
        _ => return None,
    };
    let number = match (function, behind) {
        ("left", [_, number]) => number,
        ("substr" | "substring", [_, _, _, number]) => number,
        ("substring", [word, number]) if word.is_word(text, "FOR") => number,
        _ => return None,
    };
    number.span.of(text).parse().ok()
}

/// `length(v) > n` passes over rows whose value has up to `n` characters.
fn passes_over(filter: &str, column: &str, most: Option<i32>) -> bool {
    let tokens = tokens(filter);
    let [call, open, inner @ .., close, operator, number] = strip(&tokens) else {
        return false;
    };
    let of = |token: &Token| token.span.of(filter);
    let is_length = LENGTHS.contains(&fold(of(call)).as_str())
        && open.kind == TokenKind::OpenParen
        && close.kind == TokenKind::CloseParen
        && matches!(inner, [name] | [_, _, name] if is_column(*name, filter, column));
    let reach = of(number).parse::<i32>().ok();
    let reach = match of(operator) {
        ">" => reach,
        ">=" => reach.map(|n| n - 1),
        _ => None,
    };
    is_length && reach > most && most.is_some()
}

fn is_column(token: Token, text: &str, column: &str) -> bool {
    let name = token.span.of(text);
    match token.kind {
        TokenKind::Word => fold(name) == column,
        TokenKind::QuotedName => name.trim_matches('"') == column,
        _ => false,
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_too_long_is_told() {
        for long in [
            "v",
            "(t.v)",
            "v::text",
            "CAST(v AS varchar(60))",
            "left(v, 60)",
            "substring(v FROM 1 FOR 51)",
            "substr(v, 1, 51)::text",
        ] {
            assert!(is_longer(long, "v", Some(50)), "{long}");
        }
        for short in [
            "left(v, 50)",
            "(LEFT(t.v, 10))",
            "v::varchar(50)",
            "v::text::varchar(9)",
            "CAST(v AS varchar(50))",
            "substring(v, 1, 50)",
            "substring(v for 50)",
            "'other'",
            "NULL",
            "left(v, 40) || '...'",
            "shorten(v)",
            "substr(v, 60)",
            "",
        ] {
            assert!(!is_longer(short, "v", Some(50)), "{short}");
        }
        assert!(is_longer("n::numeric(10,2)", "n", None));
        assert!(!is_longer("least(n, 9)", "n", None));
        assert!(!is_longer("left(n, 9)", "n", None));
    }

    #[test]
    fn a_filter_may_pass_over_values() {
        for over in ["length(v) > 51", "(char_length(t.v) >= 52)"] {
            assert!(passes_over(over, "v", Some(50)), "{over}");
        }
        for none in [
            "length(v) > 50",
            "length(v) >= 51",
            "length(w) > 60",
            "id = 1",
        ] {
            assert!(!passes_over(none, "v", Some(50)), "{none}");
        }
    }
}
