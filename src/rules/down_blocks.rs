//! A down stops writes while it works.

use crate::effect::ScanKind;
use crate::operation::{Action, ObjectKind, ObjectName};
use crate::rule::{
    Check, Findings, MigrationContext, Rule, Step, sql_object, takes_every_row, who_waits,
};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "down-blocks",
    page: include_str!("../../rules/down-blocks.md"),
    check: Check::Down(check),
};

/// What a step keeps others from, as a sentence, and what to do instead.
struct Blocked {
    table: Key,
    fact: String,
    help: String,
}

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let held = cx.locks_held();
    let mut told: Vec<Key> = Vec::new();
    // Once is enough for a table: what blocks it longest.
    let mut tell = |blocked: &dyn Fn(usize, &Step<'_>) -> Option<Blocked>| {
        for (at, step) in cx.steps.iter().enumerate() {
            let Some(blocked) = blocked(at, step).filter(|b| !told.contains(&b.table)) else {
                continue;
            };
            let fact = format!("the down {}", blocked.fact);
            findings
                .report_in(step.source, step.operation.place, fact)
                .help(blocked.help);
            told.push(blocked.table);
        }
    };
    tell(&|_, step| works_under_lock(cx, step));
    tell(&|at, _| works_behind_lock(cx, at, held[at]));
    tell(&|_, step| changes_all_rows(cx, step));
    tell(&|_, step| drops_index(cx, step));
    tell(&|_, step| locks_table(cx, step));
}

/// Reads or rewrites a table under a lock of its own.
fn works_under_lock(cx: &MigrationContext<'_>, step: &Step<'_>) -> Option<Blocked> {
    let mut worked = step.effect.worked_under_lock().filter(|_| step.visible);
    let (key, mode) = worked.find(|(key, _)| !cx.schema.is_created_now(key))?;
    let work = match step.effect.rewrites.contains(key) {
        true => format!("writes `{key}` anew"),
        false => format!("reads all of `{key}`"),
    };
    Some(Blocked {
        table: key.clone(),
        fact: format!("{work} while {} wait for it", who_waits(mode)),
        help: "Go back as carefully as you came: indexes CONCURRENTLY, constraints NOT VALID first and validated afterwards, outside of the transaction that the other steps run in".into(),
    })
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
            return Some(format!("changes the rows of `{table}`"));
        }
        if cx.blocked(step).is_some() {
            return None;
        }
        let mut scans = step.effect.scans.iter();
        let scan = scans.find(|s| s.kind > ScanKind::Blocks && !cx.is_new_key(&s.relation))?;
        Some(format!("reads all of `{}`", scan.relation))
    };
    let (lock, wait) = match held {
        Some(lock) => (&cx.steps[lock], "reads and writes"),
        None => (cx.added_before_validation(at)?, "writes"),
    };
    let (key, _) = cx.strongest_visible_lock(lock)?;
    Some(Blocked {
        table: key.clone(),
        fact: format!(
            "{} while its transaction keeps {wait} of `{key}` waiting",
            work()?
        ),
        help: "Do what takes time in a transaction of its own, or in front of the statement that takes the lock".into(),
    })
}

fn changes_all_rows(cx: &MigrationContext<'_>, step: &Step<'_>) -> Option<Blocked> {
    match &step.operation.action {
        Action::Update(_) => {}
        // All rows are lost, which has a rule of its own.
        Action::Delete(delete) if !takes_every_row(delete.filter.as_ref().map(|f| &*f.text)) => {}
        _ => return None,
    }
    let table = cx.mass_change(step).filter(|table| stays(cx, table))?;
    Some(Blocked {
        table: cx.schema.resolve(table),
        fact: format!(
            "may change every row of `{table}` in one statement, all locked until it ends"
        ),
        help: "Change a few thousand rows at a time, each batch in its own transaction".into(),
    })
}

/// Drops with a strong lock what the up took care to create with a weak one.
fn drops_index(cx: &MigrationContext<'_>, step: &Step<'_>) -> Option<Blocked> {
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
            (own.name == name.name).then_some(&create.table)
        }
        _ => None,
    })?;
    stays(cx, table).then(|| Blocked {
        table: cx.schema.resolve(table),
        fact: format!(
            "locks `{table}` against reads and writes to drop `{name}`, which the up created CONCURRENTLY"
        ),
        help: format!(
            "Run `DROP INDEX CONCURRENTLY {};` outside a transaction, as the up does",
            sql_object(name)
        ),
    })
}

fn locks_table(cx: &MigrationContext<'_>, step: &Step<'_>) -> Option<Blocked> {
    if !matches!(step.operation.action, Action::LockTable { .. }) {
        return None;
    }
    let (key, mode) = cx.strongest_visible_lock(step)?;
    mode.blocks_writes().then(|| Blocked {
        table: key.clone(),
        fact: format!(
            "keeps {} of `{key}` waiting until its transaction ends",
            who_waits(mode)
        ),
        help: "Leave LOCK TABLE out: each statement takes the lock that it needs".into(),
    })
}

/// The down does not drop it afterwards.
fn stays(cx: &MigrationContext<'_>, table: &ObjectName) -> bool {
    let key = cx.schema.resolve(table);
    cx.schema.was_dropped(&key).is_none() || cx.schema.renamed_to(&key).is_some()
}
