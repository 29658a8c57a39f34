//! The script controls a transaction that is not its own.

use crate::name::Name;
use crate::operation::{Action, Kind, Operation, TransactionControl};
use crate::project::{Layout, Transaction};
use crate::rule::{Check, Facet, Findings, OpenedBy, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "transaction-control",
    page: include_str!("../../rules/transaction-control.md"),
    check: Check::Operation {
        on: &[Kind::Transaction, Kind::LockTable],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    wants_a_transaction(cx, findings);
    wants_a_savepoint(cx, findings);
    let Some(control) = control(cx.operation) else {
        return;
    };
    if cx.operation.within.block {
        return in_a_block(cx, findings);
    }
    match cx.run.runner {
        Transaction::File | Transaction::AllPending => in_the_tools_own(cx, control, findings),
        Transaction::Implicit | Transaction::None | Transaction::Statement => {
            in_the_scripts_own(cx, control, findings);
        }
    }
}

/// BEGIN, COMMIT and ROLLBACK; not savepoints.
fn control(operation: &Operation) -> Option<&TransactionControl> {
    match &operation.action {
        Action::Transaction(
            control @ (TransactionControl::Begin
            | TransactionControl::Commit
            | TransactionControl::Rollback
            | TransactionControl::Prepare),
        ) => Some(control),
        _ => None,
    }
}

/// What the server refuses where nobody opened a transaction; the statements of
/// one string share one, which is enough for a lock and not for a savepoint.
fn wants_a_transaction(cx: &OperationContext<'_>, findings: &mut Findings) {
    let nobody = match &cx.operation.action {
        Action::LockTable { .. } => !cx.in_transaction(),
        Action::Transaction(
            TransactionControl::Savepoint(_)
            | TransactionControl::RollbackTo(_)
            | TransactionControl::Release(_),
        ) => matches!(
            cx.run.opened_by,
            OpenedBy::Nobody | OpenedBy::ImplicitString
        ),
        _ => false,
    };
    // Who runs files of no known tool may open one.
    if nobody && !cx.operation.within.block && cx.scene.layout != Layout::Plain {
        findings
            .report(
                cx.operation.place,
                "outside a transaction the server refuses this, and nothing here opens one",
            )
            .help("put BEGIN in front of it and COMMIT behind what belongs to it");
    }
}

/// A savepoint that is released, rolled back or was never there.
fn wants_a_savepoint(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Transaction(
        TransactionControl::RollbackTo(name) | TransactionControl::Release(name),
    ) = &cx.operation.action
    else {
        return;
    };
    let mut open: Vec<&Name> = Vec::new();
    for earlier in cx.earlier_on(Facet::Control, "") {
        match &earlier.action {
            Action::Transaction(TransactionControl::Savepoint(name)) => open.push(name),
            Action::Transaction(TransactionControl::Release(name)) => {
                let at = open.iter().rposition(|n| *n == name);
                open.truncate(at.unwrap_or(open.len()));
            }
            Action::Transaction(TransactionControl::RollbackTo(name)) => {
                let at = open.iter().rposition(|n| *n == name);
                open.truncate(at.map_or(open.len(), |at| at + 1));
            }
            _ => open.clear(),
        }
    }
    let is_first = cx.scene.frames.len() == 1 && !cx.operation.within.block;
    if is_first && cx.in_transaction() && !open.contains(&name) {
        findings
            .report(
                cx.operation.place,
                format!("there is no savepoint `{name}` here: the server refuses this"),
            )
            .help("name a savepoint of this transaction that was not released or rolled back");
    }
}

fn in_a_block(cx: &OperationContext<'_>, findings: &mut Findings) {
    if cx.in_transaction() {
        findings
            .report(
                cx.operation.place,
                "a block cannot end the transaction that it runs in: the server answers \"invalid transaction termination\"",
            )
            .help(format!("run the block {}", cx.scene.without_transaction()));
    }
}

fn in_the_tools_own(
    cx: &OperationContext<'_>,
    control: &TransactionControl,
    findings: &mut Findings,
) {
    if cx
        .earlier_on(Facet::Control, "")
        .any(|o| self::control(o).is_some())
    {
        return;
    }
    let tool = cx.scene.layout.name();
    let message = match control {
        TransactionControl::Begin => {
            format!(
                "`BEGIN` stands inside the transaction that {tool} opens, which the script's own end closes too early"
            )
        }
        _ => {
            let mut behind = cx.later_on(Facet::Control, "").filter_map(self::control);
            let then = match behind.next() {
                Some(TransactionControl::Begin) => {
                    "what comes before it stays, even if what follows fails"
                }
                _ => "what follows runs without one",
            };
            format!("this ends the transaction that {tool} opened: {then}")
        }
    };
    findings.report(cx.operation.place, message).help(format!(
        "leave BEGIN and COMMIT to {tool}; a script that must run outside of a transaction, or in several, goes {}, and closes each that it opens",
        cx.scene.without_transaction()
    ));
}

fn in_the_scripts_own(
    cx: &OperationContext<'_>,
    control: &TransactionControl,
    findings: &mut Findings,
) {
    let mut before = cx.earlier_on(Facet::Control, "").rev();
    let before = before.find_map(self::control);
    let is_open = matches!(before, Some(TransactionControl::Begin));
    let is_begin = matches!(control, TransactionControl::Begin);
    if is_begin && is_open {
        findings
            .report(
                cx.operation.place,
                "a transaction is open already: this `BEGIN` does nothing, and the next `COMMIT` ends both",
            )
            .help("leave it out, or commit the one before it first");
    } else if is_begin
        && !cx.scene.goes_on
        && !cx
            .later_on(Facet::Control, "")
            .any(|o| self::control(o).is_some())
    {
        findings
            .report(
                cx.operation.place,
                "the transaction is never committed: all of it is rolled back when the session ends",
            )
            .help("put `COMMIT;` at the end");
    }
}
