//! The files say that there is no way back, and nobody answers for it.

use crate::project::{Down, Layout, Part};
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule, mentions};

pub const RULE: Rule = Rule {
    id: "irreversible-unapproved",
    page: include_str!("../../rules/irreversible-unapproved.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let changes = cx.steps.iter().any(|step| cx.is_a_change(step));
    if cx.scene.direction != Direction::Up || cx.scene.approved || !changes {
        return;
    }
    let declared = match cx.down() {
        // tern's own template has the line deleted where there is no down.
        Down::DeclaredIrreversible => cx.scene.layout != Layout::Tern,
        Down::Parts(parts) => refuses(cx, parts),
        _ => false,
    };
    if !declared {
        return;
    }
    let (source, span) = cx.head();
    let id = &cx.scene.migration.id;
    findings
        .report_in(
            source,
            span,
            format!("migration `{id}` is declared irreversible without an approval"),
        )
        .help(
            "Let the one who answers for it say so in the file:\n\
             -- bowline: approve irreversible reason=\"…\" by=\"…\"",
        );
}

/// All that the down does is to fail.
fn refuses(cx: &MigrationContext<'_>, parts: &[Part]) -> bool {
    let text = |part: &Part| cx.scene.sources[part.source].slice(part.span);
    let raises = |part: &Part| {
        let text = text(part).to_ascii_lowercase();
        mentions(&text, "raise") && mentions(&text, "exception")
    };
    cx.scene
        .way_back
        .iter()
        .all(|op| op.within.block || does_nothing(op))
        && parts.iter().any(raises)
}

fn does_nothing(op: &crate::operation::Operation) -> bool {
    use crate::operation::Action;
    matches!(
        op.action,
        Action::Nothing | Action::Set(_) | Action::Transaction(_)
    )
}
