//! How many rows a data change touches, as far as its text tells.

use super::{Facet, Held, MigrationContext, OperationContext, Step, takes_no_row};
use crate::effect::postgres;
use crate::name::Name;
use crate::operation::{Action, Delete, ObjectName};
use crate::schema::{Relation, Schema, Table, is_bookkeeping};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::{fold, name_of};
use crate::statement::lexer::{Token, TokenKind, strip, tokens_into};

/// Columns whose one value is a large share of a table.
const COARSE: &[&str] = &[
    "status",
    "state",
    "type",
    "kind",
    "role",
    "level",
    "category",
    "currency",
    "country",
    "locale",
    "language",
    "active",
    "enabled",
    "deleted",
    "visible",
    "archived",
    "version",
    "provider",
    "source",
    "platform",
    "plan",
    "tier",
    "mode",
    "scope",
    "channel",
    "priority",
    "visibility",
    "gender",
    "model",
    "engine",
    "region",
    "timezone",
    "theme",
    "environment",
    "stage",
    "phase",
    "format",
    "method",
    "reason",
];

impl MigrationContext<'_> {
    /// The table of which this step may change or read all rows in one
    /// statement, if others can see it.
    pub fn mass_change<'s>(&self, step: &'s Step) -> Option<&'s ObjectName> {
        let table = match &step.operation.action {
            Action::Update(update) => {
                let assigned = &update.assignments.text;
                let batch = bound(assigned, &tokens(assigned), &["LIMIT", "VALUES"], true);
                let filter = update.filter.as_ref();
                let few = {
                    let joined = update.from.as_ref().map(|from| &*from.text);
                    filter.is_some_and(|f| self.is_selective(&f.text, &update.table, step, joined))
                } || update
                    .picked
                    .as_ref()
                    .is_some_and(|query| self.finds_few(query, Some(&update.table)));
                (batch.is_none() && !few).then_some(&update.table)
            }
            Action::Delete(delete) => delete
                .filter
                .as_ref()
                .is_some_and(|f| {
                    let joined = delete.using.as_ref().map(|using| &*using.text);
                    !self.is_selective(&f.text, &delete.table, step, joined)
                })
                .then_some(&delete.table),
            Action::Insert(insert) => insert
                .query
                .as_ref()
                .is_some_and(|query| self.copies_a_table(&query.text))
                .then_some(&insert.table),
            _ => None,
        }?;
        let key = self.schema.resolve(table);
        let is_view = self.schema.view_by_key(&key).is_some();
        let own = self.is_new_key(&key) || self.creates(table);
        let known = self.schema.table_by_key(&key);
        let has_one = known.is_some_and(|t| postgres::holds_one_row(t, step.operation));
        (!is_view && !is_bookkeeping(&key.name) && !own && !has_one).then_some(table)
    }

    /// Does a DELETE clear away rows that have nothing to belong to, or those of
    /// chosen rows elsewhere? Nobody waits for them.
    pub fn clears_leftovers(&self, delete: &Delete) -> bool {
        let known = self.schema.table(&delete.table).map(|table| &**table);
        delete.using.is_none()
            && delete.filter.as_ref().is_some_and(|filter| {
                let filter = Filter {
                    text: &filter.text,
                    table: known,
                    schema: self.schema,
                    windows: false,
                    others: &[],
                    leftovers: true,
                };
                filter.any_of(&tokens(filter.text), DEEPEST)
            })
    }

    /// Does the script create the table, even if it drops it again?
    fn creates(&self, table: &ObjectName) -> bool {
        self.steps.iter().any(|step| {
            matches!(&step.operation.action, Action::CreateTable(create) if create.name == *table)
                && step.effect.locks.iter().any(|lock| lock.created)
        })
    }

    /// Was a new table filled from one that others can see, before this step?
    pub fn is_filled_before(&self, at: usize, table: &ObjectName) -> bool {
        let created = self.earlier_on(at, Facet::Object, &table.name);
        let mut earlier = created.chain(self.earlier_on(at, Facet::Rows, &table.name));
        earlier.any(|step| {
            let query = match &step.operation.action {
                Action::Insert(insert) if insert.table == *table => insert.query.as_ref(),
                Action::CreateTable(create) if create.name == *table => create.source.as_ref(),
                _ => None,
            };
            query.is_some_and(|query| self.copies_a_table(&query.text))
        })
    }

    /// `joined` is what stands behind FROM or USING.
    fn is_selective(
        &self,
        filter: &str,
        table: &ObjectName,
        step: &Step,
        joined: Option<&str>,
    ) -> bool {
        if takes_no_row(Some(filter)) || self.is_met_by_none(filter, table, step) {
            return true;
        }
        let tokens = tokens(filter);
        let known = self.schema.table(table).map(|table| &**table);
        // In a join with itself the table goes by its own name.
        let mut others = relations_in(joined.unwrap_or_default());
        others.retain(|name| *name != table.name);
        let moves_on = || step.operation.within.block && self.commits_within(step);
        let filter = |windows| Filter {
            text: filter,
            table: known,
            schema: self.schema,
            windows,
            others: &others,
            leftovers: false,
        };
        filter(false).any_of(&tokens, DEEPEST)
            || moves_on() && filter(true).any_of(&tokens, DEEPEST)
    }

    /// Is a condition met by no row, for what all rows hold in the columns that the
    /// script has added and not written since?
    fn is_met_by_none(&self, filter: &str, table: &ObjectName, step: &Step) -> bool {
        let script = self.scene.script;
        let written = self.scene.names.positions(script, Facet::Rows, &table.name);
        let is_first_since = |at: usize| {
            let after = written.partition_point(|written| (*written as usize) <= at);
            written
                .get(after)
                .is_some_and(|first| *first as usize == step.index)
        };
        let added = self.earlier_on(step.index, Facet::Table, &table.name);
        let held = added.filter_map(|earlier| {
            let Action::AddColumn {
                table: to, column, ..
            } = &earlier.operation.action
            else {
                return None;
            };
            let known = self
                .schema
                .table(&to.name)
                .filter(|_| to.name.name == table.name)?;
            let is_new = known.column_is_new_in(&column.name, self.schema.migration());
            match Held::where_unsaid(column, self.schema) {
                _ if !is_new || !is_first_since(earlier.index) => None,
                Held::Null => Some((column.name, None)),
                Held::Same(value) => Some((column.name, Some(value))),
                Held::Written | Held::Apart => None,
            }
        });
        let held: Vec<(Name, Option<String>)> = held.collect();
        !held.is_empty() && !self.schema.is_unsure() && postgres::rules_out(&held, filter)
    }

    /// Is the step part of a procedure that commits on its way?
    fn commits_within(&self, step: &Step) -> bool {
        let first = self.steps.partition_point(|s| s.statement < step.statement);
        let mut together = self.steps[first..]
            .iter()
            .take_while(|s| s.statement == step.statement);
        together.any(|s| s.effect.forbidden_in_transaction.is_some())
    }

    /// Does a query read a table that others can see, without a filter that
    /// leaves few rows?
    pub fn copies_a_table(&self, query: &str) -> bool {
        let tokens = tokens(query);
        has_rows_of_others(query, &tokens)
            && !self.finds_few(query, None)
            && self.reads_visible_table(query, &tokens)
    }

    /// Does a query of a table leave few of its rows?
    fn finds_few(&self, query: &str, table: Option<&ObjectName>) -> bool {
        let tokens = tokens(query);
        let filter = Filter {
            text: query,
            table: table
                .and_then(|table| self.schema.table(table))
                .map(|table| &**table),
            schema: self.schema,
            windows: false,
            others: &[],
            leftovers: false,
        };
        bound(query, &tokens, &["LIMIT", "FETCH"], false).is_some()
            || bound(query, &tokens, &["WHERE"], false)
                .is_some_and(|at| filter.any_of(&tokens[at + 1..], DEEPEST))
    }

    /// Does a query read a table that others can see?
    pub fn reads_visible(&self, query: &str) -> bool {
        self.reads_visible_table(query, &tokens(query))
    }

    fn reads_visible_table(&self, query: &str, tokens: &[Token]) -> bool {
        (0..tokens.len()).any(|at| {
            let source = is_word(query, &tokens[at], "FROM") || is_word(query, &tokens[at], "JOIN");
            let mut cursor = Cursor::new(query, &tokens[at + 1..]);
            source
                && ObjectName::read(&mut cursor).is_some_and(|name| {
                    let key = self.schema.resolve(&name);
                    // By the name that it has at the end.
                    let now = match self.schema.relation_by_key(&key) {
                        None => self.schema.renamed_to(&key).cloned().unwrap_or(key),
                        Some(_) => key,
                    };
                    let was_there = || self.departs_at(&key).is_some();
                    match self.schema.relation_by_key(&now) {
                        Some(Relation::Table(_)) => !self.is_new_key(&now) || was_there(),
                        Some(_) => false,
                        // By now it is gone.
                        None => was_there() || self.is_old_under(&key),
                    }
                })
        })
    }
}

