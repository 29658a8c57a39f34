//! Rows that a script copies to another table, and what it leaves behind.

use super::data::{is_word, tokens};
use super::{
    Facet, MigrationContext, NEARBY, OperationContext, Scene, Step, mentions, on_one_line,
    sql_name, takes_every_row,
};
use crate::effect::postgres;
use crate::name::Name;
use crate::operation::{Action, Ident, ObjectKind, ObjectName, Operation};
use crate::schema::{Key, Table, given};
use crate::statement::cursor::name_of;
use crate::statement::lexer::{Token, TokenKind, strip};

/// What the one copy of a table does not take.
#[derive(Debug)]
pub enum LeftOut {
    /// Rows; the clause that keeps them out.
    Rows(String),
    Columns(Vec<Name>),
}

/// A statement that copies rows.
struct Copied<'a> {
    to: &'a ObjectName,
    /// Columns that are written; empty where none are named.
    columns: &'a [Ident],
    query: &'a str,
}

/// Clauses that end a condition.
const BEHIND_WHERE: &[&str] = &[
    "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR",
];

/// With one of them outside of parentheses, it is not told from the text which
/// rows are left.
const COMBINES: &[&str] = &["UNION", "INTERSECT", "EXCEPT", "WITH", "JOIN"];

/// A copy that takes the place of its table, with the rows that the table had
/// when it was made.
pub struct Outdated<'a> {
    /// The table that goes.
    pub name: &'a ObjectName,
    pub copy: &'a ObjectName,
    /// The statement that filled it.
    pub made: &'a Operation,
}

