//! Colour for text that miette does not draw.

use std::borrow::Cow;

/// A colour or weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Red => "31",
            Style::Green => "32",
            Style::Yellow => "33",
            Style::Cyan => "36",
        }
    }
}

/// Paints where colour is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Paint(pub bool);

impl Paint {
    pub fn text<'a>(self, style: Style, text: &'a str) -> Cow<'a, str> {
        if self.0 && style != Style::Plain {
            Cow::Owned(format!("\u{1b}[{}m{text}\u{1b}[0m", style.code()))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// Text from a file, made safe to show: escape sequences in a migration must
/// not drive the reader's terminal.
pub fn shown(text: &str) -> Cow<'_, str> {
    if text.contains(is_unsafe) {
        Cow::Owned(text.replace(is_unsafe, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Controls, and the marks that reorder what stands around them.
fn is_unsafe(c: char) -> bool {
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || reorders
}
