//! CREATE TABLE in all its forms.

use super::column::column;
use super::constraint::{at_table_constraint, column_names, table_constraint};
use super::reader::{Reader, inside};
use super::{
    Action, Bound, CreateTable, Like, ObjectName, PartitionBy, PartitionOf, Persistence, Query,
};
use crate::few::Few;
use crate::name::{Name, name};
use crate::source::Span;
use crate::statement::lexer::TokenKind;
use smol_str::SmolStr;

/// CREATE [TEMP | UNLOGGED | FOREIGN] TABLE.
pub fn read(r: &mut Reader<'_>) {
    let Some(mut table) = head(r) else {
        return r.expected("the name of a table");
    };
    let rest = body(r, &mut table).and_then(|()| options(r, &mut table));
    let place = table.name.span;
    r.push_whole(Action::CreateTable(Box::new(table)), place);
    if let Err(why) = rest {
        r.unparsed(why);
    }
}

/// Everything up to the name.
fn head(r: &mut Reader<'_>) -> Option<CreateTable> {
    r.cursor.eat_word("CREATE");
    let mut persistence = Persistence::Permanent;
    let mut foreign = false;
    while !r.cursor.eat_word("TABLE") {
        match r.cursor.eat_any(&[
            "GLOBAL",
            "LOCAL",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
            "FOREIGN",
        ]) {
            Some("TEMP" | "TEMPORARY") => persistence = Persistence::Temporary,
            Some("UNLOGGED") => persistence = Persistence::Unlogged,
            Some("FOREIGN") => foreign = true,
            Some(_) => {}
            None => r.key_word_placeholder()?,
        }
    }
    let if_not_exists = r.cursor.eat_if_not_exists();
    let name = r.object_name()?;
    Some(CreateTable {
        name,
        persistence,
        foreign,
        if_not_exists,
        columns: Vec::new(),
        constraints: Vec::new(),
        inherits: Vec::new(),
        like: Vec::new(),
        partition_by: None,
        partition_of: None,
        source: None,
        no_data: false,
        of_type: None,
        options: Name::default(),
    })
}

/// The elements, and what the table is made from.
fn body(r: &mut Reader<'_>, table: &mut CreateTable) -> Result<(), SmolStr> {
    if r.cursor.eat_words(&["PARTITION", "OF"]) {
        let parent = r.object_name();
        let parent = r.need(parent, "a table")?;
        if r.cursor.at_kind(TokenKind::OpenParen) {
            elements(r, table, false)?;
        }
        let bound = bound(r)?;
        table.partition_of = Some(PartitionOf { parent, bound });
        return Ok(());
    }
    if r.cursor.eat_word("OF") {
        let of_type = r.object_name();
        table.of_type = Some(r.need(of_type, "a type")?);
        if r.cursor.at_kind(TokenKind::OpenParen) {
            elements(r, table, false)?;
        }
        return Ok(());
    }
    if r.cursor.at_kind(TokenKind::OpenParen) {
        let typed = !names_only(r);
        return elements(r, table, typed);
    }
    match r.cursor.done() {
        true => Err(r.why_expected("columns or a query")),
        false => Ok(()),
    }
}

/// Do the parentheses hold only names, as in front of `AS query`?
fn names_only(r: &Reader<'_>) -> bool {
    r.cursor.clone().ident_list().is_some()
}

fn elements(r: &mut Reader<'_>, table: &mut CreateTable, typed: bool) -> Result<(), SmolStr> {
    r.cursor.bump();
    if r.cursor.eat(TokenKind::CloseParen) {
        return Ok(());
    }
    loop {
        let mark = r.cursor.mark();
        if let Err(why) = element(r, table, typed) {
            r.unparsed_item(mark, why);
        } else if !r.cursor.at_kind(TokenKind::Comma) && !r.cursor.at_kind(TokenKind::CloseParen) {
            let why = r.why_unexpected();
            r.unparsed_item(mark, why);
        }
        if r.cursor.eat(TokenKind::CloseParen) {
            return Ok(());
        }
        if !r.cursor.eat(TokenKind::Comma) {
            return Err(r.why_expected("`,` or `)`"));
        }
    }
}

