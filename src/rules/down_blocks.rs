//! A down stops writes while it works.

use crate::effect::LockMode;
use crate::effect::ScanKind;
use crate::operation::{self, Action, ConstraintKind, Ident, ObjectKind, ObjectName, Operation};
use crate::rule::{
    Check, Facet, Findings, MigrationContext, NEARBY, Rule, Step, is_catalog, listed, mentions,
    sql_name, sql_object, takes_every_row, who_waits,
};
use crate::schema::{Key, Origin};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::hash_map::Entry;

pub const RULE: Rule = Rule {
    id: "down-blocks",
    page: include_str!("../../rules/down-blocks.md"),
    check: Check::Down(check),
};

/// What a step keeps others from, as a sentence around the table, and what to
/// do instead.
struct Blocked {
    at: usize,
    weight: Weight,
    table: Key,
    before: String,
    after: String,
    help: String,
}

/// What takes longest comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Rewrite,
    Scan,
    BehindLock,
    Rows,
    Lock,
}

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let held = cx.locks_held();
    let mut all: Vec<Blocked> = Vec::new();
    for (at, step) in cx.steps.iter().enumerate() {
        // What fails keeps nobody waiting.
        if step.fails() {
            continue;
        }
        all.extend(works_under_lock(cx, at, held[at]));
        all.extend(works_behind_lock(cx, at, held[at]));
        all.extend(changes_all_rows(cx, at, step));
        all.extend(drops_index(cx, at, step));
        all.extend(locks_table(cx, at, step));
    }
    all.sort_by_key(|blocked| (blocked.weight, blocked.at));
    // Once is enough for a table and for a statement: what blocks longest.
    let mut tables: FxHashSet<Key> = FxHashSet::default();
    let mut statements: FxHashMap<u32, usize> = FxHashMap::default();
    let mut told: Vec<(Blocked, Vec<String>)> = Vec::new();
    for blocked in all {
        if !tables.insert(blocked.table) || is_of_nobody(cx, &blocked.table) {
            continue;
        }
        let table = format!("`{}`", blocked.table);
        match statements.entry(cx.steps[blocked.at].statement) {
            Entry::Vacant(entry) => {
                entry.insert(told.len());
                told.push((blocked, vec![table]));
            }
            Entry::Occupied(entry) => {
                let (first, others) = &mut told[*entry.get()];
                if first.before == blocked.before && first.after == blocked.after {
                    others.push(table);
                }
            }
        }
    }
    for (blocked, tables) in told {
        let step = &cx.steps[blocked.at];
        let tables = listed(&tables);
        let fact = format!("the down {}{tables}{}", blocked.before, blocked.after);
        findings
            .report_in(step.source, step.operation.place, fact)
            .help(blocked.help);
    }
}

/// Reads or rewrites a table under a lock of its own.
fn works_under_lock(cx: &MigrationContext<'_>, at: usize, held: Option<usize>) -> Option<Blocked> {
    let step = &cx.steps[at];
    // A table with rows, which it would have to read, refuses it.
    let refused = step.effect.refusal.as_ref().is_some_and(|r| r.on_rows);
    let worked = step
        .effect
        .worked_under_lock()
        .filter(|_| step.visible && !refused);
    // Whoever reads it fails until then, and waits at most.
    if matches!(&step.operation.action, Action::RefreshView { name, .. } if was_emptied(cx, name)) {
        return None;
    }
    let is_rewritten = |key: &Key| step.effect.rewrites.contains(key);
    let (key, mode) = worked
        .filter(|(key, _)| !cx.schema.is_created_now(key))
        .min_by_key(|(key, _)| !is_rewritten(key))?;
    let wait = waiting(cx, at, held, (key, mode));
    let retyped = match &step.operation.action {
        Action::AlterColumnType { column, .. } => Some(column),
        _ => None,
    };
    let is_rebuilt = !step.effect.index_rebuilds.is_empty();
    let (weight, before, after, help) = match (is_rewritten(key), retyped) {
        (true, Some(column)) => (
            Weight::Rewrite,
            "writes ",
            format!(" anew {wait}"),
            format!(
                "Put a column of the old type beside it in a migration of its own, fill it a few thousand rows at a time{}, and let the down exchange the two: drop the one, rename the other{}",
                given(cx, key, column),
                if has_names(cx, key, column) { " and what was built on it" } else { "" }
            ),
        ),
        (true, None) => (
            Weight::Rewrite,
            "writes ",
            format!(" anew {wait}"),
            match &step.operation.action {
                Action::RefreshView { name, .. } => beside_readers(cx, name),
                _ => "Spare the table that: add a bare column beside the others, fill it a few thousand rows at a time, and set its default, NOT NULL and constraints afterwards".to_owned(),
            },
        ),
        (false, Some(column)) if is_rebuilt => (
            Weight::Scan,
            "builds indexes of ",
            format!(" anew {wait}"),
            format!(
                "Put a column of the old type beside it{}, or drop the indexes before it and build them after it, CONCURRENTLY and outside of the transaction",
                given(cx, key, column)
            ),
        ),
        _ => (
            Weight::Scan,
            "reads all of ",
            format!(" {wait}"),
            less_work(cx, at),
        ),
    };
    Some(Blocked {
        at,
        weight,
        table: *key,
        before: before.into(),
        after,
        help,
    })
}

