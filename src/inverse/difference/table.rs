//! What differs between two states of a table or view.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::query::likeness;
use super::{Differences, Likeness, NOT_VALIDATED, Then, VALIDATED_NOW, same};
use crate::name::Name;
use crate::operation::column::OF_SERIAL;
use crate::operation::{Column, ConstraintKind, Identity, Persistence};
use crate::schema::{Index, Key, Relation, Schema, Table, TableConstraint, Trigger, View, moved};

pub(super) fn columns(
    before: &Table,
    after: &Table,
    added: &FxHashSet<(Key, Name)>,
    found: &mut Differences,
) {
    let key = &after.key;
    for column in moved(&after.columns, &before.columns) {
        match before.column(&column.name) {
            None if before.columns_known || added.contains(&(*key, column.name)) => {
                let name = &column.name;
                found.say(format!("column `{name}` of `{key}` {STILL_THERE}"));
            }
            Some(old) if !Arc::ptr_eq(old, column) => column_change(key, old, column, found),
            _ => {}
        }
    }
    for column in moved(&before.columns, &after.columns) {
        if after.column(&column.name).is_none() {
            found.say(format!("column `{}` of `{key}` is gone", column.name));
        }
    }
}

/// What differs but for the columns.
pub(super) fn tables(
    schema: &Schema,
    then: &Then<'_>,
    before: &Table,
    after: &Table,
    found: &mut Differences,
) {
    let key = &after.key;
    constraints_and_indexes(schema, then, before, after, found);
    members(
        key,
        "trigger",
        (&before.triggers, &after.triggers),
        |t| &t.name,
        same_trigger,
        found,
    );
    members(
        key,
        "policy",
        (&before.policies, &after.policies),
        |p| &p.name,
        |a, b| {
            let (a, b) = (&a.clauses, &b.clauses);
            a.command == b.command
                && a.restrictive == b.restrictive
                && roles(&a.roles) == roles(&b.roles)
                && same::expr(a.using.as_ref(), b.using.as_ref())
                && same::expr(a.check.as_ref(), b.check.as_ref())
        },
        found,
    );
    members(
        key,
        "rule",
        (&before.rules, &after.rules),
        |r| &r.name,
        |a, b| a.event == b.event && same::text(&a.definition.text, &b.definition.text),
        found,
    );
    if before.persistence != after.persistence {
        let now = match after.persistence {
            Persistence::Unlogged => "unlogged",
            _ => "logged",
        };
        found.say(format!("table `{key}` is {now} now"));
    }
    if !same::text(&before.options, &after.options) {
        found.hint(format!("table `{key}` has other options than before"));
    }
    parents(before, after, found);
    if before.row_security != after.row_security {
        let now = if after.row_security {
            "still on"
        } else {
            "off"
        };
        found.say(format!("row level security of `{key}` is {now}"));
    }
}

fn parents(before: &Table, after: &Table, found: &mut Differences) {
    let key = &after.key;
    match (&before.partition, &after.partition) {
        (None, Some(of)) => {
            found.say(format!("table `{key}` is still a partition of `{}`", of.of));
        }
        (Some(of), None) => {
            found.say(format!(
                "table `{key}` is no partition of `{}` any more",
                of.of
            ));
        }
        (Some(old), Some(new))
            if old.of != new.of
                || old.bound.default != new.bound.default
                || !same::text(&old.bound.text, &new.bound.text) =>
        {
            found.say(format!(
                "table `{key}` holds another part of `{}` than before",
                new.of
            ));
        }
        _ => {}
    }
    for parent in &after.inherits {
        if !before.inherits.contains(parent) {
            found.say(format!("table `{key}` still inherits from `{parent}`"));
        }
    }
    for parent in &before.inherits {
        if !after.inherits.contains(parent) {
            found.say(format!(
                "table `{key}` does not inherit from `{parent}` any more"
            ));
        }
    }
}

/// The indexes of a relation, as they were and as they are.
struct Indexes {
    before: Vec<Arc<Index>>,
    after: Vec<Arc<Index>>,
}

impl Indexes {
    fn of(schema: &Schema, then: &Then<'_>, before: &[Key], after: &[Key]) -> Self {
        let now = |key: &Key| schema.index_by_key(key).cloned();
        let earlier = |key: &Key| match then.get(key) {
            Some(Some(Relation::Index(index))) => Some(index.clone()),
            Some(_) => None,
            None => now(key),
        };
        Self {
            before: before.iter().filter_map(earlier).collect(),
            after: after.iter().filter_map(now).collect(),
        }
    }

