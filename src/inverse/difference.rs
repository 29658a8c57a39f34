//! What differs between two states of a schema, for people: what a down left
//! behind, took away, or brought back in another shape.
//!
//! The order of columns and the way a definition is spelt are not differences.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::name::Name;
use crate::operation::{DataType, TypeDefinition};
use crate::schema::{
    Domain, Key, Mark, Origin, Relation, Routine, Schema, Sequence, Setting, SettingName, Table,
    signature,
};

mod body;
mod query;
mod repeat;
mod same;
mod table;

pub use repeat::{repeats_routine, repeats_view};

pub use same::{condition as same_condition, plain as plain_expression};
pub use table::{STILL_THERE, constraint_still_there, member_still_there};

/// What two definitions are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    Same,
    /// Written in another way, and nobody can tell whether it matters.
    Unclear,
    Different,
}

/// Sentences without full stop, in a fixed order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub list: Vec<String>,
    /// What may be the same in other words.
    pub unclear: Vec<String>,
    /// What most do not mind: names, comments, owners, privileges, parameters,
    /// and extensions and schemas that stay.
    pub minor: Vec<String>,
}

impl Differences {
    fn say(&mut self, text: String) {
        self.list.push(text);
    }

    /// Says what may be the same.
    fn doubt(&mut self, text: String) {
        self.unclear.push(text);
    }

    /// Leaves out what others do not say too.
    pub fn keep_common(&mut self, others: &Differences) {
        self.list.retain(|text| others.list.contains(text));
        self.unclear.retain(|text| others.unclear.contains(text));
        self.minor.retain(|text| others.minor.contains(text));
    }

    /// Says what most do not mind.
    fn hint(&mut self, text: String) {
        self.minor.push(text);
    }
}

/// What changed relations were before.
type Then<'a> = FxHashMap<&'a Key, Option<&'a Relation>>;

/// What is known of the scripts that ran between two states. What turns up
/// besides was there before, unknown to the history.
#[derive(Debug, Default)]
pub struct Between {
    /// Relations and routines that they created.
    pub created: FxHashSet<Key>,
    /// Columns that were neither there before nor taken away in between.
    pub added: FxHashSet<(Key, Name)>,
    /// Routines, with their arguments, that the first made and the second did
    /// not make again.
    pub left: Vec<(Key, Name)>,
}

/// Compares the schema as it was at `mark` with what it is now.
pub fn differences(schema: &Schema, mark: Mark, between: &Between) -> Differences {
    let mut found = Differences::default();
    relations(schema, mark, between, &mut found);
    types(schema, mark, &mut found);
    routines(schema, mark, between, &mut found);
    for change in schema.others_changed_since(mark) {
        let (kind, key) = change.key;
        let kind = kind.word();
        match (change.before, change.after) {
            (None, Some(_)) => found.say(format!("{kind} `{key}` is still there")),
            (Some(_), None) => found.say(format!("{kind} `{key}` is gone")),
            (Some(before), Some(after))
                if !before.definition.is_empty()
                    && !after.definition.is_empty()
                    && !same::text(&before.definition, &after.definition) =>
            {
                found.say(format!("{kind} `{key}` is defined in another way"));
            }
            _ => {}
        }
    }
    surroundings(schema, mark, &mut found);
    settings(schema, mark, &mut found);
    for list in [&mut found.list, &mut found.unclear, &mut found.minor] {
        list.sort_unstable();
        list.dedup();
    }
    found
}