impl OperationContext<'_> {
    /// Does a condition name rows, by constants, that the history itself wrote?
    pub fn names_seeded_rows(&self, table: &ObjectName, filter: &str) -> bool {
        let Some(known) = self.table(table).filter(|table| !table.seeds.is_empty()) else {
            return false;
        };
        let filter = self.filter(known, filter);
        let tokens = tokens(filter.text);
        filter.any_of(&tokens, DEEPEST)
            && held_against(known, filter.text, &tokens)
                .iter()
                .take(MANY_CONSTANTS)
                .any(|(column, constant)| self.is_seed(known, *column, constant))
    }

    fn filter<'f>(&'f self, table: &'f Table, text: &'f str) -> Filter<'f> {
        Filter {
            text,
            table: Some(table),
            schema: self.schema,
            windows: false,
            others: &[],
            leftovers: false,
        }
    }
}

/// So many constants of a condition are looked for.
const MANY_CONSTANTS: usize = 100;

/// So many rows are few.
const FEW: u32 = 10_000;

/// Conditions in conditions are followed this deep.
const DEEPEST: u8 = 32;

/// The condition behind WHERE.
struct Filter<'a> {
    text: &'a str,
    table: Option<&'a Table>,
    schema: &'a Schema,
    /// Names that are no columns are taken for bounds that move on.
    windows: bool,
    /// Names of what is joined: a condition on their columns alone leaves as many
    /// rows as belong to them.
    others: &'a [Name],
    /// What has nothing to belong to, or belongs to chosen rows elsewhere, is little.
    leftovers: bool,
}

