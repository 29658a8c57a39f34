//! A new enum value is used in the transaction that adds it.

use rustc_hash::FxHashMap;

use crate::effect::Lock;
use crate::finding::Confidence;
use crate::operation::{Action, ObjectName};
use crate::rule::{Check, Facet, Findings, MigrationContext, Rule, Step, sql_object, subject};
use crate::schema::{Key, Table};

pub const RULE: Rule = Rule {
    id: "enum-value-used-early",
    page: include_str!("../../rules/enum-value-used-early.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    // Which steps added a value, by their transaction and the value's literal.
    let mut added: FxHashMap<(u32, String), Vec<(&Step<'_>, &ObjectName)>> = FxHashMap::default();
    for (at, step) in cx.steps.iter().enumerate() {
        let Some(transaction) = step.run.transaction else {
            continue;
        };
        if let Action::AddEnumValue { name, value, .. } = &step.operation.action {
            if !is_free(cx, at, name) && is_added(cx, name, value) {
                let literal = format!("'{}'", value.replace('\'', "''"));
                added
                    .entry((transaction, literal))
                    .or_default()
                    .push((step, name));
            }
            continue;
        }
        if added.is_empty() || !evaluates(cx, &step.operation.action) {
            continue;
        }
        let text = cx.text(step, step.operation.clause);
        for literal in literals(text) {
            let Some(unused) = added.get_mut(&(transaction, literal.to_string())) else {
                continue;
            };
            unused.retain(|(adding, name)| {
                let confidence = uses(cx, step, text, literal, name);
                if let Some(confidence) = confidence {
                    report(findings, (adding, name), step, literal, confidence);
                }
                confidence.is_none()
            });
        }
    }
}

fn report(
    findings: &mut Findings,
    (adding, name): (&Step<'_>, &ObjectName),
    user: &Step<'_>,
    literal: &str,
    confidence: Confidence,
) {
    let place = adding.place();
    findings
        .report_in(
            user.source,
            user.operation.place,
            format!("{literal} is used in the transaction that adds it to `{name}`, which PostgreSQL refuses"),
        )
        .help(format!(
            "add the value in a migration of its own, so that it is committed before it is used:\n  \
             ALTER TYPE {} ADD VALUE {literal};",
            sql_object(name)
        ))
        .confidence(confidence)
        .related(place, "the value is added here");
}

/// What may be a string literal: from each quote to the next that is not
/// doubled. Bodies in dollar quotes are looked into too.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('\'').filter_map(|(start, _)| {
        let rest = &text.as_bytes()[start + 1..];
        let mut quotes = memchr::memchr_iter(b'\'', rest).peekable();
        loop {
            let end = quotes.next()?;
            match quotes.peek() {
                Some(next) if *next == end + 1 => {
                    quotes.next();
                }
                _ => return Some(&text[start..start + end + 2]),
            }
        }
    })
}

/// Does a statement compute with the literals in it?
fn evaluates(cx: &MigrationContext<'_>, action: &Action) -> bool {
    match action {
        // Bodies in SQL are looked at when they are created.
        Action::CreateRoutine(create) => {
            create.language == "sql" && !cx.schema.session().bodies_unchecked
        }
        Action::AddEnumValue { .. }
        | Action::RenameEnumValue { .. }
        | Action::Comment { .. }
        | Action::CreateType(_) => false,
        _ => true,
    }
}

/// Where the value was there before, IF NOT EXISTS adds nothing.
fn is_added(cx: &MigrationContext<'_>, name: &ObjectName, value: &str) -> bool {
    let entry = cx.schema.enum_or_type(&enum_key(cx, name));
    entry.is_none_or(|entry| {
        let now = cx.schema.migration();
        let mut added = entry.added_values.iter();
        added.any(|(known, migration)| known == value && *migration == now)
    })
}

/// From PostgreSQL 17 on the values of a type that the same transaction
/// created may be used at once.
fn is_free(cx: &MigrationContext<'_>, at: usize, name: &ObjectName) -> bool {
    cx.scene.dialect.version >= 17
        && cx.earlier_on(at, Facet::Object, &name.name).any(|step| {
            matches!(&step.operation.action, Action::CreateType(create) if create.name == *name)
                && step.run.transaction == cx.steps[at].run.transaction
        })
}

/// How sure it is that the literal means the enum's value there.
fn uses(
    cx: &MigrationContext<'_>,
    step: &Step<'_>,
    text: &str,
    literal: &str,
    name: &ObjectName,
) -> Option<Confidence> {
    let action = &step.operation.action;
    if text.contains(&format!("{literal}::")) || text.contains(name.name.as_str()) {
        return Some(Confidence::High);
    }
    let ty = enum_key(cx, name);
    let has = |table: &Table| {
        let mut columns = table.columns.iter();
        columns.any(|column| cx.schema.type_key(&column.ty) == ty)
    };
    let table = match action {
        Action::CreateTable(create) => &create.name,
        Action::CreateView(create) => {
            let uses = create.reading.iter().flat_map(|reading| &reading.uses);
            let mut tables = uses.filter_map(|used| cx.schema.table(&used.relation));
            return tables
                .any(|table| {
                    let mut columns = table.columns.iter();
                    columns.any(|column| {
                        cx.schema.type_key(&column.ty) == ty
                            && is_compared(text, literal, &column.name)
                    })
                })
                .then_some(Confidence::High);
        }
        Action::Select { .. } => {
            let mut read = step.effect.locks.iter();
            let table = |l: &Lock| cx.schema.table_by_key(&l.relation).is_some_and(|t| has(t));
            return read.any(table).then_some(Confidence::High);
        }
        action => subject(action)?,
    };
    match cx.schema.table(table) {
        Some(table) if table.is_known() => has(table).then_some(Confidence::High),
        _ => Some(Confidence::Low),
    }
}

/// Does a comparison with the column stand right before the literal?
fn is_compared(text: &str, literal: &str, column: &str) -> bool {
    text.match_indices(literal).any(|(at, _)| {
        let before = text[..at].trim_end();
        let operand = ["=", "<>", "!=", "<", ">"]
            .iter()
            .find_map(|operator| before.strip_suffix(operator));
        operand.is_some_and(|operand| {
            let operand = operand.trim_end().trim_end_matches('"');
            operand.len() >= column.len()
                && operand.is_char_boundary(operand.len() - column.len())
                && operand[operand.len() - column.len()..].eq_ignore_ascii_case(column)
                && !operand[..operand.len() - column.len()]
                    .ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
        })
    })
}

fn enum_key(cx: &MigrationContext<'_>, name: &ObjectName) -> Key {
    match &name.schema {
        Some(schema) => Key::new(*schema, name.name),
        None => cx.schema.resolve_type(&name.name),
    }
}
