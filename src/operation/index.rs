//! CREATE INDEX and ALTER INDEX.

use super::constraint::{column_names, nulls_not_distinct};
use super::reader::Reader;
use super::{Action, CreateIndex, Expr, Ident, IndexElement, ObjectKind, ObjectName, alter_table};
use crate::few::Few;
use crate::name::{Name, name};
use crate::statement::lexer::TokenKind;
use smol_str::SmolStr;
use thin_vec::ThinVec;

/// `CREATE [UNIQUE] INDEX`.
pub fn create(r: &mut Reader<'_>) {
    match index(r) {
        Ok(index) => {
            let place = index.name.as_ref().unwrap_or(&index.table).span;
            r.push_whole(Action::CreateIndex(Box::new(index)), place);
        }
        Err(why) => r.unparsed(why),
    }
}

/// ALTER INDEX.
pub fn alter(r: &mut Reader<'_>) {
    r.cursor.eat_words(&["ALTER", "INDEX"]);
    if !alter_table::all_in_tablespace(r, ObjectKind::Index) {
        alter_table::relation(r, ObjectKind::Index);
    }
}

fn index(r: &mut Reader<'_>) -> Result<CreateIndex, SmolStr> {
    let mut index = head(r)?;
    if r.cursor.eat_word("USING") {
        let method = r.name();
        index.method = r.need(method, "an index method")?.name;
    }
    index.elements = elements(r)?;
    while option(r, &mut index)? {}
    Ok(index)
}

/// Everything up to the table.
fn head(r: &mut Reader<'_>) -> Result<CreateIndex, SmolStr> {
    r.cursor.eat_word("CREATE");
    let mut unique = false;
    while !r.cursor.eat_word("INDEX") {
        unique |= r.cursor.at_word("UNIQUE");
        let word = r.cursor.eat_word("UNIQUE").then_some(());
        let passed = word.or_else(|| r.key_word_placeholder());
        r.need(passed, "`INDEX`")?;
    }
    let concurrently = concurrently(r);
    let if_not_exists = r.cursor.eat_if_not_exists();
    let name = match r.cursor.at_word("ON") {
        true if if_not_exists => return Err(r.why_expected("the name of the index")),
        true => None,
        false => r.object_name(),
    };
    let found = r.cursor.eat_word("ON");
    r.need(found.then_some(()), "`ON`")?;
    let only = r.cursor.eat_word("ONLY");
    let table = r.object_name();
    Ok(CreateIndex {
        name,
        table: r.need(table, "a table")?,
        only,
        unique,
        concurrently,
        if_not_exists,
        method: Name::new("btree"),
        elements: Vec::new(),
        include: ThinVec::new(),
        predicate: None,
        nulls_not_distinct: false,
        parameters: Name::default(),
    })
}

/// Reads CONCURRENTLY, or a placeholder in its place: one that is followed by
/// a name, or by what can only follow CONCURRENTLY.
fn concurrently(r: &mut Reader<'_>) -> bool {
    if r.cursor.eat_word("CONCURRENTLY") {
        return true;
    }
    let Some(first) = r.cursor.peek().filter(|t| t.kind == TokenKind::Template) else {
        return false;
    };
    let names_the_word = r
        .cursor
        .slice(first.span)
        .to_ascii_uppercase()
        .contains("CONCURRENT");
    let next = r.cursor.peek_at(1).map(|token| token.kind);
    let is_name = next == Some(TokenKind::Dot) || r.cursor.is_word_at(1, "ON");
    if names_the_word || !is_name {
        r.key_word_placeholder();
    }
    names_the_word
}

fn elements(r: &mut Reader<'_>) -> Result<Vec<IndexElement>, SmolStr> {
    if !r.cursor.eat(TokenKind::OpenParen) {
        return Err(r.why_expected("columns in parentheses"));
    }
    let mut elements = Vec::new();
    loop {
        elements.push_few(element(r)?);
        if r.cursor.eat(TokenKind::CloseParen) {
            return Ok(elements);
        }
        if !r.cursor.eat(TokenKind::Comma) {
            return Err(r.why_expected("`,` or `)`"));
        }
    }
}

