//! ATTACH, DETACH and CREATE TABLE … PARTITION OF.

use crate::effect::LockMode;
use crate::name::Name;
use crate::operation::{
    Bound, Constraint, ConstraintKind, DetachMode, ObjectName, PartitionBy, PartitionOf,
};
use crate::schema::part::Shape;
use crate::schema::{Index, Key, Table, Trigger};
use crate::statement::lexer::{Token, TokenKind};

use super::Work;
use super::data::Children;
use super::expr::{Tokens, conjuncts, group_end, is_word, mentions, strip};
use super::proof::{Formula, behind_name};
use super::table::Subject;
use super::term::{alternatives, comparison, constant, constants, less};

impl<'a> Work<'a> {
    pub(super) fn attach(&mut self, subject: &Subject<'a>, partition: &ObjectName, bound: &Bound) {
        let child = self.resolve(partition);
        let table = self.table(&child);
        self.each_below(&child, |work, key, _| {
            work.lock(key, LockMode::AccessExclusive);
        });
        self.lock_indexes(subject.table, LockMode::ShareUpdateExclusive);
        if let Some(table) = table {
            let attached = table.partition.is_some();
            if attached {
                self.refuse(format!("`{child}` is a partition already"));
            }
            self.refuse_transition_tables(table);
        }
        let parent = subject.table;
        if let (Some(parent), Some(table)) = (parent, table) {
            self.refuse_columns(parent, table);
            self.refuse_misfit(parent, table);
            let has_identity = table.columns.iter().any(|c| c.identity.is_some());
            if has_identity && self.version >= 17 {
                self.refuse(format!("`{child}` has an identity column of its own"));
            }
        }
        if let Some(parent) = parent {
            self.refuse_overlap(parent, &child, bound);
        }
        let implied = parent
            .zip(table)
            .is_some_and(|(parent, table)| self.implies_bound(parent, table, bound));
        if !implied {
            self.each_below(&child, |work, key, table| work.scan_heap(key, table));
        }
        self.build_missing_indexes(parent, &child, table);
        self.lock_referring(parent);
        self.inherit_foreign_keys(parent, &child, table);
        if !bound.default
            && let Some(parent) = parent
        {
            self.scan_default_partition(parent, &child, bound);
        }
    }

    /// Triggers for each row with transition tables are for tables that are
    /// nobody's parts (attach_partition_transition_*).
    pub(super) fn refuse_transition_tables(&mut self, table: &Table) {
        let row = |trigger: &&Trigger| has_transition_tables(&trigger.clauses.text);
        if let Some(trigger) = table.triggers.iter().find(row) {
            self.refuse(format!(
                "trigger `{}` of `{}` has transition tables for each row",
                trigger.name, table.key
            ));
        }
    }

    /// No two partitions hold the same rows.
    fn refuse_overlap(&mut self, parent: &Table, new: &Key, bound: &Bound) {
        let other = parent.children.iter().find(|key| {
            let partition = self.table(key).and_then(|table| table.partition.as_ref());
            *key != new && partition.is_some_and(|p| overlap(parent, &p.bound, bound))
        });
        if let Some(other) = other {
            self.refuse(format!("`{other}` holds a part of these rows already"));
        }
    }

    /// Indexes of the parent that the new partition has no match for are
    /// built on it.
    fn build_missing_indexes(
        &mut self,
        parent: Option<&'a Table>,
        child: &Key,
        table: Option<&'a Table>,
    ) {
        let Some(table) = table.filter(|t| t.is_known()) else {
            return;
        };
        for index in self.indexes_of(parent) {
            let mut shape = Shape::of_index(self.schema, index);
            // attach_pk_has_unique_constraint, attach_unique_has_pk
            shape.same_kind = self.version >= 17;
            if self.schema.part_for(&shape, table).is_none() {
                let new = self.part_name(child, index, &shape);
                self.scan_heap(child, Some(table));
                self.build_new(new);
            }
        }
    }

    /// The name that a partition's part of an index gets.
    fn part_name(&self, partition: &Key, index: &Index, shape: &Shape<'_>) -> Key {
        let parent = self.table(&index.table);
        let mut constraints = parent.into_iter().flat_map(|table| &table.constraints);
        match constraints.find(|c| c.index.as_ref() == Some(&index.key)) {
            Some(constraint) => {
                let own = Constraint {
                    name: None,
                    ..constraint.definition.clone()
                };
                self.beside(partition, self.constraint_index_name(partition, &own))
            }
            None => self.schema.index_name(partition, shape),
        }
    }

