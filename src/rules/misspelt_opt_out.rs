//! A comment is nearly a directive of the migration tool, and is not one.

use crate::project::{Layout, Meant};
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "misspelt-opt-out",
    page: include_str!("../../rules/misspelt-opt-out.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    // Diesel's setting stands in a file of its own: `diesel-metadata-trap`.
    if cx.scene.direction == Direction::Down || cx.scene.layout == Layout::Diesel {
        return;
    }
    let fails = cx.fails_in_transaction();
    for found in &cx.scene.migration.suspicious {
        findings
            .report_in(found.source, found.span, found.message.clone())
            .help(match found.meant {
                Some(Meant::NotRun) => "have the tool list it, or delete the file",
                _ => "spell it exactly as the tool does, or delete it if it is meant as prose",
            })
            .fix(cx.as_meant(found, fails));
    }
}
