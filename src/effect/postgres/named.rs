//! Columns that queries and the constraints of a new table name, held against
//! the columns that there are.

use rustc_hash::FxHashSet;

use crate::name::Name;
use crate::operation::query::bind::{self, Bound, Columns, Fault, View};
use crate::operation::reserved::is_reserved;
use crate::operation::{
    Action, ConstraintKind, CreateTable, Delete, Expr, Insert, ObjectName, Update,
};
use crate::schema::{Key, Relation, names_in};
use crate::statement::lexer::{Token, TokenKind};
use crate::text::holds;

use super::Work;
use super::data::{BuiltIn, function};
use super::expr::{Tokens, is_word, name_of};
use super::place::Place;
use super::query::{SYSTEM_COLUMNS, names_only, sources, with_names};

/// Aggregates and the like that take a whole row, as in `t.count`; functions that
/// are none stand in `data/functions.tsv`.
const ROW_FUNCTIONS: &[&str] = &[
    "any_value",
    "array_agg",
    "count",
    "hstore",
    "json_agg",
    "json_agg_strict",
    "jsonb_agg",
    "jsonb_agg_strict",
    "max",
    "min",
    "mode",
];

/// The parts of an UPDATE or a DELETE that name columns.
pub(super) struct Change<'c> {
    with: Option<&'c Expr>,
    table: &'c ObjectName,
    alias: Option<Name>,
    assignments: Option<&'c Expr>,
    from: Option<&'c Expr>,
    filter: Option<&'c Expr>,
}

impl<'c> From<&'c Update> for Change<'c> {
    fn from(update: &'c Update) -> Self {
        Self {
            with: update.with.as_ref(),
            table: &update.table,
            alias: update.alias,
            assignments: Some(&update.assignments),
            from: update.from.as_ref(),
            filter: update.filter.as_ref(),
        }
    }
}

impl<'c> From<&'c Delete> for Change<'c> {
    fn from(delete: &'c Delete) -> Self {
        Self {
            with: delete.with.as_ref(),
            table: &delete.table,
            alias: delete.alias,
            assignments: None,
            from: delete.using.as_ref(),
            filter: delete.filter.as_ref(),
        }
    }
}

impl Change<'_> {
    fn text(&self) -> String {
        let (verb, others) = match self.assignments {
            Some(_) => ("UPDATE", "FROM"),
            None => ("DELETE FROM", "USING"),
        };
        let part = |word: &str, part: Option<&Expr>| {
            part.map_or(String::new(), |part| format!("{word} {} ", part.text))
        };
        let schema = self
            .table
            .schema
            .map_or(String::new(), |s| format!("\"{s}\"."));
        let alias = self.alias.map_or(String::new(), |a| format!("AS \"{a}\" "));
        format!(
            "{}{verb} {schema}\"{}\" {alias}{}{}{}",
            part("", self.with),
            self.table.name,
            part("SET", self.assignments),
            part(others, self.from),
            part("WHERE", self.filter),
        )
    }
}

/// The table of an INSERT and what it is called.
fn written(insert: &Insert) -> String {
    let table = &insert.table;
    let schema = table.schema.map_or(String::new(), |s| format!("\"{s}\"."));
    let own = insert.alias.unwrap_or(table.name);
    format!("{schema}\"{}\" AS \"{own}\"", table.name)
}

/// Are all names columns of these rows, or behind FROM one of these relations? A look
/// at the tokens alone.
fn all_named(tokens: &Tokens<'_>, rows: &Rows, relations: &[Name]) -> bool {
    const CLAUSES: &[&str] = &[
        "between",
        "by",
        "current",
        "escape",
        "exists",
        "first",
        "following",
        "last",
        "next",
        "nothing",
        "nulls",
        "over",
        "partition",
        "preceding",
        "range",
        "row",
        "rows",
        "set",
        "time",
        "unbounded",
        "update",
        "values",
        "zone",
    ];
    let (list, text) = (&tokens.list, tokens.text);
    let has = |columns: &Columns, name: &Name| {
        columns
            .as_ref()
            .is_some_and(|columns| columns.contains(name))
    };
    list.iter().enumerate().all(|(n, token)| {
        let kind = |n: Option<usize>| n.and_then(|n| list.get(n)).map(|t| t.kind);
        let before = n.checked_sub(1);
        let Some(name) = name_of(*token, text) else {
            return !matches!(token.kind, TokenKind::Template | TokenKind::Colon);
        };
        let is_word = |word: &Name| is_reserved(word) || CLAUSES.contains(&word.as_str());
        let is_alias = || before.is_some_and(|before| list[before].is_word(text, "AS"));
        if token.kind == TokenKind::Word && is_word(&name)
            || is_alias()
            || kind(before) == Some(TokenKind::DoubleColon)
            || kind(Some(n + 1)) == Some(TokenKind::OpenParen)
        {
            return true;
        }
        if kind(before) == Some(TokenKind::Dot) {
            let of = n.checked_sub(2).and_then(|n| name_of(list[n], text));
            return rows
                .iter()
                .any(|(called, columns)| of == Some(*called) && has(columns, &name));
        }
        let is_row = rows.iter().any(|(called, _)| *called == name);
        let is_read = before.is_some_and(|before| {
            (["FROM", "JOIN"].iter()).any(|word| list[before].is_word(text, word))
        });
        let set = |before: usize| {
            list[before].kind == TokenKind::Comma || list[before].is_word(text, "SET")
        };
        let assigned = before.is_some_and(set)
            && list
                .get(n + 1)
                .is_some_and(|next| next.span.of(text) == "=");
        match kind(Some(n + 1)) == Some(TokenKind::Dot) {
            true => is_row,
            false if is_read => is_row || relations.contains(&name),
            false if assigned => rows.iter().any(|(_, c)| has(c, &name)),
            false => is_row || rows.iter().filter(|(_, c)| has(c, &name)).count() == 1,
        }
    })
}

