//! From a raw statement to its operations: looks at the first words and hands
//! over to the reader of the family.

use super::{Action, Operation, Statement, Within};
use crate::statement::lexer::{Token, tokens_into};
use crate::statement::{Cursor, RawStatement};

/// Reads one statement. `tokens` is scratch space that callers keep between
/// statements.
pub fn read(text: &str, raw: &RawStatement, tokens: &mut Vec<Token>) -> Statement {
    tokens_into(
        text,
        crate::source::Span::new(raw.span.start, raw.read_to),
        tokens,
    );
    let cursor = Cursor::new(text, tokens);
    let _ = &cursor;
    Statement {
        span: raw.span,
        operations: vec![Operation {
            action: Action::Unparsed {
                why: "no reader yet".into(),
            },
            place: raw.span,
            clause: raw.span,
            within: Within::default(),
        }],
    }
}
