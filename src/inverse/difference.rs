//! What differs between two states of a schema, for people: what a down left
//! behind, took away, or brought back in another shape.
//!
//! Names that the server makes up, the order of columns and the way a
//! definition is spaced are not differences.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::operation::{Column, ConstraintKind, DataType, Persistence, TypeDefinition};
use crate::schema::{
    Domain, Index, Key, Mark, Origin, Relation, Routine, Schema, Sequence, Setting, SettingName,
    Table, TableConstraint, View,
};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// Sentences without full stop, in a fixed order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub list: Vec<String>,
    /// What most do not mind: comments, owners, privileges, parameters, and
    /// extensions and schemas that stay.
    pub minor: Vec<String>,
}

/// Compares the schema as it was at `mark` with what it is now. `created` are
/// the relations that the script in between created: others that turn up were
/// there before, unknown to the history.
pub fn differences(schema: &Schema, mark: Mark, created: &FxHashSet<Key>) -> Differences {
    let mut list = Vec::new();
    relations(schema, mark, created, &mut list);
    types(schema, mark, &mut list);
    routines(schema, mark, created, &mut list);
    for change in schema.others_changed_since(mark) {
        let (kind, key) = change.key;
        let kind = kind.word();
        match (change.before, change.after) {
            (None, Some(_)) => list.push(format!("{kind} `{key}` is still there")),
            (Some(_), None) => list.push(format!("{kind} `{key}` is gone")),
            _ => {}
        }
    }
    let mut minor = minor(schema, mark);
    for list in [&mut list, &mut minor] {
        list.sort_unstable();
        list.dedup();
    }
    Differences { list, minor }
}

fn relations(schema: &Schema, mark: Mark, created: &FxHashSet<Key>, list: &mut Vec<String>) {
    let changes = schema.relations_changed_since(mark);
    let then: Then<'_> = changes.iter().map(|c| (c.key, c.before)).collect();
    for change in &changes {
        match (change.before, change.after) {
            (None, Some(Relation::Index(_))) => {}
            (_, Some(Relation::Sequence(s))) | (Some(Relation::Sequence(s)), None)
                if s.implicit => {}
            (None, Some(after)) if created.contains(change.key) => {
                list.push(format!("{} `{}` is still there", word(after), change.key));
            }
            (Some(before), None) => match before {
                Relation::Index(_) => {}
                _ if before.origin() == Origin::Assumed => {}
                _ => list.push(format!("{} `{}` is gone", word(before), change.key)),
            },
            (Some(Relation::Table(before)), Some(Relation::Table(after))) => {
                tables(schema, &then, before, after, list);
            }
            (Some(Relation::View(before)), Some(Relation::View(after))) => {
                views(before, after, list);
            }
            (Some(Relation::Sequence(before)), Some(Relation::Sequence(after)))
                if counting(before) != counting(after) =>
            {
                list.push(format!("sequence `{}` counts in another way", change.key));
            }
            _ => {}
        }
    }
}

/// The options of a sequence without those that say what holds anyway.
fn counting(sequence: &Sequence) -> Vec<(&'static str, SmolStr)> {
    let usual = |name: &str, value: &str| {
        value == "no" || matches!(name, "increment" | "cache" | "start") && value == "1"
    };
    let mut options: Vec<_> = sequence
        .options
        .iter()
        .filter(|(name, value)| !usual(name, value))
        .cloned()
        .collect();
    options.sort_unstable();
    options
}

fn types(schema: &Schema, mark: Mark, list: &mut Vec<String>) {
    for change in schema.types_changed_since(mark) {
        let key = change.key;
        match (change.before, change.after) {
            (None, Some(_)) => list.push(format!("type `{key}` is still there")),
            (Some(_), None) => list.push(format!("type `{key}` is gone")),
            (Some(before), Some(after)) => match (&before.definition, &after.definition) {
                (TypeDefinition::Enum(old), TypeDefinition::Enum(new)) => {
                    values(key, old, new, list);
                }
                (TypeDefinition::Composite(old), TypeDefinition::Composite(new)) if old != new => {
                    list.push(format!("type `{key}` has other attributes than before"));
                }
                _ => {}
            },
            (None, None) => {}
        }
    }
    for change in schema.domains_changed_since(mark) {
        let key = change.key;
        match (change.before, change.after) {
            (None, Some(_)) => list.push(format!("domain `{key}` is still there")),
            (Some(_), None) => list.push(format!("domain `{key}` is gone")),
            (Some(before), Some(after)) if !same_domain(before, after) => {
                list.push(format!("domain `{key}` is defined in another way"));
            }
            _ => {}
        }
    }
}