/// How a materialized view is filled without keeping its readers waiting.
fn beside_readers(cx: &MigrationContext<'_>, name: &ObjectName) -> String {
    let sql = sql_object(name);
    let has_key = { cx.schema.view(name) }.is_some_and(|view| cx.schema.has_plain_key(view));
    let needs = match has_key {
        true => "",
        false => ", which needs a unique index over plain columns of the view",
    };
    format!("Let its readers go on: REFRESH MATERIALIZED VIEW CONCURRENTLY {sql}{needs}")
}

/// Does the up leave a materialized view without rows, so that nobody can read it?
fn was_emptied(cx: &MigrationContext<'_>, name: &ObjectName) -> bool {
    let key = cx.schema.resolve(name);
    let last = cx.scene.forth.iter().rev().find_map(|op| match &op.action {
        Action::RefreshView {
            name, with_data, ..
        } => (cx.schema.resolve(name) == key).then_some(*with_data),
        Action::CreateView(create) => {
            (cx.schema.resolve(&create.name) == key).then_some(create.with_data)
        }
        _ => None,
    });
    last == Some(false)
}

/// Who waits, and for what: a statement holds the strongest lock of all that it
/// does and that its transaction has done before, and a foreign key has two
/// tables. `held` is the first step that closed a table to readers.
fn waiting(
    cx: &MigrationContext<'_>,
    at: usize,
    held: Option<usize>,
    (key, mode): (&Key, LockMode),
) -> String {
    let step = &cx.steps[at];
    // Statements are counted through the script.
    let first = cx
        .steps
        .partition_point(|other| other.statement < step.statement);
    let together = cx.steps[first..].iter();
    let together = together.take_while(|other| other.statement == step.statement);
    let nearby = at.saturating_sub(NEARBY);
    let before = cx.steps[held.unwrap_or(at).max(nearby)..at].iter();
    let before = before.filter(|other| cx.unit(other) == cx.unit(step));
    let locks = together
        .chain(before)
        .flat_map(|other| &other.effect.locks)
        .filter(|lock| !lock.created);
    let strongest = |of: &Key| {
        let own = locks.clone().filter(|lock| lock.relation == *of);
        own.map(|lock| lock.mode).max()
    };
    let mode = strongest(key).map_or(mode, |strongest| strongest.max(mode));
    let mut wait = format!("while {} wait for it", who_waits(mode));
    if let Some(ConstraintKind::ForeignKey(foreign)) = added(&step.operation.action)
        && let other = cx.schema.resolve(&foreign.references)
        && other != *key
        && !cx.schema.is_created_now(&other)
        && let Some(held) = strongest(&other).filter(|held| held.blocks_writes())
    {
        match who_waits(held) == who_waits(mode) {
            true => wait.push_str(&format!(" and for `{other}`")),
            false => wait.push_str(&format!(", and {} for `{other}`", who_waits(held))),
        }
    }
    wait
}

