//! The script controls a transaction that is not its own.

use crate::operation::{Action, Kind, Operation, TransactionControl};
use crate::project::Transaction;
use crate::rule::{Check, Facet, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "transaction-control",
    page: include_str!("../../rules/transaction-control.md"),
    check: Check::Operation {
        on: &[Kind::Transaction],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(control) = control(cx.operation) else {
        return;
    };
    if cx.operation.within.block {
        return in_a_block(cx, findings);
    }
    match cx.run.runner {
        Transaction::File | Transaction::AllPending => in_the_tools_own(cx, control, findings),
        Transaction::Implicit | Transaction::None => in_the_scripts_own(cx, control, findings),
        Transaction::Statement => {}
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
        _ => format!("this ends the transaction that {tool} opened: what follows runs without one"),
    };
    findings.report(cx.operation.place, message).help(format!(
        "leave BEGIN and COMMIT to {tool}; or, if the script must control its transactions, run it {}",
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