impl<'a> OperationContext<'a> {
    /// The copy that takes the place of the table which goes here, or loses its
    /// name, where others could write to that in between: no lock of the
    /// transaction has kept them out since before the copy.
    pub fn outdated_copy(&self) -> Option<Outdated<'a>> {
        let name = match &self.operation.action {
            Action::Drop { kind, name, .. }
            | Action::Rename { kind, name, .. }
            | Action::SetSchema { kind, name, .. }
                if *kind == ObjectKind::Table =>
            {
                name
            }
            _ => return None,
        };
        if self.is_absent(name, false) || self.is_unknown_to_others(name) {
            return None;
        }
        let key = self.schema.resolve(name);
        let locked = self.closed.unwritten_since(&key);
        let script = self.scene.script;
        let copies = self.scene.names.positions(script, Facet::Copy, "");
        let end = copies.partition_point(|at| (*at as usize) < self.index);
        let earlier = copies[..end].iter().rev().take(NEARBY);
        let earlier = earlier.map(|at| *at as usize);
        let mut copies = earlier.filter_map(|at| Some((at, script[at], copied(script[at])?)));
        let (at, made, copied) = copies.find(|(_, _, copied)| {
            !self.is_same(copied.to, name)
                && mentions(copied.query, &name.name)
                && self.takes_place(copied.to, &key)
        })?;
        let is_outdated = locked.is_none_or(|locked| locked > at)
            && !self.is_kept_in_step(name, copied.to)
            && !self.catches_up();
        is_outdated.then_some(Outdated {
            name,
            copy: copied.to,
            made,
        })
    }

    /// Does a copy that the script makes afterwards take the table's place?
    pub fn is_copied_later(&self, name: &ObjectName) -> bool {
        let key = self.schema.resolve(name);
        let mut later = self.later_on(Facet::Copy, "").filter_map(copied);
        later.any(|copied| mentions(copied.query, &name.name) && self.takes_place(copied.to, &key))
    }

    /// Does a table get the place of another afterwards, or its rows do?
    fn takes_place(&self, copy: &ObjectName, key: &Key) -> bool {
        let puts = |op: &Operation| match &op.action {
            Action::Rename { name, .. } | Action::SetSchema { name, .. } => {
                self.is_same(name, copy) && self.puts(op, key)
            }
            Action::CreateTable(create) => {
                let query = create.source.as_ref();
                query.is_some_and(|query| mentions(&query.text, &copy.name)) && self.puts(op, key)
            }
            _ => false,
        };
        self.later_on(Facet::Object, &key.name).any(puts)
    }

    /// Does a trigger or a rule of a table write to its copy as well? One that is
    /// gone by now may have, and one whose function is not known.
    fn is_kept_in_step(&self, name: &ObjectName, copy: &ObjectName) -> bool {
        let writes = |function: Option<&ObjectName>, events: &str| {
            let routines = function.map_or(&[][..], |function| {
                self.schema.routines(&self.schema.resolve_routine(function))
            });
            let mut bodies = routines.iter().map(|routine| &routine.body);
            match routines {
                [] => !mentions(events, "before"),
                _ => bodies.any(|body| mentions(body, &copy.name)),
            }
        };
        let earlier = |op: &Operation| match &op.action {
            Action::CreateTrigger(trigger) => {
                self.is_same(&trigger.table, name)
                    && writes(trigger.function.as_ref(), &trigger.events.text)
            }
            Action::Drop {
                kind: ObjectKind::Trigger,
                on: Some(table),
                ..
            } => self.is_same(table, name),
            _ => false,
        };
        self.table(name).is_some_and(|known| {
            let mut triggers = known.triggers.iter();
            let mut rules = known.rules.iter();
            triggers.any(|trigger| writes(trigger.function.as_ref(), &trigger.events.text))
                || rules.any(|rule| mentions(&rule.definition.text, &copy.name))
        }) || self.earlier_on(Facet::Table, &name.name).any(earlier)
    }

    /// Are rows of the table that loses its name here copied once more?
    fn catches_up(&self) -> bool {
        let name = match &self.operation.action {
            Action::Rename { to, .. } => to.name,
            Action::SetSchema { name, .. } => name.name,
            _ => return false,
        };
        let mut later = self.later_on(Facet::Copy, "").filter_map(copied);
        later.any(|copied| copied.to.name != name && mentions(copied.query, &name))
    }

    /// Has the script copied rows of a table to another?
    pub fn is_copied(&self, name: &ObjectName) -> bool {
        self.is_copied_by(name, |_| true)
    }

    /// Has it copied the rows that a condition takes? Not where both name values of
    /// a column, and other ones.
    pub fn is_copied_where(&self, name: &ObjectName, filter: Option<&str>) -> bool {
        let Some(filter) = filter else {
            return self.is_copied(name);
        };
        self.is_copied_by(name, |query| {
            let tokens = tokens(query);
            let outer = outside(strip(&tokens));
            let list = strip(&tokens);
            let condition = outer.iter().find(|at| is_word(query, &list[**at], "WHERE"));
            let condition = condition.and_then(|at| list.get(at + 1));
            condition.is_none_or(|first| {
                !postgres::keeps_apart(filter, &query[first.span.start as usize..])
            })
        })
    }

    /// What lets a copy of the table's rows stand beside a type that the script drops
    /// afterwards: a column of the type would hold it back.
    pub fn kept_as_text(&self, table: Option<&Table>, copy: &str) -> String {
        let columns = table.into_iter().flat_map(|t| &t.columns);
        let held: Vec<String> = columns
            .filter(|column| self.type_goes(&self.schema.type_key(&column.ty)))
            .map(|column| {
                let array = "[]".repeat(usize::from(column.ty.array));
                format!("ALTER COLUMN {} TYPE text{array}", sql_name(&column.name))
            })
            .collect();
        match held.is_empty() {
            true => String::new(),
            false => format!(
                "\n-- a column of the type that is dropped here would hold it back:\n\
                 ALTER TABLE {copy} {};",
                held.join(", ")
            ),
        }
    }

    /// Does the script drop a type, under this name or one that it gives it first?
    fn type_goes(&self, key: &Key) -> bool {
        /// So many names of one type are followed.
        const RENAMES: usize = 4;
        let is_type = |kind: ObjectKind| matches!(kind, ObjectKind::Type | ObjectKind::Domain);
        let in_schema = |name: &ObjectName| name.schema.is_none_or(|s| s == key.schema);
        let mut name = key.name;
        for _ in 0..RENAMES {
            let mut later = self.later_on(Facet::Object, &name);
            let next = later.find_map(|op| match &op.action {
                Action::Drop { kind, name: n, .. }
                    if is_type(*kind) && n.name == name && in_schema(n) =>
                {
                    Some(None)
                }
                Action::Rename {
                    kind, name: n, to, ..
                } if is_type(*kind) && n.name == name && in_schema(n) => Some(Some(to.name)),
                _ => None,
            });
            match next {
                Some(None) => return true,
                Some(Some(to)) => name = to,
                None => return false,
            }
        }
        false
    }

    /// Has it copied all of them?
    pub fn is_copied_whole(&self, name: &ObjectName) -> bool {
        const FEWER: &[&str] = &["where", "limit", "fetch", "having", "tablesample"];
        self.is_copied_by(name, |query| {
            !FEWER.iter().any(|word| mentions(query, word))
        })
    }

    fn is_copied_by(&self, name: &ObjectName, takes: impl Fn(&str) -> bool) -> bool {
        self.copies(name).any(|copied| takes(copied.query))
            || (self.earlier_on(Facet::Copy, "")).any(|op| match &op.action {
                Action::Copy {
                    table: Some(table),
                    from: false,
                    ..
                } => self.is_same(table, name),
                _ => false,
            })
    }

    /// Do queries that have written rows to other tables name it?
    pub fn is_copied_key(&self, key: &Key) -> bool {
        let mut copies = self.earlier_on(Facet::Copy, "").filter_map(copied);
        copies.any(|copied| mentions(copied.query, &key.name))
    }

    /// Queries that have written rows of a table to another.
    fn copies<'s>(&'s self, name: &'s ObjectName) -> impl Iterator<Item = Copied<'a>> + 's {
        let earlier = self.earlier_on(Facet::Copy, "");
        earlier.filter_map(copied).filter(|copied| {
            !self.is_same(copied.to, name)
                && mentions(copied.query, &name.name)
                && !summarises(copied.query)
        })
    }

    /// What the script's copy of a table leaves behind; `None` where there is no
    /// copy or more than one, and where it takes all or cannot be judged. One of
    /// values that differ keeps no rows apart.
    pub fn left_out(&self, name: &ObjectName) -> Option<LeftOut> {
        let all: Vec<Copied<'a>> = self.copies(name).take(MOST_COPIES).collect();
        let mut whole = all.iter().filter(|copied| !tells_apart(copied.query));
        let copied = whole.next().filter(|_| whole.next().is_none())?;
        let tokens = tokens(copied.query);
        let tokens = strip(&tokens);
        let clause = fewer(copied, tokens, name).map(|clause| LeftOut::Rows(on_one_line(clause)));
        clause.or_else(|| {
            let known = self.table(name).filter(|known| known.columns_known)?;
            let target = self.table(copied.to)?;
            let is_kept = |column: &Name| all.iter().any(|copied| mentions(copied.query, column));
            let is_left = |column: &&Name| {
                let kept = target.column(column);
                let made = |c: &crate::operation::Column| c.generated.is_some();
                kept.is_some_and(|c| !made(c))
                    && !copied.columns.iter().any(|c| c.name == **column)
                    && !is_kept(column)
            };
            let names = known.columns.iter().map(|column| &column.name);
            let left: Vec<Name> = names.filter(is_left).copied().collect();
            let is_told = !copied.columns.is_empty() && !left.is_empty();
            is_told.then_some(LeftOut::Columns(left))
        })
    }
}

