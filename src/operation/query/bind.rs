//! Which names of a query nothing stands behind, and how many columns its parts
//! yield: the names of each SELECT are held against what its own FROM and those
//! around it bring into view. What the relations have is for the caller to say;
//! wherever one of them is not known, a name may mean something.

use std::ops::ControlFlow;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use sqlparser::ast::{
    self, AccessExpr, Distinct, Expr, FromTable, GroupByExpr, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Statement, TableAlias, TableFactor, TableObject,
    TableWithJoins, UpdateTableFromKind, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token as SqlToken;

use super::{is_only, item_name, last, name, object_name, too_deep};
use crate::name::Name;
use crate::operation::ObjectName;
use crate::source::Span;
use crate::statement::lexer::{Token, TokenKind, tokens_into};

/// The names of columns, in their order; `None` where they are not known.
pub type Columns = Option<Arc<[Name]>>;

/// The server has room for 1,664 columns; beyond this nothing is known of them.
const MOST_COLUMNS: usize = 2_000;

/// What is in view besides what the text brings along.
pub struct View<'v> {
    /// What relations have, by their names.
    pub ask: &'v dyn Fn(&ObjectName) -> Columns,
    /// Is it the name of a function that may take a whole row, as in `t.f`?
    pub may_take_row: &'v dyn Fn(&str) -> bool,
    /// Names of rows that belong to no FROM: the table of an expression, NEW.
    pub rows: Vec<(Name, Columns)>,
    /// Names that may stand for anything, such as arguments of a routine.
    pub other: Vec<Name>,
}

/// Why the server cannot make sense of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing in view has such a column.
    Column(Name),
    /// Two rows in view have such a column.
    Ambiguous(Name),
    /// What is called by the first name has no column of the second.
    ColumnOf(Name, Name),
    /// Nothing in view is called that.
    Row(Name),
    /// Queries of a UNION, or a list before IN and its query, of unequal width.
    Uneven(usize, usize),
    /// More names behind a WITH or an alias than there are columns.
    Renamed(Name, usize, usize),
}

/// What was found out about a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bound {
    pub fault: Option<Fault>,
    /// How many columns it yields.
    pub width: Option<usize>,
}

/// Looks at a query or a statement that changes rows; `None` where the parser
/// cannot read it, or something is filled in later.
pub fn bind(text: &str, view: View<'_>) -> Option<Bound> {
    let statement = parse(text)?;
    let mut walk = Walk {
        scopes: vec![Scope::of_rows(&view.rows)],
        common: Vec::new(),
        view,
        fault: None,
        fields: Vec::new(),
        behind_on: FxHashSet::default(),
    };
    let width = match &statement {
        Statement::Query(query) => walk.columns_of(query).map(|columns| columns.len()),
        _ => None,
    };
    let _ = statement.visit(&mut walk);
    Some(Bound {
        fault: walk.fault,
        width,
    })
}

fn parse(text: &str) -> Option<Statement> {
    if text.len() > super::LONGEST {
        return None;
    }
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    if too_deep(text, &tokens) || tokens.windows(2).any(|pair| is_unsure(pair, text)) {
        return None;
    }
    let text = super::parsable(text, &tokens);
    let mut parser = Parser::new(&PostgreSqlDialect {})
        .try_with_sql(&text)
        .ok()?;
    let statement = parser.parse_statement().ok()?;
    (parser.peek_token().token == SqlToken::EOF).then_some(statement)
}

/// Does the parser take as a column what is none, or may anything stand there?
fn is_unsure(pair: &[Token], text: &str) -> bool {
    const FIELDS: &[TokenKind] = &[
        TokenKind::CloseParen,
        TokenKind::CloseBracket,
        TokenKind::Parameter,
    ];
    let field = FIELDS.contains(&pair[0].kind) && pair[1].kind == TokenKind::Dot;
    let filled_in = |token: &Token| matches!(token.kind, TokenKind::Template | TokenKind::Colon);
    let begins_xml = |word: &[u8]| {
        word.get(..3)
            .is_some_and(|begin| begin.eq_ignore_ascii_case(b"xml"))
    };
    let of_xml = pair[0].kind == TokenKind::Word
        && pair[1].kind == TokenKind::OpenParen
        && begins_xml(pair[0].span.of(text).as_bytes());
    field || of_xml || pair.iter().any(filled_in) || matches!(pair[1].span.of(text), "=>" | ":=")
}