/// Is what stands between IN and FROM in a subquery a single column, and are there
/// no queries beside one another?
fn takes_one_column(tokens: &Tokens<'_>) -> bool {
    let (list, text) = (&tokens.list, tokens.text);
    let word = |n: usize, word: &str| list.get(n).is_some_and(|t| t.is_word(text, word));
    let queries = || list.iter().filter(|t| t.is_word(text, "SELECT")).count();
    let among = || (0..list.len()).filter(|n| word(*n, "IN") && word(n + 2, "SELECT"));
    queries() == among().count() && among().all(|n| word(n + 4, "FROM"))
}

/// A fault in words.
fn said(fault: &Fault) -> String {
    match fault {
        Fault::Column(column) => format!("no table of the query has a column `{column}`"),
        Fault::Ambiguous(column) => format!("`{column}` may be a column of more than one table"),
        Fault::ColumnOf(of, column) => format!("`{of}` has no column `{column}`"),
        Fault::Row(of) => format!("nothing in the query is called `{of}`"),
        Fault::Uneven(one, other) => {
            format!("queries of {one} and of {other} columns do not go together")
        }
        Fault::Renamed(of, names, columns) => {
            format!("`{of}` has {columns} columns, and {names} names are given to them")
        }
    }
}

/// Rows that a text may name besides those of its own FROM.
pub(super) type Rows = Vec<(Name, Columns)>;