fn relations(schema: &Schema, mark: Mark, between: &Between, found: &mut Differences) {
    let changes = schema.relations_changed_since(mark);
    let then: Then<'_> = changes.iter().map(|c| (c.key, c.before)).collect();
    for change in &changes {
        match (change.before, change.after) {
            (None, Some(Relation::Index(_))) | (Some(Relation::Index(_)), None) => {}
            (Some(Relation::Sequence(before)), Some(Relation::Sequence(after))) => {
                sequences(before, after, found);
            }
            (None, Some(Relation::Sequence(new))) if new.implicit => {
                let is_old = |s: &&Sequence| s.implicit && s.owned_by == new.owned_by;
                let gone = changes.iter().filter(|c| c.after.is_none());
                let gone = gone.filter_map(|c| match c.before {
                    Some(Relation::Sequence(old)) => Some(&**old),
                    _ => None,
                });
                if let Some(old) = gone.into_iter().find(is_old) {
                    let (old, new) = (&old.key, &new.key);
                    found.hint(format!("sequence `{old}` is called `{new}` now"));
                }
            }
            (Some(Relation::Sequence(s)), None) if s.implicit => {}
            (None, Some(after)) if between.created.contains(change.key) => {
                found.say(format!("{} `{}` is still there", word(after), change.key));
            }
            (Some(before), None) if before.origin() != Origin::Assumed => {
                found.say(format!("{} `{}` is gone", word(before), change.key));
            }
            // It was there before, and nothing is known of it: of its columns it is
            // known which were added.
            (None, Some(Relation::Table(after))) if after.origin == Origin::Assumed => {
                table::columns(&Table::assumed(after.key), after, &between.added, found);
            }
            (Some(Relation::Table(before)), Some(Relation::Table(after))) => {
                table::columns(before, after, &between.added, found);
                table::tables(schema, &then, before, after, found);
            }
            (Some(Relation::View(before)), Some(Relation::View(after))) => {
                table::views(schema, &then, before, after, found);
            }
            _ => {}
        }
    }
}

fn sequences(before: &Sequence, after: &Sequence, found: &mut Differences) {
    let key = &after.key;
    // What a column's own sequence counts mostly follows from the column's type.
    let own = before.implicit || after.implicit;
    if counting(before, own) != counting(after, own) {
        found.say(format!("sequence `{key}` counts in another way"));
    } else if let (true, Some(then), Some(now)) = (own, counted_in(before), counted_in(after))
        && then != now
    {
        found.hint(format!("sequence `{key}` is `{now}` instead of `{then}`"));
    }
    let owner = |s: &Sequence| match &s.owned_by {
        Some((table, column)) => format!("belongs to `{table}.{column}`"),
        None => "belongs to no column".to_owned(),
    };
    if before.owned_by != after.owned_by {
        found.hint(format!("sequence `{key}` {} now", owner(after)));
    }
}

/// The type of a sequence; that of an identity is the column's.
fn counted_in(sequence: &Sequence) -> Option<Name> {
    let given = sequence.options.iter().find(|(name, _)| *name == "as");
    match given {
        Some((_, ty)) => DataType::parse(ty).map(|ty| ty.name),
        None => (!sequence.implicit).then(|| "bigint".into()),
    }
}

