//! What a query reads, and what it yields.
//!
//! This is asked only where somebody needs to know: of the body of a view, of
//! a release's query. `sqlparser` builds the tree. It caps its own recursion,
//! but a chain such as `a + a + …` becomes a tree as deep as it is long, which
//! nothing caps when it is walked or dropped; so what is too long or too deep
//! is refused before it is parsed.

pub mod bind;
mod item_name;
mod plain;
mod updatable;
mod yields;

pub use updatable::by_call;

use std::ops::ControlFlow;

use rustc_hash::FxHashSet;
use sqlparser::ast::{
    self, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Join, JoinConstraint,
    JoinOperator, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias,
    TableFactor, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token as SqlToken;

use super::ObjectName;
use crate::name::Name;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::fold;
use crate::statement::lexer::{Token, TokenKind, tokens_into};

pub use item_name::column_of_index;
use item_name::item_name;
pub use yields::Yields;
use yields::{plain_name, yielded};

const LONGEST: usize = 200 * 1024;
const DEEPEST: usize = 40;
const LONGEST_CHAIN: usize = 1000;

/// A relation that a query reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryUse {
    pub relation: ObjectName,
    /// The columns that are named. One without a qualifier is listed with each
    /// relation of its SELECT that may have it.
    pub columns: Vec<Name>,
    /// `*`. A whole row, as in `f(t)`, depends on no column.
    pub all: bool,
}

/// What a query reads and yields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The relations, each once.
    pub uses: Vec<QueryUse>,
    /// The names of its columns; `None` where a `*` says that only the schema
    /// knows.
    pub output: Option<Vec<Name>>,
    /// Where each of them comes from; empty where that is not simple: with
    /// WITH, subqueries behind FROM, UNION.
    pub yields: Vec<Yields>,
    /// What it has that keeps the server from writing through it, in words
    /// that follow "its query has"; `None` where nothing is known to.
    pub barrier: Option<&'static str>,
    /// Which of the relations stands alone behind its FROM.
    pub table: Option<usize>,
}

/// Reads a query; `None` where `sqlparser` cannot, or had better not try.
pub fn read(query: &str) -> Option<Reading> {
    if query.len() > LONGEST {
        return None;
    }
    let mut tokens = Vec::new();
    tokens_into(query, Span::new(0, query.len() as u32), &mut tokens);
    plain::read(query, &tokens)
        .or_else(|| read_table(query, &tokens))
        .or_else(|| read_tree(query, &tokens))
}