    /// attach_partition_parent_has_fk*.
    fn inherit_foreign_keys(
        &mut self,
        parent: Option<&'a Table>,
        child: &Key,
        table: Option<&'a Table>,
    ) {
        let Some(parent) = parent else { return };
        for constraint in &parent.constraints {
            let Some(referenced) = &constraint.references else {
                continue;
            };
            let same = table.is_some_and(|table| {
                table.constraints.iter().any(|own| {
                    own.references.as_ref() == Some(referenced) && own.columns == constraint.columns
                })
            });
            if same {
                self.lock_referenced(referenced, LockMode::AccessExclusive);
            } else {
                self.lock_referenced(referenced, LockMode::ShareRowExclusive);
                let subject = Subject {
                    key: *child,
                    table,
                    only: false,
                };
                self.validate_reference(&subject, referenced, true);
            }
        }
    }

    /// A new partition may be referred to by who refers to its parent
    /// (`CloneFkReferenced` in `tablecmds.c`).
    fn lock_referring(&mut self, parent: Option<&Table>) {
        for other in parent.iter().flat_map(|parent| &parent.referenced_by) {
            self.lock(other, LockMode::AccessShare);
        }
    }

    /// A default partition must hold no row that belongs to the new one.
    fn scan_default_partition(&mut self, parent: &'a Table, new: &Key, bound: &Bound) {
        let Some(default) = self.default_partition(parent).filter(|d| d.key != *new) else {
            return;
        };
        self.lock(&default.key, LockMode::AccessExclusive);
        if !self.excludes_bound(parent, default, bound) {
            let key = default.key;
            self.each_below(&key, |work, key, table| work.scan_heap(key, table));
        }
    }

