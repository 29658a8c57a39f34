//! What a statement does cannot be seen from its text.

use crate::operation::{Action, Kind, ObjectName, Operation};
use crate::rule::{Check, Findings, OperationContext, Rule};
use crate::source::Span;
use crate::statement::cursor::string_inside;
use crate::statement::lexer::tokens_into;

pub const RULE: Rule = Rule {
    id: "opaque-sql",
    page: include_str!("../../rules/opaque-sql.md"),
    check: Check::Operation {
        on: &[Kind::Opaque],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Opaque { why, .. } = &cx.operation.action else {
        return;
    };
    let is_unread = |op: &&Operation| matches!(op.action, Action::Opaque { .. });
    let first = cx.siblings.iter().find(is_unread);
    if first.is_some_and(|first| !std::ptr::eq(first, cx.operation))
        || findings.has_said(cx)
        || is_about_new(cx)
    {
        return;
    }
    let fact = format!("what this does cannot be judged: {why}");
    // Calls of one routine come to the same; built from nothing but variables,
    // any two may differ.
    let place = cx.place(cx.operation.place);
    if why.ends_with('`') && findings.add_to_alike(&fact, place, "nor can this") {
        return;
    }
    findings
        .report(cx.operation.place, fact)
        .help("look at it yourself; write the statement out where that is possible");
}

/// Is it the body of a routine whose call names what this migration made?
fn is_about_new(cx: &OperationContext<'_>) -> bool {
    let text = cx.statement_text();
    let whole = Span::new(0, text.len() as u32);
    let mut tokens = Vec::new();
    tokens_into(text, whole, &mut tokens);
    let is_call = tokens
        .first()
        .is_some_and(|first| first.span.of(text).eq_ignore_ascii_case("select"));
    let literals = tokens
        .iter()
        .filter_map(|token| Some(string_inside(*token, text)?.of(text)));
    let literals: Vec<&str> = literals.take(MOST_ARGUMENTS).collect();
    let schemas = || std::iter::once(None).chain(literals.iter().copied().map(Some));
    let is_new = |name: &str| schemas().any(|schema| cx.is_new(&relation(schema, name)));
    is_call && literals.iter().any(|name| is_new(name))
}

const MOST_ARGUMENTS: usize = 8;

/// The relation that literals name: one alone, or one with another as its schema.
fn relation(schema: Option<&str>, name: &str) -> ObjectName {
    let (schema, name) = match name.split_once('.') {
        Some((own, name)) => (Some(own), name),
        None => (schema, name),
    };
    ObjectName {
        schema: schema.map(Into::into),
        name: name.into(),
        span: Span::default(),
        name_span: Span::default(),
        template: false,
    }
}