    /// Says what became of those that stand for no constraint.
    fn compare(&self, key: &Key, is_told: impl Fn(&Index) -> bool, found: &mut Differences) {
        unmatched(
            &self.before,
            &self.after,
            same_index,
            |index| &index.key.name,
            |index, state| {
                if index.constraint.is_some() || is_told(index) {
                    return;
                }
                let text = |state: &str| format!("index `{}` on `{key}` {state}", index.key.name);
                match state {
                    State::Called(name) => found.hint(text(&format!("is called `{name}` now"))),
                    state => found.say(text(state.words())),
                }
            },
        );
        for new in moved(&self.after, &self.before) {
            let parameters = |i: &Index| {
                let text = same::plain(&i.parameters).replace("tablespace pg_default", "");
                text.trim().to_owned()
            };
            let old = self.before.iter().find(|old| old.key == new.key);
            if old.is_some_and(|old| parameters(old) != parameters(new)) {
                found.hint(format!(
                    "index `{}` on `{key}` has other parameters than before",
                    new.key.name
                ));
            }
        }
    }
}

fn constraints_and_indexes(
    schema: &Schema,
    then: &Then<'_>,
    before: &Table,
    after: &Table,
    found: &mut Differences,
) {
    let key = &after.key;
    let indexes = Indexes::of(schema, then, &before.indexes, &after.indexes);
    unmatched(
        &before.constraints,
        &after.constraints,
        same_constraint,
        |constraint| &constraint.name,
        |constraint, state| {
            if matches!(constraint.definition.kind, ConstraintKind::NotNull(_)) {
                return;
            }
            match state {
                State::Called(name) => found.hint(constraint_difference(
                    constraint,
                    key,
                    &format!("is called `{name}` now"),
                )),
                State::Gone if is_unique_either_way(constraint, &indexes) => {
                    found.hint(constraint_difference(constraint, key, "is an index now"))
                }
                State::StillThere if is_unique_either_way(constraint, &indexes) => found.hint(
                    constraint_difference(constraint, key, "was an index before"),
                ),
                state => found.say(constraint_difference(constraint, key, state.words())),
            }
        },
    );
    for new in &after.constraints {
        let alike = |old: &&Arc<TableConstraint>| same_constraint(old, new);
        let named = before.constraint(&new.name).filter(alike);
        let old = named.or_else(|| before.constraints.iter().find(alike));
        let Some(old) = old.filter(|old| !Arc::ptr_eq(old, new)) else {
            continue;
        };
        for what in details(old, new) {
            found.hint(constraint_difference(new, key, what));
        }
    }
    let stands_for_a_key = |index: &Index| {
        let is_key = |c: &Arc<TableConstraint>| is_key_of(c, index);
        let tables = [before, after];
        index.unique
            && tables
                .iter()
                .any(|table| table.constraints.iter().any(is_key))
    };
    indexes.compare(key, stands_for_a_key, found);
}

/// What became of something that has no counterpart of its name.
enum State<'a> {
    StillThere,
    Gone,
    Other,
    /// The same stands there under this name.
    Called(&'a Name),
}

/// What is said of what was not there before.
pub const STILL_THERE: &str = "is still there";

impl State<'_> {
    fn words(&self) -> &'static str {
        match self {
            State::StillThere => STILL_THERE,
            State::Gone => "is gone",
            State::Other | State::Called(_) => "is defined in another way",
        }
    }
}

/// Calls `report` for what has no counterpart, with what became of it.
fn unmatched<'a, T>(
    before: &'a [Arc<T>],
    after: &'a [Arc<T>],
    same: fn(&T, &T) -> bool,
    name: fn(&T) -> &Name,
    mut report: impl FnMut(&'a T, State<'a>),
) {
    let named_alike = |list: &'a [Arc<T>], item: &T| {
        let same = |other: &Arc<T>| std::ptr::eq(&**other, item) || same(other, item);
        list.iter()
            .find(|other| name(other) == name(item) && same(other))
    };
    // One that has a counterpart of its own name stands for no other.
    let counterpart = |list: &'a [Arc<T>], own: &'a [Arc<T>], item: &T| {
        let is_free = |other: &&'a Arc<T>| same(other, item) && named_alike(own, other).is_none();
        named_alike(list, item).or_else(|| list.iter().find(is_free))
    };
    let named = |list: &[Arc<T>], item: &T| list.iter().any(|other| name(other) == name(item));
    for new in moved(after, before) {
        if counterpart(before, after, new).is_none() {
            let state = match named(before, new) {
                true => State::Other,
                false => State::StillThere,
            };
            report(new, state);
        }
    }
    for old in moved(before, after).filter(|old| !named(after, old)) {
        match counterpart(after, before, old) {
            None => report(old, State::Gone),
            Some(new) if !named(before, new) => report(old, State::Called(name(new))),
            Some(_) => {}
        }
    }
}