impl Filter<'_> {
    /// Do all terms joined by OR leave few rows?
    fn any_of(&self, tokens: &[Token], depth: u8) -> bool {
        self.split(tokens, "OR")
            .all(|term| self.all_of(term, depth))
    }

    /// Does one of the terms joined by AND leave few rows?
    fn all_of(&self, tokens: &[Token], depth: u8) -> bool {
        if bound(self.text, tokens, &["LIMIT", "BETWEEN"], false).is_some() {
            return true;
        }
        let mut bounds = (false, false);
        for term in self.split(tokens, "AND") {
            if self.is_equality(term, depth) {
                return true;
            }
            if let Some((column, operator)) = self.bound(term) {
                bounds.0 |= operator.starts_with('>') || self.counts_up_to(column, term);
                bounds.1 |= operator.starts_with('<');
            }
        }
        bounds == (true, true)
    }

    /// `column < constant` and the like: the column and the operator.
    fn bound<'t>(&self, term: &'t [Token]) -> Option<(&'t Token, &str)> {
        let (column, operator) = match strip(term) {
            [_, dot, column, operator, _, ..] if dot.kind == TokenKind::Dot => (column, operator),
            [column, operator, _, ..] => (column, operator),
            _ => return None,
        };
        let operator = operator.span.of(self.text);
        let is_one = operator.starts_with(['<', '>']) && operator != "<>";
        let given = |last: &Token| is_constant(last) || self.is_variable(last);
        (is_one && strip(term).last().is_some_and(given)).then_some((column, operator))
    }

    /// A name that is no column of the table, as a block has it.
    fn is_variable(&self, token: &Token) -> bool {
        let table = self
            .table
            .filter(|table| self.windows && table.columns_known);
        token.kind == TokenKind::Word
            && table.is_some_and(|t| t.column(&fold(token.span.of(self.text))).is_none())
    }

    /// Is the bound a small number, of a column whose values are counted from 1
    /// up, by a sequence or as keys are?
    fn counts_up_to(&self, column: &Token, term: &[Token]) -> bool {
        let name = name_of(*column, self.text).unwrap_or_default();
        let known = self.table.and_then(|table| table.column(&name));
        let counted =
            name == "id" || known.is_some_and(|c| c.identity.is_some() || c.is_of_serial());
        let number = match strip(term) {
            [.., operator, number] if operator.span.of(self.text).starts_with('<') => {
                Some(number.span.of(self.text))
            }
            _ => None,
        };
        counted && number.is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n <= FEW))
    }

    /// `column = constant`, `column IN (constant, …)` and the like, with a
    /// column of which one value means few rows.
    fn is_equality(&self, term: &[Token], depth: u8) -> bool {
        let inner = strip(term);
        let is_joined = inner.len() > 3 && mentions_tokens(self.text, inner, &["OR", "AND"]);
        if is_joined && inner.len() < term.len() {
            return depth > 0 && self.any_of(inner, depth - 1);
        }
        if self.leftovers && self.is_left_over(inner) {
            return true;
        }
        // What is joined inside of one side alone is no comparison of a column.
        if is_joined && inner.first().is_some_and(|t| t.kind != TokenKind::Word) {
            return false;
        }
        let term = inner;
        let is = |at: usize, word: &str| term.get(at).is_some_and(|t| is_word(self.text, t, word));
        // What has no counterpart elsewhere is mostly most of it.
        if is(0, "NOT") && is(1, "EXISTS") || is(0, "EXISTS") && !self.is_tied(term) {
            return false;
        }
        let Some(at) = term
            .iter()
            .position(|token| token.span.of(self.text) == "=" || is_word(self.text, token, "IN"))
        else {
            return false;
        };
        let (left, right) = (&term[..at], &term[at + 1..]);
        let Some(column) = left.last().filter(|token| is_name(token)) else {
            return left.first().is_some_and(is_constant)
                && right.last().is_some_and(|token| self.is_fine(token));
        };
        let of_other = match left {
            [.., of, dot, _] if dot.kind == TokenKind::Dot => {
                name_of(*of, self.text).is_some_and(|of| self.others.contains(&of))
            }
            _ => false,
        };
        let negated = is_word(self.text, column, "NOT");
        let value = right.iter().find(|t| t.kind != TokenKind::OpenParen);
        !of_other
            && !negated
            && self.is_fine(column)
            && value.is_some_and(|v| self.is_few(v, right, depth))
    }

    /// `NOT EXISTS (…)` and `NOT IN (SELECT …)` by columns alone: rows that have
    /// nothing to belong to. `IN (SELECT … WHERE …)`: rows of chosen others.
    fn is_left_over(&self, term: &[Token]) -> bool {
        let Some(open) = { term.windows(2) }.position(|pair| {
            pair[0].kind == TokenKind::OpenParen && is_word(self.text, &pair[1], "SELECT")
        }) else {
            return false;
        };
        let is =
            |back: usize, word: &str| open >= back && is_word(self.text, &term[open - back], word);
        let query = &term[open + 1..];
        let from = position(self.text, query, "FROM").unwrap_or(query.len());
        let behind = &query[from..];
        let by_columns = !behind.iter().any(is_constant)
            && !mentions_tokens(self.text, behind, &["NULL", "TRUE", "FALSE", "SELECT"]);
        match () {
            () if is(1, "EXISTS") => is(2, "NOT") && by_columns && self.is_tied(term),
            () if is(1, "IN") && is(2, "NOT") => by_columns,
            () if is(1, "IN") => position(self.text, behind, "WHERE").is_some(),
            () => false,
        }
    }

    /// Does a subquery name something that is not of its own relations? Without that
    /// it is there for all rows or for none.
    fn is_tied(&self, term: &[Token]) -> bool {
        let from = position(self.text, term, "FROM").unwrap_or(term.len());
        let condition = position(self.text, term, "WHERE").unwrap_or(term.len());
        let list = term.get(from..condition).unwrap_or_default();
        let own: Vec<Name> = list.iter().filter_map(|t| name_of(*t, self.text)).collect();
        let behind = &term[condition..];
        behind.iter().enumerate().any(|(at, token)| {
            let Some(name) = name_of(*token, self.text) else {
                return false;
            };
            let is_kind = |at: usize| behind.get(at).is_some_and(|t| t.kind == TokenKind::Dot);
            let is_member = at > 0 && is_kind(at - 1);
            match is_kind(at + 1) {
                true => !own.contains(&name),
                false => !is_member && self.table.is_none_or(|t| t.column(&name).is_some()),
            }
        })
    }

    /// A constant, or a subquery that itself finds few rows.
    fn is_few(&self, value: &Token, right: &[Token], depth: u8) -> bool {
        is_constant(value)
            || (is_word(self.text, value, "ARRAY") || is_word(self.text, value, "ANY"))
            || position(self.text, right, "WHERE").is_some_and(|at| {
                let end = right.len().saturating_sub(1).max(at + 1);
                let inner = Filter {
                    table: None,
                    leftovers: false,
                    ..*self
                };
                depth > 0 && inner.any_of(&right[at + 1..end], depth - 1)
            })
    }

    /// Does one value of the column mean few rows?
    fn is_fine(&self, column: &Token) -> bool {
        let name = name_of(*column, self.text).unwrap_or_default();
        let coarse = COARSE
            .iter()
            .any(|word| name == *word || name.ends_with(&format!("_{word}")))
            || name.starts_with("is_")
            || name.starts_with("has_");
        let is_key = self.table.is_some_and(|table| table.is_unique_by(&name));
        let ty = self
            .table
            .and_then(|table| table.column(&name))
            .map(|c| &c.ty);
        let few_values =
            ty.is_some_and(|ty| ty.name == "boolean" || self.schema.type_of(ty).is_some());
        is_key || !coarse && !few_values
    }

    /// The terms between `word`s outside of parentheses.
    fn split<'t>(
        &self,
        tokens: &'t [Token],
        word: &'static str,
    ) -> impl Iterator<Item = &'t [Token]> + use<'t, '_> {
        let text = self.text;
        let mut depth = 0i32;
        tokens.split(move |token| {
            depth += i32::from(token.kind == TokenKind::OpenParen)
                - i32::from(token.kind == TokenKind::CloseParen);
            depth == 0 && is_word(text, token, word)
        })
    }
}