/// The constraint that an operation adds.
fn added(action: &Action) -> Option<&ConstraintKind> {
    match action {
        Action::AddConstraint { constraint, .. } => Some(&constraint.kind),
        Action::AddColumn { constraints, .. } => constraints.first().map(|c| &c.kind),
        _ => None,
    }
}

/// How the same comes about without the scan under the lock.
fn less_work(cx: &MigrationContext<'_>, at: usize) -> String {
    let action = &cx.steps[at].operation.action;
    let plain = match (action, added(action)) {
        (Action::SetNotNull { table, column }, _) => {
            if adds(cx, at, &table.name, &column.name) {
                return format!(
                    "Add `{}` with NOT NULL and a default that stands for the rows that are there: then no row is read, and none written",
                    column.name
                );
            }
            return format!(
                "Prove it first: `CHECK ({})` on `{}`, added NOT VALID and validated in a transaction of its own, lets SET NOT NULL read no row",
                present_together(cx, at, &table.name),
                table.name
            );
        }
        (Action::CreateIndex(_), _) => {
            return format!(
                "{} the index CONCURRENTLY, outside of a transaction",
                build(cx, at)
            );
        }
        (_, Some(ConstraintKind::ForeignKey(_) | ConstraintKind::Check(_))) => {
            "Add the constraint NOT VALID, and validate it afterwards in a transaction of its own, while writes go on"
        }
        (_, Some(kind @ (ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key)))) => {
            let nullable = match kind {
                ConstraintKind::PrimaryKey(_) => nullable(cx, at, key),
                _ => Vec::new(),
            };
            let prove = match nullable.as_slice() {
                [] => String::new(),
                columns => format!(
                    ", prove {} with a CHECK that is added NOT VALID and validated in a transaction of its own",
                    listed(columns)
                ),
            };
            return format!(
                "{} the unique index CONCURRENTLY, outside of a transaction{prove}, and then add the constraint USING INDEX",
                build(cx, at)
            );
        }
        (Action::AttachPartition { .. }, _) => {
            "Prove its bounds first: a CHECK on the partition, added NOT VALID and validated in a transaction of its own, lets ATTACH PARTITION read no row"
        }
        _ => {
            "Do what reads the table in a transaction of its own, apart from what only changes the catalog"
        }
    };
    plain.to_owned()
}

/// Does the down itself add the column?
fn adds(cx: &MigrationContext<'_>, at: usize, table: &ObjectName, column: &str) -> bool {
    let mut earlier = cx.earlier_on(at, Facet::Part, column);
    earlier.any(|step| match &step.operation.action {
        Action::AddColumn {
            table: of,
            column: own,
            ..
        } => own.name == column && of.name.name == table.name,
        _ => false,
    })
}

/// The condition that proves all columns which a statement makes NOT NULL: one
/// that is left out has all rows read.
fn present_together(cx: &MigrationContext<'_>, at: usize, table: &ObjectName) -> String {
    let statement = cx.steps[at].statement;
    let together = cx.steps[at..].iter();
    let together = together.take_while(|step| step.statement == statement);
    let columns = together.filter_map(|step| match &step.operation.action {
        Action::SetNotNull { table: of, column } if of.name.name == table.name => {
            Some(format!("{} IS NOT NULL", sql_name(&column.name)))
        }
        _ => None,
    });
    columns.collect::<Vec<_>>().join(" AND ")
}

/// The columns of a new primary key that hold NULL for all that the up left
/// behind: without proof every row is read, also where the key adopts an index.
fn nullable(cx: &MigrationContext<'_>, at: usize, key: &operation::Key) -> Vec<String> {
    let Action::AddConstraint { table, .. } = &cx.steps[at].operation.action else {
        return Vec::new();
    };
    let down = cx.earlier_on(at, Facet::Table, &table.name.name);
    let down: Vec<&Operation> = down.map(|step| step.operation).collect();
    let is_nullable = |name: &str| {
        let mut both = down.iter().rev().chain(cx.scene.forth.iter().rev());
        both.find_map(|op| match &op.action {
            Action::DropNotNull { table: of, column } => {
                (of.name == table.name && column.name == name).then_some(true)
            }
            Action::SetNotNull { table: of, column } => {
                (of.name == table.name && column.name == name).then_some(false)
            }
            _ => None,
        }) == Some(true)
    };
    let columns = key.columns.iter().filter(|column| is_nullable(column));
    let columns = columns.map(|column| format!("`{} IS NOT NULL`", sql_name(column)));
    columns.collect()
}