impl Scene<'_> {
    /// How a copy takes the place of a table without keeping its writers waiting.
    pub fn copy_in_step(&self) -> String {
        format!(
            "For a large table let a trigger write each change of it to the new table too, copy a few thousand rows at a time, each batch in its own transaction, and let the new table take the place {}",
            self.afterwards()
        )
    }
}

impl MigrationContext<'_> {
    /// Does what a step copies rows to get this name afterwards?
    pub fn copies_to_replace(&self, step: &Step<'_>, key: &Key) -> bool {
        let Some(copied) = copied(step.operation) else {
            return false;
        };
        let script = self.scene.script;
        let named = self
            .scene
            .names
            .positions(script, Facet::Object, &copied.to.name);
        let mut later = named.iter().map(|at| *at as usize);
        mentions(copied.query, &key.name)
            && later.any(|at| match &script[at].action {
                Action::Rename { name, to, .. } => {
                    at > step.index && name.name == copied.to.name && to.name == key.name
                }
                _ => false,
            })
    }
}

/// So many copies of one table are looked at.
const MOST_COPIES: usize = 64;

/// `SELECT DISTINCT a`, of rows that differ in nothing else one.
fn tells_apart(query: &str) -> bool {
    let tokens = tokens(query);
    let mut words = strip(&tokens).iter();
    let mut is = |word: &str| words.next().is_some_and(|t| is_word(query, t, word));
    is("SELECT") && is("DISTINCT") && !is("ON")
}

