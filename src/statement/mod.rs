//! Text to statements.
//!
//! A statement is what a server would run at once: the text up to a semicolon
//! that is not inside quotes, comments, a routine body or COPY data. Splitting
//! never fails as a whole; what a statement means is the next module's matter.

pub mod cursor;
pub mod lexer;
pub mod split;

pub use cursor::Cursor;
pub use lexer::{Token, TokenKind};
pub use split::{RawStatement, Shape, Split, SplitOptions, each_statement, split};