/// What one SELECT brings into view.
#[derive(Default)]
struct Scope {
    rows: Vec<(Name, Columns)>,
    /// There is something of which not even the name is known.
    open: bool,
    /// Columns of the same name are one, or their rows are not in view together.
    merges: bool,
    /// It says RETURNING, where OLD and NEW are rows from 18 on.
    returns: bool,
    /// What the SELECT calls its own columns, where that may be named.
    aliases: Vec<Name>,
}

impl Scope {
    fn of_rows(rows: &[(Name, Columns)]) -> Self {
        Self {
            rows: rows.to_vec(),
            ..Self::default()
        }
    }
}

struct Walk<'v> {
    scopes: Vec<Scope>,
    /// Queries of a WITH and their columns, and how many scopes stand around.
    common: Vec<(usize, Name, Columns)>,
    view: View<'v>,
    fault: Option<Fault>,
    /// What `t.a[1]` names behind the first dot, which the parser takes for columns
    /// of their own.
    fields: Vec<*const Expr>,
    /// Names behind ON, which sees but what is joined so far.
    behind_on: FxHashSet<*const Expr>,
}

/// Collects the names that stand alone.
struct Alone<'s>(&'s mut FxHashSet<*const Expr>);

impl Visitor for Alone<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if matches!(expr, Expr::Identifier(_)) {
            self.0.insert(std::ptr::from_ref(expr));
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Walk<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if matches!(statement, Statement::Query(_)) {
            return ControlFlow::Continue(());
        }
        let scope = self.changed(statement);
        self.scopes.push(scope);
        self.go_on()
    }

    fn post_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if !matches!(statement, Statement::Query(_)) {
            self.scopes.pop();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        self.scopes.push(Scope::default());
        self.enter_common(query);
        self.check_sets(&query.body);
        self.go_on()
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.leave_common();
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let mut scope = self.scope_of(&select.from);
        scope.open |= !select.lateral_views.is_empty();
        let grouped =
            !matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
        if grouped || matches!(select.distinct, Some(Distinct::On(_))) {
            scope.aliases = aliases(select);
        }
        self.scopes.push(scope);
        for item in &select.projection {
            if let SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(of),
                _,
            ) = item
            {
                self.row(&last(of));
            }
        }
        self.go_on()
    }

    /// What stands behind the SELECT, such as ORDER BY, still sees its tables.
    fn post_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if let (Some(mut scope), Some(around)) = (self.scopes.pop(), self.scopes.last_mut()) {
            around.rows.append(&mut scope.rows);
            around.open |= scope.open;
            around.merges = true;
            around.aliases.extend(aliases(select));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.fields.last() == Some(&std::ptr::from_ref(expr)) {
            self.fields.pop();
            return ControlFlow::Continue(());
        }
        match expr {
            Expr::CompoundFieldAccess { access_chain, .. } => {
                let fields = access_chain.iter().rev().filter_map(|access| match access {
                    AccessExpr::Dot(field) => Some(std::ptr::from_ref(field)),
                    AccessExpr::Subscript(_) => None,
                });
                self.fields.extend(fields);
            }
            Expr::Identifier(ident) if ident.quote_style.is_none() && is_keyword(&ident.value) => {}
            Expr::Identifier(ident) => {
                let unsure = self.behind_on.contains(&std::ptr::from_ref(expr));
                self.column(&name(ident), unsure);
            }
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [of, column] | [_, of, column] => self.column_of(&name(of), &name(column)),
                _ => {}
            },
            Expr::InSubquery { expr, subquery, .. } => {
                let left = width_before_in(expr);
                let right = self.columns_of(subquery).map(|columns| columns.len());
                if let (Some(left), Some(right)) = (left, right)
                    && left != right
                {
                    self.note(Fault::Uneven(left, right));
                }
            }
            _ => {}
        }
        self.go_on()
    }
}

