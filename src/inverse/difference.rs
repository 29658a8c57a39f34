//! What differs between two states of a schema, for people: what a down left
//! behind, took away, or brought back in another shape.
//!
//! Names that the server makes up, the order of columns and the way a
//! definition is spaced are not differences.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::operation::{Column, ConstraintKind, DataType, TypeDefinition};
use crate::schema::{Index, Key, Mark, Origin, Relation, Schema, Table, TableConstraint, View};
use crate::source::Span;
use crate::statement::Cursor;
use crate::statement::lexer::{TokenKind, tokens_into};

/// Sentences without full stop, in a fixed order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub list: Vec<String>,
}

/// Compares the schema as it was at `mark` with what it is now. `created` are
/// the relations that the script in between created: others that turn up were
/// there before, unknown to the history.
pub fn differences(schema: &Schema, mark: Mark, created: &FxHashSet<Key>) -> Differences {
    let mut list = Vec::new();
    let changes = schema.relations_changed_since(mark);
    let then: Then<'_> = changes.iter().map(|c| (c.key, c.before)).collect();
    for change in &changes {
        match (change.before, change.after) {
            (None, Some(Relation::Index(_) | Relation::Sequence(_))) => {}
            (None, Some(after)) if created.contains(change.key) => {
                list.push(format!("{} `{}` is still there", word(after), change.key));
            }
            (Some(before), None) => match before {
                Relation::Index(_) | Relation::Sequence(_) => {}
                _ if before.origin() == Origin::Assumed => {}
                _ => list.push(format!("{} `{}` is gone", word(before), change.key)),
            },
            (Some(Relation::Table(before)), Some(Relation::Table(after))) => {
                tables(schema, &then, before, after, &mut list);
            }
            (Some(Relation::View(before)), Some(Relation::View(after))) => {
                views(before, after, &mut list);
            }
            _ => {}
        }
    }
    for change in schema.types_changed_since(mark) {
        let key = change.key;
        match (change.before, change.after) {
            (None, Some(_)) => list.push(format!("type `{key}` is still there")),
            (Some(_), None) => list.push(format!("type `{key}` is gone")),
            (Some(before), Some(after)) => {
                if let (TypeDefinition::Enum(old), TypeDefinition::Enum(new)) =
                    (&before.definition, &after.definition)
                {
                    for value in new.iter().filter(|v| !old.contains(v)) {
                        list.push(format!("type `{key}` still has the value `{value}`"));
                    }
                    for value in old.iter().filter(|v| !new.contains(v)) {
                        list.push(format!("type `{key}` lacks the value `{value}`"));
                    }
                }
            }
            (None, None) => {}
        }
    }
    list.sort_unstable();
    list.dedup();
    Differences { list }
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
            let what = constraint_words(constraint);
            list.push(format!("{what} of `{key}` {state}"));
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
    names(
        key,
        "trigger",
        before.triggers.iter().map(|t| &t.name),
        after.triggers.iter().map(|t| &t.name),
        list,
    );
    names(
        key,
        "policy",
        before.policies.iter().map(|p| &p.name),
        after.policies.iter().map(|p| &p.name),
        list,
    );
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
            "is still there"
        };
        report(new, state);
    }
    for old in before.iter().filter(|old| lacks(after, old)) {
        if !named(after, old) {
            report(old, "is gone");
        }
    }
}

fn names<'a>(
    key: &Key,
    word: &str,
    before: impl Iterator<Item = &'a SmolStr> + Clone,
    after: impl Iterator<Item = &'a SmolStr> + Clone,
    list: &mut Vec<String>,
) {
    for name in after.clone().filter(|n| !before.clone().any(|o| o == *n)) {
        list.push(format!("{word} `{name}` on `{key}` is still there"));
    }
    for name in before.filter(|n| !after.clone().any(|o| o == *n)) {
        list.push(format!("{word} `{name}` on `{key}` is gone"));
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

fn views(before: &View, after: &View, list: &mut Vec<String>) {
    if !same_text(&before.query, &after.query) {
        list.push(format!(
            "view `{}` reads something else than before",
            after.key
        ));
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
            _ => words.push(ident.map_or_else(|| token.span.of(text).into(), |i| i.name)),
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