impl Work<'_> {
    /// Refuses a query that names what nothing stands behind
    /// (create_view_missing_column, query_names_*). The arguments of a routine are
    /// names too.
    pub(super) fn check_query_columns(&mut self, text: &str, arguments: &str) {
        if self.is_plainly_named(text) {
            return;
        }
        let bound = self.bound(text, Vec::new(), arguments);
        self.refuse_fault(bound, None);
    }

    /// An expression over rows that are there without a FROM, such as those of the
    /// table that a policy is for (expression_names_*).
    pub(super) fn check_expression(&mut self, text: &str, rows: Rows) {
        let known = |name: &str| {
            let has = |(_, columns): &(Name, Columns)| {
                columns
                    .as_ref()
                    .is_some_and(|c| c.iter().any(|c| c == name))
            };
            rows.len() == 1 && rows.iter().any(has)
        };
        if !text.contains('.') && names_only(text, known) {
            return;
        }
        let table = match rows.as_slice() {
            [(table, _)] if !holds(text, "select") => Some(*table),
            _ => None,
        };
        let bound = self.bound(&format!("SELECT 1 WHERE {text}"), rows, "");
        self.refuse_fault(bound, table);
    }

    /// A default names no column at all (default_names_*).
    pub(super) fn check_default_names(&mut self, default: &str) {
        // What is behind the first word of a type is no name either.
        const OF_TYPES: &[&str] = &["precision", "time", "varying", "without", "zone"];
        if names_only(default, |name| {
            is_reserved(name) || OF_TYPES.contains(&name)
        }) {
            return;
        }
        let none = vec![(Name::default(), Some([].into()))];
        let bound = self.bound(&format!("SELECT 1 WHERE {default}"), none, "");
        if let Some(Fault::Column(name) | Fault::Row(name) | Fault::ColumnOf(_, name)) =
            bound.and_then(|bound| bound.fault)
        {
            self.refuse(format!(
                "a default cannot name a column, which `{name}` would be"
            ));
        }
    }

    /// What an UPDATE or a DELETE names (update_names_*, delete_names_*); in a
    /// block that may be a variable.
    pub(super) fn check_change(&mut self, key: &Key, change: &Change<'_>) {
        let relation = self.schema.relation_by_key(key);
        let has = |name: &str| match relation {
            Some(Relation::Table(table)) => table.column(name).is_some(),
            Some(Relation::View(view)) => view.columns.iter().any(|column| column == name),
            _ => false,
        };
        let is_known = match relation {
            Some(Relation::Table(table)) => table.is_known(),
            Some(Relation::View(view)) => view.columns_known,
            _ => false,
        };
        if self.scene.operation.within.block {
            return;
        }
        for (part, place) in [
            (change.assignments, Place::Set),
            (change.filter, Place::Where),
        ] {
            if let Some(part) = part {
                self.check_place_of(&part.text, place);
            }
        }
        if !is_known {
            return;
        }
        let others = change.with.or(change.from).is_none();
        let own = change.alias.unwrap_or(change.table.name);
        let rows = vec![(own, self.columns_of_key(key))];
        let is_plain = |part: Option<&Expr>| {
            part.is_none_or(|part| {
                let tokens = Tokens::of(&part.text);
                !part.text.contains('.') && names_only(&part.text, has)
                    || all_named(&tokens, &rows, &[]) && takes_one_column(&tokens)
            })
        };
        if others && is_plain(change.assignments) && is_plain(change.filter) {
            return;
        }
        let text = change.text();
        let alone = others && !holds(&text, "select");
        let bound = self.bound(&text, Vec::new(), "");
        self.refuse_fault(bound, alone.then_some(key.name));
    }

    /// Where one table alone is meant, it is named.
    fn refuse_fault(&mut self, bound: Option<Bound>, table: Option<Name>) {
        match (bound.and_then(|bound| bound.fault), table) {
            (Some(Fault::Column(column)), Some(table)) => {
                self.refuse(format!("`{table}` has no column `{column}`"));
            }
            (Some(fault), _) => self.refuse(said(&fault)),
            (None, _) => {}
        }
    }

    /// How many columns a query yields, whatever its form.
    pub(super) fn yields(&self, query: &str) -> Option<usize> {
        let width = self.width_of(query);
        width.or_else(|| self.bound(query, Vec::new(), "")?.width)
    }

    /// The columns of a relation, as far as all of them are known; those that the
    /// same ALTER TABLE adds are there in time.
    pub(super) fn columns_of_key(&self, key: &Key) -> Columns {
        match self.schema.relation_by_key(key)? {
            Relation::Table(table) if table.is_known() => {
                let own = table.columns.iter().map(|column| column.name);
                let target = self.scene.operation.action.target();
                let added = target
                    .filter(|target| self.resolve(&target.name) == *key)
                    .into_iter()
                    .flat_map(|_| self.siblings())
                    .filter_map(|action| match action {
                        Action::AddColumn { column, .. } => Some(column.name),
                        _ => None,
                    });
                Some(own.chain(added).collect())
            }
            Relation::View(view) if view.columns_known => Some(view.columns.as_slice().into()),
            _ => None,
        }
    }

    fn bound(&self, text: &str, rows: Rows, arguments: &str) -> Option<Bound> {
        let around = self.names_around();
        let ask = |name: &ObjectName| -> Columns {
            let unsure = name.template || name.schema.is_none() && around.contains(&name.name);
            match unsure {
                true => None,
                false => self.columns_of_key(&self.resolve(name)),
            }
        };
        let may_take_row = |name: &str| {
            SYSTEM_COLUMNS.contains(&name)
                || ROW_FUNCTIONS.contains(&name)
                || function(name, 1, self.version) != BuiltIn::Unknown
                || self.schema.has_routine(name)
        };
        let other = SYSTEM_COLUMNS.iter().map(Name::new);
        let other = other.chain(names_in(arguments)).collect();
        let view = View {
            ask: &ask,
            may_take_row: &may_take_row,
            rows,
            other,
        };
        bind::bind(text, view)
    }

    /// The names that a WITH of the same statement gives to queries; in a block they
    /// may be variables.
    fn names_around(&self) -> FxHashSet<Name> {
        match self.scene.operation.within.block {
            true => FxHashSet::default(),
            false => self.names_of_with(),
        }
    }

    /// The names that a WITH of the same statement gives to queries.
    pub(super) fn names_of_with(&self) -> FxHashSet<Name> {
        let text = |action: &Action| match action {
            Action::Insert(insert) => insert.query.as_ref().map(|query| query.text.clone()),
            Action::Select { query, .. } => Some(query.text.clone()),
            Action::Update(update) => update.with.as_ref().map(|with| with.text.clone()),
            Action::Delete(delete) => delete.with.as_ref().map(|with| with.text.clone()),
            Action::Merge(merge) => merge.with.as_ref().map(|with| with.text.clone()),
            _ => None,
        };
        let texts = self.siblings().filter_map(text);
        texts
            .flat_map(|text| with_names(&Tokens::of(&text)))
            .collect()
    }

    /// A look at the tokens, for the many queries in which all is well: one SELECT
    /// whose names are all columns of what it reads.
    fn is_plainly_named(&self, text: &str) -> bool {
        let tokens = Tokens::of(text);
        let list = &tokens.list;
        if !list.first().is_some_and(|t| is_word(*t, text, "SELECT")) {
            return false;
        }
        let selects = list.iter().filter(|t| is_word(**t, text, "SELECT"));
        let sources = sources(&tokens);
        // A subquery over the only table, as in INSERT … WHERE NOT EXISTS, unless
        // its columns are counted.
        const COUNTING: &[&str] = &["EXCEPT", "IN", "INTERSECT", "UNION"];
        let counts = |t: &Token| COUNTING.iter().any(|word| is_word(*t, text, word));
        if selects.count() > 1 && (sources.len() > 1 || list.iter().any(counts)) {
            return false;
        }
        let mut rows: Rows = Vec::new();
        let mut relations = Vec::new();
        for source in sources {
            let Some(columns) = self.columns_of_key(&self.resolve(&source.name)) else {
                return false;
            };
            rows.push((*source.called(), Some(columns)));
            relations.push(source.name.name);
        }
        all_named(&tokens, &rows, &relations)
    }

    /// Queries among the values of an INSERT, and what it returns
    /// (insert_values_names_*).
    pub(super) fn check_written(&mut self, insert: &Insert) {
        let Some(values) = &insert.values else { return };
        let names = ["select", "returning"]
            .iter()
            .any(|word| holds(&values.text, word));
        if !names || self.scene.operation.within.block {
            return;
        }
        let text = format!("INSERT INTO {} VALUES {}", written(insert), values.text);
        let bound = self.bound(&text, Vec::new(), "");
        self.refuse_fault(bound, None);
    }

    /// What ON CONFLICT DO UPDATE names (insert_conflict_names_*).
    pub(super) fn check_conflict_action(&mut self, key: &Key, insert: &Insert, action: &Expr) {
        let in_block = self.scene.operation.within.block;
        let Some(columns) = self.columns_of_key(key).filter(|_| !in_block) else {
            return;
        };
        let own = insert.alias.unwrap_or(insert.table.name);
        let rows = vec![
            (Name::new("excluded"), Some(columns.clone())),
            (own, Some(columns)),
        ];
        if all_named(&Tokens::of(&action.text), &rows, &[]) {
            return;
        }
        let into = written(insert);
        let text = format!(
            "INSERT INTO {into} VALUES (1) ON CONFLICT (x) {}",
            action.text
        );
        let bound = self.bound(&text, Vec::new(), "");
        self.refuse_fault(bound, None);
    }

    /// A new table has the columns that its constraints name
    /// (create_table_check_missing_column, create_table_fk_missing_column).
    pub(super) fn check_own_columns(&mut self, create: &CreateTable) {
        let elsewhere = !create.like.is_empty()
            || !create.inherits.is_empty()
            || create.partition_of.is_some()
            || create.of_type.is_some()
            || create.source.is_some();
        let unread = |action: &Action| matches!(action, Action::Unparsed { .. });
        if elsewhere || self.siblings().any(unread) {
            return;
        }
        let own: Columns = Some(create.columns.iter().map(|column| column.name).collect());
        let rows = || vec![(create.name.name, own.clone())];
        for constraint in &create.constraints {
            match &constraint.kind {
                ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => {
                    self.refuse_missing_own(create, &key.columns);
                }
                ConstraintKind::ForeignKey(foreign) => {
                    self.refuse_missing_own(create, &foreign.columns);
                }
                ConstraintKind::Check(check) => {
                    self.check_place_of(&check.text, Place::Check);
                    self.check_expression(&check.text, rows());
                }
                _ => {}
            }
        }
        for generated in create.columns.iter().filter_map(|c| c.generated.as_ref()) {
            self.check_expression(&generated.expr.text, rows());
        }
    }

    /// The table's own name means the whole row.
    fn refuse_missing_own(&mut self, create: &CreateTable, columns: &[Name]) {
        let missing = columns.iter().find(|name| {
            let mut own = create.columns.iter();
            !name.contains(['{', '$'])
                && **name != create.name.name
                && !own.any(|column| column.name == **name)
        });
        if let Some(missing) = missing {
            self.refuse(format!("`{}` has no column `{missing}`", create.name));
        }
    }
}