/// The relations that are joined, and the names that they have there.
fn relations_in(from: &str) -> Vec<Name> {
    let tokens = tokens(from);
    let mut depth = 0i32;
    let mut names = Vec::new();
    for token in &tokens {
        depth += i32::from(token.kind == TokenKind::OpenParen)
            - i32::from(token.kind == TokenKind::CloseParen);
        names.extend(name_of(*token, from).filter(|_| depth == 0));
    }
    names
}

/// Is there a FROM of the query itself? Without one it makes one row, whatever
/// its conditions read.
fn has_rows_of_others(text: &str, tokens: &[Token]) -> bool {
    let mut depth = 0i32;
    strip(tokens).iter().any(|token| {
        depth += i32::from(token.kind == TokenKind::OpenParen)
            - i32::from(token.kind == TokenKind::CloseParen);
        depth == 0 && is_word(text, token, "FROM")
    })
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    tokens_into(text, Span::new(0, end), &mut tokens);
    tokens
}

pub(super) fn is_word(text: &str, token: &Token, word: &str) -> bool {
    token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case(word)
}

/// The constants of a condition, each with the column of the table that stands
/// before it, outside of the query that it is in.
fn held_against<'f>(
    table: &Table,
    text: &'f str,
    tokens: &[Token],
) -> Vec<(Option<Name>, &'f str)> {
    let mut found = Vec::new();
    let mut last = None;
    let mut depth = 0usize;
    // How deep the outermost query is that is open.
    let mut query = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::OpenParen => {
                depth += 1;
                let next = tokens.get(at + 1);
                if next.is_some_and(|next| is_word(text, next, "SELECT")) {
                    query = query.or(Some(depth));
                }
            }
            TokenKind::CloseParen => {
                query = query.filter(|query| *query != depth);
                depth = depth.saturating_sub(1);
            }
            _ if is_constant(token) => found.push((last, token.span.of(text))),
            _ if query.is_none() => {
                let column = name_of(*token, text).and_then(|name| table.column(&name));
                last = column.map(|column| column.name).or(last);
            }
            _ => {}
        }
    }
    found
}