fn element(r: &mut Reader<'_>, table: &mut CreateTable, typed: bool) -> Result<(), SmolStr> {
    if r.cursor.at_word("LIKE") {
        let like = like(r)?;
        table.like.push(like);
    } else if at_table_constraint(&r.cursor) {
        let constraint = table_constraint(r)?;
        table.constraints.push_few(constraint);
    } else {
        let definition = column(r, typed)?;
        table.columns.push(definition.column);
        table.constraints.extend(definition.constraints);
    }
    Ok(())
}

fn like(r: &mut Reader<'_>) -> Result<Like, SmolStr> {
    r.cursor.bump();
    let table = r.object_name();
    let table = r.need(table, "a table")?;
    let mut including: Vec<Name> = Vec::new();
    while let Some(how) = r.cursor.eat_any(&["INCLUDING", "EXCLUDING"]) {
        let option = r.cursor.ident();
        let option = r.need(option, "an option of LIKE")?.name;
        if how == "INCLUDING" {
            including.push(option);
        } else {
            exclude(&mut including, &option);
        }
    }
    Ok(Like { table, including })
}

fn exclude(including: &mut Vec<Name>, option: &str) {
    const ALL: &[&str] = &[
        "comments",
        "compression",
        "constraints",
        "defaults",
        "generated",
        "identity",
        "indexes",
        "statistics",
        "storage",
    ];
    if including.iter().any(|other| other == "all") {
        *including = ALL.iter().map(Name::new).collect();
    }
    including.retain(|other| other != option && option != "all");
}

/// Reads `FOR VALUES …` or `DEFAULT`.
///
/// # Errors
/// Says what should stand where the cursor then is.
pub fn bound(r: &mut Reader<'_>) -> Result<Bound, SmolStr> {
    if r.cursor.eat_word("DEFAULT") {
        return Ok(Bound {
            default: true,
            text: Name::default(),
        });
    }
    if !r.cursor.eat_words(&["FOR", "VALUES"]) {
        return Err(r.why_expected("`FOR VALUES` or `DEFAULT`"));
    }
    let mark = r.cursor.mark();
    let complete = match r.cursor.eat_any(&["IN", "WITH", "FROM"]) {
        Some("FROM") => {
            r.cursor.group().is_some() && r.cursor.eat_word("TO") && r.cursor.group().is_some()
        }
        Some(_) => r.cursor.group().is_some(),
        None => false,
    };
    if !complete {
        return Err(r.why_expected("the values of a partition"));
    }
    Ok(Bound {
        default: false,
        text: Name::new(r.cursor.slice(r.cursor.span_from(mark))),
    })
}

/// What stands behind the elements, up to the query.
fn options(r: &mut Reader<'_>, table: &mut CreateTable) -> Result<(), SmolStr> {
    while !r.cursor.done() {
        if r.cursor.eat_word("AS") {
            table.source = Some(source(r)?);
            table.no_data = ends_with(r, &["WITH", "NO", "DATA"]);
            return untyped_columns(r, table);
        }
        let mark = r.cursor.mark();
        if option(r, table)? {
            let words = r.cursor.slice(r.cursor.span_from(mark));
            let blank = if table.options.is_empty() { "" } else { " " };
            table.options = name!("{}{blank}{words}", table.options);
        }
    }
    untyped_columns(r, table)
}

/// Only a query can say what columns without a type are.
fn untyped_columns(r: &Reader<'_>, table: &CreateTable) -> Result<(), SmolStr> {
    let typed = table.source.is_some() || table.of_type.is_some() || table.partition_of.is_some();
    let untyped = table
        .columns
        .iter()
        .any(|c| c.ty.schema.is_none() && c.ty.name == "unknown");
    match untyped && !typed {
        true => Err(r.why_expected("a query that gives the columns their types")),
        false => Ok(()),
    }
}

