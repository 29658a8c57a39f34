//! A statement that takes time runs while its transaction holds
//! `ACCESS EXCLUSIVE`.

use rustc_hash::FxHashSet;

use crate::effect::ScanKind;
use crate::finding::Severity;
use crate::name::Name;
use crate::operation::{Action, ObjectKind, ObjectName};
use crate::rule::{
    Check, Facet, Findings, MigrationContext, Rule, Step, is_catalog, mentions, object_name,
    sql_name, sql_object,
};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "work-under-exclusive-lock",
    page: include_str!("../../rules/work-under-exclusive-lock.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let closed = cx.locks_held();
    let from_writers = cx.write_locks_held();
    let work: Vec<(usize, String)> = (0..cx.steps.len())
        .filter_map(|at| Some((at, work(cx, at, &cx.steps[at])?)))
        .collect();
    let mut reported = FxHashSet::default();
    // What keeps readers out as well is said first, and once.
    for (at, work) in &work {
        if let Some(lock) = closed[*at].or_else(|| cx.lock_of_statement(*at))
            && let Some(key) = cx.locked_table(&cx.steps[lock])
            && reported.insert(cx.unit(&cx.steps[*at]))
        {
            // Which rows it changes, their values say: it may be done soon.
            let severity = match &cx.steps[*at].operation.action {
                Action::Update(_) | Action::Delete(_) => Severity::Warning,
                _ => Severity::Error,
            };
            report(
                cx,
                findings,
                *at,
                work,
                (lock, key),
                "reads and writes",
                severity,
            );
        }
    }
    for (at, work) in &work {
        if let Some(lock) = from_writers[*at]
            && let Some(key) = cx.locked_against_writers(&cx.steps[lock])
            && reported.insert(cx.unit(&cx.steps[*at]))
        {
            report(
                cx,
                findings,
                *at,
                work,
                (lock, key),
                "writes",
                Severity::Warning,
            );
        }
    }
}

fn report(
    cx: &MigrationContext<'_>,
    findings: &mut Findings,
    at: usize,
    work: &str,
    (lock, key): (usize, &Key),
    to: &str,
    severity: Severity,
) {
    let (step, earlier) = (&cx.steps[at], &cx.steps[lock]);
    let place = earlier.place();
    // In front of the lock, it would miss what is written until then.
    let help = match cx.copies_to_replace(step, key) {
        _ if let Some(help) = whole_view(cx, at) => help,
        true => format!(
            "The lock keeps the copy whole, so leave it in front. {}",
            cx.scene.copy_in_step()
        ),
        false => {
            let along = cx.taken_along([at]).map_or_else(String::new, |taken| {
                format!(", together with what this one does to {taken} afterwards")
            });
            match rests_on(cx, lock, at) {
                true => format!("move it into a migration of its own, behind this one{along}"),
                false => format!(
                    "move it in front of the statement that takes the lock, or into a migration of its own{along}"
                ),
            }
        }
    };
    let key = cx.called_in_the_end(earlier, key);
    findings
        .report_in(
            step.source,
            step.operation.place,
            format!("{work} while the transaction keeps `{key}` closed to {to}"),
        )
        .severity(severity)
        .help(help)
        .related(
            place,
            format!("`{key}` is locked here, until the transaction ends"),
        );
}

