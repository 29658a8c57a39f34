//! CREATE VIEW.

use super::reader::Reader;
use super::{Action, CreateView, Query, query};
use crate::name::Name;
use crate::statement::Cursor;

impl CreateView {
    /// `WITH CHECK OPTION`, or `WITH (check_option = …)`.
    pub fn has_check_option(&self) -> bool {
        let says = |text: &str, word: &str| crate::text::holds(text, word);
        says(&self.check_option, "check") || says(&self.options, "check_option")
    }
}

/// `CREATE [MATERIALIZED] VIEW`.
pub fn create(r: &mut Reader<'_>) {
    let Some((mut view, recursive)) = head(r) else {
        return r.expected("the name of a view");
    };
    view.columns = r.cursor.ident_list().map_or(Vec::new(), |columns| {
        columns.into_iter().map(|c| c.name).collect()
    });
    if view.or_replace && view.materialized {
        return r.unparsed("a materialized view is not replaced: DROP it and create it anew");
    }
    if view.if_not_exists && !view.materialized {
        return r.unparsed("only a materialized view is created IF NOT EXISTS");
    }
    let mark = r.cursor.mark();
    let options = options(r);
    view.options = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
    if !options || !r.cursor.eat_word("AS") {
        return r.expected("`AS` and a query");
    }
    // `data` may be the name of the first subquery of WITH.
    let start = r.cursor.mark();
    let Some(span) = r.cursor.skip_until(|c| c.mark() > start && at_tail(c)) else {
        return r.expected("a query");
    };
    view.query = match recursive {
        true => recursive_query(&view, r.query(span)),
        false => r.query(span),
    };
    let mark = r.cursor.mark();
    view.with_data = tail(r);
    if !view.materialized {
        view.check_option = Name::new(r.cursor.slice(r.cursor.span_from(mark)));
    }
    view.reading = query::read(&view.query.text);
    let place = view.name.span;
    r.push_whole(Action::CreateView(Box::new(view)), place);
}

fn head(r: &mut Reader<'_>) -> Option<(CreateView, bool)> {
    let (mut or_replace, mut materialized, mut temporary, mut recursive) = Default::default();
    r.cursor.bump();
    while !r.cursor.eat_word("VIEW") {
        if r.cursor.eat_words(&["OR", "REPLACE"]) {
            or_replace = true;
        } else if r.cursor.eat_word("MATERIALIZED") {
            materialized = true;
        } else if r.cursor.eat_any(&["TEMP", "TEMPORARY"]).is_some() {
            temporary = true;
        } else if r.cursor.eat_word("RECURSIVE") {
            recursive = true;
        } else if r.cursor.eat_any(&["GLOBAL", "LOCAL"]).is_none() {
            r.key_word_placeholder()?;
        }
    }
    let if_not_exists = r.cursor.eat_if_not_exists();
    let name = r.object_name()?;
    let query = r.query(name.span);
    let view = CreateView {
        name,
        or_replace,
        materialized,
        temporary,
        if_not_exists,
        columns: Vec::new(),
        options: Name::default(),
        query,
        with_data: true,
        check_option: Name::default(),
        reading: None,
    };
    Some((view, recursive))
}

/// What may stand between the columns and AS.
fn options(r: &mut Reader<'_>) -> bool {
    loop {
        let taken = if r.cursor.eat_word("WITH") {
            r.cursor.group().is_some()
        } else if r.cursor.eat_any(&["USING", "TABLESPACE"]).is_some() {
            r.name().is_some()
        } else {
            return true;
        };
        if !taken {
            return false;
        }
    }
}

fn at_tail(c: &Cursor<'_>) -> bool {
    const TAILS: &[&[&str]] = &[
        &["WITH", "DATA"],
        &["WITH", "NO", "DATA"],
        &["WITH", "CHECK", "OPTION"],
        &["WITH", "LOCAL", "CHECK", "OPTION"],
        &["WITH", "CASCADED", "CHECK", "OPTION"],
    ];
    c.at_word("WITH") && TAILS.iter().any(|tail| c.at_words(tail))
}

/// Passes over what stands behind the query; is there data in the view?
fn tail(r: &mut Reader<'_>) -> bool {
    if !r.cursor.eat_word("WITH") {
        return true;
    }
    let with_data = !r.cursor.eat_word("NO");
    while r
        .cursor
        .eat_any(&["DATA", "LOCAL", "CASCADED", "CHECK", "OPTION"])
        .is_some()
    {}
    with_data
}

/// `CREATE RECURSIVE VIEW v (a) AS q` is short for
/// `CREATE VIEW v AS WITH RECURSIVE v (a) AS (q) SELECT a FROM v`.
fn recursive_query(view: &CreateView, query: Query) -> Query {
    let columns = view
        .columns
        .iter()
        .map(|c| format!("\"{}\"", c.replace('"', "\"\"")))
        .collect::<Vec<_>>()
        .join(", ");
    let name = view.name.name.replace('"', "\"\"");
    let text = format!(
        "WITH RECURSIVE \"{name}\" ({columns}) AS ({}) SELECT {columns} FROM \"{name}\"",
        query.text
    );
    Query {
        text: text.into(),
        span: query.span,
    }
}