impl Walk<'_> {
    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    fn go_on(&self) -> ControlFlow<()> {
        match self.fault {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// A name that stands alone: a column, or a whole row. Whether more than one row
    /// has it is told of those that are nearest, unless not all are in view.
    fn column(&mut self, column: &Name, unsure: bool) {
        if is_filled_in(column) || self.view.other.contains(column) {
            return;
        }
        let mut nearest = true;
        for scope in self.scopes.iter().rev() {
            let may_have =
                |(called, columns): &(Name, Columns)| called == column || columns.is_none();
            if scope.open || scope.aliases.contains(column) || scope.rows.iter().any(may_have) {
                return;
            }
            let has = |(_, columns): &&(Name, Columns)| {
                columns
                    .as_ref()
                    .is_some_and(|columns| columns.contains(column))
            };
            match scope.rows.iter().filter(has).count() {
                0 => nearest &= scope.rows.is_empty(),
                1 => return,
                _ if scope.merges || unsure || !nearest => return,
                _ => return self.note(Fault::Ambiguous(*column)),
            }
        }
        if self.scopes.iter().any(|scope| !scope.rows.is_empty()) {
            self.note(Fault::Column(*column));
        }
    }

    fn column_of(&mut self, of: &Name, column: &Name) {
        if self.view.other.contains(of) || is_filled_in(of) || is_filled_in(column) {
            return;
        }
        for scope in self.scopes.iter().rev() {
            if scope.open {
                return;
            }
            let mut called = scope.rows.iter().filter(|(called, _)| called == of);
            let Some((_, columns)) = called.next() else {
                continue;
            };
            let has = columns
                .as_ref()
                .is_none_or(|columns| columns.contains(column));
            // JOIN … USING (…) AS x, or a row of the same name further out.
            let alone = called.next().is_none();
            if !has && alone && !(self.view.may_take_row)(column) {
                self.note(Fault::ColumnOf(*of, *column));
            }
            return;
        }
        let returned = matches!(of.as_str(), "old" | "new");
        if !(returned && self.scopes.iter().any(|scope| scope.returns)) {
            self.note(Fault::Row(*of));
        }
    }

    fn row(&mut self, of: &Name) {
        let in_view =
            |scope: &Scope| scope.open || scope.rows.iter().any(|(called, _)| called == of);
        if !self.view.other.contains(of) && !is_filled_in(of) && !self.scopes.iter().any(in_view) {
            self.note(Fault::Row(*of));
        }
    }

    /// What a statement that changes rows brings into view.
    fn changed(&mut self, statement: &Statement) -> Scope {
        match statement {
            Statement::Update(update) => {
                let mut scope = self.scope_of(std::slice::from_ref(&update.table));
                if let Some(
                    UpdateTableFromKind::AfterSet(from) | UpdateTableFromKind::BeforeSet(from),
                ) = &update.from
                {
                    self.add_all(from, &mut scope);
                }
                scope.returns = update.returning.is_some();
                scope
            }
            Statement::Delete(delete) => {
                let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) =
                    &delete.from;
                let mut scope = self.scope_of(from);
                self.add_all(delete.using.as_deref().unwrap_or_default(), &mut scope);
                scope.returns = delete.returning.is_some();
                scope
            }
            Statement::Insert(insert) => {
                let TableObject::TableName(of) = &insert.table else {
                    return Scope {
                        open: true,
                        ..Scope::default()
                    };
                };
                let table = object_name(of);
                let columns = (self.view.ask)(&table);
                let alias = insert.table_alias.as_ref().map(|alias| name(&alias.alias));
                let written = |source: &ast::Query| matches!(*source.body, SetExpr::Values(_));
                let mut scope = Scope {
                    returns: insert.returning.is_some(),
                    // The new row is named behind ON CONFLICT alone.
                    merges: insert.returning.is_some()
                        || !insert.source.as_deref().is_some_and(written),
                    ..Scope::default()
                };
                if insert.on.is_some() {
                    scope.rows.push((Name::new("excluded"), columns.clone()));
                }
                scope.rows.push((alias.unwrap_or(table.name), columns));
                scope
            }
            _ => Scope {
                open: true,
                ..Scope::default()
            },
        }
    }

    fn scope_of(&mut self, from: &[TableWithJoins]) -> Scope {
        let mut scope = Scope::default();
        self.add_all(from, &mut scope);
        scope
    }

    fn add_all(&mut self, from: &[TableWithJoins], scope: &mut Scope) {
        for table in from {
            self.add(&table.relation, scope);
            for join in &table.joins {
                scope.merges |= is_merging(join);
                let _ = join.join_operator.visit(&mut Alone(&mut self.behind_on));
                self.add(&join.relation, scope);
            }
        }
    }

    fn add(&mut self, factor: &TableFactor, scope: &mut Scope) {
        match factor {
            TableFactor::Table {
                name: of,
                alias,
                args,
                with_ordinality,
                ..
            } => {
                let mut table = object_name(of);
                let is_table = args.is_none() && !with_ordinality;
                if is_filled_in(&table.name) {
                    scope.open = true;
                }
                if is_only(of)
                    && let Some(alias) = alias
                {
                    table.name = name(&alias.name);
                    let columns = self.columns_of_table(&table);
                    return scope.rows.push((table.name, columns));
                }
                let columns = match is_table {
                    true => self.columns_of_table(&table),
                    false => None,
                };
                self.add_as(alias.as_ref(), Some(table.name), columns, scope);
            }
            TableFactor::Derived {
                subquery, alias, ..
            } => {
                let columns = self.columns_of(subquery);
                self.add_as(alias.as_ref(), None, columns, scope);
            }
            TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. } => match alias {
                Some(alias) => scope.rows.push((name(&alias.name), None)),
                None => scope.open = true,
            },
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                self.add_all(std::slice::from_ref(&**table_with_joins), scope);
                if let Some(alias) = alias {
                    scope.rows.push((name(&alias.name), None));
                }
            }
            _ => scope.open = true,
        }
    }

    fn add_as(
        &mut self,
        alias: Option<&TableAlias>,
        own: Option<Name>,
        columns: Columns,
        scope: &mut Scope,
    ) {
        let Some(alias) = alias else {
            match own {
                Some(own) => scope.rows.push((own, columns)),
                // From 16 on a subquery needs no name.
                None => scope.rows.push((Name::default(), columns)),
            }
            return;
        };
        let columns = self.renamed(alias, columns);
        scope.rows.push((name(&alias.name), columns));
    }

    /// `AS x (a, b)`: the first of them have other names.
    fn renamed(&mut self, alias: &TableAlias, columns: Columns) -> Columns {
        if alias.columns.is_empty() {
            return columns;
        }
        let columns = columns?;
        if alias.columns.len() > columns.len() {
            self.note(Fault::Renamed(
                name(&alias.name),
                alias.columns.len(),
                columns.len(),
            ));
            return None;
        }
        let named = alias.columns.iter().map(|column| name(&column.name));
        let rest = columns[alias.columns.len()..].iter().copied();
        Some(named.chain(rest).collect())
    }

    fn columns_of_table(&self, table: &ObjectName) -> Columns {
        let common = self.common.iter().rev();
        let mut common =
            common.filter(|(_, called, _)| table.schema.is_none() && *called == table.name);
        match common.next() {
            Some((_, _, columns)) => columns.clone(),
            None => (self.view.ask)(table),
        }
    }

    /// The queries of a WITH come into view one after the other.
    fn enter_common(&mut self, query: &ast::Query) {
        let Some(with) = &query.with else {
            return;
        };
        let depth = self.scopes.len();
        for table in &with.cte_tables {
            let called = name(&table.alias.name);
            let columns = match with.recursive {
                true => {
                    // It reads itself by that name.
                    self.common.push((depth, called, None));
                    let columns = self.columns_of(&table.query);
                    self.common.pop();
                    columns
                }
                false => self.columns_of(&table.query),
            };
            let columns = self.renamed(&table.alias, columns);
            // Inside of it, the name may still mean another.
            let hides = !with.recursive && self.columns_of_table(&plain(called)).is_some();
            let columns = columns.filter(|_| !hides);
            self.common.push((depth, called, columns));
        }
    }

    fn leave_common(&mut self) {
        let depth = self.scopes.len();
        self.common.retain(|(around, ..)| *around < depth);
    }

    /// The columns that a query yields.
    fn columns_of(&mut self, query: &ast::Query) -> Columns {
        self.scopes.push(Scope::default());
        self.enter_common(query);
        let columns = self.columns_of_set(&query.body);
        self.leave_common();
        self.scopes.pop();
        columns
    }

    fn columns_of_set(&mut self, body: &SetExpr) -> Columns {
        let mut body = body;
        loop {
            body = match body {
                SetExpr::SetOperation { left, .. } => left,
                SetExpr::Query(query) => return self.columns_of(query),
                SetExpr::Select(select) => {
                    return self.columns_of_items(&select.projection, &select.from);
                }
                SetExpr::Values(values) => {
                    let width = values.rows.first()?.len();
                    return Some((1..=width).map(|n| format!("column{n}").into()).collect());
                }
                _ => return None,
            };
        }
    }

    fn columns_of_items(&mut self, items: &[SelectItem], from: &[TableWithJoins]) -> Columns {
        let stars = items.iter().any(|item| item_name(item).is_none());
        let scope = match stars {
            true => self.scope_of(from),
            false => Scope::default(),
        };
        let mut columns: Vec<Name> = Vec::with_capacity(items.len());
        for item in items {
            match item {
                SelectItem::Wildcard(_) if !scope.merges && !scope.open => {
                    for (_, of) in &scope.rows {
                        columns.extend_from_slice(of.as_ref()?);
                    }
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(of),
                    _,
                ) => {
                    let of = last(of);
                    let mut called = scope.rows.iter().filter(|(called, _)| *called == of);
                    columns.extend_from_slice(called.next()?.1.as_ref()?);
                }
                item => columns.push(item_name(item)?),
            }
            if columns.len() > MOST_COLUMNS {
                return None;
            }
        }
        Some(columns.into())
    }

    /// The queries of a UNION yield equally many columns.
    fn check_sets(&mut self, body: &SetExpr) {
        let mut body = body;
        let mut widths = Vec::new();
        while let SetExpr::SetOperation { left, right, .. } = body {
            widths.push(self.columns_of_set(right).map(|columns| columns.len()));
            body = left;
        }
        if widths.is_empty() {
            return;
        }
        widths.push(self.columns_of_set(body).map(|columns| columns.len()));
        let mut known = widths.into_iter().rev().flatten();
        if let Some(first) = known.next()
            && let Some(other) = known.find(|width| *width != first)
        {
            self.note(Fault::Uneven(first, other));
        }
    }
}