/// The options of a sequence without those that say what holds anyway.
fn counting(sequence: &Sequence, typed_by_column: bool) -> Vec<(&'static str, Name)> {
    let usual = |name: &str, value: &str| {
        value == "no"
            || matches!(name, "increment" | "cache" | "start") && value == "1"
            || name == "as" && (typed_by_column || value.eq_ignore_ascii_case("bigint"))
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

fn types(schema: &Schema, mark: Mark, found: &mut Differences) {
    for change in schema.types_changed_since(mark) {
        let key = change.key;
        match (change.before, change.after) {
            (None, Some(_)) => found.say(format!("type `{key}` is still there")),
            (Some(_), None) => found.say(format!("type `{key}` is gone")),
            (Some(before), Some(after)) => match (&before.definition, &after.definition) {
                (TypeDefinition::Enum(old), TypeDefinition::Enum(new)) => {
                    values(key, old, new, found);
                }
                (TypeDefinition::Composite(old), TypeDefinition::Composite(new)) if old != new => {
                    found.say(format!("type `{key}` has other attributes than before"));
                }
                (TypeDefinition::Range, TypeDefinition::Range)
                    if !same::text(&before.text, &after.text) =>
                {
                    found.say(format!("type `{key}` is defined in another way"));
                }
                _ => {}
            },
            (None, None) => {}
        }
    }
    for change in schema.domains_changed_since(mark) {
        let key = change.key;
        match (change.before, change.after) {
            (None, Some(_)) => found.say(format!("domain `{key}` is still there")),
            (Some(_), None) => found.say(format!("domain `{key}` is gone")),
            (Some(before), Some(after)) if !same_domain(before, after) => {
                found.say(format!("domain `{key}` is defined in another way"));
            }
            (Some(before), Some(after)) => {
                let has = |name: &Name| before.checks.iter().any(|c| c.name == *name);
                for check in after.checks.iter().filter(|c| !has(&c.name)) {
                    let name = &check.name;
                    found.hint(format!(
                        "a constraint of domain `{key}` is called `{name}` now"
                    ));
                }
            }
            _ => {}
        }
    }
}

/// What is said of a constraint that has been validated in between, and of one
/// that no longer is.
pub const VALIDATED_NOW: &str = "is validated, which it was not";
pub const NOT_VALIDATED: &str = "is not validated";

/// What is said of the value of a type that was not there before.
pub const STILL_HAS: &str = "still has the value";

fn values(key: &Key, old: &[Name], new: &[Name], found: &mut Differences) {
    for value in new.iter().filter(|v| !old.contains(v)) {
        found.say(format!("type `{key}` {STILL_HAS} `{value}`"));
    }
    for value in old.iter().filter(|v| !new.contains(v)) {
        found.say(format!("type `{key}` lacks the value `{value}`"));
    }
    if old != new && old.len() == new.len() && old.iter().all(|v| new.contains(v)) {
        found.say(format!("type `{key}` has its values in another order"));
    }
}

fn same_domain(a: &Domain, b: &Domain) -> bool {
    let default = |d: &Domain| d.default.as_ref().map(|e| same::plain(&e.text));
    let checks = |d: &Domain| {
        let mut texts: Vec<String> = d.checks.iter().map(|c| same::plain(&c.expr.text)).collect();
        texts.sort_unstable();
        texts
    };
    a.not_null == b.not_null
        && same::data_type(&a.base, &b.base)
        && default(a) == default(b)
        && checks(a) == checks(b)
}

fn routines(schema: &Schema, mark: Mark, between: &Between, found: &mut Differences) {
    for change in schema.routines_changed_since(mark) {
        let key = change.key;
        let before = change.before.map_or(&[][..], Vec::as_slice);
        let after = change.after.map_or(&[][..], Vec::as_slice);
        let kind = |r: &Routine| if r.procedure { "procedure" } else { "function" };
        if let (Some(first), true) = (before.first(), after.is_empty()) {
            found.say(format!("{} `{key}` is gone", kind(first)));
            continue;
        }
        let like = |new: &Routine| {
            let same = |old: &&Arc<Routine>| old.takes(&new.arguments);
            before.iter().find(same)
        };
        let is_left = |new: &Routine| {
            let mut left = between.left.iter();
            schema.is_complete() && between.created.contains(key)
                || left.any(|(other, arguments)| other == key && new.takes(arguments))
        };
        for new in after {
            match like(new) {
                None if is_left(new) && key.schema != "pg_temp" => {
                    found.say(format!("{} `{key}` is still there", kind(new)));
                }
                Some(old) if !Arc::ptr_eq(old, new) => match routine_likeness(old, new) {
                    Likeness::Different => found.say(format!(
                        "{} `{key}` does something else than before",
                        kind(new)
                    )),
                    Likeness::Unclear => found.hint(format!(
                        "{} `{key}` is written in another way than before",
                        kind(new)
                    )),
                    Likeness::Same if old.altered != new.altered => {
                        altered(kind(new), key, found);
                    }
                    Likeness::Same => {}
                },
                Some(old) if old.altered != new.altered => altered(kind(new), key, found),
                _ => {}
            }
        }
    }
}

fn altered(kind: &str, key: &Key, found: &mut Differences) {
    found.hint(format!(
        "{kind} `{key}` was altered, and may not be what it was"
    ));
}

fn routine_likeness(a: &Routine, b: &Routine) -> Likeness {
    let returns = |r: &Routine| {
        let text = r.returns.unwrap_or_default();
        let ty = DataType::parse(&text).map(|ty| ty.to_string());
        ty.unwrap_or_else(|| same::plain(&text))
    };
    let arguments = |r: &Routine| {
        let list = signature::read(&r.arguments).into_iter();
        list.map(|a| (a.out, a.name, a.default)).collect::<Vec<_>>()
    };
    let blanks = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let same = a.language == b.language
        && a.volatility == b.volatility
        && returns(a) == returns(b)
        && arguments(a) == arguments(b)
        && signature::attributes(&a.definition) == signature::attributes(&b.definition);
    if !same {
        return Likeness::Different;
    }
    match a.language.as_str() {
        "sql" | "plpgsql" => body::compare(&a.body, &b.body),
        _ if blanks(&a.body) == blanks(&b.body) => Likeness::Same,
        _ => Likeness::Different,
    }
}

/// Extensions and schemas.
fn surroundings(schema: &Schema, mark: Mark, found: &mut Differences) {
    for change in schema.extensions_changed_since(mark) {
        match (change.before, change.after) {
            // Every database has it from the beginning.
            (None, Some(_)) if change.key != "plpgsql" => {
                found.hint(format!("extension `{}` is still there", change.key))
            }
            (Some(_), None) => found.hint(format!("extension `{}` is gone", change.key)),
            _ => {}
        }
    }
    for change in schema.namespaces_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(_)) if change.key != "public" => {
                found.hint(format!("schema `{}` is still there", change.key));
            }
            (Some(_), None) => found.hint(format!("schema `{}` is gone", change.key)),
            _ => {}
        }
    }
}