/// What is said of a constraint that a table did not have before.
pub fn constraint_still_there(table: &Table, constraint: &TableConstraint) -> String {
    constraint_difference(constraint, &table.key, STILL_THERE)
}

/// The same for a trigger, policy or rule.
pub fn member_still_there(word: &str, name: &str, of: &Key) -> String {
    format!("{word} `{name}` on `{of}` {STILL_THERE}")
}

fn constraint_difference(constraint: &TableConstraint, of: &Key, state: &str) -> String {
    format!("{} of `{of}` {state}", constraint_words(constraint))
}

/// Triggers, policies or rules, by their names.
fn members<T>(
    key: &Key,
    word: &str,
    (before, after): (&[T], &[T]),
    name: fn(&T) -> &Name,
    same: impl Fn(&T, &T) -> bool,
    found: &mut Differences,
) {
    for new in after {
        match before.iter().find(|old| name(old) == name(new)) {
            None => found.say(member_still_there(word, name(new), key)),
            Some(old) if !same(old, new) => found.say(format!(
                "{word} `{}` on `{key}` is defined in another way",
                name(new)
            )),
            Some(_) => {}
        }
    }
    for old in before {
        if after.iter().all(|new| name(new) != name(old)) {
            found.say(format!("{word} `{}` on `{key}` is gone", name(old)));
        }
    }
}

fn same_trigger(a: &Trigger, b: &Trigger) -> bool {
    let clauses = |t: &Trigger| {
        let text = same::plain(&t.clauses.text);
        let text = text.replace("for each statement", "");
        text.replace("for row", "for each row").trim().to_owned()
    };
    // `INSERT OR UPDATE` fires when `UPDATE OR INSERT` does.
    same::any_order(&a.events.text, &b.events.text)
        && clauses(a) == clauses(b)
        && a.constraint == b.constraint
        && a.function.as_ref().map(|f| &f.name) == b.function.as_ref().map(|f| &f.name)
        && same::text(&a.arguments, &b.arguments)
}

/// In order; `public` is everybody.
fn roles(list: &[Name]) -> Vec<&str> {
    let mut roles: Vec<&str> = list.iter().map(Name::as_str).collect();
    roles.retain(|role| !role.eq_ignore_ascii_case("public"));
    roles.sort_unstable();
    roles
}

fn column_change(key: &Key, before: &Column, after: &Column, found: &mut Differences) {
    let name = &after.name;
    let mut say = |what: String| found.say(format!("column `{name}` of `{key}` {what}"));
    if !same::data_type(&before.ty, &after.ty) {
        say(format!("is `{}` instead of `{}`", after.ty, before.ty));
    } else if collation(before) != collation(after) {
        let said = |collation: Option<&str>| match collation {
            Some(name) => format!("`{name}`"),
            None => "the usual one".into(),
        };
        say(format!(
            "has the collation {} instead of {}",
            said(collation(after)),
            said(collation(before))
        ));
    }
    if before.not_null != after.not_null {
        let (now, then) = match after.not_null {
            true => ("NOT NULL", "nullable"),
            false => ("nullable", "NOT NULL"),
        };
        say(format!("is {now} instead of {then}"));
    }
    match (before.identity, after.identity) {
        (Some(old), Some(new)) if old != new => {
            let words = |identity| match identity {
                Identity::Always => "ALWAYS",
                Identity::ByDefault => "BY DEFAULT",
            };
            say(format!(
                "is GENERATED {} instead of {}",
                words(new),
                words(old)
            ));
        }
        (None, Some(_)) if !counts_by_itself(before, after) => say("is an identity now".into()),
        (Some(_), None) if !counts_by_itself(before, after) => say("is no identity now".into()),
        _ => {}
    }
    match (&before.generated, &after.generated) {
        (None, Some(_)) => say("is generated".into()),
        (Some(_), None) => say("is no longer generated".into()),
        (Some(old), Some(new)) if !same::text(&old.expr.text, &new.expr.text) => {
            say("is generated in another way".into());
        }
        _ => {}
    }
    let given = |column: &'_ Column| {
        let default = column.default.clone();
        default.filter(|d| same::plain(&d.text) != "null")
    };
    match (&given(before), &given(after)) {
        (Some(old), None) => say(format!("has lost its default `{}`", shown(&old.text))),
        // A column that comes back NOT NULL needs a default for the rows.
        (None, Some(new)) if !after.not_null => say(format!(
            "has the default `{}`, which it had not",
            shown(&new.text)
        )),
        (Some(old), Some(new)) if both_count(&old.text, &new.text) => {}
        (Some(old), Some(new)) if !same::value(&old.text, &new.text, &after.ty) => say(format!(
            "has the default `{}` instead of `{}`",
            shown(&new.text),
            shown(&old.text)
        )),
        (None, Some(new)) => found.hint(format!(
            "column `{name}` of `{key}` has the default `{}`, which it had not",
            shown(&new.text)
        )),
        _ => {}
    }
}