fn values(key: &Key, old: &[SmolStr], new: &[SmolStr], list: &mut Vec<String>) {
    for value in new.iter().filter(|v| !old.contains(v)) {
        list.push(format!("type `{key}` still has the value `{value}`"));
    }
    for value in old.iter().filter(|v| !new.contains(v)) {
        list.push(format!("type `{key}` lacks the value `{value}`"));
    }
}

fn same_domain(a: &Domain, b: &Domain) -> bool {
    let default = |d: &Domain| d.default.as_ref().map(|e| plain(&e.text));
    let checks = |d: &Domain| {
        let mut texts: Vec<String> = d.checks.iter().map(|c| plain(&c.expr.text)).collect();
        texts.sort_unstable();
        texts
    };
    a.not_null == b.not_null
        && same_type(&a.base, &b.base)
        && default(a) == default(b)
        && checks(a) == checks(b)
}

fn routines(schema: &Schema, mark: Mark, created: &FxHashSet<Key>, list: &mut Vec<String>) {
    for change in schema.routines_changed_since(mark) {
        let key = change.key;
        let before = change.before.map_or(&[][..], Vec::as_slice);
        let after = change.after.map_or(&[][..], Vec::as_slice);
        let kind = |r: &Routine| if r.procedure { "procedure" } else { "function" };
        if let (Some(first), true) = (before.first(), after.is_empty()) {
            list.push(format!("{} `{key}` is gone", kind(first)));
            continue;
        }
        for new in after {
            match before.iter().find(|old| old.takes(&new.arguments)) {
                None if before.is_empty() && created.contains(key) && schema.is_complete() => {
                    list.push(format!("{} `{key}` is still there", kind(new)));
                }
                Some(old) if !Arc::ptr_eq(old, new) && !same_routine(old, new) => {
                    list.push(format!(
                        "{} `{key}` does something else than before",
                        kind(new)
                    ));
                }
                _ => {}
            }
        }
    }
}

fn same_routine(a: &Routine, b: &Routine) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    a.altered == b.altered
        && a.language == b.language
        && a.volatility == b.volatility
        && words(&a.body) == words(&b.body)
}

fn minor(schema: &Schema, mark: Mark) -> Vec<String> {
    let mut list = Vec::new();
    for change in schema.extensions_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(_)) => list.push(format!("extension `{}` is still there", change.key)),
            (Some(_), None) => list.push(format!("extension `{}` is gone", change.key)),
            _ => {}
        }
    }
    for change in schema.namespaces_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(_)) if change.key != "public" => {
                list.push(format!("schema `{}` is still there", change.key));
            }
            (Some(_), None) => list.push(format!("schema `{}` is gone", change.key)),
            _ => {}
        }
    }
    for change in schema.settings_changed_since(mark) {
        if schema.relation_by_key(change.key).is_none() {
            continue;
        }
        let before = change.before.map_or(&[][..], |list| list.as_slice());
        let after = change.after.map_or(&[][..], |list| list.as_slice());
        let differs = |a: &Setting, other: &[Setting]| !other.contains(a);
        let all = before.iter().filter(|s| differs(s, after));
        let all = all.chain(after.iter().filter(|s| differs(s, before)));
        for setting in all {
            let place = match setting.member.as_str() {
                "" => format!("`{}`", change.key),
                member => format!("`{member}` of `{}`", change.key),
            };
            let what = match setting.name {
                SettingName::Comment => "the comment of",
                SettingName::Owner => "the owner of",
                SettingName::Grant { .. } => "a privilege on",
                _ => "a setting of",
            };
            list.push(format!("{what} {place} is not what it was"));
        }
    }
    list
}

fn word(relation: &Relation) -> &'static str {
    match relation {
        Relation::Table(_) => "table",
        Relation::View(view) if view.materialized => "materialized view",
        Relation::View(_) => "view",
        Relation::Index(_) => "index",
        Relation::Sequence(_) => "sequence",
    }
}

/// What changed relations were before.
type Then<'a> = FxHashMap<&'a Key, Option<&'a Relation>>;

