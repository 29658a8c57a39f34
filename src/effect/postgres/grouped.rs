//! Views that group by a primary key: the server lets them yield the other
//! columns of the table, and keeps the key for them.

use crate::name::Name;
use crate::operation::ConstraintKind;
use crate::schema::{Table, TableConstraint, View};
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::constant::items;
use super::expr::{Tokens, is_word, name_of};
use super::query::{Source, sources};

/// A column, and what stands before its dot.
type Column = (Option<Name>, Name);

/// The clauses of a query that has just one SELECT, groups, and does so once.
struct Grouped<'t> {
    selected: Vec<&'t [Token]>,
    by: Vec<&'t [Token]>,
}

impl<'a> Work<'a> {
    /// Views that rest on a primary key go with CASCADE, and stop the drop
    /// without (drop_pk_grouped_by*).
    pub(super) fn release_grouped(
        &mut self,
        table: &'a Table,
        constraint: &TableConstraint,
        cascade: bool,
    ) {
        if !matches!(constraint.definition.kind, ConstraintKind::PrimaryKey(_)) {
            return;
        }
        let views: Vec<&View> = self.views_reading(&table.key, table, None).collect();
        for view in views {
            if !self.rests_on_key(view, table, &constraint.columns) {
                continue;
            }
            if cascade {
                self.lock_view_tree(view);
            } else {
                let (view, name) = (&view.key, &constraint.name);
                self.refuse(format!("view `{view}` groups by the columns of `{name}`"));
            }
        }
    }

    /// Does the view group the rows of a table by its key, and yield others of
    /// its columns? Of expressions nothing is said.
    fn rests_on_key(&self, view: &View, table: &Table, key: &[Name]) -> bool {
        let tokens = Tokens::of(&view.query);
        let sources = sources(&tokens);
        let mut own = sources
            .iter()
            .filter(|source| self.resolve(&source.name) == table.key);
        let (Some(source), None, Some(grouped)) = (own.next(), own.next(), grouped(&tokens)) else {
            return false;
        };
        let is_own = |column: &Column| self.is_column_of(source, &sources, table, column);
        let by: Vec<Name> = grouped
            .by
            .iter()
            .filter_map(|item| column(item, tokens.text).filter(is_own))
            .map(|(_, name)| name)
            .collect();
        let others = |item: &&[Token]| match star(item, tokens.text) {
            Some(of) => {
                of.is_none_or(|of| of == *source.called())
                    && table.columns.iter().any(|c| !by.contains(&c.name))
            }
            None => column(item, tokens.text)
                .is_some_and(|column| is_own(&column) && !by.contains(&column.1)),
        };
        !view.stale
            && key.iter().all(|column| by.contains(column))
            && grouped.selected.iter().any(others)
    }

    fn is_column_of(
        &self,
        source: &Source,
        sources: &[Source],
        table: &Table,
        column: &Column,
    ) -> bool {
        let (of, name) = column;
        table.column(name).is_some()
            && match of {
                Some(of) => of == source.called(),
                None => sources.iter().all(|other| {
                    let other = self.table(&self.resolve(&other.name));
                    other.is_some_and(|other| {
                        other.key == table.key || other.is_known() && other.column(name).is_none()
                    })
                }),
            }
    }
}

fn grouped<'t>(tokens: &'t Tokens<'_>) -> Option<Grouped<'t>> {
    const BEHIND: &[&str] = &[
        "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR",
    ];
    let (list, text) = (tokens.list.as_slice(), tokens.text);
    let is = |n: usize, word: &str| is_word(list[n], text, word) && tokens.opening(n).is_none();
    let find = |words: &[&str], from: usize| {
        (from..list.len()).find(|n| words.iter().any(|word| is(*n, word)))
    };
    let selects = list.iter().filter(|t| is_word(**t, text, "SELECT"));
    if !is_word(*list.first()?, text, "SELECT") || selects.count() > 1 {
        return None;
    }
    let from = find(&["FROM"], 1)?;
    let by = find(&["GROUP"], from)? + 2;
    let end = find(BEHIND, by).unwrap_or(list.len());
    let selected = items(&list[1..from]);
    let by = items(list.get(by..end)?);
    // `GROUP BY 1`.
    let meant = |item: &'t [Token]| match item {
        [number] if number.kind == TokenKind::Number => {
            let number: usize = number.span.of(text).parse().ok()?;
            selected.get(number.checked_sub(1)?).copied()
        }
        item => Some(item),
    };
    let by = by.into_iter().map(meant).collect::<Option<_>>()?;
    Some(Grouped { selected, by })
}

/// `a`, `t.a`, perhaps with a name behind it.
fn column(item: &[Token], text: &str) -> Option<Column> {
    let (of, column, behind) = match item {
        [of, dot, column, behind @ ..] if dot.kind == TokenKind::Dot => {
            (Some(name_of(*of, text)?), column, behind)
        }
        [column, behind @ ..] => (None, column, behind),
        [] => return None,
    };
    let named = match behind {
        [] => true,
        [name] => name_of(*name, text).is_some(),
        [word, _] => is_word(*word, text, "AS"),
        _ => false,
    };
    named.then_some((of, name_of(*column, text)?))
}

/// `*` and `t.*`, and of what it says so.
fn star(item: &[Token], text: &str) -> Option<Option<Name>> {
    match item {
        [star] if star.span.of(text) == "*" => Some(None),
        [of, _, star] if star.span.of(text) == "*" => Some(Some(name_of(*of, text)?)),
        _ => None,
    }
}
