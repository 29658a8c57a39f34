//! The database no longer holds what it held.

use crate::finding::Severity;
use crate::name::Name;
use crate::operation::{
    Action, ConstraintKind, DomainChange, Ident, Kind, ObjectKind, ObjectName, Target,
};
use crate::rule::one_line;
use crate::rule::{
    Check, Facet, Findings, MOST_CHECKS, OperationContext, Rule, Uniqueness, constraint,
    keeps_null_out, listed, on_one_line, same_expression, sql_ident, sql_key, sql_object,
};
use crate::schema::{Key, TableConstraint, names_in};
use std::sync::Arc;

pub const RULE: Rule = Rule {
    id: "drop-constraint",
    page: include_str!("../../rules/drop-constraint.md"),
    check: Check::Operation {
        on: &[
            Kind::DropConstraint,
            Kind::AlterDomain,
            Kind::Drop,
            Kind::Rename,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let (table, name, if_exists) = match &cx.operation.action {
        Action::DropConstraint {
            table,
            name,
            if_exists,
            ..
        } => (table, name, if_exists),
        Action::AlterDomain {
            name: domain,
            change: DomainChange::DropConstraint { name, .. },
        } => return of_domain(cx, findings, domain, name),
        _ => return exchanged(cx, findings),
    };
    let known = cx.table(&table.name);
    let old = known.and_then(|t| t.constraint(&name.name));
    let absent = old.is_none() && (*if_exists || known.is_some_and(|t| t.is_known()));
    if absent || !cx.is_used(table) || cx.is_dropped_later(&table.name) {
        return;
    }
    // Nobody has relied on what this migration made itself.
    if old.is_some_and(|old| old.added_in == cx.schema.migration()) {
        return;
    }
    if cx.is_primary_key(table, &name.name) {
        return;
    }
    let key = known.zip(old);
    let key = key.and_then(|(table, old)| Uniqueness::of_constraint(table.key, old));
    // Another key, of now or of later, may keep out less than this one.
    let is_kept = match &key {
        Some(key) => cx.stays_unique(key),
        None => cx.is_constraint_put_back(table, &name.name),
    };
    if is_kept {
        return;
    }
    // What it refers to goes, and that says all.
    let to = old.and_then(|old| old.references.as_ref());
    if old.is_some_and(|old| has_a_twin(cx, table, old)) || to.is_some_and(|to| cx.goes_later(to)) {
        return;
    }
    let leaves_orphans = cx.leaves_orphans();
    let what = match old.map(|c| &c.definition.kind) {
        Some(ConstraintKind::Check(check)) if proven_elsewhere(cx, table, &check.text) => return,
        Some(ConstraintKind::Check(check)) => format!(
            "check `{}`: rows that break `{}` can come in",
            name.name,
            one_line(&check.text)
        ),
        Some(ConstraintKind::Unique(_)) => {
            format!(
                "unique constraint `{}`: {NO_TARGET}; duplicates can come in",
                name.name
            )
        }
        Some(ConstraintKind::ForeignKey(key)) if leaves_orphans => {
            let (so_far, stays) = match key.takes_along() {
                true => ("takes along", "stay"),
                false => ("clears the references of", "keep them"),
            };
            format!(
                "foreign key `{}`: a DELETE of the old release from `{}` no longer {so_far} rows of `{}`: they {stays}, and refer to nothing",
                name.name, key.references, table.name
            )
        }
        Some(ConstraintKind::ForeignKey(key)) => {
            format!(
                "foreign key `{}`: rows that refer to nothing in `{}` can come in",
                name.name, key.references
            )
        }
        Some(ConstraintKind::Exclude { .. }) => format!(
            "exclusion constraint `{}`: conflicting rows can come in",
            name.name
        ),
        Some(ConstraintKind::NotNull(_)) => return,
        _ => format!("constraint `{}`: rows that break it can come in", name.name),
    };
    if old.is_some_and(|c| c.columns.iter().any(|c| cx.column_goes(table, c)))
        || !leaves_orphans && restored_by_down(cx, table, &name.name, old)
    {
        return;
    }
    let (then, mut restore) = way_back(cx, table, name, old);
    if old.is_some_and(|old| names_change(cx, table, old)) {
        "keep a statement that restores it under the names that this migration gives"
            .clone_into(&mut restore);
    }
    let severity = match old {
        Some(_) if !leaves_orphans => Severity::Info,
        _ => Severity::Warning,
    };
    findings
        .report(cx.operation.place, format!("drops {what}{then}"))
        .severity(severity)
        .confidence(cx.confidence(&table.name))
        .help(format!(
            "Drop it once no release relies on it, and {restore}"
        ));
}

/// A domain no longer asks for what it asked for, and gets no other check.
fn of_domain(
    cx: &OperationContext<'_>,
    findings: &mut Findings,
    domain: &ObjectName,
    name: &Ident,
) {
    let key = cx.type_key(domain);
    let known = cx.schema.domain(&key);
    let check = known.and_then(|known| known.checks.iter().find(|check| check.name == name.name));
    let Some(check) = check else {
        return;
    };
    let is_same = |name: &ObjectName| cx.type_key(name) == key;
    let is_replaced = cx.later().any(|op| match &op.action {
        Action::AlterDomain {
            name,
            change: DomainChange::AddConstraint { check: Some(_), .. },
        }
        | Action::Drop { name, .. } => is_same(name),
        _ => false,
    });
    if is_replaced || cx.is_new_type(&key) || cx.columns_of_type(&key).is_empty() {
        return;
    }
    let (sql, text) = (sql_object(domain), on_one_line(&check.expr.text));
    let (name, quoted) = (&name.name, sql_ident(name));
    findings
        .report(
            cx.operation.place,
            format!(
                "drops check `{name}` of domain `{domain}`: values that break `{}` can come in, and then it can be added back only as NOT VALID",
                one_line(&check.expr.text)
            ),
        )
        .severity(Severity::Info)
        .help(format!(
            "Drop it once no release relies on it, and keep the statements that restore it; look for values in the way of the second before:\n\
             ALTER DOMAIN {sql} ADD CONSTRAINT {quoted} CHECK ({text}) NOT VALID;\n\
             ALTER DOMAIN {sql} VALIDATE CONSTRAINT {quoted};"
        ));
}

/// What the old release meets where a key goes (conflict_expression_missing).
const NO_TARGET: &str = "an ON CONFLICT of the old release that rests on it fails";

/// A table takes the place of another, and has not all of its keys.
fn exchanged(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(exchange) = cx.exchange().filter(|exchange| !exchange.keys.is_empty()) else {
        return;
    };
    let name = exchange.name;
    let keys = exchange.keys.iter();
    let keys: Vec<String> = keys.map(|key| format!("`{}`", key.join(", "))).collect();
    findings
        .report(
            cx.operation.place,
            format!(
                "puts a table in the place of `{name}` in which {} is no key: duplicates can come in, and an ON CONFLICT of the old release that names it fails",
                listed(&keys)
            ),
        )
        .severity(Severity::Info)
        .confidence(cx.confidence(name))
        .help("Give the new table the key, or release code that does without it first");
}

/// Does the script give a column of the constraint, or what it refers to, another
/// name later?
fn names_change(cx: &OperationContext<'_>, table: &Target, old: &TableConstraint) -> bool {
    let checked: Vec<Name> = match &old.definition.kind {
        ConstraintKind::Check(expr) => names_in(&expr.text).collect(),
        _ => Vec::new(),
    };
    let column = |of: &Key, columns: &[Name]| {
        cx.later_on(Facet::Table, &of.name)
            .any(|op| match &op.action {
                Action::RenameColumn { table, column, .. } => {
                    cx.schema.resolve(&table.name) == *of && columns.contains(&column.name)
                }
                _ => false,
            })
    };
    let referenced = old.references.as_ref();
    let own = cx.schema.resolve(&table.name);
    column(&own, &old.columns)
        || column(&own, &checked)
        || referenced.is_some_and(|to| column(to, &old.referenced) || cx.is_renamed_later(to))
}

/// What rows that have come in stand in the way of, and how to restore the
/// constraint.
fn way_back(
    cx: &OperationContext<'_>,
    table: &Target,
    name: &Ident,
    old: Option<&Arc<TableConstraint>>,
) -> (&'static str, String) {
    const NOT_ADDED: &str = ", and then it cannot be added back";
    let sql = match cx.names_to_come(&table.name)[..] {
        [_, .., last] => sql_key(&last),
        _ => sql_object(&table.name),
    };
    // What takes its name has to go.
    let (first, instead) = match cx.taker_of_name(&table.name, &name.name) {
        Some(ObjectKind::Index) => {
            let index = Key::new(cx.schema.resolve(&table.name).schema, name.name);
            (format!("DROP INDEX {};\n", sql_key(&index)), String::new())
        }
        Some(_) => (
            String::new(),
            format!("DROP CONSTRAINT {}, ", sql_ident(name)),
        ),
        None => Default::default(),
    };
    let one = |definition: String| {
        format!(
            "keep the statement that restores it; look for rows in its way before:\n\
             {first}ALTER TABLE {sql} {instead}ADD {definition};"
        )
    };
    let Some(old) = old else {
        return (NOT_ADDED, one(format!("CONSTRAINT {} …", sql_ident(name))));
    };
    let own = &old.definition;
    let definition = on_one_line(&constraint::definition(old));
    if !old.validated || own.not_enforced {
        let keep = format!(
            "keep the statement that restores it:\n{first}ALTER TABLE {sql} {instead}ADD {definition};"
        );
        return ("", keep);
    }
    // Before version 18 a partitioned table takes no foreign key NOT VALID.
    let spares_rows = match own.kind {
        ConstraintKind::Check(_) => true,
        ConstraintKind::ForeignKey(_) => !cx.is_partitioned(&table.name),
        _ => false,
    };
    if !spares_rows {
        return (NOT_ADDED, one(definition));
    }
    let keep = format!(
        "keep the statements that restore it; look for rows in the way of the second before:\n\
         {first}ALTER TABLE {sql} {instead}ADD {};\n\
         ALTER TABLE {sql} VALIDATE CONSTRAINT {};",
        constraint::unchecked(old),
        sql_ident(name)
    );
    (", and then it can be added back only as NOT VALID", keep)
}

/// The check that was there to make SET NOT NULL cheap.
fn proven_elsewhere(cx: &OperationContext<'_>, table: &Target, check: &str) -> bool {
    cx.table(&table.name).is_some_and(|t| {
        t.columns.iter().any(|c| {
            t.is_not_null(&c.name)
                && keeps_null_out(check, &c.name)
                && !check.to_ascii_lowercase().contains("and")
        })
    })
}

/// Another reference or check keeps out the same rows.
fn has_a_twin(cx: &OperationContext<'_>, table: &Target, old: &TableConstraint) -> bool {
    let known = cx.table(&table.name);
    let others = known.into_iter().flat_map(|table| &table.constraints);
    others
        .filter(|other| other.name != old.name)
        .filter(|other| other.validated && !other.definition.not_enforced)
        .filter(|other| other.columns == old.columns)
        .take(MOST_CHECKS)
        .any(
            |other| match (&other.definition.kind, &old.definition.kind) {
                (ConstraintKind::ForeignKey(own), ConstraintKind::ForeignKey(key)) => {
                    other.references.is_some()
                        && other.references == old.references
                        && other.columns == old.columns
                        && other.referenced == old.referenced
                        && own.match_full == key.match_full
                }
                (ConstraintKind::Check(own), ConstraintKind::Check(check)) => {
                    other.definition.no_inherit <= old.definition.no_inherit
                        && same_expression(&own.text, &check.text)
                }
                _ => false,
            },
        )
}

/// The down adds it again; whether that works is the business of the rules
/// about duplicates and orphans.
fn restored_by_down(
    cx: &OperationContext<'_>,
    table: &Target,
    name: &str,
    old: Option<&Arc<TableConstraint>>,
) -> bool {
    let told_there = old.is_some_and(|c| {
        matches!(
            c.definition.kind,
            ConstraintKind::Unique(_) | ConstraintKind::ForeignKey(_)
        )
    });
    told_there && cx.constraint_goes_back(table, name)
}