    fn default_partition(&self, parent: &'a Table) -> Option<&'a Table> {
        let first = parent.children.first()?;
        self.table(first)
            .filter(|table| table.partition.as_ref().is_some_and(|p| p.bound.default))
    }

    pub(super) fn lock_default_partition(&mut self, parent: &Key, except: &Key) {
        let default = self
            .table(parent)
            .and_then(|parent| self.default_partition(parent));
        if let Some(default) = default.filter(|d| d.key != *except) {
            self.lock(&default.key, LockMode::AccessExclusive);
        }
    }

    pub(super) fn create_partition(&mut self, key: &Key, partition_of: &'a PartitionOf) {
        let parent = self.resolve(&partition_of.parent);
        self.lock(&parent, LockMode::AccessExclusive);
        let Some(table) = self.table(&parent) else {
            return;
        };
        if table.is_known() && !table.is_partitioned() {
            self.refuse(format!("`{parent}` is not partitioned"));
        }
        self.refuse_overlap(table, key, &partition_of.bound);
        for index in self.indexes_of(Some(table)) {
            self.lock(&index.key, LockMode::ShareUpdateExclusive);
            let new = self.part_name(key, index, &Shape::of_index(self.schema, index));
            self.build_new(new);
        }
        for constraint in &table.constraints {
            if let Some(referenced) = &constraint.references {
                self.lock_referenced(referenced, LockMode::ShareRowExclusive);
            }
        }
        self.lock_referring(Some(table));
        if !partition_of.bound.default {
            self.scan_default_partition(table, key, &partition_of.bound);
        }
    }

    /// A partition has the columns of its parent, and no others.
    fn refuse_columns(&mut self, parent: &Table, table: &Table) {
        if !parent.is_known() || !table.is_known() {
            return;
        }
        if !parent.is_partitioned() {
            self.refuse(format!("`{}` is not partitioned", parent.key));
            return;
        }
        for (of, other) in [(parent, table), (table, parent)] {
            let mut columns = of.columns.iter();
            if let Some(missing) = columns.find(|c| other.column(&c.name).is_none()) {
                let (name, lacks) = (&missing.name, &other.key);
                self.refuse(format!(
                    "`{lacks}` has no column `{name}`, and `{}` has",
                    of.key
                ));
            }
        }
    }

    pub(super) fn detach(
        &mut self,
        subject: &Subject<'a>,
        partition: &ObjectName,
        mode: DetachMode,
    ) {
        let child = self.resolve(partition);
        let table = self.table(&child);
        if mode == DetachMode::Concurrently {
            self.needs(14, "DETACH PARTITION CONCURRENTLY");
            self.forbid("ALTER TABLE … DETACH CONCURRENTLY");
            if subject
                .table
                .is_some_and(|t| self.default_partition(t).is_some())
            {
                self.refuse(
                    "a partition cannot be detached concurrently where a default partition exists",
                );
                return;
            }
        }
        let detached = table.and_then(|table| table.partition.as_ref());
        let known = subject.table.is_some_and(Table::is_known);
        if known && table.is_some_and(Table::is_known) && detached.is_none() {
            self.refuse(format!("`{child}` is not a partition of `{}`", subject.key));
        }
        // Before 14 the partition itself takes the weaker lock
        // (detach_partition_with_default).
        let triggered = table.is_some_and(|table| !table.triggers.is_empty())
            || subject
                .table
                .is_some_and(|parent| !parent.triggers.is_empty());
        let own = if self.version < 14 && !triggered {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::AccessExclusive
        };
        self.lock(&child, own);
        self.lock_indexes(table, LockMode::AccessExclusive);
        let Some(parent) = subject.table else { return };
        if let Some(default) = self.default_partition(parent) {
            self.lock(&default.key, LockMode::AccessExclusive);
        }
        self.release_references(parent, &child, table);
    }

    /// Tables that refer to the partitioned table must not refer to rows of
    /// the partition that leaves (detach_partition_with_fk_to).
    fn release_references(&mut self, parent: &'a Table, child: &Key, table: Option<&'a Table>) {
        for other in &parent.referenced_by {
            self.lock(other, LockMode::AccessExclusive);
            self.lock(child, LockMode::AccessExclusive);
            let other_table = self.table(other);
            self.scan_heap(other, other_table);
            self.scan_heap(child, table);
            self.lock_indexes(other_table, LockMode::AccessShare);
        }
        for constraint in &parent.constraints {
            if let Some(referenced) = &constraint.references {
                self.each(referenced, Children::Partitions, false, |work, key, _| {
                    work.lock(key, LockMode::ShareRowExclusive);
                });
            }
        }
    }

    /// Do the valid checks of a table say that all its rows are within the
    /// bound (attach_partition_with_check*, attach_list_check_*,
    /// attach_range2_check_*)?
    fn implies_bound(&self, parent: &Table, table: &Table, bound: &Bound) -> bool {
        let by = parent.partition_by.as_ref();
        by.is_some_and(|by| {
            bound_as_formula(by, bound).is_some_and(|wanted| self.known(by, table).implies(&wanted))
        })
    }

    /// Do the valid checks of the default partition say that none of its rows
    /// is within the bound (create_default_list_proof_*, create_default_range_proof_*)?
    fn excludes_bound(&self, parent: &Table, default: &Table, bound: &Bound) -> bool {
        let by = parent.partition_by.as_ref();
        by.is_some_and(|by| {
            bound_as_formula(by, bound)
                .is_some_and(|bound| self.known(by, default).implies(&bound.negated()))
        })
    }

    /// What the valid checks of a table say of the columns that its rows are
    /// parted by.
    fn known(&self, by: &PartitionBy, table: &Table) -> Formula {
        let not_null =
            |column: &&Name| self.is_not_null(table, column) || self.proven_not_null(table, column);
        let known = by.columns.iter().filter(not_null).cloned();
        let checks = valid_checks(table).map(|text| Formula::read(text, &by.columns));
        Formula::All(known.map(Formula::not_null).chain(checks).collect())
    }
}

impl Work<'_> {
    /// Does the WHERE of a query leave out a partition of one column's list or
    /// range?
    pub(super) fn is_pruned(&self, parent: &Table, partition: &Table, query: &str) -> bool {
        let Some(own) = partition.partition.as_ref().filter(|p| p.of == parent.key) else {
            return false;
        };
        let Some(column) = parent
            .partition_by
            .as_ref()
            .and_then(|by| by.columns.first())
        else {
            return false;
        };
        let tokens = Tokens::of(query);
        let behind = tokens.list.iter().position(|t| is_word(*t, query, "WHERE"));
        let list = &tokens.list[behind.map_or(0, |at| at + 1)..];
        let parts = conjuncts(list, query).into_iter();
        let mut parts = parts.filter_map(|part| behind_name(part, query, column));
        match (range(parent, &own.bound), listed(parent, &own.bound)) {
            (Some((_, from, to)), _) => {
                parts.any(|part| comparison(part, query).is_some_and(|c| c.fails_within(from, to)))
            }
            (None, Some((_, values))) => parts.any(|part| {
                alternatives(part, query)
                    .is_some_and(|wanted| !wanted.iter().any(|value| values.contains(value)))
            }),
            _ => false,
        }
    }
}

/// Does a trigger fire for each row, with REFERENCING?
pub(super) fn has_transition_tables(clauses: &str) -> bool {
    mentions(clauses, "referencing") && mentions(clauses, "row")
}