fn copied(op: &Operation) -> Option<Copied<'_>> {
    let (to, columns, query) = match &op.action {
        Action::Insert(insert) => (&insert.table, &*insert.columns, insert.query.as_ref()?),
        Action::CreateTable(create) if !create.no_data => {
            (&create.name, &[][..], create.source.as_ref()?)
        }
        _ => return None,
    };
    Some(Copied {
        to,
        columns,
        query: &query.text,
    })
}

/// The clause by which a query of this one table takes but some of its rows.
fn fewer<'q>(copied: &Copied<'q>, tokens: &[Token], table: &ObjectName) -> Option<&'q str> {
    let text = copied.query;
    let outer = outside(tokens);
    let find = |words: &[&str], from: usize| {
        let mut found = outer.iter().skip_while(|at| **at < from);
        let is_one = |at: &&usize| words.iter().any(|word| is_word(text, &tokens[**at], word));
        found.find(is_one).copied()
    };
    if find(COMBINES, 0).is_some() {
        return None;
    }
    let from = find(&["FROM"], 0)?;
    let limit = find(&["LIMIT", "FETCH", "TABLESAMPLE"], from);
    let condition = find(&["WHERE"], from);
    let end = condition.or(limit).unwrap_or(tokens.len());
    // Of a join it is not told which rows have none to go with.
    let is_alone = || {
        let relations = outer.iter().filter(|at| (from..end).contains(*at));
        let mut relations = relations.map(|at| &tokens[*at]);
        relations
            .clone()
            .all(|token| token.kind != TokenKind::Comma)
            && relations.any(|token| name_of(*token, text) == Some(table.name))
    };
    if !is_alone() {
        return None;
    }
    let clause = |from: usize, to: usize| {
        let (first, last) = (tokens.get(from)?, tokens.get(to.checked_sub(1)?)?);
        text.get(first.span.start as usize..last.span.end as usize)
    };
    let distinct = find(&["DISTINCT"], 0).filter(|at| {
        let next = tokens.get(at + 1);
        *at < from && next.is_some_and(|next| is_word(text, next, "ON"))
    });
    if let Some(at) = distinct {
        // With what stands in the parentheses.
        let depth = outer.iter().find(|behind| **behind > at + 2);
        return clause(at, depth.copied().unwrap_or(at + 2));
    }
    if let Some(at) = condition {
        let to = find(BEHIND_WHERE, at).unwrap_or(tokens.len());
        let condition = clause(at + 1, to)?;
        // Rows that are there already need not be copied.
        let takes_all = takes_every_row(Some(condition)) || mentions(condition, &copied.to.name);
        if !takes_all {
            return clause(at, to);
        }
    }
    let is_all = |at: &usize| {
        let next = tokens.get(at + 1);
        next.is_some_and(|next| is_word(text, next, "ALL") || is_word(text, next, "NULL"))
    };
    clause(limit.filter(|at| !is_all(at))?, tokens.len())
}

/// Where the tokens stand that no parentheses enclose.
fn outside(tokens: &[Token]) -> Vec<usize> {
    let mut depth = 0i32;
    let mut outer = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::OpenParen => depth += 1,
            TokenKind::CloseParen => depth -= 1,
            _ if depth == 0 => outer.push(at),
            _ => {}
        }
    }
    outer
}

/// Does a query make one row of several?
fn summarises(query: &str) -> bool {
    const AGGREGATES: &[&str] = &["count", "sum", "avg", "min", "max", "bool_and", "bool_or"];
    let called = |name: &&str| given(query, &Key::new("pg_catalog", *name)).is_some();
    mentions(query, "group") || AGGREGATES.iter().any(called)
}
