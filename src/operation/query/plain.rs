//! Queries of the plain kind, read without a tree: one SELECT of columns,
//! calls and operators from tables and their joins. Most views are that, and
//! building their trees takes ten times as long.
//!
//! What is not certain to be plain is left to the tree. Where this reader
//! answers, it answers as the tree would; a test holds one against the other.

use super::updatable::{DISTINCT, GROUP_BY, HAVING, LIMIT, NO_TABLE};
use super::yields::type_of_number;
use super::{Reading, Scope, Walk, Yields};
use crate::name::Name;
use crate::operation::ObjectName;
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::cursor::Ident;
use crate::statement::lexer::{Token, TokenKind};

/// Parentheses inside parentheses are followed this deep.
const DEEPEST: usize = 40;

/// Words that are no names where an operand or an alias may stand, or that
/// begin something of a form of its own.
const WORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "at",
    "between",
    "both",
    "by",
    "case",
    "cast",
    "ceil",
    "ceiling",
    "check",
    "collate",
    "connect_by_root",
    "convert",
    "cross",
    "cube",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "desc",
    "distinct",
    "div",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "extract",
    "fetch",
    "filter",
    "floor",
    "for",
    "from",
    "full",
    "global",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "inner",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json_array",
    "json_object",
    "lambda",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "listagg",
    "localtime",
    "localtimestamp",
    "map",
    "match",
    "natural",
    "not",
    "notnull",
    "null",
    "nulls",
    "offset",
    "on",
    "only",
    "operator",
    "or",
    "order",
    "outer",
    "over",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "primary",
    "prior",
    "qualify",
    "regexp",
    "returning",
    "right",
    "rlike",
    "rollup",
    "row",
    "rows",
    "safe_cast",
    "select",
    "session_user",
    "set",
    "similar",
    "some",
    "struct",
    "substr",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "trim",
    "try_cast",
    "try_convert",
    "union",
    "unique",
    "unnest",
    "user",
    "using",
    "values",
    "variadic",
    "when",
    "where",
    "window",
    "with",
    "within",
    "xml",
    "xmlconcat",
    "xmlelement",
    "xmlforest",
    "xmltable",
];

const OPERATORS: &[&str] = &[
    "=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "||", "->", "->>",
];

const COMPARISONS: &[&str] = &["=", "<>", "!=", "<", ">", "<=", ">="];

/// The name of a column that nothing names.
const NAMELESS: &str = "?column?";

/// What an expression is.
enum Shape {
    Column(Name),
    /// A literal of this type.
    Literal(&'static str),
    /// What it yields, and the name that it gives to its column.
    Named(Name, Yields),
    Cast,
    Boolean,
    Other,
}

struct Plain<'a> {
    cursor: Cursor<'a>,
    walk: Walk,
    /// Columns of JOIN … USING.
    joined: Vec<Name>,
    /// Joins in parentheses.
    nested: bool,
    /// Clauses that keep the server from writing through the query.
    barrier: Option<&'static str>,
}

/// Reads a query; `None` where it is not certain to be plain.
pub(super) fn read(query: &str, tokens: &[Token]) -> Option<Reading> {
    let mut plain = Plain {
        cursor: Cursor::new(query, tokens),
        walk: Walk {
            scopes: vec![Scope::default(), Scope::default(), Scope::default()],
            depth: 1,
            ..Walk::default()
        },
        joined: Vec::new(),
        nested: false,
        barrier: None,
    };
    let (output, yields) = plain.select()?;
    plain.walk.close_select();
    plain.tail()?;
    plain.walk.close();
    plain.cursor.done().then_some(Reading {
        uses: plain.walk.uses,
        output,
        yields: if plain.nested { Vec::new() } else { yields },
        barrier: plain.barrier.or(plain.walk.barrier),
        table: plain.walk.table,
    })
}