/// Reads one option; is it one that stands in [`CreateTable::options`]?
fn option(r: &mut Reader<'_>, table: &mut CreateTable) -> Result<bool, SmolStr> {
    if r.cursor.eat_word("INHERITS") {
        table.inherits = inherits(r)?;
        return Ok(false);
    }
    if r.cursor.eat_words(&["PARTITION", "BY"]) {
        table.partition_by = Some(partition_by(r)?);
        return Ok(false);
    }
    if r.cursor
        .eat_any(&["USING", "TABLESPACE", "SERVER"])
        .is_some()
    {
        let name = r.name();
        r.need(name, "a name")?;
    } else if r.cursor.eat_any(&["WITH", "OPTIONS"]).is_some() {
        let old_style = r.cursor.eat_word("OIDS");
        if !old_style {
            let group = r.cursor.group();
            r.need(group, "parameters in parentheses")?;
        }
    } else if r.cursor.eat_words(&["WITHOUT", "OIDS"]) {
    } else if r.cursor.eat_words(&["ON", "COMMIT"]) {
        let found = r.cursor.eat_word("DROP")
            || r.cursor.eat_words(&["DELETE", "ROWS"])
            || r.cursor.eat_words(&["PRESERVE", "ROWS"]);
        r.need(
            found.then_some(()),
            "`DROP`, `DELETE ROWS` or `PRESERVE ROWS`",
        )?;
    } else {
        return Err(r.why_unexpected());
    }
    Ok(true)
}

fn inherits(r: &mut Reader<'_>) -> Result<Vec<ObjectName>, SmolStr> {
    let open = r.cursor.eat(TokenKind::OpenParen);
    let parents = r.object_names();
    match open && r.cursor.eat(TokenKind::CloseParen) {
        true => Ok(parents),
        false => Err(r.why_expected("tables in parentheses")),
    }
}

fn partition_by(r: &mut Reader<'_>) -> Result<PartitionBy, SmolStr> {
    let strategy = r.cursor.eat_any(&["RANGE", "LIST", "HASH"]);
    let strategy = r.need(strategy, "`RANGE`, `LIST` or `HASH`")?;
    if !r.cursor.at_kind(TokenKind::OpenParen) {
        return Err(r.why_expected("columns in parentheses"));
    }
    let mark = r.cursor.mark();
    let columns = column_names(&mut r.cursor);
    let group = r.cursor.span_from(mark);
    Ok(PartitionBy {
        strategy: Name::from(strategy.to_ascii_lowercase()),
        columns,
        definition: r.expr(inside(group, r.text())),
    })
}

/// The query behind AS, without `WITH [NO] DATA`.
fn source(r: &mut Reader<'_>) -> Result<Query, SmolStr> {
    let mark = r.cursor.mark();
    let rest = r.cursor.rest();
    let whole = r.need(rest, "a query")?;
    let end = query_end(r, mark).unwrap_or(whole.end);
    Ok(r.query(Span::new(whole.start, end)))
}

/// Do these words end the statement?
fn ends_with(r: &Reader<'_>, words: &[&str]) -> bool {
    let mut cursor = r.cursor.clone();
    let start = cursor.mark().checked_sub(words.len());
    start.is_some_and(|start| {
        cursor.back_to(start);
        cursor.at_words(words)
    })
}

/// Where the query ends that is followed by `WITH [NO] DATA`.
fn query_end(r: &Reader<'_>, from: usize) -> Option<u32> {
    let mut cursor = r.cursor.clone();
    let end = cursor.mark();
    [2, 3].into_iter().find_map(|length| {
        let start = end.checked_sub(length).filter(|start| *start > from)?;
        cursor.back_to(start);
        let words: &[&str] = match length {
            2 => &["WITH", "DATA"],
            _ => &["WITH", "NO", "DATA"],
        };
        if !cursor.at_words(words) {
            return None;
        }
        cursor.back_to(start - 1);
        cursor.peek().map(|token| token.span.end)
    })
}