fn valid_checks(table: &Table) -> impl Iterator<Item = &str> {
    table
        .constraints
        .iter()
        .filter(|c| c.validated && !c.definition.not_enforced)
        .filter_map(|c| match &c.definition.kind {
            ConstraintKind::Check(check) => Some(&*check.text),
            _ => None,
        })
}

/// Is there certainly a row that fits both bounds?
fn overlap(parent: &Table, one: &Bound, other: &Bound) -> bool {
    if one.default || other.default {
        return one.default && other.default;
    }
    if let (Some((_, from, to)), Some((_, other_from, other_to))) =
        (range(parent, one), range(parent, other))
    {
        let begins_before =
            |from: &str, to: &str| from == "MINVALUE" || to == "MAXVALUE" || less(from, to);
        return begins_before(from, other_to) && begins_before(other_from, to);
    }
    if let (Some((modulus, rest)), Some((other_modulus, other_rest))) =
        (hashed(parent, one), hashed(parent, other))
    {
        let common = divisor(modulus, other_modulus);
        return rest % common == other_rest % common;
    }
    match (listed(parent, one), listed(parent, other)) {
        (Some((_, one)), Some((_, other))) => one.iter().any(|value| other.contains(value)),
        _ => false,
    }
}

/// What a partition says of its rows (`get_qual_for_list`, `get_qual_for_range`
/// in `partbounds.c`).
fn bound_as_formula(by: &PartitionBy, bound: &Bound) -> Option<Formula> {
    if bound.default {
        return None;
    }
    let text = bound.text.as_str();
    let tokens = Tokens::of(text);
    let mut groups = groups(&tokens.list);
    let columns = by.columns.as_slice();
    match (columns, groups.next()?, groups.next()) {
        ([column], values, None) if by.strategy.eq_ignore_ascii_case("list") => {
            let is_null =
                |value: &&[Token]| matches!(value, [word] if is_word(*word, text, "NULL"));
            let values = values.split(|token| token.kind == TokenKind::Comma);
            let (nulls, values): (Vec<_>, Vec<_>) = values.partition(is_null);
            let values = values.into_iter().map(|value| constant(value, text));
            let one_of = Formula::one_of(column, values.collect::<Option<_>>()?);
            Some(match nulls.is_empty() {
                true => Formula::All(vec![Formula::not_null(*column), one_of]),
                false => Formula::Any(vec![Formula::is_null(*column), one_of]),
            })
        }
        (_, from, Some(to)) if by.strategy.eq_ignore_ascii_case("range") => {
            let [from, to] = [ends(from, text)?, ends(to, text)?];
            let whole = from.len() == columns.len() && to.len() == columns.len();
            let mut parts: Vec<_> = columns.iter().cloned().map(Formula::not_null).collect();
            parts.push(after(columns, &from, [">=", ">"], &End::Lowest)?);
            parts.push(after(columns, &to, ["<", "<"], &End::Highest)?);
            whole.then_some(Formula::All(parts))
        }
        _ => None,
    }
}

/// One value of the end of a range.
#[derive(PartialEq)]
pub(super) enum End {
    Lowest,
    Highest,
    Value(String),
}

pub(super) fn ends(list: &[Token], text: &str) -> Option<Vec<End>> {
    list.split(|token| token.kind == TokenKind::Comma)
        .map(|value| match value {
            [word] if is_word(*word, text, "MINVALUE") => Some(End::Lowest),
            [word] if is_word(*word, text, "MAXVALUE") => Some(End::Highest),
            value => constant(value, text).map(End::Value),
        })
        .collect()
}

/// What stands in the parentheses that are not inside of others.
pub(super) fn groups(mut list: &[Token]) -> impl Iterator<Item = &[Token]> {
    std::iter::from_fn(move || {
        let open = list.iter().position(|t| t.kind == TokenKind::OpenParen)?;
        let end = group_end(list, open);
        let inside = list.get(open + 1..end)?;
        list = &list[end + 1..];
        Some(inside)
    })
}