fn tables(schema: &Schema, then: &Then<'_>, before: &Table, after: &Table, list: &mut Vec<String>) {
    let key = &after.key;
    for column in &after.columns {
        match before.column(&column.name) {
            None if before.columns_known => {
                list.push(format!(
                    "column `{}` of `{key}` is still there",
                    column.name
                ));
            }
            Some(old) if !Arc::ptr_eq(old, column) => columns(key, old, column, list),
            _ => {}
        }
    }
    for column in &before.columns {
        if after.column(&column.name).is_none() {
            list.push(format!("column `{}` of `{key}` is gone", column.name));
        }
    }
    let earlier = |index: &Key| match then.get(index) {
        Some(Some(Relation::Index(index))) => Some(index.clone()),
        Some(_) => None,
        None => schema.index_by_key(index).cloned(),
    };
    let old: Vec<Arc<Index>> = before.indexes.iter().filter_map(earlier).collect();
    let new: Vec<Arc<Index>> = after
        .indexes
        .iter()
        .filter_map(|k| schema.index_by_key(k).cloned())
        .collect();
    unmatched(
        &before.constraints,
        &after.constraints,
        same_constraint,
        |constraint| &constraint.name,
        |constraint, state| {
            if matches!(constraint.definition.kind, ConstraintKind::NotNull(_)) {
                return;
            }
            if is_unique_either_way(constraint, &old, &new) {
                return;
            }
            list.push(constraint_difference(constraint, key, state));
        },
    );
    unmatched(
        &old,
        &new,
        same_index,
        |index| &index.key.name,
        |index, state| {
            let is_unique = |c: &Arc<TableConstraint>| is_key_of(c, index);
            let key_instead = [before, after]
                .iter()
                .any(|table| index.unique && table.constraints.iter().any(is_unique));
            if index.constraint.is_none() && !key_instead {
                list.push(format!("index `{}` on `{key}` {state}", index.key.name));
            }
        },
    );
    members(
        key,
        "trigger",
        (&before.triggers, &after.triggers),
        |t| &t.name,
        |a, b| {
            same_text(&a.events.text, &b.events.text)
                && same_text(&a.clauses.text, &b.clauses.text)
                && a.function.as_ref().map(|f| &f.name) == b.function.as_ref().map(|f| &f.name)
        },
        list,
    );
    members(
        key,
        "policy",
        (&before.policies, &after.policies),
        |p| &p.name,
        |a, b| {
            let text = |e: &Option<crate::operation::Expr>| e.as_ref().map(|e| plain(&e.text));
            a.clauses.command == b.clauses.command
                && a.clauses.restrictive == b.clauses.restrictive
                && text(&a.clauses.using) == text(&b.clauses.using)
                && text(&a.clauses.check) == text(&b.clauses.check)
        },
        list,
    );
    members(
        key,
        "rule",
        (&before.rules, &after.rules),
        |r| &r.name,
        |a, b| a.event == b.event && same_text(&a.definition.text, &b.definition.text),
        list,
    );
    if before.persistence != after.persistence {
        let now = match after.persistence {
            Persistence::Unlogged => "unlogged",
            _ => "logged",
        };
        list.push(format!("table `{key}` is {now} now"));
    }
    match (&before.partition, &after.partition) {
        (None, Some(of)) => list.push(format!("table `{key}` is still a partition of `{}`", of.of)),
        (Some(of), None) => list.push(format!(
            "table `{key}` is no partition of `{}` any more",
            of.of
        )),
        _ => {}
    }
    if before.row_security != after.row_security {
        let now = if after.row_security {
            "still on"
        } else {
            "off"
        };
        list.push(format!("row level security of `{key}` is {now}"));
    }
}

/// Calls `report` for what has no counterpart, with what became of it.
fn unmatched<T>(
    before: &[Arc<T>],
    after: &[Arc<T>],
    same: fn(&T, &T) -> bool,
    name: fn(&T) -> &SmolStr,
    mut report: impl FnMut(&T, &str),
) {
    let lacks = |list: &[Arc<T>], item: &Arc<T>| {
        !list
            .iter()
            .any(|other| Arc::ptr_eq(other, item) || same(other, item))
    };
    let named = |list: &[Arc<T>], item: &T| list.iter().any(|other| name(other) == name(item));
    for new in after.iter().filter(|new| lacks(before, new)) {
        let state = if named(before, new) {
            "is defined in another way"
        } else {
            STILL_THERE
        };
        report(new, state);
    }
    for old in before.iter().filter(|old| lacks(after, old)) {
        if !named(after, old) {
            report(old, "is gone");
        }
    }
}

/// What is said of a constraint that a table did not have before.
pub fn constraint_still_there(table: &Table, constraint: &TableConstraint) -> String {
    constraint_difference(constraint, &table.key, STILL_THERE)
}

const STILL_THERE: &str = "is still there";

fn constraint_difference(constraint: &TableConstraint, of: &Key, state: &str) -> String {
    format!("{} of `{of}` {state}", constraint_words(constraint))
}