/// What to do with a materialized view that the script makes anew and fills: by itself
/// its REFRESH would come too late.
fn whole_view(cx: &MigrationContext<'_>, at: usize) -> Option<String> {
    let name = match &cx.steps[at].operation.action {
        Action::RefreshView { name, .. } => name,
        Action::CreateView(create) if create.materialized => &create.name,
        _ => return None,
    };
    let key = cx.schema.resolve(name);
    let is_it = |own: &ObjectName| cx.schema.resolve(own) == key;
    let named: Vec<&Step<'_>> = cx.earlier_on(at + 1, Facet::Object, &name.name).collect();
    let made = named
        .iter()
        .rev()
        .find(|step| match &step.operation.action {
            Action::CreateView(create) => create.materialized && is_it(&create.name),
            _ => false,
        })?;
    let dropped = named.iter().find(|step| match &step.operation.action {
        Action::Drop { kind, name, .. } => *kind == ObjectKind::MaterializedView && is_it(name),
        _ => false,
    });
    // What the old one read may change only once it is gone.
    let makes_way = |step: &Step<'_>| {
        matches!(
            step.operation.action,
            Action::AlterColumnType { .. } | Action::DropColumn { .. } | Action::Drop { .. }
        )
    };
    Some(match dropped {
        Some(dropped) if { cx.steps[dropped.index + 1..made.index].iter() }.any(makes_way) => {
            "leave it here, since until it is filled every read of it fails, and deploy this while few read and write".to_owned()
        }
        Some(_) => format!(
            "build and fill it, and its indexes, under another name, in a migration of its own behind this one, and let it take the place only then; by itself what fills it cannot come later, since until then every read of `{name}` fails:\n  \
             DROP MATERIALIZED VIEW {};\n  \
             ALTER MATERIALIZED VIEW {} RENAME TO {};",
            sql_object(name),
            sql_object(&ObjectName {
                name: Name::new(object_name(&name.name, "", "new")),
                ..name.clone()
            }),
            sql_name(&name.name),
        ),
        None => format!(
            "create `{name}` in a migration of its own, behind this one, and WITH DATA: until it is filled every read of it fails"
        ),
    })
}

/// Does the work name what the script has made since the lock?
fn rests_on(cx: &MigrationContext<'_>, lock: usize, at: usize) -> bool {
    let step = &cx.steps[at];
    let text = cx.scene.sources[step.source].slice(step.statement_span);
    let mut since = cx.steps.get(lock..at).unwrap_or_default().iter();
    since.any(|earlier| {
        let made = match &earlier.operation.action {
            Action::CreateTable(create) => create.name.name,
            Action::AddColumn { column, .. } => column.name,
            Action::Rename { to, .. } | Action::RenameColumn { to, .. } => to.name,
            Action::CreateRoutine(create) => create.name.name,
            Action::CreateView(create) => create.name.name,
            _ => return false,
        };
        mentions(text, &made)
    })
}

/// What takes time and is not reported by a rule of its own.
fn work(cx: &MigrationContext<'_>, at: usize, step: &Step) -> Option<String> {
    // What cannot run in a transaction fails at once.
    if step.effect.forbidden_in_transaction.is_some() {
        return None;
    }
    match &step.operation.action {
        Action::RefreshView {
            name,
            concurrently: true,
            ..
        } => return Some(format!("`{name}` is refreshed")),
        Action::CreateTable(create) => {
            let source = create.source.as_ref()?;
            return cx
                .copies_a_table(&source.text)
                .then(|| format!("`{}` is filled", create.name));
        }
        Action::CreateView(view) if view.materialized && view.with_data => {
            return cx
                .reads_visible(&view.query.text)
                .then(|| format!("`{}` is computed", view.name));
        }
        Action::CreateIndex(index) if cx.is_new_key(&cx.schema.resolve(&index.table)) => {
            let filled = !index.only && cx.is_filled_before(at, &index.table);
            return filled.then(|| format!("an index on `{}` is built", index.table));
        }
        Action::Insert(insert) if cx.is_new_key(&cx.schema.resolve(&insert.table)) => {
            let query = insert.query.as_ref()?;
            return cx
                .copies_a_table(&query.text)
                .then(|| format!("`{}` is filled", insert.table));
        }
        Action::Insert(_) => return None,
        // The change of many rows has a rule of its own.
        Action::Update(_) | Action::Delete(_) if cx.mass_change(step).is_some() => return None,
        _ => {}
    }
    if cx.blocked(step).is_some() || cx.added_before_validation(at).is_some() {
        return None;
    }
    let mut scans = step.effect.scans.iter();
    let scan = scans.find(|scan| {
        scan.kind > ScanKind::Blocks
            && !is_catalog(&scan.relation)
            && !cx.is_new_key(&scan.relation)
    })?;
    Some(format!("all rows of `{}` are read", scan.relation))
}