impl<'a> Plain<'a> {
    fn select(&mut self) -> Option<(Option<Vec<Name>>, Vec<Yields>)> {
        if !self.cursor.eat_word("SELECT") {
            return None;
        }
        if self.cursor.eat_word("DISTINCT") {
            self.barrier = Some(DISTINCT);
            if self.cursor.at_word("ON") {
                return None;
            }
        }
        let mut output = Some(Vec::new());
        let mut yields = Vec::new();
        loop {
            match self.item()? {
                Some((name, yielded)) => {
                    if let Some(output) = &mut output {
                        output.push(name);
                        yields.push(yielded);
                    }
                }
                None => {
                    output = None;
                    yields.clear();
                }
            }
            if !self.cursor.eat(TokenKind::Comma) {
                break;
            }
        }
        if self.cursor.eat_word("FROM") {
            self.list(|plain| plain.tables(DEEPEST))?;
        }
        if self.cursor.eat_word("WHERE") {
            self.expression(DEEPEST)?;
        }
        if self.cursor.eat_words(&["GROUP", "BY"]) {
            self.barrier.get_or_insert(GROUP_BY);
            self.list(|plain| plain.expression(DEEPEST).map(drop))?;
        }
        if self.cursor.eat_word("HAVING") {
            self.barrier.get_or_insert(HAVING);
            self.expression(DEEPEST)?;
        }
        if self.walk.innermost().tables.len() != 1 {
            self.barrier.get_or_insert(NO_TABLE);
        }
        let joined = std::mem::take(&mut self.joined);
        let columns = joined.into_iter().map(|column| (None, column));
        self.walk.innermost().columns.splice(0..0, columns);
        Some((output, yields))
    }

    /// What stands behind the SELECT.
    fn tail(&mut self) -> Option<()> {
        if self.cursor.eat_words(&["ORDER", "BY"]) {
            self.list(|plain| plain.sorted(DEEPEST))?;
        }
        for word in ["LIMIT", "OFFSET"] {
            if self.cursor.eat_word(word) {
                self.barrier.get_or_insert(LIMIT);
                if !self.cursor.eat(TokenKind::Number) {
                    return None;
                }
            }
        }
        Some(())
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        loop {
            one(self)?;
            if !self.cursor.eat(TokenKind::Comma) {
                return Some(());
            }
        }
    }

    /// An item of the SELECT: its name and where it comes from; nothing for `*`.
    fn item(&mut self) -> Option<Option<(Name, Yields)>> {
        if self.eat_operator("*") {
            self.walk.innermost().stars.push(None);
            return Some(None);
        }
        let mark = self.cursor.mark();
        if let Some(table) = self.name()
            && self.cursor.eat(TokenKind::Dot)
            && self.eat_operator("*")
        {
            self.walk.innermost().stars.push(Some(table.name));
            return Some(None);
        }
        self.cursor.back_to(mark);
        let shape = self.expression(DEEPEST)?;
        let alias = match self.cursor.eat_word("AS") {
            true => Some(self.cursor.ident().filter(|alias| !alias.template)?.name),
            false => None,
        };
        Some(Some(match shape {
            Shape::Cast => return None,
            Shape::Column(name) => (alias.unwrap_or(name), Yields::Column(name)),
            Shape::Named(name, yields) => (alias.unwrap_or(name), yields),
            Shape::Literal(ty) => (alias.unwrap_or_else(|| NAMELESS.into()), Yields::Typed(ty)),
            Shape::Boolean => (
                alias.unwrap_or_else(|| NAMELESS.into()),
                Yields::Typed("boolean"),
            ),
            Shape::Other => (alias.unwrap_or_else(|| NAMELESS.into()), Yields::Computed),
        }))
    }