fn settings(schema: &Schema, mark: Mark, found: &mut Differences) {
    for change in schema.settings_changed_since(mark) {
        let key = change.key;
        let is_there = key.name.is_empty()
            || schema.relation_by_key(key).is_some()
            || schema.enum_or_type(key).is_some()
            || schema.domain(key).is_some()
            || !schema.routines(key).is_empty();
        if !is_there {
            continue;
        }
        let before = change.before.map_or(&[][..], |list| list.as_slice());
        let after = change.after.map_or(&[][..], |list| list.as_slice());
        // Of a comment only that it is there: who mends its words wants to keep
        // them. An empty one is none.
        let is_comment = |s: &Setting, a: &Setting| {
            let says = |s: &Setting| s.name == SettingName::Comment && &*s.value != "''";
            says(s) && says(a) && s.kind == a.kind && s.member == a.member
        };
        let differs = |a: &&Setting, other: &[Setting]| {
            !other.contains(a) && !is_usual(a) && !other.iter().any(|s| is_comment(s, a))
        };
        let all = before.iter().filter(|s| differs(s, after));
        let all = all.chain(after.iter().filter(|s| differs(s, before)));
        for setting in all {
            let place = match setting.member.as_str() {
                "" if key.name.is_empty() => format!("schema `{}`", key.schema),
                "" => format!("`{key}`"),
                arguments if setting.kind.is_routine() => format!("`{key}({arguments})`"),
                member => format!("`{member}` of `{key}`"),
            };
            let what = match setting.name {
                SettingName::Comment => "the comment of",
                SettingName::Owner => "the owner of",
                SettingName::Grant { .. } => "a privilege on",
                SettingName::Firing => {
                    let kind = setting.kind.word();
                    found.say(format!("{kind} {place} fires in another way than before"));
                    continue;
                }
                SettingName::ForceRowSecurity => {
                    let now = match after.contains(setting) {
                        true => "is still",
                        false => "is no longer",
                    };
                    found.say(format!(
                        "row level security of {place} {now} forced on its owner"
                    ));
                    continue;
                }
                _ => "a setting of",
            };
            found.hint(format!("{what} {place} is not what it was"));
        }
    }
}

/// Whoever runs the migrations owns what they create.
fn is_usual(setting: &Setting) -> bool {
    const RUNNER: &[&str] = &["current_user", "current_role", "session_user"];
    let is = |word: &&str| setting.value.eq_ignore_ascii_case(word);
    setting.name == SettingName::Owner && RUNNER.iter().any(is)
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
