//! Terms of a condition that compare a column with constants.

use crate::statement::lexer::{Token, TokenKind};

use super::expr::{group_end, is_word, strip};

/// `operator constant`.
pub(super) struct Comparison {
    pub operator: &'static str,
    pub value: String,
}

impl Comparison {
    /// True of no value of the range?
    pub(super) fn fails_within(&self, from: &str, to: &str) -> bool {
        match self.operator {
            ">=" | ">" => to != "MAXVALUE" && at_least(&self.value, to),
            "<" => from != "MINVALUE" && at_least(from, &self.value),
            "<=" => from != "MINVALUE" && less(&self.value, from),
            "=" => {
                (to != "MAXVALUE" && at_least(&self.value, to))
                    || (from != "MINVALUE" && less(&self.value, from))
            }
            _ => false,
        }
    }
}

/// `BETWEEN low AND high`, behind what is compared.
pub(super) fn between(rest: &[Token], text: &str) -> Option<[Comparison; 2]> {
    let (word, ends) = rest.split_first()?;
    let and = ends.iter().position(|token| is_word(*token, text, "AND"))?;
    if !is_word(*word, text, "BETWEEN") {
        return None;
    }
    let end = |operator, tokens| {
        let value = constant(strip(tokens), text)?;
        Some(Comparison { operator, value })
    };
    Some([end(">=", &ends[..and])?, end("<=", &ends[and + 1..])?])
}

/// The values of `= value`, `IN (…)`, `= ANY (ARRAY[…])` and `= ANY ('{…}')`,
/// behind what is compared.
pub(super) fn alternatives(rest: &[Token], text: &str) -> Option<Vec<String>> {
    match rest {
        [word, list @ ..] if is_word(*word, text, "IN") => constants(strip(list), text),
        [equal, any, list @ ..] if equal.span.of(text) == "=" && is_word(*any, text, "ANY") => {
            any_of(uncast(list), text)
        }
        _ => comparison(rest, text)
            .filter(|c| c.operator == "=")
            .map(|c| vec![c.value]),
    }
}

/// The values of `NOT IN (…)` and `<> ALL (ARRAY[…])`, behind what is compared.
pub(super) fn excluded(rest: &[Token], text: &str) -> Option<Vec<String>> {
    match rest {
        [not, word, list @ ..] if is_word(*not, text, "NOT") && is_word(*word, text, "IN") => {
            constants(strip(list), text)
        }
        [unequal, all, list @ ..]
            if matches!(unequal.span.of(text), "<>" | "!=") && is_word(*all, text, "ALL") =>
        {
            any_of(uncast(list), text)
        }
        _ => None,
    }
}

/// What an array in parentheses, which the server likes to cast, holds.
fn uncast(list: &[Token]) -> &[Token] {
    let inner = strip(list);
    let behind = match inner.first() {
        Some(open) if open.kind == TokenKind::OpenParen => group_end(inner, 0),
        _ => return inner,
    };
    let cast = inner.get(behind + 1);
    match cast {
        Some(token) if token.kind == TokenKind::DoubleColon => strip(&inner[..=behind]),
        _ => inner,
    }
}

/// The elements of an array.
fn any_of(list: &[Token], text: &str) -> Option<Vec<String>> {
    match list {
        [array, open, inner @ .., close]
            if is_word(*array, text, "ARRAY")
                && open.kind == TokenKind::OpenBracket
                && close.kind == TokenKind::CloseBracket =>
        {
            constants(inner, text)
        }
        [literal, ty @ ..] if literal.kind == TokenKind::Text => {
            let elements = literal.span.of(text);
            let elements = elements.strip_prefix("'{")?.strip_suffix("}'")?;
            let is_text = match ty {
                [] => true,
                [_, ty, ..] => ["text", "varchar", "char"]
                    .iter()
                    .any(|word| is_word(*ty, text, word)),
                _ => return None,
            };
            let element = |element: &str| match is_text {
                true => format!("'{element}'"),
                false => element.to_owned(),
            };
            let plain = !elements.contains(['"', '\\', '{', '\'']);
            plain.then(|| elements.split(',').map(|e| element(e.trim())).collect())
        }
        _ => None,
    }
}