fn element(r: &mut Reader<'_>) -> Result<IndexElement, SmolStr> {
    let mut column = None;
    if let Some((name, collation)) = column_in_parens(r) {
        let options = element_options(r)?;
        return Ok(IndexElement {
            column: Some(name.name),
            expr: None,
            options: match (collation, options.is_empty()) {
                (None, _) => options,
                (Some(collation), true) => Name::new(collation),
                (Some(collation), false) => name!("{collation} {options}"),
            },
        });
    }
    let expr = match r.cursor.at_kind(TokenKind::OpenParen) {
        true => r.expr_in_parens(),
        false => call(r),
    };
    if expr.is_none() {
        let name = r.name();
        column = Some(r.need(name, "a column or an expression")?.name);
    }
    Ok(IndexElement {
        column,
        expr,
        options: element_options(r)?,
    })
}

/// `(c)` and `(c COLLATE x)` are no expressions to the server; `(TRUE)` is one.
fn column_in_parens<'a>(r: &mut Reader<'a>) -> Option<(Ident, Option<&'a str>)> {
    let mark = r.cursor.mark();
    let opened = r.cursor.eat(TokenKind::OpenParen);
    let constant = r.cursor.at_any(&["TRUE", "FALSE", "NULL"]);
    let name = (opened && !constant).then(|| r.name());
    let behind = r.cursor.mark();
    let collated = r.cursor.eat_word("COLLATE");
    let is_plain = !collated || r.object_name().is_some();
    let collation = collated.then(|| r.cursor.slice(r.cursor.span_from(behind)));
    if let Some(Some(name)) = name
        && is_plain
        && r.cursor.eat(TokenKind::CloseParen)
    {
        return Some((name, collation));
    }
    r.cursor.back_to(mark);
    None
}

/// `f(…)`, as it stands in an index without parentheses around it.
fn call(r: &mut Reader<'_>) -> Option<Expr> {
    let mark = r.cursor.mark();
    let named = ObjectName::read(&mut r.cursor).is_some();
    if !named || r.cursor.group().is_none() {
        r.cursor.back_to(mark);
        return None;
    }
    Some(r.expr(r.cursor.span_from(mark)))
}

/// Collation, operator class with its parameters, direction, and the place of nulls.
fn element_options(r: &mut Reader<'_>) -> Result<Name, SmolStr> {
    let mark = r.cursor.mark();
    if r.cursor.eat_word("COLLATE") {
        let collation = r.object_name();
        r.need(collation, "a collation")?;
    }
    let at_class = matches!(
        r.cursor.kind(),
        Some(TokenKind::Word | TokenKind::QuotedName | TokenKind::Template)
    ) && !r.cursor.at_any(&["ASC", "DESC", "NULLS"]);
    if at_class {
        r.object_name();
        r.cursor.group();
    }
    r.cursor.eat_any(&["ASC", "DESC"]);
    if r.cursor.eat_word("NULLS") {
        let end = r.cursor.eat_any(&["FIRST", "LAST"]);
        r.need(end, "`FIRST` or `LAST`")?;
    }
    let span = r.cursor.span_from(mark);
    Ok(Name::new(r.cursor.slice(span)))
}

/// One of the clauses behind the elements; false where none comes next.
fn option(r: &mut Reader<'_>, index: &mut CreateIndex) -> Result<bool, SmolStr> {
    let mark = r.cursor.mark();
    if r.cursor.eat_word("INCLUDE") {
        index.include = column_names(&mut r.cursor).into();
    } else if r.cursor.at_word("NULLS") {
        index.nulls_not_distinct = nulls_not_distinct(&mut r.cursor);
        return Ok(index.nulls_not_distinct || !r.cursor.at_word("NULLS"));
    } else if r.cursor.eat_word("WITH") {
        let group = r.cursor.group();
        r.need(group, "parameters in parentheses")?;
        add_parameter(r, mark, index);
    } else if r.cursor.eat_word("TABLESPACE") {
        let name = r.name();
        r.need(name, "a tablespace")?;
        add_parameter(r, mark, index);
    } else if r.cursor.eat_word("WHERE") {
        let rest = r.cursor.rest();
        let span = r.need(rest, "a condition")?;
        index.predicate = Some(r.expr(span));
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn add_parameter(r: &Reader<'_>, mark: usize, index: &mut CreateIndex) {
    let words = r.cursor.slice(r.cursor.span_from(mark));
    let blank = if index.parameters.is_empty() { "" } else { " " };
    index.parameters = name!("{}{blank}{words}", index.parameters);
}