    /// A table and what is joined to it.
    fn tables(&mut self, depth: usize) -> Option<()> {
        self.table(depth)?;
        loop {
            let cross = self.cursor.eat_words(&["CROSS", "JOIN"]);
            if !cross {
                if !self.cursor.eat_word("INNER")
                    && self.cursor.eat_any(&["LEFT", "RIGHT", "FULL"]).is_some()
                {
                    self.cursor.eat_word("OUTER");
                }
                if !self.cursor.eat_word("JOIN") {
                    return Some(());
                }
            }
            self.table(depth)?;
            if cross {
                continue;
            }
            if self.cursor.eat_word("ON") {
                self.expression(depth)?;
            } else if self.cursor.eat_word("USING") {
                let columns = self.cursor.ident_list()?.into_iter();
                // Of joins in parentheses the tree does not tell.
                if depth == DEEPEST {
                    self.joined.extend(columns.map(|column| column.name));
                }
            } else {
                return None;
            }
        }
    }

    fn table(&mut self, depth: usize) -> Option<()> {
        if self.cursor.eat(TokenKind::OpenParen) {
            self.nested = true;
            self.tables(depth.checked_sub(1)?)?;
            return (self.cursor.eat(TokenKind::CloseParen) && self.alias()?.is_none())
                .then_some(());
        }
        let mut relation = ObjectName {
            schema: None,
            name: self.name()?.name,
            span: Span::default(),
            name_span: Span::default(),
            template: false,
        };
        if self.cursor.eat(TokenKind::Dot) {
            relation.schema = Some(relation.name);
            relation.name = self.name()?.name;
        }
        if self.cursor.at_kind(TokenKind::Dot) || self.cursor.at_kind(TokenKind::OpenParen) {
            return None;
        }
        let alias = self.alias()?;
        self.walk.enter(relation, alias, false);
        Some(())
    }

    /// An alias, if one stands here, with or without AS.
    fn alias(&mut self) -> Option<Option<Name>> {
        let written = self.cursor.eat_word("AS");
        let mark = self.cursor.mark();
        let alias = self.name().map(|alias| alias.name);
        if alias.is_none() {
            self.cursor.back_to(mark);
        }
        let lists_columns = alias.is_some() && self.cursor.at_kind(TokenKind::OpenParen);
        ((alias.is_some() || !written) && !lists_columns).then_some(alias)
    }

    fn expression(&mut self, depth: usize) -> Option<Shape> {
        let mut whole: Option<Shape> = None;
        // Whatever else yields no boolean binds closer.
        let mut boolean = false;
        loop {
            let mut signed = false;
            loop {
                let negated = self.cursor.eat_word("NOT");
                boolean |= negated;
                if !negated && !self.eat_operator("-") && !self.eat_operator("+") {
                    break;
                }
                signed = true;
            }
            let mut shape = self.operand(depth)?;
            if self.casts()? {
                shape = Shape::Cast;
            }
            let first = whole.is_none() && !signed;
            whole = Some(if first { shape } else { Shape::Other });
            while let Some(()) = self.test(depth)? {
                whole = Some(Shape::Other);
                boolean = true;
            }
            match self.operator() {
                Some(tests) => boolean |= tests,
                None if boolean => return Some(Shape::Boolean),
                None => return whole,
            }
            whole = Some(Shape::Other);
        }
    }

    /// `IS NULL` and the like, `IN (…)`: what stands behind an operand and has
    /// none of its own to come.
    fn test(&mut self, depth: usize) -> Option<Option<()>> {
        if self.cursor.eat_word("IS") {
            self.cursor.eat_word("NOT");
            self.cursor.eat_any(&["NULL", "TRUE", "FALSE"])?;
            return Some(Some(()));
        }
        if !self.cursor.eat_word("IN") && !self.cursor.eat_words(&["NOT", "IN"]) {
            return Some(None);
        }
        self.open()?;
        self.expressions(depth)?;
        Some(Some(()))
    }

    /// An operator that an operand follows, if one stands here; does it yield a
    /// boolean?
    fn operator(&mut self) -> Option<bool> {
        if self.cursor.eat_any(&["AND", "OR"]).is_some() {
            return Some(true);
        }
        if self.cursor.at_kind(TokenKind::Operator) {
            let text = self.cursor.text_at(0);
            let known = OPERATORS.contains(&text);
            if known {
                self.cursor.bump();
            }
            return known.then(|| COMPARISONS.contains(&text));
        }
        let negated = usize::from(self.cursor.at_word("NOT"));
        let words = ["LIKE", "ILIKE", "BETWEEN"];
        let found = words.iter().any(|w| self.cursor.is_word_at(negated, w));
        if found {
            self.cursor.back_to(self.cursor.mark() + negated + 1);
        }
        found.then_some(true)
    }