pub(super) fn constants(list: &[Token], text: &str) -> Option<Vec<String>> {
    list.split(|token| token.kind == TokenKind::Comma)
        .map(|value| constant(value, text))
        .collect()
}

/// `operator constant`, behind what is compared.
pub(super) fn comparison(rest: &[Token], text: &str) -> Option<Comparison> {
    let (operator, value) = rest.split_first()?;
    let operator = match operator.span.of(text) {
        "!=" => "<>",
        operator => ["<=", ">=", "<", ">", "=", "<>"]
            .into_iter()
            .find(|o| *o == operator)?,
    };
    let value = constant(value, text)?;
    Some(Comparison { operator, value })
}

/// The text of a constant without its cast: `5`, `-5`, `'2024-01-01'::date`,
/// `DATE '2024-01-01'`.
pub(super) fn constant(tokens: &[Token], text: &str) -> Option<String> {
    let mut value = String::new();
    for (n, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Number => value.push_str(token.span.of(text)),
            TokenKind::Text => value.push_str(token.span.of(text)),
            TokenKind::Operator if n == 0 && token.span.of(text) == "-" => value.push('-'),
            TokenKind::DoubleColon => break,
            TokenKind::Word if n == 0 && tokens.len() > 1 => {}
            _ => return None,
        }
    }
    (!value.is_empty()).then_some(value)
}

fn compare(left: &str, right: &str) -> Option<std::cmp::Ordering> {
    if let (Ok(left), Ok(right)) = (left.parse::<f64>(), right.parse::<f64>()) {
        return left.partial_cmp(&right);
    }
    let quoted = |text: &str| text.starts_with('\'') && text.len() > 1;
    if !quoted(left) || !quoted(right) {
        return None;
    }
    // Quoted constants compare as texts only if they have the same form, as
    // dates of one length do.
    let (left, right) = if left.len() == right.len() {
        (left.to_string(), right.to_string())
    } else {
        (moment(left)?, moment(right)?)
    };
    (left.len() == right.len()).then(|| left.cmp(&right))
}

/// A date, or a date and a time, as both.
fn moment(quoted: &str) -> Option<String> {
    let text = quoted.trim_matches('\'').trim();
    let (date, time) = text.split_at_checked(10)?;
    let is_date = date.bytes().enumerate().all(|(n, byte)| match n {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let time = match time.trim_start_matches([' ', 'T']) {
        "" => "00:00:00",
        time => time,
    };
    is_date.then(|| format!("{date} {time}"))
}

pub(super) fn at_least(left: &str, right: &str) -> bool {
    compare(left, right).is_some_and(std::cmp::Ordering::is_ge)
}

pub(super) fn less(left: &str, right: &str) -> bool {
    compare(left, right).is_some_and(std::cmp::Ordering::is_lt)
}

/// Are they certainly two values? Words are, whatever the type, except for those
/// that stand for true and false.
pub(super) fn differ(left: &str, right: &str) -> bool {
    const TRUTH: &[&str] = &["true", "false", "yes", "no", "on", "off"];
    let word = |text: &str| {
        let text = text.trim_matches('\'').to_lowercase();
        let is_word = text.starts_with(char::is_alphabetic);
        (is_word && !TRUTH.iter().any(|truth| truth.starts_with(&text))).then_some(text)
    };
    let is_blank = |text: &str| text.trim_matches('\'').trim().is_empty();
    let quoted = |text: &str| text.starts_with('\'') && text.len() > 1;
    compare(left, right).is_some_and(std::cmp::Ordering::is_ne)
        || quoted(left) && quoted(right) && is_blank(left) != is_blank(right)
        || word(left).is_some_and(|left| word(right).is_none_or(|right| left != right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_compare_only_where_that_is_certain() {
        assert!(at_least("10", "9"));
        assert!(less("'2023-12-31'", "'2024-01-01'"));
        assert!(less("'2023-12-31 12:00:00'", "'2024-01-01'"));
        assert!(at_least("'2024-01-01'", "'2024-01-01 00:00:00'"));
        assert!(!less("'9'", "'10'") && !at_least("'9'", "'10'"));
        assert!(!less("a", "b"));
    }
}
