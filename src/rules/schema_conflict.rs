//! The migration cannot be applied to the schema that the ones before it leave
//! behind.
//!
//! What exists already, or does not, is seen while the schema is replayed;
//! what PostgreSQL refuses for other reasons is said here.

use crate::effect::{Ground, Refusal};
use crate::finding::{Confidence, Severity};
use crate::operation::{Action, Kind, ObjectName, Operation};
use crate::report::Direction;
use crate::rule::{Check, Findings, OperationContext, Rule, subject};
use crate::schema::Key;

pub const RULE: Rule = Rule {
    id: "schema-conflict",
    page: include_str!("../../rules/schema-conflict.md"),
    check: Check::Operation {
        on: &[
            Kind::CreateTable,
            Kind::AddColumn,
            Kind::DropColumn,
            Kind::AlterColumnType,
            Kind::SetNotNull,
            Kind::DropNotNull,
            Kind::AddIdentity,
            Kind::SetExpression,
            Kind::DropExpression,
            Kind::AddConstraint,
            Kind::ValidateConstraint,
            Kind::AlterConstraint,
            Kind::DropConstraint,
            Kind::AttachPartition,
            Kind::DetachPartition,
            Kind::SetAccessMethod,
            Kind::ReplicaIdentity,
            Kind::Drop,
            Kind::CreateIndex,
            Kind::Reindex,
            Kind::CreateView,
            Kind::RefreshView,
            Kind::AddEnumValue,
            Kind::AlterComposite,
            Kind::AlterDomain,
            Kind::CreateTrigger,
            Kind::CreateRoutine,
            Kind::Insert,
            Kind::Select,
            Kind::Update,
            Kind::Cluster,
            Kind::Truncate,
            Kind::Merge,
            Kind::SetDefault,
            Kind::DropIdentity,
            Kind::SetPersistence,
            Kind::SetColumnOption,
            Kind::SetParameters,
            Kind::Inherit,
            Kind::RenameEnumValue,
            Kind::CreateSequence,
            Kind::AlterSequence,
            Kind::CreateExtension,
            Kind::CreatePolicy,
            Kind::AlterPolicy,
            Kind::CreateOther,
            Kind::Delete,
            Kind::Copy,
            Kind::LockTable,
            Kind::DropDefault,
            Kind::SetIdentity,
            Kind::RenameColumn,
            Kind::RenameConstraint,
            Kind::ToggleTrigger,
            Kind::NoInherit,
            Kind::ClusterOn,
            Kind::RowSecurity,
            Kind::SetSchema,
            Kind::SetOwner,
            Kind::Rename,
            Kind::Comment,
            Kind::Grant,
            Kind::CreateRule,
            Kind::CreateStatistics,
            Kind::CreateSchema,
            Kind::CreateType,
            Kind::CreateDomain,
            Kind::AlterPublication,
            Kind::AttachIndexPartition,
            Kind::OtherIndexChange,
            Kind::OtherViewChange,
            Kind::OtherTableChange,
            Kind::Vacuum,
            Kind::Set,
            Kind::SetConstraints,
        ],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(refusal) = &cx.effect.refusal else {
        return passed_over(cx, findings);
    };
    // A table that the history never made is `unknown-object`'s.
    if refusal.ground == Ground::Elsewhere {
        return;
    }
    if has_a_rule_of_its_own(cx)
        || is_half_read(cx)
        || cx.operation.within.conditional
        || cx.schema.is_unsure()
    {
        return;
    }
    if refusal.on_rows && subject(&cx.operation.action).is_some_and(|t| cx.is_emptied(t)) {
        return;
    }
    // The server stops at the first column that old rows cannot fill.
    if refusal.on_rows && !cx.operation.within.block && findings.has_said(cx) {
        return;
    }
    if refusal.ground == Ground::Unmade && fails_earlier(cx) {
        return;
    }
    let some_rows = refusal.on_rows && is_about_some_rows(&cx.operation.action);
    let when = match (refusal.on_rows, some_rows) {
        (false, _) => "",
        (true, false) => " as soon as the table has rows",
        (true, true) => " once a row meets the condition",
    };
    let finding = findings
        .report(
            cx.operation.place,
            format!("PostgreSQL refuses this{when}: {}", refusal.why),
        )
        .help("make the migration fit the schema that the ones before it leave behind");
    if refusal.ground == Ground::Unmade || some_rows {
        finding
            .severity(Severity::Warning)
            .confidence(Confidence::Medium);
    }
}

/// Has the script named a table that is not there before? It failed there.
fn fails_earlier(cx: &OperationContext<'_>) -> bool {
    let Some(table) = cx.operation.action.target() else {
        return false;
    };
    let is_made = cx.schema.table(&table.name).is_some_and(|t| t.is_known());
    let named = |op: &Operation| {
        let earlier = op.action.target();
        !op.within.conditional
            && op.clause != cx.operation.clause
            && earlier.is_some_and(|t| !t.if_exists && cx.is_same(&t.name, &table.name))
    };
    !is_made && cx.earlier().any(named)
}

fn has_a_rule_of_its_own(cx: &OperationContext<'_>) -> bool {
    let refusal = cx.effect.refusal.as_ref();
    let on_rows = refusal.is_some_and(|r| r.on_rows);
    let is_seen = refusal.is_some_and(|r| r.ground == Ground::Seen);
    match &cx.operation.action {
        // It asks first, in its own way.
        _ if may_not_run(cx) => true,
        // `nontransactional-in-transaction`
        _ if cx.operation.within.block && cx.effect.forbidden_in_transaction.is_some() => true,
        // `down-wrong-order`; the rules below look at ups alone.
        _ if cx.scene.direction == Direction::Down => {
            let said = |r: &Refusal| r.certain && !on_rows && r.ground == Ground::Seen;
            cx.effect.refusal.as_ref().is_some_and(said)
        }
        // What it names may be a variable.
        Action::Select {
            unwanted: false, ..
        } => cx.operation.within.block,
        // `add-column-not-null`
        Action::AddColumn { column, .. } => on_rows && column.not_null && is_seen,
        // `dependent-object-breaks`
        Action::Drop { kind, name, .. } => kind.is_relation() && depends(cx) && !cx.is_new(name),
        Action::DropColumn { .. } | Action::AlterColumnType { .. } => {
            depends(cx) && !subject(&cx.operation.action).is_some_and(|t: &ObjectName| cx.is_new(t))
        }
        _ => false,
    }
}

fn is_about_some_rows(action: &Action) -> bool {
    matches!(action, Action::Update(update) if update.filter.is_some())
}

/// `unparsed-statement` says it: what was read of it may mean something else.
fn is_half_read(cx: &OperationContext<'_>) -> bool {
    let unread = |op: &Operation| matches!(op.action, Action::Unparsed { .. });
    !cx.operation.within.block && cx.siblings.iter().any(unread)
}

/// In a block that decides what it runs.
fn may_not_run(cx: &OperationContext<'_>) -> bool {
    cx.operation.within.block && cx.siblings.iter().any(|o| o.within.conditional)
}

fn depends(cx: &OperationContext<'_>) -> bool {
    cx.effect.refusal.as_ref().is_some_and(|refusal| {
        refusal.why.contains("view `") || refusal.why.contains("foreign key of")
    })
}

/// By IF NOT EXISTS the server takes an index of another table for the one that is
/// asked for, and makes none (create_index_if_not_exists_of_other).
fn passed_over(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::CreateIndex(index) = &cx.operation.action else {
        return;
    };
    let Some(name) = index.name.as_ref().filter(|_| index.if_not_exists) else {
        return;
    };
    let table = cx.schema.resolve(&index.table);
    let there = cx.schema.index_by_key(&Key::new(table.schema, name.name));
    let Some(other) = there
        .map(|there| there.table)
        .filter(|other| *other != table)
    else {
        return;
    };
    if cx.operation.within.conditional || cx.schema.is_unsure() {
        return;
    }
    findings
        .report(
            name.span,
            format!(
                "`{}` is an index of `{other}`: IF NOT EXISTS passes over this one, and `{}` gets none",
                name.name, index.table
            ),
        )
        .severity(Severity::Warning)
        .help("Give the index a name of its own");
}
