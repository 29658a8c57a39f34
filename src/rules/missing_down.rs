//! A migration has no way back where its tool has one.

use crate::project::{Down, Layout};
use crate::report::Direction;
use crate::rule::{Check, Findings, MigrationContext, Rule};

pub const RULE: Rule = Rule {
    id: "missing-down",
    page: include_str!("../../rules/missing-down.md"),
    check: Check::Migration(check),
};

fn check(cx: &MigrationContext<'_>, findings: &mut Findings) {
    if !cx.scene.writes_downs {
        return;
    }
    let changes = cx.steps.iter().any(|step| cx.is_a_change(step));
    if cx.scene.direction != Direction::Up || *cx.down() != Down::Missing || !changes {
        return;
    }
    if cx.declares_irreversible() {
        return;
    }
    let (source, span) = cx.head();
    let id = &cx.scene.migration.id;
    findings
        .report_in(source, span, format!("migration `{id}` has no down"))
        .help(format!(
            "Write the down now, while what it must undo is at hand ({}). Where there is no way back, say so.",
            place(cx.scene.layout)
        ));
}

/// Where the tool looks for it.
fn place(layout: Layout) -> &'static str {
    match layout {
        Layout::GolangMigrate | Layout::Pop | Layout::Sqlx => {
            "in the file whose name ends in `.down.sql`"
        }
        Layout::Diesel | Layout::Hasura => "in `down.sql`",
        Layout::Goose => "behind `-- +goose Down`",
        Layout::Dbmate => "behind `-- migrate:down`",
        Layout::SqlMigrate => "behind `-- +migrate Down`",
        Layout::Tern => "behind `---- create above / drop below ----`",
        Layout::Flyway => "in an undo file, `U<version>__….sql`",
        Layout::Liquibase => "in a `--rollback` comment",
        Layout::Sqitch => "in the change's file in `revert/`",
        _ => "where the tool looks for it",
    }
}
