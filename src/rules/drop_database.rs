//! A database goes.

use crate::operation::{Action, Kind, ObjectKind};
use crate::rule::{Check, Findings, OperationContext, Rule};

pub const RULE: Rule = Rule {
    id: "drop-database",
    page: include_str!("../../rules/drop-database.md"),
    check: Check::Operation {
        on: &[Kind::Drop, Kind::ServerCommand],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let name = match &cx.operation.action {
        Action::Drop {
            kind: ObjectKind::Database,
            name,
            ..
        } => format!("`{name}`"),
        Action::ServerCommand {
            command: "DROP DATABASE",
        } => match cx.text(cx.operation.place) {
            text if text.split_whitespace().count() == 1 => format!("`{}`", text.trim_matches('"')),
            _ => String::new(),
        },
        _ => return,
    };
    findings
        .report(
            cx.operation.place,
            format!("drops database {name} with everything in it").replace("  ", " "),
        )
        .help(
            "Take it out of the migration: drop a database by hand, after a backup that was restored once to see that it can be.",
        );
}
