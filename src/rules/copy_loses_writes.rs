//! A copy takes the place of a table that others write to meanwhile.

use crate::operation::{Action, Kind};
use crate::rule::{Check, Findings, OperationContext, Rule, sql_object};

pub const RULE: Rule = Rule {
    id: "copy-loses-writes",
    page: include_str!("../../rules/copy-loses-writes.md"),
    check: Check::Operation {
        on: &[Kind::Drop, Kind::Rename, Kind::SetSchema],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Some(outdated) = cx.outdated_copy() else {
        return;
    };
    let (name, copy) = (outdated.name, outdated.copy);
    let becomes = match &cx.operation.action {
        Action::Drop { .. } => "is gone with it",
        _ => "is missing there",
    };
    let sql = sql_object(name);
    let lock = format!("LOCK TABLE {sql} IN SHARE ROW EXCLUSIVE MODE;");
    let (within, lock) = match cx.in_transaction() {
        true => ("in the same transaction", lock),
        false => (
            "in one transaction with all that follows (here each statement commits by itself)",
            format!("BEGIN;\n  {lock}\n  -- the copy, and what follows\n  COMMIT;"),
        ),
    };
    let report = findings
        .report(
            cx.operation.place,
            format!(
                "`{copy}` takes the place of `{name}`: what others write to `{name}` between the copy and here {becomes}, without an error"
            ),
        )
        .confidence(cx.confidence(name))
        .help(format!(
            "close `{name}` to writes before the copy, {within}:\n  \
             {lock}\n\
             writes then wait as long as the copy takes. {}",
            cx.scene.copy_in_step()
        ));
    if cx.is_one_file() {
        report.related(cx.place(outdated.made.place), "the rows are copied here");
    }
}