fn is_name(token: &Token) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
}

fn is_constant(token: &Token) -> bool {
    matches!(
        token.kind,
        TokenKind::Number
            | TokenKind::Text
            | TokenKind::EscapeText
            | TokenKind::DollarText
            | TokenKind::Parameter
            | TokenKind::Template
    )
}

fn position(text: &str, tokens: &[Token], word: &str) -> Option<usize> {
    tokens.iter().position(|token| is_word(text, token, word))
}

fn mentions_tokens(text: &str, tokens: &[Token], words: &[&str]) -> bool {
    tokens
        .iter()
        .any(|token| words.iter().any(|word| is_word(text, token, word)))
}

/// Where one of `words` stands and has a say in which rows there are. In a
/// subquery that makes a value of each row it has none: `(SELECT … LIMIT 1)` in
/// a list (`listed`: the text starts in one), behind EXISTS or LATERAL, or as
/// the side of a comparison other than `=`.
fn bound(text: &str, tokens: &[Token], words: &[&str], listed: bool) -> Option<usize> {
    // Of each parenthesis that is open: does it make a value, and is this its list?
    let mut open = vec![(false, listed)];
    for (at, token) in tokens.iter().enumerate() {
        let before = |n: usize, word| at >= n && is_word(text, &tokens[at - n], word);
        let of_distinct = |n: usize| before(n + 1, "DISTINCT");
        let (value, listed) = open.last().copied().unwrap_or_default();
        match token.kind {
            TokenKind::OpenParen => {
                let compared = at > 0 && {
                    let operator = tokens[at - 1].span.of(text);
                    operator.starts_with(['<', '>', '!'])
                };
                let asks = before(1, "EXISTS") || before(1, "LATERAL") || compared;
                let distinct = before(1, "FROM") && of_distinct(1);
                open.push((value || listed || asks || distinct, false));
            }
            TokenKind::CloseParen => {
                open.pop();
            }
            _ if !value && words.iter().any(|word| is_word(text, token, word)) => return Some(at),
            _ if is_word(text, token, "SELECT") => set_listed(&mut open, true),
            _ if is_word(text, token, "FROM") && !of_distinct(0) => set_listed(&mut open, false),
            _ => {}
        }
    }
    None
}