/// Triggers, policies or rules, by their names.
fn members<T>(
    key: &Key,
    word: &str,
    (before, after): (&[T], &[T]),
    name: fn(&T) -> &SmolStr,
    same: impl Fn(&T, &T) -> bool,
    list: &mut Vec<String>,
) {
    for new in after {
        match before.iter().find(|old| name(old) == name(new)) {
            None => list.push(format!("{word} `{}` on `{key}` is still there", name(new))),
            Some(old) if !same(old, new) => list.push(format!(
                "{word} `{}` on `{key}` is defined in another way",
                name(new)
            )),
            Some(_) => {}
        }
    }
    for old in before {
        if after.iter().all(|new| name(new) != name(old)) {
            list.push(format!("{word} `{}` on `{key}` is gone", name(old)));
        }
    }
}

fn columns(key: &Key, before: &Column, after: &Column, list: &mut Vec<String>) {
    let name = &after.name;
    if !same_type(&before.ty, &after.ty) {
        list.push(format!(
            "column `{name}` of `{key}` is `{}` instead of `{}`",
            after.ty, before.ty
        ));
    }
    if before.not_null != after.not_null {
        let (now, then) = if after.not_null {
            ("NOT NULL", "nullable")
        } else {
            ("nullable", "NOT NULL")
        };
        list.push(format!(
            "column `{name}` of `{key}` is {now} instead of {then}"
        ));
    }
    if before.identity.is_some() != after.identity.is_some() && !counts_by_itself(before, after) {
        let now = if after.identity.is_some() {
            "an identity"
        } else {
            "no identity"
        };
        list.push(format!("column `{name}` of `{key}` is {now} now"));
    }
    if before.generated.is_some() != after.generated.is_some() {
        let now = if after.generated.is_some() {
            "generated"
        } else {
            "no longer generated"
        };
        list.push(format!("column `{name}` of `{key}` is {now}"));
    }
    let given = |column: &'_ Column| {
        let default = column.default.clone();
        default.filter(|d| plain(&d.text) != "null")
    };
    match (&given(before), &given(after)) {
        (Some(old), None) => list.push(format!(
            "column `{name}` of `{key}` has lost its default `{}`",
            shown(&old.text)
        )),
        // A column that comes back NOT NULL needs a default for the rows.
        (None, Some(new)) if !after.not_null => list.push(format!(
            "column `{name}` of `{key}` has the default `{}`, which it had not",
            shown(&new.text)
        )),
        (Some(old), Some(new)) if both_count(&old.text, &new.text) => {}
        (Some(old), Some(new)) if !same_text(&old.text, &new.text) => list.push(format!(
            "column `{name}` of `{key}` has the default `{}` instead of `{}`",
            shown(&new.text),
            shown(&old.text)
        )),
        _ => {}
    }
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
    (a == "nextval()" || b == "nextval()") && counts(a) && counts(b)
}

fn same_type(a: &DataType, b: &DataType) -> bool {
    let schema = |ty: &DataType| {
        ty.schema
            .as_deref()
            .filter(|s| *s != "public")
            .map(str::to_owned)
    };
    schema(a) == schema(b) && a.name == b.name && a.modifiers == b.modifiers && a.array == b.array
}

/// Both NO ACTION and RESTRICT refuse.
fn reaction(action: Option<&SmolStr>) -> Option<&SmolStr> {
    action.filter(|a| !a.eq_ignore_ascii_case("no action") && !a.eq_ignore_ascii_case("restrict"))
}

fn same_constraint(a: &TableConstraint, b: &TableConstraint) -> bool {
    if a.columns != b.columns && !matches!(a.definition.kind, ConstraintKind::Check(_)) {
        return false;
    }
    match (&a.definition.kind, &b.definition.kind) {
        (ConstraintKind::Check(x), ConstraintKind::Check(y)) => {
            a.name == b.name || same_text(&x.text, &y.text)
        }
        (ConstraintKind::ForeignKey(x), ConstraintKind::ForeignKey(y)) => {
            a.references == b.references
                && reaction(x.on_delete.as_ref()) == reaction(y.on_delete.as_ref())
                && reaction(x.on_update.as_ref()) == reaction(y.on_update.as_ref())
        }
        (x, y) => std::mem::discriminant(x) == std::mem::discriminant(y),
    }
}

/// A unique constraint and a unique index over the same columns keep out the
/// same rows.
fn is_unique_either_way(
    constraint: &TableConstraint,
    before: &[Arc<Index>],
    after: &[Arc<Index>],
) -> bool {
    let has = |list: &[Arc<Index>]| list.iter().any(|index| is_key_of(constraint, index));
    matches!(constraint.definition.kind, ConstraintKind::Unique(_)) && has(before) && has(after)
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
            (Some(x), Some(y)) => same_text(&x.text, &y.text),
            (x, y) => x.is_none() && y.is_none(),
        }
        && a.exprs.len() == b.exprs.len()
        && a.exprs
            .iter()
            .zip(&b.exprs)
            .all(|(x, y)| same_text(&x.text, &y.text))
}