    /// Casts behind an operand; is there any?
    fn casts(&mut self) -> Option<bool> {
        let mut any = false;
        while self.cursor.eat(TokenKind::DoubleColon) {
            any = true;
            self.name()?;
            while self
                .cursor
                .eat_any(&["varying", "precision", "with", "without", "time", "zone"])
                .is_some()
            {}
            if self.cursor.at_kind(TokenKind::OpenParen) {
                self.cursor.group()?;
                while self
                    .cursor
                    .eat_any(&["with", "without", "time", "zone"])
                    .is_some()
                {}
            }
            while self.cursor.at_kind(TokenKind::OpenBracket) {
                self.cursor.group()?;
            }
            if self.cursor.at_kind(TokenKind::Dot) {
                return None;
            }
        }
        Some(any)
    }

    fn operand(&mut self, depth: usize) -> Option<Shape> {
        match self.cursor.kind()? {
            TokenKind::Number => {
                let ty = type_of_number(self.cursor.text_at(0));
                self.cursor.bump();
                Some(ty.map_or(Shape::Other, Shape::Literal))
            }
            TokenKind::Text => {
                self.cursor.bump();
                (!self.cursor.at_kind(TokenKind::Text)).then_some(Shape::Literal("text"))
            }
            TokenKind::OpenParen => {
                self.cursor.bump();
                let inner = self.expression(depth.checked_sub(1)?)?;
                self.close().map(|()| inner)
            }
            TokenKind::Word | TokenKind::QuotedName => self.named(depth),
            _ => None,
        }
    }

    /// A column, a call, or a constant that is a word.
    fn named(&mut self, depth: usize) -> Option<Shape> {
        if self.cursor.eat_word("NULL") {
            return Some(Shape::Literal("text"));
        }
        if self.cursor.eat_any(&["TRUE", "FALSE"]).is_some() {
            return Some(Shape::Literal("boolean"));
        }
        if self.cursor.eat_word("CASE") {
            return self.case(depth);
        }
        let mut of = None;
        let mut name = self.name()?.name;
        while self.cursor.eat(TokenKind::Dot) {
            of = Some(name);
            name = self.name()?.name;
        }
        match self.cursor.kind() {
            Some(TokenKind::OpenParen) => {
                self.cursor.bump();
                let coalesced = self.coalesced();
                let windowed = self.arguments(depth)?;
                let of_server = of.is_none();
                self.walk.call(if of_server { &name } else { "" }, windowed);
                let yields = match coalesced {
                    Some(yields) if of_server && name == "coalesce" => yields,
                    _ if of_server && name != "coalesce" => Yields::Call(name),
                    _ => Yields::Computed,
                };
                Some(Shape::Named(name, yields))
            }
            Some(TokenKind::OpenBracket | TokenKind::Text | TokenKind::EscapeText) => None,
            _ => {
                self.walk.innermost().columns.push((of, name));
                Some(Shape::Column(name))
            }
        }
    }

    /// A column and a literal, where they are all that a call takes; the cursor
    /// stays where it is.
    fn coalesced(&mut self) -> Option<Yields> {
        let mark = self.cursor.mark();
        let both = self.column_and_literal();
        self.cursor.back_to(mark);
        both
    }

    fn column_and_literal(&mut self) -> Option<Yields> {
        let mut column = self.name()?.name;
        while self.cursor.eat(TokenKind::Dot) {
            column = self.name()?.name;
        }
        if !self.cursor.eat(TokenKind::Comma) {
            return None;
        }
        let ty = match self.cursor.kind()? {
            TokenKind::Number => type_of_number(self.cursor.text_at(0))?,
            TokenKind::Text => "text",
            _ if self.cursor.at_word("NULL") => "text",
            _ if self.cursor.at_any(&["TRUE", "FALSE"]) => "boolean",
            _ => return None,
        };
        self.cursor.bump();
        self.cursor
            .at_kind(TokenKind::CloseParen)
            .then_some(Yields::Coalesce(column, ty))
    }

