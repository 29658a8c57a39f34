//! A down takes back an up that is not there.

use crate::project::Layout;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "undo-without-up",
    page: include_str!("../../rules/undo-without-up.md"),
    check: Check::Down(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    let migration = cx.scene.migration;
    let pairs = matches!(
        cx.scene.layout,
        Layout::GolangMigrate | Layout::Pop | Layout::Sqlx | Layout::Diesel | Layout::Hasura
    );
    if !pairs || !migration.up.is_empty() || migration.up_elsewhere {
        return;
    }
    let (source, span) = cx.head();
    let id = &migration.id;
    findings
        .report_in(
            source,
            span,
            format!("this down has no up: no other file is of version `{id}`"),
        )
        .help("Give it the version of the up that it takes back, or remove it: the tool pairs files by their version");
}