/// Are the columns, one after the other, on the right side of an end of the
/// range? `open` is the value behind which there is nothing on that side.
fn after(
    columns: &[Name],
    ends: &[End],
    operators: [&'static str; 2],
    open: &End,
) -> Option<Formula> {
    let (column, columns) = columns.split_first()?;
    let (end, ends) = ends.split_first()?;
    let End::Value(value) = end else {
        return (end == open).then(|| Formula::All(Vec::new()));
    };
    let [last, beyond] = operators;
    let is = |operator| Formula::compare(*column, operator, value.clone());
    Some(match ends.first() {
        None => is(last),
        Some(next) if next == open => is(if beyond == ">" { ">=" } else { "<=" }),
        Some(End::Value(_)) => {
            let rest = after(columns, ends, operators, open)?;
            Formula::Any(vec![is(beyond), Formula::All(vec![is("="), rest])])
        }
        Some(_) => is(beyond),
    })
}

/// The column and the values of a list that has no NULL in it.
fn listed<'t>(parent: &'t Table, bound: &Bound) -> Option<(&'t str, Vec<String>)> {
    let by = parent.partition_by.as_ref()?;
    let [column] = by.columns.as_slice() else {
        return None;
    };
    if !by.strategy.eq_ignore_ascii_case("list") || bound.default {
        return None;
    }
    let tokens = Tokens::of(&bound.text);
    let open = tokens
        .list
        .iter()
        .position(|t| t.kind == TokenKind::OpenParen)?;
    let values = constants(strip(&tokens.list[open..]), &bound.text)?;
    Some((column.as_str(), values))
}

/// `WITH (MODULUS m, REMAINDER r)` (create_partition_hash_*).
fn hashed(parent: &Table, bound: &Bound) -> Option<(u32, u32)> {
    let by = parent.partition_by.as_ref()?;
    if !by.strategy.eq_ignore_ascii_case("hash") {
        return None;
    }
    let tokens = Tokens::of(&bound.text);
    let number = |word: &str| -> Option<u32> {
        let at = tokens
            .list
            .iter()
            .position(|t| is_word(*t, &bound.text, word))?;
        tokens.word(*tokens.list.get(at + 1)?).parse().ok()
    };
    let modulus = number("MODULUS").filter(|modulus| *modulus > 0)?;
    Some((modulus, number("REMAINDER")?))
}

/// The greatest common divisor of two numbers above 0.
fn divisor(one: u32, other: u32) -> u32 {
    let (mut one, mut other) = (one, other);
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// The column and the bounds of a range over one column.
fn range<'t>(parent: &'t Table, bound: &'t Bound) -> Option<(&'t str, &'t str, &'t str)> {
    let by = parent.partition_by.as_ref()?;
    let [column] = by.columns.as_slice() else {
        return None;
    };
    if !by.strategy.eq_ignore_ascii_case("range") || bound.default {
        return None;
    }
    let text = bound.text.as_str();
    let open = text.find('(')?;
    let close = open + text[open..].find(')')?;
    let from = text[open + 1..close].trim();
    let open = close + text[close..].find('(')?;
    let end = open + text[open..].find(')')?;
    let to = text[open + 1..end].trim();
    (!from.contains(',') && !to.contains(',')).then_some((column.as_str(), from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Expr;

    fn keeps_out(check: &str, strategy: &str, bound: &str) -> bool {
        let by = PartitionBy {
            strategy: strategy.into(),
            columns: vec!["d".into()],
            definition: Expr::default(),
        };
        let bound = Bound {
            default: false,
            text: bound.into(),
        };
        let bound = bound_as_formula(&by, &bound).expect("a bound");
        let known = Formula::read(check, &by.columns);
        Formula::All(vec![known]).implies(&bound.negated())
    }

    #[test]
    fn checks_keep_ranges_out() {
        let out = |text: &str| keeps_out(text, "range", "FROM (2000) TO (4000)");
        assert!(out("d >= 4000"));
        assert!(out("(d < 2000) OR (d >= 4000)"));
        assert!(out("d IS NULL OR d < 2000 OR d >= 4000"));
        assert!(out("NOT (d >= 2000 AND d < 4000)"));
        assert!(out("NOT (d >= 1000 AND d < 5000)"));
        assert!(!out("NOT (d >= 2500 AND d < 4000)"));
        assert!(!out("d < 2000 OR d >= 3000"));
        assert!(!out("d < 2000 OR e > 1"));
        assert!(!out("NOT (d >= 2000 AND e > 1)"));
        assert!(!out(""));
    }

    #[test]
    fn checks_keep_lists_out() {
        let out = |text: &str| keeps_out(text, "list", "IN ('eu', 'uk')");
        assert!(out("d <> 'eu' AND d <> 'uk'"));
        assert!(out("d NOT IN ('eu', 'uk', 'us')"));
        assert!(out("d IN ('us', 'asia')"));
        assert!(out("NOT (d = 'eu' OR d = 'uk')"));
        assert!(out("d IS NULL"));
        assert!(!out("d <> 'eu'"));
        assert!(!out("d IN ('us', 'uk')"));
        assert!(!out("d > 'uk' OR d IS NULL OR e"));
        assert!(!out("NOT (d = 'eu' AND d = 'uk')"));
    }
}
