//! A `U` file is no undo to refinery.

use crate::operation::Action;
use crate::project::Layout;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "refinery-u-prefix",
    page: include_str!("../../rules/refinery-u-prefix.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let source = &cx.scene.sources[cx.scene.migration.source];
    let name = source.path().rsplit('/').next().unwrap_or("");
    if cx.scene.layout != Layout::Refinery || !name.starts_with('U') {
        return;
    }
    let takes_away = |action: &Action| {
        matches!(
            action,
            Action::Drop { .. } | Action::DropColumn { .. } | Action::DropConstraint { .. }
        )
    };
    let mut steps = cx
        .steps
        .iter()
        .filter(|step| cx.is_a_change(step))
        .peekable();
    if steps.peek().is_none() || !steps.all(|step| takes_away(&step.operation.action)) {
        return;
    }
    let (at, span) = cx.head();
    findings
        .report_in(
            at,
            span,
            format!("`{name}` looks like an undo, and refinery runs it as a migration"),
        )
        .help("refinery has no undo: keep what takes a migration back outside of its folder, or undo with a new `V` file");
}