    /// What stands between the parentheses of a call, the opening one taken, and
    /// behind them; is it called over a window?
    fn arguments(&mut self, depth: usize) -> Option<bool> {
        if self.eat_operator("*") {
            self.close()?;
        } else if !self.cursor.eat(TokenKind::CloseParen) {
            self.cursor.eat_word("DISTINCT");
            self.expressions(depth)?;
        }
        if self.cursor.eat_word("FILTER") {
            self.open()?;
            if !self.cursor.eat_word("WHERE") {
                return None;
            }
            self.expression(depth.checked_sub(1)?)?;
            self.close()?;
        }
        let windowed = self.cursor.eat_word("OVER");
        if windowed {
            self.window(depth)?;
        }
        let goes_on = self.cursor.at_word("WITHIN")
            || self.cursor.at_kind(TokenKind::Dot)
            || self.cursor.at_kind(TokenKind::OpenBracket);
        (!goes_on).then_some(windowed)
    }

    /// `(PARTITION BY … ORDER BY …)`
    fn window(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.open()?;
        if self.cursor.eat_words(&["PARTITION", "BY"]) {
            self.list(|plain| plain.expression(depth).map(drop))?;
        }
        if self.cursor.eat_words(&["ORDER", "BY"]) {
            self.list(|plain| plain.sorted(depth))?;
        }
        self.close()
    }

    /// An expression of ORDER BY.
    fn sorted(&mut self, depth: usize) -> Option<()> {
        self.expression(depth)?;
        self.cursor.eat_any(&["ASC", "DESC"]);
        if self.cursor.eat_word("NULLS") {
            self.cursor.eat_any(&["FIRST", "LAST"])?;
        }
        Some(())
    }

    /// `CASE … END`, the first word taken.
    fn case(&mut self, depth: usize) -> Option<Shape> {
        let depth = depth.checked_sub(1)?;
        if !self.cursor.at_word("WHEN") {
            self.expression(depth)?;
        }
        while self.cursor.eat_word("WHEN") {
            self.expression(depth)?;
            if !self.cursor.eat_word("THEN") {
                return None;
            }
            self.expression(depth)?;
        }
        // ELSE names it, where that has a name.
        let mut name = Name::new("case");
        if self.cursor.eat_word("ELSE")
            && let Shape::Column(own) | Shape::Named(own, _) = self.expression(depth)?
        {
            name = own;
        }
        let end = self.cursor.eat_word("END");
        end.then_some(Shape::Named(name, Yields::Computed))
    }

    fn open(&mut self) -> Option<()> {
        self.cursor.eat(TokenKind::OpenParen).then_some(())
    }

    fn close(&mut self) -> Option<()> {
        self.cursor.eat(TokenKind::CloseParen).then_some(())
    }

    /// Expressions up to the parenthesis that closes them.
    fn expressions(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.list(|plain| plain.expression(depth).map(drop))?;
        self.close()
    }

    /// A name that is surely one.
    fn name(&mut self) -> Option<Ident> {
        let text = self.cursor.text_at(0);
        match self.cursor.kind()? {
            TokenKind::Word => {
                let lower = crate::statement::cursor::fold(text);
                if WORDS.binary_search(&lower.as_str()).is_ok() {
                    return None;
                }
            }
            TokenKind::QuotedName if text.starts_with('"') => {}
            _ => return None,
        }
        self.cursor.ident().filter(|ident| !ident.template)
    }

    fn eat_operator(&mut self, operator: &str) -> bool {
        let yes = self.cursor.at_operator(operator);
        if yes {
            self.cursor.bump();
        }
        yes
    }
}