/// A name without a schema.
fn plain(name: Name) -> ObjectName {
    ObjectName {
        schema: None,
        name,
        template: false,
        span: Span::default(),
        name_span: Span::default(),
    }
}

/// What the items of a SELECT are called.
fn aliases(select: &Select) -> Vec<Name> {
    select.projection.iter().filter_map(item_name).collect()
}

/// `USING` or `NATURAL`, as it can be told from the words alone.
fn is_merging(join: &ast::Join) -> bool {
    let natural = matches!(
        &join.join_operator,
        ast::JoinOperator::Join(ast::JoinConstraint::Natural)
            | ast::JoinOperator::Inner(ast::JoinConstraint::Natural)
            | ast::JoinOperator::Left(ast::JoinConstraint::Natural)
            | ast::JoinOperator::LeftOuter(ast::JoinConstraint::Natural)
            | ast::JoinOperator::Right(ast::JoinConstraint::Natural)
            | ast::JoinOperator::RightOuter(ast::JoinConstraint::Natural)
            | ast::JoinOperator::FullOuter(ast::JoinConstraint::Natural)
    );
    natural || super::using(join).is_some()
}

/// How many values stand before IN, where that is plain.
fn width_before_in(mut expr: &Expr) -> Option<usize> {
    while let Expr::Nested(inner) | Expr::Cast { expr: inner, .. } = expr {
        expr = inner;
    }
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => Some(1),
        Expr::Tuple(items) => Some(items.len()),
        _ => None,
    }
}

