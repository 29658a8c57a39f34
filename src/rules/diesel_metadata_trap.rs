//! A `metadata.toml` without `run_in_transaction` turns Diesel's transaction
//! off.

use crate::project::Layout;
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "diesel-metadata-trap",
    page: include_str!("../../rules/diesel-metadata-trap.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if cx.scene.direction == Direction::Down || cx.scene.layout != Layout::Diesel {
        return;
    }
    for found in &cx.scene.migration.suspicious {
        findings
            .report_in(found.source, found.span, found.message.clone())
            .help("write `run_in_transaction = true` into `metadata.toml`, or delete the file");
    }
}