fn collation(column: &Column) -> Option<&str> {
    let name = column.collation.as_deref()?;
    Some(name.trim_matches('"')).filter(|name| *name != "default")
}

/// A serial column instead of an identity, or the other way round.
fn counts_by_itself(a: &Column, b: &Column) -> bool {
    let counts = |c: &Column| {
        let default = c.default.as_ref();
        c.identity.is_some() || default.is_some_and(|d| d.text.trim_start().starts_with("nextval("))
    };
    counts(a) && counts(b)
}

/// A serial column's default has no sequence to name.
fn both_count(a: &str, b: &str) -> bool {
    let counts = |text: &str| text.trim_start().starts_with("nextval(");
    (a == OF_SERIAL || b == OF_SERIAL) && counts(a) && counts(b)
}

/// Both NO ACTION and RESTRICT refuse.
fn reaction(action: Option<&Name>) -> Option<&Name> {
    action.filter(|a| !a.eq_ignore_ascii_case("no action") && !a.eq_ignore_ascii_case("restrict"))
}

fn same_constraint(a: &TableConstraint, b: &TableConstraint) -> bool {
    if a.columns != b.columns && !matches!(a.definition.kind, ConstraintKind::Check(_)) {
        return false;
    }
    let attributes = |c: &TableConstraint| {
        let own = &c.definition;
        (own.deferrable, own.deferred, own.no_inherit)
    };
    if attributes(a) != attributes(b) {
        return false;
    }
    match (&a.definition.kind, &b.definition.kind) {
        (ConstraintKind::Check(x), ConstraintKind::Check(y)) => {
            same::own_condition(&x.text, &y.text)
        }
        (ConstraintKind::ForeignKey(x), ConstraintKind::ForeignKey(y)) => {
            a.references == b.references
                && (a.referenced == b.referenced
                    || a.referenced.is_empty()
                    || b.referenced.is_empty())
                && x.match_full == y.match_full
                && reaction(x.on_delete.as_ref()) == reaction(y.on_delete.as_ref())
                && reaction(x.on_update.as_ref()) == reaction(y.on_update.as_ref())
        }
        (ConstraintKind::PrimaryKey(x), ConstraintKind::PrimaryKey(y))
        | (ConstraintKind::Unique(x), ConstraintKind::Unique(y)) => {
            x.include == y.include && x.nulls_not_distinct == y.nulls_not_distinct
        }
        (
            ConstraintKind::Exclude { definition: x, .. },
            ConstraintKind::Exclude { definition: y, .. },
        ) => same::text(&x.text, &y.text),
        (x, y) => std::mem::discriminant(x) == std::mem::discriminant(y),
    }
}

/// What differs between two constraints that keep out the same rows.
fn details(old: &TableConstraint, new: &TableConstraint) -> Vec<&'static str> {
    let mut list = Vec::new();
    match (old.validated, new.validated) {
        (true, false) => list.push(NOT_VALIDATED),
        (false, true) => list.push(VALIDATED_NOW),
        _ => {}
    }
    if let (ConstraintKind::ForeignKey(x), ConstraintKind::ForeignKey(y)) =
        (&old.definition.kind, &new.definition.kind)
    {
        let restricts = |action: &Option<Name>| {
            let restrict = |a: &Name| a.eq_ignore_ascii_case("restrict");
            action.as_ref().is_some_and(restrict)
        };
        if restricts(&x.on_delete) != restricts(&y.on_delete)
            || restricts(&x.on_update) != restricts(&y.on_update)
        {
            list.push("differs between RESTRICT and NO ACTION");
        }
    }
    list
}

/// A unique constraint and a unique index over the same columns keep out the
/// same rows.
fn is_unique_either_way(constraint: &TableConstraint, indexes: &Indexes) -> bool {
    let has = |list: &[Arc<Index>]| list.iter().any(|index| is_key_of(constraint, index));
    matches!(constraint.definition.kind, ConstraintKind::Unique(_))
        && has(&indexes.before)
        && has(&indexes.after)
}