/// Something that a tool or psql fills in.
fn is_filled_in(name: &Name) -> bool {
    name.contains(['{', '$', ':', '%', '@', '<', '?', '[', '('])
}

/// A word that no column has for its name unless in quotes, or that the parser
/// takes for a column where it is none.
fn is_keyword(word: &str) -> bool {
    const OTHER: &[&str] = &["nfc", "nfd", "nfkc", "nfkd", "ordinality"];
    let lower = word.to_ascii_lowercase();
    OTHER.contains(&lower.as_str()) || crate::operation::reserved::is_reserved(&lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<Fault> {
        let ask = |table: &ObjectName| -> Columns {
            match table.name.as_str() {
                "t" => Some(["id", "a"].map(Name::new).into()),
                "u" => Some(["id", "b", "tid"].map(Name::new).into()),
                _ => None,
            }
        };
        let view = View {
            ask: &ask,
            may_take_row: &|name| matches!(name, "count" | "xmin"),
            rows: Vec::new(),
            other: vec![Name::new("ctid")],
        };
        bind(text, view).and_then(|bound| bound.fault)
    }

    #[test]
    fn names_without_meaning() {
        let column = |name| Some(Fault::Column(Name::new(name)));
        let of = |of, name| Some(Fault::ColumnOf(Name::new(of), Name::new(name)));
        let row = |name| Some(Fault::Row(Name::new(name)));
        for (text, expected) in [
            ("SELECT no FROM t", column("no")),
            ("SELECT id FROM t WHERE no = 1", column("no")),
            ("SELECT id AS x FROM t WHERE x > 1", column("x")),
            (
                "SELECT id FROM t, u",
                Some(Fault::Ambiguous(Name::new("id"))),
            ),
            (
                "UPDATE t SET a = b FROM u WHERE id = 1",
                Some(Fault::Ambiguous(Name::new("id"))),
            ),
            ("SELECT x.a FROM t", row("x")),
            ("SELECT x.* FROM t", row("x")),
            ("SELECT t.a FROM t y", row("t")),
            ("SELECT u.a FROM t, u", of("u", "a")),
            ("SELECT w.b FROM (SELECT id, a FROM t) w", of("w", "b")),
            ("WITH w AS (SELECT id FROM t) SELECT a FROM w", column("a")),
            (
                "WITH w (x) AS (SELECT id FROM t) SELECT id FROM w",
                column("id"),
            ),
            ("SELECT id FROM t UNION SELECT no FROM u", column("no")),
            (
                "SELECT id FROM t WHERE id IN (SELECT no FROM u)",
                column("no"),
            ),
            (
                "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.id)",
                of("u", "x"),
            ),
            ("SELECT v.* FROM t, LATERAL (SELECT t.b) v", of("t", "b")),
            ("UPDATE t SET a = no", column("no")),
            ("UPDATE t SET a = u.c FROM u", of("u", "c")),
            ("UPDATE t AS x SET a = 'b' WHERE t.id = 1", row("t")),
            ("DELETE FROM t USING u WHERE u.tid = t.x", of("t", "x")),
            (
                "INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = excluded.c",
                of("excluded", "c"),
            ),
            ("INSERT INTO t (id) VALUES (1) RETURNING c", column("c")),
        ] {
            assert_eq!(fault(text), expected, "{text}");
        }
    }

    #[test]
    fn names_with_a_meaning() {
        for text in [
            "SELECT id, a FROM t",
            "SELECT t FROM t",
            "SELECT t.count FROM t",
            "SELECT no FROM t, other",
            "SELECT other.no, t.id FROM t, other",
            "SELECT id AS x FROM t ORDER BY x",
            "SELECT id AS x, count(*) FROM t GROUP BY x",
            "SELECT DISTINCT ON (x) id AS x FROM t",
            "SELECT id FROM t WHERE id IN (SELECT a FROM u)",
            "SELECT g FROM generate_series(1, 2) g",
            "SELECT value FROM t, jsonb_array_elements(a)",
            "SELECT e.value FROM t, jsonb_array_elements(a) e",
            "SELECT x FROM t, unnest(ARRAY[1]) AS x",
            "WITH RECURSIVE w AS (SELECT id, 1 AS n FROM t UNION ALL SELECT w.id, w.n + 1 FROM w) SELECT n FROM w",
            "WITH t AS (SELECT id AS x FROM t WHERE a IS NULL) SELECT x FROM t",
            "WITH w AS (DELETE FROM t RETURNING id) SELECT x FROM w",
            "SELECT (a).b FROM t",
            "SELECT t.x[1], t.id[u.b[2]] FROM t, u",
            "SELECT x.id[1] FROM t x JOIN t y ON x.id[1] = y.id[1]",
            "SELECT f(days => 1) FROM t",
            "SELECT id FROM ONLY t",
            "SELECT x FROM {{table}}",
            "SELECT t.x FROM u {{join}}",
            "SELECT extract(epoch FROM a), current_date, a::date, interval '1 day' FROM t",
            "SELECT ctid, t.xmin FROM t",
            "SELECT normalize(a, NFC) FROM t",
            "SELECT sum(id) OVER w FROM t WINDOW w AS (ORDER BY a)",
            "SELECT column1 FROM (VALUES (1)) v",
            "SELECT k FROM (VALUES (1)) v (k)",
            "SELECT id FROM t JOIN u USING (id)",
            "SELECT id FROM t NATURAL JOIN u",
            "SELECT t.id FROM t JOIN u ON a = b JOIN t AS x ON x.id = u.id",
            "UPDATE t SET a = 'b' FROM u JOIN (SELECT id AS n FROM t) x ON tid = id",
            "SELECT t.id FROM t, u ORDER BY id",
            "SELECT t.id FROM t, u GROUP BY id",
            "SELECT * FROM t UNION SELECT id, b FROM u ORDER BY id",
            "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE id = 1)",
            "SELECT id FROM t, other",
            "SELECT id FROM t CROSS JOIN (SELECT b FROM u) v",
            "UPDATE t SET a = DEFAULT WHERE t.id = 1",
            "UPDATE t x SET a = x.id::text",
            "UPDATE t SET (id, a) = (SELECT b, tid FROM u WHERE u.id = t.id)",
            "INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = excluded.a || t.a",
            "INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = excluded.a RETURNING id",
            "WITH w AS (UPDATE t SET a = 'b' RETURNING old.a AS o) SELECT o FROM w",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    #[test]
    fn widths() {
        for text in [
            "SELECT id, a FROM t UNION SELECT id FROM u",
            "SELECT id FROM t WHERE id IN (SELECT id, b FROM u)",
            "SELECT id FROM t WHERE (id, a) IN (SELECT id FROM u)",
            "SELECT * FROM t UNION ALL SELECT * FROM u",
        ] {
            assert!(matches!(fault(text), Some(Fault::Uneven(..))), "{text}");
        }
        let renamed = "WITH w (a, b, c) AS (SELECT * FROM t) SELECT a FROM w";
        assert_eq!(fault(renamed), Some(Fault::Renamed(Name::new("w"), 3, 2)));
    }
}