fn set_listed(open: &mut [(bool, bool)], listed: bool) {
    if let Some(last) = open.last_mut() {
        last.1 = listed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selective(filter: &str) -> bool {
        is_met_by_few(filter, false)
    }

    fn is_met_by_few(filter: &str, leftovers: bool) -> bool {
        let schema = Schema::default();
        Filter {
            text: filter,
            table: None,
            schema: &schema,
            windows: false,
            others: &[],
            leftovers,
        }
        .any_of(&tokens(filter), DEEPEST)
    }

    #[test]
    fn few_rows_are_told_from_many() {
        for few in [
            "id = 1",
            "t.id = 1 AND active",
            "id IN (1, 2)",
            "name = 'admin' OR name = 'root'",
            "id BETWEEN 1 AND 1000",
            "id > 10 AND id <= 20",
            "id IN (SELECT id FROM t LIMIT 1000)",
            "role_id = (SELECT id FROM roles WHERE name = 'admin')",
            "(id = 1)",
            "key = ANY ('{a,b}')",
            "id < 20",
            "t.id <= 20 AND active",
        ] {
            assert!(selective(few), "{few}");
        }
        for many in [
            "email IS NULL",
            "status = 'open'",
            "is_admin = true",
            "a.id = b.id",
            "id = 1 OR email IS NULL",
            "id NOT IN (1, 2)",
            "created_at < '2020-01-01'",
            "customer_id IN (SELECT id FROM customers WHERE status = 'gone')",
            "name <> 'x'",
            "id > 20",
            "id < 1000000",
            "order_id < 20",
            "id + id < 20",
            "true",
        ] {
            assert!(!selective(many), "{many}");
        }
    }

    #[test]
    fn leftovers_are_told_from_most_of_a_table() {
        for few in [
            "NOT EXISTS (SELECT 1 FROM a WHERE a.id = t.a_id)",
            "t.a_id NOT IN (SELECT id FROM a)",
            "a_id IN (SELECT id FROM a WHERE n IS NULL)",
            "done AND NOT EXISTS (SELECT * FROM a JOIN b ON b.a_id = a.id WHERE a.id = t.a_id)",
            "a_id IN (SELECT id FROM a WHERE gone) OR b_id NOT IN (SELECT id FROM b)",
        ] {
            assert!(is_met_by_few(few, true), "{few}");
            assert!(!is_met_by_few(few, false), "{few}");
        }
        for many in [
            "EXISTS (SELECT 1 FROM a WHERE a.id = t.a_id)",
            "NOT EXISTS (SELECT 1 FROM a WHERE a.id = t.a_id AND a.state = 'open')",
            "NOT EXISTS (SELECT 1 FROM a)",
            "a_id IN (SELECT id FROM a)",
            "a_id NOT IN (1, 2)",
            "a_id IN (SELECT id FROM a WHERE gone) OR email IS NULL",
            "(SELECT count(*) FROM a WHERE a.id = t.a_id) = 0",
        ] {
            assert!(!is_met_by_few(many, true), "{many}");
        }
    }
}