/// An index outside of the transaction does not see the columns that the down
/// adds in it.
fn build(cx: &MigrationContext<'_>, at: usize) -> String {
    let step = &cx.steps[at];
    let (table, text) = match &step.operation.action {
        Action::AddConstraint { table, .. } => (&table.name, step.operation.clause),
        Action::CreateIndex(create) => (&create.table, step.operation.clause),
        _ => return "Build".into(),
    };
    let text = cx.text(step, text);
    let earlier = cx.earlier_on(at, Facet::Table, &table.name);
    let new = earlier.filter_map(|earlier| match &earlier.operation.action {
        Action::AddColumn {
            table: own, column, ..
        } if own.name == *table && mentions(text, &column.name) => {
            Some(format!("`{}`", column.name))
        }
        _ => None,
    });
    let new: Vec<String> = new.collect();
    match new.is_empty() {
        true => "Build".into(),
        false => format!("With {} in place and committed, build", listed(&new)),
    }
}

/// What the column that is to take the place of another has to be given before:
/// DROP COLUMN takes it along without a word.
fn given(cx: &MigrationContext<'_>, table: &Key, column: &Ident) -> String {
    let goes = goes_along(cx, table, column);
    let is_index = |part: &String| part.contains("key ") || part.contains("index");
    let built = match goes.iter().any(is_index) {
        true => "; build indexes CONCURRENTLY, outside of a transaction",
        false => "",
    };
    match goes.is_empty() {
        true => String::new(),
        false => format!(
            ", give it what DROP COLUMN takes away with `{}` ({}{built})",
            column.name,
            listed(&goes)
        ),
    }
}

/// Is there something among it that has a name, which the down has to give back?
fn has_names(cx: &MigrationContext<'_>, table: &Key, column: &Ident) -> bool {
    let goes = goes_along(cx, table, column);
    let is_named = |part: &String| part.ends_with('`') && !part.starts_with("default");
    goes.iter().any(is_named)
}

fn goes_along(cx: &MigrationContext<'_>, table: &Key, column: &Ident) -> Vec<String> {
    let known = cx.schema.table_by_key(table);
    match known.is_some_and(|table| table.is_known()) {
        true => cx.has_to_stand_on(table, &column.name),
        false => vec!["indexes, constraints, default and NOT NULL".to_owned()],
    }
}

/// Takes its time while an earlier statement of its transaction keeps a table
/// closed.
fn works_behind_lock(cx: &MigrationContext<'_>, at: usize, held: Option<usize>) -> Option<Blocked> {
    let step = &cx.steps[at];
    if step.effect.forbidden_in_transaction.is_some() {
        return None;
    }
    let work = || {
        if let Action::Update(_) | Action::Delete(_) | Action::Insert(_) = step.operation.action {
            let table = cx.mass_change(step).filter(|table| stays(cx, table))?;
            let verb = match step.operation.action {
                Action::Delete(_) => "deletes",
                _ => "changes the",
            };
            return Some(format!("{verb} rows of `{table}`"));
        }
        if cx.blocked(step).is_some() {
            return None;
        }
        let mut scans = step.effect.scans.iter();
        let scan = scans.find(|s| {
            s.kind > ScanKind::Blocks && !is_catalog(&s.relation) && !cx.is_new_key(&s.relation)
        })?;
        Some(format!("reads all of `{}`", scan.relation))
    };
    let (lock, wait) = match held {
        Some(lock) => (&cx.steps[lock], "reads and writes"),
        None => (cx.added_before_validation(at)?, "writes"),
    };
    let strongest = cx.strongest_visible_lock(lock).map(|(key, _)| key);
    let key = strongest.or_else(|| cx.locked_table(lock))?;
    Some(Blocked {
        at,
        weight: Weight::BehindLock,
        table: *key,
        before: format!("{} while its transaction keeps {wait} of ", work()?),
        after: " waiting".into(),
        help: "Do what takes time in a transaction of its own, or in front of the statement that takes the lock".into(),
    })
}