fn is_key_of(constraint: &TableConstraint, index: &Index) -> bool {
    matches!(constraint.definition.kind, ConstraintKind::Unique(_))
        && index.unique
        && index.predicate.is_none()
        && index.exprs.is_empty()
        && index.columns == constraint.columns
}

fn constraint_words(constraint: &TableConstraint) -> String {
    let kind = match constraint.definition.kind {
        ConstraintKind::PrimaryKey(_) => "primary key",
        ConstraintKind::Unique(_) => "unique constraint",
        ConstraintKind::Check(_) => "check constraint",
        ConstraintKind::ForeignKey(_) => "foreign key",
        ConstraintKind::Exclude { .. } => "exclusion constraint",
        ConstraintKind::NotNull(_) => "NOT NULL constraint",
    };
    format!("{kind} `{}`", constraint.name)
}

fn same_index(a: &Index, b: &Index) -> bool {
    a.columns == b.columns
        && a.unique == b.unique
        && a.method == b.method
        && a.include == b.include
        && a.nulls_not_distinct == b.nulls_not_distinct
        && options(a) == options(b)
        && match (&a.predicate, &b.predicate) {
            (Some(x), Some(y)) => same::own_condition(&x.text, &y.text),
            (x, y) => x.is_none() && y.is_none(),
        }
        && a.exprs.len() == b.exprs.len()
        && a.exprs
            .iter()
            .zip(&b.exprs)
            .all(|(x, y)| same::text(&x.text, &y.text))
}

/// Without those that say what holds anyway.
fn options(index: &Index) -> Vec<String> {
    let words = |text: &Name| {
        let words = text.split_whitespace().map(str::to_lowercase);
        let words: Vec<String> = words.filter(|w| w != "asc").collect();
        let text = words.join(" ").replace("desc nulls first", "desc");
        match text.contains("desc") {
            true => text,
            false => text.trim_end_matches("nulls last").trim_end().to_owned(),
        }
    };
    let mut options: Vec<String> = index.options.iter().map(words).collect();
    while options.last().is_some_and(String::is_empty) {
        options.pop();
    }
    options
}

pub(super) fn views(
    schema: &Schema,
    then: &Then<'_>,
    before: &View,
    after: &View,
    found: &mut Differences,
) {
    let key = &after.key;
    if before.materialized != after.materialized {
        let now = if after.materialized {
            "materialized"
        } else {
            "a plain view"
        };
        return found.say(format!("view `{key}` is {now} now"));
    }
    // A column was renamed, and where the view names it nobody can tell.
    let is_stale = before.stale || after.stale;
    match likeness(before, after) {
        _ if is_stale => {}
        Likeness::Same => {}
        Likeness::Unclear => found.doubt(format!("view `{key}` is written in another way")),
        Likeness::Different => {
            found.say(format!("view `{key}` reads something else than before"));
        }
    }
    // A `*` stands for the columns that are there when the view is made.
    if !is_stale && has_star(&after.query) && has_star(&before.query) {
        let mut say = |reads: &View, than: &View, ends: &str| {
            let mut tables: Vec<(&Key, Vec<String>)> = Vec::new();
            for (table, column) in reads.read_besides(than) {
                let column = format!("`{column}`");
                match tables.last_mut().filter(|(last, _)| *last == table) {
                    Some((_, columns)) => columns.push(column),
                    None => tables.push((table, vec![column])),
                }
            }
            for (table, columns) in tables {
                let columns = columns.join(", ");
                found.say(format!("view `{key}` {ends} {columns} of `{table}`"));
            }
        };
        say(after, before, "has by its `*` also");
        say(before, after, "lacks of its `*`");
    }
    let known = !before.columns.is_empty() && !after.columns.is_empty();
    if known && before.columns != after.columns {
        found.say(format!("view `{key}` has other columns than before"));
    }
    if before.populated && !after.populated {
        found.say(format!(
            "materialized view `{key}` has no rows until it is refreshed"
        ));
    }
    if !same::text(&before.options, &after.options)
        || !same::text(&before.check_option, &after.check_option)
    {
        found.hint(format!("view `{key}` has other options than before"));
    }
    let indexes = Indexes::of(schema, then, &before.indexes, &after.indexes);
    indexes.compare(key, |_| false, found);
}

/// Does a query ask for all columns of what it reads?
fn has_star(query: &str) -> bool {
    let mut before = query
        .match_indices('*')
        .map(|(at, _)| query[..at].trim_end());
    before.any(|before| {
        before.ends_with(['.', ','])
            || ["select", "distinct", "all"].iter().any(|word| {
                let start = before.len().checked_sub(word.len());
                start
                    .and_then(|at| before.get(at..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(word))
            })
    })
}

fn shown(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(57).chain("…".chars()).collect()
}
