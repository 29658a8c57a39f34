//! The way back from a migration as a script.

use crate::inverse::{Inverse, Kind, WayBack};
use crate::project::way_back::{Marks, Place};
use crate::report::Return;
use crate::source::{Source, Span};

/// The statements, last first, with comments for what does not come back.
pub fn script(back: &Return, source: &Source) -> String {
    let (prefix, marks) = match &back.place {
        Place::Section { prefix, marks, .. } => (*prefix, *marks),
        _ => ("", Marks::default()),
    };
    let own = back.opens_transaction && !has_concurrent(&back.way);
    let mut out = String::new();
    if own {
        out.push_str("BEGIN;\n\n");
    }
    for (n, step) in back.way.steps.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        comments(&step.inverse, source.slice(step.span), &mut out);
        for statement in &step.inverse.statements {
            write(statement, prefix, marks, &mut out);
        }
    }
    if back.way.steps.is_empty() {
        out.push_str("-- Nothing to undo.\n");
    }
    if own {
        out.push_str("\nCOMMIT;\n");
    }
    out
}

fn has_concurrent(way: &WayBack) -> bool {
    way.statements().any(|s| s.contains(" CONCURRENTLY "))
}

fn comments(inverse: &Inverse, undone: &str, out: &mut String) {
    if inverse.kind == Kind::Impossible || !inverse.missing.is_empty() {
        out.push_str(&format!("-- Not undone: {}\n", shortened(undone)));
        for missing in &inverse.missing {
            out.push_str(&format!("--   {}.\n", one_line(missing)));
        }
    }
    for lost in &inverse.loses {
        out.push_str(&format!("-- Does not come back: {}.\n", one_line(lost)));
    }
    for condition in &inverse.conditions {
        out.push_str(&format!(
            "-- Needs that {}. Count what stands against it:\n",
            one_line(&condition.what)
        ));
        out.push_str(&format!("--   {};\n", one_line(&condition.query)));
    }
}

fn write(statement: &str, prefix: &str, marks: Marks, out: &mut String) {
    let marked = !marks.begin.is_empty() && statement.contains(';');
    if marked {
        out.push_str(&format!("{}\n", marks.begin));
    }
    for line in format!("{statement};").lines() {
        out.push_str(&format!("{prefix}{line}\n"));
    }
    if marked {
        out.push_str(&format!("{}\n", marks.end));
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = one_line(text);
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// The migration's file with the section in its place.
pub fn with_section(source: &Source, span: Span, head: &str, script: &str) -> String {
    let text = source.text();
    let (before, after) = (&text[..span.start as usize], &text[span.end as usize..]);
    let line = match before.is_empty() || before.ends_with('\n') || head.starts_with('\n') {
        true => "",
        false => "\n",
    };
    let mut whole = format!("{before}{line}{head}{script}{after}");
    if source.line_end() == "\r\n" {
        whole = whole.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    whole
}