fn changes_all_rows(cx: &MigrationContext<'_>, at: usize, step: &Step<'_>) -> Option<Blocked> {
    let (before, help) = match &step.operation.action {
        Action::Update(_) => (
            "may change every row of ",
            "Change a few thousand rows at a time, each batch in its own transaction",
        ),
        // All rows are lost, which has a rule of its own.
        Action::Delete(delete) if takes_every_row(delete.filter.as_ref().map(|f| &*f.text)) => {
            return None;
        }
        Action::Delete(delete) if !cx.clears_leftovers(delete) => (
            "may delete every row of ",
            "Delete a few thousand rows at a time, each batch in its own transaction",
        ),
        _ => return None,
    };
    let table = cx.mass_change(step).filter(|table| stays(cx, table))?;
    Some(Blocked {
        at,
        weight: Weight::Rows,
        table: cx.schema.resolve(table),
        before: before.into(),
        after: " in one statement, all locked until it ends".into(),
        help: help.into(),
    })
}

/// Drops with a strong lock what the up took care to create with a weak one.
fn drops_index(cx: &MigrationContext<'_>, at: usize, step: &Step<'_>) -> Option<Blocked> {
    let Action::Drop {
        kind: ObjectKind::Index,
        name,
        concurrently: false,
        ..
    } = &step.operation.action
    else {
        return None;
    };
    let table = cx.scene.forth.iter().find_map(|op| match &op.action {
        Action::CreateIndex(create) if create.concurrently => {
            let own = create.name.as_ref()?;
            // The index stands in the schema of its table.
            let home = cx.schema.resolve(&create.table).schema;
            let is_reached = cx.schema.resolve(name).schema == home;
            (own.name == name.name && is_reached).then_some(&create.table)
        }
        _ => None,
    })?;
    stays(cx, table).then(|| Blocked {
        at,
        weight: Weight::Lock,
        table: cx.schema.resolve(table),
        before: "locks ".into(),
        after: format!(
            " against reads and writes to drop `{name}`, which the up created CONCURRENTLY"
        ),
        help: format!(
            "Run `DROP INDEX CONCURRENTLY {};` outside a transaction, as the up does",
            sql_object(name)
        ),
    })
}

fn locks_table(cx: &MigrationContext<'_>, at: usize, step: &Step<'_>) -> Option<Blocked> {
    if !matches!(step.operation.action, Action::LockTable { .. }) {
        return None;
    }
    let (key, mode) = cx.strongest_visible_lock(step)?;
    mode.blocks_writes().then(|| Blocked {
        at,
        weight: Weight::Lock,
        table: *key,
        before: format!("keeps {} of ", who_waits(mode)),
        after: " waiting until its transaction ends".into(),
        help: "Leave LOCK TABLE out: each statement takes the lock that it needs".into(),
    })
}

/// The history never made the table, nor does the up name it: the down may mean
/// another.
fn is_of_nobody(cx: &MigrationContext<'_>, table: &Key) -> bool {
    let known = cx.schema.table_by_key(table);
    let named = |op: &&Operation| {
        let object = op.action.subject().object;
        object.is_some_and(|name| name.rsplit('.').next() == Some(table.name.as_str()))
    };
    known.is_some_and(|t| t.origin == Origin::Assumed) && !cx.scene.forth.iter().any(named)
}

/// The down does not drop it afterwards.
fn stays(cx: &MigrationContext<'_>, table: &ObjectName) -> bool {
    let key = cx.schema.resolve(table);
    cx.schema.was_dropped(&key).is_none() || cx.schema.renamed_to(&key).is_some()
}