/// Without those that say what holds anyway.
fn options(index: &Index) -> Vec<String> {
    let words = |text: &SmolStr| {
        let words = text.split_whitespace().map(str::to_lowercase);
        let words: Vec<String> = words.filter(|w| w != "asc").collect();
        words.join(" ").replace("desc nulls first", "desc")
    };
    let mut options: Vec<String> = index.options.iter().map(words).collect();
    while options.last().is_some_and(String::is_empty) {
        options.pop();
    }
    options
}

fn views(before: &View, after: &View, list: &mut Vec<String>) {
    let key = &after.key;
    if before.materialized != after.materialized {
        let now = if after.materialized {
            "materialized"
        } else {
            "a plain view"
        };
        list.push(format!("view `{key}` is {now} now"));
    } else if !same_text(
        before.query.trim_end_matches(';'),
        after.query.trim_end_matches(';'),
    ) {
        list.push(format!("view `{key}` reads something else than before"));
    }
}

/// Text without the differences that mean nothing: case, blanks, casts,
/// parentheses that only group, and the schema `public`.
fn plain(text: &str) -> String {
    let mut tokens = Vec::new();
    tokens_into(text, Span::new(0, text.len() as u32), &mut tokens);
    let mut cursor = Cursor::new(text, &tokens);
    let mut words: Vec<SmolStr> = Vec::new();
    let mut calls: Vec<bool> = Vec::new();
    while let Some(token) = cursor.peek() {
        if cursor.eat(TokenKind::DoubleColon) {
            if DataType::read(&mut cursor).is_none() {
                words.push("::".into());
            }
            continue;
        }
        if cursor.at_word("public") && cursor.peek_at(1).is_some_and(|t| t.kind == TokenKind::Dot) {
            cursor.bump();
            cursor.bump();
            continue;
        }
        let ident = cursor.ident();
        if ident.is_none() {
            cursor.bump();
        }
        match token.kind {
            TokenKind::OpenParen => {
                let call = words.last().is_some_and(|word| is_called(word));
                calls.push(call);
                if call {
                    words.push("(".into());
                }
            }
            TokenKind::CloseParen => {
                if calls.pop().unwrap_or(true) {
                    words.push(")".into());
                }
            }
            _ => words.push(match (ident, token.span.of(text)) {
                (Some(ident), _) => ident.name,
                (None, "!=") => "<>".into(),
                (None, word) => word.into(),
            }),
        }
    }
    let plain = words.join(" ");
    match plain.as_str() {
        "current_timestamp" | "transaction_timestamp ( )" => "now ( )".into(),
        "'t'" | "'true'" => "true".into(),
        "'f'" | "'false'" => "false".into(),
        "array [ ]" => "'{}'".into(),
        _ => plain.replace("'public.", "'"),
    }
}

/// May a parenthesis behind this word hold arguments?
fn is_called(word: &str) -> bool {
    const NOT_CALLED: &[&str] = &[
        "and", "or", "not", "in", "when", "then", "else", "case", "where", "on", "as", "from",
        "join", "select", "any", "all", "union", "between", "like", "using",
    ];
    word.starts_with(|c: char| c.is_alphabetic() || c == '_') && !NOT_CALLED.contains(&word)
}

/// Do two texts say the same?
fn same_text(a: &str, b: &str) -> bool {
    a == b || plain(a) == plain(b)
}

fn shown(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(57).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_no_differences() {
        let table = [
            ("lower((name)::text)", "lower(name)"),
            (
                "((status = 'a'::text) AND (b = false))",
                "status = 'a' AND b = FALSE",
            ),
            ("hot_rank <> (0)::double precision", "hot_rank != 0"),
            ("public.f (a)", "f(a)"),
            ("ARRAY[]::feature[]", "'{}'"),
            ("'x'::character varying", "'x'"),
            ("CURRENT_TIMESTAMP", "now()"),
            ("nextval('public.s'::regclass)", "nextval('s')"),
        ];
        for (a, b) in table {
            assert_eq!(plain(a), plain(b), "{a}");
        }
        assert_ne!(plain("'A'"), plain("'a'"));
        assert_ne!(plain("a + b"), plain("a - b"));
        assert_ne!(plain("f(a)"), plain("g(a)"));
    }
}