/// Is it `SELECT * FROM`, `SELECT t.* FROM` or `TABLE`, so that a relation behind it
/// gives all its columns and nothing else does?
pub fn takes_whole_rows(query: &str) -> bool {
    let mut tokens = Vec::new();
    tokens_into(query, Span::new(0, query.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(query, &tokens);
    if cursor.eat_word("TABLE") {
        return true;
    }
    if !cursor.eat_word("SELECT") {
        return false;
    }
    let mark = cursor.mark();
    let qualified = cursor.ident().is_some() && cursor.eat(TokenKind::Dot);
    if !qualified {
        cursor.back_to(mark);
    }
    cursor.eat_operator("*") && cursor.at_word("FROM")
}

/// `TABLE t`, which the parser keeps without its quotes.
fn read_table(query: &str, tokens: &[Token]) -> Option<Reading> {
    let mut cursor = Cursor::new(query, tokens);
    if !cursor.eat_word("TABLE") {
        return None;
    }
    let relation = ObjectName::read(&mut cursor).filter(|_| cursor.done())?;
    let used = QueryUse {
        relation,
        columns: Vec::new(),
        all: true,
    };
    Some(Reading {
        uses: vec![used],
        table: Some(0),
        ..Reading::default()
    })
}

fn read_tree(query: &str, tokens: &[Token]) -> Option<Reading> {
    let query = parse(query, tokens)?;
    let mut walk = Walk {
        scopes: vec![Scope::default()],
        ..Walk::default()
    };
    let _ = query.visit(&mut walk);
    Some(Reading {
        uses: walk.uses,
        output: output(&query),
        yields: yields(&query),
        barrier: updatable::by_clauses(&query).or(walk.barrier),
        table: walk.table,
    })
}

/// The relations that stand behind FROM and JOIN, by words alone: what can be
/// said of a query that was not read.
pub fn mentioned(query: &str) -> Vec<QueryUse> {
    let mut tokens = Vec::new();
    tokens_into(query, Span::new(0, query.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(query, &tokens);
    let mut uses: Vec<QueryUse> = Vec::new();
    while !cursor.done() {
        let names = cursor.eat_any(&["FROM", "JOIN"]).is_some();
        if !names {
            cursor.bump();
            continue;
        }
        cursor.eat_word("ONLY");
        if let Some(relation) = ObjectName::read(&mut cursor)
            && !uses.iter().any(|known| known.relation == relation)
        {
            uses.push(QueryUse {
                relation,
                columns: Vec::new(),
                all: true,
            });
        }
    }
    uses
}

fn output(query: &ast::Query) -> Option<Vec<Name>> {
    let mut body = query.body.as_ref();
    loop {
        body = match body {
            SetExpr::SetOperation { left, .. } => left.as_ref(),
            SetExpr::Query(query) => query.body.as_ref(),
            SetExpr::Select(select) => return select.projection.iter().map(item_name).collect(),
            SetExpr::Values(values) => {
                let width = values.rows.first()?.len();
                return Some((1..=width).map(|n| format!("column{n}").into()).collect());
            }
            _ => return None,
        };
    }
}

fn yields(query: &ast::Query) -> Vec<Yields> {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return Vec::new();
    };
    let plain = |factor: &TableFactor| matches!(factor, TableFactor::Table { args: None, .. });
    let simple = query.with.is_none()
        && select
            .from
            .iter()
            .all(|from| plain(&from.relation) && from.joins.iter().all(|j| plain(&j.relation)));
    if !simple {
        return Vec::new();
    }
    let items = select.projection.iter().map(|item| match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => {
            Some(yielded(expr))
        }
        _ => None,
    });
    items.collect::<Option<_>>().unwrap_or_default()
}

fn parse(query: &str, tokens: &[Token]) -> Option<Box<ast::Query>> {
    if too_deep(query, tokens) {
        return None;
    }
    let text = parsable(query, tokens);
    let mut parser = Parser::new(&PostgreSqlDialect {})
        .try_with_sql(&text)
        .ok()?;
    let query = parser.parse_query().ok()?;
    (parser.peek_token().token == SqlToken::EOF).then_some(query)
}

/// Would the tree be deeper than the stack allows?
fn too_deep(text: &str, tokens: &[Token]) -> bool {
    let mut chains = vec![Chain::default()];
    for token in tokens {
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => chains.push(Chain::default()),
            TokenKind::CloseParen | TokenKind::CloseBracket if chains.len() > 1 => {
                chains.pop();
            }
            _ => {}
        }
        let deep = chains.len() > DEEPEST;
        if deep || chains.last_mut().is_some_and(|c| c.add(text, *token)) {
            return true;
        }
    }
    false
}

/// How deep the trees of one level of parentheses may have become.
#[derive(Default)]
struct Chain {
    /// Operators since the last comma.
    operators: usize,
    /// UNION and its kin; commas do not end these.
    sets: usize,
    cases: usize,
}

impl Chain {
    /// Counts a token; has it become too many?
    fn add(&mut self, text: &str, token: Token) -> bool {
        const WORDS: &[&str] = &[
            "and", "or", "not", "is", "isnull", "notnull", "collate", "at", "in", "like", "ilike",
            "similar", "between", "operator",
        ];
        match token.kind {
            TokenKind::Comma => self.operators = 0,
            TokenKind::Operator | TokenKind::DoubleColon | TokenKind::OpenBracket => {
                self.operators += 1;
            }
            TokenKind::Word => {
                let word = token.span.of(text);
                let is = |other: &&str| word.eq_ignore_ascii_case(other);
                if WORDS.iter().any(is) {
                    self.operators += 1;
                } else if ["union", "except", "intersect"].iter().any(is) {
                    self.sets += 1;
                } else if is(&"case") {
                    self.cases += 1;
                } else if is(&"end") {
                    self.cases = self.cases.saturating_sub(1);
                }
            }
            _ => {}
        }
        self.operators > LONGEST_CHAIN || self.sets > LONGEST_CHAIN || self.cases > DEEPEST
    }
}

/// The query as sqlparser can read it: placeholders become quoted names, and
/// adjacent literals are joined by an operator.
fn parsable(text: &str, tokens: &[Token]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0u32;
    for (n, token) in tokens.iter().enumerate() {
        let previous = n.checked_sub(1).and_then(|n| tokens.get(n));
        let next = tokens.get(n + 1);
        let gap = previous.map_or("", |p| Span::new(p.span.end, token.span.start).of(text));
        let psql = token.kind == TokenKind::Colon
            && next.is_some_and(|t| t.kind == TokenKind::Word && t.span.start == token.span.end)
            && previous.is_none_or(|p| !gap.is_empty() || p.kind == TokenKind::OpenParen);
        let joins = token.kind == TokenKind::Text
            && previous.is_some_and(|p| p.kind == TokenKind::Text)
            && gap.contains('\n');
        let named = match next {
            Some(next) if psql => token.span.to(next.span),
            _ if token.kind == TokenKind::Template => token.span,
            _ if joins => {
                out.push_str(Span::new(copied, token.span.start).of(text));
                out.push_str("|| ");
                copied = token.span.start;
                continue;
            }
            _ => continue,
        };
        out.push_str(Span::new(copied, named.start).of(text));
        out.push('"');
        out.push_str(&named.of(text).replace('"', ""));
        out.push('"');
        copied = named.end;
    }
    out.push_str(text.get(copied as usize..).unwrap_or(""));
    out
}

/// The names that one SELECT, or the query around it, brings into view.
#[derive(Default)]
struct Scope {
    /// Queries of a WITH.
    common: Vec<Name>,
    tables: Vec<Table>,
    /// Columns met so far: qualifier and name.
    columns: Vec<(Option<Name>, Name)>,
    /// A `*`, perhaps of one table.
    stars: Vec<Option<Name>>,
}

struct Table {
    alias: Name,
    /// Where it stands among the uses; `None` for what is not a relation, such
    /// as a subquery.
    relation: Option<usize>,
}

#[derive(Default)]
struct Walk {
    scopes: Vec<Scope>,
    uses: Vec<QueryUse>,
    /// The columns that stand in `uses`, with the place of their relation there.
    met: FxHashSet<(usize, Name)>,
    /// How many queries stand around.
    depth: usize,
    /// What a call of the outermost one stands in the way of writing with.
    barrier: Option<&'static str>,
    /// As in [`Reading`].
    table: Option<usize>,
}

impl Visitor for Walk {
    type Break = ();

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        self.depth += level(query);
        let common = query.with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.push(Scope {
            common: common.map(|table| name(&table.alias.name)).collect(),
            ..Scope::default()
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        self.depth -= level(query);
        self.close();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let mut scope = Scope::default();
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => scope.stars.push(None),
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(of),
                    _,
                ) => scope.stars.push(Some(last(of))),
                _ => {}
            }
        }
        let joins = select.from.iter().flat_map(|from| &from.joins);
        for column in joins.filter_map(using).flatten() {
            scope.columns.push((None, last(column)));
        }
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    /// What stands behind the SELECT, such as ORDER BY, still sees its tables.
    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.close_select();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table {
                name, alias, args, ..
            } => self.table(name, alias.as_ref(), args.is_some()),
            TableFactor::Derived { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. } => {
                let alias = alias.as_ref().map(|a| name(&a.name)).unwrap_or_default();
                let relation = None;
                self.innermost().tables.push(Table { alias, relation });
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => {
                let column = (None, name(ident));
                self.innermost().columns.push(column);
            }
            Expr::CompoundIdentifier(parts) => {
                if let [.., of, column] = parts.as_slice() {
                    let column = (Some(name(of)), name(column));
                    self.innermost().columns.push(column);
                }
            }
            Expr::QualifiedWildcard(of, _) => {
                let star = Some(last(of));
                self.innermost().stars.push(star);
            }
            Expr::Function(function) => {
                let name = plain_name(&function.name);
                self.call(&name, function.over.is_some());
                if last(&function.name) == "row" {
                    self.spread_rows(&function.args);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Walk {
    fn close_select(&mut self) {
        if let Some(scope) = self.close() {
            if self.depth == 1
                && let [only] = scope.tables.as_slice()
            {
                self.table = only.relation;
            }
            self.innermost().tables = scope.tables;
        }
    }

    /// The innermost scope; there always is one.
    fn innermost(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// A call, its name empty where it has a schema.
    fn call(&mut self, name: &str, windowed: bool) {
        if self.depth == 1 {
            let found = updatable::by_call(name, windowed);
            self.barrier = self.barrier.into_iter().chain(found).min();
        }
    }

    /// `ROW(t.*)` names the columns; `f(t.*)` takes the row, whatever its
    /// columns are.
    fn spread_rows(&mut self, arguments: &FunctionArguments) {
        let FunctionArguments::List(list) = arguments else {
            return;
        };
        for argument in &list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(of)) = argument {
                let star = Some(last(of));
                self.innermost().stars.push(star);
            }
        }
    }

    fn table(&mut self, of: &ast::ObjectName, alias: Option<&TableAlias>, is_call: bool) {
        let mut relation = object_name(of);
        let renames = alias.is_some_and(|alias| !alias.columns.is_empty());
        let mut alias = alias.map(|alias| name(&alias.name));
        // To the parser, ONLY is a table, and what follows its alias.
        if let Some(table) = alias.take_if(|_| is_only(of)) {
            relation.name = table;
        }
        let common = relation.schema.is_none()
            && self
                .scopes
                .iter()
                .any(|scope| scope.common.contains(&relation.name));
        // `t AS x (a, b)` gives the columns other names.
        if renames && !is_call && !common {
            let used = self.use_of(relation.clone());
            self.use_all(Some(used));
        }
        self.enter(relation, alias, is_call || common || renames);
    }

    /// Brings a relation into view under its alias.
    fn enter(&mut self, relation: ObjectName, alias: Option<Name>, is_other: bool) {
        let alias = alias.unwrap_or(relation.name);
        let relation = (!is_other).then(|| self.use_of(relation));
        self.innermost().tables.push(Table { alias, relation });
    }

    fn use_of(&mut self, relation: ObjectName) -> usize {
        let known = self.uses.iter().position(|u| u.relation == relation);
        known.unwrap_or_else(|| {
            self.uses.push(QueryUse {
                relation,
                columns: Vec::new(),
                all: false,
            });
            self.uses.len() - 1
        })
    }

    /// Leaves the innermost scope: says whose the columns are that were met.
    fn close(&mut self) -> Option<Scope> {
        let mut scope = self.scopes.pop()?;
        for star in std::mem::take(&mut scope.stars) {
            match star {
                None => scope.tables.iter().for_each(|t| self.use_all(t.relation)),
                Some(of) => self.use_all(self.qualified(&scope, &of)),
            }
        }
        for (of, column) in std::mem::take(&mut scope.columns) {
            match of {
                Some(of) => self.use_column(self.qualified(&scope, &of), &column),
                None => self.unqualified(&scope, &column),
            }
        }
        Some(scope)
    }

    /// The relation that an alias stands for, here or further out.
    fn qualified(&self, scope: &Scope, alias: &str) -> Option<usize> {
        let inner = std::iter::once(scope);
        inner
            .chain(self.scopes.iter().rev())
            .flat_map(|scope| &scope.tables)
            .find(|table| table.alias == alias)?
            .relation
    }

    fn unqualified(&mut self, scope: &Scope, column: &Name) {
        if scope.tables.iter().any(|t| t.alias == *column) {
            return;
        }
        let outer = self.scopes.iter().rev().find(|s| !s.tables.is_empty());
        let tables = match (scope.tables.is_empty(), outer) {
            (true, Some(outer)) => &outer.tables,
            _ => &scope.tables,
        };
        let relations: Vec<Option<usize>> = tables.iter().map(|t| t.relation).collect();
        for relation in relations {
            self.use_column(relation, column);
        }
    }

    fn use_all(&mut self, relation: Option<usize>) {
        if let Some(used) = relation.and_then(|n| self.uses.get_mut(n)) {
            used.all = true;
        }
    }

    fn use_column(&mut self, relation: Option<usize>, column: &Name) {
        let Some((n, used)) = relation.and_then(|n| Some((n, self.uses.get_mut(n)?))) else {
            return;
        };
        if !column.contains(['{', ':']) && self.met.insert((n, *column)) {
            used.columns.push(*column);
        }
    }
}

/// How many levels a query goes down: parentheses around another are none.
fn level(query: &ast::Query) -> usize {
    usize::from(!matches!(query.body.as_ref(), SetExpr::Query(_)))
}

/// The columns of JOIN … USING.
fn using(join: &Join) -> Option<&Vec<ast::ObjectName>> {
    match &join.join_operator {
        JoinOperator::Join(JoinConstraint::Using(columns))
        | JoinOperator::Inner(JoinConstraint::Using(columns))
        | JoinOperator::Left(JoinConstraint::Using(columns))
        | JoinOperator::LeftOuter(JoinConstraint::Using(columns))
        | JoinOperator::Right(JoinConstraint::Using(columns))
        | JoinOperator::RightOuter(JoinConstraint::Using(columns))
        | JoinOperator::FullOuter(JoinConstraint::Using(columns)) => Some(columns),
        _ => None,
    }
}

fn name(ident: &ast::Ident) -> Name {
    match ident.quote_style {
        Some(_) => Name::new(&ident.value),
        None => fold(&ident.value),
    }
}

fn parts(of: &ast::ObjectName) -> Vec<Name> {
    of.0.iter().filter_map(|p| p.as_ident()).map(name).collect()
}

fn last(of: &ast::ObjectName) -> Name {
    parts(of).pop().unwrap_or_default()
}

/// The name of a relation; its place is not known here.
fn object_name(of: &ast::ObjectName) -> ObjectName {
    let mut parts = parts(of);
    let name = parts.pop().unwrap_or_default();
    let template = name.contains('{') || name.starts_with(':');
    ObjectName {
        template,
        schema: parts.pop(),
        name,
        span: Span::default(),
        name_span: Span::default(),
    }
}

fn is_only(name: &ast::ObjectName) -> bool {
    match name.0.as_slice() {
        [ast::ObjectNamePart::Identifier(ident)] => {
            ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("only")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::operation::Action;
    use crate::statement::{SplitOptions, split};

    fn uses(query: &str) -> Option<Vec<QueryUse>> {
        read(query).map(|reading| reading.uses)
    }

    fn output(query: &str) -> Option<Vec<Name>> {
        read(query).and_then(|reading| reading.output)
    }

    fn shown(query: &str) -> String {
        let Some(uses) = uses(query) else {
            return "cannot be read".into();
        };
        let shown: Vec<String> = uses
            .iter()
            .map(|u| {
                let star = if u.all { "*" } else { "" };
                format!("{}({}{star})", u.relation, u.columns.join(" "))
            })
            .collect();
        shown.join(" ")
    }

    #[test]
    fn relations_and_columns_that_queries_read() {
        let table = [
            ("SELECT a, B, \"C\" FROM t", "t(a b C)"),
            ("SELECT * FROM s.t", "s.t(*)"),
            ("SELECT count(*) FROM t", "t()"),
            (
                "SELECT x.a, y.b FROM t x JOIN u y ON x.id = y.id",
                "t(a id) u(b id)",
            ),
            ("SELECT a FROM t, u", "t(a) u(a)"),
            ("SELECT x.* FROM t x, u", "t(*) u()"),
            ("SELECT row_to_json(x) FROM t x", "t()"),
            ("SELECT f(x.*), x.a FROM t x", "t(a)"),
            ("SELECT ROW(x.*) FROM t x", "t(*)"),
            ("SELECT a FROM t JOIN u USING (id)", "t(id a) u(id a)"),
            (
                "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k)",
                "t(k a) u(k)",
            ),
            ("WITH c AS (SELECT a FROM t) SELECT b FROM c", "t(a)"),
            (
                "SELECT d.z FROM (SELECT a AS z FROM t) d ORDER BY q",
                "t(a)",
            ),
            (
                "SELECT a FROM t UNION SELECT b FROM u ORDER BY 1",
                "t(a) u(b)",
            ),
            ("SELECT a FROM t ORDER BY b", "t(a b)"),
            ("SELECT g FROM generate_series(1, 2) g", ""),
            ("SELECT a FROM ${schema}.t WHERE b = :x", "${schema}.t(a b)"),
            ("SELECT a FROM t WHERE b = 'x'\n'y'", "t(a b)"),
            ("SELECT c::text, d[1] FROM t", "t(c d)"),
            ("SELECT a FROM t WHERE", "cannot be read"),
            ("SELECT 1 END", "cannot be read"),
        ];
        for (query, expected) in table {
            assert_eq!(shown(query), expected, "{query}");
        }
    }

    #[test]
    fn columns_that_queries_yield() {
        let columns =
            output("SELECT a, t.\"B\", c::int, f(x), 1 AS d, 1 + 1 FROM t UNION SELECT 1");
        let names: Vec<&str> = vec!["a", "B", "c", "f", "d", "?column?"];
        assert_eq!(columns.unwrap(), names);
        assert_eq!(output("SELECT * FROM t"), None);
        assert_eq!(output("VALUES (1, 2)").unwrap(), ["column1", "column2"]);
    }

    /// Queries that the reader without a tree takes, or leaves, each for a
    /// reason of its own; besides, all views of the fixtures, or of the folder
    /// that `BOWLINE_QUERIES_OF` names.
    #[test]
    fn the_plain_reader_answers_as_the_tree_does() {
        const QUERIES: &str = include_str!("../../fixtures/queries/plain.sql");
        let mut queries: Vec<String> = QUERIES.split(";\n").map(str::to_owned).collect();
        let folder = std::env::var_os("BOWLINE_QUERIES_OF").map_or_else(
            || concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures").into(),
            PathBuf::from,
        );
        for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
            if entry.path().extension().is_some_and(|e| e == "sql")
                && let Ok(text) = std::fs::read_to_string(entry.path())
            {
                queries.extend(queries_of(&text));
            }
        }
        let mut read_plainly = 0;
        for query in &queries {
            let mut tokens = Vec::new();
            tokens_into(query, Span::new(0, query.len() as u32), &mut tokens);
            if let Some(reading) = plain::read(query, &tokens) {
                read_plainly += 1;
                assert_eq!(Some(reading), read_tree(query, &tokens), "{query}");
            }
        }
        println!("{read_plainly} of {} queries", queries.len());
        assert!(read_plainly > 20, "{read_plainly}");
    }

    fn queries_of(text: &str) -> Vec<String> {
        let whole = Span::new(0, text.len() as u32);
        let mut tokens = Vec::new();
        let statements = split(text, whole, SplitOptions::default()).statements;
        let operations = statements
            .iter()
            .flat_map(|raw| crate::operation::read(text, raw, &mut tokens).operations);
        operations
            .filter_map(|operation| match operation.action {
                Action::CreateView(view) => Some(view.query.text.to_string()),
                Action::CreateTable(table) => Some(table.source?.text.to_string()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn no_query_is_too_much() {
        let long = |n: usize, of: &str| format!("SELECT {}a FROM t", of.repeat(n));
        assert_eq!(shown(&long(900, "a + ")), "t(a)");
        assert_eq!(shown(&long(50_000, "a + ")), "t(a)");
        for of in ["a ^ ", "(", "- ^ ", "[", "CASE WHEN ", "f(", "a::int || "] {
            assert_eq!(uses(&long(50_000, of)), None, "{of}");
        }
        assert_eq!(uses(&"SELECT 1, 2 UNION ".repeat(5000)), None);
        assert!(uses(&format!("{}SELECT a FROM t", "SELECT 1 UNION ".repeat(900))).is_some());
        assert!(uses(&format!("SELECT a{} FROM t", "::int".repeat(900))).is_some());
        assert!(uses(&format!("SELECT a{} FROM t", " IS NULL".repeat(900))).is_some());
    }
}
